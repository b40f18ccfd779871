"""`/automod rule …`: rules made, changed, looked at and tried out by those who manage a server."""

from __future__ import annotations

from typing import Any, Final, cast

import hikari
import lightbulb

import chandelier
from chandelier_moderation.automod.content import Content, Text
from chandelier_moderation.automod.engine import Engine
from chandelier_moderation.automod.rules import PARTS, SEVERITIES
from chandelier_moderation.enforcing import cards, typed
from chandelier_moderation.enforcing.backtest import Backtest, report_file
from chandelier_moderation.enforcing.naming import resolve_channels, suggest_rules
from chandelier_moderation.enforcing.options import rule_of
from chandelier_moderation.enforcing.permitted import check_rules
from chandelier_moderation.enforcing.spoken import SILENT
from chandelier_moderation.enforcing.store import key_of
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["automod", "loader"]

_ = chandelier.Messages("chandelier_moderation")

STAFF: Final = hikari.Permissions.MANAGE_GUILD
LONGEST: Final = 4_000
"""Characters of one option; more comes by import. Discord allows 6,000."""

loader = chandelier.Loader()
automod = lightbulb.Group(
    "automod",
    "Rules for what is written in this server",
    contexts=[hikari.ApplicationContextType.GUILD],
    default_member_permissions=STAFF,
)
loader.command(automod)
_rule = automod.subgroup("rule", "Make, change and try rules")

_KINDS = [lightbulb.Choice(kind.replace("_", " "), kind) for kind in typed.KINDS]
_SEVERITIES = [lightbulb.Choice(severity, severity) for severity in SEVERITIES]
_MATCHES = [lightbulb.Choice(how, how) for how in ("word", "prefix", "anywhere")]
_TREATED = [lightbulb.Choice(how, how) for how in ("exempt", "include", "only")]

_NAME = "The rule's name"
_WHAT = "Words, domains …, with commas; a number; “6 in 5s” for rates; “70% of 15” for capitals"
_ACTIONS = "delete, warn, timeout 10m, kick, ban 7d delete 1d, alert #mods, reply “text” 20s, points 2 …"
_CONDITIONS = "account < 7d, joined < 1d, no roles, edits only, no edits; “none” for none"
_PARTS = "What is looked at: content, embed, forward, attachment, poll, nickname, thread; “all”"
_AT_LEAST = "How many different finds one message must have"


def _existing() -> Any:
    return lightbulb.string("name", _NAME, max_length=60, autocomplete=cast("Any", suggest_rules))


