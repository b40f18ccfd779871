"""All that the plugin stores, from every room that has tables of its own, and the history of their shape."""

from __future__ import annotations

import chandelier
from chandelier_moderation import tables
from chandelier_moderation.appeals import tables as appeals
from chandelier_moderation.bulk import tables as bulk
from chandelier_moderation.casebook import tables as casebook
from chandelier_moderation.cleaning import tables as cleaning
from chandelier_moderation.enforcing import tables as enforcing
from chandelier_moderation.raid import tables as raid
from chandelier_moderation.watching import tables as watching

__all__ = ["HISTORY", "ROOMS"]

ROOMS = (tables, appeals, bulk, casebook, cleaning, enforcing, raid, watching)
"""The modules with tables: importing them is what puts these into the metadata."""

HISTORY = chandelier.StorageHistory(tables.Tables.metadata, "chandelier_moderation:revisions")
