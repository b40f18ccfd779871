"""`/access`: a server's own rules, and that nobody raises themselves with them."""

from __future__ import annotations

import pytest

SHOP = """
@loader.command
class Buy(
    lightbulb.SlashCommand,
    name="buy",
    description="Buy something",
    default_member_permissions=hikari.Permissions.KICK_MEMBERS,
):
    capability = "buy"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(1, plugin.ctx.component_id("again"), label="Again")
        row.add_interactive_button(1, plugin.ctx.component_id("ask"), label="Ask")
        await ctx.respond("bought", components=[row])

@loader.component("again", capability="buy")
async def again(press: chandelier.ComponentPress) -> None:
    await press.respond("bought again")

@loader.component("ask")
async def ask(press: chandelier.ComponentPress, plugin: Made) -> None:
    row = hikari.impl.ModalActionRowBuilder().add_text_input("why", "Why")
    await press.show_form("Why", plugin.ctx.component_id("why"), row)

@loader.form("why", capability="buy")
async def why(form: chandelier.FormSubmit) -> None:
    await form.respond("noted")

@loader.command
class Secret(lightbulb.SlashCommand, name="secret", description="Undeclared"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        await plugin.ctx.access.require(ctx, "secret", hikari.Permissions.BAN_MEMBERS)
        await ctx.respond("told")
"""
MANIFEST = """
@hookimpl
def chandelier_manifest(self):
    return chandelier.Manifest(
        summary="shop for tests",
        capabilities=(chandelier.Capability("buy", "Buy things", hikari.Permissions.KICK_MEMBERS),),
    )
"""
REFUSED = "A rule of this server does not let you do this"


class Market:
    """A server with an admin, two managers, a moderator and members, and a bot with a shop."""

    def __init__(self, discord) -> None:
        guild = self.guild = discord.create_guild("Market", owner="olivia")
        self.discord = discord
        self.general = guild.create_text_channel("general")
        self.helpers = guild.create_role("Helpers")
        self.mods = guild.create_role("Mods", permissions=["kick_members"])
        self.managers = guild.create_role("Managers", permissions=["manage_guild", "manage_roles"])
        self.admins = guild.create_role("Admins", permissions=["administrator"])
        for low, high in (
            (self.helpers, self.mods),
            (self.mods, self.managers),
            (self.managers, self.admins),
        ):
            guild.move_role(high, above=low)
        self.olivia = guild.owner
        self.admin = guild.add_member("admin", roles=[self.admins])
        self.mia = guild.add_member("mia", roles=[self.managers])
        self.max = guild.add_member("max", roles=[self.managers])
        self.mod = guild.add_member("mod", roles=[self.mods])
        self.alice = guild.add_member("alice", roles=[self.helpers])
        self.bob = guild.add_member("bob")

    def show(self, name, *roles) -> None:
        """What an admin sets under Server Settings, Integrations: who sees a command, besides the default."""
        backend = self.discord.backend
        [command_id] = [
            int(each["id"]) for (each_name, _), each in backend.commands[None].items() if each_name == name
        ]
        shown = [{"id": str(role.id), "type": 1, "permission": True} for role in roles]
        backend.set_command_permissions(self.guild.id, command_id, shown)

    async def access(self, actor, verb, who, capability="shop.buy") -> str:
        """What `/access` answers."""
        return (await actor.slash(self.general, f"access {verb}", capability=capability, who=who)).text

    async def buys(self, who) -> bool:
        """Whether somebody may buy."""
        return (await who.slash(self.general, "buy")).text == "bought"


@pytest.fixture
async def market(discord, start_host, install):
    install("shop", SHOP, methods=MANIFEST)
    market = Market(discord)
    market.host = await start_host("shop")
    for name in ("buy", "access"):  # so that it is the bot that judges, and not Discord before it
        market.show(name, market.guild.everyone)
    return market


