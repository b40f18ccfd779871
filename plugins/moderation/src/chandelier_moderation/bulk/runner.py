"""Carries batches out: opens a case per person, shows the progress, and says at the end how it went."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import hikari

import chandelier
from chandelier_moderation.bulk.batch_cards import account_card
from chandelier_moderation.bulk.batches import Account, Batches, Proposed
from chandelier_moderation.bulk.tables import Batch, BatchTarget
from chandelier_moderation.cases import Book, Draft
from chandelier_moderation.config import ModerationConfig

__all__ = ["CHECKED", "MOST", "Runner", "rows_of"]

_ = chandelier.Messages("chandelier_moderation")

MOST = 1_000
"""People of one batch; more are asked for in several."""
CHECKED = 60
"""People that a preview asks Discord about; the rest is checked when it is carried out."""
PATIENCE = 15.0
"""Seconds that a preview may take, of the 30 that a handler has by default."""
LOOK_BACK = 50
"""Messages that are looked through for a post that an interrupted attempt may have sent."""
PROGRESS = timedelta(seconds=5)
"""Between two looks at a batch; Discord allows about five edits in five seconds per channel."""
PUNITIVE = frozenset({"ban", "kick", "timeout", "softban", "role_give", "role_take", "nick"})
"""Actions that the hierarchy between members decides about."""

# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}


class Runner:
    """What batches do on Discord."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book, batches: Batches) -> None:
        self._ctx = ctx
        self._book = book
        self._batches = batches

    # ---- the preview

    async def look_at(
        self, guild_id: int, actor: hikari.Member, action: str, ids: Sequence[int]
    ) -> tuple[list[Proposed], int]:
        """What would become of everybody, and how many of them were not looked at.

        Asks Discord about the first `CHECKED`, as long as its rate limits let it within `PATIENCE`.
        """
        rest, begun = self._ctx.rest, self._ctx.clock.monotonic()
        proposed: list[Proposed] = []
        mine, bot = await chandelier.fetch_standings(rest, guild_id, actor, self._ctx.bot_id)
        guild = await rest.fetch_guild(guild_id)
        for target_id in ids:
            if len(proposed) >= CHECKED or self._ctx.clock.monotonic() - begun > PATIENCE:
                break
            if action == "unban":
                banned = await self._is_banned(guild_id, target_id)
                proposed.append(Proposed(target_id, "waiting" if banned else "already"))
                continue
            try:
                member: Any = await rest.fetch_member(guild_id, target_id)
            except hikari.NotFoundError:
                member = target_id
            stand = chandelier.standing_of(member, roles=guild.roles, owner_id=guild.owner_id)
            why = _refusal(mine, bot, stand)
            if why is not None:
                proposed.append(Proposed(target_id, "refused", why))
            elif member == target_id and await self._is_banned(guild_id, target_id):
                proposed.append(Proposed(target_id, "already"))
            else:
                proposed.append(Proposed(target_id))
        rest_of_them = [Proposed(target_id) for target_id in ids[len(proposed) :]]
        return [*proposed, *rest_of_them], len(rest_of_them)

    async def _is_banned(self, guild_id: int, user_id: int) -> bool:
        try:
            await self._ctx.rest.fetch_ban(guild_id, user_id)
        except hikari.NotFoundError:
            return False
        return True

    # ---- carrying out

    async def open_cases(self, effect: chandelier.Effect) -> None:
        """Open a case for each person of a part of a batch whom the hierarchy lets be acted on now."""
        key, first = effect.payload["batch"], effect.payload["first"]
        await self._open_part(key, first)
        await self._batches.go_on(key)

    async def _open_part(self, key: str, first: int) -> None:
        targets = await self._batches.chunk(key, first)
        if not targets:
            return
        batch = (await self._batches.account(key)).batch
        actor = bot = guild = None
        if batch.action in PUNITIVE:
            people = (batch.moderator_id, self._ctx.bot_id)
            actor, bot = await chandelier.fetch_standings(self._ctx.rest, batch.guild_id, *people)
            guild = await self._ctx.rest.fetch_guild(batch.guild_id)
        for target in targets:
            if actor is not None and bot is not None and guild is not None:
                try:
                    member: Any = await self._ctx.rest.fetch_member(batch.guild_id, target.target_id)
                except hikari.NotFoundError:
                    member = target.target_id
                stand = chandelier.standing_of(member, roles=guild.roles, owner_id=guild.owner_id)
                why = _refusal(actor, bot, stand)
                if why is not None:
                    await self._batches.settle(target, state="refused", why=why)
                    continue
            await self._open(batch, target)

    async def _open(self, batch: Batch, target: BatchTarget) -> None:
        details = dict(batch.details)
        attempt = details.pop("attempts", {}).get(str(target.undoes), 0)
        source = f"batch-{batch.key}-{target.target_id}"
        if target.undoes is not None:
            source = f"undo-{target.undoes}-{attempt}"
        case, _new = await self._book.open(
            Draft(
                guild_id=batch.guild_id,
                action=batch.action,
                target_id=target.target_id,
                moderator_id=batch.moderator_id,
                reason=batch.reason if target.undoes is None else f"Undoes case #{target.undoes}",
                source=source,
                log_channel_id=None,  # one post for the whole batch has the account
                tell_member=False,  # hundreds of direct messages at once get a bot blocked
                details=details,
                batch=batch.key,
                undoes=target.undoes,
            )
        )
        await self._batches.settle(target, state="opened", number=case.number)

    # ---- the log

    async def post(self, effect: chandelier.Effect) -> None:
        """Post a batch in the log; the timer keeps the post up to date."""
        account = await self._batches.account(effect.payload["batch"])
        batch = account.batch
        if batch.log_channel_id is None or batch.log_message_id is not None:
            return
        embed, rows = await self._shown(account)
        sent = await self._sent(batch) if effect.uncertain else None
        if sent is None:
            message = await self._ctx.rest.create_message(
                batch.log_channel_id, embed=embed, components=rows, nonce=f"b{batch.key}", **_SILENT
            )
            sent = message.id
        await self._batches.note(batch.key, log_message_id=int(sent))

    async def tick(self, timer: chandelier.Timer) -> datetime | None:
        """Show how a batch stands, and end it once nobody waits."""
        account = await self._batches.account(timer.key)
        batch = account.batch
        if account.complete and batch.state == "running":
            await self._batches.note(batch.key, state="done", done_at=self._ctx.now())
            account = await self._batches.account(timer.key)
            batch = account.batch
        over = batch.state == "done"
        if not over:
            await self._batches.go_on(batch.key)  # where a part was given up, others still wait
        if batch.log_channel_id is not None:
            if batch.log_message_id is None:
                entry = await self._ctx.outbox.get("batch_log", batch.key)
                given_up = entry is None or entry.state in ("failed", "done")
                return None if over and given_up else self._later(batch)
            embed, rows = await self._shown(account)
            # When someone took the post away, the account itself is in the book.
            with contextlib.suppress(hikari.NotFoundError, hikari.ForbiddenError):
                await self._ctx.rest.edit_message(
                    batch.log_channel_id, batch.log_message_id, embed=embed, components=rows, **_SILENT
                )
        return None if over else self._later(batch)

    def _later(self, batch: Batch) -> datetime:
        """Look often at first, then as often as the batch is old: an outage may last."""
        now = self._ctx.now()
        return now + max(PROGRESS, (now - batch.created_at) / 10)

    async def _shown(self, account: Account) -> tuple[hikari.Embed, list[hikari.api.MessageActionRowBuilder]]:
        language = await self._ctx.language(account.batch.guild_id)
        rows = rows_of(self._ctx, account, lambda text: self._ctx.into(language, text))
        return self._ctx.into(language, account_card(account)), rows

    async def _sent(self, batch: Batch) -> hikari.Snowflake | None:
        """The post that an attempt whose end nobody saw may have made."""
        custom_id = self._ctx.component_id("batch_account", batch.key)
        assert batch.log_channel_id is not None
        async for message in self._ctx.rest.fetch_messages(batch.log_channel_id).limit(LOOK_BACK):
            rows: Any = message.components
            parts = [part for row in rows for part in getattr(row, "components", ())]
            if any(getattr(part, "custom_id", None) == custom_id for part in parts):
                return message.id
        return None


def rows_of(
    ctx: chandelier.PluginContext[ModerationConfig], account: Account, into: Callable[[str], str]
) -> list[hikari.api.MessageActionRowBuilder]:
    """The buttons under a batch: its whole account, and once it is over its undoing."""
    batch, done = account.batch, len(account.of("done"))
    row = hikari.impl.MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY, ctx.component_id("batch_account", batch.key), label=into(_("Account"))
    )
    if batch.state == "done" and done:
        row.add_interactive_button(
            hikari.ButtonStyle.DANGER,
            ctx.component_id("batch_undo", batch.key),
            label=into(_.count("Undo (1)", "Undo ({n})", done)),
        )
    return [row]


def _refusal(actor: chandelier.Standing, bot: chandelier.Standing, target: chandelier.Standing) -> str | None:
    """The rule of the hierarchy that refuses, in words that can be kept."""
    try:
        chandelier.check_hierarchy(actor=actor, target=target, bot=bot)
    except chandelier.NotAllowed as refused:
        return _.keep(chandelier.message_of(refused))
    return None
