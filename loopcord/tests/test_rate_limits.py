"""Rate limits as a client meets them: headers, 429s of every scope, and a real hikari that keeps to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import hikari
import pytest

import loopcord
from loopcord.limits import DISCORD_LIMITS

SEND = "POST /channels/{channel_id}/messages"


@pytest.fixture
def clock() -> loopcord.VirtualClock:
    return loopcord.VirtualClock()


class Client:
    """Makes one request after the other, whatever it is told."""

    def __init__(self, discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> None:
        self.discord = discord
        self.http = http

    async def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, dict[str, str], Any]:
        headers = {"Authorization": f"Bot {token or self.discord.token}"}
        url = self.discord.rest_url + path
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            got = {name.lower(): value for name, value in answer.headers.items()}
            is_json = answer.content_type == "application/json"
            return answer.status, got, await (answer.json() if is_json else answer.text())

    async def send(
        self, channel: loopcord.Channel, content: str = "hello"
    ) -> tuple[int, dict[str, str], Any]:
        return await self("POST", f"/channels/{channel.id}/messages", {"content": content})


@pytest.fixture
async def world(clock: loopcord.VirtualClock, http: aiohttp.ClientSession) -> AsyncIterator[Any]:
    """Open a local Discord with these limits on the virtual clock; returns it and a client."""
    opened: list[loopcord.LocalDiscord] = []

    async def world(**options: Any) -> tuple[loopcord.LocalDiscord, Client]:
        limits = loopcord.RateLimits(clock=clock, **options)
        discord = await loopcord.LocalDiscord(clock=clock, rate_limits=limits).start()
        opened.append(discord)
        return discord, Client(discord, http)

    yield world
    for discord in opened:
        await discord.stop()


# ------------------------------------------------------------------ headers and 429s


async def test_without_limits_there_are_no_headers(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    client = Client(discord, http)

    answers = [await client.send(general) for _ in range(60)]

    assert {status for status, _, _ in answers} == {200}
    assert not any(name.startswith("x-ratelimit") for _, headers, _ in answers for name in headers)
    assert answers[0][1]["via"] == "1.1 google"


async def test_every_answer_tells_its_bucket_and_the_sixth_is_refused(world, clock) -> None:
    """https://discord.com/developers/docs/topics/rate-limits#header-format"""
    discord, client = await world()
    general = discord.create_guild("Market").create_text_channel("general")

    answers = []
    for _ in range(6):
        answers.append(await client.send(general))
        clock.advance(0.25)
    clock.advance(3.5)
    later = await client.send(general)

    assert [status for status, _, _ in answers] == [200] * 5 + [429]
    assert [headers["x-ratelimit-remaining"] for _, headers, _ in answers] == ["4", "3", "2", "1", "0", "0"]
    end = clock.now().timestamp()
    assert {headers["x-ratelimit-reset"] for _, headers, _ in answers} == {f"{end:.3f}"}
    assert [headers["x-ratelimit-reset-after"] for _, headers, _ in answers] == [
        "5.000",
        "4.750",
        "4.500",
        "4.250",
        "4.000",
        "3.750",
    ]
    assert len({headers["x-ratelimit-bucket"] for _, headers, _ in answers}) == 1
    _, headers, body = answers[-1]
    assert body == {"message": "You are being rate limited.", "retry_after": 3.75, "global": False}
    assert (headers["retry-after"], headers["x-ratelimit-scope"]) == ("4", "user")
    assert headers["via"] == "1.1 google"
    assert headers["content-type"] == "application/json"
    assert "x-ratelimit-global" not in headers
    assert (later[0], later[1]["x-ratelimit-remaining"]) == (200, "4")
    assert len(general.messages) == 6


async def test_major_parameters_have_windows_of_their_own(world) -> None:
    discord, client = await world(limits={SEND: loopcord.Limit(1, 60)}, only=True)
    guild = discord.create_guild("Market")
    general, shop = guild.create_text_channel("general"), guild.create_text_channel("shop")

    first, again, elsewhere = await client.send(general), await client.send(general), await client.send(shop)

    assert (first[0], again[0], elsewhere[0]) == (200, 429, 200)
    assert first[1]["x-ratelimit-bucket"] == elsewhere[1]["x-ratelimit-bucket"]


