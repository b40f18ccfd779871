"""The watches: adding, looking again when it is time, and what a look changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_redeye import alerts
from chandelier_redeye.addresses import Page
from chandelier_redeye.config import RedeyeConfig
from chandelier_redeye.fetching import Failure, Problem, look
from chandelier_redeye.pace import Pace, host_of
from chandelier_redeye.reading import Reading
from chandelier_redeye.tables import Counter, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CHECK", "Overview", "Watches"]

_ = chandelier.Messages(__package__)

CHECK: Final = "check"
"""Kind of the timers that look at pages; their key is the watch's."""

_LONGEST_COURTESY: Final = timedelta(seconds=5)
"""How long a person waits while a host that was just asked is left in peace."""


@attrs.frozen
class Overview:
    """How many watches there are, and how many of them are in trouble."""

    total: int
    failing: int
    undelivered: int


class Watches:
    """All watches of the bot."""

    def __init__(self, ctx: chandelier.PluginContext[RedeyeConfig], chance: Callable[[], float]) -> None:
        """``chance`` gives numbers from 0 up to 1, for the jitter."""
        self._ctx = ctx
        self._chance = chance
        self._pace = Pace()

    # ---- by people

    async def add(self, page: Page, *, guild_id: int, channel_id: int, added_by: int) -> Watch:
        """Read a page and watch it from now on.

        Raises InvalidRequest when it is watched already, there are too many, or the page tells no price;
        ServiceUnavailable when it does not let us read it now.
        """
        async with self._ctx.storage.read() as session:
            await self._check_room(session, guild_id, page)
        await self._take_turn(page)
        now = self._ctx.now()
        found = await look(self._ctx.http, page.url, timeout=self._ctx.config.timeout, now=now)
        if isinstance(found, Failure):
            raise _refusal(found)
        try:
            async with self._ctx.storage.transaction() as session:
                watch = Watch(
                    guild_id=guild_id,
                    number=await self._next_number(session, guild_id),
                    channel_id=channel_id,
                    url=page.url,
                    title=found.name or page.name or page.url,
                    sku=found.sku,
                    shop=page.shop,
                    product_id=page.product_id,
                    stock=found.stock,
                    changes=0,
                    added_by=added_by,
                    added_at=now,
                    checked_at=now,
                    good_at=now,
                    failures=0,
                )
                watch.price = found.price
                # Asked again now that the counter's row is locked: two may have come in at once.
                await self._check_room(session, guild_id, page)
                session.add(watch)
                await session.flush()
                await self._ctx.timers.schedule(
                    CHECK, key=watch.key, due=now + self._wait(0), payload=_names(watch), session=session
                )
        except IntegrityError:
            raise chandelier.InvalidRequest(_("Somebody else has just added this page.")) from None
        return watch

    async def remove(self, guild_id: int, number: int) -> Watch:
        """Stop watching. Raises InvalidRequest when there is no such watch."""
        async with self._ctx.storage.transaction() as session:
            watch = await session.get(Watch, (guild_id, number))
            if watch is None:
                raise chandelier.InvalidRequest(
                    _(
                        "There is no watch #{number} in this server; `/watch list` shows those there are.",
                        number=number,
                    )
                )
            await session.delete(watch)
            await self._ctx.timers.cancel(CHECK, watch.key, session=session)
        self._pace.leave(host_of(watch.url), watch.key)
        return watch

    async def of_guild(self, guild_id: int) -> Sequence[Watch]:
        """A guild's watches by number."""
        async with self._ctx.storage.read() as session:
            query = select(Watch).where(Watch.guild_id == guild_id).order_by(Watch.number)
            return (await session.scalars(query)).all()

    async def due(self, watches: Iterable[Watch]) -> dict[str, datetime]:
        """When each watch is looked at next, by key."""
        wanted = {watch.key for watch in watches}
        return {
            timer.key: timer.due for timer in await self._ctx.timers.pending(CHECK) if timer.key in wanted
        }

    # ---- by the clock

    async def check(self, guild_id: int, number: int) -> datetime | None:
        """Look at a page again; returns when to look next, None when it is no longer watched."""
        async with self._ctx.storage.read() as session:
            watch = await session.get(Watch, (guild_id, number))
        if watch is None:
            return None
        now, config = self._ctx.now(), self._ctx.config
        gap = timedelta(seconds=config.host_gap)
        place = self._pace.place(host_of(watch.url), watch.key, now=now, gap=gap)
        if place is not None:
            return place
        try:
            found = await look(self._ctx.http, watch.url, timeout=config.timeout, now=now)
        except chandelier.InvalidRequest as error:  # its name leads into a private network now
            found = Failure(Problem.UNREADABLE, chandelier.message_of(error))
        return await self._record(guild_id, number, found)

    async def _record(self, guild_id: int, number: int, found: Reading | Failure) -> datetime | None:
        """Keep what a look told, and the alert with it if the price has changed."""
        now = self._ctx.now()
        async with self._ctx.storage.transaction() as session:
            watch = await session.get(Watch, (guild_id, number), with_for_update=True)
            if watch is None:  # removed while we were looking
                return None
            watch.checked_at = now
            if isinstance(found, Reading) and _is_another(watch, found):
                found = Failure(
                    Problem.UNREADABLE,
                    _("the page now shows another product: {name}", name=alerts.plain(found.name or "")),
                )
            if isinstance(found, Failure):
                watch.failures += 1
                watch.problem, watch.problem_text = found.problem, _.keep(found.text)
                return now + max(self._wait(watch.failures), found.retry_after or timedelta(0))
            watch.failures, watch.problem, watch.problem_text = 0, None, None
            watch.good_at, watch.stock = now, found.stock
            before = watch.price
            if found.price is not None:
                if before is not None and not found.price.same_as(before):
                    watch.changes += 1
                    await alerts.put(self._ctx.outbox, watch, before, found.price, now, session)
                if before is None or watch.currency is None or not found.price.same_as(before):
                    watch.price = found.price
        return now + self._wait(0)

    def _wait(self, failures: int) -> timedelta:
        """The time until the next look: the interval, doubled by each failure, with jitter."""
        config = self._ctx.config
        longest = max(config.longest_pause, config.interval)
        seconds = min(config.interval * 2.0 ** min(failures, 32), longest)
        stray = config.jitter / 100 * (2 * self._chance() - 1)
        return timedelta(seconds=seconds * (1 + stray))

    # ---- for the host and for people's rights

    async def overview(self, guild_id: int | None = None) -> Overview:
        """Counts over one guild's watches, or all."""
        query = select(func.count(), func.count(Watch.problem), func.count(Watch.undelivered)).select_from(
            Watch
        )
        if guild_id is not None:
            query = query.where(Watch.guild_id == guild_id)
        async with self._ctx.storage.read() as session:
            return Overview(*(await session.execute(query)).one())

    async def added_by(self, user_id: int) -> Sequence[Watch]:
        """The watches that a person added."""
        async with self._ctx.storage.read() as session:
            return (await session.scalars(select(Watch).where(Watch.added_by == user_id))).all()

    async def forget_person(self, user_id: int) -> int:
        """Keep a person's watches, which are the server's, but not whose they were; returns how many."""
        async with self._ctx.storage.transaction() as session:
            gone = await session.execute(
                update(Watch).where(Watch.added_by == user_id).values(added_by=None).returning(Watch.number)
            )
            return len(gone.all())

    async def note_delivery(self, guild_id: int, number: int, trouble: str | None) -> None:
        """Keep whether the last alert could be posted."""
        async with self._ctx.storage.transaction() as session:
            watch = await session.get(Watch, (guild_id, number))
            if watch is not None and watch.undelivered != trouble:
                watch.undelivered = trouble

    async def forget_guild(self, guild_id: int) -> None:
        """Stop all watches of a guild that the bot has left."""
        async with self._ctx.storage.transaction() as session:
            watches = (await session.scalars(select(Watch).where(Watch.guild_id == guild_id))).all()
            for watch in watches:
                await session.delete(watch)
                await self._ctx.timers.cancel(CHECK, watch.key, session=session)
        for watch in watches:
            self._pace.leave(host_of(watch.url), watch.key)

    # ---- details

    async def _check_room(self, session: AsyncSession, guild_id: int, page: Page) -> None:
        query = select(Watch).where(Watch.guild_id == guild_id, Watch.url == page.url)
        known = await session.scalar(query)
        if known is not None:
            raise chandelier.InvalidRequest(
                _(
                    "This page is watched already: it is #{number}, with alerts in {channel}.",
                    number=known.number,
                    channel=f"<#{known.channel_id}>",
                )
            )
        limit = self._ctx.config.watches_per_guild
        count = select(func.count()).select_from(Watch).where(Watch.guild_id == guild_id)
        if (await session.scalar(count) or 0) >= limit:
            raise chandelier.InvalidRequest(
                _(
                    "This server watches {limit} pages, which is the limit. Take one out with "
                    "`/watch remove`; the bot's owner can raise `watches_per_guild`.",
                    limit=limit,
                )
            )

    async def _next_number(self, session: AsyncSession, guild_id: int) -> int:
        insert = self._ctx.storage.insert(Counter).values(guild_id=guild_id, last=1)
        counted = insert.on_conflict_do_update(
            index_elements=["guild_id"], set_={"last": Counter.last + 1}
        ).returning(Counter.last)
        return (await session.execute(counted)).scalar_one()

    async def _take_turn(self, page: Page) -> None:
        """Wait a little for the host's next place, or ask the person to come back."""
        now, host, who = self._ctx.now(), host_of(page.url), object()
        gap = timedelta(seconds=self._ctx.config.host_gap)
        place = self._pace.place(host, who, now=now, gap=gap)
        if place is None:
            return
        if place - now > _LONGEST_COURTESY:
            self._pace.leave(host, who)
            raise chandelier.InvalidRequest(
                _(
                    "I am asking {host} for other pages just now and leave it some peace. Try again {when}.",
                    host=host,
                    when=f"<t:{place.timestamp():.0f}:R>",
                )
            )
        try:
            await self._ctx.clock.sleep((place - now).total_seconds())
        finally:  # also when the person's command is interrupted
            self._pace.leave(host, who)


def _names(watch: Watch) -> dict[str, int]:
    return {"guild": watch.guild_id, "number": watch.number}


def _is_another(watch: Watch, found: Reading) -> bool:
    """Whether the address has come to lead to another product: both its number and its name are new."""
    if watch.sku is None or found.sku is None or found.name is None:
        return False
    return watch.sku != found.sku and watch.title.casefold() != found.name.casefold()


def _refusal(failure: Failure) -> chandelier.ChandelierError:
    if failure.problem is Problem.BLOCKED:
        return chandelier.ServiceUnavailable(
            _(
                "This shop does not let me read the page ({why}), and I do not try to get around that. "
                "Nothing was stored.",
                why=failure.text,
            )
        )
    advice = (
        _(
            "Open the page of a single product; if it is one, the shop does not describe it in a way that "
            "I can read for certain."
        )
        if failure.read
        else _("See whether the address opens in a browser, and try again.")
    )
    return chandelier.InvalidRequest(
        _("I cannot watch this page: {why}. Nothing was stored. {advice}", why=failure.text, advice=advice)
    )
