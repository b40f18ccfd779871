"""What automod says: alerts with buttons, replies that vanish, and what a dry run would have done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import hikari

import chandelier
from chandelier_moderation.cards import crop, quoted
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.fading import Fading
from chandelier_moderation.enforcing.hits import Hits
from chandelier_moderation.enforcing.tables import StoredHit

__all__ = ["CHOICES", "SILENT", "VANISH", "Spoken", "alert_card", "alert_rows", "in_guild"]

_ = chandelier.Messages("chandelier_moderation")

VANISH = "automod_vanish"
"""Kind of the timer that takes a reply away again."""

SILENT: Mapping[str, Any] = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}

CHOICES = {
    "remove": _("Delete message"),
    "warn": _("Warn"),
    "timeout": _("Time out for 1 hour"),
    "kick": _("Kick"),
    "ban": _("Ban"),
    "dismiss": _("Dismiss"),
}
"""What staff may answer to an alert."""

_LOOK_BACK = 50
_COLOURS = {"low": 0x8B8D98, "medium": 0xF5A623, "high": 0xE5484D, "critical": 0xAB1A1F}


class Spoken:
    """Posts what effects promise."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], hits: Hits, fading: Fading) -> None:
        self._ctx = ctx
        self._fading = fading
        self._hits = hits

    async def alert(self, effect: chandelier.Effect) -> None:
        """Tell staff of a hit, with buttons to act."""
        hit = await self._hits.find(int(effect.payload["hit"]))
        if hit is None:
            return
        channel = await self._alerts(hit.guild_id, effect.payload["channel"])
        if channel is None:
            return
        language = await self._ctx.language(hit.guild_id)
        card = alert_card(hit, effect.payload["rule"], effect.payload["severity"])
        rows = alert_rows(self._ctx, hit, language)
        roles = [int(role) for role in effect.payload["roles"]]
        post = await self._post(effect, channel, self._ctx.into(language, card), rows, roles)
        await self._fading.remember(hit, card, channel, post)

    async def ladder(self, effect: chandelier.Effect) -> None:
        """Tell staff that a member has reached a step of the ladder."""
        said, guild_id = effect.payload, int(effect.payload["guild"])
        channel = await self._alerts(guild_id, said["channel"])
        if channel is None:
            return
        card = hikari.Embed(
            title=_("Automod: {points} points", points=said["points"]),
            description=f"<@{said['user']}>",
            colour=_COLOURS["high"],
        )
        card.set_footer(effect.key)
        language = await self._ctx.language(guild_id)
        roles = [int(role) for role in said["roles"]]
        await self._post(effect, channel, self._ctx.into(language, card), [], roles)

    async def dry(self, effect: chandelier.Effect) -> None:
        """Say in the log what a rule on trial would have done."""
        hit = await self._hits.find(int(effect.payload["hit"]))
        if hit is None:
            return
        channel = (await self._ctx.config_for(hit.guild_id)).log_channel
        if channel is None:
            return
        card = alert_card(hit, effect.payload["rule"], effect.payload["severity"])
        would = ", ".join(f"`{kind}`" for kind in effect.payload["would"]) or "-"
        card.add_field(_("Dry run: nothing was done"), _("It would have been: {actions}", actions=would))
        language = await self._ctx.language(hit.guild_id)
        post = await self._post(effect, channel, self._ctx.into(language, card), [], [])
        await self._fading.remember(hit, card, channel, post)

    async def reply(self, effect: chandelier.Effect) -> None:
        """Answer in the channel; a timer takes the answer away."""
        hit = await self._hits.find(int(effect.payload["hit"]))
        if hit is None or hit.channel_id is None:
            return
        said = str(effect.payload["text"]).replace("{member}", f"<@{hit.user_id}>")
        text = crop(said, 2_000)
        sent = None
        if effect.uncertain:
            sent = await self._sent(hit.channel_id, lambda message: message.content == text)
        if sent is None:
            sent = await self._ctx.rest.create_message(
                hit.channel_id,
                text,
                nonce=_nonce(effect),
                user_mentions=[hit.user_id],
                role_mentions=False,
                mentions_everyone=False,
            )
        seconds = float(effect.payload["vanishes"])
        if seconds > 0:
            await self._ctx.timers.schedule(
                VANISH,
                key=str(sent.id),
                due=self._ctx.now() + timedelta(seconds=seconds),
                payload={"channel": str(hit.channel_id)},
            )

    async def vanish(self, timer: chandelier.Timer) -> None:
        """Take a reply away."""
        try:
            await self._ctx.rest.delete_message(
                int(timer.payload["channel"]), int(timer.key), reason="An automod reply that vanishes"
            )
        except (hikari.NotFoundError, hikari.ForbiddenError):
            return

    async def _alerts(self, guild_id: int, channel: str | None) -> int | None:
        """Where to tell staff: in the log when the rule's channel is gone, or is another server's."""
        if channel is not None and await in_guild(self._ctx, guild_id, int(channel)):
            return int(channel)
        return (await self._ctx.config_for(guild_id)).log_channel

    async def _post(
        self,
        effect: chandelier.Effect,
        channel_id: int,
        card: hikari.Embed,
        rows: list[hikari.api.MessageActionRowBuilder],
        roles: list[int],
    ) -> int:
        """Post a card, unless an attempt before did; answers its id."""
        footer = card.footer.text if card.footer is not None else None
        sent = None
        if effect.uncertain:
            sent = await self._sent(channel_id, lambda message: _footer(message) == footer)
        sent = sent or await self._ctx.rest.create_message(
            channel_id,
            " ".join(f"<@&{role}>" for role in roles) or hikari.UNDEFINED,
            embed=card,
            components=rows,
            nonce=_nonce(effect),
            user_mentions=False,
            role_mentions=roles or False,
            mentions_everyone=False,
        )
        return int(sent.id)

    async def _sent(self, channel_id: int, fits: Callable[[hikari.Message], bool]) -> hikari.Message | None:
        async for message in self._ctx.rest.fetch_messages(channel_id).limit(_LOOK_BACK):
            if message.author.id == self._ctx.bot_id and fits(message):
                return message
        return None


