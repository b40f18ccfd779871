"""The barrier between plugins' code and the process: no way to raise out of it, none to refuse an end.

``except Exception`` does not hold what a plugin may raise: ``sys.exit()`` in a task ends the event loop, a
panic of a library written in Rust is no Exception, and whoever awaits a task that they cancelled raises
CancelledError, which means "you are being cancelled" to everyone above.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Generator, Iterable
from contextlib import contextmanager
from typing import Any, TypeVar

from loguru import logger

from chandelier.errors import PluginError

__all__ = ["discard", "end", "held", "holding", "translated"]

T = TypeVar("T")

PATIENCE = 5.0
"""Real seconds, since an operator waits, in which cancelled work may do its last, such as tell a person."""
ASKED_AGAIN = (0.2,) * 5
"""Real seconds after each further cancellation of work that went on."""


def translated(error: BaseException) -> Exception | None:
    """What plugin code raised, as an Exception; None for what really ends the process or this task.

    Those are KeyboardInterrupt (the operator's second Ctrl-C), the cancellation of the running task by
    somebody else, and the end of a coroutine that nobody awaits any more.
    """
    if isinstance(error, Exception):
        return error
    if isinstance(error, KeyboardInterrupt):
        return None
    if isinstance(error, asyncio.CancelledError):
        if _being_cancelled():
            return None
        return PluginError("it was cancelled, and not by the host: it awaited something that was cancelled")
    if isinstance(error, GeneratorExit):
        trace = error.__traceback__
        if trace is None or trace.tb_next is None:  # raised where we wait, not in the plugin's code
            return None
    return PluginError(f"it raised {type(error).__name__}: {error}")


async def held(work: Awaitable[T]) -> T:
    """Await plugin code; everything that it raises comes out as an Exception, see `translated`."""
    try:
        return await work
    except Exception:
        raise
    except BaseException as error:
        if (plain := translated(error)) is None:
            raise
        raise plain from error


@contextmanager
def holding() -> Generator[None]:
    """Run plugin code that is not async; everything that it raises comes out as an Exception."""
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        if (plain := translated(error)) is None:
            raise
        raise plain from error


async def end(tasks: Iterable[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Cancel tasks and wait until they have ended; what goes on all the same is left behind, and logged.

    Returns what was left behind. Code that catches everything in a loop goes on after the first cancellation,
    so there are several.
    """
    pending = asked = {task for task in tasks if not task.done()}
    for seconds in (PATIENCE, *ASKED_AGAIN):
        for task in pending:
            task.cancel()
        if pending:
            _, pending = await asyncio.wait(pending, timeout=seconds)
    for task in asked - pending:
        if not task.cancelled():
            task.exception()  # it was asked to end; asyncio need not say that nobody looked at how it did
    for task in pending:
        logger.error(
            "{} goes on although it was cancelled, and is left behind: its code catches CancelledError, or "
            "everything. Only a restart of the bot ends it for certain.",
            task.get_name(),
        )
    return pending


def discard(work: object) -> None:
    """Close a coroutine that never ran, because its task was cancelled first; any other is as it was."""
    if inspect.iscoroutine(work) and inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
        work.close()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
