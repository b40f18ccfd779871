"""`/automod import | export | preset` and `/automod ladder …`: many rules at once, and the use of points."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import attrs
import hikari
import lightbulb

import chandelier
from chandelier_moderation.automod.actions import Ladder, Step
from chandelier_moderation.automod.plain import from_plain, write_toml
from chandelier_moderation.automod.presets import PRESETS, preset
from chandelier_moderation.automod.problems import BadRules
from chandelier_moderation.automod.rules import RuleSet
from chandelier_moderation.enforcing import cards, typed
from chandelier_moderation.enforcing.commands import automod
from chandelier_moderation.enforcing.ladder import points_of
from chandelier_moderation.enforcing.permitted import check_rules
from chandelier_moderation.enforcing.spoken import SILENT
from chandelier_moderation.enforcing.store import read_file, refusal
from chandelier_moderation.plugin import ModerationPlugin

__all__: list[str] = []

_ = chandelier.Messages("chandelier_moderation")

MOST_BYTES: Final = 1024 * 1024
"""Of a file to import."""
_PRESETS = [lightbulb.Choice(name, name) for name in PRESETS]


@automod.register
class Import(lightbulb.SlashCommand, name="import", description="Take over the rules of a file (TOML)"):
    """``/automod import``."""

    capability = "automod"
    file = lightbulb.attachment("file", "As `/automod export` gives it")
    replace = lightbulb.boolean("replace", "Whether all other rules go (not by default)", default=False)
    dry_run = lightbulb.boolean("dry_run", "Whether they only say what they would do", default=False)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """All of the file or nothing: every error is told at once."""
        if self.file.size > MOST_BYTES:
            raise chandelier.InvalidRequest(_("The file is too large: at most 1 MiB."))
        await ctx.defer(ephemeral=True)
        try:
            text = (await self.file.read()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise chandelier.InvalidRequest(_("The file is not UTF-8 text.")) from None
        await _take_over(ctx, plugin, await read_file(text), replace=self.replace, dry_run=self.dry_run)


@automod.register
class Export(lightbulb.SlashCommand, name="export", description="All rules of this server as a file (TOML)"):
    """``/automod export``."""

    capability = "automod"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Answer with the file."""
        rules = await plugin.automod.guilds.store.rules(ctx.guild_id or 0)
        file = hikari.Bytes(await asyncio.to_thread(write_toml, rules), "automod.toml")
        text = _.count("1 rule", "{n} rules", len(rules.rules))
        await ctx.respond(text, attachment=file, ephemeral=True, **SILENT)


@automod.register
class Preset(lightbulb.SlashCommand, name="preset", description="Take over rules that are ready-made"):
    """``/automod preset``."""

    capability = "automod"
    examples = ("/automod preset name:scam-links dry_run:True",)
    name = lightbulb.string("name", "Which", choices=_PRESETS)
    dry_run = lightbulb.boolean("dry_run", "Whether they only say what they would do", default=False)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Store its rules; those of the same name are replaced."""
        await _take_over(
            ctx, plugin, await asyncio.to_thread(preset, self.name), replace=False, dry_run=self.dry_run
        )


async def _take_over(
    ctx: lightbulb.Context, plugin: ModerationPlugin, rules: RuleSet, *, replace: bool, dry_run: bool
) -> None:
    comes = rules.ladder if replace or rules.ladder.steps else None
    await check_rules(ctx, plugin, rules.rules, ladder=comes)
    if dry_run:
        trial = tuple(attrs.evolve(rule, dry_run=True) for rule in rules.rules)
        rules = attrs.evolve(rules, rules=trial)
    store = plugin.automod.guilds.store
    before = await store.take_over(ctx.guild_id or 0, rules, ctx.user.id, replace=replace)
    known = {rule.name.casefold() for rule in before.rules}
    new = [rule for rule in rules.rules if rule.name.casefold() not in known]
    lines = [
        _.count("1 rule added", "{n} rules added", len(new)),
        _.count("1 rule replaced", "{n} rules replaced", len(rules.rules) - len(new)),
    ]
    if replace:
        coming = {rule.name.casefold() for rule in rules.rules}
        lines.append(_.count("1 rule deleted", "{n} rules deleted", len(known - coming)))
    await ctx.respond(_.join("\n", lines), ephemeral=True, **SILENT)


_ladder = automod.subgroup("ladder", "What points lead to")


@_ladder.register
class LadderShow(lightbulb.SlashCommand, name="show", description="What points lead to"):
    """``/automod ladder show``."""

    capability = "automod"
    member = lightbulb.user("member", "Whose points", default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show the ladder, and a member's points."""
        guild_id = ctx.guild_id or 0
        ladder = (await plugin.automod.guilds.store.rules(guild_id)).ladder
        card = cards.ladder_card(ladder)
        if self.member is not None:
            points = await points_of(plugin.ctx.storage, guild_id, self.member.id, ladder, plugin.ctx.now())
            card.add_field(_("Points now"), f"<@{self.member.id}>: {points}")
        await ctx.respond(embed=card, ephemeral=True, **SILENT)


@_ladder.register
class LadderSet(lightbulb.SlashCommand, name="set", description="Say what so many points lead to"):
    """``/automod ladder set``."""

    capability = "automod"
    examples = ("/automod ladder set points:5 actions:timeout 1h",)
    points = lightbulb.integer("points", "From how many points", min_value=1, max_value=10_000)
    actions = lightbulb.string("actions", "warn, timeout 1h, kick, ban 7d, alert …; “none” takes it away")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Store the step."""
        step = None
        if self.actions.strip().casefold() != "none":
            data = {
                "name": "ladder",
                "trigger": {"kind": "mentions"},
                "actions": typed.actions_of(self.actions),
            }
            try:
                step = Step(points=self.points, actions=from_plain(data).actions)
            except BadRules as error:
                raise refusal(error.problems) from None
            await check_rules(ctx, plugin, ladder=Ladder(steps=(step,)))

        def change(ladder: Ladder) -> Ladder:
            steps = [other for other in ladder.steps if other.points != self.points]
            steps += [] if step is None else [step]
            return attrs.evolve(ladder, steps=tuple(sorted(steps, key=lambda one: one.points)))

        ladder = await plugin.automod.guilds.store.set_ladder(ctx.guild_id or 0, change)
        await ctx.respond(embed=cards.ladder_card(ladder), ephemeral=True, **SILENT)


@_ladder.register
class LadderDecay(lightbulb.SlashCommand, name="decay", description="Say how long points count"):
    """``/automod ladder decay``."""

    capability = "automod"
    examples = ("/automod ladder decay days:14",)
    days = lightbulb.integer("days", "For how many days a point counts", min_value=1, max_value=3_650)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Store it; it holds for the points that there are, too."""
        store = plugin.automod.guilds.store
        await check_rules(ctx, plugin, ladder=(await store.rules(ctx.guild_id or 0)).ladder)

        def change(ladder: Ladder) -> Ladder:
            return attrs.evolve(ladder, decay=timedelta(days=self.days))

        ladder = await store.set_ladder(ctx.guild_id or 0, change)
        await ctx.respond(embed=cards.ladder_card(ladder), ephemeral=True, **SILENT)