async def test_routes_that_share_a_bucket_count_together(world) -> None:
    """discord-api-docs#981: adding and removing reactions; creating and editing messages."""
    discord, client = await world()
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")
    message = general.post(alice, "hello")
    path = f"/channels/{general.id}/messages/{message.id}/reactions/%F0%9F%91%80/@me"

    added = await client("PUT", path)
    removed = await client("DELETE", path)
    sent = await client.send(general)
    _, edited, _ = await client("PATCH", f"/channels/{general.id}/messages/{sent[2]['id']}", {"content": "!"})
    _, read, _ = await client("GET", f"/channels/{general.id}/messages")

    assert (added[0], removed[0]) == (204, 429)
    assert added[1]["x-ratelimit-bucket"] == removed[1]["x-ratelimit-bucket"]
    assert (sent[1]["x-ratelimit-remaining"], edited["x-ratelimit-remaining"]) == ("4", "3")
    assert sent[1]["x-ratelimit-bucket"] == edited["x-ratelimit-bucket"]
    assert read["x-ratelimit-bucket"] not in (sent[1]["x-ratelimit-bucket"], added[1]["x-ratelimit-bucket"])


async def test_deleting_depends_on_the_age_of_the_message(world, clock) -> None:
    """discord-api-docs#8330"""
    discord, client = await world()
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")
    limits = {}
    for age in (0, 60, 15 * 86_400):
        message = general.post(alice, "bye")
        clock.advance(age)
        _, headers, _ = await client("DELETE", f"/channels/{general.id}/messages/{message.id}")
        limits[age] = headers["x-ratelimit-limit"], headers["x-ratelimit-reset-after"]

    assert limits == {0: ("5", "1.000"), 60: ("3", "0.334"), 15 * 86_400: ("30", "4.000")}


async def test_renaming_a_channel_meets_a_limit_that_no_header_shows(world, clock) -> None:
    """discord-api-docs#1900: two names or topics in ten minutes."""
    discord, client = await world()
    general = discord.create_guild("Market").create_text_channel("general")
    path = f"/channels/{general.id}"

    answers = [await client("PATCH", path, {"name": name}) for name in ("one", "two", "three")]
    slower = await client("PATCH", path, {"rate_limit_per_user": 5})
    clock.advance(600)
    renamed = await client("PATCH", path, {"topic": "lamps"})

    assert [status for status, _, _ in answers] == [200, 200, 429]
    _, headers, body = answers[-1]
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("5", "2")
    assert headers["x-ratelimit-scope"] == "shared"
    assert body == {"message": "The resource is being rate limited.", "retry_after": 600.0, "global": False}
    assert (slower[0], renamed[0]) == (200, 200)
    assert general.name == "two"


async def test_the_global_limit_stops_every_route_but_interactions(world, clock) -> None:
    """https://discord.com/developers/docs/topics/rate-limits#global-rate-limit"""
    discord, client = await world(only=True)
    guild = discord.create_guild("Market")
    rooms = [guild.create_text_channel(f"room-{number}") for number in range(5)]

    answers = [await client.send(rooms[number % 5]) for number in range(50)]
    status, headers, body = await client("GET", "/users/@me")
    interaction, _, _ = await client("POST", "/interactions/1/token/callback", {"type": 5})
    follow_up, _, _ = await client("POST", f"/webhooks/{discord.bot.id}/token", {"content": "x"})
    clock.advance(1)
    after = await client("GET", "/users/@me")

    assert {answer[0] for answer in answers} == {200}
    assert (status, headers["x-ratelimit-global"], headers["x-ratelimit-scope"]) == (429, "true", "global")
    assert headers["retry-after"] == "1"
    assert "x-ratelimit-bucket" not in headers
    assert body == {"message": "You are being rate limited.", "retry_after": 1.0, "global": True}
    assert (interaction, follow_up) == (404, 401)
    assert after[0] == 200


async def test_answers_to_interactions_carry_no_headers(world) -> None:
    _, client = await world()

    _, headers, _ = await client("POST", "/interactions/1/token/callback", {"type": 5})

    assert not any(name.startswith("x-ratelimit") for name in headers)


async def test_too_many_invalid_requests_ban_the_address(world, clock) -> None:
    """https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans"""
    discord, client = await world(only=True, invalid_limit=loopcord.Limit(3, 600))
    shared = discord.trouble.rate_limit(scope="shared", times=None)
    for _ in range(5):
        assert (await client("GET", "/users/@me"))[0] == 429
    shared()

    refused = [await client("GET", "/users/@me", token="wrong") for _ in range(3)]
    banned = await client("GET", "/users/@me")
    clock.advance(600)
    forgiven = await client("GET", "/users/@me")

    assert [status for status, _, _ in refused] == [401, 401, 401]
    assert (banned[0], banned[2], banned[1]["retry-after"]) == (429, "error code: 1015", "600")
    assert "via" not in banned[1]
    assert banned[1]["content-type"].startswith("text/plain")
    assert forgiven[0] == 200


