"""`/plugins`: what is installed and how it is; the owner starts, stops and reloads from here."""

from __future__ import annotations

import asyncio

import hikari
import lightbulb

from chandelier.app import ESSENTIAL, Host
from chandelier.errors import InvalidRequest, NotAllowed, PluginError, message_of
from chandelier.languages import Messages
from chandelier.record import Record, State
from chandelier.routing.loader import Loader

__all__ = ["loader"]

loader = Loader()
_ = Messages(__package__)
group = lightbulb.Group(
    "plugins",
    "What is installed, and switching it on and off",
    default_member_permissions=hikari.Permissions.ADMINISTRATOR,
)
STATES = {
    State.FOUND: _("found"),
    State.REFUSED: _("refused"),
    State.LOADED: _("loaded"),
    State.SET_UP: _("set up"),
    State.RUNNING: _("running"),
    State.DEGRADED: _("degraded"),
    State.QUARANTINED: _("quarantined"),
    State.STOPPED: _("stopped"),
}
REASONS = {"disabled": _("disabled")}
"""Reasons that the host itself writes; all others are the plugins' own words, or errors."""
SIGNS = {
    State.RUNNING: "🟢",
    State.DEGRADED: "🟡",
    State.QUARANTINED: "🔴",
    State.REFUSED: "⛔",
    State.STOPPED: "⚪",
}


async def suggest_plugins(ctx: lightbulb.AutocompleteContext[str]) -> None:
    """Installed plugins whose name has what was typed so far."""
    host = await ctx.client.di.default_container.get(Host)  # pyright: ignore[reportOptionalMemberAccess]
    typed = str(ctx.focused.value or "").lower()
    await ctx.respond([name for name in sorted(host.lifecycle.records) if typed in name][:25])


@group.register
class ListPlugins(lightbulb.SlashCommand, name="list", description="Every plugin and how it is"):
    """Everyone who sees the command may look."""

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Answer with one line per plugin."""
        records = list(host.lifecycle.records.values())
        # All at the same time: several that hang would together take longer than a command may.
        await asyncio.gather(*(host.lifecycle.ask_health(record) for record in records if record.active))
        lines = [_line(record) for record in records]
        embed = hikari.Embed(title=_("Plugins"), description=_.join("\n", lines), timestamp=host.clock.now())
        await ctx.respond(embed=embed, flags=hikari.MessageFlag.EPHEMERAL)


@group.register
class EnablePlugin(lightbulb.SlashCommand, name="enable", description="Start a plugin"):
    """For the bot's owner."""

    for_owner = True
    examples = ("/plugins enable name:redeye",)
    name = lightbulb.string("name", "Which plugin", autocomplete=suggest_plugins)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Start it, sync commands, and say what came of it."""
        record = await _act(ctx, host, "enable", self.name)
        await _tell(ctx, _("**{plugin}** {version} is running.", **_names(record)))


@group.register
class DisablePlugin(lightbulb.SlashCommand, name="disable", description="Stop a plugin and keep it stopped"):
    """For the bot's owner."""

    for_owner = True
    examples = ("/plugins disable name:redeye",)
    name = lightbulb.string("name", "Which plugin", autocomplete=suggest_plugins)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Stop it, sync commands, and say what came of it."""
        record = await _act(ctx, host, "disable", self.name)
        await _tell(
            ctx,
            _(
                "**{plugin}** is stopped. Its data stays; `/plugins enable` starts it again.",
                plugin=record.name,
            ),
        )


@group.register
class ReloadPlugin(
    lightbulb.SlashCommand,
    name="reload",
    description="Bring in the version of a plugin that is installed now",
):
    """For the bot's owner."""

    for_owner = True
    examples = ("/plugins reload name:redeye",)
    name = lightbulb.string("name", "Which plugin", autocomplete=suggest_plugins)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Reload it, sync commands, and say what came of it."""
        record = await _act(ctx, host, "reload", self.name)
        await _tell(ctx, _("**{plugin}** {version} is loaded anew and running.", **_names(record)))


loader.command(group)


async def _act(ctx: lightbulb.Context, host: Host, verb: str, name: str) -> Record:
    if ctx.user.id not in host.owners:
        raise NotAllowed(_("Only the bot's owner may do this: it concerns every server the bot is in."))
    if verb == "disable" and name == ESSENTIAL:
        raise InvalidRequest(_("core holds the bot's own commands, so it cannot be disabled."))
    await ctx.defer(ephemeral=True)
    try:
        return await getattr(host, verb)(name)
    except PluginError as error:
        raise InvalidRequest(message_of(error)) from error


async def _tell(ctx: lightbulb.Context, text: str) -> None:
    await ctx.respond(text, flags=hikari.MessageFlag.EPHEMERAL)


def _line(record: Record) -> str:
    summary = record.description.manifest.summary if record.description is not None else ""
    said = (
        REASONS.get(record.reason, record.reason)
        or record.warning
        or Messages(record.candidate.package)(summary)
    )
    sign, state = SIGNS.get(record.state, "⚪"), STATES[record.state]
    return _.join("", (f"{sign} **{record.name}** {record.candidate.version} — ", state, ": ", said))


def _names(record: Record) -> dict[str, str]:
    return {"plugin": record.name, "version": record.candidate.version}
