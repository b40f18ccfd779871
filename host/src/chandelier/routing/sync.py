"""Bringing Discord's list of commands up to date: compare all that matters, then one bulk call or none.

A bulk overwrite replaces the whole list at once, so nothing is created before room is made, and a failure
leaves the old list in place. What is asked for is decided in ``planning``.
"""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from typing import Any

import attrs
import hikari
import lightbulb
from lightbulb.internal.utils import CommandCollection
from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from chandelier.barrier import end
from chandelier.clock import Clock
from chandelier.containment import Containment
from chandelier.errors import ChandelierError
from chandelier.routing.commands import CommandRouter
from chandelier.routing.planning import GLOBAL, Key, LeftOut, Plan, Wanted, fingerprint, make_plan, wanted_by
from chandelier.storage.host_state import HostState
from chandelier.storage.names import HOST_NAME
from chandelier.storage.trouble import in_short

__all__ = ["CommandSync", "Differences", "SyncResult", "differences"]

RETRY_FIRST, RETRY_LAST = 60.0, 3600.0
"""Seconds before a sync that Discord refused is tried again: the first time, and at most."""


@attrs.frozen
class SyncResult:
    """What one sync did, by command name; calls counts the requests that changed something."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    calls: int = 0


@attrs.frozen
class Differences:
    """How Discord's list of one scope differs from the plan, by kind and name."""

    created: tuple[Key, ...]
    updated: tuple[Key, ...]
    deleted: tuple[Key, ...]

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.deleted)


