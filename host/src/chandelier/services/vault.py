"""The vault: what a plugin seals for a person can be read only with that person's key, until it is destroyed.

Each person has a data key, which is stored wrapped by a key-encryption key that the database does not have
(`vault_keys`). What is sealed names its data key and is bound to plugin, person, table, row and field, so
it cannot be moved. Destroying the data key makes all of it unreadable, wherever it is (crypto-shredding).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

import attrs
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.errors import ChandelierError, InvalidRequest
from chandelier.languages import Messages
from chandelier.services.cipher import Tampered
from chandelier.services.vault_people import DataKey, PeopleKeys
from chandelier.storage.engine import Storage

__all__ = ["OpenedValue", "Row", "SealBroken", "SealErased", "SealedValue", "Vault"]

_ = Messages(__package__)

Row = int | str | tuple[int | str, ...]
"""What names a row: its primary key."""

VERSION: Final = 1
"""The first byte of everything sealed: how the rest is to be read."""
_HEAD: Final = 9
"""Bytes before the nonce: the version, and the name of the data key."""
_BYTES, _JSON = b"\x00", b"\x01"


class SealBroken(ChandelierError):
    """What was sealed was damaged, tampered with, or moved to another person, table, row or field."""


class SealErased(InvalidRequest):
    """The person's key is gone: they had their data erased, and this can never be read again."""


@attrs.frozen(kw_only=True)
class SealedValue:
    """Something sealed, or to be sealed, and where it belongs."""

    person_id: int
    value: Any
    """Sealed bytes to open; or what is to be sealed: JSON-ready data, or bytes."""
    table: str
    row: Row
    field: str


@attrs.frozen(kw_only=True)
class OpenedValue:
    """What came out of the vault: the value, or why it cannot be read."""

    value: Any = None
    problem: ChandelierError | None = None
    """A SealErased, SealBroken or ServiceUnavailable."""


class Vault:
    """One plugin's way to the vault.

    Everything here raises ServiceUnavailable when the key it needs is missing or wrong; nothing is lost then.
    """

    def __init__(self, plugin: str, people: PeopleKeys, storage: Storage) -> None:
        self._plugin = plugin
        self._people = people
        self._storage = storage

    @property
    def problem(self) -> str | None:
        """Why the vault cannot be used at the moment, for a plugin's health; None when it can."""
        return self._people.problem

    async def seal(
        self,
        person_id: int,
        value: Any,
        *,
        table: str,
        row: Row,
        field: str,
        session: AsyncSession | None = None,
    ) -> bytes:
        """Seal JSON-ready data, or bytes, for a person; keep the result in a LargeBinary column.

        ``table``, ``row`` (its primary key) and ``field`` are where it is kept: it opens only there. With
        ``session`` a person's first key is made in that transaction, and an erasure waits for its end.
        Raises TypeError or ValueError for a value that is neither.
        """
        item = SealedValue(person_id=person_id, value=value, table=table, row=row, field=field)
        [sealed] = await self.seal_all([item], session=session)
        return sealed

    async def seal_all(
        self, items: Sequence[SealedValue], *, session: AsyncSession | None = None
    ) -> list[bytes]:
        """The same for many at once, with one query for all of them; the results are in their order."""
        plain = [_plain(item.value) for item in items]
        async with self._session(session, write=True) as own:
            keys = await self._people.keys_for_sealing({item.person_id for item in items}, own)
        return [
            _seal(keys[item.person_id], value, self._bound(item, keys[item.person_id]))
            for item, value in zip(items, plain, strict=True)
        ]

    async def open(
        self,
        person_id: int,
        sealed: bytes,
        *,
        table: str,
        row: Row,
        field: str,
        session: AsyncSession | None = None,
    ) -> Any:
        """What was sealed. Raises SealErased when the person's key was destroyed, SealBroken when it is not
        what was sealed for this person, table, row and field."""
        item = SealedValue(person_id=person_id, value=sealed, table=table, row=row, field=field)
        [opened] = await self.open_all([item], session=session)
        if opened.problem is not None:
            raise opened.problem
        return opened.value

    async def open_all(
        self, items: Sequence[SealedValue], *, session: AsyncSession | None = None
    ) -> list[OpenedValue]:
        """The same for many at once, with one query at most; one that cannot be read costs no other.

        The results are in the order of ``items``.
        """
        names = {name for item in items if (name := _data_key_name(item.value)) is not None}
        found: Mapping[str, DataKey | ChandelierError] = self._people.cached(names)
        if missing := names - found.keys():
            async with self._session(session, write=False) as own:
                found = {**found, **await self._people.keys_for_opening(missing, own)}
        return [self._open(item, found) for item in items]

    def _session(
        self, session: AsyncSession | None, *, write: bool
    ) -> AbstractAsyncContextManager[AsyncSession]:
        if session is not None:
            return nullcontext(session)
        return self._storage.transaction() if write else self._storage.read()

    def _open(self, item: SealedValue, found: Mapping[str, DataKey | ChandelierError]) -> OpenedValue:
        name = _data_key_name(item.value)
        if name is None:
            return OpenedValue(problem=SealBroken(f"{self._where(item)} holds nothing that was sealed"))
        key = found.get(name)
        if key is None:
            return OpenedValue(problem=SealErased(_("This was erased at the person's request.")))
        if isinstance(key, ChandelierError):
            return OpenedValue(problem=key)
        if key.person_id != item.person_id:
            return OpenedValue(problem=SealBroken(f"{self._where(item)} was sealed for somebody else"))
        try:
            return OpenedValue(value=_value(key.cipher.decrypt(item.value[_HEAD:], self._bound(item, key))))
        except Tampered:
            return OpenedValue(
                problem=SealBroken(
                    f"{self._where(item)} was damaged, changed, or sealed for another place; "
                    "put a backup of it back"
                )
            )

    def _where(self, item: SealedValue) -> str:
        return f"{item.table}.{item.field} of row {item.row!r}"

    def _bound(self, item: SealedValue, key: DataKey) -> bytes:
        """What is not secret but must match; JSON tells 1 from "1" and leaves no doubt where a part ends."""
        row = list(item.row) if isinstance(item.row, tuple) else item.row
        parts = [VERSION, key.name, self._plugin, item.person_id, item.table, row, item.field]
        return json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()


def _seal(key: DataKey, plain: bytes, bound_to: bytes) -> bytes:
    return bytes([VERSION]) + bytes.fromhex(key.name) + key.cipher.encrypt(plain, bound_to)


def _data_key_name(sealed: object) -> str | None:
    """The name of the data key that sealed something; None when nothing of ours did."""
    if not isinstance(sealed, bytes | bytearray | memoryview):
        return None
    head = bytes(sealed[:_HEAD])
    return head[1:].hex() if len(head) == _HEAD and head[0] == VERSION else None


def _plain(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return _BYTES + bytes(value)
    try:
        # ASCII: PostgreSQL never sees it, so that even half a character comes back as it was.
        return _JSON + json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError):
        # Not `from` the error and without its words: they would show what is to be kept secret.
        kind = type(value).__name__
    raise TypeError(f"a {kind} that is not JSON-ready cannot be sealed: give JSON-ready data, or bytes")


def _value(plain: bytes) -> Any:
    kind, rest = plain[:1], plain[1:]
    return rest if kind == _BYTES else json.loads(rest)
