"""The outbox on a real database: effects happen once, through crashes, failures and rate limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any

import hikari
import pytest
from sqlalchemy import text

from chandelier.errors import InvalidRequest, NotAllowed, ServiceUnavailable
from chandelier.services.due import PER_PLUGIN, PluginNotRunning
from chandelier.services.outbox import MOST_ATTEMPTS, RETENTION, Effect, Outbox, OutboxWorker

from .conftest import World

Handler = Callable[[Effect], Awaitable[Mapping[str, Any] | None]]


class Wall:
    """Where effects become visible: a plugin's handler posts notes on it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.notes: list[str] = []
        self.asked: list[Effect] = []
        self.times: list[float] = []
        self.absent: set[str] = set()
        self.trouble: list[Exception] = []
        """What the next attempts run into, one each."""
        self.handler: Handler | None = None

    async def dispatch(self, plugin: str, effect: Effect) -> Mapping[str, Any] | None:
        if plugin in self.absent or f"{plugin}.{effect.kind}" in self.absent:
            raise PluginNotRunning(f"plugin {plugin} does not run")
        self.asked.append(effect)
        self.times.append(self.world.clock.elapsed)
        if self.trouble:
            raise self.trouble.pop(0)
        if self.handler is not None:
            return await self.handler(effect)
        self.notes.append(effect.key)
        return {"message": len(self.notes)}


@pytest.fixture
def wall(world: World) -> Wall:
    return Wall(world)


async def outbox_of(world: World, wall: Wall, plugin: str = "reactions") -> Outbox:
    return (await world.worker(wall.dispatch)).outbox(plugin)


async def state(outbox: Outbox, key: str = "note 1") -> str:
    entry = await outbox.get("post", key)
    return entry.state if entry is not None else "unknown"


class TestCarryingOut:
    async def test_an_effect_happens_once_and_its_result_is_kept(self, world: World, wall: Wall) -> None:
        outbox = await outbox_of(world, wall)

        assert await outbox.put("post", key="note 1", payload={"channel": 7}) is True
        await world.settle()

        assert wall.notes == ["note 1"]
        effect = wall.asked[0]
        assert (effect.kind, effect.payload, effect.attempts) == ("post", {"channel": 7}, 0)
        assert effect.uncertain is False
        entry = await outbox.get("post", "note 1")
        assert entry is not None
        assert (entry.state, entry.result, entry.attempts) == ("done", {"message": 1}, 1)
        assert entry.done_at == world.now()

    async def test_the_same_key_never_happens_twice(self, world: World, wall: Wall) -> None:
        """MODiX #438, tux #827: 100 reactions at once gave several posts."""
        outbox = await outbox_of(world, wall)

        fresh = await asyncio.gather(
            *(outbox.put("post", key="note 1", payload={"who": n}) for n in range(100))
        )
        await world.settle()

        assert fresh.count(True) == 1
        assert wall.notes == ["note 1"]
        assert await outbox.put("post", key="note 1", payload={}) is False, "nor after it is done"
        await world.settle()
        assert wall.notes == ["note 1"]

    async def test_keys_belong_to_a_plugin_and_a_kind(self, world: World, wall: Wall) -> None:
        worker = await world.worker(wall.dispatch)
        mine, theirs = worker.outbox("reactions"), worker.outbox("moderation")

        assert await mine.put("post", key="1", payload={})
        assert await mine.put("delete", key="1", payload={})
        assert await theirs.put("post", key="1", payload={})
        await world.settle()

        assert wall.notes == ["1", "1", "1"]
        assert await theirs.get("delete", "1") is None

    async def test_an_effect_without_a_result_is_done_too(self, world: World, wall: Wall) -> None:
        async def nothing(effect: Effect) -> None:
            pass

        wall.handler = nothing
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})
        await world.settle()

        entry = await outbox.get("post", "note 1")
        assert entry is not None
        assert (entry.state, entry.result, entry.last_error) == ("done", None, None)

    @pytest.mark.parametrize("result", [{"at": object()}, ["a"], "text", {"nul": "\x00"}])
    async def test_a_result_that_cannot_be_kept_does_not_repeat_the_effect(
        self, world: World, wall: Wall, result: Any
    ) -> None:
        async def odd(effect: Effect) -> Any:
            wall.notes.append(effect.key)
            return result

        wall.handler = odd
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})
        await world.wait(86400)

        assert wall.notes == ["note 1"]
        entry = await outbox.get("post", "note 1")
        assert entry is not None
        assert (entry.state, entry.result) == ("done", None)
        assert "result was not kept" in (entry.last_error or "")

    async def test_a_payload_that_no_database_keeps_is_refused(self, world: World, wall: Wall) -> None:
        outbox = await outbox_of(world, wall)

        with pytest.raises(TypeError, match="payload of effect post note 1 is not JSON-ready"):
            await outbox.put("post", key="note 1", payload={"what": {1, 2}})


