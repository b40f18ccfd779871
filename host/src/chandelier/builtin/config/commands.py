"""The commands that show, set and reset one setting; forms, pickers and undo have rooms of their own."""

from __future__ import annotations

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.config.changing import change
from chandelier.builtin.config.form import offer_correction
from chandelier.builtin.config.group import Place, allow, group, plugin_named, setting_named
from chandelier.builtin.config.panel import list_view
from chandelier.builtin.config.pickers import setting_view
from chandelier.builtin.config.suggest import suggest_plugins, suggest_settings, suggest_values
from chandelier.builtin.config.typed import check_ids, read
from chandelier.builtin.config.words import shown, where
from chandelier.builtin.plugin import Core
from chandelier.config.schema import Setting
from chandelier.errors import InvalidRequest
from chandelier.languages import Messages

__all__ = ["EditConfig", "ResetConfig", "SetConfig", "ShowConfig"]

_ = Messages(__package__)


@group.register
class ShowConfig(
    lightbulb.SlashCommand, name="show", description="What is set here, where it comes from, and changing it"
):
    """Every value with its layer, a menu to change one, and a form for those that are typed."""

    capability = "config"
    examples = ("/config show plugin:moderation",)
    plugin = lightbulb.string("plugin", "Which plugin", autocomplete=suggest_plugins)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Answer with one field per setting, a page at a time."""
        place = (await allow(ctx, host)).at(plugin_named(host, self.plugin))
        view = await list_view(place, 0)
        await ctx.respond(flags=hikari.MessageFlag.EPHEMERAL, **view.as_new())


@group.register
class EditConfig(
    lightbulb.SlashCommand, name="edit", description="Change a setting by choosing or in a form"
):
    """The right control for the setting's type."""

    capability = "config"
    examples = ("/config edit plugin:moderation setting:log_channel",)
    plugin = lightbulb.string("plugin", "Which plugin", autocomplete=suggest_plugins)
    setting = lightbulb.string("setting", "Which setting", autocomplete=suggest_settings)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Show the setting with what changes it."""
        place = (await allow(ctx, host)).at(plugin_named(host, self.plugin))
        view = await setting_view(place, setting_named(place.record, self.setting))
        await ctx.respond(flags=hikari.MessageFlag.EPHEMERAL, **view.as_new())


@group.register
class SetConfig(lightbulb.SlashCommand, name="set", description="Change a setting for this server"):
    """Validated by the plugin's schema."""

    capability = "config"
    examples = ("/config set plugin:moderation setting:log_channel value:#mod-log",)
    plugin = lightbulb.string("plugin", "Which plugin", autocomplete=suggest_plugins)
    setting = lightbulb.string("setting", "Which setting", autocomplete=suggest_settings)
    value = lightbulb.string(
        "value", "The new value; several are separated by commas", autocomplete=suggest_values
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host, core: Core) -> None:
        """Change it, and show what is in force now."""
        place = (await allow(ctx, host)).at(plugin_named(host, self.plugin))
        setting = setting_named(place.record, self.setting)
        try:
            value = await read(place, core.names, setting, self.value)
            await check_ids(place, setting, value)
            await change(place, {setting.name: value})
        except InvalidRequest as error:
            await offer_correction(ctx, place, core, {setting.name: self.value}, error)
            return
        await _confirm(ctx, place, setting)


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
        place = (await allow(ctx, host)).at(plugin_named(host, self.plugin))
        setting = setting_named(place.record, self.setting)
        await change(place, {setting.name: None})
        await _confirm(ctx, place, setting)


async def _confirm(ctx: lightbulb.Context, place: Place, setting: Setting) -> None:
    row = (await place.rows())[setting.name]
    text = _(
        "**{setting}** is now {value} ({layer})\n{help}",
        setting=f"{place.record.name}.{setting.name}",
        value=shown(setting, row.value, 1000),
        layer=where(row.layer),
        help=_("Not what you meant? `/config undo`"),
    )
    await ctx.respond(place.into(text), flags=hikari.MessageFlag.EPHEMERAL)
