"""What a plugin is to the host: its class, its manifest, and the context with which it reaches the host."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import attrs
import hikari
from attrs.validators import deep_iterable

if TYPE_CHECKING:
    import asyncio

    import loguru
    from sqlalchemy.ext.asyncio import AsyncSession

    from chandelier.clock import Clock
    from chandelier.services.access import Access
    from chandelier.services.http import HttpClient
    from chandelier.services.outbox import Outbox
    from chandelier.services.scheduler import Timers
    from chandelier.storage.engine import Storage

__all__ = ["Health", "HealthLevel", "Manifest", "PersonalData", "Plugin", "PluginContext", "StatusSection"]


def _of(kind: type, words: str) -> Any:
    """A validator for one type of value, which says clearly what is wrong."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise TypeError(f"{attribute.name} is {value!r}; expected is {words}")

    return check


_LINES: Any = deep_iterable(_of(str, "text"), _of(tuple, "a tuple of lines"))
"""Several lines, not one text that would be taken for a line per letter."""

ConfigT = TypeVar("ConfigT")
ConfigT_co = TypeVar("ConfigT_co", covariant=True)


@attrs.frozen(kw_only=True)
class PersonalData:
    """One kind of data that a plugin stores about people: what, why, and for how long."""

    what: str
    why: str
    kept: str


@attrs.frozen(kw_only=True)
class Manifest:
    """The static facts of a plugin that the host needs before it connects to Discord."""

    summary: str = attrs.field(validator=_of(str, "text"))
    """One line that `/plugins` and `chandelier plugins list` show."""
    intents: hikari.Intents = attrs.field(
        default=hikari.Intents.NONE, validator=_of(hikari.Intents, "hikari's Intents")
    )
    """Gateway intents; the host connects with the union of all plugins'."""
    cache: hikari.api.CacheComponents = attrs.field(
        default=hikari.api.CacheComponents.NONE,
        validator=_of(hikari.api.CacheComponents, "hikari's CacheComponents"),
    )
    """Parts of hikari's cache; the host keeps the union of all plugins'."""
    permissions: hikari.Permissions = attrs.field(
        default=hikari.Permissions.NONE, validator=_of(hikari.Permissions, "hikari's Permissions")
    )
    """What the bot itself must be allowed to do in a server."""
    personal_data: tuple[PersonalData, ...] = attrs.field(
        default=(), converter=tuple, validator=deep_iterable(_of(PersonalData, "PersonalData"))
    )


class HealthLevel(StrEnum):
    """How well a plugin does what it is for."""

    OK = "ok"
    DEGRADED = "degraded"


@attrs.frozen
class Health:
    """A plugin's own word on how it is; the lines say what is missing and what to do."""

    level: HealthLevel = attrs.field(default=HealthLevel.OK, converter=HealthLevel)
    lines: tuple[str, ...] = attrs.field(default=(), validator=_LINES)


@attrs.frozen
class StatusSection:
    """A plugin's part of `/status`: a title and a few short lines for members to read."""

    title: str = attrs.field(validator=_of(str, "text"))
    lines: tuple[str, ...] = attrs.field(validator=_LINES)


class Publisher(Protocol):
    """Calls the hooks that plugins publish for plugins."""

    async def call(self, hook: str, /, **arguments: Any) -> Sequence[tuple[str, Any]]:
        """Call ``hook`` on every running plugin that implements it, one at a time and contained.

        Returns (plugin name, result) pairs; a plugin that fails or answers None is left out.
        """
        ...


class PluginContext(Protocol[ConfigT_co]):
    """What the host gives one plugin. Everything here is scoped to that plugin."""

    name: str
    """The plugin's name: that of its entry point."""
    log: loguru.Logger
    """A logger bound to the plugin's name."""
    clock: Clock
    rest: hikari.api.RESTClient
    cache: hikari.api.Cache
    storage: Storage
    timers: Timers
    outbox: Outbox
    http: HttpClient
    access: Access
    hooks: Publisher

    @property
    def config(self) -> ConfigT_co:
        """The deployment's config of this plugin: defaults, `config.toml`, environment."""
        ...

    @property
    def bot_id(self) -> hikari.Snowflake:
        """The bot's own user id."""
        ...

    async def config_for(self, guild_id: int) -> ConfigT_co:
        """The config in force in one guild: the deployment's with the guild's own settings on top."""
        ...

    async def configure(
        self, guild_id: int, changes: Mapping[str, Any], *, session: AsyncSession | None = None
    ) -> ConfigT_co:
        """Change settings of a guild, validated by the schema; a value of None goes back to the deployment's.

        Raises InvalidRequest with every problem when a value does not fit.
        """
        ...

    def component_id(self, action: str, payload: str = "", /) -> str:
        """A signed custom id for a button, menu or form; it works after restarts and upgrades.

        ``payload`` is at most 40 characters of ASCII: an id, not data. It is handed to the handler that
        the plugin declared with ``@loader.component(action)`` or ``@loader.form(action)``.
        """
        ...

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run ``work`` in the background, contained and in the plugin's ledger; cancelled when it stops."""
        ...

    def into(self, locale: str | None, text: str) -> str:
        """A text made with `Messages`, in the language of a locale such as ``interaction.locale``."""
        ...

    def now(self) -> datetime:
        """Short for ``clock.now()``."""
        ...


class Plugin(Generic[ConfigT]):
    """Base of every plugin; its instances are registered with pluggy, their hooks are methods.

    The entry point in the group ``chandelier.plugins`` names the class; the host makes one instance.
    """

    requires: ClassVar[tuple[str, ...]] = ()
    """Names of plugins that must be running before this one is set up."""

    ctx: PluginContext[ConfigT]
    _enabled = True  # kept up to date by the host

    async def setup(self, ctx: PluginContext[ConfigT]) -> None:
        """Get ready to run. Config and storage are there and migrated; Discord is not connected yet."""
        self.ctx = ctx

    async def cleanup(self) -> None:
        """Give back what ``setup`` took. What the host gave through the context it takes back itself."""

    @property
    def config(self) -> ConfigT:
        """The deployment's config in force now."""
        return self.ctx.config

    @property
    def enabled(self) -> bool:
        """Whether the owner wants this plugin to run (it may still be quarantined)."""
        return self._enabled
