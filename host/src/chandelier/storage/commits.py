"""Calling back when what a session wrote is there for others to see."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

__all__ = ["after_commit"]


def after_commit(session: AsyncSession, call: Callable[[], object]) -> None:
    """Call ``call`` once the session's transaction is committed; never, when it is rolled back.

    The same callable is called once, however often it was given.
    """
    # Listening once per session is enough, and it must outlive commits of savepoints.
    calls: dict[Callable[[], object], None] = session.info.setdefault("chandelier.after_commit", {})
    if not calls:

        def committed(_: Session) -> None:
            for each in calls:
                each()

        event.listen(session.sync_session, "after_commit", committed)
    calls[call] = None