class TestTransactions:
    async def test_the_decision_and_its_effect_are_one(self, world: World, wall: Wall) -> None:
        outbox = await outbox_of(world, wall)
        storage = world.database.storage("reactions")

        async with storage.transaction() as session:
            assert await outbox.put("post", key="note 1", payload={}, session=session)
            assert not await outbox.put("post", key="note 1", payload={}, session=session)
            await world.settle()
            assert wall.notes == [], "not before the commit"
        await world.settle()

        assert wall.notes == ["note 1"]

    async def test_what_is_rolled_back_does_not_happen(self, world: World, wall: Wall) -> None:
        outbox = await outbox_of(world, wall)

        with pytest.raises(RuntimeError):
            async with world.database.storage("reactions").transaction() as session:
                await outbox.put("post", key="note 1", payload={}, session=session)
                raise RuntimeError("changed my mind")
        await world.wait(3600)

        assert wall.notes == []
        assert await outbox.put("post", key="note 1", payload={}) is True, "the key is free again"

    async def test_a_commit_wakes_the_worker_by_itself(self, world: World, wall: Wall) -> None:
        posted = asyncio.Event()

        async def post(effect: Effect) -> None:
            posted.set()

        wall.handler = post
        outbox = await outbox_of(world, wall)
        await world.settle()

        async with world.database.storage("reactions").transaction() as session, session.begin_nested():
            await outbox.put("post", key="note 1", payload={}, session=session)
        await asyncio.wait_for(posted.wait(), 60)


class TestCrashes:
    async def test_an_effect_decided_before_a_crash_happens_after_it(self, world: World, wall: Wall) -> None:
        before = await world.worker(wall.dispatch)
        await world.crash(before)
        outbox = before.outbox("reactions")
        await outbox.put("post", key="note 1", payload={})

        await world.worker(wall.dispatch)
        await world.settle()

        assert wall.notes == ["note 1"]
        assert wall.asked[0].uncertain is False

    async def test_a_crash_between_the_effect_and_its_record_is_told(self, world: World, wall: Wall) -> None:
        async def posts_and_dies(effect: Effect) -> None:
            wall.notes.append(effect.key)
            await asyncio.Event().wait()

        async def looks_first(effect: Effect) -> Mapping[str, Any]:
            if not (effect.uncertain and effect.key in wall.notes):
                wall.notes.append(effect.key)
            return {"message": 1}

        wall.handler = posts_and_dies
        before = await world.worker(wall.dispatch)
        outbox = before.outbox("reactions")
        await outbox.put("post", key="note 1", payload={})
        await world.settle(handlers=False)
        assert await state(outbox) == "started", "recorded before the effect"

        await world.crash(before)
        wall.handler = looks_first
        await world.worker(wall.dispatch)
        await world.settle()

        assert [effect.uncertain for effect in wall.asked] == [False, True]
        assert wall.notes == ["note 1"]
        assert await state(outbox) == "done"

    async def test_what_is_done_stays_done_after_a_restart(self, world: World, wall: Wall) -> None:
        before = await world.worker(wall.dispatch)
        await before.outbox("reactions").put("post", key="note 1", payload={})
        await world.settle()
        await world.crash(before)

        outbox = await outbox_of(world, wall)
        assert await outbox.put("post", key="note 1", payload={}) is False
        await world.wait(86400)

        assert wall.notes == ["note 1"]

    async def test_the_record_is_written_even_if_the_database_fails_meanwhile(
        self, world: World, wall: Wall
    ) -> None:
        async def post(effect: Effect) -> None:
            wall.notes.append(effect.key)
            await rename(world, "chandelier_outbox", "gone")

        wall.handler = post
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})
        await world.settle()
        await rename(world, "gone", "chandelier_outbox")
        await world.wait(3600)

        assert wall.notes == ["note 1"]
        assert await state(outbox) == "done"


