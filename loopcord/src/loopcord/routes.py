"""Our own routes: the table, and what a handler is given.

They are those that simcord lacks and those where it refuses or forgets what Discord accepts; a
handler may ``proceed`` to simcord's own with a changed body. The handlers themselves are in
:mod:`loopcord.routes_app` and :mod:`loopcord.routes_guild`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ._simcord import BackendError, RequestContext

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["Call", "Facts", "Handler", "Routes", "SessionStarts", "stamped"]


@dataclass(slots=True)
class SessionStarts:
    """How many sessions may still begin, as ``GET /gateway/bot`` tells it.

    Source: https://discord.com/developers/docs/events/gateway#session-start-limit-object
    """

    max_concurrency: int
    total: int = 1_000
    #: None counts nothing and always says that all are left.
    remaining: int | None = None
    #: Seconds.
    reset_after: float = 0.0

    def take(self) -> bool:
        """Count one IDENTIFY; False when there was none left."""
        if self.remaining is None:
            return True
        self.remaining -= 1
        return self.remaining >= 0

    def as_json(self) -> dict[str, int]:
        """The object as Discord writes it."""
        return {
            "total": self.total,
            "remaining": self.total if self.remaining is None else max(self.remaining, 0),
            "reset_after": round(self.reset_after * 1_000),
            "max_concurrency": self.max_concurrency,
        }


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server knows about itself."""

    gateway_url: Callable[[], str]
    shards: int
    starts: SessionStarts
    #: The application's flags, of which three say which privileged intents are switched on.
    application_flags: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route of ours."""

    backend: LocalBackend
    context: RequestContext
    facts: Facts
    #: Run simcord's handler of the same route with this JSON body.
    proceed: Callable[[Any], Any]

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body when it is an object, else an empty one."""
        return self.context.json if isinstance(self.context.json, dict) else {}

    def id(self, name: str) -> int:
        """A snowflake of the path.

        Raises:
            BackendError: 400/50035 when it is none.
        """
        try:
            return int(self.context.args[name])
        except ValueError:
            raise BackendError(400, 50035, f"Invalid Form Body: {name} is no snowflake") from None


Handler = Callable[[Call], Any]
_What = TypeVar("_What")


@contextlib.contextmanager
def stamped(backend: LocalBackend, event: str, fields: Mapping[str, Any]) -> Generator[None]:
    """Add ``fields`` to every ``event`` that is sent meanwhile: what simcord has no place for."""

    def stamp(name: str, payload: Mapping[str, Any]) -> None:
        if name == event:
            cast("dict[str, Any]", payload).update(fields)

    # Before the gateway, which takes the payload as it is then.
    backend.subscribers.insert(0, stamp)
    try:
        yield
    finally:
        backend.subscribers.remove(stamp)


class Routes(Generic[_What]):
    """A table of routes, filled by decorators when its module is imported and constant from then on."""

    def __init__(self) -> None:
        # By method and number of segments, so that few templates are compared with a path.
        self._routes: dict[tuple[str, int], list[tuple[tuple[str, ...], _What]]] = {}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The method and the template of every route."""
        return (
            (method, "/" + "/".join(template))
            for (method, _), routes in self._routes.items()
            for template, _ in routes
        )

    def add(self, method: str, template: str) -> Callable[[_What], _What]:
        """Register the decorated function for a method and a path such as ``/guilds/{guild_id}``."""

        def register(handler: _What) -> _What:
            parts = tuple(template.strip("/").split("/"))
            self._routes.setdefault((method, len(parts)), []).append((parts, handler))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[_What, dict[str, str]] | None:
        """The most literal match and its path's arguments; None when it is not in this table."""
        segments = path.strip("/").split("/")
        best: tuple[_What, dict[str, str]] | None = None
        for template, handler in self._routes.get((method, len(segments)), ()):
            arguments: dict[str, str] = {}
            for part, segment in zip(template, segments, strict=True):
                if part.startswith("{"):
                    arguments[part[1:-1]] = segment
                elif part != segment:
                    break
            else:
                if best is None or len(arguments) < len(best[1]):
                    best = handler, arguments
        return best
