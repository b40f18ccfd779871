"""Plugins by people whom we have never met: one that does everything right, and one for each way to break.

Both distributions are built and installed as pip would; the broken ones cost themselves, are told of in one
clear line each, and the other goes on as if nothing were.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from tests.connections import checked_out
from tests.test_docs import call

from chandelier.errors import PluginError
from chandelier.record import State

THIRDPARTY = Path(__file__).parent / "thirdparty"
PACKAGES = ("chandelier_diary", "gremlins", "gremlins_running", "gremlins_private")

AT_START = {
    "g_absent_attribute": "has no attribute 'NotThere'",
    "g_absent_module": "No module named 'gremlins.nothing'",
    "g_bad_description": "must be 1-100 characters",
    "g_hook_unfit": "does not fit the contract",
    "g_hook_wraps": "write it without wrapper=True",
    "g_hookspecs_wrong": "expected is a list of object",
    "g_import_exits": "SystemExit: no licence",
    "g_import_raises": "ImportError: half installed",
    "g_init_raises": "LookupError: no such toy",
    "g_loaders_wrong": "expected is a list of Loader",
    "g_manifest_async": "has to be a plain def",
    "g_manifest_intents": "intents is 'all'; expected is hikari's Intents",
    "g_manifest_raises": "SystemExit: says nothing",
    "g_manifest_recurses": "RecursionError",
    "g_migrations_wrong": "expected is a list of ConfigMigration",
    "g_no_manifest": "implement the hook chandelier_manifest",
    "g_no_plugin": "is not a chandelier.Plugin",
    "g_requires_wrong": "has to be a tuple of names of plugins",
    "g_schema_wrong": "is no config schema",
    "g_storage_wrong": "expected is a StorageHistory",
}
"""Plugins that cannot be loaded, and what is said of each."""
WHEN_SET_UP = {
    "g_halfway": "the paint is empty",
    "g_requires_absent": "it needs the plugin nobody",
    "g_setup_cancels": "it was cancelled, and not by the host",
    "g_setup_exits": "SystemExit: no licence",
    "g_setup_hangs": "did not finish within 10 seconds",
    "g_setup_raises": "the toy box is locked",
    "g_two_handlers": "declares two handlers for timers named 'tick'",
}
"""Plugins that can be loaded but not started."""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels of both distributions, and of a next version of the broken one, for a newer host."""
    made: dict[str, Path] = {}
    for name in ("chandelier-diary", "chandelier-gremlins", "newer"):
        folder = tmp_path_factory.mktemp(name)
        source = folder / "source"
        origin = THIRDPARTY / name.replace("newer", "chandelier-gremlins")
        shutil.copytree(origin, source, ignore=shutil.ignore_patterns("__pycache__"))
        if name == "newer":
            project = source / "pyproject.toml"
            newer = project.read_text().replace("chandelier>=0.1", "chandelier>=99").replace("0.0.1", "2.0.0")
            project.write_text(newer)
        call("from hatchling.build import build_wheel; build_wheel('..')", cwd=source)
        [made[name]] = folder.glob("*.whl")
    return made


class Site:
    """A folder that Python imports from, and what is installed in it."""

    def __init__(self, folder: Path, wheels: dict[str, Path]) -> None:
        self.folder = folder
        self._wheels = wheels

    def install(self, name: str) -> None:
        """Unpack a wheel, in place of another version."""
        wheel = self._wheels[name]
        for old in self.folder.glob(f"{wheel.name.partition('-')[0]}-*.dist-info"):
            shutil.rmtree(old)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.folder)
        importlib.invalidate_caches()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheels: dict[str, Path]) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(folder))
    installed = Site(folder, wheels)
    installed.install("chandelier-diary")
    installed.install("chandelier-gremlins")
    yield installed
    if (running := sys.modules.get("gremlins_running")) is not None:
        running.LET_GO.set()  # else the test's event loop would wait for ever for what clings
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """The first line of everything that is logged."""
    said: list[str] = []
    sink = logger.add(
        lambda message: said.append(str(message).partition("\n")[0]), format="{level} {message}"
    )
    yield said
    logger.remove(sink)


