"""How watches are shown: the answer to `/watch add`, and the list with its pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import hikari
from hikari.impl import MessageActionRowBuilder

from chandelier_redeye.alerts import plain
from chandelier_redeye.reading import Stock
from chandelier_redeye.tables import Watch

if TYPE_CHECKING:
    from chandelier_redeye.plugin import Redeye

__all__ = ["added", "page"]

_PER_PAGE: Final = 8
_LONGEST: Final = 4_096
"""Characters of an embed's description. https://discord.com/developers/docs/resources/message#embed-limits"""
_COLOR: Final = hikari.Color(0xC8A24B)
_TROUBLE: Final = hikari.Color(0xC0392B)


def added(watch: Watch, interval: int) -> hikari.Embed:
    """What was found on a page that is watched from now on; ``interval`` is in seconds."""
    embed = hikari.Embed(
        title=f"Watching #{watch.number}: {' '.join(watch.title.split())}"[:256],
        url=watch.url,
        color=_COLOR,
        timestamp=watch.added_at,
    )
    price = watch.price
    if price is None:
        embed.description = "It is sold out now. The first price that I see later is where I begin."
    else:
        embed.add_field("Price now", f"**{price}**", inline=True)
    if watch.stock is not None and price is not None:
        embed.add_field("Stock", watch.stock, inline=True)
    embed.add_field("Alerts in", f"<#{watch.channel_id}>", inline=True)
    embed.add_field("Looks again", f"about every {_duration(interval)}", inline=True)
    if watch.shop is not None:
        embed.set_footer(f"{watch.shop} · {watch.product_id}")
    return embed


async def page(
    plugin: Redeye, guild_id: int, index: int
) -> tuple[hikari.Embed, Sequence[hikari.api.MessageActionRowBuilder]]:
    """One page of a guild's watches, the first when ``index`` is 0; an index past the end is the last."""
    watches = await plugin.watches.of_guild(guild_id)
    last = max(0, (len(watches) - 1) // _PER_PAGE)
    index = min(max(index, 0), last)
    shown = watches[index * _PER_PAGE : (index + 1) * _PER_PAGE]
    due = await plugin.watches.due(shown)
    trouble = any(watch.problem or watch.undelivered for watch in watches)
    embed = hikari.Embed(title="Watched pages", color=_TROUBLE if trouble else _COLOR)
    if not watches:
        embed.description = "Nothing is watched in this server. Begin with `/watch add`."
        return embed, []
    # Addresses may be long: what does not fit as a link is shown without it.
    lines = [_lines(watch, due.get(watch.key), linked=True) for watch in shown]
    if sum(len(line) + 2 for line in lines) > _LONGEST:
        lines = [_lines(watch, due.get(watch.key), linked=False) for watch in shown]
    embed.description = "\n\n".join(lines)[:_LONGEST]
    embed.set_footer(f"{len(watches)} of {plugin.config.watches_per_guild} · page {index + 1} of {last + 1}")
    if last == 0:
        return embed, []
    row = MessageActionRowBuilder()
    for label, target, possible in (("Back", index - 1, index > 0), ("Next", index + 1, index < last)):
        custom_id = plugin.ctx.component_id("page", str(max(target, 0)))
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY, custom_id, label=label, is_disabled=not possible
        )
    return embed, [row]


def _lines(watch: Watch, due: datetime | None, *, linked: bool) -> str:
    title = plain(watch.title)
    name = f"[{title}]({watch.url})" if linked else title
    price = watch.price
    said = "no price yet" if price is None else str(price)
    if watch.stock == Stock.OUT:
        said += " · sold out"
    first = f"**#{watch.number}** {name}\n**{said}** → <#{watch.channel_id}>"
    if watch.undelivered is not None:
        first += f"\n⚠️ The last alert was not posted: {watch.undelivered}."
    if watch.problem is None:
        return f"{first} · looked {_ago(watch.checked_at)}"
    again = "" if due is None else f", next try {_ago(due)}"
    why = plain(watch.problem_text or "", 160)
    return f"{first}\n⚠️ {watch.problem}: {why}. Last worked {_ago(watch.good_at)}{again}."


def _ago(moment: datetime) -> str:
    return f"<t:{moment.timestamp():.0f}:R>"


def _duration(seconds: int) -> str:
    for unit, size in (("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return str(timedelta(seconds=seconds)) if seconds > 3_600 else f"{seconds} s"
