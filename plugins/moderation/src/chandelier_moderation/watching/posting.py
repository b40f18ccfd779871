"""Posts events in the log: one message for all that wait for a channel, as far as they fit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs
import hikari
from sqlalchemy import func, select

import chandelier
from chandelier_moderation.cards import crop
from chandelier_moderation.cleaning.tables import Purge, PurgedMessage
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case
from chandelier_moderation.watching.describing import Known, describe
from chandelier_moderation.watching.journal import Journal, Noted
from chandelier_moderation.watching.rendering import Shown, card, cropped, line, note
from chandelier_moderation.watching.settings import CARD
from chandelier_moderation.watching.store import MessageStore
from chandelier_moderation.watching.tables import LogEntry

__all__ = ["Poster"]

_ = chandelier.Messages("chandelier_moderation")

EMBEDS, ALL_EMBEDS = 10, 6_000
"""Embeds of a message, and characters in all of them together.
https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""
DESCRIPTION, LINE = 4_096, 1_500
"""Characters of an embed's description, and of one event in it."""
FILES, FILE = 10, 8_000_000
"""Files of a message, and bytes of one, safely below what Discord takes.
https://discord.com/developers/docs/reference#uploading-files"""
FEW = 20
"""So many events are told as they are, in several posts if need be; more become a list and a file."""
LAST_ATTEMPT = 8
"""The outbox gives an effect up after ten attempts: we do before, so that later events are told."""
LOOK_BACK = 50
"""Messages that are looked through for one that an interrupted attempt may have sent."""
JUST_BEFORE = timedelta(minutes=1)
"""A kick or ban that is not older is why somebody left."""
_LOG_COLOUR = 0x8B8D98

# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}


@attrs.define
class _Post:
    """A message while it is put together."""

    embeds: list[hikari.Embed] = attrs.field(factory=list[hikari.Embed])
    files: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])
    told: int = 0
    """How many of the events are in it."""
    length: int = 0


