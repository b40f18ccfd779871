"""`/config`: what is set for this server, where each value comes from, and changing it."""

from __future__ import annotations

import re
from typing import Any

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.embeds import add_fields
from chandelier.config.layers import Layer, Row, Section, explain
from chandelier.config.problems import nearest
from chandelier.config.schema import Setting, settings
from chandelier.config.values import parse_text
from chandelier.errors import InvalidRequest
from chandelier.record import Record
from chandelier.routing.loader import Loader

__all__ = ["loader"]

loader = Loader()
group = lightbulb.Group(
    "config",
    "This server's settings",
    default_member_permissions=hikari.Permissions.MANAGE_GUILD,
    contexts=[hikari.ApplicationContextType.GUILD],
)
MENTION = re.compile(r"<(?:#|@&|@!?)(\d+)>")
CAPABILITY = "core.config"


async def suggest_plugins(ctx: lightbulb.AutocompleteContext[str]) -> None:
    """Plugins that have settings for servers."""
    host = await ctx.client.di.default_container.get(Host)  # pyright: ignore[reportOptionalMemberAccess]
    typed = str(ctx.focused.value or "").lower()
    names = [name for name, record in sorted(host.lifecycle.records.items()) if _open_to_guilds(record)]
    await ctx.respond([name for name in names if typed in name][:25])


async def suggest_settings(ctx: lightbulb.AutocompleteContext[str]) -> None:
    """Settings of the plugin chosen before, with what they are for."""
    host = await ctx.client.di.default_container.get(Host)  # pyright: ignore[reportOptionalMemberAccess]
    typed = str(ctx.focused.value or "").lower()
    chosen = ctx.get_option("plugin")
    record = host.lifecycle.records.get(str(chosen.value)) if chosen is not None else None
    names = [setting.name for setting in _open_to_guilds(record)] if record is not None else []
    await ctx.respond([name for name in names if typed in name.lower()][:25])


