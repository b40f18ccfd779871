"""A tour of everything: every modelled route is asked, every event that can come comes, and all conform.

The plugin fails the test when something does not (``loopcord_conformance`` in the workspace's settings).
"""

from __future__ import annotations

import contextlib
import json
import re
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

import loopcord
from loopcord import interactions, modals
from loopcord.conformance.shapes import shape_of

THUMB = "👍"
NUMBER = "%F0%9F%91%8D"
PIXEL = b"\x89PNG\r\n\x1a\n" + b"\0" * 16


class World:
    """What the tour walks through."""

    def __init__(self, discord: loopcord.LocalDiscord) -> None:
        self.discord = discord
        self.guild = discord.create_guild("Market", owner="olga")
        self.general = self.guild.create_text_channel("general")
        self.mods = self.guild.create_role("Mods", permissions=["moderate_members"])
        self.alice = self.guild.add_member("alice", roles=[self.mods])
        self.bob = self.guild.add_member("bob")
        self.g = f"/guilds/{self.guild.id}"
        self.c = f"/channels/{self.general.id}"
        self.a = f"/applications/{discord.backend.application_id}"


@pytest.fixture
def world(discord: loopcord.LocalDiscord) -> World:
    return World(discord)


# ------------------------------------------------------------------ the stations


async def _messages(wire: Any, w: World) -> None:
    call, c = wire.call, w.c
    sent = await call(
        "POST",
        f"{c}/messages",
        {
            "content": f"hello {w.bob.mention} {w.mods.mention}",
            "nonce": "n-1",
            "embeds": [
                {"title": "t", "fields": [{"name": "n", "value": "v"}], "timestamp": "2026-01-01T00:00:00Z"}
            ],
            "components": [
                {"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}
            ],
        },
    )
    m = f"{c}/messages/{sent['id']}"
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps({"content": "a file"}), content_type="application/json")
    form.add_field("files[0]", b"text", filename="a.txt")
    filed = await call("POST", f"{c}/messages", form=form)
    reply = {"content": "yes", "message_reference": {"message_id": sent["id"]}}
    answered = await call("POST", f"{c}/messages", reply)
    await call("GET", f"{c}/messages/{answered['id']}")
    forward = {"type": 1, "message_id": filed["id"], "channel_id": filed["channel_id"]}
    await call("POST", f"{c}/messages", {"message_reference": forward})
    section = {
        "type": 9,
        "components": [{"type": 10, "content": "text"}],
        "accessory": {"type": 2, "style": 2, "label": "x", "custom_id": "x"},
    }
    container = {"type": 17, "components": [section, {"type": 14}], "accent_color": 1}
    await call("POST", f"{c}/messages", {"flags": 1 << 15, "components": [container]})
    await call("PATCH", m, {"content": "hello again"})
    await call("GET", m)
    await call("GET", f"{c}/messages")
    await call("PUT", f"{c}/messages/pins/{sent['id']}")
    await call("GET", f"{c}/messages/pins")
    await call("DELETE", f"{c}/messages/pins/{sent['id']}")
    await call("PUT", f"{c}/pins/{sent['id']}")
    await call("GET", f"{c}/pins")
    await call("DELETE", f"{c}/pins/{sent['id']}")
    for emoji in (NUMBER, "%E2%9C%85"):
        await call("PUT", f"{m}/reactions/{emoji}/@me")
    message = w.general.messages[0]
    await w.alice.react(message, THUMB)
    await w.bob.react(message, THUMB)
    await call("GET", f"{m}/reactions/{NUMBER}")
    await call("DELETE", f"{m}/reactions/{NUMBER}/@me")
    await call("DELETE", f"{m}/reactions/{NUMBER}/{w.bob.id}")
    await call("DELETE", f"{m}/reactions/{NUMBER}")
    await call("DELETE", f"{m}/reactions")
    await call("POST", f"{c}/typing")
    await w.alice.type(w.general)
    said = await w.alice.send(w.general, "words", attachments=[("b.txt", b"b")])
    await w.alice.edit(said, "other words")
    said.unfurl([{"type": "link", "url": "https://example.org", "title": "A page"}])
    await w.alice.forward(said, w.general)
    await w.alice.delete(said)
    spam = [str((await w.bob.send(w.general, "spam")).id) for _ in range(2)]
    await call("POST", f"{c}/messages/bulk-delete", {"messages": spam})
    poll = {
        "question": {"text": "Lamp?"},
        "answers": [
            {"poll_media": {"text": "yes", "emoji": {"name": THUMB}}},
            {"poll_media": {"text": "no"}},
        ],
        "duration": 1,
    }
    asked = await call("POST", f"{c}/messages", {"poll": poll})
    backend = w.discord.backend
    backend.add_poll_vote(w.general.id, int(asked["id"]), 1, w.alice.id)
    backend.add_poll_vote(w.general.id, int(asked["id"]), 1, w.bob.id)
    backend.remove_poll_vote(w.general.id, int(asked["id"]), 1, w.bob.id)
    await call("GET", f"{c}/polls/{asked['id']}/answers/1")
    await call("POST", f"{c}/polls/{asked['id']}/expire")
    await call("GET", f"{c}/messages/{asked['id']}")
    await call("DELETE", f"{c}/messages/{answered['id']}")
    await call("GET", f"{c}/messages/1", status=404)


