"""The pytest plugin, run in a pytest of its own."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

_STORY = """
    import pytest

    @pytest.mark.asyncio
    async def test_story(discord):
        guild = discord.create_guild("Market")
        general = guild.create_text_channel("general")
        alice = guild.add_member("alice")
        await alice.send(general, "a lamp, slightly used")
        assert general.last.content == {expected!r}
"""


@pytest.fixture(autouse=True)
def _only_the_plugins_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def _run(pytester: pytest.Pytester, story: str) -> pytest.RunResult:
    pytester.makepyfile(story)
    return pytester.runpytest_subprocess("-p", "pytest_asyncio.plugin", "-p", "loopcord.pytest_plugin")


def test_a_failing_test_shows_the_transcript(pytester: pytest.Pytester) -> None:
    result = _run(pytester, _STORY.format(expected="a new lamp"))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*loopcord transcript*", "bot <-  MESSAGE_CREATE*a lamp, slightly used*"])


def test_a_passing_test_is_quiet(pytester: pytest.Pytester) -> None:
    result = _run(pytester, _STORY.format(expected="a lamp, slightly used"))

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*loopcord transcript*")
