"""What a monitor sees of a running host: numbers by plugin, health with reasons, and nothing private."""

from __future__ import annotations

import socket
from typing import Any

import aiohttp
import hikari
import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from chandelier.errors import PluginError
from chandelier.ledger import Ledger
from chandelier.observe.bounded import MOST_SERIES, OTHER
from chandelier.observe.lag import LoopLag
from chandelier.observe.plugin_metrics import Metrics
from chandelier.observe.wire import RouteNames

COUNTER = """
@loader.command
class Sell(lightbulb.SlashCommand, name="sell", description="Sell something"):
    what = lightbulb.string("what", "what to sell")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        if self.what == "soul":
            raise chandelier.InvalidRequest("Not that.")
        if self.what == "bug":
            raise KeyError(self.what)
        plugin.sold.labels(self.what).inc()
        await ctx.respond("Sold.")

@loader.listener(hikari.GuildMessageCreateEvent)
async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
    pass

@loader.timer("later")
async def on_later(timer: chandelier.Timer, plugin: Made) -> None:
    pass
"""
SETUP = """
async def setup(self, ctx):
    await super().setup(ctx)
    self.sold = ctx.metrics.counter("sold", "Things sold.", ("what",))
    await ctx.timers.schedule("later", key="1", due=ctx.now() + __import__("datetime").timedelta(hours=1))
"""
MONITORED = {"metrics_port": 0}


