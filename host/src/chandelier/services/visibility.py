"""Which commands Discord itself shows to whom: default permissions, and what admins set under Integrations.

https://discord.com/developers/docs/interactions/application-commands#permissions
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
import hikari
import lightbulb

__all__ = ["Viewer", "Visibility", "default_permissions", "fetch_visibility"]

_Set = Mapping[tuple[int, int], bool]
"""Whether a target (type, id) may use a command."""
_ROLE = int(hikari.CommandPermissionType.ROLE)
_USER = int(hikari.CommandPermissionType.USER)
_CHANNEL = int(hikari.CommandPermissionType.CHANNEL)


@attrs.frozen(kw_only=True)
class Viewer:
    """Who looks at the list of commands; a role is looked at as a member who has only that role."""

    guild_id: int
    user_id: int | None = None
    role_ids: Collection[int] = ()
    permissions: hikari.Permissions = hikari.Permissions.NONE
    channel_id: int | None = None


@attrs.frozen
class Visibility:
    """What a guild's admins set under Server Settings, Integrations, by the id of the command."""

    application_id: int
    set: Mapping[int, _Set]

    def shows(self, command_id: int | None, needed: hikari.Permissions | None, to: Viewer) -> bool:
        """Whether Discord shows a command; ``needed`` are its default permissions, None for everyone.

        What is set for the command comes before what is set for the whole bot, a member before roles, roles
        before @everyone.
        """
        if hikari.Permissions.ADMINISTRATOR in to.permissions:
            return True
        levels: list[_Set] = [self.set.get(command_id or 0, {}), self.set.get(self.application_id, {})]
        if to.channel_id is not None and _first(levels, _in_channel, to) is False:
            return False
        for_person = _first(levels, _for_person, to)
        if for_person is not None:
            return for_person
        if needed is None:
            return True
        # No permission at all means: nobody but administrators.
        return needed != hikari.Permissions.NONE and not needed & ~to.permissions


async def fetch_visibility(
    rest: hikari.api.RESTClient, application_id: int, guild_id: int
) -> Visibility | None:
    """What a guild's admins set for the bot's commands; None when Discord does not say."""
    try:
        fetched: Sequence[Any] = await rest.fetch_application_guild_commands_permissions(
            application_id, guild_id
        )
    except hikari.HTTPError:
        return None
    return Visibility(
        application_id,
        {
            int(each.id): {
                (int(permission.type), int(permission.id)): permission.has_access
                for permission in each.permissions
            }
            for each in fetched
        },
    )


def default_permissions(command: Any) -> hikari.Permissions | None:
    """The permissions that a command or group asks for by default; None when it is for everyone."""
    data = command if isinstance(command, lightbulb.Group) else command._command_data
    needed = data.default_member_permissions
    return None if needed is hikari.UNDEFINED else needed


def _first(levels: Sequence[_Set], look: Any, to: Viewer) -> bool | None:
    return next((found for level in levels if (found := look(level, to)) is not None), None)


def _in_channel(level: _Set, to: Viewer) -> bool | None:
    own = level.get((_CHANNEL, int(to.channel_id or 0)))
    return level.get((_CHANNEL, to.guild_id - 1)) if own is None else own  # "all channels"


def _for_person(level: _Set, to: Viewer) -> bool | None:
    if to.user_id is not None and (own := level.get((_USER, to.user_id))) is not None:
        return own
    roles = [level[_ROLE, int(role)] for role in to.role_ids if (_ROLE, int(role)) in level]
    return any(roles) if roles else level.get((_ROLE, to.guild_id))
