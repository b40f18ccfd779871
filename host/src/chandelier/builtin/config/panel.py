"""The list of a plugin's settings, page by page, with a menu to change one and buttons for the forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import hikari

from chandelier.app import Host
from chandelier.builtin.config.form import form_pages
from chandelier.builtin.config.group import Place, allow, by_key, key_of, loader, plugins_with_settings
from chandelier.builtin.config.words import field_text, shown
from chandelier.builtin.embeds import add_fields
from chandelier.config.schema import Setting, settings
from chandelier.errors import InvalidRequest
from chandelier.languages import Messages
from chandelier.routing.components import ComponentPress

__all__ = ["PAGE", "View", "list_view", "place_of"]

_ = Messages(__package__)

PAGE = 8
"""Settings of one page: with `SHOWN` characters each they fit an embed, whose limit is 6000."""
_HELP = 200
"""Characters of a setting's help in the list."""
_MENU_TEXT = 100
"""Characters of an option in a menu. Source: Discord's documentation, Select option structure."""


@attrs.frozen
class View:
    """An embed with its components, as a new message or in place of the one whose component was used."""

    embed: hikari.Embed
    rows: Sequence[hikari.api.MessageActionRowBuilder] = ()
    content: str = ""

    def as_new(self) -> dict[str, Any]:
        """Arguments of ``respond`` for a new message."""
        said = {"content": self.content} if self.content else {}
        return {"embed": self.embed, "components": list(self.rows), **said}

    def as_edit(self) -> dict[str, Any]:
        """Arguments of ``respond`` that replace a message whole."""
        return {"edit": True, "content": self.content, "embed": self.embed, "components": list(self.rows)}


def place_of(place: Place, key: str) -> Place:
    """The place of the plugin that a custom id names; raises InvalidRequest when it does not run now."""
    name = by_key(key, plugins_with_settings(place.host))
    if name is None:
        raise InvalidRequest(_("That plugin does not run at the moment. See `/plugins list`."))
    return place.at(place.host.lifecycle.records[name])


async def list_view(place: Place, page: int) -> View:
    """One page of a plugin's settings: value, layer and help of each."""
    rows = await place.rows()
    assert place.record.description is not None and place.record.description.schema is not None
    known = settings(place.record.description.schema)
    pages = max(1, -(-len(known) // PAGE))
    page = min(max(page, 0), pages - 1)
    listed = known[page * PAGE : (page + 1) * PAGE]
    embed = hikari.Embed(title=place.into(_("Settings of {plugin}", plugin=place.record.name)))
    locks = {True: "", False: " 🔒"}
    add_fields(
        embed,
        [
            (
                f"{one.name}{locks[one.guild]}",
                place.into(_text(place, one, rows[one.name].value, rows[one.name].layer)),
            )
            for one in listed
        ],
    )
    foot = _("🔒 only the bot's owner can change this, in config.toml")
    if pages > 1:
        foot = _("Page {page} of {pages}. {foot}", page=page + 1, pages=pages, foot=foot)
    embed.set_footer(place.into(foot))
    return View(embed, _controls(place, listed, page, pages))


def _text(place: Place, setting: Setting, value: Any, layer: Any) -> str:
    text = _fit(place.help_of(setting), _HELP)
    return field_text(shown(setting, value), layer, text)


def _fit(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _controls(
    place: Place, listed: Sequence[Setting], page: int, pages: int
) -> list[hikari.api.MessageActionRowBuilder]:
    name, made = key_of(place.record.name), place.host.lifecycle.records["core"].context.component_id
    rows: list[hikari.api.MessageActionRowBuilder] = []
    changeable = [setting for setting in listed if setting.guild]
    if changeable:
        row = hikari.impl.MessageActionRowBuilder()
        menu = row.add_text_menu(
            made("config-choose", f"{name}.{page}"),
            placeholder=place.into(_("Change a setting …")),
            min_values=1,
        )
        for one in changeable:
            about = _fit(place.help_of(one), _MENU_TEXT)
            menu.add_option(one.name[:_MENU_TEXT], key_of(one.name), description=about)
        rows.append(row)
    buttons = hikari.impl.MessageActionRowBuilder()
    if pages > 1:
        for step, sign in ((page - 1, "◀"), (page + 1, "▶")):
            buttons.add_interactive_button(
                hikari.ButtonStyle.SECONDARY,
                made("config-page", f"{name}.{step}"),
                label=sign,
                is_disabled=not 0 <= step < pages,
            )
    forms = form_pages(place)
    for number in range(min(len(forms), 3)):
        text = _("Fill in a form") if len(forms) == 1 else _("Fill in form {number}", number=number + 1)
        buttons.add_interactive_button(
            hikari.ButtonStyle.PRIMARY, made("config-form", f"{name}.f{number}"), label=place.into(text)
        )
    if buttons.components:
        rows.append(buttons)
    return rows


@loader.component("config-page")
async def turn_page(press: ComponentPress, host: Host) -> None:
    """Show another page of the list."""
    key, _dot, page = press.payload.partition(".")
    place = place_of(await allow(press, host), key)
    await press.respond(**(await list_view(place, int(page))).as_edit())
