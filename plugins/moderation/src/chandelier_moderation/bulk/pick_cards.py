"""How picked and reported messages look to moderators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hikari

import chandelier
from chandelier_moderation.bulk.tables import Pick
from chandelier_moderation.cards import crop, quoted
from chandelier_moderation.config import ModerationConfig

__all__ = ["ACTIONS", "act_card", "act_rows", "report_card", "report_rows"]

_ = chandelier.Messages("chandelier_moderation")

ACTIONS = {
    "remove": _("Delete"),
    "warn": _("Warn"),
    "timeout": _("Time out"),
    "kick": _("Kick"),
    "ban": _("Ban"),
}
"""What can be done about a message."""
NAMED = 10
"""People that a report names, of those who reported it."""
_AMBER, _GREEN, _GREY = hikari.Color(0xF5A623), hikari.Color(0x30A46C), hikari.Color(0x8B8D98)
_COLOURS = {"reported": _AMBER, "handled": _GREEN, "dismissed": _GREY, "forgotten": _GREY}
_S = hikari.ButtonStyle


def act_card(pick: Pick, cases: int) -> hikari.Embed:
    """A message and its author, before something is done about it."""
    embed = hikari.Embed(title=_("Act on this message"), colour=_AMBER)
    _message(embed, pick)
    known = _.count("1 case", "{n} cases", cases) if cases else _("no cases")
    embed.add_field(_("History"), known, inline=True)
    return embed


def act_rows(
    ctx: chandelier.PluginContext[ModerationConfig], pick: Pick
) -> list[hikari.api.MessageActionRowBuilder]:
    """A button for each thing that can be done."""
    row = hikari.impl.MessageActionRowBuilder()
    for action, label in ACTIONS.items():
        style = _S.DANGER if action in ("kick", "ban") else _S.SECONDARY
        row.add_interactive_button(style, ctx.component_id("act", f"{action}-{pick.message_id}"), label=label)
    return [row]


def report_card(pick: Pick) -> hikari.Embed:
    """A report, for the moderators."""
    embed = hikari.Embed(
        title=_("Reported message"), colour=_COLOURS.get(pick.state, _AMBER), timestamp=pick.picked_at
    )
    _message(embed, pick)
    if pick.state == "forgotten":
        embed.add_field(_("Message"), _("No longer kept: this server keeps evidence for a time only."))
        return embed
    lines = [
        _join(f"<@{who}>", crop(why, 200)) if why else f"<@{who}>"
        for who, why in list(pick.reporters.items())[:NAMED]
    ]
    more = len(pick.reporters) - NAMED
    if more > 0:
        lines.append(_.count("and 1 more", "and {n} more", more))
    embed.add_field(_("Reported by"), crop("\n".join(lines), 1_024) if lines else _("*erased*"))
    if pick.state == "handled":
        said = _("by {who}", who=f"<@{pick.handled_by}>")
        case = "" if pick.number is None else _("Case #{number}", number=pick.number)
        embed.add_field(_("Dealt with"), _.join(" · ", [said, *([case] if case else [])]))
    if pick.state == "dismissed":
        embed.add_field(_("Dismissed"), _("by {who}", who=f"<@{pick.handled_by}>"))
    return embed


def report_rows(
    ctx: chandelier.PluginContext[ModerationConfig], pick: Pick, into: Callable[[str], str]
) -> list[hikari.api.MessageActionRowBuilder]:
    """Act, put aside, go there."""
    row = hikari.impl.MessageActionRowBuilder()
    act, aside = (ctx.component_id(name, str(pick.message_id)) for name in ("act_open", "report_dismiss"))
    forgotten = pick.state == "forgotten"
    over = forgotten or pick.state in ("handled", "dismissed")
    row.add_interactive_button(_S.PRIMARY, act, label=into(_("Act on it")), is_disabled=forgotten)
    row.add_interactive_button(_S.SECONDARY, aside, label=into(_("Dismiss")), is_disabled=over)
    row.add_link_button(_link(pick), label=into(_("Go to it")))
    return [row]


def _message(embed: hikari.Embed, pick: Pick) -> None:
    embed.add_field(_("Member"), f"<@{pick.author_id}>", inline=True)
    embed.add_field(_("Channel"), f"<#{pick.channel_id}>", inline=True)
    if pick.content:
        embed.add_field(_("Message"), quoted(pick.content))
    if pick.attachments:
        embed.add_field(_("Files"), quoted("\n".join(pick.attachments)))


def _link(pick: Pick) -> str:
    return f"https://discord.com/channels/{pick.guild_id}/{pick.channel_id}/{pick.message_id}"


def _join(who: str, why: str) -> Any:
    """Somebody's words on one line, in which nothing is markup."""
    return f"{who}: `{' '.join(why.replace('`', 'ˋ').split())}`"
