"""The outbox: an effect on the outside is a row before it happens, so that no crash loses it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

import attrs
from loguru import logger
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.clock import Clock
from chandelier.services.due import (
    DueRunner,
    Dues,
    PluginNotRunning,
    Skip,
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


EffectDispatch = Callable[[str, Effect], Awaitable[Mapping[str, Any] | None]]
"""Calls the handler of a plugin; raises what it raises, `PluginNotRunning` when there is none now."""


class Outbox:
    """One plugin's outbox. An effect is named by its kind and key: the same name never happens twice."""

    def __init__(self, plugin: str, storage: Storage, clock: Clock, kick: Callable[[], None]) -> None:
        self._plugin = plugin
        self._storage = storage
        self._clock = clock
        self._kick = kick

    async def put(
        self, kind: str, *, key: str, payload: Mapping[str, Any], session: AsyncSession | None = None
    ) -> bool:
        """Have the handler of ``kind`` carry out an effect; False when that key is there already.

        With ``session`` the decision and its effect are one transaction: nothing happens unless it is
        committed. There is no order among effects. ``payload`` is JSON-ready data.
        """
        if session is None:
            async with self._storage.transaction() as own:
                return await self.put(kind, key=key, payload=payload, session=own)
        now = self._clock.now()
        insert = self._storage.insert(OutboxRow).values(
            plugin=self._plugin,
            kind=kind,
            key=key,
            payload=storable(payload, f"the payload of effect {kind} {key}"),
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
    nobody knows whether the effect happened; such a row is handed out as uncertain.
    """

    def __init__(self, database: Database, clock: Clock, dispatch: EffectDispatch) -> None:
        super().__init__(database.storage(HOST_NAME), clock, name="outbox")
        self._database = database
        self._dispatch = dispatch
        self._tidy_at: datetime | None = None

    def outbox(self, plugin: str) -> Outbox:
        """The outbox of one plugin."""
        return Outbox(plugin, self._database.storage(plugin), self._clock, self.kick)

    async def _look(self, now: datetime, *, skip: Skip, limit: int) -> Dues[OutboxRow]:
        if self._tidy_at is None or now >= self._tidy_at:
            await self._tidy(now)
            self._tidy_at = now + _TIDY_EVERY
        open_ = OutboxRow.state.in_(("waiting", "started"))
        known = skip.where(OutboxRow.plugin, OutboxRow.kind)
        due = select(OutboxRow).where(open_, OutboxRow.next_at <= now, *known)
        async with self._storage.read() as session:
            rows = (await session.scalars(due.order_by(OutboxRow.next_at, OutboxRow.id).limit(limit))).all()
            later = await session.scalar(
                select(func.min(OutboxRow.next_at)).where(open_, OutboxRow.next_at > now, *known)
            )
        return Dues(rows, later)

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

    async def _carry_out(self, row: OutboxRow) -> None:
        as_found = (OutboxRow.state == row.state, OutboxRow.next_at == row.next_at)
        if not await self._change(row, *as_found, state="started"):
            return  # it was carried out between being found and now
        uncertain = row.state == "started"
        effect = Effect(row.id, row.kind, row.key, row.payload, row.attempts, uncertain)
        try:
            with self._in_handler(row):
                result = await self._dispatch(row.plugin, effect)
        except PluginNotRunning:
            await self._change(row, state=row.state)
            self._park(row)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise  # the host stops; the row stays started
            # The plugin was stopped in the middle of it: try again when it may run again.
            await self._change(row, next_at=self._clock.now() + FIRST_RETRY)
        except Exception as error:  # noqa: BLE001 - a handler may raise anything
            await self._failed(row, error)
        else:
            await self._done(row, result)

    async def _done(self, row: OutboxRow, result: Any) -> None:
        error = None
        try:
            kept = None if result is None else storable(result, f"what the handler of {row.kind} returned")
        except (TypeError, ValueError) as unfit:
            # The effect has happened: to try again because of its result would double it.
            kept, error = None, one_line(f"done, but its result was not kept: {unfit}")
            logger.bind(plugin=row.plugin).error("effect {} {}: {}", row.kind, row.key, error)
        await self._change(
            row,
            state="done",
            result=kept,
            attempts=row.attempts + 1,
            last_error=error,
            done_at=self._clock.now(),
        )

    async def _failed(self, row: OutboxRow, error: Exception) -> None:
        verdict = judge(error)
        why = one_line(verdict.why)
        log = logger.bind(plugin=row.plugin).opt(exception=unexplained(error))
        now = self._clock.now()
        state = "started" if verdict.happened or row.state == "started" else "waiting"
        if verdict.wait is not None:
            log.warning("effect {} {} again in {}: {}", row.kind, row.key, verdict.wait, why)
            await self._change(row, state=state, next_at=now + verdict.wait, last_error=why)
            return
        attempts = row.attempts + 1
        if verdict.final or attempts >= MOST_ATTEMPTS:
            log.error("effect {} {} is given up after attempt {}: {}", row.kind, row.key, attempts, why)
            await self._change(row, state="failed", attempts=attempts, last_error=why, done_at=now)
            return
        pause = backoff(attempts, FIRST_RETRY, LONGEST_RETRY, factor=3)
        log.warning("effect {} {} failed, again in {}: {}", row.kind, row.key, pause, why)
        await self._change(row, state=state, attempts=attempts, next_at=now + pause, last_error=why)

    async def _change(self, row: OutboxRow, *only_if: Any, **values: Any) -> bool:
        statement = update(OutboxRow).where(OutboxRow.id == row.id, *only_if).values(**values)
        return await self._persist(row, statement.execution_options(synchronize_session=False)) > 0
