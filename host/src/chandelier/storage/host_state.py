"""What the host remembers about itself: wanted plugins, its keys, guilds with commands of their own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Set

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.storage.engine import Database
from chandelier.storage.tables import CommandGuildRow, KeyRow, PluginStateRow

__all__ = ["HostState"]


class HostState:
    """Small durable facts, each read once at start and written when it changes."""

    def __init__(self, database: Database, make_key: Callable[[int], str] = secrets.token_hex) -> None:
        self._database = database
        self._make_key = make_key

    async def disabled(self) -> set[str]:
        """Names of the plugins that the owner disabled."""
        async with self._database.read() as session:
            rows = await session.scalars(select(PluginStateRow.plugin).where(~PluginStateRow.enabled))
            return set(rows)

    async def remember(
        self, plugin: str, *, enabled: bool, config_version: int, session: AsyncSession
    ) -> bool:
        """Keep whether the owner wants a plugin to run; answers what was kept before."""
        row = await session.get(PluginStateRow, plugin)
        before = row is None or row.enabled
        if row is None:
            row = PluginStateRow(plugin=plugin)
            session.add(row)
        row.enabled = enabled
        row.config_version = config_version
        row.changed_at = self._database.clock.now()
        return before

    async def command_guilds(self) -> set[int]:
        """Guilds that may have commands of their own at Discord."""
        async with self._database.read() as session:
            return set(await session.scalars(select(CommandGuildRow.guild_id)))

    async def remember_command_guilds(self, guilds: Set[int]) -> None:
        """Keep which guilds may have commands of their own at Discord: these, and no others."""
        async with self._database.transaction() as session:
            known = set(await session.scalars(select(CommandGuildRow.guild_id)))
            if gone := known - guilds:
                await session.execute(delete(CommandGuildRow).where(CommandGuildRow.guild_id.in_(gone)))
            session.add_all(CommandGuildRow(guild_id=guild) for guild in sorted(guilds - known))

    async def key(self, name: str) -> bytes:
        """A key of 32 random bytes, made on first use and the same ever after."""
        async with self._database.transaction() as session:
            row = await session.get(KeyRow, name)
            if row is None:
                row = KeyRow(name=name, value=self._make_key(32))
                session.add(row)
            return bytes.fromhex(row.value)
