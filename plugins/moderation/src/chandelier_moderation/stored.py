"""All that the plugin stores, from every room that has tables of its own, and the history of their shape."""

from __future__ import annotations

import chandelier
from chandelier_moderation import tables
from chandelier_moderation.appeals.tables import Appeal
from chandelier_moderation.raid.tables import Newcomer, Raid

__all__ = ["HISTORY", "ROOMS"]

ROOMS = (tables.Case, Appeal, Raid, Newcomer)
"""Tables of all rooms: being imported here makes them part of the metadata."""

HISTORY = chandelier.StorageHistory(tables.Tables.metadata, "chandelier_moderation:revisions")
