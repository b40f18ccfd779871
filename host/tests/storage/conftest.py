"""A database of either kind, and the tables of an invented plugin, ``diary``, in several versions."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
import sqlalchemy as sa

from chandelier.storage.columns import NAMING_CONVENTION, Json, RowId, UtcDateTime
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY, StorageHistory, folder_of
from chandelier.storage.migrations import Migrator

HOST_NEWEST = max(path.name[:4] for path in folder_of("chandelier", HOST_HISTORY).glob("0*.py"))
"""The newest revision of the host's own tables."""

REVISIONS = {
    "0001": """
        op.create_table(
            "diary_entries",
            sa.Column("id", RowId, nullable=False),
            sa.Column("author_id", sa.BigInteger(), nullable=False),
            sa.Column("text", sa.Text(), nullable=True),
            sa.Column("written_at", UtcDateTime(), nullable=False),
            sa.PrimaryKeyConstraint("id", name="diary_entries_pk"),
            sqlite_autoincrement=True,
        )
        op.create_table(
            "diary_drawings",
            sa.Column("id", RowId, nullable=False),
            sa.Column("entry_id", RowId, nullable=False),
            sa.Column("strokes", Json, nullable=True),
            sa.Column("ink", sa.LargeBinary(), nullable=True),
            sa.Column("price", sa.Numeric(20, 4), nullable=True),
            sa.PrimaryKeyConstraint("id", name="diary_drawings_pk"),
            sa.ForeignKeyConstraint(
                ["entry_id"], ["diary_entries.id"], name="diary_drawings_entry_id_fk", ondelete="CASCADE"
            ),
            sqlite_autoincrement=True,
        )
        op.create_index("diary_entries_author_id_ix", "diary_entries", ["author_id"])
        ---
        op.drop_table("diary_drawings")
        op.drop_table("diary_entries")
    """,
    # SQLite can only do this by building the table again under its children.
    "0002": """
        with op.batch_alter_table("diary_entries") as batch:
            batch.alter_column("text", existing_type=sa.Text(), nullable=False)
            batch.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="fine"))
        ---
        with op.batch_alter_table("diary_entries") as batch:
            batch.drop_column("mood")
            batch.alter_column("text", existing_type=sa.Text(), nullable=True)
    """,
    "0003": """
        op.create_table("diary_friends", sa.Column("name", sa.Text(), primary_key=True))
        op.execute("INSERT INTO diary_friends VALUES ('alice')")
        raise RuntimeError("the author made a mistake")
        ---
        pass
    """,
}

SCRIPT = '''
"""Revision {revision} of the diary."""
import sqlalchemy as sa
from alembic import op
from chandelier.storage.columns import Json, RowId, UtcDateTime
revision = "{revision}"
down_revision = {parent!r}

def upgrade():
{upgrade}

def downgrade():
{downgrade}
'''


class Diary:
    """The invented plugin's package; `ship` installs one of its versions in place of the last."""

    def __init__(self, folder: Path, package: str) -> None:
        self.package = package
        self.revisions = folder / package / "revisions"

    def ship(self, *revisions: str, mood: bool = True) -> StorageHistory:
        """Install a version with these revisions; ``mood`` is whether its metadata has that column."""
        self.revisions.mkdir(parents=True, exist_ok=True)
        (self.revisions.parent / "__init__.py").touch()
        for old in self.revisions.glob("*.py"):
            old.unlink()
        for revision, parent in zip(revisions, (None, *revisions), strict=False):
            self.write(revision, parent, REVISIONS[revision])
        importlib.invalidate_caches()
        return StorageHistory(diary_tables(mood=mood), f"{self.package}:revisions")

    def write(self, revision: str, parent: str | None, steps: str) -> None:
        """Write one revision file; ``steps`` are those up and those down, with a line ``---`` between."""
        up, down = dedent(steps).split("---\n")
        text = SCRIPT.format(
            revision=revision,
            parent=parent,
            upgrade="\n".join(f"    {line}" for line in up.splitlines()),
            downgrade="\n".join(f"    {line}" for line in down.splitlines()),
        )
        (self.revisions / f"{revision}_diary.py").write_text(text, encoding="utf-8")


def diary_tables(*, mood: bool) -> sa.MetaData:
    """The diary's tables as its own code sees them."""
    metadata = sa.MetaData(naming_convention=dict(NAMING_CONVENTION))
    entries = sa.Table(
        "diary_entries",
        metadata,
        sa.Column("id", RowId, primary_key=True),
        sa.Column("author_id", sa.BigInteger, index=True, nullable=False),
        sa.Column("text", sa.Text, nullable=not mood),
        sa.Column("written_at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    if mood:
        entries.append_column(sa.Column("mood", sa.Text, nullable=False, server_default="fine"))
    sa.Table(
        "diary_drawings",
        metadata,
        sa.Column("id", RowId, primary_key=True),
        sa.Column("entry_id", sa.ForeignKey("diary_entries.id", ondelete="CASCADE"), nullable=False),
        sa.Column("strokes", Json),
        sa.Column("ink", sa.LargeBinary),
        sa.Column("price", sa.Numeric(20, 4)),
        sqlite_autoincrement=True,
    )
    return metadata


class StoppedClock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """The present moment."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds since the epoch."""
        return self.moment.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Let others run; time stands still."""
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> StoppedClock:
    """Noon of New Year's Day 2026."""
    return StoppedClock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """These tests run on both kinds of database, whatever the run is about."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/data/chandelier.db"


@pytest.fixture
async def database(database_url: str, tmp_path: Path, clock: StoppedClock) -> AsyncGenerator[Database, None]:
    """An open, empty database."""
    database = Database(database_url, data_dir=tmp_path / "data", clock=clock)
    await database.start()
    yield database
    await database.close()


@pytest.fixture
def migrator(database: Database) -> Migrator:
    """A migrator of the empty database."""
    return Migrator(database)


@pytest.fixture
async def hosted(database: Database, migrator: Migrator) -> Database:
    """A database with the host's tables."""
    await migrator.upgrade("chandelier", HOST_HISTORY)
    return database


@pytest.fixture
def diary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Diary:
    """The invented plugin's package, nothing shipped yet."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Diary(site, f"diary_package_{abs(hash(request.node.nodeid))}")
