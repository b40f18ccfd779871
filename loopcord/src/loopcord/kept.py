"""A backend whose memory has bounds: messages, interactions, nonces and files are forgotten, oldest first.

What a message shows of the interaction that made it is written onto it, so that the interaction may go.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ._simcord import InteractionModel, MessageModel, serializers
from .automod_actions import ModeratedBackend

__all__ = ["KeptBackend"]

#: How long, in seconds, Discord remembers a nonce for enforce_nonce ("in the past few minutes").
#: https://discord.com/developers/docs/resources/message#create-message
NONCE_MEMORY = 300.0


class KeptBackend(ModeratedBackend):
    """The moderated backend, which forgets."""

    def __init__(self, *, clock: Any, keep: int, keep_messages: int) -> None:
        super().__init__(clock=clock)
        self.kept_entries = keep
        # Even who keeps nothing wants the interaction at hand to be answered.
        self._keep_records = max(keep, 1)
        self._keep_messages = keep_messages
        #: Which interaction opened the form that a modal submission answers, by the latter's id.
        self.form_openers: dict[int, int] = {}
        self._nonces: OrderedDict[tuple[int, int, str], tuple[float, int]] = OrderedDict()

    # ------------------------------------------------------------------ messages

    def commit_message(self, message: MessageModel, *, broadcast: bool = True) -> MessageModel:
        """Install a prepared message and announce it; it was judged before, or is not judged at all."""
        if message.interaction_metadata is not None:
            message.interaction_metadata = self._metadata_of(message)
        channel = self.get_channel(message.channel_id)
        kept = self.messages[channel.id]
        kept[message.id] = message
        channel.last_message_id = message.id
        if channel.is_thread:
            channel.message_count += 1
        if len(kept) > self._keep_messages:
            # Pins are few, and stay: a channel holds at most 250.
            oldest = next((each for each in kept.values() if not each.pinned), None)
            if oldest is not None:
                del kept[oldest.id]
        if broadcast:
            self.announce_message_create(message)
        return message

    # ------------------------------------------------------------------ interactions

    def new_interaction(
        self,
        type: int,  # noqa: A002 - simcord's name for it
        channel_id: int,
        user_id: int,
        guild_id: int | None,
    ) -> InteractionModel:
        record = super().new_interaction(type, channel_id, user_id, guild_id)
        while len(self.interactions) > self._keep_records:
            gone = self.interactions.pop(next(iter(self.interactions)))
            self.interaction_tokens.pop(gone.token, None)
            self.form_openers.pop(gone.id, None)
        return record

    def _metadata_of(self, message: MessageModel) -> dict[str, Any]:
        """Discord's metadata of the interaction that a message answers.

        Source: https://discord.com/developers/docs/resources/message#message-interaction-metadata-object
        """
        given = message.interaction_metadata or {}
        record = self.interactions[int(given["id"])]
        metadata = self._described(record, given)
        if record.responded and record.message_id is not None:
            metadata["original_response_message_id"] = str(record.message_id)
        return metadata

    def _described(self, record: InteractionModel, given: dict[str, Any]) -> dict[str, Any]:
        owner = str(record.guild_id) if record.guild_id is not None else "0"
        result: dict[str, Any] = {
            "id": str(record.id),
            "type": int(record.type),
            "user": serializers.user_payload(self.users[record.user_id]),
            "authorizing_integration_owners": {"0": owner},
        }
        if "name" in given:
            result["name"] = given["name"]
            result["command_type"] = given.get("command_type", 1)
        if record.target_type == 2 and record.target_id in self.users:
            result["target_user"] = serializers.user_payload(self.users[record.target_id])
        elif record.target_id is not None:
            result["target_message_id"] = str(record.target_id)
        if record.type == 3 and record.source_message_id is not None:
            result["interacted_message_id"] = str(record.source_message_id)
        opener = self.interactions.get(self.form_openers.get(record.id, 0))
        if opener is not None:
            result["triggering_interaction_metadata"] = self._described(opener, {})
        return result

    # ------------------------------------------------------------------ nonces

    def remember_nonce(self, channel_id: int, author_id: int, nonce: str, message_id: int) -> None:
        """Keep ``nonce`` so that a repeat within a few minutes finds the first message."""
        now = self.clock.now().timestamp()
        while self._nonces and (
            len(self._nonces) >= self._keep_records
            or next(iter(self._nonces.values()))[0] < now - NONCE_MEMORY
        ):
            self._nonces.popitem(last=False)
        self._nonces[(channel_id, author_id, nonce)] = (now, message_id)

    def message_of_nonce(self, channel_id: int, author_id: int, nonce: str) -> int | None:
        """The id of the message that the author sent here with this nonce lately, if any."""
        known = self._nonces.get((channel_id, author_id, nonce))
        if known is None or known[0] < self.clock.now().timestamp() - NONCE_MEMORY:
            return None
        return known[1]
