"""The REST side: aiohttp in front of simcord's route table.

A request passes: faults, rate limits, authentication, our own routes (:mod:`loopcord.routes`), simcord's.
What neither knows answers 501 with the route's name, so that nothing is silently faked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
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
from .bodies import Upload, path_of, read_body
from .clock import Clock, SystemClock
from .faults import Canned, Fault, Faults, cloudflare_ban
from .ratelimits import Asking, RateLimits, Scope
from .rules import table as rules
from .sockets import cut
from .wire import dumps

if TYPE_CHECKING:
    from ._repairs import LocalBackend
    from .conformance import Judge

__all__ = ["Request", "RestServer"]

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

#: What Discord's proxy adds to every answer; discord.py takes a 429 without it for a ban by Cloudflare.
_VIA = {"Via": "1.1 google"}
#: Milliseconds from the Unix epoch to the first second of 2015, from which snowflakes count.
#: https://discord.com/developers/docs/reference#snowflakes
_EPOCH = 1_420_070_400_000


class Request(NamedTuple):
    """A request that the bot made, as ``discord.requests`` keeps it."""

    method: str
    path: str
    body: Any
    reason: str | None
    status: int


@dataclass(slots=True)
class _Asked:
    """One request on its way through."""

    method: str
    path: str
    reason: str | None
    query: dict[str, Any]
    body: Any = None
    files: list[Upload] = field(default_factory=list[Upload])
    #: The rate limit headers of its answer.
    headers: dict[str, str] = field(default_factory=dict[str, str])


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
        clock: Clock,
        faults: Faults,
        limits: RateLimits | None,
        judge: Judge | None = None,
    ) -> None:
        self._backend = backend
        self._token = token
        self._facts = facts
        self._content_access = content_access
        self._changed = changed
        self._clock = clock
        self._real_time = SystemClock()
        self._faults = faults
        #: The rate limits in force; None leaves every request free.
        self.limits = limits
        self._judge = judge
        self.requests: deque[Request] = deque(maxlen=keep)
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
        path = path_of(request.rel_url.raw_path)
        raw_reason = request.headers.get("X-Audit-Log-Reason")
        asked = _Asked(request.method, path, unquote(raw_reason) if raw_reason else None, dict(request.query))
        try:
            asked.body, asked.files = await read_body(request)
        except ValueError as error:
            return self._reply(asked, 400, _problem(50109, f"Invalid JSON: {error}"))
        authorized = self._authorized(request, path)
        delay, fault = self._faults.meet(asked.method, path)
        if delay:
            await self._wait(delay)
        if fault is None:
            return self._real_answer(asked, authorized)
        if fault.answer is not None:
            return self._canned(asked, fault.answer(self._limits_clock.now().timestamp()))
        if fault.cut == "before":
            return self._cut(request, fault, self._reply(asked, 0, None))
        return self._cut(request, fault, self._real_answer(asked, authorized))

    @property
    def _limits_clock(self) -> Clock:
        """The clock by which clients wait for a limit."""
        return self._real_time if self.limits is None else self.limits.clock

    def _cut(self, request: web.Request, fault: Fault, response: web.Response) -> web.Response:
        """Let the client see its connection end where it expected ``response``."""
        cut(request.transport, reset=fault.reset)
        return response

    async def _wait(self, seconds: float) -> None:
        """Wait on the world's clock; meanwhile the request does not keep the world from settling."""
        self.in_flight -= 1
        self._changed()
        try:
            await self._clock.sleep(seconds)
        finally:
            self.in_flight += 1
            self._changed()

    def _canned(self, asked: _Asked, answer: Canned) -> web.Response:
        """Give an answer that is not the real one."""
        asked.headers.update(answer.headers)
        return self._reply(
            asked,
            answer.status,
            answer.body,
            via=answer.via,
            content_type=answer.content_type,
            scope=answer.scope,
            judged=answer.judged,
        )

    def _limited(self, asked: _Asked) -> web.Response | None:
        """The 429 of a request that comes too early, if limits are on."""
        if self.limits is None:
            return None
        if (seconds := self.limits.banned_for) > 0:
            return self._canned(asked, cloudflare_ban(seconds))
        headers, refused = self.limits.check(
            Asking(
                asked.method,
                asked.path,
                asked.body,
                self._age_of_message(asked.path),
                asked.path.startswith(("/interactions/", f"/webhooks/{self._backend.application_id}/")),
            )
        )
        asked.headers.update(headers)
        if refused is None:
            return None
        return self._canned(asked, Canned(429, refused.body, refused.headers, scope=refused.scope))

    def _age_of_message(self, path: str) -> float | None:
        """Seconds of the world's time since the message in the path was sent; None without one."""
        _, _, rest = path.partition("/messages/")
        number = rest.partition("/")[0]
        if not number.isdecimal():
            return None
        return self._clock.now().timestamp() - ((int(number) >> 22) + _EPOCH) / 1_000

    def _real_answer(self, asked: _Asked, authorized: bool) -> web.Response:
        if (too_early := self._limited(asked)) is not None:
            return too_early
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
            json=_without_strays(body),
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

    def _reply(
        self,
        asked: _Asked,
        status: int,
        answer: Any,
        *,
        via: bool = True,
        content_type: str = "application/json",
        scope: Scope | None = None,
        judged: bool = True,
    ) -> web.Response:
        """Note the request and build its answer; status 0 notes one that never gets any."""
        self.requests.append(Request(asked.method, asked.path, asked.body, asked.reason, status))
        if self.limits is not None:
            self.limits.answered(status, scope)
        if status >= 400:
            note = f"{status} to {asked.method} {asked.path}"
            self._backend.transcript.append(("ANSWER", note, answer))
        headers = {**(_VIA if via else {}), **asked.headers}
        data = None
        if answer is not None and status != 204:
            data = answer.encode() if isinstance(answer, str) else dumps(answer)
        if self._judge is not None and judged:
            self._judge.answered(asked.method, asked.path, asked.body, status, data)
        if data is None:
            return web.Response(status=status or 500, headers=headers)
        return web.Response(status=status, headers=headers, body=data, content_type=content_type)


def _problem(code: int, message: str) -> dict[str, Any]:
    """An error as Discord writes it."""
    return {"code": code, "message": message}


def _without_strays(body: Any) -> Any:
    """``body`` without fields that Discord ignores there and simcord would refuse.

    discord.js sends its own camel-cased spelling beside Discord's (``communicationDisabledUntil``), and
    ``enforce_nonce`` with whatever looks like a message: edits, callbacks, follow-ups. Our own routes have
    dealt with the latter where it means something.
    """
    if not isinstance(body, dict):
        return body
    kept = {key: value for key, value in body.items() if key == key.lower() and key != "enforce_nonce"}
    if isinstance(kept.get("data"), dict):  # the answer to an interaction
        kept["data"] = _without_strays(kept["data"])
    return kept
