"""Rate limits as a client meets them: which bucket a request falls into, the headers, the 429s.

Source: https://discord.com/developers/docs/topics/rate-limits
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .buckets import SECOND, Bucket, Limit, Taken, bucket_for
from .clock import Clock, SystemClock
from .limits import (
    DISCORD_LIMITS,
    DISCORD_SHARED,
    GLOBAL,
    IDENTIFY,
    INVALID,
    OTHERS,
    REQUEST_MEMBERS,
    RouteLimit,
    SharedLimit,
)

__all__ = ["Asking", "RateLimits", "Refusal", "Scope", "refusal"]

Scope = Literal["user", "global", "shared"]

_NO_LIMITS: Mapping[str, Limit | None] = {}
#: Buckets beyond this number are looked through for those that are whole again, and these forgotten.
_SWEEP = 1_024
#: Sub-resources whose next part of the path is a name and no number: an emoji, a code.
_NAMED = frozenset({"reactions", "invites", "templates"})
_MAJOR = ("channels", "guilds", "webhooks")


@dataclass(frozen=True, slots=True)
class Asking:
    """What decides about a request."""

    method: str
    path: str
    body: Any = None
    #: Seconds since the message in the path was sent; None when there is none.
    age: float | None = None
    #: Interaction endpoints do not count against the global limit.
    interaction: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A 429: its JSON body and headers."""

    scope: Scope
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class RateLimits:
    """Discord's rate limits, or a test's own, for ``LocalDiscord(rate_limits=…)``.

    Arguments:
        limits: own limits by route, as in ``{"POST /channels/{channel_id}/messages": Limit(2, 0.5)}``;
            they replace Discord's for the same routes, and None frees a route.
        only: nothing but what is given here; everything else is without limit and headers.
        shared: limits of a resource, whose 429 no header announces, beside Discord's.
        global_limit: over all routes but those of interactions; None switches it off.
        invalid_limit: how many 401, 403 and 429 bring a ban of the address (a 429 without ``Via``).
        clock: what the windows are measured with. By default real time, even where the world's time is
            virtual: client libraries wait for a reset in real time and compare it with their own
            clock. Give the world's clock to a client that waits on it.
    """

    def __init__(
        self,
        limits: Mapping[str, Limit | None] = _NO_LIMITS,
        *,
        only: bool = False,
        shared: Iterable[SharedLimit] = (),
        global_limit: Limit | None = GLOBAL,
        invalid_limit: Limit | None = INVALID,
        clock: Clock | None = None,
    ) -> None:
        self.clock: Clock = clock if clock is not None else SystemClock()
        own = {template(route): [RouteLimit(route, limit, "own")] for route, limit in limits.items()}
        discords: dict[str, list[RouteLimit]] = {}
        for row in () if only else DISCORD_LIMITS:
            discords.setdefault(template(row.route), []).append(row)
        self._table = discords | own
        self._shared: dict[str, list[SharedLimit]] = {}
        for shared_row in [*shared, *(() if only else DISCORD_SHARED)]:
            self._shared.setdefault(template(shared_row.route), []).append(shared_row)
        self._others = None if only else OTHERS
        self._global = bucket_for(global_limit) if global_limit is not None else None
        self._invalid = bucket_for(invalid_limit) if invalid_limit is not None else None
        self._banned_until = 0
        self._buckets: dict[tuple[str, str, Limit], Bucket] = {}

    def check(self, asking: Asking) -> tuple[dict[str, str], Refusal | None]:
        """Count a request: the headers of its answer, and its 429 if it comes too early."""
        now = self._now()
        if self._global is not None and not asking.interaction:
            taken = self._global.take(now)
            if not taken.allowed:
                return {}, refusal("global", taken.retry_after / SECOND)
        route = template(f"{asking.method} {asking.path}")
        major = major_parameter(asking.path)
        row = self._row(route, asking)
        headers: dict[str, str] = {}
        if row is not None and row.limit is not None:
            name = row.limit.bucket or route
            taken = self._bucket(name, major, row.limit, now).take(now)
            headers = _headers(name, row.limit, taken, now)
            if not taken.allowed:
                return headers, refusal("user", taken.retry_after / SECOND)
        for second in self._shared.get(route, ()):
            if second.fields and not (isinstance(asking.body, dict) and second.fields & asking.body.keys()):
                continue
            name = f"shared {second.limit.bucket or route}"
            taken = self._bucket(name, major, second.limit, now).take(now)
            if not taken.allowed:
                return headers, refusal("shared", taken.retry_after / SECOND)
        return headers, None

    def answered(self, status: int, scope: Scope | None) -> None:
        """Count an answer that Discord calls invalid: 401, 403, and 429 but for the scope ``shared``."""
        if self._invalid is None or status not in (401, 403, 429) or scope == "shared":
            return
        taken = self._invalid.take(self._now())
        if not taken.remaining:
            self._banned_until = taken.reset

    def may_identify(self, key: int) -> bool:
        """Count an IDENTIFY of the shards that share ``key`` (their id modulo ``max_concurrency``)."""
        if self._others is None:
            return True
        now = self._now()
        return self._bucket("identify", str(key), IDENTIFY, now).take(now).allowed

    def may_request_members(self, session_id: str, guild_id: int) -> float:
        """Count a request for all members of a guild; 0.0, or the seconds by which it came too early."""
        if self._others is None:
            return 0.0
        now = self._now()
        taken = self._bucket("members", f"{session_id}/{guild_id}", REQUEST_MEMBERS, now).take(now)
        return _up(taken.retry_after, 1_000) / 1_000

    @property
    def banned_for(self) -> float:
        """Seconds that the client's address stays banned; 0 when it is not."""
        return max(0, self._banned_until - self._now()) / SECOND

    def _row(self, route: str, asking: Asking) -> RouteLimit | None:
        rows = self._table.get(route)
        if rows is None:
            return None if self._others is None else RouteLimit(route, self._others, "guess")
        for row in rows:
            if not row.older_than or (asking.age is not None and asking.age > row.older_than):
                return row
        return None

    def _bucket(self, name: str, major: str, limit: Limit, now: int) -> Bucket:
        key = (name, major, limit)
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _SWEEP:
                self._buckets = {k: kept for k, kept in self._buckets.items() if not kept.whole(now)}
            bucket = self._buckets[key] = bucket_for(limit)
        return bucket

    def _now(self) -> int:
        return round(self.clock.now().timestamp() * SECOND)


