"""Events put into words: from what is stored of them to what is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import hikari

import chandelier
from chandelier_moderation.cards import crop
from chandelier_moderation.tables import Case
from chandelier_moderation.watching.journal import Noted
from chandelier_moderation.watching.rendering import Shown
from chandelier_moderation.watching.store import Kept
from chandelier_moderation.watching.tables import LogEntry

__all__ = ["Known", "describe"]

_ = chandelier.Messages("chandelier_moderation")

_RED, _AMBER, _GREEN, _GREY, _BLUE = 0xE5484D, 0xF5A623, 0x30A46C, 0x8B8D98, 0x3E63DD

_KEYS: Mapping[str, str] = {
    "name": _("Name"),
    "topic": _("Topic"),
    "nsfw": _("Age-restricted"),
    "rate_limit_per_user": _("Slowmode"),
    "parent_id": _("Category"),
    "permissions": _("Permissions"),
    "allow": _("Allowed"),
    "deny": _("Denied"),
    "color": _("Colour"),
    "hoist": _("Shown apart"),
    "mentionable": _("Mentionable"),
    "position": _("Position"),
}
"""Words for the keys of Discord's audit log.
https://discord.com/developers/docs/resources/audit-log#audit-log-change-object"""


@attrs.frozen(kw_only=True)
class Known:
    """What is looked up for a number of events at once."""

    kept: Mapping[int, Kept] = attrs.field(factory=dict[int, Kept])
    """Deleted messages by id."""
    removing: Mapping[int, Case] = attrs.field(factory=dict[int, Case])
    """The case that deleted a message, by the message's id."""
    purging: Mapping[int, int] = attrs.field(factory=dict[int, int])
    """The moderator whose `/purge` deleted a message, by the message's id."""
    leaving: Mapping[int, Case] = attrs.field(factory=dict[int, Case])
    """The case that made somebody leave, by the event's id."""
    cases: Mapping[int, int] = attrs.field(factory=dict[int, int])
    """How many cases somebody has who joined."""


def describe(noted: Noted, known: Known) -> Shown:
    """An event in words."""
    return _DESCRIBED.get(noted.row.what, _something)(noted, known)


def _deleted(noted: Noted, known: Known) -> Shown:
    row = noted.row
    kept = known.kept.get(row.message_id or 0)
    facts = [*_people(row), *_channel(row)]
    if row.message_id is not None:
        written = int(hikari.Snowflake(row.message_id).created_at.timestamp())
        facts.append((_("Written"), f"<t:{written}:f>"))
    case = known.removing.get(row.message_id or 0)
    if case is not None:
        facts.append((_("Removed by"), _("case #{number}", number=case.number)))
    moderator = known.purging.get(row.message_id or 0)
    if moderator is not None:
        facts.append((_("Removed by"), _purge(moderator)))
    text = None if kept is None else kept.text
    if kept is None or text is None:
        facts.append((_("Message"), _("its text was not kept")))
    elif kept.files:
        facts.append((_("Files"), _names(kept.files)))
    return Shown(
        title=_("Message deleted"),
        sign="🗑️",
        colour=_RED,
        at=row.at,
        facts=facts,
        texts=[(_("Message"), text)] if text else [],
        values={**_values(row), "before": text or ""},
        message_ids=() if row.message_id is None else (row.message_id,),
    )


def _bulk_deleted(noted: Noted, known: Known) -> Shown:
    row = noted.row
    ids = [int(one) for one in row.details.get("messages", ())]
    purged = {known.purging[one] for one in ids if one in known.purging}
    # What a purge deleted is in its own transcript.
    found = [known.kept[one] for one in sorted(ids) if one in known.kept and one not in known.purging]
    lines = [
        f"{hikari.Snowflake(one.message_id).created_at:%Y-%m-%d %H:%M:%S} UTC  {one.author_id}: "
        + (one.text or "").replace("\n", "\n  ")
        + "".join(f" [{name}]" for name in one.files)
        for one in found
    ]
    cases = sorted({known.removing[one].number for one in ids if one in known.removing})
    facts = [*_channel(row), (_("Messages"), str(len(ids)))]
    if cases:
        numbers = ", ".join(f"#{number}" for number in cases[:10])
        facts.append((_("Removed by"), _("cases {numbers}", numbers=numbers)))
    facts += [(_("Removed by"), _purge(moderator)) for moderator in sorted(purged)]
    if not purged:
        facts.append((_("Texts that were kept"), str(len(found))))
    return Shown(
        title=_.count("1 message deleted at once", "{n} messages deleted at once", len(ids)),
        sign="🗑️",
        colour=_RED,
        at=row.at,
        facts=facts,
        values=_values(row),
        message_ids=tuple(ids),
        file="\n".join(lines) or None,
    )


def _edited(noted: Noted, known: Known) -> Shown:
    row, texts = noted.row, noted.texts or {}
    before, after = texts.get("before"), texts.get("after")
    facts = [*_people(row), *_channel(row)]
    if before is None:
        facts.append((_("Before"), _("its text was not kept")))
    gone = list(row.details.get("files_gone", ()))
    if gone:
        facts.append((_("Files taken away"), _names(gone)))
    shown = [(_("Before"), before), (_("After"), after)]
    return Shown(
        title=_("Message edited"),
        sign="✏️",
        colour=_AMBER,
        at=row.at,
        facts=facts,
        texts=[(label, text) for label, text in shown if text],
        values={**_values(row), "before": before or "", "after": after or ""},
        link=f"https://discord.com/channels/{row.guild_id}/{row.channel_id}/{row.message_id}",
    )


