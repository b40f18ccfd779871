"""``config.toml`` on disk: read with the line of every key, written atomically after a backup."""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from chandelier.config import positions
from chandelier.config.problems import ConfigError, Problem

if TYPE_CHECKING:
    import tomlkit

__all__ = ["Backups", "ConfigFile", "write_atomically"]

KEPT_BACKUPS = 20
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


@attrs.frozen(kw_only=True)
class ConfigFile:
    """A config file as it was read: its text, its data, and the line of every key."""

    path: Path
    text: str
    data: Mapping[str, Any] = attrs.field(repr=False)
    exists: bool = True
    broken: bool = False
    """It could not be parsed, so there is no data; only its text can be kept."""

    @classmethod
    def read(cls, path: Path, *, broken: bool = False) -> ConfigFile:
        """Read a file; one that does not exist is empty, for everything has a default.

        Raises ConfigError with the line when it is not valid TOML or not UTF-8, unless it may be
        ``broken``; and when it cannot be read.
        """
        text = _text(path)
        if text is None:
            return cls(path=path, text="", data={}, exists=False)
        try:
            return cls.parse(path, text)
        except ConfigError:
            if broken:
                return cls(path=path, text=text, data={}, broken=True)
            raise

    @classmethod
    def parse(cls, path: Path, text: str) -> ConfigFile:
        """The same for a text that belongs to ``path``."""
        try:
            text.encode()
        except UnicodeEncodeError as error:  # what _text could not decode
            line = text.count("\n", 0, error.start) + 1
            problem = Problem(file=path.name, line=line, message=_encoding(text))
            raise ConfigError([problem]) from error
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            message, line = str(error), text.count("\n") + 1
            if place := _AT_LINE.search(message):
                message, line = message[: place.start()], int(place.group(1))
            message = message.removesuffix(" (at end of document)")
            problem = Problem(file=path.name, line=line, message=f"this is not valid TOML: {message}")
            raise ConfigError([problem]) from error
        except RecursionError as error:
            problem = Problem(file=path.name, message="has brackets in brackets, too deep to be read")
            raise ConfigError([problem]) from error
        return cls(path=path, text=text, data=data)

    def editable(self) -> tomlkit.TOMLDocument:
        """A fresh document that renders to ``text`` and keeps comments, order and formatting when edited.

        Raises ConfigError when tomlkit cannot read what the standard library could.
        """
        # Late, because only editing needs it, and it takes its time to import.
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            return tomlkit.parse(self.text)
        except TOMLKitError as error:
            raise ConfigError(
                [Problem(file=self.path.name, message=f"cannot be edited by tomlkit: {error}")]
            ) from error

    def line(self, path: positions.Path) -> int | None:
        """The line of a key or element, or of the nearest table around it."""
        return positions.line_of(self._lines, path)

    @cached_property
    def _lines(self) -> Mapping[positions.Path, int]:
        return positions.positions(self.text)

    def write(self, text: str, *, backups: Backups, now: datetime) -> tuple[ConfigFile, Path | None]:
        """Replace the file's text, after a backup of what it was; returns the new file and the backup.

        Raises ConfigError when the text is not TOML, or when someone changed the file since it was read.
        """
        new = ConfigFile.parse(self.path, text)
        self.ensure_unchanged()
        backup = backups.save(self.text, now) if self.exists else None
        try:
            write_atomically(self.path, text)
        except OSError as error:
            problem = f"cannot be written ({error.strerror}); nothing was changed: check its permissions"
            raise ConfigError([Problem(file=str(self.path), message=problem)]) from error
        return new, backup

    def ensure_unchanged(self) -> None:
        """Raise ConfigError when the file on disk is no longer what was read."""
        if (_text(self.path) or "") != self.text:
            raise ConfigError(
                [Problem(file=self.path.name, message="was changed by someone else meanwhile: try again")]
            )


@attrs.frozen
class Backups:
    """Earlier texts of the config file, numbered and dated, the newest ``keep`` of them.

    Rolling back takes the newest away (its text is the config again), so that repeating it goes further
    back; the text that was undone stays in the folder as ``undone-…`` for a person to look at.
    """

    folder: Path
    keep: int = KEPT_BACKUPS

    def all(self) -> tuple[Path, ...]:
        """The backups, oldest first."""
        return self._named("config")

    def newest(self) -> Path | None:
        """The backup that a rollback restores."""
        return next(reversed(self.all()), None)

    def save(self, text: str, now: datetime, *, name: str = "config") -> Path:
        """Keep a text; the oldest beyond ``keep`` go. Raises ConfigError when it cannot be kept."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            number = max((_number(one) for one in self.folder.glob("*.toml")), default=0) + 1
            backup = self.folder / f"{name}-{number:06}-{now:%Y%m%dT%H%M%SZ}.toml"
            write_atomically(backup, text)
            for old in self._named(name)[: -self.keep]:
                old.unlink(missing_ok=True)
        except OSError as error:
            problem = f"no backup can be kept here ({error.strerror}), so nothing was changed"
            raise ConfigError([Problem(file=str(self.folder), message=problem)]) from error
        return backup

    def _named(self, name: str) -> tuple[Path, ...]:
        return tuple(sorted(self.folder.glob(f"{name}-*.toml"), key=_number))


def _number(backup: Path) -> int:
    found = re.fullmatch(r"[a-z]+-(\d+)-.*", backup.stem)
    return int(found.group(1)) if found else 0


def _text(path: Path) -> str | None:
    """What is in a file, line ends as they are; None when there is no file.

    Bytes that are not UTF-8 come through as surrogates, so that even then nothing is lost.
    """
    try:
        return path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        advice = ": check its permissions" if isinstance(error, PermissionError) else ""
        problem = f"cannot be read ({error.strerror}){advice}"
        raise ConfigError([Problem(file=str(path), message=problem)]) from error


def _encoding(text: str) -> str:
    """What to say about a text that is not UTF-8."""
    start = text[:2].encode("utf-8", errors="surrogateescape")
    if start in (b"\xff\xfe", b"\xfe\xff"):
        return "is UTF-16, as some Windows programs save it: save it as UTF-8"
    return "is not UTF-8: save it with this encoding, or put back a backup: chandelier config rollback"


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a crash at any moment leaves either the old text or the new one, whole.

    A temporary file in the same folder is written and synced, takes the place of the old one in one step,
    and the folder is synced. A symbolic link stays a link; the old file's permissions stay.
    """
    real = Path(os.path.realpath(path))  # unlike resolve(), it takes links that lead in a circle
    temporary = real.with_name(f".{real.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            if real.exists():
                temporary.chmod(real.stat().st_mode & 0o7777)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(real)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name != "nt":  # Windows has no way to sync a folder
        folder = os.open(real.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
