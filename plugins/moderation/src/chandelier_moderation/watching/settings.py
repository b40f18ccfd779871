"""What a guild says about its log of events: per kind a channel and a format, and how long texts are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

import chandelier

__all__ = ["CARD", "FORMATS", "KINDS", "LINE", "PLACEHOLDERS", "Kind", "Watch", "format_problem"]

_ = chandelier.Messages("chandelier_moderation")

KINDS = ("deletions", "edits", "joins", "leaves", "roles", "nicknames", "channels")
"""The kinds of events; each is a part of `Watch` by that name."""
CARD, LINE = "card", "line"
FORMATS = (CARD, LINE)
"""The formats that are ready; any other is a text of the guild's own, with `PLACEHOLDERS`."""
PLACEHOLDERS = ("what", "time", "member", "member_id", "by", "channel", "before", "after", "link")
"""What a format of a guild's own may have in braces."""
LONGEST_FORMAT = 300

_HOLE = re.compile(r"\{([^{}]*)\}")
_ONE = r"(?:[^{}]|\{(?:" + "|".join(PLACEHOLDERS) + r")\})"
_PATTERN = rf"card|line|(?=[^{{]*\{{){_ONE}+"


@chandelier.schema
class Kind:
    """One kind of events."""

    channel: int | None = chandelier.setting(
        default=None,
        help="The channel in which events of this kind are told; none: they are not.",
        guild=True,
        kind="channel",
    )
    format: str = chandelier.setting(
        default=CARD,
        help="How: card (an embed each), line (one line each), or a text of your own such as "
        "`{time} {member} in {channel}: {before}`.",
        guild=True,
        max_length=LONGEST_FORMAT,
        pattern=_PATTERN,
    )


@chandelier.schema
class Watch:
    """The log of events."""

    deletions: Kind = chandelier.setting(factory=Kind, help="Messages that were deleted.")
    edits: Kind = chandelier.setting(factory=Kind, help="Messages that were edited.")
    joins: Kind = chandelier.setting(factory=Kind, help="Members who joined.")
    leaves: Kind = chandelier.setting(factory=Kind, help="Members who left.")
    roles: Kind = chandelier.setting(factory=Kind, help="Roles that were given, taken, made or changed.")
    nicknames: Kind = chandelier.setting(factory=Kind, help="Nicknames that were changed.")
    channels: Kind = chandelier.setting(factory=Kind, help="Channels that were made, changed or deleted.")
    keep: int = chandelier.setting(
        default=0,
        help="How long the text of messages is kept, encrypted, so that deletions and edits can show it; "
        "0: not at all. Needs the vault's key.",
        guild=True,
        ge=0,
        le=168,
        unit="hours",
    )
    ignore: tuple[int, ...] = chandelier.setting(
        default=(),
        help="Channels and categories whose messages are neither kept nor told about.",
        guild=True,
        kind="channel",
        max_length=100,
    )
    bots: bool = chandelier.setting(default=False, help="Whether messages of bots count, too.", guild=True)
    keep_most: int = chandelier.setting(
        default=20_000, help="How many messages of one server are kept at most.", ge=10, le=1_000_000
    )

    def kinds(self) -> Iterator[tuple[str, Kind]]:
        """Every kind with its settings."""
        for name in KINDS:
            yield name, getattr(self, name)

    def channel_of(self, kind: str) -> int | None:
        """Where a kind is told."""
        one: Kind = getattr(self, kind)
        return one.channel

    def format_of(self, kind: str) -> str:
        """How a kind is told."""
        one: Kind = getattr(self, kind)
        return one.format

    @property
    def log_channels(self) -> frozenset[int]:
        """The channels in which something is told."""
        return frozenset(one.channel for _name, one in self.kinds() if one.channel is not None)

    @property
    def messages(self) -> bool:
        """Whether anything here concerns messages."""
        return bool(self.keep or self.deletions.channel or self.edits.channel)


def format_problem(text: str) -> str | None:
    """Why a format cannot be, in words; None when it can."""
    if re.fullmatch(_PATTERN, text):
        return None
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    for hole in _HOLE.findall(text):
        if hole not in PLACEHOLDERS:
            return _("There is no {{{name}}}. There are {known}.", name=hole, known=known)
    if "{" not in text and "}" not in text:
        return _(
            "A format is `card`, `line`, or a text of your own with at least one of {known}.", known=known
        )
    return _("Braces only stand around one of {known}.", known=known)
