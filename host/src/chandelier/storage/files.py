"""Files that are either complete and on disk, or not there."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["complete"]


@contextmanager
def complete(path: Path) -> Generator[Path, None, None]:
    """A temporary path beside ``path`` to write to; at the end it is synced and takes the name.

    When the block raises, ``path`` is as before and the temporary file is gone.
    """
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    try:
        yield part
        _sync(part)
        part.replace(path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