def template(route: str) -> str:
    """A route with every variable part as ``{}``, from a documented route or from a real path."""
    method, path = route.split(" ", 1)
    parts = path.strip("/").split("/")
    for index, part in enumerate(parts):
        token = index == 2 and parts[0] in ("webhooks", "interactions")
        named = index > 0 and parts[index - 1] in _NAMED and part != "@me"
        # `@original` is one of the messages of an interaction, and limited with them.
        if part.isdigit() or part.startswith("{") or part == "@original" or token or named:
            parts[index] = "{}"
    return f"{method} /{'/'.join(parts)}"


def major_parameter(path: str) -> str:
    """The part of a path that has buckets of its own: a channel, a guild, or a webhook with its token."""
    parts = path.strip("/").split("/")
    for index, part in enumerate(parts[:-1]):
        if part in _MAJOR:
            return "/".join(parts[index : index + (3 if part == "webhooks" else 2)])
    return ""


def refusal(scope: Scope, retry_after: float, *, code: int | None = None) -> Refusal:
    """The 429 of a scope; ``retry_after`` in seconds, ``code`` Discord's JSON error code for some limits."""
    thousandths = _up(round(retry_after * SECOND), 1_000)
    what = "The resource is" if scope == "shared" else "You are"
    body: dict[str, Any] = {
        "message": f"{what} being rate limited.",
        "retry_after": thousandths / 1_000,
        "global": scope == "global",
    }
    if code is not None:
        body["code"] = code
    headers = {"Retry-After": str(_up(thousandths, 1_000)), "X-RateLimit-Scope": scope}
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    return Refusal(scope, body, headers)


def _headers(name: str, limit: Limit, taken: Taken, now: int) -> dict[str, str]:
    # Rounded up, so that a client that waits just so long is never a moment too early.
    return {
        "X-RateLimit-Limit": str(limit.requests),
        "X-RateLimit-Remaining": str(taken.remaining),
        "X-RateLimit-Reset": f"{_up(taken.reset, 1_000) / 1_000:.3f}",
        "X-RateLimit-Reset-After": f"{_up(taken.reset - now, 1_000) / 1_000:.3f}",
        "X-RateLimit-Bucket": hashlib.blake2b(f"{name} {limit}".encode(), digest_size=16).hexdigest(),
    }


def _up(value: int, unit: int) -> int:
    """How many units ``value`` is, rounded up."""
    return -(-value // unit)
