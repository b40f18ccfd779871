"""What the moderator reads about a purge, in the answer that only they see, and what the log gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import hikari

import chandelier
from chandelier_moderation.cleaning import cards
from chandelier_moderation.cleaning.pace import SINGLE_PAUSE
from chandelier_moderation.cleaning.tables import Purge
from chandelier_moderation.config import ModerationConfig

__all__ = ["Replies", "reply_of"]

_ = chandelier.Messages("chandelier_moderation")

LOOK_BACK = 50
"""Messages of the log that are looked through for one that an interrupted attempt may have sent."""

# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}


def reply_of(interaction: hikari.CommandInteraction | hikari.ComponentInteraction) -> Mapping[str, str]:
    """Where the answer to an interaction is changed, as JSON."""
    return {
        "application": str(interaction.application_id),
        "token": interaction.token,
        "locale": str(interaction.locale),
    }


class Replies:
    """Tells the moderator and the log."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx

    async def looking(self, purge: Purge, counts: Mapping[str, int]) -> None:
        """How far the search has come."""
        await self._edit(purge, cards.looking_card(purge, counts))

    async def nothing(self, purge: Purge) -> None:
        """Nothing fits."""
        await self._edit(purge, cards.nothing_card(purge))

    async def preview(self, purge: Purge, counts: Mapping[str, int]) -> None:
        """What would be deleted, with the buttons that decide."""
        row = hikari.impl.MessageActionRowBuilder()
        total = counts.get("found", 0) - max(0, counts.get("old_found", 0) - purge.most_old)
        self._button(row, purge, "purge_go", hikari.ButtonStyle.DANGER, _("Delete {number}", number=total))
        self._button(row, purge, "purge_cancel", hikari.ButtonStyle.SECONDARY, _("Cancel"))
        await self._edit(purge, cards.preview_card(purge, counts, SINGLE_PAUSE), [row] if total else [])

    async def expired(self, purge: Purge) -> None:
        """Nobody decided."""
        await self._edit(purge, cards.gone_card(_("Nobody decided in time. Use `/purge` again.")))

    async def progress(self, purge: Purge, counts: Mapping[str, int]) -> None:
        """How far the deleting has come, with a button that stops it."""
        row = hikari.impl.MessageActionRowBuilder()
        self._button(row, purge, "purge_stop", hikari.ButtonStyle.SECONDARY, _("Stop"))
        try:
            await self._edit(purge, cards.progress_card(counts), [row])
        except hikari.HTTPError as error:  # the next one says it as well
            self._ctx.log.debug("the progress of purge {} cannot be told: {}", purge.id, error)

    async def account(self, purge: Purge, files: Sequence[hikari.Bytes]) -> None:
        """The exact account; with the transcript where the log does not have it."""
        card = cards.account_card(purge)
        if await self._edit(purge, card, files=files[:10]) or purge.log == "posted":
            return
        # The interaction's token is no longer valid, and nobody else has been told.
        language = await self._ctx.language(purge.guild_id, purge.moderator_id)
        try:
            channel = await self._ctx.rest.create_dm_channel(purge.moderator_id)
            await self._ctx.rest.create_message(
                channel.id, embed=self._ctx.into(language, card), attachments=list(files[:10]), **_SILENT
            )
        except (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError):
            self._ctx.log.warning("nobody could be told of purge {}: {}", purge.id, dict(purge.totals))

    async def log(self, purge: Purge, files: Sequence[hikari.Bytes], *, look: bool) -> Mapping[str, Any]:
        """Post it in the log; answers the columns to change. With ``look`` it may be there already."""
        assert purge.log_channel_id is not None  # said by purge.log
        channel, language = purge.log_channel_id, await self._ctx.language(purge.guild_id)
        try:
            sent = await self._sent(channel, cards.mark_of(purge)) if look else None
            if sent is None:
                sent = await self._ctx.rest.create_message(
                    channel,
                    embed=self._ctx.into(language, cards.log_card(purge)),
                    attachments=list(files[:1]),
                    nonce=f"purge-{purge.id}"[:25],
                    **_SILENT,
                )
                for number, more in enumerate(files[1:], start=2):
                    nonce = f"p{number}-{purge.id}"[:25]
                    await self._ctx.rest.create_message(channel, attachment=more, nonce=nonce, **_SILENT)
        except (hikari.ForbiddenError, hikari.NotFoundError):
            return {"log": "failed"}
        return {"log": "posted", "log_message_id": int(sent.id)}

    async def _sent(self, channel_id: int, mark: str) -> hikari.Message | None:
        async for message in self._ctx.rest.fetch_messages(channel_id).limit(LOOK_BACK):
            footers = [embed.footer.text or "" for embed in message.embeds if embed.footer is not None]
            if message.author.id == self._ctx.bot_id and mark in footers:
                return message
        return None

    def _button(
        self, row: hikari.impl.MessageActionRowBuilder, purge: Purge, action: str, style: Any, label: str
    ) -> None:
        locale = purge.reply.get("locale")
        row.add_interactive_button(
            style, self._ctx.component_id(action, str(purge.id)), label=self._ctx.into(locale, label)
        )

    async def _edit(
        self,
        purge: Purge,
        card: hikari.Embed,
        rows: Sequence[hikari.api.ComponentBuilder] = (),
        *,
        files: Sequence[hikari.Bytes] = (),
    ) -> bool:
        """Change the answer; False when it is no longer there, or its token too old.

        Raises what may go well another time.
        """
        reply = purge.reply
        if not reply:  # the account was told before
            return False
        more: Any = {"attachments": list(files)} if files else {}
        try:
            await self._ctx.rest.edit_interaction_response(
                int(reply["application"]),
                reply["token"],
                embed=self._ctx.into(reply["locale"], card),
                components=list(rows),
                **more,
                **_SILENT,
            )
        except (
            hikari.NotFoundError,
            hikari.UnauthorizedError,
            hikari.ForbiddenError,
            hikari.BadRequestError,
        ) as error:
            self._ctx.log.debug("the answer about purge {} cannot be changed: {}", purge.id, error)
            return False
        return True
