"""An export as files that Discord takes: one JSON file, or as many ZIP archives as it needs."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["LARGEST", "pack"]

LARGEST: Final = 10 * 1024 * 1024
"""Bytes of one attachment without anybody's boosts or Nitro.
Source: https://discord.com/developers/docs/reference#uploading-files"""

_OVERHEAD: Final = 1024
"""Bytes of an archive for one file in it besides its name and content, generously."""


def pack(
    name: str, document: Mapping[str, Any], files: Mapping[str, bytes], *, largest: int = LARGEST
) -> list[tuple[str, bytes]]:
    """(file name, content) of everything, none larger than ``largest``.

    A small export without files is one JSON file. Else it is ZIP archives; what does not fit in one is cut
    into numbered parts, which `cat` puts together again. Takes time: call it in a thread.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str).encode("utf-8", "replace")
    if not files and len(text) <= largest:
        return [(f"{name}.json", text)]
    entries = {f"{name}.json": text, **{_safe(path): content for path, content in files.items()}}
    archives: list[list[tuple[str, bytes]]] = [[]]
    room = largest - _OVERHEAD
    for path, content in _pieces(entries, largest - 4 * _OVERHEAD - largest // 100):
        size = len(zlib.compress(content)) + 2 * len(path.encode()) + _OVERHEAD
        if size > room and archives[-1]:
            archives.append([])
            room = largest - _OVERHEAD
        archives[-1].append((path, content))
        room -= size
    if len(archives) == 1:
        return [(f"{name}.zip", _archive(archives[0]))]
    return [
        (f"{name}-{number}-of-{len(archives)}.zip", _archive(each)) for number, each in enumerate(archives, 1)
    ]


def _pieces(entries: Mapping[str, bytes], longest: int) -> list[tuple[str, bytes]]:
    pieces: list[tuple[str, bytes]] = []
    for path, content in entries.items():
        if len(content) <= longest or len(zlib.compress(content)) <= longest:
            pieces.append((path, content))
            continue
        cuts = range(0, len(content), longest)
        pieces += [
            (f"{path}.part{number:03}", content[at : at + longest]) for number, at in enumerate(cuts, 1)
        ]
    return pieces


def _archive(entries: list[tuple[str, bytes]]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in entries:
            archive.writestr(path, content)
    return written.getvalue()


def _safe(path: str) -> str:
    """A path that stays inside the folder in which the archive is unpacked."""
    parts = [re.sub(r"[^\w.@+ -]", "_", part) for part in path.split("/")]
    return "/".join(part for part in parts if part.strip(". ")) or "file"
