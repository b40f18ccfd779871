"""The audit log: who changed what, when, before and after."""

from __future__ import annotations

import asyncio

import pytest

from chandelier.config.secret import Secret
from chandelier.services.acting import Actor, acting
from chandelier.services.audit import AuditLog, Query

ALICE, BOB, MARKET = 11111111111111111, 22222222222222222, 9


async def test_an_entry_says_who_changed_what_when_before_and_after(world) -> None:
    log = AuditLog(world.database)
    with acting(Actor.person(ALICE)):
        await log.audit("shop").record(
            "price.set", subject="lamp", before={"price": 3}, after={"price": 4, "key": Secret("hush")}
        )

    [entry] = await log.find(Query(), limit=10)

    assert (entry.actor, entry.at, entry.plugin) == (Actor.person(ALICE), world.now(), "shop")
    assert (entry.action, entry.subject) == ("price.set", "lamp")
    assert (entry.before, entry.after) == ({"price": 3}, {"price": 4, "key": "<secret>"})


async def test_an_entry_is_written_exactly_if_the_change_is(world) -> None:
    log = AuditLog(world.database)
    with pytest.raises(ZeroDivisionError):
        async with world.database.transaction("shop") as session:
            await log.record("price.set", session=session)
            raise ZeroDivisionError
    assert await log.find(Query(), limit=10) == []


async def test_it_is_searched_by_who_what_where_when_and_text(world) -> None:
    log = AuditLog(world.database)
    start = world.now()
    await log.record("config.change", subject="every", plugin="shop", guild_id=MARKET, after={"every": 30})
    await world.wait(60)
    await log.record("access.deny", plugin="core", guild_id=MARKET, about=BOB, actor=Actor.person(ALICE))
    await log.record("plugin.disable", plugin="core", subject="100% Ärger")

    async def found(**wanted):
        return [entry.action for entry in await log.find(Query(**wanted), limit=10)]

    assert await found() == ["plugin.disable", "access.deny", "config.change"]
    assert await found(by=ALICE) == await found(about=BOB) == await found(action="access") == ["access.deny"]
    assert await found(guild_id=MARKET, plugin="shop") == await found(until=world.now()) == ["config.change"]
    assert await found(since=world.now()) == ["plugin.disable", "access.deny"]
    assert await found(until=start) == await found(text="_") == await found(action="acc") == []
    assert await found(text="100% ärger") == ["plugin.disable"]
    assert await found(text="EVERY") == ["config.change"]


async def test_pages_go_back_and_forth_and_old_entries_are_tidied_away(world) -> None:
    log = AuditLog(world.database)
    for number in range(5):
        await log.record("n", subject=str(number))
        await world.wait(10)

    newest = await log.find(Query(), limit=2)
    older = await log.find(Query(), limit=2, older_than=newest[-1].id)
    back = await log.find(Query(), limit=2, newer_than=older[0].id)

    assert [[entry.subject for entry in page] for page in (newest, older, back)] == [
        ["4", "3"],
        ["2", "1"],
        ["4", "3"],
    ]
    assert await log.tidy(newest[-1].at) == 3
    assert [entry.subject for entry in await log.find(Query(), limit=9)] == ["4", "3"]


async def test_erasing_a_person_keeps_what_was_done_and_drops_who_it_was(world) -> None:
    log = AuditLog(world.database)
    await log.record("a", actor=Actor.person(ALICE), about=BOB, after={"staff": [ALICE, f"<@{ALICE}>"]})
    assert [entry["action"] for entry in await log.export_person(ALICE)] == ["a"]

    assert await log.erase_person(ALICE) == 1

    [entry] = await log.find(Query(), limit=9)
    assert entry.actor == Actor("erased") and entry.about == BOB
    assert entry.after == {"staff": ["erased person", "<@erased person>"]}
    assert await log.export_person(ALICE) == [] and len(await log.export_person(BOB)) == 1


async def test_what_a_database_would_not_keep_is_made_fit(world) -> None:
    log = AuditLog(world.database)
    await log.record("odd", subject="a\0b", before={"x\0": float("nan"), "y": "\ud800"}, after="z" * 70_000)

    [entry] = await log.find(Query(), limit=9)

    assert entry.subject == "ab" and entry.before == {"x": "nan", "y": "?"}
    assert entry.after["characters"] == 70_002


async def test_what_a_handler_started_is_its_persons_doing_only_until_the_handler_ends(world) -> None:
    log, begun, over = AuditLog(world.database), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await log.record("during")
        begun.set()
        await over.wait()
        await log.record("after")

    with acting(Actor.person(ALICE)):
        task = asyncio.create_task(work())
        await begun.wait()
    over.set()
    await task

    after, during = await log.find(Query(), limit=9)
    assert (during.actor, after.actor) == (Actor.person(ALICE), Actor.bot())
