"""Where the control socket is, and who may open it.

It lives in a folder of its own inside the data folder: only its user may enter, so there is no moment
between making the socket and closing it to others.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chandelier.errors import InvalidRequest

__all__ = ["FOLDER", "NAME", "address", "make_folder", "peer_may_speak", "supported"]

FOLDER: Final = "run"
NAME: Final = "control.sock"
_LONGEST: Final = 103
"""Bytes of a socket's path that every system takes: sun_path has 108 on Linux (unix(7)) and 104 on macOS,
with the zero at the end."""
_OWN_FDS: Final = Path("/proc/self/fd")


def supported() -> bool:
    """Whether this system has Unix sockets that asyncio can serve."""
    return hasattr(socket, "AF_UNIX") and sys.platform != "win32"


def make_folder(data: Path) -> Path:
    """The socket's folder, made and closed to others. Raises InvalidRequest when it is somebody else's."""
    folder = data / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise InvalidRequest(f"{folder} is not a folder of the bot's own user: move it away")
    folder.chmod(0o700)
    return folder


@contextmanager
def address(data: Path) -> Generator[str]:
    """The socket's address for as long as the block lasts, however long the folder's own path is.

    A path that does not fit is written through the folder's descriptor. Raises InvalidRequest where the
    system cannot do that, OSError when there is no such folder.
    """
    folder = data / FOLDER
    plain = str(folder / NAME)
    if len(os.fsencode(plain)) <= _LONGEST:
        folder.stat()
        yield plain
        return
    if not _OWN_FDS.exists():
        raise InvalidRequest(
            f"the path {plain} is longer than a socket's may be ({_LONGEST} bytes): choose a shorter data_dir"
        )
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_OWN_FDS / str(descriptor) / NAME)
    finally:
        os.close(descriptor)


def peer_may_speak(connection: socket.socket) -> bool:
    """Whether the other end is the bot's own user, or root; True where the system does not tell.

    The folder keeps others out already; this holds even if somebody opened it up. Source: unix(7),
    SO_PEERCRED.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    credentials = struct.Struct("3i")
    _, user, _ = credentials.unpack(connection.getsockopt(socket.SOL_SOCKET, option, credentials.size))
    return user in {os.getuid(), 0}
