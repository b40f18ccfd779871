"""What is stored about a person, wherever it is: told, exported and erased, plugin by plugin.

An erasure is a row before anything is erased, with a part for each plugin. A part that cannot be done now
because its plugin fails, rests, is switched off or uninstalled is done when it can be, however long it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs
from loguru import logger
from sqlalchemy import delete, func, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.languages import Message, Messages
from chandelier.personal import AskedBy, Erasure, Kept, PersonalDataSource, PersonalExport
from chandelier.plugin import PersonalData
from chandelier.record import State
from chandelier.services.acting import Actor
from chandelier.services.due import PluginNotRunning, reason
from chandelier.services.export_files import LARGEST, pack
from chandelier.services.pace import Pace
from chandelier.services.scheduler import Timer
from chandelier.storage.names import HOST_NAME, owners
from chandelier.storage.tables import ErasurePartRow, ErasureRow

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["ERASE", "Account", "Collected", "Holding", "OpenErasure", "Part", "Privacy"]

_ = Messages(__package__)

ERASE: Final = "chandelier.erase"
"""The kind of the host's own timers with which plugins' parts of erasures are carried out."""
OWN: Final = "core"
"""Under this name the host's own part is accounted for: that of the plugin with its commands."""

_CANNOT: Final = Kept(
    count=0,
    what=_("what this plugin stores about you"),
    why=_("it has no way to erase it; ask the bot's owner"),
)
_GRACE: Final = timedelta(minutes=1)
"""How long an erasure has at once, before its timers take over."""
_ACCOUNTS_KEPT: Final = timedelta(days=365)
_ERASE_HOOK: Final = "chandelier_erase_person"
_EXPORT_HOOK: Final = "chandelier_export_person"


@attrs.frozen(kw_only=True)
class Holding:
    """What one plugin holds about a person now."""

    plugin: str
    kinds: tuple[PersonalData, ...]
    """What it says that it stores."""
    count: int | None
    """Records about this person; None when it cannot be asked."""
    problem: str | None = None


@attrs.frozen(kw_only=True)
class Collected:
    """A person's export."""

    user_id: int
    document: Mapping[str, Any]
    files: Mapping[str, bytes]
    missing: Mapping[str, str]
    """Plugins that could not be asked, and why; they are named in the document, too."""

    async def pack(self, largest: int = LARGEST) -> list[tuple[str, bytes]]:
        """(file name, content), none larger than ``largest`` bytes."""
        name = f"my-data-{self.user_id}"
        return await asyncio.to_thread(pack, name, self.document, self.files, largest=largest)


@attrs.frozen(kw_only=True)
class Part:
    """What came of one plugin's part of an erasure."""

    plugin: str
    erased: int = 0
    kept: tuple[Kept, ...] = ()
    problem: str | None = None
    """Why it is not done yet, for the owner; None when it is."""
    waits: bool = False
    """It is not done because the plugin does not run, and not because it failed."""


@attrs.frozen(kw_only=True)
class Account:
    """What came of an erasure so far."""

    reference: str
    parts: tuple[Part, ...]

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return all(part.problem is None for part in self.parts)


@attrs.frozen(kw_only=True)
class OpenErasure:
    """An erasure of which something is left to do."""

    reference: str
    user_id: int
    asked_at: datetime
    plugins: tuple[str, ...]
    problems: Mapping[str, str]