async def test_own_limits_go_before_discords(world) -> None:
    discord, client = await world(
        limits={SEND: loopcord.Limit(2, 7), "GET /users/@me": None},
        shared=[loopcord.SharedLimit("GET /channels/{channel_id}", loopcord.Limit(1, 30), "a test")],
    )
    general = discord.create_guild("Market").create_text_channel("general")

    sent = await client.send(general)
    me = await client("GET", "/users/@me")
    looks = [await client("GET", f"/channels/{general.id}") for _ in range(2)]

    assert (sent[1]["x-ratelimit-limit"], sent[1]["x-ratelimit-reset-after"]) == ("2", "7.000")
    assert not any(name.startswith("x-ratelimit") for name in me[1])
    assert [(status, headers.get("x-ratelimit-scope")) for status, headers, _ in looks] == [
        (200, None),
        (429, "shared"),
    ]


async def test_old_buckets_are_forgotten(world, clock) -> None:
    discord, client = await world(only=True, limits={"GET /channels/{channel_id}": loopcord.Limit(1, 10)})
    for number in range(1_500):
        discord._rest.limits.check(loopcord.ratelimits.Asking("GET", f"/channels/{number}"))
        clock.advance(1)

    assert len(discord._rest.limits._buckets) <= 1_024
    assert (await client("GET", "/channels/1499"))[0] == 429


def test_discords_limits_name_routes_once_and_their_source() -> None:
    seen = [(row.route, row.older_than) for row in DISCORD_LIMITS]

    assert len(set(seen)) == len(seen)
    assert all(row.source for row in DISCORD_LIMITS)


# ------------------------------------------------------------------ a real hikari


def _refused(discord: loopcord.LocalDiscord) -> int:
    return sum(request.status == 429 for request in discord.requests)


@pytest.mark.parametrize("sliding", [False, True])
async def test_hikari_reads_the_headers_and_a_burst_meets_no_429(boot_in, hikari_on, clock, sliding) -> None:
    """hikari takes a window for sliding unless its reset stays where it is; both must be right."""
    hikari_on(clock)
    limits = loopcord.RateLimits({SEND: loopcord.Limit(5, 5, sliding=sliding)}, clock=clock)
    async with loopcord.LocalDiscord(clock=clock, rate_limits=limits) as discord:
        general = discord.create_guild("Market").create_text_channel("general")
        bot = await boot_in(discord)

        burst = asyncio.gather(
            *(bot.app.rest.create_message(general.id, f"number {number}") for number in range(23))
        )
        await discord.settle()
        at_once = len(general.messages)
        await discord.advance(60)

        assert burst.done()
        assert at_once == 5
        assert [message.content for message in general.messages] == [f"number {n}" for n in range(23)]
        assert _refused(discord) == 0
        await bot.app.close()


async def test_hikari_paces_reactions_and_deletions_by_discords_limits(boot_in, hikari_on, clock) -> None:
    """JDA#222: one reaction per 250 ms and channel."""
    hikari_on(clock)
    limits = loopcord.RateLimits(clock=clock)
    async with loopcord.LocalDiscord(clock=clock, rate_limits=limits) as discord:
        general = discord.create_guild("Market").create_text_channel("general")
        alice = discord.guilds[0].add_member("alice")
        messages = [general.post(alice, f"number {number}") for number in range(8)]
        clock.advance(60)
        bot = await boot_in(discord)

        reacting = asyncio.gather(
            *(bot.app.rest.add_reaction(general.id, message.id, "👀") for message in messages)
        )
        await discord.advance(0.9)
        halfway = sum(bool(message.reactions) for message in messages)
        await discord.advance(1.0)
        assert reacting.done()
        deleting = asyncio.gather(
            *(bot.app.rest.delete_message(general.id, message.id) for message in messages)
        )
        await discord.advance(3)

        assert deleting.done()
        assert halfway == 4
        assert general.messages == []
        assert _refused(discord) == 0
        await bot.app.close()


