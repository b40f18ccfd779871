"""What people type in commands, as the plain data of a rule; `automod.plain` says what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

import chandelier
from chandelier_moderation.cards import crop

__all__ = ["KINDS", "actions_of", "conditions_of", "ids_of", "items_of", "parts_of", "trigger_of"]

_ = chandelier.Messages("chandelier_moderation")

_QUOTED = r'"((?:\\.|[^"\\\n])*)"|“([^”\n]*)”'
_TEXT = re.compile(_QUOTED)
_ITEM = re.compile(rf"[ \t]*(?:{_QUOTED})|([^,\n]+)")
_PIECE = re.compile(rf"(?:{_QUOTED}|[^,\n])+")
_ESCAPED = re.compile(r"\\(.)")
_MENTION = re.compile(r"<(?:#|@&|@!?)(\d{15,20})>|(?<!\d)(\d{15,20})(?!\d)")
_DURATION = re.compile(r"(?:\d+\s*[a-zA-Z]+)+(?:\s+\d+[wdhms]\b)*")
"""`1h30m`, `1h 30m`; also what only looks like one, so that it is refused and not taken for a reason."""
_RATE = re.compile(
    r"(\d+)\s*(?:messages?|members?|times)?\s*(?:in|/|within)\s*([^,]+?)(?:\s+in\s+(\d+)\s+channels?)?",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"(\d+)\s*%?(?:\s*of\s+(?:at least\s+)?(\d+)(?:\s+letters?)?)?", re.IGNORECASE)
_CODE = re.compile(r"(?:https?://)?(?:www\.)?(?:discord(?:app)?\.(?:gg|com/invite)/)?([\w-]+)", re.IGNORECASE)


def items_of(text: str) -> list[str]:
    """What is separated by commas or lines; what is in quotation marks may have commas."""
    found = (match[3] if match[3] is not None else _unquoted(match) for match in _ITEM.finditer(text))
    return [item.strip() for item in found if item.strip()]


def _unquoted(match: re.Match[str]) -> str:
    """What is in quotation marks; straight ones know ``\\"``, ``\\\\`` and ``\\n`` (a new line)."""
    if match[1] is None:
        return match[2]
    return _ESCAPED.sub(lambda one: {"n": "\n", '"': '"', "\\": "\\"}.get(one[1], one[0]), match[1])


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
            raise chandelier.InvalidRequest(_("“{text}” is no number; write one like `5`.", text=what))
        return {field: int(what[:9])}

    return read


def _capitals(what: str, _allow: str) -> dict[str, Any]:
    if not what.strip():
        return {}
    match = _CAPITALS.fullmatch(what.strip())
    if match is None:
        raise chandelier.InvalidRequest(
            _("“{text}”: write it like `70%`, or `70% of 15` for texts of at least 15 letters.", text=what)
        )
    least = {} if match[2] is None else {"at_least": int(match[2][:9])}
    return {"percent": int(match[1][:9]), **least}


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
    "capitals": _capitals,
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
_ALLOWING = ("words", "links", "scam_links", "invites", "attachments")


