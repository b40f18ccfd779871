"""How a purge looks: its preview, its progress, and its exact account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import hikari

import chandelier
from chandelier_moderation.cards import crop, quoted
from chandelier_moderation.cleaning.moments import sent_at
from chandelier_moderation.cleaning.selection import Wanted
from chandelier_moderation.cleaning.tables import Purge

__all__ = [
    "account_card",
    "counted",
    "gone_card",
    "log_card",
    "looking_card",
    "mark_of",
    "nothing_card",
    "preview_card",
    "progress_card",
]

_ = chandelier.Messages("chandelier_moderation")

_AMBER = hikari.Color(0xF5A623)
_RED = hikari.Color(0xE5484D)
_GREY = hikari.Color(0x8B8D98)
_GREEN = hikari.Color(0x30A46C)

_TROUBLES = {
    "forbidden": _(
        "Discord does not let me any more: I need View Channel, Read Message History and Manage Messages."
    ),
    "no_channel": _("The channel is no longer there."),
    "discord": _("Discord failed again and again."),
}
_YES_NO = {
    "bots": (_("written by bots"), _("not written by bots")),
    "links": (_("with links"), _("without links")),
    "attachments": (_("with attachments"), _("without attachments")),
    "embeds": (_("with embeds"), _("without embeds")),
}


def counted(number: int) -> str:
    """So many messages, in words."""
    return _.count("1 message", "{n} messages", number)


def looking_card(purge: Purge, counts: Mapping[str, int]) -> hikari.Embed:
    """While it is looked for what fits."""
    said = _(
        "Looked at {looked}, {found} of them fit.", looked=counted(purge.looked), found=counts.get("found", 0)
    )
    return hikari.Embed(title=_("Looking…"), description=said, colour=_GREY)


def nothing_card(purge: Purge) -> hikari.Embed:
    """When nothing fits."""
    lines: list[str] = [
        _("I looked at {looked} and none fits.", looked=counted(purge.looked)),
        *_notes(purge),
    ]
    return hikari.Embed(title=_("Nothing to delete"), description=_.join("\n", lines), colour=_GREY)


def gone_card(text: str) -> hikari.Embed:
    """A preview that is over."""
    return hikari.Embed(title=_("Nothing was deleted"), description=text, colour=_GREY)


def preview_card(purge: Purge, counts: Mapping[str, int], pace: timedelta) -> hikari.Embed:
    """What would be deleted, and how."""
    found, old = counts.get("found", 0), counts.get("old_found", 0)
    late, left = min(old, purge.most_old), max(0, old - purge.most_old)
    lines: list[str] = []
    if old:
        lines.append(_("{young} at once.", young=counted(found - old)))
    if late:
        lines.append(
            _(
                "{old} older than two weeks, which Discord deletes only one by one: about {minutes}.",
                old=counted(late),
                minutes=_.count("1 minute", "{n} minutes", max(1, round(late * pace / timedelta(minutes=1)))),
            )
        )
    if left:
        lines.append(
            _(
                "{left} stay: older than two weeks, and I delete at most {most} of those at a time.",
                left=counted(left),
                most=purge.most_old,
            )
        )
    lines += _notes(purge)
    if purge.log == "off":
        lines.append(_("There is no log channel: the transcript comes to you alone, here."))
    embed = hikari.Embed(
        title=_.count("Delete 1 message?", "Delete {n} messages?", found - left),
        description=_.join("\n", lines) if lines else None,
        colour=_AMBER,
    )
    embed.add_field(_("Which"), _which(Wanted.read(purge.wanted)))
    return embed


def progress_card(counts: Mapping[str, int], *, stopping: bool = False) -> hikari.Embed:
    """How far it has come."""
    open_ = counts.get("found", 0) + counts.get("tried", 0)
    said = _("{deleted} deleted, {open} to go.", deleted=counted(counts.get("deleted", 0)), open=open_)
    return hikari.Embed(title=_("Stopping…") if stopping else _("Deleting…"), description=said, colour=_AMBER)


def account_card(purge: Purge) -> hikari.Embed:
    """Exactly what came of it."""
    deleted = purge.totals.get("deleted", 0)
    lines = _account(purge)
    if purge.log == "posted":
        where = f"https://discord.com/channels/{purge.guild_id}/{purge.log_channel_id}/{purge.log_message_id}"
        lines.append(_("[Transcript]({where})", where=where))
    elif purge.log == "failed":
        lines.append(
            _(
                "I could not post in the log <#{channel}>: I need View Channel, Send Messages, Embed Links"
                " and Attach Files there.",
                channel=purge.log_channel_id,
            )
        )
    return hikari.Embed(
        title=_.count("1 message deleted", "{n} messages deleted", deleted),
        description=_.join("\n", lines) if lines else None,
        colour=_GREEN if _went_well(purge) else _RED,
    )


def log_card(purge: Purge) -> hikari.Embed:
    """The same for the log. The footer identifies it, see `mark_of`."""
    deleted = purge.totals.get("deleted", 0)
    lines = _account(purge)
    embed = hikari.Embed(
        title=_.count("Purge · 1 message deleted", "Purge · {n} messages deleted", deleted),
        description=_.join("\n", lines) if lines else None,
        colour=_AMBER if _went_well(purge) else _RED,
        timestamp=purge.created_at,
    )
    embed.add_field(_("Channel"), f"<#{purge.channel_id}>", inline=True)
    embed.add_field(_("By"), f"<@{purge.moderator_id}>", inline=True)
    if purge.reason:
        embed.add_field(_("Reason"), crop(purge.reason, 1_024))
    embed.add_field(_("Which"), _which(Wanted.read(purge.wanted)))
    embed.set_footer(mark_of(purge))
    return embed


def mark_of(purge: Purge) -> str:
    """What tells the post about this purge from all others, in whatever language it is."""
    return f"purge {purge.id}"


def _went_well(purge: Purge) -> bool:
    return purge.trouble is None and not {"failed", "system"} & purge.totals.keys()


def _account(purge: Purge) -> list[str]:
    totals: Mapping[str, int] = purge.totals
    lines: list[str] = []
    if single := totals.get("single"):
        lines.append(_("One by one: {number}", number=single))
    for outcome, text in (
        ("gone", _("Already gone")),
        ("old", _("Too old, not deleted")),
        ("pinned", _("Kept, because pinned meanwhile")),
        ("changed", _("Kept, because edited meanwhile")),
        ("stopped", _("Not deleted, because stopped")),
        ("system", _("Failed: system messages that Discord keeps")),
        ("failed", _("Failed")),
    ):
        if totals.get(outcome):
            lines.append(_("{what}: {number}", what=text, number=totals[outcome]))
    if purge.spared:
        lines.append(_("Pinned, kept: {number}", number=purge.spared))
    if purge.trouble is not None:
        lines.append(_TROUBLES.get(purge.trouble, purge.trouble))
    return lines


def _notes(purge: Purge) -> list[str]:
    lines: list[str] = []
    if purge.spared:
        lines.append(_("Pinned, kept: {number}", number=purge.spared))
    if purge.more:
        back = _stamp(purge.cursor)
        lines.append(_("I looked back to {when}; there may be more before.", when=back))
    return lines


def _which(wanted: Wanted) -> str:
    parts: list[str] = []
    if wanted.count is not None:
        parts.append(_.count("the newest", "the newest {n}", wanted.count))
    if wanted.member is not None:
        parts.append(_("written by {member}", member=f"<@{wanted.member}>"))
    for name, (yes, no) in _YES_NO.items():
        wish = getattr(wanted, name)
        if wish is not None:
            parts.append(yes if wish else no)
    if wanted.before is not None:
        parts.append(_("before {when}", when=_stamp(wanted.before)))
    if wanted.after is not None:
        parts.append(_("after {when}", when=_stamp(wanted.after)))
    if wanted.pinned:
        parts.append(_("pinned ones, too"))
    said: Sequence[str] = [_.join(" · ", parts)] if parts else []
    if wanted.text:
        said = [*said, _.join("\n", (_("with the text"), quoted(wanted.text, 400)))]
    if wanted.regex:
        said = [*said, _.join("\n", (_("that the expression fits"), quoted(wanted.regex, 540)))]
    return _.join("\n", said)


def _stamp(bound: int) -> str:
    return f"<t:{int(sent_at(bound).timestamp())}:f>"