class Privacy:
    """The host's answers to what people may ask about their data."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._sources: list[PersonalDataSource] = []
        self.looks = Pace(host.clock, 10, 600)
        """How often a person may look: in seconds."""
        self.heavy = Pace(host.clock, 3, 3600)
        """How often they may have everything exported or erased."""

    def add(self, source: PersonalDataSource) -> None:
        """Let one of the host's own services take part in exports and erasures."""
        self._sources.append(source)

    # ---- told and exported

    async def holdings(self, user_id: int) -> list[Holding]:
        """What every plugin holds about a person; those that hold nothing and never would are left out."""
        collected = await self.export(user_id)
        plugins: Mapping[str, Any] = collected.document["plugins"]
        found: list[Holding] = []
        for name, record in sorted(self._host.lifecycle.records.items()):
            stated = record.description.manifest.personal_data if record.description is not None else ()
            kinds = tuple(_readable(kind, record.candidate.package) for kind in stated)
            count = None if name in collected.missing else _count(plugins.get(name))
            if kinds or count:
                found.append(
                    Holding(plugin=name, kinds=kinds, count=count, problem=collected.missing.get(name))
                )
        known = {one.plugin for one in found}
        strangers = sorted(collected.missing.keys() - known)
        return found + [
            Holding(plugin=name, kinds=(), count=None, problem=collected.missing[name]) for name in strangers
        ]

    async def export(self, user_id: int) -> Collected:
        """Everything that is stored about a person, from everybody who can be asked."""
        plugins: dict[str, Any] = {}
        files: dict[str, bytes] = {}
        missing: dict[str, str] = {}
        for name in await self._concerned():
            try:
                if (why := self._why_not(name)) is not None:
                    raise PluginNotRunning(why)
                given = await self._exported(name, user_id)
            except PluginNotRunning as error:
                missing[name] = str(error)
            except Exception as error:  # noqa: BLE001 - contained: the others' data is given all the same
                self._host.containment.failed(name, f"hook {_EXPORT_HOOK}", error)
                missing[name] = reason(error)
            else:
                if given.data:
                    plugins[name] = dict(given.data)
                files.update({f"{name}/{path}": content for path, content in given.files.items()})
        document = {
            "person": str(user_id),
            "exported_at": self._host.clock.now().isoformat(),
            "plugins": plugins,
            **({"not_asked": missing} if missing else {}),
        }
        return Collected(user_id=user_id, document=document, files=files, missing=missing)

    async def _exported(self, name: str, user_id: int) -> PersonalExport:
        given = await self._host.hooks.call(name, _EXPORT_HOOK, user_id=user_id)
        export = given if isinstance(given, PersonalExport) else PersonalExport(data=given or {})
        if not isinstance(export.data, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - it may not be
            raise TypeError(
                f"{_EXPORT_HOOK} of plugin {name} returned {type(export.data).__name__}, no mapping"
            )
        data = dict(export.data)
        if name == OWN:
            async with self._host.database.read() as session:
                for source in self._sources:
                    if own := await source.export_person(user_id, session):
                        data[source.name] = own
        return attrs.evolve(export, data=data)

    # ---- erased

    async def erase(self, user_id: int, by: AskedBy) -> Account:
        """Erase everything about a person that need not be kept; what cannot be done now is done later.

        Their key in the vault is destroyed with the row that says that an erasure was asked for, so what was
        sealed for them is unreadable from then on, whoever holds it.
        """
        host, now = self._host, self._host.clock.now()
        names = await self._concerned()
        async with host.database.transaction() as session:
            row = ErasureRow(person_id=user_id, asked_by=by, asked_at=now)
            session.add(row)
            await session.flush()
            for name in names:
                session.add(ErasurePartRow(erasure_id=row.id, plugin=name))
                await host.scheduler.timers(name).schedule(
                    ERASE, key=str(row.id), due=now + _GRACE, payload={"erasure": row.id}, session=session
                )
            await host.vault.destroy(user_id, session)
            # Without the person: the log must not keep what is erased.
            who = Actor("erased") if by == "person" else None
            await host.audit.record("data.erase", subject=row.reference, actor=who, session=session)
        host.languages.forget_person(user_id)
        logger.info("erasure {} of a person's data was asked for by the {}", row.reference, by)
        parts = [await self._try(row.id, name, user_id, by) for name in names]
        return Account(reference=row.reference, parts=tuple(parts))

    async def carry_on(self, plugin: str, timer: Timer) -> None:
        """Do a part that is left; raises what keeps it from being done, and then it is tried again."""
        await self._host.containment.run(OWN, "erasure", self._carry_on(plugin, timer.payload["erasure"]))

    async def open(self, user_id: int | None = None) -> list[OpenErasure]:
        """Erasures of which something is left to do, the oldest first; one person's or all."""
        left = select(ErasureRow, ErasurePartRow).join(
            ErasurePartRow, ErasurePartRow.erasure_id == ErasureRow.id
        )
        left = left.where(ErasurePartRow.done_at.is_(None), ErasureRow.person_id.is_not(None))
        if user_id is not None:
            left = left.where(ErasureRow.person_id == user_id)
        found: dict[int, tuple[ErasureRow, list[ErasurePartRow]]] = {}
        async with self._host.database.read() as session:
            for row, part in await session.execute(left.order_by(ErasureRow.id, ErasurePartRow.plugin)):
                found.setdefault(row.id, (row, []))[1].append(part)
        return [
            OpenErasure(
                reference=row.reference,
                user_id=row.person_id or 0,
                asked_at=row.asked_at,
                plugins=tuple(part.plugin for part in parts),
                problems={part.plugin: part.problem for part in parts if part.problem},
            )
            for row, parts in found.values()
        ]

    async def tidy(self) -> None:
        """Forget the accounts of erasures that were done long ago."""
        old = select(ErasureRow.id).where(ErasureRow.done_at < self._host.clock.now() - _ACCOUNTS_KEPT)
        async with self._host.database.transaction() as session:
            ids = list(await session.scalars(old))
            for table, column in ((ErasurePartRow, ErasurePartRow.erasure_id), (ErasureRow, ErasureRow.id)):
                await session.execute(delete(table).where(column.in_(ids)))

    async def _try(self, erasure: int, name: str, user_id: int, by: AskedBy) -> Part:
        try:
            done = await self._do(erasure, name, user_id, by)
        except PluginNotRunning as error:
            return Part(plugin=name, problem=await self._note(erasure, name, str(error)), waits=True)
        except Exception as error:  # noqa: BLE001 - contained: the others' parts are done all the same
            self._host.containment.failed(name, f"hook {_ERASE_HOOK}", error)
            return Part(plugin=name, problem=await self._note(erasure, name, reason(error)))
        return Part(plugin=name, erased=done.erased, kept=done.kept)

    async def _carry_on(self, name: str, erasure: int) -> None:
        async with self._host.database.read() as session:
            row = await session.get(ErasureRow, erasure)
            part = await session.get(ErasurePartRow, (erasure, name))
        if row is None or row.person_id is None or part is None or part.done_at is not None:
            return
        try:
            await self._do(erasure, name, row.person_id, "owner" if row.asked_by == "owner" else "person")
        except Exception as error:
            await self._note(erasure, name, reason(error))
            raise

    async def _do(self, erasure: int, name: str, user_id: int, by: AskedBy) -> Erasure:
        """One part, to its account. Raises PluginNotRunning when there is nobody to do it."""
        done = Erasure()
        if (why := self._why_not(name)) is None:
            given = await self._host.hooks.call(name, _ERASE_HOOK, user_id=user_id, by=by)
            done = _as_erasure(given, name)
            if name != OWN and name not in self._host.hooks.implemented_by(_ERASE_HOOK):
                done = Erasure(kept=(_CANNOT,))
        elif name in self._host.lifecycle.records or name in await self._stored():
            raise PluginNotRunning(why)
        async with self._host.database.transaction() as session:
            for source in self._sources if name == OWN else ():
                own = await source.erase_person(user_id, by, session)
                done = Erasure(erased=done.erased + own.erased, kept=(*done.kept, *own.kept))
            await self._account(erasure, name, done, session)
        return done

    async def _account(self, erasure: int, name: str, done: Erasure, session: AsyncSession) -> None:
        now = self._host.clock.now()
        kept = [{"count": one.count, "what": str(one.what), "why": str(one.why)} for one in done.kept]
        await session.execute(
            _part(erasure, name).values(erased=done.erased, kept=kept, problem=None, done_at=now)
        )
        await self._host.scheduler.timers(name).cancel(ERASE, str(erasure), session=session)
        left = select(func.count()).where(
            ErasurePartRow.erasure_id == erasure, ErasurePartRow.done_at.is_(None)
        )
        if not await session.scalar(left):
            # What stays is that something was erased, and not of whom.
            row = update(ErasureRow).where(ErasureRow.id == erasure).values(person_id=None, done_at=now)
            await session.execute(row.execution_options(synchronize_session=False))

    async def _note(self, erasure: int, name: str, problem: str) -> str:
        async with self._host.database.transaction() as session:
            await session.execute(_part(erasure, name).values(problem=problem))
        return problem

    # ---- who is concerned

    async def _concerned(self) -> list[str]:
        """Plugins that may hold something: those that say so, those that cannot be asked but have tables."""
        stored = await self._stored()
        names = {OWN}
        for name, record in self._host.lifecycle.records.items():
            if record.description is not None:
                hooks = self._host.hooks
                says = any(name in hooks.implemented_by(hook) for hook in (_ERASE_HOOK, _EXPORT_HOOK))
                if says or record.description.manifest.personal_data:
                    names.add(name)
            elif name in stored:
                names.add(name)
        names |= stored - self._host.lifecycle.records.keys()
        return sorted(names, key=lambda name: (name != OWN, name))

    async def _stored(self) -> set[str]:
        """Plugins that have tables, installed or not."""
        async with self._host.database.connect() as connection:
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        return set(owners(tables)) - {HOST_NAME}

    def _why_not(self, name: str) -> str | None:
        """Why a plugin cannot be asked now; None when it can."""
        if name == OWN:
            return None
        record = self._host.lifecycle.records.get(name)
        if record is None:
            return "it is not installed, or left out, but its data is still there"
        # Set up without being connected is enough for its own data: the command line does no more.
        if record.active or record.state is State.SET_UP:
            return None
        return f"it does not run now ({record.state}{': ' + record.reason if record.reason else ''})"


def _part(erasure: int, name: str) -> Any:
    mine = (ErasurePartRow.erasure_id == erasure, ErasurePartRow.plugin == name)
    return update(ErasurePartRow).where(*mine).execution_options(synchronize_session=False)


def _as_erasure(given: Any, name: str) -> Erasure:
    if isinstance(given, Erasure):
        return given
    if given is None or isinstance(given, int):
        return Erasure(erased=int(given or 0))
    raise TypeError(f"{_ERASE_HOOK} of plugin {name} returned {given!r}; return a number or an Erasure")


def _readable(kind: PersonalData, package: str) -> PersonalData:
    """What a plugin says in plain literals, as messages of its package, so that its translations are used."""
    messages = Messages(package)

    def message(text: str) -> str:
        return text if isinstance(text, Message) else messages(text)

    return PersonalData(
        what=message(kind.what),
        why=message(kind.why),
        kept=message(kind.kept),
        on_erasure=message(kind.on_erasure) if kind.on_erasure else "",
    )


def _count(data: Any) -> int:
    """How many records an export holds: the elements of its lists, and everything else that is not empty."""
    if not isinstance(data, Mapping):
        return 0
    values: Sequence[Any] = list(data.values())
    return sum(len(value) if isinstance(value, list) else int(bool(value)) for value in values)
