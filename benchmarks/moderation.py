"""Moderation in a whole host on a local Discord: messages under automod, deletions, and a raid of joins.

Each is compared, in the same run, with the least that a host has to do: hand on a message that no rule asks
for, send one request, hear of joins. ``MODERATION_SCALE`` (such as 0.1) makes it all shorter.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import attrs

import loopcord
from benchmarks.automod import messages, rules_of
from benchmarks.live import payload_in
from benchmarks.report import Row, paired, percentile
from chandelier.app import Host
from chandelier.config.deployment import Deployment
from chandelier_moderation.automod.actions import Delete
from chandelier_moderation.automod.plain import write_toml
from chandelier_moderation.automod.rules import Rule, RuleSet
from chandelier_moderation.automod.triggers import Mentions, Words

__all__ = ["compare"]

ROUNDS = 9
MESSAGES = 2_000
DELETIONS = 200
JOINS = 1_000
PHRASES = (0, 10, 1_000, 10_000)
FORBIDDEN = "zzforbiddenzz"
_DURABLE = "two commits and a round of the outbox: the row comes before the deed"
PATIENCE = 1_800.0
"""Real seconds: a slow machine is to give a slow answer, and no error."""
RAID_JOINS = 10


async def compare() -> list[Row]:
    """All three parts, each on a local Discord of its own."""
    scale = float(os.environ.get("MODERATION_SCALE", "1"))
    rows = await _messages(max(50, int(MESSAGES * scale)))
    rows += await _deletions(max(10, int(DELETIONS * scale)))
    rows += await _raid(max(2 * RAID_JOINS, int(JOINS * scale)))
    return rows


@attrs.frozen
class _World:
    """A local Discord on real time with a host on it that has the plugin and nothing else."""

    discord: loopcord.LocalDiscord
    guild: loopcord.Guild
    general: loopcord.Channel
    host: Host


@contextlib.asynccontextmanager
async def _world(settings: str = "") -> AsyncGenerator[_World]:
    """A server and a host; ``settings`` are lines of the plugin's section, ``{log}`` in them is the log."""
    clock = loopcord.SystemClock()
    async with loopcord.LocalDiscord(clock=clock, patience=PATIENCE, conformance=False) as discord:
        guild = discord.create_guild("Market", owner="olga")
        general, log = guild.create_text_channel("general"), guild.create_text_channel("mod-log")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "config.toml")
            path.write_text(  # noqa: ASYNC240 - before anything is measured
                f'[chandelier]\nversion = 1\nrest_url = "{discord.rest_url}"\nlog_level = "WARNING"\n'
                f"alerts = {{ enabled = false }}\n"
                f"[plugins.moderation]\nversion = 2\n{settings.format(log=log.id)}\n",
                encoding="utf-8",
            )
            deployment = Deployment.read(path, {"CHANDELIER_TOKEN": discord.token})
            host = Host(deployment, only=("moderation",))
            remove = discord.add_idle_probe(host.idle)
            await host.start()
            await discord.settle()
            try:
                yield _World(discord, guild, general, host)
            finally:
                remove()
                await host.stop()


# ---- messages


async def _messages(number: int) -> list[Row]:
    """Messages per second in servers with more and more phrases, and in one without any rule, in turn."""
    contents = [message["content"] for message in messages()]
    async with _world() as world:
        free = world.general
        guarded: dict[int, loopcord.Channel] = {}
        for phrases in PHRASES:
            guarded[phrases] = await _guarded(world, phrases)
        without: list[float] = []
        with_them: dict[int, list[float]] = {phrases: [] for phrases in PHRASES}
        for turn in range(ROUNDS + 1):
            sides = [(free, without), *((guarded[phrases], with_them[phrases]) for phrases in PHRASES)]
            for channel, rates in sides if turn % 2 else sides[::-1]:
                rates.append(await _feed(world, channel, contents, number, turn))
    return [
        paired(
            f"messages with {phrases:,} phrases, and no rule",
            "messages per second",
            without[1:],
            with_them[phrases][1:],
            "1,000 and 10,000 near 10",
        )
        for phrases in PHRASES
    ]


