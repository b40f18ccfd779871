"""What loopcord raises: an act no client could do, a world wrongly arranged, a bot that never settles."""

from __future__ import annotations

__all__ = ["ActError", "LoopcordError", "SettleError", "WorldError"]


class LoopcordError(Exception):
    """Base of everything loopcord raises on purpose."""


class ActError(LoopcordError):
    """A person tried what a real Discord client would not let them do.

    The message says who tried what and why a client refuses it. ``code`` is Discord's JSON
    error code when the refusal has one (50013 Missing Permissions), else 0. ``retry_after`` is how
    many seconds slow mode (20016) asks to wait, else None.
    """

    def __init__(self, message: str, *, code: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class WorldError(LoopcordError):
    """The test arranged something impossible: an unknown permission, a channel of another guild."""


class SettleError(LoopcordError):
    """The bot did not come to rest within ``patience`` (real seconds)."""
