"""`/mod log …`, which says what is told where, and `/mod stats`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import hikari
import lightbulb

import chandelier
from chandelier_moderation.acting.durations import zone_of
from chandelier_moderation.cards import words_of
from chandelier_moderation.plugin import ModerationPlugin
from chandelier_moderation.watching import audited, picture
from chandelier_moderation.watching.settings import (
    CARD,
    FORMATS,
    KINDS,
    LINE,
    LONGEST_FORMAT,
    Watch,
    format_problem,
)
from chandelier_moderation.watching.stats import MOST_WEEKS, Stats, count, weeks_until

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

_GUILD_ONLY = [hikari.ApplicationContextType.GUILD]
_STAFF = hikari.Permissions.MODERATE_MEMBERS
_BLUE = hikari.Color(0x3E63DD)
_ALL = "all"
_IN_THE_FONT = 0x530
"""Below are Latin, Greek and Cyrillic, which the picture's font has. Names of bots may have other letters."""
_NEEDED = (
    hikari.Permissions.VIEW_CHANNEL
    | hikari.Permissions.SEND_MESSAGES
    | hikari.Permissions.EMBED_LINKS
    | hikari.Permissions.ATTACH_FILES
    | hikari.Permissions.READ_MESSAGE_HISTORY
)
_WORDS: Mapping[str, str] = {
    "deletions": _("Deleted messages"),
    "edits": _("Edited messages"),
    "joins": _("Members who join"),
    "leaves": _("Members who leave"),
    "roles": _("Roles"),
    "nicknames": _("Nicknames"),
    "channels": _("Channels"),
}
_CHOICES = [lightbulb.Choice(str(_WORDS[kind]), kind) for kind in KINDS]

_mod = lightbulb.Group(
    "mod", "The log of events, and numbers", contexts=_GUILD_ONLY, default_member_permissions=_STAFF
)
_log = _mod.subgroup("log", "What happens in this server, told in its log")


