"""Carries out purges: looks for messages, deletes them step by step, and tells what came of it.

Every step is one run of a durable timer, so that a purge goes on after a restart where it was. A message is
marked as tried, with what it says, before it is deleted: who finds it gone after a crash knows by whom.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import hikari

import chandelier
from chandelier_moderation.cleaning import transcript
from chandelier_moderation.cleaning.moments import snowflake_at
from chandelier_moderation.cleaning.pace import BULK, BULK_AGE, BULK_PAUSE, SINGLE_PAUSE, YOUNG_PAUSE
from chandelier_moderation.cleaning.reading import UNKNOWN_MESSAGE, Reader
from chandelier_moderation.cleaning.replies import Replies
from chandelier_moderation.cleaning.selection import Selection, Wanted
from chandelier_moderation.cleaning.store import Store
from chandelier_moderation.cleaning.tables import Purge, PurgedMessage
from chandelier_moderation.config import ModerationConfig

__all__ = ["Cleaning"]

_ = chandelier.Messages("chandelier_moderation")

PATIENCE = 5
"""How often in a row Discord may fail before a purge ends."""
PREVIEW = timedelta(minutes=14)
"""How long a preview may be answered: the interaction's token, which it is changed with, lasts 15 minutes.
https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object"""
KEPT = timedelta(days=1)
"""After which everything about a purge is forgotten."""

SYSTEM_MESSAGE = 50_021
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""


class Cleaning:
    """The purges of one bot."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx
        self.store = Store(ctx)
        self._replies = Replies(ctx)
        self._reader = Reader(ctx)

    async def work(self, timer: chandelier.Timer) -> datetime | None:
        """Do the next step of a purge, and say when the one after it is due."""
        purge = await self.store.get(int(timer.key))
        if purge is None:
            return None
        match purge.state:
            case "looking":
                return await self._guarded(purge, self._look)
            case "asking" if self._ctx.now() - purge.created_at < PREVIEW:
                return await self._guarded(purge, self._ask)  # it may not have been shown before a crash
            case "asking":
                await self._replies.expired(purge)
                await self.store.forget(purge.id)
                return None
            case "deleting":
                return await self._guarded(purge, self._delete)
            case "stopping":
                await self.store.settle_rest(purge.id, "stopped")
                return await self._finish(purge)
            case _ if self._ctx.now() - purge.created_at < KEPT:
                return purge.created_at + KEPT
            case _:
                await self.store.forget(purge.id)
                return None

    # ---- looking

    async def _look(self, purge: Purge) -> datetime | None:
        wanted = Wanted.read(purge.wanted)
        config = await self._ctx.config_for(purge.guild_id)
        most = min(wanted.count or config.purge_most, config.purge_most)
        counts = await self.store.counts(purge.id)
        page = await self._reader.look(
            purge,
            Selection(wanted),
            room=most - counts.get("found", 0),
            sight=config.purge_look_back - purge.looked,
        )
        await self.store.found(
            purge.id,
            page.found,
            cursor=page.cursor,
            looked=purge.looked + page.looked,
            spared=purge.spared + page.spared,
            more=page.more,
            attempts=0,
        )
        looked = await self.store.get(purge.id)
        assert looked is not None  # only this timer forgets it
        if not page.over:
            await self._replies.looking(looked, await self.store.counts(purge.id))
            return self._ctx.now() + timedelta(seconds=1)
        if not (await self.store.counts(purge.id)).get("found"):
            await self._replies.nothing(looked)
            await self.store.forget(purge.id)
            return None
        await self.store.change(purge.id, state="asking")
        return await self._ask(looked)

    async def _ask(self, purge: Purge) -> datetime:
        old_before = snowflake_at(self._ctx.now() - BULK_AGE)
        await self._replies.preview(purge, await self.store.counts(purge.id, old_before=old_before))
        return max(purge.created_at + PREVIEW, self._ctx.now() + timedelta(seconds=1))

    # ---- deleting

    async def _delete(self, purge: Purge) -> datetime:
        old_before = snowflake_at(self._ctx.now() - BULK_AGE)
        rows = await self.store.next_ones(purge.id, BULK)
        if not rows:
            return await self._finish(purge)
        young = [row for row in rows if row.message_id >= old_before and not row.single]
        if len(young) > 1:
            await self._delete_together(purge, young)
            pause = BULK_PAUSE
        else:
            await self._delete_one(purge, rows[0])
            pause = SINGLE_PAUSE if rows[0].message_id < old_before else YOUNG_PAUSE
        if purge.attempts:
            await self.store.change(purge.id, attempts=0)
        await self._replies.progress(purge, await self.store.counts(purge.id))
        return self._ctx.now() + pause

    async def _delete_together(self, purge: Purge, rows: Sequence[PurgedMessage]) -> None:
        read = await self._reader.read_again(purge, rows)
        await self.store.trying(purge.id, read.seen, read.outcomes)
        ids = [seen.id for seen in read.seen]
        if not ids:
            return
        if len(ids) == 1:
            await self._delete_by_itself(purge, ids[0], tried=False)
            return
        try:
            await self._ctx.rest.delete_messages(purge.channel_id, ids, reason=await self._reason(purge))
        except hikari.BulkDeleteError as error:
            cause = error.__cause__
            if not isinstance(cause, hikari.BadRequestError) and not _is(cause, SYSTEM_MESSAGE):
                raise cause or error from None
            # None of them is gone, because one cannot go with the others: each by itself tells which.
            await self.store.settle(purge.id, dict.fromkeys(ids, "found"), single=True)
            return
        await self.store.settle(purge.id, dict.fromkeys(ids, "deleted"))

    async def _delete_one(self, purge: Purge, row: PurgedMessage) -> None:
        read = await self._reader.read_again(purge, [row])
        await self.store.trying(purge.id, read.seen, read.outcomes)
        if read.seen:
            await self._delete_by_itself(purge, row.message_id, tried=row.state == "tried")

    async def _delete_by_itself(self, purge: Purge, message_id: int, *, tried: bool) -> None:
        try:
            await self._ctx.rest.delete_message(
                purge.channel_id, message_id, reason=await self._reason(purge)
            )
            outcome = "deleted"
        except hikari.NotFoundError as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            outcome = "deleted" if tried else "gone"
        except hikari.ForbiddenError as error:
            if error.code != SYSTEM_MESSAGE:
                raise
            outcome = "system"
        await self.store.settle(purge.id, {message_id: outcome}, single=True)

    async def _reason(self, purge: Purge) -> str:
        said = _(
            "Purge by {moderator}: {reason}",
            moderator=purge.moderator_id,
            reason=purge.reason or _("no reason given"),
        )
        return self._ctx.into(await self._ctx.language(purge.guild_id), said)[:512]

    # ---- when Discord does not let us

    async def _guarded(
        self, purge: Purge, step: Callable[[Purge], Awaitable[datetime | None]]
    ) -> datetime | None:
        """A step; what Discord refuses for good ends the purge with its account, the rest is tried again."""
        try:
            return await step(purge)
        except hikari.RateLimitTooLongError as error:
            return self._ctx.now() + timedelta(seconds=max(1.0, error.retry_after))
        except (hikari.ForbiddenError, hikari.NotFoundError) as error:
            trouble = "forbidden" if isinstance(error, hikari.ForbiddenError) else "no_channel"
        except hikari.UnauthorizedError:
            raise  # a token that is being replaced: the host calls again
        except hikari.HTTPError as error:
            if purge.attempts + 1 < PATIENCE:
                self._ctx.log.warning("purge {} goes on in a moment: {}", purge.id, error)
                await self.store.change(purge.id, attempts=purge.attempts + 1)
                return self._ctx.now() + timedelta(seconds=5 * 3**purge.attempts)
            trouble = "discord"
        await self.store.settle_rest(purge.id, "failed")
        await self.store.change(purge.id, trouble=trouble)
        return await self._finish(purge)

    # ---- the account

    async def _finish(self, purge: Purge) -> datetime:
        await self.store.report(purge.id, await self.store.counts(purge.id))
        return max(purge.created_at + KEPT, self._ctx.now() + timedelta(seconds=1))

    async def report(self, effect: chandelier.Effect) -> None:
        """Post the transcript in the log and give the moderator the exact account."""
        purge = await self.store.get(int(effect.payload["purge"]))
        if purge is None or purge.state != "reporting":
            return
        files = transcript.files(purge, await self.store.deleted(purge.id))
        if purge.log in ("waiting", "failed"):
            log = await self._replies.log(purge, files, look=effect.uncertain)
            await self.store.change(purge.id, **log)
            purge = await self.store.get(purge.id) or purge
        await self._replies.account(purge, [] if purge.log == "posted" else files)
        await self.store.close(purge.id)


def _is(error: BaseException | None, code: int) -> bool:
    return isinstance(error, hikari.ClientHTTPResponseError) and error.code == code
