"""Which session may see an event, and how much of it: gateway intents and message content.

Source: https://discord.com/developers/docs/events/gateway#gateway-intents
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._simcord import EVENT_INTENTS, INTENT_BITS, PRIVILEGED_INTENTS, censor_message
from .errors import WorldError
from .parity import Correction
from .permissions import to_bits
from .posting import Announced
from .wire import dumps, loads

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["CORRECTIONS", "Visibility", "application_flags", "disallowed", "privileged_bits"]

_PRESENCES = INTENT_BITS["presences"]
_MESSAGE_CONTENT = INTENT_BITS["message_content"]
# (bit in a guild, bit in a direct message) that an event needs; events not listed always arrive.
_GATES: dict[str, tuple[int, int]] = {
    event: (INTENT_BITS[guild], INTENT_BITS[direct] if direct is not None else INTENT_BITS[guild])
    for event, (guild, direct) in EVENT_INTENTS.items()
}
# Events that Discord sends to a bot only if it has one of these permissions in the guild.
_AUDIT, _BANS, _RULES = (
    to_bits(["view_audit_log"]),
    to_bits(["ban_members", "view_audit_log"]),
    to_bits(["manage_guild"]),
)
_PERMITTED: dict[str, int] = {
    "GUILD_AUDIT_LOG_ENTRY_CREATE": _AUDIT,
    "GUILD_BAN_ADD": _BANS,
    "GUILD_BAN_REMOVE": _BANS,
    "AUTO_MODERATION_RULE_CREATE": _RULES,
    "AUTO_MODERATION_RULE_UPDATE": _RULES,
    "AUTO_MODERATION_RULE_DELETE": _RULES,
    "AUTO_MODERATION_ACTION_EXECUTION": _RULES,
}

_DOCS = "https://discord.com/developers/docs/events/gateway-events"

CORRECTIONS = (
    Correction(
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
        "sends it to any bot with the intent",
        "sends it only to a bot with View Audit Log",
        f"{_DOCS}#guild-audit-log-entry-create",
    ),
    Correction(
        "GUILD_BAN_ADD",
        "sends it (and GUILD_BAN_REMOVE) to any bot with the intent",
        "sends them only to a bot with Ban Members or View Audit Log",
        f"{_DOCS}#guild-ban-add",
    ),
    Correction(
        "AUTO_MODERATION_ACTION_EXECUTION",
        "sends it (and the events about rules) to any bot with the intent, content included",
        "sends them only to a bot with Manage Server, and what was written only with MESSAGE_CONTENT",
        f"{_DOCS}#auto-moderation",
    ),
)


def application_flags(denied: int) -> int:
    """The flags of an unverified application that say which privileged intents the portal allows.

    Source: https://discord.com/developers/docs/resources/application#application-object-application-flags
    """
    limited = {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}
    return sum(bit for name, bit in limited.items() if not denied & INTENT_BITS[name])


def privileged_bits(names: Iterable[str]) -> int:
    """The bits of privileged intents that the portal denies: ``members``, ``presences``, ``message_content``.

    Raises:
        WorldError: for any other name.
    """
    bits = 0
    for name in names:
        if name not in PRIVILEGED_INTENTS:
            raise WorldError(f"{name!r} is no privileged intent; known: {', '.join(PRIVILEGED_INTENTS)}")
        bits |= INTENT_BITS[name]
    return bits


def disallowed(intents: int, denied: int) -> list[str]:
    """Names of the privileged intents asked for although the portal denies them."""
    return [name for name in PRIVILEGED_INTENTS if INTENT_BITS[name] & intents & denied]


class Visibility:
    """One event, as each kind of session sees it; each form is serialized at most once."""

    def __init__(self, backend: LocalBackend, event: str, payload: Mapping[str, Any]) -> None:
        self._backend = backend
        self._event = event
        self._payload = payload
        gate = _GATES.get(event)
        self._needs = 0 if gate is None else gate[0 if payload.get("guild_id") else 1]
        self._permitted = self._may_be_sent()
        self._full: bytes | None = None
        self._plain: bytes | None = None

    def body(self, intents: int, large: int) -> bytes | None:
        """The JSON of the event's data for a session, or None when it may not see the event."""
        if (self._needs and not intents & self._needs) or not self._permitted:
            return None
        if self._event == "GUILD_CREATE":
            return dumps(self._guild(intents, large))
        if not intents & _MESSAGE_CONTENT and self._event in _WITH_CONTENT:
            if self._plain is None:
                self._plain = self._censored()
            return self._plain
        return self._whole()

    def _whole(self) -> bytes:
        if self._full is None:
            self._full = self._payload.json if isinstance(self._payload, Announced) else dumps(self._payload)
        return self._full

    def _may_be_sent(self) -> bool:
        """Whether the bot has a permission that the event asks for, if it asks for one."""
        wanted = _PERMITTED.get(self._event)
        if wanted is None:
            return True
        guild_id = int(self._payload["guild_id"])
        if guild_id not in self._backend.guilds:
            return False
        return bool(self._backend.compute_permissions(guild_id, self._backend.bot_user.id) & wanted)

    def _guild(self, intents: int, large: int) -> dict[str, Any]:
        """All members are in GUILD_CREATE only with the presences intent and in guilds that are not large."""
        payload = dict(self._payload)
        payload["large"] = payload["member_count"] > large
        if not (intents & _PRESENCES and not payload["large"]):
            me = str(self._backend.bot_user.id)
            payload["members"] = [m for m in payload["members"] if m["user"]["id"] == me]
        return payload

    def _censored(self) -> bytes:
        """The event without what only MESSAGE_CONTENT shows; as it is when there is nothing to hide."""
        bot = self._backend.bot_user.id
        if self._event == "INTERACTION_CREATE" and not _shows_messages(self._payload):
            return self._whole()
        # What JSON makes of the data is a copy of it, and the cheapest one.
        payload = loads(self._whole())
        hidden = False
        if self._event == "AUTO_MODERATION_ACTION_EXECUTION":
            # "MESSAGE_CONTENT gateway intent is required to receive the content and matched_content fields"
            payload["content"] = ""
            payload["matched_content"] = "" if payload["matched_content"] is not None else None
            hidden = True
        elif self._event != "INTERACTION_CREATE":
            hidden = censor_message(payload, bot, backend=self._backend)
        else:
            # The message one acts on is given in full; what it refers to is not.
            if isinstance(payload.get("message"), dict):
                hidden = censor_message(payload["message"], bot, backend=self._backend, exempt_root=True)
            data: dict[str, Any] = payload.get("data") or {}
            for message_id, message in ((data.get("resolved") or {}).get("messages") or {}).items():
                chosen = data.get("type") == 3 and str(data.get("target_id")) == message_id
                hidden |= censor_message(message, bot, backend=self._backend, exempt_root=chosen)
        return dumps(payload) if hidden else self._whole()


def _shows_messages(interaction: Mapping[str, Any]) -> bool:
    """Whether an interaction brings a message along: the one acted on, or a resolved one."""
    data: Mapping[str, Any] = interaction.get("data") or {}
    return "message" in interaction or "messages" in (data.get("resolved") or {})


_WITH_CONTENT = frozenset(
    {"MESSAGE_CREATE", "MESSAGE_UPDATE", "INTERACTION_CREATE", "AUTO_MODERATION_ACTION_EXECUTION"}
)
