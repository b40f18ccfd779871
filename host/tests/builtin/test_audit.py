"""`/audit`: who changed what on this server, found again, turned over and taken along."""

from __future__ import annotations

import csv
import io
import json

import aiohttp
import pytest

from chandelier.services.audit import Query

SHOP = """
@chandelier.schema(version=1)
class Config:
    every: int = chandelier.setting(60, help="Seconds between looks.", ge=10, guild=True)

@loader.command
class Sell(lightbulb.SlashCommand, name="sell", description="Sell out"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        async with plugin.ctx.storage.transaction() as session:
            await plugin.ctx.audit.record(
                "shop.sell", subject="=1+1", before={"stock": 3}, after={"stock": 0},
                guild_id=ctx.guild_id, session=session,
            )
        await plugin.ctx.configure(ctx.guild_id, {"every": 99})
        await ctx.respond("sold")
"""
METHODS = """
@hookimpl
def chandelier_config_schema(self):
    return Config
"""


@pytest.fixture
async def market(discord, start_host, install):
    install("shop", SHOP, methods=METHODS)
    guild = discord.create_guild("Market", owner="olivia")
    general = guild.create_text_channel("general")
    admins = guild.create_role("Admins", permissions=["administrator"])
    return guild, general, guild.add_member("mod", roles=[admins])


async def test_every_change_is_found_with_who_what_before_and_after(discord, start_host, market) -> None:
    guild, general, mod = market
    host = await start_host("shop", host={"owner_ids": [guild.owner.id]})
    await mod.slash(general, "config set", plugin="shop", setting="every", value="30")
    await mod.slash(general, "config set", plugin="shop", setting="every", value="30")  # changes nothing
    await mod.slash(general, "config set", plugin="shop", setting="every", value="5")  # is refused
    await mod.slash(general, "sell")
    await guild.owner.slash(general, "plugins reload", name="shop")
    await guild.owner.slash(general, "plugins disable", name="shop")

    found = await host.audit.find(Query(), limit=9)
    assert [(each.action, each.subject, each.before, each.after) for each in found] == [
        ("plugin.disable", "shop", {"enabled": True}, {"enabled": False}),
        ("plugin.reload", "shop", {"version": "1.0"}, {"version": "1.0"}),
        ("config.change", "every", {"every": 30}, {"every": 99}),
        ("shop.sell", "=1+1", {"stock": 3}, {"stock": 0}),
        ("config.change", "every", {"every": None}, {"every": 30}),
    ]
    assert [each.actor.user_id for each in found] == [guild.owner.id] * 2 + [mod.id] * 3

    seen = (await mod.slash(general, "audit search")).text
    assert f"<@{mod.id}>" in seen and '`{"every": null}` → `{"every": 30}`' in seen
    assert "plugin.disable" not in seen  # concerns every server, so the bot's owner alone sees it
    assert "Only the bot's owner" in (await mod.slash(general, "audit search", **{"whole-bot": True})).text
    whole = await guild.owner.slash(general, "audit search", **{"whole-bot": True, "what": "plugin"})
    assert "plugin.disable" in whole.text and "shop.sell" not in whole.text
    for options, words in (
        ({"text": "STOCK"}, "shop.sell"),
        ({"by": guild.owner}, "no such entry"),
        ({"since": "1h", "plugin": "shop", "what": "config"}, "config.change"),
        ({"until": "2020-01-01"}, "no such entry"),
        ({"since": "1d", "until": "2d"}, "`since` is not before `until`"),
        ({"since": "yesterday"}, "no time that I can read"),
        ({"since": "99999999999d"}, "no time that I can read"),
        ({"since": "0001-01-01T00:00+14:00"}, "no time that I can read"),
        ({"text": "sto\0ck"}, "shop.sell"),
    ):
        assert words in (await mod.slash(general, "audit search", **options)).text


async def test_pages_are_turned_after_a_restart_by_who_may_still_see_them(
    discord, start_host, market
) -> None:
    guild, general, mod = market
    host = await start_host("shop")
    for number in range(12):
        await host.audit.record("n", subject=f"number {number}.", guild_id=guild.id)
    first = await mod.slash(general, "audit search", text="number")
    assert "number 11." in first.text and "number 6." not in first.text
    host = await start_host.restart(host)

    second = await mod.press(first, label="More")
    assert "number 6." in second.text and "number 2." in second.text and "number 7." not in second.text
    third = await mod.press(second, label="More")
    assert "number 0." in third.text
    back = await mod.press(await mod.press(third, label="Back"), label="Back")
    assert "number 11." in back.text
    assert [part["disabled"] for part in back.message.components[0]["components"]] == [True, False]

    await guild.owner.slash(general, "access deny", capability="core.audit", who=mod)
    assert "A rule of this server" in (await mod.press(back, label="More")).text


async def test_it_is_exported_for_spreadsheets_and_programs_and_tidied_in_time(
    discord, start_host, market
) -> None:
    _, general, mod = market
    host = await start_host("shop", host={"audit_days": 1})
    await mod.slash(general, "sell")

    sheet = await mod.slash(general, "audit export", format="csv")
    [_, row, _] = csv.reader(io.StringIO(await file_of(sheet)))
    assert row[6:8] == ["config.change", "every"]
    exported = await mod.slash(general, "audit export", format="json", what="shop")
    [entry] = json.loads(await file_of(exported))
    assert entry["subject"] == "=1+1" and entry["actor_id"] == str(mod.id)
    assert len(await host.audit.find(Query(action="audit.export"), limit=9)) == 2

    await discord.advance(86_400)
    assert len(await host.audit.find(Query(), limit=9)) == 4
    host = await start_host.restart(host)  # what is to be tidied is still known
    await discord.advance(86_400)
    assert await host.audit.find(Query(), limit=9) == []


async def file_of(reply) -> str:
    """The one file of an answer, fetched from where Discord keeps it."""
    [attachment] = reply.message.attachments
    async with aiohttp.ClientSession() as web, web.get(attachment["url"]) as answer:
        return await answer.text()
