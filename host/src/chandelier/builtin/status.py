"""`/status`: how the bot is, and what each plugin says about this server."""

from __future__ import annotations

from datetime import timedelta

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.plugin import StatusSection
from chandelier.routing.loader import Loader

__all__ = ["loader"]

loader = Loader()
COLOUR = hikari.Colour(0xE8B04B)
MAX_FIELDS = 25
"""Fields of an embed. Source: Discord's documentation, Embed limits."""


@loader.command
class Status(lightbulb.SlashCommand, name="status", description="How the bot is doing"):
    """A summary anyone may see."""

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Collect the plugins' sections and answer."""
        records = [record for record in host.lifecycle.records.values() if record.name != "core"]
        running = [record for record in records if record.active]
        embed = hikari.Embed(title="Status", colour=COLOUR, timestamp=host.clock.now())
        embed.add_field("Up", _up(host), inline=True)
        embed.add_field("Gateway", _latency(host), inline=True)
        embed.add_field("Plugins", f"{len(running)} of {len(records)} running", inline=True)
        for record in running[: MAX_FIELDS - 3]:
            section = await _section(host, record.name, ctx.guild_id)
            if section is not None:
                embed.add_field(section.title, "\n".join(section.lines)[:1024] or "—")
        await ctx.respond(embed=embed, flags=hikari.MessageFlag.EPHEMERAL)


async def _section(host: Host, name: str, guild_id: int | None) -> StatusSection | None:
    if guild_id is None:
        return None
    try:
        return await host.hooks.call(name, "chandelier_status", guild_id=int(guild_id))
    except Exception as error:  # noqa: BLE001 - contained: the others' sections still show
        host.gate.reported(name, "hook chandelier_status", error, host.containment.reference())
        return StatusSection(name, ("has trouble telling its status",))


def _up(host: Host) -> str:
    if host.started_at is None:
        return "starting"
    seconds = int((host.clock.now() - host.started_at).total_seconds())
    return str(timedelta(seconds=seconds))


def _latency(host: Host) -> str:
    latency = host.bot.heartbeat_latency
    return "measuring" if latency != latency else f"{latency * 1000:.0f} ms"
