"""Errors of the log, sent to a service that speaks Sentry's protocol, without anything about people.

An event is put together from what is known to be harmless: types, places in code, plugin, reference. The
texts of messages and exceptions, in which people's words can be, stay here unless an operator wants them
sent; local variables, request bodies and names never are. The reference leads to the full line in the log.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from importlib.metadata import version
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from loguru import logger

from chandelier.config.secret import Secret
from chandelier.observe.redact import Redactor

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["ErrorReports"]

FLUSH_WITHIN: Final = 2.0
"""Real seconds that a stop waits for what is still to be sent."""
MOST_A_MINUTE: Final = 30
"""Events; a plugin that fails at every message must not send every message's failure."""
_MOST_QUEUED: Final = 100
_ERROR: Final = 40
"""loguru's number for ERROR."""
_DEEPEST_CHAIN: Final = 5
_MOST_FRAMES: Final = 50
_LONGEST_TEXT: Final = 300
_KEPT: Final = frozenset(
    {"event_id", "timestamp", "level", "platform", "logger", "release", "environment", "tags"}
    | {"exception", "message", "sdk", "transaction"}
)
"""Keys of an event that leave; the library adds others."""
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|«[^»]*»|“[^”]*”")
_ID: Final = re.compile(r"\d{15,20}")


class ErrorReports:
    """Takes entries from `Logs.add` and sends the errors among them, from a thread of the library's own.

    ``now`` is in seconds. A service that is away or slow costs events, never the bot's time.
    """

    def __init__(
        self, redactor: Redactor, *, texts: bool = False, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._redactor = redactor
        self._texts = texts
        self._now = now
        self._sent: deque[float] = deque(maxlen=MOST_A_MINUTE)
        self._client: Any = None

    def start(self, dsn: Secret) -> bool:
        """Get ready to send; False, with the reason in the log, when that is not possible."""
        try:
            import sentry_sdk
            from sentry_sdk.utils import BadDsn
        except ModuleNotFoundError:
            logger.error("sentry_dsn is set, but its library is missing: pip install 'chandelier[sentry]'")
            return False
        try:
            # A client of our own: `sentry_sdk.init` would set one up for the whole process.
            self._client = sentry_sdk.Client(
                dsn=dsn.reveal(),
                default_integrations=False,
                auto_enabling_integrations=False,
                include_local_variables=False,
                include_source_context=False,
                max_breadcrumbs=0,
                max_request_body_size="never",
                auto_session_tracking=False,
                send_client_reports=False,
                server_name="",
                release=f"chandelier@{version('chandelier')}",
                transport_queue_size=_MOST_QUEUED,
                before_send=self._before_send,
            )
        except (BadDsn, ValueError):
            logger.error("sentry_dsn cannot be read; copy it whole from the service: https://KEY@HOST/NUMBER")
            return False
        return True

    def take(self, record: Record, _entry: Mapping[str, Any]) -> None:
        """Send a record if it is an error; called in any thread."""
        client = self._client
        if client is None or record["level"].no < _ERROR or not self._may_send():
            return
        client.capture_event(self._event(record))

    async def stop(self) -> None:
        """Send what is left, for a moment, and send no more."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            async with asyncio.timeout(FLUSH_WITHIN + 1):
                await asyncio.to_thread(client.close, timeout=FLUSH_WITHIN)
        except TimeoutError:
            logger.warning("errors that were still to be sent are lost: the service does not answer")

    def _may_send(self) -> bool:
        now = self._now()
        if len(self._sent) == MOST_A_MINUTE and now - self._sent[0] < 60:
            return False
        self._sent.append(now)
        return True

    def _event(self, record: Record) -> dict[str, Any]:
        extra, found = record["extra"], record["exception"]
        place = f"{record['name']}.{record['function']}:{record['line']}"
        tags = {key: str(extra[key]) for key in ("plugin", "reference") if extra.get(key)}
        event: dict[str, Any] = {
            "level": "fatal" if record["level"].name == "CRITICAL" else "error",
            "platform": "python",
            "logger": record["name"],
            "transaction": place,
            "tags": tags,
            "message": self._said(record["message"]) or place,
        }
        if found is not None and found.value is not None:
            event["exception"] = {"values": self._chain(found.value, found.traceback)}
        return event

    def _chain(self, error: BaseException, trace: TracebackType | None) -> list[dict[str, Any]]:
        """The exception and what led to it, the first cause first, as the protocol wants it."""
        values: list[dict[str, Any]] = []
        current: BaseException | None = error
        while current is not None and len(values) < _DEEPEST_CHAIN:
            kind = type(current)
            values.append(
                {
                    "type": kind.__name__,
                    "module": kind.__module__,
                    "value": self._said(str(current)),
                    "stacktrace": {"frames": _frames(trace)},
                }
            )
            following = current.__cause__
            if following is None and not current.__suppress_context__:
                following = current.__context__
            current, trace = following, following.__traceback__ if following is not None else None
        return values[::-1]

    def _said(self, text: str) -> str:
        """A text as it may leave: not at all, or without secrets, ids and whatever is quoted."""
        if not self._texts:
            return ""
        first = self._redactor.text(text).partition("\n")[0]
        return _ID.sub("<id>", _QUOTED.sub("'…'", first))[:_LONGEST_TEXT]

    def _before_send(self, event: Any, _hint: Any) -> Any:
        return self._redactor.data({key: value for key, value in event.items() if key in _KEPT})


def _frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__")
        frames.append(
            {
                "function": code.co_qualname,
                "module": module,
                "filename": code.co_filename.replace("\\", "/").rpartition("/")[2],
                "lineno": trace.tb_lineno,
                "in_app": str(module).startswith("chandelier"),
            }
        )
        trace = trace.tb_next
    return frames[-_MOST_FRAMES:]
