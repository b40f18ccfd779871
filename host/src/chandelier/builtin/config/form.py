"""Forms built from a plugin's schema: one text input for each setting that is typed, five in a form.

Discord's forms take menus too, but hikari 2.6 builds and reads text inputs only; what is chosen and not
typed has menus and buttons in a message instead (see `pickers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import hikari

from chandelier.app import Host
from chandelier.builtin.config.changing import change
from chandelier.builtin.config.drafts import Draft
from chandelier.builtin.config.group import Asker, Place, allow, by_key, fingerprint, key_of, loader
from chandelier.builtin.config.group import plugins_with_settings as plugins
from chandelier.builtin.config.typed import check_ids, read
from chandelier.builtin.config.words import choices_of, element_type, is_list, shown, typed_form
from chandelier.builtin.plugin import Core
from chandelier.config.problems import ConfigError
from chandelier.config.schema import Setting
from chandelier.config.told import told
from chandelier.errors import InvalidRequest
from chandelier.languages import Messages
from chandelier.routing.components import ComponentPress, FormSubmit

__all__ = ["fits_a_form", "form_pages", "offer_correction"]

_ = Messages(__package__)

# https://discord.com/developers/docs/interactions/receiving-and-responding (Modal),
# https://discord.com/developers/docs/components/reference#text-input
MOST_INPUTS = 5
LONGEST_TITLE = 45
LONGEST_LABEL = 45
LONGEST_PLACEHOLDER = 100
LONGEST_TEXT = 4000
ONE_LINE = 60
"""Characters of a text from which on its input has several lines."""


def form_pages(place: Place) -> list[list[Setting]]:
    """The settings that are typed and not chosen, five to a form."""
    typed = [
        setting
        for setting in place.settings
        if setting.kind is None
        and (is_list(setting) or not choices_of(setting))
        and (is_list(setting) or element_type(setting) is not bool)
    ]
    return [typed[start : start + MOST_INPUTS] for start in range(0, len(typed), MOST_INPUTS)]


def fits_a_form(setting: Setting, value: Any) -> bool:
    """Whether a value can stand in a form whole."""
    return len(typed_form(setting, value)) <= LONGEST_TEXT


async def offer_correction(
    who: Asker, place: Place, core: Core, texts: Mapping[str, str], error: InvalidRequest
) -> None:
    """Say what is wrong, with a button that opens a form in which everything typed still stands."""
    said = place.into(error.args[0])
    if any(len(text) > LONGEST_TEXT for text in texts.values()):
        await who.respond(said, flags=hikari.MessageFlag.EPHEMERAL)
        return
    draft = core.drafts.keep(Draft(place.guild_id, place.user_id, place.record.name, dict(texts)))
    row = hikari.impl.MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.PRIMARY,
        core.ctx.component_id("config-correct", f"{key_of(place.record.name)}.{draft}"),
        label=place.into(_("Correct it …")),
    )
    await who.respond(said, component=row, flags=hikari.MessageFlag.EPHEMERAL)


@loader.component("config-form")
async def open_form(press: ComponentPress, host: Host) -> None:
    """Open the form of some settings with what is in force."""
    plugin, _dot, what = press.payload.partition(".")
    place = _of_plugin(await allow(press, host), plugin)
    await _show(press, place, _meant(place, what), what, {})


@loader.component("config-correct")
async def correct(press: ComponentPress, host: Host, core: Core) -> None:
    """Open the form again with what was typed."""
    plugin, _dot, draft_id = press.payload.partition(".")
    place = _of_plugin(await allow(press, host), plugin)
    draft = core.drafts.of(draft_id, guild_id=place.guild_id, user_id=place.user_id)
    if draft is None:
        raise InvalidRequest(_("What you typed is no longer there. Use `/config edit` to start again."))
    for number, page in enumerate(form_pages(place)):
        if draft.texts.keys() <= {setting.name for setting in page} and len(draft.texts) > 1:
            await _show(press, place, page, f"f{number}", draft.texts)
            return
    what = key_of(next(iter(draft.texts)))
    await _show(press, place, _meant(place, what), what, draft.texts)


@loader.form("config-typed")
async def take(form: FormSubmit, host: Host, core: Core) -> None:
    """Take what was typed: all of it, or nothing with every reason why not."""
    plugin, what, seen = form.payload.split(".")
    place = _of_plugin(await allow(form, host), plugin)
    by_name = {setting.name: setting for setting in _meant(place, what)}
    texts = {name: form.values[key_of(name)] for name in by_name if key_of(name) in form.values}
    rows = await place.rows()
    shown_texts = {name: typed_form(by_name[name], rows[name].value) for name in texts}
    changed = {name: text for name, text in texts.items() if text.strip() != shown_texts[name].strip()}
    if not changed:
        await form.respond(place.into(_("Nothing was changed.")), flags=hikari.MessageFlag.EPHEMERAL)
        return
    try:
        stored = await place.stored()
        if fingerprint(stored, list(by_name)) != seen:
            raise InvalidRequest(
                _(
                    "Somebody else changed these settings meanwhile. What you typed is kept: look, and send "
                    "it again."
                )
            )
        values = await _values(place, core, by_name, changed)
        await change(place, values, expected=fingerprint(stored, list(values)))
    except InvalidRequest as error:
        await offer_correction(form, place, core, texts, error)
        return
    after = await place.rows()
    lines = [
        _(
            "**{setting}**: {before} → {after}",
            setting=name,
            before=shown(by_name[name], rows[name].value, 120),
            after=shown(by_name[name], after[name].value, 120),
        )
        for name in changed
    ]
    head = place.into(_("✅ Changed. Not what you meant? `/config undo`"))
    await form.respond("\n".join([head, *map(place.into, lines)]), flags=hikari.MessageFlag.EPHEMERAL)


async def _values(
    place: Place, core: Core, by_name: Mapping[str, Setting], texts: Mapping[str, str]
) -> dict[str, Any]:
    """The raw values that texts mean; InvalidRequest with the problems of all of them."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, text in texts.items():
        setting = by_name[name]
        if not text.strip() and not is_list(setting):
            values[name] = None  # an empty input: back to the bot's own value
            continue
        try:
            value = await read(place, core.names, setting, text)
            await check_ids(place, setting, value)
        except InvalidRequest as error:
            problems.append(_("**{setting}**: {problem}", setting=name, problem=error.args[0]))
        else:
            values[name] = value
    if not problems:
        return values  # the schema judges them when they are stored
    kept = {name: value for name, value in values.items() if value is not None}
    assert place.record.description is not None and place.record.description.schema is not None
    try:
        place.host.deployment.for_guild(place.record.name, place.record.description.schema, kept)
    except ConfigError as error:
        problems.append(told(error.problems))
    whole = problems[0]
    for problem in problems[1:]:
        whole = _("{above}\n{below}", above=whole, below=problem)
    raise InvalidRequest(whole)


