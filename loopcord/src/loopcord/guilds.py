"""Builders: guilds, channels and roles, arranged at will and without asking for permission."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from . import permissions
from ._simcord import ChannelModel, ChannelType, GuildModel, MessageModel, Overwrite, OverwriteType, RoleModel
from .automod_rules import arrange_rule
from .errors import ActError, WorldError
from .incidents import Paused
from .messages import Message
from .users import User

if TYPE_CHECKING:
    from .local import LocalDiscord
    from .members import Member

__all__ = ["Channel", "Guild", "Role"]


class Role:
    """A role of a guild."""

    def __init__(self, guild: Guild, model: RoleModel) -> None:
        self.guild = guild
        self.model = model
        self.id = model.id

    @property
    def name(self) -> str:
        """The role's name."""
        return self.model.name

    @property
    def mention(self) -> str:
        """What mentions this role in a message."""
        return f"<@&{self.id}>"

    @property
    def permissions(self) -> list[str]:
        """The permissions it grants, by Discord's documented names."""
        return permissions.names(self.model.permissions)

    @property
    def members(self) -> list[Member]:
        """Who has it."""
        return [member for member in self.guild.members if self in member.roles]

    def delete(self) -> None:
        """Take the role away from everybody and remove it."""
        self.guild.discord.backend.delete_role(self.guild.id, self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Role) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Role {self.name} {self.id}>"


class Channel:
    """A channel: text, voice, a category, a thread or a direct message."""

    def __init__(self, discord: LocalDiscord, model: ChannelModel) -> None:
        self.discord = discord
        self.model = model
        self.id = model.id

    @property
    def name(self) -> str:
        """The channel's name; empty for direct messages."""
        return self.model.name or ""

    @property
    def mention(self) -> str:
        """What links to this channel in a message."""
        return f"<#{self.id}>"

    @property
    def topic(self) -> str | None:
        """The channel's topic."""
        return self.model.topic

    @property
    def guild(self) -> Guild | None:
        """The guild it belongs to; None for direct messages."""
        if self.model.guild_id is None:
            return None
        return Guild(self.discord, self.discord.backend.guilds[self.model.guild_id])

    @property
    def messages(self) -> list[Message]:
        """What everybody can read here, oldest first; ephemeral answers are not among it."""
        stored: Iterable[MessageModel] = self.discord.backend.messages.get(self.id, {}).values()
        return [Message(self.discord, message) for message in stored if not message.is_ephemeral]

    @property
    def last(self) -> Message:
        """The newest message.

        Raises:
            WorldError: when there is none.
        """
        for message in reversed(self.discord.backend.messages.get(self.id, {}).values()):
            if not message.is_ephemeral:
                return Message(self.discord, message)
        raise WorldError(f"there is no message in #{self.name}")

    def post(self, author: User, content: str = "", *, embeds: Sequence[dict[str, Any]] = ()) -> Message:
        """Put a message here at once, without permission checks and without settling."""
        model = self.discord.backend.create_message(
            self.id, author.id, content, embeds=[dict(e) for e in embeds]
        )
        return Message(self.discord, model)

    def set_slowmode(self, seconds: int) -> None:
        """Let people wait so long between two messages here (0 to 21600; 0 ends it); bots need not."""
        self.discord.backend.edit_channel(self.id, {"rate_limit_per_user": seconds})

    def set_overwrite(
        self, target: Role | User, *, allow: Iterable[str] = (), deny: Iterable[str] = ()
    ) -> None:
        """Allow and deny permissions here for a role or a member, replacing what was set for them."""
        kind = OverwriteType.ROLE if isinstance(target, Role) else OverwriteType.MEMBER
        self.discord.backend.set_overwrite(
            self.id, Overwrite(target.id, kind, permissions.to_bits(allow), permissions.to_bits(deny))
        )

    def delete(self) -> None:
        """Delete the channel and its messages."""
        self.discord.backend.delete_channel(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Channel) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Channel #{self.name} {self.id}>"


