"""The logs of one host: loguru with the libraries' own logging joined in and secrets taken out.

Nothing happens at import. A `Logs` that is started adds its sinks to loguru and its handlers to the
libraries' loggers, and takes them away when stopped. Several hosts can log in one process: what is
logged in a host's own tasks (a context variable says whose they are) reaches that host's sinks only.

Writing is synchronous on purpose: a line is out before the crash that follows it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import sys
import traceback
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping
from contextvars import ContextVar
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO, cast

from loguru import logger as _root

from chandelier.config.host import HostConfig
from chandelier.errors import InvalidRequest
from chandelier.observe.redact import Redactor

if TYPE_CHECKING:
    from loguru import Logger, Record

__all__ = ["LEVELS", "Logs"]

LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_LIBRARIES = {
    # Each library's logger and the lowest level at which it says something an operator wants to read;
    # SQLAlchemy writes every statement with people's data at INFO.
    "hikari": logging.NOTSET,
    "lightbulb": logging.NOTSET,
    "linkd": logging.NOTSET,
    "alembic": logging.WARNING,  # each migration is logged by the host, in one line
    "sqlalchemy": logging.WARNING,
    "aiohttp": logging.WARNING,
    "asyncio": logging.WARNING,
}
_TRACE = 5
"""loguru's TRACE; hikari's TRACE_HIKARI has the same number."""
_OWN_MARKS = frozenset({"_owner", "plugin", "reference"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")

_owner: ContextVar[Logs | None] = ContextVar("chandelier_log_owner", default=None)
"""Whose host the current task belongs to."""


class Logs:
    """Where one host logs to; a context manager around the host's life.

    ``level`` is one of LEVELS. ``stream`` is standard error unless given; ``file`` is written besides it,
    started anew by loguru's ``rotation`` ("20 MB", "1 day", …) and removed by its ``retention`` (a number
    of files or an age such as "30 days"). The format is "pretty" for people or "json", one object a line.
    """

    def __init__(
        self,
        *,
        level: str = "INFO",
        format: Literal["pretty", "json"] = "pretty",  # noqa: A002 - the setting's name
        stream: TextIO | None = None,
        file: Path | None = None,
        rotation: str = "20 MB",
        retention: str | int = "30 days",
        redactor: Redactor | None = None,
    ) -> None:
        if level.upper() not in LEVELS:
            raise ValueError(f"unknown log level {level!r}, allowed: {', '.join(LEVELS)}")
        self.redactor = redactor if redactor is not None else Redactor()
        self.logger: Logger = _root.patch(self._prepare)
        self._level = level.upper()
        self._write = _as_json if format == "json" else _as_text
        self._stream = stream
        self._file = file
        self._rotation = rotation
        self._retention = retention
        self._sinks: list[int] = []
        self._joined: list[_Join] = []
        self._id = uuid.uuid4().hex

    @classmethod
    def of(cls, config: HostConfig, base: Path, *, stream: TextIO | None = None) -> Logs:
        """The logs that a deployment asks for, its secrets known; ``base`` is the folder of `config.toml`."""
        logs = cls(
            level=config.log_level,
            format="json" if config.log_format == "json" else "pretty",
            stream=stream,
            file=config.log_path(base),
            rotation=config.log_rotation,
            retention=config.log_keep,
        )
        logs.redactor.learn(config)
        return logs

    def plugin(self, name: str) -> Logger:
        """A logger whose records carry the plugin's name."""
        return self.logger.bind(plugin=name)

    def start(self) -> None:
        """Add sinks, join the libraries' loggers; the calling task and its children are this host's."""
        if self._sinks:
            return
        # loguru's own first handler shows everything, with local variables: two reasons to remove it.
        with contextlib.suppress(ValueError):
            _root.remove(0)
        # Also what plugins log with loguru itself is cleaned before anybody's sink sees it. The patcher is
        # the same for every host and does nothing outside of one, so it can stay.
        _root.configure(patcher=_patch)
        _owner.set(self)
        self._sinks.append(self._add(self._stream if self._stream is not None else sys.stderr))
        if self._file is not None:
            # For the owner's eyes only: logs name people.
            self._sinks.append(self._open(self._file))
        number = _root.level(self._level).no
        self._joined = [_Join(self, name, max(number, low)) for name, low in _LIBRARIES.items()]

    def stop(self) -> None:
        """Write out what is pending and take everything away that `start` added; twice is harmless."""
        for join in self._joined:
            join.leave()
        self._joined = []
        for sink in self._sinks:
            with contextlib.suppress(ValueError):
                _root.remove(sink)
        self._sinks = []
        if _owner.get() is self:
            _owner.set(None)

    @contextlib.contextmanager
    def about(self, *, plugin: str | None = None, reference: str | None = None) -> Generator[None]:
        """Mark all that is logged inside, by libraries too, with the plugin and the reference."""
        marks = {
            key: mark for key, mark in (("plugin", plugin), ("reference", reference)) if mark is not None
        }
        with _root.contextualize(**marks):
            yield

    def __enter__(self) -> Logs:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add(self, take: Callable[[Record, Mapping[str, Any]], None]) -> Callable[[], None]:
        """Hand every record of this host to ``take``, with an entry of plain values as in the JSON format.

        Both are clean of secrets. ``take`` is called in whatever thread logs, and must be quick. Returns how
        to end it.
        """

        def sink(message: Any) -> None:
            record: Record = message.record
            take(record, _entry(record, self.redactor.text(_traceback(record))))

        number = _root.add(
            sink,
            level=self._level,
            format=_nothing,
            filter=self._admit,
            backtrace=False,
            diagnose=False,
            catch=True,
        )

        def remove() -> None:
            with contextlib.suppress(ValueError):
                _root.remove(number)

        return remove

    def _open(self, file: Path) -> int:
        try:
            return self._add(
                str(file).replace("{", "{{").replace("}", "}}"),  # loguru fills in braces
                rotation=self._rotation,
                retention=self._retention,
                encoding="utf-8",
                opener=_private,
            )
        except OSError as error:
            self.stop()
            raise InvalidRequest(
                f"[chandelier].log_file: {file} cannot be written: {error.strerror}; look at the permissions "
                "of its folder, or choose another file"
            ) from error

    def _add(self, sink: Any, **options: Any) -> int:
        return _root.add(
            sink,
            level=self._level,
            format=self._format,
            filter=self._admit,
            backtrace=False,
            diagnose=False,
            catch=True,
            **options,
        )

    def _prepare(self, record: Record) -> None:
        """Mark a record of this host's loggers as its own and clean it, before any sink sees it."""
        extra = record["extra"]
        if extra.get("_owner") == self._id:
            return
        extra["_owner"] = self._id
        extra.setdefault("plugin", None)
        extra.setdefault("reference", None)
        self._clean(record)

    def _admit(self, record: Record) -> bool:
        """Let through this host's records, and those of nobody."""
        owner = record["extra"].get("_owner")
        if owner is None:
            # Logged outside of any host, by a thread for instance.
            self._clean(record)
        return owner in (None, self._id)

    def _clean(self, record: Record) -> None:
        record["message"] = self.redactor.text(record["message"])
        for key, value in list(record["extra"].items()):
            record["extra"][key] = self.redactor.data(value)
        if record["exception"] is None:
            return
        text = _traceback(record)
        clean = self.redactor.text(text)
        if clean != text:
            # Other sinks must not get at the original through its arguments, causes or frames.
            value = LoggedError(clean)
            record["exception"] = type(record["exception"])(LoggedError, value, None)

    def _format(self, record: Record) -> str:
        # loguru fills in the template from the record, so what is ready-made travels as fields of it:
        # as part of the template, text from people would be read as markup.
        return self._write(record, self.redactor.text(_traceback(record)))


