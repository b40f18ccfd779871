"""What appeals do on Discord, carried out by the outbox: tell staff, undo the case, tell the member."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hikari

import chandelier
from chandelier_moderation.appeals.buttons import accept_id, decision_row
from chandelier_moderation.appeals.cards import decision_card, mark_of, staff_card
from chandelier_moderation.appeals.docket import Docket
from chandelier_moderation.appeals.tables import OPEN, Appeal
from chandelier_moderation.cases import Book, Draft
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["AppealEffects", "inverse_of"]

_ = chandelier.Messages("chandelier_moderation")

LOOK_BACK = 50
"""Messages that are looked through for one that an interrupted attempt may have sent."""
_UNREACHABLE = (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError)
# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}

_INVERSE = {"ban": "unban", "timeout": "untimeout", "role_give": "role_take", "role_take": "role_give"}


def inverse_of(case: Case) -> str | None:
    """The kind of action that ends what a case did and what is still in force; None when nothing is."""
    in_force = case.act in ("done", "already") and case.ended_at is None and case.voided_at is None
    return _INVERSE.get(case.action) if in_force else None


class AppealEffects:
    """The handlers of the outbox entries of appeals."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book, docket: Docket) -> None:
        self._ctx = ctx
        self._book = book
        self._docket = docket

    async def post(self, effect: chandelier.Effect) -> None:
        """Bring an appeal to staff."""
        appeal = await self._appeal(effect)
        if appeal is None or appeal.post != "waiting" or appeal.state != OPEN:
            return
        channel_id = (await self._ctx.config_for(appeal.guild_id)).appeals_channel
        if channel_id is None:
            await self._docket.note(appeal, post="failed")
            return
        language = await self._ctx.language(appeal.guild_id)
        try:
            sent = None
            if effect.uncertain:
                custom_id = accept_id(self._ctx, appeal)
                sent = await self._sent(channel_id, lambda found: _has_button(found, custom_id))
            if sent is None:
                sent = await self._ctx.rest.create_message(
                    channel_id,
                    embed=self._ctx.into(language, staff_card(appeal, await self._case(appeal))),
                    component=decision_row(self._ctx, appeal, language),
                    **_SILENT,
                )
        except (hikari.NotFoundError, hikari.ForbiddenError):
            await self._docket.note(appeal, post="failed")
        else:
            await self._docket.posted(appeal, channel_id, sent.id)

    async def refresh(self, effect: chandelier.Effect) -> None:
        """Show an appeal as it is now in its post."""
        shown = None
        while True:
            appeal = await self._appeal(effect)
            if appeal is None or appeal.post_message_id is None or appeal.post_channel_id is None:
                return
            state = (appeal.state, appeal.told, appeal.undone_by, appeal.text, appeal.user_id)
            if state == shown:
                return
            language = await self._ctx.language(appeal.guild_id)
            try:
                await self._ctx.rest.edit_message(
                    appeal.post_channel_id,
                    appeal.post_message_id,
                    embed=self._ctx.into(language, staff_card(appeal, await self._case(appeal))),
                    component=decision_row(self._ctx, appeal, language),
                    **_SILENT,
                )
            except (hikari.NotFoundError, hikari.ForbiddenError):
                return  # someone took the post away; the appeal itself is in the docket
            shown = state  # another effect may have changed it meanwhile: look again

    async def undo(self, effect: chandelier.Effect) -> None:
        """End what the case did; where nothing of it is in force any more, the case no longer counts."""
        appeal = await self._appeal(effect)
        case = None if appeal is None else await self._case(appeal)
        if appeal is None or case is None or appeal.decided_by is None:
            return
        source = f"appeal-{appeal.id}"
        inverse = inverse_of(case)
        before = await self._docket.case_of(case.guild_id, source)
        if before is not None:  # by an attempt whose end nobody saw
            await self._docket.note(appeal, undone_by=before.number)
            return
        if inverse is None:
            await self._book.void(case.guild_id, case.number, appeal.decided_by)
            return
        config = await self._ctx.config_for(case.guild_id)
        undoing, _new = await self._book.open(
            Draft(
                guild_id=case.guild_id,
                action=inverse,
                target_id=case.target_id,
                moderator_id=appeal.decided_by,
                reason=f"Appeal against case #{case.number} accepted",
                source=source,
                log_channel_id=config.log_channel,
                tell_member=False,  # they read the decision
                details=case.details,
                undoes=case.number,
            )
        )
        await self._docket.note(appeal, undone_by=undoing.number)

    async def tell(self, effect: chandelier.Effect) -> None:
        """Tell the member what was decided: by a message, else in the one whose button they pressed.

        Who was banned often shares no server with the bot, and then Discord lets it start no conversation.
        """
        appeal = await self._appeal(effect)
        if appeal is None or appeal.told != "waiting" or not appeal.user_id:
            return
        language = await self._ctx.language(appeal.guild_id, appeal.user_id)
        card = decision_card(appeal, await self._case(appeal), await self._guild_name(appeal.guild_id))
        embed, mark = self._ctx.into(language, card), mark_of(appeal)
        try:
            channel = await self._ctx.rest.create_dm_channel(appeal.user_id)
            if not (effect.uncertain and await self._sent(channel.id, lambda sent: _has_mark(sent, mark))):
                await self._ctx.rest.create_message(channel.id, embed=embed, **_SILENT)
            told = "delivered"
        except _UNREACHABLE:
            told = await self._tell_in_place(appeal, embed)
        await self._docket.note(appeal, told=told)

    async def _tell_in_place(self, appeal: Appeal, embed: hikari.Embed) -> str:
        if appeal.dm_channel_id is None or appeal.dm_message_id is None:
            return "closed"
        try:
            message = await self._ctx.rest.fetch_message(appeal.dm_channel_id, appeal.dm_message_id)
            kept = [shown for shown in message.embeds if not _ends_with(shown, mark_of(appeal))]
            await self._ctx.rest.edit_message(
                appeal.dm_channel_id, appeal.dm_message_id, embeds=[*kept[:9], embed], **_SILENT
            )
        except _UNREACHABLE:
            return "closed"
        return "edited"

    async def _guild_name(self, guild_id: int) -> str:
        guild = self._ctx.cache.get_guild(guild_id)
        return guild.name if guild is not None else (await self._ctx.rest.fetch_guild(guild_id)).name

    async def _appeal(self, effect: chandelier.Effect) -> Appeal | None:
        return await self._docket.find(int(effect.payload["appeal"]))

    async def _case(self, appeal: Appeal) -> Case | None:
        return await self._book.find(appeal.guild_id, appeal.number)

    async def _sent(
        self, channel_id: hikari.Snowflakeish, fits: Callable[[hikari.Message], bool]
    ) -> hikari.Message | None:
        """The bot's own recent message that fits: an attempt whose end nobody saw may have sent it."""
        async for message in self._ctx.rest.fetch_messages(channel_id).limit(LOOK_BACK):
            if message.author.id == self._ctx.bot_id and fits(message):
                return message
        return None


def _has_mark(message: hikari.Message, mark: str) -> bool:
    return any(_ends_with(embed, mark) for embed in message.embeds)


def _ends_with(embed: hikari.Embed, mark: str) -> bool:
    return embed.footer is not None and (embed.footer.text or "").endswith(mark)


def _has_button(message: hikari.Message, custom_id: str) -> bool:
    rows: Any = message.components
    parts = [part for row in rows for part in getattr(row, "components", ())]
    return any(getattr(part, "custom_id", None) == custom_id for part in parts)
