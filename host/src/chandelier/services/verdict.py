"""What a failed effect means: try again and when, or never again. The only place that reads such errors."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import attrs
import hikari

from chandelier.errors import InvalidRequest, NotAllowed

__all__ = ["Verdict", "judge"]

_RATE_LIMITED: Final = 429
_TRY_AGAIN_LATER: Final = frozenset({401, 408, 425})
"""Client errors that are not the effect's fault: a token being replaced, a request that came too slowly."""
_SHORTEST_WAIT: Final = timedelta(seconds=1)
_LONGEST_WAIT: Final = timedelta(hours=6)
"""A server in trouble does not know how long it takes; it is asked again some day."""
_LIMIT_UNSAID: Final = timedelta(minutes=1)


@attrs.frozen
class Verdict:
    """What to do after a failure."""

    final: bool
    """It would fail again in the same way: do not try again."""
    wait: timedelta | None = None
    """Discord said how long to wait; this was no attempt. None: back off."""
    at_least: timedelta = timedelta()
    """How long to wait at least, although this was an attempt: a server in trouble said so."""
    happened: bool = True
    """Whether the effect may have happened all the same."""
    why: str = ""
    """One line to keep and to log. Never with a URL: those of webhooks and interactions hold tokens."""


def judge(error: Exception) -> Verdict:
    """Read what an effect's handler raised.

    Of Discord's answers 4xx is final (https://discord.com/developers/docs/topics/opcodes-and-status-codes),
    429 says when to come back, 5xx and a broken connection leave open whether it happened; 503 may say when
    to come back, too (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after).
    """
    if isinstance(error, hikari.RateLimitTooLongError):
        wait = max(timedelta(seconds=error.retry_after), _SHORTEST_WAIT)
        return Verdict(final=False, wait=wait, happened=False, why=f"rate limited for {wait}")
    if isinstance(error, hikari.HTTPResponseError):
        why = (
            f"Discord answered {int(error.status)}: {error.message or 'without a reason'} (code {error.code})"
        )
        if error.status == _RATE_LIMITED:
            return Verdict(final=False, wait=_retry_after(error), happened=False, why=why)
        if error.status in _TRY_AGAIN_LATER:
            return Verdict(final=False, happened=False, why=why)
        final = isinstance(error, hikari.ClientHTTPResponseError)
        at_least = _retry_after(error) if "Retry-After" in error.headers else timedelta()
        return Verdict(final=final, at_least=min(at_least, _LONGEST_WAIT), why=why)
    if isinstance(error, hikari.HTTPError):
        return Verdict(final=False, why=f"no answer from Discord: {error.message}")
    why = f"{type(error).__name__}: {error}"
    return Verdict(final=isinstance(error, InvalidRequest | NotAllowed), why=why)


def _retry_after(error: hikari.HTTPResponseError) -> timedelta:
    """The header is in seconds: https://discord.com/developers/docs/topics/rate-limits."""
    try:
        return max(timedelta(seconds=float(error.headers["Retry-After"])), _SHORTEST_WAIT)
    except (KeyError, ValueError, OverflowError):
        return _LIMIT_UNSAID
