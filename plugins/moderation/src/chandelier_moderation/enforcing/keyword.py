"""`/keyword`: the quick way to a rule about words; what it makes is a rule like any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import attrs
import hikari
import lightbulb

import chandelier
from chandelier_moderation.automod.actions import Alert, Delete
from chandelier_moderation.automod.rules import SEVERITIES, Ids, Rule, Scope
from chandelier_moderation.automod.triggers import Words
from chandelier_moderation.enforcing import cards, typed
from chandelier_moderation.enforcing.commands import STAFF
from chandelier_moderation.enforcing.naming import resolve_channels, suggest_rules
from chandelier_moderation.enforcing.permitted import check_rules
from chandelier_moderation.enforcing.spoken import SILENT
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

_ = chandelier.Messages("chandelier_moderation")

loader = chandelier.Loader()


@loader.command
class Keyword(
    lightbulb.SlashCommand,
    name="keyword",
    description="Watch for words: make, change, show or delete a keyword rule",
    contexts=[hikari.ApplicationContextType.GUILD],
    default_member_permissions=STAFF,
):
    """``/keyword``."""

    capability = "automod"
    examples = (
        "/keyword name:scam words:free nitro, steam gift alerts:#mods delete:True severity:high",
        "/keyword name:scam rule_delete:True",
    )
    name = lightbulb.string("name", "The rule's name", max_length=60, autocomplete=cast("Any", suggest_rules))
    words = lightbulb.string("words", "Words and phrases, with commas", default=None, max_length=4_000)
    delete = lightbulb.boolean("delete", "Whether the message is deleted", default=None)
    alerts = lightbulb.channel(
        "alerts",
        "Where staff is told",
        default=None,
        channel_types=[hikari.ChannelType.GUILD_TEXT, hikari.ChannelType.GUILD_NEWS],
    )
    categories = lightbulb.string("categories", "Only in these; “none” for all", default=None)
    channels = lightbulb.string("channels", "Only in these; “none” for all", default=None)
    severity = lightbulb.string(
        "severity", "How bad it is", default=None, choices=[lightbulb.Choice(one, one) for one in SEVERITIES]
    )
    rule_delete = lightbulb.boolean("rule_delete", "Delete this rule", default=False)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Delete, show, change or make the rule."""
        guild_id, store = ctx.guild_id or 0, plugin.automod.guilds.store
        given = (self.words, self.delete, self.alerts, self.categories, self.channels, self.severity)
        if self.rule_delete:
            if any(value is not None for value in given):
                raise chandelier.InvalidRequest(_("To delete a rule, give its name and `rule_delete` alone."))
            gone = await store.delete(guild_id, self.name)
            await ctx.respond(embed=cards.rule_card(gone, _("Rule deleted")), ephemeral=True, **SILENT)
            return
        known = await store.find(guild_id, self.name)
        if all(value is None for value in given):
            rule = known or await store.get(guild_id, self.name)
            await ctx.respond(embed=cards.rule_card(rule, _("Rule")), ephemeral=True, **SILENT)
            return
        if known is not None and not isinstance(known.trigger, Words):
            raise chandelier.InvalidRequest(
                _("“{name}” is no keyword rule; `/automod rule edit` changes it.", name=known.name)
            )
        places = {
            "categories": await self._places(plugin, guild_id, self.categories),
            "channels": await self._places(plugin, guild_id, self.channels),
        }
        if known is None:
            if not self.words:
                raise chandelier.InvalidRequest(_("A new rule needs `words`."))
            actions = (Delete(),) if self.delete is not False else (Alert(),)
            rule = self._with(Rule(name=self.name, trigger=Words(words=()), actions=actions), places)
            await store.add(guild_id, rule, ctx.user.id)
            title = _("Rule added")
        else:
            wanted = self._with(known, places)
            await check_rules(ctx, plugin, [wanted])
            _before, rule = await store.change(guild_id, self.name, lambda _rule: wanted, ctx.user.id)
            title = _("Rule changed")
        await ctx.respond(embed=cards.rule_card(rule, title), ephemeral=True, **SILENT)

    async def _places(
        self, plugin: ModerationPlugin, guild_id: int, text: str | None
    ) -> tuple[int, ...] | None:
        if text is None:
            return None
        if text.strip().casefold() in {"none", "all", "-"}:
            return ()
        return tuple(int(id_) for id_ in await resolve_channels(plugin.ctx, guild_id, text))

    def _with(self, rule: Rule, places: dict[str, tuple[int, ...] | None]) -> Rule:
        scope: Scope = rule.scope
        for name, only in places.items():
            if only is not None:
                part: Ids = attrs.evolve(getattr(scope, name), only=only)
                scope = attrs.evolve(scope, **{name: part})
        changes: dict[str, Any] = {"scope": scope, "actions": tuple(self._actions(rule.actions))}
        if self.words is not None:
            changes["trigger"] = attrs.evolve(rule.trigger, words=tuple(typed.items_of(self.words)))
        if self.severity is not None:
            changes["severity"] = self.severity
        return attrs.evolve(rule, **changes)

    def _actions(self, before: Sequence[Any]) -> list[Any]:
        actions = list(before)
        if self.delete is not None:
            actions = [action for action in actions if not isinstance(action, Delete)]
            actions = [Delete(), *actions] if self.delete else actions
        if self.alerts is not None:
            actions = [action for action in actions if not isinstance(action, Alert)]
            actions.append(Alert(channel=int(self.alerts.id)))
        return actions