class Scrape:
    """One look at /metrics, read by Prometheus' own parser."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def value(self, name: str, **labels: str) -> float | None:
        found = [
            each.value for each in self.samples if each.name == name and labels.items() <= each.labels.items()
        ]
        return sum(found) if found else None


async def get(host: Any, path: str) -> tuple[int, Any]:
    url = f"http://127.0.0.1:{host.observatory.server.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        kind = response.content_type
        return response.status, await (response.json() if kind == "application/json" else response.text())


def exposed(host: Any) -> str:
    return generate_latest(host.observatory.metrics.registry).decode()


async def scrape(host: Any) -> Scrape:
    status, text = await get(host, "/metrics")
    assert status == 200
    return Scrape(text)


@pytest.fixture
async def stall(discord, start_host, install):
    """A stall on the market where alice sells, watched."""
    install(
        "stall",
        COUNTER,
        methods=SETUP,
        intents="hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT",
    )
    guild = discord.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    host = await start_host("stall", host=MONITORED)
    return host, general, alice


async def test_a_scrape_tells_what_happened_by_plugin(stall, discord) -> None:
    host, general, alice = stall
    await alice.send(general, "hello")
    for what in ("tea", "tea", "soul", "bug"):
        await alice.slash(general, "sell", what=what)
    host.observatory.metrics.lag.note(0.3)

    seen = await scrape(host)

    assert seen.value("chandelier_commands_total", plugin="stall", command="/sell") == 4
    assert seen.value("chandelier_handler_seconds_count", plugin="stall", kind="command") == 4
    assert seen.value("chandelier_handler_seconds_count", plugin="stall", kind="listener") == 3, (
        "hers and the two answers"
    )
    assert seen.value("chandelier_errors_total", plugin="stall", kind="validation") == 1
    assert seen.value("chandelier_errors_total", plugin="stall", kind="runtime") == 1
    assert seen.value("chandelier_plugin_stall_sold_total", what="tea") == 2
    assert seen.value("chandelier_plugin_state", plugin="stall", state="running") == 1
    assert seen.value("chandelier_plugin_held", plugin="stall", kind="metric") == 1
    assert (seen.value("chandelier_gateway_events_total", event="INTERACTION_CREATE") or 0) >= 4
    assert seen.value("chandelier_queue_rows", queue="timers", plugin="stall", state="set") == 1
    assert seen.value("chandelier_queue_rows", queue="timers", plugin="stall", state="due") == 0
    assert (seen.value("chandelier_database_bytes") or 0) > 1000
    assert (seen.value("process_resident_memory_bytes") or 0) > 10_000_000
    assert seen.value("chandelier_connected") == seen.value("chandelier_shard_connected", shard="0") == 1
    assert seen.value("chandelier_cache_entries", cache="guilds") is not None
    assert seen.value("chandelier_guild_configs", plugin="stall") == 0
    assert (seen.value("chandelier_loop_lag_seconds_count") or 0) >= 1
    assert seen.value("chandelier_build_info") == 1
    route = "/interactions/{interaction}/{token}/callback"
    assert seen.value("chandelier_rest_request_seconds_count", route=route, method="POST") == 4
    assert seen.value("chandelier_rest_request_seconds_count", route="other") is None

    private = (discord.token, str(general.id), str(alice.id), "alice", "Market", "hello")
    assert [word for word in private if word in seen.text] == []


async def test_a_plugins_metrics_go_with_it(stall) -> None:
    host, general, alice = stall
    await alice.slash(general, "sell", what="tea")

    await host.disable("stall")
    assert (await scrape(host)).value("chandelier_plugin_stall_sold_total") is None
    await host.enable("stall")
    await host.reload("stall")
    await alice.slash(general, "sell", what="tea")

    assert (await scrape(host)).value("chandelier_plugin_stall_sold_total", what="tea") == 1


async def test_waits_for_rate_limits_and_lost_connections_are_counted(stall, discord) -> None:
    host, *_ = stall
    discord.fail("GET", "/users/@me", status=403, times=1)

    with pytest.raises(hikari.ForbiddenError):
        await host.bot.rest.fetch_my_user()
    await host.bot.rest.fetch_my_user()
    await discord.reconnect()
    assert await discord.until(lambda: "chandelier_gateway_disconnects_total 1.0" in exposed(host))
    host.observatory.metrics._had_to_wait(1.5)
    seen = await scrape(host)

    of_me = {"method": "GET", "route": "/users/@me"}
    assert seen.value("chandelier_rest_request_seconds_count", status="403", **of_me) == 1
    assert seen.value("chandelier_rest_request_seconds_count", status="200", **of_me) == 1
    assert seen.value("chandelier_rest_ratelimit_waits_total") == 1
    assert seen.value("chandelier_rest_ratelimit_wait_seconds_total") == 1.5


async def test_health_says_why_the_bot_is_not_ready(stall, discord, monkeypatch) -> None:
    host, *_ = stall
    status, said = await get(host, "/healthz")
    assert (status, said["alive"]) == (200, True)
    assert await get(host, "/readyz") == (200, {"ready": True, "reasons": []})

    host.essential = frozenset({"core", "stall"})
    await host.disable("stall")
    monkeypatch.setattr(host.database, "_reader", None)
    status, said = await get(host, "/readyz")

    assert status == 503
    assert said["reasons"] == [
        "the database does not answer: the database is not open: call Database.start() first",
        "the plugin stall does not run (stopped)",
    ]


async def test_a_port_that_is_taken_costs_the_metrics_and_not_the_bot(start_host, discord) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host = await start_host(host={"metrics_port": taken.getsockname()[1]})

    assert host.connected
    assert host.observatory.server.port is None


# ---- the parts


def test_paths_become_templates_without_ids_or_tokens() -> None:
    names = RouteNames()

    assert names.name("GET", "/channels/123/messages/456") == "/channels/{channel}/messages/{message}"
    assert names.name("GET", "/users/@me") == "/users/@me"
    assert names.name("POST", "/webhooks/12/s3cret-t0ken") == "/webhooks/{webhook}/{token}"
    assert names.name("GET", "/something/12/new") == OTHER


def metrics_of(name: str, registry: Any = None) -> Metrics:
    from prometheus_client import CollectorRegistry

    return Metrics(name, registry or CollectorRegistry(), Ledger())


@pytest.mark.parametrize("kind", ["counter", "gauge", "histogram"])
def test_labels_have_a_bound(kind: str) -> None:
    metric = getattr(metrics_of("stall"), kind)("things", "Things.", ("user",))

    for number in range(MOST_SERIES + 50):
        metric.labels(user=number)

    values = {labels[0] for labels in metric._metrics}
    assert len(values) == MOST_SERIES + 1
    assert OTHER in values


def test_a_name_is_taken_once_and_fits_prometheus() -> None:
    metrics = metrics_of("stall")
    metrics.gauge("open", "Open stalls.")

    with pytest.raises(PluginError, match=r"stall has a metric named 'open' already"):
        metrics.counter("open", "Again.")
    with pytest.raises(PluginError, match=r"cannot be named 'Open-Stalls'"):
        metrics.gauge("Open-Stalls", "No.")
    with pytest.raises(PluginError, match=r"more than 4 labels"):
        metrics.gauge("many", "No.", ("a", "b", "c", "d", "e"))
    with pytest.raises(PluginError, match=r"cannot have the metric 'half'"):
        metrics.histogram("half", "No.", ("le",))
    twin = Metrics("stall-open", metrics._registry, Ledger())
    Metrics("stall", metrics._registry, Ledger()).gauge("open_days", "Days.")
    with pytest.raises(PluginError, match=r"stall-open cannot have the metric 'days'"):
        twin.gauge("days", "The same name in full.")


async def test_the_worst_delay_of_the_loop_is_remembered() -> None:
    told: list[float] = []
    lag = LoopLag(told.append)

    for seconds in (0.01, 0.8, 0.02):
        lag.note(seconds)

    assert lag.worst == 0.8
    assert told == [0.01, 0.8, 0.02]
