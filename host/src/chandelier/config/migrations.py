"""Steps between versions of a plugin's config section, each with its inverse, and how they are applied."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

import attrs

__all__ = ["ConfigMigration", "Step"]

Step = Callable[[MutableMapping[str, Any]], None]
"""Changes a config section in place: a table of ``config.toml``, or a guild's stored settings."""


@attrs.frozen
class ConfigMigration:
    """The step from version ``to_version - 1`` to ``to_version`` of a config section, and back.

    Both functions change the section in place and leave ``version`` alone. They also see the stored
    settings of single guilds, which hold only some of the keys: a missing key is never an error.
    """

    to_version: int
    upgrade: Step
    downgrade: Step

    def __attrs_post_init__(self) -> None:
        if self.to_version < 2:
            raise ValueError(f"a migration leads to version 2 or later, not to {self.to_version}")
