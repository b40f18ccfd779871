"""`/status`: how the bot is, and what each plugin says about this server."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.embeds import add_fields
from chandelier.languages import Messages
from chandelier.routing.loader import Loader

__all__ = ["loader"]

loader = Loader()
_ = Messages(__package__)
COLOUR = hikari.Colour(0xE8B04B)


@loader.command
class Status(lightbulb.SlashCommand, name="status", description="How the bot is doing"):
    """A summary anyone may see."""

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Collect the plugins' sections and answer."""
        records = [record for record in host.lifecycle.records.values() if record.name != "core"]
        running = [record for record in records if record.active]
        embed = hikari.Embed(title=_("Status"), colour=COLOUR, timestamp=host.clock.now())
        embed.add_field(_("Up"), _up(host), inline=True)
        embed.add_field(_("Gateway"), _latency(host), inline=True)
        embed.add_field(
            _("Plugins"), _("{running} of {all} running", running=len(running), all=len(records)), inline=True
        )
        # All at the same time: several that hang would together take longer than a command may.
        asked = await asyncio.gather(*(_section(host, record.name, ctx.guild_id) for record in running))
        add_fields(embed, [section for section in asked if section is not None])
        await ctx.respond(embed=embed, flags=hikari.MessageFlag.EPHEMERAL)


async def _section(host: Host, name: str, guild_id: int | None) -> tuple[str, str] | None:
    """Title and text of a plugin's section."""
    if guild_id is None:
        return None
    try:
        section = await host.hooks.call(name, "chandelier_status", guild_id=int(guild_id))
        return None if section is None else (section.title, _.join("\n", section.lines))
    except Exception as error:  # noqa: BLE001 - contained: the others' sections still show
        host.containment.failed(name, "hook chandelier_status", error)
        return name, _("has trouble telling its status")


def _up(host: Host) -> str:
    if host.started_at is None:
        return _("starting")
    up = host.clock.now() - host.started_at
    time = str(timedelta(seconds=up.seconds))
    return _.count("{n} day, {time}", "{n} days, {time}", up.days, time=time) if up.days else time


def _latency(host: Host) -> str:
    latency = host.bot.heartbeat_latency
    return _("measuring") if latency != latency else f"{latency * 1000:.0f} ms"
