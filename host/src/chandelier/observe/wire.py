"""How Discord's REST API answers: seconds by route and status, and how long rate limits made us wait.

Routes are hikari's own templates, so no id and no token is ever part of a label.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace, TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import hikari
from hikari.impl import buckets
from hikari.internal import routes

__all__ = ["MeasuredBuckets", "RouteNames", "measure_requests"]

UNKNOWN: Final = "other"
NO_ANSWER: Final = "none"
_VERSION: Final = re.compile(r"^/api(/v\d+)?(?=/)|^/v\d+(?=/)")
_WAITED: Final = 0.001
"""Seconds; a bucket with room takes less, and that was no wait."""

Took = Callable[[str, str, str, float], None]
"""(method, route, status, seconds) of one request."""


class RouteNames:
    """Finds the template of a request's path."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], list[tuple[re.Pattern[str], str]]] = {}
        for route in vars(routes).values():
            if isinstance(route, routes.Route):
                self._add(route.method, route.path_template)

    def _add(self, method: str, template: str) -> None:
        parts = [re.escape(part) for part in re.split(r"\{\w+\}", template)]
        found = (re.compile("[^/]+".join(parts)), template)
        same = self._known.setdefault((method, template.count("/")), [])
        same.append(found)
        same.sort(key=lambda each: each[1].count("{"))  # /users/@me before /users/{user}

    def name(self, method: str, path: str) -> str:
        """The template that a path was made from, or "other"; ``path`` is without the API's version."""
        for pattern, template in self._known.get((method, path.count("/")), ()):
            if pattern.fullmatch(path):
                return template
        return UNKNOWN


def measure_requests(bot: hikari.GatewayBot, rest_url: str | None, took: Took) -> None:
    """Have every request of the bot's REST client measured: to the moment when the answer's head is there.

    hikari offers no way to look on. Its client session is aiohttp's, which does; the session is there once
    the bot is starting, so the measuring begins with the first request.
    """
    names = RouteNames()
    base = urlsplit(rest_url).path.rstrip("/") if rest_url else ""

    def template(method: str, path: str) -> str:
        known = path.removeprefix(base) if base else _VERSION.sub("", path)
        return names.name(method, known)

    async def began(_: Any, place: SimpleNamespace, __: aiohttp.TraceRequestStartParams) -> None:
        place.began = time.perf_counter()

    async def ended(_: Any, place: SimpleNamespace, answer: aiohttp.TraceRequestEndParams) -> None:
        note(place, answer.method, answer.url.raw_path, str(answer.response.status))

    async def failed(_: Any, place: SimpleNamespace, what: aiohttp.TraceRequestExceptionParams) -> None:
        note(place, what.method, what.url.raw_path, NO_ANSWER)

    def note(place: SimpleNamespace, method: str, path: str, status: str) -> None:
        took(method, template(method, path), status, time.perf_counter() - place.began)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(began)
    trace.on_request_end.append(ended)
    trace.on_request_exception.append(failed)
    trace.freeze()

    async def look_on(_: hikari.StartingEvent) -> None:
        session: aiohttp.ClientSession | None = getattr(bot.rest, "_client_session", None)
        if session is not None:
            session.trace_configs.append(trace)

    bot.subscribe(hikari.StartingEvent, look_on)


class MeasuredBuckets(buckets.RESTBucketManager):
    """hikari's rate limits; ``waited`` is told the seconds of every wait for one."""

    __slots__ = ("_waited",)

    def __init__(self, max_rate_limit: float, waited: Callable[[float], None]) -> None:
        super().__init__(max_rate_limit)
        self._waited = waited

    def acquire_bucket(self, compiled_route: routes.CompiledRoute, authentication: str | None) -> Any:
        """The bucket of a route, as hikari gives it, with a watch on how long it takes to get in."""
        return _Turn(super().acquire_bucket(compiled_route, authentication), self._waited)


class _Turn:
    __slots__ = ("_bucket", "_waited")

    def __init__(self, bucket: Any, waited: Callable[[float], None]) -> None:
        self._bucket = bucket
        self._waited = waited

    async def __aenter__(self) -> None:
        began = time.perf_counter()
        try:
            await self._bucket.__aenter__()
        finally:
            if (seconds := time.perf_counter() - began) > _WAITED:
                self._waited(seconds)

    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Awaitable[None]:
        return self._bucket.__aexit__(kind, error, trace)
