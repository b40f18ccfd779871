"""Whether a plugin is to run: kept for the next start, and written down in the audit log as well."""

from __future__ import annotations

from chandelier.services.audit import AuditLog
from chandelier.storage.engine import Database
from chandelier.storage.host_state import HostState

__all__ = ["remember"]


async def remember(
    database: Database, audit: AuditLog, plugin: str, *, enabled: bool, config_version: int | None
) -> None:
    """Keep whether the owner wants a plugin to run; when that changes, the audit log says who changed it."""
    async with database.transaction() as session:
        before = await HostState(database).remember(
            plugin, enabled=enabled, config_version=config_version or 0, session=session
        )
        if before != enabled:
            await audit.record(
                "plugin.enable" if enabled else "plugin.disable",
                subject=plugin,
                before={"enabled": before},
                after={"enabled": enabled},
                session=session,
            )
