"""What of a message is looked at: its texts, part by part, and its files, from Discord's raw JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import attrs

from chandelier_moderation.automod.rules import Part

__all__ = ["Attachment", "Content", "Text", "content_of", "content_of_name"]


@attrs.frozen
class Text:
    """One text of a message."""

    part: Part
    text: str


@attrs.frozen
class Attachment:
    """A file of a message."""

    name: str
    content_type: str = ""
    """As Discord tells it (`image/png`); empty when it does not."""
    part: Part = "attachment"


@attrs.frozen(kw_only=True)
class Content:
    """All of a message that rules look at. Built once per message, whatever the number of rules."""

    texts: tuple[Text, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    mentions: int = 0
    """Different members and roles that are mentioned, `@everyone` and `@here` together as one."""

    def __bool__(self) -> bool:
        return bool(self.texts or self.attachments or self.mentions)

    @property
    def digest(self) -> str:
        """The same for the same content, in hexadecimal: a rule hits once per message and digest."""
        parts = [f"{text.part}\0{text.text}" for text in self.texts]
        parts += [f"{file.part}\0{file.name}\0{file.content_type}" for file in self.attachments]
        return blake2b("\1".join(parts).encode(errors="surrogatepass"), digest_size=12).hexdigest()


def content_of(message: Mapping[str, Any]) -> Content:
    """What is to be looked at of Discord's raw message, or of what a raw update brings of one.

    A key that is missing, as in updates, or null counts as empty; nothing in a message makes this fail.
    Source: https://docs.discord.com/developers/resources/message#message-object
    """
    texts = [*_texts(message, forwarded=False)]
    attachments = [*_attachments(message, "attachment")]
    for snapshot in _objects(message.get("message_snapshots")):
        inner = _object(snapshot.get("message"))
        texts += _texts(inner, forwarded=True)
        attachments += _attachments(inner, "forward")
    return Content(texts=tuple(texts), attachments=tuple(attachments), mentions=_mentions(message))


def content_of_name(part: Part, name: str) -> Content:
    """A nickname's or a thread's content."""
    return Content(texts=(Text(part, name),) if name else ())


def _texts(message: Mapping[str, Any], *, forwarded: bool) -> Iterator[Text]:
    content = message.get("content")
    if content:
        yield Text("forward" if forwarded else "content", str(content))
    for embed in _objects(message.get("embeds")):
        text = "\n".join(_embed_lines(embed))
        if text:
            yield Text("forward" if forwarded else "embed", text)
    poll = _object(message.get("poll"))
    if poll:
        question = _object(poll.get("question")).get("text")
        answers = [_object(answer.get("poll_media")).get("text") for answer in _objects(poll.get("answers"))]
        text = "\n".join(str(line) for line in (question, *answers) if line)
        if text:
            yield Text("forward" if forwarded else "poll", text)
    for file in _objects(message.get("attachments")):
        for key in ("title", "description"):
            if file.get(key):
                yield Text("forward" if forwarded else "attachment", str(file[key]))


def _embed_lines(embed: Mapping[str, Any]) -> Iterator[str]:
    author, footer, provider = (_object(embed.get(key)) for key in ("author", "footer", "provider"))
    lines = [embed.get("title"), embed.get("description"), embed.get("url"), author.get("name")]
    lines += [author.get("url"), footer.get("text"), provider.get("name"), provider.get("url")]
    for field in _objects(embed.get("fields")):
        lines += [field.get("name"), field.get("value")]
    yield from (str(line) for line in lines if line)


def _attachments(message: Mapping[str, Any], part: Part) -> Iterator[Attachment]:
    for file in _objects(message.get("attachments")):
        yield Attachment(str(file.get("filename") or ""), str(file.get("content_type") or ""), part)


def _mentions(message: Mapping[str, Any]) -> int:
    users = {str(user.get("id")) for user in _objects(message.get("mentions"))}
    roles = {str(role) for role in _list(message.get("mention_roles"))}
    return len(users) + len(roles) + bool(message.get("mention_everyone"))


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in _list(value) if isinstance(item, Mapping)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