class Poster:
    """Carries out the effects of the journal."""

    def __init__(
        self, ctx: chandelier.PluginContext[ModerationConfig], journal: Journal, store: MessageStore
    ) -> None:
        self._ctx = ctx
        self._journal = journal
        self._store = store
        self.troubles: dict[int, tuple[int, str]] = {}
        """By channel of a log that could not be written in: its guild, and why."""

    def mended(self, guild_id: int) -> None:
        """Forget the troubles of a guild whose settings have changed; what is still wrong shows again."""
        for channel_id, (guild, _why) in list(self.troubles.items()):
            if guild == guild_id:
                del self.troubles[channel_id]

    async def post(self, effect: chandelier.Effect) -> None:
        """Tell what waits for a channel."""
        channel_id = int(effect.payload["channel"])
        noted = await self._journal.claim(effect.id, channel_id)
        if not noted:
            return
        guild_id = noted[0].row.guild_id
        shown = await self._described(noted)
        post = await self._put_together(guild_id, noted, shown, effect)
        told = [one for each in shown[: post.told] for one in each.message_ids]
        await self._journal.release([each.row for each in noted[post.told :]])
        trouble = None
        if effect.attempts >= LAST_ATTEMPT:
            trouble = _("Discord did not take it after several attempts")
        elif not (effect.uncertain and await self._sent(channel_id, effect)):
            trouble = await self._send(channel_id, post, effect)
        if trouble is None:
            self.troubles.pop(channel_id, None)
        else:
            self.troubles[channel_id] = (guild_id, trouble)
            self._ctx.log.warning("{} events were not told in channel {}: {}", post.told, channel_id, trouble)
        await self._journal.finish(effect.id, channel_id, told if trouble is None else ())

    async def _send(self, channel_id: int, post: _Post, effect: chandelier.Effect) -> str | None:
        """Send a post; returns why it never can be, raises when it may be later."""
        files = [hikari.Bytes(text.encode()[:FILE], name) for name, text in post.files]
        try:
            await self._ctx.rest.create_message(
                channel_id, embeds=post.embeds, attachments=files, nonce=_nonce(effect), **_SILENT
            )
        except hikari.NotFoundError:
            return _("the channel {channel} no longer exists", channel=channel_id)
        except hikari.ForbiddenError:
            return _(
                "I may not write in <#{channel}>; I need View Channel, Send Messages, Embed Links and Attach "
                "Files there",
                channel=channel_id,
            )
        except hikari.BadRequestError as error:
            return _("Discord refused it: {why}", why=error.message)
        return None

    async def _described(self, noted: Sequence[Noted]) -> list[Shown]:
        known = await self._looked_up([each.row for each in noted])
        return [describe(each, known) for each in noted]

    async def _looked_up(self, rows: Sequence[LogEntry]) -> Known:
        guild_id = rows[0].guild_id
        deleted = [row.message_id for row in rows if row.what == "deleted" and row.message_id is not None]
        for row in rows:
            deleted += [int(one) for one in row.details.get("messages", ())]
        joined = sorted({row.member_id for row in rows if row.what == "joined" and row.member_id is not None})
        left = [row for row in rows if row.what == "left" and row.member_id is not None]
        kept = await self._store.find(guild_id, deleted) if deleted else {}
        removing: dict[int, Case] = {}
        purging: dict[int, int] = {}
        leaving: dict[int, Case] = {}
        cases: dict[int, int] = {}
        ours = Case.guild_id == guild_id
        async with self._ctx.storage.read() as session:
            for some in _parts(deleted):
                query = select(Case).where(ours, Case.message_id.in_(some), Case.removal.is_not(None))
                removing |= {case.message_id or 0: case for case in await session.scalars(query)}
                purged = select(PurgedMessage.message_id, Purge.moderator_id).join(
                    Purge, Purge.id == PurgedMessage.purge_id
                )
                tried = PurgedMessage.message_id.in_(some), PurgedMessage.state != "found"
                purging |= {one: who for one, who in await session.execute(purged.where(*tried))}  # noqa: C416
            for some in _parts(joined):
                count = select(Case.target_id, func.count()).where(ours, Case.target_id.in_(some))
                found = await session.execute(count.group_by(Case.target_id))
                cases |= {who: many for who, many in found}  # noqa: C416 - typed, unlike dict(…)
            for part in _parts(left):
                targets = Case.target_id.in_({row.member_id for row in part})
                query = select(Case).where(ours, targets, Case.action.in_(("kick", "ban", "softban")))
                since = Case.created_at >= min(row.at for row in part) - JUST_BEFORE
                for case in await session.scalars(query.where(since).order_by(Case.number)):
                    leaving |= {row.id: case for row in part if _made_leave(case, row)}
        return Known(kept=kept, removing=removing, purging=purging, leaving=leaving, cases=cases)

    async def _put_together(
        self, guild_id: int, noted: Sequence[Noted], shown: Sequence[Shown], effect: chandelier.Effect
    ) -> _Post:
        language = await self._ctx.language(guild_id)
        watch = (await self._ctx.config_for(guild_id)).watch
        forms = [watch.format_of(each.row.kind) for each in noted]
        put = self._list if len(noted) > FEW else self._few
        post = put(shown, forms, language)
        post.embeds[-1].set_footer(_mark(effect))
        return post

    def _few(self, shown: Sequence[Shown], forms: Sequence[str], language: str | None) -> _Post:
        """Each event in its format, as many as fit; lines that follow each other share an embed."""
        post = _Post()
        in_lines = False
        for each, form in zip(shown, forms, strict=True):
            if len(post.files) == FILES:
                break
            if form == CARD:
                embed = self._ctx.into(language, card(each))
                if post.embeds and (
                    len(post.embeds) == EMBEDS or post.length + embed.total_length() > ALL_EMBEDS - 100
                ):
                    break
                post.embeds.append(embed)
                post.length += embed.total_length()
                in_lines = False
            else:
                said = crop(self._ctx.into(language, line(each, form)), LINE)
                if in_lines and _add_line(post, said):
                    pass
                elif post.embeds and (
                    len(post.embeds) == EMBEDS or post.length + len(said) > ALL_EMBEDS - 100
                ):
                    break
                else:
                    post.embeds.append(hikari.Embed(description=said, colour=_LOG_COLOUR))
                    post.length += len(said)
                in_lines = True
            if each.file is not None:
                post.files.append((f"messages-{post.told + 1}.txt", each.file))
            elif cropped(each, form):
                post.files.append((f"event-{post.told + 1}.txt", self._note(each, language)))
            post.told += 1
        return post

    def _list(self, shown: Sequence[Shown], forms: Sequence[str], language: str | None) -> _Post:
        """Many events: as many lines as fit, and all of them in a file."""
        lines: list[str] = []
        length, whole = 0, True
        for each, form in zip(shown, forms, strict=True):
            said = crop(self._ctx.into(language, line(each, form)), LINE)
            whole = whole and not cropped(each, "line") and each.file is None
            if length + len(said) + 1 <= DESCRIPTION - 200:
                lines.append(said)
                length += len(said) + 1
        post = _Post(told=len(shown))
        if len(lines) < len(shown) or not whole:
            text = _.count("All {n} events are in the file.", "All {n} events are in the file.", len(shown))
            lines.append(f"\n*{self._ctx.into(language, text)}*")
            notes = "\n".join(self._note(each, language) for each in shown)
            post.files.append(("events.txt", notes))
        post.embeds.append(hikari.Embed(description="\n".join(lines), colour=_LOG_COLOUR))
        return post

    def _note(self, shown: Shown, language: str | None) -> str:
        return note(shown, lambda text: self._ctx.into(language, text))

    async def _sent(self, channel_id: int, effect: chandelier.Effect) -> bool:
        """Whether an attempt whose end nobody saw did send the post."""
        try:
            async for message in self._ctx.rest.fetch_messages(channel_id).limit(LOOK_BACK):
                last = message.embeds[-1].footer if message.embeds else None
                if message.author.id == self._ctx.bot_id and last and last.text == _mark(effect):
                    return True
        except (hikari.ForbiddenError, hikari.NotFoundError):
            pass  # the post itself will say so
        return False


def _add_line(post: _Post, said: str) -> bool:
    embed = post.embeds[-1]
    together = f"{embed.description}\n{said}"
    if len(together) > DESCRIPTION or post.length + len(said) + 1 > ALL_EMBEDS - 100:
        return False
    embed.description = together
    post.length += len(said) + 1
    return True


def _made_leave(case: Case, row: LogEntry) -> bool:
    return case.target_id == row.member_id and abs(row.at - case.created_at) <= JUST_BEFORE


def _parts(many: Sequence[Any], size: int = 500) -> list[Sequence[Any]]:
    return [many[start : start + size] for start in range(0, len(many), size)]


def _mark(effect: chandelier.Effect) -> str:
    """What tells the post of an effect from all others."""
    return f"#{effect.id}"


def _nonce(effect: chandelier.Effect) -> str:
    """At most 25 characters. https://discord.com/developers/docs/resources/message#create-message"""
    return f"watch-{effect.id}"[:25]