class CommandSync:
    """Keeps Discord's lists of application commands equal to what the running plugins declare."""

    def __init__(
        self,
        client: CommandRouter,
        rest: hikari.api.RESTClient,
        clock: Clock,
        containment: Containment,
        state: HostState,
    ) -> None:
        self._client = client
        self._rest = rest
        self._clock = clock
        self._containment = containment
        self._state = state
        self._guilds: set[int] = set()
        self._kept: frozenset[int] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._failures = 0
        self._retry: asyncio.Task[None] | None = None
        self._refused: dict[Any, str] = {}
        self._said: frozenset[LeftOut] = frozenset()
        self.last = SyncResult()
        """What the last sync did."""
        self.plan = Plan({}, ())
        """What Discord is asked for."""
        self.left_out: Mapping[str, tuple[str, ...]] = {}
        """Commands that Discord is not asked for, in words, by plugin."""
        self.on_plan: Callable[[], Awaitable[object]] = _nothing
        """Called after each plan, which may have changed ``left_out``."""

    async def keep_up_to_date(self) -> None:
        """Sync; when that fails, log it and try again later; the bot runs on with what Discord has."""
        try:
            async with self._one_at_a_time:  # an older plan must not overwrite a newer one
                self.last = await self.sync()
        except Exception as error:  # noqa: BLE001 - Discord's no, or a defect of our own
            self._failures += 1
            pause = min(RETRY_LAST, RETRY_FIRST * 2 ** min(self._failures - 1, 16))
            logger.opt(exception=None if isinstance(error, hikari.HikariError) else error).error(
                "Discord's list of commands is not up to date, again in {:g} s: {}", pause, error
            )
            if self._retry is None:
                self._retry = self._containment.watch(HOST_NAME, "sync", self._again(pause))
        else:
            self._failures = 0
        await self.on_plan()

    async def close(self) -> None:
        """Try no more."""
        if self._retry is not None:
            await end((self._retry,))

    def look_at(self, guild_id: int | None) -> None:
        """See to a guild's own list at the next sync: somebody used a command of it that nobody knows."""
        if guild_id is not None:
            self._guilds.add(int(guild_id))

    async def _again(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._retry = None
        await self._containment.run(HOST_NAME, "sync", self.keep_up_to_date(), timeout=RETRY_LAST)

    async def sync(self) -> SyncResult:
        """Plan, compare and, only where something differs, overwrite. Raises what Discord answers."""
        wanted = await self._wanted()
        self._refused = {command: why for command, why in self._refused.items() if command in wanted}
        plan = self._adopt(wanted)
        application = await self._client._ensure_application()
        total = SyncResult()
        await self._keep(self._guilds | plan.scopes.keys())  # before Discord is asked: a crash loses none
        for scope in sorted({GLOBAL, *plan.scopes} | self._guilds):
            try:
                total = _added(total, await self._sync_scope(application, scope, plan))
            except hikari.BadRequestError as error:
                if not self._note_refusals(error, plan.scopes.get(scope, ())):
                    raise
                plan = self._adopt(wanted)  # without what Discord named; once more, and no further
                total = _added(total, await self._sync_scope(application, scope, plan))
            except (hikari.ForbiddenError, hikari.NotFoundError) as error:
                if scope == GLOBAL:
                    raise
                logger.warning("the commands of guild {} are left as they are: {}", scope, error)
        self._guilds = set(plan.scopes) - {GLOBAL}
        await self._keep(self._guilds)
        if total.calls:
            logger.info(
                "commands synced: {} created, {} updated, {} deleted",
                len(total.created),
                len(total.updated),
                len(total.deleted),
            )
        return total

    async def _keep(self, guilds: Set[int]) -> None:
        """Remember the guilds to look at, over a restart too; a database that is away stops nobody."""
        try:
            if self._kept is None:
                self._kept = frozenset(await self._state.command_guilds())
                self._guilds |= self._kept
            wanted = frozenset(guilds | self._guilds) - {GLOBAL}
            if wanted != self._kept:
                await self._state.remember_command_guilds(wanted)
                self._kept = wanted
        except (SQLAlchemyError, OSError, ChandelierError) as error:
            logger.warning("which guilds have commands of their own is not remembered: {}", in_short(error))

    async def _wanted(self) -> dict[Any, Wanted]:
        client = self._client
        return {
            command: await wanted_by(
                client.owner_of(command),
                command,
                () if scopes == "defer" else scopes,
                client.default_locale,
                client.localization_provider,
            )
            for command, scopes in list(client._registered_commands.items())
        }

    def _adopt(self, wanted: Mapping[Any, Wanted]) -> Plan:
        """Plan, answer only what is in the plan, and say what is not, once."""
        registered = self._client._registered_commands  # one that went away meanwhile is not wanted any more
        plan = make_plan((each for command, each in wanted.items() if command in registered), self._refused)
        answered = _answered(plan)
        mapping = self._client._command_invocation_mapping
        mapping.clear()
        mapping.update(answered)
        for each in plan.left_out:
            if each not in self._said:
                logger.bind(plugin=each.owner).warning("plugin {}: {}", each.owner, each)
        self._said = frozenset(plan.left_out)
        self.plan, self.left_out = plan, plan.by_owner()
        return plan

    async def _sync_scope(self, application: hikari.Application, scope: int, plan: Plan) -> SyncResult:
        guild: Any = hikari.UNDEFINED if scope == GLOBAL else hikari.Snowflake(scope)
        existing = await self._rest.fetch_application_commands(application, guild=guild)
        self._client._created_commands[scope] = existing
        planned = plan.scopes.get(scope, ())
        installs = list(application.integration_types_config)
        found = differences(existing, planned, scope, installs)
        if not found:
            return SyncResult()
        builders = [_complete(each.builder, scope, installs) for each in planned if each.builder is not None]
        self._client._created_commands[scope] = await self._rest.set_application_commands(
            application, builders, guild=guild
        )
        return SyncResult(_names(found.created), _names(found.updated), _names(found.deleted), 1)

    def _note_refusals(self, error: hikari.BadRequestError, planned: Sequence[Wanted]) -> bool:
        """Remember which commands Discord said no to; False when it named none."""
        before = len(self._refused)
        for index, why in (error.errors or {}).items():
            if index.isdecimal() and int(index) < len(planned):
                self._refused[planned[int(index)].command] = f"Discord refuses it: {_in_words(why)}"
        return len(self._refused) > before


async def _nothing() -> None:
    pass


def differences(
    existing: Sequence[hikari.PartialCommand],
    planned: Sequence[Wanted],
    scope: int,
    installs: Sequence[hikari.ApplicationIntegrationType],
) -> Differences:
    """Compare what Discord has in one scope with what it is asked for."""
    there = {(command.type.name.lower(), command.name): command for command in existing}
    asked = {each.key: each.builder for each in planned if each.builder is not None}
    return Differences(
        created=tuple(key for key in asked if key not in there),
        updated=tuple(
            key
            for key, builder in asked.items()
            if key in there
            and fingerprint(there[key], scope, installs) != fingerprint(builder, scope, installs)
        ),
        deleted=tuple(key for key in there if key not in asked),
    )


def _complete(
    builder: hikari.api.CommandBuilder, scope: int, installs: Sequence[hikari.ApplicationIntegrationType]
) -> hikari.api.CommandBuilder:
    """State what Discord would otherwise decide, so that the next comparison knows it."""
    if scope == GLOBAL:
        builder.set_integration_types(builder.integration_types or installs)
        builder.set_context_types(builder.context_types or list(hikari.ApplicationContextType))
    return builder


def _answered(plan: Plan) -> dict[int, dict[tuple[str, ...], CommandCollection]]:
    """lightbulb's table of what is invoked by which words, for the commands of a plan."""
    table: dict[int, dict[tuple[str, ...], CommandCollection]] = {}
    for scope, planned in plan.scopes.items():
        paths = table.setdefault(scope, collections.defaultdict(CommandCollection))
        for each in planned:
            for path, command in _leaves(each):
                paths[path].put(command)
    return table


def _leaves(wanted: Wanted) -> list[tuple[tuple[str, ...], Any]]:
    """The words that invoke a command or each subcommand of a group, in the language of the builder."""
    if not isinstance(wanted.command, lightbulb.Group):
        return [((wanted.name,), wanted.command)]
    assert isinstance(wanted.builder, hikari.api.SlashCommandBuilder)
    leaves: list[tuple[tuple[str, ...], Any]] = []
    for option, child in zip(wanted.builder.options, wanted.command.subcommands.values(), strict=True):
        if isinstance(child, lightbulb.SubGroup):
            inner = zip(option.options or (), child.subcommands.values(), strict=True)
            leaves += [((wanted.name, option.name, each.name), leaf) for each, leaf in inner]
        else:
            leaves.append(((wanted.name, option.name), child))
    return leaves


def _in_words(errors: Any) -> str:
    """The messages in Discord's nested answer, each with where it applies.

    Its form: https://discord.com/developers/docs/reference#error-messages
    """
    found: list[str] = []

    def look(part: Any, path: tuple[str, ...]) -> None:
        if not isinstance(part, Mapping):
            return
        for key, inner in part.items():
            if key == "_errors":
                found.extend(f"{'.'.join(path)}: {each.get('message')}".removeprefix(": ") for each in inner)
            else:
                look(inner, (*path, str(key)))

    look(errors, ())
    return "; ".join(found) or "it does not say why"


def _names(keys: Sequence[Key]) -> tuple[str, ...]:
    return tuple(sorted(name for _, name in keys))


def _added(first: SyncResult, second: SyncResult) -> SyncResult:
    return SyncResult(
        first.created + second.created,
        first.updated + second.updated,
        first.deleted + second.deleted,
        first.calls + second.calls,
    )