async def _direct(wire: Any, w: World) -> None:
    dm = await wire.call("POST", "/users/@me/channels", {"recipient_id": str(w.alice.id)})
    await wire.call("POST", f"/channels/{dm['id']}/messages", {"content": "psst"})
    await wire.call("GET", f"/channels/{dm['id']}")
    await w.alice.send(w.alice.dm, "what?")
    await w.alice.type(w.alice.dm)
    await w.alice.react(w.alice.dm.messages[0], THUMB)


async def _channels(wire: Any, w: World) -> None:
    call, g = wire.call, w.g
    category = await call("POST", f"{g}/channels", {"name": "wares", "type": 4})
    overwrite = {"id": str(w.bob.id), "type": 1, "allow": "1024", "deny": "0"}
    made = {
        kind: await call(
            "POST",
            f"{g}/channels",
            {
                "name": f"kind-{kind}",
                "type": kind,
                "parent_id": category["id"],
                "permission_overwrites": [overwrite],
            },
        )
        for kind in (0, 2, 5, 13, 15)
    }
    await call("GET", f"{g}/channels")
    await call("PATCH", f"{g}/channels", [{"id": made[0]["id"], "position": 3}])
    text, forum = f"/channels/{made[0]['id']}", f"/channels/{made[15]['id']}"
    await call("GET", text)
    await call(
        "PATCH", text, {"name": "lamps", "topic": "of all kinds", "nsfw": True, "rate_limit_per_user": 5}
    )
    await call("PATCH", f"/channels/{made[2]['id']}", {"bitrate": 64000, "user_limit": 5})
    await call("PATCH", forum, {"available_tags": [{"name": "old", "emoji_name": THUMB}]})
    await call("PUT", f"{text}/permissions/{w.alice.id}", {"type": 1, "allow": "1024"})
    await call("DELETE", f"{text}/permissions/{w.alice.id}")
    # Threads, and a post in the forum.
    message = await call("POST", f"{text}/messages", {"content": "see below"})
    await call("POST", f"{text}/messages/{message['id']}/threads", {"name": "below"})
    await call("GET", f"{text}/messages/{message['id']}")
    await call("POST", f"{text}/threads", {"name": "apart", "type": 11})
    private = await call("POST", f"{text}/threads", {"name": "aside", "type": 12})
    await call("POST", f"{forum}/threads", {"name": "a lamp", "message": {"content": "like new"}})
    thread = f"/channels/{private['id']}"
    await call("GET", thread)
    await call("DELETE", f"{thread}/thread-members/@me")
    await call("PUT", f"{thread}/thread-members/@me")
    await call("PUT", f"{thread}/thread-members/{w.bob.id}")
    await call("GET", f"{thread}/thread-members")
    await call("GET", f"{thread}/thread-members/{w.bob.id}")
    await call("DELETE", f"{thread}/thread-members/{w.bob.id}")
    await call("POST", f"{thread}/messages", {"content": "hush"})
    await call("GET", f"{g}/threads/active")
    await call("PATCH", thread, {"archived": True})
    for which in (
        "threads/archived/public",
        "threads/archived/private",
        "users/@me/threads/archived/private",
    ):
        await call("GET", f"{text}/{which}")
    await call("DELETE", thread)
    # News, webhooks and invites.
    news = f"/channels/{made[5]['id']}"
    told = await call("POST", f"{news}/messages", {"content": "news"})
    await call("POST", f"{news}/messages/{told['id']}/crosspost")
    await call("POST", f"{news}/followers", {"webhook_channel_id": made[0]["id"]})
    invite = await call("POST", f"{text}/invites", {"max_age": 3600})
    await call("POST", f"{text}/invites", {"max_age": 0})
    await call("GET", f"{text}/invites")
    await call("GET", f"{g}/invites")
    await call("GET", f"/invites/{invite['code']}")
    await call("DELETE", f"/invites/{invite['code']}")
    # Voice and stage.
    backend = w.discord.backend
    backend.set_voice_state(w.guild.id, w.alice.id, int(made[2]["id"]))
    await call("GET", f"{g}/voice-states/{w.alice.id}")
    stage = made[13]["id"]
    await call("POST", "/stage-instances", {"channel_id": stage, "topic": "lamps"})
    await call("GET", f"/stage-instances/{stage}")
    await call("PATCH", f"/stage-instances/{stage}", {"topic": "more lamps"})
    backend.set_voice_state(w.guild.id, w.bob.id, int(stage), suppress=True)
    backend.set_voice_state(w.guild.id, w.discord.bot.id, int(stage))
    await call("PATCH", f"{g}/voice-states/{w.bob.id}", {"channel_id": stage, "suppress": False})
    await call("PATCH", f"{g}/voice-states/@me", {"channel_id": stage, "suppress": True})
    await call("GET", f"{g}/voice-states/@me")
    backend.set_voice_state(w.guild.id, w.bob.id, None)
    await call("DELETE", f"/stage-instances/{stage}")
    await call("DELETE", text)
    await call("GET", "/voice/regions")


