"""The control socket's end in the running host.

Whatever arrives, and however slowly, costs the one connection that it arrives on.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from loguru import logger

from chandelier.barrier import end
from chandelier.control.operations import Operations
from chandelier.control.place import address, make_folder, peer_may_speak, supported
from chandelier.control.protocol import LONGEST_REQUEST, encode, read_request
from chandelier.errors import ChandelierError, InvalidRequest
from chandelier.services.acting import Actor, acting

__all__ = ["ControlServer"]

ASK_WITHIN: Final = 10.0
"""Real seconds in which a client must have sent its request."""
READ_WITHIN: Final = 10.0
"""Real seconds in which a client must take what was written to it."""
MOST_CLIENTS: Final = 16


class ControlServer:
    """Serves the operations of one host. It never keeps the bot from starting."""

    def __init__(
        self, data: Path, operations: Operations, *, clean: Callable[[str], str] = lambda text: text
    ) -> None:
        """``data`` is the data folder; ``clean`` takes secrets out of error messages."""
        self._data = data
        self._operations = operations
        self._clean = clean
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Listen. What keeps it from that is a warning in the log, not the end of the bot."""
        if not supported():
            logger.info("no control socket: this system has none, so use the commands in Discord")
            return
        try:
            self._server = await self._listen()
        except (OSError, ChandelierError) as error:
            logger.warning("no control socket, so `chandelier status` and others will not work: {}", error)

    async def stop(self) -> None:
        """Listen no more, and end the conversations."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        await end(task for task in self._clients if task is not asyncio.current_task())
        with contextlib.suppress(OSError, ChandelierError), address(self._data) as path:
            _remove(path)

    async def _listen(self) -> asyncio.Server:
        make_folder(self._data)
        with address(self._data) as path:
            # One bot per data folder (see cli/claim.py): a socket that is there is a dead process's.
            _remove(path)
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                listening.setblocking(False)
                listening.bind(path)
                _close_to_others(path)
                return await asyncio.start_unix_server(
                    self._accept, sock=listening, limit=LONGEST_REQUEST, **_NO_CLEANUP
                )
            except BaseException:
                listening.close()
                raise

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            await self._converse(reader, writer)
        except (OSError, TimeoutError):
            pass  # the client went away, or takes nothing: it asked, and it does not matter to others
        except Exception as error:  # noqa: BLE001 - one conversation must not be heard of elsewhere
            logger.opt(exception=error).error("the control socket failed")
        finally:
            self._clients.discard(task)
            transport = writer.transport
            if transport.get_write_buffer_size():
                transport.abort()  # to close would wait for who does not read
            else:
                writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ASK_WITHIN):
                line = await reader.readline()
        except ValueError:  # the line is longer than the reader's limit
            await _write(writer, _refusal(f"a request has at most {LONGEST_REQUEST} bytes"))
            return
        if not line:
            return
        # Only now: who is refused before their request was read may lose the reason on the way.
        if not peer_may_speak(writer.get_extra_info("socket")):
            await _write(writer, _refusal("only the bot's own user may speak with it"))
            return
        if len(self._clients) > MOST_CLIENTS:
            await _write(writer, _refusal(f"{MOST_CLIENTS} others speak with the bot; try again later"))
            return
        try:
            request = read_request(line)
            logger.debug("control: {}", request.op)
            with acting(Actor.command_line()):
                await self._answer(reader, writer, self._operations.find(request.op)(request.args))
        except ChandelierError as error:
            await _write(writer, _refusal(self._clean(str(error)), _kind(error)))
        except (OSError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - the operator is told, and the log has the rest
            logger.opt(exception=error).error("the control operation failed")
            await _write(writer, _refusal(f"it failed: {type(error).__name__}; the bot's log says where"))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, work: Any) -> None:
        if inspect.isawaitable(work):
            await _write(writer, {"ok": True, "result": await work})
            return
        gone = asyncio.ensure_future(reader.read(1))  # nothing more is sent, so this ends with the client
        try:
            while True:
                step = asyncio.ensure_future(anext(work))
                await asyncio.wait({step, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not step.done():
                    await end((step,))
                    return
                try:
                    item = step.result()
                except StopAsyncIteration:
                    break
                await _write(writer, {"item": item})
            await _write(writer, {"ok": True, "result": None})
        finally:
            await end((gone,))
            await work.aclose()


_NO_CLEANUP: Final[dict[str, Any]] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""asyncio would look for the socket at an address that may hold only while it is made."""


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


def _close_to_others(path: str) -> None:
    Path(path).chmod(0o600)


def _refusal(message: str, kind: str = "refused") -> dict[str, Any]:
    return {"ok": False, "error": message, "kind": kind}


def _kind(error: ChandelierError) -> str:
    return "request" if isinstance(error, InvalidRequest) else "failed"


async def _write(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(encode(message))
    async with asyncio.timeout(READ_WITHIN):
        await writer.drain()
