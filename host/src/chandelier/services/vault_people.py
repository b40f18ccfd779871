"""People's data keys: made when needed, wrapped in the database, briefly in memory, destroyed on request.

Nothing here ever takes the place of a key that exists: what cannot be unwrapped is told and left alone.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import attrs
from loguru import logger
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.clock import Clock
from chandelier.errors import ChandelierError
from chandelier.languages import Messages
from chandelier.services.cipher import Cipher, Tampered, new_key
from chandelier.services.vault_keys import KeyProblem, KeyRing, WrappingKey
from chandelier.storage.commits import after_commit
from chandelier.storage.engine import Database
from chandelier.storage.names import HOST_NAME
from chandelier.storage.tables import VaultKeyRow, VaultPersonRow

__all__ = ["DataKey", "PeopleKeys", "bound_to"]

_ = Messages(__package__)

KEPT_FOR: Final = 60.0
"""Seconds that an unwrapped data key stays in memory."""
KEPT_MOST: Final = 512
"""How many of them at most."""
READ_AGAIN_AFTER: Final = 10.0
"""Seconds before the sources of keys are read again because a key is missing."""
READ_WITHIN: Final = 15.0
"""Real seconds that reading them may take: a locked keyring waits for a person."""
_AT_ONCE: Final = 500
"""Ids in one query."""


@attrs.frozen
class DataKey:
    """One person's data key, unwrapped."""

    name: str
    person_id: int
    cipher: Cipher
    expires: float
    """When it is to be forgotten, on the clock's monotonic time."""


