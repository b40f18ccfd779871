"""A guild's own rules: which roles and members have a capability, and which have it not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal, cast

import attrs
import hikari
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.services.access import Person
from chandelier.services.audit import AuditLog
from chandelier.storage.commits import after_commit
from chandelier.storage.engine import Database
from chandelier.storage.names import HOST_NAME
from chandelier.storage.tables import AccessRuleRow

__all__ = ["STALE_AFTER", "AccessRules", "Rule", "Subject", "deciding"]

STALE_AFTER: Final = 30.0
"""Seconds after which a guild's rules are read again: so long a change made by another process may go unseen.

A change made by this process is seen at once.
"""

SubjectKind = Literal["role", "member"]


@attrs.frozen
class Subject:
    """Whom a rule is about. The role @everyone has the guild's id."""

    kind: SubjectKind
    id: int

    @property
    def mention(self) -> str:
        """As Discord shows it; for @everyone see `Rule.who`."""
        return f"<@&{self.id}>" if self.kind == "role" else f"<@{self.id}>"


@attrs.frozen(kw_only=True)
class Rule:
    """One rule of a guild."""

    guild_id: int
    capability: str
    subject: Subject
    allowed: bool
    changed_by: int | None
    changed_at: datetime

    @property
    def who(self) -> str:
        """Whom it is about, as Discord shows it."""
        return "@everyone" if self.subject.id == self.guild_id else self.subject.mention

    def concerns(self, person: Person) -> bool:
        """Whether it is about this person."""
        if self.subject.kind == "member":
            return self.subject.id == person.user_id
        return self.subject.id == self.guild_id or self.subject.id in person.role_ids


def deciding(rules: Iterable[Rule], person: Person, capability: str) -> list[Rule]:
    """The rules about a person and a capability, those that deny first: the first one decides."""
    found = [rule for rule in rules if rule.capability == capability and rule.concerns(person)]
    return sorted(found, key=lambda rule: (rule.allowed, rule.subject.kind, rule.subject.id))


@attrs.frozen
class _Kept:
    rules: tuple[Rule, ...]
    read_at: float
    """In seconds of the clock that only goes forward."""


