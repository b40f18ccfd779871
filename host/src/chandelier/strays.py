"""Tasks that a plugin's code starts by itself, past the host: held like the others, and ended with it.

``asyncio.create_task(...)`` in a plugin is nobody's: ``sys.exit()`` in it would end the event loop, and it
would go on after its plugin is gone. The loop's task factory sees every task that is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any
from weakref import WeakKeyDictionary

from chandelier.barrier import discard, held

__all__ = ["Strays"]

CoroutineLike = Coroutine[Any, Any, Any] | Generator[Any, None, Any]


class Strays:
    """The tasks of one loop whose coroutines are plugins' own. ``whose`` answers for a coroutine."""

    def __init__(self, whose: Callable[[Any], str | None]) -> None:
        self._whose = whose
        self._tasks: WeakKeyDictionary[asyncio.Task[Any], str] = WeakKeyDictionary()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: Any = None

    def install(self) -> None:
        """Look at every task that the running loop makes from now on."""
        self._loop = asyncio.get_running_loop()
        self._before = self._loop.get_task_factory()
        self._loop.set_task_factory(self._make)

    def remove(self) -> None:
        """Look no more; what other hosts on the same loop have installed meanwhile stays."""
        if self._loop is not None and self._loop.get_task_factory() == self._make:
            self._loop.set_task_factory(self._before)
        self._whose = _nobody
        self._loop = None

    def of(self, owner: str) -> list[asyncio.Task[Any]]:
        """The tasks of a plugin that have not ended."""
        return [task for task, of in list(self._tasks.items()) if of == owner and not task.done()]

    def owner_of(self, task: asyncio.Task[Any] | None) -> str | None:
        """Whose task it is, if it is one of these; any thread may ask."""
        return None if task is None else self._tasks.get(task)

    def _make(self, loop: asyncio.AbstractEventLoop, work: CoroutineLike, **options: Any) -> Any:
        owner = self._whose(work) if asyncio.iscoroutine(work) else None
        if owner is None or not asyncio.iscoroutine(work):
            return self._plain(loop, work, options)
        task = self._plain(loop, held(work), options)
        self._tasks[task] = owner

        def ended(_: asyncio.Task[Any]) -> None:
            discard(work)

        task.add_done_callback(ended)
        return task

    def _plain(self, loop: asyncio.AbstractEventLoop, work: CoroutineLike, options: dict[str, Any]) -> Any:
        if self._before is not None:
            return self._before(loop, work, **options)
        return asyncio.Task(work, loop=loop, **options)


def _nobody(_: object) -> None:
    return None
