"""Stories of a Discord in trouble while many are banned: an exact account, nothing twice, nothing lost."""

from __future__ import annotations

import pytest

BAN, UNBAN = 22, 23
"""https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events"""


@pytest.fixture
def judge(market):
    """A moderator who may ban."""
    role = market.guild.create_role("Judges", permissions=["ban_members", "moderate_members"])
    return market.guild.add_member("judge", roles=[role])


def fields(post):
    """The fields of a post's card by their names."""
    return {field["name"]: field["value"] for field in post.embeds[0]["fields"]}


@pytest.mark.parametrize("many", [24, pytest.param(60, marks=pytest.mark.endurance)])
async def test_rate_limits_and_errors_amid_a_mass_ban_and_amid_its_undoing(
    discord, start_host, market, judge, many
):
    await start_host("moderation", config=market.config(adopt=[]))
    raiders = [market.guild.add_member(f"raider-{n}") for n in range(many)]
    ids = " ".join(str(raider.id) for raider in raiders)
    preview = await judge.slash(market.general, "massban", ids=ids, reason="raid")

    def trouble(method):
        """Every kind of 429 there is and some errors, for people at the start, amid and at the end."""
        ban = "/guilds/*/bans/{}"
        limit, fail = discord.trouble.rate_limit, discord.fail
        for n in (0, 5, 6, 13, many - 1):
            limit(method, ban.format(raiders[n].id), retry_after=0.02, times=2)
        for n in (2, 14, 21):
            limit(method, ban.format(raiders[n].id), retry_after=0.02, scope="shared")
        for n in (9, 22):
            limit(method, ban.format(raiders[n].id), retry_after=0.02, scope="global")
        limit("GET", ban.format(raiders[11].id), retry_after=0.02, scope="global")
        fail(method, ban.format(raiders[16].id), status=500)
        fail(method, ban.format(raiders[18].id), status=502)
        fail("GET", ban.format(raiders[19].id), status=500)

    def acts(kind):
        """Of whom Discord's audit log has an entry of a kind, as often as it has one."""
        return sorted(entry["target_id"] for entry in market.guild.audit_log if entry["action_type"] == kind)

    everybody = sorted(raider.id for raider in raiders)
    trouble("PUT")
    await judge.press(preview, label=f"Ban {many} people")
    for _ in range(12):
        await discord.advance(5)

    assert sorted(market.guild.bans) == everybody
    assert acts(BAN) == everybody
    [post] = market.log.messages
    assert fields(post)["Done"] == str(many)
    assert not {"Failed", "Refused", "It was so already", "Waiting"} & fields(post).keys()

    trouble("DELETE")
    await judge.press(post, label=f"Undo ({many})")
    for _ in range(12):
        await discord.advance(5)
    assert market.guild.bans == {}
    assert acts(UNBAN) == everybody
    assert fields(market.log.last)["Done"] == str(many)
    assert len(market.log.messages) == 2


async def test_a_bot_that_loses_its_permission_amid_a_mass_ban(discord, start_host, market, judge):
    await start_host("moderation", config=market.config(adopt=[]))
    guild = market.guild
    granted = guild.bot_role.permissions
    raiders = [guild.add_member(f"raider-{n}") for n in range(30)]
    ids = " ".join(str(raider.id) for raider in raiders)
    preview = await judge.slash(market.general, "massban", ids=ids, reason="raid")
    emit = discord.backend.emit

    def taken_amid(event, payload, *more, **options):
        emit(event, payload, *more, **options)
        if event == "GUILD_BAN_ADD" and len(guild.bans) == 10:
            guild.set_bot_permissions(set(granted) - {"ban_members", "administrator"})

    discord.backend.emit = taken_amid
    await judge.press(preview, label="Ban 30 people")
    for _ in range(6):
        await discord.advance(5)

    banned = set(guild.bans)
    assert len(banned) == 10
    [post] = market.log.messages
    account = fields(post)
    assert (account["Done"], account["Failed"]) == ("10", "20")
    assert account["Why failed"].startswith("20× I need Ban Members")
    assert "Waiting" not in account

    # ---- with the permission back, what was done is undone, and nothing else
    discord.backend.emit = emit
    guild.set_bot_permissions(granted)
    await judge.press(post, label="Undo (10)")
    await discord.advance(10)
    assert guild.bans == {}
    unbanned = {entry["target_id"] for entry in guild.audit_log if entry["action_type"] == UNBAN}
    assert unbanned == banned
    assert fields(market.log.last)["Done"] == "10"

    again = await judge.slash(market.general, "massban", ids=ids, reason="raid")
    await judge.press(again, label="Ban 30 people")
    await discord.advance(30)
    assert len(guild.bans) == 30
    assert fields(market.log.last)["Done"] == "30"
