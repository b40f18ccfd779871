"""What is stored about people, column by column: exported, erased, and forgotten in its time."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

import chandelier
from chandelier_moderation.appeals.tables import REFUSED
from chandelier_moderation.stored import HISTORY

SOMEBODY = 777_000_000_000_000_001
TABLES = {table.name.removeprefix("moderation_"): table for table in HISTORY.metadata.sorted_tables}
PEOPLE = [
    ("cases", "target_id"), ("cases", "moderator_id"), ("cases", "voided_by"), ("cases", "edited_by"),
    ("appeals", "user_id"), ("appeals", "decided_by"),
    ("batches", "moderator_id"), ("batch_targets", "target_id"),
    ("locked_channels", "changes"),
    ("picks", "author_id"), ("picks", "handled_by"), ("picks", "reporters"),
    ("searches", "query"),
    ("purges", "moderator_id"), ("purged", "author_id"),
    ("rules", "created_by"), ("rules", "edited_by"), ("hits", "user_id"), ("hits", "handled_by"),
    ("raids", "started_by"), ("raids", "ended_by"), ("raid_newcomers", "user_id"),
    ("kept_messages", "author_id"), ("log_entries", "member_id"), ("log_entries", "by_id"),
]  # fmt: skip
"""Every column that names people."""
NO_PEOPLE = {
    "guild_id", "channel_id", "message_id", "log_channel_id", "log_message_id", "dm_channel_id",
    "dm_message_id", "post_channel_id", "post_message_id", "audit_id", "first_id", "last_id", "cursor",
    "effect_id", "raid_id", "purge_id", "id",
}  # fmt: skip
"""Names of columns with ids of anything else."""
FILLED = {
    "state": "done", "removal": None, "log": "off", "post": "failed", "told": "off", "is_open": None,
    "is_on": None, "body": {"name": "x"}, "attachments": [], "found": [], "more": [], "reporters": {},
    "changes": [],
}  # fmt: skip


def row(table, now, **more):
    """A row with something in every column, and nobody in it."""
    values = {}
    for column in table.columns:
        kind = column.type
        if isinstance(kind, sa.Boolean) and not column.nullable:
            values[column.name] = False
        elif column.name in FILLED:
            values[column.name] = FILLED[column.name]
        elif isinstance(kind, chandelier.UtcDateTime):
            values[column.name] = now
        elif isinstance(kind, sa.Integer):
            values[column.name] = 1
        elif isinstance(kind, sa.LargeBinary):
            values[column.name] = b"x"
        else:
            values[column.name] = {} if column.name in ("details", "totals", "wanted", "reply") else "1"
    return values | more


async def everything(host):
    """All that the tables hold, as text."""
    async with host.database.read() as session:
        return [
            str(tuple(row)) for table in TABLES.values() for row in await session.execute(sa.select(table))
        ]


def test_every_column_with_ids_is_known_to_name_people_or_not():
    wide = {
        (name, column.name)
        for name, table in TABLES.items()
        for column in table.columns
        if isinstance(column.type, sa.BigInteger) and column.name not in NO_PEOPLE
    }

    assert wide <= set(PEOPLE)


async def test_whoever_is_in_any_column_is_exported_and_taken_out_of_it(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    parents = [row(TABLES[name], discord.clock.now()) for name in ("batches", "purges", "raids")]
    for name, column in PEOPLE:
        names = {
            "query": {"member": str(SOMEBODY)},
            "reporters": {str(SOMEBODY): "rude"},
            "changes": [{"id": str(SOMEBODY), "kind": 1, "before": [2_048, 0], "after": [0, 0]}],
        }
        who = names.get(column, SOMEBODY)
        more = {"state": REFUSED} if name == "appeals" else {}
        more |= {"source": f"batch-1-{SOMEBODY}"} if (name, column) == ("cases", "target_id") else {}
        async with host.database.transaction() as session:
            for table, parent in zip(("batches", "purges", "raids"), parents, strict=True):
                if name != table:
                    parent = {"key": "1"} | parent if table == "batches" else parent
                    await session.execute(sa.insert(TABLES[table]).values(parent))
            inserted = row(TABLES[name], discord.clock.now(), **{column: who}, **more)
            await session.execute(sa.insert(TABLES[name]).values(inserted))

        exported = await host.hooks.call("moderation", "chandelier_export_person", user_id=SOMEBODY)
        for by in ("person", "owner"):
            erased = await host.hooks.call("moderation", "chandelier_erase_person", user_id=SOMEBODY, by=by)
            left = [found for found in await everything(host) if str(SOMEBODY) in found]
            kept = erased.kept and (by == "person" or name == "locked_channels")  # until the lockdown ends
            assert not left or kept, (name, column, by, left)

        assert sum(map(len, exported.values())) == 1, (name, column, exported)
        async with host.database.transaction() as session:
            for table in TABLES.values():
                await session.execute(sa.delete(table))


async def test_who_came_in_a_raid_is_forgotten_long_after_it(discord, start_host, market, monkeypatch):
    monkeypatch.setattr("chandelier_moderation.raid.raids.KEPT", timedelta(days=2))
    host = await start_host("moderation", config=market.config(raid_joins=1, raid_invites=False))
    await market.guild.join("newcomer")
    await market.mod.slash(market.general, "raid stop")
    await discord.advance(60)
    assert "Report: raid mode" in market.log.last.text

    await discord.advance(86_400)
    assert len(await rows_of(host, "raid_newcomers")) == 1
    await discord.advance(86_400)

    assert await rows_of(host, "raid_newcomers") == []
    assert len(await rows_of(host, "raids")) == 1


async def rows_of(host, name):
    """All rows of a table."""
    async with host.database.read() as session:
        return (await session.execute(sa.select(TABLES[name]))).all()
