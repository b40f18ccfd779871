"""How cases about channels look: the answer to who made one, and what the log shows besides."""

from __future__ import annotations

from collections.abc import Sequence

import hikari

import chandelier
from chandelier_moderation.bulk.failures import why_of
from chandelier_moderation.tables import Case

__all__ = ["PLACES", "place_card", "place_lines", "place_of"]

_ = chandelier.Messages("chandelier_moderation")

PLACES = frozenset({"lockdown", "unlock", "slowmode"})
"""Actions on channels: their ``target_id`` is a channel, a category or the server."""
_GREEN, _RED = hikari.Color(0x30A46C), hikari.Color(0xE5484D)


def place_of(case: Case) -> str:
    """Where a case is in force."""
    return _("the whole server") if case.target_id == case.guild_id else f"<#{case.target_id}>"


def place_card(case: Case, *, new: bool) -> hikari.Embed:
    """The short answer to the moderator who made a case."""
    lines: list[str] = [place_of(case), *place_lines(case)]
    if case.act == "failed":
        lines.append(_("Not carried out: {why}", why=why_of(case.act_trouble)))
    elif case.act == "already":
        lines.append(_("It was so already"))
    if case.expires_at is not None:
        stamp = int(case.expires_at.timestamp())
        lines.append(_("Until {moment}", moment=f"<t:{stamp}:f> (<t:{stamp}:R>)"))
    if not new:
        lines.append(_("This request was carried out before."))
    number = {"number": case.number}
    titles = {
        "lockdown": _("Case #{number}: locking", **number),
        "unlock": _("Case #{number}: ending the lockdown", **number),
        "slowmode": _("Case #{number}: slowmode", **number),
    }
    return hikari.Embed(
        title=titles[case.action],
        description=_.join("\n", lines),
        colour=_RED if case.act == "failed" else _GREEN,
        timestamp=case.created_at,
    )


def place_lines(case: Case) -> Sequence[str]:
    """What a case about a channel has besides the others: how long people wait, what came of each channel."""
    details, lines = case.details, list[str]()
    if case.action == "slowmode" and "seconds" in details:
        wait, before = details["seconds"], details.get("before")
        said = _("People wait {wait} between two messages", wait=_wait(wait)) if wait else _("No slowmode")
        lines.append(said)
        if before is not None and before != wait:
            lines.append(_("Before: {wait}", wait=_wait(before)))
    if "done" in details:
        done = details["done"]
        lines.append(
            _.count("1 channel restored", "{n} channels restored", done)
            if case.action == "unlock"
            else _.count("1 channel locked", "{n} channels locked", done)
        )
    if details.get("untouched"):
        lines.append(
            _.count("1 channel was locked already", "{n} channels were locked already", details["untouched"])
        )
    for channel_id, why in details.get("failed", {}).items():
        lines.append(_("{channel}: {why}", channel=f"<#{channel_id}>", why=why_of(why)))
    more = details.get("failures", 0) - len(details.get("failed", {}))
    if more > 0:
        lines.append(_.count("and 1 more", "and {n} more", more))
    return lines


def _wait(seconds: int) -> str:
    if seconds and seconds % 3_600 == 0:
        return _.count("1 hour", "{n} hours", seconds // 3_600)
    if seconds and seconds % 60 == 0:
        return _.count("1 minute", "{n} minutes", seconds // 60)
    return _.count("1 second", "{n} seconds", seconds)
