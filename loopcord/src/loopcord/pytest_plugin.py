"""The pytest plugin: a fixture with a started local Discord, and its transcript when a test fails.

pytest finds it through the entry point ``loopcord``. It imports nothing heavy until the fixture runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING

import pytest

try:
    from pytest_asyncio import fixture as _async_fixture
except ImportError:  # without pytest-asyncio, e.g. under anyio's plugin, a plain fixture is awaited
    _async_fixture = pytest.fixture

if TYPE_CHECKING:
    from .local import LocalDiscord

_WORLDS = pytest.StashKey["list[LocalDiscord]"]()
#: How many of the newest transcript entries a failing test prints.
_LINES = 80


@_async_fixture
async def discord(request: pytest.FixtureRequest) -> AsyncIterator[LocalDiscord]:
    """A started :class:`loopcord.LocalDiscord` on virtual time, stopped after the test."""
    from .local import LocalDiscord

    async with LocalDiscord() as world:
        show_transcript(request.node, world)
        yield world


def show_transcript(node: pytest.Item, world: LocalDiscord) -> None:
    """Have ``world``'s transcript printed if the test ``node`` fails; for fixtures that make their own."""
    node.stash.setdefault(_WORLDS, []).append(world)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the transcripts to the report of a failing test."""
    report = yield
    if report.when == "call" and report.failed:
        for world in item.stash.get(_WORLDS, []):
            report.sections.append(("loopcord transcript", world.transcript(_LINES)))
    return report
