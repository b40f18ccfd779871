"""lightbulb's menus and modals that live in memory, each with the plugin that attached it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["AttachedMenus", "AttachedModals"]

Owner = Callable[[], str | None]


class AttachedMenus(set[Any]):
    """The set that lightbulb keeps attached menus in."""

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self._owner = owner
        self.owners: dict[Any, str] = {}
        """Which plugin's code attached a menu, where it is known."""

    def add(self, menu: Any, /) -> None:
        """Take in a menu for whose code is running."""
        super().add(menu)
        if (owner := self._owner()) is not None:
            self.owners.setdefault(menu, owner)

    def discard(self, menu: Any, /) -> None:
        """Take a menu out."""
        super().discard(menu)
        self.owners.pop(menu, None)


class AttachedModals(dict[str, Any]):
    """The mapping of custom ids that lightbulb keeps attached modals in."""

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self._owner = owner
        self.owners: dict[str, str] = {}
        """Which plugin's code attached the modal of a custom id, where it is known."""

    def __setitem__(self, custom_id: str, handler: Any) -> None:
        super().__setitem__(custom_id, handler)
        if (owner := self._owner()) is not None:
            self.owners[custom_id] = owner

    def pop(self, custom_id: str, *default: Any) -> Any:
        """Take a modal out; twice is harmless, as when its plugin was unloaded meanwhile."""
        self.owners.pop(custom_id, None)
        return super().pop(custom_id, None)
