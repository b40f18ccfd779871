"""The plugin's stories, over real sockets: the local Discord on one side, a real host on the other."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import CliRunner

from chandelier.cli import main
from chandelier.tools.locales import complaints
from chandelier_greeter.config import MIGRATIONS


@pytest.fixture
def market(discord):
    guild = discord.create_guild("Market")
    return guild.create_text_channel("general"), guild.add_member("alice"), guild.add_member("bob")


async def test_bob_waves_back_after_a_restart_and_is_not_nudged(discord, start_host, market):
    general, alice, bob = market
    host = await start_host("greeter")

    greeting = await alice.slash(general, "greet", member=bob)
    await start_host.restart(host)
    answer = await bob.press(greeting, label="Wave back")
    await discord.advance(7200)

    assert greeting.message.pinged == [bob.id]
    assert answer.text == f"{bob.mention} waves back 👋"
    assert general.last.text == answer.text


async def test_who_does_not_wave_in_time_is_nudged_once(discord, start_host, market):
    general, alice, bob = market
    await start_host("greeter", config={"greeter": {"version": 2, "patience": 600}})

    await alice.slash(general, "greet", member=bob)
    await discord.advance(599)
    assert len(general.messages) == 1
    await discord.advance(7200)

    assert [message.text for message in general.messages[1:]] == [
        f"{bob.mention}, {alice.mention} said hello to you."
    ]


async def test_only_the_one_who_was_greeted_can_wave(start_host, market):
    general, alice, bob = market
    await start_host("greeter")

    greeting = await alice.slash(general, "greet", member=bob)
    answer = await alice.press(greeting, label="Wave back")

    assert answer.ephemeral
    assert answer.text == "Only the one who was greeted can wave back."


async def test_a_good_morning_gets_a_wave_and_other_messages_nothing(discord, start_host, market):
    general, alice, _ = market
    await start_host("greeter")

    greeting = await alice.send(general, "Good morning!")
    remark = await alice.send(general, "It is raining.")

    assert greeting.reactions == {"👋": [discord.bot.id]}
    assert remark.reactions == {}


async def test_a_section_of_version_1_is_upgraded_with_its_comments(discord, start_host, market):
    path = start_host.folder / "config.toml"
    before = f'[chandelier]\nrest_url = "{discord.rest_url}"\nversion = 1\n'
    path.write_text(before + "\n[plugins.greeter]\nversion = 1\nwait = 90  # they are shy\n")

    host = await start_host("greeter")

    assert host.lifecycle.records["greeter"].plugin.config.patience == 90
    assert path.read_text().endswith("[plugins.greeter]\nversion = 2\npatience = 90  # they are shy\n")


def test_the_step_to_version_2_can_be_undone():
    [step] = MIGRATIONS
    section = {"words": ["hello"], "wait": 90}

    step.upgrade(section)
    assert section == {"words": ["hello"], "patience": 90}
    step.downgrade(section)

    assert section == {"words": ["hello"], "wait": 90}


async def test_greetings_survive_the_way_back_to_revision_1_and_forth(discord, start_host, market):
    general, alice, bob = market
    host = await start_host("greeter")
    greeting = await alice.slash(general, "greet", member=bob)
    await start_host.stop(host)

    back = ["db", "downgrade", "greeter", "0001", "--config", str(start_host.folder / "config.toml")]
    done = await asyncio.to_thread(CliRunner().invoke, main, back)
    await start_host("greeter")

    assert "greeter: 0002 → 0001" in done.output
    assert "waves back" in (await bob.press(greeting, label="Wave back")).text


def test_nothing_is_missing_in_italian():
    assert complaints("chandelier_greeter", "it") == []
