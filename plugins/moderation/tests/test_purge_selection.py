"""Which messages a purge means, where it begins and ends, and what its transcript holds."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import attrs
import hikari
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chandelier
from chandelier_moderation.cleaning import transcript
from chandelier_moderation.cleaning.moments import bound, sent_at, snowflake_at
from chandelier_moderation.cleaning.selection import Selection, Wanted, can_be_deleted
from chandelier_moderation.cleaning.tables import Purge, PurgedMessage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTORY = hikari.impl.EntityFactoryImpl(Mock(hikari.traits.RESTAware))
ALICE = {"id": "11", "username": "alice", "discriminator": "0", "avatar": None}
RADIO = {**ALICE, "id": "12", "username": "radio", "bot": True}
SNAPSHOT = {
    "type": 0, "content": "old https://far.example", "embeds": [], "attachments": [], "flags": 0,
    "mentions": [], "mention_roles": [], "timestamp": "2026-01-01T00:00:00+00:00", "edited_timestamp": None,
}  # fmt: skip


def message(content="", *, number=1_000, author=ALICE, **more):
    """A message as Discord sends it."""
    return FACTORY.deserialize_message(
        {
            "id": str(number), "channel_id": "7", "author": author, "content": content, "type": 0, "flags": 0,
            "timestamp": "2026-01-01T00:00:00+00:00", "edited_timestamp": None, "tts": False,
            "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
            "pinned": False, **more,
        }
    )  # fmt: skip


HELLO = message("Hello World, straße 42")
LINK = message("see https://example.com")
MASKED = message("[free](http://evil.example)")
INVITE = message("join discord.gg/abc")
FILE = message(attachments=[{"id": "5", "filename": "cat.png", "size": 3, "url": "u", "proxy_url": "u"}])
NEWS = message(author=RADIO, embeds=[{"title": "Weather", "fields": [{"name": "rain", "value": "42 mm"}]}])
HOOK = message("hooked", webhook_id="9")
FORWARD = message(message_snapshots=[{"message": SNAPSHOT}])
POLL = message(
    poll={
        "question": {"text": "Pizza?"}, "answers": [{"answer_id": 1, "poll_media": {"text": "Yes 42"}}],
        "expiry": None, "allow_multiselect": False, "layout_type": 1,
    }
)  # fmt: skip
ALL = [HELLO, LINK, MASKED, INVITE, FILE, NEWS, HOOK, FORWARD, POLL]


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        (Wanted(count=5), ALL),
        (Wanted(member=12), [NEWS]),
        (Wanted(bots=True), [NEWS, HOOK]),
        (Wanted(bots=False, links=False), [HELLO, FILE, POLL]),
        (Wanted(links=True), [LINK, MASKED, INVITE, FORWARD]),
        (Wanted(attachments=True), [FILE]),
        (Wanted(attachments=False, bots=False, links=False), [HELLO, POLL]),
        (Wanted(embeds=True), [NEWS]),
        (Wanted(embeds=False, bots=True), [HOOK]),
        (Wanted(text="hello w"), [HELLO]),
        (Wanted(text="STRASSE"), [HELLO]),
        (Wanted(text="42"), [HELLO, NEWS, POLL]),
        (Wanted(text="CAT.png"), [FILE]),
        (Wanted(text="old http"), [FORWARD]),
        (Wanted(regex=r"^join \S+$"), [INVITE]),
        (Wanted(regex="(?i)WEATHER"), [NEWS]),
        (Wanted(regex="(?i)weather|see", text="https"), [LINK]),
        (Wanted(before=1_000), []),
        (Wanted(before=1_001, after=999), ALL),
        (Wanted(after=1_000), []),
    ],
)
def test_each_wish_finds_what_it_says_and_several_must_all_be_true(wish, found):
    selection = Selection(Wanted.read(wish.stored()))

    assert [one for one in ALL if selection.fits(one)] == found


def test_system_messages_that_discord_keeps_are_never_meant():
    assert can_be_deleted(HELLO)
    assert can_be_deleted(message(type=7))
    assert not can_be_deleted(message(type=21))
    assert not can_be_deleted(message(type=3))


def test_an_expression_takes_linear_time_or_is_refused_with_the_reason():
    """WarnSystem (Laggrons #125): expressions freeze the bot."""
    evil = Selection(Wanted(regex=r"(a+)+$"))
    assert not evil.fits(message("a" * 3_999 + "!"))
    for pattern, why in [
        ("(a", "missing ): (a"),
        (r"(a)\1", "invalid escape sequence"),
        ("a(?!b)", "invalid perl operator"),
        ("((a{100}){100}){100}", "invalid repetition size"),
        (r"\pL{900}", "too large"),
        ("a" * 501, "501 of at most 500"),
    ]:
        with pytest.raises(chandelier.InvalidRequest, match="expression") as refused:
            Selection(Wanted(regex=pattern))
        assert why in str(refused.value), pattern


options = {
    "count": st.none() | st.integers(1, 5_000),
    "member": st.none() | st.integers(1, 2**63 - 1),
    "bots": st.none() | st.booleans(),
    "text": st.text(max_size=20),
    "before": st.none() | st.integers(1, 2**63 - 1),
    "pinned": st.booleans(),
}


@given(st.builds(Wanted, **options))
def test_wishes_are_stored_and_read_as_they_were(wanted):
    assert Wanted.read(wanted.stored()) == wanted
    assert wanted.says_something == any(
        value not in (None, "") for name, value in attrs.asdict(wanted).items() if name != "pinned"
    )


# ---- before and after


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("2h30m", NOW - timedelta(hours=2, minutes=30)),
        ("1 day, 2 hours and 3 minutes ago", NOW - timedelta(days=1, hours=2, minutes=3)),
        ("3 Weeks", NOW - timedelta(weeks=3)),
        ("2 ore fa", NOW - timedelta(hours=2)),
        ("yesterday 18:00", datetime(2026, 2, 28, 17, tzinfo=UTC)),
        ("today", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("2026-02-28", datetime(2026, 2, 27, 23, tzinfo=UTC)),
        (" 2026-02-28 18:00 ", datetime(2026, 2, 28, 17, tzinfo=UTC)),
        ("2026-02-28T18:00:00Z", datetime(2026, 2, 28, 18, tzinfo=UTC)),
        ("<t:1772000000:R>", datetime.fromtimestamp(1_772_000_000, UTC)),
        ("1999-01-01", datetime(2015, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_people_write_it(text, moment):
    said = bound(text, now=NOW, zone=ZoneInfo("Europe/Rome"), channel_id=7)

    assert sent_at(said) == moment


LINK_OF = "https://{host}/channels/100000000000000000/{channel}/123456789012345678"


@pytest.mark.parametrize(
    "text",
    [
        "123456789012345678",
        "100000000000000007-123456789012345678",
        *(
            LINK_OF.format(host=host, channel=100000000000000007)
            for host in ("discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com")
        ),
        f"<{LINK_OF.format(host='discord.com', channel=100000000000000007)}>",
    ],
)
def test_a_message_is_named_by_link_or_id(text):
    assert bound(text, now=NOW, zone=UTC, channel_id=100000000000000007) == 123456789012345678


@pytest.mark.parametrize(
    "text",
    [
        "soon", "2", "2 parsecs", "h2", "2h!", "2h soon", "99999999w" * 9, "2026-13-01", "<t:999999999999>",
        "9" * 20, "https://evil.example/channels/1/2/3", "2030-01-01", "²h", "1" * 6 + "weeks",
    ],
)  # fmt: skip
def test_what_is_no_time_and_no_message_is_refused(text):
    with pytest.raises(chandelier.InvalidRequest):
        bound(text, now=NOW, zone=UTC, channel_id=7)


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_it(text):
    with contextlib.suppress(chandelier.InvalidRequest):
        assert 0 <= bound(text, now=NOW, zone=UTC, channel_id=7) < 1 << 63


@given(st.integers(0, 80 * 365 * 86_400_000_000))
def test_ids_and_moments_agree(microseconds):
    moment = datetime(2015, 1, 2, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert timedelta() <= moment - sent_at(snowflake_at(moment)) < timedelta(milliseconds=1)
    assert snowflake_at(moment - timedelta(milliseconds=1)) < snowflake_at(moment)


# ---- the transcript


def deleted(number, text):
    return PurgedMessage(message_id=number << 22, author_id=5, author="bob", content=text)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), max_size=12),
    st.integers(400, 900),
)
def test_a_transcript_has_every_message_once_in_files_that_are_not_too_large(texts, most):
    messages = [deleted(number, text) for number, text in enumerate(texts, start=1)]

    files = transcript.files(Purge(id=1), messages, most)

    assert all(len(file.data) <= most for file in files)
    whole = b"".join(bytes(file.data) for file in files).decode()
    assert whole == "".join(transcript.entry(message) for message in messages)
    assert len({file.filename for file in files}) == len(files)
    assert bool(files) == bool(texts)
