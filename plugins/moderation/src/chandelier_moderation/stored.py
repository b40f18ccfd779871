"""All that the plugin stores, from every room that has tables of its own, and the history of their shape."""

from __future__ import annotations

import chandelier
from chandelier_moderation import tables
from chandelier_moderation.cleaning import tables as _cleaning

__all__ = ["HISTORY"]

_ROOMS = (_cleaning,)
"""Modules that add their tables to the same metadata by being imported."""

HISTORY = chandelier.StorageHistory(tables.Tables.metadata, "chandelier_moderation:revisions")
