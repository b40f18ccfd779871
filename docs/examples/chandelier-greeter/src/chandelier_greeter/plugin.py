"""The plugin as the host sees it: what it needs, what it declares, what it stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import hikari
from sqlalchemy import delete, func, or_, select

import chandelier
from chandelier_greeter.config import MIGRATIONS, GreeterConfig
from chandelier_greeter.tables import HISTORY, Greeting

__all__ = ["Greeter"]

_ = chandelier.Messages(__package__)


class Greeter(chandelier.Plugin[GreeterConfig]):
    """Greets members, and notices when nobody waves back."""

    @chandelier.hookimpl
    def chandelier_manifest(self) -> chandelier.Manifest:
        """Intents, permissions, personal data."""
        return chandelier.Manifest(
            summary="Greets members, and notices when nobody waves back.",
            intents=hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT,
            permissions=hikari.Permissions.SEND_MESSAGES | hikari.Permissions.ADD_REACTIONS,
            capabilities=(chandelier.Capability("greet", "Greet members", hikari.Permissions.NONE),),
            personal_data=(
                chandelier.PersonalData(
                    what="who greeted whom, where and when, and when they waved back",
                    why="so that the button works and a nudge is sent once",
                    kept="until it is erased",
                ),
            ),
        )

    @chandelier.hookimpl
    def chandelier_config_schema(self) -> type[GreeterConfig]:
        """The section ``[plugins.greeter]``."""
        return GreeterConfig

    @chandelier.hookimpl
    def chandelier_config_migrations(self) -> Sequence[chandelier.ConfigMigration]:
        """Version 1 to 2 and back."""
        return MIGRATIONS

    @chandelier.hookimpl
    def chandelier_storage(self) -> chandelier.StorageHistory:
        """The greetings."""
        return HISTORY

    @chandelier.hookimpl
    def chandelier_loaders(self) -> Sequence[chandelier.Loader]:
        """The command, the button, the listener, the timer and its effect."""
        from chandelier_greeter.handlers import loader  # its handlers name this class, so it comes after it

        return (loader,)

    @chandelier.hookimpl
    async def chandelier_status(self, guild_id: int) -> chandelier.StatusSection:
        """How many people were greeted in a guild, and how many waved back."""
        counts = select(func.count(), func.count(Greeting.waved_at)).where(Greeting.guild_id == guild_id)
        async with self.ctx.storage.read() as session:
            greeted, waved = (await session.execute(counts)).one()
        said = _("Greetings: {greeted}, waved back: {waved}", greeted=greeted, waved=waved)
        return chandelier.StatusSection(_("Greetings"), (said,))

    @chandelier.hookimpl
    async def chandelier_export_person(self, user_id: int) -> Mapping[str, Any]:
        """The greetings that a person gave or got."""
        async with self.ctx.storage.read() as session:
            found = await session.scalars(select(Greeting).where(_names(user_id)))
            return {
                "greetings": [
                    {"by": one.greeter_id, "for": one.greeted_id, "at": one.greeted_at.isoformat()}
                    for one in found
                ]
            }

    @chandelier.hookimpl
    async def chandelier_erase_person(self, user_id: int) -> int:
        """Forget them."""
        async with self.ctx.storage.transaction() as session:
            gone = await session.execute(delete(Greeting).where(_names(user_id)).returning(Greeting.id))
            return len(gone.all())

    async def greeting(self, number: int) -> Greeting | None:
        """A greeting by its id."""
        async with self.ctx.storage.read() as session:
            return await session.get(Greeting, number)


def _names(user_id: int) -> Any:
    return or_(Greeting.greeter_id == user_id, Greeting.greeted_id == user_id)
