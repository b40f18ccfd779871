"""A backend that writes the audit log: what is done in somebody's name leaves an entry, as on Discord.

Inside ``with backend.acting(user_id, reason):`` every mutation makes its entry, whether a REST call of the
bot's or an act of a person brought it about; what a test arranges outside of it leaves none. Entries are
announced when the act is over, one per thing and event.
Source: https://discord.com/developers/docs/resources/audit-log
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, cast

from ._simcord import AuditLogEntry, Backend
from .audit import COUNTED, COUNTING_SECONDS, Act, Entry, Event, expired
from .parity import Correction

__all__ = ["CORRECTIONS", "AuditedBackend"]

_DOCS = "https://discord.com/developers/docs/resources/audit-log"

CORRECTIONS = (
    Correction(
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
        "makes no entry for overwrites, webhooks, invites, emojis, stickers, threads, stages, pins, "
        "auto-moderation and a bot's own nickname",
        "makes one for each, whoever did it",
        f"{_DOCS}#audit-log-entry-object-audit-log-events",
    ),
    Correction(
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
        "names only the name of what was created or deleted",
        "gives every field of it as a change",
        f"{_DOCS}#audit-log-change-object",
    ),
    Correction(
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
        "puts the roles of MEMBER_ROLE_UPDATE into the options, and permissions as numbers",
        "gives them as the changes $add and $remove, and permissions as text",
        f"{_DOCS}#audit-log-change-object-audit-log-change-exceptions",
    ),
    Correction(
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
        "sends null for absent changes, options and reason",
        "leaves them out",
        f"{_DOCS}#audit-log-entry-object-audit-log-entry-structure",
    ),
    Correction(
        "DELETE /channels/{channel_id}/messages/{message_id}",
        "has no entry for a person's deletion of somebody else's message",
        "logs it, counts repetitions on the same entry without a further event, and logs none by a bot",
        "https://github.com/discord/discord-api-docs/issues/7856",
    ),
    Correction(
        "POST /channels/{channel_id}/webhooks",
        "announces no WEBHOOKS_UPDATE",
        "announces it for creations, too",
        "https://discord.com/developers/docs/events/gateway-events#webhooks-update",
    ),
)

#: What is told by those who do it, because no single mutation shows it; simcord's own calls for the other
#: events are ignored in favour of the mutations below.
_TOLD = frozenset(
    {
        Event.MEMBER_KICK,
        Event.MEMBER_PRUNE,
        Event.MEMBER_MOVE,
        Event.MEMBER_DISCONNECT,
        Event.MESSAGE_BULK_DELETE,
    }
)
#: Events that concern a number of people and name none of them.
_WITHOUT_TARGET = frozenset({Event.MEMBER_PRUNE, Event.MEMBER_MOVE, Event.MEMBER_DISCONNECT})


class AuditedBackend(Backend):
    """simcord's backend, keeping the audit log itself."""

    _act: Act | None = None
    #: How many entries a guild keeps.
    kept_entries = 10_000

    # ------------------------------------------------------------------ who acts

    @contextlib.contextmanager
    def acting(self, user_id: int | None, reason: str | None = None) -> Generator[None]:
        """Do what follows in somebody's name (None: Discord names nobody), with a reason for the log."""
        before, self._act = self._act, Act(user_id, reason)
        act = self._act
        try:
            yield
        finally:
            self._act = before
            for guild_id, entry in act.entries:
                self._keep(guild_id, entry)

    @contextlib.contextmanager
    def arranging(self) -> Generator[None]:
        """Do what follows in nobody's name, so that it leaves no entry."""
        before, self._act = self._act, None
        try:
            yield
        finally:
            self._act = before

    # ------------------------------------------------------------------ entries

    def record_audit_log(
        self,
        guild_id: int,
        action_type: int,
        *,
        target_id: int | None = None,
        changes: list[dict[str, Any]] | None = None,
        options: dict[str, Any] | None = None,
        reason: str | None = None,
        user_id: int | None = None,
    ) -> AuditLogEntry:
        """Make an entry of an event that no mutation shows; the others make theirs by themselves."""
        doer = user_id if user_id is not None else self._act.user_id if self._act else self.bot_user.id
        entry = self._entry(action_type, target_id, doer, reason, changes, options)
        if action_type in _TOLD:
            if action_type in _WITHOUT_TARGET:
                entry.target_id = None
            if action_type == Event.MEMBER_DISCONNECT:
                entry.options = {"count": "1"}
            self._file(guild_id, entry)
        return cast("AuditLogEntry", entry)

    def note(
        self,
        guild_id: int | None,
        event: Event,
        target_id: int | None,
        changes: list[dict[str, Any]] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Make an entry in the name of whoever acts; nothing when the test arranges."""
        if self._act is not None and guild_id is not None:
            self._file(guild_id, self._entry(event, target_id, self._act.user_id, None, changes, options))

    def log_by_discord(self, guild_id: int, event: Event, target_id: int, options: dict[str, Any]) -> None:
        """Make an entry about what Discord did to somebody by itself, under that person's name."""
        self._keep(guild_id, self._entry(event, target_id, target_id, None, None, options))

    def _entry(
        self,
        event: int,
        target_id: int | None,
        user_id: int | None,
        reason: str | None,
        changes: list[dict[str, Any]] | None,
        options: dict[str, Any] | None,
    ) -> Entry:
        if reason is None and self._act is not None:
            reason = self._act.reason
        return Entry(
            self.snowflake(), int(event), user_id, target_id, reason, list(changes or ()), dict(options or {})
        )

    def _file(self, guild_id: int, entry: Entry) -> None:
        """Hold an entry until its act is over, joined with what the act did to the same thing."""
        if self._act is None:
            self._keep(guild_id, entry)
        elif not any(g == guild_id and earlier.absorb(entry) for g, earlier in self._act.entries):
            self._act.entries.append((guild_id, entry))

    def _keep(self, guild_id: int, entry: Entry) -> None:
        guild = self.guilds.get(guild_id)
        if guild is None:  # the act was to leave it
            return
        log = cast("list[Entry]", guild.audit_log_entries)
        for earlier in reversed(log) if entry.action_type in COUNTED else ():
            if entry.made_at - earlier.made_at > COUNTING_SECONDS:
                break
            if entry.counts_on(earlier):
                # Discord announces only the first one of a series.
                # https://github.com/discord/discord-api-docs/issues/5911
                earlier.options["count"] = str(int(earlier.options["count"]) + int(entry.options["count"]))
                return
        log.append(entry)
        now = self.clock.now()
        while log and (len(log) > self.kept_entries or expired(log[0], now)):
            del log[0]
        self.emit("GUILD_AUDIT_LOG_ENTRY_CREATE", {**entry.payload(), "guild_id": str(guild_id)})