@group.register
class ShowConfig(
    lightbulb.SlashCommand, name="show", description="What is set here, and where it comes from"
):
    """Every value with its layer."""

    capability = "config"
    examples = ("/config show plugin:moderation",)
    plugin = lightbulb.string("plugin", "Which plugin", autocomplete=suggest_plugins)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Answer with one field per setting."""
        guild_id = await _allow(ctx, host)
        section = await _section(_record(host, self.plugin), guild_id)
        embed = hikari.Embed(title=f"Settings of {self.plugin}")
        locks = {True: "", False: " 🔒"}
        add_fields(embed, [(f"{row.path}{locks[row.guild]}", _shown(row)) for row in explain(section)])
        embed.set_footer("🔒 only the bot's owner can change this, in config.toml")
        await ctx.respond(embed=embed, flags=hikari.MessageFlag.EPHEMERAL)


@group.register
class SetConfig(lightbulb.SlashCommand, name="set", description="Change a setting for this server"):
    """Validated by the plugin's schema."""

    capability = "config"
    examples = ("/config set plugin:moderation setting:log_channel value:#mod-log",)
    plugin = lightbulb.string("plugin", "Which plugin", autocomplete=suggest_plugins)
    setting = lightbulb.string("setting", "Which setting", autocomplete=suggest_settings)
    value = lightbulb.string("value", "The new value; several are separated by commas")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Change it, and show what is in force now."""
        guild_id = await _allow(ctx, host)
        record = _record(host, self.plugin)
        setting = _setting(record, self.setting)
        value = _parse(setting, self.value)
        await _check_channels(host, setting, value, guild_id)
        await record.context.configure(guild_id, {setting.name: value})
        await _confirm(ctx, record, setting, guild_id)


@group.register
class ResetConfig(lightbulb.SlashCommand, name="reset", description="Go back to the bot's own value"):
    """Takes this server's value away."""

    capability = "config"
    examples = ("/config reset plugin:moderation setting:log_channel",)
    plugin = lightbulb.string("plugin", "Which plugin", autocomplete=suggest_plugins)
    setting = lightbulb.string("setting", "Which setting", autocomplete=suggest_settings)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Reset it, and show what is in force now."""
        guild_id = await _allow(ctx, host)
        record = _record(host, self.plugin)
        setting = _setting(record, self.setting)
        await record.context.configure(guild_id, {setting.name: None})
        await _confirm(ctx, record, setting, guild_id)


loader.command(group)


async def _allow(ctx: lightbulb.Context, host: Host) -> int:
    core = host.lifecycle.records["core"].context
    await core.access.require(ctx, CAPABILITY, hikari.Permissions.MANAGE_GUILD)
    if ctx.guild_id is None:
        raise InvalidRequest("Settings belong to a server: use this command in one.")
    return int(ctx.guild_id)


def _record(host: Host, name: str) -> Record:
    record = host.lifecycle.records.get(name)
    if record is None or not _open_to_guilds(record) or record.context is None:
        usable = [name for name, record in sorted(host.lifecycle.records.items()) if _open_to_guilds(record)]
        meant = nearest(name, usable)
        hint = f" Did you mean {meant}?" if meant else ""
        raise InvalidRequest(
            f"No running plugin named {name!r} has settings for servers.{hint} "
            f"There are: {', '.join(usable) or 'none'}."
        )
    return record


def _open_to_guilds(record: Record | None) -> list[Setting]:
    if record is None or not record.active or record.description is None or record.description.schema is None:
        return []
    return [setting for setting in settings(record.description.schema) if setting.guild]


def _setting(record: Record, name: str) -> Setting:
    known = {setting.name: setting for setting in _open_to_guilds(record)}
    if name not in known:
        meant = nearest(name, known)
        hint = f" Did you mean {meant}?" if meant else ""
        raise InvalidRequest(
            f"{record.name} has no setting {name!r} that a server can change.{hint} "
            f"There are: {', '.join(known)}."
        )
    return known[name]


def _parse(setting: Setting, text: str) -> Any:
    """What was typed, with mentions taken for the ids they stand for; the schema judges it."""
    return parse_text(setting.type, MENTION.sub(r"\1", text), setting.facts)


async def _check_channels(host: Host, setting: Setting, value: Any, guild_id: int) -> None:
    """Raise InvalidRequest when a channel is not this server's: the bot must not be led into another one."""
    if setting.kind != "channel":
        return
    for channel_id in value if isinstance(value, list) else [value]:
        if type(channel_id) is not int:
            continue  # not an id at all, which the schema says better
        try:
            channel: Any = await host.bot.rest.fetch_channel(channel_id)
        except (hikari.NotFoundError, hikari.ForbiddenError, hikari.BadRequestError):
            channel = None
        if getattr(channel, "guild_id", None) != guild_id:
            raise InvalidRequest(
                f"{channel_id} is no channel of this server that I can see. Choose another one, or let me "
                "view that channel."
            )


async def _section(record: Record, guild_id: int) -> Section[Any]:
    section = await record.context.guilds.section(guild_id)
    if section is None:
        raise InvalidRequest(f"{record.name} has no settings.")
    return section


async def _confirm(ctx: lightbulb.Context, record: Record, setting: Setting, guild_id: int) -> None:
    section = await _section(record, guild_id)
    [row] = [row for row in explain(section) if row.path == setting.name]
    await ctx.respond(
        f"**{record.name}.{row.path}** is now {_shown(row)}", flags=hikari.MessageFlag.EPHEMERAL
    )


def _shown(row: Row) -> str:
    where = {
        Layer.DEFAULT: "default",
        Layer.FILE: "the bot's config.toml",
        Layer.ENVIRONMENT: "the bot's environment",
        Layer.GUILD: "this server",
    }[row.layer]
    value = "not set" if row.value in (None, [], ()) else f"`{row.value}`"
    return f"{value[:300]} ({where})\n{row.help}"[:1024]
