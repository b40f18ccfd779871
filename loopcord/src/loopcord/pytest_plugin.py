"""The pytest plugin: a fixture with a started local Discord, and its transcript when a test fails.

With the ini option ``loopcord_conformance`` a test also fails when something crossed the wire, in any local
Discord that it used, that does not conform to Discord's own types. pytest finds the plugin through the
entry point ``loopcord``. It imports nothing heavy until the fixture runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextvars import Token
from typing import TYPE_CHECKING, Any

import pytest

from . import conformance

try:
    from pytest_asyncio import fixture as _async_fixture
except ImportError:  # without pytest-asyncio, e.g. under anyio's plugin, a plain fixture is awaited
    _async_fixture = pytest.fixture

if TYPE_CHECKING:
    from .conformance import Judge
    from .local import LocalDiscord

_WORLDS = pytest.StashKey["list[LocalDiscord]"]()
#: Judges that have found something, until it is told.
_JUDGES = pytest.StashKey["dict[Judge, None]"]()
_WATCHING = pytest.StashKey[Token[Any]]()
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


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ini option ``loopcord_conformance``."""
    parser.addini(
        "loopcord_conformance",
        "fail tests in which something crossed the wire that does not conform to Discord's own types",
        type="bool",
        default=False,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch every local Discord of this run, if the project asks for it.

    Raises:
        pytest.UsageError: when jsonschema-rs is missing: what was asked for is not silently left out.
    """
    if not config.getini("loopcord_conformance"):
        return
    if not conformance.available():
        raise pytest.UsageError(
            "loopcord_conformance needs jsonschema-rs: pip install 'loopcord[conformance]'"
        )
    judges = config.stash[_JUDGES] = {}

    def report(judge: Judge) -> None:
        judges[judge] = None

    config.stash[_WATCHING] = conformance.watcher.set(report)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop watching."""
    if _WATCHING in config.stash:
        conformance.watcher.reset(config.stash[_WATCHING])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test that would have passed but for what crossed the wire."""
    yield
    _fail_on_violations(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """The same for what crossed it while a bot was closed."""
    yield
    _fail_on_violations(item)


def _fail_on_violations(item: pytest.Item) -> None:
    if found := _violations(item):
        pytest.fail(f"what crossed the wire does not conform to Discord's types\n{found}", pytrace=False)


def _violations(item: pytest.Item) -> str:
    """The violations that nobody was told of yet, a line each."""
    lines: list[str] = []
    judges = item.config.stash.get(_JUDGES, {})
    for judge in judges:
        lines += [f"  {violation}" for violation in judge.violations]
        judge.violations.clear()
    judges.clear()
    return "\n".join(lines)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the transcripts to the report of a failing test."""
    report = yield
    if report.when == "call" and report.failed:
        for world in item.stash.get(_WORLDS, []):
            report.sections.append(("loopcord transcript", world.transcript(_LINES)))
        if found := _violations(item):
            report.sections.append(("loopcord conformance", found))
    return report