async def _webhooks(wire: Any, w: World) -> None:
    call, c = wire.call, w.c
    hook = await call("POST", f"{c}/webhooks", {"name": "crier"})
    plain, secret = f"/webhooks/{hook['id']}", f"/webhooks/{hook['id']}/{hook['token']}"
    await call("GET", f"{c}/webhooks")
    await call("GET", f"{w.g}/webhooks")
    await call("GET", plain)
    await call("GET", secret)
    await call("PATCH", plain, {"name": "herald"})
    await call("PATCH", secret, {"name": "crier"})
    said = await call("POST", f"{secret}?wait=true", {"content": "hear, hear", "username": "the crier"})
    await call("GET", f"{secret}/messages/{said['id']}")
    await call("PATCH", f"{secret}/messages/{said['id']}", {"content": "hear"})
    await call("DELETE", f"{secret}/messages/{said['id']}")
    await call("DELETE", secret)
    other = await call("POST", f"{c}/webhooks", {"name": "other"})
    await call("DELETE", f"/webhooks/{other['id']}")


async def _guild(wire: Any, w: World) -> None:
    call, g = wire.call, w.g
    await call("GET", g)
    await call(
        "PATCH", g, {"name": "Old Market", "description": "wares", "system_channel_id": str(w.general.id)}
    )
    await call("GET", f"{g}/vanity-url")
    until = (w.discord.clock.now() + timedelta(hours=1)).isoformat()
    await call("PUT", f"{g}/incident-actions", {"invites_disabled_until": until})
    await call("GET", g)
    await call("PUT", f"{g}/incident-actions", {"invites_disabled_until": None, "dms_disabled_until": None})
    role = await call("POST", f"{g}/roles", {"name": "Buyers", "color": 0xFF00FF, "permissions": "1024"})
    await call("GET", f"{g}/roles")
    await call("GET", f"{g}/roles/{role['id']}")
    await call("PATCH", f"{g}/roles/{role['id']}", {"name": "Customers", "hoist": True})
    await call("PATCH", f"{g}/roles", [{"id": role["id"], "position": 1}])
    member = f"{g}/members/{w.bob.id}"
    await call("PUT", f"{member}/roles/{role['id']}")
    await call("DELETE", f"{member}/roles/{role['id']}")
    await call("DELETE", f"{g}/roles/{role['id']}")
    await call("GET", member)
    await call("GET", f"{g}/members?limit=10")
    await call("GET", f"{g}/members/search?query=bo")
    await call("PATCH", member, {"nick": "bobby"})
    await call("PATCH", member, {"communication_disabled_until": "2026-01-02T00:00:00+00:00"})
    await call("PATCH", member, {"roles": [str(w.mods.id)]})
    await call("PATCH", f"{g}/members/@me", {"nick": "the bot"})
    carol, dave, erin = (w.guild.add_member(name) for name in ("carol", "dave", "erin"))
    await w.alice.time_out(carol, 60, reason="noise")
    await call("DELETE", f"{g}/members/{carol.id}")
    await carol.rejoin()
    await carol.leave()
    await call("PUT", f"{g}/bans/{dave.id}", {"delete_message_seconds": 60})
    await call("GET", f"{g}/bans")
    await call("GET", f"{g}/bans/{dave.id}")
    await call("DELETE", f"{g}/bans/{dave.id}")
    await call("POST", f"{g}/bulk-ban", {"user_ids": [str(erin.id), str(w.guild.owner.id)]})
    await w.guild.join("frank")
    await call("GET", f"{g}/prune?days=7")
    await call("POST", f"{g}/prune", {"days": 7, "compute_prune_count": True})
    await call("POST", f"{g}/prune", {"days": 7, "compute_prune_count": False})
    await call("GET", f"{g}/audit-logs")
    other = w.discord.create_guild("Elsewhere")
    await call("DELETE", f"/users/@me/guilds/{other.id}")
    own = await call("POST", "/guilds", {"name": "Our own"})
    await call("DELETE", f"/guilds/{own['id']}")


