"""What a purge deleted, as text files: who wrote what and when, oldest first."""

from __future__ import annotations

from collections.abc import Sequence

import hikari

from chandelier_moderation.cleaning.moments import sent_at
from chandelier_moderation.cleaning.tables import Purge, PurgedMessage

__all__ = ["entry", "files"]

MOST_BYTES = 8 * 2**20
"""Of one file; Discord takes 10 MiB where no boosts raise it.
https://discord.com/developers/docs/reference#uploading-files"""


def files(purge: Purge, messages: Sequence[PurgedMessage], most: int = MOST_BYTES) -> list[hikari.Bytes]:
    """The transcript in as many files as it takes; none when nothing was deleted."""
    parts: list[bytearray] = []
    for message in messages:
        written = entry(message).encode()[:most]
        if not parts or len(parts[-1]) + len(written) > most:
            parts.append(bytearray())
        parts[-1] += written
    name = f"purge-{purge.id}"
    names = [
        f"{name}.txt" if len(parts) == 1 else f"{name}-{number}.txt" for number in range(1, len(parts) + 1)
    ]
    return [
        hikari.Bytes(bytes(part), name, mimetype="text/plain; charset=utf-8")
        for name, part in zip(names, parts, strict=True)
    ]


def entry(message: PurgedMessage) -> str:
    """One message: when, by whom, which, and what it said, indented so that nobody can write an entry."""
    when = sent_at(message.message_id).strftime("%Y-%m-%d %H:%M:%S UTC")
    who = f"{message.author} ({message.author_id})" if message.author else str(message.author_id)
    said = "".join(f"  {line}\n" for line in (message.content or "").splitlines())
    return f"[{when}] {who} · {message.message_id}\n{said}\n"