async def rename(world: World, old: str, new: str) -> None:
    async with world.database.storage("chandelier").transaction() as session:
        await session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def answer(status: int, **headers: str) -> Exception:
    """What hikari raises when Discord answers with this status."""
    url = "https://discord.com/api/v10/webhooks/1/very-secret-token"
    kinds: dict[int, type[Any]] = {
        400: hikari.BadRequestError,
        401: hikari.UnauthorizedError,
        403: hikari.ForbiddenError,
        404: hikari.NotFoundError,
    }
    fields: dict[str, Any] = {
        "url": url,
        "headers": headers,
        "raw_body": b"",
        "message": "said why",
        "code": 50013,
    }
    if status in kinds:
        return kinds[status](**fields)
    if status >= 500:
        return hikari.InternalServerError(status=status, **fields)
    if status == 429:
        return hikari.HTTPResponseError(status=status, **fields)
    return hikari.ClientHTTPResponseError(status=status, **fields)


def limited(seconds: float) -> Exception:
    return hikari.RateLimitTooLongError(
        route=None,  # type: ignore[arg-type]
        is_global=False,
        retry_after=seconds,
        max_retry_after=60,
        reset_at=0,
        limit=None,
        period=None,
    )


class TestFailures:
    @pytest.mark.parametrize("status", [400, 403, 404, 413])
    async def test_what_discord_refuses_is_not_tried_again(
        self, world: World, wall: Wall, status: int
    ) -> None:
        wall.trouble = [answer(status)]
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})

        await world.wait(86400)

        entry = await outbox.get("post", "note 1")
        assert entry is not None
        assert (entry.state, entry.attempts, len(wall.asked)) == ("failed", 1, 1)
        assert entry.last_error == f"Discord answered {status}: said why (code 50013)"
        assert await outbox.put("post", key="note 1", payload={}) is False

    @pytest.mark.parametrize("error", [InvalidRequest("no such channel"), NotAllowed("role too low")])
    async def test_what_the_plugin_refuses_is_not_tried_again(
        self, world: World, wall: Wall, error: Exception
    ) -> None:
        wall.trouble = [error]
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})

        await world.wait(86400)

        assert (await state(outbox), len(wall.asked)) == ("failed", 1)

    @pytest.mark.parametrize(
        ("error", "uncertain"),
        [
            (answer(500), True),
            (answer(503), True),
            (hikari.HTTPError("Connection timed out"), True),
            (ServiceUnavailable("the shop does not answer"), True),
            (KeyError("a bug of the plugin"), True),
            (answer(401), False),
            (answer(408), False),
        ],
    )
    async def test_trouble_that_passes_is_waited_out(
        self, world: World, wall: Wall, error: Exception, uncertain: bool
    ) -> None:
        wall.trouble = [error]
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})

        await world.wait(60)

        assert wall.times == [0.0, 5.0]
        assert wall.notes == ["note 1"]
        assert [effect.uncertain for effect in wall.asked] == [False, uncertain]
        assert [effect.attempts for effect in wall.asked] == [0, 1]
        entry = await outbox.get("post", "note 1")
        assert entry is not None
        assert (entry.state, entry.attempts, entry.last_error) == ("done", 2, None)

    async def test_attempts_are_bounded_and_span_an_outage_of_hours(self, world: World, wall: Wall) -> None:
        wall.trouble = [answer(503) for _ in range(100)]
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})

        await world.wait(86400)

        waits = [later - sooner for sooner, later in pairwise(wall.times)]
        assert waits == [5, 15, 45, 135, 405, 1215, 3600, 3600, 3600]
        assert len(wall.asked) == MOST_ATTEMPTS
        entry = await outbox.get("post", "note 1")
        assert entry is not None
        assert (entry.state, entry.attempts) == ("failed", MOST_ATTEMPTS)
        assert entry.done_at is not None

    @pytest.mark.parametrize(
        ("error", "seconds"),
        [
            (limited(90), 90),
            (limited(0), 1),
            (answer(429, **{"Retry-After": "120"}), 120),
            (answer(429), 60),
            (answer(429, **{"Retry-After": "soon"}), 60),
        ],
    )
    async def test_a_rate_limit_is_waited_for_and_is_no_attempt(
        self, world: World, wall: Wall, error: Exception, seconds: float
    ) -> None:
        wall.trouble = [error, error]
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})

        await world.wait(600)

        assert wall.times == [0.0, seconds, 2 * seconds]
        assert [effect.attempts for effect in wall.asked] == [0, 0, 0]
        assert not any(effect.uncertain for effect in wall.asked)
        assert await state(outbox) == "done"

    async def test_a_server_in_trouble_that_says_when_to_come_back_is_heeded(
        self, world: World, wall: Wall
    ) -> None:
        wall.trouble.append(answer(503, **{"Retry-After": "120"}))
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})

        await world.wait(600)

        assert wall.times == [0.0, 120.0]
        assert [(effect.attempts, effect.uncertain) for effect in wall.asked] == [(0, False), (1, True)]

    async def test_doubt_stays_until_the_outcome_is_known(self, world: World, wall: Wall) -> None:
        wall.trouble = [answer(502), limited(30), answer(401)]
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})

        await world.wait(3600)

        assert [effect.uncertain for effect in wall.asked] == [False, True, True, True]

    async def test_tokens_in_urls_are_not_kept(self, world: World, wall: Wall) -> None:
        wall.trouble = [answer(403), answer(500)]
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})
        await outbox.put("post", key="note 2", payload={})
        await world.settle()

        for key in ("note 1", "note 2"):
            entry = await outbox.get("post", key)
            assert entry is not None and entry.last_error
            assert "very-secret-token" not in entry.last_error

    async def test_a_failing_effect_does_not_hold_up_the_others(self, world: World, wall: Wall) -> None:
        wall.trouble = [RuntimeError("a bug")]
        outbox = await outbox_of(world, wall)
        for number in range(1, 6):
            await outbox.put("post", key=f"note {number}", payload={})

        await world.settle()
        assert len(wall.notes) == 4
        await world.wait(5)
        assert len(wall.notes) == 5