def _of_plugin(place: Place, key: str) -> Place:
    name = by_key(key, plugins(place.host))
    if name is None:
        raise InvalidRequest(_("That plugin does not run at the moment. See `/plugins list`."))
    return place.at(place.host.lifecycle.records[name])


def _meant(place: Place, what: str) -> Sequence[Setting]:
    """The settings of a form: ``f0`` is the first page, anything else the key of one setting."""
    pages = form_pages(place)
    if len(what) == 2 and what[0] == "f" and int(what[1]) < len(pages):
        return pages[int(what[1])]
    known = {setting.name: setting for setting in place.settings}
    name = by_key(what, known)
    if name is None:
        raise InvalidRequest(_("That setting no longer exists in the version that runs now."))
    return [known[name]]


async def _show(
    press: ComponentPress, place: Place, settings: Sequence[Setting], what: str, texts: Mapping[str, str]
) -> None:
    rows = await place.rows()
    inputs = [
        _input(place, setting, texts.get(setting.name, typed_form(setting, rows[setting.name].value)))
        for setting in settings
        if fits_a_form(setting, rows[setting.name].value) or setting.name in texts
    ]
    if not inputs:
        raise InvalidRequest(
            _("These settings are too long for a form: use `/config set`, or the plugin's own commands.")
        )
    seen = fingerprint(await place.stored(), [setting.name for setting in settings])
    made = place.host.lifecycle.records["core"].context.component_id
    payload = f"{key_of(place.record.name)}.{what}.{seen}"
    title = place.into(_("Settings of {plugin}", plugin=place.record.name))
    await press.show_form(title[:LONGEST_TITLE], made("config-typed", payload), *inputs)


def _input(place: Place, setting: Setting, text: str) -> hikari.api.ModalActionRowBuilder:
    row = hikari.impl.ModalActionRowBuilder()
    longer = is_list(setting) or "\n" in text or len(text) > ONE_LINE or setting.allowed.startswith("a table")
    return row.add_text_input(
        key_of(setting.name),
        setting.name[-LONGEST_LABEL:],
        style=hikari.TextInputStyle.PARAGRAPH if longer else hikari.TextInputStyle.SHORT,
        placeholder=place.into(setting.allowed)[:LONGEST_PLACEHOLDER],
        value=text or hikari.UNDEFINED,
        required=False,
        max_length=LONGEST_TEXT,
    )
