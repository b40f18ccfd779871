"""From what a person types or picks to a value: mentions, names of channels and roles, words, durations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import hikari

from chandelier.app import Host
from chandelier.builtin.config.group import Place
from chandelier.builtin.config.words import choices_of, element_type, is_list
from chandelier.clock import Clock
from chandelier.config.problems import nearest
from chandelier.config.schema import Setting
from chandelier.config.told import cut
from chandelier.config.values import parse_text
from chandelier.errors import InvalidRequest
from chandelier.languages import Messages

__all__ = ["Names", "check_ids", "read"]

_ = Messages(__package__)

_MENTION = re.compile(r"<(?:#|@&|@!?)(\d+)>")
_FRESH = 30.0
"""Seconds for which the names of a server's channels and roles are remembered while people type."""
_LOOKED_UP = 10
"""Threads in one change that are asked for one by one."""
_REMEMBERED = 50
"""Servers whose names are remembered at once."""


class Names:
    """Names of a server's channels and roles, so that people need not know ids; asked for once a while."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[float, dict[int, str]]] = {}

    async def of(self, host: Host, guild_id: int, kind: str) -> Mapping[int, str]:
        """Names of the channels or roles of a server, by id; empty for members, who are too many."""
        clock: Clock = host.clock
        now = clock.monotonic()
        known = self._known.get((guild_id, kind))
        if known is not None and now - known[0] < _FRESH:
            return known[1]
        names: dict[int, str] = {}
        if kind == "channel":
            channels = await host.bot.rest.fetch_guild_channels(guild_id)
            names = {int(channel.id): channel.name or "" for channel in channels}
        elif kind == "role":
            roles = await host.bot.rest.fetch_roles(guild_id)
            names = {int(role.id): role.name for role in roles if int(role.id) != guild_id}
        while len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[(guild_id, kind)] = (now, names)
        return names


async def read(place: Place, names: Names, setting: Setting, text: str) -> Any:
    """The raw value that a typed text means; the schema judges it.

    Raises InvalidRequest for the name of a channel, role or member that is not there.
    """
    if setting.kind is not None and not text.strip().startswith("["):
        return await _objects(place, names, setting, text)
    if (value := _choice(setting, text)) is not None:
        return value
    if element_type(setting) is bool:
        folded = text.strip().casefold()
        words = {place.into(_("yes")).casefold(): True, place.into(_("no")).casefold(): False}
        if folded in words:
            return words[folded]
    return parse_text(setting.type, text, setting.facts)


def _choice(setting: Setting, text: str) -> Any:
    """One of the choices, however its letters are written."""
    if is_list(setting):
        return None
    folded = text.strip().casefold()
    return next((one for one in choices_of(setting) if str(one).casefold() == folded), None)


async def _objects(place: Place, names: Names, setting: Setting, text: str) -> Any:
    parts = re.split(r"[,\n]", text) if is_list(setting) else [text]
    found = [await _object(place, names, setting, part.strip()) for part in parts if part.strip()]
    if is_list(setting):
        return found
    return found[0] if found else parse_text(setting.type, text, setting.facts)


async def _object(place: Place, names: Names, setting: Setting, part: str) -> Any:
    assert setting.kind is not None
    if mention := _MENTION.fullmatch(part):
        return int(mention.group(1))
    if part.isdecimal():
        return int(part)
    wanted = part.lstrip("#@").strip().casefold()
    if setting.kind == "member":
        members = await place.host.bot.rest.search_members(place.guild_id, wanted[:32] or "?")
        matching = [
            m for m in members if wanted in (m.username.casefold(), (m.display_name or "").casefold())
        ]
        if len(matching) == 1:
            return int(matching[0].id)
        raise InvalidRequest(
            _("There is not exactly one member named “{name}” here. Mention them instead.", name=cut(part))
        )
    known = await names.of(place.host, place.guild_id, setting.kind)
    ids = [known_id for known_id, name in known.items() if name.casefold() == wanted]
    if len(ids) == 1:
        return ids[0]
    if len(ids) > 1:
        raise InvalidRequest(_("Several are named “{name}” here. Mention the one you mean.", name=cut(part)))
    meant = nearest(wanted, known.values())
    if setting.kind == "channel":
        if meant:
            raise InvalidRequest(
                _(
                    "There is no channel “{name}” here. Did you mean {meant}? Or mention it, as in #general.",
                    name=cut(part),
                    meant=meant,
                )
            )
        raise InvalidRequest(
            _("There is no channel “{name}” here. Mention it, as in #general.", name=cut(part))
        )
    if meant:
        raise InvalidRequest(
            _(
                "There is no role “{name}” here. Did you mean {meant}? Or mention it, as in @Moderators.",
                name=cut(part),
                meant=meant,
            )
        )
    raise InvalidRequest(_("There is no role “{name}” here. Mention it, as in @Moderators.", name=cut(part)))


async def check_ids(place: Place, setting: Setting, value: Any) -> None:
    """Raise InvalidRequest when a channel or role is not this server's.

    The bot must not be led to write into another server by those who manage this one.
    """
    ids = [one for one in (value if isinstance(value, list) else [value]) if type(one) is int]
    if not ids or setting.kind not in ("channel", "role"):
        return  # not ids at all, which the schema says better
    if setting.kind == "role":
        roles = {int(role.id) for role in await place.host.bot.rest.fetch_roles(place.guild_id)}
        for role_id in ids:
            if role_id not in roles:
                raise InvalidRequest(_("{id} is no role of this server. Choose another one.", id=role_id))
        return
    if len(ids) > 1:  # one call for all of them; threads are not among a server's channels
        known = {
            int(channel.id) for channel in await place.host.bot.rest.fetch_guild_channels(place.guild_id)
        }
        ids = [channel_id for channel_id in ids if channel_id not in known]
    if len(ids) > _LOOKED_UP:
        raise InvalidRequest(
            _("{number} of these are no channels of this server that I can see.", number=len(ids))
        )
    for channel_id in ids:
        try:
            channel: Any = await place.host.bot.rest.fetch_channel(channel_id)
        except (hikari.NotFoundError, hikari.ForbiddenError, hikari.BadRequestError):
            channel = None
        if getattr(channel, "guild_id", None) != place.guild_id:
            raise InvalidRequest(
                _(
                    "{id} is no channel of this server that I can see. Choose another one, or let me view "
                    "that channel.",
                    id=channel_id,
                )
            )
