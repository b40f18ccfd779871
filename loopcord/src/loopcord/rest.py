"""The REST side: aiohttp in front of simcord's route table.

A request passes: fault injection, authentication, our own routes (:mod:`loopcord.routes`), simcord's.
What neither knows answers 501 with the route's name, so that nothing is silently faked.
"""

from __future__ import annotations

import fnmatch
import io
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import unquote

from aiohttp import web

from . import (
    automod_rules,
    routes,
    routes_app,
    routes_guild,
    routes_lists,
    routes_messages,
    routes_moderation,
    routes_pins,
    tokens,
)
from ._simcord import BackendError, RequestContext, RouteNotImplemented, UnsupportedField, dispatch
from .rules import table as rules
from .wire import dumps, loads

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["Fault", "Request", "RestServer"]

#: Our own routes, in the order in which they are looked up; what none has is simcord's.
_TABLES = (
    routes_app.ROUTES,
    routes_messages.ROUTES,
    routes_pins.ROUTES,
    routes_lists.ROUTES,
    routes_guild.ROUTES,
    routes_moderation.ROUTES,
    automod_rules.ROUTES,
)

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
    """Trouble for the next ``times`` matching requests: an answer, a delay or a cut connection."""

    method: str
    path_glob: str
    times: int | None
    #: The HTTP status to answer with; None lets the request through.
    status: int | None = None
    code: int = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    #: Seconds of the world's clock before anything happens.
    delay: float = 0.0
    cut: Literal["before", "after"] | None = None


@dataclass(slots=True)
class _Upload:
    """A file of a multipart request, in the shape simcord's handlers read."""

    filename: str
    fp: io.BytesIO
    description: str | None = None


