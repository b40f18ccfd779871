"""All that the plugin stores, from every room that has tables of its own, and the history of their shape."""

from __future__ import annotations

import chandelier
from chandelier_moderation import tables
from chandelier_moderation.bulk import tables as bulk_tables
from chandelier_moderation.appeals import tables as appeals_tables
from chandelier_moderation.raid import tables as raid_tables

__all__ = ["HISTORY"]

# Importing a room's tables makes them part of the metadata.
_ROOMS = (bulk_tables,)
from chandelier_moderation.casebook import tables as casebook

__all__ = ["HISTORY"]

ROOMS = (tables, casebook)
"""The modules with tables: importing them is what puts these into the metadata."""
from chandelier_moderation.enforcing import tables as enforcing

__all__ = ["HISTORY"]

_ROOMS = (enforcing.StoredRule,)
"""Named so that the tables of each room are part of the metadata."""
_ROOMS = (appeals_tables, raid_tables)
from chandelier_moderation.cleaning import tables as _cleaning

__all__ = ["HISTORY"]

_ROOMS = (_cleaning,)
"""Modules that add their tables to the same metadata by being imported."""
from chandelier_moderation.watching import tables as watching

__all__ = ["HISTORY"]

ROOMS = (tables, watching)
"""Imported so that their tables are in the metadata."""

HISTORY = chandelier.StorageHistory(tables.Tables.metadata, "chandelier_moderation:revisions")
