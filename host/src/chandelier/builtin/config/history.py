"""`/config history` and `/config undo`: who changed what, and taking a change back after a look at it."""

from __future__ import annotations

from typing import Any

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.config.changing import undo
from chandelier.builtin.config.group import Place, allow, group, loader, open_settings, plugin_named
from chandelier.builtin.config.panel import View
from chandelier.builtin.config.suggest import suggest_changes, suggest_plugins
from chandelier.builtin.config.words import shown, stored
from chandelier.builtin.embeds import add_fields
from chandelier.config.schema import settings
from chandelier.config.told import cut
from chandelier.errors import InvalidRequest
from chandelier.languages import Message, Messages
from chandelier.routing.components import ComponentPress
from chandelier.storage.setting_changes import SettingChange

__all__ = ["HistoryOfConfig", "UndoConfig", "summary"]

_ = Messages(__package__)

PAGE = 10
"""Changes on one page of the history."""
_VALUE = 70
"""Characters of each value in the history; the preview of an undo shows more."""


@group.register
class HistoryOfConfig(lightbulb.SlashCommand, name="history", description="Who changed which setting here"):
    """Newest first, a page at a time."""

    plugin = lightbulb.string("plugin", "Only this plugin's", default="", autocomplete=suggest_plugins)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Answer with the newest page."""
        place = await allow(ctx, host)
        if self.plugin:
            place = place.at(plugin_named(host, self.plugin))
        view = await _history(place, self.plugin, 0)
        await ctx.respond(flags=hikari.MessageFlag.EPHEMERAL, **view.as_new())


@group.register
class UndoConfig(
    lightbulb.SlashCommand, name="undo", description="Take back a change of this server's settings"
):
    """The newest change, or one chosen from the history; it is shown before it is done."""

    change = lightbulb.string(
        "change", "Which change; without it the newest", default="", autocomplete=suggest_changes
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Show what would change, with a button to do it."""
        place = await allow(ctx, host)
        change = await _chosen(place, self.change)
        view = _preview(_place_of(place, change), change)
        await ctx.respond(flags=hikari.MessageFlag.EPHEMERAL, **view.as_new())


@loader.component("config-history")
async def turn_page(press: ComponentPress, host: Host) -> None:
    """Show another page of the history."""
    page, _dot, plugin = press.payload.partition(".")
    place = await allow(press, host)
    await press.respond(**(await _history(place, plugin, int(page))).as_edit())


@loader.component("config-undo")
async def take_back(press: ComponentPress, host: Host) -> None:
    """Take a change back, and offer to take that back too."""
    place = await allow(press, host)
    change = await host.settings.changes.get(place.guild_id, int(press.payload))
    if change is None:
        raise InvalidRequest(_("That change is no longer in the history."))
    place = _place_of(place, change)
    await undo(place, change)
    embed = hikari.Embed(title=place.into(_("Taken back")))
    add_fields(embed, [(name, place.into(_line(place, change, name, back=True))) for name in change.names])
    row = hikari.impl.MessageActionRowBuilder()
    [newest] = await host.settings.changes.latest(place.guild_id, plugin=change.plugin, limit=1)
    if newest.undoes == change.id:
        _button(place, row, "config-undo", str(newest.id), _("Undo the undo"), hikari.ButtonStyle.SECONDARY)
    await press.respond(**View(embed, [row] if row.components else []).as_edit())


@loader.component("config-leave")
async def leave(press: ComponentPress, host: Host) -> None:
    """Leave everything as it is."""
    place = await allow(press, host)
    await press.respond(place.into(_("Nothing was changed.")), edit=True, embeds=[], components=[])


def summary(place: Place, change: SettingChange) -> str:
    """A change in one line, for suggestions: no mention is readable there."""
    words = [f"{change.plugin}.{name}" for name in change.names]
    return cut(", ".join(words), 60) + f" ({change.made_at:%Y-%m-%d %H:%M} UTC)"


async def _chosen(place: Place, text: str) -> SettingChange:
    changes = place.host.settings.changes
    number = text.partition(":")[0].strip().lstrip("#")
    if number.isdecimal() and len(number) < 19:
        change = await changes.get(place.guild_id, int(number))
        if change is None:
            raise InvalidRequest(_("There is no change {number}. See `/config history`.", number=number))
        if change.undone_by is not None:
            raise InvalidRequest(_("That change has been taken back already. See `/config history`."))
        return change
    if text:
        raise InvalidRequest(
            _(
                "“{text}” is no change. Choose one of the suggestions, or see `/config history`.",
                text=cut(text),
            )
        )
    found = await changes.latest(place.guild_id)
    for change in found:
        if change.undone_by is None and change.undoes is None:
            return change
    raise InvalidRequest(_("Nothing was changed here that could be taken back."))


