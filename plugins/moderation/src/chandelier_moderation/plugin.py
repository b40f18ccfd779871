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
from chandelier_moderation.bulk.room import Bulk
from chandelier_moderation.cards import trouble_of
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
        | hikari.Permissions.BAN_MEMBERS
        | hikari.Permissions.KICK_MEMBERS
        | hikari.Permissions.MODERATE_MEMBERS
        | hikari.Permissions.MANAGE_NICKNAMES
        | hikari.Permissions.MANAGE_ROLES
        | hikari.Permissions.MANAGE_CHANNELS
    ),
    capabilities=(
        chandelier.Capability("warn", _("Warn members"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability(
            "case", _("See cases and members' histories"), hikari.Permissions.MODERATE_MEMBERS
        ),
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
        chandelier.Capability("massban", _("Ban many at once"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability("massunban", _("Lift many bans at once"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability(
            "lockdown", _("Lock channels, and end lockdowns"), hikari.Permissions.MANAGE_CHANNELS
        ),
        chandelier.Capability(
            "remove", _("Delete a message from its menu"), hikari.Permissions.MANAGE_MESSAGES
        ),
        chandelier.Capability("report", _("Report messages to the moderators"), hikari.Permissions.NONE),
        chandelier.Capability("slowmode", _("Set slowmode"), hikari.Permissions.MANAGE_CHANNELS),
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
            "erase it",
        ),
        chandelier.PersonalData(
            what="who was part of a mass ban or mass unban, and what became of it",
            why="so that its account can be read and it can be undone",
            kept="until the bot's owner erases it",
            on_erasure="all of it, as with cases; the bot's owner can erase it",
        ),
        chandelier.PersonalData(
            what="messages that were reported or that a moderator picked, and who reported them and why",
            why="so that moderators can deal with them although their authors delete them",
            kept="7 days",
            on_erasure="what you wrote, for these days; your name as who reported goes",
        ),
        chandelier.PersonalData(
            what="the text of a removed message",
            why="as the evidence of the case",
            kept="as long as its case",
        ),
    ),
)


class ModerationPlugin(chandelier.Plugin[ModerationConfig]):
    """Moderation of a server; see the README for what members and moderators see."""

    book: Book
    effects: Effects
    upkeep: Upkeep
    bulk: Bulk
    keyword_rule: KeywordRule

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
        self.bulk = Bulk(ctx, self.book, self.effects)
        await self.bulk.picks.start()
        self.upkeep = Upkeep(ctx, self.book, terms, self.effects.actions)
        await self.upkeep.start()

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
        from chandelier_moderation.acting import commands, watching  # they name this class for injection
        from chandelier_moderation.bulk import doors
        from chandelier_moderation.commands import loader

        return (loader, self._events, commands.loader, watching.loader, *doors.LOADERS)

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
            ),
        )

    @hookimpl
    async def chandelier_export_person(self, user_id: int) -> Mapping[str, Any]:
        """Every case that names a person."""
        bulk = await self.bulk.people.export(user_id)
        return {"cases": list(await self.book.of_person(user_id)), **bulk}

    @hookimpl
    async def chandelier_erase_person(self, user_id: int, by: str) -> chandelier.Erasure:
        """Take a person out of every case when the owner decides so; the numbered cases stay."""
        bulk = await self.bulk.people.erase(user_id, by)
        cases = await self.book.forget_person(user_id, by)
        return chandelier.Erasure(erased=cases.erased + bulk.erased, kept=(*cases.kept, *bulk.kept))


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
