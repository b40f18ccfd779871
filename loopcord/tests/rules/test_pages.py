"""Walking long lists: with any limit, every row once, and an end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import loopcord
from loopcord import pages

KEYS = st.lists(st.integers(1, 1 << 40), unique=True, max_size=60).map(sorted)
LIMITS = st.integers(1, 25)


@given(KEYS, LIMITS)
def test_upwards_from_the_lowest(keys: list[int], limit: int) -> None:
    walked: list[int] = []
    while page := pages.ascending(keys, pages.Page(limit, after=walked[-1] if walked else 0)):
        walked += page

    assert walked == keys


@given(KEYS, LIMITS)
def test_downwards_in_rising_pages(keys: list[int], limit: int) -> None:
    """As GET /guilds/{id}/bans with ``before``: each page rises, the pages fall."""
    walked: list[int] = []
    while page := pages.ascending(keys, pages.Page(limit, before=walked[0] if walked else 1 << 60)):
        walked = [*page, *walked]

    assert walked == keys


@given(KEYS, LIMITS)
def test_newest_first_both_ways(keys: list[int], limit: int) -> None:
    down: list[int] = []
    while page := pages.newest_first(keys, pages.Page(limit, before=down[-1] if down else None)):
        down += page
    up: list[int] = []
    while page := pages.newest_first(keys, pages.Page(limit, after=up[0] if up else 0)):
        up = [*page, *up]

    assert down == up == keys[::-1]


@given(KEYS, LIMITS, st.data())
def test_rows_that_do_not_count(keys: list[int], limit: int, data: st.DataObject) -> None:
    """As ephemeral answers in a channel's history: pages are full all the same."""
    shown = data.draw(st.sets(st.sampled_from(keys))) if keys else set[int]()
    walked: list[int] = []
    while page := pages.newest_first(
        keys, pages.Page(limit, before=walked[-1] if walked else None), shown.__contains__
    ):
        walked += page
        assert len(page) == limit or len(walked) == len(shown)

    assert walked == sorted(shown, reverse=True)


@given(KEYS.filter(bool), LIMITS, st.data())
def test_around_a_row(keys: list[int], limit: int, data: st.DataObject) -> None:
    middle = data.draw(st.sampled_from(keys))

    found = pages.newest_first(keys, pages.Page(limit, around=middle))

    assert middle in found
    assert len(found) <= limit
    start = keys.index(found[-1])
    assert keys[start : start + len(found)] == found[::-1]


@given(st.lists(st.integers(0, 10_000), unique=True, max_size=60), LIMITS)
def test_cut_at_instants(seconds: list[int], limit: int) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [(begin + timedelta(seconds=second), second) for second in seconds]
    walked: list[int] = []
    before, more = None, True
    while more:
        page, more = pages.archive(rows, limit, before)
        walked += page
        before = begin + timedelta(seconds=walked[-1]) if walked else None

    assert walked == sorted(seconds, reverse=True)


# ------------------------------------------------------------------ over HTTP


async def _walk(ask: Callable[..., Any], cursor: str, key: Callable[[Any], Any], limit: int) -> list[Any]:
    """Page until a page is empty, as libraries do, but never for ever."""
    rows: list[Any] = []
    last: dict[str, Any] = {}
    for _ in range(100):
        answer = await ask(limit=limit, **last)
        assert answer.status == 200, answer
        assert len(answer.json) <= limit
        if not answer.json:
            return rows
        rows += answer.json
        edges = [key(row) for row in answer.json]
        last = {cursor: min(edges, key=int) if cursor == "before" else max(edges, key=int)}
    raise AssertionError("it does not end")


