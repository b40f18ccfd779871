"""Effects in batches and timers with subjects, as a plugin's author writes them."""

from __future__ import annotations

from datetime import timedelta

import pytest

import chandelier

LOG = """
CALLS = []

@loader.effect("log", batch=3)
async def log(effects: list[chandelier.Effect], plugin: Made) -> dict:
    CALLS.append([effect.key for effect in effects])
    said = "\\n".join(effect.payload["line"] for effect in effects)
    message = await plugin.ctx.rest.create_message(int(effects[0].batch), said, nonce=str(effects[0].id))
    return {"message": int(message.id)}

@loader.effect("alone")
async def alone(effect: chandelier.Effect, plugin: Made) -> None:
    await plugin.ctx.rest.create_message(effect.payload["channel"], effect.key)

@loader.timer("remind")
async def remind(timer: chandelier.Timer, plugin: Made) -> None:
    await plugin.ctx.outbox.put("alone", key=timer.key, payload=timer.payload)
"""


async def test_lines_of_one_channel_are_said_in_one_message(discord, start_host, install) -> None:
    market = discord.create_guild("Market")
    general, random = market.create_text_channel("general"), market.create_text_channel("random")
    install("diary", LOG)
    host = await start_host("diary")
    ctx = host.lifecycle.records["diary"].context

    async with ctx.storage.transaction() as session:
        for number in range(5):
            for channel in (general, random):
                await ctx.outbox.put(
                    "log",
                    key=f"{channel.name} {number}",
                    payload={"line": f"line {number}"},
                    batch=str(channel.id),
                    session=session,
                )
    await discord.settle()

    for channel in (general, random):
        said = [message.content.splitlines() for message in channel.messages]
        assert sorted(len(lines) for lines in said) == [2, 3]
        assert sorted(line for lines in said for line in lines) == [f"line {number}" for number in range(5)]
    entry = await ctx.outbox.get("log", "general 4")
    assert entry.result["message"] in {message.id for message in general.messages}


async def test_a_handler_may_take_batches_after_a_reload_or_no_longer(discord, start_host, install) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    install("diary", LOG)
    host = await start_host("diary")
    alone = LOG.replace(", batch=3", "").replace("list[chandelier.Effect]", "chandelier.Effect")
    install("diary", alone.replace("in effects", "in [effects]").replace("effects[0]", "effects"))
    await host.reload("diary")
    ctx = host.lifecycle.records["diary"].context

    async with ctx.storage.transaction() as session:
        for line in "ab":
            payload = {"line": line}
            await ctx.outbox.put("log", key=line, payload=payload, batch=str(general.id), session=session)
    await discord.settle()

    assert sorted(message.content for message in general.messages) == ["a", "b"]


@pytest.mark.parametrize("size", [0, -1, 101])
def test_a_batch_of_an_impossible_size_is_refused_when_it_is_declared(size) -> None:
    with pytest.raises(ValueError, match="ask for 1 to 100"):
        chandelier.Loader().effect("log", batch=size)


async def test_the_timers_of_a_channel_go_with_it(discord, start_host, install) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    install("diary", LOG)
    host = await start_host("diary")
    ctx = host.lifecycle.records["diary"].context
    payload = {"channel": general.id}
    for key, subject in {"one": "channel/1", "two": "channel/2/message/5", "three": "channel/2"}.items():
        due = ctx.now() + timedelta(seconds=5)
        await ctx.timers.schedule("remind", key=key, due=due, payload=payload, subject=subject)

    assert await ctx.timers.cancel_all("channel/2") == 2
    await discord.advance(60)

    assert [message.content for message in general.messages] == ["one"]