async def _expressions(wire: Any, w: World) -> None:
    call, g = wire.call, w.g
    image = "data:image/png;base64,AAAA"
    emoji = await call("POST", f"{g}/emojis", {"name": "lamp", "image": image, "roles": [str(w.mods.id)]})
    await call("GET", f"{g}/emojis")
    await call("GET", f"{g}/emojis/{emoji['id']}")
    await call("PATCH", f"{g}/emojis/{emoji['id']}", {"name": "lantern", "roles": []})
    await call("PUT", f"{w.c}/messages/{w.general.messages[0].id}/reactions/lantern:{emoji['id']}/@me")
    await call("DELETE", f"{g}/emojis/{emoji['id']}")
    form = aiohttp.FormData()
    for name, value in (("name", "lamp"), ("description", "a lamp"), ("tags", "bulb")):
        form.add_field(name, value)
    form.add_field("file", PIXEL, filename="lamp.png", content_type="image/png")
    sticker = await call("POST", f"{g}/stickers", form=form)
    await call("GET", f"{g}/stickers")
    await call("GET", f"{g}/stickers/{sticker['id']}")
    await call("PATCH", f"{g}/stickers/{sticker['id']}", {"name": "lantern"})
    await call("POST", f"{w.c}/messages", {"sticker_ids": [sticker["id"]]})
    await call("DELETE", f"{g}/stickers/{sticker['id']}")
    ours = await call("POST", f"{w.a}/emojis", {"name": "ours", "image": image})
    await call("GET", f"{w.a}/emojis")
    await call("GET", f"{w.a}/emojis/{ours['id']}")
    await call("PATCH", f"{w.a}/emojis/{ours['id']}", {"name": "mine"})
    await call("DELETE", f"{w.a}/emojis/{ours['id']}")


async def _plans(wire: Any, w: World) -> None:
    call, g = wire.call, w.g
    fair: dict[str, Any] = {
        "name": "Fair",
        "entity_type": 3,
        "privacy_level": 2,
        "entity_metadata": {"location": "the square"},
        "scheduled_start_time": "2026-02-01T10:00:00+00:00",
        "scheduled_end_time": "2026-02-01T12:00:00+00:00",
    }
    event = await call("POST", f"{g}/scheduled-events", fair)
    voice = w.guild.create_voice_channel("hall")
    talk = {**fair, "name": "Talk", "entity_type": 2, "channel_id": str(voice.id)}
    del talk["entity_metadata"]
    await call("POST", f"{g}/scheduled-events", talk)
    await call("GET", f"{g}/scheduled-events")
    one = f"{g}/scheduled-events/{event['id']}"
    await call("GET", one)
    await call("PATCH", one, {"description": "with lamps"})
    for coming in (True, False, True):
        w.discord.backend.set_scheduled_event_subscription(w.guild.id, int(event["id"]), w.alice.id, coming)
    await call("GET", f"{one}/users")
    await call("DELETE", one)
    rule = {
        "name": "words",
        "event_type": 1,
        "trigger_type": 1,
        "trigger_metadata": {"keyword_filter": ["forbidden"]},
        "actions": [{"type": 1, "metadata": {"custom_message": "no"}}],
        "enabled": True,
    }
    made = await call("POST", f"{g}/auto-moderation/rules", rule)
    spam = {"trigger_type": 5, "trigger_metadata": {"mention_total_limit": 1}}
    await call("POST", f"{g}/auto-moderation/rules", {**rule, **spam, "name": "mentions"})
    await call("GET", f"{g}/auto-moderation/rules")
    one = f"{g}/auto-moderation/rules/{made['id']}"
    await call("GET", one)
    await call("PATCH", one, {"exempt_roles": [str(w.mods.id)]})
    gina = w.guild.add_member("gina")
    for words in ("forbidden lamps", f"{w.alice.mention} {w.bob.mention}"):
        with contextlib.suppress(loopcord.ActError):  # blocked, if not silently
            await gina.send(w.general, words)
    await call("DELETE", one)


