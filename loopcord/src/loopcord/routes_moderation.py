"""Routes about moderation: the audit log, and the reasons that requests carry for it.

Source: https://discord.com/developers/docs/resources/audit-log
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from ._simcord import GuildModel, serializers
from .audit import Entry, Event, expired
from .parity import Correction
from .problems import Problems
from .routes import Call, Handler, Routes

__all__ = ["CORRECTIONS", "REASON_LENGTH", "ROUTES", "actor_of", "check_reason"]

#: Characters of an X-Audit-Log-Reason, once decoded ("1-512 URL-encoded UTF-8 characters").
REASON_LENGTH = 512

_DOCS = "https://discord.com/developers/docs/resources/audit-log"

CORRECTIONS = (
    Correction(
        "GET /guilds/{guild_id}/audit-logs",
        "sorts from new to old even with `after`, returns the newest of them, and cuts any limit to 100",
        "pages forward from `after` in ascending order, and refuses a limit that is not 1 to 100",
        f"{_DOCS}#get-guild-audit-log",
    ),
    Correction(
        "GET /guilds/{guild_id}/audit-logs",
        "lists only users beside the entries",
        "lists the webhooks, threads, rules and scheduled events that they name, too",
        f"{_DOCS}#audit-log-object",
    ),
    Correction(
        "X-Audit-Log-Reason",
        "takes a reason of any length",
        "refuses one of more than 512 characters, counted after decoding",
        f"{_DOCS}#audit-log-entry-object",
    ),
)

ROUTES: Routes[Handler] = Routes()
_route = ROUTES.add

# ------------------------------------------------------------------ in whose name, and why


def check_reason(reason: str | None) -> None:
    """Refuse a reason, already percent-decoded, that is too long.

    Raises:
        BackendError: 400/50035.
    """
    problems = Problems()
    problems.length("reason", reason or "", 0, REASON_LENGTH)
    problems.check()


def actor_of(path: str, bot_id: int) -> int | None:
    """Whom the audit log names for a request: the bot, or nobody when a webhook's token made it."""
    return None if path.startswith("/webhooks/") and path.count("/") >= 3 else bot_id


# ------------------------------------------------------------------ the log


@_route("GET", "/guilds/{guild_id}/audit-logs")
def _audit_log(call: Call) -> Any:
    """Entries by ``user_id``, ``action_type``, ``before``, ``after`` and ``limit``."""
    guild = call.backend.get_guild(call.id("guild_id"))
    call.context.require_guild_permissions(guild.id, "view_audit_log")
    query = call.context.params
    problems = Problems()
    numbers = {name: _number(problems, query, name) for name in ("user_id", "action_type", "before", "after")}
    limit = _number(problems, query, "limit")
    if limit is not None:
        problems.number("limit", limit, 1, 100)
    problems.check()
    now = call.backend.clock.now()
    entries = [
        entry
        for entry in cast("list[Entry]", guild.audit_log_entries)
        if not expired(entry, now)
        and numbers["user_id"] in (None, entry.user_id)
        and numbers["action_type"] in (None, entry.action_type)
        and (numbers["before"] is None or entry.id < numbers["before"])
        and (numbers["after"] is None or entry.id > numbers["after"])
    ]
    forward = numbers["after"] is not None and numbers["before"] is None
    entries.sort(key=lambda entry: entry.id, reverse=not forward)
    chosen = entries[: 50 if limit is None else limit]
    return {"audit_log_entries": [entry.payload() for entry in chosen], **_mentioned(call, guild, chosen)}


def _number(problems: Problems, query: dict[str, Any], name: str) -> int | None:
    raw = query.get(name)
    if raw is None:
        return None
    try:
        return int(raw)
    except ValueError:
        problems.add(name, "NUMBER_TYPE_COERCE", f'Value "{raw}" is not {_KINDS[name]}.')
        return None


_KINDS = {
    "limit": "int",
    "action_type": "int",
    "user_id": "snowflake",
    "before": "snowflake",
    "after": "snowflake",
}


def _mentioned(call: Call, guild: GuildModel, entries: Iterable[Entry]) -> dict[str, Any]:
    """What the entries refer to, as far as it is still there."""
    backend = call.backend
    ids: dict[int, None] = {}
    threads: dict[int, None] = {}
    for entry in entries:
        ids |= dict.fromkeys(each for each in (entry.user_id, entry.target_id) if each is not None)
        if entry.action_type in (Event.THREAD_CREATE, Event.THREAD_UPDATE) and entry.target_id:
            threads[entry.target_id] = None
    return {
        "users": [
            serializers.user_payload(backend.users[i])
            for i in ids
            if i in backend.users and i not in backend.webhooks
        ],
        "webhooks": [
            serializers.webhook_payload(backend, backend.webhooks[i]) for i in ids if i in backend.webhooks
        ],
        "threads": [
            dict(serializers.thread_payload(backend, backend.channels[i]))
            for i in threads
            if i in backend.channels
        ],
        "auto_moderation_rules": [
            serializers.auto_mod_rule_payload(backend, guild.auto_mod_rules[i])
            for i in ids
            if i in guild.auto_mod_rules
        ],
        "guild_scheduled_events": [
            serializers.scheduled_event_payload(backend, guild.scheduled_events[i])
            for i in ids
            if i in guild.scheduled_events
        ],
        "integrations": [],
        "application_commands": [],
    }
