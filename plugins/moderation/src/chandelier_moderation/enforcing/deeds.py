"""What a rule says is done about a hit besides its cases: the ladder's steps, and all that is said.

Everything here may be carried out again after a crash: each case and each effect has a source of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import hikari

import chandelier
from chandelier_moderation.automod.actions import Action, Alert, Delete, Reply
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.cases import Book
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.guilds import Guilds
from chandelier_moderation.enforcing.hits import Hits
from chandelier_moderation.enforcing.ladder import Climber
from chandelier_moderation.enforcing.tables import StoredHit

__all__ = ["ALERT", "DRY", "NAME", "REPLY", "SWEEP", "Deeds"]

ALERT, REPLY, DRY = "automod_alert", "automod_reply", "automod_dry"
SWEEP, NAME = "automod_sweep", "automod_name"
"""Kinds of the effects that are not cases; the key is the hit's id."""

RENAMED = "renamed by a moderator"
"""What a thread is called whose name was taken back."""


class Deeds:
    """Turns a hit into effects."""

    def __init__(
        self, ctx: chandelier.PluginContext[ModerationConfig], book: Book, guilds: Guilds, hits: Hits
    ) -> None:
        self._ctx = ctx
        self._guilds = guilds
        self._hits = hits
        self._climber = Climber(ctx, book, guilds)

    async def carry_out(self, effect: chandelier.Effect) -> None:
        """Do what the rule says besides cases; what was done before a crash is not done again."""
        hit = await self._hits.find(int(effect.payload["hit"]))
        if hit is None:
            return
        rule = await self._guilds.rule(hit.guild_id, hit.rule)
        if rule is None:
            self._ctx.log.info("rule {!r} of guild {} is gone: nothing more is done", hit.rule, hit.guild_id)
            return
        if hit.dry:
            await self._say(DRY, hit, rule, rule.actions)
            return
        config = await self._ctx.config_for(hit.guild_id)
        told = config.tell_member == "always" and hit.author == "member"
        for case in await self._hits.scoring(hit):
            await self._climber.climb(case, tell=told)
        saying = [action for action in rule.actions if isinstance(action, Alert | Reply)]
        for number, action in enumerate(saying):
            if isinstance(action, Alert):
                await self._say(ALERT, hit, rule, (action,), number)
            elif hit.channel_id is not None:
                await self._say(REPLY, hit, rule, (action,), number)
        if any(isinstance(action, Delete) for action in rule.actions):
            if hit.more:
                await self._say(SWEEP, hit, rule, ())
            if hit.part == "thread":
                await self._say(NAME, hit, rule, ())

    async def sweep(self, effect: chandelier.Effect) -> None:
        """Delete the messages before the last straw."""
        hit = await self._hits.find(int(effect.payload["hit"]))
        if hit is None:
            return
        channels: dict[int, list[int]] = {}
        for channel, message in hit.more:
            channels.setdefault(int(channel), []).append(int(message))
        reason = f"Rule “{effect.payload['rule']}”"[:512]
        for channel, messages in channels.items():
            try:
                if len(messages) == 1:
                    await self._ctx.rest.delete_message(channel, messages[0], reason=reason)
                else:
                    await self._ctx.rest.delete_messages(channel, messages, reason=reason)
            except (hikari.NotFoundError, hikari.ForbiddenError, hikari.BulkDeleteError) as error:
                self._ctx.log.info("{} messages in {} stayed: {}", len(messages), channel, error)

    async def rename(self, effect: chandelier.Effect) -> None:
        """Take a thread's name back."""
        hit = await self._hits.find(int(effect.payload["hit"]))
        if hit is None or hit.channel_id is None:
            return
        reason = f"Rule “{effect.payload['rule']}”"[:512]
        try:
            await self._ctx.rest.edit_channel(hit.channel_id, name=RENAMED, reason=reason)
        except (hikari.NotFoundError, hikari.ForbiddenError) as error:
            self._ctx.log.info("a thread's name in guild {} stayed: {}", hit.guild_id, error)

    async def _say(
        self, kind: str, hit: StoredHit, rule: Rule, actions: Sequence[Action], number: int = 0
    ) -> None:
        """Promise an effect about a hit. What it says is in the payload: the rule may change meanwhile.

        ``number`` tells apart several of a kind, such as alerts in two channels.
        """
        payload: dict[str, object] = {"hit": hit.id, "rule": rule.name, "severity": rule.severity}
        for action in actions:
            if isinstance(action, Alert) and kind == ALERT:
                channel = None if action.channel is None else str(action.channel)
                payload |= {"channel": channel, "roles": [str(role) for role in action.roles]}
            elif isinstance(action, Reply) and kind == REPLY:
                payload |= {"text": action.text, "vanishes": action.vanishes.total_seconds()}
        if kind == DRY:
            payload["would"] = [action.do for action in actions]
        key = f"{hit.id}-{number}" if number else str(hit.id)
        await self._ctx.outbox.put(kind, key=key, payload=payload)
