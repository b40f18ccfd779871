"""Whose code is this: from the name of a module to the plugin that it belongs to."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import linkd

from chandelier.record import Record

__all__ = ["Whose", "module_of"]

_HOST = "chandelier"


class Whose:
    """Knows the plugins' packages. Any thread may ask."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records
        self._packages: dict[str, tuple[tuple[str, str], ...]] = {}

    def learn(self) -> None:
        """Look again which plugin has which package."""
        self._packages = {}

    def module(self, name: str) -> str | None:
        """The plugin that a module belongs to; None when it is the host's or a library's.

        Of several plugins in one package it is the one whose entry point names that module or a package
        above it; else the first.
        """
        top = name.partition(".")[0]
        known = self._packages.get(top)
        if known is None:
            known = self._packages[top] = self._plugins_in(top)
        if len(known) < 2:
            return known[0][1] if known else None
        fitting = [(len(module), plugin) for module, plugin in known if f"{name}.".startswith(f"{module}.")]
        return max(fitting)[1] if fitting else known[0][1]

    def of(self, thing: Any) -> str | None:
        """The plugin that a function, class, coroutine or object of a plugin's class belongs to."""
        return self.module(module_of(thing))

    def _plugins_in(self, package: str) -> tuple[tuple[str, str], ...]:
        if package == _HOST:
            return ()
        records = list(self._records.values())
        return tuple(
            (record.candidate.target.partition(":")[0], record.name)
            for record in records
            if record.candidate.package == package
        )


def module_of(thing: Any) -> str:
    """The name of the module that a function, class, coroutine or object comes from; "" when unknown."""
    if inspect.iscoroutine(thing):
        return "" if thing.cr_frame is None else str(thing.cr_frame.f_globals.get("__name__", ""))
    while isinstance(thing, functools.partial | linkd.AutoInjecting):
        thing = thing.func if isinstance(thing, functools.partial) else thing._func
    name = getattr(thing, "__module__", None)
    return name if isinstance(name, str) else type(thing).__module__
