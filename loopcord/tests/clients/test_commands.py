"""Slash commands, menus, buttons and forms of unmodified discord.py and discord.js."""

from __future__ import annotations


async def test_it_gets_ready_and_syncs_its_commands(discord, market, start) -> None:
    bot = await start(discord)

    assert bot.all("ready") == [{"saw": "ready", "guilds": ["Market"], "shards": 1}]
    assert bot.all("synced")[0]["names"] == sorted(command["name"] for command in discord.commands())
    assert {"ping", "case", "Remove", "Who is this"} <= {command["name"] for command in discord.commands()}
    assert "ping" in [command["name"] for command in market.owner.commands(market.channel("general"))]


async def test_it_answers_a_slash_command(discord, general, alice, start) -> None:
    await start(discord)

    reply = await (await alice.slash(general, "ping")).answered()
    case = await (await alice.slash(general, "case view", number=7)).answered()

    assert (reply.content, reply.ephemeral) == ("pong", True)
    assert case.text == "Case #7"
    assert [message.id for message in general.messages] == [case.message.id]


async def test_it_asks_for_time_and_edits_its_answer(discord, general, alice, start) -> None:
    await start(discord)

    reply = await alice.slash(general, "slow")
    assert await discord.until(lambda: reply.deferred)
    await alice.send(general, "go on")
    await reply.answered()
    assert await discord.until(lambda: len(reply.followups) == 1)

    assert reply.content == "Done"
    assert (reply.followups[0].content, reply.followups[0].ephemeral) == ("Only you see this", True)


async def test_it_understands_every_kind_of_option(discord, market, general, alice, start) -> None:
    traders = market.create_role("Traders")
    await start(discord)

    reply = await alice.slash(
        general,
        "describe",
        member=alice,
        channel=general,
        role=traders,
        file=("lamp.txt", b"oil"),
        count=3,
        really=True,
    )
    await reply.answered()

    assert reply.content == "alice #general @Traders lamp.txt=oil 3 true"


async def test_it_completes_what_is_typed(discord, general, alice, start) -> None:
    await start(discord)

    offered = await alice.autocomplete(general, "paint", "colour", "g")
    reply = await (await alice.slash(general, "paint", colour=offered[0]["value"])).answered()

    assert [(choice["name"], choice["value"]) for choice in offered] == [("Green", "green")]
    assert reply.content == "Painted green"


async def test_its_buttons_menus_and_forms_work(discord, general, alice, start) -> None:
    bot = await start(discord)

    panel = await (await alice.slash(general, "panel")).answered()
    await bot.saw("panel shown")  # discord.py knows its buttons only from then on
    pressed = await alice.press(panel, label="Report")
    await bot.saw("form shown")
    submitted = await (await alice.submit(pressed, {"text": "A lamp fell"})).answered()
    chosen = await (await alice.choose(panel, ["green"])).answered()

    assert (submitted.content, submitted.ephemeral) == ("Reported: A lamp fell", True)
    assert chosen.updated
    assert panel.content == "Now green"


async def test_its_context_menus_work(discord, general, alice, start) -> None:
    await start(discord)
    rude = await alice.send(general, "rude words")

    who = await (await alice.menu(general, "Who is this", alice)).answered()
    removed = await (await alice.menu(general, "Remove", rude)).answered()

    assert who.content == "This is alice"
    assert removed.content == "Removed: rude words"
    assert rude.deleted


async def test_it_waits_out_a_rate_limit(discord, general, alice, start) -> None:
    await start(discord)
    discord.fail(
        "POST",
        "/channels/*/messages",
        status=429,
        headers={"Via": "1.1 loopback", "Retry-After": "1"},  # discord.py takes one without Via for a ban
        body={"message": "You are being rate limited.", "retry_after": 0.1, "global": False},
    )

    await alice.send(general, "ping")
    assert await discord.until(lambda: len(general.messages) == 2)

    assert general.last.content == "pong"
    tries = [
        request.status for request in discord.requests if request.path == f"/channels/{general.id}/messages"
    ]
    assert tries == [429, 200]
