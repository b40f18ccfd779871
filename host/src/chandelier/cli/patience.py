"""Tells an operator who waits that a plugin takes long to load, where, and how to go on without it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

import click

from chandelier.discovery import Candidate
from chandelier.watchdog import place

__all__ = ["told_when_slow"]

PATIENCE = 5.0
"""Real seconds after which it is told, once."""


@contextmanager
def told_when_slow(candidate: Candidate, patience: float = PATIENCE) -> Generator[None]:
    """Say on standard error that a plugin's code does not come to an end, after ``patience`` seconds."""
    thread = threading.get_ident()
    timer = threading.Timer(patience, lambda: _tell(candidate, thread, patience))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _tell(candidate: Candidate, thread: int, patience: float) -> None:
    frame = innermost = sys._current_frames().get(thread)
    while frame is not None and _package(frame.f_globals.get("__name__")) != candidate.package:
        frame = frame.f_back
    seen = frame or innermost
    where = f", at {place(seen)}" if seen is not None else ""
    click.echo(
        f"warning: the plugin {candidate.name} is still being loaded after {patience:g} seconds{where}. If "
        f"it does not end, press Ctrl-C. Without it: chandelier run --without {candidate.name}; "
        f"for other commands, uninstall {candidate.distribution}.",
        err=True,
    )


def _package(module: object) -> str:
    return str(module).partition(".")[0]
