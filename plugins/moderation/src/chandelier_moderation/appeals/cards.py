"""How appeals look: to staff, and to the member when it is decided."""

from __future__ import annotations

import hikari

import chandelier
from chandelier_moderation.appeals.docket import ERASED
from chandelier_moderation.appeals.tables import ACCEPTED, OPEN, REFUSED, WITHDRAWN, Appeal
from chandelier_moderation.cards import FIELD_VALUE, crop, quoted, words_of
from chandelier_moderation.reasons import reason_of
from chandelier_moderation.tables import Case

__all__ = ["decision_card", "list_card", "mark_of", "staff_card"]

_ = chandelier.Messages("chandelier_moderation")

_COLOURS = {
    OPEN: hikari.Color(0xF5A623),
    ACCEPTED: hikari.Color(0x30A46C),
    REFUSED: hikari.Color(0xE5484D),
    WITHDRAWN: hikari.Color(0x8B8D98),
}
_STATES = {
    OPEN: _("Appeal"),
    ACCEPTED: _("Appeal accepted"),
    REFUSED: _("Appeal refused"),
    WITHDRAWN: _("Appeal withdrawn"),
}
_TOLD = {
    "waiting": _("Member being told by DM"),
    "delivered": _("Member told by DM"),
    "edited": _("Member told in the message with the button, because their DMs are closed"),
    "closed": _("Member could not be told: their DMs are closed. The button tells them."),
}


def staff_card(appeal: Appeal, case: Case | None) -> hikari.Embed:
    """An appeal with its case, for those who decide."""
    embed = hikari.Embed(
        title=_("{state} · case #{number}", state=_STATES[appeal.state], number=appeal.number),
        colour=_COLOURS[appeal.state],
        timestamp=appeal.created_at,
    )
    embed.add_field(_("Member"), _person(appeal.user_id), inline=True)
    if case is not None:
        embed.add_field(_("Case"), _case_line(case), inline=True)
        embed.add_field(_("By"), _person(case.moderator_id), inline=True)
        embed.add_field(_("Reason"), reason_of(case))
        if case.evidence:
            embed.add_field(_("Message"), quoted(case.evidence, 500))
    said = _("erased at the member's request") if appeal.text == ERASED else quoted(appeal.text)
    embed.add_field(_("The member says"), said)
    if appeal.decided_at is not None:
        lines = [
            _(
                "{who} {when}",
                who=_person(appeal.decided_by or 0),
                when=f"<t:{int(appeal.decided_at.timestamp())}:R>",
            )
        ]
        if appeal.undone_by is not None:
            lines.append(_("Undone as case #{number}", number=appeal.undone_by))
        if appeal.told in _TOLD:
            lines.append(_TOLD[appeal.told])
        embed.add_field(_("Decided"), _.join("\n", lines))
        if appeal.answer:
            embed.add_field(_("Answer"), quoted(appeal.answer))
    return embed


def decision_card(appeal: Appeal, case: Case | None, guild_name: str) -> hikari.Embed:
    """What the member reads. The end of the footer identifies it, see `mark_of`."""
    accepted = appeal.state == ACCEPTED
    embed = hikari.Embed(
        title=_("Your appeal in {server} was accepted", server=guild_name)
        if accepted
        else _("Your appeal in {server} was refused", server=guild_name),
        colour=_COLOURS[appeal.state],
        timestamp=appeal.decided_at,
    )
    if case is not None:
        embed.add_field(_("About"), _("{what}: {reason}", what=words_of(case), reason=reason_of(case)))
        if accepted and case.action == "ban":
            embed.description = _("The ban is taken back: you may join again.")
    if appeal.answer:
        embed.add_field(_("Answer"), crop(appeal.answer, FIELD_VALUE))
    embed.set_footer(_("Appeal {mark}", mark=mark_of(appeal)))
    return embed


def list_card(appeals: list[Appeal], total: int) -> hikari.Embed:
    """The appeals that wait, oldest first."""
    lines = [_line(appeal) for appeal in appeals]
    if total > len(appeals):
        lines.append(_("and {n} more", n=total - len(appeals)))
    return hikari.Embed(
        title=_("Open appeals"),
        description=_.join("\n", lines) if lines else _("No appeal waits for a decision."),
        colour=_COLOURS[OPEN],
    )


def mark_of(appeal: Appeal) -> str:
    """What tells the message about this decision from all others, in whatever language it is."""
    return f"#{appeal.number} · {appeal.guild_id} · {appeal.id}"


def _line(appeal: Appeal) -> str:
    where = _("not posted yet; I try again now")
    if appeal.post_channel_id is not None and appeal.post_message_id is not None:
        place = f"{appeal.guild_id}/{appeal.post_channel_id}/{appeal.post_message_id}"
        where = f"https://discord.com/channels/{place}"
    when = f"<t:{int(appeal.created_at.timestamp())}:R>"
    who = {"who": _person(appeal.user_id), "number": appeal.number, "when": when, "where": where}
    return _("Case #{number}, {who}, {when}: {where}", **who)


def _case_line(case: Case) -> str:
    text = _("{what}, {when}", what=words_of(case), when=f"<t:{int(case.created_at.timestamp())}:R>")
    if case.log_channel_id is None or case.log_message_id is None:
        return text
    place = f"https://discord.com/channels/{case.guild_id}/{case.log_channel_id}/{case.log_message_id}"
    return _.join(" · ", (text, place))


def _person(user_id: int) -> str:
    return f"<@{user_id}>" if user_id else _("*erased*")