class AccessRules:
    """The rules of every guild: read once, kept for `STALE_AFTER` seconds or until they change."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        *,
        guild_owner: Callable[[int], Awaitable[int | None]],
    ) -> None:
        """``guild_owner`` tells who owns a guild; it is asked only when a rule denies an administrator."""
        self._storage = database.storage(HOST_NAME)
        self._clock = database.clock
        self._audit = audit
        self._guild_owner = guild_owner
        self._kept: dict[int, _Kept] = {}
        self._changes = 0

    async def of(self, guild_id: int) -> tuple[Rule, ...]:
        """A guild's rules, ordered by capability; they may be `STALE_AFTER` seconds old."""
        now = self._clock.monotonic()
        kept = self._kept.get(guild_id)
        if kept is not None and now - kept.read_at < STALE_AFTER:
            return kept.rules
        changes = self._changes
        async with self._storage.read() as session:
            rules = await self.read(guild_id, session)
        if changes == self._changes:  # else what was read may be what was before the change
            self._kept[guild_id] = _Kept(rules, now)
        return rules

    async def read(self, guild_id: int, session: AsyncSession) -> tuple[Rule, ...]:
        """A guild's rules as they are now, in a transaction: for changing them."""
        query = select(AccessRuleRow).where(AccessRuleRow.guild_id == guild_id)
        rows = await session.scalars(query.execution_options(populate_existing=True))
        return tuple(sorted((_rule(row) for row in rows), key=_order))

    async def decide(self, person: Person, capability: str) -> bool | None:
        """What the rules say: True allows, False denies (deny wins), None leaves it to Discord's permissions.

        They never deny a guild's owner, who could not be let in again by anybody.
        """
        rules = deciding(await self.of(person.guild_id), person, capability)
        if not rules:
            return None
        if not rules[0].allowed and await self.is_guild_owner(person):
            return None
        return rules[0].allowed

    async def is_guild_owner(self, person: Person) -> bool:
        """Whether the guild is theirs; only who has every permission is looked into."""
        if hikari.Permissions.ADMINISTRATOR not in person.permissions:
            return False
        return await self._guild_owner(person.guild_id) == person.user_id

    async def set(
        self,
        guild_id: int,
        capability: str,
        subject: Subject,
        *,
        allowed: bool,
        by: int,
        session: AsyncSession,
    ) -> None:
        """Make or replace a rule, and write it down in the audit log."""
        key = (guild_id, capability, subject.kind, subject.id)
        row = await session.get(AccessRuleRow, key, populate_existing=True)
        before = None if row is None else _word(row.allowed)
        changed = {"allowed": allowed, "changed_by": by, "changed_at": self._clock.now()}
        insert = self._storage.insert(AccessRuleRow).values(
            guild_id=guild_id,
            capability=capability,
            subject_kind=subject.kind,
            subject_id=subject.id,
            **changed,
        )
        named = ["guild_id", "capability", "subject_kind", "subject_id"]
        await session.execute(insert.on_conflict_do_update(index_elements=named, set_=changed))
        await self._note(guild_id, capability, subject, before, _word(allowed), session)

    async def remove(self, guild_id: int, rules: Sequence[Rule], *, session: AsyncSession) -> None:
        """Take rules away, and write it down in the audit log."""
        for rule in rules:
            await session.execute(
                delete(AccessRuleRow)
                .where(
                    AccessRuleRow.guild_id == guild_id,
                    AccessRuleRow.capability == rule.capability,
                    AccessRuleRow.subject_kind == rule.subject.kind,
                    AccessRuleRow.subject_id == rule.subject.id,
                )
                .execution_options(synchronize_session=False)
            )
            await self._note(guild_id, rule.capability, rule.subject, _word(rule.allowed), None, session)

    async def forget(self, guild_id: int, subjects: Iterable[Subject]) -> int:
        """Take away the rules of roles that were deleted and the permissions of members who left.

        What was denied to a member stays denied: leaving and coming back must not lift it.
        """
        gone = set(subjects)
        async with self._storage.transaction() as session:
            rules = [
                rule
                for rule in await self.read(guild_id, session)
                if rule.subject in gone and (rule.subject.kind == "role" or rule.allowed)
            ]
            await self.remove(guild_id, rules, session=session)
        return len(rules)

    async def guilds(self) -> list[int]:
        """The guilds that have rules."""
        async with self._storage.read() as session:
            return list(await session.scalars(select(AccessRuleRow.guild_id).distinct()))

    # ---- people

    async def export_person(self, user_id: int) -> list[dict[str, Any]]:
        """The rules about a person, in every guild, and those that they made."""
        query = select(AccessRuleRow).where(_about(user_id) | (AccessRuleRow.changed_by == user_id))
        async with self._storage.read() as session:
            return [
                {
                    "guild_id": str(row.guild_id),
                    "capability": row.capability,
                    row.subject_kind: str(row.subject_id),
                    "rule": _word(row.allowed),
                    "made_by_you": row.changed_by == user_id,
                    "at": row.changed_at.isoformat(),
                }
                for row in await session.scalars(query.order_by(AccessRuleRow.guild_id))
            ]

    async def erase_person(self, user_id: int, *, session: AsyncSession | None = None) -> int:
        """Forget what a person was allowed, and that they made rules; returns how many rules changed.

        What was denied to them stays: a server must not have to let somebody in again because they asked to
        be forgotten.
        """
        if session is None:
            async with self._storage.transaction() as own:
                return await self.erase_person(user_id, session=own)
        mine = delete(AccessRuleRow).where(_about(user_id), AccessRuleRow.allowed)
        made = update(AccessRuleRow).where(AccessRuleRow.changed_by == user_id).values(changed_by=None)
        erased = 0
        for statement in (mine, made):
            done = await session.execute(
                statement.returning(AccessRuleRow.guild_id).execution_options(synchronize_session=False)
            )
            erased += len(done.all())
        after_commit(session, self._forget_all)
        return erased

    async def _note(
        self,
        guild_id: int,
        capability: str,
        subject: Subject,
        before: str | None,
        after: str | None,
        session: AsyncSession,
    ) -> None:
        after_commit(session, lambda: self._forget(guild_id))
        member = subject.kind == "member"
        # No words, since readers of any language see it; a member is in ``about``, which an erasure empties.
        of = "" if member else " @everyone" if subject.id == guild_id else f" {subject.mention}"
        await self._audit.record(
            "access.remove" if after is None else f"access.{after}",
            plugin="core",
            subject=f"{capability}{of}",
            before=before,
            after=after,
            guild_id=guild_id,
            about=subject.id if member else None,
            session=session,
        )

    def _forget(self, guild_id: int) -> None:
        self._changes += 1
        self._kept.pop(guild_id, None)

    def _forget_all(self) -> None:
        self._changes += 1
        self._kept.clear()


def _order(rule: Rule) -> tuple[str, bool, str, int]:
    return rule.capability, rule.allowed, rule.subject.kind, rule.subject.id


def _about(user_id: int) -> Any:
    return (AccessRuleRow.subject_kind == "member") & (AccessRuleRow.subject_id == user_id)


def _word(allowed: bool) -> str:
    return "allow" if allowed else "deny"


def _rule(row: AccessRuleRow) -> Rule:
    return Rule(
        guild_id=row.guild_id,
        capability=row.capability,
        subject=Subject(cast("SubjectKind", row.subject_kind), row.subject_id),
        allowed=row.allowed,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
