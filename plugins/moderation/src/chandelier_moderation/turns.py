"""Lets one thing happen at a time for each key, such as a person or a message."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

__all__ = ["Turns"]

_K = TypeVar("_K", bound=Hashable)


class Turns(Generic[_K]):
    """A lock per key, kept for as long as somebody holds it or waits for it; of this process alone."""

    def __init__(self) -> None:
        self._locks = WeakValueDictionary[_K, asyncio.Lock]()

    def of(self, key: _K) -> asyncio.Lock:
        """The lock of a key."""
        return self._locks.setdefault(key, asyncio.Lock())
