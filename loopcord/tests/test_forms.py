"""Controls that lightbulb does not build yet, served by a bot of forty lines on bare sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

import loopcord

EVERYTHING = (1 << 25) - 1


class RawBot:
    """Registers commands and answers every interaction with the next prepared callback."""

    def __init__(self, discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> None:
        self._discord = discord
        self._http = http
        self._headers = {"Authorization": f"Bot {discord.token}"}
        self.answers: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []

    async def register(self, *commands: dict[str, Any]) -> None:
        url = f"{self._discord.rest_url}/applications/{self._discord.bot.id}/commands"
        async with self._http.put(url, headers=self._headers, json=list(commands)) as answer:
            assert answer.status == 200

    async def run(self, intents: int) -> None:
        async with self._http.ws_connect(self._discord.gateway_url) as socket:
            identify = {"token": self._discord.token, "intents": intents, "properties": {}}
            await socket.send_json({"op": 2, "d": identify})
            async for message in socket:
                event = json.loads(message.data)
                if event["t"] == "INTERACTION_CREATE":
                    await self._answer(event["d"])

    async def _answer(self, interaction: dict[str, Any]) -> None:
        self.received.append(interaction)
        url = f"{self._discord.rest_url}/interactions/{interaction['id']}/{interaction['token']}/callback"
        async with self._http.post(url, json=self.answers.pop(0)) as answer:
            assert answer.status == 204, await answer.text()


@pytest.fixture
async def raw(discord: loopcord.LocalDiscord) -> AsyncIterator[Any]:
    running: list[asyncio.Task[None]] = []
    async with aiohttp.ClientSession() as http:

        async def start(*commands: dict[str, Any], intents: int = EVERYTHING) -> RawBot:
            bot = RawBot(discord, http)
            await bot.register(*commands)
            running.append(asyncio.create_task(bot.run(intents)))
            await discord.ready()
            return bot

        yield start
        for task in running:
            task.cancel()


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    guild = discord.create_guild("Market")
    guild.create_text_channel("general")
    return guild


def _label(control: dict[str, Any]) -> dict[str, Any]:
    return {"type": 18, "label": control["custom_id"], "component": control}


def _options(*values: str) -> list[dict[str, str]]:
    return [{"label": value, "value": value} for value in values]


async def test_a_form_with_every_control(market: loopcord.Guild, raw) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    bot = await raw({"name": "report", "description": "Report"})
    controls = [
        {"type": 4, "custom_id": "why", "style": 2, "min_length": 3},
        {"type": 5, "custom_id": "who"},
        {"type": 19, "custom_id": "proof", "required": False},
        {"type": 21, "custom_id": "kind", "options": _options("spam", "scam")},
        {"type": 23, "custom_id": "urgent"},
    ]
    form = {"custom_id": "report", "title": "Report", "components": [_label(c) for c in controls]}
    bot.answers = [{"type": 9, "data": form}, {"type": 4, "data": {"content": "thanks", "flags": 64}}]

    opened = await alice.slash(general, "report")
    with pytest.raises(loopcord.ActError, match="'kind' of the form must be filled in"):
        await alice.submit(opened, {"why": "ads", "who": [alice]})
    with pytest.raises(loopcord.ActError, match="does not offer 'scum'"):
        await alice.submit(opened, {"why": "ads", "who": [alice], "kind": "scum"})
    with pytest.raises(loopcord.ActError, match="takes User, not Channel"):
        await alice.submit(opened, {"why": "ads", "who": [general], "kind": "spam"})
    with pytest.raises(loopcord.ActError, match="takes text, not int"):
        await alice.submit(opened, {"why": 3, "who": [alice], "kind": "spam"})
    with pytest.raises(loopcord.ActError, match="no field 'where'"):
        await alice.submit(opened, {"where": "here"})
    bob = market.add_member("bob")
    answers = {"why": "ads", "who": [bob], "proof": ("ad.png", b"png"), "kind": "scam", "urgent": True}
    submitted = await alice.submit(opened, answers)

    assert submitted.content == "thanks"
    data = bot.received[-1]["data"]
    values = {row["component"]["custom_id"]: row["component"] for row in data["components"]}
    assert (values["why"]["value"], values["kind"]["value"], values["urgent"]["value"]) == (
        "ads",
        "scam",
        True,
    )
    assert values["who"]["values"] == [str(bob.id)]
    assert data["resolved"]["users"][str(bob.id)]["username"] == "bob"
    [upload] = values["proof"]["values"]
    assert data["resolved"]["attachments"][upload]["filename"] == "ad.png"


async def test_menus_of_people_roles_and_channels(market: loopcord.Guild, raw) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    helpers = market.create_role("Helpers")
    bot = await raw({"name": "assign", "description": "Assign"})
    menus = [
        {"type": 1, "components": [{"type": kind, "custom_id": name, "max_values": 2}]}
        for kind, name in ((5, "people"), (6, "roles"), (7, "anybody"), (8, "channels"))
    ]
    done = {"type": 4, "data": {"content": "done"}}
    bot.answers = [{"type": 4, "data": {"content": "whom?", "components": menus}}, done, done, done, done]
    panel = await alice.slash(general, "assign")

    await alice.choose(panel, [alice], custom_id="people")
    await alice.choose(panel, [helpers], custom_id="roles")
    await alice.choose(panel, [helpers, alice], custom_id="anybody")
    await alice.choose(panel, [general], custom_id="channels")
    with pytest.raises(loopcord.ActError, match="takes Role, not Member"):
        await alice.choose(panel, [alice], custom_id="roles")
    with pytest.raises(loopcord.ActError, match="takes 1 to 2 values, not 0"):
        await alice.choose(panel, [], custom_id="people")
    with pytest.raises(loopcord.ActError, match="4 components match"):
        await alice.choose(panel, [alice])

    chosen = [interaction["data"] for interaction in bot.received[1:]]
    assert [data["values"] for data in chosen] == [
        [str(alice.id)],
        [str(helpers.id)],
        [str(helpers.id), str(alice.id)],
        [str(general.id)],
    ]
    assert chosen[0]["resolved"]["members"][str(alice.id)]["permissions"]
    assert chosen[1]["resolved"]["roles"][str(helpers.id)]["name"] == "Helpers"
    assert chosen[3]["resolved"]["channels"][str(general.id)]["permissions"]


async def test_a_message_command_shows_its_message_even_without_the_intent(
    market: loopcord.Guild, raw
) -> None:
    """The chosen message is given in full; the one that it answers stays without its content."""
    general, alice = market.channel("general"), market.add_member("alice")
    bot = await raw({"name": "Quote", "type": 3}, intents=EVERYTHING & ~(1 << 15))
    bot.answers = [{"type": 4, "data": {"content": "quoted"}}]
    question = await alice.send(general, "secret question")
    answer = await alice.send(general, "secret answer", reply_to=question)

    await alice.menu(general, "Quote", answer)

    resolved = bot.received[0]["data"]["resolved"]["messages"][str(answer.id)]
    assert resolved["content"] == "secret answer"
    assert resolved["referenced_message"]["content"] == ""


async def test_a_deferred_update_edits_the_message_of_the_button(market: loopcord.Guild, raw) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    bot = await raw({"name": "panel", "description": "Panel"})
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    row = {"type": 1, "components": [button]}
    bot.answers = [{"type": 4, "data": {"content": "panel", "components": [row]}}, {"type": 6}]
    panel = await alice.slash(general, "panel")

    pressed = await alice.press(panel)

    assert pressed.deferred
    assert pressed.message == panel.message
    assert bot.received[1]["message"]["interaction_metadata"]["name"] == "panel"


async def test_autocomplete_of_a_number_keeps_what_is_typed(market: loopcord.Guild, raw) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    option = {"type": 4, "name": "case", "description": "Case", "autocomplete": True, "required": True}
    bot = await raw({"name": "view", "description": "View", "options": [option]})
    bot.answers = [{"type": 8, "data": {"choices": [{"name": "Case 12", "value": 12}]}}]

    choices = await alice.autocomplete(general, "view", "case", "1")

    assert choices == [{"name": "Case 12", "value": 12}]
    assert bot.received[0]["data"]["options"] == [{"name": "case", "type": 4, "value": "1", "focused": True}]
    with pytest.raises(loopcord.ActError, match="no option 'number'"):
        await alice.autocomplete(general, "view", "number", "1")
