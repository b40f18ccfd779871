"""Names as they are chosen: of members who join or rename themselves, and of threads."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import hikari

import chandelier
from chandelier_moderation.automod.content import content_of_name
from chandelier_moderation.automod.engine import Hit
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.automod.triggers import Imitation, JoinRate, NewAccount
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.drafting import cover_for
from chandelier_moderation.enforcing.guilds import UNKNOWN, Guarded, Guilds
from chandelier_moderation.enforcing.hits import Hits
from chandelier_moderation.enforcing.judge import Found, Judge, Writing
from chandelier_moderation.enforcing.memory import Counts, Seen
from chandelier_moderation.enforcing.staff import StaffNames

__all__ = ["Names"]

MOST_KEPT = 50_000
"""Members per process whose names are known to have been looked at."""


class Names:
    """Looks at names, and at who joins."""

    def __init__(
        self, ctx: chandelier.PluginContext[ModerationConfig], guilds: Guilds, judge: Judge, hits: Hits
    ) -> None:
        self._ctx = ctx
        self._guilds = guilds
        self._judge = judge
        self._hits = hits
        self._staff = StaffNames(ctx)
        self._looked_at: OrderedDict[tuple[str, str], tuple[str, ...]] = OrderedDict()
        self._joins = Counts()
        self._events = itertools.count()

    # ---- on the raw payload

    def wants_join(self, member: Mapping[str, Any]) -> bool:
        """Decide on a member who joined whether there is any rule."""
        if self._guilds.ready(member.get("guild_id")) is None:
            return False
        self._note(member)
        return not self._is_me(member)

    def wants_change(self, member: Mapping[str, Any]) -> bool:
        """Decide on a member who changed whether their names are new to us."""
        if self._guilds.ready(member.get("guild_id")) is None:
            return False
        # Mostly their roles changed, or their avatar.
        return self._note(member) and not self._is_me(member)

    def _is_me(self, member: Mapping[str, Any]) -> bool:
        return bool(member["user"]["id"] == str(self._ctx.bot_id))

    def _note(self, member: Mapping[str, Any]) -> bool:
        """Remember the names of a member; returns whether they are others than before."""
        key, names = (member["guild_id"], member["user"]["id"]), _names(member)
        before = self._looked_at.get(key)
        self._looked_at[key] = names
        self._looked_at.move_to_end(key)
        if len(self._looked_at) > MOST_KEPT:
            self._looked_at.popitem(last=False)
        return before != names

    def wants_thread(self, thread: Mapping[str, Any]) -> bool:
        """Decide on a thread that was made or changed whether its name hits a rule."""
        guarded = self._guilds.ready(thread.get("guild_id"))
        if guarded is None or guarded is UNKNOWN:
            return guarded is UNKNOWN
        return bool(guarded.engine.match(content_of_name("thread", thread.get("name") or "")))

    # ---- on the events

    async def joined(self, event: hikari.MemberCreateEvent) -> None:
        """Look at who joined: the name, the age of the account, and how many come."""
        guarded = await self._guilds.of(event.guild_id)
        if guarded is None:
            return
        member = event.member
        stamp = "" if not member.joined_at else str(int(member.joined_at.timestamp() * 1_000))
        await self._crowd(guarded, member, stamp)
        found = [*self._named(guarded, member), *await self._imitating(guarded, member)]
        age = self._ctx.now() - member.user.created_at
        for rule in guarded.joining:
            if isinstance(rule.trigger, NewAccount) and age < rule.trigger.younger:
                days = f"{age.days} d" if age.days else f"{int(age.total_seconds() // 3600)} h"
                found.append(_found(rule, days, "join"))
        await self._record(member, found, f"join-{member.id}-{stamp}")

    async def changed(self, event: hikari.MemberUpdateEvent) -> None:
        """Look at the name of a member who changed it."""
        guarded = await self._guilds.of(event.guild_id)
        if guarded is None:
            return
        member = event.member
        found = [*self._named(guarded, member), *await self._imitating(guarded, member)]
        await self._record(member, found, f"name-{member.id}-{self._stamp()}")

    async def thread(self, event: hikari.GuildThreadCreateEvent | hikari.GuildThreadUpdateEvent) -> None:
        """Look at the name of a thread; it counts as its owner's."""
        guarded = await self._guilds.of(event.guild_id)
        if guarded is None:
            return
        thread = event.thread
        content = content_of_name("thread", thread.name or "")
        found = [Found(hit) for hit in guarded.engine.match(content)]
        if not found or thread.owner_id == self._ctx.bot_id:
            return
        writing = Writing(
            guild_id=int(event.guild_id),
            user_id=int(thread.owner_id),
            content=content,
            channel_id=int(thread.id),
            edited=isinstance(event, hikari.GuildThreadUpdateEvent),
        )
        kept = await self._judge.kept(writing, found)
        await self._hits.record(writing, kept, event=f"thread-{thread.id}-{self._stamp()}")

    # ---- below

    def _stamp(self) -> str:
        """Tells events apart that have no id of their own: a name may be taken again in the same moment."""
        return f"{int(self._ctx.now().timestamp() * 1_000)}.{next(self._events)}"

    async def _crowd(self, guarded: Guarded, member: hikari.Member, stamp: str) -> None:
        """Those who are part of a rush, each by themselves, are what the rule hits."""
        for rule in guarded.joining:
            trigger = rule.trigger
            if not isinstance(trigger, JoinRate):
                continue
            seen = Seen(member.joined_at or self._ctx.now(), 0, int(member.id))
            together = self._joins.add(
                (guarded.guild_id, rule.name), seen, within=trigger.within.total_seconds(), most=trigger.most
            )
            for one in together:
                writing = Writing(
                    guild_id=guarded.guild_id,
                    user_id=one.id,
                    content=content_of_name("nickname", ""),
                    member=member if one.id == member.id else None,
                )
                found = [_found(rule, str(len(together)), "join")]
                kept = await self._judge.kept(writing, found)
                await self._hits.record(
                    writing, kept, event=f"rush-{one.id}-{int(one.at.timestamp() * 1_000)}"
                )

    def _named(self, guarded: Guarded, member: hikari.Member) -> list[Found]:
        found: dict[str, Found] = {}
        for name in _names_of(member):
            where = None if name == member.nickname else "username"
            for hit in guarded.engine.match(content_of_name("nickname", name)):
                found.setdefault(hit.rule.name, Found(hit, where=where))
        return list(found.values())

    async def _imitating(self, guarded: Guarded, member: hikari.Member) -> list[Found]:
        found: list[Found] = []
        names = _names_of(member)
        for rule in guarded.joining:
            if isinstance(rule.trigger, Imitation):
                whom = await self._staff.imitated(guarded.guild_id, rule.trigger, member.id, names)
                if whom is not None:
                    where = "nickname" if member.nickname else "username"
                    found.append(_found(rule, whom, where))
        return found

    async def _record(self, member: hikari.Member, found: list[Found], event: str) -> None:
        if not found:
            return
        writing = Writing(
            guild_id=int(member.guild_id),
            user_id=int(member.id),
            content=content_of_name("nickname", member.display_name),
            member=member,
            bot=member.is_bot,
        )
        await self._hits.record(writing, await self._judge.kept(writing, found), event=event)


def _names(member: Mapping[str, Any]) -> tuple[str, ...]:
    user = member["user"]
    return tuple(name for name in (member.get("nick"), user.get("global_name"), user.get("username")) if name)


def _names_of(member: hikari.Member) -> tuple[str, ...]:
    """What others see: a nickname covers all else, and one that automod gave is no name to look at."""
    if member.nickname == cover_for(int(member.id)):
        return ()
    shown = (member.nickname,) if member.nickname else (member.user.global_name, member.username)
    return tuple(dict.fromkeys(name for name in shown if name))


def _found(rule: Rule, what: str, where: str) -> Found:
    return Found(Hit(rule=rule, found=(what,), part="nickname", excerpt=what), where=where)
