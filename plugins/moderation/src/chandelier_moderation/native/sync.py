"""Keeps Discord's own AutoMod equal to what of the rules it can hold, and hears what it has blocked.

There is no record of what is there: a rule there is the bot's when the bot made it, so nothing drifts apart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import attrs
import hikari
from hikari.impl import special_endpoints as build

import chandelier
from chandelier_moderation.automod.actions import Points
from chandelier_moderation.automod.content import Content
from chandelier_moderation.automod.engine import Hit
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.cases import Book, Draft
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.drafting import Personal
from chandelier_moderation.enforcing.judge import Found, Writing
from chandelier_moderation.enforcing.room import Enforcing
from chandelier_moderation.native.translation import (
    KEYWORD,
    MENTION_SPAM,
    MOST,
    Left,
    NativeRule,
    Translation,
    translate,
)
from chandelier_moderation.turns import Turns

__all__ = ["AGAIN", "TIMER", "Account", "NativeSync"]

_ = chandelier.Messages("chandelier_moderation")

TIMER: Final = "native_sync"
"""Kind of the timer that makes Discord's rules equal to ours; its key is the guild's id."""
AGAIN: Final = timedelta(hours=6)
"""How often it is looked whether they still are."""
BLOCKED: Final = 143
"""AUTO_MODERATION_BLOCK_MESSAGE.

https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events
"""
CUSTOM_MESSAGE: Final = 150
"""Characters. https://discord.com/developers/docs/resources/auto-moderation"""


@attrs.frozen(kw_only=True)
class Account:
    """What is in Discord's AutoMod now, and what is not."""

    rules: tuple[NativeRule, ...] = ()
    left: tuple[Left, ...] = ()
    made: int = 0
    changed: int = 0
    deleted: int = 0
    trouble: str | None = None
    """Why nothing could be done."""
    gone: bool = False
    """The bot is no longer in the server."""


