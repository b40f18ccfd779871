"""Commands, buttons, menus and forms of a real bot, used through the page."""

from __future__ import annotations

from typing import Any

import pytest


async def test_the_picker_offers_what_the_member_may_run_with_its_options(market, host, browse) -> None:
    alice = await browse(market.alice)

    commands = {command["path"]: command for command in alice.world["commands"]}

    assert {"warn", "case view", "watch", "panel", "title", "silence"} <= commands.keys()
    assert [option["name"] for option in commands["warn"]["options"]] == [
        "member",
        "reason",
        "points",
        "where",
    ]
    assert commands["warn"]["options"][1]["choices"][0]["value"] == "spam"
    assert alice.world["menus"] == {"user": ["Inspect"], "message": ["Quote"]}


async def test_a_command_takes_its_options_and_answers_one_pair_of_eyes(market, host, browse) -> None:
    mod, alice = await browse(market.mod), await browse(market.alice)
    options = {"member": str(market.bob.id), "reason": "spam", "points": 3, "where": str(market.general.id)}

    answer = await mod.act("slash", command="warn", options=options)
    await mod.see(lambda: mod.messages)
    await alice.act("send", content="afterwards")
    await alice.see(lambda: alice.messages)

    assert answer["acknowledged"]
    assert mod.texts[0] == "bob: spam x3 in general"
    assert mod.rows[0]["ephemeral"]
    assert mod.rows[0]["used"] == {"id": str(market.mod.id), "name": "mod", "command": "warn", "slash": True}
    assert alice.texts == ["afterwards"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"reason": "spam"}, "requires option 'member'"),
        ({"member": "BOB", "reason": "ads"}, "only allows"),
        ({"member": "BOB", "reason": "spam", "points": 9}, "must be ≤ 5"),
        ({"member": "1", "reason": "spam"}, "has left the server"),
        ({"member": "bob", "reason": "spam"}, "in digits"),
    ],
)
async def test_a_command_that_a_client_would_not_send_is_refused(
    market, host, browse, options: dict[str, Any], why: str
) -> None:
    mod = await browse(market.mod)
    given = {key: str(market.bob.id) if value == "BOB" else value for key, value in options.items()}

    answer = await mod.act("slash", command="warn", options=given)

    assert why in answer["error"]


async def test_a_sub_command_answers_with_an_embed(market, host, browse) -> None:
    alice = await browse(market.alice)

    await alice.act("slash", command="case view", options={"number": 7})

    await alice.see(lambda: alice.messages)
    assert alice.rows[0]["embeds"][0]["title"] == "Case 7"
    assert alice.rows[0]["used"]["command"] == "case view"


async def test_the_bot_completes_what_is_being_typed(market, host, browse) -> None:
    alice = await browse(market.alice)

    answer = await alice.act("autocomplete", command="watch", option="url", value="coat", options={})

    assert [choice["value"] for choice in answer["choices"]] == ["https://shop.example/coat"]


async def test_a_slow_answer_is_thinking_first_and_then_is_there(market, host, browse) -> None:
    alice = await browse(market.alice)

    answer = await alice.act("slash", command="watch", options={"url": "https://shop.example/bag"})
    await alice.see(lambda: alice.messages)
    assert answer["acknowledged"]
    assert alice.rows[0]["loading"]
    host.may_finish.set()

    await alice.see(lambda: not alice.rows[0]["loading"])
    assert alice.texts == ["watching https://shop.example/bag"]


async def test_silence_of_the_bot_is_told(market, host, browse) -> None:
    async with market.another_page(answer_seconds=0.1) as impatient:
        alice = await browse(market.alice, page=impatient)

        answer = await alice.act("slash", command="silence", options={})

    assert answer == {"acknowledged": False, "modal": None, "reply": answer["reply"]}


async def test_a_button_changes_its_message_and_a_menu_answers(market, host, browse) -> None:
    alice = await browse(market.alice)
    await alice.act("slash", command="panel", options={})
    await alice.see(lambda: alice.messages)
    panel = alice.rows[0]["id"]

    await alice.act("choose", message=panel, custom_id="size", values=["large"])
    await alice.see(lambda: "size large" in alice.texts)
    await alice.act("press", message=panel, custom_id="undo")
    await alice.see(lambda: alice.messages[panel]["content"] == "undone")

    assert alice.messages[panel]["components"] == []
    refused = await alice.act("press", message=panel, custom_id="undo")
    assert "no such component" in refused["error"]


async def test_a_form_opens_is_filled_in_and_sent_once(market, host, browse) -> None:
    alice, bob = await browse(market.alice), await browse(market.bob)

    shown = await alice.act("slash", command="title", options={})
    assert shown["modal"]["title"] == "Rename it"
    stranger = await bob.act("submit", reply=shown["reply"], values={"title": "Bob's"})
    too_long = await alice.act("submit", reply=shown["reply"], values={"title": "x" * 21})
    sent = await alice.act("submit", reply=shown["reply"], values={"title": "Boots"})
    again = await alice.act("submit", reply=shown["reply"], values={"title": "Boots"})

    await bob.see(lambda: "renamed to Boots" in bob.texts)
    assert "somebody else" in stranger["error"]
    assert "20" in too_long["error"]
    assert sent["acknowledged"]
    assert "already" in again["error"]


async def test_context_menus_act_on_people_and_messages(market, host, browse) -> None:
    said = await market.bob.send(market.general, "wise words")
    alice = await browse(market.alice)

    await alice.act("menu", name="Inspect", member=str(market.bob.id))
    await alice.act("menu", name="Quote", message=str(said.id))

    await alice.see(lambda: "> wise words" in alice.texts)
    assert "bob is here" in alice.texts
