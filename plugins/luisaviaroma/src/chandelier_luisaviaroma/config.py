"""What operators and a guild's admins can set, and the steps between versions of it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import hikari

import chandelier

__all__ = ["MIGRATIONS", "LuisaviaromaConfig"]


@chandelier.schema(version=2)
class LuisaviaromaConfig:
    """The section ``[plugins.luisaviaroma]``."""

    monitor_bots: tuple[int, ...] = chandelier.setting(
        (), help="Ids of the bots and webhooks whose posts are looked at.", guild=True, max_length=50
    )
    monitor_names: tuple[str, ...] = chandelier.setting(
        (),
        help="Names of such bots and webhooks, in any case. Without ids and names every bot counts, never a "
        "person.",
        guild=True,
        max_length=50,
    )
    channels: tuple[int, ...] = chandelier.setting(
        (),
        help="Channels that are looked at; without any, all of them.",
        guild=True,
        kind="channel",
        max_length=200,
    )
    moderator_roles: tuple[int, ...] = chandelier.setting(
        (),
        help="Roles whose members may store a product with 🔗, besides those who may manage messages.",
        guild=True,
        kind="role",
        max_length=50,
    )
    confirm: bool = chandelier.setting(
        True, help="Whether a stored product's post gets a ✅, so that one sees it worked.", guild=True
    )

    def concerns(self, channel_id: int, author: hikari.User) -> bool:
        """Whether posts of this author in this channel are looked at."""
        if self.channels and channel_id not in self.channels:
            return False
        if not self.monitor_bots and not self.monitor_names:
            return True
        names = {name.strip().casefold() for name in self.monitor_names}
        return int(author.id) in self.monitor_bots or author.username.casefold() in names


_RENAMED = {"monitors": "monitor_bots", "mod_roles": "moderator_roles", "check_mark": "confirm"}
"""Names of version 1 and of version 2."""


def _from_1_to_2(section: MutableMapping[str, Any]) -> None:
    for old, new in _RENAMED.items():
        chandelier.rename_key(section, old, new)


def _from_2_to_1(section: MutableMapping[str, Any]) -> None:
    for old, new in _RENAMED.items():
        chandelier.rename_key(section, new, old)


# Version 2 knows monitors by name as well, so the list of ids needed a name of its own.
MIGRATIONS = (chandelier.ConfigMigration(2, upgrade=_from_1_to_2, downgrade=_from_2_to_1),)
