"""What redeye is to the host: metadata that fits the code, and hooks that companions can use."""

from __future__ import annotations

from importlib.metadata import distribution, entry_points

from chandelier_redeye import Redeye, RedeyeHooks
from chandelier_redeye.config import RedeyeConfig


def test_the_metadata_states_the_versions_of_the_code():
    stated = {each.name: each.value for each in entry_points(group="chandelier.schema")}

    assert stated["redeye.config"] == f"v{RedeyeConfig.__config_version__}"
    assert stated["redeye.storage"] == "r0002"
    (plugin,) = [each for each in entry_points(group="chandelier.plugins") if each.name == "redeye"]
    assert plugin.load() is Redeye


def test_the_changelog_names_this_version():
    from pathlib import Path

    changelog = (Path(__file__).parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {distribution('chandelier-redeye').version}" in changelog


def test_the_published_hooks_are_specifications():
    assert [name for name in vars(RedeyeHooks) if name.startswith("redeye_")] == [
        "redeye_store_adapters",
        "redeye_running",
    ]


async def test_watches_outlive_switching_the_plugin_off_and_on(discord, start, shop, market):
    host = await start()
    await market.mod.slash(market.deals, "watch add", url=shop.product("lamp", "10.00"))

    await host.disable("redeye")
    shop.product("lamp", "9.00")
    await discord.advance(3600)
    assert market.alerts == []

    await host.enable("redeye")
    await discord.settle()
    assert len(market.alerts) == 1
    assert host.lifecycle.records["redeye"].state == "running"