@_log.register
class LogSet(lightbulb.SlashCommand, name="set", description="Have a kind of events told in a channel"):
    """``/mod log set``."""

    capability = "log"
    examples = ("/mod log set kind:deletions channel:#mod-log format:card",)
    kind = lightbulb.string(
        "kind", "Which events", choices=[lightbulb.Choice(str(_("Everything")), _ALL), *_CHOICES]
    )
    channel = lightbulb.channel(
        "channel", "Where", channel_types=[hikari.ChannelType.GUILD_TEXT, hikari.ChannelType.GUILD_NEWS]
    )
    format = lightbulb.string(
        "format",
        "card, line, or a text of your own such as {time} {member}: {before}",
        max_length=LONGEST_FORMAT,
        default=None,
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Store it, and say what is still missing."""
        assert ctx.guild_id is not None
        form = None if self.format is None else self.format.strip()
        if form is not None and form.lower() in FORMATS:
            form = form.lower()
        problem = None if form is None else format_problem(form)
        if problem is not None:
            raise chandelier.InvalidRequest(problem)
        changes: dict[str, Any] = {}
        chosen = KINDS if self.kind == _ALL else (self.kind,)
        for kind in chosen:
            changes[f"watch.{kind}.channel"] = int(self.channel.id)
            if form is not None:
                changes[f"watch.{kind}.format"] = form
        config = await plugin.ctx.configure(ctx.guild_id, changes, by=ctx.user.id)
        said = [_("Told in {channel} from now on.", channel=f"<#{self.channel.id}>")]
        said += await _missing(plugin, ctx.guild_id, int(self.channel.id), config.watch, chosen)
        await ctx.respond(_.join("\n", said), ephemeral=True)


@_log.register
class LogOff(lightbulb.SlashCommand, name="off", description="Have a kind of events told no more"):
    """``/mod log off``."""

    capability = "log"
    kind = lightbulb.string(
        "kind", "Which events", choices=[lightbulb.Choice(str(_("Everything")), _ALL), *_CHOICES]
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Back to the deployment's value, which is off unless the operator says otherwise."""
        assert ctx.guild_id is not None
        chosen = KINDS if self.kind == _ALL else (self.kind,)
        config = await plugin.ctx.configure(
            ctx.guild_id, {f"watch.{kind}.channel": None for kind in chosen}, by=ctx.user.id
        )
        left = [kind for kind in chosen if config.watch.channel_of(kind) is not None]
        text = (
            _("The operator of this bot has them told for every server.") if left else _("Not told any more.")
        )
        await ctx.respond(text, ephemeral=True)


@_log.register
class LogTexts(
    lightbulb.SlashCommand,
    name="texts",
    description="For how long messages are kept, so that the log can show them",
):
    """``/mod log texts``."""

    capability = "log"
    examples = ("/mod log texts hours:24",)
    hours = lightbulb.integer(
        "hours", "So many hours, encrypted; 0 keeps none and forgets what is kept", min_value=0, max_value=168
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Say what it means for members."""
        assert ctx.guild_id is not None
        problem = plugin.ctx.vault.problem
        if self.hours and problem is not None:
            raise chandelier.ServiceUnavailable(
                _("Messages are only kept encrypted, and the vault cannot be used: {why}", why=problem)
            )
        await plugin.ctx.configure(ctx.guild_id, {"watch.keep": self.hours}, by=ctx.user.id)
        text = _("No messages are kept. What was kept is forgotten.")
        if self.hours:
            text = _.count(
                "Messages are kept for 1 hour, encrypted. Members read this in `/privacy info`.",
                "Messages are kept for {n} hours, encrypted. Members read this in `/privacy info`.",
                self.hours,
            )
        await ctx.respond(text, ephemeral=True)


@_log.register
class LogShow(lightbulb.SlashCommand, name="show", description="Show what is told where"):
    """``/mod log show``."""

    capability = "log"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Every kind with its channel and format."""
        watch = await plugin.watching.settings(ctx.guild_id or 0)
        lines = [_line(kind, watch) for kind in KINDS]
        texts = _("Messages are not kept.")
        if watch.keep:
            texts = _.count(
                "Messages are kept for 1 hour, encrypted.",
                "Messages are kept for {n} hours, encrypted.",
                watch.keep,
            )
        embed = hikari.Embed(title=_("Log of events"), colour=_BLUE, description=_.join("\n", lines))
        embed.add_field(_("Texts"), texts)
        if watch.ignore:
            embed.add_field(_("Left out"), " ".join(f"<#{one}>" for one in watch.ignore)[:1_024])
        await ctx.respond(embed=embed, ephemeral=True)


@_mod.register
class ModStats(
    lightbulb.SlashCommand, name="stats", description="What moderators did, as a picture and as numbers"
):
    """``/mod stats``."""

    capability = "stats"
    examples = ("/mod stats weeks:12",)
    weeks = lightbulb.integer("weeks", "How many weeks back", min_value=1, max_value=MOST_WEEKS, default=12)
    member = lightbulb.user("member", "Only actions on this member", default=None)
    moderator = lightbulb.user("moderator", "Only actions of this moderator", default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Count in the database, draw in a thread."""
        assert ctx.guild_id is not None
        config = await plugin.ctx.config_for(ctx.guild_id)
        zone = zone_of(config.time_zone)
        stats = await count(
            plugin.ctx.storage,
            ctx.guild_id,
            weeks_until(plugin.ctx.now(), self.weeks, zone),
            member_id=None if self.member is None else self.member.id,
            moderator_id=None if self.moderator is None else self.moderator.id,
        )
        if not stats.total:
            text = _.count(
                "Nothing was done in this week.", "Nothing was done in the last {n} weeks.", self.weeks
            )
            await ctx.respond(text, ephemeral=True)
            return
        language = await plugin.ctx.language(ctx.guild_id, ctx.user.id)
        words = await _worded(plugin, ctx.guild_id, stats, language)
        async with plugin.watching.drawing:
            drawn = await asyncio.to_thread(picture.draw, words)
        embed = _numbers(stats, plugin.ctx.bot_id)
        embed.set_image(hikari.Bytes(drawn, "stats.png"))
        await ctx.respond(embed=embed, ephemeral=True)


loader.command(_mod)


async def _missing(
    plugin: ModerationPlugin, guild_id: int, channel_id: int, watch: Watch, kinds: Any
) -> list[str]:
    """What the bot lacks to tell these kinds there, a line each."""
    me = await plugin.ctx.rest.fetch_member(guild_id, plugin.ctx.bot_id)
    held = (await chandelier.person_in_channel(plugin.ctx, me, channel_id)).permissions
    lines: list[str] = []
    lacking = _NEEDED & ~held
    if lacking:
        names = ", ".join(sorted(_permission(flag) for flag in lacking.split()))
        lines.append(_("⚠️ I still need {permissions} there.", permissions=f"**{names}**"))
    if set(kinds) & set(audited.KIND_OF.values()) and hikari.Permissions.VIEW_AUDIT_LOG not in held:
        name = _permission(hikari.Permissions.VIEW_AUDIT_LOG)
        lines.append(
            _(
                "⚠️ I still need {permission}: only with it do I hear of roles, nicknames and channels.",
                permission=f"**{name}**",
            )
        )
    if set(kinds) & {"deletions", "edits"} and not watch.keep:
        lines.append(
            _("Without `/mod log texts` I do not know what stood in messages that are deleted or edited.")
        )
    return lines


def _permission(flag: hikari.Permissions) -> str:
    return (flag.name or "").replace("_", " ").title()


def _line(kind: str, watch: Watch) -> str:
    channel, form = watch.channel_of(kind), watch.format_of(kind)
    if channel is None:
        return _("**{kind}**: off", kind=_WORDS[kind])
    how = {CARD: _("cards"), LINE: _("lines")}.get(form)
    if how is None:
        how = "`" + form.replace("`", "ˋ")[:100] + "`"
    return _("**{kind}**: {channel}, {how}", kind=_WORDS[kind], channel=f"<#{channel}>", how=how)


async def _worded(
    plugin: ModerationPlugin, guild_id: int, stats: Stats, language: str | None
) -> picture.Words:
    def said(text: str) -> str:
        return plugin.ctx.into(language, text)

    busiest = stats.by_moderator[: picture.MOST_MODERATORS]
    names = await asyncio.gather(*(_name(plugin, guild_id, who) for who, _numbers in busiest))
    return picture.Words(
        weeks=[f"{week:%m-%d}" for week in stats.weeks],  # ISO, which every language reads
        by_action=[(said(words_of(action)), numbers) for action, numbers in stats.by_action.items()],
        by_moderator=[
            (said(name), [numbers.get(action, 0) for action in stats.by_action])
            for name, (_who, numbers) in zip(names, busiest, strict=True)
        ],
        title=said(_.count("1 action", "{n} actions", stats.total)),
        per_week=said(_("By week (from Monday)")),
        per_moderator=said(_("By moderator")),
        others=said(_("Others")),
    )


async def _name(plugin: ModerationPlugin, guild_id: int, user_id: int) -> str:
    """A name that a picture can show: a user name has only letters that every font has."""
    if user_id == plugin.ctx.bot_id:
        return _("rules (me)")
    if not user_id:
        return _("erased")
    try:
        name = (await plugin.ctx.rest.fetch_user(user_id)).username
    except hikari.NotFoundError:
        return str(user_id)
    return name if all(ord(letter) < _IN_THE_FONT for letter in name) else str(user_id)


def _numbers(stats: Stats, bot_id: int) -> hikari.Embed:
    embed = hikari.Embed(
        title=_("Moderation in numbers"),
        colour=_BLUE,
        description=_.join(
            "\n",
            [
                _.count("1 action", "{n} actions", stats.total),
                *(
                    [_.count("1 void case is left out", "{n} void cases are left out", stats.void)]
                    if stats.void
                    else []
                ),
            ],
        ),
    )
    kinds = [
        _("{what}: {number}", what=words_of(action), number=sum(numbers))
        for action, numbers in stats.by_action.items()
    ]
    people = [
        _("{who}: {number}", who=f"<@{who}>" if who else _("erased"), number=numbers.total())
        for who, numbers in stats.by_moderator[: picture.MOST_MODERATORS]
    ]
    more = len(stats.by_moderator) - len(people)
    if more > 0:
        people.append(_.count("and 1 more", "and {n} more", more))
    weeks = [
        _("{when}: {number}", when=f"<t:{int(week.timestamp())}:d>", number=number)
        for week, number in list(zip(stats.weeks, stats.by_week, strict=True))[-12:]
    ]
    embed.add_field(_("By kind"), _.join("\n", kinds), inline=True)
    embed.add_field(_("By moderator"), _.join("\n", people), inline=True)
    embed.add_field(_("By week"), _.join("\n", weeks), inline=True)
    return embed
