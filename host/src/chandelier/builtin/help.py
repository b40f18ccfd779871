"""`/help`: what this member may use here, plugin by plugin, with examples; and one command explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.catalog import Entry, entries
from chandelier.builtin.embeds import add_fields
from chandelier.builtin.help_words import examples_of, explanation, needs
from chandelier.builtin.pages import pager
from chandelier.config.problems import nearest
from chandelier.errors import InvalidRequest, NotAllowed
from chandelier.languages import Messages
from chandelier.routing.components import ComponentPress
from chandelier.routing.loader import Loader
from chandelier.services.visibility import Viewer, Visibility, fetch_visibility

__all__ = ["loader"]

_ = Messages(__package__)
loader = Loader()
PAGE = 12
"""Commands on a page."""
_LONGEST = 3_500
"""Characters on a page; a description of an embed has at most 4,096."""

Asked = lightbulb.Context | ComponentPress | lightbulb.AutocompleteContext[str]


async def suggest_commands(ctx: lightbulb.AutocompleteContext[str]) -> None:
    """Commands and plugins that this member may use here."""
    host = await ctx.client.di.default_container.get(Host)  # pyright: ignore[reportOptionalMemberAccess]
    typed = str(ctx.focused.value or "").lower().removeprefix("/")
    usable = await _usable(ctx, host, ask_discord=False)
    names = [entry.path for entry in usable] + sorted({entry.owner for entry in usable})
    await ctx.respond([name for name in dict.fromkeys(names) if typed in name.lower()][:25])


@loader.command
class Help(lightbulb.SlashCommand, name="help", description="What you can do with this bot here"):
    """Shows only what the member may use."""

    examples = ("/help", "/help command:config set")
    about = lightbulb.string(
        "command", "A command or a plugin to explain", default="", autocomplete=suggest_commands
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """List commands by plugin, or explain the one that is asked for."""
        about = " ".join(self.about.removeprefix("/").lower().split())
        usable = await _usable(ctx, host)
        locale = ctx.interaction.locale
        found = _named(usable, about)
        if not about or len(found) > 1 or about in {entry.owner for entry in usable}:
            embed, buttons = _page(host, usable, found[0].root if found else about, 0, locale)
            await ctx.respond(embed=embed, components=buttons, flags=hikari.MessageFlag.EPHEMERAL)
        elif found:
            await ctx.respond(embed=_explained(host, found[0], locale), flags=hikari.MessageFlag.EPHEMERAL)
        else:
            raise InvalidRequest(_why_not(host, usable, about))


@loader.component("help")
async def turn_page(press: ComponentPress, host: Host) -> None:
    """Show another page in the same message, by what the member may use now."""
    page, _sep, about = press.payload.partition("-")
    usable = await _usable(press, host)
    embed, buttons = _page(host, usable, about, int(page), press.interaction.locale)
    await press.respond(embed=embed, components=buttons, edit=True)


# ---- what may be used


async def _usable(asked: Asked, host: Host, *, ask_discord: bool = True) -> list[Entry]:
    """The commands that the member may use in this channel: as Discord, the guild and the plugins say."""
    interaction = asked.interaction
    member, guild_id = interaction.member, interaction.guild_id
    known = entries(host)
    viewer: Viewer | None = None
    seen: Visibility | None = None
    if guild_id is not None and member is not None:
        viewer = Viewer(
            guild_id=int(guild_id),
            user_id=int(member.id),
            role_ids=tuple(int(role) for role in member.role_ids),
            permissions=member.permissions,
            channel_id=int(interaction.channel_id),
        )
        application_id = int(interaction.application_id)
        if ask_discord:
            seen = await fetch_visibility(host.bot.rest, application_id, int(guild_id))
        seen = seen or Visibility(application_id, {})
    restricted = any(entry.nsfw for entry in known) and await _is_restricted(host, interaction.channel_id)
    found: list[Entry] = []
    for entry in known:
        if entry.for_owner and interaction.user.id not in host.owners:
            continue
        if entry.contexts is not None and interaction.context not in entry.contexts:
            continue
        if entry.guilds is not None and int(guild_id or 0) not in entry.guilds:
            continue
        if entry.nsfw and not restricted:
            continue
        if viewer and seen and not seen.shows(entry.command_id, entry.needed, viewer):
            continue
        if entry.capability is not None and not await _admitted(host, entry, asked):
            continue
        found.append(entry)
    return found


async def _admitted(host: Host, entry: Entry, asked: Asked) -> bool:
    assert entry.capability is not None
    try:
        await host.gate.admit(entry.owner, asked, entry.capability)
    except (NotAllowed, LookupError):
        return False
    return True


async def _is_restricted(host: Host, channel_id: hikari.Snowflake) -> bool:
    """Whether a channel is age-restricted; a thread is as its channel is."""
    try:
        channel: Any = await host.bot.rest.fetch_channel(channel_id)
        if isinstance(channel, hikari.GuildThreadChannel):
            channel = await host.bot.rest.fetch_channel(channel.parent_id)
    except hikari.HTTPError:
        return False
    return bool(getattr(channel, "is_nsfw", False))


# ---- what is shown


def _named(known: Sequence[Entry], name: str) -> list[Entry]:
    """The command of that name, or those of the group; none when nothing is named."""
    if not name:
        return []
    exact = [entry for entry in known if entry.path.lower() == name.lower()]
    return exact or [entry for entry in known if entry.path.lower().startswith(f"{name.lower()} ")]


def _why_not(host: Host, usable: Sequence[Entry], name: str) -> str:
    hidden = _named(entries(host), name)
    if hidden:
        why = _.join(" ", needs(hidden[0]))
        return _("You cannot use `/{name}` here. {why}", name=hidden[0].path, why=why)
    meant = nearest(name, [*(entry.path for entry in usable), *(entry.owner for entry in usable)])
    if meant is None:
        return _("You have no command `/{name}` here. `/help` shows those you have.", name=name[:80])
    return _("You have no command `/{name}` here. Did you mean `{meant}`?", name=name[:80], meant=meant)


def _page(
    host: Host, usable: Sequence[Entry], about: str, number: int, locale: str
) -> tuple[hikari.Embed, list[hikari.api.MessageActionRowBuilder]]:
    into = host.languages.into
    pages = _pages([entry for entry in usable if about in ("", entry.owner, entry.root)], host, locale)
    number = max(0, min(number, len(pages) - 1))
    embed = hikari.Embed(title=into(locale, _("What you can do here")), description=pages[number])
    core = host.lifecycle.records["core"].context
    if len(pages) > 1:
        embed.set_footer(into(locale, _("Page {page} of {pages}", page=number + 1, pages=len(pages))))
    buttons = pager(
        lambda payload: core.component_id("help", payload),
        lambda text: into(locale, text),
        back=f"{number - 1}-{about}" if number else None,
        on=f"{number + 1}-{about}" if number + 1 < len(pages) else None,
    )
    return embed, buttons


def _pages(shown: Sequence[Entry], host: Host, locale: str) -> list[str]:
    """The commands under their plugins' names, cut into pages; a plugin that goes on is named again."""
    pages: list[list[str]] = [[]]
    count, owner = 0, ""
    for entry in shown:
        lines = _lines(entry, host, locale)
        heading = [f"**{entry.owner}**"] if entry.owner != owner or not pages[-1] else []
        if count == PAGE or len("\n".join([*pages[-1], *heading, *lines])) > _LONGEST:
            pages.append([])
            count, heading = 0, [f"**{entry.owner}**"]
        pages[-1] += [*heading, *lines]
        count, owner = count + 1, entry.owner
    nothing = host.languages.into(locale, _("There is nothing for you here."))
    return ["\n".join(page) or nothing for page in pages]


def _lines(entry: Entry, host: Host, locale: str) -> list[str]:
    if entry.kind == "user":
        what = host.languages.into(locale, _("right-click on a member, Apps"))
    elif entry.kind == "message":
        what = host.languages.into(locale, _("right-click on a message, Apps"))
    else:
        what = host.languages.into(locale, entry.description)
    first = next(iter(examples_of(entry)), "")
    example = [] if first in {"", f"/{entry.path}"} else [f"-# {first[:200]}"]
    return [f"{entry.shown} — {what}"[:400], *example]


def _explained(host: Host, entry: Entry, locale: str) -> hikari.Embed:
    into = host.languages.into
    what = f"{entry.shown} — {into(locale, entry.description)}"
    embed = hikari.Embed(title=f"/{entry.path}"[:256], description=what)
    fields = [
        (into(locale, heading), "\n".join(into(locale, line) for line in lines))
        for heading, lines in explanation(entry)
    ]
    add_fields(embed, fields)
    return embed
