"""The journal of an upgrade: written before anything is changed, gone when all of it is done or undone.

If it is there although no upgrade runs, one was interrupted, and it says how everything was before.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import attrs

from chandelier.config.file import write_atomically
from chandelier.errors import InvalidRequest
from chandelier.storage.files import complete

__all__ = ["Journal", "digest", "keep_newest", "make_folder", "save_bytes"]

_NAME = "upgrade.json"
_FORMAT = 1
KEPT = 3
"""Folders of copies from before an upgrade that are kept."""


@attrs.frozen(kw_only=True)
class Journal:
    """One upgrade under way: where the copies are, and what was there."""

    started_at: str
    config: str
    """The config file."""
    config_before: str | None
    """The digest of its bytes before; None when there was no file."""
    config_after: str
    """The digest of what the upgrade writes."""
    folder: str
    """Holds ``config.toml`` and the copy of the database, as they were."""
    database: str | None
    """The name of the copy of the database; None when there was none."""
    revisions: Mapping[str, str]
    """The revision of everyone who had tables."""

    @classmethod
    def read(cls, data_dir: Path) -> Journal | None:
        """The journal that is there; None when no upgrade is under way.

        Raises InvalidRequest when it cannot be understood.
        """
        path = data_dir / _NAME
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found.pop("format") != _FORMAT:
                raise ValueError("another version of chandelier wrote it")
            return cls(**found)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidRequest(
                f"an upgrade was interrupted, and its journal {path} cannot be read: {error}. The copies "
                f"from before are in {data_dir / 'backups' / 'upgrade'}: put config.toml back by hand "
                "and the database with chandelier db restore, then delete the journal"
            ) from error

    @classmethod
    def refuse_if_open(cls, data_dir: Path) -> None:
        """Raise InvalidRequest when an upgrade was interrupted: undoing it would undo what is done now."""
        if cls.read(data_dir) is not None:
            raise InvalidRequest(
                "an upgrade was interrupted: run chandelier upgrade first, which puts everything back, or "
                f"delete {data_dir / _NAME} to go on by hand"
            )

    def write(self, data_dir: Path) -> None:
        """Put the journal on disk; from then on a crash is seen."""
        write_atomically(data_dir / _NAME, json.dumps({"format": _FORMAT, **attrs.asdict(self)}, indent=2))

    def close(self, data_dir: Path) -> None:
        """Everything is done or undone: take the journal away, in one step."""
        (data_dir / _NAME).unlink(missing_ok=True)
        if os.name != "nt":  # else the journal could be back after a power cut
            handle = os.open(data_dir, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def make_folder(data_dir: Path, now: datetime) -> Path:
    """A new folder for the copies from before an upgrade, for the bot's own user only."""
    folder = data_dir / "backups" / "upgrade" / f"{now:%Y%m%dT%H%M%SZ}"
    number = 1
    while folder.exists():
        number += 1
        folder = folder.with_name(f"{now:%Y%m%dT%H%M%SZ}-{number}")
    folder.mkdir(parents=True, mode=0o700)
    return folder


def keep_newest(data_dir: Path) -> None:
    """Let the oldest folders of copies go."""
    folders = sorted(path for path in (data_dir / "backups" / "upgrade").glob("*") if path.is_dir())
    for old in folders[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def digest(data: bytes | None) -> str | None:
    """What tells whether a file is still what it was; None when there is none."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def save_bytes(path: Path, data: bytes) -> None:
    """Write a file so that it is either as before or complete; a link stays a link, permissions stay."""
    real = Path(os.path.realpath(path))
    mode = real.stat().st_mode & 0o7777 if real.exists() else 0o600
    with complete(real) as part:
        part.write_bytes(data)
        part.chmod(mode)
