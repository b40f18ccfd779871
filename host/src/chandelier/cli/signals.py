"""Stopping cleanly: the first SIGINT or SIGTERM lets the work end by itself, the second ends the process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from types import FrameType
from typing import Any

from chandelier.barrier import end

__all__ = ["run_until_told"]

STOP_WITHIN = 30.0
"""Real seconds after which a stop is asked for again; longer than a clean stop takes."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_until_told(work: Coroutine[Any, Any, None]) -> bool:
    """Run ``work`` in a new event loop until it is done or a signal asks to stop.

    Returns whether a signal ended it. Whatever else ends ``work`` is raised.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_until_told(work))
    finally:
        _close(loop)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Close the loop as ``asyncio.run`` does, but without waiting for ever for a task that refuses to end."""
    try:
        loop.run_until_complete(end(asyncio.all_tasks(loop)))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def _until_told(work: Coroutine[Any, Any, None]) -> bool:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    told = False
    patience = 0.0

    def give_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def tell() -> None:
        nonlocal told, patience
        told, patience = True, loop.time() + STOP_WITHIN
        task.cancel()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        give_back()  # here and now: a plugin may block the loop, and then the second has to end the process
        loop.call_soon_threadsafe(tell)

    # signal.signal and not the loop's own way: it works on Windows too, and it can be given back.
    for number in _SIGNALS:
        signal.signal(number, on_signal)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=STOP_WITHIN)
            if told and not task.done() and loop.time() >= patience:
                task.cancel()  # a cancellation can get lost in a library; the stop must not hang on it
        task.result()
    except asyncio.CancelledError:
        if not told:
            raise
    finally:
        give_back()
    return told