def _patch(record: Record) -> None:
    """Prepare a record for the host in whose task it is logged, if any."""
    logs = _owner.get()
    if logs is not None:
        logs._prepare(record)


class LoggedError(Exception):
    """Stands for an exception that carried a secret; its text is the traceback without it."""


class _Join(logging.Handler):
    """Hands what a library logs through the standard module to a host's logger."""

    def __init__(self, logs: Logs, name: str, level: int) -> None:
        super().__init__(level)
        self._logs = logs
        self._source = logging.getLogger(name)
        others = [handler for handler in self._source.handlers if isinstance(handler, _Join)]
        # The first host to join remembers how the logger was; the last one to leave restores it.
        self._before: tuple[int, bool] = (
            others[0]._before if others else (self._source.level, self._source.propagate)
        )
        self._source.addHandler(self)
        self._source.propagate = False
        self._source.setLevel(min([level, *(other.level for other in others)]))

    def leave(self) -> None:
        self._source.removeHandler(self)
        others = [handler for handler in self._source.handlers if isinstance(handler, _Join)]
        if others:
            self._source.setLevel(min(other.level for other in others))
        else:
            self._source.setLevel(self._before[0])
            self._source.propagate = self._before[1]

    def emit(self, record: logging.LogRecord) -> None:
        current = _owner.get()
        if current is not None and current is not self._logs:
            return

        def place(entry: Record) -> None:
            entry["name"] = record.name
            entry["function"] = record.funcName or ""
            entry["line"] = record.lineno
            entry["module"] = record.module

        # SQLAlchemy calls it an error when whoever used a connection was cancelled, as at every stop.
        cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
        level = "DEBUG" if cancelled else _level(record)
        trace = None if cancelled else record.exc_info
        try:
            self._logs.logger.patch(place).opt(exception=trace).log(level, "{}", record.getMessage())
        except Exception:  # noqa: BLE001 - as every logging handler does: never break the one who logs
            self.handleError(record)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _level(record: logging.LogRecord) -> str | int:
    if record.levelno <= _TRACE:
        return "TRACE"
    return record.levelname if record.levelname in LEVELS else record.levelno


