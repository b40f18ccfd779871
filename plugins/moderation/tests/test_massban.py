"""Stories of `/massban` and `/massunban`: preview, confirmation, progress, and an account of everybody."""

from __future__ import annotations

import pytest
from sqlalchemy import text


@pytest.fixture
def judge(market):
    """A moderator who may ban."""
    role = market.guild.create_role("Judges", permissions=["ban_members", "moderate_members"])
    return market.guild.add_member("judge", roles=[role])


def fields(embed):
    """A card's fields by their names."""
    return {field["name"]: field["value"] for field in embed["fields"]}


async def test_a_list_is_previewed_confirmed_and_accounted_for(discord, start_host, market, judge):
    host = await start_host("moderation", config=market.config(adopt=[]))
    raiders = [market.guild.add_member(f"raider-{n}") for n in range(15)]
    peer = market.guild.add_member("peer", roles=[judge.roles[0]])
    stranger = discord.create_guild("Elsewhere").add_member("stranger")
    gone = raiders[-1]
    await market.guild.owner.ban(gone)
    ids = [*raiders, raiders[0], market.guild.owner, peer, judge, market.guild.bot_member, stranger]
    text = ", ".join(str(each.id) for each in ids) + " 999999999999999999 nobody"

    preview = await judge.slash(market.general, "massban", ids=text, reason="raid", delete=86_400)

    assert preview.ephemeral
    shown = fields(preview.embeds[0])
    assert "16 people" in preview.text
    assert gone.mention in shown["It is so already (1)"]
    assert "They own this server" in shown["Refused (4)"]
    assert "not above theirs" in shown["Refused (4)"]
    assert "to yourself" in shown["Refused (4)"]
    assert "to myself" in shown["Refused (4)"]
    assert shown["There twice"] == "1"
    assert "nobody" in shown["Not an id (1)"]
    assert set(market.guild.bans) == {gone.id}
    assert market.log.messages == []

    discord.fail("PUT", f"/guilds/*/bans/{raiders[0].id}", status=403, code=50013)
    discord.fail("PUT", f"/guilds/*/bans/{raiders[1].id}", status=404, code=10013)
    discord.fail("PUT", f"/guilds/*/bans/{raiders[2].id}", status=500)
    discord.trouble.rate_limit("PUT", f"/guilds/*/bans/{raiders[3].id}", retry_after=0.01)
    discord.trouble.cut("PUT", f"/guilds/*/bans/{raiders[4].id}", after=True)
    discord.fail("PUT", f"/guilds/*/bans/{raiders[5].id}", status=408)
    await market.guild.owner.kick(raiders[6])
    kings = market.guild.create_role("Kings", above=market.guild.bot_role)
    raiders[7].set_roles([kings])  # promoted since the preview

    await judge.press(preview, label="Ban 16 people")
    await discord.advance(60)

    banned = {raider.id for raider in raiders} - {raiders[n].id for n in (0, 1, 7)} | {stranger.id}
    assert set(market.guild.bans) == banned
    post = market.log.last
    assert len(market.log.messages) == 1
    shown = fields(post.embeds[0])
    assert (shown["Done"], shown["It was so already"]) == ("12", "1")
    assert (shown["Refused"], shown["Failed"]) == ("5", "3")
    assert "There is no such account" in shown["Why failed"]
    assert "Discord refused it" in shown["Why failed"]
    assert shown["Done"] == fields(preview.embeds[0])["Done"]  # the answer shows it too
    entry = next(each for each in market.guild.audit_log if each["target_id"] == raiders[2].id)
    assert "raid" in entry["reason"]
    assert raiders[2].dms == []

    whole = await judge.press(post, label="Account")
    assert whole.ephemeral
    file = whole.message.attachments[0]
    assert file["filename"].endswith(".csv")
    assert "raid" in (await judge.slash(market.general, "history", member=raiders[2])).text

    # ---- one press undoes it, once
    await start_host.restart(host)
    discord.fail("DELETE", f"/guilds/*/bans/{raiders[8].id}", status=403, code=50013)
    await market.guild.owner.unban(raiders[9])
    first = await judge.press(post, label="Undo (12)")
    await discord.advance(60)

    assert first.ephemeral
    assert set(market.guild.bans) == {gone.id, raiders[8].id}
    shown = fields(market.log.last.embeds[0])
    assert market.log.last.embeds[0]["title"] == "Undo: Mass ban"
    assert (shown["Done"], shown["It was so already"], shown["Failed"]) == ("10", "1", "1")
    await judge.press(post, label="Undo (12)")  # what failed is tried again, nothing else
    await discord.advance(60)
    assert set(market.guild.bans) == {gone.id}
    assert fields(market.log.last.embeds[0])["Done"] == "1"
    again = await judge.press(post, label="Undo (12)")
    assert "Everything of it is undone" in again.text
    assert len(market.log.messages) == 3


