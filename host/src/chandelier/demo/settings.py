"""The demo's config.toml: where the local Discord is, and what each installed plugin needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import tomlkit

from chandelier.config.host import HostConfig
from chandelier.demo.world import Market
from chandelier.errors import InvalidRequest

__all__ = ["write_config"]

_MARK = b"Written by `chandelier demo`"


def write_config(folder: Path, *, rest_url: str, market: Market, schemas: Mapping[str, type[Any]]) -> Path:
    """Write ``config.toml`` into ``folder`` and return its path.

    A plugin's setting is written only when the plugin is installed and has a setting of that name. Raises
    InvalidRequest when there is a config.toml that no demo wrote.
    """
    path = folder / "config.toml"
    if path.exists() and _MARK not in path.read_bytes():
        raise InvalidRequest(
            f"{path} belongs to something else than the demo, which would overwrite it: choose another folder"
        )
    document = tomlkit.document()
    document.add(tomlkit.comment(f"{_MARK.decode()} for the local Discord; written anew by each demo."))
    host = tomlkit.table()
    host.add("version", _version(HostConfig))
    host.add("rest_url", rest_url)
    host.add("owner_ids", [market.guild.owner.id])
    # The demo's shop is on loopback, which plugins otherwise may not reach.
    host.add("http_allow", ["127.0.0.0/8"])
    host.add("log_level", "WARNING")
    document.add("chandelier", host)
    plugins = tomlkit.table(is_super_table=True)
    for name, wanted in _wanted(market).items():
        schema = schemas.get(name)
        if schema is None:
            continue
        known = {field.name for field in attrs.fields(schema)}
        section = tomlkit.table()
        section.add("version", _version(schema))
        for key, value in wanted.items():
            if key in known:
                section.add(key, value)
        plugins.add(name, section)
    document.add("plugins", plugins)
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    return path


def _version(schema: type[Any]) -> int:
    return schema.__config_version__


def _wanted(market: Market) -> dict[str, dict[str, Any]]:
    return {
        "moderation": {
            "log_channel": market.mod_log.id,
            "report_channel": market.mod_log.id,
            "appeals_channel": market.mod_log.id,
            "words": ["free nitro"],
        },
        "reactions": {"channel": market.forwarded.id, "roles": [market.mods.id]},
        # The shop is ours: it may be looked at often, so that a visitor sees an alert within seconds.
        "redeye": {"interval": 10, "jitter": 0, "host_gap": 1},
        "luisaviaroma": {"monitor_bots": [market.monitor_bot.id], "channels": [market.monitor.id]},
    }
