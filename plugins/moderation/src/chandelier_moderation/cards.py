"""How cases look: in the log and in `/case view`, as a page of a history, to the member they are about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime

import hikari

import chandelier
from chandelier_moderation.acting.barriers import ALERTS, WORDS
from chandelier_moderation.bulk.place_cards import PLACES, place_lines, place_of
from chandelier_moderation.cases import LOG_CLOSED, LOG_GONE, History
from chandelier_moderation.reasons import reason_of
from chandelier_moderation.tables import Case

__all__ = [
    "alert_card",
    "case_card",
    "crop",
    "has_words",
    "history_card",
    "mark_of",
    "member_card",
    "quoted",
    "quoted_name",
    "settled_card",
    "trouble_of",
    "words_of",
]

_ = chandelier.Messages(__package__)

FIELD_VALUE = 1_024
"""Characters of a field's value. https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""

_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols by category that are drawn as nothing: Hangul fillers and the empty Braille pattern."""

_AMBER = hikari.Color(0xF5A623)
_RED = hikari.Color(0xE5484D)
_GREY = hikari.Color(0x8B8D98)
_GREEN = hikari.Color(0x30A46C)

_COLOURS = {
    **dict.fromkeys(("remove", "kick", "ban", "softban", "lockdown"), _RED),
    **dict.fromkeys(("untimeout", "unban", "unlock"), _GREEN),
    "note": _GREY,
}
_TITLES = {
    "warn": _("Warning"),
    "remove": _("Message removed"),
    "note": _("Note"),
    "timeout": _("Timeout"),
    "untimeout": _("Timeout lifted"),
    "kick": _("Kick"),
    "ban": _("Ban"),
    "unban": _("Ban lifted"),
    "softban": _("Softban"),
    "nick": _("Nickname changed"),
    "role_give": _("Role given"),
    "role_take": _("Role taken"),
    "slowmode": _("Slowmode"),
    "lockdown": _("Lockdown"),
    "unlock": _("Lockdown ended"),
}
_TOLD: Mapping[str, Callable[[str], str]] = {
    "warn": lambda server: _("You were warned in {server}", server=server),
    "remove": lambda server: _("Your message was removed in {server}", server=server),
    "timeout": lambda server: _("You were timed out in {server}", server=server),
    "untimeout": lambda server: _("Your timeout in {server} was lifted", server=server),
    "kick": lambda server: _("You were kicked from {server}", server=server),
    "ban": lambda server: _("You were banned from {server}", server=server),
    "unban": lambda server: _("Your ban from {server} was lifted", server=server),
    "softban": lambda server: _(
        "You were kicked from {server}, and your latest messages were deleted", server=server
    ),
    "nick": lambda server: _("Your nickname in {server} was changed", server=server),
    "role_give": lambda server: _("You were given a role in {server}", server=server),
    "role_take": lambda server: _("A role was taken from you in {server}", server=server),
}
_ACT = {
    "waiting": _("Being carried out"),
    "done": _("Carried out"),
    "already": _("It was so already"),
}
_ENDED = {
    "expired": _("It ended in its time"),
    "lifted": _("It was lifted"),
    "by_hand": _("It was ended by hand in Discord"),
    "replaced": _("A later case took its place"),
    "failed": _("I could not end it"),
    "stuck": _("I cannot end it yet and try again every hour"),
}
_REMOVAL = {
    "waiting": _("Message being deleted"),
    "deleted": _("Message deleted"),
    "gone": _("Message was gone already"),
    "refused": _("Message not deleted: I need Manage Messages there"),
}
_DM = {
    "off": _("Member not told"),
    "waiting": _("Member being told by DM"),
    "delivered": _("Member told by DM"),
    "before": _("Member told with another moderator's case"),
    "closed": _("Member could not be told: their DMs are closed"),
    "failed": _("Member could not be told: Discord did not answer in time"),
}


def crop(text: str, length: int) -> str:
    """At most ``length`` characters, with an ellipsis where something is missing."""
    return text if len(text) <= length else text[: length - 1] + "…"


def has_words(text: str) -> bool:
    """Whether there is something to be seen: not only spaces and invisible characters."""
    return any(unicodedata.category(letter)[0] not in "ZC" and letter not in _BLANK for letter in text)


def quoted(text: str, length: int = FIELD_VALUE) -> str:
    """Somebody's words as a block in which nothing is a link or markup."""
    return f"```\n{crop(text.replace('`', 'ˋ'), length - 8)}\n```"