async def test_hikari_waits_out_a_shared_limit_that_it_could_not_know(boot_in, hikari_on, clock) -> None:
    hikari_on(clock)
    limits = loopcord.RateLimits(clock=clock)
    async with loopcord.LocalDiscord(clock=clock, rate_limits=limits) as discord:
        general = discord.create_guild("Market").create_text_channel("general")
        bot = await boot_in(discord, max_rate_limit=900)

        for name in ("one", "two"):
            await bot.app.rest.edit_channel(general.id, name=name)
        third = asyncio.create_task(bot.app.rest.edit_channel(general.id, name="three"))
        await discord.advance(599)
        before = general.name
        await discord.advance(2)

        assert third.done()
        assert (before, general.name) == ("two", "three")
        assert _refused(discord) == 1
        await bot.app.close()


async def test_hikari_stops_everything_for_the_global_limit(boot_in, hikari_on, clock) -> None:
    hikari_on(clock)
    limits = loopcord.RateLimits(
        {SEND: loopcord.Limit(50, 0.5)}, only=True, global_limit=loopcord.Limit(10, 3), clock=clock
    )
    async with loopcord.LocalDiscord(clock=clock, rate_limits=limits) as discord:
        guild = discord.create_guild("Market")
        general, shop = guild.create_text_channel("general"), guild.create_text_channel("shop")
        bot = await boot_in(discord)
        # hikari only waits on the global limit with buckets that it knows.
        for room in (general, shop):
            await bot.app.rest.create_message(room.id, "hello")
        await discord.advance(3)

        for number in range(10):
            await bot.app.rest.create_message(general.id, f"number {number}")
        over = asyncio.create_task(bot.app.rest.create_message(general.id, "over"))
        await discord.settle()
        elsewhere = asyncio.create_task(bot.app.rest.create_message(shop.id, "elsewhere"))
        await discord.advance(2.9)
        meanwhile = shop.last.content
        await discord.advance(0.2)

        assert over.done()
        assert elsewhere.done()
        assert meanwhile == "hello"
        assert (general.last.content, shop.last.content) == ("over", "elsewhere")
        assert _refused(discord) == 1
        await bot.app.close()


async def test_in_real_time_nothing_is_lost(boot_in) -> None:
    """A bot with clocks of its own; how fast the machine is decides only how long this takes."""
    limits = loopcord.RateLimits({SEND: loopcord.Limit(4, 0.2)}, only=True)
    async with loopcord.LocalDiscord(rate_limits=limits) as discord:
        general = discord.create_guild("Market").create_text_channel("general")
        bot = await boot_in(discord)

        await asyncio.gather(
            *(bot.app.rest.create_message(general.id, f"number {number}") for number in range(14))
        )

        assert sorted(m.content for m in general.messages) == sorted(f"number {n}" for n in range(14))


# ------------------------------------------------------------------ the gateway's limits


async def test_all_members_may_be_asked_for_once_in_30_seconds(boot_in, hikari_on, clock) -> None:
    """https://discord.com/developers/docs/events/gateway-events#request-guild-members"""
    hikari_on(clock)
    async with loopcord.LocalDiscord(clock=clock, rate_limits=loopcord.RateLimits(clock=clock)) as discord:
        guild = discord.create_guild("Market")
        bot = await boot_in(
            discord, watch=(hikari.MemberChunkEvent, hikari.ShardPayloadEvent), auto_chunk_members=False
        )

        async def ask(nonce: str, query: str = "") -> None:
            await bot.app.request_guild_members(guild.id, query=query, limit=0, nonce=nonce)
            await discord.settle()

        await ask("first")
        await ask("too early")
        await ask("some", query="test")
        await discord.advance(30)
        await ask("again")

        assert [event.nonce for event in bot.of(hikari.MemberChunkEvent)] == ["first", "some", "again"]
        [limited] = [e.payload for e in bot.of(hikari.ShardPayloadEvent) if e.name == "RATE_LIMITED"]
        assert limited == {
            "opcode": 8,
            "retry_after": 30.0,
            "meta": {"guild_id": str(guild.id), "nonce": "too early"},
        }
        await bot.app.close()


async def test_identifying_too_often_is_an_invalid_session(world, clock) -> None:
    """https://discord.com/developers/docs/events/gateway#identifying"""
    discord, client = await world()

    async def identify() -> Any:
        async with client.http.ws_connect(discord.gateway_url) as socket:
            await socket.receive_json()
            await socket.send_json({"op": 2, "d": {"token": discord.token, "intents": 0, "properties": {}}})
            return await socket.receive_json()

    first, second = await identify(), await identify()
    clock.advance(5)
    third = await identify()

    assert (first["t"], third["t"]) == ("READY", "READY")
    assert (second["op"], second["d"]) == (9, False)