async def _monetization(wire: Any, w: World) -> None:
    backend, call, a = w.discord.backend, wire.call, w.a
    lamp, club = backend.create_sku("Lamp", type=3), backend.create_sku("Club", type=5, flags=1 << 7)
    await call("GET", f"{a}/skus")
    body = {"sku_id": str(club.id), "owner_id": str(w.guild.id), "owner_type": 1}
    made = await call("POST", f"{a}/entitlements", body)
    bought = backend.grant_entitlement(lamp.id, user_id=w.alice.id)
    await call("GET", f"{a}/entitlements")
    await call("GET", f"{a}/entitlements/{bought.id}")
    await call("POST", f"{a}/entitlements/{bought.id}/consume")
    await call("DELETE", f"{a}/entitlements/{made['id']}")


async def _application(wire: Any, w: World) -> None:
    call = wire.call
    for path in ("/gateway", "/gateway/bot", "/applications/@me", "/oauth2/applications/@me", "/users/@me"):
        await call("GET", path)
    await call("GET", f"/users/{w.alice.id}")
    await call("PATCH", "/users/@me", {"username": "TestBot"})
    await call("GET", "/users/@me/guilds")
    await call("GET", f"/users/@me/guilds/{w.guild.id}/member")
    option = {"type": 3, "name": "what", "description": "What", "autocomplete": True}
    slash = {"name": "find", "description": "Find", "options": [option], "default_member_permissions": "0"}
    for scope in (f"{w.a}/commands", f"{w.a}/guilds/{w.guild.id}/commands"):
        await call("PUT", scope, [slash])
        made = await call(
            "POST", scope, {"name": "lose", "description": "Lose", "default_member_permissions": 8}
        )
        await call("GET", scope)
        await call("GET", f"{scope}/{made['id']}")
        await call("PATCH", f"{scope}/{made['id']}", {"description": "Lose it"})
        await call("DELETE", f"{scope}/{made['id']}")
        await call("PUT", scope, [])
    kept = await call("POST", f"{w.a}/commands", {"name": "keep", "description": "Keep"})
    allowed = [{"id": str(w.mods.id), "type": 1, "permission": True}]
    w.discord.backend.command_permissions[w.guild.id, int(kept["id"])] = allowed
    await call("GET", f"{w.a}/guilds/{w.guild.id}/commands/permissions")
    await call("GET", f"{w.a}/guilds/{w.guild.id}/commands/{kept['id']}/permissions")