async def test_a_form_takes_a_pasted_list_and_a_repeated_press_does_nothing_twice(
    discord, start_host, market, judge
):
    await start_host("moderation", config=market.config(adopt=[]))
    await market.guild.owner.ban(market.bob)
    asked = await judge.slash(market.general, "massunban")
    ids = f"{market.bob.id}\n{market.alice.id}"
    preview = await judge.submit(asked, {"ids": ids, "reason": ""})
    assert "1 person" in preview.text
    assert market.alice.mention in fields(preview.embeds[0])["It is so already (1)"]

    sent = []
    emit = discord.backend.emit

    def twice(event, payload, *more, **options):
        emit(event, payload, *more, **options)
        if event == "INTERACTION_CREATE" and not sent:
            sent.append(payload)
            emit(event, payload, *more, **options)

    discord.backend.emit = twice
    await judge.press(preview, label="Unban 1 person")
    await discord.advance(10)

    assert market.guild.bans == {}
    assert len(market.log.messages) == 1
    assert fields(market.log.last.embeds[0])["Done"] == "1"

    # ---- what is not confirmed is not done
    cancelled = await judge.slash(market.general, "massban", ids=market.bob.mention, reason="spam")
    await judge.press(cancelled, label="Cancel")
    assert "nothing was done" in cancelled.text
    old = await judge.slash(market.general, "massban", ids=market.bob.mention, reason="spam")
    await discord.advance(3_700)
    late = await judge.press(old, label="Ban 1 person")
    assert "more than an hour old" in late.text
    none = await judge.slash(market.general, "massban", ids="them", reason="spam")
    assert "There is no id in it" in none.text
    many = " ".join(str(10**17 + n) for n in range(300))
    file = ("ids.txt", " ".join(str(2 * 10**17 + n) for n in range(900)).encode())
    much = await judge.slash(market.general, "massban", ids=many, file=file)
    assert "at most 1000" in much.text
    await discord.advance(60)
    assert market.guild.bans == {}


async def test_a_crash_at_any_step_loses_nobody_and_bans_nobody_twice(discord, start_host, market, judge):
    host = await start_host("moderation", config=market.config())
    raiders = [market.guild.add_member(f"raider-{n}") for n in range(8)]
    ids = " ".join(str(raider.id) for raider in raiders)
    preview = await judge.slash(market.general, "massban", ids=ids, reason="raid")
    await host.outbox.stop()
    await judge.press(preview, label="Ban 8 people")
    assert market.guild.bans == {}

    host = await start_host.restart(host)  # between the confirmation and everything else
    await discord.advance(10)
    assert set(market.guild.bans) == {raider.id for raider in raiders}

    # The same rows again, as a crash leaves them: done on Discord, not yet written down.
    await host.outbox.stop()
    async with host.database.transaction() as session:
        await session.execute(text("UPDATE chandelier_outbox SET state = 'started' WHERE kind != 'relog'"))
        await session.execute(
            text("UPDATE moderation_batch_targets SET state = 'waiting', number = NULL WHERE position > 3")
        )
        await session.execute(text("UPDATE moderation_cases SET act = 'waiting' WHERE number < 3"))
        await session.execute(
            text("UPDATE moderation_batches SET state = 'running', log_message_id = NULL, done_at = NULL")
        )
        key = await session.scalar(text("SELECT key FROM moderation_batches"))
    timers = host.lifecycle.records["moderation"].context.timers
    await timers.schedule("batch", key=key, due=discord.clock.now())
    await start_host.restart(host)
    await discord.advance(10)

    bans = [entry for entry in market.guild.audit_log if entry["action_type"] == 22]
    assert len(bans) == 8
    assert len(market.log.messages) == 1
    shown = fields(market.log.last.embeds[0])
    assert shown["Done"] == "8"
    none = await judge.slash(market.general, "case view", number=9)
    assert "no case #9" in none.text


