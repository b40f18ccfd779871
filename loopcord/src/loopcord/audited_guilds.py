"""What is done to a guild, its members, roles, channels and messages, with the entries it leaves.

When there is an entry at all says :mod:`loopcord.audited`, what is in it :mod:`loopcord.audit_facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from . import audit_facts as facts
from ._simcord import ChannelModel, MemberModel, Overwrite, RoleModel
from .audit import Event, differences, gone, made
from .audited import AuditedBackend

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["AuditedGuilds"]


class AuditedGuilds(AuditedBackend):
    """The audited mutations of what a guild consists of."""

    @property
    def _local(self) -> LocalBackend:
        return cast("LocalBackend", self)

    # ------------------------------------------------------------------ guild, members, bans

    def edit_guild(self, guild_id: int, changes: Mapping[str, Any]) -> Any:
        before = facts.guild(self.get_guild(guild_id))
        guild = super().edit_guild(guild_id, changes)
        if difference := differences(before, facts.guild(guild)):
            self.note(guild_id, Event.GUILD_UPDATE, guild_id, difference)
        return guild

    def edit_member(
        self,
        guild_id: int,
        user_id: int,
        changes: Mapping[str, Any],
        *,
        move_voice: bool = False,
        channel_id: int | None = None,
    ) -> MemberModel:
        member = self.get_member(guild_id, user_id)
        before, roles = facts.member(member), list(member.role_ids)
        member = super().edit_member(guild_id, user_id, changes, move_voice=move_voice, channel_id=channel_id)
        if difference := differences(before, facts.member(member)):
            self.note(guild_id, Event.MEMBER_UPDATE, user_id, difference)
        self._note_roles(guild_id, user_id, roles, member.role_ids)
        return member

    def add_member_role(self, guild_id: int, user_id: int, role_id: int) -> None:
        before = list(self.get_member(guild_id, user_id).role_ids)
        super().add_member_role(guild_id, user_id, role_id)
        self._note_roles(guild_id, user_id, before, self.get_member(guild_id, user_id).role_ids)

    def remove_member_role(self, guild_id: int, user_id: int, role_id: int) -> None:
        before = list(self.get_member(guild_id, user_id).role_ids)
        super().remove_member_role(guild_id, user_id, role_id)
        self._note_roles(guild_id, user_id, before, self.get_member(guild_id, user_id).role_ids)

    def _note_roles(self, guild_id: int, user_id: int, before: list[int], after: list[int]) -> None:
        known = self.get_guild(guild_id).roles
        changes: list[dict[str, Any]] = []
        for key, here, there in (("$add", after, before), ("$remove", before, after)):
            roles = [{"id": str(i), "name": known[i].name} for i in here if i not in there and i in known]
            if roles:
                changes.append({"key": key, "new_value": roles})
        if changes:
            self.note(guild_id, Event.MEMBER_ROLE_UPDATE, user_id, changes)

    def add_member(self, guild_id: int, user_id: int, **fields: Any) -> MemberModel:
        member = super().add_member(guild_id, user_id, **fields)
        if self._act is not None and self.users[user_id].bot:
            self.note(guild_id, Event.BOT_ADD, user_id)
        return member

    def apply_ban(self, guild_id: int, user_id: int, reason: str | None) -> None:
        super().apply_ban(guild_id, user_id, reason)
        self.note(guild_id, Event.MEMBER_BAN_ADD, user_id)

    def remove_ban(self, guild_id: int, user_id: int) -> None:
        super().remove_ban(guild_id, user_id)
        self.note(guild_id, Event.MEMBER_BAN_REMOVE, user_id)

    # ------------------------------------------------------------------ roles

    def create_role(self, guild_id: int, name: str, *, permissions: int = 0, **fields: Any) -> RoleModel:
        role = super().create_role(guild_id, name, permissions=permissions, **fields)
        self.note(guild_id, Event.ROLE_CREATE, role.id, made(facts.role(role)))
        return role

    def edit_role(self, guild_id: int, role_id: int, changes: Mapping[str, Any]) -> RoleModel:
        before = facts.role(self.get_role(guild_id, role_id))
        role = super().edit_role(guild_id, role_id, changes)
        if difference := differences(before, facts.role(role)):
            self.note(guild_id, Event.ROLE_UPDATE, role_id, difference)
        return role

    def delete_role(self, guild_id: int, role_id: int) -> None:
        before = facts.role(self.get_role(guild_id, role_id))
        super().delete_role(guild_id, role_id)
        self.note(guild_id, Event.ROLE_DELETE, role_id, gone(before))

    # ------------------------------------------------------------------ channels, threads, overwrites

    def create_channel(self, guild_id: int | None, name: str | None, **fields: Any) -> ChannelModel:
        channel = super().create_channel(guild_id, name, **fields)
        overwrites = [facts.overwrite(each) for each in channel.overwrites]
        state = {**facts.channel(self._local, channel), "permission_overwrites": overwrites}
        self.note(guild_id, Event.CHANNEL_CREATE, channel.id, made(state))
        return channel

    def edit_channel(
        self,
        channel_id: int,
        changes: Mapping[str, Any],
        *,
        overwrites: list[Overwrite] | None = None,
        thread_metadata: Mapping[str, Any] | None = None,
    ) -> ChannelModel:
        channel = self.get_channel(channel_id)
        before, permissions = self._channel_facts(channel), list(channel.overwrites)
        channel = super().edit_channel(
            channel_id, changes, overwrites=overwrites, thread_metadata=thread_metadata
        )
        self._note_channel(channel, before)
        self._note_overwrites(channel, permissions)
        return channel

    def set_nsfw(self, channel_id: int, nsfw: bool) -> None:
        """Mark a channel as age-restricted, or no longer, and announce it."""
        channel = self.get_channel(channel_id)
        before = self._channel_facts(channel)
        marked = self._local.nsfw_channels
        (marked.add if nsfw else marked.discard)(channel_id)
        self.announce_channel_update(channel_id)
        self._note_channel(channel, before)

    def delete_channel(self, channel_id: int) -> None:
        channel = self.get_channel(channel_id)
        before = self._channel_facts(channel)
        if not channel.is_thread:
            before["permission_overwrites"] = [facts.overwrite(each) for each in channel.overwrites]
        super().delete_channel(channel_id)
        event = Event.THREAD_DELETE if channel.is_thread else Event.CHANNEL_DELETE
        self.note(channel.guild_id, event, channel_id, gone(before))

    def create_thread(self, parent_id: int, name: str, owner_id: int, **fields: Any) -> ChannelModel:
        thread = super().create_thread(parent_id, name, owner_id, **fields)
        self.note(thread.guild_id, Event.THREAD_CREATE, thread.id, made(facts.thread(thread)))
        return thread

    def set_overwrite(self, channel_id: int, overwrite: Overwrite) -> None:
        channel = self.get_channel(channel_id)
        before = list(channel.overwrites)
        super().set_overwrite(channel_id, overwrite)
        self._note_overwrites(channel, before)

    def delete_overwrite(self, channel_id: int, target_id: int) -> None:
        channel = self.get_channel(channel_id)
        before = list(channel.overwrites)
        super().delete_overwrite(channel_id, target_id)
        self._note_overwrites(channel, before)

    def _channel_facts(self, channel: ChannelModel) -> dict[str, Any]:
        return facts.thread(channel) if channel.is_thread else facts.channel(self._local, channel)

    def _note_channel(self, channel: ChannelModel, before: dict[str, Any]) -> None:
        if difference := differences(before, self._channel_facts(channel)):
            event = Event.THREAD_UPDATE if channel.is_thread else Event.CHANNEL_UPDATE
            self.note(channel.guild_id, event, channel.id, difference)

    def _note_overwrites(self, channel: ChannelModel, before: Iterable[Overwrite]) -> None:
        if channel.guild_id is None:
            return
        guild = self.get_guild(channel.guild_id)
        old = {each.target_id: each for each in before}
        new = {each.target_id: each for each in channel.overwrites}
        for target, each in {**old, **new}.items():
            was = facts.overwrite(old[target]) if target in old else {}
            now = facts.overwrite(new[target]) if target in new else {}
            if was == now:
                continue
            event = (
                Event.CHANNEL_OVERWRITE_CREATE
                if not was
                else Event.CHANNEL_OVERWRITE_UPDATE
                if now
                else Event.CHANNEL_OVERWRITE_DELETE
            )
            options = facts.overwrite_options(guild, each)
            self.note(guild.id, event, channel.id, differences(was, now), options)

    # ------------------------------------------------------------------ messages

    def delete_message(self, channel_id: int, message_id: int) -> None:
        message = self.get_message(channel_id, message_id)
        super().delete_message(channel_id, message_id)
        doer = self._act.user_id if self._act is not None else None
        # "We intentionally do not add to audit log if a user deletes their own message or a bot deletes a
        # single message." https://github.com/discord/discord-api-docs/issues/7856
        if doer is None or doer == message.author_id or self.users[doer].bot or message.is_ephemeral:
            return
        options = {"channel_id": str(channel_id), "count": "1"}
        guild_id = self.get_channel(channel_id).guild_id
        self.note(guild_id, Event.MESSAGE_DELETE, message.author_id, None, options)

    def set_pinned(
        self, channel_id: int, message_id: int, pinned: bool, *, actor_id: int | None = None
    ) -> None:
        message = self.get_message(channel_id, message_id)
        was = message.pinned
        super().set_pinned(channel_id, message_id, pinned, actor_id=actor_id)
        if was != pinned:
            event = Event.MESSAGE_PIN if pinned else Event.MESSAGE_UNPIN
            options = {"channel_id": str(channel_id), "message_id": str(message_id)}
            self.note(self.get_channel(channel_id).guild_id, event, message.author_id, None, options)
