"""From a rule's actions to drafts of cases: what happens to whom, why, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from chandelier_moderation.automod.actions import (
    Action,
    Alert,
    Ban,
    Delete,
    GiveRole,
    Kick,
    Lockdown,
    Points,
    Reply,
    Slowmode,
    TakeRole,
    Timeout,
    Warn,
)
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.automod.spans import write_span
from chandelier_moderation.automod.triggers import Expressions, Words
from chandelier_moderation.cards import crop
from chandelier_moderation.cases import Draft
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.tables import StoredHit
from chandelier_moderation.reasons import broken, contains, counted

__all__ = [
    "Personal",
    "batch_of",
    "cover_for",
    "does_more",
    "drafts_of",
    "gravest_first",
    "personal",
    "reason_for",
]

_RANK = (Ban, Kick, Timeout, Warn, GiveRole, TakeRole)

Personal = Ban | Kick | Timeout | Warn | GiveRole | TakeRole


def batch_of(hit: StoredHit) -> str:
    """What the cases of a hit have in common."""
    return f"automod-{hit.id}"


def reason_for(rule: Rule, found: Sequence[str]) -> str:
    """Why, in the words that `reasons.reason_of` knows to translate."""
    finds = ", ".join(found)
    if finds and isinstance(rule.trigger, Words | Expressions):
        return contains(crop(finds, 100))
    within = getattr(rule.trigger, "within", None)
    time = "" if within is None else write_span(within)
    said = counted(rule.trigger.kind, found[0], time) if found else None
    return broken(rule.name, said or crop(finds, 200))


def cover_for(user_id: int) -> str:
    """The nickname that covers a user name which may not be seen."""
    return f"member {user_id % 10_000:04}"


def drafts_of(
    rule: Rule, hit: StoredHit, config: ModerationConfig, *, bot_id: int, tell: bool, spare: bool = False
) -> Iterator[Draft]:
    """The cases of a hit: one for what happens to the author, with the message's removal in it.

    With ``spare`` the author is let be: only the message and the channel are acted on.
    """
    # There is nobody behind a webhook whom one could act on.
    spare = spare or hit.author == "webhook"
    deletes = hit.message_id is not None and _deletes(rule)
    points = 0 if spare else sum(action.points for action in rule.actions if isinstance(action, Points))
    base = Draft(
        guild_id=hit.guild_id,
        action="remove",
        target_id=hit.user_id,
        moderator_id=bot_id,
        reason=reason_for(rule, hit.found),
        source=f"automod-{hit.source}",
        log_channel_id=config.log_channel,
        tell_member=False,
        channel_id=hit.channel_id,
        message_id=hit.message_id,
        evidence=hit.evidence,
        attachments=tuple(hit.attachments),
        batch=batch_of(hit),
        rule=rule.name,
    )
    acts = [] if spare else gravest_first(rule.actions)
    # Bots read no messages.
    acts = [action for action in acts if hit.author == "member" or not isinstance(action, Warn)]
    tell = tell and hit.author == "member"
    for number, action in enumerate(acts):
        first = number == 0
        yield attrs.evolve(
            personal(base, action, hit.at),
            source=f"{base.source}-{number}-{action.do}",
            removes=deletes and first,
            tell_member=tell and first,
            points=points if first else 0,
        )
    if not acts and deletes:
        yield attrs.evolve(base, removes=True, tell_member=tell, points=points)
    elif not acts and points:
        yield attrs.evolve(base, action="note", points=points)
    if hit.part in {"nickname", "username"} and hit.author == "member" and _deletes(rule) and not spare:
        # A user name cannot be changed: a nickname covers it.
        name = None if hit.part == "nickname" else cover_for(hit.user_id)
        yield attrs.evolve(base, action="nick", source=f"{base.source}-nick", details={"nick": name})
    for action in rule.actions:
        if isinstance(action, Slowmode | Lockdown) and hit.channel_id is not None:
            yield _of_channel(base, action, hit)


def does_more(rule: Rule, hit: StoredHit) -> bool:
    """Whether a hit has anything done besides its cases: what `deeds` does."""
    if hit.dry or any(isinstance(action, Alert | Reply | Points) for action in rule.actions):
        return True
    return _deletes(rule) and (bool(hit.more) or hit.part == "thread")


def _deletes(rule: Rule) -> bool:
    return any(isinstance(action, Delete) for action in rule.actions)


def gravest_first(actions: Sequence[Action]) -> list[Personal]:
    """What is done to a member, the gravest first: it is the one that they are told of."""
    acts = [action for action in actions if isinstance(action, Personal)]
    return sorted(acts, key=lambda action: _RANK.index(type(action)))


def personal(base: Draft, action: Personal, at: datetime) -> Draft:
    """The case of one action on a member; its times count from ``at``, when it was decided."""
    reason = getattr(action, "reason", "") or base.reason
    if isinstance(action, Timeout):
        return attrs.evolve(base, action="timeout", reason=reason, expires_at=at + action.duration)
    if isinstance(action, Ban):
        seconds = int(action.delete_messages.total_seconds())
        return attrs.evolve(
            base,
            action="ban",
            reason=reason,
            expires_at=None if action.duration is None else at + action.duration,
            details={"delete_seconds": seconds} if seconds else {},
        )
    if isinstance(action, GiveRole):
        return attrs.evolve(
            base,
            action="role_give",
            expires_at=None if action.duration is None else at + action.duration,
            details={"role": str(action.role)},
        )
    if isinstance(action, TakeRole):
        return attrs.evolve(base, action="role_take", details={"role": str(action.role)})
    return attrs.evolve(base, action=action.do, reason=reason)


def _of_channel(base: Draft, action: Slowmode | Lockdown, hit: StoredHit) -> Draft:
    """The case of one action on a channel: of a rush of hits the first, until its time is over."""
    details: dict[str, object] = {"scope": "channel"}
    if isinstance(action, Slowmode):
        details = {"seconds": int(action.interval / timedelta(seconds=1))}
    turn = int(hit.at.timestamp() // action.duration.total_seconds())
    return attrs.evolve(
        base,
        action=action.do,
        target_id=hit.channel_id or 0,
        source=f"automod-{action.do}-{hit.channel_id}-{turn}-{base.rule}",
        message_id=None,
        evidence=None,
        attachments=(),
        expires_at=hit.at + action.duration,
        details=details,
    )
