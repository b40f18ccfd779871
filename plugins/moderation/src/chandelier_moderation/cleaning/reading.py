"""Reads a channel for a purge: first to find what fits, then again, just before it is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import hikari

import chandelier
from chandelier_moderation.cleaning.selection import Selection, Wanted, can_be_deleted, words_in
from chandelier_moderation.cleaning.store import Seen
from chandelier_moderation.cleaning.tables import Purge, PurgedMessage

__all__ = ["UNKNOWN_MESSAGE", "Looked", "Read", "Reader"]

PAGE = 100
"""Messages that Discord gives in one answer.
https://discord.com/developers/docs/resources/message#get-channel-messages"""
PAGES = 5
"""Answers that one step reads: Discord has been seen to give five in five seconds."""

UNKNOWN_MESSAGE = 10_008
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""


@attrs.frozen(kw_only=True)
class Looked:
    """What one step of the search has found."""

    found: Sequence[Seen]
    cursor: int
    """Messages before this one have not been looked at."""
    looked: int
    spared: int
    """Pinned ones that would fit."""
    over: bool
    """Whether the search has come to its end."""
    more: bool
    """Whether there may be more to find beyond it."""


@attrs.frozen
class Read:
    """What a second look has found: messages to delete now, and what became of others."""

    seen: Sequence[Seen]
    outcomes: Mapping[int, str]


class Reader:
    """Reads messages of channels."""

    def __init__(self, ctx: chandelier.PluginContext[Any]) -> None:
        self._ctx = ctx

    async def look(self, purge: Purge, selection: Selection, *, room: int, sight: int) -> Looked:
        """Look at the next few pages for at most ``room`` messages that fit, among ``sight`` at most."""
        wanted, cursor, spared, looked = selection.wanted, purge.cursor, 0, 0
        found: list[Seen] = []
        for _page in range(PAGES):
            page = await self._page(purge.channel_id, cursor)
            for message in page:
                if wanted.after is not None and message.id <= wanted.after:
                    return _looked(found, cursor, looked, spared, over=True)
                looked, cursor = looked + 1, int(message.id)
                if selection.fits(message) and can_be_deleted(message):
                    if message.is_pinned and not wanted.pinned:
                        spared += 1
                    else:
                        found.append(_seen(message))
                if len(found) == room:  # as many as were asked for, or as the guild allows
                    return _looked(found, cursor, looked, spared, over=True, more=wanted.count is None)
                if looked == sight:
                    return _looked(found, cursor, looked, spared, over=True, more=True)
            if len(page) < PAGE:
                return _looked(found, cursor, looked, spared, over=True)
        return _looked(found, cursor, looked, spared, over=False)

    async def read_again(self, purge: Purge, rows: Sequence[PurgedMessage]) -> Read:
        """Look again at messages, given the newest first: at as many as a few pages hold, one at least."""
        selection = Selection(Wanted.read(purge.wanted))
        present, cursor = await self._present(purge.channel_id, [row.message_id for row in rows])
        seen: list[Seen] = []
        outcomes: dict[int, str] = {}
        for row in rows:
            if row.message_id < cursor:
                break  # the next step sees these
            message = present.get(row.message_id)
            if message is None:
                outcomes[row.message_id] = "deleted" if row.state == "tried" else "gone"
            elif message.is_pinned and not selection.wanted.pinned:
                outcomes[row.message_id] = "pinned"
            elif not selection.fits(message):
                outcomes[row.message_id] = "changed"
            else:
                seen.append(_seen(message))
        return Read(seen, outcomes)

    async def _present(self, channel_id: int, ids: Sequence[int]) -> tuple[Mapping[int, hikari.Message], int]:
        """Those of some messages that are there, and the id before which it was not looked."""
        if len(ids) == 1:
            try:
                return {ids[0]: await self._ctx.rest.fetch_message(channel_id, ids[0])}, 0
            except hikari.NotFoundError as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                return {}, 0
        present: dict[int, hikari.Message] = {}
        cursor = ids[0] + 1
        for _page in range(PAGES):
            page = await self._page(channel_id, cursor)
            present.update({int(message.id): message for message in page})
            cursor = int(page[-1].id) if len(page) == PAGE else 0
            if cursor <= ids[-1]:
                break
        return present, cursor

    async def _page(self, channel_id: int, before: int) -> Sequence[hikari.Message]:
        return await self._ctx.rest.fetch_messages(channel_id, before=before).limit(PAGE)


def _looked(
    found: Sequence[Seen], cursor: int, looked: int, spared: int, *, over: bool, more: bool = False
) -> Looked:
    return Looked(found=found, cursor=cursor, looked=looked, spared=spared, over=over, more=more)


def _seen(message: hikari.Message) -> Seen:
    said = "\n".join(words for words in words_in(message) if words)
    return Seen(message.id, message.author.id, str(message.author), said.replace("\0", ""))
