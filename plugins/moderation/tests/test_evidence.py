"""Stories of evidence that is kept for a time, and of people who are taken out of the book."""

from __future__ import annotations

from datetime import timedelta

from chandelier_moderation.casebook.queries import Query
from chandelier_moderation.cases import Draft

DAY = 86_400


async def write(host, market, action="remove", **facts):
    """A case with evidence, as another room writes it."""
    draft = {
        "guild_id": market.guild.id,
        "action": action,
        "target_id": market.bob.id,
        "moderator_id": market.mod.id,
        "reason": "spam",
        "source": f"test-{facts}",
        "log_channel_id": market.log.id,
        "tell_member": False,
        "origin": "discord",  # nothing is done on Discord
        "evidence": "buy at 12 Elm Street",
        "attachments": ("elm-street.png",),
    }
    case, _ = await host.lifecycle.records["moderation"].plugin.book.open(Draft(**{**draft, **facts}))
    return case


async def test_evidence_is_forgotten_when_the_server_says_and_the_case_stays(discord, start_host, market):
    host = await start_host("moderation", config=market.config(evidence_days=3))
    await write(host, market)
    await write(host, market, evidence=None, attachments=("only-a-file.png",))
    await discord.settle()
    first, second = market.log.messages
    assert "12 Elm Street" in first.text
    assert "elm-street.png" in first.text
    assert "only-a-file.png" in second.text

    await discord.advance(2 * DAY)
    await write(host, market, evidence="a later one")
    assert "12 Elm Street" in first.text
    host = await start_host.restart(host)
    await discord.advance(2 * DAY)

    assert "Elm" not in first.text
    assert "elm-street.png" not in first.text
    assert "No longer kept" in first.text
    assert "only-a-file.png" not in second.text
    assert "a later one" in market.log.messages[2].text
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert "spam" in shown.text
    assert "No longer kept" in shown.text
    assert "No case fits" in (await market.mod.slash(market.general, "case search", text="Elm Street")).text


async def test_a_server_may_keep_evidence_as_long_as_its_cases(discord, start_host, market):
    host = await start_host("moderation", config=market.config(evidence_days=1))
    await market.guild.owner.slash(
        market.general, "config set", plugin="moderation", setting="evidence_days", value="0"
    )
    now = discord.clock.now()
    await write(host, market)
    await write(host, market, evidence_until=now.replace(day=now.day + 1))

    await discord.advance(2 * DAY)

    assert "12 Elm Street" in (await market.mod.slash(market.general, "case view", number=1)).text
    assert "No longer kept" in (await market.mod.slash(market.general, "case view", number=2)).text


async def test_many_cases_forget_their_evidence_little_by_little(discord, start_host, market, monkeypatch):
    monkeypatch.setattr("chandelier_moderation.casebook.evidence.AT_ONCE", 2)
    host = await start_host("moderation", config=market.config(evidence_days=1))
    plugin = host.lifecycle.records["moderation"].plugin
    for number in range(5):
        await write(host, market, reason=f"reason {number}", log_channel_id=None)

    await discord.advance(DAY)

    async def left():
        pages = plugin.reader.every(Query(guild_id=market.guild.id, text="Elm Street"), 100)
        return sum([len(cases) async for cases in pages])

    assert await left() == 3
    await discord.advance(600)
    assert await left() == 1
    await discord.advance(600)
    assert await left() == 0


async def test_a_lists_buttons_work_for_a_time(discord, start_host, market, monkeypatch):
    monkeypatch.setattr("chandelier_moderation.casebook.evidence.SEARCHES_KEPT", timedelta(days=2))
    host = await start_host("moderation", config=market.config())
    for number in range(9):
        await write(host, market, reason=f"reason {number}", log_channel_id=None)
    shown = await market.mod.slash(market.general, "case list")
    reader = host.lifecycle.records["moderation"].plugin.reader

    await discord.advance(DAY)
    assert await reader.recall(market.guild.id, 1) is not None
    await discord.advance(2 * DAY)

    assert await reader.recall(market.guild.id, 1) is None
    assert "too old" in (await market.mod.press(shown, label="Older")).text