async def test_rules_come_before_discords_permissions_deny_wins_and_they_outlive_a_restart(
    market, start_host
) -> None:
    assert (await market.buys(market.mod), await market.buys(market.alice)) == (True, False)

    assert "may now use `shop.buy`" in await market.access(market.admin, "allow", market.helpers)
    assert await market.buys(market.alice)
    await market.access(market.admin, "deny", market.mod)
    await market.access(market.admin, "allow", market.mods)
    assert REFUSED in (await market.mod.slash(market.general, "buy")).text
    market.host = await start_host.restart(market.host)
    assert (await market.buys(market.mod), await market.buys(market.alice)) == (False, True)

    assert "is gone" in await market.access(market.admin, "remove", market.helpers)
    assert not await market.buys(market.alice)
    assert "no such rule" in await market.access(market.admin, "remove", market.helpers)
    assert "Did you mean `shop.buy`?" in await market.access(market.admin, "allow", market.bob, "shop.by")


async def test_a_press_and_a_form_of_somebody_who_lost_the_capability_are_refused(market) -> None:
    await market.access(market.admin, "allow", market.alice)
    bought = await market.alice.slash(market.general, "buy")
    form = await market.alice.press(bought, label="Ask")
    assert (await market.alice.press(bought, label="Again")).text == "bought again"

    await market.access(market.admin, "remove", market.alice)

    assert "You need **Kick Members**" in (await market.alice.press(bought, label="Again")).text
    assert "You need **Kick Members**" in (await market.alice.submit(form, {"why": "because"})).text


async def test_nobody_raises_themselves(market) -> None:
    """Managers may change rules, but cannot kick, and so may not buy."""
    mia, cannot = market.mia, "You do not have `shop.buy` yourself"
    assert not await market.buys(mia)

    assert "about yourself" in await market.access(mia, "allow", mia)
    assert cannot in await market.access(mia, "allow", market.managers)  # a role that they hold
    assert cannot in await market.access(mia, "allow", market.helpers)  # one that they can give themselves
    assert cannot in await market.access(mia, "allow", market.guild.everyone)
    assert cannot in await market.access(mia, "allow", market.bob)  # a friend, or their second account
    # In two steps, with the right to change rules itself:
    assert "may now use" in await market.access(mia, "allow", market.helpers, "core.access")
    assert cannot in await market.access(market.alice, "allow", market.helpers)
    assert cannot in await market.access(market.alice, "allow", market.bob)
    assert not await market.buys(mia) and not await market.buys(market.bob)

    # Permissions that a channel's overwrites give count for nothing: managers write such overwrites.
    market.general.set_overwrite(mia, allow=["kick_members"])
    assert await market.buys(mia)
    assert cannot in await market.access(mia, "allow", market.managers)


async def test_nobody_lifts_what_denies_them(market) -> None:
    mia, lifts = market.mia, "This rule denies it to you too"
    await market.access(market.olivia, "allow", market.mods)
    for subject in (mia, market.managers, market.guild.everyone):
        await market.access(market.olivia, "deny", subject, "core.config")
        assert lifts in await market.access(mia, "remove", subject, "core.config")
        assert lifts in await market.access(mia, "allow", subject, "core.config")  # replacing it lifts it
        refused = await mia.slash(market.general, "config show", plugin="shop")
        assert REFUSED in refused.text
        assert "is gone" in await market.access(market.olivia, "remove", subject, "core.config")
    # Nor what denies it to somebody else, which would be giving what they do not have.
    await market.access(market.olivia, "deny", market.mod)
    assert "You do not have" in await market.access(mia, "remove", market.mod)
    # Leaving and coming back lifts nothing, and neither does being forgotten.
    await market.mod.leave()
    await market.mod.rejoin()
    await market.host.rules.erase_person(market.mod.id)
    assert not await market.buys(market.mod)


async def test_rules_of_higher_roles_and_equal_members_are_not_theirs_to_change(market) -> None:
    mia = market.mia
    assert "above your highest" in await market.access(mia, "deny", market.admins)
    assert "not above theirs" in await market.access(mia, "deny", market.admin)
    assert "not above theirs" in await market.access(mia, "deny", market.max)
    assert "not above theirs" in await market.access(mia, "deny", market.olivia)
    assert "may no longer" in await market.access(mia, "deny", market.mod)
    assert "may no longer" in await market.access(mia, "deny", market.managers)  # their own highest role

    assert "away from yourself" in await market.access(mia, "deny", market.managers, "core.access")
    assert "away from yourself" in await market.access(mia, "deny", market.guild.everyone, "core.access")


