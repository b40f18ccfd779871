"""The outbox: an effect on the outside is a row before it happens, so that no crash loses it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

import attrs
from loguru import logger
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.clock import Clock
from chandelier.services.claims import UNCLAIMED, Claims, Dues, Skip
from chandelier.services.due import (
    DueRunner,
    PluginNotRunning,
    backoff,
    one_line,
    unexplained,
)
from chandelier.services.payload import storable
from chandelier.services.verdict import judge
from chandelier.storage.commits import after_commit
from chandelier.storage.engine import Database, Storage
from chandelier.storage.names import HOST_NAME
from chandelier.storage.tables import OutboxRow

__all__ = ["Effect", "EffectDispatch", "Outbox", "OutboxEntry", "OutboxWorker"]

MOST_ATTEMPTS: Final = 10
FIRST_RETRY: Final = timedelta(seconds=5)
LONGEST_RETRY: Final = timedelta(hours=1)
"""Ten attempts, each after three times the wait before: they span more than three hours of an outage."""
RETENTION: Final = timedelta(days=30)
"""How long a key stays taken after its effect is done or given up."""

_TIDY_EVERY: Final = timedelta(days=1)
_OPEN: Final = OutboxRow.state.in_(("waiting", "started"))

State = Literal["waiting", "started", "done", "failed"]


@attrs.frozen
class Effect:
    """An effect as its handler sees it."""

    id: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    attempts: int
    """How often it was tried before; waiting for a rate limit is no attempt."""
    uncertain: bool
    """An earlier attempt may have happened: the host crashed, or the answer never came. Look first, or use
    an idempotency key (a message's nonce)."""
    batch: str | None = None
    """The batch that it was put into."""


@attrs.frozen
class OutboxEntry:
    """An effect as it stands in the outbox."""

    id: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    state: State
    attempts: int
    next_at: datetime
    result: Mapping[str, Any] | None
    """What the handler returned; None until it is done."""
    last_error: str | None
    created_at: datetime
    done_at: datetime | None
    """When it was done or given up."""


EffectDispatch = Callable[[str, Any], Awaitable[Mapping[str, Any] | None]]
"""Calls the handler of a plugin with an `Effect`, one that takes batches with a list of them; raises what it
raises, `PluginNotRunning` when there is none now."""
BatchSize = Callable[[str, str], int | None]
"""How many effects of this (plugin, kind) its handler takes in one call; None when it takes no batches."""


class Outbox:
    """One plugin's outbox. An effect is named by its kind and key: the same name never happens twice."""

    def __init__(self, plugin: str, storage: Storage, clock: Clock, kick: Callable[[], None]) -> None:
        self._plugin = plugin
        self._storage = storage
        self._clock = clock
        self._kick = kick

    async def put(
        self,
        kind: str,
        *,
        key: str,
        payload: Mapping[str, Any],
        batch: str | None = None,
        session: AsyncSession | None = None,
    ) -> bool:
        """Have the handler of ``kind`` carry out an effect; False when that key is there already.

        With ``session`` the decision and its effect are one transaction: nothing happens unless it is
        committed. There is no order among effects. ``payload`` is JSON-ready data. A handler declared with
        ``@loader.effect(kind, batch=…)`` gets effects of the same ``batch`` together.
        """
        if session is None:
            async with self._storage.transaction() as own:
                return await self.put(kind, key=key, payload=payload, batch=batch, session=own)
        now = self._clock.now()
        insert = self._storage.insert(OutboxRow).values(
            plugin=self._plugin,
            kind=kind,
            key=key,
            payload=storable(payload, f"the payload of effect {kind} {key}"),
            batch=batch,
            state="waiting",
            attempts=0,
            next_at=now,
            created_at=now,
        )
        known = insert.on_conflict_do_nothing(index_elements=["plugin", "kind", "key"])
        added = (await session.execute(known.returning(OutboxRow.id))).first()
        after_commit(session, self._kick)
        return added is not None

    async def get(self, kind: str, key: str) -> OutboxEntry | None:
        """How an effect stands; None when its key is unknown, also once its retention is over."""
        query = select(OutboxRow).where(
            OutboxRow.plugin == self._plugin, OutboxRow.kind == kind, OutboxRow.key == key
        )
        async with self._storage.read() as session:
            row = await session.scalar(query)
        if row is None:
            return None
        return OutboxEntry(
            id=row.id,
            kind=row.kind,
            key=row.key,
            payload=row.payload,
            state=cast("State", row.state),
            attempts=row.attempts,
            next_at=row.next_at,
            result=row.result,
            last_error=row.last_error,
            created_at=row.created_at,
            done_at=row.done_at,
        )


class OutboxWorker(DueRunner[OutboxRow]):
    """Carries out effects: at least once, and exactly once when handlers heed ``Effect.uncertain``.

    A row is marked ``started`` and committed before its handler is called, and stays so for as long as
    nobody knows whether the effect happened; such a row is handed out as uncertain. Effects that were handed
    out together are so again, until it is known that they did not happen.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        dispatch: EffectDispatch,
        batch_size: BatchSize = lambda plugin, kind: None,
        *,
        holder: str | None = None,
        lease: float | None = None,
    ) -> None:
        """``holder`` and ``lease`` (in real seconds): see `Claims`."""
        storage = database.storage(HOST_NAME)
        claims = Claims[OutboxRow](
            storage, OutboxRow.next_at, _OPEN, holder=holder or secrets.token_hex(8), lease=lease
        )
        super().__init__(storage, clock, claims, name="outbox")
        self._database = database
        self._dispatch = dispatch
        self._batch_size = batch_size
        self._tidy_at: datetime | None = None

    def outbox(self, plugin: str) -> Outbox:
        """The outbox of one plugin."""
        return Outbox(plugin, self._database.storage(plugin), self._clock, self.kick)

    async def _look(self, now: datetime, *, skip: Skip, limit: int) -> Dues[OutboxRow]:
        if self._tidy_at is None or now >= self._tidy_at:
            await self._tidy(now)
            self._tidy_at = now + _TIDY_EVERY
        found = await super()._look(now, skip=skip, limit=limit)
        if len(found.rows) < limit:
            return found
        # The limit may have cut a bundle in two; what was handed out together stays together.
        bundles = {row.bundle for row in found.rows if row.bundle is not None}
        known = [row.id for row in found.rows]
        rest = select(OutboxRow).where(OutboxRow.bundle.in_(bundles), _OPEN, OutboxRow.id.not_in(known))
        async with self._storage.read() as session:
            more = (await session.scalars(rest.order_by(OutboxRow.id))).all() if bundles else []
        return Dues([*found.rows, *more], found.later)

    def _units(self, rows: Sequence[OutboxRow]) -> list[list[OutboxRow]]:
        """Bundles as they were, then what may go together for the first time, the rest alone."""
        bundles: dict[int, list[OutboxRow]] = {}
        batches: dict[tuple[str, str, str | None], list[OutboxRow]] = {}
        units: list[list[OutboxRow]] = []
        for row in rows:
            size = self._batch_size(row.plugin, row.kind) or 1
            if row.bundle is not None:
                group = bundles.setdefault(row.bundle, [])
            elif row.state == "started" or size == 1:
                group = []
            else:
                batch = (row.plugin, row.kind, row.batch)
                group = batches.get(batch, [])
                if len(group) >= size:
                    group = []
                batches[batch] = group
            if not group:
                units.append(group)
            group.append(row)
        return units

    async def _take(self, now: datetime, units: Sequence[Sequence[OutboxRow]]) -> dict[int, OutboxRow]:
        """Claim rows and mark them started; those that go together for the first time become a bundle."""
        ids = [row.id for unit in units for row in unit]
        async with self._storage.transaction() as session:
            taken = await self._claims.take(now, ids, session, state="started")
            for unit in units:
                ours = [taken[row.id] for row in unit if row.id in taken]
                if unit[0].bundle is None and len(ours) > 1:
                    first = min(row.id for row in ours)
                    await session.execute(_changed(ours, bundle=first))
                elif len(ours) < len(unit) and unit[0].bundle is not None:
                    for change in _given_back(ours):  # another process has a part of it: only as a whole
                        await session.execute(change)
                    for row in ours:
                        del taken[row.id]
        return taken

    async def _tidy(self, now: datetime) -> None:
        old = (OutboxRow.state.in_(("done", "failed")), OutboxRow.done_at < now - RETENTION)
        async with self._storage.read() as session:
            # Looking first spares a turn of the one writer that SQLite has.
            if await session.scalar(select(OutboxRow.id).where(*old).limit(1)) is None:
                return
        async with self._storage.transaction() as session:
            await session.execute(
                delete(OutboxRow).where(*old), execution_options={"synchronize_session": False}
            )

    async def _carry_out(self, rows: Sequence[OutboxRow]) -> None:
        rows = sorted(rows, key=lambda row: row.id)
        first = rows[0]
        effects = [
            Effect(row.id, row.kind, row.key, row.payload, row.attempts, row.state == "started", row.batch)
            for row in rows
        ]
        together = self._batch_size(first.plugin, first.kind) is not None
        if not together and len(rows) > 1:  # they were a bundle, but this version takes one at a time
            for change in _given_back(rows, bundle=OutboxRow.id):
                await self._persist(rows, change)
            return
        try:
            with self._in_handler(rows):
                result = await self._dispatch(first.plugin, effects if together else effects[0])
        except PluginNotRunning:
            self._park(first)
            for change in _given_back(rows):
                await self._persist(rows, change)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise  # the host stops; the row stays started
            # The plugin was stopped in the middle of it: try again when it may run again.
            await self._change(rows, next_at=self._clock.now() + FIRST_RETRY, **UNCLAIMED)
        except Exception as error:  # noqa: BLE001 - a handler may raise anything
            await self._failed(rows, error)
        else:
            await self._done(rows, result)

    async def _done(self, rows: Sequence[OutboxRow], result: Any) -> None:
        first, error = rows[0], None
        try:
            kept = None if result is None else storable(result, f"what the handler of {first.kind} returned")
        except (TypeError, ValueError) as unfit:
            # The effect has happened: to try again because of its result would double it.
            kept, error = None, one_line(f"done, but its result was not kept: {unfit}")
            logger.bind(plugin=first.plugin).error("effect {} {}: {}", first.kind, first.key, error)
        await self._change(
            rows,
            state="done",
            result=kept,
            attempts=OutboxRow.attempts + 1,
            last_error=error,
            done_at=self._clock.now(),
            **UNCLAIMED,
        )

    async def _failed(self, rows: Sequence[OutboxRow], error: Exception) -> None:
        verdict = judge(error)
        why = one_line(verdict.why)
        first, uncertain = rows[0], any(row.state == "started" for row in rows)
        what = f"effect {first.kind} {first.key}" + (f" and {len(rows) - 1} more" if rows[1:] else "")
        log = logger.bind(plugin=first.plugin).opt(exception=unexplained(error))
        now = self._clock.now()
        again: dict[str, Any] = {"last_error": why, **UNCLAIMED}
        again["state"] = "started" if verdict.happened or uncertain else "waiting"
        if again["state"] == "waiting":
            again["bundle"] = None  # it certainly did not happen, so it may be put together anew
        if verdict.wait is not None:
            log.warning("{} again in {}: {}", what, verdict.wait, why)
            await self._change(rows, next_at=now + verdict.wait, **again)
            return
        attempts = max(row.attempts for row in rows) + 1
        again["attempts"] = attempts
        if verdict.final and len(rows) > 1:
            # One of them may be what is wrong: the others must not go down with it.
            log.warning("{} were refused together and are tried one by one: {}", what, why)
            state = "started" if uncertain else "waiting"
            await self._change(rows, next_at=now, **{**again, "bundle": OutboxRow.id, "state": state})
            return
        if verdict.final or attempts >= MOST_ATTEMPTS:
            log.error("{} is given up after attempt {}: {}", what, attempts, why)
            await self._change(
                rows, state="failed", attempts=attempts, last_error=why, done_at=now, **UNCLAIMED
            )
            return
        pause = max(backoff(attempts, FIRST_RETRY, LONGEST_RETRY, factor=3), verdict.at_least)
        log.warning("{} failed, again in {}: {}", what, pause, why)
        await self._change(rows, next_at=now + pause, **again)

    async def _change(self, rows: Sequence[OutboxRow], **values: Any) -> None:
        await self._persist(rows, _changed(rows, **values))


def _changed(rows: Sequence[OutboxRow], **values: Any) -> Any:
    statement = update(OutboxRow).where(OutboxRow.id.in_([row.id for row in rows])).values(**values)
    return statement.execution_options(synchronize_session=False)


def _given_back(rows: Sequence[OutboxRow], **values: Any) -> list[Any]:
    """The statements that undo that rows were taken: nothing was tried."""
    return [
        _changed([row for row in rows if row.state == state], state=state, **values, **UNCLAIMED)
        for state in sorted({row.state for row in rows})
    ]
