"""Queries: messages as anybody could read them, and the answer to an interaction as its user sees it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._simcord import InteractionModel, MessageModel, ResponseKind, serializers, walk_components

if TYPE_CHECKING:
    from .local import LocalDiscord

__all__ = ["Message", "Reply"]


class Message:
    """A live view of one message: it changes as the message is edited."""

    def __init__(self, discord: LocalDiscord, model: MessageModel) -> None:
        self.discord = discord
        self.model = model
        self.id = model.id
        self.channel_id = model.channel_id

    @property
    def content(self) -> str:
        """The text."""
        return self.model.content

    @property
    def embeds(self) -> list[dict[str, Any]]:
        """The embeds, as Discord's JSON."""
        return copy.deepcopy(self.model.embeds)

    @property
    def text(self) -> str:
        """Content, embeds and text components in one string, for assertions."""
        return _text(self.model.content, self.model.embeds, self.model.components)

    @property
    def author_id(self) -> int:
        """Who wrote it."""
        return self.model.author_id

    @property
    def reactions(self) -> dict[str, list[int]]:
        """User ids by emoji (custom ones as ``name:id``), in the order they reacted."""
        return {
            reaction.emoji: list(reaction.user_ids) for reaction in self.model.reactions if reaction.user_ids
        }

    @property
    def components(self) -> list[dict[str, Any]]:
        """Buttons, menus and layout, as Discord's JSON."""
        return copy.deepcopy(self.model.components)

    @property
    def attachments(self) -> list[dict[str, Any]]:
        """Files, with ``filename``, ``size`` and a ``url`` that answers."""
        return copy.deepcopy(self.model.attachments)

    @property
    def forwarded(self) -> dict[str, Any] | None:
        """The snapshot that a forward carries, or None when this is no forward."""
        if not self.model.snapshots:
            return None
        return copy.deepcopy(self.model.snapshots[0]["message"])

    @property
    def reference(self) -> dict[str, Any] | None:
        """What it replies to or forwards: ``channel_id`` and ``message_id`` as strings."""
        return dict(self.model.reference) if self.model.reference is not None else None

    @property
    def edited(self) -> bool:
        """Whether it was edited."""
        return self.model.edited_timestamp is not None

    @property
    def pinged(self) -> list[int]:
        """Ids of the users and roles that were really notified (after ``allowed_mentions``)."""
        return [*self.model.ping_user_ids, *self.model.ping_role_ids]

    @property
    def flags(self) -> int:
        """Discord's message flags."""
        return self.model.flags

    @property
    def ephemeral(self) -> bool:
        """Whether only one person can see it."""
        return self.model.is_ephemeral

    def unfurl(self, embeds: Sequence[Mapping[str, Any]]) -> None:
        """Arrange what Discord does with links: embeds arrive in an update that is no edit by anybody."""
        self.model.embeds = [dict(embed) for embed in embeds]
        payload = serializers.message_payload(self.discord.backend, self.model)
        self.discord.backend.emit("MESSAGE_UPDATE", dict(payload))

    @property
    def deleted(self) -> bool:
        """Whether it is gone."""
        return self.discord.backend.messages.get(self.channel_id, {}).get(self.id) is not self.model

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Message {self.id} {self.content[:40]!r}>"


class Reply:
    """A live view of what the bot made of one interaction."""

    def __init__(self, discord: LocalDiscord, record: InteractionModel) -> None:
        self.discord = discord
        self.record = record
        self.id = record.id

    @property
    def acknowledged(self) -> bool:
        """Whether the bot answered at all, were it only by deferring."""
        return self.record.responded

    @property
    def deferred(self) -> bool:
        """Whether the bot asked for more time and has not used it yet (the client shows "thinking…")."""
        return self.record.deferred

    @property
    def ephemeral(self) -> bool:
        """Whether only the person who acted sees the answer."""
        return self.record.ephemeral

    @property
    def message(self) -> Message | None:
        """The message that answers, once there is one: also a component's message that was updated."""
        if self.record.message_id is None:
            return None
        model = self.discord.backend.messages.get(self.record.channel_id, {}).get(self.record.message_id)
        return Message(self.discord, model) if model is not None else None

    @property
    def updated(self) -> bool:
        """Whether the answer was an update of the message whose component was used."""
        return self.record.response_kind in (ResponseKind.UPDATE, ResponseKind.DEFERRED_UPDATE)

    @property
    def followups(self) -> list[Message]:
        """Further messages, oldest first, without deleted ones."""
        stored = self.discord.backend.messages.get(self.record.channel_id, {})
        return [Message(self.discord, stored[i]) for i in self.record.followup_ids if i in stored]

    @property
    def content(self) -> str:
        """The answer's text; empty without an answer."""
        return self.message.content if self.message is not None else ""

    @property
    def embeds(self) -> list[dict[str, Any]]:
        """The answer's embeds."""
        return self.message.embeds if self.message is not None else []

    @property
    def components(self) -> list[dict[str, Any]]:
        """The answer's components."""
        return self.message.components if self.message is not None else []

    @property
    def text(self) -> str:
        """Everything the person can read, follow-ups included, in one string."""
        shown = [self.message] if self.message is not None else []
        return "\n".join(message.text for message in [*shown, *self.followups])

    @property
    def modal(self) -> dict[str, Any] | None:
        """The form that was opened, as Discord's JSON."""
        return copy.deepcopy(self.record.modal)

    @property
    def choices(self) -> list[dict[str, Any]]:
        """What autocomplete offered."""
        return copy.deepcopy(self.record.autocomplete_choices or [])

    async def answered(self, *, patience: float | None = None) -> Reply:
        """Wait until there is a finished answer (not merely a deferral); see ``acknowledged`` after it."""
        await self.discord.until(lambda: self.acknowledged and not self.deferred, patience=patience)
        await self.discord.settle()
        return self

    def __repr__(self) -> str:
        state = self.record.response_kind or "unanswered"
        return f"<Reply {state} {self.text[:60]!r}>"


def _text(content: str, embeds: Iterable[dict[str, Any]], components: list[dict[str, Any]]) -> str:
    parts = [content]
    for embed in embeds:
        parts += [embed.get("title"), embed.get("description"), (embed.get("author") or {}).get("name")]
        for field in embed.get("fields") or []:
            parts += [field.get("name"), field.get("value")]
        parts.append((embed.get("footer") or {}).get("text"))
    parts += [c.get("content") for c in walk_components(components) if c.get("type") == 10]
    return "\n".join(part for part in parts if part)
