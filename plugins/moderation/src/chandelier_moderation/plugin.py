"""The plugin: the hooks that it answers, and the rooms that it opens in ``setup``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import click
import hikari

import chandelier
from chandelier import hookimpl
from chandelier_moderation.acting.terms import Terms
from chandelier_moderation.acting.upkeep import Upkeep
from chandelier_moderation.appeals.buttons import appeal_row
from chandelier_moderation.appeals.docket import Docket
from chandelier_moderation.appeals.effects import AppealEffects
from chandelier_moderation.automod.offline import add_commands
from chandelier_moderation.bulk.room import Bulk
from chandelier_moderation.casebook.adoption import Adoption
from chandelier_moderation.casebook.editing import Editor
from chandelier_moderation.casebook.evidence import Keeper
from chandelier_moderation.casebook.personal import People
from chandelier_moderation.casebook.queries import Reader
from chandelier_moderation.cases import Book
from chandelier_moderation.cleaning.room import Cleaning
from chandelier_moderation.config import MIGRATIONS, ModerationConfig
from chandelier_moderation.effects import KINDS, Effects
from chandelier_moderation.enforcing.room import Enforcing
from chandelier_moderation.manifest import MANIFEST
from chandelier_moderation.native.sync import NativeSync
from chandelier_moderation.pinger.watch import TOGETHER, Pinger
from chandelier_moderation.raid.absence import Absence
from chandelier_moderation.raid.arrivals import Arrivals
from chandelier_moderation.raid.measures import Measures
from chandelier_moderation.raid.raids import Raids
from chandelier_moderation.stored import HISTORY
from chandelier_moderation.troubles import appeal_line, case_line
from chandelier_moderation.watching.room import Watching

__all__ = ["ModerationPlugin"]

_ = chandelier.Messages(__package__)


class ModerationPlugin(chandelier.Plugin[ModerationConfig]):
    """Moderation of a server; see the README for what members and moderators see."""

    book: Book
    effects: Effects
    upkeep: Upkeep
    bulk: Bulk
    reader: Reader
    editor: Editor
    keeper: Keeper
    adoption: Adoption
    docket: Docket
    appeals: AppealEffects
    raids: Raids
    arrivals: Arrivals
    absence: Absence
    measures: Measures
    native: NativeSync
    cleaning: Cleaning
    pinger: Pinger

    def __init__(self) -> None:
        self.automod = Enforcing()
        self.watching = Watching()
        events = self._events = chandelier.Loader()
        for kind in KINDS:
            events.effect(kind)(self._carry_out)
        events.listener(hikari.MemberCreateEvent, when=self._may_be_raid)(self._joined)
        events.listener(hikari.AuditLogEntryCreateEvent, when=self._may_be_blocked)(self._never)
        events.timer("purge")(self._purge)
        events.effect("purge_report")(self._purged)
        events.listener(hikari.GuildMessageCreateEvent, when=self._may_ping)(self._pinged)
        events.effect("ping", batch=TOGETHER)(self._report_pings)

    async def setup(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        """Open the rooms and compile nothing yet: a guild's rules are read with its first message."""
        await super().setup(ctx)
        terms = Terms(ctx.timers, ctx.outbox, ctx.clock)
        self.book = Book(ctx.storage, ctx.outbox, ctx.clock, terms, ctx.audit)
        self.effects = Effects(ctx, self.book)
        self.automod.open(ctx, self.book)
        self.bulk = Bulk(ctx, self.book, self.effects)
        await self.bulk.picks.start()
        self.reader = Reader(ctx.storage, ctx.clock)
        self.editor = Editor(ctx, terms)
        self._people = People(ctx)
        self.keeper = Keeper(ctx)
        await self.keeper.start()
        self.adoption = Adoption(ctx, self.book)
        await self.adoption.start()
        self.docket = Docket(ctx.storage, ctx.outbox, ctx.clock)
        self.appeals = AppealEffects(ctx, self.book, self.docket)
        self.effects.rows_for_member.append(partial(appeal_row, ctx))
        self.raids = Raids(ctx)
        self.arrivals = Arrivals(ctx, self.raids)
        self.absence = Absence(ctx, self.raids)
        await self.absence.start()
        self.measures = Measures(ctx, self.book, self.raids)
        self.native = NativeSync(ctx, self.book, self.automod)
        self.cleaning = Cleaning(ctx)
        self.pinger = Pinger(ctx)
        self.watching.open(ctx)
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

    def _may_be_raid(self, member: Mapping[str, Any]) -> bool:
        return self.raids.wants(member)

    async def _joined(self, event: hikari.MemberCreateEvent) -> None:
        from chandelier_moderation.raid.handlers import joined  # it names this class for injection

        await joined(event, self)

    def _may_be_blocked(self, entry: Mapping[str, Any]) -> bool:
        return self.native.heard(entry)

    async def _never(self, event: hikari.AuditLogEntryCreateEvent) -> None:
        """Nothing passes `NativeSync.heard`, which says why."""

    async def _carry_out(self, effect: chandelier.Effect) -> None:
        await self.effects.carry_out(effect)

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
        return MANIFEST

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
        """Tables of every room."""
        return HISTORY

    @hookimpl
    def chandelier_loaders(self) -> Sequence[chandelier.Loader]:
        """Commands and buttons of every room; their listeners and effects."""
        from chandelier_moderation.loaders import LOADERS  # its modules name this class for injection

        return (self._events, self.automod.events, self.watching.loader, *LOADERS)

    @hookimpl
    def chandelier_cli(self, group: click.Group) -> None:
        """``chandelier moderation``."""
        add_commands(group)

    @hookimpl
    async def chandelier_config_changed(
        self, old: ModerationConfig, new: ModerationConfig, guild_id: int | None
    ) -> None:
        """What was worked out from settings may be otherwise now."""
        self.automod.guilds.forget(guild_id)
        self.raids.forget(guild_id)
        await self.watching.config_changed(guild_id)
        if guild_id is not None and old.native_sync and not new.native_sync:
            await self.native.follow(guild_id, ends=True)

    @hookimpl
    async def chandelier_health(self) -> chandelier.Health:
        """Degraded while something that people rely on does not arrive."""
        lines = (
            *(case_line(what, case) for what, case in await self.book.troubles()),
            *self.automod.troubles(),
            *(appeal_line(appeal) for appeal in await self.docket.troubles()),
            *await self.pinger.troubles(),
            *self.watching.health(),
        )
        level = chandelier.HealthLevel.DEGRADED if lines else chandelier.HealthLevel.OK
        return chandelier.Health(level, lines)

    @hookimpl
    async def chandelier_status(self, guild_id: int) -> chandelier.StatusSection:
        """Cases and log of a guild."""
        everything, recent = await self.book.count(guild_id, self.ctx.now() - timedelta(days=7))
        config, guarded = await self.ctx.config_for(guild_id), await self.automod.guilds.of(guild_id)
        return chandelier.StatusSection(
            _("Moderation"),
            (
                _("Cases: {all}, {recent} of them in the last 7 days", all=everything, recent=recent),
                _("Rules of automod: {number}", number=len(guarded.rules) if guarded else 0),
                _("Log: off")
                if config.log_channel is None
                else _("Log: {channel}", channel=f"<#{config.log_channel}>"),
                *self.adoption.status(guild_id, config),
            ),
        )

    @hookimpl
    async def chandelier_export_person(self, user_id: int) -> Mapping[str, Any]:
        """What every room has about a person."""
        return {
            "cases": list(await self._people.export(user_id)),
            **await self.bulk.people.export(user_id),
            "appeals": list(await self.docket.of_person(user_id)),
            "searches": list(await self._people.searches(user_id)),
            "raids": list(await self.raids.of_person(user_id)),
            "purges": list(await self.cleaning.store.of_person(user_id)),
            **await self.watching.export(user_id),
            **await self.automod.of_person(user_id),
        }

    @hookimpl
    async def chandelier_erase_person(self, user_id: int, by: str) -> chandelier.Erasure:
        """Take a person out of every room; of the numbered cases only when the owner decides so."""
        cases = await self._people.erase(user_id, by)
        bulk = await self.bulk.people.erase(user_id, by)
        appeals = await self.docket.forget_person(user_id, by)
        raids = await self.raids.forget_person(user_id, by)
        others = await self.cleaning.store.forget_person(user_id)
        others += await self.watching.erase(user_id)
        others += await self.automod.forget_person(user_id)
        rooms = (cases, bulk, appeals, raids)
        return chandelier.Erasure(
            erased=sum(room.erased for room in rooms) + others,
            kept=tuple(kept for room in rooms for kept in room.kept),
        )
