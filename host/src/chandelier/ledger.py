"""The ledger: everything a plugin holds of the host, so that unloading leaves nothing behind."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["Ledger"]

Release = Callable[[], Any]


class Ledger:
    """What one plugin holds, by kind and name, each with how to give it back."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Release | None] = {}

    def hold(self, kind: str, name: str, release: Release | None = None) -> None:
        """Enter something; ``release`` gives it back and may be async. Raises ValueError for a twin."""
        if (kind, name) in self._held:
            raise ValueError(f"the ledger already holds a {kind} named {name!r}")
        self._held[kind, name] = release

    def drop(self, kind: str, name: str) -> None:
        """Strike something out that is gone already."""
        self._held.pop((kind, name), None)

    def names(self, kind: str) -> list[str]:
        """What is held of one kind."""
        return sorted(name for held, name in self._held if held == kind)

    def counts(self) -> dict[str, int]:
        """How many of each kind are held."""
        counts: dict[str, int] = {}
        for kind, _ in self._held:
            counts[kind] = counts.get(kind, 0) + 1
        return counts

    @property
    def empty(self) -> bool:
        """Whether nothing is held."""
        return not self._held

    async def release(self) -> list[tuple[str, str, Exception]]:
        """Give everything back, last taken first; what fails stays in the ledger and is returned."""
        failures: list[tuple[str, str, Exception]] = []
        for key, release in reversed(list(self._held.items())):
            try:
                if release is not None:
                    outcome = release()
                    if inspect.isawaitable(outcome):
                        await outcome
            except Exception as error:  # noqa: BLE001 - one failure must not keep the rest
                failures.append((*key, error))
            else:
                self._held.pop(key, None)
        return failures
