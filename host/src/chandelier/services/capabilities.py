"""Every capability that is known: what plugins declare, and what they ask for without having declared it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import attrs
import hikari

from chandelier.plugin import Capability

if TYPE_CHECKING:
    from chandelier.record import Record

__all__ = ["Capabilities", "Known", "declared_by", "full_name"]


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
        return self.all().get(name)

    def default(self, name: str, given: hikari.Permissions | None) -> hikari.Permissions:
        """The permissions that have a capability where no rule decides.

        What was asked for at run time counts before what was declared. Raises LookupError when it is neither.
        """
        if given is not None:
            self._met[name] = given
            return given
        known = self.get(name)
        if known is None:
            raise LookupError(f"no plugin declares the capability {name!r}: name it in the manifest")
        return known.default
