"""A bot's working day over REST: what hikari asks for, it can read."""

from __future__ import annotations

import datetime
from typing import Any

import hikari
import pytest

import loopcord


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    guild = discord.create_guild("Market", owner="olga")
    guild.create_text_channel("general", category=guild.create_category("Shop"))
    return guild


async def _all(iterator: Any) -> list[Any]:
    return [item async for item in iterator]


async def test_looking_around(discord: loopcord.LocalDiscord, market: loopcord.Guild, boot) -> None:
    alice = market.add_member("alice")
    rest = (await boot()).app.rest

    guild = await rest.fetch_guild(market.id)
    application = await rest.fetch_application()

    assert (guild.name, guild.owner_id) == ("Market", market.owner.id)
    assert application.id == discord.bot.id
    assert application.owner.username == "developer"
    assert {channel.name for channel in await rest.fetch_guild_channels(market.id)} == {"Shop", "general"}
    assert {role.name for role in await rest.fetch_roles(market.id)} == {"@everyone", "TestBot"}
    assert len(await _all(rest.fetch_members(market.id))) == 3
    assert (await rest.fetch_member(market.id, alice.id)).username == "alice"
    assert (await rest.search_members(market.id, "ali"))[0].id == alice.id
    assert (await rest.fetch_my_member(market.id)).id == discord.bot.id
    assert (await rest.fetch_user(alice.id)).username == "alice"
    [mine] = await _all(rest.fetch_my_guilds())
    assert (mine.name, mine.is_owner) == ("Market", False)
    assert await rest.fetch_application_guild_commands_permissions(discord.bot.id, market.id) == []


async def test_a_message_and_its_reactions(market: loopcord.Guild, boot) -> None:
    general = market.channel("general")
    rest = (await boot()).app.rest
    message = await rest.create_message(
        general.id,
        "lamp",
        embed=hikari.Embed(title="Lamp").set_image(hikari.Bytes(b"png", "lamp.png")).add_field("Price", "5"),
        attachment=hikari.Bytes(b"text", "notes.txt"),
    )
    stored = general.last
    people = [market.add_member(f"person {number:03}") for number in range(130)]
    for person in people:
        general.discord.backend.set_reaction(general.id, stored.id, "➡️", person.id, True)

    await rest.add_reaction(general.id, message, "👍")
    everybody = await _all(rest.fetch_reactions_for_emoji(general.id, message, "➡️"))
    await rest.delete_reaction(general.id, message, people[0].id, "➡️")
    await rest.edit_message(general.id, message, "lamp, sold")
    await rest.pin_message(general.id, message)

    assert [user.id for user in everybody] == [person.id for person in people]
    assert len(stored.reactions["➡️"]) == 129
    assert (await rest.fetch_message(general.id, message)).content == "lamp, sold"
    assert [a["filename"] for a in stored.attachments] == ["notes.txt", "lamp.png"]
    assert len(await _all(rest.fetch_pins(general.id))) == 1
    await rest.delete_all_reactions(general.id, message)
    assert stored.reactions == {}
    with pytest.raises(hikari.NotFoundError):
        await rest.fetch_message(general.id, 1)


async def test_moderating(discord: loopcord.LocalDiscord, market: loopcord.Guild, boot) -> None:
    alice, bob = market.add_member("alice"), market.add_member("bob")
    rest = (await boot()).app.rest
    helpers = await rest.create_role(market.id, name="Helpers", permissions=hikari.Permissions.KICK_MEMBERS)
    until = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)

    await rest.add_role_to_member(market.id, alice.id, helpers, reason="helpful")
    await rest.edit_member(
        market.id, alice.id, nickname="Al", communication_disabled_until=until, reason="loud"
    )
    await rest.ban_user(market.id, bob.id, reason="spam")

    assert [role.name for role in alice.roles] == ["Helpers"]
    assert (alice.nick, alice.timed_out_until) == ("Al", until.isoformat())
    assert (await rest.fetch_ban(market.id, bob.id)).reason == "spam"
    assert len(await _all(rest.fetch_bans(market.id))) == 1
    await rest.unban_user(market.id, bob.id)
    await rest.kick_user(market.id, alice.id, reason="bye")
    assert market.bans == {}
    assert not alice.present
    [page] = await _all(rest.fetch_audit_log(market.id))
    assert next(iter(page.entries.values())).reason == "bye"
    with pytest.raises(hikari.ForbiddenError):
        await rest.kick_user(market.id, market.owner.id)
    with pytest.raises(hikari.NotFoundError) as unknown:
        await rest.kick_user(market.id, alice.id)
    assert unknown.value.code == 10007


async def test_a_bot_without_a_permission_is_refused(market: loopcord.Guild, boot) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    rest = (await boot()).app.rest
    market.set_bot_permissions(["view_channel", "send_messages"])

    with pytest.raises(hikari.ForbiddenError) as refusal:
        await rest.ban_user(market.id, alice.id)
    general.set_overwrite(market.bot_role, deny=["send_messages"])
    with pytest.raises(hikari.ForbiddenError):
        await rest.create_message(general.id, "may I?")

    assert refusal.value.code == 50013
    assert market.bans == {}


async def test_building_channels(market: loopcord.Guild, boot) -> None:
    rest = (await boot()).app.rest
    everyone = hikari.PermissionOverwrite(id=market.id, type=0, deny=hikari.Permissions.SEND_MESSAGES)

    channel = await rest.create_guild_text_channel(
        market.id, "quiet", topic="shh", nsfw=True, permission_overwrites=[everyone], rate_limit_per_user=5
    )
    assert channel.is_nsfw
    edited = await rest.edit_channel(channel, nsfw=False, name="quieter")
    await rest.delete_permission_overwrite(channel, market.id)
    thread = await rest.create_thread(channel, hikari.ChannelType.GUILD_PUBLIC_THREAD, "aside")

    assert (edited.name, edited.is_nsfw) == ("quieter", False)
    assert market.channel("quieter").model.overwrites == []
    assert [t.id for t in await rest.fetch_active_threads(market.id)] == [thread.id]
    await rest.delete_channel(channel, reason="done")
    assert "quieter" not in [c.name for c in market.channels]


async def test_purging_and_webhooks(market: loopcord.Guild, boot) -> None:
    general = market.channel("general")
    rest = (await boot()).app.rest
    sent = [await rest.create_message(general.id, f"{number}") for number in range(5)]

    await rest.delete_messages(general.id, sent[:4], reason="purge")
    hook = await rest.create_webhook(general.id, "feed")
    await rest.execute_webhook(hook.id, hook.token, "from outside", username="Feed")

    assert [message.content for message in general.messages] == ["4", "from outside"]
