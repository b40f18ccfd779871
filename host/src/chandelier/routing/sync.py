"""The plan for Discord's list of commands: compare everything that matters, then one bulk call or none.

A bulk overwrite replaces the whole list at once, so nothing is created before room is made, and a failure
leaves the old list in place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
import hikari
from lightbulb.internal import constants
from lightbulb.internal import sync as lightbulb_sync
from loguru import logger

from chandelier.barrier import end
from chandelier.clock import Clock
from chandelier.containment import Containment
from chandelier.routing.commands import CommandRouter
from chandelier.storage.names import HOST_NAME

__all__ = ["CommandSync", "SyncResult"]

RETRY_FIRST, RETRY_LAST = 60.0, 3600.0
"""Seconds before a sync that Discord refused is tried again: the first time, and at most."""


@attrs.frozen
class SyncResult:
    """What one sync did, by command name; calls counts the requests that changed something."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    calls: int = 0


class CommandSync:
    """Keeps Discord's lists of application commands equal to what the running plugins declare."""

    def __init__(
        self, client: CommandRouter, rest: hikari.api.RESTClient, clock: Clock, containment: Containment
    ) -> None:
        self._client = client
        self._rest = rest
        self._clock = clock
        self._containment = containment
        self._guilds: set[int] = set()
        self._one_at_a_time = asyncio.Lock()
        self._failures = 0
        self._retry: asyncio.Task[None] | None = None
        self.last = SyncResult()
        """What the last sync did."""

    async def keep_up_to_date(self) -> None:
        """Sync; when that fails, log it and try again later; the bot runs on with what Discord has."""
        try:
            async with self._one_at_a_time:  # an older plan must not overwrite a newer one
                self.last = await self.sync()
        except Exception as error:  # noqa: BLE001 - Discord's no, or one plugin's command that is none
            self._failures += 1
            pause = min(RETRY_LAST, RETRY_FIRST * 2 ** min(self._failures - 1, 16))
            logger.opt(exception=None if isinstance(error, hikari.HikariError) else error).error(
                "Discord's list of commands is not up to date, again in {:g} s: {}", pause, error
            )
            if self._retry is None:
                self._retry = self._containment.watch(HOST_NAME, "sync", self._again(pause))
        else:
            self._failures = 0

    async def close(self) -> None:
        """Try no more."""
        if self._retry is not None:
            await end((self._retry,))

    async def _again(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._retry = None
        await self._containment.run(HOST_NAME, "sync", self.keep_up_to_date(), timeout=RETRY_LAST)

    async def sync(self) -> SyncResult:
        """Compare and, only where something differs, overwrite. Raises what Discord answers."""
        client = self._client
        client._command_invocation_mapping.clear()
        await client.sync_application_commands(_force_no_api_call=True)
        application = await client._ensure_application()
        scopes = {constants.GLOBAL_COMMAND_KEY, *client._command_invocation_mapping}
        total = SyncResult()
        for scope in sorted({int(scope) for scope in scopes} | self._guilds):
            total = _added(total, await self._sync_scope(application, scope))
        self._guilds = {int(scope) for scope in client._command_invocation_mapping} - {
            constants.GLOBAL_COMMAND_KEY
        }
        if total.calls:
            logger.info(
                "commands synced: {} created, {} updated, {} deleted",
                len(total.created),
                len(total.updated),
                len(total.deleted),
            )
        return total

    async def _sync_scope(self, application: hikari.Application, scope: int) -> SyncResult:
        guild: Any = hikari.UNDEFINED if scope == constants.GLOBAL_COMMAND_KEY else hikari.Snowflake(scope)
        existing, wanted = await lightbulb_sync._get_existing_and_registered_commands(
            self._client, application, guild, list(application.integration_types_config.keys())
        )
        there, planned = _by_key(existing), _by_key(wanted)
        _with_descriptions(there, self._client._created_commands[scope])
        created = [key for key in planned if key not in there]
        deleted = [key for key in there if key not in planned]
        updated = [
            key for key in planned if key in there and _fingerprint(there[key]) != _fingerprint(planned[key])
        ]
        if not (created or deleted or updated):
            return SyncResult()
        builders = [
            there[key] if key in there and key not in updated else builder for key, builder in planned.items()
        ]
        self._client._created_commands[scope] = await self._rest.set_application_commands(
            application, builders, guild=guild
        )
        return SyncResult(_names(created), _names(updated), _names(deleted), 1)


def _by_key(collections: Mapping[str, Any]) -> dict[tuple[str, str], hikari.api.CommandBuilder]:
    keyed: dict[tuple[str, str], hikari.api.CommandBuilder] = {}
    for name, collection in collections.items():
        for kind in ("slash", "user", "message"):
            builder = getattr(collection, kind)
            if builder is not None:
                keyed[kind, name] = builder
    return keyed


def _with_descriptions(
    there: Mapping[tuple[str, str], hikari.api.CommandBuilder], commands: Collection[hikari.PartialCommand]
) -> None:
    """Give the builders of what is there its descriptions in other languages, which lightbulb forgets.

    Without them every sync would find every translated command changed.
    """
    for command in commands:
        builder = there.get(("slash", command.name))
        if isinstance(command, hikari.SlashCommand) and isinstance(builder, hikari.api.SlashCommandBuilder):
            builder.set_description_localizations(command.description_localizations)


def _fingerprint(builder: hikari.api.CommandBuilder) -> dict[str, Any]:
    """What lightbulb compares, and the default permissions, which it forgets."""
    permissions = builder.default_member_permissions
    plain = 0 if permissions is hikari.UNDEFINED else int(permissions)
    return {**lightbulb_sync._serialize_builder(builder), "default_member_permissions": plain}


def _names(keys: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(name for _, name in keys))


def _added(first: SyncResult, second: SyncResult) -> SyncResult:
    return SyncResult(
        first.created + second.created,
        first.updated + second.updated,
        first.deleted + second.deleted,
        first.calls + second.calls,
    )
