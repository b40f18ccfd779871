"""Whatever goes to Discord with messages in it, turned into one language and cut to what Discord takes.

A translation may be longer than the English that its author measured; Discord refuses what is too long.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard, cast

import hikari
from hikari.embeds import EmbedField

from chandelier.languages import Joined, Message

__all__ = ["CONTENT", "component_into", "cut", "embed_into", "reply_into"]

Say = Callable[[str], str]

# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
TITLE, DESCRIPTION, NAME, VALUE, FOOTER, AUTHOR = 256, 4096, 256, 1024, 2048, 256
CONTENT = 2000
"""Characters of a message. Source: https://discord.com/developers/docs/resources/message#create-message"""
_PARTS: Mapping[type[Any], Mapping[str, int]] = {
    hikari.api.ButtonBuilder: {"label": 80},
    hikari.api.SelectMenuBuilder: {"placeholder": 150},
    hikari.api.SelectOptionBuilder: {"label": 100, "description": 100},
    hikari.api.TextInputBuilder: {"label": 45, "placeholder": 100, "value": 4000},
}
"""Characters of what is read in a component.

Source: https://discord.com/developers/docs/components/reference
"""


def cut(text: str, longest: int) -> str:
    """A text that fits, with an ellipsis where something is missing."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def embed_into(embed: hikari.Embed, say: Say) -> hikari.Embed:
    """A copy of an embed in which every message is in a language."""
    made, footer, author = copy.copy(embed), embed.footer, embed.author
    if _is_message(text := embed.title):
        made.title = cut(say(text), TITLE)
    if _is_message(text := embed.description):
        made.description = cut(say(text), DESCRIPTION)
    if footer is not None and _is_message(text := footer.text):
        made._footer = copy.copy(footer)
        made._footer.text = cut(say(text), FOOTER)
    if author is not None and _is_message(text := author.name):
        made._author = copy.copy(author)
        made._author.name = cut(say(text), AUTHOR)
    made._fields = [
        EmbedField(
            name=cut(say(field.name), NAME), value=cut(say(field.value), VALUE), inline=field.is_inline
        )
        for field in embed.fields
    ]
    return made


def component_into(builder: Any, say: Say) -> None:
    """Turn the messages in a component, and in those inside it, into a language, in place."""
    for kind, parts in _PARTS.items():
        if isinstance(builder, kind):
            for part, longest in parts.items():
                text = getattr(builder, part, None)
                if _is_message(text):
                    getattr(builder, f"set_{part}")(cut(say(text), longest))
    for inside in ("components", "options"):
        held = getattr(builder, inside, None)
        for one in cast("Sequence[Any]", held) if isinstance(held, Sequence) else ():
            component_into(one, say)


def reply_into(content: Any, options: Mapping[str, Any], say: Say) -> tuple[Any, dict[str, Any]]:
    """The content and the other parts of a message, as lightbulb and hikari take them, in a language."""
    said = dict(options)
    if isinstance(said.get("embed"), hikari.Embed):
        said["embed"] = embed_into(said["embed"], say)
    if said.get("embeds"):
        said["embeds"] = [embed_into(embed, say) for embed in said["embeds"]]
    for one in (said.get("component"), *(said.get("components") or ())):
        component_into(one, say)
    if isinstance(content, hikari.Embed):
        return embed_into(content, say), said
    return (cut(say(content), CONTENT) if _is_message(content) else content), said


def _is_message(text: Any) -> TypeGuard[Message | Joined]:
    return isinstance(text, Message | Joined)