async def _interactions(wire: Any, w: World) -> None:
    call, c = wire.call, w.general
    everything = [
        {"type": kind, "name": name, "description": "d"}
        for kind, name in (
            (3, "s"),
            (4, "i"),
            (5, "b"),
            (6, "u"),
            (7, "c"),
            (8, "r"),
            (9, "m"),
            (10, "n"),
            (11, "f"),
        )
    ]
    sub = {"type": 1, "name": "sub", "description": "d"}
    typed = {"type": 3, "name": "word", "description": "d", "autocomplete": True}
    commands = [
        {"name": "all", "description": "d", "options": everything},
        {
            "name": "nested",
            "description": "d",
            "options": [{"type": 2, "name": "g", "description": "d", "options": [sub]}],
        },
        {"name": "typed", "description": "d", "options": [typed]},
        {"name": "About", "type": 2},
        {"name": "Report", "type": 3},
    ]
    await call("PUT", f"{w.a}/commands", commands)

    async def respond(reply: loopcord.Reply, kind: int, data: Any = None, *, ask: bool = True) -> Any:
        record = reply.record
        path = f"/interactions/{record.id}/{record.token}/callback{'?with_response=true' if ask else ''}"
        return await call("POST", path, {"type": kind} if data is None else {"type": kind, "data": data})

    def followups(reply: loopcord.Reply) -> str:
        return f"/webhooks/{w.discord.backend.application_id}/{reply.record.token}"

    options = {"s": "x", "i": 1, "b": True, "u": w.bob, "c": c, "r": w.mods, "m": w.bob, "n": 0.5}
    first = w.alice.start_slash(c, "all", **options, f=("a.txt", b"a"))
    await respond(first, 5)
    original = f"{followups(first)}/messages/@original"
    await call("GET", original)
    await call("PATCH", original, {"content": "done"})
    more = await call("POST", followups(first), {"content": "and more", "flags": 64})
    await call("GET", f"{followups(first)}/messages/{more['id']}")
    await call("PATCH", f"{followups(first)}/messages/{more['id']}", {"content": "and less"})
    await call("DELETE", f"{followups(first)}/messages/{more['id']}")
    await call("DELETE", original)

    nested = w.alice.start_slash(c, "nested g sub")
    picks = [{"type": kind, "custom_id": f"pick-{kind}", "default_values": []} for kind in (5, 6, 7, 8)]
    strings = {"type": 3, "custom_id": "pick", "options": [{"label": "A", "value": "a"}]}
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    rows = [{"type": 1, "components": [item]} for item in (button, strings, picks[0], picks[1], picks[2])]
    await respond(nested, 4, {"content": "choose", "components": rows})
    shown = nested.message
    assert shown is not None
    await respond(interactions.press(w.alice, shown, custom_id="go"), 6)
    await respond(interactions.press(w.alice, shown, custom_id="go"), 7, {"content": "chosen"})
    for which, values in (("pick", ["a"]), ("pick-5", [w.bob]), ("pick-6", [w.mods]), ("pick-7", [w.mods])):
        await respond(interactions.choose(w.alice, shown, values, custom_id=which), 6, ask=False)

    form = interactions.press(w.alice, shown, custom_id="go")
    fields = [
        {"type": 18, "label": "Why", "component": {"type": 4, "custom_id": "why", "style": 1}},
        {"type": 18, "label": "Who", "component": {"type": 5, "custom_id": "who"}},
        {"type": 18, "label": "File", "component": {"type": 19, "custom_id": "file"}},
        {"type": 18, "label": "Sure", "component": {"type": 23, "custom_id": "sure"}},
    ]
    await respond(form, 9, {"custom_id": "form", "title": "Form", "components": fields})
    values = {"why": "so", "who": [w.bob], "file": [("f.txt", b"f")], "sure": True}
    await respond(modals.submit(w.alice, form, values), 4, {"content": "thanks"})

    typing = interactions.autocomplete(w.alice, c, "typed", "word", "la", {})
    await respond(typing, 8, {"choices": [{"name": "lamp", "value": "lamp"}]})
    await respond(interactions.menu(w.alice, c, "About", w.bob), 4, {"content": "a buyer", "flags": 64})
    await respond(interactions.menu(w.alice, c, "Report", w.general.messages[0]), 4, {"content": "noted"})
    await respond(interactions.slash(w.alice, w.alice.dm, "typed", {"word": "x"}), 4, {"content": "here too"})


STATIONS = (
    _application,
    _messages,
    _direct,
    _channels,
    _webhooks,
    _guild,
    _expressions,
    _plans,
    _monetization,
    _interactions,
)
#: Events that belong to a client's session, not to what happens in the world; other tests make them come.
OF_THE_SESSION = {"RESUMED", "GUILD_MEMBERS_CHUNK", "RATE_LIMITED"}


async def test_everything_that_crosses_the_wire_conforms(
    world: World, connect, modelled_routes: set[tuple[str, str]], emitted_events: set[str]
) -> None:
    async with connect(world.discord) as wire:
        for station in STATIONS:
            await station(wire, world)
        await world.discord.settle()

    asked = {
        (request.method, shape.template)
        for request in world.discord.requests
        if request.status < 300 and (shape := shape_of(request.method, request.path)) is not None
    }
    plain = {(method, _plain(template)) for method, template in asked}
    assert {(method, _plain(template)) for method, template in modelled_routes} - plain == set()
    assert emitted_events - {event for event, _ in wire.heard} == OF_THE_SESSION


def _plain(template: str) -> str:
    """A template without the names of its parameters."""
    return re.sub(r"\{\w+\}", "{}", template)
