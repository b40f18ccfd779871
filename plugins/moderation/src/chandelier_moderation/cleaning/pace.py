"""How fast Discord lets messages be deleted, and how old they may be to go together."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["BULK", "BULK_AGE", "BULK_PAUSE", "SINGLE_PAUSE", "YOUNG_PAUSE"]

BULK = 100
"""Messages of one bulk deletion, which needs two at least.
https://discord.com/developers/docs/resources/message#bulk-delete-messages"""
BULK_AGE = timedelta(days=14) - timedelta(minutes=5)
"""How old they may be; a little less than Discord says, because a request takes its time."""
BULK_PAUSE = timedelta(seconds=3)
"""Between two bulk deletions: one in three seconds has been observed (hikari's `delete_messages`)."""
SINGLE_PAUSE = timedelta(seconds=4)
"""Between two old messages: 30 in two minutes have been observed.
https://github.com/discord/discord-api-docs/issues/1295"""
YOUNG_PAUSE = timedelta(seconds=1)
"""Between two others that have to go one by one: five in five seconds have been observed (ibid.)."""
