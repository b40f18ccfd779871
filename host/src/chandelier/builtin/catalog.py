"""Every command that runs, leaf by leaf, with all that decides who may use it: for help and for access."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import hikari
import lightbulb

from chandelier.app import ESSENTIAL, Host
from chandelier.routing.binding import command_name
from chandelier.routing.planning import GLOBAL
from chandelier.services.visibility import default_permissions

__all__ = ["Entry", "entries"]


@attrs.frozen(kw_only=True)
class Entry:
    """One command as a member types or clicks it."""

    path: str
    """Its whole name, as in ``case view``."""
    root: str
    kind: str
    """``slash``, ``user`` or ``message``."""
    owner: str
    """The plugin it belongs to."""
    description: str
    command: Any
    """lightbulb's class of it."""
    command_id: int | None
    needed: hikari.Permissions | None
    """Discord's default permissions; None for everyone."""
    capability: str | None
    """What the host asks access for, without the plugin's name."""
    contexts: tuple[hikari.ApplicationContextType, ...] | None
    """Where it can be used; None everywhere."""
    nsfw: bool
    guilds: frozenset[int] | None
    """Where it is; None in every server."""
    for_owner: bool = False
    """Whether only the bot's owner may use it."""

    @property
    def shown(self) -> str:
        """As Discord shows it, clickable where it can be."""
        if self.kind != "slash":
            return f"**{self.path}**"
        return f"</{self.path}:{self.command_id}>" if self.command_id is not None else f"`/{self.path}`"


def entries(host: Host) -> list[Entry]:
    """The commands of plugins that run now, ordered by plugin and name; the host's own come last."""
    ids = {
        (hikari.CommandType(command.type).name.lower(), command.name): int(command.id)
        for commands in host.client.created_commands.values()
        for command in commands
    }
    found: list[Entry] = []
    planned: dict[Any, set[int]] = {}
    for scope, commands in host.commands.plan.scopes.items():
        for each in commands:
            planned.setdefault(each.command, set()).add(scope)
    for root in host.client.registered_commands:
        owner = host.client.owner_of(root)
        if not host.gate.active(owner) or root not in planned:
            continue  # a command that is left out of the plan is one that Discord does not know
        kind, name = command_name(root)
        data: Any = root if isinstance(root, lightbulb.Group) else root._command_data
        contexts = None if data.contexts is hikari.UNDEFINED else tuple(data.contexts)
        for path, leaf in _leaves(root, name):
            found.append(
                Entry(
                    path=path,
                    root=name,
                    kind=kind,
                    owner=owner,
                    description=leaf._command_data.description,
                    command=leaf,
                    command_id=ids.get((kind, name)),
                    needed=default_permissions(root),
                    capability=getattr(leaf, "capability", None),
                    contexts=contexts,
                    nsfw=bool(data.nsfw),
                    guilds=None if GLOBAL in planned[root] else frozenset(planned[root]),
                    for_owner=bool(getattr(leaf, "for_owner", False)),
                )
            )
    return sorted(
        found,
        key=lambda entry: (entry.owner == ESSENTIAL, entry.owner, entry.kind != "slash", entry.path),
    )


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(command, lightbulb.Group | lightbulb.SubGroup):
        for name, child in command.subcommands.items():
            yield from _leaves(child, f"{path} {name}")
    else:
        yield path, command
