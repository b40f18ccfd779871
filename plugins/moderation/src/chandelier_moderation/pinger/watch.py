"""Notices pings and reports each once: a row first, then the report, several in one message under load."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import hikari

import chandelier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.pinger import pings
from chandelier_moderation.pinger.cards import Ping, link_to, ping_card

__all__ = ["TOGETHER", "Pinger"]

_ = chandelier.Messages("chandelier_moderation")

TOGETHER = 5
"""Reports of one message: a row of components has five buttons."""
REMEMBERED = 1_000
"""Messages whose words are remembered until they are reported, so that a deleted one can be."""
LOOK_BACK = 50
"""Messages that are looked through for one that an interrupted attempt may have sent."""

# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}


class Pinger:
    """Looks at every message that may ping, and reports those of people who may not."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx
        # Words are not kept in the outbox, where they would lie for a month; here they go with the process.
        self._words: OrderedDict[int, tuple[int, str]] = OrderedDict()
        self._refused: dict[int, int] = {}
        """By guild the channel in which the last report could not be posted."""

    def wants(self, message: Mapping[str, Any]) -> bool:
        """Decide on Discord's raw message: called for every new one. Edits ping nobody."""
        return pings.may_ping(message)

    async def heard(self, event: hikari.GuildMessageCreateEvent) -> None:
        """Report a ping, unless its author, its place or its role is left out."""
        config, message = await self._ctx.config_for(event.guild_id), event.message
        if config.pinger_channel is None or message.author.id == self._ctx.bot_id:
            return
        if (message.author.is_bot or message.webhook_id is not None) and not config.pinger_bots:
            return
        if event.member is not None and not set(config.pinger_allowed).isdisjoint(event.member.role_ids):
            return
        wanted = {"everyone": config.pinger_everyone, "here": config.pinger_here}
        found = pings.everybody(message.content or "", flagged=bool(message.mentions_everyone))
        kinds = tuple(kind for kind in found if wanted[kind])
        role_ids = await self._roles(event) if config.pinger_roles else ()
        role_ids = tuple(one for one in role_ids if one not in config.pinger_excluded_roles)
        if not kinds and not role_ids:
            return
        if config.pinger_excluded_channels and await self._left_out(event.channel_id, config):
            return
        self._words[int(message.id)] = (int(message.author.id), message.content or "")
        while len(self._words) > REMEMBERED:
            self._words.popitem(last=False)
        await self._ctx.outbox.put(
            "ping",
            key=str(message.id),
            payload={
                "guild": str(event.guild_id),
                "channel": str(event.channel_id),
                "kinds": list(kinds),
                "roles": [str(role_id) for role_id in role_ids],
                "silent": hikari.MessageFlag.SUPPRESS_NOTIFICATIONS in message.flags,
            },
            batch=str(event.guild_id),
        )

    async def report(self, effects: list[chandelier.Effect]) -> None:
        """Report pings of one guild in one message."""
        guild_id = int(effects[0].payload["guild"])
        channel_id = (await self._ctx.config_for(guild_id)).pinger_channel
        if channel_id is None:  # switched off meanwhile
            return
        found = [await self._ping(effect) for effect in effects]
        if any(effect.uncertain for effect in effects) and await self._reported(channel_id, found):
            return
        language = await self._ctx.language(guild_id)
        try:
            await self._ctx.rest.create_message(
                channel_id,
                embeds=[self._ctx.into(language, ping_card(ping)) for ping in found],
                component=self._jumps(found, language),
                nonce=str(effects[0].id),
                **_SILENT,
            )
        except (hikari.ForbiddenError, hikari.NotFoundError) as refused:
            self._refused[guild_id] = channel_id
            self._ctx.log.warning("pings in guild {} cannot be reported: {}", guild_id, refused)
        else:
            self._refused.pop(guild_id, None)
        for ping in found:
            self._words.pop(ping.message_id, None)

    async def troubles(self) -> Sequence[str]:
        """Of each guild whose last report could not be posted, a line."""
        return [
            _(
                "server {server}: pings are not reported; I need View Channel, Send Messages and Embed Links "
                "in {channel}",
                server=guild_id,
                channel=f"<#{channel_id}>",
            )
            for guild_id, channel_id in sorted(self._refused.items())
            if (await self._ctx.config_for(guild_id)).pinger_channel == channel_id
        ]

    async def _roles(self, event: hikari.GuildMessageCreateEvent) -> tuple[int, ...]:
        mentioned = [int(role_id) for role_id in event.message.role_mention_ids or ()]
        if not mentioned:
            return ()
        everybody = hikari.Permissions.MENTION_ROLES
        if event.member is None:  # a webhook: what it may mention, it says itself
            return tuple(dict.fromkeys(mentioned))
        person = await chandelier.person_in_channel(self._ctx, event.member, event.channel_id)
        may = hikari.Permissions.ADMINISTRATOR in person.permissions or everybody in person.permissions
        roles = self._ctx.cache.get_roles_view_for_guild(event.guild_id)
        return pings.pinged_roles(mentioned, roles, all_of_them=may)

    async def _left_out(self, channel_id: int, config: ModerationConfig) -> bool:
        """Whether the channel, the one that a thread is in, or the category of it is left out."""
        above: int | None = channel_id
        for _step in range(3):  # thread, channel, category
            if above is None:
                return False
            if above in config.pinger_excluded_channels:
                return True
            channel = self._ctx.cache.get_guild_channel(above)
            if channel is None:
                try:
                    fetched = await self._ctx.rest.fetch_channel(above)
                except (hikari.NotFoundError, hikari.ForbiddenError):
                    return False
                channel = fetched if isinstance(fetched, hikari.GuildChannel) else None
            above = None if channel is None or channel.parent_id is None else int(channel.parent_id)
        return False

    async def _ping(self, effect: chandelier.Effect) -> Ping:
        payload = effect.payload
        channel_id, message_id = int(payload["channel"]), int(effect.key)
        author_id, text = await self._read(channel_id, message_id)
        return Ping(
            guild_id=int(payload["guild"]),
            channel_id=channel_id,
            message_id=message_id,
            kinds=tuple(payload["kinds"]),
            role_ids=tuple(int(role_id) for role_id in payload["roles"]),
            silent=payload["silent"],
            author_id=author_id,
            text=text,
        )

    async def _read(self, channel_id: int, message_id: int) -> tuple[int | None, str]:
        if (known := self._words.get(message_id)) is not None:
            return known
        try:  # after a restart
            message = await self._ctx.rest.fetch_message(channel_id, message_id)
        except (hikari.NotFoundError, hikari.ForbiddenError):
            return None, ""
        return int(message.author.id), message.content or ""

    async def _reported(self, channel_id: int, found: Sequence[Ping]) -> bool:
        """Whether an attempt whose end nobody saw has posted these."""
        address = link_to(found[0])
        async for message in self._ctx.rest.fetch_messages(channel_id).limit(LOOK_BACK):
            rows: Any = message.components
            links = [getattr(part, "url", None) for row in rows for part in getattr(row, "components", ())]
            if message.author.id == self._ctx.bot_id and address in links:
                return True
        return False

    def _jumps(self, found: Sequence[Ping], language: str | None) -> hikari.api.MessageActionRowBuilder:
        row = hikari.impl.MessageActionRowBuilder()
        for number, ping in enumerate(found, start=1):
            label = _("Jump") if len(found) == 1 else _("Jump to {number}", number=number)
            row.add_link_button(link_to(ping), label=self._ctx.into(language, label))
        return row
