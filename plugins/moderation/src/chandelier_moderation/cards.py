"""How cases look: in the log and in `/case view`, as a page of a history, to the member they are about."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import hikari

from chandelier_moderation.cases import History
from chandelier_moderation.tables import Case

__all__ = [
    "case_card",
    "crop",
    "has_words",
    "history_card",
    "member_card",
    "quoted",
    "settled_card",
    "words_of",
]

FIELD_VALUE = 1_024
"""Characters of a field's value. https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""
TITLE = 256
"""Characters of an embed's title; same source."""

_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols by category that are drawn as nothing: Hangul fillers and the empty Braille pattern."""

_AMBER = hikari.Color(0xF5A623)
_RED = hikari.Color(0xE5484D)
_GREY = hikari.Color(0x8B8D98)
_GREEN = hikari.Color(0x30A46C)

_COLOURS = {"warn": _AMBER, "remove": _RED}
_TITLES = {"warn": "Warning", "remove": "Message removed"}
_REMOVAL = {
    "waiting": "being deleted",
    "deleted": "deleted",
    "gone": "was gone already",
    "refused": "not deleted: I need Manage Messages there",
}
_DM = {
    "off": "not told",
    "waiting": "being told by DM",
    "delivered": "told by DM",
    "closed": "could not be told: their DMs are closed",
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


def words_of(case: Case) -> str:
    """What the case is, in words: ``Warning``."""
    return _TITLES.get(case.action, case.action.title())


def case_card(case: Case) -> hikari.Embed:
    """Everything about a case, for moderators."""
    void = case.voided_at is not None
    title = f"{words_of(case)} · case #{case.number}"
    embed = hikari.Embed(
        title=f"{title} (void)" if void else title,
        colour=_GREY if void else _COLOURS.get(case.action, _AMBER),
        timestamp=case.created_at,
    )
    embed.add_field("Member", _person(case.target_id), inline=True)
    embed.add_field("By", _person(case.moderator_id), inline=True)
    if case.channel_id is not None:
        embed.add_field("Channel", f"<#{case.channel_id}>", inline=True)
    embed.add_field("Reason", crop(case.reason, FIELD_VALUE))
    if case.evidence:
        embed.add_field("Message", quoted(case.evidence))
    outcome = [_REMOVAL[case.removal]] if case.removal is not None else []
    lines = [f"Message {line}" for line in outcome]
    lines.append(f"Member {_DM[case.dm]}")
    if case.log == "failed":
        lines.append(f"Not posted in the log: {case.log_trouble}")
    embed.add_field("Outcome", crop("\n".join(lines), FIELD_VALUE))
    if case.voided_at is not None and case.voided_by is not None:
        stamp = int(case.voided_at.timestamp())
        embed.add_field("Void", f"by {_person(case.voided_by)} <t:{stamp}:R>")
    return embed


def settled_card(case: Case, *, new: bool) -> hikari.Embed:
    """The short answer to the moderator who made a case."""
    told = "They are told by direct message." if case.dm == "waiting" else "They are not told."
    lines = [crop(case.reason, FIELD_VALUE), told if new else "This request was carried out before."]
    return hikari.Embed(
        title=f"Case #{case.number}: warned",
        description=f"{_person(case.target_id)}\n" + "\n".join(lines),
        colour=_GREEN,
        timestamp=case.created_at,
    )


def history_card(user: hikari.Snowflakeish, history: History) -> hikari.Embed:
    """One page of a member's cases."""
    embed = hikari.Embed(title="History", colour=_AMBER, description=f"<@{int(user)}> · {_summary(history)}")
    for case in history.cases:
        void = " (void)" if case.voided_at is not None else ""
        stamp = int(case.created_at.timestamp())
        embed.add_field(
            f"#{case.number} · {words_of(case)}{void}",
            f"{crop(case.reason, 300)}\n<t:{stamp}:D> by {_person(case.moderator_id)}",
        )
    if history.pages > 1:
        embed.set_footer(f"Page {history.page + 1} of {history.pages}")
    return embed


def member_card(case: Case, guild_name: str) -> hikari.Embed:
    """What the member reads. The footer and the timestamp identify it, see ``effects``."""
    what = "You were warned" if case.action == "warn" else "Your message was removed"
    embed = hikari.Embed(
        title=crop(f"{what} in {guild_name}", TITLE),
        colour=_COLOURS.get(case.action),
        timestamp=case.created_at,
    )
    embed.add_field("Reason", crop(case.reason, FIELD_VALUE))
    if case.channel_id is not None:
        embed.add_field("Channel", f"<#{case.channel_id}>")
    embed.set_footer(f"Case #{case.number} · {case.guild_id}")
    return embed


def _person(user_id: int) -> str:
    return f"<@{user_id}>" if user_id else "*erased*"


def _summary(history: History) -> str:
    cases: Sequence[Case] = history.cases
    if not cases:
        return "no cases"
    return "1 case" if history.total == 1 else f"{history.total} cases"
