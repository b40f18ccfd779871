"""`/case list`, `search`, `export`, `edit` and `void`, and the buttons that turn the pages of a list."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import hikari
import lightbulb

import chandelier
from chandelier_moderation.acting.commands import SUGGESTED
from chandelier_moderation.acting.durations import zone_of
from chandelier_moderation.acting.requests import until as moment_of
from chandelier_moderation.cards import has_words
from chandelier_moderation.casebook.editing import Change
from chandelier_moderation.casebook.files import Format, packed, row_of, written
from chandelier_moderation.casebook.look import found_card
from chandelier_moderation.casebook.moments import past
from chandelier_moderation.casebook.queries import ACTIONS, Found, Query, State
from chandelier_moderation.commands import REASON_LENGTH, case_group
from chandelier_moderation.plugin import ModerationPlugin
from chandelier_moderation.tables import Case

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages(__package__)

MOST = 25_000
"""Cases in one exported file: more than enough for a sheet, and packed it is a file that Discord takes."""

NEVER = "never"
"""What is written as a duration for what has no end."""
_CAPABILITIES = {"ban": "ban", "timeout": "timeout", "role_give": "role"}
"""What may last for a time, and who may say for how long."""

_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}

_ACTIONS = [lightbulb.Choice(action.replace("_", " "), action) for action in ACTIONS]
_STATES = [
    lightbulb.Choice("valid", "valid"),
    lightbulb.Choice("void", "void"),
    lightbulb.Choice("in force", "active"),
]
_FORMATS = [lightbulb.Choice("csv", "csv"), lightbulb.Choice("json", "json")]


def _number() -> int:
    return lightbulb.integer("number", "The number of the case", min_value=1, max_value=2**31 - 1)


def _member() -> Any:
    return lightbulb.user("member", "Whom they are about", default=None)


def _by() -> Any:
    return lightbulb.user("by", "The moderator", default=None)


def _action() -> Any:
    return lightbulb.string("action", "What was done", choices=_ACTIONS, default=None)


def _state() -> Any:
    return lightbulb.string("state", "Valid, void, or in force now", choices=_STATES, default=None)


def _since() -> Any:
    return lightbulb.string("since", "From when on: 7d, 12h, 2026-01-31", default="", max_length=40)


def _until() -> Any:
    return lightbulb.string("until", "Up to when: 7d, 12h, 2026-01-31", default="", max_length=40)


def _text(**more: Any) -> Any:
    about = "Words in the reason, the message or its files' names"
    return lightbulb.string("text", about, max_length=100, **more)


@case_group.register
class CaseEdit(lightbulb.SlashCommand, name="edit", description="Give a case another reason or end"):
    """``/case edit``."""

    capability = "edit"
    examples = ("/case edit number:12 reason:spam in three channels",)
    number = _number()
    reason = lightbulb.string("reason", "What it should say", max_length=REASON_LENGTH, default="")
    duration = lightbulb.string(
        "duration",
        "How long it holds, from now on: 2d, until friday 18:00, never (no end)",
        max_length=60,
        default="",
        autocomplete=SUGGESTED,
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Change what is asked for, and have the log follow."""
        guild_id, reason, duration = ctx.guild_id or 0, self.reason.strip(), self.duration.strip()
        if not has_words(reason) and (reason or not duration):
            raise chandelier.InvalidRequest(_("Write the new reason, or the new duration."))
        case = await plugin.book.get(guild_id, self.number)  # says which cases there are, if this is none
        change = Change(reason=reason or None)
        if duration:
            await _check_may_change_end(ctx, plugin, case)
            never = duration.casefold() == NEVER
            expires_at = None if never else await moment_of(plugin, guild_id, duration)
            change = Change(reason=reason or None, ends=True, expires_at=expires_at)
        source = str(ctx.interaction.id)
        if await plugin.editor.edit(guild_id, case.number, change, by=ctx.user.id, source=source):
            said = _("Case #{number} says so now. Members are not told of it.", number=case.number)
        else:
            said = _("Case #{number} says so already.", number=case.number)
        await ctx.respond(said, ephemeral=True)


@case_group.register
class CaseVoid(lightbulb.SlashCommand, name="void", description="Mark a case as no longer valid"):
    """``/case void``; what the case did on Discord stays as it is."""

    capability = "void"
    examples = ("/case void number:12",)
    number = _number()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """The same as the button in the log."""
        case, now = await plugin.book.void(ctx.guild_id or 0, self.number, ctx.user.id)
        if now:
            said = _("Case #{number} is void now.", number=case.number)
        else:
            said = _(
                "Case #{number} was voided by {moderator} before.",
                number=case.number,
                moderator=f"<@{case.voided_by}>",
            )
        await ctx.respond(said, ephemeral=True)


@case_group.register
class CaseList(lightbulb.SlashCommand, name="list", description="List cases, the newest first"):
    """``/case list``; every option narrows it down."""

    capability = "case"
    examples = ("/case list", "/case list by:@mod action:ban since:7d")
    member, by, action, state = _member(), _by(), _action(), _state()
    since, until = _since(), _until()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show the first page."""
        await _show(ctx, plugin, await _query(self, ctx, plugin, None))


@case_group.register
class CaseSearch(lightbulb.SlashCommand, name="search", description="Find cases by words"):
    """``/case search``."""

    capability = "case"
    examples = ("/case search text:free nitro", "/case search text:scam member:@bob")
    text = _text()
    member, by, action, state = _member(), _by(), _action(), _state()
    since, until = _since(), _until()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show the first page."""
        text = _typed(self.text)
        if text is None:
            raise chandelier.InvalidRequest(_("Write what to look for, or use `/case list`."))
        await _show(ctx, plugin, await _query(self, ctx, plugin, text))