def trigger_of(kind: str, what: str, allow: str, match: str | None) -> dict[str, Any]:
    """The plain data of a trigger. Raises InvalidRequest when it cannot be read at all."""
    for option, given, kinds in (("match", match, ("words",)), ("allow", allow, _ALLOWING)):
        if given and kind not in kinds:
            raise chandelier.InvalidRequest(
                _(
                    "`{option}` says nothing about `{kind}`; it is for {names}.",
                    option=option,
                    kind=kind,
                    names=", ".join(f"`{one}`" for one in kinds),
                )
            )
    data = {"kind": kind, **KINDS[kind](what, allow)}
    return data if match is None else {**data, "match": match}


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

    Raises InvalidRequest with all that is no action, or cannot be read, and what to write instead.
    """
    found: list[dict[str, Any]] = []
    wrong: list[tuple[str, str]] = []
    for piece in (match[0].strip() for match in _PIECE.finditer(text)):
        if not piece:
            continue
        try:
            found.append(_action(piece))
        except chandelier.InvalidRequest as error:
            wrong.append((piece, chandelier.message_of(error)))
    if not wrong:
        return found
    lines = [_("- {what}: {why}", what=f"`{crop(_code(piece), 60)}`", why=why) for piece, why in wrong]
    raise chandelier.InvalidRequest(_.join("\n", [_("These actions cannot be read:"), *lines]))


def _action(piece: str) -> dict[str, Any]:
    name, _space, rest = piece.partition(" ")
    do = name.casefold().replace("-", "_")
    reader = _ACTIONS.get(do)
    if reader is not None:
        return {"do": do, **reader(rest.strip())}
    near = difflib.get_close_matches(do, _ACTIONS, 1)
    if near:
        raise chandelier.InvalidRequest(
            _("“{name}” is no action; did you mean `{near}`?", name=crop(name, 60), near=near[0])
        )
    raise chandelier.InvalidRequest(
        _(
            "“{name}” is no action; there are {names}. A text with commas is written in quotation marks.",
            name=crop(name, 60),
            names=", ".join(f"`{known}`" for known in _ACTIONS),
        )
    )


def _code(text: str) -> str:
    return text.replace("`", "ˋ")


def _nothing(rest: str) -> dict[str, Any]:
    if rest:
        raise chandelier.InvalidRequest(
            _("I do not understand “{text}” after `delete`; a comma is between two actions.", text=rest)
        )
    return {}


def _bare(rest: str) -> str:
    """A text, with quotation marks around it or without."""
    rest = rest.strip()
    match = _TEXT.fullmatch(rest)
    if match is not None:
        return _unquoted(match)
    if rest[:1] in {'"', "“"}:
        raise chandelier.InvalidRequest(
            _('A text that begins with a quotation mark ends with one; in it, a mark is `\\"`.')
        )
    return rest


def _reason(rest: str) -> dict[str, Any]:
    return _given(reason=_bare(rest))


def _span(rest: str) -> tuple[str, str]:
    """The duration at the beginning, which may be empty, and what follows it."""
    match = _DURATION.match(rest)
    return ("", rest) if match is None else (match[0].strip(), rest[match.end() :].strip())


def _timeout(rest: str) -> dict[str, Any]:
    duration, rest = _span(rest)
    if not duration:
        raise chandelier.InvalidRequest(_('Say for how long: `timeout 10m`, `timeout 10m "no links"`.'))
    return {"duration": duration, **_reason(rest)}


def _ban(rest: str) -> dict[str, Any]:
    duration, rest = _span(rest)
    delete = ""
    word, _space, after = rest.partition(" ")
    if word.casefold() == "delete":
        delete, after = _span(after.strip())
        if not delete and not after:
            raise chandelier.InvalidRequest(
                _("Say how far back: `ban delete 1d`; what was written is deleted with `ban, delete`.")
            )
        rest = after if delete else rest
    return _given(duration=duration, delete_messages=delete, reason=_bare(rest))


def _alert(rest: str) -> dict[str, Any]:
    channels = re.findall(r"<#(\d{15,20})>", rest)
    roles = re.findall(r"<@&(\d{15,20})>", rest)
    more = re.sub(r"<(?:#|@&)\d{15,20}>", " ", rest).split()
    if more or len(channels) > 1:
        raise chandelier.InvalidRequest(
            _("Mention one channel, and roles if you like: `alert #mods @Mods`, or `alert` for the log.")
        )
    return _given(channel="".join(channels), roles=roles)


def _reply(rest: str) -> dict[str, Any]:
    match = _TEXT.match(rest)
    if match is None:
        return {"text": _bare(rest)}
    after = rest[match.end() :].strip().removeprefix("for ").strip()
    if after.casefold() == "stays":
        after = "0s"
    elif after and _DURATION.fullmatch(after) is None:
        raise chandelier.InvalidRequest(
            _('After the text comes how long it stays: `reply "text" 20s`, or `reply "text" stays`.')
        )
    return {"text": _unquoted(match), **_given(vanishes=after)}


def _role(rest: str) -> dict[str, Any]:
    found = _MENTION.search(rest)
    if found is None:
        raise chandelier.InvalidRequest(_("Say which role: `give_role @Role 2h`."))
    after = rest[found.end() :].strip().removeprefix("for ").strip()
    return {"role": found[1] or found[2], **_given(duration=after)}


def _take(rest: str) -> dict[str, Any]:
    return {"role": _role(rest)["role"]}


def _slowmode(rest: str) -> dict[str, Any]:
    interval, between, duration = rest.partition(" for ")
    if not between:
        interval, _space, duration = rest.partition(" ")
    if not interval:
        raise chandelier.InvalidRequest(_("Say how slow, and if you like how long: `slowmode 30s 10m`."))
    return _given(interval=interval.strip(), duration=duration.strip())


def _points(rest: str) -> dict[str, Any]:
    return {} if not rest else _number("points")(rest, "")


_ACTIONS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "delete": _nothing,
    "warn": _reason,
    "timeout": _timeout,
    "kick": _reason,
    "ban": _ban,
    "alert": _alert,
    "reply": _reply,
    "give_role": _role,
    "take_role": _take,
    "slowmode": _slowmode,
    "lockdown": lambda rest: _given(duration=rest.removeprefix("for ").strip()),
    "points": _points,
}


def _given(**fields: Any) -> dict[str, Any]:
    """Those that were given; the others have their defaults."""
    return {name: value for name, value in fields.items() if value}
