"""Which checks there are, in the order in which what they find should be put right."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterable
from typing import Final

from chandelier.cli.doctor import database, discord, machine, software, vault
from chandelier.cli.doctor.finding import Check, Examination, Finding, Level

__all__ = ["CHECKS", "examine"]

CHECKS: Final[tuple[Check, ...]] = (
    software.python,
    software.packages,
    software.plugins,
    software.commands,
    software.config,
    software.token,
    software.translations,
    machine.folders,
    machine.disk,
    machine.clock,
    database.tables,
    database.backups,
    vault.keys,
    discord.invite,
    discord.online,
)
"""A new part of the host adds its check here."""


async def examine(patient: Examination) -> AsyncIterator[Finding]:
    """Look at everything; a check that fails itself is a finding too."""
    for check in CHECKS:
        try:
            found = check(patient)
            listed: Iterable[Finding] = await found if inspect.isawaitable(found) else found
            for finding in listed:
                yield finding
        except Exception as error:  # noqa: BLE001 - one check's mistake must not hide what the others find
            name = getattr(check, "__name__", "a check")
            yield Finding(
                name, Level.WARNING, f"this could not be looked at: {type(error).__name__}: {error}"
            )
