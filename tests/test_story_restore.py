"""The story of a lost disk: a backup counts when a bot has been started on what was restored from it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import sqlalchemy as sa
from aiohttp import web
from click.testing import CliRunner

from chandelier.cli import main
from chandelier.clock import SystemClock
from chandelier.storage.engine import Database

HOUR = 3_600
PLUGINS = ("moderation", "reactions", "redeye", "luisaviaroma")


async def types(*words: str, folder: Path) -> dict:
    """The owner types a command; a thread has no event loop of its own yet, like a terminal."""
    command = ["db", *words, "--json", "--config", str(folder / "config.toml")]
    done = await asyncio.to_thread(CliRunner().invoke, main, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def spoil(file: Path) -> None:
    """A SQLite file is full of what a dying disk made of it."""
    for beside in file.parent.glob(f"{file.name}-*"):
        beside.unlink()
    file.write_bytes(os.urandom(8192))


async def lose_everything(url: str, folder: Path) -> None:
    """The data folder is gone, and so is what was in the database."""
    shutil.rmtree(folder / "data", ignore_errors=True)
    if url.startswith("sqlite"):
        spoil(Path(sa.make_url(url).database or ""))
        return
    database = Database(url, data_dir=folder / "data", clock=SystemClock())
    await database.start()
    async with database.transaction() as session:
        await session.execute(sa.text("DROP SCHEMA public CASCADE"))
        await session.execute(sa.text("CREATE SCHEMA public"))
    await database.close()


async def test_a_bot_goes_on_from_its_backup_after_everything_was_lost(
    discord, start_host, database_url, tmp_path
):
    """Red #5703, Home Assistant #139069: backups that do not restore."""
    market = discord.create_guild("Market", owner="olga")
    mods = market.create_role("Mods", permissions=["moderate_members", "manage_messages"])
    general, log = market.create_text_channel("general"), market.create_text_channel("mod-log")
    best, monitor = market.create_text_channel("best"), market.create_text_channel("monitor")
    mod, bob = market.add_member("mod", roles=[mods]), market.add_member("bob")
    finder = market.add_member("lvr-monitor", bot=True)
    price = "49.90"

    async def page(_: web.Request) -> web.Response:
        offer = {"@type": "Offer", "price": price, "priceCurrency": "EUR"}
        data = json.dumps({"@type": "Product", "name": "Brass lamp", "offers": offer})
        return web.Response(
            text=f'<script type="application/ld+json">{data}</script>', content_type="text/html"
        )

    shop = web.Application()
    shop.router.add_get("/lamp", page)
    runner = web.AppRunner(shop, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/lamp"
        host = await start_host(
            *PLUGINS,
            config={"moderation": {"version": 2, "log_channel": log.id}},
            host={"http_allow": ["127.0.0.0/8"]},
        )
        await mod.slash(general, "warn", member=bob, reason="shouting")
        warning = log.last
        for setting, value in (("channel", best.mention), ("roles", mods.mention)):
            await market.owner.slash(general, "config set", plugin="reactions", setting=setting, value=value)
        assert "49.90 EUR" in (await mod.slash(general, "watch add", url=url)).text
        link = "https://www.luisaviaroma.com/en-it/p/golden-lantern/men/80I-GLN001"
        find = await finder.send(monitor, embeds=[{"title": "Super-Moth sneakers", "url": link}])
        await mod.react(find, "🔗")

        backup = Path((await types("backup", folder=start_host.folder))["path"])  # while the bot runs
        kept = tmp_path / "another machine"
        kept.mkdir()
        backup = Path(shutil.copy2(backup, kept))
        await mod.slash(general, "warn", member=bob, reason="shouting again")
        await start_host.stop(host)
        await lose_everything(database_url, start_host.folder)

        restored = await types("restore", str(backup), "--yes", folder=start_host.folder)
        assert {"chandelier", *PLUGINS} <= set(restored["put_back"]) and restored["left_alone"] == []
        host = await start_host(*PLUGINS)

        assert "1 case" in (await mod.slash(general, "history", member=bob)).text, "not what came after it"
        await mod.press(warning, label="Void")
        assert "case #1 (void)" in warning.text, "old buttons work: the key that signs them came back"
        assert "Case #2" in (await mod.slash(general, "warn", member=bob, reason="once more")).text
        await mod.react(await bob.send(general, "my new painting"), "➡️")
        assert [forward.forwarded["content"] for forward in best.messages] == ["my new painting"]
        assert "80I-GLN001" in (await mod.slash(general, "luisaviaroma list")).text
        price = "39.90"
        await discord.advance(HOUR)
        assert "Price drop: Brass lamp" in general.last.text and "39.90 EUR" in general.last.text
    finally:
        await runner.cleanup()
