"""A rule tried on what was written lately: what it would have hit, before it is ever switched on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import hikari

import chandelier
from chandelier_moderation.automod.actions import Ladder
from chandelier_moderation.automod.content import content_of
from chandelier_moderation.automod.engine import Engine
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.counting import Counting
from chandelier_moderation.enforcing.guilds import Guarded
from chandelier_moderation.enforcing.judge import Found, Judge, Writing
from chandelier_moderation.enforcing.lists import DomainLists

__all__ = ["MOST_CHANNELS", "MOST_MESSAGES", "Backtest", "Report", "report_file"]

_ = chandelier.Messages("chandelier_moderation")

MOST_CHANNELS = 10
MOST_MESSAGES = 2_000
"""Of one backtest: twenty requests."""
_SHARE = 250
"""Messages that are matched before others have their turn."""
_READS = hikari.Permissions.VIEW_CHANNEL | hikari.Permissions.READ_MESSAGE_HISTORY


@attrs.frozen(kw_only=True)
class ReportHit:
    """One message that the rule would have hit."""

    channel_id: int
    message_id: int
    user_id: int
    found: tuple[str, ...]
    excerpt: str


@attrs.frozen(kw_only=True)
class Report:
    """What came of a backtest."""

    rule: Rule
    looked_at: Mapping[int, int]
    """Messages by channel."""
    hits: Sequence[ReportHit]
    """The newest first."""
    spared: int
    """Messages that it hits, whose authors or places it does not mean."""

    @property
    def members(self) -> Counter[int]:
        """Hits by member."""
        return Counter(hit.user_id for hit in self.hits)


class Backtest:
    """Reads channels and judges them by one rule."""

    def __init__(
        self, ctx: chandelier.PluginContext[ModerationConfig], judge: Judge, lists: DomainLists
    ) -> None:
        self._ctx = ctx
        self._judge = judge
        self._lists = lists

    async def run(
        self, guild_id: int, rule: Rule, channels: Sequence[int], last: int, asker: hikari.Member
    ) -> Report:
        """Judge the last messages of each channel that who asks may read.

        Raises InvalidRequest when there are too many of them, NotAllowed for a channel that is closed to the
        person or to the bot.
        """
        if len(channels) > MOST_CHANNELS or len(channels) * last > MOST_MESSAGES:
            raise chandelier.InvalidRequest(
                _(
                    "At most {channels} channels and {messages} messages in one backtest.",
                    channels=MOST_CHANNELS,
                    messages=MOST_MESSAGES,
                )
            )
        rule = attrs.evolve(rule, enabled=True)
        engine = await Engine.build([rule], await self._lists.of([rule]))
        guarded = Guarded(
            guild_id=guild_id,
            engine=engine,
            rules={},
            ladder=Ladder(),
            counting=(rule,),
            joining=(),
            kinds=frozenset(),
        )
        looked_at: dict[int, int] = {}
        messages: list[hikari.Message] = []
        for channel in channels:
            found = await self._messages(channel, last, asker)
            looked_at[channel] = len(found)
            messages += found
        messages.sort(key=lambda message: message.id)
        counting, members = Counting(self._judge.known_place), dict[int, hikari.Member | None]()
        hits: list[ReportHit] = []
        spared = 0
        for number, message in enumerate(messages):
            if number % _SHARE == _SHARE - 1:
                await asyncio.sleep(0)
            if message.author.id == self._ctx.bot_id:
                continue
            raw = raw_of(message)
            content = content_of(raw)
            candidates = [Found(hit) for hit in engine.match(content)]
            candidates += counting.found(guarded, raw, content)
            if not candidates:
                continue
            writing = Writing(
                guild_id=guild_id,
                user_id=int(message.author.id),
                content=content,
                channel_id=int(message.channel_id),
                message_id=int(message.id),
                member=await self._member(members, guild_id, message),
                bot=message.author.is_bot and message.webhook_id is None,
                webhook=message.webhook_id is not None,
                edited=message.edited_timestamp is not None,
            )
            kept = await self._judge.kept(writing, candidates)
            spared += not kept
            hits += [_line(message, one) for one in kept]
        hits.reverse()
        return Report(rule=rule, looked_at=looked_at, hits=hits, spared=spared)

    async def _messages(self, channel_id: int, last: int, asker: hikari.Member) -> list[hikari.Message]:
        person = await chandelier.person_in_channel(self._ctx, asker, channel_id)
        if _READS & ~person.permissions:
            raise chandelier.NotAllowed(
                _("You cannot read {channel}, so it is not looked through.", channel=f"<#{channel_id}>")
            )
        try:
            return [message async for message in self._ctx.rest.fetch_messages(channel_id).limit(last)]
        except (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError):
            raise chandelier.NotAllowed(_("I cannot read {channel}.", channel=f"<#{channel_id}>")) from None

    async def _member(
        self, known: dict[int, hikari.Member | None], guild_id: int, message: hikari.Message
    ) -> hikari.Member | None:
        user_id = int(message.author.id)
        if message.webhook_id is not None:
            return None
        if user_id not in known:
            try:
                known[user_id] = await self._ctx.rest.fetch_member(guild_id, user_id)
            except hikari.NotFoundError:
                known[user_id] = None
        return known[user_id]


def raw_of(message: hikari.Message) -> dict[str, Any]:
    """Of a message as hikari has it, what rules look at, in the form in which Discord sends it."""
    snapshots = message.message_snapshots or ()
    return {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "author": {"id": str(message.author.id), "bot": message.author.is_bot},
        "webhook_id": None if message.webhook_id is None else str(message.webhook_id),
        "mentions": [{"id": str(user)} for user in message.user_mentions_ids or ()],
        "mention_roles": [str(role) for role in message.role_mention_ids or ()],
        "mention_everyone": bool(message.mentions_everyone),
        "poll": _poll(message.poll),
        "message_snapshots": [{"message": _texts(snapshot)} for snapshot in snapshots],
        **_texts(message),
    }


def _texts(message: Any) -> dict[str, Any]:
    return {
        "content": message.content or "",
        "embeds": [_embed(embed) for embed in message.embeds or ()],
        "attachments": [
            {
                "filename": file.filename,
                "content_type": file.media_type,
                "title": file.title,
                "description": file.description,
            }
            for file in message.attachments or ()
        ],
    }


def _poll(poll: hikari.Poll | None) -> dict[str, Any] | None:
    if poll is None:
        return None
    answers = [{"poll_media": {"text": answer.poll_media.text}} for answer in poll.answers]
    return {"question": {"text": poll.question.text}, "answers": answers}


def _embed(embed: hikari.Embed) -> dict[str, Any]:
    author, footer, provider = embed.author, embed.footer, embed.provider
    return {
        "title": embed.title,
        "description": embed.description,
        "url": embed.url,
        "author": None if author is None else {"name": author.name, "url": author.url},
        "footer": None if footer is None else {"text": footer.text},
        "provider": None if provider is None else {"name": provider.name, "url": provider.url},
        "fields": [{"name": field.name, "value": field.value} for field in embed.fields],
    }


def _line(message: hikari.Message, found: Found) -> ReportHit:
    return ReportHit(
        channel_id=int(message.channel_id),
        message_id=int(message.id),
        user_id=int(message.author.id),
        found=found.hit.found,
        excerpt=found.hit.excerpt,
    )


def report_file(report: Report, guild_id: int) -> hikari.Bytes | None:
    """All hits as a text file; None when there are none."""
    if not report.hits:
        return None
    lines = [
        "\t".join(
            (
                f"https://discord.com/channels/{guild_id}/{hit.channel_id}/{hit.message_id}",
                str(hit.user_id),
                ", ".join(hit.found),
                " ".join(hit.excerpt.split()),
            )
        )
        for hit in report.hits
    ]
    return hikari.Bytes("\n".join(lines) + "\n", "backtest.tsv")
