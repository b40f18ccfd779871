"""Buttons, menus and forms that outlive the process: a signed custom id says who handles them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import attrs
import hikari
from lightbulb.components.base import MessageResponseMixinWithEdit
from lightbulb.context import MessageResponseMixin

from chandelier.languages import Languages
from chandelier.routing.spoken import Answering, form_into

__all__ = ["MAX_CUSTOM_ID", "ComponentIds", "ComponentPress", "FormSubmit", "Route"]

MAX_CUSTOM_ID = 100
"""Characters of a custom id. Source: Discord's documentation, Component reference."""

_PREFIX = "ch1"

InteractionT = TypeVar("InteractionT", hikari.ComponentInteraction, hikari.ModalInteraction)


@attrs.frozen
class Route:
    """What a custom id names."""

    plugin: str
    action: str
    payload: str


class ComponentIds:
    """Makes and reads custom ids ``ch1:PLUGIN:ACTION:PAYLOAD:SIGNATURE``."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, plugin: str, action: str, payload: str = "") -> str:
        """A signed custom id. Raises ValueError when it does not fit Discord's limit or has a colon."""
        if ":" in action or ":" in payload or not payload.isascii():
            raise ValueError("action and payload of a component are ASCII without colons")
        body = f"{_PREFIX}:{plugin}:{action}:{payload}"
        custom_id = f"{body}:{self._sign(body)}"
        if len(custom_id) > MAX_CUSTOM_ID:
            raise ValueError(
                f"the custom id for {action!r} has {len(custom_id)} of {MAX_CUSTOM_ID} characters"
            )
        return custom_id

    def read(self, custom_id: str) -> Route | None:
        """What a custom id names; None when it is not ours or its signature does not match."""
        body, _, signature = custom_id.rpartition(":")
        parts = body.split(":")
        if len(parts) != 4 or parts[0] != _PREFIX:
            return None
        if not hmac.compare_digest(signature.encode(), self._sign(body).encode()):
            return None
        return Route(*parts[1:])

    def _sign(self, body: str) -> str:
        digest = hmac.digest(self._key, body.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:9]).decode()


class _Person(Generic[InteractionT]):
    """Who did it and where: the same for a press and for a form."""

    __slots__ = ()

    _interaction: InteractionT

    @property
    def guild_id(self) -> hikari.Snowflake | None:
        """The guild in which it happened."""
        return self._interaction.guild_id

    @property
    def user(self) -> hikari.User:
        """Who did it."""
        return self._interaction.user

    @property
    def member(self) -> hikari.InteractionMember | None:
        """Who did it, as a member of the guild."""
        return self._interaction.member


class ComponentPress(
    _Person[hikari.ComponentInteraction],
    Answering,
    MessageResponseMixinWithEdit[hikari.ComponentInteraction],
):
    """A press of a button or a choice in a menu, with lightbulb's ways to answer."""

    __slots__ = ("_deferred_privately", "_interaction", "languages", "payload")

    def __init__(
        self,
        interaction: hikari.ComponentInteraction,
        payload: str,
        initial_response_sent: asyncio.Event,
        languages: Languages,
    ) -> None:
        super().__init__(initial_response_sent)
        self._interaction = interaction
        self._deferred_privately = False
        self.languages = languages
        self.payload: str = payload
        """What the plugin gave to ``ctx.component_id``."""

    @property
    def interaction(self) -> hikari.ComponentInteraction:
        """hikari's interaction."""
        return self._interaction

    @property
    def values(self) -> tuple[str, ...]:
        """What was chosen in a menu."""
        return tuple(self._interaction.values)

    async def show_form(self, title: str, custom_id: str, *rows: hikari.api.ModalActionRowBuilder) -> None:
        """Answer with a form; its custom id comes from ``ctx.component_id``."""
        said = form_into(self.languages, str(self._interaction.locale), title, {"components": rows})
        await self._interaction.create_modal_response(said, custom_id, components=rows)
        self._initial_response_sent.set()


class FormSubmit(_Person[hikari.ModalInteraction], Answering, MessageResponseMixin[hikari.ModalInteraction]):
    """A submitted form, with lightbulb's ways to answer."""

    __slots__ = ("_deferred_privately", "_interaction", "languages", "payload")

    def __init__(
        self,
        interaction: hikari.ModalInteraction,
        payload: str,
        initial_response_sent: asyncio.Event,
        languages: Languages,
    ) -> None:
        super().__init__(initial_response_sent)
        self._interaction = interaction
        self._deferred_privately = False
        self.languages = languages
        self.payload: str = payload
        """What the plugin gave to ``ctx.component_id``."""

    @property
    def interaction(self) -> hikari.ModalInteraction:
        """hikari's interaction."""
        return self._interaction

    @property
    def values(self) -> Mapping[str, str]:
        """What was typed, by the custom id of the field."""
        return {
            field.custom_id: field.value for row in self._interaction.components for field in _fields(row)
        }


def _fields(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, "components", ()))