class TestPlugins:
    async def test_effects_of_a_plugin_that_does_not_run_wait_for_it(self, world: World, wall: Wall) -> None:
        wall.absent.add("reactions")
        worker = await world.worker(wall.dispatch)
        await worker.outbox("reactions").put("post", key="note 1", payload={})
        await worker.outbox("moderation").put("post", key="note 2", payload={})

        await world.wait(86400)
        assert wall.notes == ["note 2"]
        assert await state(worker.outbox("reactions")) == "waiting"
        wall.absent.clear()
        worker.wake()
        await world.settle()

        assert wall.notes == ["note 2", "note 1"]
        assert (wall.asked[1].attempts, wall.asked[1].uncertain) == (0, False)

    async def test_doubt_survives_a_plugins_absence(self, world: World, wall: Wall) -> None:
        wall.trouble = [answer(500)]
        worker = await world.worker(wall.dispatch)
        await worker.outbox("reactions").put("post", key="note 1", payload={})
        await world.settle()
        wall.absent.add("reactions")
        await world.wait(60)
        wall.absent.clear()
        worker.wake()
        await world.settle()

        assert [effect.uncertain for effect in wall.asked] == [False, True]

    async def test_a_plugin_stopped_in_the_middle_leaves_doubt_but_no_failure(
        self, world: World, wall: Wall
    ) -> None:
        async def cancelled(effect: Effect) -> None:
            if not effect.uncertain:
                raise asyncio.CancelledError  # what awaiting the plugin's cancelled task raises

        wall.handler = cancelled
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="note 1", payload={})

        await world.wait(5)

        assert [(effect.attempts, effect.uncertain) for effect in wall.asked] == [(0, False), (0, True)]
        assert await state(outbox) == "done"

    async def test_a_slow_plugin_leaves_room_for_the_others(self, world: World, wall: Wall) -> None:
        go_on = asyncio.Event()

        async def slow(effect: Effect) -> None:
            if effect.payload["slow"]:
                await go_on.wait()
            wall.notes.append(effect.key)

        wall.handler = slow
        worker = await world.worker(wall.dispatch)
        for number in range(20):
            await worker.outbox("reactions").put("post", key=f"{number}", payload={"slow": True})
        await worker.outbox("moderation").put("post", key="urgent", payload={"slow": False})

        await world.settle(handlers=False)
        assert wall.notes == ["urgent"]
        assert len(wall.asked) == PER_PLUGIN + 1
        go_on.set()
        await world.settle()
        assert sorted(wall.notes) == sorted(["urgent", *(str(number) for number in range(20))])


