"""One setting with the control that fits its type: menus of channels, roles and members, buttons, a form."""

from __future__ import annotations

from typing import Any

import hikari

from chandelier.app import Host
from chandelier.builtin.config.changing import ChangedMeanwhile, change
from chandelier.builtin.config.form import fits_a_form
from chandelier.builtin.config.group import Place, allow, by_key, fingerprint, key_of, loader
from chandelier.builtin.config.panel import PAGE, View, place_of
from chandelier.builtin.config.typed import check_ids
from chandelier.builtin.config.words import choices_of, element_type, field_text, is_list, shown
from chandelier.config.layers import Layer
from chandelier.config.schema import Setting, settings
from chandelier.errors import InvalidRequest
from chandelier.languages import Messages
from chandelier.routing.components import ComponentPress

__all__ = ["setting_view"]

_ = Messages(__package__)

MOST_OPTIONS = 25
"""Options of a menu, and values chosen in one. Source: Discord's documentation, Select menus."""
_MENUS = {
    "role": hikari.ComponentType.ROLE_SELECT_MENU,
    "member": hikari.ComponentType.USER_SELECT_MENU,
}
_WRITABLE = (
    hikari.ChannelType.GUILD_TEXT,
    hikari.ChannelType.GUILD_NEWS,
    hikari.ChannelType.GUILD_VOICE,
    hikari.ChannelType.GUILD_STAGE,
    hikari.ChannelType.GUILD_FORUM,
    hikari.ChannelType.GUILD_CATEGORY,
    hikari.ChannelType.GUILD_PUBLIC_THREAD,
    hikari.ChannelType.GUILD_PRIVATE_THREAD,
    hikari.ChannelType.GUILD_NEWS_THREAD,
)


async def setting_view(place: Place, setting: Setting, note: str = "") -> View:
    """What is in force for a setting, what it takes, and the control to change it."""
    row = (await place.rows())[setting.name]
    title, about = f"{place.record.name}.{setting.name}"[:256], place.help_of(setting)[:2000]
    embed = hikari.Embed(title=title, description=about)
    embed.add_field(
        place.into(_("Now")), place.into(field_text(shown(setting, row.value, 800), row.layer, "")).strip()
    )
    embed.add_field(place.into(_("Allowed")), place.into(setting.allowed)[:1000])
    if not fits_a_form(setting, row.value):
        embed.set_footer(
            place.into(_("This is too long for a form: use /config set, or the plugin's own commands."))
        )
    elif is_list(setting) and setting.kind is not None:
        embed.set_footer(place.into(_("What you choose takes the place of the whole list.")))
    return View(embed, await _rows(place, setting, row.value, row.layer), note)


async def _rows(
    place: Place, setting: Setting, value: Any, layer: Layer
) -> list[hikari.api.MessageActionRowBuilder]:
    made = place.host.lifecycle.records["core"].context.component_id
    whose = f"{key_of(place.record.name)}.{key_of(setting.name)}"
    seen = f"{whose}.{fingerprint(await place.stored(), [setting.name])}"
    rows: list[hikari.api.MessageActionRowBuilder] = []
    most = min(MOST_OPTIONS, setting.facts.max_length or MOST_OPTIONS) if is_list(setting) else 1
    if setting.kind is not None:
        row = hikari.impl.MessageActionRowBuilder()
        pick, hint = made("config-pick", seen), place.into(_("Choose …"))
        if setting.kind == "channel":
            row.add_channel_menu(
                pick, channel_types=_WRITABLE, placeholder=hint, min_values=1, max_values=most
            )
        else:
            row.add_select_menu(_MENUS[setting.kind], pick, placeholder=hint, min_values=1, max_values=most)
        rows.append(row)
    elif 0 < len(choices := choices_of(setting)) <= MOST_OPTIONS:
        row = hikari.impl.MessageActionRowBuilder()
        menu = row.add_text_menu(
            made("config-pick", seen),
            placeholder=place.into(_("Choose …")),
            min_values=0 if is_list(setting) else 1,
            max_values=min(most, len(choices)),
        )
        now = value if isinstance(value, list) else [value]
        for choice in choices:
            menu.add_option(str(choice)[:100] or '""', key_of(str(choice)), is_default=choice in now)
        rows.append(row)
    buttons = hikari.impl.MessageActionRowBuilder()
    if element_type(setting) is bool and not is_list(setting):
        for choice, word in ((True, _("Yes")), (False, _("No"))):
            buttons.add_interactive_button(
                hikari.ButtonStyle.SUCCESS if choice is value else hikari.ButtonStyle.SECONDARY,
                made("config-yes" if choice else "config-no", seen),
                label=place.into(word),
            )
    elif (not rows or is_list(setting)) and fits_a_form(setting, value):
        buttons.add_interactive_button(
            hikari.ButtonStyle.PRIMARY, made("config-form", whose), label=place.into(_("Type it …"))
        )
    if layer is Layer.GUILD:
        buttons.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            made("config-reset", seen),
            label=place.into(_("Back to the bot's own value")),
        )
    buttons.add_interactive_button(
        hikari.ButtonStyle.SECONDARY,
        made("config-page", f"{key_of(place.record.name)}.{_page_of(place, setting)}"),
        label=place.into(_("All settings")),
    )
    return [*rows, buttons]


