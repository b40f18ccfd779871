"""From a reaction to actions: who offers one, does it count, and carrying it out when the outbox says so."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator

import hikari

import chandelier
from chandelier_reactions.actions import Action, Reaction, Run
from chandelier_reactions.config import ReactionsConfig
from chandelier_reactions.emoji import emoji_key
from chandelier_reactions.entries import Entries
from chandelier_reactions.tables import Entry

__all__ = ["Engine"]

_ = chandelier.Messages(__package__)

_FINAL = (
    chandelier.InvalidRequest,
    chandelier.NotAllowed,
    hikari.BadRequestError,
    hikari.ForbiddenError,
    hikari.NotFoundError,
)
"""Errors that would come again: no use trying later."""


class Engine:
    """Asks every plugin's actions about reactions, and carries out those that count."""

    def __init__(self, ctx: chandelier.PluginContext[ReactionsConfig], entries: Entries) -> None:
        self._ctx = ctx
        self._entries = entries

    async def reacted(self, event: hikari.GuildReactionAddEvent) -> None:
        """Claim every action that a reaction asks for and may ask for."""
        reaction = Reaction(
            guild_id=event.guild_id,
            channel_id=event.channel_id,
            message_id=event.message_id,
            user_id=event.user_id,
            role_ids=frozenset(map(int, event.member.role_ids)),
            emoji=emoji_key(str(event.emoji_name or ""), event.emoji_id),
            is_bot=event.member.is_bot,
            is_self=event.user_id == self._ctx.bot_id,
        )
        async for plugin, action in self._offered(reaction.guild_id):
            if await self._counts(plugin, action, reaction):
                claimed = await self._entries.claim(plugin, action, reaction)
                if not claimed:
                    await self._entries.give_up(plugin, action.name, reaction.message_id)

    async def carry_out(self, effect: chandelier.Effect) -> None:
        """Carry out the action of an entry."""
        payload = effect.payload
        entry = await self._entries.get(payload["entry"])
        if entry is None or entry.state != "waiting":
            return
        action = await self._find(entry)
        reaction = Reaction(
            guild_id=entry.guild_id,
            channel_id=entry.channel_id,
            message_id=entry.message_id,
            user_id=entry.user_id,
            role_ids=frozenset(map(int, payload["roles"])),
            emoji=payload["emoji"],
            is_bot=payload["bot"],
            is_self=payload["self"],
        )
        try:
            result = await action.run(
                Run(reaction=reaction, data=payload["data"], uncertain=effect.uncertain)
            )
        except _FINAL as error:
            await self._entries.failed(entry, _words(error))
            raise  # the outbox keeps it as failed, too, and logs it
        await self._entries.done(entry, result)

    async def _offered(self, guild_id: int) -> AsyncIterator[tuple[str, Action]]:
        for plugin, actions in await self._ctx.hooks.call("reactions_actions", guild_id=guild_id):
            for action in actions:
                yield plugin, action

    async def _counts(self, plugin: str, action: Action, reaction: Reaction) -> bool:
        if emoji_key(action.emoji) != reaction.emoji or (reaction.is_bot and not action.bots):
            return False
        try:
            answer = action.allows(reaction)
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as error:  # noqa: BLE001 - one plugin's action must not cost the others'
            self._ctx.log.opt(exception=error).error(
                "action {} of plugin {} cannot judge a reaction; it does not count", action.name, plugin
            )
            return False

    async def _find(self, entry: Entry) -> Action:
        async for plugin, action in self._offered(entry.guild_id):
            if plugin == entry.plugin and action.name == entry.action:
                return action
        raise chandelier.ServiceUnavailable(
            _(
                "plugin {plugin} does not offer the action {action!r} at the moment",
                plugin=entry.plugin,
                action=entry.action,
            )
        )


def _words(error: Exception) -> str:
    if isinstance(error, hikari.HTTPResponseError):
        return _("Discord refused: {why}", why=error.message or str(int(error.status)))
    return chandelier.message_of(error)
