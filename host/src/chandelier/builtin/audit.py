"""`/audit`: who changed what on this server, when, before and after; searched, turned over, exported."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import attrs
import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.pages import pager
from chandelier.errors import InvalidRequest, NotAllowed
from chandelier.languages import Messages
from chandelier.routing.components import ComponentPress
from chandelier.routing.loader import Loader
from chandelier.services.audit import Entry, Query
from chandelier.services.audit_files import entries_of, moment, written
from chandelier.storage.tables import AuditSearchRow

__all__ = ["loader"]

_ = Messages(__package__)
loader = Loader()
group = lightbulb.Group(
    "audit",
    "Who changed what",
    default_member_permissions=hikari.Permissions.VIEW_AUDIT_LOG,
    contexts=[hikari.ApplicationContextType.GUILD],
)
PAGE = 5
"""Entries on a page."""
MOST = 10_000
"""Entries in an exported file: some MiB, which Discord takes."""
_SHOWN = 200
"""Characters that are shown of what was before and after."""


async def suggest_plugins(ctx: lightbulb.AutocompleteContext[str]) -> None:
    """Plugins whose name has what was typed."""
    host = await ctx.client.di.default_container.get(Host)  # pyright: ignore[reportOptionalMemberAccess]
    typed = str(ctx.focused.value or "").lower()
    await ctx.respond([name for name in sorted(host.lifecycle.records) if typed in name][:25])


@group.register
class SearchAudit(lightbulb.SlashCommand, name="search", description="Look up who changed what"):
    """Newest entries first; every option narrows it down."""

    capability = "audit"
    examples = ("/audit search since:7d", "/audit search by:@mod what:config")
    by = lightbulb.user("by", "Who did it", default=None)
    about = lightbulb.user("about", "Whom it concerns", default=None)
    what = lightbulb.string("what", "What was done, as in config or access.deny", default="", max_length=60)
    plugin = lightbulb.string("plugin", "Of which plugin", default="", autocomplete=suggest_plugins)
    since = lightbulb.string("since", "From when on: 7d, 12h, 2026-01-31", default="", max_length=40)
    until = lightbulb.string("until", "Up to when: 7d, 12h, 2026-01-31", default="", max_length=40)
    text = lightbulb.string("text", "Words that stand in it", default="", max_length=100)
    whole = lightbulb.boolean(
        "whole-bot", "Of all servers and the bot itself (its owner only)", default=False
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Remember the search for its buttons, and show the first page."""
        query = _query(self, ctx, host)
        async with host.database.transaction() as session:
            row = AuditSearchRow(at=host.clock.now(), query=_stored(query))
            session.add(row)
        embed, buttons = await _page(host, query, row.id, ctx.interaction.locale)
        await ctx.respond(embed=embed, components=buttons, flags=hikari.MessageFlag.EPHEMERAL)


