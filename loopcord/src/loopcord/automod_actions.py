"""A backend that moderates what people do: it judges what they send and does what triggered rules say.

Only acts of people are judged. What a test arranges, bots, webhooks, the owner and everybody who may manage
the server are exempt, as are the rule's exempt roles and channels.
Source: https://discord.com/developers/docs/resources/auto-moderation
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._simcord import BackendError, ChannelModel, MessageModel, MessageType
from .audit import Event
from .audited_things import AuditedThings
from .automod import Action, EventType, Match, Wordsets, find
from .parity import Correction
from .permissions import BITS

__all__ = ["BLOCKED", "CORRECTIONS", "ModeratedBackend"]

#: Discord's JSON error code of "Message was blocked by automatic moderation".
#: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
BLOCKED = 200_000
#: The member flag AUTOMOD_QUARANTINED_USERNAME.
#: https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags
QUARANTINED = 1 << 7

_DOCS = "https://discord.com/developers/docs/resources/auto-moderation"

CORRECTIONS = (
    Correction(
        "Member.send",
        "pretends that a blocked message was sent",
        "refuses it with 200000 and the rule's custom message, and judges edits, too",
        f"{_DOCS}#auto-moderation-action-object-action-types",
    ),
    Correction(
        "AUTO_MODERATION_ACTION_EXECUTION",
        "only announces alerts and timeouts",
        "posts the alert, times the member out or quarantines them, and logs each",
        f"{_DOCS}#auto-moderation-action-object",
    ),
    Correction(
        "AUTO_MODERATION_ACTION_EXECUTION",
        "judges bots, webhooks, managers and what a test arranges",
        "exempts them",
        "https://support.discord.com/hc/en-us/articles/4421269296535-AutoMod-FAQ",
    ),
)

_LEFT_TO_QUARANTINED = BITS["view_channel"] | BITS["read_message_history"]
_EXEMPT = BITS["administrator"] | BITS["manage_guild"]


@dataclass(frozen=True, slots=True)
class _Hit:
    """One rule that something triggered."""

    rule: Any
    match: Match

    def action(self, kind: Action) -> dict[str, Any] | None:
        """The rule's action of a kind, if it has one."""
        return next((each for each in self.rule.actions if each["type"] == kind), None)


@dataclass(frozen=True, slots=True)
class _Deed:
    """What somebody wrote or is called, and where."""

    guild_id: int
    user_id: int
    text: str
    channel_id: int | None = None
    message_id: int | None = None
    blocked: bool = False