async def in_guild(ctx: chandelier.PluginContext[ModerationConfig], guild_id: int, channel_id: int) -> bool:
    """Whether a channel or thread is of this server, so that no server writes into another."""
    found: hikari.PartialChannel | None = ctx.cache.get_guild_channel(channel_id)
    found = found or ctx.cache.get_thread(channel_id)
    if found is None:
        try:
            found = await ctx.rest.fetch_channel(channel_id)
        except (hikari.NotFoundError, hikari.ForbiddenError):
            return False
    return getattr(found, "guild_id", None) == guild_id


def alert_card(hit: StoredHit, rule: str, severity: str) -> hikari.Embed:
    """What staff sees of a hit. The footer identifies it."""
    embed = hikari.Embed(
        title=_("Automod: {rule}", rule=rule), colour=_COLOURS.get(severity, 0xF5A623), timestamp=hit.at
    )
    embed.add_field(_("Member"), f"<@{hit.user_id}>", inline=True)
    if hit.channel_id is not None:
        embed.add_field(_("Channel"), f"<#{hit.channel_id}>", inline=True)
    if hit.found:
        embed.add_field(
            _("Found"), crop(", ".join(f"`{find.replace('`', 'ˋ')}`" for find in hit.found), 1_000)
        )
    if hit.evidence:
        embed.add_field(_("Message"), quoted(hit.evidence))
    if hit.message_id is not None:
        link = f"https://discord.com/channels/{hit.guild_id}/{hit.channel_id}/{hit.message_id}"
        embed.add_field(_("Where"), link)
    embed.set_footer(f"{hit.guild_id}-{hit.id}")
    return embed


def alert_rows(
    ctx: chandelier.PluginContext[ModerationConfig], hit: StoredHit, language: str | None
) -> list[hikari.api.MessageActionRowBuilder]:
    """The buttons of an alert; none of them can be pressed once it was answered."""
    rows: list[hikari.api.MessageActionRowBuilder] = []
    row = hikari.impl.MessageActionRowBuilder()
    for kind, label in CHOICES.items():
        if (kind == "remove" and hit.message_id is None) or (
            hit.author == "webhook" and kind not in {"remove", "dismiss"}
        ):
            continue
        if len(row.components) == 5:
            rows.append(row)
            row = hikari.impl.MessageActionRowBuilder()
        style = hikari.ButtonStyle.DANGER if kind in {"kick", "ban"} else hikari.ButtonStyle.SECONDARY
        row.add_interactive_button(
            style,
            ctx.component_id("automod", f"{kind}-{hit.id}"),
            label=ctx.into(language, label),
            is_disabled=hit.handled_how is not None,
        )
    rows.append(row)
    return rows


def _nonce(effect: chandelier.Effect) -> str:
    """At most 25 characters. https://discord.com/developers/docs/resources/message#create-message"""
    return f"automod-{effect.id}"[:25]


def _footer(message: hikari.Message) -> str | None:
    return next((embed.footer.text for embed in message.embeds if embed.footer is not None), None)