class Market:
    """A guild with an owner who looks after the bot, and a member who keeps a diary."""

    def __init__(self, discord: Any) -> None:
        self.discord = discord
        self.guild = discord.create_guild("Market", owner="olga")
        self.general = self.guild.create_text_channel("general")
        self.olga, self.alice = self.guild.owner, self.guild.add_member("alice")
        self._written = 0

    async def the_diary_works(self) -> None:
        """By command, button and message; what the others do does not show."""
        kept = await self.alice.slash(self.general, "diary", text="A good day.")
        assert kept.text == "Kept."
        assert (await self.alice.press(self.general.last, label="Read")).text == "A good day."
        await self.alice.send(self.general, "dear diary, all is well")
        self._written += 2
        assert f"{self._written} entries" in (await self.alice.slash(self.general, "status")).text

    async def plugins(self) -> str:
        """What `/plugins list` says."""
        return (await self.olga.slash(self.general, "plugins list")).text


@pytest.fixture
def market(discord) -> Market:
    return Market(discord)


async def started(discord, start_host, *plugins: str, **options: Any) -> Any:
    """A host with the diary and others; time passes only for one that hangs, until that is given up on."""
    starting = asyncio.create_task(start_host("diary", *plugins, **options))
    while not starting.done():
        if any(task.get_name() == "setup of plugin g_setup_hangs" for task in asyncio.all_tasks()):
            discord.clock.advance(5)
        await asyncio.sleep(0)
    return await starting


# ---- while they start


@pytest.mark.parametrize("broken", [AT_START, WHEN_SET_UP], ids=["described", "set up"])
async def test_what_is_broken_at_start_costs_itself_and_is_told_in_a_line(
    discord, start_host, site: Site, market: Market, lines: list[str], broken: dict[str, str]
) -> None:
    names = sorted(broken)
    parts = [names[:8], names[8:16], names[16:]]  # as many as one answer of Discord has room for
    for part in filter(None, parts):
        lines.clear()
        host = await started(discord, start_host, *part)
        records = host.lifecycle.records

        shown = await market.plugins()
        for name in part:
            assert records[name].state is State.QUARANTINED, name
            assert broken[name] in records[name].reason, name
            assert records[name].ledger.empty, name
            assert name in shown
            assert any(f"plugin {name} is quarantined: " in line for line in lines), name
        assert records["diary"].state is State.RUNNING
        assert records["diary"].failed == 0
        await market.the_diary_works()
        await start_host.stop(host)


def test_the_doctor_names_what_cannot_be_loaded_and_who_uses_private_names(
    site: Site, tmp_path: Path
) -> None:
    findings = doctor(site, tmp_path)

    for name, words in AT_START.items():
        [(level, message)] = [found for found in findings if name in found[1]]
        assert level == "problem" and words in message, message
        assert "\n" not in message
    private = [message for level, message in findings if level == "warning"]
    assert private == [
        "g_private: it uses chandelier.app, which is private to the host, in __init__.py:6; it may break "
        "with any update of chandelier, so ask the author of chandelier-gremlins for a version that does not"
    ]
    assert ("ok", "diary 1.2.0 can run") in findings


def test_the_doctor_refuses_what_is_made_for_a_newer_host(site: Site, tmp_path: Path) -> None:
    site.install("newer")

    told = [found for found in doctor(site, tmp_path) if "g_mischief" in found[1]]

    assert [level for level, _ in told] == ["problem"]
    assert "it is made for chandelier >=99, this is chandelier 0.1" in told[0][1]


def doctor(site: Site, folder: Path) -> list[tuple[str, str]]:
    """(level, message) of what `chandelier check` finds about plugins, in a process of its own."""
    output = folder / "findings.json"
    code = f"""
import sys, contextlib, pathlib
from chandelier.cli import main
with open({str(output)!r}, "w") as out, contextlib.redirect_stdout(out):
    main(["check", "--json"], standalone_mode=False)
"""
    with contextlib.suppress(AssertionError):  # it ends with the exit code of a problem
        call(code, cwd=folder, path=site.folder)
    found = json.loads(output.read_text())["findings"]
    return [(one["level"], one["message"]) for one in found if one["area"] == "plugins"]


async def test_a_migration_that_fails_half_way_leaves_no_trace(
    discord, start_host, site: Site, market: Market
) -> None:
    host = await start_host("diary", "g_halfway")

    from sqlalchemy import inspect

    async with host.database.connect() as connection:  # what a plugin cannot see
        tables = set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
    assert "diary_entries" in tables
    assert not {table for table in tables if table.startswith("g_halfway_toys")}
    await market.the_diary_works()