class NativeSync:
    """The room: puts rules into Discord's AutoMod, and has what it blocks become cases."""

    def __init__(
        self, ctx: chandelier.PluginContext[ModerationConfig], book: Book, automod: Enforcing
    ) -> None:
        self._ctx = ctx
        self._book = book
        self._automod = automod
        self._names: dict[int, Mapping[str, str]] = {}
        """By guild, of the rules there that are ours: the name there, and the rule's."""
        self._turns = Turns[int]()
        """By guild; the command and the timer may both want to make its rules at once."""
        automod.guilds.watchers.append(self.rules_changed)

    # ---- keeping equal

    def rules_changed(self, guild_id: int | None) -> None:
        """Rules or settings of a guild changed: have Discord's follow soon."""
        if guild_id is not None:
            self._ctx.spawn(self.follow(guild_id), "sync of rules with Discord's AutoMod")

    async def follow(self, guild_id: int, *, ends: bool = False) -> None:
        """Have Discord's rules made equal to ours soon; with ``ends`` also when that is switched off."""
        if ends or (await self._ctx.config_for(guild_id)).native_sync:
            # One timer per guild: a change that comes while it runs has it run once more.
            await self._ctx.timers.schedule(
                TIMER, key=str(guild_id), due=self._ctx.now(), subject=f"guild/{guild_id}"
            )

    async def plan(self, guild_id: int) -> Account:
        """What would be in Discord's AutoMod; changes nothing."""
        try:
            existing = await self._ctx.rest.fetch_auto_mod_rules(guild_id)
            wanted = await self._wanted(guild_id, existing)
        except hikari.ForbiddenError:
            return Account(trouble=_("I need Manage Server."))
        return Account(rules=wanted.rules, left=wanted.left)

    async def apply(self, guild_id: int) -> Account:
        """Make Discord's rules equal to ours: delete, then change, then make, so that there is room."""
        async with self._turns.of(guild_id):
            return await self._apply(guild_id)

    async def _apply(self, guild_id: int) -> Account:
        config = await self._ctx.config_for(guild_id)
        try:
            existing = await self._ctx.rest.fetch_auto_mod_rules(guild_id)
            wanted = await self._wanted(guild_id, existing) if config.native_sync else Translation((), ())
        except hikari.ForbiddenError:
            return Account(trouble=_("I need Manage Server."))
        except hikari.NotFoundError:
            return Account(trouble=_("I am not in this server any more."), gone=True)
        ours = {
            (rule.name, int(rule.trigger.type)): rule
            for rule in existing
            if rule.creator_id == self._ctx.bot_id
        }
        named = {(rule.name, rule.trigger): rule for rule in wanted.rules}
        self._names[guild_id] = {rule.name: rule.rule for rule in wanted.rules}
        reason = self._ctx.into(await self._ctx.language(guild_id), _("Sync of the bot's rules"))
        counts = {"made": 0, "changed": 0, "deleted": 0}
        refused: list[Left] = []
        for rule in existing:
            key = (rule.name, int(rule.trigger.type))
            # Two of one name: another process of the bot made one at the same moment.
            stays = key in named and ours.get(key) is rule
            if rule.creator_id == self._ctx.bot_id and not stays:
                await self._ctx.rest.delete_auto_mod_rule(guild_id, rule, reason=reason)
                counts["deleted"] += 1
        for key, rule in named.items():
            known = ours.get(key)
            if known is not None and _same(known, rule):
                continue
            done = await self._attempt(rule, self._write(guild_id, rule, known, reason))
            if done is None:
                counts["made" if known is None else "changed"] += 1
            else:
                refused.append(done)
        kept = {left.rule for left in refused}
        return Account(
            rules=tuple(rule for rule in wanted.rules if rule.rule not in kept),
            left=(*wanted.left, *refused),
            made=counts["made"],
            changed=counts["changed"],
            deleted=counts["deleted"],
        )

    async def _wanted(self, guild_id: int, existing: Sequence[hikari.AutoModRule]) -> Translation:
        config = await self._ctx.config_for(guild_id)
        theirs = [int(rule.trigger.type) for rule in existing if rule.creator_id != self._ctx.bot_id]
        return translate(
            (await self._automod.guilds.store.rules(guild_id)).rules,
            exempt_roles={*config.exempt_roles, *await self._staff_roles(guild_id)},
            log_channel=config.log_channel,
            free={trigger: most - theirs.count(trigger) for trigger, most in MOST.items()},
        )

    async def _staff_roles(self, guild_id: int) -> set[int]:
        """Roles whose members may manage messages, in the server or in a channel: rules are not for them.

        Who may in one channel only is left out by Discord in all; what they write there the bot still sees.
        """
        manage = hikari.Permissions.MANAGE_MESSAGES | hikari.Permissions.ADMINISTRATOR
        guild = await self._ctx.rest.fetch_guild(guild_id)
        found = {int(role.id) for role in guild.roles.values() if role.permissions & manage}
        for channel in await self._ctx.rest.fetch_guild_channels(guild_id):
            if isinstance(channel, hikari.PermissibleGuildChannel):
                found |= {
                    int(each.id)
                    for each in channel.permission_overwrites.values()
                    if each.allow & manage and each.id in guild.roles
                }
        return found - {guild_id}

    async def _write(
        self, guild_id: int, rule: NativeRule, known: hikari.AutoModRule | None, reason: str
    ) -> None:
        said = _("The rule “{rule}” of this server blocks it.", rule=rule.rule)
        text = self._ctx.into(await self._ctx.language(guild_id), said)[:CUSTOM_MESSAGE]
        actions: list[Any] = [build.AutoModBlockMessageActionBuilder(custom_message=text)]
        if rule.alert is not None:
            alert = hikari.Snowflake(rule.alert)
            actions.append(build.AutoModSendAlertMessageActionBuilder(channel_id=alert))
        fields: dict[str, Any] = {
            "name": rule.name,
            "trigger": _trigger(rule),
            "event_type": hikari.AutoModEventType.MESSAGE_SEND,
            "actions": actions,
            "enabled": True,
            "exempt_roles": rule.exempt_roles,
            "exempt_channels": rule.exempt_channels,
            "reason": reason,
        }
        if known is None:
            await self._ctx.rest.create_auto_mod_rule(guild_id, **fields)
        else:
            await self._ctx.rest.edit_auto_mod_rule(guild_id, known, **fields)

    @staticmethod
    async def _attempt(rule: NativeRule, work: Awaitable[None]) -> Left | None:
        """What Discord refuses of one rule stops no other."""
        try:
            await work
        except hikari.BadRequestError as error:
            return Left(rule.rule, _("Discord refused it: {message}", message=error.message))
        except hikari.ForbiddenError:
            return Left(rule.rule, _("Discord did not let me: I need Manage Server and the alert's channel"))
        return None

    # ---- what Discord has blocked

    def heard(self, entry: Mapping[str, Any]) -> bool:
        """Look at an entry of Discord's audit log, as raw data; never lets it pass.

        hikari 2.6 cannot build entries of AutoMod (their options are unknown to it), nor the event of its own
        that Discord sends; so what is needed is taken here, and the rest is done in the background.
        """
        if entry.get("action_type") == BLOCKED and entry.get("user_id") and entry.get("options"):
            self._ctx.spawn(self.blocked(entry), "a message that Discord's AutoMod blocked")
        return False

    async def blocked(self, entry: Mapping[str, Any]) -> None:
        """Do what else the rule says about the author of a blocked message."""
        guild_id, options = int(entry["guild_id"]), entry["options"]
        names = await self._ours(guild_id)
        name = names.get(str(options.get("auto_moderation_rule_name")))
        rule = None if name is None else await self._automod.guilds.store.find(guild_id, name)
        if rule is None:
            return  # one that the server's admins made there
        channel = options.get("channel_id")
        writing = Writing(
            guild_id=guild_id,
            user_id=int(entry["user_id"]),
            content=Content(),
            channel_id=None if channel is None else int(channel),
        )
        if _does_more(rule):
            found = Found(Hit(rule=rule, found=(), part="content", excerpt=""))
            await self._automod.hits.record(writing, [found], event=f"blocked-{entry['id']}")
        else:
            await self._note(rule, writing, str(entry["id"]))

    async def _note(self, rule: Rule, writing: Writing, entry_id: str) -> None:
        """A case for a message that nobody saw."""
        config = await self._ctx.config_for(writing.guild_id)
        await self._book.open(
            Draft(
                guild_id=writing.guild_id,
                action="remove",
                target_id=writing.user_id,
                moderator_id=self._ctx.bot_id,
                reason=f"Rule “{rule.name}”",
                source=f"blocked-{entry_id}",
                log_channel_id=config.log_channel,
                tell_member=False,  # Discord has told them
                channel_id=writing.channel_id,
                rule=rule.name,
                details={"blocked": True},
            )
        )

    async def _ours(self, guild_id: int) -> Mapping[str, str]:
        if guild_id not in self._names:
            plan = await self.plan(guild_id)
            if plan.trouble is not None:
                return {}
            existing = await self._ctx.rest.fetch_auto_mod_rules(guild_id)
            there = {rule.name for rule in existing if rule.creator_id == self._ctx.bot_id}
            self._names[guild_id] = {rule.name: rule.rule for rule in plan.rules if rule.name in there}
        return self._names[guild_id]


