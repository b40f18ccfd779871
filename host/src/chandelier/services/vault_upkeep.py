"""Looking after the vault: which keys protect what, changing to a new one, giving up a lost one.

All of it works while a bot runs on the same database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
from sqlalchemy import delete, func, select, update

from chandelier.errors import InvalidRequest
from chandelier.services.cipher import Tampered
from chandelier.services.vault_keys import KeyProblem
from chandelier.services.vault_people import PeopleKeys, bound_to
from chandelier.storage.engine import Database
from chandelier.storage.tables import VaultKeyRow, VaultPersonRow

__all__ = ["KeyState", "Rotated", "VaultUpkeep"]

BATCH: Final = 100
"""People in one transaction: a bot that runs waits for one batch at most."""


@attrs.frozen(kw_only=True)
class KeyState:
    """How a key-encryption key stands."""

    key_id: str
    source: str | None
    """Where it is given; None when it is missing."""
    people: int
    """How many people's data keys it wraps."""
    state: str
    """``wraps`` (the first), ``unwraps``, ``unused``, ``missing`` or ``wrong``."""

    @property
    def troubled(self) -> bool:
        """Whether somebody's data is out of reach because of it."""
        return self.state in {"missing", "wrong"} and self.people > 0


@attrs.frozen(kw_only=True)
class Rotated:
    """What a rotation did."""

    key_id: str
    rewrapped: int
    left: int
    """Data keys that could not be unwrapped and are as they were."""
    problems: tuple[str, ...] = ()


class VaultUpkeep:
    """What an owner does about keys."""

    def __init__(self, database: Database, people: PeopleKeys) -> None:
        self._database = database
        self._people = people

    async def status(self) -> list[KeyState]:
        """Every key that is given or was used, the first one first."""
        ring = self._people.ring
        async with self._database.read() as session:
            checks = {row.key_id: row.check_value for row in await session.scalars(select(VaultKeyRow))}
            counted = select(VaultPersonRow.wrapped_by, func.count()).group_by(VaultPersonRow.wrapped_by)
            used = {row[0]: int(row[1]) for row in await session.execute(counted)}
        ids = [key.key_id for key in ring.keys]
        ids += sorted((checks.keys() | used.keys()) - set(ids))
        states: list[KeyState] = []
        for key_id in ids:
            key, people = ring.get(key_id), used.get(key_id, 0)
            if key is None:
                state = "missing" if people else "unused"
            elif key_id in checks and checks[key_id] != key.check:
                state = "wrong"
            elif key is ring.first:
                state = "wraps"
            else:
                state = "unwraps" if people else "unused"
            source = key.source if key is not None else None
            states.append(KeyState(key_id=key_id, source=source, people=people, state=state))
        return states

    async def rotate(self, *, tell: Callable[[int], object] = lambda _done: None) -> Rotated:
        """Wrap every data key with the first key; done batch by batch, so that it can be broken off.

        What was done stays done, and the next rotation goes on from there. ``tell`` hears how many are done.
        Raises KeyProblem when the first key cannot be used.
        """
        done, left, last, problems = 0, 0, None, dict[str, None]()
        while True:
            async with self._database.transaction() as session:
                first = await self._people.first_key(session)
                query = select(VaultPersonRow).where(VaultPersonRow.wrapped_by != first.key_id)
                if last is not None:
                    query = query.where(VaultPersonRow.person_id > last)
                rows = (await session.scalars(query.order_by(VaultPersonRow.person_id).limit(BATCH))).all()
                for row in rows:
                    last = row.person_id
                    old = bound_to(row.person_id, row.data_key, row.wrapped_by)
                    new = bound_to(row.person_id, row.data_key, first.key_id)
                    try:
                        wrapping = await self._people.wrapping_key(row.wrapped_by, session)
                        wrapped = first.wrap(wrapping.unwrap(row.wrapped, old), new)
                    except (KeyProblem, Tampered) as problem:
                        left += 1
                        problems[str(problem) or f"the stored key of the person {last} is damaged"] = None
                        continue
                    # The very key that was read: it may have been destroyed, or wrapped anew, meanwhile.
                    same = (
                        VaultPersonRow.person_id == row.person_id,
                        VaultPersonRow.data_key == row.data_key,
                        VaultPersonRow.wrapped_by == row.wrapped_by,
                    )
                    change = update(VaultPersonRow).where(*same)
                    change = change.values(wrapped_by=first.key_id, wrapped=wrapped)
                    await session.execute(change.execution_options(synchronize_session=False))
                    done += 1
            tell(done)
            if len(rows) < BATCH:
                return Rotated(key_id=first.key_id, rewrapped=done, left=left, problems=tuple(problems))

    async def abandon(self, key_id: str) -> int:
        """Give up what a lost key protects: those people's data keys are destroyed; returns how many.

        Raises InvalidRequest when the key is there, or nobody knows it.
        """
        async with self._database.transaction() as session:
            states = {state.key_id: state for state in await self.status()}
            if (state := states.get(key_id)) is None:
                known = ", ".join(states) or "none"
                raise InvalidRequest(f"no key {key_id} was ever used or is given; there are: {known}")
            if state.source is not None and state.state != "wrong":
                raise InvalidRequest(f"the key {key_id} is not lost: it is given in {state.source}")
            gone = await session.execute(
                delete(VaultPersonRow)
                .where(VaultPersonRow.wrapped_by == key_id)
                .returning(VaultPersonRow.person_id)
                .execution_options(synchronize_session=False)
            )
            await session.execute(delete(VaultKeyRow).where(VaultKeyRow.key_id == key_id))
            return len(gone.all())
