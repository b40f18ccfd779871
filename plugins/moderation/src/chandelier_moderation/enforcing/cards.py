"""How rules look: one, all of them, what a test or a backtest found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import attrs
import hikari

import chandelier
from chandelier_moderation.automod.actions import Ladder
from chandelier_moderation.automod.engine import Hit
from chandelier_moderation.automod.plain import to_plain
from chandelier_moderation.automod.rules import PARTS, Conditions, Rule
from chandelier_moderation.cards import FIELD_VALUE, crop, quoted
from chandelier_moderation.enforcing.backtest import Report
from chandelier_moderation.enforcing.said import said_action, said_conditions, said_trigger
from chandelier_moderation.enforcing.store import key_of
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["backtest_card", "ladder_card", "rule_card", "rule_list", "switched", "test_card"]

_ = chandelier.Messages("chandelier_moderation")

PAGE = 10
"""Rules on one page of the list."""
SHOWN = 10
"""Hits of a backtest that the answer shows; all of them are in the file."""
_BLUE = hikari.Color(0x0091FF)


def switched(**changes: Any) -> Callable[[Rule], Rule]:
    """A change of a rule's simple fields."""
    return lambda rule: attrs.evolve(rule, **changes)


def rule_card(rule: Rule, title: str, *, hits: int | None = None) -> hikari.Embed:
    """All about a rule."""
    embed = hikari.Embed(title=title, description=f"**{_plain(rule.name)}**", colour=_BLUE)
    if rule.description:
        embed.description = f"{embed.description}\n{_plain(rule.description)}"
    embed.add_field(_("Trigger"), quoted(_written(said_trigger(rule.trigger))))
    embed.add_field(_("Actions"), quoted("\n".join(map(said_action, rule.actions))))
    embed.add_field(_("State"), _state(rule), inline=True)
    embed.add_field(_("Severity"), rule.severity, inline=True)
    if hits is not None:
        embed.add_field(_("Hits in 30 days"), str(hits), inline=True)
    scope = to_plain(rule).get("scope")
    if scope:
        embed.add_field(_("Scope"), quoted(_written(scope)))
    if rule.conditions != Conditions():
        embed.add_field(_("Conditions"), quoted(said_conditions(rule.conditions)))
    if rule.parts != PARTS:
        embed.add_field(_("Looks at"), ", ".join(rule.parts), inline=True)
    if rule.at_least != 1:
        embed.add_field(_("Finds needed"), str(rule.at_least), inline=True)
    return embed


async def rule_list(plugin: ModerationPlugin, guild_id: int, page: int) -> dict[str, Any]:
    """A page (from 0) of all rules, with the buttons to turn it."""
    room = plugin.automod
    found, counts = await room.guilds.store.rules(guild_id), await room.hits.counts(guild_id)
    rules = found.rules
    pages = max(1, -(-len(rules) // PAGE))
    page = min(max(page, 0), pages - 1)
    embed = hikari.Embed(title=_("Automod rules"), colour=_BLUE)
    if not rules:
        embed.description = _("There are none yet: `/automod rule add`, `/automod preset` or `/keyword`.")
    for rule in rules[page * PAGE : (page + 1) * PAGE]:
        number = counts.get(key_of(rule.name), 0)
        acts = ", ".join(action.do for action in rule.actions) or "-"
        lines = (
            _("{state} · {severity}", state=_state(rule), severity=rule.severity),
            f"`{rule.trigger.kind}` → {acts}",
            _.count("1 hit in 30 days", "{n} hits in 30 days", number),
        )
        embed.add_field(_plain(crop(rule.name, 100)), _.join("\n", lines))
    row = hikari.impl.MessageActionRowBuilder()
    for label, to in ((_("Back"), page - 1), (_("More"), page + 1)):
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            plugin.ctx.component_id("automod_rules", f"{max(to, 0)}"),
            label=label,
            is_disabled=not 0 <= to < pages,
        )
    return {"embed": embed, "components": [row] if pages > 1 else []}


def test_card(text: str, hits: Sequence[Hit], rules: Sequence[Rule]) -> hikari.Embed:
    """Which rules a text hits."""
    resting = {rule.name for rule in rules if not rule.enabled}
    embed = hikari.Embed(title=_("Test"), description=quoted(text, 2_000), colour=_BLUE)
    for hit in hits[:20]:
        name = hit.rule.name
        title = _("{rule} (at rest)", rule=_plain(name)) if name in resting else _plain(name)
        found = crop(", ".join(f"`{_code(find)}`" for find in hit.found), FIELD_VALUE)
        embed.add_field(title, found or "-")
    if not hits:
        embed.add_field(_("No rule hits it"), _.count("1 rule was asked", "{n} rules were asked", len(rules)))
    return embed


def backtest_card(report: Report, guild_id: int) -> hikari.Embed:
    """What a rule would have hit."""
    looked_at = sum(report.looked_at.values())
    numbers = {"hits": len(report.hits), "messages": looked_at, "channels": len(report.looked_at)}
    embed = hikari.Embed(
        title=_("Backtest of {rule}", rule=report.rule.name),
        description=_("{hits} of {messages} messages in {channels} channels would have been hit.", **numbers),
        colour=_BLUE,
    )
    if report.spared:
        spared = _("{n} more match, but are exempt or out of its scope.", n=report.spared)
        embed.description = _.join("\n", (embed.description or "", spared))
    top = report.members.most_common(5)
    if top:
        embed.add_field(_("Members"), "\n".join(f"<@{user}>: {number}" for user, number in top))
    lines: list[str] = []
    for hit in report.hits[:SHOWN]:
        link = f"https://discord.com/channels/{guild_id}/{hit.channel_id}/{hit.message_id}"
        lines.append(f"{link} `{_code(crop(' '.join(hit.excerpt.split()), 40))}`")
    shown = ""
    for line in lines:
        if len(shown) + len(line) + 1 > FIELD_VALUE:
            break
        shown += line + "\n"
    if shown:
        embed.add_field(_("Newest"), shown)
    return embed


def ladder_card(ladder: Ladder) -> hikari.Embed:
    """The ladder of a server."""
    embed = hikari.Embed(title=_("Ladder"), colour=_BLUE)
    embed.description = _("Points count for {days} days.", days=f"{ladder.decay / timedelta(days=1):.4g}")
    for step in ladder.steps:
        acts = "\n".join(map(said_action, step.actions))
        embed.add_field(_("From {points} points", points=step.points), quoted(acts))
    if not ladder.steps:
        embed.add_field(_("No steps"), _("Points have no consequences: `/automod ladder set`."))
    return embed


def _state(rule: Rule) -> str:
    if not rule.enabled:
        return _("at rest")
    return _("dry run") if rule.dry_run else _("in force")


def _written(data: dict[str, Any]) -> str:
    lines = [f"{name}: {_value(value)}" for name, value in data.items()]
    return crop("\n".join(lines), 900) or "-"


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name} {_value(inner)}" for name, inner in value.items())
    return str(value)


def _plain(text: str) -> str:
    """Somebody's words without Markdown."""
    return "".join(f"\\{letter}" if letter in "\\`*_~|[]()<>#@-" else letter for letter in text)


def _code(text: str) -> str:
    return text.replace("`", "ˋ")
