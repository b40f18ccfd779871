"""How what was found in the book looks: a list of cases, a member's summary, a case with its links."""

from __future__ import annotations

from datetime import datetime

import hikari

import chandelier
from chandelier_moderation.bulk.place_cards import PLACES, place_of
from chandelier_moderation.cards import case_card, crop, history_card, words_of
from chandelier_moderation.casebook.queries import Found, Query, Summary
from chandelier_moderation.cases import History
from chandelier_moderation.reasons import reason_of
from chandelier_moderation.tables import Case

__all__ = ["found_card", "history_page", "view_card"]

_ = chandelier.Messages(__package__)

_BLUE = hikari.Color(0x3E63DD)

_LINE = 180
"""Characters of a reason in a list."""
_LINK = "https://discord.com/channels/{}/{}/{}"


def view_card(case: Case) -> hikari.Embed:
    """A case for `/case view`: with the way to its post in the log, and to the message if it is there."""
    card, links = case_card(case), list[str]()
    if case.log_channel_id is not None and case.log_message_id is not None:
        url = _LINK.format(case.guild_id, case.log_channel_id, case.log_message_id)
        links.append(_("[Post in the log]({url})", url=url))
    there = case.removal not in ("deleted", "gone")
    if case.message_id is not None and case.channel_id is not None and there:
        url = _LINK.format(case.guild_id, case.channel_id, case.message_id)
        links.append(_("[The message]({url})", url=url))
    if links:
        card.add_field(_("Links"), _.join(" · ", links))
    return card


def history_page(user_id: int, history: History, summary: Summary) -> hikari.Embed:
    """One page of a member's cases, headed by what they all sum up to."""
    card = history_card(user_id, history)
    if lines := _summed_up(summary):
        card.description = _.join("\n", (card.description or "", *lines))
    return card


def found_card(query: Query, found: Found) -> hikari.Embed:
    """One page of a list."""
    if not found.total:
        description = _("No case fits. Leave something out to find more.")
    else:
        description = _.join("\n", [_line(case) for case in found.cases])
    embed = hikari.Embed(title=_("Cases"), description=description, colour=_BLUE)
    looked_for = _looked_for(query)
    if looked_for:
        embed.add_field(_("Looked for"), _.join(" · ", looked_for))
    if found.total:
        first, last = found.before + 1, found.before + len(found.cases)
        embed.set_footer(_("{first} to {last} of {total}", first=first, last=last, total=found.total))
    return embed


def _summed_up(summary: Summary) -> list[str]:
    """What a member's cases sum up to, in a few lines."""
    lines: list[str] = []
    if summary.by_action:
        kinds = [
            _("{what}: {number}", what=words_of(action), number=number)
            for action, number in summary.by_action.items()
        ]
        lines.append(_.join(" · ", kinds))
        last = "" if summary.last is None else _relative(summary.last)
        lines.append(
            _.count(
                "The last one {when}; {n} in the last 30 days",
                "The last one {when}; {n} in the last 30 days",
                summary.recent,
                when=last,
            )
        )
    if summary.points:
        lines.append(_.count("1 point", "{n} points", summary.points))
    if summary.void:
        lines.append(_.count("1 void case", "{n} void cases", summary.void))
    for case in summary.holding:
        what = {"what": words_of(case.action), "number": case.number}
        if case.expires_at is None:
            lines.append(_("In force: {what} (#{number})", **what))
        else:
            what["when"] = _moment(case.expires_at)
            lines.append(_("In force: {what} (#{number}), until {when}", **what))
    return lines


def _line(case: Case) -> str:
    about = place_of(case) if case.action in PLACES else _person(case.target_id)
    what = {"number": case.number, "what": words_of(case.action), "member": about}
    what |= {"moderator": _person(case.moderator_id), "when": _relative(case.created_at)}
    head = (
        _("**#{number}** {what} (void) · {member} · by {moderator} {when}", **what)
        if case.voided_at is not None
        else _("**#{number}** {what} · {member} · by {moderator} {when}", **what)
    )
    reason = reason_of(case)
    one_line = crop(" ".join(reason.split()), _LINE)
    # What fits stays a message, so that it goes into the reader's language.
    return _.join("\n", [head, *([reason if one_line == reason else one_line] if reason else [])])


def _looked_for(query: Query) -> list[str]:
    said: list[str] = []
    if query.member is not None:
        said.append(_("member {person}", person=_person(query.member)))
    if query.by is not None:
        said.append(_("by {person}", person=_person(query.by)))
    if query.action is not None:
        said.append(words_of(query.action))
    if query.state == "valid":
        said.append(_("valid"))
    elif query.state == "void":
        said.append(_("void"))
    elif query.state == "active":
        said.append(_("in force"))
    if query.since is not None:
        said.append(_("since {when}", when=_moment(query.since)))
    if query.until is not None:
        said.append(_("until {when}", when=_moment(query.until)))
    if query.text is not None:
        said.append(_plain(query.text))
    return said


def _plain(text: str) -> str:
    """Somebody's words inside a line, without markup or links."""
    return f"`{crop(text.replace('`', 'ˋ'), 100)}`"


def _person(user_id: int) -> str:
    return f"<@{user_id}>" if user_id else _("*erased*")


def _moment(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:f>"


def _relative(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:R>"
