"""The machine: folders that must be writable, room on the disk, a clock that is right."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from chandelier.cli.doctor.finding import Examination, Finding, Level
from chandelier.errors import ChandelierError
from chandelier.upgrading.journal import Journal

__all__ = ["clock", "disk", "folders"]

_MIB = 1024 * 1024
LEAST_FREE = 100 * _MIB
"""Bytes below which the database or a backup may fail at any moment."""
COMFORTABLE = 1024 * _MIB
DAY = 86_400


def folders(patient: Examination) -> Iterator[Finding]:
    """Whether data and log can be written."""
    if (data := patient.data) is None:
        return
    there = nearest(data)
    if not _takes_files(there):
        said = f"{data} cannot be written to: look at the permissions of {there}"
        yield Finding("data", Level.PROBLEM, said, f"chown or chmod {there} for the user that runs the bot")
    else:
        said = f"{data} is writable" if data.exists() else f"{data} will be made"
        yield Finding("data", Level.OK, said)
    try:
        Journal.refuse_if_open(data)
    except ChandelierError as error:
        yield Finding("data", Level.WARNING, str(error))
    assert patient.config is not None and patient.deployment is not None
    log = patient.config.log_path(patient.deployment.base)
    if log is None:
        return
    there = nearest(log)
    if not (there.is_file() and os.access(there, os.W_OK) if there == log else _takes_files(there)):
        said = f"{log} cannot be written to: look at {there}, or choose another log_file"
        yield Finding("log", Level.PROBLEM, said)
    else:
        yield Finding("log", Level.OK, f"{log} is written to, besides standard error")


def disk(patient: Examination) -> Iterator[Finding]:
    """Whether there is room for the database to grow and to be backed up."""
    if (data := patient.data) is None:
        return
    free = shutil.disk_usage(nearest(data)).free
    size = sum(file.stat().st_size for file in data.glob("chandelier.db*") if file.is_file())
    said = f"{_shown(free)} free where {data} is"
    do = "make room: old files in backups/db, the log file, other programs"
    if free < LEAST_FREE:
        yield Finding("disk", Level.PROBLEM, f"only {said}", do)
    elif free < max(COMFORTABLE, 3 * size):
        yield Finding("disk", Level.WARNING, f"only {said}; the database has {_shown(size)}", do)
    else:
        yield Finding("disk", Level.OK, said)
    if (inodes := _free_inodes(nearest(data))) is not None and inodes < 100:
        yield Finding("disk", Level.PROBLEM, "no more files fit on this disk (it is out of inodes)", do)


def clock(_patient: Examination) -> Iterator[Finding]:
    """Whether the clock can be right: timers and interactions depend on it. Discord's own is asked online."""
    now = time.time()
    before = time.monotonic()
    made = _installed_at()
    if made is not None and now < made - DAY:
        said = f"the clock says {time.strftime('%Y-%m-%d', time.gmtime(now))}, before this was installed"
        yield Finding("clock", Level.PROBLEM, said, "set the clock, and let NTP keep it (timedatectl)")
    elif not time.get_clock_info("monotonic").monotonic or time.monotonic() < before:
        yield Finding("clock", Level.PROBLEM, "this machine's monotonic clock goes backwards")
    else:
        yield Finding("clock", Level.OK, f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime(now))} UTC")


def nearest(path: Path) -> Path:
    """The path itself, or what is there of the way to it."""
    return next(parent for parent in (path, *path.resolve().parents) if parent.exists())


def _takes_files(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _free_inodes(path: Path) -> int | None:
    """How many files still fit; None where that is not limited or not known (Windows, btrfs)."""
    if not hasattr(os, "statvfs"):
        return None
    told = os.statvfs(path)
    return told.f_favail if told.f_files else None


def _installed_at() -> float | None:
    for file in metadata.distribution("chandelier").files or ():
        if file.name == "METADATA":
            try:
                return Path(str(file.locate())).stat().st_mtime
            except OSError:
                return None
    return None


def _shown(size: int) -> str:
    return f"{size / 1024 / _MIB:.1f} GiB" if size >= 1024 * _MIB else f"{size / _MIB:.0f} MiB"