class TestRetention:
    async def test_keys_are_forgotten_after_the_retention_and_not_before(
        self, world: World, wall: Wall
    ) -> None:
        wall.trouble = [answer(404)]
        outbox = await outbox_of(world, wall)
        await outbox.put("post", key="refused", payload={})
        await world.settle()
        await outbox.put("post", key="note 1", payload={})
        await world.settle()

        world.clock.advance((RETENTION - timedelta(hours=1)).total_seconds())
        await world.settle()
        assert (await state(outbox), await state(outbox, "refused")) == ("done", "failed")
        world.clock.advance(timedelta(days=2).total_seconds())
        await world.settle()

        assert (await state(outbox), await state(outbox, "refused")) == ("unknown", "unknown")

    async def test_what_still_waits_is_not_forgotten(self, world: World, wall: Wall) -> None:
        wall.absent.add("reactions")
        worker = await world.worker(wall.dispatch)
        await worker.outbox("reactions").put("post", key="note 1", payload={})
        await world.settle()

        world.clock.advance(timedelta(days=90).total_seconds())
        wall.absent.clear()
        worker.wake()
        await world.settle()

        assert wall.notes == ["note 1"]


class TestBatches:
    """Effects of one kind and batch, carried out by one call."""

    async def start(self, world: World, wall: Wall, size: int = 10) -> tuple[Outbox, list[list[Effect]]]:
        calls: list[list[Effect]] = []

        async def dispatch(plugin: str, effects: Any) -> Mapping[str, Any] | None:
            calls.append(effects)
            if wall.trouble:
                raise wall.trouble.pop(0)
            if any(effect.payload.get("bad") for effect in effects):
                raise answer(400)
            wall.notes += [effect.key for effect in effects]
            return {"message": len(calls)}

        worker = OutboxWorker(world.database, world.clock, dispatch, lambda plugin, kind: size)
        await world.begin(worker)
        return worker.outbox("log"), calls

    async def put(self, world: World, outbox: Outbox, *keys: str, batch: str | None, **payload: Any) -> None:
        async with world.database.storage("log").transaction() as session:
            for key in keys:
                await outbox.put("line", key=key, payload=payload, batch=batch, session=session)

    async def test_effects_of_a_batch_go_together_and_others_do_not(self, world: World, wall: Wall) -> None:
        outbox, calls = await self.start(world, wall)
        async with world.database.storage("log").transaction() as session:
            for number in range(25):
                for batch in ("general", "random", None):
                    await outbox.put(
                        "line", key=f"{batch} {number}", payload={}, batch=batch, session=session
                    )
        await world.settle()

        assert sorted(len(effects) for effects in calls) == [5, 5, 5, 10, 10, 10, 10, 10, 10]
        assert all(len({effect.batch for effect in effects}) == 1 for effects in calls)
        assert len(set(wall.notes)) == len(wall.notes) == 75
        entry = await outbox.get("line", "general 3")
        assert entry is not None
        assert (entry.state, entry.attempts) == ("done", 1)
        assert entry.result is not None, "what the handler returned is kept with each"

    async def test_a_crash_hands_out_the_same_batch_again(self, world: World, wall: Wall) -> None:
        async def dies(plugin: str, effects: Any) -> None:
            handed.append([effect.key for effect in effects])
            await asyncio.Event().wait()

        handed: list[list[str]] = []
        before = OutboxWorker(world.database, world.clock, dies, lambda plugin, kind: 3)
        await world.begin(before)
        await self.put(world, before.outbox("log"), "a", "b", "c", batch="general")
        await world.settle(handlers=False)
        await world.crash(before)

        async with world.database.storage("log").transaction() as session:
            for key in "xyz":
                await before.outbox("log").put("line", key=key, payload={}, batch="general", session=session)
        _, calls = await self.start(world, wall)
        await world.settle()

        assert handed == [["a", "b", "c"]]
        again = {"".join(effect.key for effect in effects): effects[0].uncertain for effects in calls}
        assert again == {"abc": True, "xyz": False}
        assert [effects[0].id for effects in calls if effects[0].uncertain], "the first id names the call"

    async def test_one_that_is_refused_does_not_take_the_others_down(self, world: World, wall: Wall) -> None:
        outbox, calls = await self.start(world, wall)
        async with world.database.storage("log").transaction() as session:
            for key in "abc":
                await outbox.put("line", key=key, payload={"bad": key == "b"}, session=session)
        await world.wait(3600)

        assert [len(effects) for effects in calls] == [3, 1, 1, 1]
        assert sorted(wall.notes) == ["a", "c"]
        assert not any(effects[0].uncertain for effects in calls), "what was refused did not happen"
        entry = await outbox.get("line", "b")
        assert entry is not None
        assert entry.state == "failed"

    async def test_a_rate_limit_is_waited_for_and_is_no_attempt_of_any(
        self, world: World, wall: Wall
    ) -> None:
        outbox, calls = await self.start(world, wall)
        wall.trouble.append(limited(90))
        await self.put(world, outbox, "a", "b", batch="general")
        await world.wait(89)
        assert len(calls) == 1
        await world.wait(1)

        assert [len(effects) for effects in calls] == [2, 2]
        assert [effect.attempts for effect in calls[1]] == [0, 0]
        assert wall.notes == ["a", "b"]

    async def test_a_version_that_takes_no_batches_gets_one_at_a_time(self, world: World, wall: Wall) -> None:
        async def dies(plugin: str, effects: Any) -> None:
            await asyncio.Event().wait()

        before = OutboxWorker(world.database, world.clock, dies, lambda plugin, kind: 3)
        await world.begin(before)
        await self.put(world, before.outbox("log"), "a", "b", batch="general")
        await world.settle(handlers=False)
        await world.crash(before)

        await world.worker(wall.dispatch)
        await world.settle()

        assert sorted(wall.notes) == ["a", "b"]
        assert all(effect.uncertain for effect in wall.asked)

    async def test_a_moment_with_many_effects_costs_few_transactions(
        self, world: World, wall: Wall, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        worker = await world.worker(wall.dispatch)
        async with world.database.transaction() as session:
            for number in range(16):
                outbox = worker.outbox(f"plugin{number % 4}")
                await outbox.put("post", key=f"{number}", payload={}, session=session)
            transaction, count = world.database.transaction, 0

            def counted(*names: str) -> Any:
                nonlocal count
                count += 1
                return transaction(*names)

            monkeypatch.setattr(world.database, "transaction", counted)
        await world.settle()

        assert len(wall.notes) == 16
        assert count <= 6, "one to mark them all, few to record what came of them"
