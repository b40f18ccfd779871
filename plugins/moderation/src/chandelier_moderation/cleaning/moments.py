"""Where a purge begins and ends: a message's link or id, or a time as people write it, becomes an id."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

import chandelier
from chandelier_moderation.acting.durations import parse_length
from chandelier_moderation.acting.evidence import LINK, MESSAGE_ID

__all__ = ["bound", "sent_at", "snowflake_at"]

_ = chandelier.Messages("chandelier_moderation")

_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""https://discord.com/developers/docs/reference#snowflakes"""

_STAMP = re.compile(r"<t:(-?\d{1,12})(?::[tTdDfFR])?>")
_AGO = re.compile(r"\s+(?:ago|fa)$", re.IGNORECASE)
_DAYS_BACK = {"today": 0, "oggi": 0, "yesterday": 1, "ieri": 1}


def snowflake_at(moment: datetime) -> int:
    """The smallest id that something made at that moment can have."""
    return max(0, (moment - _EPOCH) // timedelta(milliseconds=1)) << 22


def sent_at(message_id: int) -> datetime:
    """When a message was sent, as its id tells."""
    return _EPOCH + timedelta(milliseconds=message_id >> 22)


def bound(text: str, *, now: datetime, zone: tzinfo, channel_id: int) -> int:
    """The id that ``text`` stands for: messages before it have smaller ones, those after it greater ones.

    Understood are a link to a message of the channel, a message's id, Discord's ``<t:…>``, a span such as
    ``2h 30m`` (that long ago) and a day or a time in ``zone``, as in ``yesterday 18:00``.
    Raises InvalidRequest.
    """
    text = text.strip()
    if (link := LINK.fullmatch(text)) is not None:
        if int(link[2]) != channel_id:
            raise chandelier.InvalidRequest(
                _("That is a message of <#{channel}>; I look for messages here only.", channel=link[2])
            )
        return int(link[3])
    if (number := MESSAGE_ID.fullmatch(text)) is not None and int(number[2]) < 1 << 63:
        return int(number[2])
    moment = _moment(text, now, zone)
    if moment is None:
        raise chandelier.InvalidRequest(
            _(
                "I do not understand “{text}”. Give a message's link or id, a time such as `2h 30m` (ago), "
                "or a date such as `{example}`.",
                text=text[:100].replace("`", "ˋ"),
                example=now.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            )
        )
    if moment > now:
        raise chandelier.InvalidRequest(_("“{text}” has not come yet.", text=text[:100].replace("`", "ˋ")))
    return snowflake_at(moment)


def _moment(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    try:
        if (stamp := _STAMP.fullmatch(text)) is not None:
            return datetime.fromtimestamp(int(stamp[1]), UTC)
        if (length := parse_length(_AGO.sub("", text), now)) is not None:
            return now - length
        first, *rest = text.split(maxsplit=1)
        if (days := _DAYS_BACK.get(first.casefold())) is not None:
            text = " ".join([(now.astimezone(zone) - timedelta(days=days)).date().isoformat(), *rest])
        written = datetime.fromisoformat(text)
        moment = written if written.tzinfo is not None else written.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
