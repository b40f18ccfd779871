"""What cases do on Discord, carried out by the outbox: delete a message, tell the member, act, post a log.

Each effect names a case and nothing else, so it always shows the case as it is when the effect happens.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import hikari

import chandelier
from chandelier_moderation.acting.actions import Actions
from chandelier_moderation.acting.barriers import UNREACHABLE
from chandelier_moderation.cards import alert_card, case_card, mark_of, member_card
from chandelier_moderation.cases import LOG_CLOSED, LOG_GONE, Book, shown_of
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.reasons import reason_of
from chandelier_moderation.tables import Case

__all__ = ["KINDS", "Effects"]

_ = chandelier.Messages(__package__)

KINDS = ("remove", "dm", "act", "log", "relog", "alert")
"""The kinds of effects a case may have."""

PATIENCE = 8.0
"""Seconds that a moderator waits for what came of an action."""
TRIES = 8
"""How often an action is tried before it counts as failed, over more than two hours of an outage."""
LOOK_BACK = 50
"""Messages that are looked through for one that an interrupted attempt may have sent."""
UNKNOWN_MESSAGE = 10_008
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""

Row = Callable[[Case, str | None], Awaitable[hikari.api.MessageActionRowBuilder | None]]
"""Buttons below a message about a case, for a reader's language; None: this case has none."""

# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}