class Guild:
    """A guild and all that can be built in it."""

    def __init__(self, discord: LocalDiscord, model: GuildModel) -> None:
        self.discord = discord
        self.model = model
        self.id = model.id

    @property
    def name(self) -> str:
        """The guild's name."""
        return self.model.name

    @property
    def locale(self) -> str:
        """The guild's preferred locale."""
        return self.model.preferred_locale

    def set_locale(self, locale: str) -> None:
        """Choose the guild's preferred locale, as its owner may once it is a community."""
        self.discord.backend.edit_guild(self.id, {"preferred_locale": locale})

    # ------------------------------------------------------------------ channels

    def _channel(self, name: str, kind: ChannelType, **fields: Any) -> Channel:
        return Channel(self.discord, self.discord.backend.create_channel(self.id, name, type=kind, **fields))

    def create_category(self, name: str) -> Channel:
        """A category that channels can be put into."""
        return self._channel(name, ChannelType.CATEGORY)

    def create_text_channel(
        self, name: str, *, category: Channel | None = None, topic: str | None = None, nsfw: bool = False
    ) -> Channel:
        """A text channel that everybody may read and write unless overwrites say otherwise."""
        channel = self._channel(
            name, ChannelType.TEXT, parent_id=category.id if category else None, topic=topic, announce=False
        )
        if nsfw:
            self.discord.backend.nsfw_channels.add(channel.id)
        self.discord.backend.announce_channel_create(channel.id)
        return channel

    def create_voice_channel(self, name: str, *, category: Channel | None = None) -> Channel:
        """A voice channel; nobody can be heard in it."""
        return self._channel(name, ChannelType.VOICE, parent_id=category.id if category else None)

    @property
    def channels(self) -> list[Channel]:
        """All channels in their order."""
        return [Channel(self.discord, self.discord.backend.channels[i]) for i in self.model.channel_ids]

    def channel(self, name: str) -> Channel:
        """The channel of that name.

        Raises:
            WorldError: when there is none.
        """
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise WorldError(f"{self.name} has no channel #{name}; it has {[c.name for c in self.channels]}")

    def create_emoji(self, name: str) -> str:
        """A custom emoji of this guild; returns what reacts with it, ``name:id``."""
        emoji = self.discord.backend.create_emoji(self.id, name, self.model.owner_id)
        return f"{emoji.name}:{emoji.id}"

    # ------------------------------------------------------------------ roles

    def create_role(
        self,
        name: str,
        permissions: Iterable[str] = (),
        *,
        above: Role | None = None,
        color: int = 0,
        hoist: bool = False,
        mentionable: bool = False,
    ) -> Role:
        """A role just above @everyone, as Discord puts new ones, or just above another role."""
        backend = self.discord.backend
        model = backend.create_role(
            self.id, name, permissions=_bits(permissions), color=color, hoist=hoist, mentionable=mentionable
        )
        role = Role(self, model)
        if above is not None:
            self.move_role(role, above=above)
        return role

    def move_role(self, role: Role, *, above: Role) -> None:
        """Put ``role`` just above another."""
        order = [
            r for r in sorted(self.model.roles.values(), key=lambda r: (r.position, r.id)) if r.id != role.id
        ]
        order.insert(1 + next(i for i, r in enumerate(order) if r.id == above.id), role.model)
        self.discord.backend.reorder_roles(
            self.id, [{"id": r.id, "position": position} for position, r in enumerate(order)]
        )

    @property
    def roles(self) -> list[Role]:
        """All roles, the lowest (@everyone) first."""
        return [Role(self, r) for r in sorted(self.model.roles.values(), key=lambda r: (r.position, r.id))]

    @property
    def everyone(self) -> Role:
        """The @everyone role."""
        return Role(self, self.model.everyone_role)

    @property
    def bot_role(self) -> Role:
        """The bot's own role: on top, with every permission but administrator, unless changed."""
        mine = self.model.members[self.discord.bot.id].role_ids
        return Role(self, next(r for r in self.model.roles.values() if r.id in mine and r.managed))

    def set_bot_permissions(self, permissions: Iterable[str]) -> None:
        """Give the bot's role exactly these permissions."""
        self.discord.backend.edit_role(self.id, self.bot_role.id, {"permissions": _bits(permissions)})

    def set_permissions(self, role: Role, permissions: Iterable[str]) -> None:
        """Give a role exactly these permissions."""
        self.discord.backend.edit_role(self.id, role.id, {"permissions": _bits(permissions)})

    # ------------------------------------------------------------------ auto-moderation

    def create_automod_rule(self, name: str, **fields: Any) -> int:
        """A rule of auto-moderation as the owner would make it, enabled; returns its id.

        ``fields`` are those of Discord's rule object: ``trigger_type``, ``trigger_metadata``, ``actions``,
        ``exempt_roles`` and ``exempt_channels`` (ids, or our own), ``enabled``.
        """
        return arrange_rule(self.discord.backend, self.model, name, fields)

    # ------------------------------------------------------------------ people

    def add_member(
        self,
        who: str | User,
        *,
        roles: Iterable[Role] = (),
        bot: bool = False,
        nick: str | None = None,
        locale: str | None = None,
    ) -> Member:
        """Somebody who has been here all along; the bot is told as of a join.

        ``who`` is a new person's name or somebody already known elsewhere; ``locale`` the language in which
        they use Discord, if not English.
        """
        from .members import Member

        backend = self.discord.backend
        user_id = backend.make_user(who, bot=bot).id if isinstance(who, str) else who.id
        if locale is not None:
            backend.locales[user_id] = locale
        backend.add_member(self.id, user_id, roles=[role.id for role in roles], nick=nick, announce=True)
        return Member(self, user_id)

    async def join(self, who: str | User, *, bot: bool = False) -> Member:
        """Somebody joins; returns when the bot has dealt with it."""
        if not isinstance(who, str) and who.id in self.model.bans:
            raise ActError(f"{who.name} cannot join {self.name}: they are banned", code=40007)
        if self.paused.invites is not None and not bot:
            raise ActError(f"nobody can join {self.name}: its invites are paused")
        member = self.add_member(who, bot=bot)
        self.discord.backend.judge_newcomer(self.id, member.id)
        await self.discord.settle()
        return member

    @property
    def paused(self) -> Paused:
        """Until when ``invites`` and ``dms`` between members are paused; None where they are not."""
        return self.discord.backend.incidents.of(self.id)

    @property
    def members(self) -> list[Member]:
        """Everybody here, the bot included, in order of arrival."""
        from .members import Member

        return [Member(self, user_id) for user_id in self.model.members]

    def member(self, who: int | User) -> Member | None:
        """A member by id, or None when they are not here."""
        from .members import Member

        user_id = who if isinstance(who, int) else who.id
        return Member(self, user_id) if user_id in self.model.members else None

    @property
    def owner(self) -> Member:
        """The guild's owner."""
        from .members import Member

        return Member(self, self.model.owner_id)

    @property
    def bot_member(self) -> Member:
        """The bot as a member."""
        from .members import Member

        return Member(self, self.discord.bot.id)

    # ------------------------------------------------------------------ records

    @property
    def bans(self) -> dict[int, str | None]:
        """Reasons of the bans in force, by user id."""
        return dict(self.model.bans)

    @property
    def audit_log(self) -> list[dict[str, Any]]:
        """What bot and people did, newest first: action_type, user_id, target_id, reason, changes."""
        return [
            {
                "id": entry.id,
                "action_type": int(entry.action_type),
                "user_id": entry.user_id,
                "target_id": entry.target_id,
                "reason": entry.reason,
                "changes": list(entry.changes),
                "options": dict(entry.options),
            }
            for entry in reversed(self.model.audit_log_entries)
        ]

    def remove_bot(self) -> None:
        """The bot is removed from the guild, which is gone for this world."""
        self.discord.backend.remove_guild(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Guild) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Guild {self.name} {self.id}>"


def _bits(names: Iterable[str]) -> int:
    return permissions.to_bits(names)
