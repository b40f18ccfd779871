"""What operators and a guild's admins can set, and the steps between versions of it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Literal

import chandelier
from chandelier_moderation.acting.durations import is_zone

__all__ = ["MIGRATIONS", "ModerationConfig"]

MOST_WORDS = 1_000
"""Words of one guild; the settings of a guild are one row that is read as a whole."""


@chandelier.schema(version=2)
class ModerationConfig:
    """The section ``[plugins.moderation]``."""

    log_channel: int | None = chandelier.setting(
        None, help="The channel in which every case is posted.", guild=True, kind="channel"
    )
    words: tuple[str, ...] = chandelier.setting(
        (),
        help="Words and phrases that may not be written; a message with one is deleted and becomes a case.",
        guild=True,
        max_length=MOST_WORDS,
    )
    exempt_roles: tuple[int, ...] = chandelier.setting(
        (),
        help="Roles that automod treats as staff. Who may manage messages always is.",
        guild=True,
        kind="role",
    )
    automod_lists: str | None = chandelier.setting(
        None, help="A folder with lists of domains, one a line, that rules about scam links may name."
    )
    tell_member: Literal["always", "never"] = chandelier.setting(
        "always", help="Whether members are told by direct message what was done and why.", guild=True
    )
    time_zone: str = chandelier.setting(
        "UTC",
        help="The time zone of days and times in durations (until tomorrow 18:00), such as Europe/Rome.",
        guild=True,
        max_length=64,
    )

    def __attrs_post_init__(self) -> None:
        if not is_zone(self.time_zone):
            raise ValueError(f"time_zone: {self.time_zone!r} is no time zone; write it like Europe/Rome")


_RENAMED = {"mod_log": "log_channel", "banned_words": "words", "dm": "tell_member"}
"""Names of version 1 and of version 2."""


def _from_1_to_2(section: MutableMapping[str, Any]) -> None:
    for old, new in _RENAMED.items():
        chandelier.rename_key(section, old, new)
    chandelier.change_value(section, "tell_member", _occasion)


def _from_2_to_1(section: MutableMapping[str, Any]) -> None:
    chandelier.change_value(section, "tell_member", _told)
    for old, new in _RENAMED.items():
        chandelier.rename_key(section, new, old)


def _occasion(told: bool) -> str:
    return "always" if told else "never"


def _told(occasion: str) -> bool:
    return occasion == "always"


# Version 1 said with `dm = true` that members are told. A later version tells them on some occasions only,
# which a boolean cannot say, and the other two names did not match what the commands call them.
MIGRATIONS = (chandelier.ConfigMigration(2, upgrade=_from_1_to_2, downgrade=_from_2_to_1),)
