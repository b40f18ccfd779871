"""What operators and a guild's admins can set, and the step between the two versions of it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import chandelier

__all__ = ["MIGRATIONS", "GreeterConfig"]


@chandelier.schema(version=2)
class GreeterConfig:
    """The section ``[plugins.greeter]``."""

    words: tuple[str, ...] = chandelier.setting(
        ("good morning",), help="Messages that are answered with 👋.", guild=True, max_length=20
    )
    patience: int = chandelier.setting(
        3600,
        help="Seconds until somebody who has not waved back is nudged.",
        guild=True,
        ge=60,
        le=604_800,
    )


def _from_1_to_2(section: MutableMapping[str, Any]) -> None:
    chandelier.rename_key(section, "wait", "patience")


def _from_2_to_1(section: MutableMapping[str, Any]) -> None:
    chandelier.rename_key(section, "patience", "wait")


# Version 1 called it `wait`, and everybody asked: for what?
MIGRATIONS = (chandelier.ConfigMigration(2, upgrade=_from_1_to_2, downgrade=_from_2_to_1),)
