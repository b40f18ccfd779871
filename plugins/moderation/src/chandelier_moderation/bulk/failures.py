"""Why something failed, from what is stored with it to words."""

from __future__ import annotations

import chandelier
from chandelier_moderation.acting.barriers import WORDS

__all__ = ["why_of"]

_ = chandelier.Messages("chandelier_moderation")


def why_of(stored: str | None) -> str:
    """The words for a stored reason: a kept message, or a code of the cases."""
    if not stored:
        return _("I do not know why")
    return WORDS.get(stored) or _.recall(stored)
