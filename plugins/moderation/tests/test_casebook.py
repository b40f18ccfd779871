"""Stories of `/case list`, `search`, `edit`, `void` and `export`, and of the summary in `/history`."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta

import aiohttp
import pytest

from chandelier.services.audit import Query as AuditQuery
from chandelier_moderation.casebook.queries import Query
from chandelier_moderation.cases import Draft
from loopcord import ActError

DAY = 86_400


async def write(host, market, action="warn", **facts):
    """A case as another room writes it."""
    book = host.lifecycle.records["moderation"].plugin.book
    number = facts.pop("nth", None)
    draft = {
        "guild_id": market.guild.id,
        "action": action,
        "target_id": market.bob.id,
        "moderator_id": market.mod.id,
        "reason": "spam",
        "source": f"test-{number if number is not None else len(host.lifecycle.records)}-{action}-{facts}",
        "log_channel_id": None,
        "tell_member": False,
    }
    case, _ = await book.open(Draft(**{**draft, **facts}))
    return case


def numbers(shown):
    """The numbers of the cases on a page."""
    lines = shown.embeds[0].get("description", "").split("\n")
    return [int(line.split("**")[1][1:]) for line in lines if line.startswith("**#")]


async def test_a_list_is_narrowed_down_and_its_pages_stay_in_place(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    for number in range(18):
        await write(host, market, reason=f"reason {number}", nth=number)
    await discord.advance(2 * DAY)
    await write(host, market, "note", target_id=market.alice.id, moderator_id=market.guild.owner.id)

    everything = await market.mod.slash(market.general, "case list")
    assert everything.ephemeral
    assert numbers(everything) == list(range(19, 11, -1))
    assert "1 to 8 of 19" in everything.text
    with pytest.raises(ActError, match="disabled"):
        await market.mod.press(everything, label="Newer")

    await write(host, market, reason="while it is read", nth="later")
    await start_host.restart(host)
    await market.mod.press(everything, label="Older")
    assert numbers(everything) == list(range(11, 3, -1))
    assert "10 to 17 of 20" in everything.text
    await market.mod.press(everything, label="Older")
    assert numbers(everything) == [3, 2, 1]
    with pytest.raises(ActError, match="disabled"):
        await market.mod.press(everything, label="Older")
    await market.mod.press(everything, label="Newer")
    assert numbers(everything) == list(range(11, 3, -1))

    about_alice = await market.mod.slash(market.general, "case list", member=market.alice)
    assert numbers(about_alice) == [19]
    assert about_alice.components == []
    assert numbers(await market.mod.slash(market.general, "case list", by=market.guild.owner)) == [19]
    assert numbers(await market.mod.slash(market.general, "case list", action="note")) == [19]
    assert numbers(await market.mod.slash(market.general, "case list", since="1d")) == [20, 19]
    old = await market.mod.slash(market.general, "case list", until="1d", member=market.bob)
    assert "of 18" in old.text
    assert numbers(await market.mod.slash(market.general, "case list", since="2026-01-02")) == [20, 19]
    none = await market.mod.slash(market.general, "case list", by=market.alice)
    assert "No case fits" in none.text
    unreadable = await market.mod.slash(market.general, "case list", since="last week")
    assert "no time that I can read" in unreadable.text
    backwards = await market.mod.slash(market.general, "case list", since="1d", until="2d")
    assert "is not before" in backwards.text


async def test_a_search_finds_words_in_reasons_messages_files_and_rules(start_host, market):
    host = await start_host("moderation", config=market.config())
    await write(host, market, reason="PERCHÉ NO", nth=1)
    await write(host, market, "remove", reason="rule", evidence="get Free Nitro here", nth=2)
    await write(host, market, "remove", reason="rule", attachments=("holiday.png",), nth=3)
    await write(host, market, reason="100% sure_", rule="scam-links", nth=4)

    async def found(text):
        return numbers(await market.mod.slash(market.general, "case search", text=text))

    assert await found("perché") == [1]
    assert await found("free nitro") == [2]
    assert await found("HOLIDAY") == [3]
    assert await found("scam-links") == [4]
    assert await found("0% sure_") == [4]
    assert await found("s%e") == []
    blank = await market.mod.slash(market.general, "case search", text="  ")
    assert "Write what to look for" in blank.text


async def test_the_book_of_another_server_is_closed(discord, start_host, market):
    bazaar = discord.create_guild("Bazaar", owner="omar")
    square = bazaar.create_text_channel("square")
    host = await start_host("moderation", config=market.config())
    for number in range(9):
        await write(host, market, nth=number)
    shown = await market.mod.slash(market.general, "case list")

    assert "No case fits" in (await bazaar.owner.slash(square, "case list")).text
    reader = host.lifecycle.records["moderation"].plugin.reader
    assert await reader.recall(market.guild.id, 1) == Query(guild_id=market.guild.id)
    assert await reader.recall(bazaar.id, 1) is None
    assert len(numbers(shown)) == 8


async def test_a_case_is_edited_and_its_post_and_the_audit_log_follow(start_host, market):
    host = await start_host("moderation", config=market.config())
    await market.mod.slash(market.general, "warn", member=market.bob, reason="spma")
    post = market.log.last

    done = await market.mod.slash(market.general, "case edit", number=1, reason="spam")
    again = await market.mod.slash(market.general, "case edit", number=1, reason="spam")

    assert "says so now" in done.text
    assert "says so already" in again.text
    assert "spma" not in post.text
    assert "spam" in post.text
    assert "Edited" in post.text
    assert market.mod.mention in post.text
    [entry] = await audited(host, market, "case.edit")
    assert (entry.before, entry.after) == ({"reason": "spma"}, {"reason": "spam"})
    assert entry.actor.user_id == market.mod.id

    blank = await market.mod.slash(market.general, "case edit", number=1, reason="\u200b")
    assert "Write the new reason" in blank.text
    beyond = await market.mod.slash(market.general, "case edit", number=2, reason="x")
    assert "no case #2" in beyond.text
    await market.guild.owner.slash(market.general, "warn", member=market.mod, reason="too strict")
    own = await market.mod.slash(market.general, "case edit", number=2, reason="praise")
    assert "another moderator" in own.text


async def test_the_end_of_what_holds_for_a_time_is_changed_and_discord_follows(discord, start_host, market):
    host = await start_host("moderation", config=market.config(tell_member="never"))
    boss = market.guild.owner
    await boss.slash(market.general, "timeout", member=market.bob, duration="1h", reason="spam")
    await boss.slash(market.general, "tempban", user=market.alice, duration="1h", reason="scam")
    start = discord.clock.now()

    longer = await boss.slash(market.general, "case edit", number=1, duration="3h")
    await boss.slash(market.general, "case edit", number=2, duration="2h", reason="scams")
    await discord.advance(5)

    assert "says so now" in longer.text
    assert datetime.fromisoformat(market.bob.timed_out_until) == start + timedelta(hours=3)
    assert f"<t:{int(start.timestamp()) + 3 * 3_600}" in market.log.messages[0].text
    await discord.advance(3_600)
    assert list(market.guild.bans) == [market.alice.id]
    await boss.slash(market.general, "case edit", number=2, duration="Never")
    await discord.advance(DAY)
    assert list(market.guild.bans) == [market.alice.id]
    assert numbers(await boss.slash(market.general, "case list", state="active")) == [2]
    [last, *_others] = await audited(host, market, "case.edit")
    assert last.before["until"] is not None
    assert last.after == {"until": None}

    await boss.slash(market.general, "unban", user=market.alice)
    assert numbers(await boss.slash(market.general, "case list", state="active")) == []
    over = await boss.slash(market.general, "case edit", number=1, duration="1d")
    assert "not in force" in over.text
    await boss.slash(market.general, "warn", member=market.bob, reason="spam")
    nothing = await boss.slash(market.general, "case edit", number=4, duration="1d")
    assert "no end to change" in nothing.text
    mod = await market.mod.slash(market.general, "case edit", number=2, duration="1d")
    assert "Ban Members" in mod.text


async def audited(host, market, action):
    """What the audit log has of one kind of action, newest first."""
    return await host.audit.find(AuditQuery(guild_id=market.guild.id, action=action), limit=9)


async def test_a_case_is_voided_by_its_number_and_shows_the_way_to_its_post(start_host, market):
    host = await start_host("moderation", config=market.config())
    await market.mod.slash(market.general, "warn", member=market.bob, reason="a mistake")
    post = market.log.last

    first = await market.mod.slash(market.general, "case void", number=1)
    second = await market.guild.owner.slash(market.general, "case void", number=1)

    assert "Case #1 is void now" in first.text
    assert f"voided by {market.mod.mention} before" in second.text
    assert "(void)" in post.text
    [entry] = await audited(host, market, "case.void")
    assert (entry.subject, entry.after, entry.actor.user_id) == ("case #1", {"void": True}, market.mod.id)
    assert numbers(await market.mod.slash(market.general, "case list", state="void")) == [1]
    assert numbers(await market.mod.slash(market.general, "case list", state="valid")) == []
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert f"https://discord.com/channels/{market.guild.id}/{market.log.id}/{post.id}" in shown.text


async def test_cases_are_exported_for_sheets_and_for_programs(start_host, market):
    host = await start_host("moderation", config=market.config())
    await write(host, market, reason='=HYPERLINK("https://evil.example")', nth=1)
    await write(
        host, market, "remove", reason="rule", evidence='a, "b"\nc 🎈', attachments=("a.png", "b.png")
    )
    owner = market.guild.owner

    sheet = await owner.slash(market.general, "case export", format="csv")
    program = await owner.slash(market.general, "case export", format="json", action="remove")

    assert sheet.ephemeral
    assert "2 cases" in sheet.text
    text = await attached(sheet)
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["case"] for row in rows] == ["2", "1"]
    assert rows[0]["message"] == 'a, "b"\nc 🎈'
    assert rows[0]["attachments"] == "a.png\nb.png"
    assert rows[1]["reason"].startswith("'=HYPERLINK")
    assert rows[1]["member"] == str(market.bob.id)
    [case] = json.loads(await attached(program))
    assert case["attachments"] == ["a.png", "b.png"]
    assert case["at"].endswith("+00:00")
    exports = await audited(host, market, "case.export")
    assert [entry.after for entry in exports] == [{"cases": 1}, {"cases": 2}]

    refused = await market.mod.slash(market.general, "case export")
    assert "moderation.export" in refused.text


async def attached(reply):
    """The text of the file that came with an answer, fetched from where Discord keeps it."""
    [file] = reply.message.attachments
    async with aiohttp.ClientSession() as web, web.get(file["url"]) as answer:
        return (await answer.read()).decode()


async def test_a_history_begins_with_what_it_sums_up_to(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    empty = await market.mod.slash(market.general, "history", member=market.bob)
    assert "last 30 days" not in empty.text
    await write(host, market, nth=1, created_at=discord.clock.now() - timedelta(days=40))
    await write(host, market, nth=2)
    await write(host, market, nth=3, points=3)
    await write(host, market, nth=4)
    await market.mod.slash(market.general, "case void", number=4)
    later = discord.clock.now().replace(year=2027)
    # By hand, so that nothing is done on Discord.
    await write(host, market, "timeout", origin="discord", expires_at=later)

    shown = await market.mod.slash(market.general, "history", member=market.bob)

    head = shown.embeds[0]["description"]
    assert "5 cases" in head
    assert "Warning: 3" in head
    assert "3 in the last 30 days" in head
    assert "3 points" in head
    assert "1 void case" in head
    assert "In force: " in head
    assert "(#5), until <t:" in head
    assert numbers(await market.mod.slash(market.general, "case list", state="active")) == [5]
