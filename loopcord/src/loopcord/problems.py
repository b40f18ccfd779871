"""What is wrong with a request, by dotted paths: a form for checks that are made step by step.

Source: https://discord.com/developers/docs/reference#error-messages
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from .rules.forms import Choice, Form, Integer, Path, check_length

__all__ = ["Problems"]


class Problems:
    """Gathers what is wrong with a request's body, and refuses it when anything is.

    A ``path`` is dotted (``"actions.0.metadata"``); ``""`` is the body itself.
    """

    def __init__(self) -> None:
        self._form = Form()

    def add(self, path: str, code: str, message: str) -> None:
        """Note a problem."""
        self._form.add(_way(path), code, message)

    def required(self, path: str) -> None:
        """Note that a field is missing."""
        self._form.require(_way(path))

    def choice(self, path: str, value: Any, allowed: tuple[int, ...]) -> None:
        """Note a value that is none of ``allowed``."""
        Choice(allowed).check(value, _way(path), self._form)

    def length(self, path: str, value: Sized, least: int, most: int) -> None:
        """Note a string or list that is too short or too long."""
        check_length(len(value), least, most, _way(path), self._form)

    def number(self, path: str, value: Any, least: int, most: int) -> None:
        """Note a number out of bounds, or something that is none."""
        Integer(least, most).check(value, _way(path), self._form)

    def check(self) -> None:
        """Refuse the request if anything was noted.

        Raises:
            BackendError: 400/50035 with the tree.
        """
        self._form.refuse()


def _way(path: str) -> Path:
    return tuple(path.split(".")) if path else ()