def _place_of(place: Place, change: SettingChange) -> Place:
    """The place of a change's plugin; raises InvalidRequest when it does not run now."""
    record = place.host.lifecycle.records.get(change.plugin)
    if record is None or not open_settings(record):
        raise InvalidRequest(
            _("The plugin {plugin} does not run at the moment. See `/plugins list`.", plugin=change.plugin)
        )
    return place.at(record)


def _preview(place: Place, change: SettingChange) -> View:
    if change.undoes is None:
        title = _("Take back change {number}?", number=change.id)
    else:
        title = _("Undo the undo (change {number})?", number=change.id)
    embed = hikari.Embed(title=place.into(title), description=place.into(_who(change)))
    add_fields(embed, [(name, place.into(_line(place, change, name, back=True))) for name in change.names])
    row = hikari.impl.MessageActionRowBuilder()
    _button(place, row, "config-undo", str(change.id), _("Take it back"), hikari.ButtonStyle.DANGER)
    _button(place, row, "config-leave", "", _("Leave it"), hikari.ButtonStyle.SECONDARY)
    return View(embed, [row])


async def _history(place: Place, plugin: str, page: int) -> View:
    changes = await place.host.settings.changes.latest(place.guild_id, plugin=plugin or None)
    pages = max(1, -(-len(changes) // PAGE))
    page = min(max(page, 0), pages - 1)
    embed = hikari.Embed(title=place.into(_("Changes of this server's settings")))
    if not changes:
        embed.description = place.into(_("Nothing was changed yet."))
    add_fields(embed, [_entry(place, change) for change in changes[page * PAGE : (page + 1) * PAGE]])
    row = hikari.impl.MessageActionRowBuilder()
    if pages > 1:
        embed.set_footer(place.into(_("Page {page} of {pages}", page=page + 1, pages=pages)))
        for step, sign in ((page - 1, "◀"), (page + 1, "▶")):
            _button(
                place,
                row,
                "config-history",
                f"{step}.{plugin[:30]}",
                sign,
                hikari.ButtonStyle.SECONDARY,
                disabled=not 0 <= step < pages,
            )
    return View(embed, [row] if row.components else [])


def _entry(place: Place, change: SettingChange) -> tuple[str, str]:
    lines = [place.into(_line(place, change, name, longest=_VALUE)) for name in change.names[:3]]
    if len(change.names) > 3:
        lines.append(place.into(_("and {n} more", n=len(change.names) - 3)))
    if change.undone_by is not None:
        lines.append(place.into(_("Taken back by change {number}.", number=change.undone_by)))
    who = place.into(_who(change))
    return f"{change.id} · {change.plugin}", "\n".join([*lines, who])


def _who(change: SettingChange) -> Message:
    when = f"<t:{int(change.made_at.timestamp())}:R>"
    if change.made_by is None:
        return _("by the plugin {plugin}, {when}", plugin=change.plugin, when=when)
    return _("by {person}, {when}", person=f"<@{change.made_by}>", when=when)


def _line(
    place: Place, change: SettingChange, name: str, *, back: bool = False, longest: int = 300
) -> Message:
    """``before → after`` of one setting; the other way round for an undo."""
    record = place.host.lifecycle.records.get(change.plugin)
    schema = record.description.schema if record is not None and record.description is not None else None
    known = settings(schema) if schema is not None else []  # also of a plugin that does not run now
    setting = next((one for one in known if one.name == name), None)

    def side(values: Any) -> str:
        if name not in values:
            return _("the bot's own value")
        value = values[name]
        return stored(value, longest) if setting is None else shown(setting, value, longest)

    before, after = side(change.before), side(change.after)
    if back:
        return _("{before} → {after}", before=after, after=before)
    return _("**{setting}**: {before} → {after}", setting=name, before=before, after=after)


def _button(
    place: Place,
    row: hikari.api.MessageActionRowBuilder,
    action: str,
    payload: str,
    label: str,
    style: Any,
    *,
    disabled: bool = False,
) -> None:
    made = place.host.lifecycle.records["core"].context.component_id
    row.add_interactive_button(style, made(action, payload), label=place.into(label), is_disabled=disabled)
