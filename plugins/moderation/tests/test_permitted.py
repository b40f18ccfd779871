"""Stories of who may have rules do what: nobody more than with the commands, and nothing to the owner."""

from __future__ import annotations

FILE = """\
[[rule]]
name = "banner"
trigger = { kind = "words", words = ["please"] }
actions = [{ do = "ban" }, { do = "lockdown" }]
"""
LADDER = """\
[[ladder.steps]]
points = 3
actions = [{ do = "kick" }]
"""


async def test_nobody_has_a_rule_do_what_they_may_not_do_themselves(start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, guild = market.guild.owner, market.general, market.guild
    helpers = guild.create_role("Helpers", permissions=["manage_guild"])
    bans = guild.create_role("Bans", permissions=["ban_members", "manage_channels"])
    hanna, bruno = (guild.add_member(name, roles=[helpers]) for name in ("hanna", "bruno"))
    await olga.give_role(bruno, bans)
    add, edit, enable = (f"automod rule {name}" for name in ("add", "edit", "enable"))
    words = {"trigger": "words", "what": "please"}

    refused = await hanna.slash(
        general, add, name="x", actions="delete, ban 7d, kick, timeout 1h, slowmode 10s, lockdown", **words
    )
    for what, permission in (
        ("`ban` (the rule “x”)", "Ban Members"),
        ("`kick`", "Kick Members"),
        ("`timeout`", "Moderate Members"),
        ("`slowmode`", "Manage Channels"),
        ("`lockdown`", "Manage Channels"),
    ):
        [line] = [line for line in refused.text.splitlines() if what in line]
        assert permission in line
        assert f"`moderation.{what.split('`')[1]}`" in line
    assert "There are none yet" in (await olga.slash(general, "automod rule list")).text
    fine = await hanna.slash(general, add, name="mild", actions="delete, warn, alert, points", **words)
    assert "Rule added" in fine.text

    # What others made is not theirs to change, nor to put in force; to stop it is.
    await olga.slash(general, add, name="banner", actions="ban, lockdown", **words)
    assert "Rule at rest" in (await hanna.slash(general, "automod rule disable", name="banner")).text
    tries = (
        (edit, {"name": "banner", "what": "hello"}),
        (edit, {"name": "mild", "actions": "ban"}),
        (enable, {"name": "banner"}),
        ("keyword", {"name": "banner", "words": "hello"}),
        ("automod import", {"file": ("a.toml", FILE.encode())}),
        ("automod ladder set", {"points": 3, "actions": "ban"}),
    )
    for command, options in tries:
        answer = await hanna.slash(general, command, **options)
        assert "**Ban Members** to do this (`moderation.ban`)" in answer.text, command
    for command, options in (
        ("automod preset", {"name": "scam-links"}),
        ("automod import", {"file": ("a.toml", LADDER.encode())}),
    ):
        answer = await hanna.slash(general, command, **options)
        assert "nobody has a rule do what they may not do themselves" in answer.text, command
    assert "2 rules" in (await olga.slash(general, "automod export")).text
    assert "at rest" in (await olga.slash(general, "automod rule list")).text
    assert "No steps" in (await olga.slash(general, "automod ladder show")).text
    for command, options in tries:
        answer = await bruno.slash(general, command, **options)
        assert "Nothing was saved" not in answer.text, command

    # Points do what the ladder does, and staff is above most who make rules.
    await olga.slash(general, edit, name="mild", actions="delete, points")
    assert "the ladder, from 3 points" in (await hanna.slash(general, edit, name="mild", what="hm")).text
    assert "the ladder" in (await hanna.slash(general, "automod ladder decay", days=100)).text
    pointed = await hanna.slash(general, add, name="points", actions="points 3", **words)
    assert "Ban Members" in pointed.text
    for name, where in (("banner", "the rule “banner”"), ("mild", "the ladder, from 3 points")):
        staffed = await bruno.slash(general, edit, name=name, staff=True)
        assert f"`ban`, to staff too ({where})" in staffed.text
        assert "**Administrator** to do this (`moderation.automod_staff`)" in staffed.text
    await olga.slash(general, add, name="points", actions="points 3", staff=True, **words)
    climbing = await bruno.slash(general, "automod ladder set", points=5, actions="ban")
    assert "to staff too (the ladder, from 5 points)" in climbing.text
    stays = await bruno.slash(general, add, name="stays", actions="delete", staff=True, **words)
    assert "Rule added" in stays.text

    # A rule of the server counts as with the command.
    await olga.slash(general, "access allow", who=helpers, capability="moderation.kick")
    kicks = await hanna.slash(general, add, name="kicks", actions="kick", **words)
    assert "Rule added" in kicks.text


async def test_rules_stop_at_the_bots_rank_and_never_punish_the_owner_and_a_step_tells_once(
    start_host, market
):
    await start_host("moderation", config=market.config())
    olga, general, guild = market.guild.owner, market.general, market.guild
    chiefs = guild.create_role("Chiefs", permissions=["manage_messages"], above=guild.bot_role)
    chief = guild.add_member("chief", roles=[chiefs])
    words = {"trigger": "words", "staff": True}
    muted = guild.create_role("Muted")
    await olga.slash(
        general,
        "automod rule add",
        name="x",
        what="heck",
        actions=f"delete, warn, timeout 1h, kick, ban, give_role {muted.mention}, points 3, alert",
        **words,
    )
    await olga.slash(general, "automod ladder set", points=3, actions=f"warn, give_role {muted.mention}")

    message = await olga.send(general, "heck")
    assert message.deleted
    titles = [post.embeds[0]["title"] for post in market.log.messages]
    assert titles == ["Message removed · case #1", "Automod: x"]
    assert olga.roles == []
    assert "0" in (await olga.slash(general, "automod ladder show", member=olga)).text

    await olga.slash(general, "automod rule edit", name="x", actions="delete, ban, kick, timeout 1h")
    assert (await chief.send(general, "heck")).deleted
    assert guild.bans == {}
    assert chief.timed_out_until is None
    failed = [post for post in market.log.messages[2:] if "My highest role is not above theirs" in post.text]
    assert len(failed) == 3
    assert chief.dms == []

    # However much a step of the ladder does, its member reads of the gravest alone, and who is told what is
    # a rule's matter is told of that.
    await olga.slash(general, "automod rule edit", name="x", actions="points 3")
    staff = guild.create_text_channel("staff")
    step = f"warn, give_role {muted.mention}, timeout 1h, alert, alert {staff.mention}"
    await olga.slash(general, "automod ladder set", points=3, actions=step)
    await market.bob.send(general, "heck")
    assert [role.name for role in market.bob.roles] == ["Muted"]
    assert market.bob.timed_out_until is not None
    assert [message.embeds[0]["title"] for message in market.bob.dms] == ["You were timed out in Market"]
    assert "3 points" in market.log.last.text
    assert "3 points" in staff.last.text
