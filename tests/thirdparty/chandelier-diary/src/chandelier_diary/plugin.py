"""The plugin's class: config, tables, personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import click
import hikari
from sqlalchemy import BigInteger, MetaData, Text, delete, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import chandelier


@chandelier.schema(version=1)
class DiaryConfig:
    """The section ``[plugins.diary]``."""

    word: str = chandelier.setting("dear diary", help="Messages that begin so are kept.", guild=True)
    remind_after: int = chandelier.setting(600, help="Seconds until a reminder.", ge=60)


class Tables(DeclarativeBase):
    """Base of the tables."""

    metadata = MetaData(naming_convention=dict(chandelier.NAMING_CONVENTION))


class Entry(Tables):
    """What somebody wrote."""

    __tablename__ = "diary_entries"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    author_id: Mapped[int] = mapped_column(BigInteger, index=True)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    text: Mapped[str] = mapped_column(Text)


class Specifications:
    """The hooks that this plugin publishes for others."""

    @chandelier.hookspec
    async def diary_decorate(self, text: str) -> str | None:
        """Decorate what was written; None to leave it."""


class Diary(chandelier.Plugin[DiaryConfig]):
    """`/diary` and what belongs to it."""

    ticks = 0

    @chandelier.hookimpl
    def chandelier_manifest(self) -> chandelier.Manifest:
        """Intents and personal data."""
        return chandelier.Manifest(
            summary="Keeps diaries.",
            intents=hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT,
            permissions=hikari.Permissions.SEND_MESSAGES,
            personal_data=(chandelier.PersonalData(what="entries", why="to read", kept="until erased"),),
        )

    @chandelier.hookimpl
    def chandelier_config_schema(self) -> type[DiaryConfig]:
        """The config."""
        return DiaryConfig

    @chandelier.hookimpl
    def chandelier_storage(self) -> chandelier.StorageHistory:
        """The tables."""
        return chandelier.StorageHistory(Tables.metadata, "chandelier_diary:revisions")

    @chandelier.hookimpl
    def chandelier_hookspecs(self) -> Sequence[Any]:
        """One hook."""
        return (Specifications,)

    @chandelier.hookimpl
    def chandelier_loaders(self) -> Sequence[chandelier.Loader]:
        """Commands and handlers."""
        from chandelier_diary.handlers import loader

        return (loader,)

    @chandelier.hookimpl
    async def chandelier_health(self) -> chandelier.Health:
        """Always well."""
        return chandelier.Health(lines=(f"{await self.count()} entries",))

    @chandelier.hookimpl
    async def chandelier_status(self, guild_id: int) -> chandelier.StatusSection:
        """How many entries there are."""
        return chandelier.StatusSection("Diary", (f"{await self.count()} entries",))

    @chandelier.hookimpl
    async def chandelier_export_person(self, user_id: int) -> Mapping[str, Any]:
        """A person's entries."""
        async with self.ctx.storage.read() as session:
            found = await session.scalars(select(Entry.text).where(Entry.author_id == user_id))
            return {"entries": list(found)}

    @chandelier.hookimpl
    async def chandelier_erase_person(self, user_id: int) -> int:
        """Forget them."""
        async with self.ctx.storage.transaction() as session:
            mine = delete(Entry).where(Entry.author_id == user_id).returning(Entry.id)
            return len((await session.execute(mine)).all())

    @chandelier.hookimpl
    def chandelier_cli(self, group: click.Group) -> None:
        """`chandelier diary`."""

        @group.command("diary")
        def diary() -> None:
            """Say where the diaries are."""
            click.echo("In the database.")

    async def keep(self, number: int, author_id: int, channel_id: int, text: str) -> None:
        """Keep an entry, and remind of it."""
        async with self.ctx.storage.transaction() as session:
            row = self.ctx.storage.insert(Entry).values(
                id=number, author_id=author_id, channel_id=channel_id, text=text
            )
            await session.execute(row.on_conflict_do_nothing())
            due = self.ctx.now() + timedelta(seconds=self.config.remind_after)
            await self.ctx.timers.schedule("remind", key=str(number), due=due, session=session)

    async def count(self) -> int:
        """How many entries there are."""
        async with self.ctx.storage.read() as session:
            return await session.scalar(select(func.count()).select_from(Entry)) or 0