@_rule.register
class RuleAdd(lightbulb.SlashCommand, name="add", description="Make a rule"):
    """``/automod rule add``."""

    capability = "automod"
    examples = ("/automod rule add name:scam trigger:words what:free nitro, steam gift actions:delete, warn",)
    name = lightbulb.string("name", _NAME, max_length=60)
    trigger = lightbulb.string("trigger", "What makes it hit", choices=_KINDS)
    what = lightbulb.string("what", _WHAT, default=None, max_length=LONGEST)
    actions = lightbulb.string("actions", _ACTIONS, default="delete", max_length=1_000)
    match = lightbulb.string("match", "Words: how they are found", default=None, choices=_MATCHES)
    allow = lightbulb.string("allow", "What does not count", default=None, max_length=LONGEST)
    severity = lightbulb.string("severity", "How bad it is", default=None, choices=_SEVERITIES)
    channels = lightbulb.string("channels", "Only in these", default=None)
    exempt_channels = lightbulb.string("exempt_channels", "Not in these", default=None)
    categories = lightbulb.string("categories", "Only in these", default=None)
    exempt_categories = lightbulb.string("exempt_categories", "Not in these", default=None)
    roles = lightbulb.string("roles", "Only for these", default=None)
    exempt_roles = lightbulb.string("exempt_roles", "Not for these", default=None)
    bots = lightbulb.string("bots", "Whether bots count (not by default)", default=None, choices=_TREATED)
    webhooks = lightbulb.string("webhooks", "Whether webhooks count", default=None, choices=_TREATED)
    staff = lightbulb.boolean("staff", "Whether it is for staff too", default=None)
    conditions = lightbulb.string("conditions", _CONDITIONS, default=None, max_length=200)
    parts = lightbulb.string("parts", _PARTS, default=None, max_length=200)
    at_least = lightbulb.integer("at_least", _AT_LEAST, default=None, min_value=1, max_value=1_000)
    dry_run = lightbulb.boolean("dry_run", "Only say in the log what it would do", default=None)
    enabled = lightbulb.boolean("enabled", "Whether it is in force at once", default=None)
    description = lightbulb.string("description", "What it is for", default=None, max_length=500)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Read, check, store."""
        guild_id = ctx.guild_id or 0
        rule = await rule_of(plugin.ctx, guild_id, {"name": self.name}, self)
        await check_rules(ctx, plugin, [rule])
        await plugin.automod.guilds.store.add(guild_id, rule, ctx.user.id)
        await ctx.respond(embed=cards.rule_card(rule, _("Rule added")), ephemeral=True, **SILENT)


@_rule.register
class RuleEdit(lightbulb.SlashCommand, name="edit", description="Change a rule; what is left out stays"):
    """``/automod rule edit``."""

    capability = "automod"
    examples = ("/automod rule edit name:scam actions:delete, timeout 1h",)
    name = _existing()
    rename = lightbulb.string("rename", "Another name", default=None, max_length=60)
    trigger = lightbulb.string("trigger", "What makes it hit", default=None, choices=_KINDS)
    what = lightbulb.string("what", _WHAT, default=None, max_length=LONGEST)
    actions = lightbulb.string("actions", _ACTIONS, default=None, max_length=1_000)
    match = lightbulb.string("match", "Words: how they are found", default=None, choices=_MATCHES)
    allow = lightbulb.string("allow", "What does not count", default=None, max_length=LONGEST)
    severity = lightbulb.string("severity", "How bad it is", default=None, choices=_SEVERITIES)
    channels = lightbulb.string("channels", "Only in these; “none” for all", default=None)
    exempt_channels = lightbulb.string("exempt_channels", "Not in these; “none” for none", default=None)
    categories = lightbulb.string("categories", "Only in these; “none” for all", default=None)
    exempt_categories = lightbulb.string("exempt_categories", "Not in these; “none” for none", default=None)
    roles = lightbulb.string("roles", "Only for these; “none” for all", default=None)
    exempt_roles = lightbulb.string("exempt_roles", "Not for these; “none” for none", default=None)
    bots = lightbulb.string("bots", "Whether bots count", default=None, choices=_TREATED)
    webhooks = lightbulb.string("webhooks", "Whether webhooks count", default=None, choices=_TREATED)
    staff = lightbulb.boolean("staff", "Whether it is for staff too", default=None)
    conditions = lightbulb.string("conditions", _CONDITIONS, default=None, max_length=200)
    parts = lightbulb.string("parts", _PARTS, default=None, max_length=200)
    at_least = lightbulb.integer("at_least", _AT_LEAST, default=None, min_value=1, max_value=1_000)
    dry_run = lightbulb.boolean("dry_run", "Only say in the log what it would do", default=None)
    description = lightbulb.string("description", "What it is for", default=None, max_length=500)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Change what was given."""
        guild_id, store = ctx.guild_id or 0, plugin.automod.guilds.store
        known = await store.get(guild_id, self.name)
        wanted = await rule_of(plugin.ctx, guild_id, known, self)
        await check_rules(ctx, plugin, [wanted])
        _before, after = await store.change(guild_id, self.name, lambda _rule: wanted, ctx.user.id)
        await ctx.respond(embed=cards.rule_card(after, _("Rule changed")), ephemeral=True, **SILENT)


@_rule.register
class RuleList(lightbulb.SlashCommand, name="list", description="All rules of this server"):
    """``/automod rule list``."""

    capability = "automod"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show them with how often they hit lately."""
        await ctx.respond(**await cards.rule_list(plugin, ctx.guild_id or 0, 0), ephemeral=True, **SILENT)


@loader.component("automod_rules", capability="automod")
async def turn_page(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Another page of the list."""
    shown = await cards.rule_list(plugin, press.guild_id or 0, int(press.payload))
    await press.respond(**shown, edit=True, **SILENT)


@_rule.register
class RuleShow(lightbulb.SlashCommand, name="show", description="All about a rule"):
    """``/automod rule show``."""

    capability = "automod"
    examples = ("/automod rule show name:scam",)
    name = _existing()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show it, and how often it hit lately."""
        guild_id = ctx.guild_id or 0
        rule = await plugin.automod.guilds.store.get(guild_id, self.name)
        counts = await plugin.automod.hits.counts(guild_id)
        card = cards.rule_card(rule, _("Rule"), hits=counts.get(key_of(rule.name), 0))
        await ctx.respond(embed=card, ephemeral=True, **SILENT)


async def _switch(
    ctx: lightbulb.Context, plugin: ModerationPlugin, name: str, change: Any, title: str
) -> None:
    _before, after = await plugin.automod.guilds.store.change(ctx.guild_id or 0, name, change, ctx.user.id)
    await ctx.respond(embed=cards.rule_card(after, title), ephemeral=True, **SILENT)


@_rule.register
class RuleEnable(lightbulb.SlashCommand, name="enable", description="Put a rule in force"):
    """``/automod rule enable``."""

    capability = "automod"
    examples = ("/automod rule enable name:scam",)
    name = _existing()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Switch it on, and a dry run off."""
        await check_rules(ctx, plugin, [await plugin.automod.guilds.store.get(ctx.guild_id or 0, self.name)])
        change = cards.switched(enabled=True, dry_run=False)
        await _switch(ctx, plugin, self.name, change, _("Rule in force"))


