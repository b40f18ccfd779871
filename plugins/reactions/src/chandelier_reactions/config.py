"""What operators and a guild's admins can set, and the steps between versions of it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import chandelier
from chandelier_reactions.emoji import may_be_emoji

__all__ = ["MIGRATIONS", "ReactionsConfig"]

_ = chandelier.Messages(__package__)


@chandelier.schema(version=2)
class ReactionsConfig:
    """The section ``[plugins.reactions]``."""

    emoji: str = chandelier.setting(
        "➡️",
        help="The reaction that forwards a message: an emoji, or <:name:id> for one of the server's own.",
        guild=True,
        min_length=1,
        max_length=64,
    )
    channel: int | None = chandelier.setting(
        None, help="The channel that messages are forwarded to.", guild=True, kind="channel"
    )
    roles: tuple[int, ...] = chandelier.setting(
        (), help="Roles whose members may forward.", guild=True, kind="role"
    )
    members: tuple[int, ...] = chandelier.setting(
        (), help="Members who may forward whatever their roles.", guild=True, kind="member"
    )
    bots: bool = chandelier.setting(
        False, help="Whether bots with one of the roles, or among the members, may forward too.", guild=True
    )

    def __attrs_post_init__(self) -> None:
        if not may_be_emoji(self.emoji):
            raise ValueError(
                _(
                    "“{found}” is no emoji: write the emoji itself, or <:name:id> for one of the "
                    "server's own",
                    found=self.emoji,
                )
            )


_RENAMED = {
    "target": "channel",
    "allowed_roles": "roles",
    "allowed_members": "members",
    "ignore_bots": "bots",
}
"""Names of version 1 and of version 2."""


def _from_1_to_2(section: MutableMapping[str, Any]) -> None:
    for old, new in _RENAMED.items():
        chandelier.rename_key(section, old, new)
    chandelier.change_value(section, "bots", _opposite)


def _from_2_to_1(section: MutableMapping[str, Any]) -> None:
    chandelier.change_value(section, "bots", _opposite)
    for old, new in _RENAMED.items():
        chandelier.rename_key(section, new, old)


def _opposite(value: bool) -> bool:
    return not value


# Version 1 had one setting that switched something off, `ignore_bots`; people set it the wrong way round.
MIGRATIONS = (chandelier.ConfigMigration(2, upgrade=_from_1_to_2, downgrade=_from_2_to_1),)
