"""Reading a REST request: the API's path, the JSON and the files, from plain and multipart bodies."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .wire import loads

__all__ = ["Upload", "path_of", "read_body"]

#: Versions of the API that are answered; both spell the modelled routes alike.
_PREFIXES = ("/api/v10", "/api/v9")


@dataclass(slots=True)
class Upload:
    """A file of a multipart request, in the shape simcord's handlers read."""

    filename: str
    fp: io.BytesIO
    description: str | None = None


def path_of(raw: str) -> str:
    """The path below ``/api/vN``; percent-escapes stay for the handlers that expect them.

    But for ``@``, as in ``@me`` and ``@original``: some clients escape it, and a path may have it plain
    (RFC 3986, 3.3), so both spellings are one path.
    """
    raw = raw.replace("%40", "@")
    for prefix in _PREFIXES:
        if raw.startswith(prefix + "/"):
            return raw[len(prefix) :]
    return raw


async def read_body(request: web.Request) -> tuple[Any, list[Upload]]:
    """The JSON of a request and its files, from a plain or a multipart body."""
    if not request.can_read_body:
        return None, []
    if not request.content_type.startswith("multipart/"):
        data = await request.read()
        return (loads(data) if data else None), []
    body: Any = None
    scalars: dict[str, Any] = {}
    uploads: list[tuple[str, Upload]] = []
    for name, part in (await request.post()).items():
        if isinstance(part, web.FileField):
            uploads.append((name, Upload(part.filename, io.BytesIO(part.file.read()))))
        elif name == "payload_json":
            body = loads(part if isinstance(part, str) else bytes(part))
        else:
            scalars[name] = part
    if body is None and scalars:
        body = scalars
    uploads.sort(
        key=lambda item: item[0] if not item[0].startswith("files[") else f"files[{item[0][6:-1]:0>4}]"
    )
    attachments = body.get("attachments") if isinstance(body, dict) else None
    described = {str(item.get("id")): item for item in attachments or [] if isinstance(item, dict)}
    for name, upload in uploads:
        item = described.get(name[6:-1] if name.startswith("files[") else "")
        if item is not None:
            upload.description = item.get("description")
            upload.filename = item.get("filename") or upload.filename
    return body, [upload for _, upload in uploads]
