"""What people type in commands, as the plain data of a rule; `automod.plain` says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import chandelier

__all__ = ["KINDS", "actions_of", "conditions_of", "ids_of", "items_of", "parts_of", "trigger_of"]

_ = chandelier.Messages("chandelier_moderation")

_ITEM = re.compile(r'"([^"\n]*)"|“([^”\n]*)”|([^,\n]+)')
_MENTION = re.compile(r"<(?:#|@&|@!?)(\d{15,20})>|(?<!\d)(\d{15,20})(?!\d)")
_DURATION = re.compile(r"(?:\d+\s*[a-zA-Z]+)+")
_RATE = re.compile(
    r"(\d+)\s*(?:messages?|members?|times)?\s*(?:in|/|within)\s*([^,]+?)(?:\s+in\s+(\d+)\s+channels?)?",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?:https?://)?(?:www\.)?(?:discord(?:app)?\.(?:gg|com/invite)/)?([\w-]+)", re.IGNORECASE)


def items_of(text: str) -> list[str]:
    """What is separated by commas or lines; what is in quotation marks may have commas."""
    found = (next(part for part in match.groups() if part is not None) for match in _ITEM.finditer(text))
    return [item.strip() for item in found if item.strip()]


def ids_of(text: str) -> list[str]:
    """The ids of mentions, or written as such. Raises InvalidRequest for what is neither."""
    rest = _MENTION.sub(" ", text).replace(",", " ").split()
    if rest:
        raise chandelier.InvalidRequest(
            _("“{text}” is no mention and no id; write it like `#general` or `@Role`.", text=" ".join(rest))
        )
    return [first or second for first, second in _MENTION.findall(text)]


# ---- triggers


def _words(what: str, allow: str) -> dict[str, Any]:
    return _given(words=items_of(what), allow=items_of(allow))


def _expressions(what: str, _allow: str) -> dict[str, Any]:
    return _given(expressions=[line.strip() for line in re.split(r"\n| ;; ", what) if line.strip()])


def _lists(what: str, allow: str) -> dict[str, Any]:
    return _given(deny=items_of(what), allow=items_of(allow))


def _scam_links(what: str, allow: str) -> dict[str, Any]:
    items = items_of(what)
    lists = [item for item in items if item.startswith(("https://", "http://", "file:"))]
    domains = [item for item in items if item not in lists]
    lists = [item.removeprefix("file:").strip() for item in lists]
    return _given(lists=lists, domains=domains, allow=items_of(allow))


def _invites(what: str, allow: str) -> dict[str, Any]:
    codes: list[str] = []
    guilds: list[str] = []
    for item in items_of(f"{what},{allow}"):
        match = _CODE.fullmatch(item)
        code = match[1] if match is not None else item
        (guilds if code.isdecimal() and len(code) >= 15 else codes).append(code)
    return _given(allow_guilds=guilds, allow_codes=codes)


def _number(field: str) -> Callable[[str, str], dict[str, Any]]:
    def read(what: str, _allow: str) -> dict[str, Any]:
        what = what.strip().removesuffix("%").strip()
        if not what:
            return {}
        if not what.isdecimal():
            raise chandelier.InvalidRequest(_("“{text}” is no number.", text=what))
        return {field: int(what[:9])}

    return read


def _rate(what: str, _allow: str) -> dict[str, Any]:
    if not what.strip():
        return {}
    match = _RATE.fullmatch(what.strip())
    if match is None:
        raise chandelier.InvalidRequest(_("“{text}”: write it like `6 in 5s`.", text=what))
    most, within, channels = match.groups()
    return {"most": int(most[:9]), "within": within.strip(), **_given(channels=int(channels or 0))}


def _new_account(what: str, _allow: str) -> dict[str, Any]:
    return _given(younger=what.strip())


def _imitation(what: str, _allow: str) -> dict[str, Any]:
    items = items_of(what)
    roles = [item for item in items if _MENTION.fullmatch(item)]
    return _given(roles=ids_of(" ".join(roles)), names=[item for item in items if item not in roles])


KINDS: Mapping[str, Callable[[str, str], dict[str, Any]]] = {
    "words": _words,
    "expressions": _expressions,
    "links": _lists,
    "scam_links": _scam_links,
    "invites": _invites,
    "mentions": _number("most"),
    "capitals": _number("percent"),
    "emoji": _number("most"),
    "newlines": _number("most"),
    "zalgo": _number("most"),
    "attachments": _lists,
    "rate": _rate,
    "repeated": _rate,
    "new_account": _new_account,
    "join_rate": _rate,
    "imitation": _imitation,
}
"""For each kind of trigger, what reads its options."""


def trigger_of(kind: str, what: str, allow: str, match: str | None) -> dict[str, Any]:
    """The plain data of a trigger. Raises InvalidRequest when it cannot be read at all."""
    data = {"kind": kind, **KINDS[kind](what, allow)}
    if match is not None and kind == "words":
        data["match"] = match
    return data


# ---- conditions


def conditions_of(text: str) -> dict[str, Any]:
    """The plain data of conditions written as ``account < 7d, joined < 1d, no roles, edits only``.

    Raises InvalidRequest for what is no condition.
    """
    found: dict[str, Any] = {}
    for item in items_of(text):
        words = " ".join(item.casefold().split())
        younger = _YOUNGER.fullmatch(words)
        if younger is not None:
            found[_AGES[younger[1]]] = younger[2]
        elif words in {"no roles", "no role"}:
            found["no_roles"] = True
        elif words in _EDITS:
            found["edits"] = _EDITS[words]
        else:
            raise chandelier.InvalidRequest(
                _("“{text}” is no condition; there are {names}.", text=item, names=_CONDITIONS)
            )
    return found


def parts_of(text: str) -> list[str]:
    """The names of parts of messages, as `automod.rules.PARTS` has them when all are right."""
    return list(dict.fromkeys(item.casefold() for item in items_of(text)))


_YOUNGER = re.compile(r"(account|joined) ?<? ?(\d.*)")
_AGES = {"account": "account_younger", "joined": "joined_within"}
_EDITS = {"edits only": "only", "only edits": "only", "no edits": "exempt", "edits included": "include"}
_CONDITIONS = "`account < 7d`, `joined < 1d`, `no roles`, `edits only`, `no edits`"


# ---- actions


def actions_of(text: str) -> list[dict[str, Any]]:
    """The plain data of actions written as ``delete, timeout 10m spamming, alert #mods, points 2``.

    Raises InvalidRequest for an action that there is not.
    """
    found: list[dict[str, Any]] = []
    for item in _pieces(text):
        name, _space, rest = item.partition(" ")
        reader = _ACTIONS.get(name.casefold().replace("-", "_"))
        if reader is None:
            raise chandelier.InvalidRequest(
                _(
                    "“{name}” is no action; there are {names}.",
                    name=name,
                    names=", ".join(f"`{known}`" for known in _ACTIONS),
                )
            )
        found.append({"do": name.casefold().replace("-", "_"), **reader(rest.strip())})
    return found


def _pieces(text: str) -> list[str]:
    """Split at commas outside of quotation marks, which stay."""
    pieces = re.findall(r'(?:"[^"]*"|“[^”]*”|[^,\n])+', text)
    return [piece.strip() for piece in pieces if piece.strip()]


def _nothing(rest: str) -> dict[str, Any]:
    if rest:
        raise chandelier.InvalidRequest(_("I do not understand “{text}” after `delete`.", text=rest))
    return {}


def _bare(rest: str) -> str:
    return rest.strip().strip('"“”').strip()


def _reason(rest: str) -> dict[str, Any]:
    return _given(reason=_bare(rest))


def _timed(field: str) -> Callable[[str], dict[str, Any]]:
    def read(rest: str) -> dict[str, Any]:
        match = _DURATION.match(rest)
        if match is None:
            return _reason(rest)
        return {field: match[0].strip(), **_reason(rest[match.end() :])}

    return read


def _alert(rest: str) -> dict[str, Any]:
    channels = re.findall(r"<#(\d{15,20})>", rest)
    roles = re.findall(r"<@&(\d{15,20})>", rest)
    ids_of(rest)
    return _given(channel=channels[0] if channels else "", roles=roles)


def _role(rest: str) -> dict[str, Any]:
    found = _MENTION.search(rest)
    if found is None:
        raise chandelier.InvalidRequest(_("Say which role: `give_role @Role 2h`."))
    after = rest[found.end() :].strip()
    return {"role": found[1] or found[2], **_given(duration=after)}


def _take(rest: str) -> dict[str, Any]:
    return {"role": _role(rest)["role"]}


def _slowmode(rest: str) -> dict[str, Any]:
    interval, _space, duration = rest.partition(" ")
    return _given(interval=interval, duration=duration.strip().removeprefix("for ").strip())


def _points(rest: str) -> dict[str, Any]:
    return {} if not rest else _number("points")(rest, "")


_ACTIONS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "delete": _nothing,
    "warn": _reason,
    "timeout": _timed("duration"),
    "kick": _reason,
    "ban": _timed("duration"),
    "alert": _alert,
    "reply": lambda rest: {"text": _bare(rest)},
    "give_role": _role,
    "take_role": _take,
    "slowmode": _slowmode,
    "lockdown": lambda rest: _given(duration=rest.removeprefix("for ").strip()),
    "points": _points,
}


def _given(**fields: Any) -> dict[str, Any]:
    """Those that were given; the others have their defaults."""
    return {name: value for name, value in fields.items() if value}