async def test_who_is_erased_stays_banned_and_the_book_keeps_no_more_of_them_than_that(start_host, market):
    host = await start_host("moderation", config=market.config())
    await write(host, market, "ban", reason="told us he lives at 12 Elm Street")
    await write(host, market, "warn", message_id=5, channel_id=market.general.id)
    voided = await write(host, market, "ban", reason="by mistake")
    await market.mod.slash(market.general, "case void", number=voided.number)
    await write(host, market, "warn", target_id=market.alice.id, moderator_id=market.bob.id)
    await market.mod.slash(market.general, "case list", member=market.bob)

    exported = await host.hooks.call("moderation", "chandelier_export_person", user_id=market.bob.id)
    assert [case["role"] for case in exported["cases"]] == ["member", "member", "member", "moderator"]
    assert exported["cases"][1]["attachments"] == ["elm-street.png"]
    erased = await host.hooks.call("moderation", "chandelier_erase_person", user_id=market.bob.id, by="owner")
    again = await host.hooks.call("moderation", "chandelier_erase_person", user_id=market.bob.id, by="owner")

    assert erased.erased == 4
    assert [(kept.count, kept.what) for kept in erased.kept] == [
        (1, "bans in force, with the id and nothing else")
    ]
    assert (again.erased, again.kept) == (0, erased.kept)
    ban = await market.mod.slash(market.general, "case view", number=1)
    assert market.bob.mention in ban.text
    assert "Elm Street" not in ban.text
    for number in (2, 3, 4):
        shown = await market.mod.slash(market.general, "case view", number=number)
        assert market.bob.mention not in shown.text
        assert number == 4 or "elm" not in shown.text.lower()
    found = await market.mod.slash(market.general, "case search", text="Elm Street", member=market.bob)
    assert "No case fits" in found.text
    edit = await market.mod.slash(market.general, "case edit", number=2, reason="bob, you know")
    assert "was erased" in edit.text


async def test_alerts_forget_what_was_written_when_cases_do_and_when_its_writer_is_erased(
    discord, start_host, market
):
    host = await start_host("moderation", config=market.config(evidence_days=5, tell_member="never"))
    olga, general, log = market.guild.owner, market.general, market.log
    words = {"trigger": "words", "what": "elm street"}
    staff = market.guild.create_text_channel("staff")
    await olga.slash(general, "automod rule add", name="x", actions=f"alert {staff.mention}", **words)
    await olga.slash(general, "automod rule add", name="dry", dry_run=True, actions="ban", **words)
    first = await market.bob.send(general, "buy at 12 Elm Street")
    alert, dry = staff.last, log.last
    assert "buy at 12" in alert.text
    assert "buy at 12" in dry.text
    await market.mod.press(alert, label="Dismiss")

    # A server that keeps less than before keeps less of what is there, too.
    config = {"plugin": "moderation", "setting": "evidence_days"}
    await olga.slash(general, "config set", value="3", **config)
    await discord.advance(2 * DAY)
    await market.bob.send(general, "come to Elm Street 13")
    host = await start_host.restart(host)
    await discord.advance(DAY + 3_600)
    for post in (alert, dry):
        assert "buy at 12" not in post.text
        assert "No longer kept" in post.text
        assert market.bob.mention in post.text
    assert "Dismiss, by" in alert.text
    assert all(part["disabled"] for row in alert.components for part in row["components"])
    data = await host.hooks.call("moderation", "chandelier_export_person", user_id=market.bob.id)
    assert str(first.id) not in str(data)
    assert "buy at 12" not in str(data)
    assert {post["post"] for post in data["alerts"]} == {str(staff.last.id), str(log.last.id)}

    # And one that keeps more keeps it longer, unless its writer is erased.
    await olga.slash(general, "config set", value="0", **config)
    await discord.advance(4 * DAY)
    assert "Elm Street 13" in staff.last.text
    await host.hooks.call("moderation", "chandelier_erase_person", user_id=market.bob.id, by="person")
    await discord.advance(10)
    for post in (staff.last, log.last):
        assert "Elm Street 13" not in post.text
        assert market.bob.mention not in post.text