async def test_a_next_version_for_a_newer_host_is_refused_and_the_old_one_goes_on(
    discord, start_host, site: Site, market: Market
) -> None:
    host = await start_host("diary", "g_mischief")
    site.install("newer")

    with pytest.raises(PluginError, match="it is made for chandelier >=99"):
        await host.reload("g_mischief")
    assert host.lifecycle.records["g_mischief"].state is State.RUNNING

    host = await start_host.restart(host)
    assert host.lifecycle.records["g_mischief"].state is State.REFUSED
    assert "it is made for chandelier &gt;=99" in (await market.plugins()).replace(">", "&gt;")
    await market.the_diary_works()


async def test_a_private_import_is_told_and_does_not_keep_a_plugin_from_running(
    discord, start_host, site: Site, market: Market, lines: list[str]
) -> None:
    host = await start_host("diary", "g_private")

    assert host.lifecycle.records["g_private"].state is State.RUNNING
    assert "it uses chandelier.app, which is private to the host" in await market.plugins()
    assert any(line.startswith("WARNING plugin g_private: it uses chandelier.app") for line in lines)


LEFT_OUT = {
    "g_bad_name": ["/Bad Name! is left out: "],
    "g_colliding": ["/diary is left out: plugin diary already provides it; disable one of the two"],
}
"""Plugins with a command that Discord would refuse, and what is said of it."""


async def test_commands_that_discord_would_refuse_do_not_cost_others_theirs(
    discord, start_host, site: Site, market: Market, lines: list[str]
) -> None:
    host = await start_host("diary")
    before = {command["name"] for command in discord.commands()}
    await start_host.stop(host)

    host = await start_host("diary", *LEFT_OUT)

    assert {command["name"] for command in discord.commands()} == before
    shown = await market.plugins()
    for name, said in LEFT_OUT.items():
        record = host.lifecycle.records[name]
        assert record.state is State.DEGRADED
        assert [line.startswith(words) for line, words in zip(record.left_out, said, strict=True)] == [True]
        assert record.left_out[0] in shown
        assert [line for line in lines if record.left_out[0] in line and name in line]
    assert host.lifecycle.records["diary"].left_out == ()
    await market.the_diary_works()


async def test_one_with_two_hundred_commands_leaves_the_others_theirs(
    discord, start_host, site: Site, market: Market, lines: list[str]
) -> None:
    host = await start_host("diary")
    before = {command["name"] for command in discord.commands()}
    await start_host.stop(host)

    host = await start_host("diary", "g_two_hundred")

    now = [command["name"] for command in discord.commands()]
    assert len(now) == 100 and before <= set(now)
    record = host.lifecycle.records["g_two_hundred"]
    assert record.state is State.DEGRADED
    assert len(record.left_out) == 100 + len(before)
    assert (
        f"Discord takes 100 slash commands and the plugins ask for {200 + len(before)} "
        "(most of them g_two_hundred: 200); disable a plugin that you need less"
    ) in record.left_out[0]
    assert "g_two_hundred** 0.0.1 — degraded: " in await market.plugins()
    assert host.lifecycle.records["diary"].left_out == ()
    await market.the_diary_works()


# ---- while they run

WAYS = (
    "exits",
    "clings",
    *(
        pytest.param(way, marks=pytest.mark.endurance)
        for way in ("hangs", "raises", "panics", "recurses", "cancels", "answers nonsense")
    ),
)