@group.register
class ExportAudit(lightbulb.SlashCommand, name="export", description="The audit log as a file"):
    """The same options as for a search."""

    capability = "audit"
    examples = ("/audit export format:csv since:30d",)
    form = lightbulb.string(
        "format",
        "For spreadsheets (csv) or for programs (json)",
        choices=[lightbulb.Choice("csv", "csv"), lightbulb.Choice("json", "json")],
        default="csv",
    )
    by = lightbulb.user("by", "Who did it", default=None)
    about = lightbulb.user("about", "Whom it concerns", default=None)
    what = lightbulb.string("what", "What was done, as in config or access.deny", default="", max_length=60)
    plugin = lightbulb.string("plugin", "Of which plugin", default="", autocomplete=suggest_plugins)
    since = lightbulb.string("since", "From when on: 7d, 12h, 2026-01-31", default="", max_length=40)
    until = lightbulb.string("until", "Up to when: 7d, 12h, 2026-01-31", default="", max_length=40)
    text = lightbulb.string("text", "Words that stand in it", default="", max_length=100)
    whole = lightbulb.boolean(
        "whole-bot", "Of all servers and the bot itself (its owner only)", default=False
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Make the file and send it to the person who asks."""
        query = _query(self, ctx, host)
        await ctx.defer(ephemeral=True)
        found = [entry async for entry in entries_of(host.audit, query, most=MOST)]
        form = "json" if self.form == "json" else "csv"
        text = written(found, form)
        await host.audit.record(
            "audit.export", plugin="core", guild_id=query.guild_id, after={"entries": len(found)}
        )
        said = _.count("One entry.", "{n} entries, the newest first.", len(found))
        if len(found) == MOST:
            said = _("The newest {n} entries; narrow it down with since and until to get older ones.", n=MOST)
        await ctx.respond(
            host.languages.into(ctx.interaction.locale, said),
            attachment=hikari.Bytes(text.encode(), f"audit-{host.clock.now():%Y-%m-%d}.{form}"),
            flags=hikari.MessageFlag.EPHEMERAL,
        )


loader.command(group)


@loader.component("audit", capability="audit")
async def turn_page(press: ComponentPress, host: Host) -> None:
    """Show the entries before or after those on the page."""
    search, way, entry_id = press.payload.split("-")
    async with host.database.read() as session:
        row = await session.get(AuditSearchRow, int(search))
        query = None if row is None else _restored(row.query)
    if query is None:
        raise InvalidRequest(_("This search is too old. Use `/audit search` again."))
    if query.guild_id != press.guild_id and press.user.id not in host.owners:
        raise NotAllowed(_("Only the bot's owner sees the entries of the whole bot."))
    older, newer = (int(entry_id), None) if way == "o" else (None, int(entry_id))
    embed, buttons = await _page(
        host, query, int(search), press.interaction.locale, older_than=older, newer_than=newer
    )
    await press.respond(
        embed=embed,
        components=buttons,
        edit=True,
        mentions_everyone=False,
        user_mentions=False,
        role_mentions=False,
    )


def _query(options: SearchAudit | ExportAudit, ctx: lightbulb.Context, host: Host) -> Query:
    if options.whole and ctx.user.id not in host.owners:
        raise NotAllowed(_("Only the bot's owner sees the entries of the whole bot."))
    now = host.clock.now()
    by, about = options.by, options.about
    since = moment(options.since, now) if options.since else None
    until = moment(options.until, now) if options.until else None
    if since is not None and until is not None and since >= until:
        raise InvalidRequest(_("`since` is not before `until`, so there is nothing between them."))
    return Query(
        guild_id=None if options.whole else int(ctx.guild_id or 0),
        by=int(by.id) if by is not None else None,
        about=int(about.id) if about is not None else None,
        plugin=_typed(options.plugin),
        action=_typed(options.what),
        since=since,
        until=until,
        text=_typed(options.text),
    )


def _typed(text: str) -> str | None:
    """What was typed, without what PostgreSQL takes for no text at all."""
    return text.replace("\0", "").strip() or None


def _stored(query: Query) -> dict[str, Any]:
    values = attrs.asdict(query)
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in values.items()
        if value is not None
    }


def _restored(stored: dict[str, Any]) -> Query:
    values = dict(stored)
    for key in ("since", "until"):
        if key in values:
            values[key] = datetime.fromisoformat(values[key])
    return Query(**values)


async def _page(
    host: Host,
    query: Query,
    search: int,
    locale: str,
    *,
    older_than: int | None = None,
    newer_than: int | None = None,
) -> tuple[hikari.Embed, list[hikari.api.MessageActionRowBuilder]]:
    into = host.languages.into
    found = await host.audit.find(query, limit=PAGE + 1, older_than=older_than, newer_than=newer_than)
    more = len(found) > PAGE
    shown = found[-PAGE:] if newer_than is not None else found[:PAGE]
    lines = [_line(entry, host, locale, everywhere=query.guild_id is None) for entry in shown]
    embed = hikari.Embed(
        title=into(locale, _("Audit log")),
        description="\n\n".join(lines)[:4096]
        or into(locale, _("There is no such entry. Leave something out to find more.")),
    )
    older = more if newer_than is None else bool(shown)
    newer = more if newer_than is not None else older_than is not None and bool(shown)
    core = host.lifecycle.records["core"].context
    buttons = pager(
        lambda payload: core.component_id("audit", payload),
        lambda text: into(locale, text),
        back=f"{search}-n-{shown[0].id}" if newer else None,
        on=f"{search}-o-{shown[-1].id}" if older else None,
    )
    return embed, buttons


def _line(entry: Entry, host: Host, locale: str, *, everywhere: bool) -> str:
    into = host.languages.into
    kind, user_id = entry.actor.kind, entry.actor.user_id
    who = {
        "person": f"<@{user_id}>",
        "command line": into(locale, _("the owner at the command line")),
        "bot": into(locale, _("the bot by itself")),
        "erased": into(locale, _("an erased person")),
    }[kind]
    where = f" · {entry.guild_id or 'bot'}" if everywhere else ""
    about = f" · <@{entry.about}>" if entry.about is not None else ""
    head = f"<t:{int(entry.at.timestamp())}:f> {who}{where}\n**{entry.action}** {entry.plugin}{about}"
    lines = [head]
    if entry.subject:
        lines.append(entry.subject[:_SHOWN])
    if entry.before is not None or entry.after is not None:
        lines.append(f"{_shown(entry.before)} → {_shown(entry.after)}")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.replace("`", "ˋ")
    return f"`{text[:_SHOWN]}…`" if len(text) > _SHOWN else f"`{text}`"
