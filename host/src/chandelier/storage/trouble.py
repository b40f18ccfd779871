"""What a failing database means: one sentence for the person who waits, one line for the operator.

Only what is the database's own state is read here. A statement that is wrong stays what it is: the fault of
whoever wrote it.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Any, Final, Literal

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chandelier.errors import ServiceUnavailable
from chandelier.languages import Messages

__all__ = ["Trouble", "advised", "answer_to", "in_short", "trouble_of"]

_ = Messages(__package__)

Trouble = Literal["away", "busy", "full", "unwritable", "damaged"]

_SQLITE: Final[dict[int, Trouble]] = {
    sqlite3.SQLITE_PERM: "unwritable",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_READONLY: "unwritable",
    sqlite3.SQLITE_IOERR: "away",  # a disk or network drive that does not answer
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_CANTOPEN: "away",
    sqlite3.SQLITE_PROTOCOL: "busy",
    sqlite3.SQLITE_NOTADB: "damaged",
}
"""By primary result code, https://www.sqlite.org/rescode.html."""

_POSTGRESQL: Final[tuple[tuple[str, Trouble], ...]] = (
    ("08", "away"),  # connection exception
    ("25006", "unwritable"),  # read-only transaction, as on a standby
    ("28", "away"),  # the server lets us in no more
    ("3D000", "away"),  # the database is gone
    ("40001", "busy"),  # serialization failure
    ("40P01", "busy"),  # deadlock
    ("53100", "full"),
    ("53", "busy"),  # out of memory, of connections
    ("55P03", "busy"),  # lock not available
    ("57P", "away"),  # shut down, crashed, starting
    ("58", "away"),  # its disk does not answer
    ("XX001", "damaged"),
    ("XX002", "damaged"),
)
"""By the beginning of SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html."""


def trouble_of(error: BaseException) -> Trouble | None:
    """What ails the database, as far as this error is about that; None for any other error."""
    if isinstance(error, PoolTimeout):
        return "busy"
    original: Any = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        return _SQLITE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(state := getattr(original, "sqlstate", None), str):
        for start, trouble in _POSTGRESQL:
            if state.startswith(start):
                return trouble
    if isinstance(error, DBAPIError):
        return "away" if error.connection_invalidated else None
    # What the driver says before there is a connection arrives as it is, and so does a broken socket.
    if type(error).__module__.startswith("asyncpg"):
        return "away"
    return "away" if isinstance(error, OSError) and _from_sqlalchemy(error.__traceback__) else None


def answer_to(trouble: Trouble) -> ServiceUnavailable:
    """What the person reads who wanted something of the database."""
    match trouble:
        case "away":
            return ServiceUnavailable(_("The bot's database cannot be reached. Try again in a moment."))
        case "busy":
            return ServiceUnavailable(_("The bot's database is busy. Try again in a moment."))
        case "full":
            return ServiceUnavailable(
                _("The disk of the bot's database is full, so nothing was kept. The owner has to make room.")
            )
        case "unwritable":
            return ServiceUnavailable(
                _("The bot may not write to its database, so nothing was kept. The owner has to mend that.")
            )
        case "damaged":
            return ServiceUnavailable(
                _("The bot's database is damaged. The owner has to restore a backup of it.")
            )


_ADVICE: Final = (
    ("is locked", "another process is using it; stop that one first"),
    ("malformed", "restore a backup: chandelier db backups, chandelier db restore FILE"),
    ("not a database", "it is some other file; name another one, or restore a backup: chandelier db backups"),
    ("or disk is full", "make room on its disk; data/backups and the log file are a place to begin"),
    ("No space left", "make room on its disk; data/backups and the log file are a place to begin"),
    ("readonly", "the bot's user may not write it; change its owner or its folder's"),
    ("unable to open", "check that its folder exists and that the bot's user may write there"),
    ("Permission denied", "the bot's user may not write it; change its owner or its folder's"),
    ("Read-only file system", "nothing can be kept there; choose another data_dir"),
    ("No such file or directory", "its folder cannot be made there; choose another data_dir"),
    ("Is a directory", "a folder is where the file should be; move it away, or choose another data_dir"),
    ("File exists", "a file is where its folder should be; choose another data_dir"),
    ("Not a directory", "a file is where its folder should be; choose another data_dir"),
    ("of asyncpg", "install its driver with pip install 'chandelier[postgres]'"),
    ("module named 'asyncpg", "install its driver with pip install 'chandelier[postgres]'"),
    (
        "password",
        "set CHANDELIER_DATABASE_PASSWORD, or CHANDELIER_DATABASE_PASSWORD_FILE to a file that holds it",
    ),
    ("refused", "check that the server runs and that host and port are right"),
    ("Connect call failed", "check that the server runs and that host and port are right"),
    ("Connection reset", "check that the server runs and that host and port are right"),
    ("connection is closed", "check that the server runs; it is tried again"),
    ("connection was closed", "check that the server runs; it is tried again"),
    ("terminating connection", "someone shut the server or the connection down; it is tried again"),
    ("not known", "check the server's name in database_url"),
    ("getaddrinfo", "check the server's name in database_url"),
    ("port must be", "check the port in database_url"),
    ("does not exist", "make it first, or name another one in database_url"),
    ("unexpected keyword argument", "the driver does not know it: take it out of database_url"),
)
"""What databases say, and what to do about it."""


def in_short(error: BaseException) -> str:
    """What a database says, in one line and without its statement."""
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return said or type(error).__name__


def advised(error: BaseException) -> str:
    """What a database says, and what to do about it where that is known."""
    said = in_short(error)
    advice = next((advice for words, advice in _ADVICE if words.lower() in said.lower()), None)
    return said if advice is None else f"{said}; {advice}"


def _from_sqlalchemy(trace: TracebackType | None) -> bool:
    """Whether an error came up from the driver, and not from what else a block with a session does."""
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith("sqlalchemy."):
            return True
        trace = trace.tb_next
    return False
