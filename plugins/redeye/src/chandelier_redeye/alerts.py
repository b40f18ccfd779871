"""Alerts: an outbox entry when a price has changed, then one message in the watch's channel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import hikari
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_redeye.reading import Money
from chandelier_redeye.tables import Watch

__all__ = ["ALERT", "NO_MENTIONS", "plain", "post", "put"]

_ = chandelier.Messages(__package__)

ALERT: Final = "alert"
"""Kind of the outbox entries; the key names the watch and which change of its price it is."""

NO_MENTIONS: Final[Mapping[str, Any]] = {
    "mentions_everyone": False,
    "user_mentions": False,
    "role_mentions": False,
}

_CHEAPER: Final = hikari.Color(0x2E9E5B)
_DEARER: Final = hikari.Color(0xC0392B)
_LOOK_BACK: Final = 50
"""Messages to look through for an alert that may have been posted before a crash."""


def plain(text: str, length: int = 80) -> str:
    """Text from a page as it is shown: one line, no Markdown, at most ``length`` characters."""
    line = " ".join(text.split())
    line = line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
    return re.sub(r"([\\`*_~|\[\]()<>#@:-])", r"\\\1", line)


async def put(
    outbox: chandelier.Outbox,
    watch: Watch,
    before: Money,
    after: Money,
    at: datetime,
    session: AsyncSession,
) -> None:
    """Promise the alert, in the transaction that changes the price."""
    payload = {
        "guild": watch.guild_id,
        "number": watch.number,
        "channel": watch.channel_id,
        "title": watch.title,
        "url": watch.url,
        "before": [format(before.amount, "f"), before.currency],
        "after": [format(after.amount, "f"), after.currency],
        "stock": watch.stock,
        "at": at.isoformat(),
    }
    await outbox.put(ALERT, key=f"{watch.key}-{watch.changes}", payload=payload, session=session)


async def post(ctx: chandelier.PluginContext[Any], effect: chandelier.Effect) -> Mapping[str, Any]:
    """Post the alert that an outbox entry promises; returns the message's id.

    Raises hikari's errors: ForbiddenError and NotFoundError mean that the channel is closed to us or gone.
    """
    channel_id = int(effect.payload["channel"])
    language = await ctx.language(int(effect.payload["guild"]))
    embed = ctx.into(language, _embed(effect))
    if effect.uncertain:
        known = await _find(ctx, channel_id, embed)
        if known is not None:
            return {"message": known}
    # Discord itself drops a second message with the same nonce for a few minutes, which covers the rest.
    message = await ctx.rest.create_message(channel_id, embed=embed, nonce=_nonce(effect), **NO_MENTIONS)
    return {"message": int(message.id)}


def _embed(effect: chandelier.Effect) -> hikari.Embed:
    said = effect.payload
    before, after = _money(said["before"]), _money(said["after"])
    comparable = before.currency == after.currency or None in (before.currency, after.currency)
    cheaper = after.amount < before.amount
    title = {"title": " ".join(str(said["title"]).split())}
    if not comparable:
        heading = _("New price: {title}", **title)
    else:
        heading = _("Price drop: {title}", **title) if cheaper else _("Price rise: {title}", **title)
    embed = hikari.Embed(
        title=heading,
        url=said["url"],
        color=_CHEAPER if comparable and cheaper else _DEARER,
        timestamp=datetime.fromisoformat(said["at"]),
    )
    embed.add_field(_("Before"), f"~~{before}~~", inline=True)
    embed.add_field(_("Now"), f"**{after}**", inline=True)
    if comparable:
        embed.add_field(_("Change"), _change(before.amount, after), inline=True)
    change = effect.key.rsplit("-", 1)[-1]
    embed.set_footer(_("Watch #{number} · alert {change}", number=said["number"], change=change))
    return embed


def _change(before: Decimal, after: Money) -> str:
    difference = after.amount - before
    sign = "−" if difference < 0 else "+"
    percent = abs(difference) / before * 100
    return f"{sign}{Money(abs(difference), after.currency)} ({sign}{percent:.1f} %)"


def _money(said: Any) -> Money:
    amount, currency = said
    return Money(Decimal(amount), currency)


def _nonce(effect: chandelier.Effect) -> str:
    """At most 25 characters. https://discord.com/developers/docs/resources/message#create-message"""
    return f"redeye-{effect.id}"[:25]


async def _find(ctx: chandelier.PluginContext[Any], channel_id: int, embed: hikari.Embed) -> int | None:
    """The alert's message, if an earlier attempt did post it, in whatever language."""
    async for message in ctx.rest.fetch_messages(channel_id).limit(_LOOK_BACK):
        if message.author.id != ctx.bot_id:
            continue
        for shown in message.embeds:
            if shown.url == embed.url and _numbers(shown) == _numbers(embed):
                return int(message.id)
    return None


def _numbers(embed: hikari.Embed) -> list[str]:
    """The watch's number and the alert's, which the footer has in every language."""
    return re.findall(r"\d+", (embed.footer.text or "") if embed.footer is not None else "")
