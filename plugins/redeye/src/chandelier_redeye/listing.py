"""How watches are shown: the answer to `/watch add`, and the list with its pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import hikari
from hikari.impl import MessageActionRowBuilder

import chandelier
from chandelier_redeye.alerts import plain
from chandelier_redeye.reading import Stock
from chandelier_redeye.tables import Watch

if TYPE_CHECKING:
    from chandelier_redeye.plugin import Redeye

__all__ = ["CHANNEL_CLOSED", "CHANNEL_GONE", "added", "page"]

_ = chandelier.Messages(__package__)

CHANNEL_GONE, CHANNEL_CLOSED = "the channel is gone", "I may not post in the channel"
"""Why an alert was not posted, as it is stored."""
_PER_PAGE: Final = 8
_LONGEST: Final = 4_096
"""Characters of an embed's description. https://discord.com/developers/docs/resources/message#embed-limits"""
_UNDELIVERED: Final = {
    CHANNEL_GONE: _("the channel is gone"),
    CHANNEL_CLOSED: _("I may not post in the channel"),
}
_PROBLEMS: Final = {"blocked": _("blocked"), "unreadable": _("unreadable")}
_COLOR: Final = hikari.Color(0xC8A24B)
_TROUBLE: Final = hikari.Color(0xC0392B)


def added(watch: Watch, interval: int) -> hikari.Embed:
    """What was found on a page that is watched from now on; ``interval`` is in seconds."""
    embed = hikari.Embed(
        title=_("Watching #{number}: {title}", number=watch.number, title=" ".join(watch.title.split())),
        url=watch.url,
        color=_COLOR,
        timestamp=watch.added_at,
    )
    price = watch.price
    if price is None:
        embed.description = _("It is sold out now. The first price that I see later is where I begin.")
    else:
        embed.add_field(_("Price now"), f"**{price}**", inline=True)
    if watch.stock is not None and price is not None:
        embed.add_field(_("Stock"), _stock(watch.stock), inline=True)
    embed.add_field(_("Alerts in"), f"<#{watch.channel_id}>", inline=True)
    embed.add_field(_("Looks again"), _("about every {time}", time=_duration(interval)), inline=True)
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
    embed = hikari.Embed(title=_("Watched pages"), color=_TROUBLE if trouble else _COLOR)
    if not watches:
        embed.description = _("Nothing is watched in this server. Begin with `/watch add`.")
        return embed, []
    # Addresses may be long: what does not fit as a link is shown without it.
    lines = [_lines(watch, due.get(watch.key), linked=True) for watch in shown]
    if sum(len(line) + 2 for line in lines) > _LONGEST:
        lines = [_lines(watch, due.get(watch.key), linked=False) for watch in shown]
    embed.description = _.join("\n\n", lines)
    embed.set_footer(
        _(
            "{number} of {most} · page {page} of {pages}",
            number=len(watches),
            most=plugin.config.watches_per_guild,
            page=index + 1,
            pages=last + 1,
        )
    )
    if last == 0:
        return embed, []
    row = MessageActionRowBuilder()
    for label, target, possible in ((_("Back"), index - 1, index > 0), (_("Next"), index + 1, index < last)):
        custom_id = plugin.ctx.component_id("page", str(max(target, 0)))
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY, custom_id, label=label, is_disabled=not possible
        )
    return embed, [row]


def _lines(watch: Watch, due: datetime | None, *, linked: bool) -> str:
    title = plain(watch.title)
    name = f"[{title}]({watch.url})" if linked else title
    price = _("no price yet") if watch.price is None else str(watch.price)
    said = _("{price} · sold out", price=price) if watch.stock == Stock.OUT else price
    lines: list[str] = [f"**#{watch.number}** {name}"]
    where = _.join("", ("**", said, f"** → <#{watch.channel_id}>"))
    if watch.undelivered is None and watch.problem is None:
        where = _("{where} · looked {when}", where=where, when=_ago(watch.checked_at))
    lines.append(where)
    if watch.undelivered is not None:
        why = _UNDELIVERED.get(watch.undelivered, watch.undelivered)
        lines.append(_("⚠️ The last alert was not posted: {why}.", why=why))
        if watch.problem is None:
            lines[-1] = _("{said} · looked {when}", said=lines[-1], when=_ago(watch.checked_at))
    if watch.problem is not None:
        lines.append(_trouble(watch, due))
    return _.join("\n", lines)


def _trouble(watch: Watch, due: datetime | None) -> str:
    """Why a page cannot be read, since when, and when it is tried again."""
    kept = _.recall(watch.problem_text or "")
    why = kept if isinstance(kept, chandelier.Message) else plain(kept, 160)
    facts = {"problem": _PROBLEMS.get(watch.problem or "", watch.problem), "why": why}
    good = _ago(watch.good_at)
    if due is None:
        return _("⚠️ {problem}: {why}. Last worked {good}.", **facts, good=good)
    again = _ago(due)
    return _("⚠️ {problem}: {why}. Last worked {good}, next try {again}.", **facts, good=good, again=again)


def _stock(stock: str) -> str:
    return {Stock.IN: _("in stock"), Stock.OUT: _("sold out")}.get(Stock(stock), stock)


def _ago(moment: datetime) -> str:
    return f"<t:{moment.timestamp():.0f}:R>"


def _duration(seconds: int) -> str:
    for unit, size in (("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return str(timedelta(seconds=seconds)) if seconds > 3_600 else f"{seconds} s"
