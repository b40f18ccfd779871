"""Where simcord's backend differs from Discord as other libraries than discord.py need it.

Two kinds of repair. Serializers leave out or null fields that hikari insists on; they are wrapped
once, in place, because REST answers and gateway events are both built from them, and only ever gain
fields, so simcord's other users in the process are not disturbed. State that simcord has no place
for (``nsfw``, message nonces, the identity of bot and application) lives in :class:`LocalBackend`.
"""

from __future__ import annotations

import copy
from collections import OrderedDict, deque
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from simcord.backend import serializers
from simcord.backend.cdn import CDN_BASE, CdnStore

from .automod_actions import QUARANTINED, ModeratedBackend
from .rules.memory import Memory

__all__ = ["LocalBackend", "LocalCdn"]

# How long, in seconds, Discord remembers a nonce for enforce_nonce ("in the past few minutes").
# https://discord.com/developers/docs/resources/message#create-message
NONCE_MEMORY = 300.0


class LocalCdn(CdnStore):
    """simcord's CDN, with URLs that really answer: they point at our own server."""

    def __init__(self) -> None:
        super().__init__()
        #: ``http://127.0.0.1:PORT/cdn`` once the server listens.
        self.base = CDN_BASE

    def store_attachment(
        self, attachment_id: int, channel_id: int, filename: str, data: bytes, description: str | None
    ) -> dict[str, Any]:
        payload = super().store_attachment(attachment_id, channel_id, filename, data, description)
        blob = self._blobs.pop(payload["url"])
        path = payload["url"].removeprefix(CDN_BASE)
        self._blobs[path] = blob
        payload["url"] = payload["proxy_url"] = self.base + path
        return payload

    def read(self, path: str) -> bytes | None:
        """The bytes stored under ``path`` (from ``/attachments`` on), or None."""
        blob = self._blobs.get(path)
        return blob if blob is not None else self._blobs.get(CDN_BASE + path)