@case_group.register
class CaseExport(lightbulb.SlashCommand, name="export", description="Cases as a file"):
    """``/case export``; the same options as for a list."""

    capability = "export"
    examples = ("/case export format:csv since:30d",)
    form = lightbulb.string(
        "format", "For spreadsheets (csv) or for programs (json)", choices=_FORMATS, default="csv"
    )
    text = _text(default="")
    member, by, action, state = _member(), _by(), _action(), _state()
    since, until = _since(), _until()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Write the file, and note in the audit log who took it."""
        query = await _query(self, ctx, plugin, _typed(self.text))
        await ctx.defer(ephemeral=True)
        form: Format = "json" if self.form == "json" else "csv"
        rows = [row_of(case) async for cases in plugin.reader.every(query, MOST) for case in cases]
        name = f"cases-{plugin.ctx.now():%Y-%m-%d}.{form}"
        file = await asyncio.to_thread(lambda: packed(name, written(rows, form)))
        if file is None:
            raise chandelier.InvalidRequest(
                _("That is more than Discord takes. Narrow it down with since and until.")
            )
        await plugin.ctx.audit.record(
            "case.export", guild_id=query.guild_id, about=query.member, after={"cases": len(rows)}
        )
        said = _.count("One case.", "{n} cases, the newest first.", len(rows))
        if len(rows) == MOST:
            said = _("The newest {n} cases; narrow it down with since and until to get older ones.", n=MOST)
        await ctx.respond(said, attachment=hikari.Bytes(file[1], file[0]), ephemeral=True)


@loader.timer("casebook")
async def tidy(timer: chandelier.Timer, plugin: ModerationPlugin) -> datetime:
    """Once a day, forget evidence and searches that have had their time."""
    return await plugin.keeper.tidy(timer.due)


@loader.component("cases", capability="case")
async def turn_list(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Show the cases before or after those on the page."""
    search, way, number = press.payload.split("-")
    query = await plugin.reader.recall(press.guild_id or 0, int(search))
    if query is None:
        raise chandelier.InvalidRequest(_("This list is too old. Use `/case list` again."))
    if way == "o":
        found = await plugin.reader.page(query, older_than=int(number))
    else:
        found = await plugin.reader.page(query, newer_than=int(number))
    if not found.cases:  # those that were there were erased or changed meanwhile
        found = await plugin.reader.page(query)
    await press.respond(
        embed=found_card(query, found), components=_pager(plugin, int(search), found), edit=True, **_SILENT
    )


async def _check_may_change_end(ctx: lightbulb.Context, plugin: ModerationPlugin, case: Case) -> None:
    """Whoever changes an end has to be one who could do it anew, and to stand above the member."""
    if case.action not in _CAPABILITIES:
        raise chandelier.InvalidRequest(
            _("Nothing of this case holds for a time, so it has no end to change.")
        )
    await plugin.ctx.access.require(ctx, _CAPABILITIES[case.action])
    assert ctx.member is not None
    try:
        target = await plugin.ctx.rest.fetch_member(case.guild_id, case.target_id)
    except hikari.NotFoundError:
        return
    await plugin.check_hierarchy(ctx.member, target)


async def _show(ctx: lightbulb.Context, plugin: ModerationPlugin, query: Query) -> None:
    found = await plugin.reader.page(query)
    buttons: list[hikari.api.MessageActionRowBuilder] = []
    if found.older:
        buttons = _pager(plugin, await plugin.reader.remember(query), found)
    await ctx.respond(embed=found_card(query, found), components=buttons, ephemeral=True)


def _pager(plugin: ModerationPlugin, search: int, found: Found) -> list[hikari.api.MessageActionRowBuilder]:
    if not (found.newer or found.older):
        return []
    row = hikari.impl.MessageActionRowBuilder()
    for label, way, case, there in (
        (_("Newer"), "n", found.cases[0], found.newer),
        (_("Older"), "o", found.cases[-1], found.older),
    ):
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            plugin.ctx.component_id("cases", f"{search}-{way}-{case.number}"),
            label=label,
            is_disabled=not there,
        )
    return [row]


async def _query(
    options: CaseList | CaseSearch | CaseExport,
    ctx: lightbulb.Context,
    plugin: ModerationPlugin,
    text: str | None,
) -> Query:
    zone = zone_of((await plugin.ctx.config_for(ctx.guild_id or 0)).time_zone)
    now = plugin.ctx.now()
    since = past(options.since, now, zone) if options.since.strip() else None
    until = past(options.until, now, zone) if options.until.strip() else None
    if since is not None and until is not None and since >= until:
        raise chandelier.InvalidRequest(_("`since` is not before `until`, so there is nothing between them."))
    state: State | None = options.state
    return Query(
        guild_id=int(ctx.guild_id or 0),
        member=None if options.member is None else int(options.member.id),
        by=None if options.by is None else int(options.by.id),
        action=options.action,
        state=state,
        since=since,
        until=until,
        text=text,
    )


def _typed(text: str) -> str | None:
    """What was typed, without what PostgreSQL takes for no text at all."""
    return text.replace("\0", "").strip() or None
