"""Why something failed, from what is stored with it to words."""

from __future__ import annotations

import chandelier

__all__ = ["why_of"]

_ = chandelier.Messages("chandelier_moderation")


def why_of(stored: str | None) -> str:
    """The words for a stored reason: a kept message, or a code of the cases."""
    return _.recall(stored) if stored else _("I do not know why")
