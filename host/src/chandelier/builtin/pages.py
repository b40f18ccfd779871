"""Pages of an answer, turned by signed buttons that still work after a restart."""

from __future__ import annotations

from collections.abc import Callable

import hikari

from chandelier.languages import Messages

__all__ = ["pager"]

_ = Messages(__package__)


def pager(
    make: Callable[[str], str],
    say: Callable[[str], str],
    *,
    back: str | None,
    on: str | None,
) -> list[hikari.api.MessageActionRowBuilder]:
    """A row with the buttons "Back" and "More"; none when there is only one page.

    ``make`` makes the custom id of a payload, ``say`` puts a text into the reader's language; ``back`` and
    ``on`` are payloads, None where that way there is no page.
    """
    if back is None and on is None:
        return []
    row = hikari.impl.MessageActionRowBuilder()
    # Discord refuses two components of one custom id, so a button without a page has one that is its own.
    for label, payload, none in ((_("Back"), back, "none-back"), (_("More"), on, "none-on")):
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            make(payload if payload is not None else none),
            label=say(label),
            is_disabled=payload is None,
        )
    return [row]
