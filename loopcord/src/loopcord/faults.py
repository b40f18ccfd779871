"""Trouble of the REST API: which requests meet which answer, delay or cut, and how often."""

from __future__ import annotations

import fnmatch
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from .ratelimits import Scope, refusal

__all__ = ["Canned", "Fault", "Faults", "Meeting", "cloudflare_ban", "rate_limited"]


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that is given in place of the real one."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    #: Whether it comes from Discord and not from Cloudflare in front of it.
    via: bool = True
    content_type: str = "application/json"
    scope: Scope | None = None
    #: Whether the body is ours, so that it has to conform to Discord's types.
    judged: bool = True


@dataclass(slots=True)
class Fault:
    """Trouble for the next ``times`` matching requests (None: for all until it is removed)."""

    method: str
    path_glob: str
    times: int | None
    #: Makes the answer from the time (Unix, in seconds) at which it is given; None lets the request through.
    answer: Callable[[float], Canned] | None = None
    #: Seconds of the world's clock before anything happens, and by how much more at most.
    delay: float = 0.0
    jitter: float = 0.0
    cut: Literal["before", "after"] | None = None
    #: Whether a cut is a reset (RST) and not an end of file.
    reset: bool = False


class Meeting(NamedTuple):
    """What one request meets: a delay, and then perhaps a fault."""

    delay: float
    fault: Fault | None


class Faults:
    """The faults that wait for requests."""

    def __init__(self, rng: random.Random) -> None:
        self._faults: list[Fault] = []
        self._rng = rng

    def add(self, fault: Fault) -> Callable[[], None]:
        """Have matching requests meet ``fault``; returns what removes it."""
        self._faults.append(fault)

        def remove() -> None:
            self._faults[:] = [other for other in self._faults if other is not fault]

        return remove

    def meet(self, method: str, path: str) -> Meeting:
        """Count one request against what waits for it: all delays, and the oldest other fault."""
        delay, met = 0.0, None
        for fault in list(self._faults):
            if fault.method not in ("*", method) or not fnmatch.fnmatchcase(path, fault.path_glob):
                continue
            if fault.answer is not None or fault.cut is not None:
                if met is not None:
                    continue
                met = fault
            delay += fault.delay + (self._rng.uniform(0, fault.jitter) if fault.jitter else 0.0)
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults[:] = [other for other in self._faults if other is not fault]
        return Meeting(delay, met)


def rate_limited(scope: Scope, retry_after: float, code: int | None, now: float) -> Canned:
    """A 429 as Discord gives it when ``now`` (Unix, in seconds) is ``retry_after`` seconds too early."""
    refused = refusal(scope, retry_after, code=code)
    headers = dict(refused.headers)
    if scope != "global":
        headers |= {
            # Of its own bucket a bot has used up the only request; a shared limit refuses it although
            # there is room in that.
            "X-RateLimit-Limit": "1" if scope == "user" else "5",
            "X-RateLimit-Remaining": "0" if scope == "user" else "4",
            "X-RateLimit-Reset": f"{math.ceil((now + retry_after) * 1_000) / 1_000:.3f}",
            "X-RateLimit-Reset-After": f"{math.ceil(retry_after * 1_000) / 1_000:.3f}",
            "X-RateLimit-Bucket": "0" * 32,
        }
    return Canned(429, refused.body, headers, scope=scope)


def cloudflare_ban(seconds: float) -> Canned:
    """What a banned address gets: Cloudflare's error 1015 in plain text, from Cloudflare and not ``Via`` it.

    Source: https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
    """
    headers = {"Retry-After": str(math.ceil(seconds)), "Server": "cloudflare"}
    return Canned(429, "error code: 1015", headers, via=False, content_type="text/plain", judged=False)
