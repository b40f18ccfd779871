"""The ``errors`` tree of a 400: which field is wrong and why, in Discord's words.

Source: https://discord.com/developers/docs/reference#error-messages
"""

from __future__ import annotations

from typing import Any

from ._simcord import BackendError

__all__ = ["Problems"]


class Problems:
    """Gathers what is wrong with a request's body, and refuses it when anything is."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    def add(self, path: str, code: str, message: str) -> None:
        """Note a problem at ``path``, dotted (``"actions.0.metadata"``); ``""`` is the body itself."""
        node = self._tree
        for part in path.split(".") if path else ():
            node = node.setdefault(part, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def required(self, path: str) -> None:
        """Note that a field is missing."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def choice(self, path: str, allowed: tuple[int, ...]) -> None:
        """Note that a value is none of ``allowed``."""
        shown = ", ".join(str(each) for each in allowed)
        self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{shown}}}.")

    def length(self, path: str, value: Any, least: int, most: int) -> None:
        """Note a string or list that is too short or too long."""
        if not least <= len(value) <= most:
            kind = "BASE_TYPE_MAX_LENGTH" if len(value) > most else "BASE_TYPE_MIN_LENGTH"
            bound = f"{most} or fewer" if least == 0 else f"between {least} and {most}"
            if least:
                kind = "BASE_TYPE_BAD_LENGTH"
            self.add(path, kind, f"Must be {bound} in length.")

    def number(self, path: str, value: Any, least: int, most: int) -> None:
        """Note a number out of bounds, or something that is none."""
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif value < least:
            self.add(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
        elif value > most:
            self.add(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")

    def check(self) -> None:
        """Refuse the request if anything was noted.

        Raises:
            BackendError: 400/50035 with the tree.
        """
        if self._tree:
            raise BackendError(400, 50035, "Invalid Form Body", errors=self._tree)
