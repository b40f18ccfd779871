"""What `/purge` is to delete: the wishes of a moderator, and whether a message fits them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import hikari
import re2

import chandelier

__all__ = ["LONGEST_PATTERN", "Selection", "Wanted", "can_be_deleted", "words_in"]

_ = chandelier.Messages("chandelier_moderation")

LONGEST_PATTERN = 500
"""Characters of a regular expression."""
_MOST_MEMORY = 1 << 20
"""Bytes that RE2 may take for one expression, an eighth of what it would."""
_LINK = re.compile(r"\bhttps?://[^\s/?#]|\bdiscord(?:app)?\.(?:gg|com/invite)/\w", re.IGNORECASE)

# The column "Deletable" of
# https://discord.com/developers/docs/resources/message#message-object-message-types
_UNDELETABLE = frozenset(
    {
        hikari.MessageType.RECIPIENT_ADD,
        hikari.MessageType.RECIPIENT_REMOVE,
        hikari.MessageType.CALL,
        hikari.MessageType.CHANNEL_NAME_CHANGE,
        hikari.MessageType.CHANNEL_ICON_CHANGE,
        hikari.MessageType.GUILD_DISCOVERY_DISQUALIFIED,
        hikari.MessageType.GUILD_DISCOVERY_REQUALIFIED,
        hikari.MessageType.GUILD_DISCOVERY_GRACE_PERIOD_INITIAL_WARNING,
        hikari.MessageType.GUILD_DISCOVERY_GRACE_PERIOD_FINAL_WARNING,
        hikari.MessageType.THREAD_STARTER_MESSAGE,
    }
)


@attrs.frozen(kw_only=True)
class Wanted:
    """The options of one `/purge`. Of those that are None or empty, any message fits."""

    count: int | None = None
    """How many to delete at most, the newest first."""
    member: int | None = None
    """The author's id."""
    bots: bool | None = None
    """Only what bots and webhooks wrote (True), or only the others' (False); so for the next ones, too."""
    text: str = ""
    """What is contained in it, in upper or lower case."""
    regex: str = ""
    links: bool | None = None
    attachments: bool | None = None
    embeds: bool | None = None
    before: int | None = None
    """Only messages with a smaller id than this."""
    after: int | None = None
    """Only messages with a greater id than this."""
    pinned: bool = False
    """Pinned ones, too."""

    @property
    def says_something(self) -> bool:
        """Whether it says at all which messages are meant."""
        return attrs.evolve(self, pinned=False) != Wanted()

    def stored(self) -> Mapping[str, Any]:
        """As JSON, for `read`; ids as text."""
        values = attrs.asdict(self)
        return {name: _IDS.get(name, _same)(value) for name, value in values.items() if value is not None}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Wanted:
        """What `stored` gave."""
        values: dict[str, Any] = {
            name: int(value) if name in _IDS else value for name, value in stored.items()
        }
        return cls(**values)


def _same(value: Any) -> Any:
    return value


_IDS = {"member": str, "before": str, "after": str}


class Selection:
    """Wishes, compiled. Raises InvalidRequest when the regular expression is none that can be run."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._text = wanted.text.casefold()
        self._expression = _compiled(wanted.regex) if wanted.regex else None

    def fits(self, message: hikari.Message) -> bool:
        """Whether a message is one of those that are meant; whether it is pinned is another question."""
        wanted = self.wanted
        if not (wanted.after or 0) < message.id < (wanted.before or 1 << 63):
            return False
        if wanted.member is not None and message.author.id != wanted.member:
            return False
        for wish, is_so in (
            (wanted.bots, lambda: message.author.is_bot or message.webhook_id is not None),
            (wanted.attachments, lambda: any(part.attachments for part in _parts(message))),
            (wanted.embeds, lambda: any(part.embeds for part in _parts(message))),
            (wanted.links, lambda: any(_LINK.search(part.content or "") for part in _parts(message))),
        ):
            if wish is not None and wish != is_so():
                return False
        if not self._text and self._expression is None:
            return True
        text = "\n".join(words_in(message))
        if self._text not in text.casefold():
            return False
        return self._expression is None or self._expression.search(text) is not None


def can_be_deleted(message: hikari.Message) -> bool:
    """False for the few kinds of system messages that Discord keeps."""
    return message.type not in _UNDELETABLE and not message.flags & hikari.MessageFlag.EPHEMERAL


def words_in(message: hikari.Message) -> Iterator[str]:
    """Everything that is read in a message: written, forwarded, embedded, asked, and the names of files."""
    for part in _parts(message):
        yield part.content or ""
        for embed in part.embeds or ():
            yield from _embedded(embed)
        for file in part.attachments or ():
            yield file.filename
    if message.poll is not None:
        yield message.poll.question.text or ""
        for answer in message.poll.answers:
            yield answer.poll_media.text or ""


def _parts(message: hikari.Message) -> Iterator[Any]:
    """The message and what it forwards."""
    yield message
    yield from message.message_snapshots or ()


def _embedded(embed: hikari.Embed) -> Iterator[str]:
    if embed.author is not None:
        yield embed.author.name or ""
    yield embed.title or ""
    yield embed.description or ""
    for field in embed.fields:
        yield field.name
        yield field.value
    if embed.footer is not None:
        yield embed.footer.text or ""


def _compiled(pattern: str) -> Any:
    if len(pattern) > LONGEST_PATTERN:
        raise chandelier.InvalidRequest(
            _(
                "The regular expression has {length} of at most {most} characters.",
                length=len(pattern),
                most=LONGEST_PATTERN,
            )
        )
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    options.never_capture = True
    try:
        return re2.compile(pattern, options)
    except re2.error as refused:
        raise chandelier.InvalidRequest(
            _("That is no regular expression that I can run: {why}.", why=_why(refused))
        ) from None


def _why(refused: Exception) -> str:
    why = refused.args[0] if refused.args else "unknown reason"
    return why.decode(errors="replace") if isinstance(why, bytes) else str(why)