async def test_what_is_to_be_done_meanwhile_does_not_wait_for_everybody(discord, start_host, market, judge):
    """The outbox takes what was put first: a forbidden message would wait for a thousand bans."""
    host = await start_host("moderation", config=market.config(words=["spam"]))
    raiders = [market.guild.add_member(f"raider-{n}") for n in range(35)]
    ids = " ".join(str(raider.id) for raider in raiders)
    preview = await judge.slash(market.general, "massban", ids=ids, reason="raid")
    await host.outbox.stop()
    await judge.press(preview, label="Ban 35 people")
    # One part of it is given up, as when Discord cannot be reached for hours.
    async with host.database.transaction() as session:
        given_up = "UPDATE chandelier_outbox SET state = 'failed' WHERE kind = 'batch'"
        assert (await session.execute(text(given_up))).rowcount == 1
    await host.outbox.start()
    said = await market.alice.send(market.general, "spam")
    assert said.deleted
    await discord.advance(20)

    assert set(market.guild.bans) == {raider.id for raider in raiders[10:]}


async def test_two_moderators_and_a_person_who_wants_to_be_forgotten(discord, start_host, market, judge):
    host = await start_host("moderation", config=market.config())
    other = market.guild.add_member("other", roles=judge.roles)
    people = [market.guild.add_member(f"raider-{n}") for n in range(3)]
    ids = " ".join(person.mention for person in people)
    one = await judge.slash(market.general, "massban", ids=ids, reason="raid")
    two = await other.slash(market.general, "massban", ids=ids, reason="raid too")
    await judge.press(one, label="Ban 3 people")
    await other.press(two, label="Ban 3 people")
    await discord.advance(10)

    assert len([entry for entry in market.guild.audit_log if entry["action_type"] == 22]) == 3
    done = [fields(post.embeds[0]).get("Done", "0") for post in market.log.messages]
    already = [fields(post.embeds[0]).get("It was so already", "0") for post in market.log.messages]
    assert sum(map(int, done)) == 3
    assert sum(map(int, already)) == 3

    bulk = host.lifecycle.records["moderation"].plugin.bulk
    exported = await bulk.people.export(people[0].id)
    assert [each["outcome"] for each in exported["batches"]] == ["opened", "opened"]
    kept = await bulk.people.erase(people[0].id, "person")
    assert kept.kept[0].count == 2
    assert (await bulk.people.erase(people[0].id, "owner")).erased == 2
    assert (await bulk.people.export(people[0].id))["batches"] == []


async def test_an_undone_batch_leaves_alone_whom_something_newer_happened_to(
    discord, start_host, market, judge
):
    await start_host("moderation", config=market.config(adopt=[]))
    people = [market.guild.add_member(f"raider-{n}") for n in range(3)]
    ids = " ".join(str(each.id) for each in people)
    preview = await judge.slash(market.general, "massban", ids=ids, reason="raid")
    await judge.press(preview, label="Ban 3 people")
    await discord.advance(10)
    batch = market.log.last
    await judge.slash(market.general, "unban", user=people[0])
    await judge.slash(market.general, "ban", user=people[0], reason="threats")
    await market.guild.owner.unban(people[1])
    await market.guild.owner.ban(people[1], reason="scam")
    await discord.advance(5)

    await judge.press(batch, label="Undo (3)")
    await discord.advance(10)

    assert set(market.guild.bans) == {people[0].id, people[1].id}
    account = fields(market.log.last.embeds[0])
    assert (account["Done"], account["It was so already"]) == ("1", "2")


@pytest.mark.endurance
async def test_a_raid_of_three_hundred_is_banned_and_undone_with_a_press_each(
    discord, start_host, market, judge
):
    await start_host("moderation", config=market.config(adopt=[]))
    raiders = [market.guild.add_member(f"raider-{n}") for n in range(300)]
    file = ("raiders.txt", "\n".join(str(raider.id) for raider in raiders).encode())

    preview = await judge.slash(market.general, "massban", file=file, reason="raid")
    assert "240 of them are checked when it is carried out" in preview.text
    await judge.press(preview, label="Ban 300 people")
    for _ in range(60):
        await discord.advance(5)
    assert len(market.guild.bans) == 300
    assert fields(market.log.last.embeds[0])["Done"] == "300"

    await judge.press(market.log.last, label="Undo (300)")
    for _ in range(60):
        await discord.advance(5)
    assert market.guild.bans == {}
    assert fields(market.log.last.embeds[0])["Done"] == "300"
    assert len(market.log.messages) == 2
