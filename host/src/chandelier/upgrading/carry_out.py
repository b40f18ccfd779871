"""The upgrade itself: the host's tables, ``config.toml``, each plugin's tables and guilds' settings."""

from __future__ import annotations

from chandelier.config.deployment import Deployment
from chandelier.storage.engine import Database
from chandelier.storage.guild_settings import GuildSettings
from chandelier.storage.history import HOST_HISTORY
from chandelier.upgrades import Upgrades
from chandelier.upgrading.survey import Descriptions, versioned

__all__ = ["carry_out"]


async def carry_out(deployment: Deployment, database: Database, plugins: Descriptions) -> None:
    """Bring everything up to date. Raises at the first thing that fails; what was done before stays done."""
    await database.start()
    try:
        upgrades = Upgrades(deployment, database, GuildSettings(database), automatic=True)
        await upgrades.build_own(HOST_HISTORY)
        deployment.migrate(versioned(plugins))
        for name, description in plugins.items():
            await upgrades.upgrade(name, description, plugins.keys() - {name})
    finally:
        await database.close()
