"""What the rooms of `/config` share: the group of commands, who may use it, and finding what is meant."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import hikari
import lightbulb

from chandelier.app import Host
from chandelier.config.layers import Row, Section, explain
from chandelier.config.problems import nearest
from chandelier.config.schema import Setting, settings
from chandelier.config.told import cut
from chandelier.errors import InvalidRequest
from chandelier.languages import Message, Messages
from chandelier.record import Record
from chandelier.routing.components import ComponentPress, FormSubmit
from chandelier.routing.loader import Loader

__all__ = [
    "CAPABILITY",
    "Asker",
    "Place",
    "allow",
    "by_key",
    "fingerprint",
    "group",
    "key_of",
    "loader",
    "open_settings",
    "plugin_named",
    "plugins_with_settings",
    "setting_named",
]

_ = Messages(__package__)

loader = Loader()
group = lightbulb.Group(
    "config",
    "This server's settings",
    default_member_permissions=hikari.Permissions.MANAGE_GUILD,
    contexts=[hikari.ApplicationContextType.GUILD],
)
CAPABILITY = "core.config"

Asker = lightbulb.Context | ComponentPress | FormSubmit
"""Whoever uses a command, presses a button or submits a form."""


@attrs.frozen
class Place:
    """One plugin's settings in one server, asked for by one person."""

    host: Host
    record: Record
    guild_id: int
    user_id: int
    locale: str

    def into(self, text: str) -> str:
        """A text in the language of the person who asks."""
        return self.host.languages.into(self.locale, text)

    def help_of(self, setting: Setting) -> str:
        """What a setting is for, in that language; its plugin's own files have the translation."""
        said = setting.help
        made = said if isinstance(said, Message) else Messages(self.record.candidate.package)(said)
        return self.into(made)

    @property
    def settings(self) -> list[Setting]:
        """The settings that a server may change."""
        return open_settings(self.record)

    async def section(self) -> Section[Any]:
        """What is in force, with the layer every value comes from."""
        section = await self.record.context.guilds.section(self.guild_id)
        if section is None:
            raise InvalidRequest(_("{plugin} has no settings.", plugin=self.record.name))
        return section

    async def rows(self) -> dict[str, Row]:
        """The same, one row for each setting, by name."""
        return {row.path: row for row in explain(await self.section())}

    async def stored(self) -> Mapping[str, Any]:
        """What this server set itself."""
        found = await self.host.settings.get(self.guild_id, self.record.name)
        return {} if found is None else found[1]

    def at(self, record: Record) -> Place:
        """The same for another plugin."""
        return attrs.evolve(self, record=record)


async def allow(who: Asker, host: Host) -> Place:
    """Let those pass who may see and change settings; raises NotAllowed for everyone else."""
    core = host.lifecycle.records["core"]
    await core.context.access.require(who, CAPABILITY, hikari.Permissions.MANAGE_GUILD)
    if who.guild_id is None:
        raise InvalidRequest(_("Settings belong to a server: use this command in one."))
    interaction = who.interaction
    return Place(host, core, int(who.guild_id), int(interaction.user.id), str(interaction.locale))


def open_settings(record: Record | None) -> list[Setting]:
    """The settings of a running plugin that a server may change."""
    if record is None or not record.active or record.description is None or record.description.schema is None:
        return []
    return [setting for setting in settings(record.description.schema) if setting.guild]


def plugins_with_settings(host: Host) -> list[str]:
    """Names of the running plugins that have settings for servers."""
    return [name for name, record in sorted(host.lifecycle.records.items()) if open_settings(record)]


def plugin_named(host: Host, name: str) -> Record:
    """The running plugin of that name; raises InvalidRequest with what there is."""
    record = host.lifecycle.records.get(name)
    if record is not None and open_settings(record) and record.context is not None:
        return record
    if record is not None and not record.active:
        raise InvalidRequest(
            _(
                "{plugin} does not run at the moment, so its settings cannot be seen or changed. "
                "`/plugins list` says why.",
                plugin=name,
            )
        )
    usable = plugins_with_settings(host)
    meant, known, asked = nearest(name, usable), cut(", ".join(usable) or "—", 1000), cut(name)
    if meant:
        raise InvalidRequest(
            _(
                "No running plugin named “{plugin}” has settings for servers. Did you mean {meant}? "
                "There are: {known}.",
                plugin=asked,
                meant=meant,
                known=known,
            )
        )
    raise InvalidRequest(
        _(
            "No running plugin named “{plugin}” has settings for servers. There are: {known}.",
            plugin=asked,
            known=known,
        )
    )


def setting_named(record: Record, name: str) -> Setting:
    """The setting of that name that a server may change; raises InvalidRequest with what there is."""
    known = {setting.name: setting for setting in open_settings(record)}
    if name in known:
        return known[name]
    meant, listed, asked = nearest(name, known), cut(", ".join(known), 1000), cut(name)
    if meant:
        raise InvalidRequest(
            _(
                "{plugin} has no setting “{setting}” that a server can change. Did you mean {meant}? "
                "There are: {known}.",
                plugin=record.name,
                setting=asked,
                meant=meant,
                known=listed,
            )
        )
    raise InvalidRequest(
        _(
            "{plugin} has no setting “{setting}” that a server can change. There are: {known}.",
            plugin=record.name,
            setting=asked,
            known=listed,
        )
    )


def key_of(text: str) -> str:
    """A short stand-in for a name in a custom id, where there is no room for long ones."""
    digest = hashlib.blake2s(text.encode(), digest_size=6).digest()
    return base64.urlsafe_b64encode(digest).decode()


def by_key(key: str, names: Iterable[str]) -> str | None:
    """The name that a key stands for; None when it is not among ``names`` (any longer)."""
    return next((name for name in names if key_of(name) == key), None)


def fingerprint(stored: Mapping[str, Any], names: Sequence[str]) -> str:
    """Tells whether a server's own values of some settings are still what they were."""
    seen = [[name, stored[name]] if name in stored else [name] for name in sorted(names)]
    return key_of(json.dumps(seen, sort_keys=True, default=str))