async def test_who_may_not_change_rules_any_more_is_stopped_even_an_administrator(market) -> None:
    assert "You need **Manage Guild**" in await market.access(market.alice, "allow", market.bob)
    market.general.set_overwrite(market.alice, allow=["manage_guild"])  # holds in this channel only
    assert "You need **Manage Guild**" in await market.access(market.alice, "allow", market.bob)

    await market.access(market.olivia, "deny", market.admin, "core.access")
    assert REFUSED in await market.access(market.admin, "allow", market.bob)
    assert REFUSED in await market.access(market.admin, "remove", market.admin, "core.access")


async def test_the_servers_owner_is_never_locked_out(market) -> None:
    await market.access(market.olivia, "deny", market.guild.everyone, "core.access")
    await market.access(market.olivia, "deny", market.guild.everyone)

    assert await market.buys(market.olivia)
    assert "is gone" in await market.access(market.olivia, "remove", market.guild.everyone)
    assert "may now use" in await market.access(market.olivia, "allow", market.olivia)


async def test_why_explains_what_decided(market) -> None:
    async def why(who, capability="shop.buy") -> str:
        reply = await market.admin.slash(market.general, "access why", member=who, capability=capability)
        return reply.embeds[0]["description"]

    assert "➡️ Refused: in this channel they do not have the Discord permission **Kick Members**" in await why(
        market.alice
    )
    assert "➡️ Allowed: in this channel they have the Discord permission **Kick Members**" in await why(
        market.mod
    )
    assert "➡️ Allowed: they have the Discord permission **Administrator**" in await why(market.admin)
    await market.access(market.admin, "allow", market.helpers)
    assert f"➡️ Allowed: a rule of this server allows it to {market.helpers.mention}" in await why(
        market.alice
    )
    await market.access(market.olivia, "deny", market.guild.everyone)
    text = await why(market.alice)
    assert "deny wins" in text and "➡️ Refused: a rule of this server denies it to @everyone" in text
    assert "they own this server: no rule denies them" in await why(market.olivia)
    market.host.owners.add(market.bob.id)
    assert "➡️ Allowed: they own this bot" in await why(market.bob)


async def test_what_discord_hides_is_said_with_what_to_do(market) -> None:
    """Nobody should wonder at 3 a.m. why the command is not there."""
    market.show("buy")
    told = await market.access(market.admin, "allow", market.helpers)
    assert "Discord still hides `/buy` from them" in told
    assert f"add {market.helpers.mention} to it in Server Settings → Integrations" in told
    assert "hides" not in await market.access(market.admin, "allow", market.mods)

    market.show("buy", market.helpers)
    assert "hides" not in await market.access(market.admin, "allow", market.helpers)


async def test_the_list_has_pages_and_says_what_is_gone(market, start_host) -> None:
    roles = [market.guild.create_role(f"Role {number}") for number in range(11)]
    for subject in (*roles, market.bob):
        await market.access(market.olivia, "allow", subject)
    await market.bob.leave()

    first = await market.admin.slash(market.general, "access list")
    assert "Page 1 of 2" in str(first.embeds) and "(left the server)" in first.text
    market.host = await start_host.restart(market.host)
    second = await market.admin.press(first, label="More")
    assert "Page 2 of 2" in str(second.embeds)
    only = await market.admin.slash(market.general, "access list", who=roles[3])
    assert only.text.count("shop.buy") == 1
    roles[3].delete()
    await market.discord.settle()
    gone = await market.admin.slash(market.general, "access list", who=roles[3])
    assert "No rule is about them" in gone.text
    await market.access(market.olivia, "deny", market.admin, "core.access")
    assert REFUSED in (await market.admin.press(second, label="Back")).text


async def test_capabilities_are_completed_also_one_that_nobody_declared(market) -> None:
    async def offered(typed: str) -> list[str]:
        choices = await market.admin.autocomplete(market.general, "access allow", "capability", typed)
        return [choice["value"] for choice in choices]

    assert await offered("things") == ["shop.buy"]
    assert "core.access" in await offered("") and await offered("secret") == []
    assert await market.alice.autocomplete(market.general, "access allow", "capability", "") == []

    assert "You need **Ban Members**" in (await market.alice.slash(market.general, "secret")).text
    assert await offered("secret") == ["shop.secret"]
    await market.access(market.admin, "allow", market.alice, "shop.secret")
    assert (await market.alice.slash(market.general, "secret")).text == "told"