def _page_of(place: Place, setting: Setting) -> int:
    assert place.record.description is not None and place.record.description.schema is not None
    names = [one.name for one in settings(place.record.description.schema)]
    return names.index(setting.name) // PAGE


def _setting_of(place: Place, key: str) -> Setting:
    known = {setting.name: setting for setting in place.settings}
    name = by_key(key, known)
    if name is None:
        raise InvalidRequest(_("That setting no longer exists in the version that runs now."))
    return known[name]


@loader.component("config-choose")
async def choose(press: ComponentPress, host: Host) -> None:
    """Show the setting chosen in the list."""
    key, _dot, _page = press.payload.partition(".")
    place = place_of(await allow(press, host), key)
    await press.respond(**(await setting_view(place, _setting_of(place, press.values[0]))).as_edit())


@loader.component("config-pick")
async def pick(press: ComponentPress, host: Host) -> None:
    """Take what was chosen in a menu."""
    place, setting, seen = await _pressed(press, host)
    if setting.kind is not None:
        picked: list[Any] = [int(value) for value in press.values]
    else:
        known = {key_of(str(choice)): choice for choice in choices_of(setting)}
        picked = [known[value] for value in press.values if value in known]
    value = picked if is_list(setting) else picked[0]
    await check_ids(place, setting, value)
    await _take(press, place, setting, value, seen)


@loader.component("config-yes")
async def say_yes(press: ComponentPress, host: Host) -> None:
    """Switch a setting on."""
    place, setting, seen = await _pressed(press, host)
    await _take(press, place, setting, True, seen)


@loader.component("config-no")
async def say_no(press: ComponentPress, host: Host) -> None:
    """Switch a setting off."""
    place, setting, seen = await _pressed(press, host)
    await _take(press, place, setting, False, seen)


@loader.component("config-reset")
async def reset(press: ComponentPress, host: Host) -> None:
    """Take this server's own value away."""
    place, setting, seen = await _pressed(press, host)
    await _take(press, place, setting, None, seen)


async def _pressed(press: ComponentPress, host: Host) -> tuple[Place, Setting, str]:
    plugin, setting, seen = press.payload.split(".")
    place = place_of(await allow(press, host), plugin)
    return place, _setting_of(place, setting), seen


async def _take(press: ComponentPress, place: Place, setting: Setting, value: Any, seen: str) -> None:
    try:
        await change(place, {setting.name: value}, expected=seen)
    except ChangedMeanwhile as error:
        note = place.into(_("⚠️ {problem}", problem=error.args[0]))
    else:
        note = place.into(_("✅ Changed. Not what you meant? `/config undo`"))
    await press.respond(**(await setting_view(place, setting, note)).as_edit())
