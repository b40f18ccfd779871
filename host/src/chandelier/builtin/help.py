"""`/help`: what this member may use here, plugin by plugin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.embeds import add_fields
from chandelier.errors import InvalidRequest
from chandelier.routing.binding import command_name
from chandelier.routing.loader import Loader

__all__ = ["loader"]

loader = Loader()


@loader.command
class Help(lightbulb.SlashCommand, name="help", description="What you can do with this bot here"):
    """Shows only what the member may use."""

    plugin = lightbulb.string("plugin", "Only this plugin's commands", default="")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """List commands by plugin; Discord makes the names clickable."""
        permissions = ctx.member.permissions if ctx.member is not None else hikari.Permissions.NONE
        embed = hikari.Embed(title="What you can do here")
        sections = _sections(host, permissions)
        shown = sections if not self.plugin else {self.plugin: sections.get(self.plugin, [])}
        add_fields(embed, [(owner, "\n".join(lines)) for owner, lines in shown.items() if lines])
        if not embed.fields:
            running = ", ".join(sorted(sections))
            raise InvalidRequest(f"There is nothing of {self.plugin!r} for you here. Try one of: {running}.")
        await ctx.respond(embed=embed, flags=hikari.MessageFlag.EPHEMERAL)


def _sections(host: Host, permissions: hikari.Permissions) -> dict[str, list[str]]:
    ids = {
        command.name: command.id
        for commands in host.client.created_commands.values()
        for command in commands
        if command.type is hikari.CommandType.SLASH
    }
    sections: dict[str, list[str]] = {}
    for command in host.client.registered_commands:
        owner = host.client.owner_of(command)
        if not host.gate.active(owner) or not _allowed(command, permissions):
            continue
        for path, text in _leaves(command):
            root = path.partition(" ")[0]
            shown = f"</{path}:{ids[root]}>" if root in ids else f"`{path}`"
            sections.setdefault(owner, []).append(f"{shown} — {text}")
    return dict(sorted(sections.items()))


def _allowed(command: Any, permissions: hikari.Permissions) -> bool:
    if isinstance(command, lightbulb.Group):
        needed = command.default_member_permissions
    else:
        needed = command._command_data.default_member_permissions
    if needed is hikari.UNDEFINED or hikari.Permissions.ADMINISTRATOR in permissions:
        return True
    return not (needed & ~permissions)


def _leaves(command: Any) -> Iterator[tuple[str, str]]:
    if isinstance(command, lightbulb.Group):
        for child in command.subcommands.values():
            yield from ((f"{command.name} {path}", text) for path, text in _branches(child))
    else:
        kind, name = command_name(command)
        yield (name, command._command_data.description if kind == "slash" else f"right-click, on a {kind}")


def _branches(child: Any) -> Iterator[tuple[str, str]]:
    if isinstance(child, lightbulb.SubGroup):
        for leaf in child.subcommands.values():
            yield (f"{child.name} {leaf._command_data.name}", leaf._command_data.description)
    else:
        yield (child._command_data.name, child._command_data.description)
