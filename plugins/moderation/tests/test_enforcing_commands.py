"""Stories of those who write rules: tests, backtests, files, presets, `/keyword`, and the old setting."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

import chandelier

FILE = """\
[[rule]]
name = "scam"
severity = "high"
[rule.trigger]
kind = "words"
words = ["free nitro"]
[[rule.actions]]
do = "delete"
[[rule.actions]]
do = "timeout"
duration = "1h"

[ladder]
decay = "14d"
[[ladder.steps]]
points = 3
actions = [{ do = "kick" }]
"""
ROLE = """\
[[rule]]
name = "up"
trigger = { kind = "words", words = ["please"] }
actions = [{ do = "give_role", role = "ROLE" }]
"""
WRONG = """\
[[rule]]
name = "bad"
[rule.trigger]
kind = "expressions"
expressions = ["(?=a)b", "fine"]
[[rule.actions]]
do = "delete"
[[rule]]
name = "late"
[rule.trigger]
kind = "capitals"
[[rule.actions]]
do = "timeout"
duration = "soon"
[[rule]]
name = "worse"
[rule.trigger]
kind = "wordz"
"""


async def test_a_text_is_tested_and_a_draft_is_tried_on_what_was_written(discord, start_host, market):
    await start_host("moderation", config=market.config())
    olga, general, guild = market.guild.owner, market.general, market.guild
    secret = guild.create_text_channel("secret")
    secret.set_overwrite(guild.everyone, deny=["view_channel"])
    secret.set_overwrite(guild.bot_role, allow=["view_channel", "read_message_history"])
    await olga.slash(
        general, "automod rule add", name="scam", trigger="words", what="free nitro", enabled=False
    )

    tested = await olga.slash(general, "automod rule test", text="FREE n1tro!")
    assert "scam (at rest)" in tested.text.replace("\\", "")
    assert "free nitro" in tested.text
    nothing = await olga.slash(general, "automod rule test", text="carefree nitrogen")
    assert "No rule hits it" in nothing.text

    said = [await market.alice.send(general, f"free nitro {number}") for number in range(3)]
    await market.mod.send(general, "free nitro by a moderator")
    await market.bob.send(general, "hello")
    told = await olga.slash(general, "automod rule backtest", name="scam", last=100)
    assert "3 of " in told.text
    assert "1 more match" in told.text
    assert str(said[0].id) in told.text
    assert told.message.attachments[0]["filename"] == "backtest.tsv"
    assert not any(message.deleted for message in said)
    assert market.log.messages == []

    draft = await olga.slash(
        general,
        "automod rule backtest",
        trigger="repeated",
        what="1 in 1h",
        channels=f"{general.mention} {secret.mention}",
    )
    assert "would have been hit" in draft.text
    neither = await olga.slash(general, "automod rule backtest")
    assert "Give either" in neither.text

    helpers = guild.create_role("Helpers", permissions=["manage_guild"])
    hanna = guild.add_member("hanna", roles=[helpers])
    closed = await hanna.slash(
        general, "automod rule backtest", trigger="words", what="x", channels=secret.mention
    )
    assert "You cannot read" in closed.text


async def test_conditions_parts_and_a_number_of_finds_are_options_and_what_is_left_out_stays(
    discord, start_host, market
):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, guild, alice = market.guild.owner, market.general, market.guild, market.alice
    edit = "automod rule edit"
    made = await olga.slash(
        general,
        "automod rule add",
        name="x",
        trigger="words",
        what="heck, darn",
        conditions="account < 1h, no roles",
        parts="content, thread",
        at_least=2,
    )
    for told in ("account < 1h, no roles", "content, thread", "Finds needed"):
        assert told in made.text

    async def stays(who, text):
        return not (await who.send(general, text)).deleted

    assert [await stays(alice, "heck"), await stays(alice, "heck, darn")] == [True, False]
    await olga.give_role(alice, guild.create_role("Friends"))
    assert await stays(alice, "heck, darn, again")
    await discord.advance(3_700)
    assert await stays(market.bob, "heck, darn, later")

    # What is left out stays: the words, when only what does not count is changed.
    changed = await olga.slash(
        general, edit, name="x", allow="what the heck", conditions="edits only", at_least=1
    )
    assert "what: heck, darn" in changed.text
    assert "account" not in changed.text
    message = await alice.send(general, "heck")
    assert not message.deleted
    await alice.edit(message, "what the heck")
    assert not message.deleted
    await alice.edit(message, "oh heck")
    assert message.deleted
    cleared = await olga.slash(general, edit, name="x", conditions="none", parts="all", match="prefix")
    assert "Conditions" not in cleared.text
    assert "Looks at" not in cleared.text
    assert not await stays(alice, "darned")

    await olga.slash(general, edit, name="x", parts="nickname")
    assert "heck" in (await olga.slash(general, "automod rule test", name="x", text="h3ck")).text
    assert "No rule hits it" in (await olga.slash(general, "automod rule test", text="h3ck")).text
    for wrong, told in (
        ({"conditions": "nice"}, "is no condition; there are"),
        ({"conditions": "account < 0s"}, "must be 1 second"),
        ({"parts": "embeds"}, "did you mean 'embed'"),
        ({"actions": "delte, timeout 10min, wern"}, "`wern`: “wern” is no action; did you mean `warn`?"),
        ({"actions": "warn, timeout 10min"}, "actions #2.duration: '10min' is no duration; write it as 90s"),
        ({"trigger": "emoji", "what": "many"}, "write one like `5`"),
        ({"trigger": "expressions"}, "`expressions` needs `what`"),
        ({"trigger": "capitals", "what": "70%", "match": "prefix"}, "`match` says nothing about `capitals`"),
    ):
        assert told in (await olga.slash(general, edit, name="x", **wrong)).text

    # What is shown of a rule is what one types.
    acts = ('ban 6d delete 1d "spam, again"', 'reply "no, {member}" 20s', "slowmode 30s 10m")
    await olga.slash(general, edit, name="x", trigger="capitals", what="80% of 20", actions=", ".join(acts))
    shown = (await olga.slash(general, "automod rule show", name="x")).text
    assert "trigger: capitals\nwhat: 80% of 20" in shown
    assert "\n".join(acts) in shown
    await olga.slash(general, edit, name="x", trigger="links", what="a.example", allow="b.example")
    opened = await olga.slash(general, edit, name="x", what="all", allow="none")
    assert "trigger: links\n```" in opened.text


async def test_nobody_has_a_rule_give_a_role_that_they_could_not_give(start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, guild = market.guild.owner, market.general, market.guild
    muted = guild.create_role("Muted")
    helpers = guild.create_role("Helpers", permissions=["manage_guild"], above=muted)
    chiefs = guild.create_role("Chiefs", permissions=["manage_roles"], above=helpers)
    hanna = guild.add_member("hanna", roles=[helpers])
    add, edit = "automod rule add", "automod rule edit"
    give_me = {"trigger": "words", "what": "please"}

    alone = await hanna.slash(general, add, name="up", actions=f"give_role {muted.mention}", **give_me)
    assert "Manage Roles" in alone.text
    managers = guild.create_role("Managers", permissions=["manage_roles"])
    await olga.give_role(hanna, managers)
    above = await hanna.slash(general, add, name="up", actions=f"give_role {chiefs.mention}", **give_me)
    assert "not below your highest role" in above.text
    await olga.slash(general, add, name="up", actions=f"give_role {chiefs.mention}", **give_me)
    for answer in (
        await hanna.slash(general, edit, name="up", what="abracadabra"),
        await hanna.slash(general, "keyword", name="up", words="abracadabra"),
        await hanna.slash(general, "automod ladder set", points=1, actions=f"give_role {chiefs.mention}"),
        await hanna.slash(
            general,
            "automod import",
            file=("a.toml", ROLE.replace("ROLE", str(chiefs.id)).encode()),
        ),
    ):
        assert "not below your highest role" in answer.text
    nothing = await olga.slash(
        general, "automod import", file=("a.toml", ROLE.replace("ROLE", str(general.id)).encode())
    )
    assert "There is no role" in nothing.text
    await hanna.send(general, "abracadabra")
    assert chiefs.id not in [role.id for role in hanna.roles]
    fine = await hanna.slash(general, add, name="down", actions=f"give_role {muted.mention} 1h", **give_me)
    assert "Rule added" in fine.text


async def test_a_file_is_taken_over_whole_or_not_at_all_and_comes_out_as_it_went_in(start_host, market):
    await start_host("moderation", config=market.config())
    olga, general = market.guild.owner, market.general
    await olga.slash(general, "automod rule add", name="old", trigger="capitals", actions="warn")

    refused = await olga.slash(general, "automod import", file=("rules.toml", WRONG.encode()))
    for problem in ("expressions", "duration", "wordz"):
        assert problem in refused.text
    assert "scam" not in (await olga.slash(general, "automod rule list")).text

    taken = await olga.slash(general, "automod import", file=("rules.toml", FILE.encode()))
    assert "1 rule added" in taken.text
    listed = (await olga.slash(general, "automod rule list")).text
    assert "old" in listed
    assert "scam" in listed
    message = await market.alice.send(general, "free nitro")
    assert message.deleted

    given = await olga.slash(general, "automod export")
    file = given.message.attachments[0]
    assert file["filename"] == "automod.toml"
    again = await olga.slash(general, "automod import", file=("a.toml", b"# none\n"), replace=True)
    assert "2 rules deleted" in again.text
    assert not (await market.bob.send(general, "free nitro")).deleted

    binary = await olga.slash(general, "automod import", file=("a.toml", b"\xff\xfe\x00"))
    assert "not UTF-8" in binary.text
    preset = await olga.slash(general, "automod preset", name="invites", dry_run=True)
    assert "added" in preset.text
    assert "dry run" in (await olga.slash(general, "automod rule list")).text


async def test_keyword_makes_changes_shows_and_deletes_a_rule(start_host, market):
    await start_host("moderation", config=market.config())
    olga, general, guild = market.guild.owner, market.general, market.guild
    shop = guild.create_category("Shop")
    sale = guild.create_text_channel("sale", category=shop)
    alerts = guild.create_text_channel("alerts")

    bare = await olga.slash(general, "keyword", name="scam", delete=True)
    assert "needs `words`" in bare.text
    made = await olga.slash(
        general,
        "keyword",
        name="scam",
        words="free nitro, gift",
        alerts=alerts,
        categories="Shop",
        severity="high",
    )
    assert "Rule added" in made.text
    in_shop = await market.alice.send(sale, "a gift for you")
    outside = await market.alice.send(general, "a gift for you")
    assert in_shop.deleted
    assert not outside.deleted
    assert "Automod: scam" in alerts.last.text

    await olga.slash(general, "keyword", name="SCAM", delete=False, categories="none", channels="general")
    kept = await market.alice.send(general, "free nitro")
    assert not kept.deleted
    assert len(alerts.messages) == 2
    shown = await olga.slash(general, "keyword", name="scam")
    assert "free nitro, gift" in shown.text
    both = await olga.slash(general, "keyword", name="scam", rule_delete=True, words="x")
    assert "alone" in both.text
    gone = await olga.slash(general, "keyword", name="scam", rule_delete=True)
    assert "Rule deleted" in gone.text
    unknown = await olga.slash(general, "keyword", name="scam")
    assert "no rules" in unknown.text


async def test_the_old_setting_is_a_rule_until_one_of_its_name_takes_its_place(start_host, market):
    await start_host("moderation", config=market.config(words=["scam"]))
    olga, general = market.guild.owner, market.general

    assert "words" in (await olga.slash(general, "automod rule list")).text
    kept = await olga.slash(general, "automod rule delete", name="words")
    assert "is the setting `words`" in kept.text
    assert (await market.alice.send(general, "scam")).deleted
    await olga.slash(general, "automod rule edit", name="words", actions="warn")
    assert not (await market.alice.send(general, "scam")).deleted
    assert "Warning" in market.log.last.text
    await olga.slash(general, "automod rule delete", name="words")
    assert (await market.alice.send(general, "scam")).deleted


@pytest.mark.endurance
async def test_what_rules_know_of_a_person_is_exported_and_erased(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    olga, general, alice = market.guild.owner, market.general, market.alice
    await olga.slash(general, "automod rule add", name="x", trigger="words", what="heck", actions="alert")
    await alice.send(general, "heck")
    await market.mod.press(market.log.last, label="Dismiss")

    data = await host.hooks.call("moderation", "chandelier_export_person", user_id=alice.id)
    assert [hit["message"] for hit in data["hits"]] == ["heck"]
    theirs = await host.hooks.call("moderation", "chandelier_export_person", user_id=olga.id)
    assert theirs["rules"] == [{"guild": str(market.guild.id), "rule": "x"}]
    erased = await host.hooks.call("moderation", "chandelier_erase_person", user_id=alice.id, by="person")
    assert erased.erased == 2  # the hit, and the post that shows it
    data = await host.hooks.call("moderation", "chandelier_export_person", user_id=alice.id)
    assert data["hits"] == []

    await market.bob.send(general, "heck")
    async with host.database.transaction() as session:
        long_ago = sa.bindparam("at", host.clock.now() - timedelta(days=31), type_=chandelier.UtcDateTime())
        await session.execute(sa.text("UPDATE moderation_hits SET at = :at").bindparams(long_ago))
    await discord.advance(86_401)
    data = await host.hooks.call("moderation", "chandelier_export_person", user_id=market.bob.id)
    assert data["hits"] == []