OVER_HTTP = settings(
    max_examples=15,
    deadline=None,
    # Each example has a guild of its own in the one local Discord.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@OVER_HTTP
@given(count=st.integers(0, 30), limit=st.integers(1, 100), cursor=st.sampled_from(["before", "after"]))
async def test_messages(discord: loopcord.LocalDiscord, api, count: int, limit: int, cursor: str) -> None:
    """https://discord.com/developers/docs/resources/message#get-channel-messages"""
    channel = discord.create_guild("Market").create_text_channel("general")
    sent = [channel.post(discord.bot, f"{number}").id for number in range(count)]

    async def ask(**query: Any) -> Any:
        if cursor == "after":
            query = {"after": 0, **query}
        return await api("GET", f"/channels/{channel.id}/messages", **query)

    rows = await _walk(ask, cursor, lambda row: row["id"], limit)

    assert sorted(int(row["id"]) for row in rows) == sent


@OVER_HTTP
@given(count=st.integers(0, 30), limit=st.integers(1, 100))
async def test_reactions(discord: loopcord.LocalDiscord, api, count: int, limit: int) -> None:
    """https://discord.com/developers/docs/resources/message#get-reactions"""
    guild = discord.create_guild("Market")
    message = guild.create_text_channel("general").post(discord.bot, "lamp")
    people = [guild.add_member(f"person {number}").id for number in range(count)]
    for person in reversed(people):
        discord.backend.set_reaction(message.channel_id, message.id, "👍", person, True)

    async def ask(**query: Any) -> Any:
        path = f"/channels/{message.channel_id}/messages/{message.id}/reactions/👍"
        return await api("GET", path, **query)

    rows = await _walk(ask, "after", lambda row: row["id"], limit)

    assert [int(row["id"]) for row in rows] == people


@OVER_HTTP
@given(count=st.integers(0, 30), limit=st.integers(1, 1000), cursor=st.sampled_from(["before", "after"]))
async def test_bans(discord: loopcord.LocalDiscord, api, count: int, limit: int, cursor: str) -> None:
    """https://discord.com/developers/docs/resources/guild#get-guild-bans"""
    guild = discord.create_guild("Market")
    banned = [guild.add_member(f"person {number}").id for number in range(count)]
    for user_id in reversed(banned):
        discord.backend.apply_ban(guild.id, user_id, None)

    async def ask(**query: Any) -> Any:
        if cursor == "before":
            query = {"before": 1 << 62, **query}
        return await api("GET", f"/guilds/{guild.id}/bans", **query)

    rows = await _walk(ask, cursor, lambda row: row["user"]["id"], limit)

    assert sorted(int(row["user"]["id"]) for row in rows) == banned


@OVER_HTTP
@given(count=st.integers(0, 30), limit=st.integers(1, 1000))
async def test_members(discord: loopcord.LocalDiscord, api, count: int, limit: int) -> None:
    """https://discord.com/developers/docs/resources/guild#list-guild-members"""
    guild = discord.create_guild("Market")
    for number in range(count):
        guild.add_member(f"person {number}")

    async def ask(**query: Any) -> Any:
        return await api("GET", f"/guilds/{guild.id}/members", **query)

    rows = await _walk(ask, "after", lambda row: row["user"]["id"], limit)

    assert [int(row["user"]["id"]) for row in rows] == sorted(member.id for member in guild.members)


@OVER_HTTP
@given(count=st.integers(0, 30), limit=st.integers(1, 100), cursor=st.sampled_from(["before", "after"]))
async def test_the_audit_log(
    discord: loopcord.LocalDiscord, api, count: int, limit: int, cursor: str
) -> None:
    """https://discord.com/developers/docs/resources/audit-log#get-guild-audit-log"""
    guild = discord.create_guild("Market")
    for _ in range(count):
        discord.backend.record_audit_log(guild.id, 22, target_id=discord.bot.id)

    async def ask(**query: Any) -> Any:
        if cursor == "after":
            query = {"after": 0, **query}
        answer = await api("GET", f"/guilds/{guild.id}/audit-logs", **query)
        return answer._replace(json=answer.json["audit_log_entries"])

    rows = await _walk(ask, cursor, lambda row: row["id"], limit)

    ids = [int(row["id"]) for row in rows]
    assert ids == sorted((entry["id"] for entry in guild.audit_log), reverse=cursor == "before")


@OVER_HTTP
@given(count=st.integers(0, 20), limit=st.integers(1, 100), cursor=st.sampled_from(["before", "after"]))
async def test_people_interested_in_an_event(
    discord: loopcord.LocalDiscord, api, count: int, limit: int, cursor: str
) -> None:
    """https://discord.com/developers/docs/resources/guild-scheduled-event#get-guild-scheduled-event-users"""
    guild = discord.create_guild("Market")
    event = discord.backend.create_scheduled_event(
        guild.id, name="Fair", entity_type=3, scheduled_start_time="2026-02-01T00:00:00+00:00"
    )
    people = [guild.add_member(f"person {number}").id for number in range(count)]
    event.user_ids.update(people)

    async def ask(**query: Any) -> Any:
        if cursor == "before":
            query = {"before": 1 << 62, **query}
        return await api("GET", f"/guilds/{guild.id}/scheduled-events/{event.id}/users", **query)

    rows = await _walk(ask, cursor, lambda row: row["user"]["id"], limit)

    assert sorted(int(row["user"]["id"]) for row in rows) == people
    assert not any("member" in row for row in rows)


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_archived_threads(market, api, limit: int) -> None:
    """https://discord.com/developers/docs/resources/channel#list-public-archived-threads

    All are archived at one instant of the virtual clock; none is lost between two pages.
    """
    threads = f"/channels/{market.general.id}/threads"
    made = [(await api("POST", threads, {"name": f"{n}", "type": 11})).json["id"] for n in range(5)]
    for thread in reversed(made):
        assert (await api("PATCH", f"/channels/{thread}", {"archived": True})).status == 200

    walked: list[Any] = []
    more, before = True, {}
    while more:
        answer = await api("GET", f"{threads}/archived/public", limit=limit, **before)
        walked += answer.json["threads"]
        more = answer.json["has_more"]
        before = {"before": walked[-1]["thread_metadata"]["archive_timestamp"]}

    assert [thread["id"] for thread in walked] == made  # the last archived first


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_joined_private_threads(market, api, limit: int) -> None:
    """https://discord.com/developers/docs/resources/channel#list-joined-private-archived-threads"""
    threads = f"/channels/{market.general.id}/threads"
    made = [(await api("POST", threads, {"name": f"{n}", "type": 12})).json["id"] for n in range(3)]
    for thread in made:
        await api("PATCH", f"/channels/{thread}", {"archived": True})

    walked: list[Any] = []
    more, before = True, {}
    while more:
        path = f"/channels/{market.general.id}/users/@me/threads/archived/private"
        answer = await api("GET", path, limit=limit, **before)
        walked += answer.json["threads"]
        more = answer.json["has_more"]
        before = {"before": walked[-1]["id"]}

    assert [thread["id"] for thread in walked] == made[::-1]


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_pins(market, api, limit: int) -> None:
    """https://discord.com/developers/docs/resources/message#get-channel-pins"""
    pins = f"{market.messages}/pins"
    sent = [market.general.post(market.alice, f"{number}") for number in range(5)]
    for message in reversed(sent):
        assert (await api("PUT", f"{pins}/{message.id}")).status == 204

    walked: list[Any] = []
    more, before = True, {}
    while more:
        answer = await api("GET", pins, limit=limit, **before)
        walked += answer.json["items"]
        more = answer.json["has_more"]
        before = {"before": walked[-1]["pinned_at"]}
    older = await api("GET", f"/channels/{market.general.id}/pins")

    assert [int(item["message"]["id"]) for item in walked] == [message.id for message in sent]
    assert [int(message["id"]) for message in older.json] == [message.id for message in sent]


async def test_members_of_a_thread(market, api) -> None:
    """https://discord.com/developers/docs/resources/channel#list-thread-members"""
    made = await api("POST", f"/channels/{market.general.id}/threads", {"name": "aside", "type": 11})
    path = f"/channels/{made.json['id']}/thread-members"
    for person in (market.bob, market.alice):
        await api("PUT", f"{path}/{person.id}")

    everybody = await api("GET", path)
    first = await api("GET", path, with_member="true", limit=2)
    second = await api("GET", path, with_member="true", limit=2, after=first.json[-1]["user_id"])

    assert len(everybody.json) == 3
    assert "member" not in everybody.json[0]
    names = [row["member"]["user"]["username"] for row in [*first.json, *second.json]]
    assert names == ["TestBot", "alice", "bob"]


async def test_voters(market, api) -> None:
    """https://discord.com/developers/docs/resources/poll#get-answer-voters"""
    answers = [{"poll_media": {"text": "yes"}}, {"poll_media": {"text": "no"}}]
    poll = {"question": {"text": "Lamps?"}, "answers": answers}
    sent = await api("POST", market.messages, {"poll": poll})
    for person in (market.bob, market.alice, market.mod):
        market.discord.backend.add_poll_vote(market.general.id, int(sent.json["id"]), 1, person.id)

    path = f"/channels/{market.general.id}/polls/{sent.json['id']}/answers/1"
    first = await api("GET", path, limit=2)
    second = await api("GET", path, limit=2, after=first.json["users"][-1]["id"])

    names = [user["username"] for user in [*first.json["users"], *second.json["users"]]]
    assert names == ["mod", "alice", "bob"]


# ------------------------------------------------------------------ by hikari


async def test_hikari_walks_every_list(market, boot) -> None:
    """https://discord.com/developers/docs/reference#snowflake-ids-in-pagination"""
    rest = (await boot()).app.rest
    guild, general = market.guild, market.general
    ids = [general.post(market.alice, f"{number}").id for number in range(230)]
    for message_id in ids[:60]:
        await rest.pin_message(general.id, message_id)
    people = [guild.add_member(f"person {number}") for number in range(130)]
    for person in people:
        market.discord.backend.set_reaction(general.id, ids[0], "👍", person.id, True)
    for person in people:
        await market.mod.ban(person)

    newest = [message.id for message in await rest.fetch_messages(general.id)]
    oldest = [message.id for message in await rest.fetch_messages(general.id, after=0)]
    pins = [pin.message.id for pin in await rest.fetch_pins(general.id)]
    reacted = [user.id for user in await rest.fetch_reactions_for_emoji(general.id, ids[0], "👍")]
    banned = [ban.user.id for ban in await rest.fetch_bans(guild.id)]
    logged = [entry for page in await rest.fetch_audit_log(guild.id) for entry in page.entries]

    assert [i for i in newest if i in set(ids)] == ids[::-1]
    assert [i for i in oldest if i in set(ids)] == ids
    assert pins == ids[:60][::-1]
    assert reacted == banned == [person.id for person in people]
    assert len(logged) == len(set(logged)) == len(guild.audit_log)
