"""What operators and a guild's admins can set, and the steps between versions of it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Literal

import chandelier
from chandelier_moderation.acting.durations import is_zone
from chandelier_moderation.watching.settings import Watch

__all__ = ["MIGRATIONS", "MOST_EXCEPTIONS", "ModerationConfig"]

MOST_WORDS = 1_000
"""Words of one guild; the settings of a guild are one row that is read as a whole."""
MOST_EXCEPTIONS = 40
"""Of a list of roles or channels of the pinger: as many as one field of a card shows."""


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
    evidence_days: int = chandelier.setting(
        90,
        help="How long cases, and alerts of automod, keep the text of the message they are about and its "
        "files' names; 0 keeps them as long as the case.",
        guild=True,
        ge=0,
        le=3_650,
        unit="days",
    )
    adopt: tuple[Literal["ban", "kick", "timeout", "nick", "role"], ...] = chandelier.setting(
        ("ban", "kick", "timeout"),
        help="What becomes a case when a moderator does it by hand in Discord; lifting it counts, too.",
        guild=True,
        max_length=5,
    )
    automod_lists: str | None = chandelier.setting(
        None, help="A folder with lists of domains, one a line, that rules about scam links may name."
    )
    tell_member: Literal["always", "never"] = chandelier.setting(
        "always", help="Whether members are told by direct message what was done and why.", guild=True
    )
    appeals_channel: int | None = chandelier.setting(
        None,
        help="The channel in which staff decides on appeals; none: the server takes no appeals.",
        guild=True,
        kind="channel",
    )
    appeals_cooldown: int = chandelier.setting(
        30,
        help="Days after a refusal until the same case can be appealed against again.",
        guild=True,
        ge=0,
        le=3_650,
        unit="days",
    )
    native_sync: bool = chandelier.setting(
        False,
        help="Whether automod's rules are kept in Discord's own AutoMod, too, where it can hold them.",
        guild=True,
    )
    raid_joins: int = chandelier.setting(
        0,
        help="Raid mode: so many members joining within raid_seconds start it; 0: it starts by hand only.",
        guild=True,
        ge=0,
        le=1_000,
    )
    raid_seconds: int = chandelier.setting(
        60, help="Raid mode: the time for raid_joins.", guild=True, ge=5, le=3_600, unit="seconds"
    )
    raid_start: Literal["itself", "ask"] = chandelier.setting(
        "itself", help="Whether too many joins start raid mode, or staff is asked first.", guild=True
    )
    raid_minutes: int = chandelier.setting(
        30,
        help="Raid mode ends that long after the last time that too many joined.",
        guild=True,
        ge=5,
        le=1_435,
        unit="minutes",
    )
    raid_channel: int | None = chandelier.setting(
        None,
        help="Where staff is told of raid mode; none: in the log channel.",
        guild=True,
        kind="channel",
    )
    raid_roles: tuple[int, ...] = chandelier.setting(
        (),
        help="Roles that are mentioned when raid mode starts. I must be allowed to mention them.",
        guild=True,
        kind="role",
        max_length=10,
    )
    raid_channels: tuple[int, ...] = chandelier.setting(
        (),
        help="Channels that raid mode slows and locks; none: all that everybody sees.",
        guild=True,
        kind="channel",
        max_length=100,
    )
    raid_slowmode: int = chandelier.setting(
        30,
        help="Seconds of slow mode that raid mode sets; 0: none.",
        guild=True,
        ge=0,
        le=21_600,
        unit="seconds",
    )
    raid_lock: bool = chandelier.setting(
        False, help="Whether raid mode locks channels, so that nobody but staff writes.", guild=True
    )
    raid_invites: bool = chandelier.setting(
        True, help="Whether raid mode pauses invites: nobody can join then.", guild=True
    )
    raid_dms: bool = chandelier.setting(
        False, help="Whether raid mode pauses direct messages between members.", guild=True
    )
    raid_hold: Literal["timeout", "role", "none"] = chandelier.setting(
        "timeout",
        help="How raid mode holds who joins: a timeout, the role raid_role, or not at all.",
        guild=True,
    )
    raid_role: int | None = chandelier.setting(
        None, help="The role that holds newcomers when raid_hold is role.", guild=True, kind="role"
    )
    purge_most: int = chandelier.setting(
        1_000, help="How many messages one /purge deletes at most.", guild=True, ge=1, le=5_000
    )
    purge_most_old: int = chandelier.setting(
        200,
        help="How many messages older than two weeks one /purge deletes at most: one by one, 4 seconds each.",
        guild=True,
        ge=0,
        le=1_000,
    )
    purge_look_back: int = chandelier.setting(
        5_000, help="How many messages one /purge looks at, at most.", guild=True, ge=100, le=20_000
    )
    pinger_channel: int | None = chandelier.setting(
        None,
        help="Where pings by people who may not are reported.",
        guild=True,
        kind="channel",
    )
    pinger_everyone: bool = chandelier.setting(True, help="Whether @everyone is reported.", guild=True)
    pinger_here: bool = chandelier.setting(True, help="Whether @here is reported.", guild=True)
    pinger_roles: bool = chandelier.setting(True, help="Whether mentions of roles are reported.", guild=True)
    pinger_bots: bool = chandelier.setting(
        False, help="Whether pings by other bots and by webhooks are reported.", guild=True
    )
    pinger_allowed: tuple[int, ...] = chandelier.setting(
        (),
        help="Roles whose members may ping without being reported.",
        guild=True,
        kind="role",
        max_length=MOST_EXCEPTIONS,
    )
    pinger_excluded_channels: tuple[int, ...] = chandelier.setting(
        (),
        help="Channels and categories in which pings are not reported; their threads belong to them.",
        guild=True,
        kind="channel",
        max_length=MOST_EXCEPTIONS,
    )
    pinger_excluded_roles: tuple[int, ...] = chandelier.setting(
        (),
        help="Roles that may be pinged without a report.",
        guild=True,
        kind="role",
        max_length=MOST_EXCEPTIONS,
    )
    warn_points: int = chandelier.setting(
        0,
        help="Points that a moderator's warning adds for the ladder (/automod ladder); 0: none.",
        guild=True,
        ge=0,
        le=100,
    )
    watch: Watch = chandelier.setting(factory=Watch, help="The log of what happens in a server.")
    tell_text: str = chandelier.setting(
        "",
        help="What members read besides the reason when they are told, such as where the rules are. "
        "{server}, {reason}, {until} and {case} are filled in.",
        guild=True,
        max_length=1_000,
    )
    tell_text_out: str = chandelier.setting(
        "",
        help="The same for those who are kicked or banned; without it they read tell_text.",
        guild=True,
        max_length=1_000,
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

    report_channel: int | None = chandelier.setting(
        None,
        help="Where messages that members report are posted; the log if empty.",
        guild=True,
        kind="channel",
    )


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
