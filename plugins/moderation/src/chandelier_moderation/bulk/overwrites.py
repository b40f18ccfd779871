"""The arithmetic of a lockdown: what a channel's permission overwrites become, and how they come back.

Nothing here talks to Discord. An overwrite is what it allows and what it denies, or None where there is none.
https://discord.com/developers/docs/topics/permissions#permission-overwrites
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
import hikari

__all__ = ["ROLE", "SPOKEN", "USER", "WRITTEN", "Bits", "Change", "is_private", "lock_changes", "restored"]

P = hikari.Permissions
ROLE, USER = 0, 1
"""The types of overwrites. https://discord.com/developers/docs/resources/channel#overwrite-object"""

WRITTEN = (
    P.SEND_MESSAGES
    | P.SEND_MESSAGES_IN_THREADS
    | P.CREATE_PUBLIC_THREADS
    | P.CREATE_PRIVATE_THREADS
    | P.ADD_REACTIONS
)
"""What a lockdown takes away in every channel."""
SPOKEN = P.CONNECT | P.SPEAK
"""What it takes away besides where people speak."""


@attrs.frozen
class Bits:
    """One overwrite, as numbers."""

    allow: int = 0
    deny: int = 0


@attrs.frozen
class Change:
    """What becomes of the overwrite of one role or person."""

    target_id: int
    kind: int
    """`ROLE` or `USER`."""
    before: Bits | None
    after: Bits

    def stored(self) -> dict[str, Any]:
        """As JSON; see `read`."""
        before = None if self.before is None else [self.before.allow, self.before.deny]
        after = [self.after.allow, self.after.deny]
        return {"id": str(self.target_id), "kind": self.kind, "before": before, "after": after}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Change:
        """The inverse of `stored`."""
        before = stored["before"]
        return cls(
            target_id=int(stored["id"]),
            kind=stored["kind"],
            before=None if before is None else Bits(*before),
            after=Bits(*stored["after"]),
        )


def lock_changes(
    overwrites: Mapping[int, tuple[int, Bits]],
    *,
    everyone: int,
    bot: int,
    keep: Collection[int],
    bits: int,
    own: int,
) -> Sequence[Change]:
    """The changes that take ``bits`` from everybody but those in ``keep``; the bot's own comes first.

    ``overwrites`` are the channel's: type and bits by id. ``everyone`` is the guild's id. ``keep`` are roles
    whose permissions here stay as they are, the bot's own among them. Where @everyone is denied something, a
    role without an overwrite of its own is too, so that only overwrites that allow it are changed besides.
    The bot is let do what ``own`` says, so that it can still write; that too goes when the lockdown ends.
    """
    changes: list[Change] = []
    for target_id, (kind, now) in overwrites.items():
        if target_id in (everyone, bot) or target_id in keep or not now.allow & bits:
            continue
        changes.append(Change(target_id, kind, now, Bits(now.allow & ~bits, now.deny)))
    now = overwrites[everyone][1] if everyone in overwrites else None
    after = Bits((now or Bits()).allow & ~bits, (now or Bits()).deny | bits)
    if after != now:
        changes.append(Change(everyone, ROLE, now, after))
    if not changes:
        return ()
    mine = overwrites[bot][1] if bot in overwrites else None
    kept = Bits((mine or Bits()).allow | own, (mine or Bits()).deny & ~own)
    return (Change(bot, USER, mine, kept), *changes) if own and kept != mine else tuple(changes)


def restored(change: Change, now: Bits | None) -> Bits | None:
    """What an overwrite has to become when the lockdown ends; ``now`` itself when nothing is to be done.

    Only what the lockdown changed comes back, and of that only what is still as the lockdown left it: what a
    moderator has set by hand meanwhile stays.
    """
    before, after, current = change.before or Bits(), change.after, now or Bits()
    changed = (before.allow ^ after.allow) | (before.deny ^ after.deny)
    untouched = ~((current.allow ^ after.allow) | (current.deny ^ after.deny))
    back = changed & untouched
    if not back:
        return now
    result = Bits(
        (current.allow & ~back) | (before.allow & back), (current.deny & ~back) | (before.deny & back)
    )
    return None if change.before is None and result == Bits() else result


def is_private(
    overwrites: Mapping[int, tuple[int, Bits]],
    *,
    everyone: int,
    base: int,
    keep: Collection[int],
    viewers: Collection[int],
) -> bool:
    """Whether only those in ``keep`` see a channel, so that a lockdown of the server leaves it alone.

    ``base`` are the permissions of @everyone in the server, ``viewers`` roles that are let see all channels
    there. Who is let in by name counts as a reader, too.
    """
    view = int(P.VIEW_CHANNEL)
    here = overwrites[everyone][1] if everyone in overwrites else Bits()
    seen = bool(here.allow & view) or (bool(base & view) and not here.deny & view)
    if seen:
        return False
    if not here.deny & view and any(role not in keep for role in viewers):
        return False
    return not any(now.allow & view for target, (_, now) in overwrites.items() if target not in keep)
