"""One bot on one data folder: a lock that the system gives back, whatever becomes of the process."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path

from chandelier.errors import InvalidRequest

__all__ = ["claim"]

_NAME = "chandelier.lock"
_FAR = 1 << 30
"""Where Windows locks a byte: what it locks cannot be read, and the process id stands at the beginning."""


@contextlib.contextmanager
def claim(folder: Path) -> Generator[None]:
    """Hold a data folder for as long as the block lasts.

    Two bots on one database would answer and act twice, and tables must not change under a running bot.
    Raises InvalidRequest, with the other's process id, when another process holds the folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield  # nothing can be kept here: the database says so, with what to do
        return
    try:
        _lock(file, folder)
        os.truncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        yield
    finally:
        os.close(file)


def _lock(file: int, folder: Path) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, _FAR, os.SEEK_SET)
            try:
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            finally:
                os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        number = os.read(file, 20).decode(errors="replace")
        process = f" (process {number})" if number.isdecimal() else ""
        raise InvalidRequest(
            f"a bot is running on the data folder {folder}{process}: stop it first. For a second bot beside "
            "it, choose another data_dir, another database and another token"
        ) from None
    except OSError:
        return  # a file system that knows no locks: then nobody is kept from anything