async def _guarded(world: _World, phrases: int) -> loopcord.Channel:
    """A channel in a server with rules of that many phrases; a rule that asks for no text when it is 0."""
    guild = world.discord.create_guild(f"Market {phrases}", owner="olga")
    channel = guild.create_text_channel("general")
    rules = rules_of(phrases, 0) or [Rule(name="mentions", trigger=Mentions(), actions=(Delete(),))]
    if phrases:
        rules.append(Rule(name="sure", trigger=Words(words=(FORBIDDEN,)), actions=(Delete(),)))
    await _take_over(guild.owner, channel, rules)
    if phrases:  # what is measured has to be at work
        message = await guild.add_member("alice").send(channel, FORBIDDEN)
        assert message.deleted
    return channel


async def _take_over(owner: loopcord.Member, channel: loopcord.Channel, rules: list[Rule]) -> None:
    file = write_toml(RuleSet(rules=tuple(rules))).encode()
    reply = await owner.slash(channel, "automod import", file=("rules.toml", file))
    assert "Nothing was saved" not in reply.text, reply.text


async def _feed(
    world: _World, channel: loopcord.Channel, contents: list[str], number: int, turn: int
) -> float:
    """How many a second the host gets through, from the raw payload to the end of all that it started."""
    bot, payload = world.host.bot, payload_in(channel)
    shard = next(iter(bot.shards.values()))
    first = 10**18 + turn * number
    payloads: list[dict[str, Any]] = [
        payload | {"id": str(first + one), "content": contents[one % len(contents)]} for one in range(number)
    ]
    began = time.perf_counter()
    for one, each in enumerate(payloads):
        bot.event_manager.consume_raw_event("MESSAGE_CREATE", shard, each)
        if one % 50 == 49:
            await asyncio.sleep(0)
    await world.host.containment.idle()
    return number / (time.perf_counter() - began)


# ---- deletions


async def _deletions(number: int) -> list[Row]:
    """Milliseconds until a message is gone, by a rule and by one bare request, in turn."""
    by_rule: list[float] = []
    bare: list[float] = []
    async with _world("log_channel = {log}\n") as world:
        sure = Rule(name="sure", trigger=Words(words=(FORBIDDEN,)), actions=(Delete(),))
        await _take_over(world.guild.owner, world.general, [*rules_of(1_000, 0), sure])
        alice = world.guild.add_member("alice")
        for turn in range(number + 10):
            harmless = await alice.send(world.general, f"hello {turn}")
            began = time.perf_counter()
            await world.host.bot.rest.delete_message(world.general.id, harmless.id)
            bare.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            message = world.general.post(alice, f"{FORBIDDEN} {turn}")
            gone = await world.discord.until(lambda message=message: message.deleted)
            by_rule.append((time.perf_counter() - began) * 1000)
            assert gone
            await world.discord.settle()  # its case, its post in the log and its direct message
    del bare[:10], by_rule[:10]
    rows = [paired("message to deletion, median; a bare request", "milliseconds", bare, by_rule, _DURABLE)]
    late = percentile(bare, 0.95), percentile(by_rule, 0.95)
    rows.append(
        paired(
            "message to deletion, 95th percentile", "milliseconds", [late[0]], [late[1]], "near the median's"
        )
    )
    return rows


# ---- a raid


async def _raid(number: int) -> list[Row]:
    """Seconds until everybody of a raid is held, and until the host has heard of as many joins without one.

    Invites are left open: a raid whose rest cannot come in would be none of a thousand.
    """
    async with _world() as world:
        calm = await _join(world, number)
        assert not any(member.timed_out_until for member in world.guild.members)
    settings = f"log_channel = {{log}}\nraid_joins = {RAID_JOINS}\nraid_invites = false\n"
    async with _world(settings) as world:
        before = {member.id for member in world.guild.members}
        raid = await _join(world, number)
        crowd = [member for member in world.guild.members if member.id not in before]
        held = sum(member.timed_out_until is not None for member in crowd)
        state = world.host.lifecycle.records["moderation"].state.value
    print(f"a raid of {number:,} joins: {held:,} held after {raid:.1f} s, {raid / number * 1000:.1f} ms each")
    if held < number or state != "running":  # said and not raised, so that the other rows are seen
        print(f"FAILED: {number - held:,} of {number:,} are not held; the plugin is {state}")
    return [paired(f"{number:,} joins, held by raid mode", "seconds", [calm], [raid], "what holding costs")]


async def _join(world: _World, number: int) -> float:
    """Seconds for so many joins, all at once, until nothing is left to do."""
    began = time.perf_counter()
    for one in range(number):
        world.guild.add_member(f"newcomer-{one}")
        if one % 50 == 49:
            await asyncio.sleep(0)
    await world.discord.settle()
    return time.perf_counter() - began
