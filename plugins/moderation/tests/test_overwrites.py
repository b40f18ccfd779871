"""The arithmetic of a lockdown: it takes what it should, and gives back exactly what was."""

from __future__ import annotations

import hikari
from hypothesis import given
from hypothesis import strategies as st

from chandelier_moderation.bulk.overwrites import ROLE, USER, Bits, Change, is_private, lock_changes, restored

P = hikari.Permissions
EVERYONE, BOT, STAFF, MEMBERS, GUEST = 1, 2, 3, 4, 5
SEND, VIEW, REACT = int(P.SEND_MESSAGES), int(P.VIEW_CHANNEL), int(P.ADD_REACTIONS)
LOCKED = SEND | REACT


@st.composite
def bits(draw):
    """An overwrite as Discord keeps it: nothing both allowed and denied."""
    allow = draw(st.integers(0, 2**16 - 1))
    return Bits(allow, draw(st.integers(0, 2**16 - 1)) & ~allow)


overwrites = st.dictionaries(st.sampled_from([EVERYONE, BOT, STAFF, MEMBERS, GUEST]), bits()).map(
    lambda found: {key: (USER if key in (BOT, GUEST) else ROLE, value) for key, value in found.items()}
)


def locked(before, changes):
    """The overwrites after the changes."""
    after = dict(before)
    for change in changes:
        after[change.target_id] = (change.kind, change.after)
    return after


def lock(before):
    return lock_changes(before, everyone=EVERYONE, bot=BOT, keep={STAFF}, bits=LOCKED, own=SEND)


@given(overwrites)
def test_what_is_locked_comes_back_exactly(before):
    changes = lock(before)
    now = locked(before, changes)

    for change in changes:
        back = restored(change, now[change.target_id][1])
        if back is None:
            del now[change.target_id]
        else:
            now[change.target_id] = (change.kind, back)

    assert now == before


@given(overwrites)
def test_nobody_but_staff_and_bot_may_write_in_a_locked_channel(before):
    now = locked(before, lock(before))

    assert now[EVERYONE][1].deny & LOCKED == LOCKED
    for target, (_, value) in now.items():
        if target not in (BOT, STAFF):
            assert not value.allow & LOCKED
        assert not value.allow & value.deny
    assert now.get(STAFF) == before.get(STAFF)
    assert lock(now) == () or now == before


@given(overwrites, bits())
def test_what_a_hand_changed_meanwhile_stays(before, hand):
    for change in lock(before):
        back = restored(change, hand) or Bits()
        was = change.before or Bits()
        for bit in (1 << n for n in range(16)):
            pair = (bool(back.allow & bit), bool(back.deny & bit))
            mine = (bool(hand.allow & bit), bool(hand.deny & bit))
            after = (bool(change.after.allow & bit), bool(change.after.deny & bit))
            assert pair == ((bool(was.allow & bit), bool(was.deny & bit)) if mine == after else mine)


@given(
    st.builds(Change, st.integers(1, 2**63 - 1), st.sampled_from([ROLE, USER]), st.none() | bits(), bits())
)
def test_a_change_is_stored_and_read_as_it_was(change):
    assert Change.read(change.stored()) == change


def test_an_overwrite_that_was_empty_stays_and_one_that_was_not_there_goes():
    assert restored(Change(EVERYONE, ROLE, None, Bits(0, SEND)), Bits(0, SEND)) is None
    assert restored(Change(EVERYONE, ROLE, Bits(), Bits(0, SEND)), Bits(0, SEND)) == Bits()
    assert restored(Change(EVERYONE, ROLE, None, Bits(0, SEND)), Bits(0, SEND | VIEW)) == Bits(0, VIEW)
    assert restored(Change(EVERYONE, ROLE, None, Bits(0, SEND)), None) is None


def test_channels_that_only_staff_sees_are_private():
    def private(found, base=VIEW, viewers=()):
        return is_private(found, everyone=EVERYONE, base=base, keep={STAFF}, viewers=viewers)

    hidden = {EVERYONE: (ROLE, Bits(0, VIEW))}
    assert not private({})
    assert private(hidden)
    assert private({**hidden, STAFF: (ROLE, Bits(VIEW, 0))})
    assert not private({**hidden, MEMBERS: (ROLE, Bits(VIEW, 0))})
    assert private({}, base=0)
    assert private({}, base=0, viewers=(STAFF,))
    assert not private({}, base=0, viewers=(MEMBERS,))
    assert private(hidden, base=0, viewers=(MEMBERS,))
    assert not private({EVERYONE: (ROLE, Bits(VIEW, 0))}, base=0)
