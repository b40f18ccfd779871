"""The ledger proves unload: every plugin is loaded and unloaded again and again, and nothing of it is left.

Asked is not the ledger, which could be wrong, but everything that a plugin can hold: pluggy, hikari,
lightbulb, linkd, asyncio, threads, the database, Discord's list of commands, and the interpreter's memory.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.connections import checked_out
from tests.test_thirdparty import Market, Site, site, wheels

from chandelier.barrier import end
from chandelier.errors import PluginError

__all__ = ["site", "wheels"]

ROUNDS = 3
"""How often in every run; often enough for what piles up to show."""
MANY = 100
"""How often in the runs that may take long."""
OURS = ("moderation", "reactions", "redeye", "luisaviaroma")


def held(host: Any, discord: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """How much there is of everything that a plugin can hold."""
    client, router = host.client, host.bot.router
    packages = {host.lifecycle.records[name].candidate.package for name in names}
    gc.collect()
    return {
        "hooks": sorted(str(name) for name, _ in host.hooks._manager.list_name_plugin()),
        "commands": len(client.registered_commands),
        "command mapping": sum(len(each) for each in client._command_invocation_mapping.values()),
        "owners": len(client._owners),
        "error handlers": len(client.error_handlers()),
        "menus": len(client._attached_menus) + len(client.menus.owners),
        "modals": len(client._attached_modals) + len(client.modals.owners),
        "lightbulb's tasks": len(client._tasks) + len(client._asyncio_tasks),
        "dependencies": sum(len(each._graph.nodes) for each in client.di._registries.values()),
        "containers": sum(len(each._active_containers) for each in client.di._registries.values()),
        "routes": sum(len(each) for each in router._routes.values()),
        "relays": len(router._relays),
        "subscriptions": sum(len(each) for each in router._listeners.values()),
        "waiters": sum(len(each) for each in router._waiters.values()),
        "handlers": sum(len(each) for each in host.binder._handlers.values()),
        "jobs": len(host.containment._jobs),
        "background": sorted(set(host.containment._background.values())),
        "strays": sum(not task.done() for task in host.strays._tasks),
        "tasks": sorted(name for task in asyncio.all_tasks() if not library(name := task.get_name())),
        "threads": sorted(name for each in threading.enumerate() if not library(name := each.name)),
        "connections": checked_out(host),
        "on Discord": sorted(command["name"] for command in discord.commands()),
        "modules": sorted(name for name in sys.modules if name.partition(".")[0] in packages),
    }


def library(name: str) -> bool:
    """Whether a task or thread belongs to what comes and goes by itself, such as a connection."""
    return name.startswith(("Task-", "Thread-", "asyncio_", "chandelier: ", "ThreadPoolExecutor"))


async def come_and_go(
    host: Any, discord: Any, names: tuple[str, ...], use: Callable[[], Any] | None, rounds: int
) -> None:
    """Disable, enable and use plugins, and find the same every time."""
    records = [host.lifecycle.records[name] for name in names]
    empty: dict[str, Any] | None = None
    gone: list[weakref.ref[Any]] = []
    counts = [record.ledger.counts() for record in records]
    with only_new_garbage():
        for number in range(rounds):
            gone += [weakref.ref(record.plugin) for record in records]
            for name in reversed(names):
                await host.disable(name)
            await discord.settle()
            assert [record.ledger.counts() for record in records] == [{} for _ in records]
            now = held(host, discord, names)
            if number < 2:  # what other tests have imported of the plugins goes away with the first
                empty = now
            assert empty is not None
            assert {key: now[key] for key in now if now[key] != empty[key]} == {}
            for name in names:
                await host.enable(name)
            await discord.settle()
            assert [record.ledger.counts() for record in records] == counts
            if use is not None:
                await use()
        for name in reversed(names):
            await host.disable(name)
    gc.collect()
    assert [ref() for ref in gone if ref() is not None] == []


@contextmanager
def only_new_garbage() -> Iterator[None]:
    """Meanwhile the collector does not go through what was there before, which takes most of its time."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def test_nothing_is_left_of_our_plugins(discord, start_host) -> None:
    discord.create_guild("Market")
    host = await start_host(*OURS)

    await come_and_go(host, discord, OURS, None, ROUNDS)


async def test_nothing_is_left_of_one_that_takes_what_it_can(discord, start_host, site: Site) -> None:
    await greedy(discord, start_host, ROUNDS)


@pytest.mark.endurance
async def test_nothing_is_left_after_a_hundred_times(discord, start_host, site: Site) -> None:
    discord.create_guild("Market")
    host = await start_host(*OURS, "diary")
    await come_and_go(host, discord, (*OURS, "diary"), None, MANY)
    await start_host.stop(host)

    await greedy(discord, start_host, MANY)


async def greedy(discord, start_host, rounds: int) -> None:
    """A plugin that grabs what it can get hold of past its context, each time it is started."""
    market = Market(discord)
    host = await start_host("g_greedy")

    async def grab() -> None:
        assert (await market.alice.slash(market.general, "grab")).text == "Mine."
        assert host.client.menus and len(host.strays.of("g_greedy")) == 4

    await grab()
    await come_and_go(host, discord, ("g_greedy",), grab, rounds)


async def test_a_thread_that_goes_on_stays_in_the_ledger_and_is_told(discord, start_host, site: Site) -> None:
    """It cannot be ended from outside, so the ledger does not say that it was."""
    host = await start_host("g_mischief")
    record = host.lifecycle.records["g_mischief"]
    module = sys.modules["gremlins_running"]
    stop = threading.Event()
    thread = module.spin(stop)

    await host.disable("g_mischief")
    assert record.ledger.names("thread") == [f"{thread.name} #0"]
    with pytest.raises(PluginError, match="cannot be ended"):
        raise (await record.ledger.release())[0][2]

    stop.set()
    thread.join()
    assert await record.ledger.release() == []


async def test_a_task_that_a_plugin_starts_by_itself_cannot_end_the_host(
    discord, start_host, site: Site
) -> None:
    host = await start_host("g_greedy")
    module = sys.modules["gremlins_running"]

    task = asyncio.create_task(module.exits())
    with pytest.raises(PluginError, match="it raised SystemExit: 5"):
        await task
    assert host.bot.is_alive
    await end([asyncio.create_task(module.exits())])  # cancelled before it began: and no warning