def _joined(noted: Noted, known: Known) -> Shown:
    row = noted.row
    facts = list(_people(row))
    if row.member_id is not None:
        made = int(hikari.Snowflake(row.member_id).created_at.timestamp())
        facts.append((_("Account made"), f"<t:{made}:R>"))
    cases = known.cases.get(row.member_id or 0, 0)
    if cases:
        facts.append((_("Cases"), str(cases)))
    return Shown(
        title=_("Bot added") if row.details.get("bot") else _("Member joined"),
        sign="📥",
        colour=_GREEN,
        at=row.at,
        facts=facts,
        values=_values(row),
    )


def _left(noted: Noted, known: Known) -> Shown:
    row = noted.row
    facts = list(_people(row))
    case = known.leaving.get(row.id)
    if case is not None:
        facts.append((_("Because of"), _("case #{number}", number=case.number)))
    return Shown(
        title=_("Member left"), sign="📤", colour=_GREY, at=row.at, facts=facts, values=_values(row)
    )  # fmt: skip


def _nick(noted: Noted, known: Known) -> Shown:
    row = noted.row
    before, after = row.details.get("before"), row.details.get("after")
    texts = ((_("Before"), before), (_("After"), after))
    return Shown(
        title=_("Nickname changed"),
        sign="🏷️",
        colour=_BLUE,
        at=row.at,
        facts=[*_people(row), *((label, _("none")) for label, text in texts if not text)],
        texts=[(label, text) for label, text in texts if text],
        values={**_values(row), "before": before or "", "after": after or ""},
    )  # fmt: skip


def _member_roles(noted: Noted, known: Known) -> Shown:
    row = noted.row
    given, taken = (" ".join(f"<@&{one}>" for one in row.details.get(key, ())) for key in ("given", "taken"))
    facts = [*_people(row)]
    facts += [(label, roles) for label, roles in ((_("Given"), given), (_("Taken"), taken)) if roles]
    return Shown(
        title=_("Roles changed"),
        sign="🎭",
        colour=_BLUE,
        at=row.at,
        facts=facts,
        values={**_values(row), "before": "", "after": "", "given": given, "taken": taken},
    )


def _thing(title: str, sign: str, colour: int) -> Callable[[Noted, Known], Shown]:
    def shown(noted: Noted, known: Known) -> Shown:
        row = noted.row
        facts: list[tuple[str, str]] = []
        name = row.details.get("name")
        if row.details.get("role") is not None:
            facts.append((_("Role"), f"<@&{row.details['role']}>" + (f" ({_plain(name)})" if name else "")))
        elif row.channel_id is not None:
            facts.append((_("Channel"), f"<#{row.channel_id}>" + (f" ({_plain(name)})" if name else "")))
        for_whom = row.details.get("overwrite")
        if for_whom is not None:
            facts.append((_("For"), for_whom))
        facts += [*_people(row)]
        for key, before, after in row.details.get("changes", ()):
            label = _KEYS.get(key, str(key))
            facts.append((label, f"{_plain(before)} → {_plain(after)}" if before else _plain(after)))
        return Shown(
            title=title,
            sign=sign,
            colour=colour,
            at=row.at,
            facts=facts[:20],
            values=_values(row),
        )

    return shown


def _something(noted: Noted, known: Known) -> Shown:
    """An event of a later version, which a downgrade left behind."""
    return Shown(title=noted.row.what, sign="•", colour=_GREY, at=noted.row.at, values=_values(noted.row))


_DESCRIBED: Mapping[str, Callable[[Noted, Known], Shown]] = {
    "deleted": _deleted,
    "bulk_deleted": _bulk_deleted,
    "edited": _edited,
    "joined": _joined,
    "left": _left,
    "nick": _nick,
    "member_roles": _member_roles,
    "role_created": _thing(_("Role made"), "🎭", _GREEN),
    "role_changed": _thing(_("Role changed"), "🎭", _BLUE),
    "role_deleted": _thing(_("Role deleted"), "🎭", _RED),
    "channel_created": _thing(_("Channel made"), "#️⃣", _GREEN),
    "channel_changed": _thing(_("Channel changed"), "#️⃣", _BLUE),
    "channel_deleted": _thing(_("Channel deleted"), "#️⃣", _RED),
    "overwrite_created": _thing(_("Permissions set in a channel"), "🔑", _GREEN),
    "overwrite_changed": _thing(_("Permissions changed in a channel"), "🔑", _BLUE),
    "overwrite_deleted": _thing(_("Permissions removed in a channel"), "🔑", _RED),
}


def _people(row: LogEntry) -> Sequence[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    if row.member_id is not None:
        facts.append((_("Member"), f"<@{row.member_id}> `{row.member_id}`"))
    if row.by_id is not None and row.by_id != row.member_id:
        facts.append((_("By"), f"<@{row.by_id}>"))
    return facts


def _channel(row: LogEntry) -> Sequence[tuple[str, str]]:
    return [] if row.channel_id is None else [(_("Channel"), f"<#{row.channel_id}>")]


def _values(row: LogEntry) -> dict[str, str]:
    return {
        "member": "" if row.member_id is None else f"<@{row.member_id}>",
        "member_id": "" if row.member_id is None else str(row.member_id),
        "by": "" if row.by_id is None else f"<@{row.by_id}>",
        "channel": "" if row.channel_id is None else f"<#{row.channel_id}>",
    }


def _purge(moderator: int) -> str:
    return _("`/purge` of {moderator}", moderator=f"<@{moderator}>" if moderator else _("*erased*"))


def _names(files: Sequence[str]) -> str:
    return crop(", ".join(_plain(name) for name in files), 900)


def _plain(value: Any) -> str:
    """A name that people chose, in which nothing is a link or markup."""
    text = " ".join(str(value).replace("`", "ˋ").split())
    return f"`{crop(text, 200)}`" if text else "–"
