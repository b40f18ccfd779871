"""Autocompletion of `/config`: plugins, settings, values by their names, changes that can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.config.group import CAPABILITY, Place, open_settings, plugins_with_settings
from chandelier.builtin.config.words import choices_of, element_type, is_list, shown, typed_form
from chandelier.builtin.plugin import Core
from chandelier.config.layers import Row
from chandelier.config.schema import Setting
from chandelier.languages import Messages
from chandelier.services.access import Person

__all__ = ["suggest_changes", "suggest_plugins", "suggest_settings", "suggest_values"]

_ = Messages(__package__)

MOST = 25
"""Suggestions. Source: https://discord.com/developers/docs/interactions/receiving-and-responding
(Autocomplete: max of 25 choices)."""
LONGEST = 100
"""Characters of the name and of the value of a suggestion. Source: Application commands, Option choice."""

Ask = lightbulb.AutocompleteContext[str]


async def suggest_plugins(ctx: Ask) -> None:
    """Plugins that have settings for servers."""
    host = await _host(ctx)
    typed = _typed(ctx)
    await ctx.respond([name for name in plugins_with_settings(host) if typed in name][:MOST])


async def suggest_settings(ctx: Ask) -> None:
    """Settings of the plugin chosen before."""
    place = await _place(ctx)
    typed = _typed(ctx)
    names = [setting.name for setting in place.settings] if place is not None else []
    await ctx.respond([name for name in names if typed in name.casefold()][:MOST])


async def suggest_values(ctx: Ask) -> None:
    """Values of the setting chosen before: choices, yes and no, names of channels, the value now."""
    place = await _place(ctx)
    chosen = ctx.get_option("setting")
    known = {setting.name: setting for setting in place.settings} if place is not None else {}
    setting = known.get(str(chosen.value)) if chosen is not None else None
    if place is None or setting is None:
        await ctx.respond([])
        return
    written = str(ctx.focused.value or "")
    before, _comma, last = written.rpartition(",") if is_list(setting) else ("", "", written)
    if setting.kind in ("channel", "role"):
        found = await _objects(place, setting, before, last.strip())
    elif choices := _choices(place, setting):
        found = _completed(choices, before, last.strip())
    else:
        found = []
    if not written:
        row = (await place.rows())[setting.name]
        found = [*_current(place, setting, row), *found]
    await ctx.respond([(name, value) for name, value in found if value][:MOST])


async def suggest_changes(ctx: Ask) -> None:
    """The newest changes of this server's settings that can be taken back."""
    from chandelier.builtin.config.history import summary  # late: history's commands suggest changes

    host = await _host(ctx)
    guild_id = ctx.interaction.guild_id
    if guild_id is None or not await _may(ctx, host):
        await ctx.respond([])
        return
    place = Place(host, host.lifecycle.records["core"], int(guild_id), 0, str(ctx.interaction.locale))
    typed = _typed(ctx)
    found: list[tuple[str, str]] = []
    for change in await host.settings.changes.latest(int(guild_id), limit=100):
        if change.undone_by is None:
            line = _fit(f"{change.id}: {summary(place, change)}")
            if typed in line.casefold():
                found.append((line, str(change.id)))
    await ctx.respond(found[:MOST])


async def _host(ctx: Ask) -> Host:
    return await ctx.client.di.default_container.get(Host)  # pyright: ignore[reportOptionalMemberAccess]


async def _may(ctx: Ask, host: Host) -> bool:
    """Whether the person may use `/config`; suggestions tell what is set, so they are for nobody else."""
    who = ctx.interaction
    if who.guild_id is None or who.member is None:
        return False
    person = Person(
        guild_id=who.guild_id,
        user_id=who.user.id,
        role_ids=who.member.role_ids,
        permissions=who.member.permissions,
    )
    access = host.lifecycle.records["core"].context.access
    return await access.allows(person, CAPABILITY, hikari.Permissions.MANAGE_GUILD)


async def _place(ctx: Ask) -> Place | None:
    host = await _host(ctx)
    chosen, guild_id = ctx.get_option("plugin"), ctx.interaction.guild_id
    record = host.lifecycle.records.get(str(chosen.value)) if chosen is not None else None
    if record is None or guild_id is None or not open_settings(record) or not await _may(ctx, host):
        return None
    return Place(host, record, int(guild_id), int(ctx.interaction.user.id), str(ctx.interaction.locale))


def _typed(ctx: Ask) -> str:
    return str(ctx.focused.value or "").casefold()


def _choices(place: Place, setting: Setting) -> list[tuple[str, str]]:
    if element_type(setting) is bool:
        return [(place.into(_("yes")), "yes"), (place.into(_("no")), "no")]
    return [(str(choice), str(choice)) for choice in choices_of(setting)]


def _completed(choices: Sequence[tuple[str, str]], before: str, last: str) -> list[tuple[str, str]]:
    lead = f"{before}, " if before else ""
    return [
        (_fit(lead + name), lead + value)
        for name, value in choices
        if last.casefold() in name.casefold() and len(lead + value) <= LONGEST
    ]


async def _objects(place: Place, setting: Setting, before: str, last: str) -> list[tuple[str, str]]:
    core: Any = place.host.lifecycle.records["core"].plugin
    assert isinstance(core, Core)
    assert setting.kind is not None
    known = await core.names.of(place.host, place.guild_id, setting.kind)
    sign = "#" if setting.kind == "channel" else "@"
    typed = last.lstrip("#@").casefold()
    given = [part.strip() for part in before.split(",") if part.strip()]
    named = ", ".join(sign + known[int(p)] if p.isdecimal() and int(p) in known else p for p in given)
    lead_name, lead = (f"{named}, ", ", ".join(given) + ", ") if given else ("", "")
    by_name = sorted(known.items(), key=lambda one: (not one[1].casefold().startswith(typed), one[1]))
    return [
        (_fit(f"{lead_name}{sign}{name}"), f"{lead}{object_id}")
        for object_id, name in by_name
        if typed in name.casefold() and str(object_id) not in given and len(f"{lead}{object_id}") <= LONGEST
    ]


def _current(place: Place, setting: Setting, row: Row) -> list[tuple[str, str]]:
    """What is in force, to start from; only where it fits whole, so that nothing is lost by choosing it."""
    value = typed_form(setting, row.value).replace("\n", ", ")
    if not value or len(value) > LONGEST or setting.kind is not None or element_type(setting) is bool:
        return []
    now = place.into(_("as it is now: {value}", value=place.into(shown(setting, row.value)).replace("`", "")))
    return [(_fit(now), value)]


def _fit(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
