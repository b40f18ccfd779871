"""All that the plugin stores, from every room that has tables of its own, and the history of their shape."""

from __future__ import annotations

import chandelier
from chandelier_moderation import tables
from chandelier_moderation.appeals import tables as appeals_tables
from chandelier_moderation.raid import tables as raid_tables

__all__ = ["HISTORY"]

# Importing a room's tables makes them part of the metadata.
_ROOMS = (appeals_tables, raid_tables)

HISTORY = chandelier.StorageHistory(tables.Tables.metadata, "chandelier_moderation:revisions")