def _does_more(rule: Rule) -> bool:
    return any(isinstance(action, Personal | Points) for action in rule.actions)


def _trigger(rule: NativeRule) -> Any:
    if rule.trigger == MENTION_SPAM:
        return build.AutoModMentionSpamTriggerBuilder(
            mention_total_limit=rule.mentions or 0, mention_raid_protection_enabled=False
        )
    return build.AutoModKeywordTriggerBuilder(
        keyword_filter=[*rule.keywords], regex_patterns=[*rule.patterns], allow_list=[*rule.allow]
    )


def _same(known: hikari.AutoModRule, rule: NativeRule) -> bool:
    """Whether a rule there is as it should be; hikari does not tell the message to the author."""
    alerts = [
        int(action.channel_id)
        for action in known.actions
        if isinstance(action, hikari.AutoModSendAlertMessage)
    ]
    trigger: Any = known.trigger
    if rule.trigger == KEYWORD:
        there = (tuple(trigger.keyword_filter), tuple(trigger.regex_patterns), tuple(trigger.allow_list))
        same = there == (rule.keywords, rule.patterns, rule.allow)
    else:
        same = trigger.mention_total_limit == rule.mentions
    return (
        same
        and known.is_enabled
        and sorted(map(int, known.exempt_role_ids)) == list(rule.exempt_roles)
        and sorted(map(int, known.exempt_channel_ids)) == list(rule.exempt_channels)
        and alerts == ([] if rule.alert is None else [rule.alert])
    )
