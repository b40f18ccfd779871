"""What operators copy out of ops/ fits the bot that runs: dashboard, rules, unit; and systemd is told."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from loopcord import LocalDiscord

OPS = Path(__file__).parent.parent / "ops"
DASHBOARD = OPS / "grafana" / "chandelier.json"
METRIC = re.compile(r"\b(?:chandelier|process)_[a-z0-9_]+")
SYSTEMD_ANALYZE = shutil.which("systemd-analyze")
PATIENCE = 180.0
"""Real seconds that a process may take to start or stop on a busy machine."""


def queries() -> dict[str, list[str]]:
    """Every query of the dashboard and of the rules, by where it is."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    found = {
        panel["title"]: [target["expr"] for target in panel["targets"]]
        for panel in dashboard["panels"]
        if panel["type"] != "row"
    }
    found["variables"] = [
        variable["query"]["query"]
        for variable in dashboard["templating"]["list"]
        if variable["type"] == "query"
    ]
    rules = (OPS / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    found["alerts.yml"] = re.findall(r"^\s+expr: (.+)$", rules, re.MULTILINE)
    return found


SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


async def test_every_metric_that_is_asked_for_is_served(start_host, discord) -> None:
    host = await start_host("redeye", "moderation", host={"metrics_port": 0})

    text = (await host.observatory.metrics.exposition()).decode()

    families = list(text_string_to_metric_families(text))
    served = {f"{each.name}{suffix}" for each in families for suffix in SUFFIXES[each.type]}
    labels = {sample.name: set(sample.labels) for each in families for sample in each.samples}
    for place, asked in queries().items():
        assert asked, place
        for query in asked:
            names = set(METRIC.findall(query))
            assert names <= served | {"process_cpu_seconds_total"}, (place, query)
            assert names or query.startswith("up{"), (place, query)
            if len(names) == 1 and (by := re.search(r"by \(([a-z, ]+)\)", query)) and labels.get(*names):
                assert set(by[1].split(", ")) <= labels[next(iter(names))] | {"instance"}, (place, query)


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    """What the schema asks for: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/."""
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    cells = [
        (x, y)
        for where in (panel["gridPos"] for panel in panels)
        for x in range(where["x"], where["x"] + where["w"])
        for y in range(where["y"], where["y"] + where["h"])
    ]

    assert dashboard["schemaVersion"] >= 36
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(cells)) == len(cells), "panels overlap"
    assert max(x for x, _ in cells) < 24
    assert {panel["type"] for panel in panels} <= {"row", "stat", "timeseries", "table"}
    known = {variable["name"] for variable in dashboard["templating"]["list"]} | {"__rate_interval", "__all"}
    assert set(re.findall(r"\$\{?(\w+)", DASHBOARD.read_text(encoding="utf-8"))) <= known
    for query in (query for asked in queries().values() for query in asked):
        assert all(query.count(a) == query.count(b) for a, b in ("()", "{}", "[]")), query


@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="no systemd here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    text = (OPS / "systemd" / "chandelier.service").read_text(encoding="utf-8")
    unit = tmp_path / "chandelier.service"
    unit.write_text(text.replace("/opt/chandelier/bin/chandelier run", sys.executable), encoding="utf-8")

    verdict = subprocess.run(  # noqa: S603 - our own file
        [SYSTEMD_ANALYZE or "", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )

    about_it = [line for line in verdict.stderr.splitlines() if "chandelier.service" in line]
    assert about_it == []


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets")
async def test_the_bot_tells_systemd_that_it_is_ready_alive_and_stopping(
    discord: LocalDiscord, tmp_path: Path
) -> None:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.setblocking(False)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CHANDELIER_")}
    environ = {
        **clean,
        "CHANDELIER_TOKEN": discord.token,
        "CHANDELIER_REST_URL": discord.rest_url,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "200000",
    }
    heard: list[str] = []
    loop = asyncio.get_running_loop()

    async def hear(wanted: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not any(wanted in each for each in heard):
                heard.append((await loop.sock_recv(listening, 4096)).decode())

    bot = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chandelier",
        "run",
        cwd=tmp_path,
        env=environ,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await hear("WATCHDOG=1")
        bot.send_signal(signal.SIGTERM)
        await hear("STOPPING=1")
        async with asyncio.timeout(PATIENCE):
            assert await bot.wait() == 0
    finally:
        if bot.returncode is None:
            bot.kill()
            await bot.wait()
        listening.close()

    assert heard[0].startswith("READY=1\nSTATUS=")
    assert "core" in heard[0]
