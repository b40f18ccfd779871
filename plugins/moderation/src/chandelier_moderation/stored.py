"""All that the plugin stores, from every room that has tables of its own, and the history of their shape."""

from __future__ import annotations

import chandelier
from chandelier_moderation import tables
from chandelier_moderation.watching import tables as watching

__all__ = ["HISTORY"]

ROOMS = (tables, watching)
"""Imported so that their tables are in the metadata."""

HISTORY = chandelier.StorageHistory(tables.Tables.metadata, "chandelier_moderation:revisions")