class LocalBackend(ModeratedBackend):
    """simcord's backend with bounded logs and the state it has no place for."""

    _last_id = 0

    def __init__(self, *, clock: Any, keep: int) -> None:
        super().__init__(clock=clock)
        self.cdn = LocalCdn()
        self.kept_entries = keep
        # simcord appends to these lists for ever; a bounded deque takes the same calls.
        self.transcript = cast("list[tuple[str, str, Any]]", deque[tuple[str, str, Any]](maxlen=keep))
        self.http_requests = cast("list[Any]", deque[Any](maxlen=0))
        # A bot made today has one id for itself and its application; libraries read it from the token.
        self.application_id = self.bot_user.id
        #: The person who owns the application, as GET /applications/@me names them.
        self.developer = self.make_user("developer")
        self.nsfw_channels: set[int] = set()
        #: Which interaction opened the form that a modal submission answers, by the latter's id.
        self.form_openers: dict[int, int] = {}
        #: Closed direct messages, blocks, pins, slow mode.
        self.memory = Memory(clock.now)
        self._nonces: OrderedDict[tuple[int, int, str], tuple[float, int]] = OrderedDict()
        self._shard_ids_given = 0

    # ------------------------------------------------------------------ identifiers

    def snowflake(self) -> int:
        """The next id at the clock's instant: ever rising, without remembering every id given."""
        milliseconds = int(self.clock.now().timestamp() * 1000) - 1420070400000
        value = max(milliseconds << 22, self._last_id + 1)
        while value in self._reserved_ids:
            value += 1
        self._last_id = value
        return value

    def snowflake_for_shard(self, shard_id: int, shard_count: int) -> int:
        """An id whose ``(id >> 22) % shard_count`` is ``shard_id``, slightly in the past."""
        milliseconds = int(self.clock.now().timestamp() * 1000) - 1420070400000
        milliseconds -= (milliseconds - shard_id) % shard_count
        self._shard_ids_given += 1
        # The upper half of the low bits is never reached by snowflake(), so the two never collide.
        return self.reserve_id((milliseconds << 22) | (1 << 21) | self._shard_ids_given)

    # ------------------------------------------------------------------ nonces

    def remember_nonce(self, channel_id: int, author_id: int, nonce: str, message_id: int) -> None:
        """Keep ``nonce`` so that a repeat within a few minutes finds the first message."""
        now = self.clock.now().timestamp()
        while self._nonces and next(iter(self._nonces.values()))[0] < now - NONCE_MEMORY:
            self._nonces.popitem(last=False)
        self._nonces[(channel_id, author_id, nonce)] = (now, message_id)

    def message_of_nonce(self, channel_id: int, author_id: int, nonce: str) -> int | None:
        """The id of the message that the author sent here with this nonce lately, if any."""
        known = self._nonces.get((channel_id, author_id, nonce))
        if known is None or known[0] < self.clock.now().timestamp() - NONCE_MEMORY:
            return None
        return known[1]

    # ------------------------------------------------------------------ channels

    def announce_channel_create(self, channel_id: int) -> None:
        """Tell of a channel only when everything about it is set."""
        self.emit("CHANNEL_CREATE", serializers.channel_payload(self, self.get_channel(channel_id)))

    # ------------------------------------------------------------------ messages

    def delete_recent(self, guild_id: int, user_id: int, seconds: int) -> None:
        """Delete what a person wrote in a guild in the last ``seconds``, as a ban may ask."""
        if seconds <= 0:
            return
        guild = self.get_guild(guild_id)
        since = (self.clock.now() - timedelta(seconds=seconds)).isoformat()
        for channel_id in [*guild.channel_ids, *guild.thread_ids]:
            recent = [
                message.id
                for message in self.messages.get(channel_id, {}).values()
                if message.author_id == user_id and message.timestamp >= since
            ]
            if recent:
                self.bulk_delete_messages(channel_id, recent)

    def _forward_source(self, channel_id: int, author_id: int, reference: dict[str, Any]) -> Any:
        """What a forward copies; simcord refuses another forward, which Discord passes on."""
        stored = self.messages.get(int(reference["channel_id"]), {}).get(int(reference["message_id"]))
        if stored is None or not stored.snapshots:
            return super()._forward_source(channel_id, author_id, reference)
        snapshots, stored.snapshots = stored.snapshots, []
        try:
            return super()._forward_source(channel_id, author_id, reference)
        finally:
            stored.snapshots = snapshots

    # ------------------------------------------------------------------ commands

    def rename_command(self, guild_id: int | None, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Let an edited command keep its id under its new name."""
        commands = self.commands[guild_id]
        del commands[(old["name"], old["type"])]
        commands[(new["name"], new["type"])] = old

    def register_commands(self, guild_id: int | None, payloads: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Replace a scope's commands, keeping ids, ``nsfw`` and a version that rises with changes."""
        extras = [{"nsfw": bool(p.get("nsfw", False)), "handler": p.get("handler")} for p in payloads]
        plain = [{k: v for k, v in p.items() if k not in _COMMAND_EXTRAS} for p in payloads]
        before = dict(self.commands.get(guild_id, {}))
        registered = super().register_commands(guild_id, plain)
        for command, extra in zip(registered, extras, strict=True):
            command["nsfw"] = extra["nsfw"]
            self.complete_command(command, before.get((command["name"], command["type"])))
        return registered

    def complete_command(self, command: dict[str, Any], previous: Mapping[str, Any] | None) -> None:
        """Give a command its ``version``: a new one when anything else changed."""
        same = previous is not None and all(
            previous.get(key) == command.get(key) for key in (previous.keys() | command.keys()) - {"version"}
        )
        command["version"] = previous["version"] if same and previous is not None else str(self.snowflake())


# What a PUT may carry besides simcord's own fields: read-only fields that clients echo back.
_COMMAND_EXTRAS = frozenset({"id", "application_id", "guild_id", "version", "nsfw", "handler"})


def _wrap(name: str, extend: Any) -> None:
    """Replace ``serializers.NAME`` by itself followed by ``extend(payload, *arguments)``, once."""
    original = getattr(serializers, name)
    if getattr(original, "__loopcord__", False):
        return

    def repaired(*args: Any, **kwargs: Any) -> Any:
        payload = original(*args, **kwargs)
        extend(payload, *args)
        return payload

    repaired.__loopcord__ = True  # type: ignore[attr-defined]
    repaired.__wrapped__ = original  # type: ignore[attr-defined]
    repaired.__name__ = name
    setattr(serializers, name, repaired)


def _user(payload: dict[str, Any], *_: Any) -> None:
    payload.setdefault("banner", None)
    payload.setdefault("accent_color", None)


def _member(payload: dict[str, Any], backend: Any, guild: Any, member: Any, *_: Any) -> None:
    if (guild.id, member.user_id) in getattr(backend, "quarantined", ()):
        payload["flags"] |= QUARANTINED


def _channel(payload: dict[str, Any], backend: Any, channel: Any, *_: Any) -> None:
    payload["nsfw"] = channel.id in getattr(backend, "nsfw_channels", ())
    payload.setdefault("flags", 0)
    if channel.type == 15:
        payload.setdefault("default_sort_order", None)
        payload.setdefault("default_forum_layout", 0)


def _guild(payload: dict[str, Any], backend: Any, guild: Any, *_: Any) -> None:
    # Discord sends `unavailable` only around outages and at start; the gateway adds it there.
    payload.pop("unavailable", None)
    me = guild.members.get(backend.bot_user.id)
    if me is not None:
        payload["joined_at"] = me.joined_at
    payload.update(
        nsfw_level=0,
        nsfw=False,
        max_video_channel_users=25,
        max_stage_video_channel_users=50,
        approximate_member_count=len(guild.members),
        approximate_presence_count=len(guild.members),
        widget_enabled=False,
        widget_channel_id=None,
        safety_alerts_channel_id=None,
        incidents_data=None,
    )


def _message(payload: dict[str, Any], backend: Any, message: Any, *_: Any) -> None:
    metadata = payload.get("interaction_metadata")
    if metadata is not None:
        payload["interaction_metadata"] = _interaction_metadata(metadata, backend, message.id)


def _interaction_metadata(metadata: dict[str, Any], backend: Any, message_id: int | None) -> dict[str, Any]:
    """Discord's shape: a target by kind, the message acted on, the interaction that opened a form.

    Source: https://discord.com/developers/docs/resources/message#message-interaction-metadata-object
    """
    record = backend.interactions[int(metadata["id"])]
    owner = str(record.guild_id) if record.guild_id is not None else "0"
    result: dict[str, Any] = {
        "id": metadata["id"],
        "type": metadata["type"],
        "user": serializers.user_payload(backend.users[record.user_id]),
        "authorizing_integration_owners": {"0": owner},
    }
    if "name" in metadata:
        result["name"] = metadata["name"]
        result["command_type"] = metadata.get("command_type", 1)
    if record.target_type == 2 and record.target_id in backend.users:
        result["target_user"] = serializers.user_payload(backend.users[record.target_id])
    elif record.target_id is not None:
        result["target_message_id"] = str(record.target_id)
    if message_id in record.followup_ids and record.message_id is not None:
        result["original_response_message_id"] = str(record.message_id)
    if record.type == 3 and record.source_message_id is not None:
        result["interacted_message_id"] = str(record.source_message_id)
    if record.type == 5:
        opener = backend.interactions[backend.form_openers[record.id]]
        result["triggering_interaction_metadata"] = _interaction_metadata(
            {"id": str(opener.id), "type": int(opener.type)}, backend, None
        )
    return result


def _snapshot(payload: dict[str, Any], _backend: Any, message: Any) -> None:
    """A forward of a forward carries the snapshot of the original; they are not nested.

    Source: https://discord.com/developers/docs/resources/message#message-snapshot-object
    """
    if message.snapshots:
        payload["message"] = copy.deepcopy(message.snapshots[0]["message"])


_wrap("user_payload", _user)
_wrap("member_payload", _member)
_wrap("channel_payload", _channel)
_wrap("guild_create_payload", _guild)
_wrap("message_payload", _message)
_wrap("message_snapshot_payload", _snapshot)