def _traceback(record: Record) -> str:
    found = record["exception"]
    if found is None:
        return ""
    if isinstance(found.value, LoggedError):
        return str(found.value)
    return "".join(traceback.format_exception(found.type, found.value, found.traceback))


def _as_text(record: Record, trace: str) -> str:
    """One line for people, colours where the sink has them; control characters cannot forge another."""
    extra = record["extra"]
    origin = extra.get("plugin") or record["name"]
    rest = "".join(f" {key}={value}" for key, value in extra.items() if key not in _OWN_MARKS)
    if extra.get("reference"):
        rest = f" [{extra['reference']}]{rest}"
    fields = cast("dict[str, Any]", record)
    fields["_origin"] = _one_line(str(origin))
    fields["_text"] = _one_line(record["message"])
    fields["_rest"] = _one_line(rest)
    fields["_trace"] = "".join(f"\n    {_one_line(line)}" for line in trace.splitlines())
    return (
        "<dim>{time:YYYY-MM-DD HH:mm:ss}</dim> <level>{level: <8}</level> <cyan>{_origin}</cyan> "
        "<level>{_text}</level><dim>{_rest}{_trace}</dim>\n"
    )


def _nothing(_record: Record) -> str:
    return ""


def _as_json(record: Record, trace: str) -> str:
    """One JSON object a line, with the record's extra values beside its own fields."""
    cast("dict[str, Any]", record)["_json"] = json.dumps(
        _entry(record, trace), ensure_ascii=False, default=str
    )
    return "{_json}\n"


def _entry(record: Record, trace: str) -> dict[str, Any]:
    extra = {str(key): value for key, value in record["extra"].items() if key not in _OWN_MARKS}
    entry = {
        **extra,
        "time": record["time"].astimezone(UTC).isoformat(),
        "level": record["level"].name,
        "logger": record["name"],
        "plugin": record["extra"].get("plugin"),
        "reference": record["extra"].get("reference"),
        "message": record["message"],
    }
    if trace:
        entry["exception"] = trace
    return _plain(entry)


def _plain(value: Any) -> Any:
    """The value with keys that JSON accepts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast("Iterable[Any]", value)]
    return value


def _one_line(text: str) -> str:
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return text.replace("\n", "\n    ")