def words_of(what: Case | str) -> str:
    """What a case, or a kind of action, is in words: ``Warning``."""
    action = what if isinstance(what, str) else what.action
    return _TITLES.get(action, action.replace("_", " ").title())


def trouble_of(case: Case) -> str:
    """Why a case is not posted in the log."""
    if case.log_trouble == LOG_GONE:
        return _("the channel {channel} no longer exists", channel=case.log_channel_id)
    if case.log_trouble == LOG_CLOSED:
        return _(
            "I may not write in <#{channel}>; I need View Channel, Send Messages and Embed Links there",
            channel=case.log_channel_id,
        )
    return case.log_trouble or ""


def case_card(case: Case) -> hikari.Embed:
    """Everything about a case, for moderators."""
    void = case.voided_at is not None
    what = {"what": words_of(case), "number": case.number}
    embed = hikari.Embed(
        title=_("{what} · case #{number} (void)", **what) if void else _("{what} · case #{number}", **what),
        colour=_GREY if void else _COLOURS.get(case.action, _AMBER),
        timestamp=case.created_at,
    )
    place = case.action in PLACES
    embed.add_field(
        _("Where") if place else _("Member"),
        place_of(case) if place else _person(case.target_id),
        inline=True,
    )
    embed.add_field(_("By"), _person(case.moderator_id), inline=True)
    if case.channel_id is not None and not place:
        embed.add_field(_("Channel"), f"<#{case.channel_id}>", inline=True)
    role = case.details.get("role")
    if role is not None:
        embed.add_field(_("Role"), f"<@&{role}>", inline=True)
    if "nick" in case.details:
        embed.add_field(_("Nickname"), _nicks(case), inline=True)
    if case.expires_at is not None:
        embed.add_field(_("Until"), _moment(case.expires_at), inline=True)
    if case.rule is not None and f"“{case.rule}”" not in case.reason:
        embed.add_field(_("Rule"), f"`{case.rule.replace('`', 'ˋ')}`", inline=True)
    embed.add_field(_("Reason"), crop(reason_of(case), FIELD_VALUE))
    if case.evidence:
        embed.add_field(_("Message"), quoted(case.evidence))
    if case.evidence is None and case.evidence_until is not None and not case.attachments:
        embed.add_field(_("Message"), _("No longer kept: this server keeps evidence for a time only."))
    if case.attachments:
        embed.add_field(_("Files"), quoted("\n".join(case.attachments)))
    if case.edited_at is not None and case.edited_by is not None:
        when = f"<t:{int(case.edited_at.timestamp())}:R>"
        by = _("by {moderator} {when}", moderator=_person(case.edited_by), when=when)
        embed.add_field(_("Edited"), by, inline=True)
    lines: list[str] = [_REMOVAL[case.removal]] if case.removal is not None else []
    if case.origin == "discord" and case.act == "done":
        repaired = case.details.get("repaired")
        lines.append(
            _("Done through me, as Discord's audit log tells") if repaired else _("Done by hand in Discord")
        )
    elif case.act != "off":
        lines.append(_came_of(case))
    lines += place_lines(case)
    if case.ended_how is not None:
        ended = case.ended_at or case.created_at
        lines.append(_.join(" ", (_ENDED[case.ended_how], f"<t:{int(ended.timestamp())}:R>")))
    if case.action != "note" and case.origin == "bot" and not place:
        lines.append(_DM[case.dm])
    if case.log == "failed":
        lines.append(_("Not posted in the log: {why}", why=trouble_of(case)))
    if lines:
        embed.add_field(_("Outcome"), _.join("\n", lines))
    if case.voided_at is not None and case.voided_by is not None:
        stamp = int(case.voided_at.timestamp())
        by = _("by {moderator} {when}", moderator=_person(case.voided_by), when=f"<t:{stamp}:R>")
        embed.add_field(_("Void"), by)
    return embed


def alert_card(case: Case, what: str, trouble: str | None) -> hikari.Embed:
    """Something about a case that needs a moderator; ``what`` is a key of `ALERTS`."""
    lines = [_person(case.target_id), ALERTS[what]]
    if trouble is not None:
        lines.append(WORDS.get(trouble, trouble))
    title = _("{what} · case #{number} needs you", what=words_of(case), number=case.number)
    return hikari.Embed(title=title, description=_.join("\n", lines), colour=_RED)