@_rule.register
class RuleDisable(lightbulb.SlashCommand, name="disable", description="Let a rule rest"):
    """``/automod rule disable``."""

    capability = "automod"
    examples = ("/automod rule disable name:scam",)
    name = _existing()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Switch it off; it stays as it is."""
        await _switch(ctx, plugin, self.name, cards.switched(enabled=False), _("Rule at rest"))


@_rule.register
class RuleDelete(lightbulb.SlashCommand, name="delete", description="Take a rule away"):
    """``/automod rule delete``."""

    capability = "automod"
    examples = ("/automod rule delete name:scam",)
    name = _existing()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Take it away and show what it was."""
        rule = await plugin.automod.guilds.store.delete(ctx.guild_id or 0, self.name)
        await ctx.respond(embed=cards.rule_card(rule, _("Rule deleted")), ephemeral=True, **SILENT)


@_rule.register
class RuleTest(lightbulb.SlashCommand, name="test", description="Which rules a text hits; nothing happens"):
    """``/automod rule test``."""

    capability = "automod"
    examples = ("/automod rule test text:fr€e n1tro",)
    text = lightbulb.string("text", "What somebody could write", max_length=LONGEST)
    name = lightbulb.string(
        "name", "Only this rule", default=None, max_length=60, autocomplete=cast("Any", suggest_rules)
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Match the text against all rules, also those at rest."""
        guild_id, room = ctx.guild_id or 0, plugin.automod
        if self.name is not None:
            rules = [await room.guilds.store.get(guild_id, self.name)]
        else:
            rules = list((await room.guilds.store.rules(guild_id)).rules)
        awake = [cards.switched(enabled=True)(rule) for rule in rules]
        engine = await Engine.build(awake, await room.lists.of(awake))
        # One rule is asked about what it looks at, which may be names alone.
        parts = rules[0].parts if self.name is not None else PARTS
        part = "content" if "content" in parts else parts[0]
        hits = engine.match(Content(texts=(Text(part, self.text),)))
        await ctx.respond(embed=cards.test_card(self.text, hits, rules), ephemeral=True, **SILENT)


@_rule.register
class RuleBacktest(
    lightbulb.SlashCommand, name="backtest", description="What a rule would have hit lately; nothing happens"
):
    """``/automod rule backtest``."""

    capability = "automod"
    examples = (
        "/automod rule backtest name:scam channels:#general last:500",
        "/automod rule backtest trigger:words what:free nitro",
    )
    name = lightbulb.string(
        "name", "A rule that there is", default=None, max_length=60, autocomplete=cast("Any", suggest_rules)
    )
    trigger = lightbulb.string("trigger", "Or a draft: what makes it hit", default=None, choices=_KINDS)
    what = lightbulb.string("what", _WHAT, default=None, max_length=LONGEST)
    match = lightbulb.string("match", "Words: how they are found", default=None, choices=_MATCHES)
    allow = lightbulb.string("allow", "What does not count", default=None, max_length=LONGEST)
    channels = lightbulb.string("channels", "Where to look (else here)", default=None)
    last = lightbulb.integer(
        "last", "How many messages of each channel (200)", default=200, min_value=1, max_value=1_000
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Read the channels and say what the rule would have done."""
        guild_id, room = ctx.guild_id or 0, plugin.automod
        if ctx.member is None or (self.name is None) == (self.trigger is None):
            raise chandelier.InvalidRequest(_("Give either the name of a rule, or a trigger for a draft."))
        if self.name is not None:
            rule = await room.guilds.store.get(guild_id, self.name)
        else:
            rule = await rule_of(plugin.ctx, guild_id, {"name": "draft", "actions": []}, self, draft=True)
        ids = [int(id_) for id_ in await resolve_channels(plugin.ctx, guild_id, self.channels or "")]
        await ctx.defer(ephemeral=True)
        backtest = Backtest(plugin.ctx, room.judge, room.lists)
        report = await backtest.run(guild_id, rule, ids or [int(ctx.channel_id)], self.last, ctx.member)
        file = report_file(report, guild_id)
        await ctx.respond(
            embed=cards.backtest_card(report, guild_id),
            attachment=hikari.UNDEFINED if file is None else file,
            ephemeral=True,
            **SILENT,
        )
