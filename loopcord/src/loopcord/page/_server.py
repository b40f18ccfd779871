"""The page's small web server: static files, a stream of news, and one door for acts.

Every route lies under the secret of the address and passes the guard first.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from typing import Any

from aiohttp import web

from loopcord.errors import ActError

from ._guard import Guard
from ._stream import Changes, View

__all__ = ["Act", "PageServer"]

Act = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]

MAX_BODY = 12 * 1024 * 1024
"""Bytes of one act: an 8 MiB attachment in base64 and some text."""

KEEP_ALIVE_SECONDS = 15.0
FRAME_SECONDS = 1 / 30
"""Changes within this time travel together, so that a storm of events costs a browser 30 looks a second."""
HISTORY = 1000
"""Most messages a browser may ask to see of one channel."""

_STATIC = (
    "index.html", "style.css", "app.js", "chat.js", "commands.js", "components.js", "composer.js",
    "dialogs.js", "dom.js", "markdown.js", "popups.js", "sidebar.js",
)  # fmt: skip
_SAFE_MEDIA = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})


class PageServer:
    """Serves one page on 127.0.0.1 until closed."""

    def __init__(
        self,
        guard: Guard,
        changes: Changes,
        *,
        about: Callable[[], dict[str, Any]],
        view: Callable[[str, str, int], View | None],
        act: Act,
        media: Callable[[str], bytes | None],
        typing: Callable[[View, int], tuple[int, list[dict[str, str]]]],
    ) -> None:
        self._guard = guard
        self._changes = changes
        self._about = about
        self._view = view
        self._act = act
        self._media = media
        self._typing = typing
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Bind 127.0.0.1:``port`` (0 for a free one) and serve. Raises OSError when the port is taken."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guarded])
        app.router.add_get("/{secret}/", self._file)
        app.router.add_get("/{secret}/about", self._tell_about)
        app.router.add_get("/{secret}/stream", self._stream)
        app.router.add_post("/{secret}/act", self._do)
        app.router.add_get("/{secret}/media/{path:.+}", self._serve_media)
        app.router.add_get("/{secret}/{name}", self._file)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = int(runner.addresses[0][1])
        self._guard.listen(self.port)

    async def close(self) -> None:
        """End every stream and free the port."""
        self._changes.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        refusal = self._guard.refusal(request.method, request.match_info.get("secret", ""), request.headers)
        if refusal is not None:
            return web.Response(status=403, text=f"Refused: {refusal}.\n", headers=self._guard.headers)
        try:
            return await handler(request)
        except web.HTTPException as error:
            error.headers.update(self._guard.headers)
            raise

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        if name not in _STATIC:
            raise web.HTTPNotFound(text="There is no such file in this page.\n")
        text = resources.files("loopcord.page").joinpath("static", name).read_text(encoding="utf-8")
        kind = mimetypes.guess_type(name)[0] or "text/plain"
        return web.Response(text=text, content_type=kind, charset="utf-8", headers=self._guard.headers)

    async def _tell_about(self, _request: web.Request) -> web.Response:
        return web.json_response(self._about(), headers=self._guard.headers)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        limit = min(int(query["limit"]), HISTORY) if query.get("limit", "").isdecimal() else 0
        view = self._view(query.get("as", ""), query.get("channel", ""), limit)
        if view is None:
            raise web.HTTPNotFound(text="There is no such member or channel on this page.\n")
        response = web.StreamResponse(
            headers={**self._guard.headers, "Content-Type": "text/event-stream; charset=utf-8"}
        )
        await response.prepare(request)
        heard = self._typing(view, 0)[0]  # who typed before this browser came is of no interest
        try:
            while not self._changes.closed:
                seen = self._changes.count
                news = dict(view.news())
                heard, typists = self._typing(view, heard)
                if typists:
                    news["typing"] = typists
                if news:
                    await response.write(f"data: {json.dumps(news)}\n\n".encode())
                if not await self._changes.wait(seen, KEEP_ALIVE_SECONDS):
                    await response.write(b": still here\n\n")
                await asyncio.sleep(FRAME_SECONDS)
        except (ConnectionResetError, asyncio.CancelledError):
            return response  # the browser went away or the page closes: nothing to repair
        return response

    async def _do(self, request: web.Request) -> web.Response:
        try:
            asked = await request.json()
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            return self._refuse("An act is a JSON object.", 400)
        try:
            answer = await self._act(asked)
        except ActError as error:
            return self._refuse(str(error), 422)
        return web.json_response(answer, headers=self._guard.headers)

    def _refuse(self, why: str, status: int) -> web.Response:
        return web.json_response({"error": why}, status=status, headers=self._guard.headers)

    async def _serve_media(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        body = self._media(path)
        if body is None:
            raise web.HTTPNotFound(text="There is no such file.\n")
        kind = mimetypes.guess_type(path)[0]
        headers = dict(self._guard.headers)
        if kind not in _SAFE_MEDIA:  # an uploaded page or drawing must not run as a part of this one
            kind, headers["Content-Disposition"] = "application/octet-stream", "attachment"
        return web.Response(body=body, content_type=kind, headers=headers)