@dataclass(slots=True)
class _Asked:
    """One request on its way through."""

    method: str
    path: str
    reason: str | None
    query: dict[str, Any]
    body: Any = None
    files: list[_Upload] = field(default_factory=list[_Upload])


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
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._backend = backend
        self._token = token
        self._facts = facts
        self._content_access = content_access
        self._changed = changed
        self._sleep = sleep
        self.requests: deque[Request] = deque(maxlen=keep)
        self._faults: list[Fault] = []
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

    async def _answer(self, request: web.Request) -> web.Response:
        path = _path_of(request.rel_url.raw_path)
        raw_reason = request.headers.get("X-Audit-Log-Reason")
        asked = _Asked(request.method, path, unquote(raw_reason) if raw_reason else None, dict(request.query))
        try:
            asked.body, asked.files = await _read_body(request)
        except ValueError as error:
            return self._reply(asked, 400, {"code": 50109, "message": f"Invalid JSON: {error}"})
        authorized = self._authorized(request, path)
        fault = self._fault_for(asked.method, path)
        if fault is None:
            return self._real_answer(asked, authorized)
        if fault.delay:
            await self._wait(fault.delay)
        if fault.status is not None:
            answer = (
                fault.body if fault.body is not None else {"code": fault.code, "message": "injected fault"}
            )
            return self._reply(asked, fault.status, answer, headers=fault.headers)
        if fault.cut == "before":
            return self._cut(request, self._reply(asked, 0, None))
        response = self._real_answer(asked, authorized)
        return response if fault.cut is None else self._cut(request, response)

    def _cut(self, request: web.Request, response: web.Response) -> web.Response:
        """Let the client see its connection end where it expected ``response``."""
        if request.transport is not None:
            request.transport.abort()
        return response

    async def _wait(self, seconds: float) -> None:
        """Wait on the world's clock; meanwhile the request does not keep the world from settling."""
        self.in_flight -= 1
        self._changed()
        try:
            await self._sleep(seconds)
        finally:
            self.in_flight += 1
            self._changed()

    def _real_answer(self, asked: _Asked, authorized: bool) -> web.Response:
        if not authorized:
            return self._reply(asked, 401, {"code": 0, "message": "401: Unauthorized"})
        where = f"({asked.method} {asked.path})"
        actor = routes_moderation.actor_of(asked.path, self._backend.bot_user.id)
        try:
            with self._backend.acting(actor, asked.reason):
                answer = self._dispatch(asked)
        except (RouteNotImplemented, UnsupportedField) as error:
            return self._reply(
                asked, 501, _problem(0, f"loopcord does not model this: {error.message} {where}")
            )
        except NotImplementedError as error:
            return self._reply(asked, 501, _problem(0, f"loopcord does not model this: {error} {where}"))
        except BackendError as error:
            return self._reply(asked, error.status, error.to_json())
        except (KeyError, TypeError, ValueError) as error:
            # What simcord's handlers raise on a body of the wrong shape; Discord says 50035.
            message = f"Invalid Form Body: {type(error).__name__}: {error}"
            return self._reply(asked, 400, _problem(50035, message))
        return self._reply(asked, 204 if answer is None else 200, answer)

    def _dispatch(self, asked: _Asked) -> Any:
        routes_moderation.check_reason(asked.reason)
        tokens.admit(self._backend, asked.method, asked.path, asked.body)
        proceeded = False

        def proceed(changed_body: Any) -> Any:
            nonlocal proceeded
            proceeded = True
            return self._simcord(asked, changed_body)

        def call(arguments: dict[str, str], body: Any = asked.body) -> routes.Call:
            context = RequestContext(
                self._backend,
                arguments,
                json=body,
                params=asked.query,
                files=list(asked.files),
                reason=asked.reason,
                method=asked.method,
                path=asked.path,
                message_content_access=self._content_access,
            )
            return routes.Call(self._backend, context, self._facts, proceed)

        try:
            body = rules.check(asked.method, asked.path, call)
            for known in _TABLES:
                own = known.find(asked.method, asked.path)
                if own is not None:
                    handler, arguments = own
                    return handler(call(arguments, body))
            return proceed(body)
        finally:
            if not proceeded:  # otherwise simcord has written it down
                self._backend.transcript.append(("HTTP", f"{asked.method} {asked.path}", asked.body))

    def _simcord(self, asked: _Asked, body: Any) -> Any:
        return dispatch(
            self._backend,
            asked.method,
            asked.path,
            json=body,
            params=asked.query,
            files=list(asked.files),
            reason=asked.reason,
            message_content_access=self._content_access,
        )

    def _authorized(self, request: web.Request, path: str) -> bool:
        # Interaction tokens and webhook tokens are in the path; /gateway needs none.
        if path == "/gateway" or path.startswith("/interactions/"):
            return True
        if path.startswith("/webhooks/") and path.count("/") >= 3:
            return True
        return request.headers.get("Authorization", "") == f"Bot {self._token()}"

    def add_fault(self, fault: Fault) -> Callable[[], None]:
        """Have matching requests meet ``fault``; returns what removes it."""
        self._faults.append(fault)

        def remove() -> None:
            if fault in self._faults:
                self._faults.remove(fault)

        return remove

    def _fault_for(self, method: str, path: str) -> Fault | None:
        for fault in self._faults:
            if fault.method not in ("*", method) or not fnmatch.fnmatchcase(path, fault.path_glob):
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None

    def _reply(
        self, asked: _Asked, status: int, answer: Any, *, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        """Note the request and build its answer; status 0 notes one that never gets any."""
        self.requests.append(Request(asked.method, asked.path, asked.body, asked.reason, status))
        if status >= 400:
            note = f"{status} to {asked.method} {asked.path}"
            self._backend.transcript.append(("ANSWER", note, answer))
        if answer is None or status == 204:
            return web.Response(status=status or 500, headers=headers)
        data = answer.encode() if isinstance(answer, str) else dumps(answer)
        return web.Response(status=status, headers=headers, body=data, content_type="application/json")


def _problem(code: int, message: str) -> dict[str, Any]:
    """An error as Discord writes it."""
    return {"code": code, "message": message}


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
