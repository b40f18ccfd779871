"""Who may change which of a guild's access rules, so that nobody raises themselves.

The guild's owner and the bot's owners may change everything. Everyone else who has ``core.access``:

- gives nobody what they do not have themselves, by an allowing rule or by taking a denying one away. So it is
  of no use to give it to a role that they can assign, to @everyone, to a friend or a second account;
- makes no rule about themselves, and lifts none that denies something to them, whatever role it is for;
- touches no rule of a role above their highest one, nor of a member who is not below them;
- does not deny ``core.access`` where it would hit themselves.

What they have is judged by their permissions in the whole guild: a channel's overwrites, which who manages
the channel can write, count for nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs

from chandelier.errors import NotAllowed
from chandelier.languages import Messages
from chandelier.services.access import Person, Standing
from chandelier.services.access_rules import Rule, Subject

__all__ = ["CAPABILITY", "Change", "Changer", "check_change"]

_ = Messages(__package__)

CAPABILITY = "core.access"
"""What one needs to change rules."""


@attrs.frozen(kw_only=True)
class Changer:
    """Who changes rules: with their permissions in the whole guild."""

    person: Person
    standing: Standing
    supreme: bool
    """The guild's owner or an owner of the bot."""


@attrs.frozen(kw_only=True)
class Change:
    """What shall become of one rule."""

    capability: str
    subject: Subject
    verb: Literal["allow", "deny", "remove"]
    before: Rule | None
    """The rule of that subject, if there is one."""


def check_change(
    change: Change, *, by: Changer, holds: bool, target: Standing, denied: Sequence[Rule] = ()
) -> None:
    """Raise NotAllowed, naming what is in the way, unless ``by`` may make the change.

    ``holds`` says whether they have the capability themselves; ``target`` is where the role or the member of
    the rule stands in the guild; ``denied`` are the rules that deny the capability to ``by``.
    """
    if by.supreme:
        return
    me, subject = by.person, change.subject
    lifts = change.before is not None and not change.before.allowed and change.verb != "deny"
    if lifts and change.before in denied:
        raise NotAllowed(_("This rule denies it to you too, so somebody else has to lift it."))
    if subject.kind == "member" and subject.id == me.user_id:
        if change.verb != "remove":
            raise NotAllowed(_("You cannot make a rule about yourself; somebody else has to."))
    elif subject.kind == "member" and not by.standing.is_above(target):
        raise NotAllowed(_("Your highest role is not above theirs, so their rules are not yours to change."))
    elif subject.kind == "role" and _above(target, by.standing):
        raise NotAllowed(_("This role is above your highest one, so its rules are not yours to change."))
    if (change.verb == "allow" or lifts) and not holds:
        raise NotAllowed(
            _(
                "You do not have `{capability}` yourself, so you cannot give it to anybody.",
                capability=change.capability,
            )
        )
    hits_me = subject.kind == "role" and (subject.id == me.guild_id or subject.id in me.role_ids)
    if change.verb == "deny" and change.capability == CAPABILITY and hits_me:
        raise NotAllowed(
            _("This would take `{capability}` away from yourself.", capability=change.capability)
        )


def _above(role: Standing, member: Standing) -> bool:
    """Whether a role is above a member's highest one; their highest role itself is not."""
    return role.top_role_id != member.top_role_id and role.is_above(member)
