"""Where simcord's backend differs from Discord as other libraries than discord.py need it.

State that simcord has no place for (``nsfw``, message nonces, the identity of bot and application) lives
in :class:`LocalBackend`, and what its events lack is put into them. The JSON of single things is repaired in
:mod:`loopcord.payloads`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from simcord.backend import serializers
from simcord.backend.cdn import CDN_BASE, CdnStore

from . import nesting, payloads
from .incidents import Incidents
from .posting import QuickBackend
from .rules.memory import Memory

__all__ = ["LocalBackend", "LocalCdn"]


class LocalCdn(CdnStore):
    """simcord's CDN, with URLs that really answer, and at most ``keep_bytes`` of files, the newest ones."""

    def __init__(self, keep_bytes: int) -> None:
        super().__init__()
        #: ``http://127.0.0.1:PORT/cdn`` once the server listens.
        self.base = CDN_BASE
        self._keep_bytes = keep_bytes
        self._bytes = 0

    def store_attachment(
        self, attachment_id: int, channel_id: int, filename: str, data: bytes, description: str | None
    ) -> dict[str, Any]:
        payload = super().store_attachment(attachment_id, channel_id, filename, data, description)
        blob = self._blobs.pop(payload["url"])
        path = payload["url"].removeprefix(CDN_BASE)
        self._blobs[path] = blob
        self._bound(len(blob))
        payload["url"] = payload["proxy_url"] = self.base + path
        if payload["description"] is None:
            del payload["description"]
        return payload

    def store_sticker(self, sticker_id: int, format_type: int, data: bytes) -> str:
        url = super().store_sticker(sticker_id, format_type, data)
        self._bound(len(data))
        return url

    def _bound(self, added: int) -> None:
        """Count what was added, and let the oldest files go; the newest one stays, however large."""
        self._bytes += added
        while self._bytes > self._keep_bytes and len(self._blobs) > 1:
            self._bytes -= len(self._blobs.pop(next(iter(self._blobs))))

    def read(self, path: str) -> bytes | None:
        """The bytes stored under ``path`` (from ``/attachments`` on), or None."""
        blob = self._blobs.get(path)
        return blob if blob is not None else self._blobs.get(CDN_BASE + path)


class LocalBackend(QuickBackend):
    """simcord's backend with bounded logs and the state it has no place for."""

    _last_id = 0

    def __init__(self, *, clock: Any, keep: int, keep_messages: int, keep_bytes: int) -> None:
        super().__init__(clock=clock, keep=keep, keep_messages=keep_messages)
        self.cdn = LocalCdn(keep_bytes)
        # simcord appends to these lists for ever; a bounded deque takes the same calls.
        self.transcript = cast("list[tuple[str, str, Any]]", deque[tuple[str, str, Any]](maxlen=keep))
        self.http_requests = cast("list[Any]", deque[Any](maxlen=0))
        # A bot made today has one id for itself and its application; libraries read it from the token.
        self.application_id = self.bot_user.id
        #: The person who owns the application, as GET /applications/@me names them.
        self.developer = self.make_user("developer")
        self.nsfw_channels: set[int] = set()
        #: The languages in which people use Discord, by user id; English for everybody else.
        self.locales: dict[int, str] = {}
        #: What guilds have paused, and until when.
        self.incidents = Incidents(clock.now)
        #: Closed direct messages, blocks, pins, slow mode.
        self.memory = Memory(clock.now)
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
            if command.get("default_member_permissions") is not None:  # taken as a number, too
                command["default_member_permissions"] = str(command["default_member_permissions"])
            if command.get("integration_types") is None:
                command["integration_types"] = [0]  # installed to guilds, the default
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


nesting.install()
payloads.install()
