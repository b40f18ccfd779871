"""What people typed and the schema refused, kept for a while so that they need not type it again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import attrs

__all__ = ["Draft", "Drafts"]

MOST = 200
"""Drafts that are kept; the oldest go first. They live in memory: after a restart a form starts anew."""


@attrs.frozen
class Draft:
    """The texts of one person for settings of one plugin, by the settings' names."""

    guild_id: int
    user_id: int
    plugin: str
    texts: Mapping[str, str]


class Drafts:
    """The newest drafts, by an id that is known only to whom it was given."""

    def __init__(self) -> None:
        self._kept: dict[str, Draft] = {}

    def keep(self, draft: Draft) -> str:
        """Keep a draft and return its id."""
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        draft_id = secrets.token_urlsafe(9)
        self._kept[draft_id] = draft
        return draft_id

    def of(self, draft_id: str, *, guild_id: int, user_id: int) -> Draft | None:
        """The draft of that id, if it is this person's and still there."""
        draft = self._kept.get(draft_id)
        return draft if draft is not None and (draft.guild_id, draft.user_id) == (guild_id, user_id) else None
