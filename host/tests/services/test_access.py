"""Who may do what, asked by a real bot on the local Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import hikari
import lightbulb
import pytest

import loopcord
from chandelier.errors import NotAllowed
from chandelier.services.access import (
    Access,
    Person,
    Standing,
    check_hierarchy,
    fetch_standings,
    permissions_of,
)

KICK = hikari.Permissions.KICK_MEMBERS


class MarketRules:
    """A guild's own rules: ids of roles and members, and what they may or may not."""

    def __init__(self, **decisions: bool) -> None:
        self.decisions = decisions
        self.asked: list[str] = []

    async def decide(self, person: Person, capability: str) -> bool | None:
        self.asked.append(capability)
        for held in (person.user_id, *person.role_ids):
            if (decision := self.decisions.get(f"_{held}")) is not None:
                return decision
        return None


@asynccontextmanager
async def real_rest(discord: loopcord.LocalDiscord) -> AsyncIterator[hikari.impl.RESTClientImpl]:
    """hikari's REST client, signed in as the bot."""
    app = hikari.RESTApp(url=discord.rest_url)
    await app.start()
    try:
        async with app.acquire(discord.token, hikari.TokenType.BOT) as rest:
            yield rest
    finally:
        await app.close()


class Asking:
    """A bot whose `/kick` only asks access, and says what it answered."""

    def __init__(self, discord: loopcord.LocalDiscord, access: Access) -> None:
        self.app = hikari.GatewayBot(
            discord.token, rest_url=discord.rest_url, banner=None, logs=None, intents=hikari.Intents.GUILDS
        )
        client = lightbulb.client_from_app(self.app)

        @client.register
        class Kick(  # pyright: ignore[reportUnusedClass]
            lightbulb.SlashCommand, name="kick", description="Ask whether I may."
        ):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                try:
                    await access.require(ctx, "kick", KICK)
                    await access.require(ctx.interaction, "kick", KICK)
                except NotAllowed as refusal:
                    await ctx.respond(str(refusal), ephemeral=True)
                else:
                    await ctx.respond("yes")

        self.app.subscribe(hikari.StartingEvent, client.start)

    async def __aenter__(self) -> Asking:
        await self.app.start(check_for_updates=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.app.close()


class TestCapabilities:
    async def test_discords_permissions_decide_when_nothing_else_does(
        self, discord: loopcord.LocalDiscord
    ) -> None:
        market = discord.create_guild("Market")
        general = market.create_text_channel("general")
        mod = market.add_member("mod", roles=[market.create_role("Mods", permissions=["kick_members"])])
        admin = market.add_member("admin", roles=[market.create_role("A", permissions=["administrator"])])
        alice = market.add_member("alice")

        async with Asking(discord, Access("moderation", owners=())):
            await discord.ready()
            answers = {who.name: await who.slash(general, "kick") for who in (mod, admin, alice)}

        assert answers["mod"].content == "yes"
        assert answers["admin"].content == "yes"
        assert answers["alice"].content == (
            "You need **Kick Members** to do this (`moderation.kick`); the server's admins can grant it."
        )

    async def test_the_bots_owner_passes_everywhere_even_in_direct_messages(
        self, discord: loopcord.LocalDiscord
    ) -> None:
        market = discord.create_guild("Market")
        general = market.create_text_channel("general")
        olga = market.add_member("olga")

        async with Asking(discord, Access("moderation", owners=[olga.id])):
            await discord.ready()
            assert (await olga.slash(general, "kick")).content == "yes"

    async def test_a_guilds_rule_comes_before_discords_permissions(
        self, discord: loopcord.LocalDiscord
    ) -> None:
        market = discord.create_guild("Market")
        general = market.create_text_channel("general")
        helpers = market.create_role("Helpers")
        mod = market.add_member("mod", roles=[market.create_role("Mods", permissions=["kick_members"])])
        hal = market.add_member("hal", roles=[helpers])
        rules = MarketRules(**{f"_{helpers.id}": True, f"_{mod.id}": False})

        async with Asking(discord, Access("moderation", owners=(), rules=rules)):
            await discord.ready()
            assert (await hal.slash(general, "kick")).content == "yes"
            assert "A rule of this server" in (await mod.slash(general, "kick")).content

        assert set(rules.asked) == {"moderation.kick"}

    async def test_outside_of_a_guild_nobody_but_the_owner_passes(self) -> None:
        olga, alice = await interaction_in_dm(111), await interaction_in_dm(222)
        access = Access("moderation", owners=[111])

        await access.require(olga, "kick", KICK)
        with pytest.raises(NotAllowed, match="only in a server"):
            await access.require(alice, "kick", hikari.Permissions.NONE)

    async def test_a_person_of_an_event_is_judged_alike(self) -> None:
        access = Access("luisaviaroma", owners=[1])
        store = hikari.Permissions.MANAGE_MESSAGES | KICK
        mod = Person(guild_id=9, user_id=2, permissions=store)
        alice = Person(guild_id=9, user_id=3, permissions=KICK)

        assert await access.allows(mod, "store", store)
        assert not await access.allows(alice, "store", store)
        assert await access.allows(Person(guild_id=9, user_id=1), "store", store)
        assert await access.allows(alice, "store", hikari.Permissions.NONE)
        with pytest.raises(NotAllowed, match=r"need \*\*Manage Messages\*\* to do this"):
            await access.require_person(alice, "store", store)


async def interaction_in_dm(user_id: int) -> hikari.CommandInteraction:
    """A slash command in direct messages, as Discord sends it."""
    app = hikari.GatewayBot("MQ==.x.y", banner=None, logs=None)
    user = {"id": str(user_id), "username": "someone", "discriminator": "0", "avatar": None}
    return app.entity_factory.deserialize_command_interaction(
        {
            "id": "5",
            "application_id": "1",
            "type": 2,
            "token": "t",
            "version": 1,
            "locale": "en-US",
            "user": user,
            "channel": {"id": "6", "type": 1, "permissions": "0", "flags": 0},
            "channel_id": "6",
            "entitlements": [],
            "app_permissions": "0",
            "context": 1,
            "authorizing_integration_owners": {},
            "attachment_size_limit": 1000,
            "data": {"id": "7", "name": "kick", "type": 1},
        }
    )


class TestHierarchy:
    owner = Standing(1, top_role_position=0, is_owner=True)
    admin = Standing(2, top_role_position=9, top_role_id=90)
    mod = Standing(3, top_role_position=5, top_role_id=50)
    peer = Standing(4, top_role_position=5, top_role_id=50)
    alice = Standing(5)
    bot = Standing(6, top_role_position=7, top_role_id=70)

    @pytest.mark.parametrize(
        ("actor", "target", "rule"),
        [
            ("mod", "mod", "to yourself"),
            ("owner", "owner", "to yourself"),
            ("admin", "bot", "to myself"),
            ("admin", "owner", "They own Market"),
            ("mod", "peer", "Your highest role is not above"),
            ("mod", "admin", "Your highest role is not above"),
            ("alice", "mod", "Your highest role is not above"),
            ("owner", "admin", "My highest role is not above"),
        ],
    )
    def test_the_rule_that_refuses_is_named(self, actor: str, target: str, rule: str) -> None:
        with pytest.raises(NotAllowed, match=rule):
            check_hierarchy(
                actor=getattr(self, actor), target=getattr(self, target), bot=self.bot, guild="Market"
            )

    @pytest.mark.parametrize(
        ("actor", "target"), [("owner", "mod"), ("owner", "alice"), ("admin", "mod"), ("mod", "alice")]
    )
    def test_who_stands_above_may(self, actor: str, target: str) -> None:
        check_hierarchy(actor=getattr(self, actor), target=getattr(self, target), bot=self.bot)

    def test_a_member_without_roles_is_not_above_another(self) -> None:
        with pytest.raises(NotAllowed, match="Your highest role"):
            check_hierarchy(actor=Standing(8), target=Standing(7), bot=self.bot)

    def test_a_bot_that_owns_the_guild_is_above_all(self) -> None:
        check_hierarchy(actor=self.admin, target=self.mod, bot=Standing(6, is_owner=True))

    def test_of_two_roles_at_one_position_the_older_is_higher(self) -> None:
        older = Standing(8, top_role_position=5, top_role_id=40)

        check_hierarchy(actor=older, target=self.mod, bot=self.bot)
        with pytest.raises(NotAllowed, match="Your highest role"):
            check_hierarchy(actor=self.mod, target=older, bot=self.bot)


class TestStandings:
    async def test_standings_come_from_discord_also_for_ids_of_strangers(
        self, discord: loopcord.LocalDiscord
    ) -> None:
        """Red #2127: a ban by id must not get around the hierarchy."""
        market = discord.create_guild("Market", owner="olga")
        mods = market.create_role("Mods", permissions=["ban_members"])
        mod = market.add_member("mod", roles=[mods])
        peer = market.add_member("peer", roles=[mods])
        alice = market.add_member("alice")
        stranger = 123456789012345678

        async with real_rest(discord) as rest:
            mod_at, peer_at, alice_at, stranger_at, bot_at = await fetch_standings(
                rest, market.id, mod.id, peer.id, alice.id, stranger, discord.bot.id
            )
            owner_at = (await fetch_standings(rest, market.id, market.owner.id))[0]

        check_hierarchy(actor=mod_at, target=alice_at, bot=bot_at)
        check_hierarchy(actor=mod_at, target=stranger_at, bot=bot_at)
        with pytest.raises(NotAllowed, match="Your highest role"):
            check_hierarchy(actor=mod_at, target=peer_at, bot=bot_at)
        with pytest.raises(NotAllowed, match="They own"):
            check_hierarchy(actor=mod_at, target=owner_at, bot=bot_at)
        check_hierarchy(actor=owner_at, target=mod_at, bot=bot_at)

    async def test_a_members_permissions_are_those_of_everyone_and_of_their_roles(
        self, discord: loopcord.LocalDiscord
    ) -> None:
        market = discord.create_guild("Market")
        mod = market.add_member("mod", roles=[market.create_role("Mods", permissions=["kick_members"])])
        admin = market.add_member("admin", roles=[market.create_role("A", permissions=["administrator"])])
        alice = market.add_member("alice")

        async with real_rest(discord) as rest:
            guild = await rest.fetch_guild(market.id)
            held = {
                who.name: permissions_of(
                    await rest.fetch_member(market.id, who.id), roles=guild.roles, owner_id=guild.owner_id
                )
                for who in (mod, admin, alice)
            }
            owner = permissions_of(
                await rest.fetch_member(market.id, guild.owner_id), roles=guild.roles, owner_id=guild.owner_id
            )

        everyone = guild.roles[hikari.Snowflake(market.id)].permissions
        assert everyone
        assert held["alice"] == everyone
        assert held["mod"] == everyone | KICK
        assert held["admin"] == owner == hikari.Permissions.all_permissions()
