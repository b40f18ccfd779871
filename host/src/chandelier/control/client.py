"""The control socket's end in the command line: ask a running host, wait for its answer."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.control.place import address, supported
from chandelier.control.protocol import LONGEST_ANSWER, VERSION, encode
from chandelier.errors import ChandelierError, InvalidRequest, ServiceUnavailable

__all__ = ["NotRunning", "answers", "ask", "data_folder", "follow"]

CONNECT_WITHIN: Final = 5.0
"""Seconds; a host that lives accepts at once, whatever else it does."""


class NotRunning(ServiceUnavailable):
    """No host runs on this data folder."""


def data_folder(config: Path) -> Path:
    """The data folder of a deployment. Raises ConfigError."""
    deployment = Deployment.read(config, os.environ)
    return deployment.host(HostConfig).data_path(deployment.base)


def ask(folder: Path, op: str, /, **args: Any) -> Any:
    """Ask the host that runs on a data folder for one operation, and return its result.

    Waits for as long as the operation takes. Raises NotRunning, InvalidRequest when the host finds the
    request wrong, ServiceUnavailable when it could not do it.
    """
    result: Any = None
    for kind, value in _conversation(folder, op, args):
        if kind == "result":
            result = value
    return result


def follow(folder: Path, op: str, /, **args: Any) -> Iterator[Any]:
    """As `ask`, for an operation that answers piece by piece, perhaps for ever."""
    for kind, value in _conversation(folder, op, args):
        if kind == "item":
            yield value


def answers(folder: Path, op: str, /, **args: Any) -> Iterator[Any]:
    """Everything that an operation answers: its pieces, or its one result."""
    pieces = False
    for kind, value in _conversation(folder, op, args):
        pieces = pieces or kind == "item"
        if kind == "item" or not pieces:
            yield value


def _conversation(folder: Path, op: str, args: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    with _connect(folder) as connection, connection.makefile("rb") as lines:
        try:
            connection.sendall(encode({"v": VERSION, "op": op, "args": args}))
            while line := lines.readline(LONGEST_ANSWER):
                message = json.loads(line)
                if "item" in message:
                    yield "item", message["item"]
                elif message.get("ok"):
                    yield "result", message.get("result")
                    return
                else:
                    raise _error(message)
        except (OSError, ValueError) as error:
            raise ServiceUnavailable(f"the bot broke off while it answered: {error}") from error
    raise ServiceUnavailable("the bot broke off while it answered: it is being stopped, or it was killed")


def _connect(folder: Path) -> socket.socket:
    if not supported():
        raise InvalidRequest("this system has no control socket: use /plugins and /status in Discord")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(CONNECT_WITHIN)
        with address(folder) as path:
            connection.connect(path)
        connection.settimeout(None)
    except PermissionError:
        connection.close()
        raise InvalidRequest(
            f"the bot on {folder} belongs to another user: run this as that user, or as root"
        ) from None
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        connection.close()
        raise NotRunning(
            f"the bot does not run on the data folder {folder}. Start it: chandelier run. If it runs, look "
            "at --config and data_dir"
        ) from None
    except OSError as error:
        connection.close()
        raise ServiceUnavailable(f"the bot on {folder} does not answer: {error}") from error
    return connection


def _error(message: dict[str, Any]) -> ChandelierError:
    text = str(message.get("error") or "the bot gave no reason")
    return InvalidRequest(text) if message.get("kind") == "request" else ServiceUnavailable(text)
