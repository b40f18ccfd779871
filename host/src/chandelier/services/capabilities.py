"""Every capability that is known: what plugins declare, and what they ask for without having declared it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import attrs
import hikari
import lightbulb

from chandelier.errors import PluginError
from chandelier.plugin import Capability, Manifest
from chandelier.routing.loader import Guarded, Loader

if TYPE_CHECKING:
    from chandelier.record import Record

__all__ = ["Capabilities", "Known", "check_capabilities", "declared_by", "full_name"]


_MOST_MET: Final = 1_000
"""Undeclared names that are remembered: who makes names up as they go must not fill the memory."""


@attrs.frozen
class Known:
    """A capability under its full name, as in ``moderation.warn``."""

    name: str
    description: str
    default: hikari.Permissions
    declared: bool = True


def full_name(plugin: str, capability: str) -> str:
    """The name under which a guild's rules know a plugin's capability."""
    return capability if "." in capability else f"{plugin}.{capability}"


def declared_by(records: Iterable[Record]) -> Iterator[tuple[str, Capability]]:
    """What plugins that are loaded declare, each with its plugin's name."""
    for record in records:
        if record.description is not None:
            for capability in record.description.manifest.capabilities:
                yield record.name, capability


def check_capabilities(plugin: str, manifest: Manifest, loaders: Iterable[Loader]) -> None:
    """Raise PluginError when a part of a plugin needs a capability that its manifest does not declare.

    A name has no dot in it: nobody declares, or changes the default of, what is another plugin's.
    """
    declared = {each.name for each in manifest.capabilities}
    for name in sorted(declared):
        if "." in name or not name:
            raise PluginError(
                f"plugin {plugin} declares the capability {name!r}; leave out the plugin's name and the dot"
            )
    for what, needed in _needed(loaders):
        if needed not in declared:
            raise PluginError(
                f"plugin {plugin}: {what} needs the capability {needed!r}, which the manifest does not "
                "declare"
            )


def _needed(loaders: Iterable[Loader]) -> Iterator[tuple[str, str]]:
    for loader in loaders:
        for command in loader.declared.commands:
            yield from _of_command(command)
        for kind, handlers in (("component", loader.declared.components), ("form", loader.declared.forms)):
            for name, handler in handlers.items():
                if isinstance(handler, Guarded):
                    yield f"the {kind} {name!r}", handler.capability


def _of_command(command: Any) -> Iterator[tuple[str, str]]:
    if isinstance(command, lightbulb.Group | lightbulb.SubGroup):
        for child in command.subcommands.values():
            yield from _of_command(child)
    elif (needed := getattr(command, "capability", None)) is not None:
        yield f"the command {command._command_data.name!r}", needed


class Capabilities:
    """The capabilities of one host."""

    def __init__(self, declared: Callable[[], Iterable[tuple[str, Capability]]]) -> None:
        """``declared`` gives what the plugins that are there now declare, as (plugin, capability)."""
        self._declared = declared
        self._met: dict[str, hikari.Permissions] = {}

    def all(self) -> dict[str, Known]:
        """All of them, by full name."""
        found = {name: Known(name, "", default, declared=False) for name, default in self._met.items()}
        for plugin, each in self._declared():
            name = full_name(plugin, each.name)
            found[name] = Known(name, each.description, each.default)
        return dict(sorted(found.items()))

    def get(self, name: str) -> Known | None:
        """One of them, by its full name."""
        for plugin, each in self._declared():
            if full_name(plugin, each.name) == name:
                return Known(name, each.description, each.default)
        met = self._met.get(name)
        return None if met is None else Known(name, "", met, declared=False)

    def default(self, name: str, given: hikari.Permissions | None) -> hikari.Permissions:
        """The permissions that have a capability where no rule decides.

        What was asked for at run time counts before what was declared. Raises LookupError when it is neither.
        """
        if given is not None:
            if len(self._met) < _MOST_MET:
                self._met[name] = given
            return given
        known = self.get(name)
        if known is None:
            raise LookupError(f"no plugin declares the capability {name!r}: name it in the manifest")
        return known.default
