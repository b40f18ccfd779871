"""What the bot may do in every server and in the configured channels, against what plugins ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hikari

from chandelier.cli.doctor.database import opened
from chandelier.cli.doctor.finding import Examination, Finding, Level
from chandelier.config.schema import settings
from chandelier.errors import ChandelierError
from chandelier.plugin import Manifest
from chandelier.services.people import in_channel
from chandelier.storage.guild_settings import GuildSettings

__all__ = ["in_channels", "in_servers", "permission_names"]

MOST_SERVERS = 20
"""Servers whose missing permissions are told one by one."""
IN_CHANNELS = (
    hikari.Permissions.VIEW_CHANNEL
    | hikari.Permissions.SEND_MESSAGES
    | hikari.Permissions.EMBED_LINKS
    | hikari.Permissions.ATTACH_FILES
    | hikari.Permissions.READ_MESSAGE_HISTORY
    | hikari.Permissions.ADD_REACTIONS
    | hikari.Permissions.MANAGE_MESSAGES
    | hikari.Permissions.SEND_MESSAGES_IN_THREADS
)
"""What a channel's overwrites can take away and plugins need there."""


def permission_names(permissions: hikari.Permissions) -> str:
    """As Discord's settings call them: ``Embed Links, Send Messages``."""
    return ", ".join(sorted((flag.name or "?").replace("_", " ").title() for flag in permissions.split()))


async def in_servers(
    manifests: Mapping[str, Manifest], rest: hikari.api.RESTClient
) -> tuple[list[Finding], dict[int, str]]:
    """Servers in which the bot lacks something that a plugin asks for; and the names of all servers."""
    names: dict[int, str] = {}
    found: list[Finding] = []
    lacking = 0
    async for guild in rest.fetch_my_guilds():
        names[int(guild.id)] = guild.name
        have = guild.my_permissions
        if hikari.Permissions.ADMINISTRATOR in have:
            continue
        missing = {name: manifest.permissions & ~have for name, manifest in manifests.items()}
        told = [f"{permission_names(lacks)} (for {name})" for name, lacks in missing.items() if lacks]
        if told:
            lacking += 1
            if lacking <= MOST_SERVERS:
                do = "a server's admin grants it to the bot's role, or uses the invite link again"
                said = f"{guild.name} ({guild.id}): the bot lacks {'; '.join(told)}"
                found.append(Finding("servers", Level.WARNING, said, do))
    if lacking > MOST_SERVERS:
        found.append(Finding("servers", Level.WARNING, f"and {lacking - MOST_SERVERS} more servers"))
    if not lacking:
        many = "one server" if len(names) == 1 else f"{len(names)} servers"
        where = "is in no server yet" if not names else f"may do all that is asked in {many}"
        found.append(Finding("servers", Level.OK, f"the bot {where}"))
    return found, names


async def in_channels(
    patient: Examination, rest: hikari.api.RESTClient, names: Mapping[int, str], *, most: int
) -> list[Finding]:
    """Channels that are configured, but gone, or where overwrites take away what the plugin needs."""
    wanted = await _configured(patient)
    members: dict[int, tuple[hikari.RESTGuild, hikari.Member]] = {}
    me = await rest.fetch_my_user()
    found: list[Finding] = []
    for (plugin, setting, guild_id, channel_id), asked in list(wanted.items())[:most]:
        what = f"{plugin}.{setting}"
        try:
            channel: Any = await rest.fetch_channel(channel_id)
            if isinstance(channel, hikari.GuildThreadChannel):  # threads have the overwrites of their parent
                channel = await rest.fetch_channel(channel.parent_id)
        except (hikari.NotFoundError, hikari.ForbiddenError) as error:
            gone = isinstance(error, hikari.NotFoundError)
            said = f"{what}: the channel {channel_id} {'is gone' if gone else 'cannot be seen by the bot'}"
            do = "choose another with /config edit" if gone else "let the bot view that channel"
            found.append(Finding("channels", Level.WARNING, f"{said}{_where(guild_id, names)}", do))
            continue
        if not isinstance(channel, hikari.PermissibleGuildChannel):
            continue
        home = int(channel.guild_id)
        if home not in members:
            members[home] = (await rest.fetch_guild(home), await rest.fetch_member(home, me.id))
        guild, member = members[home]
        have = in_channel(
            member, roles=guild.roles, owner_id=guild.owner_id, overwrites=channel.permission_overwrites
        )
        if missing := asked & IN_CHANNELS & ~have:
            said = f"{what}: in #{channel.name} the bot lacks {permission_names(missing)}"
            do = "allow it in that channel's permissions for the bot's role"
            found.append(Finding("channels", Level.WARNING, f"{said}{_where(home, names)}", do))
    if len(wanted) > most:
        found.append(
            Finding("channels", Level.OK, f"{len(wanted) - most} configured channels were not asked for")
        )
    return found


def _where(guild_id: int, names: Mapping[int, str]) -> str:
    return f" (in {names[guild_id]})" if guild_id in names else ""


async def _configured(patient: Examination) -> dict[tuple[str, str, int, int], hikari.Permissions]:
    """Every channel in the config and in servers' settings, with what its plugin asks for."""
    found: dict[tuple[str, str, int, int], hikari.Permissions] = {}
    assert patient.deployment is not None
    schemas = patient.installed.schemas()
    stored: dict[str, dict[int, tuple[int, dict[str, Any]]]] = {}
    try:
        async with opened(patient) as database:
            if database is not None:
                kept = GuildSettings(database)
                stored = {name: await kept.all(name) for name in schemas}
    except ChandelierError:
        stored = {}  # the check of the database says what is wrong with it
    for plugin, manifest in patient.manifests.items():
        if plugin not in schemas:
            continue
        channels = [one for one in settings(schemas[plugin]) if one.kind == "channel"]
        try:
            config: Any = patient.deployment.section(plugin, schemas[plugin])
        except ChandelierError:
            continue
        for one in channels:
            value = config
            for step in one.path:
                value = getattr(value, step)
            for channel_id in _ids(value):
                found[(plugin, one.name, 0, channel_id)] = manifest.permissions
            for guild_id, (_version, values) in stored.get(plugin, {}).items():
                for channel_id in _ids(values.get(one.name)):
                    found[(plugin, one.name, guild_id, channel_id)] = manifest.permissions
    return found


def _ids(value: Any) -> list[int]:
    listed = value if isinstance(value, list | tuple | frozenset) else [value]
    return [one for one in listed if type(one) is int]
