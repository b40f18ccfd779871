"""Actors: people who do what a client would let them do, and wait until the bot has dealt with it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import interactions, modals, permissions
from ._simcord import (
    BackendError,
    MessageModel,
    SetupError,
    reaction_permissions,
    serializers,
)
from .audit import Event
from .errors import ActError
from .guilds import Channel, Role
from .messages import Message, Reply
from .routes_moderation import REASON_LENGTH
from .rules import limits, people
from .rules.forms import describe
from .users import User

if TYPE_CHECKING:
    from .guilds import Guild

__all__ = ["Member"]


class Member(User):
    """A member of a guild: arranged by the test, then acting as a real client could."""

    def __init__(self, guild: Guild, user_id: int) -> None:
        super().__init__(guild.discord, user_id)
        self.guild = guild

    # ------------------------------------------------------------------ what they are

    @property
    def present(self) -> bool:
        """Whether they are in the guild now."""
        return self.id in self.guild.model.members

    @property
    def nick(self) -> str | None:
        """The nickname in this guild."""
        return self.guild.model.members[self.id].nick if self.present else None

    @property
    def roles(self) -> list[Role]:
        """Their roles, without @everyone."""
        if not self.present:
            return []
        return [
            Role(self.guild, self.guild.model.roles[i]) for i in self.guild.model.members[self.id].role_ids
        ]

    @property
    def timed_out_until(self) -> str | None:
        """When a timeout ends, as Discord's ISO 8601 text; None without one, past ones included."""
        until = self.guild.model.members[self.id].timed_out_until if self.present else None
        if until is None or datetime.fromisoformat(until) <= self.discord.clock.now():
            return None
        return until

    @property
    def quarantined(self) -> bool:
        """Whether a rule of auto-moderation about names keeps them from interacting."""
        return (self.guild.id, self.id) in self.discord.backend.quarantined

    def permissions_in(self, channel: Channel) -> list[str]:
        """Their effective permissions in a channel, by Discord's documented names."""
        bits = self.discord.backend.compute_permissions(self.guild.id, self.id, channel.id)
        return permissions.names(bits)

    def set_roles(self, roles: Sequence[Role]) -> None:
        """Arrange: give exactly these roles, without permission checks."""
        self.discord.backend.edit_member(self.guild.id, self.id, {"role_ids": [role.id for role in roles]})

    def close_dms(self) -> None:
        """Arrange: take no direct messages from the bot any more; its next one meets 50007."""
        self.discord.backend.memory.closed_dms.add(self.id)

    def open_dms(self) -> None:
        """Arrange: take direct messages again, as everybody does at first."""
        self.discord.backend.memory.closed_dms.discard(self.id)

    def block(self, other: User) -> None:
        """Arrange: block somebody, who then can neither write to this person nor react to them."""
        self.discord.backend.memory.blocks.add((self.id, other.id))

    @contextlib.contextmanager
    def doing(self, reason: str | None = None) -> Generator[None]:
        """Arrange in their name: what builders do inside is in the audit log as done by this member."""
        with self.discord.backend.acting(self.id, reason):
            yield

    # ------------------------------------------------------------------ chat

    async def send(
        self,
        channel: Channel,
        content: str = "",
        *,
        reply_to: Message | None = None,
        attachments: Sequence[tuple[str, bytes]] = (),
        embeds: Sequence[Mapping[str, Any]] = (),
    ) -> Message:
        """Write a message; ``embeds`` only as a bot member, ``attachments`` as (file name, bytes)."""
        backend = self.discord.backend
        if embeds and not self.bot:
            raise ActError(f"{self.name} is no bot; a client cannot send embeds")
        async with self._judged(f"write in #{channel.name}"):
            wanted = ["send_messages_in_threads" if channel.model.is_thread else "send_messages"]
            wanted += ["attach_files"] if attachments else []
            self._require(channel, *wanted)
            people.check_slowmode(backend, channel.model, self.id)
            kept = people.check_written(content, embeds, files=len(attachments))
            reference = None
            if reply_to is not None:
                original = interactions.visible_message(self, reply_to)
                reference = {"channel_id": str(original.channel_id), "message_id": str(original.id)}
            model = backend.submit_message(
                channel.id,
                self.id,
                content,
                reference=reference,
                attachments=backend.store_attachments(channel.id, attachments),
                embeds=kept,
            )
            people.note_written(backend, channel.model, self.id)
        return Message(self.discord, model)

    async def forward(self, message: Message, channel: Channel) -> Message:
        """Forward a message natively to another channel."""
        backend = self.discord.backend
        with self._acting(f"forward to #{channel.name}"):
            reference = {"type": 1, "channel_id": str(message.channel_id), "message_id": str(message.id)}
            people.check_slowmode(backend, channel.model, self.id)
            model = backend.create_message(channel.id, self.id, reference=reference)
            people.note_written(backend, channel.model, self.id)
        await self.discord.settle()
        return Message(self.discord, model)

    async def edit(
        self, message: Message, content: str, *, embeds: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Change one's own message; ``embeds`` only as a bot member, None leaves them."""
        if embeds and not self.bot:
            raise ActError(f"{self.name} is no bot; a client cannot send embeds")
        async with self._judged("edit a message"):
            stored = self._own(message, "edit")
            changes: dict[str, Any] = {"content": content}
            kept = people.check_written(content, embeds, files=0, old=stored)
            if kept is not None:
                changes["embeds"] = kept
            self.discord.backend.submit_edit(stored.channel_id, stored.id, changes)

    async def delete(self, message: Message | Reply) -> None:
        """Delete one's own message, or anybody's with Manage Messages; an ephemeral answer is dismissed."""
        with self._acting("delete a message"):
            stored = interactions.visible_message(self, message)
            if stored.author_id != self.id and not stored.is_ephemeral:
                self._require(self._channel_of(stored), "manage_messages")
            self.discord.backend.delete_message(stored.channel_id, stored.id)
        await self.discord.settle()

    async def react(self, message: Message, emoji: str) -> None:
        """Add a reaction: a Unicode emoji, or ``name:id``."""
        with self._acting("react"):
            stored = interactions.visible_message(self, message)
            channel = self._channel_of(stored)
            self._require(channel, *reaction_permissions(stored, emoji))
            people.check_reaction(self.discord.backend, channel.model, stored, emoji, self.id)
            self.discord.backend.set_reaction(stored.channel_id, stored.id, emoji, self.id, True)
        await self.discord.settle()

    async def unreact(self, message: Message, emoji: str) -> None:
        """Take one's own reaction back."""
        with self._acting("take a reaction back"):
            stored = interactions.visible_message(self, message)
            if self.id not in Message(self.discord, stored).reactions.get(emoji, []):
                raise ActError(f"{self.name} has not reacted with {emoji}")
            self.discord.backend.set_reaction(stored.channel_id, stored.id, emoji, self.id, False)
        await self.discord.settle()

    async def type(self, channel: Channel) -> None:
        """Be seen typing."""
        with self._acting(f"type in #{channel.name}"):
            self._require(channel, "send_messages")
            backend = self.discord.backend
            payload: dict[str, Any] = {
                "channel_id": str(channel.id),
                "user_id": str(self.id),
                "timestamp": int(self.discord.clock.now().timestamp()),
            }
            if channel.model.guild_id is not None:
                model = self.guild.model
                payload["guild_id"] = str(model.id)
                payload["member"] = serializers.member_payload(backend, model, model.members[self.id])
            backend.emit("TYPING_START", payload)
        await self.discord.settle()

    # ------------------------------------------------------------------ commands and components

    def commands(self, channel: Channel) -> list[dict[str, Any]]:
        """The slash commands that the client offers here."""
        return interactions.visible_commands(self, channel)

    async def slash(self, channel: Channel, name: str, /, **options: Any) -> Reply:
        """Use a slash command by its whole path (``"case view"``) and wait for the answer."""
        with self._acting(f"use /{name}"):
            reply = interactions.slash(self, channel, name, options)
        return await self._answer(reply)

    def start_slash(self, channel: Channel, name: str, /, **options: Any) -> Reply:
        """Use a slash command without waiting: the reply fills in as the bot acts."""
        with self._acting(f"use /{name}"):
            return interactions.slash(self, channel, name, options)

    async def autocomplete(
        self, channel: Channel, command: str, option: str, value: Any, /, **filled: Any
    ) -> list[dict[str, Any]]:
        """Type into an option; returns what the bot offered, as ``{"name", "value"}``."""
        with self._acting(f"complete /{command}"):
            reply = interactions.autocomplete(self, channel, command, option, value, filled)
        return (await self._answer(reply)).choices

    async def menu(self, channel: Channel, name: str, target: User | Message, /) -> Reply:
        """Use a command from the context menu of a member or a message."""
        with self._acting(f"use {name!r}"):
            reply = interactions.menu(self, channel, name, target)
        return await self._answer(reply)

    async def press(
        self, message: Message | Reply, *, label: str | None = None, custom_id: str | None = None
    ) -> Reply:
        """Press a button, by label or custom id."""
        await self.discord.settle()
        with self._acting("press a button"):
            reply = interactions.press(self, message, label=label, custom_id=custom_id)
        return await self._answer(reply)

    async def choose(
        self, message: Message | Reply, values: Sequence[Any], *, custom_id: str | None = None
    ) -> Reply:
        """Choose in a select menu: strings, or members, roles and channels."""
        await self.discord.settle()
        with self._acting("choose in a menu"):
            reply = interactions.choose(self, message, values, custom_id=custom_id)
        return await self._answer(reply)

    async def submit(self, shown: Reply, values: Mapping[str, Any]) -> Reply:
        """Submit the form that ``shown`` opened, with values by custom id."""
        await self.discord.settle()
        with self._acting("submit a form"):
            reply = modals.submit(self, shown, values)
        return await self._answer(reply)

    async def _answer(self, reply: Reply) -> Reply:
        await self.discord.settle()
        if not reply.acknowledged and not self.discord.has_idle_probes and self.discord.connections:
            # Without a probe a bot may still be at work in a thread or another process.
            await self.discord.until(lambda: reply.acknowledged, patience=_ACK_PATIENCE)
            await self.discord.settle()
        return reply

    # ------------------------------------------------------------------ coming, going, moderating

    async def rename(self, nick: str | None) -> None:
        """Change one's own nickname; None takes it off."""
        async with self._judged("change their nickname"):
            self.discord.backend.require_permissions(self.guild.id, self.id, None, "change_nickname")
            self.discord.backend.submit_nick(self.guild.id, self.id, nick)

    async def leave(self) -> None:
        """Leave the guild."""
        with self._acting("leave"):
            self.discord.backend.remove_member(self.guild.id, self.id)
        await self.discord.settle()

    async def rejoin(self) -> None:
        """Come back, without the roles of before."""
        await self.guild.join(self)

    async def kick(self, target: User, *, reason: str | None = None) -> None:
        """Kick a member."""
        backend = self.discord.backend
        with self._acting(f"kick {target.name}", reason):
            self._moderate("kick_members", target)
            backend.remove_member(self.guild.id, target.id)
            backend.record_audit_log(self.guild.id, Event.MEMBER_KICK, target_id=target.id)
        await self.discord.settle()

    async def ban(self, target: User, *, reason: str | None = None, delete_message_seconds: int = 0) -> None:
        """Ban somebody, present or not, and delete what they wrote in the last seconds."""
        backend = self.discord.backend
        if not 0 <= delete_message_seconds <= limits.BAN_DELETE_SECONDS:
            raise ActError(
                f"a ban deletes what was written in the last 0 to {limits.BAN_DELETE_SECONDS} seconds, "
                f"not {delete_message_seconds:g}"
            )
        with self._acting(f"ban {target.name}", reason):
            self._moderate("ban_members", target)
            backend.apply_ban(self.guild.id, target.id, reason)
            backend.delete_recent(self.guild.id, target.id, delete_message_seconds)
        await self.discord.settle()

    async def unban(self, target: User, *, reason: str | None = None) -> None:
        """Lift a ban."""
        with self._acting(f"unban {target.name}", reason):
            self.discord.backend.require_permissions(self.guild.id, self.id, None, "ban_members")
            self.discord.backend.remove_ban(self.guild.id, target.id)
        await self.discord.settle()

    async def time_out(self, target: User, seconds: float, *, reason: str | None = None) -> None:
        """Time a member out for ``seconds`` (0 ends a timeout; at most 28 days)."""
        if not 0 <= seconds <= limits.TIMEOUT:
            raise ActError(f"a timeout lasts 0 to {limits.TIMEOUT} seconds, not {seconds:g}")
        backend = self.discord.backend
        until = (self.discord.clock.now() + timedelta(seconds=seconds)).isoformat() if seconds else None
        with self._acting(f"time {target.name} out", reason):
            self._moderate("moderate_members", target)
            people.check_timeout_target(backend, self.guild.id, target.id)
            backend.edit_member(self.guild.id, target.id, {"timed_out_until": until})
        await self.discord.settle()

    async def give_role(self, target: User, role: Role, *, reason: str | None = None) -> None:
        """Give a member a role that is below one's own."""
        await self._change_role(target, role, reason, add=True)

    async def take_role(self, target: User, role: Role, *, reason: str | None = None) -> None:
        """Take a role, below one's own, from a member."""
        await self._change_role(target, role, reason, add=False)

    async def _change_role(self, target: User, role: Role, reason: str | None, *, add: bool) -> None:
        backend = self.discord.backend
        with self._acting(f"change the roles of {target.name}", reason):
            backend.require_permissions(self.guild.id, self.id, None, "manage_roles")
            backend.require_role_assignable(self.guild.id, self.id, role.id)
            (backend.add_member_role if add else backend.remove_member_role)(
                self.guild.id, target.id, role.id
            )
        await self.discord.settle()

    # ------------------------------------------------------------------ checks

    def _require(self, channel: Channel, *names: str) -> None:
        self.discord.backend.require_permissions(channel.model.guild_id, self.id, channel.id, *names)

    def _moderate(self, permission: str, target: User) -> None:
        backend = self.discord.backend
        backend.require_permissions(self.guild.id, self.id, None, permission)
        if target.id == self.id:
            raise ActError(f"{self.name} cannot do that to themself")
        backend.require_hierarchy(self.guild.id, self.id, target.id)

    def _own(self, message: Message, verb: str) -> MessageModel:
        stored = interactions.visible_message(self, message)
        if stored.author_id != self.id:
            raise ActError(f"{self.name} can only {verb} their own messages")
        return stored

    def _channel_of(self, stored: MessageModel) -> Channel:
        return Channel(self.discord, self.discord.backend.get_channel(stored.channel_id))

    @contextlib.asynccontextmanager
    async def _judged(self, what: str) -> AsyncGenerator[None]:
        """An act that auto-moderation may refuse, which the bot hears of: settled either way."""
        try:
            with self._acting(what):
                yield
        finally:
            await self.discord.settle()

    @contextlib.contextmanager
    def _acting(self, what: str, reason: str | None = None) -> Generator[None]:
        if reason is not None and len(reason) > REASON_LENGTH:
            raise ActError(f"a reason has at most {REASON_LENGTH} characters, not {len(reason)}")
        try:
            with self.discord.backend.acting(self.id, reason):
                yield
        except BackendError as error:
            why = "; ".join([error.message, *describe(error.errors or {})])
            wait = error.retry_after if isinstance(error, people.SlowmodeError) else None
            if wait is not None:
                why = f"{why} They may in {wait:g} seconds"
            raise ActError(
                f"{self.name} cannot {what}: {why} ({error.code})", code=error.code, retry_after=wait
            ) from error
        except SetupError as error:
            raise ActError(f"{self.name} cannot {what}: {error}") from error


#: Real seconds to wait for an acknowledgement from a bot that does not say when it is idle;
#: Discord itself gives up after three.
_ACK_PATIENCE = 3.0