class ModeratedBackend(AuditedThings):
    """The audited backend, with auto-moderation of what people do."""

    def __init__(self, *, clock: Any) -> None:
        super().__init__(clock=clock)
        #: What Discord keeps to itself about word sets and spam.
        self.wordsets = Wordsets()
        #: (guild, user) of members who may not interact because of their names.
        self.quarantined: set[tuple[int, int]] = set()

    # ------------------------------------------------------------------ acts

    def submit_message(
        self, channel_id: int, author_id: int, content: str = "", **fields: Any
    ) -> MessageModel:
        """Send a message as a person does: judged before anybody sees it.

        Raises:
            BackendError: 400/200000 when a rule blocks it.
        """
        message = self.prepare_message(channel_id, author_id, content, **fields)
        channel = self.get_channel(channel_id)
        hits = self._judge(channel, author_id, content)
        refusal = self._refusal(hits)
        if refusal is None:
            self.commit_message(message)
        if hits and channel.guild_id is not None:
            kept = message.id if refusal is None else None
            self._carry_out(
                hits, _Deed(channel.guild_id, author_id, content, channel_id, kept, refusal is not None)
            )
        if refusal is not None:
            raise refusal
        return message

    def submit_edit(self, channel_id: int, message_id: int, changes: dict[str, Any]) -> None:
        """Edit a message as its author does: judged as a new one is.

        Raises:
            BackendError: 400/200000 when a rule blocks it.
        """
        message, channel = self.get_message(channel_id, message_id), self.get_channel(channel_id)
        text = str(changes.get("content") or "")
        hits = self._judge(channel, message.author_id, text)
        refusal = self._refusal(hits)
        if refusal is None:
            self.edit_message(channel_id, message_id, changes)
        if hits and channel.guild_id is not None:
            self._carry_out(
                hits,
                _Deed(channel.guild_id, message.author_id, text, channel_id, message_id, refusal is not None),
            )
        if refusal is not None:
            raise refusal

    def submit_nick(self, guild_id: int, user_id: int, nick: str | None) -> None:
        """Change one's own nickname; a rule about profiles may prevent it.

        Raises:
            BackendError: 400/200000 when a rule blocks it.
        """
        hits = self._judge_profile(guild_id, user_id, nick or "")
        refusal = next((hit for hit in hits if hit.action(Action.BLOCK_MEMBER_INTERACTION)), None)
        if refusal is None:
            self.edit_member(guild_id, user_id, {"nick": nick})
        if hits:
            self._carry_out(hits, _Deed(guild_id, user_id, nick or "", blocked=refusal is not None))
        if refusal is not None:
            raise BackendError(400, BLOCKED, f"The nickname was blocked by the rule {refusal.rule.name!r}")

    def judge_newcomer(self, guild_id: int, user_id: int) -> None:
        """Quarantine somebody who has joined under a name that a rule about profiles forbids."""
        user = self.get_user(user_id)
        for name in filter(None, (user.name, user.global_name)):
            hits = self._judge_profile(guild_id, user_id, name)
            if hits:
                if any(hit.action(Action.BLOCK_MEMBER_INTERACTION) for hit in hits):
                    self.set_quarantined(guild_id, user_id, True)
                self._carry_out(hits, _Deed(guild_id, user_id, name))
                return

    def set_quarantined(self, guild_id: int, user_id: int, quarantined: bool) -> None:
        """Keep a member from interacting, or no longer, and announce it."""
        (self.quarantined.add if quarantined else self.quarantined.discard)((guild_id, user_id))
        self.announce_member_update(guild_id, user_id)

    def remove_member(self, guild_id: int, user_id: int) -> None:
        super().remove_member(guild_id, user_id)
        self.quarantined.discard((guild_id, user_id))  # who comes back is judged anew

    # ------------------------------------------------------------------ judging

    def compute_permissions(self, guild_id: int, user_id: int, channel_id: int | None = None) -> int:
        bits = super().compute_permissions(guild_id, user_id, channel_id)
        if self.quarantined and (guild_id, user_id) in self.quarantined:
            bits &= _LEFT_TO_QUARANTINED
        return bits

    def _judge(self, channel: ChannelModel, author_id: int, text: str) -> list[_Hit]:
        if channel.guild_id is None or not text or self._is_exempt(channel.guild_id, author_id):
            return []
        here = {channel.id, channel.permission_channel_id()}
        return [
            hit
            for hit in self._hits(channel.guild_id, author_id, EventType.MESSAGE_SEND, text)
            if not here & set(hit.rule.exempt_channels)
        ]

    def _judge_profile(self, guild_id: int, user_id: int, name: str) -> list[_Hit]:
        if not name or self._is_exempt(guild_id, user_id):
            return []
        return self._hits(guild_id, user_id, EventType.MEMBER_UPDATE, name)

    def _is_exempt(self, guild_id: int, user_id: int) -> bool:
        if not self.get_guild(guild_id).auto_mod_rules or self.users[user_id].bot:
            return True
        return bool(self.compute_permissions(guild_id, user_id) & _EXEMPT)

    def _hits(self, guild_id: int, user_id: int, event: EventType, text: str) -> list[_Hit]:
        guild = self.get_guild(guild_id)
        roles = set(guild.members[user_id].role_ids)
        hits: list[_Hit] = []
        for rule in guild.auto_mod_rules.values():
            if not rule.enabled or rule.event_type != event or roles & set(rule.exempt_roles):
                continue
            match = find(rule.trigger_type, rule.trigger_metadata, text, self.wordsets)
            if match is not None:
                hits.append(_Hit(rule, match))
        return hits

    def _refusal(self, hits: list[_Hit]) -> BackendError | None:
        for hit in hits:
            if (action := hit.action(Action.BLOCK_MESSAGE)) is not None:
                text = "Message was blocked by automatic moderation"
                custom = (action.get("metadata") or {}).get("custom_message")
                return BackendError(400, BLOCKED, f"{text}: {custom}" if custom else text)
        return None

    # ------------------------------------------------------------------ acting

    def _carry_out(self, hits: list[_Hit], deed: _Deed) -> None:
        """Do what the rules say, tell the log and announce each action."""
        with self.arranging():
            for hit in hits:
                for action in hit.rule.actions:
                    self._do(hit, action, deed)

    def _do(self, hit: _Hit, action: Mapping[str, Any], deed: _Deed) -> None:
        """One action; an alert without a channel to go to is none."""
        kind, metadata = action["type"], action.get("metadata") or {}
        event, alert = Event.AUTO_MODERATION_BLOCK_MESSAGE, None
        if kind == Action.SEND_ALERT_MESSAGE:
            if int(metadata["channel_id"]) not in self.channels:
                return
            event = Event.AUTO_MODERATION_FLAG_TO_CHANNEL
            alert = self._alert(int(metadata["channel_id"]), hit, deed)
        elif kind == Action.TIMEOUT:
            event = Event.AUTO_MODERATION_USER_COMMUNICATION_DISABLED
            until = self.iso_after(int(metadata["duration_seconds"]))
            self.edit_member(deed.guild_id, deed.user_id, {"timed_out_until": until})
        elif kind == Action.BLOCK_MEMBER_INTERACTION:
            event = Event.AUTO_MODERATION_QUARANTINE_USER
        options = {
            "auto_moderation_rule_name": hit.rule.name,
            "auto_moderation_rule_trigger_type": str(hit.rule.trigger_type),
        }
        if deed.channel_id is not None:
            options["channel_id"] = str(deed.channel_id)
        # Whose name the entry is under is not documented; it is under that of whoever triggered the rule.
        self.log_by_discord(deed.guild_id, event, deed.user_id, options)
        self._announce(hit, action, deed, alert)

    def _alert(self, channel_id: int, hit: _Hit, deed: _Deed) -> int:
        """Post what was written where the moderators look, as a message of type 24; returns its id.

        The fields are those that Discord's clients read; it documents none of them.
        """
        timeout = hit.action(Action.TIMEOUT)
        told: dict[str, Any] = {
            "rule_name": hit.rule.name,
            "channel_id": deed.channel_id,
            "decision_id": f"{self.snowflake():032x}",
            "keyword": hit.match.keyword,
            "keyword_matched_content": hit.match.content,
            "flagged_message_id": deed.message_id,
            "timeout_duration": timeout["metadata"]["duration_seconds"] if timeout is not None else None,
            "decision_outcome": "blocked" if deed.blocked else "flagged",
        }
        fields = [
            {"name": name, "value": str(value), "inline": False}
            for name, value in told.items()
            if value is not None
        ]
        embed = {"type": "auto_moderation_message", "description": deed.text, "fields": fields}
        message = self.create_message(
            channel_id, deed.user_id, "", embeds=[embed], message_type=MessageType.AUTO_MODERATION_ACTION
        )
        return message.id

    def _announce(self, hit: _Hit, action: Mapping[str, Any], deed: _Deed, alert: int | None) -> None:
        payload: dict[str, Any] = {
            "guild_id": str(deed.guild_id),
            "action": {"type": int(action["type"]), "metadata": dict(action.get("metadata") or {})},
            "rule_id": str(hit.rule.id),
            "rule_trigger_type": hit.rule.trigger_type,
            "user_id": str(deed.user_id),
            "content": deed.text,
            "matched_keyword": hit.match.keyword,
            "matched_content": hit.match.content,
        }
        if deed.channel_id is not None:
            payload["channel_id"] = str(deed.channel_id)
        if deed.message_id is not None and not deed.blocked:
            payload["message_id"] = str(deed.message_id)
        if alert is not None:
            payload["alert_system_message_id"] = str(alert)
        self.emit("AUTO_MODERATION_ACTION_EXECUTION", payload)
