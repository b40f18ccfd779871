"""Rules as people type them in commands: what `typed` reads again as the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from chandelier_moderation.automod.actions import (
    Action,
    Alert,
    Ban,
    GiveRole,
    Kick,
    Lockdown,
    Points,
    Reply,
    Slowmode,
    TakeRole,
    Timeout,
    Warn,
)
from chandelier_moderation.automod.rules import Conditions
from chandelier_moderation.automod.spans import write_span
from chandelier_moderation.automod.triggers import (
    Attachments,
    Capitals,
    Emoji,
    Expressions,
    Imitation,
    Invites,
    JoinRate,
    Links,
    Mentions,
    NewAccount,
    Newlines,
    Rate,
    Repeated,
    ScamLinks,
    Trigger,
    Words,
    Zalgo,
)

__all__ = ["said_action", "said_actions", "said_conditions", "said_trigger"]


def said_trigger(trigger: Trigger) -> dict[str, str]:
    """The options of a command that say a trigger: ``trigger``; ``what``, ``match``, ``allow`` if needed."""
    what, allow, match = _what(trigger), "", ""
    if isinstance(trigger, Words | Links | ScamLinks | Attachments):
        allow = _items(trigger.allow)
    if isinstance(trigger, Words) and trigger.match != "word":
        match = trigger.match
    options = {"trigger": trigger.kind, "what": what, "match": match, "allow": allow}
    return {name: text for name, text in options.items() if text}


def said_actions(actions: Sequence[Action]) -> str:
    """Actions on one line."""
    return ", ".join(map(said_action, actions))


def said_action(action: Action) -> str:
    """One action, with what has a default, too."""
    return " ".join(filter(None, (action.do, *_details(action))))


def said_conditions(conditions: Conditions) -> str:
    """Conditions on one line; empty when there are none."""
    younger, joined = conditions.account_younger, conditions.joined_within
    said = (
        "" if younger is None else f"account < {write_span(younger)}",
        "" if joined is None else f"joined < {write_span(joined)}",
        "no roles" if conditions.no_roles else "",
        {"only": "edits only", "exempt": "no edits"}.get(conditions.edits, ""),
    )
    return ", ".join(filter(None, said))


def _what(trigger: Trigger) -> str:
    match trigger:
        case Words(words=words):
            return _items(words)
        case Expressions(expressions=expressions):
            return " ;; ".join(expressions)
        case Links(deny=deny) | Attachments(deny=deny):
            return _items(deny)
        case ScamLinks(lists=lists, domains=domains):
            return _items((*(one if one.startswith("https:") else f"file:{one}" for one in lists), *domains))
        case Invites(allow_guilds=guilds, allow_codes=codes):
            return _items((*map(str, guilds), *codes))
        case Mentions(most=most) | Emoji(most=most) | Newlines(most=most) | Zalgo(most=most):
            return str(most)
        case Capitals(percent=percent, at_least=least):
            return f"{percent}% of {least}"
        case Rate(most=most, within=within) | JoinRate(most=most, within=within):
            return f"{most} in {write_span(within)}"
        case Repeated(most=most, within=within, channels=channels):
            where = f" in {channels} channels" if channels > 1 else ""
            return f"{most} in {write_span(within)}{where}"
        case NewAccount(younger=younger):
            return write_span(younger)
        case Imitation(roles=roles, names=names):
            return _items((*(f"<@&{role}>" for role in roles), *names))


def _details(action: Action) -> tuple[str, ...]:
    match action:
        case Warn(reason=reason) | Kick(reason=reason):
            return (_text(reason),)
        case Timeout(duration=duration, reason=reason):
            return (write_span(duration), _text(reason))
        case Ban(duration=duration, delete_messages=delete, reason=reason):
            return (_span(duration), f"delete {write_span(delete)}" if delete else "", _text(reason))
        case Alert(channel=channel, roles=roles):
            return ("" if channel is None else f"<#{channel}>", *(f"<@&{role}>" for role in roles))
        case Reply(text=text, vanishes=vanishes):
            return (_quoted(text), write_span(vanishes) if vanishes else "stays")
        case GiveRole(role=role, duration=duration):
            return (f"<@&{role}>", _span(duration))
        case TakeRole(role=role):
            return (f"<@&{role}>",)
        case Slowmode(interval=interval, duration=duration):
            return (write_span(interval), write_span(duration))
        case Lockdown(duration=duration):
            return (write_span(duration),)
        case Points(points=points):
            return (str(points),)
        case _:
            return ()


def _span(span: timedelta | None) -> str:
    return "" if span is None else write_span(span)


def _text(text: str) -> str:
    return _quoted(text) if text else ""


def _items(items: Iterable[str]) -> str:
    """Items with commas; those that would be read otherwise are in quotation marks."""
    return ", ".join(_quoted(one) if set(",\n") & set(one) or one[:1] in '"“' else one for one in items)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
