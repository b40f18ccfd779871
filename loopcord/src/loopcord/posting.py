"""A backend that posts quickly: plain messages without detours, and every event turned into JSON once.

Most of what crosses the wire in a long run are plain messages, so what simcord does for components, embeds
and mentions is left out when there are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._simcord import AllowedMentions, ChannelModel, MessageModel
from .kept import KeptBackend
from .parity import Correction
from .wire import dumps

__all__ = ["CORRECTIONS", "ONLY_AT_CREATION", "Announced", "QuickBackend"]

CORRECTIONS = (
    Correction(
        "GUILD_UPDATE",
        "carries every member and channel, as GUILD_CREATE does",
        "carries the guild object only",
        "https://discord.com/developers/docs/events/gateway-events#guild-update",
    ),
)

#: What GUILD_CREATE tells besides the guild object.
#: https://discord.com/developers/docs/events/gateway-events#guild-create-guild-create-extra-fields
ONLY_AT_CREATION = (
    "joined_at",
    "large",
    "unavailable",
    "member_count",
    "voice_states",
    "members",
    "channels",
    "threads",
    "presences",
    "stage_instances",
    "guild_scheduled_events",
    "soundboard_sounds",
)

#: Characters of a plain message; what is longer goes simcord's way and is refused there.
_LENGTH = 2000


class Announced(dict[str, Any]):
    """An event's data, with its JSON made at most once for the gateway and the transcript together."""

    __slots__ = ("_json",)

    @property
    def json(self) -> bytes:
        """The data as JSON, as of when it was first asked for."""
        try:
            return self._json
        except AttributeError:
            self._json = dumps(self)
            return self._json


class QuickBackend(KeptBackend):
    """The backend that forgets, made quick."""

    #: Whether a message is being put into another one; see :mod:`loopcord.nesting`.
    nesting = False

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        announced = Announced(payload)
        if event == "GUILD_UPDATE":
            for key in ONLY_AT_CREATION:
                announced.pop(key, None)
        elif event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
            # discord.js knows by its type that a message in a channel it has not met is a direct one.
            # https://discord.com/developers/docs/events/gateway-events#message-create
            channel = self.channels.get(int(payload["channel_id"]))
            if channel is not None:
                announced["channel_type"] = int(channel.type)
        for listener in self.subscribers:
            listener(event, announced)
        # Bytes, not the data: a kept event costs little, and nothing for the garbage collector to walk.
        self.transcript.append(("GATEWAY", event, announced.json))

    def prepare_message(
        self, channel_id: int, author_id: int, content: str | None = "", **fields: Any
    ) -> MessageModel:
        if (
            isinstance(content, str)
            and len(content) <= _LENGTH
            and content.strip()
            and not any(value for key, value in fields.items() if key != "allowed_mentions")
            and "@" not in content
        ):
            self.get_channel(channel_id)
            return MessageModel(
                id=self.snowflake(),
                channel_id=channel_id,
                author_id=author_id,
                content=content,
                timestamp=self.now_iso(),
                allowed_mentions=fields.get("allowed_mentions") or _EVERYBODY,
            )
        return super().prepare_message(channel_id, author_id, content, **fields)

    def _mention_state(
        self,
        channel: ChannelModel,
        author_id: int,
        content: str,
        policy: AllowedMentions,
        reply_author_id: int | None,
    ) -> tuple[list[int], list[int], list[int], list[int], bool]:
        if "@" not in content and reply_author_id is None:
            return [], [], [], [], False
        return super()._mention_state(channel, author_id, content, policy, reply_author_id)


#: The policy of a message that names none; it never changes, so that every message may have the same.
_EVERYBODY = AllowedMentions()