async def test_another_process_hears_of_a_change_within_half_a_minute(market, start_host) -> None:
    other = await start_host("shop")
    guild_id = market.guild.id
    assert await other.rules.of(guild_id) == ()

    await market.access(market.admin, "deny", market.mod)

    assert await market.host.rules.of(guild_id) or await other.rules.of(guild_id)
    await market.discord.advance(30)
    assert len(await market.host.rules.of(guild_id)) == len(await other.rules.of(guild_id)) == 1


async def test_every_change_of_a_rule_is_in_the_audit_log(market) -> None:
    from chandelier.services.audit import Actor, Query

    await market.access(market.admin, "allow", market.alice)
    await market.access(market.admin, "deny", market.alice)
    await market.access(market.admin, "remove", market.alice)

    log = await market.host.audit.find(Query(action="access"), limit=9)
    assert [(entry.action, entry.before, entry.after) for entry in log] == [
        ("access.remove", "deny", None),
        ("access.deny", "allow", "deny"),
        ("access.allow", None, "allow"),
    ]
    assert {(entry.actor, entry.about) for entry in log} == {(Actor.person(market.admin.id), market.alice.id)}


async def test_roles_and_members_that_went_unnoticed_are_tidied_away_but_not_what_was_denied(
    market, start_host
) -> None:
    for subject in (market.helpers, market.bob, market.mod):
        await market.access(market.olivia, "allow", subject)
    await market.access(market.olivia, "deny", market.alice)
    await start_host.stop(market.host)
    market.helpers.delete()
    await market.bob.leave()
    await market.alice.leave()
    market.host = await start_host("shop")
    assert len(await market.host.rules.of(market.guild.id)) == 4

    await market.discord.advance(86_400)

    left = await market.host.rules.of(market.guild.id)
    assert {(rule.subject.id, rule.allowed) for rule in left} == {
        (market.mod.id, True),
        (market.alice.id, False),
    }
    [mine] = await market.host.rules.export_person(market.mod.id)
    assert (mine["member"], mine["rule"]) == (str(market.mod.id), "allow")
    assert await market.host.rules.erase_person(market.mod.id) == 1
    assert len(await market.host.rules.of(market.guild.id)) == 1


async def test_a_capability_that_a_part_names_and_the_manifest_does_not_is_refused_at_load(
    discord, start_host, install
) -> None:
    install("shop", SHOP)
    dotted = MANIFEST.replace('"buy", "Buy things"', '"core.access", "Everything"')
    install("thief", methods=dotted)

    host = await start_host("shop", "thief")

    reasons = {name: host.lifecycle.records[name].reason for name in ("shop", "thief")}
    assert "'buy' needs the capability 'buy', which the manifest does not declare" in reasons["shop"]
    assert "declares the capability 'core.access'; leave out the plugin's name" in reasons["thief"]
    assert host.capabilities.all()["core.access"].description == "Change who may do what"


async def test_an_admin_is_told_of_a_rule_that_hits_them_too_and_of_what_discord_still_hides(
    discord, start_host, install
) -> None:
    install("shop", SHOP, methods=MANIFEST)
    market = Market(discord)
    await start_host("shop")
    market.admin.locale = "it"

    async def rule(who, verb: str, whom) -> str:
        options = {"capability": "shop.buy", "who": whom}
        return (await who.slash(market.general, f"access {verb}", **options)).text

    hidden = await rule(market.admin, "allow", market.helpers)
    assert "Impostazioni server → Integrazioni → " in hidden and "the bot" not in hidden
    both = await rule(market.admin, "deny", market.guild.everyone)
    assert "Riguarda anche te" in both and "il proprietario del server" in both
    assert "about you" not in await rule(market.olivia, "deny", market.guild.everyone)
    none = await market.admin.slash(market.general, "access list", who=market.mods)
    assert "Nessuna regola riguarda" in none.text
    found = await market.admin.slash(market.general, "audit search", what="access.deny")
    assert "shop.buy @everyone" in found.text and found.message.pinged == []
