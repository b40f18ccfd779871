"""What goes on by itself in the demo's server: the monitor bot's finds and people's small talk."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from chandelier.clock import Clock
from chandelier.demo.goods import FINDS, Find
from chandelier.demo.world import Market

__all__ = ["CHAT_SECONDS", "FIND_SECONDS", "find_embed", "live"]

FIND_SECONDS = 20.0
CHAT_SECONDS = 45.0

_TALK = (
    ("alice", "Is it only me, or did the lamp just flicker?"),
    ("bob", "Twelve lights, and one of them is always out."),
    ("carol", "I bought the candles. Nine hours each, they say. I am counting."),
    ("alice", "Look at #monitor, the scarf is half price!"),
    ("bob", "Who is watching the shop? Tell me when the crystal goes below five."),
    ("carol", "Good evening, all. What did I miss?"),
)


def find_embed(find: Find) -> dict[str, Any]:
    """A find as the monitor bot shows it, as Discord's JSON."""
    percent = round(100 * (find.was - find.price) / find.was)
    return {
        "type": "rich",
        "title": f"{find.brand}: {find.title}",
        "url": find.url,
        "description": f"**{find.price} €** instead of {find.was} € (−{percent} %)",
        "color": 0xC8A24B,
        "fields": [
            {"name": "Sizes", "value": ", ".join(find.sizes), "inline": True},
            {"name": "Code", "value": find.code, "inline": True},
        ],
        "footer": {"text": "LUISAVIAROMA monitor"},
    }


async def live(market: Market, clock: Clock, chance: random.Random) -> None:
    """Let the server live until cancelled; what is said comes from ``chance``, so that it can be repeated."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_post_finds(market, clock, chance))
        group.create_task(_chat(market, clock, chance))


async def _post_finds(market: Market, clock: Clock, chance: random.Random) -> None:
    while True:
        for find in chance.sample(FINDS, len(FINDS)):
            market.monitor.post(market.monitor_bot, embeds=[find_embed(find)])
            await clock.sleep(FIND_SECONDS)


async def _chat(market: Market, clock: Clock, chance: random.Random) -> None:
    people = {person.name: person for person in market.people}
    while True:
        for name, line in chance.sample(_TALK, len(_TALK)):
            await clock.sleep(CHAT_SECONDS)
            if people[name].present:
                market.general.post(people[name], line)
