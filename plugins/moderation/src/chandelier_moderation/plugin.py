"""The plugin: what it tells the host about itself, and the rooms that it opens in ``setup``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from datetime import datetime, timedelta
from typing import Any

import attrs
import hikari

import chandelier
from chandelier import hookimpl
from chandelier_moderation.bulk.room import Bulk
from chandelier_moderation.appeals.buttons import appeal_row
from chandelier_moderation.appeals.docket import Docket
from chandelier_moderation.appeals.effects import AppealEffects
from chandelier_moderation.appeals.tables import Appeal
from chandelier_moderation.cards import trouble_of
from chandelier_moderation.casebook.editing import Editor
from chandelier_moderation.casebook.evidence import Keeper
from chandelier_moderation.casebook.personal import People
from chandelier_moderation.casebook.queries import Reader
from chandelier_moderation.cases import Book
from chandelier_moderation.cleaning.room import Cleaning
from chandelier_moderation.config import MIGRATIONS, ModerationConfig
from chandelier_moderation.effects import KINDS, Effects
from chandelier_moderation.enforcing.room import Enforcing
from chandelier_moderation.keyword_rule import KeywordRule
from chandelier_moderation.raid.measures import Measures
from chandelier_moderation.raid.raids import Raids
from chandelier_moderation.pinger.watch import TOGETHER, Pinger
from chandelier_moderation.stored import HISTORY
from chandelier_moderation.tables import Case
from chandelier_moderation.watching.room import Watching

__all__ = ["ModerationPlugin"]

_ = chandelier.Messages(__package__)

_MANIFEST = chandelier.Manifest(
    summary="Warnings, numbered cases, and a rule that removes messages with given words.",
    intents=hikari.Intents.GUILDS
    | hikari.Intents.GUILD_MESSAGES
    | hikari.Intents.MESSAGE_CONTENT
    | hikari.Intents.GUILD_MEMBERS,  # whose names imitate staff, who joins with a new account
    intents=(
        hikari.Intents.GUILDS
        | hikari.Intents.GUILD_MEMBERS
        | hikari.Intents.GUILD_MESSAGES
        | hikari.Intents.MESSAGE_CONTENT
    ),
    | hikari.Intents.GUILD_MEMBERS
    | hikari.Intents.GUILD_MODERATION
    | hikari.Intents.GUILD_MESSAGES
    | hikari.Intents.MESSAGE_CONTENT,
    # Roles and channels' overwrites decide whose messages are exempt; people are never cached for it.
    cache=(
        hikari.api.CacheComponents.GUILDS
        | hikari.api.CacheComponents.ROLES
        | hikari.api.CacheComponents.GUILD_CHANNELS
    ),
    permissions=(
        hikari.Permissions.VIEW_CHANNEL
        | hikari.Permissions.SEND_MESSAGES
        | hikari.Permissions.EMBED_LINKS
        | hikari.Permissions.READ_MESSAGE_HISTORY
        | hikari.Permissions.MANAGE_MESSAGES
        | hikari.Permissions.MANAGE_GUILD
        | hikari.Permissions.BAN_MEMBERS
        | hikari.Permissions.KICK_MEMBERS
        | hikari.Permissions.MODERATE_MEMBERS
        | hikari.Permissions.MANAGE_NICKNAMES
        | hikari.Permissions.MANAGE_ROLES
        | hikari.Permissions.MANAGE_CHANNELS
        | hikari.Permissions.ATTACH_FILES
        | hikari.Permissions.ATTACH_FILES
        | hikari.Permissions.VIEW_AUDIT_LOG
    ),
    capabilities=(
        chandelier.Capability("warn", _("Warn members"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability(
            "case", _("See cases and members' histories"), hikari.Permissions.MODERATE_MEMBERS
        ),
        chandelier.Capability("edit", _("Change what a case says"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability("export", _("Take cases as a file"), hikari.Permissions.MANAGE_GUILD),
        chandelier.Capability("void", _("Void cases"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability("massban", _("Ban many at once"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability("massunban", _("Lift many bans at once"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability("log", _("Say what the log tells"), hikari.Permissions.MANAGE_GUILD),
        chandelier.Capability("stats", _("See moderation in numbers"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability(
            "lockdown", _("Lock channels, and end lockdowns"), hikari.Permissions.MANAGE_CHANNELS
        ),
        chandelier.Capability("slowmode", _("Set slowmode"), hikari.Permissions.MANAGE_CHANNELS),
        chandelier.Capability(
            "exempt", _("Write what automod removes"), hikari.Permissions.MANAGE_MESSAGES
        ),
        chandelier.Capability("automod", _("Manage automod's rules"), hikari.Permissions.MANAGE_GUILD),
        chandelier.Capability("appeal", _("Decide on appeals"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability("raid", _("Switch raid mode on and off"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability(
            "purge", _("Delete many messages with /purge"), hikari.Permissions.MANAGE_MESSAGES
        ),
        chandelier.Capability("pinger", _("Set up the pinger"), hikari.Permissions.MANAGE_GUILD),
    ),
    personal_data=(
        chandelier.PersonalData(
            what="who was warned or had a message removed, by whom and why",
            why="so that a server's moderators can act fairly and answer for it",
            kept="until the bot's owner erases it",
            on_erasure="all of it, so that a warning does not end when its member likes; the bot's owner can "
            "erase it, but for the id of whom a ban in force bans",
        ),
        chandelier.PersonalData(
            what="the text of a message that a case is about, and the names of its files",
            why="as the evidence of the case",
            kept="as long as each server says (`evidence_days`; 90 days unless it is changed)",
        ),
        chandelier.PersonalData(
            what="what members write in appeals, what was answered, and who decided",
            why="so that staff can decide, and a case is not appealed against again and again",
            kept="as long as its case",
            on_erasure="that there was an appeal and how it was decided; the words are erased",
        ),
        chandelier.PersonalData(
            what="who joined a server while raid mode was on, and when",
            why="so that staff knows whom a raid brought",
            kept="until it is erased",
        ),
        chandelier.PersonalData(
            what="who purges messages, and what these said",
            why="so that a purge gives an exact account and the log its transcript",
            kept="until the transcript is posted, a day at most",
        ),
        chandelier.PersonalData(
            what="the text and the file names of messages, sealed in the vault, where a server's admins have "
            "switched that on (it is off by default)",
            why="so that the server's log can show what was edited or deleted",
            kept="for as many hours as the server says, at most a week, and only the newest of each server",
        ),
        chandelier.PersonalData(
            what="what the server's log is about to tell of you: joining, leaving, roles, nickname, edits",
            why="so that nothing is lost when Discord does not answer",
            kept="until it is posted, at most a day",
        ),
    ),
)


class ModerationPlugin(chandelier.Plugin[ModerationConfig]):
    """Moderation of a server; see the README for what members and moderators see."""

    book: Book
    bulk: Bulk
    keyword_rule: KeywordRule
    reader: Reader
    editor: Editor
    keeper: Keeper

    def __init__(self) -> None:
        self._events = chandelier.Loader()
        self.automod = Enforcing()
    docket: Docket
    appeals: AppealEffects
    raids: Raids
    measures: Measures
    cleaning: Cleaning
    pinger: Pinger

    def __init__(self) -> None:
        self._events = chandelier.Loader()
        self._events.listener(hikari.GuildMessageCreateEvent, when=self._wants)(self._written)
        self._events.listener(hikari.GuildMessageUpdateEvent, when=self._wants)(self._edited)
        self._events.listener(hikari.MemberCreateEvent, when=self._may_be_raid)(self._joined)
        for kind in KINDS:
            self._events.effect(kind)(self._carry_out)
        self._events.timer("purge")(self._purge)
        self._events.effect("purge_report")(self._purged)
        self._events.listener(hikari.GuildMessageCreateEvent, when=self._may_ping)(self._pinged)
        self._events.effect("ping", batch=TOGETHER)(self._report_pings)
        self.watching = Watching()

    async def setup(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        """Open the book and compile nothing yet: a guild's words are read with its first message."""
        await super().setup(ctx)
        self.book = Book(ctx.storage, ctx.outbox, ctx.clock)
        self.automod.open(ctx, self.book)
        self._effects = Effects(ctx, self.book)
        self.bulk = Bulk(ctx, self.book, self._effects.actions)
        self.reader = Reader(ctx.storage, ctx.clock)
        self.editor = Editor(ctx)
        self._people = People(ctx)
        self.keeper = Keeper(ctx)
        await self.keeper.start()
        self.docket = Docket(ctx.storage, ctx.outbox, ctx.clock)
        self.appeals = AppealEffects(ctx, self.book, self.docket)
        self._effects.rows_for_member.append(partial(appeal_row, ctx))
        self.raids = Raids(ctx)
        self.measures = Measures(ctx, self.book, self.raids)
        self.cleaning = Cleaning(ctx)
        self.pinger = Pinger(ctx)
        self.watching.open(ctx)

    async def check_hierarchy(self, actor: hikari.Member, target: hikari.Member) -> None:
        """Raises NotAllowed naming the rule when the actor, or the bot, is not above the target."""
        me = self.ctx.bot_id
        actor_stands, target_stands, bot_stands = await chandelier.fetch_standings(
            self.ctx.rest, actor.guild_id, actor, target, me
        )
        chandelier.check_hierarchy(actor=actor_stands, target=target_stands, bot=bot_stands)

    # ---- events and effects, handed on to the rooms

    def _wants(self, message: Mapping[str, Any]) -> bool:
        return self.keyword_rule.wants(message)

    async def _written(self, event: hikari.GuildMessageCreateEvent) -> None:
        await self.keyword_rule.look(event)

    async def _edited(self, event: hikari.GuildMessageUpdateEvent) -> None:
        await self.keyword_rule.look(event)

    def _may_be_raid(self, member: Mapping[str, Any]) -> bool:
        return self.raids.wants(member)

    async def _joined(self, event: hikari.MemberCreateEvent) -> None:
        from chandelier_moderation.raid.handlers import joined  # it names this class for injection

        await joined(event, self)

    async def _carry_out(self, effect: chandelier.Effect) -> None:
        await self._effects.carry_out(effect)

    async def _purge(self, timer: chandelier.Timer) -> datetime | None:
        return await self.cleaning.work(timer)

    async def _purged(self, effect: chandelier.Effect) -> None:
        await self.cleaning.report(effect)

    def _may_ping(self, message: Mapping[str, Any]) -> bool:
        return self.pinger.wants(message)

    async def _pinged(self, event: hikari.GuildMessageCreateEvent) -> None:
        await self.pinger.heard(event)

    async def _report_pings(self, effects: list[chandelier.Effect]) -> None:
        await self.pinger.report(effects)

    # ---- hooks

    @hookimpl
    def chandelier_manifest(self) -> chandelier.Manifest:
        """Intents, cache, permissions, personal data."""
        return _MANIFEST

    @hookimpl
    def chandelier_config_schema(self) -> type[ModerationConfig]:
        """``[plugins.moderation]``."""
        return ModerationConfig

    @hookimpl
    def chandelier_config_migrations(self) -> Sequence[chandelier.ConfigMigration]:
        """Steps between versions of the section."""
        return MIGRATIONS

    @hookimpl
    def chandelier_storage(self) -> chandelier.StorageHistory:
        """Tables of cases."""
        return HISTORY

    @hookimpl
    def chandelier_loaders(self) -> Sequence[chandelier.Loader]:
        """Commands and buttons; the keyword rule's listeners; the effects."""
        from chandelier_moderation.bulk import handlers, lock_commands, mass_commands
        """Commands and buttons; automod's listeners; the effects."""
        from chandelier_moderation.commands import loader  # it names this class for injection
        from chandelier_moderation.enforcing.loaders import LOADERS as AUTOMOD

        bulk = (handlers.loader, mass_commands.loader, lock_commands.loader)
        return (loader, self._events, *bulk)
        # They name this class for injection.
        from chandelier_moderation.casebook.commands import loader as casebook
        from chandelier_moderation.commands import loader

        return (loader, casebook, self._events)
        return (loader, self._events, self.automod.events, *AUTOMOD)
        from chandelier_moderation.appeals import handlers as appeals
        from chandelier_moderation.commands import loader  # it names this class for injection
        from chandelier_moderation.raid import handlers as raid

        return (loader, self._events, appeals.loader, raid.loader)
        from chandelier_moderation.cleaning.commands import loader as cleaning
        from chandelier_moderation.commands import loader  # it names this class for injection
        from chandelier_moderation.pinger.commands import loader as pinger

        return (loader, self._events, cleaning, pinger)
        from chandelier_moderation.watching.commands import loader as mod

        return (loader, self._events, self.watching.loader, mod)

    @hookimpl
    async def chandelier_config_changed(self, guild_id: int | None) -> None:
        """The words may be others now."""
        self.automod.guilds.forget(guild_id)
        self.keyword_rule.forget(guild_id)
        self.raids.forget(guild_id)
        await self.watching.config_changed(guild_id)

    @hookimpl
    async def chandelier_health(self) -> chandelier.Health:
        """Degraded while a guild's newest case could not be posted, or its message not deleted."""
        lines = tuple(_line(what, case) for what, case in await self.book.troubles())
        lines += self.automod.troubles()
        lines += tuple(_appeal_line(appeal) for appeal in await self.docket.troubles())
        lines += tuple(await self.pinger.troubles())
        lines += tuple(self.watching.health())
        level = chandelier.HealthLevel.DEGRADED if lines else chandelier.HealthLevel.OK
        return chandelier.Health(level, lines)

    @hookimpl
    async def chandelier_status(self, guild_id: int) -> chandelier.StatusSection:
        """Cases, rule and log of a guild."""
        everything, recent = await self.book.count(guild_id, self.ctx.now() - timedelta(days=7))
        config = await self.ctx.config_for(guild_id)
        return chandelier.StatusSection(
            _("Moderation"),
            (
                _("Cases: {all}, {recent} of them in the last 7 days", all=everything, recent=recent),
                _("Words in the keyword rule: {number}", number=len(config.words)),
                _("Log: off")
                if config.log_channel is None
                else _("Log: {channel}", channel=f"<#{config.log_channel}>"),
            ),
        )

    @hookimpl
    async def chandelier_export_person(self, user_id: int) -> Mapping[str, Any]:
        """Every case that names a person."""
        return {"cases": list(await self._people.export(user_id))}
        cases, appeals = await self.book.of_person(user_id), await self.docket.of_person(user_id)
        joined = await self.raids.of_person(user_id)
        return {"cases": list(cases), "appeals": list(appeals), "raids": list(joined)}
        return {
            "cases": list(await self.book.of_person(user_id)),
            "purges": list(await self.cleaning.store.of_person(user_id)),
        return {
            "cases": list(await self.book.of_person(user_id)),
            **await self.watching.export(user_id),
        }

    @hookimpl
    async def chandelier_erase_person(self, user_id: int, by: str) -> chandelier.Erasure:
        """Take a person out of every case when the owner decides so; the numbered cases stay."""
        return await self._people.erase(user_id, by)
        appeals = await self.docket.forget_person(user_id, by)
        appeals += await self.raids.forget_person(user_id)
        erasure = await self.book.forget_person(user_id, by)
        return attrs.evolve(erasure, erased=erasure.erased + appeals)


def _appeal_line(appeal: Appeal) -> str:
    return _(
        "server {server}: the appeal against case #{number} could not be posted; look at the setting "
        "appeals_channel, then use /appeals",
        server=appeal.guild_id,
        number=appeal.number,
    )
        await self.cleaning.store.forget_person(user_id)
        return await self.book.forget_person(user_id, by)
        watched = await self.watching.erase(user_id)
        erasure = await self.book.forget_person(user_id, by)
        return chandelier.Erasure(erased=erasure.erased + watched, kept=erasure.kept)


def _line(what: str, case: Case) -> str:
    where = {"server": case.guild_id, "number": case.number}
    if what == "log":
        why = trouble_of(case)
        return _("server {server}, case #{number} was not posted in the log: {why}", **where, why=why)
    return _(
        "server {server}, case #{number}: a message stayed; I need Manage Messages in {channel}",
        **where,
        channel=f"<#{case.channel_id}>",
    )
