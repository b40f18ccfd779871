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


def _run(pytester: pytest.Pytester, story: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(story)
    plugins = ("-p", "pytest_asyncio.plugin", "-p", "loopcord.pytest_plugin")
    return pytester.runpytest_subprocess(*plugins, *arguments)


def test_a_failing_test_shows_the_transcript(pytester: pytest.Pytester) -> None:
    result = _run(pytester, _STORY.format(expected="a new lamp"))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*loopcord transcript*", "bot <-  MESSAGE_CREATE*a lamp, slightly used*"])


def test_a_passing_test_is_quiet(pytester: pytest.Pytester) -> None:
    result = _run(pytester, _STORY.format(expected="a lamp, slightly used"))

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*loopcord transcript*")


_CONFORMANCE = """
    import aiohttp
    import loopcord
    import pytest

    async def listen(discord):
        http = aiohttp.ClientSession()
        socket = await http.ws_connect(discord.gateway_url)
        await socket.receive_json()
        await socket.send_json({"op": 2, "d": {"token": discord.token, "intents": 1 << 9, "properties": {}}})
        await socket.receive_json()
        return http

    async def say_something_wrong(discord):
        http = await listen(discord)
        discord.backend.emit("MESSAGE_DELETE", {"id": 7, "channel_id": "1", "guild_id": "1"})
        await http.close()

    @pytest.mark.asyncio
    async def test_in_the_fixtures_world(discord):
        await say_something_wrong(discord)

    @pytest.mark.asyncio
    async def test_in_a_world_of_its_own():
        async with loopcord.LocalDiscord() as discord:
            await say_something_wrong(discord)

    @pytest.fixture
    async def at_the_end(discord):
        yield
        await say_something_wrong(discord)

    @pytest.mark.asyncio
    async def test_when_it_is_over(at_the_end):
        pass

    @pytest.mark.asyncio
    async def test_failing_for_another_reason(discord):
        await say_something_wrong(discord)
        assert "lamp" == "lantern"

    @pytest.mark.asyncio
    async def test_expecting_it(discord):
        await say_something_wrong(discord)
        assert [violation.where for violation in discord.violations] == ["MESSAGE_DELETE"]
        discord.violations.clear()

    @pytest.mark.asyncio
    async def test_saying_nothing_wrong(discord):
        http = await listen(discord)
        await http.close()
"""
_VIOLATION = "*MESSAGE_DELETE: id: found 7, allowed string"


def _conforming(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    pytester.makeini("[pytest]\nloopcord_conformance = true\nasyncio_mode = auto")
    return _run(pytester, _CONFORMANCE, *arguments)


def test_what_does_not_conform_fails_its_test(pytester: pytest.Pytester) -> None:
    result = _conforming(pytester, "-k", "world")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*does not conform to Discord's types*", _VIOLATION] * 2)


def test_what_does_not_conform_at_the_end_is_an_error(pytester: pytest.Pytester) -> None:
    result = _conforming(pytester, "-k", "over")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([_VIOLATION])


def test_another_failure_comes_first_and_shows_what_did_not_conform(pytester: pytest.Pytester) -> None:
    result = _conforming(pytester, "-k", "another_reason")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*AssertionError: assert 'lamp' == 'lantern'*", "*loopcord conformance*", _VIOLATION]
    )


def test_what_conforms_passes_and_so_does_what_is_expected(pytester: pytest.Pytester) -> None:
    _conforming(pytester, "-k", "expecting or nothing_wrong").assert_outcomes(passed=2)


def test_a_project_that_asks_for_nothing_gets_nothing(pytester: pytest.Pytester) -> None:
    _run(pytester, _CONFORMANCE, "-k", "world").assert_outcomes(passed=2)


def test_without_jsonschema_rs_the_run_says_what_to_install(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(without="import sys\n\nsys.modules['jsonschema_rs'] = None")

    result = _conforming(pytester, "-p", "without")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*pip install 'loopcord*conformance*'"])
