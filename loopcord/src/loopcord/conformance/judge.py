"""Holds every dispatch and every REST body of one local Discord against Discord's own types.

What the server says is always judged. What a client says is judged only when it was accepted: a test may
send nonsense and be refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from loopcord.wire import loads

from .explain import Problem, problems
from .schema import validator
from .shapes import EVENTS, shape_of

__all__ = ["Judge", "Violation"]


class Violation(NamedTuple):
    """Something that crossed the wire and that Discord, or a client of it, would not say."""

    #: An event's name, or a route with what it is about: ``GET /users/@me, answer``.
    where: str
    problem: Problem

    def __str__(self) -> str:
        """The violation as one line."""
        return f"{self.where}: {self.problem}"


class Judge:
    """Keeps the violations of one local Discord, each kind once; ``report`` is told when one was found."""

    def __init__(self, report: Callable[[Judge], None] | None = None) -> None:
        self.violations: list[Violation] = []
        self._report = report
        self._known: set[tuple[str, str, str]] = set()
        self._last = b""

    def dispatched(self, event: str, body: bytes) -> None:
        """An event went to a session; the same bytes may go to several."""
        if body is self._last:
            return
        self._last = body
        if event not in EVENTS:
            self._add(event, [Problem("", event, "an event that loopcord.conformance.shapes lists")])
        elif (name := EVENTS[event]) is not None:
            self._hold(event, name, loads(body))

    def answered(self, method: str, path: str, request: Any, status: int, body: bytes | None) -> None:
        """A request was answered; ``request`` is its JSON, None when it had none."""
        if not 200 <= status < 500:  # a cut connection, a fault, or 501: what loopcord does not model
            return
        shape = shape_of(method, path)
        where = f"{method} {shape.template if shape is not None else path}"
        if status >= 400:
            if body is not None:
                self._hold(f"{where}, {status}", "RateLimit" if status == 429 else "Error", loads(body))
            return
        if shape is None:
            self._add(where, [Problem("", path, "a route that loopcord.conformance.shapes lists")])
            return
        if request is not None and shape.request is not None:
            self._hold(f"{where}, request", shape.request, request, sent=True)
        if body is None:
            if shape.response is not None and not shape.optional:
                self._add(f"{where}, answer", [Problem("", "no content", shape.response)])
        elif shape.response is None:
            self._add(f"{where}, answer", [Problem("", "content", "204 No Content")])
        else:
            self._hold(f"{where}, answer", shape.response, loads(body))

    def _hold(self, where: str, name: str, value: Any, *, sent: bool = False) -> None:
        held = validator(name, sent=sent)
        if not held.is_valid(value):
            self._add(where, problems(held.iter_errors(value)))

    def _add(self, where: str, found: list[Problem]) -> None:
        for problem in found:
            kind = (where, re.sub(r"\[\d+\]|\d{17,20}", "[]", problem.path), problem.allowed)
            if kind not in self._known:
                self._known.add(kind)
                self.violations.append(Violation(where, problem))
        if self.violations and self._report is not None:
            self._report(self)
