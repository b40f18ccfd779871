"""What operators and a guild's admins can set, and the steps between versions of it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import chandelier

__all__ = ["MIGRATIONS", "RedeyeConfig"]


@chandelier.schema(version=2)
class RedeyeConfig:
    """The section ``[plugins.redeye]``. Guilds choose where alerts go, not how often shops are asked."""

    alert_channel: int | None = chandelier.setting(
        None,
        help="Where alerts go when `/watch add` names no channel; without it, where the command was used.",
        guild=True,
        kind="channel",
    )
    interval: int = chandelier.setting(900, help="Seconds between two looks at a page.", ge=10, le=604_800)
    jitter: int = chandelier.setting(
        20, help="How far each wait strays from `interval`, in percent, so that looks spread.", ge=0, le=50
    )
    longest_pause: int = chandelier.setting(
        21_600,
        help="Seconds that a page which fails again and again is left alone at most; each failure doubles "
        "the wait.",
        ge=60,
        le=604_800,
    )
    host_gap: int = chandelier.setting(
        5, help="Seconds between two requests to the same host, whoever watches there.", ge=0, le=3_600
    )
    timeout: int = chandelier.setting(
        20, help="Seconds after which a page that does not come is given up.", ge=1, le=25
    )
    watches_per_guild: int = chandelier.setting(
        25, help="How many watches a server may have.", ge=1, le=1_000
    )


_RENAMED = {"channel": "alert_channel", "check_every": "interval", "max_watches": "watches_per_guild"}
"""Names of version 1 and of version 2."""


def _from_1_to_2(section: MutableMapping[str, Any]) -> None:
    for old, new in _RENAMED.items():
        chandelier.rename_key(section, old, new)


def _from_2_to_1(section: MutableMapping[str, Any]) -> None:
    for old, new in _RENAMED.items():
        chandelier.rename_key(section, new, old)


# In version 1 `channel` did not say for what, and `max_watches` did not say that it is per server.
MIGRATIONS = (chandelier.ConfigMigration(2, upgrade=_from_1_to_2, downgrade=_from_2_to_1),)