def settled_card(case: Case, *, new: bool) -> hikari.Embed:
    """The short answer to the moderator who made a case."""
    lines: list[str] = [_person(case.target_id)]
    if case.details.get("role"):
        lines.append(f"<@&{case.details['role']}>")
    lines.append(crop(reason_of(case), FIELD_VALUE))
    if case.expires_at is not None and case.act != "failed":
        lines.append(_("Until {when}", when=_moment(case.expires_at)))
    if case.act != "off":
        lines.append(_came_of(case))
    if case.action != "note":
        lines.append(_("They are told by direct message.") if case.dm == "waiting" else _DM[case.dm])
    if not new:
        lines.append(_("This request was carried out before."))
    if case.action == "warn":
        title = _("Case #{number}: warned", number=case.number)
    else:
        title = _("Case #{number}: {what}", number=case.number, what=words_of(case))
    colours = {"failed": _RED, "waiting": _AMBER, "already": _AMBER}
    return hikari.Embed(
        title=title,
        description=_.join("\n", lines),
        colour=colours.get(case.act, _GREEN),
        timestamp=case.created_at,
    )


def _came_of(case: Case) -> str:
    """What came of a case's action."""
    if case.act != "failed":
        return _ACT[case.act]
    return _("Not carried out: {why}", why=WORDS.get(case.act_trouble or "", case.act_trouble or ""))


def history_card(user: hikari.Snowflakeish, history: History) -> hikari.Embed:
    """One page of a member's cases."""
    embed = hikari.Embed(
        title=_("History"),
        colour=_AMBER,
        description=_.join(
            " · ",
            (
                f"<@{int(user)}>",
                _.count("1 case", "{n} cases", history.total) if history.total else _("no cases"),
            ),
        ),
    )
    for case in history.cases:
        what = {"number": case.number, "what": words_of(case)}
        void = case.voided_at is not None
        when = f"<t:{int(case.created_at.timestamp())}:D>"
        embed.add_field(
            _("#{number} · {what} (void)", **what) if void else _("#{number} · {what}", **what),
            _.join(
                "\n",
                (
                    reason_of(case) if len(case.reason) <= 300 else crop(case.reason, 300),
                    _("{when} by {moderator}", when=when, moderator=_person(case.moderator_id)),
                ),
            ),
        )
    if history.pages > 1:
        embed.set_footer(_("Page {page} of {pages}", page=history.page + 1, pages=history.pages))
    return embed


def member_card(case: Case, guild_name: str, text: str = "") -> hikari.Embed:
    """What the member reads, with what the server says besides. The footer identifies it, see ``effects``."""
    embed = hikari.Embed(
        title=_TOLD.get(case.action, _TOLD["warn"])(guild_name),
        colour=_COLOURS.get(case.action, _AMBER),
        timestamp=case.created_at,
    )
    if text:
        embed.description = _filled(text, case, guild_name)
    if case.reason:
        embed.add_field(_("Reason"), crop(reason_of(case), FIELD_VALUE))
    if case.expires_at is not None:
        embed.add_field(_("Until"), _moment(case.expires_at))
    if case.channel_id is not None:
        embed.add_field(_("Channel"), f"<#{case.channel_id}>")
    embed.set_footer(_("Case {mark}", mark=mark_of(case)))
    return embed


def mark_of(case: Case) -> str:
    """What tells the message to a member about this case from all others, in whatever language it is."""
    return f"#{case.number} · {case.guild_id}"


def _filled(text: str, case: Case, guild_name: str) -> str:
    """A server's own words; what is in braces is replaced in one go, so that a reason is not looked into."""
    values = {
        "server": guild_name,
        "reason": str(reason_of(case)),
        "until": "–" if case.expires_at is None else _moment(case.expires_at),
        "case": f"#{case.number}",
    }
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)


def _moment(when: datetime) -> str:
    """A moment in the reader's own time zone, and how far it is."""
    stamp = int(when.timestamp())
    return f"<t:{stamp}:f> (<t:{stamp}:R>)"


def _nicks(case: Case) -> str:
    before, after = (quoted_name(case.details.get(key)) for key in ("nick_before", "nick"))
    return f"{before} → {after}"


def quoted_name(name: str | None) -> str:
    """A nickname in which nothing is markup; a dash stands for none."""
    return "–" if not name else f"`{name.replace('`', 'ˋ')}`"


def _person(user_id: int) -> str:
    return f"<@{user_id}>" if user_id else _("*erased*")
