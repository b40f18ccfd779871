"""Stories of what rules do beyond messages: roles, channels, threads, webhooks, and lists from the web."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address

import aiohttp
import publicsuffixlist
import sqlalchemy as sa
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import chandelier
from chandelier_moderation.automod import domains, presets
from loopcord import ActError, Channel


def names(member):
    """The names of a member's roles."""
    return [role.name for role in member.roles]


async def writes(member, channel):
    """Whether a member may write in a channel."""
    try:
        await member.send(channel, "hello")
    except ActError:
        return False
    return True


async def test_rules_give_and_take_roles_and_lock_the_channel_for_a_time(discord, start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, guild, alice = market.guild.owner, market.general, market.guild, market.alice
    muted, trusted = (guild.create_role(name) for name in ("Muted", "Trusted"))
    alice.set_roles([trusted])
    other = guild.create_text_channel("other")
    add = "automod rule add"
    await olga.slash(
        general,
        add,
        name="roles",
        trigger="words",
        what="heck",
        actions=f"give_role {muted.mention} 1h, take_role {trusted.mention}",
    )
    await olga.slash(general, add, name="raid", trigger="words", what="raid", actions="lockdown 10m")

    message = await alice.send(general, "heck")
    assert not message.deleted
    assert names(alice) == ["Muted"]
    titles = sorted(post.embeds[0]["title"] for post in market.log.messages)  # one may be done first
    assert titles == ["Role given · case #1", "Role taken · case #2"]
    await discord.advance(3_601)
    assert names(alice) == []

    before = [(each.target_id, int(each.deny)) for each in general.model.overwrites]
    await alice.send(general, "a raid!")
    assert not await writes(market.bob, general)
    assert await writes(market.bob, other)
    assert "Lockdown · case #3" in market.log.messages[-1].text
    await discord.advance(601)
    assert await writes(market.bob, general)
    assert [(each.target_id, int(each.deny)) for each in general.model.overwrites] == before


async def test_a_flood_is_swept_in_threads_but_not_where_the_rule_does_not_hold(discord, start_host, market):
    host = await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, guild, alice = market.guild.owner, market.general, market.guild, market.alice
    games = guild.create_category("Games")
    counting = guild.create_text_channel("counting", category=games)
    thread = Channel(discord, discord.backend.create_thread(general.id, "aside", market.bob.id))
    nested = Channel(discord, discord.backend.create_thread(counting.id, "numbers", market.bob.id))
    await discord.settle()
    await olga.slash(
        general,
        "automod rule add",
        name="fast",
        trigger="rate",
        what="3 in 5s",
        exempt_categories="Games",
        actions="delete",
        webhooks="include",
    )

    # Three here and many there are no flood, and what is exempt is not swept away with the rest.
    there = [await alice.send(where, f"{number}") for number in range(3) for where in (counting, nested)]
    here = [await alice.send(thread, f"here {number}") for number in range(3)]
    assert not any(message.deleted for message in (*there, *here))
    here.append(await alice.send(general, "once more"))
    assert all(message.deleted for message in here)
    assert not any(message.deleted for message in there)
    assert len(market.log.messages) == 1

    # Nobody stands behind a webhook: what it floods with is deleted, and there is no one to warn.
    await olga.slash(general, "automod rule edit", name="fast", actions="delete, warn, alert")
    hook = await host.bot.rest.create_webhook(general.id, "feed")
    for number in range(4):
        await discord.advance(1)
        await host.bot.rest.execute_webhook(hook.id, hook.token, f"news {number}", username="Feed")
    await discord.settle()
    assert not any("news" in message.content for message in general.messages)
    assert [post.embeds[0]["title"] for post in market.log.messages[1:]] == [
        "Message removed · case #2",
        "Automod: fast",
    ]


async def test_alerts_stay_in_their_server_and_go_to_the_log_when_their_channel_is_gone(
    discord, start_host, market
):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, guild = market.guild.owner, market.general, market.guild
    abroad = discord.create_guild("Elsewhere").create_text_channel("staff")
    staff = guild.create_text_channel("staff")
    add = {"name": "x", "trigger": "words", "what": "heck"}

    refused = await olga.slash(general, "automod rule add", actions=f"alert {abroad.mention}", **add)
    assert "There is no channel" in refused.text
    await olga.slash(general, "automod rule add", actions=f"alert {staff.mention}", **add)
    discord.backend.delete_channel(staff.id)
    await market.alice.send(general, "heck")
    assert "Automod: x" in market.log.last.text
    assert abroad.messages == []


async def test_a_step_that_would_do_nothing_is_refused_and_a_stored_one_stops_no_rule(start_host, market):
    host = await start_host("moderation", config=market.config(tell_member="never"))
    olga, general = market.guild.owner, market.general
    await olga.slash(general, "automod rule add", name="x", trigger="words", what="heck")
    step = await olga.slash(general, "automod ladder set", points=3, actions="delete, warn")
    assert "a step cannot do it" in step.text

    await olga.slash(general, "automod ladder set", points=3, actions="warn")
    async with host.database.transaction() as session:
        steps = {"steps": [{"points": 3, "actions": [{"do": "delete"}]}]}
        body = sa.bindparam("body", steps, type_=chandelier.Json)
        await session.execute(sa.text("UPDATE moderation_ladders SET body = :body").bindparams(body))
    host = await start_host.restart(host)
    assert (await market.alice.send(general, "heck")).deleted
    health = await host.hooks.call("moderation", "chandelier_health")
    assert any("ladder" in line for line in health.lines)


async def test_the_list_of_public_suffixes_is_never_read_on_the_loop(start_host, market, monkeypatch):
    reading = []

    class Watched(publicsuffixlist.PublicSuffixList):
        def __init__(self, *args, **kwargs):
            reading.append(threading.current_thread())
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(publicsuffixlist, "PublicSuffixList", Watched)
    olga, general = market.guild.owner, market.general

    def forgotten():
        reading.clear()
        domains._suffixes.cache_clear()

    host = await start_host("moderation", config=market.config(tell_member="never"))
    for command, options in (
        ("automod rule add", {"name": "links", "trigger": "links", "what": "evil.example"}),
        ("automod rule edit", {"name": "links", "allow": "fine.evil.example"}),
        ("automod preset", {"name": "scam-links"}),
        ("automod rule test", {"text": "https://evil.example"}),
    ):
        forgotten()
        presets.preset.cache_clear()
        answer = await olga.slash(general, command, **options)
        assert "Nothing was saved" not in answer.text
        assert threading.main_thread() not in reading, command
        assert reading, command
    forgotten()
    await start_host.restart(host)
    assert (await market.alice.send(general, "https://evil.example")).deleted
    assert reading
    assert threading.main_thread() not in reading


async def test_a_list_from_the_web_is_read_over_https_and_again_after_hours(
    discord, start_host, market, tmp_path, monkeypatch
):
    lists = {"scams.txt": "# of May\n0.0.0.0 evil.example\n", "scams.json": '["worse.example"]'}

    async def answer(request):
        text = lists.get(request.match_info["name"])
        return web.Response(status=404) if text is None else web.Response(text=text)

    server, client = _tls(tmp_path)
    monkeypatch.setattr(aiohttp, "TCPConnector", partial(aiohttp.TCPConnector, ssl=client))
    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server).start()
        site = f"https://127.0.0.1:{runner.addresses[0][1]}"
        host = await start_host(
            "moderation", config=market.config(tell_member="never"), host={"http_allow": ["127.0.0.0/8"]}
        )
        olga, general, alice = market.guild.owner, market.general, market.alice
        await olga.slash(
            general,
            "automod rule add",
            name="scams",
            trigger="scam_links",
            what=", ".join(f"{site}/{name}" for name in ("scams.txt", "scams.json", "none.txt")),
        )

        assert (await alice.send(general, "https://login.evil.example/now")).deleted
        assert (await alice.send(general, "https://worse.example")).deleted
        assert not (await alice.send(general, "https://new.example")).deleted
        health = await host.hooks.call("moderation", "chandelier_health")
        assert any("none.txt cannot be read: it answered 404" in line for line in health.lines)

        lists["scams.txt"] = "new.example\n"
        del lists["scams.json"]
        await discord.advance(6 * 3_600 + 1)
        assert (await alice.send(general, "https://new.example")).deleted
        assert not (await alice.send(general, "https://evil.example")).deleted
        assert (await alice.send(general, "https://worse.example")).deleted  # an old list is better than none
    finally:
        await runner.cleanup()


def _tls(folder):
    """A server's TLS with a certificate for this machine, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lists")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    client = ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())
    return server, client
