"""``chandelier feedback``: what members told the bot's owners."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import click

from chandelier.cli.output import EXIT_PROBLEM, config_option, console, fail, json_option, print_json
from chandelier.clock import SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.observe.log import Logs
from chandelier.storage.engine import Database
from chandelier.storage.tables import FeedbackRow

__all__ = ["feedback_group"]


@click.group("feedback")
def feedback_group() -> None:
    """What members told the bot's owners with /feedback."""


@feedback_group.command("list")
@config_option
@json_option
def list_command(config_path: Path, as_json: bool) -> None:
    """All of it, the newest first; also what no owner could be brought. The bot may be running."""
    deployment = Deployment.read(config_path, os.environ)
    config, base = deployment.host(HostConfig), config_path.absolute().parent
    database = Database(config.database(base), data_dir=config.data_path(base), clock=SystemClock())
    if database.dialect == "sqlite" and not database.path.exists():
        fail(
            f"there is no database at {database.path} yet: the bot makes it at its first start", EXIT_PROBLEM
        )
    rows = asyncio.run(_read(database))
    if as_json:
        print_json([_described(row) for row in rows])
        return
    if not rows:
        console().print("Nobody wrote anything, or its time was over.", markup=False)
    for row in rows:
        where = "by direct message" if row.guild_id is None else f"in server {row.guild_id}"
        console().print(
            f"{row.reference}  {row.sent_at:%Y-%m-%d %H:%M} UTC  user {row.person_id}, {where}", markup=False
        )
        console().print("\n".join(f"    {line}" for line in row.text.splitlines()), markup=False)
        if row.trouble is not None:
            console().print(f"  ! {row.trouble}", markup=False)
        if row.answer is not None:
            arrived = {True: "arrived", False: "did not arrive", None: "is on its way"}[row.answer_delivered]
            console().print(f"  answered by {row.answered_by}, {arrived}:", markup=False)
            console().print("\n".join(f"    {line}" for line in row.answer.splitlines()), markup=False)


async def _read(database: Database) -> Sequence[FeedbackRow]:
    from sqlalchemy import select

    with Logs(level="WARNING"):
        await database.start()
        try:
            async with database.read() as session:
                query = select(FeedbackRow).order_by(FeedbackRow.id.desc())
                return (await session.scalars(query)).all()
        finally:
            await database.close()


def _described(row: FeedbackRow) -> dict[str, object]:
    return {
        "reference": row.reference,
        "user": str(row.person_id),
        "server": None if row.guild_id is None else str(row.guild_id),
        "sent_at": row.sent_at.isoformat(),
        "text": row.text,
        "delivered": row.delivered,
        "trouble": row.trouble,
        "answer": row.answer,
        "answered_by": None if row.answered_by is None else str(row.answered_by),
        "answer_delivered": row.answer_delivered,
    }