class PeopleKeys:
    """The data keys of one host's people."""

    def __init__(self, database: Database, clock: Clock, read: Callable[[], KeyRing]) -> None:
        """``read`` reads the key-encryption keys anew; it may block and is called in a thread."""
        self._storage = database.storage(HOST_NAME)
        self._clock = clock
        self._read = read
        self._ring = KeyRing()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self._proven: set[str] = set()
        self._kept: OrderedDict[str, DataKey] = OrderedDict()
        self.problem: str | None = None
        """Why something sealed here cannot be read, or nothing new be sealed; None when all is well."""

    @property
    def ring(self) -> KeyRing:
        """The key-encryption keys as they were read last."""
        return self._ring

    async def start(self) -> None:
        """Read the keys and look whether they fit what is stored. What is wrong is logged, not raised."""
        await self.read_keys()
        try:
            async with self._storage.read() as session:
                await self._look(session)
        except ChandelierError as error:
            logger.warning("vault: {}", error)

    async def read_keys(self) -> None:
        """Read the sources of keys anew."""
        self._read_at = self._clock.monotonic()
        try:
            async with asyncio.timeout(READ_WITHIN):
                self._ring = await asyncio.to_thread(self._read)
        except TimeoutError:
            why = f"the keys were not read within {READ_WITHIN:.0f} seconds: is the keyring locked?"
            self._ring = KeyRing(self._ring.keys, (why,))
        self._proven.clear()
        self.problem = None  # until it shows again
        for problem in self._ring.problems:
            logger.warning("vault: {}", problem)

    async def _look(self, session: AsyncSession) -> None:
        used = set(await session.scalars(select(VaultPersonRow.wrapped_by).distinct()))
        try:
            for key_id in sorted(used):
                await self.wrapping_key(key_id, session)
            if self._ring.problems and (used or not self._ring.keys):
                raise KeyProblem(self._ring.problems[0])
        except KeyProblem as problem:
            self.problem = str(problem)
            raise
        self.problem = None

    # ---- key-encryption keys

    async def wrapping_key(self, key_id: str, session: AsyncSession) -> WrappingKey:
        """The key of an id, proven to be the one that was used here. Raises KeyProblem when there is none."""
        key = await self._proved(key_id, session)
        if key is None:
            await self._read_again()
            key = await self._proved(key_id, session)
        if key is not None:
            return key
        if self._ring.get(key_id) is not None:
            raise self._trouble(
                _(
                    "The vault's key {key} is not the one that protects what is stored here. Nothing is "
                    "lost: the bot's owner has to give the right one (chandelier vault status).",
                    key=key_id,
                )
            )
        raise self._trouble(
            _(
                "The vault's key {key}, which protects this data, is missing. Nothing is lost: the bot's "
                "owner has to give it again (chandelier vault status).",
                key=key_id,
            )
        )

    async def first_key(self, session: AsyncSession) -> WrappingKey:
        """The key that wraps new data keys; used here for the first time only when no other is missing.

        Otherwise a bot that was started with a new key by mistake would go on with it, and nobody would
        notice that everything from before is out of reach.
        """
        key = self._ring.first
        if key is None:
            await self._read_again()
            key = self._ring.first
        if key is None:
            raise self._trouble(
                _(
                    "The vault has no key that can be used, so nothing can be kept in it. The bot's owner "
                    "sees why with chandelier vault status."
                )
            )
        if await session.get(VaultKeyRow, key.key_id) is None:
            for used in await session.scalars(select(VaultPersonRow.wrapped_by).distinct()):
                await self.wrapping_key(used, session)
            insert = self._storage.insert(VaultKeyRow).values(
                key_id=key.key_id, check_value=key.check, first_used_at=self._clock.now()
            )
            await session.execute(insert.on_conflict_do_nothing(index_elements=["key_id"]))
        return await self.wrapping_key(key.key_id, session)

    async def _proved(self, key_id: str, session: AsyncSession) -> WrappingKey | None:
        key = self._ring.get(key_id)
        if key is None or key_id in self._proven:
            return key
        check = await session.scalar(select(VaultKeyRow.check_value).where(VaultKeyRow.key_id == key_id))
        if check is None or not hmac.compare_digest(check, key.check):
            return None
        self._proven.add(key_id)
        return key

    async def _read_again(self) -> None:
        """Look whether the keys were changed where they are kept, now and then."""
        async with self._reading:
            now = self._clock.monotonic()
            if self._read_at is None or now - self._read_at >= READ_AGAIN_AFTER:
                await self.read_keys()

    def _trouble(self, text: str) -> KeyProblem:
        if self.problem != text:
            logger.error("vault: {}", text)
        self.problem = text
        return KeyProblem(text)

    # ---- data keys

    async def keys_for_sealing(self, people: Collection[int], session: AsyncSession) -> Mapping[int, DataKey]:
        """The data keys of people, made where there is none.

        The rows are locked, so that nobody seals with a key that is being destroyed.
        """
        rows = await self._locked(people, session)
        missing = sorted(set(people) - rows.keys())
        if missing:
            first = await self.first_key(session)
            for (
                person_id
            ) in missing:  # in order: two transactions that make the same keys never wait in a ring
                await session.execute(self._new(person_id, first))
            rows.update(await self._locked(missing, session))
        return {person_id: await self._unwrap(row, session) for person_id, row in rows.items()}

    def cached(self, names: Iterable[str]) -> dict[str, DataKey | ChandelierError]:
        """Those of the data keys that are in memory."""
        now = self._clock.monotonic()
        for name in [name for name, key in self._kept.items() if key.expires <= now]:
            del self._kept[name]
        return {name: self._kept[name] for name in names if name in self._kept}

    async def keys_for_opening(
        self, names: Collection[str], session: AsyncSession
    ) -> dict[str, DataKey | ChandelierError]:
        """Data keys by name, or why one cannot be had; without those that were destroyed."""
        found: dict[str, DataKey | ChandelierError] = {}
        for some in _chunks(sorted(names)):
            query = select(VaultPersonRow).where(VaultPersonRow.data_key.in_(some))
            for row in (await session.scalars(query.execution_options(populate_existing=True))).all():
                try:
                    found[row.data_key] = await self._unwrap(row, session)
                except ChandelierError as problem:
                    found[row.data_key] = problem
        return found

    async def destroy(self, person_id: int, session: AsyncSession) -> bool:
        """Destroy a person's data key with the transaction; False when they have none."""
        gone = await session.execute(
            delete(VaultPersonRow)
            .where(VaultPersonRow.person_id == person_id)
            .returning(VaultPersonRow.data_key)
            .execution_options(synchronize_session=False)
        )
        destroyed = gone.first() is not None
        self.forget(person_id)
        after_commit(session, lambda: self.forget(person_id))  # someone may have read it again meanwhile
        return destroyed

    def forget(self, person_id: int) -> None:
        """Take a person's key out of memory."""
        for name in [name for name, key in self._kept.items() if key.person_id == person_id]:
            del self._kept[name]

    async def _locked(self, people: Iterable[int], session: AsyncSession) -> dict[int, VaultPersonRow]:
        rows: dict[int, VaultPersonRow] = {}
        for some in _chunks(sorted(people)):
            query = select(VaultPersonRow).where(VaultPersonRow.person_id.in_(some))
            query = query.order_by(VaultPersonRow.person_id).with_for_update(read=True, key_share=True)
            found = await session.scalars(query.execution_options(populate_existing=True))
            rows.update({row.person_id: row for row in found})
        return rows

    def _new(self, person_id: int, first: WrappingKey) -> Any:
        name = os.urandom(8).hex()
        wrapped = first.wrap(new_key(), bound_to(person_id, name, first.key_id))
        insert = self._storage.insert(VaultPersonRow).values(
            person_id=person_id,
            data_key=name,
            wrapped_by=first.key_id,
            wrapped=wrapped,
            created_at=self._clock.now(),
        )
        # Whoever was there first, here or in another process, has made the one key of this person.
        return insert.on_conflict_do_nothing(index_elements=["person_id"])

    async def _unwrap(self, row: VaultPersonRow, session: AsyncSession) -> DataKey:
        known = self.cached([row.data_key]).get(row.data_key)
        if isinstance(known, DataKey):
            return known
        wrapping = await self.wrapping_key(row.wrapped_by, session)
        try:
            key = DataKey(
                row.data_key,
                row.person_id,
                Cipher(wrapping.unwrap(row.wrapped, bound_to(row.person_id, row.data_key, row.wrapped_by))),
                self._clock.monotonic() + KEPT_FOR,
            )
        except Tampered:
            raise self._trouble(
                _(
                    "The stored key of the person {person} is damaged. What was sealed for them can be read "
                    "again when the bot's owner puts a backup of the database back.",
                    person=row.person_id,
                )
            ) from None
        self._kept[key.name] = key
        while len(self._kept) > KEPT_MOST:
            self._kept.popitem(last=False)
        return key


def bound_to(person_id: int, data_key: str, key_id: str) -> bytes:
    """What a wrapped data key belongs to: it cannot be given to another person."""
    return f"chandelier vault 1:{person_id}:{data_key}:{key_id}".encode()


def _chunks(items: list[Any]) -> Iterable[list[Any]]:
    return (items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE))