class Trigger:
    """Makes the host call each part of the plugin ``g_mischief`` once, as people and time do."""

    def __init__(self, host: Any, market: Market, discord: Any) -> None:
        self.host, self.market, self.discord = host, market, discord
        self.people, self.general = market.alice, market.general
        self.timers = 0

    @property
    def context(self) -> Any:
        return self.host.lifecycle.records["g_mischief"].context

    @property
    def plugin(self) -> Any:
        return self.host.lifecycle.records["g_mischief"].plugin

    async def command(self) -> Any:
        return self.people.start_slash(self.general, "prank")

    async def autocomplete(self) -> Any:
        self.work = asyncio.create_task(self.people.autocomplete(self.general, "prank", "toy", "b"))

    async def component(self) -> Any:
        await self.market.alice.slash(self.general, "prank")
        self.work = asyncio.create_task(self.people.press(self.general.last, label="Poke"))

    async def form(self) -> None:
        await self.market.alice.slash(self.general, "prank")
        shown = await self.people.press(self.general.last, label="Poke")
        self.work = asyncio.create_task(self.people.submit(shown, {"why": "because"}))

    async def spawned(self) -> None:
        module = sys.modules["gremlins_running"]
        self.context.spawn(module.act("spawned", self.plugin), "mischief")

    async def config(self) -> None:
        self.timers += 1
        self.work = asyncio.create_task(
            self.context.configure(self.market.guild.id, {"toy": f"rope {self.timers}"})
        )

    async def published(self) -> None:
        hooks = self.host.lifecycle.records["diary"].context.hooks
        self.work = asyncio.create_task(hooks.call("diary_decorate", text="A good day."))

    async def export(self) -> None:
        self.work = self.people.start_slash(self.general, "privacy export")

    async def erase(self) -> None:
        self.work = asyncio.create_task(self.host.privacy.erase(int(self.market.olga.id), "owner"))

    async def listener(self) -> None:
        self.general.post(self.people, "hello")

    async def timer(self) -> None:
        self.timers += 1
        await self.context.timers.schedule("prank", key=str(self.timers), due=self.host.clock.now())

    async def effect(self) -> None:
        self.timers += 1
        await self.context.outbox.put("prank", key=str(self.timers), payload={})

    async def task(self) -> None:
        """It comes by itself."""

    async def health(self) -> None:
        self.work = self.market.olga.start_slash(self.general, "plugins list")

    async def status(self) -> None:
        self.work = self.people.start_slash(self.general, "status")


PLACES = {
    "command": "/prank",
    "autocomplete": "autocompletion of /prank",
    "component": "component poke",
    "form": "form why",
    "spawned": "mischief",
    "config": "hook chandelier_config_changed",
    "published": "hook diary_decorate",
    "export": "hook chandelier_export_person",
    "erase": "hook chandelier_erase_person",
    "listener": "listener hear",
    "timer": "timer prank",
    "effect": "effect prank",
    "task": "task tick",
    "health": "hook chandelier_health",
    "status": "hook chandelier_status",
}
"""Where things go wrong, and what the host calls it."""


@pytest.mark.parametrize("way", WAYS)
async def test_whatever_a_running_plugin_does_wrong_costs_itself_only(
    discord, start_host, site: Site, market: Market, lines: list[str], way: str, impatient: None
) -> None:
    host = await start_host("diary", "g_mischief", host={"error_budget": 1000})
    record = host.lifecycle.records["g_mischief"]
    trigger = Trigger(host, market, discord)
    await discord.advance(61)

    failed: set[str] = set()
    for place, what in PLACES.items():
        if place == "spawned" and way in {"hangs", "clings"}:
            continue  # what is spawned may go on for as long as it likes
        plugin, acted = trigger.plugin, trigger.plugin.acted
        plugin.where, plugin.way = place, way
        harmless = way == "answers nonsense" and place not in {"health", "status", "export"}
        await getattr(trigger, place)()
        async with asyncio.timeout(60):
            while plugin.acted == acted or not (harmless or what in failed):
                # Else it is others' time that would pass: of the host, or of who waits for the database.
                if (place == "task" or plugin.acted > acted) and not checked_out(host):
                    discord.clock.advance(0.25)
                for _ in range(20):
                    await asyncio.sleep(0)
                    failed.add(record.last_error.partition(": ")[0])
        plugin.where = ""

        assert record.active, f"{place}: {record.reason}"
        assert host.bot.is_alive
        assert host.lifecycle.records["diary"].failed == 0
    await market.the_diary_works()
    told = [line for line in lines if line.startswith(("ERROR", "WARNING"))]
    for what in (
        () if way == "answers nonsense" else ("/prank", "component poke", "listener hear", "task tick")
    ):
        assert any(line.startswith(f"ERROR {what} failed (runtime), reference ") for line in told), what
    await start_host.stop(host)
    assert record.state is State.STOPPED


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on although it was cancelled is not waited for."""
    from chandelier import barrier

    monkeypatch.setattr(barrier, "PATIENCE", 0.01)
    monkeypatch.setattr(barrier, "ASKED_AGAIN", (0.01,))
