"""Calling hooks: one plugin at a time, awaited where needed, each under a timeout.

pluggy finds and validates implementations but neither awaits them nor keeps one plugin's exception from
hiding another's result (pluggy #320), so the host takes its list of implementations and calls them itself.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pluggy

from chandelier import hookspecs
from chandelier.barrier import discard, end, held, holding
from chandelier.clock import Clock
from chandelier.errors import PluginError

__all__ = ["HookTimeout", "Hooks"]

GRACE = 1.0
"""Real seconds, since an operator may wait, for the last things of code that is past its limit."""


class HookTimeout(PluginError):
    """A hook or handler did not finish in time."""


class Hooks:
    """The plugin manager of one host."""

    def __init__(self, clock: Clock, *, timeout: float) -> None:
        self._clock = clock
        self._timeout = timeout
        self._ending: set[asyncio.Task[Any]] = set()
        self._manager = pluggy.PluginManager("chandelier")
        self._manager.add_hookspecs(hookspecs)

    def register(self, name: str, plugin: object) -> None:
        """Make the plugin's hooks callable; raises PluginError when one does not fit its specification."""
        try:
            self._manager.register(plugin, name)
        except (pluggy.PluginValidationError, ValueError) as error:
            if self._manager.get_plugin(name) is plugin:
                self._manager.unregister(plugin)
            said = " ".join(str(error).split())
            raise PluginError(f"a hook of plugin {name} does not fit the contract: {said}") from error
        for caller in self._manager.get_hookcallers(plugin) or []:
            for one in caller.get_hookimpls():
                if one.plugin is plugin and (one.hookwrapper or one.wrapper):
                    self._manager.unregister(plugin)
                    raise PluginError(
                        f"hook {caller.name} of plugin {name} wraps the others' hooks, and a plugin answers "
                        "for itself only: write it without wrapper=True"
                    )

    def unregister(self, name: str) -> None:
        """Forget a plugin's hooks; the specifications it published stay known but unimplemented."""
        if self._manager.get_plugin(name) is not None:
            self._manager.unregister(name=name)

    def publish(self, specifications: ModuleType | type) -> None:
        """Add hook specifications that a plugin publishes for other plugins; a newer one replaces.

        Raises PluginError when one carries a name of the host's own hooks.
        """
        for name in dir(specifications):
            if self._manager.parse_hookspec_opts(specifications, name) is None:
                continue
            if name.startswith("chandelier_"):
                raise PluginError(f"the hook name {name} is the host's; publish hooks under your own prefix")
            caller = getattr(self._manager.hook, name, None)
            if caller is not None:
                caller.spec = None  # a reloaded plugin publishes again what an earlier version had published
        self._manager.add_hookspecs(specifications)

    def registered(self, name: str) -> bool:
        """Whether a plugin's hooks are callable."""
        return self._manager.get_plugin(name) is not None

    def implemented_by(self, hook: str) -> Iterator[str]:
        """Names of the plugins that implement a hook, in the order they were registered."""
        caller = getattr(self._manager.hook, hook, None)
        if caller is not None:
            yield from (implementation.plugin_name for implementation in caller.get_hookimpls())

    def names(self, plugin: str) -> list[str]:
        """The hooks that a plugin implements; part of its ledger."""
        callers = self._manager.get_hookcallers(self._manager.get_plugin(plugin)) or []
        return sorted(caller.name for caller in callers)

    async def call(self, plugin: str, hook: str, /, **arguments: Any) -> Any:
        """Call one plugin's implementation of a hook; None when it has none.

        Raises what the implementation raises, as an Exception, and HookTimeout when it takes too long: at
        once, since others wait. The hook is given time for its last things meanwhile.
        """
        function, wanted = self._find(plugin, hook)
        if function is None:
            return None
        what = f"hook {hook} of plugin {plugin}"
        given = {name: arguments[name] for name in wanted}
        return await self.within(self._timeout, what, function, **given, grace=0)

    def call_now(self, plugin: str, hook: str, /, **arguments: Any) -> Any:
        """Call a hook that has to be synchronous, as those that describe a plugin are."""
        function, wanted = self._find(plugin, hook)
        if function is None:
            return None
        with holding():
            result = function(**{name: arguments[name] for name in wanted})
        if inspect.isawaitable(result):
            discard(result)
            raise PluginError(
                f"hook {hook} is asked for what the plugin is before anything runs, so it has to be a plain "
                "def, not an async def"
            )
        return result

    async def within(
        self,
        seconds: float,
        what: str,
        function: Callable[..., Any],
        /,
        *given: Any,
        grace: float = GRACE,
        **named: Any,
    ) -> Any:
        """Call plugin code, async or not; what it awaits may take ``seconds`` of the host's clock.

        Raises HookTimeout naming ``what``, at most ``grace`` real seconds after that, in which the code may
        do its last; what goes on even then is ended meanwhile, and left behind and logged when it cannot be.
        """
        with holding():
            result = function(*given, **named)
        if not inspect.isawaitable(result):
            return result
        task = asyncio.create_task(held(result), name=what)
        limit = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({task, limit}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            task.cancel()
            if grace:
                await asyncio.wait({task}, timeout=grace)
            raise HookTimeout(f"{what} did not finish within {seconds:g} seconds and was cancelled")
        finally:
            limit.cancel()
            self._end(task)
            task.add_done_callback(lambda _: discard(result))

    def _end(self, task: asyncio.Task[Any]) -> None:
        if not task.done():
            ending = asyncio.create_task(end((task,)), name=f"chandelier: ending {task.get_name()}")
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    def _find(self, plugin: str, hook: str) -> tuple[Any, tuple[str, ...]]:
        caller = getattr(self._manager.hook, hook, None)
        if caller is None:
            return None, ()
        for implementation in caller.get_hookimpls():
            if implementation.plugin_name == plugin:
                return implementation.function, implementation.argnames
        return None, ()
