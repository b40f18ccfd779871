"""The rules of servers as they are stored: read, added, changed, taken away, each change in the audit log."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs
from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_moderation.automod.actions import Delete, Ladder
from chandelier_moderation.automod.check import problems_of_set
from chandelier_moderation.automod.plain import from_plain, ladder_from_plain, read_toml, to_plain
from chandelier_moderation.automod.problems import BadRules, Problem
from chandelier_moderation.automod.rules import Rule, RuleSet
from chandelier_moderation.automod.triggers import Words
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.tables import StoredLadder, StoredRule

__all__ = ["SETTING", "RuleStore", "key_of", "read_file", "refusal"]

_ = chandelier.Messages("chandelier_moderation")

SETTING = "words"
"""The name of the rule that the setting ``words`` is. A stored rule of that name takes its place."""

ResultT = TypeVar("ResultT")
_QUICK = 500
"""Words that are read in a few milliseconds."""
_SUFFIXES = 1_000
"""What reading the list of public suffixes takes, as so many words do."""
_MOST_PROBLEMS = 10
"""Problems that one answer tells."""


def key_of(name: str) -> str:
    """What names that are the same have in common."""
    return " ".join(name.casefold().split())


def refusal(problems: Sequence[Problem]) -> chandelier.InvalidRequest:
    """The answer to somebody whose rules are not valid."""
    lines = [f"- {problem}" for problem in problems[:_MOST_PROBLEMS]]
    if len(problems) > _MOST_PROBLEMS:
        lines.append(_("… and {n} more", n=len(problems) - _MOST_PROBLEMS))
    return chandelier.InvalidRequest(_("Nothing was saved:\n{problems}", problems=_.join("\n", lines)))


class RuleStore:
    """Reads and writes rules; tells who keeps them ready when a server's change."""

    def __init__(
        self, ctx: chandelier.PluginContext[ModerationConfig], changed: Callable[[int], None]
    ) -> None:
        """``changed`` is called with the guild's id after each change."""
        self._ctx = ctx
        self._changed = changed
        self.broken: dict[tuple[int, str], str] = {}
        """Rules, by guild and name, that are stored but cannot be used, and why."""

    async def rules(self, guild_id: int) -> RuleSet:
        """All rules of a server in the order in which they were made, the one of its settings first."""
        async with self._ctx.storage.read() as session:
            stored = await self._stored(session, guild_id)
        setting = await self._of_settings(guild_id)
        if setting is None or any(key_of(rule.name) == SETTING for rule in stored.rules):
            return stored
        return attrs.evolve(stored, rules=(setting, *stored.rules))

    async def find(self, guild_id: int, name: str) -> Rule | None:
        """The rule of that name."""
        wanted = key_of(name)
        rules = (await self.rules(guild_id)).rules
        return next((rule for rule in rules if key_of(rule.name) == wanted), None)

    async def get(self, guild_id: int, name: str) -> Rule:
        """The rule of that name; raises InvalidRequest with names that are near when there is none."""
        rule = await self.find(guild_id, name)
        if rule is None:
            raise await self._unknown(guild_id, name)
        return rule

    async def add(self, guild_id: int, rule: Rule, by: int) -> None:
        """Store a new rule. Raises InvalidRequest when it is not valid or there is one of its name."""
        async with self._ctx.storage.transaction() as session:
            known = await self._stored(session, guild_id)
            await self._check(attrs.evolve(known, rules=(*known.rules, rule)))
            session.add(self._row(guild_id, rule, by))
            await self._ctx.audit.record(
                "rule.add", subject=rule.name, after=to_plain(rule), guild_id=guild_id, session=session
            )
        self._changed(guild_id)

    async def change(
        self, guild_id: int, name: str, change: Callable[[Rule], Rule], by: int
    ) -> tuple[Rule, Rule]:
        """Store what ``change`` makes of a rule; returns it before and after.

        The rule of the setting is stored by its first change. Raises InvalidRequest as `add`, and when there
        is no such rule.
        """
        setting = await self._of_settings(guild_id) if key_of(name) == SETTING else None
        async with self._ctx.storage.transaction() as session:
            row = await session.get(StoredRule, (guild_id, key_of(name)), with_for_update=True)
            before = setting if row is None else self._understood(row)
            if before is None:
                raise await self._unknown(guild_id, name)
            after = change(before)
            if after == before:
                return before, after
            known = await self._stored(session, guild_id)
            others = tuple(rule for rule in known.rules if key_of(rule.name) != key_of(name))
            await self._check(attrs.evolve(known, rules=(*others, after)))
            changed = self._row(guild_id, after, by)
            if row is not None:
                changed.created_at, changed.created_by = row.created_at, row.created_by
                await session.delete(row)
                await session.flush()
            session.add(changed)
            await self._ctx.audit.record(
                "rule.edit",
                subject=before.name,
                before=to_plain(before),
                after=to_plain(after),
                guild_id=guild_id,
                session=session,
            )
        self._changed(guild_id)
        return before, after

    async def delete(self, guild_id: int, name: str) -> Rule:
        """Take a rule away. Raises InvalidRequest when there is none, or it is the one of the settings."""
        rule: Rule | None = None
        async with self._ctx.storage.transaction() as session:
            row = await session.get(StoredRule, (guild_id, key_of(name)), with_for_update=True)
            if row is not None:
                rule = self._understood(row) or Rule(name=row.key, trigger=Words(words=()))
                self.broken = {place: why for place, why in self.broken.items() if place[0] != guild_id}
                await session.delete(row)
                await self._ctx.audit.record(
                    "rule.delete",
                    subject=rule.name,
                    before=to_plain(rule),
                    guild_id=guild_id,
                    session=session,
                )
        if rule is None:
            if await self.find(guild_id, name) is not None:
                raise chandelier.InvalidRequest(
                    _("This rule is the setting `words`: `/config reset` takes it away.")
                )
            raise await self._unknown(guild_id, name)
        self._changed(guild_id)
        return rule

    async def take_over(self, guild_id: int, rules: RuleSet, by: int, *, replace: bool) -> RuleSet:
        """Store rules of a file or preset; those of the same name are replaced, with ``replace`` all.

        A ladder without steps leaves the server's as it is, unless all is replaced. Returns what was there
        before. Raises InvalidRequest when they are not valid together with those that stay.
        """
        coming = {key_of(rule.name) for rule in rules.rules}
        async with self._ctx.storage.transaction() as session:
            before = await self._stored(session, guild_id)
            stay = () if replace else tuple(rule for rule in before.rules if key_of(rule.name) not in coming)
            ladder = rules.ladder if replace or rules.ladder.steps else before.ladder
            after = RuleSet(rules=(*stay, *rules.rules), ladder=ladder)
            await self._check(after)
            mine = delete(StoredRule).where(StoredRule.guild_id == guild_id)
            await session.execute(mine if replace else mine.where(StoredRule.key.in_(coming)))
            session.add_all(self._row(guild_id, rule, by) for rule in rules.rules)
            await self._write_ladder(session, guild_id, ladder)
            await self._ctx.audit.record(
                "rule.import",
                subject=", ".join(rule.name for rule in rules.rules),
                before=[to_plain(rule) for rule in before.rules],
                after=[to_plain(rule) for rule in after.rules],
                guild_id=guild_id,
                session=session,
            )
        self._changed(guild_id)
        return before

    async def set_ladder(self, guild_id: int, change: Callable[[Ladder], Ladder]) -> Ladder:
        """Store what ``change`` makes of the ladder. Raises InvalidRequest when that is not valid."""
        async with self._ctx.storage.transaction() as session:
            known = await self._stored(session, guild_id)
            ladder = change(known.ladder)
            await self._check(attrs.evolve(known, ladder=ladder))
            await self._write_ladder(session, guild_id, ladder)
            await self._ctx.audit.record(
                "rule.ladder",
                before=to_plain(known.ladder),
                after=to_plain(ladder),
                guild_id=guild_id,
                session=session,
            )
        self._changed(guild_id)
        return ladder

    async def forget_person(self, user_id: int) -> int:
        """Take a person out of who made and changed rules; returns of how many."""
        async with self._ctx.storage.transaction() as session:
            rows = (await session.scalars(select(StoredRule).where(_names(user_id)))).all()
            for row in rows:
                row.created_by = 0 if row.created_by == user_id else row.created_by
                row.edited_by = 0 if row.edited_by == user_id else row.edited_by
        return len(rows)

    async def of_person(self, user_id: int) -> list[dict[str, str]]:
        """Which rules a person made or changed last, for their export."""
        async with self._ctx.storage.read() as session:
            rows = (await session.scalars(select(StoredRule).where(_names(user_id)))).all()
        return [{"guild": str(row.guild_id), "rule": row.body["name"]} for row in rows]

    # ---- below

    async def _stored(self, session: AsyncSession, guild_id: int) -> RuleSet:
        mine = select(StoredRule).where(StoredRule.guild_id == guild_id)
        rows = (await session.scalars(mine.order_by(StoredRule.created_at, StoredRule.key))).all()
        ladder = await session.get(StoredLadder, guild_id)
        understood = await _apart(sum(map(_size_of, rows)), lambda: [*map(self._understood, rows)])
        rules = tuple(rule for rule in understood if rule is not None)
        return RuleSet(rules=rules, ladder=Ladder() if ladder is None else self._climbable(ladder))

    def _climbable(self, row: StoredLadder) -> Ladder:
        """The ladder of a row; an empty one, and a word in the health, when this version cannot use it."""
        try:
            ladder = ladder_from_plain(row.body)
        except BadRules as error:
            self.broken[row.guild_id, "ladder"] = str(error.problems[0])
            return Ladder()
        self.broken.pop((row.guild_id, "ladder"), None)
        return ladder

    def _understood(self, row: StoredRule) -> Rule | None:
        """The rule of a row; None, and a word in the health, when this version cannot use it."""
        name = str(row.body.get("name", row.key))
        try:
            rule = from_plain(row.body)
        except BadRules as error:
            self.broken[row.guild_id, name] = str(error.problems[0])
            return None
        self.broken.pop((row.guild_id, name), None)
        return rule

    async def _of_settings(self, guild_id: int) -> Rule | None:
        words = (await self._ctx.config_for(guild_id)).words
        words = tuple(word for word in words if word.strip())
        if not words:
            return None
        return Rule(name=SETTING, trigger=Words(words=words), actions=(Delete(),))

    async def _write_ladder(self, session: AsyncSession, guild_id: int, ladder: Ladder) -> None:
        body = to_plain(ladder)
        row = self._ctx.storage.insert(StoredLadder).values(guild_id=guild_id, body=body)
        await session.execute(row.on_conflict_do_update(index_elements=["guild_id"], set_={"body": body}))

    @staticmethod
    async def _check(after: RuleSet) -> None:
        if problems := await asyncio.to_thread(problems_of_set, after):
            raise refusal(problems)

    def _row(self, guild_id: int, rule: Rule, by: int) -> StoredRule:
        now = self._ctx.now()
        return StoredRule(
            guild_id=guild_id,
            key=key_of(rule.name),
            body=to_plain(rule),
            created_at=now,
            created_by=by,
            edited_at=now,
            edited_by=by,
        )

    async def _unknown(self, guild_id: int, name: str) -> chandelier.InvalidRequest:
        names = [rule.name for rule in (await self.rules(guild_id)).rules]
        near = difflib.get_close_matches(key_of(name), [key_of(known) for known in names], n=3)
        if not names:
            return chandelier.InvalidRequest(_("There are no rules in this server yet."))
        if not near:
            return chandelier.InvalidRequest(_("There is no rule named “{name}”.", name=name))
        shown = ", ".join(f"“{known}”" for known in names if key_of(known) in near)
        return chandelier.InvalidRequest(
            _("There is no rule named “{name}”. Did you mean {near}?", name=name, near=shown)
        )


def _names(user_id: int) -> ColumnElement[bool]:
    return or_(StoredRule.created_by == user_id, StoredRule.edited_by == user_id)


async def _apart(size: int, work: Callable[[], ResultT]) -> ResultT:
    """Do what takes long for many words, or for links, on a thread."""
    return await asyncio.to_thread(work) if size > _QUICK else work()


def _size_of(row: StoredRule) -> int:
    trigger = row.body.get("trigger", {})
    return len(trigger.get("words", ())) + (_SUFFIXES if "links" in str(trigger.get("kind")) else 0)


async def read_file(text: str) -> RuleSet:
    """The rules of a file; raises InvalidRequest with everything that is wrong, for who gave it."""
    try:
        return await asyncio.to_thread(read_toml, text)
    except BadRules as error:
        raise refusal(error.problems) from None
