"""The plugin: what it tells the host about itself, and the rooms that it opens in ``setup``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import hikari

import chandelier
from chandelier import hookimpl
from chandelier_moderation.acting.terms import Terms
from chandelier_moderation.acting.upkeep import Upkeep
from chandelier_moderation.cards import trouble_of
from chandelier_moderation.casebook.adoption import Adoption
from chandelier_moderation.casebook.editing import Editor
from chandelier_moderation.casebook.evidence import Keeper
from chandelier_moderation.casebook.personal import People
from chandelier_moderation.casebook.queries import Reader
from chandelier_moderation.cases import Book
from chandelier_moderation.config import MIGRATIONS, ModerationConfig
from chandelier_moderation.effects import KINDS, Effects
from chandelier_moderation.keyword_rule import KeywordRule
from chandelier_moderation.stored import HISTORY
from chandelier_moderation.tables import Case

__all__ = ["ModerationPlugin"]

_ = chandelier.Messages(__package__)

_MANIFEST = chandelier.Manifest(
    summary="Warnings, numbered cases, and a rule that removes messages with given words.",
    intents=hikari.Intents.GUILDS
    | hikari.Intents.GUILD_MESSAGES
    | hikari.Intents.MESSAGE_CONTENT
    # Who rejoins gets back what lasts for a time; what is ended by hand is noticed.
    | hikari.Intents.GUILD_MEMBERS
    | hikari.Intents.GUILD_MODERATION,
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
        | hikari.Permissions.VIEW_AUDIT_LOG
        | hikari.Permissions.BAN_MEMBERS
        | hikari.Permissions.KICK_MEMBERS
        | hikari.Permissions.MODERATE_MEMBERS
        | hikari.Permissions.MANAGE_NICKNAMES
        | hikari.Permissions.MANAGE_ROLES
    ),
    capabilities=(
        chandelier.Capability("warn", _("Warn members"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability(
            "case", _("See cases and members' histories"), hikari.Permissions.MODERATE_MEMBERS
        ),
        chandelier.Capability("edit", _("Change what a case says"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability("export", _("Take cases as a file"), hikari.Permissions.MANAGE_GUILD),
        chandelier.Capability(
            "timeout", _("Time members out, and lift it"), hikari.Permissions.MODERATE_MEMBERS
        ),
        chandelier.Capability("kick", _("Kick members"), hikari.Permissions.KICK_MEMBERS),
        chandelier.Capability("ban", _("Ban, for a time or until lifted"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability("unban", _("Lift bans"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability("note", _("Keep notes about members"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability("nick", _("Change nicknames"), hikari.Permissions.MANAGE_NICKNAMES),
        chandelier.Capability("role", _("Give and take roles"), hikari.Permissions.MANAGE_ROLES),
        chandelier.Capability("void", _("Void cases"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability(
            "exempt", _("Write what the keyword rule removes"), hikari.Permissions.MANAGE_MESSAGES
        ),
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
    ),
)


class ModerationPlugin(chandelier.Plugin[ModerationConfig]):
    """Moderation of a server; see the README for what members and moderators see."""

    book: Book
    effects: Effects
    upkeep: Upkeep
    keyword_rule: KeywordRule
    reader: Reader
    editor: Editor
    keeper: Keeper
    adoption: Adoption

    def __init__(self) -> None:
        self._events = chandelier.Loader()
        self._events.listener(hikari.GuildMessageCreateEvent, when=self._wants)(self._written)
        self._events.listener(hikari.GuildMessageUpdateEvent, when=self._wants)(self._edited)
        for kind in KINDS:
            self._events.effect(kind)(self._carry_out)

    async def setup(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        """Open the book and compile nothing yet: a guild's words are read with its first message."""
        await super().setup(ctx)
        terms = Terms(ctx.timers, ctx.outbox, ctx.clock)
        self.book = Book(ctx.storage, ctx.outbox, ctx.clock, terms)
        self.keyword_rule = KeywordRule(ctx, self.book)
        self.effects = Effects(ctx, self.book)
        self.upkeep = Upkeep(ctx, self.book, terms, self.effects.actions)
        await self.upkeep.start()
        self.reader = Reader(ctx.storage, ctx.clock)
        self.editor = Editor(ctx, terms)
        self._people = People(ctx)
        self.keeper = Keeper(ctx)
        await self.keeper.start()
        self.adoption = Adoption(ctx, self.book)
        for guild_id in ctx.cache.get_guilds_view():  # those that were there before the plugin
            await self.adoption.missed(int(guild_id))

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

    async def _carry_out(self, effect: chandelier.Effect) -> None:
        await self.effects.carry_out(effect)

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
        # They name this class for injection.
        from chandelier_moderation.acting import commands, menu, watching
        from chandelier_moderation.casebook.commands import loader as casebook
        from chandelier_moderation.casebook.listening import loader as listening
        from chandelier_moderation.commands import loader

        acting = (commands.loader, menu.loader, watching.loader)
        return (loader, casebook, listening, *acting, self._events)

    @hookimpl
    async def chandelier_config_changed(self, guild_id: int | None) -> None:
        """The words may be others now."""
        self.keyword_rule.forget(guild_id)

    @hookimpl
    async def chandelier_health(self) -> chandelier.Health:
        """Degraded while a guild's newest case could not be posted, or its message not deleted."""
        lines = tuple(_line(what, case) for what, case in await self.book.troubles())
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
                *self.adoption.status(guild_id, config),
            ),
        )

    @hookimpl
    async def chandelier_export_person(self, user_id: int) -> Mapping[str, Any]:
        """Every case that names a person."""
        return {"cases": list(await self._people.export(user_id))}

    @hookimpl
    async def chandelier_erase_person(self, user_id: int, by: str) -> chandelier.Erasure:
        """Take a person out of every case when the owner decides so; the numbered cases stay."""
        return await self._people.erase(user_id, by)


def _line(what: str, case: Case) -> str:
    where = {"server": case.guild_id, "number": case.number}
    if what == "log":
        why = trouble_of(case)
        return _("server {server}, case #{number} was not posted in the log: {why}", **where, why=why)
    if what == "end":
        return _("server {server}, case #{number} is over, but I cannot end it", **where)
    return _(
        "server {server}, case #{number}: a message stayed; I need Manage Messages in {channel}",
        **where,
        channel=f"<#{case.channel_id}>",
    )
