"""What cases do on Discord, carried out by the outbox: delete a message, tell the member, post in the log.

Each effect names a case and nothing else, so it always shows the case as it is when the effect happens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hikari

import chandelier
from chandelier_moderation.appeals.buttons import appeal_row
from chandelier_moderation.cards import case_card, mark_of, member_card, reason_of
from chandelier_moderation.cases import LOG_CLOSED, LOG_GONE, Book, shown_of
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["KINDS", "Effects"]

_ = chandelier.Messages(__package__)

KINDS = ("remove", "dm", "log", "relog")
"""The kinds of effects a case may have."""

LOOK_BACK = 50
"""Messages that are looked through for one that an interrupted attempt may have sent."""
UNKNOWN_MESSAGE = 10_008
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""

# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}


class Effects:
    """The handlers of the plugin's outbox entries."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book) -> None:
        self._ctx = ctx
        self._book = book

    async def carry_out(self, effect: chandelier.Effect) -> None:
        """Carry out one effect of a kind in `KINDS`."""
        handlers = {"remove": self.remove, "dm": self.tell, "log": self.post, "relog": self.refresh}
        await handlers[effect.kind](effect)

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
        """Tell the member by direct message; closed DMs are noted on the case."""
        case = await self._case(effect)
        if case is None or case.dm != "waiting":
            return
        name = await self._guild_name(case.guild_id)
        language = await self._ctx.language(case.guild_id, case.target_id)
        card = self._ctx.into(language, member_card(case, name))
        try:
            channel = await self._ctx.rest.create_dm_channel(case.target_id)
            if not (effect.uncertain and await self._sent(channel.id, lambda sent: _same_card(sent, case))):
                row = await appeal_row(self._ctx, case) or hikari.UNDEFINED
                await self._ctx.rest.create_message(channel.id, embed=card, component=row, **_SILENT)
            dm = "delivered"
        except (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError):
            dm = "closed"
        await self._book.note(case, dm=dm)

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
                    component=self._buttons(case, language),
                    **_SILENT,
                )
        except hikari.NotFoundError:
            await self._book.not_logged(case, LOG_GONE)
        except hikari.ForbiddenError:
            await self._book.not_logged(case, LOG_CLOSED)
        else:
            await self._book.logged(case, sent.id)

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
                    component=self._buttons(case, language),
                    **_SILENT,
                )
            except (hikari.NotFoundError, hikari.ForbiddenError):
                return  # someone took the post away; the case itself is in the book
            shown = state  # another effect may have changed the case meanwhile: look again

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

    def _buttons(self, case: Case, language: str | None) -> hikari.api.MessageActionRowBuilder:
        row = hikari.impl.MessageActionRowBuilder()
        voided = case.voided_at is not None
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            self._void_id(case),
            label=self._ctx.into(language, _("Voided") if voided else _("Void")),
            is_disabled=voided,
        )
        return row


def _same_card(message: hikari.Message, case: Case) -> bool:
    footers = [embed.footer.text or "" for embed in message.embeds if embed.footer is not None]
    return any(footer.endswith(mark_of(case)) for footer in footers)


def _has_button(message: hikari.Message, custom_id: str) -> bool:
    rows: Any = message.components
    parts = [part for row in rows for part in getattr(row, "components", ())]
    return any(getattr(part, "custom_id", None) == custom_id for part in parts)