class Effects:
    """The handlers of the plugin's outbox entries."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book) -> None:
        self._ctx = ctx
        self._book = book
        self.actions = Actions(ctx, book.keep)
        self.rows_for_member: list[Row] = []
        """Buttons that other rooms add to what a member is sent."""
        self.rows_for_log: list[Row] = []
        """Buttons that other rooms add to posts in the log."""
        self._waiting: dict[tuple[int, int], asyncio.Event] = {}

    async def carry_out(self, effect: chandelier.Effect) -> None:
        """Carry out one effect of a kind in `KINDS`."""
        handlers = {
            "remove": self.remove,
            "dm": self.tell,
            "act": self.act,
            "log": self.post,
            "relog": self.refresh,
            "alert": self.alert,
        }
        await handlers[effect.kind](effect)

    async def outcome(self, case: Case) -> Case:
        """A case once its action was tried, or as it is after some seconds: for whoever waits."""
        key = (case.guild_id, case.number)
        tried = self._waiting.setdefault(key, asyncio.Event())
        try:
            case = await self._book.get(*key)
            if case.act != "waiting":
                return case
            limit = asyncio.ensure_future(self._ctx.clock.sleep(PATIENCE))
            word = asyncio.ensure_future(tried.wait())
            try:
                await asyncio.wait({limit, word}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                limit.cancel()
                word.cancel()
            return await self._book.get(*key)
        finally:
            self._waiting.pop(key, None)

    def _tried(self, case: Case) -> None:
        waiting = self._waiting.get((case.guild_id, case.number))
        if waiting is not None:
            waiting.set()

    async def act(self, effect: chandelier.Effect) -> None:
        """Do what the case says; after many failures in vain, say that it failed."""
        case = await self._case(effect)
        if case is None or case.act != "waiting":
            return
        try:
            async with self.actions.turn(case.guild_id, case.target_id):
                try:
                    outcome = await self.actions.carry_out(case, uncertain=effect.uncertain)
                except hikari.HikariError:
                    if effect.attempts + 1 < TRIES:
                        raise
                    await self._book.acted(case, "failed", UNREACHABLE)
                else:
                    if outcome is not None:
                        await self._book.acted(case, outcome.act, outcome.trouble, outcome.details)
        finally:
            self._tried(case)

    async def remove(self, effect: chandelier.Effect) -> None:
        """Delete the message that a case is about."""
        case = await self._case(effect)
        if case is None or case.removal != "waiting" or case.channel_id is None or case.message_id is None:
            return
        try:
            said = _("Case #{number}: {reason}", number=case.number, reason=reason_of(case))
            reason = self._ctx.into(await self._ctx.language(case.guild_id), said)[:512]
            await self._ctx.rest.delete_message(case.channel_id, case.message_id, reason=reason)
            removal = "deleted"
        except hikari.NotFoundError:
            removal = "deleted" if effect.uncertain else "gone"
        except hikari.ForbiddenError:
            removal = "refused"
        await self._book.note(case, removal=removal)

    async def tell(self, effect: chandelier.Effect) -> None:
        """Tell the member by direct message; closed DMs are noted on the case.

        An action waits for it, but not for long: when Discord is in trouble a ban matters more.
        """
        case = await self._case(effect)
        if case is None or case.dm != "waiting":
            return
        acts = case.act == "waiting"
        try:
            if acts and (trouble := await self.actions.barrier(case)) is not None:
                await self._book.acted(case, "failed", trouble)  # nobody is told what does not happen
                self._tried(case)
                return
            if acts and not effect.uncertain:  # else an earlier attempt may have told them
                if await self._book.said_already(case):
                    await self._book.told(case, "before")
                    return
                if await self.actions.in_vain(case):
                    await self._book.told(case, "off")
                    return
            await self._book.told(case, await self._tell(case, effect))
        except hikari.HikariError as error:
            waits = isinstance(error, hikari.RateLimitTooLongError)
            if (effect.attempts == 0 and not waits) if acts else effect.attempts + 1 < TRIES:
                self._tried(case)
                raise
            await self._book.told(case, "failed")

    async def _tell(self, case: Case, effect: chandelier.Effect) -> str:
        name = await self._guild_name(case.guild_id)
        language = await self._ctx.language(case.guild_id, case.target_id)
        card = self._ctx.into(language, member_card(case, name, await self._text(case)))
        try:
            channel = await self._ctx.rest.create_dm_channel(case.target_id)
            if not (effect.uncertain and await self._sent(channel.id, lambda sent: _same_card(sent, case))):
                rows = await _rows(self.rows_for_member, case, language)
                # hikari tries again when the connection breaks: Discord drops what has the same nonce.
                await self._ctx.rest.create_message(
                    channel.id, embed=card, components=rows, nonce=str(effect.id), **_SILENT
                )
        except (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError):
            return "closed"
        return "delivered"

    async def post(self, effect: chandelier.Effect) -> None:
        """Post a case in the log channel, with a button that voids it."""
        case = await self._case(effect)
        if case is None or case.log not in ("waiting", "failed") or case.log_channel_id is None:
            return
        custom_id, language = self._void_id(case), await self._ctx.language(case.guild_id)
        try:
            sent = None
            if effect.uncertain:
                sent = await self._sent(case.log_channel_id, lambda found: _has_button(found, custom_id))
            if sent is None:
                sent = await self._ctx.rest.create_message(
                    case.log_channel_id,
                    embed=self._ctx.into(language, case_card(case)),
                    components=await self._buttons(case, language),
                    nonce=str(effect.id),
                    **_SILENT,
                )
        except hikari.NotFoundError:
            await self._book.not_logged(case, LOG_GONE)
        except hikari.ForbiddenError:
            await self._book.not_logged(case, LOG_CLOSED)
        else:
            await self._book.logged(case, sent.id)

    async def alert(self, effect: chandelier.Effect) -> None:
        """Tell the moderators of something about a case that needs them."""
        case = await self._case(effect)
        if case is None:
            return
        channel = case.log_channel_id or (await self._ctx.config_for(case.guild_id)).log_channel
        if channel is None:
            return
        card = alert_card(case, effect.payload["what"], effect.payload.get("trouble"))
        card = self._ctx.into(await self._ctx.language(case.guild_id), card)
        with contextlib.suppress(hikari.NotFoundError, hikari.ForbiddenError):  # `/plugins` tells of the log
            if effect.uncertain and await self._sent(channel, lambda sent: _same_alert(sent, card)):
                return
            await self._ctx.rest.create_message(channel, embed=card, nonce=str(effect.id), **_SILENT)

    async def refresh(self, effect: chandelier.Effect) -> None:
        """Show a case as it is now in its post."""
        shown = None
        while True:
            case = await self._case(effect)
            if case is None or case.log_message_id is None or case.log_channel_id is None:
                return
            state, language = shown_of(case), await self._ctx.language(case.guild_id)
            if state == shown:
                return
            try:
                await self._ctx.rest.edit_message(
                    case.log_channel_id,
                    case.log_message_id,
                    embed=self._ctx.into(language, case_card(case)),
                    components=await self._buttons(case, language),
                    **_SILENT,
                )
            except (hikari.NotFoundError, hikari.ForbiddenError):
                return  # someone took the post away; the case itself is in the book
            shown = state  # another effect may have changed the case meanwhile: look again

    async def _text(self, case: Case) -> str:
        config = await self._ctx.config_for(case.guild_id)
        out = config.tell_text_out if case.action in ("kick", "ban", "softban") else ""
        return out or config.tell_text

    async def _guild_name(self, guild_id: int) -> str:
        guild = self._ctx.cache.get_guild(guild_id)
        return guild.name if guild is not None else (await self._ctx.rest.fetch_guild(guild_id)).name

    async def _case(self, effect: chandelier.Effect) -> Case | None:
        return await self._book.find(int(effect.payload["guild"]), effect.payload["number"])

    async def _sent(
        self, channel_id: hikari.Snowflakeish, fits: Callable[[hikari.Message], bool]
    ) -> hikari.Message | None:
        """The bot's own recent message that fits: an attempt whose end nobody saw may have sent it."""
        async for message in self._ctx.rest.fetch_messages(channel_id).limit(LOOK_BACK):
            if message.author.id == self._ctx.bot_id and fits(message):
                return message
        return None

    def _void_id(self, case: Case) -> str:
        return self._ctx.component_id("void", str(case.number))

    async def _buttons(self, case: Case, language: str | None) -> list[hikari.api.MessageActionRowBuilder]:
        row = hikari.impl.MessageActionRowBuilder()
        voided = case.voided_at is not None
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            self._void_id(case),
            label=self._ctx.into(language, _("Voided") if voided else _("Void")),
            is_disabled=voided,
        )
        return [row, *await _rows(self.rows_for_log, case, language)]


async def _rows(
    makers: list[Row], case: Case, language: str | None
) -> list[hikari.api.MessageActionRowBuilder]:
    made = [await make(case, language) for make in makers]
    return [row for row in made if row is not None]


def _same_card(message: hikari.Message, case: Case) -> bool:
    footers = [embed.footer.text or "" for embed in message.embeds if embed.footer is not None]
    return any(footer.endswith(mark_of(case)) for footer in footers)


def _same_alert(message: hikari.Message, card: hikari.Embed) -> bool:
    return any((one.title, one.description) == (card.title, card.description) for one in message.embeds)


def _has_button(message: hikari.Message, custom_id: str) -> bool:
    rows: Any = message.components
    parts = [part for row in rows for part in getattr(row, "components", ())]
    return any(getattr(part, "custom_id", None) == custom_id for part in parts)
