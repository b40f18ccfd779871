"""How raid mode looks: the alert while it is on, the panel, and the report afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import hikari

import chandelier
from chandelier_moderation.cards import words_of
from chandelier_moderation.raid.tables import ENDED, ON, Raid
from chandelier_moderation.tables import Case

__all__ = ["alert_card", "ask_card", "mark_of", "off_card", "report_card"]

_ = chandelier.Messages("chandelier_moderation")

_RED = hikari.Color(0xE5484D)
_GREEN = hikari.Color(0x30A46C)
_AMBER = hikari.Color(0xF5A623)
_FAILURES = 10
"""Failures that a report lists; the cases have all."""


def alert_card(raid: Raid, newcomers: int) -> hikari.Embed:
    """Raid mode as it stands."""
    titles = {ON: _("Raid mode is on"), ENDED: _("Raid mode is over")}
    embed = hikari.Embed(
        title=titles.get(raid.state, _("Raid mode is ending")),
        colour=_RED if raid.state == ON else _GREEN if raid.state == ENDED else _AMBER,
        timestamp=raid.started_at,
    )
    embed.add_field(_("Started"), _started(raid), inline=True)
    if raid.state == ON:
        embed.add_field(_("Ends by itself"), f"<t:{int(raid.ends_at.timestamp())}:R>", inline=True)
    else:
        embed.add_field(_("Ended"), _ended(raid), inline=True)
    embed.add_field(_("Joined meanwhile"), str(newcomers), inline=True)
    embed.add_field(_("What it does"), _.join("\n", _plan(raid) or [_("Nothing: see the settings raid_…")]))
    embed.set_footer(mark_of(raid))
    return embed


def report_card(raid: Raid, newcomers: int, done: Mapping[str, int], failed: Sequence[Case]) -> hikari.Embed:
    """What there was, once all is restored."""
    embed = hikari.Embed(title=_("Report: raid mode"), colour=_GREEN, timestamp=raid.ended_at)
    embed.add_field(_("Started"), _started(raid), inline=True)
    embed.add_field(_("Ended"), _ended(raid), inline=True)
    embed.add_field(_("Joined meanwhile"), str(newcomers), inline=True)
    lines = [_done(kind, number) for kind, number in done.items()]
    if raid.pausing != "off":
        lines.append(_pause(raid))
    embed.add_field(_("What it did, and restored"), _.join("\n", lines or [_("Nothing")]))
    if failed:
        shown = [
            _("#{number} · {what} · {target}", number=case.number, what=words_of(case), target=_target(case))
            for case in failed[:_FAILURES]
        ]
        if len(failed) > _FAILURES:
            shown.append(_("and {n} more", n=len(failed) - _FAILURES))
        embed.add_field(
            _.count("1 failed, see /case view", "{n} failed, see /case view", len(failed)),
            _.join("\n", shown),
        )
    embed.set_footer(mark_of(raid, "report"))
    return embed


def ask_card(joins: int, seconds: int) -> hikari.Embed:
    """Too many join, and a person is to decide."""
    return hikari.Embed(
        title=_("This may be a raid"),
        description=_("{n} members joined within {seconds} seconds.", n=joins, seconds=seconds),
        colour=_RED,
    )


def off_card(joins: int, seconds: int) -> hikari.Embed:
    """The panel while raid mode is off."""
    line = (
        _("It starts by itself when {n} join within {seconds} seconds.", n=joins, seconds=seconds)
        if joins
        else _("It starts by hand only: the setting raid_joins is 0.")
    )
    return hikari.Embed(title=_("Raid mode is off"), description=line, colour=_GREEN)


def mark_of(raid: Raid, what: str = "raid") -> str:
    """What tells the messages about a raid from all others, in whatever language they are."""
    return f"{what} #{raid.id} · {raid.guild_id}"


def _started(raid: Raid) -> str:
    when = f"<t:{int(raid.started_at.timestamp())}:f>"
    if raid.rate is not None:
        return _("{when}: {n} joined at once", when=when, n=raid.rate)
    return _("{when} by {who}", when=when, who=f"<@{raid.started_by}>")


def _ended(raid: Raid) -> str:
    if raid.ended_at is None:
        return "…"
    when = f"<t:{int(raid.ended_at.timestamp())}:f>"
    if raid.ended_by is None:
        return _("{when}, by itself", when=when)
    return _("{when} by {who}", when=when, who=f"<@{raid.ended_by}>")


def _plan(raid: Raid) -> list[str]:
    measures = raid.measures
    where = _("the server")
    if measures["channels"]:
        where = " ".join(f"<#{channel_id}>" for channel_id in measures["channels"][:10])
    lines: list[str] = []
    if measures["lock"]:
        lines.append(_("Locks {where}", where=where))
    if measures["slowmode"]:
        lines.append(_("Slows {where}: {n} seconds", where=where, n=measures["slowmode"]))
    if raid.pausing != "off":
        lines.append(_pause(raid))
    if "unfit" in measures:
        role = f"<@&{measures['unfit']}>"
        lines.append(_("Times out who joins: {role} can moderate, so it is for no newcomer", role=role))
    elif measures["hold"] == "timeout":
        lines.append(_("Times out who joins"))
    elif measures["hold"] == "role" and measures["role"] is not None:
        lines.append(_("Gives {role} to who joins", role=f"<@&{measures['role']}>"))
    return lines


def _done(kind: str, number: int) -> str:
    if kind == "slowmode":
        return _("Channels slowed: {n}", n=number)
    if kind == "lockdown":
        return _("Lockdowns: {n}", n=number)
    if kind == "timeout":
        return _("Newcomers timed out: {n}", n=number)
    return _("Newcomers given the role: {n}", n=number)


def _pause(raid: Raid) -> str:
    names = {"invites": _("invites"), "dms": _("direct messages")}
    what = {"what": _.join(", ", [words for name, words in names.items() if raid.measures[name]])}
    if raid.pausing == "failed":
        return _("Not paused: {what}. I need Manage Server", **what)
    if raid.pausing == "by_hand":
        return _("Paused, then changed by hand, so it stays as it is: {what}", **what)
    if raid.pausing == "restored":
        return _("Paused meanwhile: {what}", **what)
    return _("Pauses {what}", **what)


def _target(case: Case) -> str:
    if case.action in ("slowmode", "lockdown", "unlock"):
        return f"<#{case.target_id}>"
    return f"<@{case.target_id}>"
