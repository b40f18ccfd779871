"""The REST side: aiohttp in front of simcord's route table.

A request passes: fault injection, authentication, our own routes (:mod:`loopcord.routes`), simcord's.
What neither knows answers 501 with the route's name, so that nothing is silently faked.
"""

from __future__ import annotations

import fnmatch
import io
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from aiohttp import web

from . import routes, routes_app, routes_guild
from ._simcord import BackendError, RequestContext, RouteNotImplemented, UnsupportedField, dispatch
from .wire import dumps, loads

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["Fault", "Request", "RestServer"]

#: Versions of the API that are answered; both spell the modelled routes alike.
_PREFIXES = ("/api/v10", "/api/v9")


class Request(NamedTuple):
    """A request that the bot made, as ``discord.requests`` keeps it."""

    method: str
    path: str
    body: Any
    reason: str | None
    status: int


@dataclass(slots=True)
class Fault:
    """An answer to give instead of the real one, for the next ``times`` matching requests."""

    method: str
    path_glob: str
    status: int
    times: int | None
    code: int
    headers: Mapping[str, str]
    body: Any


@dataclass(slots=True)
class _Upload:
    """A file of a multipart request, in the shape simcord's handlers read."""

    filename: str
    fp: io.BytesIO
    description: str | None = None


class RestServer:
    """Answers ``/api/v10/…`` from a backend and keeps what was asked."""

    def __init__(
        self,
        backend: LocalBackend,
        *,
        token: Callable[[], str],
        facts: routes.Facts,
        content_access: bool,
        keep: int,
        changed: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._token = token
        self._facts = facts
        self._content_access = content_access
        self._changed = changed
        self.requests: deque[Request] = deque(maxlen=keep)
        self.faults: list[Fault] = []
        self.in_flight = 0
        self.served = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """aiohttp handler of every path under the API's prefix."""
        self.in_flight += 1
        try:
            return await self._answer(request)
        finally:
            self.in_flight -= 1
            self.served += 1
            self._changed()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = _path_of(request.rel_url.raw_path)
        method = request.method
        raw_reason = request.headers.get("X-Audit-Log-Reason")
        reason = unquote(raw_reason) if raw_reason else None
        try:
            body, files = await _read_body(request)
        except ValueError as error:
            return self._reply(
                method, path, None, reason, 400, {"code": 50109, "message": f"Invalid JSON: {error}"}
            )

        fault = self._fault_for(method, path)
        if fault is not None:
            answer = (
                fault.body if fault.body is not None else {"code": fault.code, "message": "injected fault"}
            )
            return self._reply(method, path, body, reason, fault.status, answer, headers=fault.headers)
        if not self._authorized(request, path):
            answer = {"code": 0, "message": "401: Unauthorized"}
            return self._reply(method, path, body, reason, 401, answer)
        try:
            answer = self._dispatch(method, path, body, dict(request.query), files, reason)
        except (RouteNotImplemented, UnsupportedField) as error:
            message = f"loopcord does not model this: {error.message} ({method} {path})"
            return self._reply(method, path, body, reason, 501, {"code": 0, "message": message})
        except NotImplementedError as error:
            message = f"loopcord does not model this: {error} ({method} {path})"
            return self._reply(method, path, body, reason, 501, {"code": 0, "message": message})
        except BackendError as error:
            return self._reply(method, path, body, reason, error.status, error.to_json())
        except (KeyError, TypeError, ValueError) as error:
            # What simcord's handlers raise on a body of the wrong shape; Discord says 50035.
            message = f"Invalid Form Body: {type(error).__name__}: {error}"
            return self._reply(method, path, body, reason, 400, {"code": 50035, "message": message})
        return self._reply(method, path, body, reason, 204 if answer is None else 200, answer)

    def _dispatch(
        self,
        method: str,
        path: str,
        body: Any,
        query: dict[str, Any],
        files: list[_Upload],
        reason: str | None,
    ) -> Any:
        own = routes_app.ROUTES.find(method, path) or routes_guild.ROUTES.find(method, path)
        if own is None:
            return self._simcord(method, path, body, query, files, reason)
        handler, arguments = own
        context = RequestContext(
            self._backend,
            arguments,
            json=body,
            params=query,
            files=list(files),
            reason=reason,
            method=method,
            path=path,
            message_content_access=self._content_access,
        )
        proceeded = False

        def proceed(changed_body: Any) -> Any:
            nonlocal proceeded
            proceeded = True
            return self._simcord(method, path, changed_body, query, files, reason)

        try:
            return handler(routes.Call(self._backend, context, self._facts, proceed))
        finally:
            if not proceeded:  # otherwise simcord has written it down
                self._backend.transcript.append(("HTTP", f"{method} {path}", body))

    def _simcord(
        self,
        method: str,
        path: str,
        body: Any,
        query: dict[str, Any],
        files: list[_Upload],
        reason: str | None,
    ) -> Any:
        return dispatch(
            self._backend,
            method,
            path,
            json=body,
            params=query,
            files=list(files),
            reason=reason,
            message_content_access=self._content_access,
        )

    def _authorized(self, request: web.Request, path: str) -> bool:
        # Interaction tokens and webhook tokens are in the path; /gateway needs none.
        if path == "/gateway" or path.startswith("/interactions/"):
            return True
        if path.startswith("/webhooks/") and path.count("/") >= 3:
            return True
        return request.headers.get("Authorization", "") == f"Bot {self._token()}"

    def _fault_for(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.method not in ("*", method) or not fnmatch.fnmatchcase(path, fault.path_glob):
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
            return fault
        return None

    def _reply(
        self,
        method: str,
        path: str,
        body: Any,
        reason: str | None,
        status: int,
        answer: Any,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        self.requests.append(Request(method, path, body, reason, status))
        if status >= 400:
            self._backend.transcript.append(("ANSWER", f"{status} to {method} {path}", answer))
        if answer is None or status == 204:
            return web.Response(status=status, headers=headers)
        data = answer.encode() if isinstance(answer, str) else dumps(answer)
        return web.Response(status=status, headers=headers, body=data, content_type="application/json")


def _path_of(raw: str) -> str:
    """The path below ``/api/vN``; percent-escapes stay for the handlers that expect them."""
    for prefix in _PREFIXES:
        if raw.startswith(prefix + "/"):
            return raw[len(prefix) :]
    return raw


async def _read_body(request: web.Request) -> tuple[Any, list[_Upload]]:
    """The JSON of a request and its files, from a plain or a multipart body."""
    if not request.can_read_body:
        return None, []
    if not request.content_type.startswith("multipart/"):
        data = await request.read()
        return (loads(data) if data else None), []
    body: Any = None
    scalars: dict[str, Any] = {}
    uploads: list[tuple[str, _Upload]] = []
    for name, part in (await request.post()).items():
        if isinstance(part, web.FileField):
            uploads.append((name, _Upload(part.filename, io.BytesIO(part.file.read()))))
        elif name == "payload_json":
            body = loads(part if isinstance(part, str) else bytes(part))
        else:
            scalars[name] = part
    if body is None and scalars:
        body = scalars
    uploads.sort(
        key=lambda item: item[0] if not item[0].startswith("files[") else f"files[{item[0][6:-1]:0>4}]"
    )
    described = {
        str(item.get("id")): item for item in (body or {}).get("attachments") or [] if isinstance(item, dict)
    }
    for name, upload in uploads:
        item = described.get(name[6:-1] if name.startswith("files[") else "")
        if item is not None:
            upload.description = item.get("description")
            upload.filename = item.get("filename") or upload.filename
    return body, [upload for _, upload in uploads]
