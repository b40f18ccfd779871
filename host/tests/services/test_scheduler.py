"""Durable timers on a real database: called when due, also after restarts, failures and absences."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chandelier.errors import PluginError
from chandelier.services.due import AT_ONCE, PER_PLUGIN, PluginNotRunning
from chandelier.services.scheduler import Scheduler, Timer

from .conftest import World

MINUTE = timedelta(minutes=1)
Handler = Callable[[Timer], Awaitable[datetime | None]]


class Diary:
    """Plugins whose handlers write down when they were called; a test may give one something to do."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: list[tuple[str, str, float]] = []
        self.timers: list[Timer] = []
        self.handlers: dict[str, Handler] = {}
        self.absent: set[str] = set()

    async def dispatch(self, plugin: str, timer: Timer) -> datetime | None:
        if plugin in self.absent or f"{plugin}.{timer.kind}" in self.absent:
            raise PluginNotRunning(f"plugin {plugin} does not run")
        self.calls.append((plugin, timer.key, self.world.clock.elapsed))
        self.timers.append(timer)
        handler = self.handlers.get(timer.kind)
        return await handler(timer) if handler is not None else None

    def of(self, key: str) -> list[float]:
        """When the timer of this key was called, in seconds since the test began."""
        return [at for _, called, at in self.calls if called == key]


@pytest.fixture
def diary(world: World) -> Diary:
    return Diary(world)


class TestCalling:
    async def test_a_handler_is_called_once_when_its_timer_is_due(self, world: World, diary: Diary) -> None:
        scheduler = await world.scheduler(diary.dispatch)
        timers = scheduler.timers("redeye")
        due = world.now() + 10 * MINUTE
        await timers.schedule("look", key="lamp", due=due, payload={"url": "http://shop.example/lamp"})

        await world.wait(599)
        assert diary.calls == []
        await world.wait(1)
        assert diary.calls == [("redeye", "lamp", 600.0)]
        await world.wait(86400)

        assert len(diary.calls) == 1
        assert await timers.pending() == []
        timer = diary.timers[0]
        assert (timer.kind, timer.due, timer.attempts) == ("look", due, 0)
        assert timer.payload == {"url": "http://shop.example/lamp"}

    async def test_a_handler_may_ask_to_be_called_again(self, world: World, diary: Diary) -> None:
        async def three_times(timer: Timer) -> datetime | None:
            return timer.due + MINUTE if len(diary.calls) < 3 else None

        diary.handlers["look"] = three_times
        scheduler = await world.scheduler(diary.dispatch)
        await scheduler.timers("redeye").schedule("look", key="lamp", due=world.now() + MINUTE)

        await world.wait(3600)

        assert diary.of("lamp") == [60.0, 120.0, 180.0]

    async def test_a_timer_that_is_overdue_is_called_at_once(self, world: World, diary: Diary) -> None:
        scheduler = await world.scheduler(diary.dispatch)

        await scheduler.timers("redeye").schedule("look", key="lamp", due=world.now() - MINUTE)
        await world.settle()

        assert diary.of("lamp") == [0.0]

    async def test_timers_far_away_are_called_to_the_second(self, world: World, diary: Diary) -> None:
        scheduler = await world.scheduler(diary.dispatch)
        month = timedelta(days=30, seconds=1.5)
        await scheduler.timers("moderation").schedule("unban", key="bob", due=world.now() + month)

        await world.wait(31 * 86400)

        assert diary.of("bob") == [month.total_seconds()]

    async def test_a_wall_clock_set_ahead_is_noticed_within_hours(self, world: World, diary: Diary) -> None:
        called = asyncio.Event()

        async def unban(timer: Timer) -> None:
            called.set()

        diary.handlers["unban"] = unban
        scheduler = await world.scheduler(diary.dispatch)
        await scheduler.timers("moderation").schedule("unban", key="bob", due=world.now() + 1440 * MINUTE)
        await world.settle()

        world.clock.ahead = timedelta(days=1)
        world.clock.advance(6 * 3600)

        await asyncio.wait_for(called.wait(), 60)  # by itself: nobody asks it to look

    async def test_a_sooner_timer_does_not_wait_for_a_later_one(self, world: World, diary: Diary) -> None:
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        await timers.schedule("look", key="late", due=world.now() + 60 * MINUTE)
        await world.settle()
        await timers.schedule("look", key="soon", due=world.now() + MINUTE)

        await world.wait(3600)

        assert [key for _, key, _ in diary.calls] == ["soon", "late"]


class TestSetting:
    async def test_scheduling_again_moves_the_timer(self, world: World, diary: Diary) -> None:
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        await timers.schedule("look", key="lamp", due=world.now() + MINUTE, payload={"try": 1})
        await timers.schedule("look", key="lamp", due=world.now() + 5 * MINUTE, payload={"try": 2})

        assert [timer.payload for timer in await timers.pending()] == [{"try": 2}]
        await world.wait(3600)
        assert diary.of("lamp") == [300.0]

    async def test_a_cancelled_timer_is_not_called(self, world: World, diary: Diary) -> None:
        timers = (await world.scheduler(diary.dispatch)).timers("moderation")
        await timers.schedule("unban", key="bob", due=world.now() + MINUTE)

        assert await timers.cancel("unban", "bob") is True
        assert await timers.cancel("unban", "bob") is False
        await world.wait(3600)
        assert diary.calls == []

    async def test_plugins_and_kinds_do_not_get_into_each_others_way(
        self, world: World, diary: Diary
    ) -> None:
        scheduler = await world.scheduler(diary.dispatch)
        redeye, moderation = scheduler.timers("redeye"), scheduler.timers("moderation")
        for timers, kind in ((redeye, "look"), (redeye, "report"), (moderation, "look")):
            await timers.schedule(kind, key="42", due=world.now() + MINUTE)

        assert await moderation.cancel("report", "42") is False
        assert [timer.kind for timer in await redeye.pending("look")] == ["look"]
        assert len(await redeye.pending()) == 2
        await world.wait(60)
        assert sorted(diary.calls) == [
            ("moderation", "42", 60.0),
            ("redeye", "42", 60.0),
            ("redeye", "42", 60.0),
        ]

    async def test_a_timer_set_in_a_transaction_lives_and_dies_with_it(
        self, world: World, diary: Diary
    ) -> None:
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        storage = world.database.storage("redeye")

        with pytest.raises(RuntimeError, match="no watch"):
            async with storage.transaction() as session:
                await timers.schedule("look", key="undone", due=world.now(), session=session)
                raise RuntimeError("no watch")
        async with storage.transaction() as session:
            await timers.schedule("look", key="kept", due=world.now(), session=session)
            async with session.begin_nested():
                await timers.schedule("look", key="nested", due=world.now(), session=session)
            await world.settle()
            assert diary.calls == [], "the transaction is not committed yet"
        await world.settle()

        assert sorted(key for _, key, _ in diary.calls) == ["kept", "nested"]

    async def test_a_cancellation_that_is_rolled_back_did_not_happen(
        self, world: World, diary: Diary
    ) -> None:
        timers = (await world.scheduler(diary.dispatch)).timers("moderation")
        await timers.schedule("unban", key="bob", due=world.now() + MINUTE)

        with pytest.raises(RuntimeError):
            async with world.database.storage("moderation").transaction() as session:
                assert await timers.cancel("unban", "bob", session=session)
                raise RuntimeError("changed my mind")
        await world.wait(60)

        assert diary.of("bob") == [60.0]

    @pytest.mark.parametrize(
        ("payload", "complaint"),
        [
            ({"when": datetime(2026, 1, 1, tzinfo=UTC)}, "not JSON-ready"),
            ({"price": float("nan")}, "not JSON-ready"),
            ({"name": "a\x00b"}, "NUL"),
            ({"name": "\ud83d"}, "half a character"),
            (["lamp"], "must be a mapping"),
        ],
    )
    async def test_what_a_database_would_not_keep_is_refused_when_it_is_set(
        self, world: World, diary: Diary, payload: Any, complaint: str
    ) -> None:
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")

        with pytest.raises((TypeError, ValueError), match=rf"payload of timer look lamp .*{complaint}"):
            await timers.schedule("look", key="lamp", due=world.now(), payload=payload)

    async def test_a_moment_without_a_zone_is_refused(self, world: World, diary: Diary) -> None:
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")

        with pytest.raises(ValueError, match="no time zone"):
            await timers.schedule("look", key="lamp", due=datetime(2026, 1, 1))  # noqa: DTZ001 - the point


class TestSubjects:
    """When a message, a member or a guild goes, its timers go."""

    async def test_the_timers_of_a_subject_go_in_the_transaction_in_which_it_goes(
        self, world: World, diary: Diary
    ) -> None:
        scheduler = await world.scheduler(diary.dispatch)
        timers, others = scheduler.timers("moderation"), scheduler.timers("redeye")
        about = {
            "guild": "guild/7",
            "member": "guild/7/member/9",
            "odd": "guild/7/",
            "neighbour": "guild/77",
            "prefix": "guild/7-old",
            "case": "Guild/7/member/9",
            "nothing": None,
        }
        for key, subject in about.items():
            await timers.schedule("unban", key=key, due=world.now() + MINUTE, subject=subject)
        await others.schedule("look", key="theirs", due=world.now() + MINUTE, subject="guild/7")

        with pytest.raises(RuntimeError):
            async with world.database.storage("moderation").transaction() as session:
                assert await timers.cancel_all("guild/7", session=session) == 3
                raise RuntimeError("it stays after all")
        assert len(await timers.pending()) == len(about)
        assert await timers.cancel_all("guild/7/") == 3
        assert await timers.cancel_all("guild/7") == 0
        await world.wait(60)

        assert sorted(key for _, key, _ in diary.calls) == [
            "case",
            "neighbour",
            "nothing",
            "prefix",
            "theirs",
        ]

    async def test_every_timer_at_once_is_no_subject(self, world: World, diary: Diary) -> None:
        timers = (await world.scheduler(diary.dispatch)).timers("moderation")
        for nothing in ("", "/"):
            with pytest.raises(ValueError, match="name a subject"):
                await timers.cancel_all(nothing)

    async def test_a_timer_moved_without_its_subject_has_none(self, world: World, diary: Diary) -> None:
        timers = (await world.scheduler(diary.dispatch)).timers("moderation")
        await timers.schedule("unban", key="bob", due=world.now() + MINUTE, subject="guild/7")
        await timers.schedule("unban", key="bob", due=world.now() + MINUTE)

        assert await timers.cancel_all("guild/7") == 0


class TestFailing:
    async def test_a_handler_that_fails_is_called_again_after_longer_and_longer(
        self, world: World, diary: Diary
    ) -> None:
        async def broken(timer: Timer) -> None:
            raise RuntimeError("the shop is on fire\nand more")

        diary.handlers["look"] = broken
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        await timers.schedule("look", key="lamp", due=world.now())

        await world.wait(4 * 3600)

        waits = [
            later - sooner for sooner, later in zip(diary.of("lamp"), diary.of("lamp")[1:], strict=False)
        ]
        assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
        assert [timer.attempts for timer in diary.timers] == list(range(10))
        async with world.database.storage("chandelier").read() as session:
            kept = await session.scalar(text("SELECT last_error FROM chandelier_timers"))
        assert kept == "RuntimeError: the shop is on fire"

    async def test_one_success_forgets_the_failures(self, world: World, diary: Diary) -> None:
        async def moody(timer: Timer) -> datetime | None:
            if len(diary.calls) in {1, 2, 4}:
                raise RuntimeError("not now")
            return timer.due + 60 * MINUTE if len(diary.calls) < 5 else None

        diary.handlers["look"] = moody
        await (
            (await world.scheduler(diary.dispatch))
            .timers("redeye")
            .schedule("look", key="lamp", due=world.now())
        )

        await world.wait(10 * 3600)

        assert [timer.attempts for timer in diary.timers] == [0, 1, 2, 0, 1]

    async def test_one_plugins_failure_is_not_anothers(self, world: World, diary: Diary) -> None:
        """changedetection.io #4350: one bad watch stopped the scheduler."""

        async def broken(timer: Timer) -> None:
            raise PluginError("no such time zone")

        diary.handlers["look"] = broken
        scheduler = await world.scheduler(diary.dispatch)
        await scheduler.timers("redeye").schedule("look", key="bad", due=world.now())
        await scheduler.timers("redeye").schedule("report", key="good", due=world.now() + MINUTE)
        await scheduler.timers("moderation").schedule("unban", key="bob", due=world.now() + MINUTE)

        await world.wait(60)

        assert diary.of("good") == diary.of("bob") == [60.0]

    @pytest.mark.parametrize("answer", ["tomorrow", datetime(2026, 1, 2), 60, True])  # noqa: DTZ001 - the point
    async def test_an_answer_that_is_no_moment_is_a_failure(
        self, world: World, diary: Diary, answer: Any
    ) -> None:
        async def odd(timer: Timer) -> Any:
            return answer if len(diary.calls) == 1 else None

        diary.handlers["look"] = odd
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        await timers.schedule("look", key="lamp", due=world.now())

        await world.wait(60)

        assert diary.of("lamp") == [0.0, 30.0]
        assert await timers.pending() == []

    async def test_a_handler_that_asks_for_the_past_is_not_called_without_end(
        self, world: World, diary: Diary
    ) -> None:
        async def stuck(timer: Timer) -> datetime:
            return timer.due

        diary.handlers["look"] = stuck
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        await timers.schedule("look", key="lamp", due=world.now())

        await world.wait(60)

        assert diary.of("lamp") == [0.0, 30.0]

    async def test_a_database_that_fails_for_a_while_stops_nothing(self, world: World, diary: Diary) -> None:
        scheduler = await world.scheduler(diary.dispatch)
        timers = scheduler.timers("redeye")
        await timers.schedule("look", key="lamp", due=world.now() + MINUTE)
        await rename(world, "chandelier_timers", "gone")

        await world.wait(120)
        assert diary.calls == []
        await rename(world, "gone", "chandelier_timers")
        await world.wait(300)

        assert len(diary.of("lamp")) == 1

    async def test_a_run_is_not_repeated_because_its_record_failed(self, world: World, diary: Diary) -> None:
        async def breaks_the_database(timer: Timer) -> None:
            await rename(world, "chandelier_timers", "gone")

        diary.handlers["look"] = breaks_the_database
        scheduler = await world.scheduler(diary.dispatch)
        await scheduler.timers("redeye").schedule("look", key="lamp", due=world.now())
        await world.settle()
        await rename(world, "gone", "chandelier_timers")
        await world.wait(3600)

        assert diary.of("lamp") == [0.0]
        assert await scheduler.timers("redeye").pending() == []

    async def test_a_claim_that_was_made_although_the_database_said_no_is_not_held_for_ever(
        self, world: World, diary: Diary
    ) -> None:
        """The connection breaks between the commit and its answer."""

        class Unsure(Scheduler):
            told = False

            async def _take(self, *arguments: Any) -> Any:
                taken = await super()._take(*arguments)
                if taken and not self.told:
                    self.told = True
                    raise ConnectionResetError("the answer never came")
                return taken

        scheduler = await world.begin(Unsure(world.database, world.clock, diary.dispatch))
        await scheduler.timers("redeye").schedule("look", key="lamp", due=world.now())
        await world.wait(60)

        # After the pause, or at once when the change itself asked for another look meanwhile; only once.
        assert diary.of("lamp") in ([0.0], [5.0])


async def rename(world: World, old: str, new: str) -> None:
    async with world.database.storage("chandelier").transaction() as session:
        await session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


class TestRestarts:
    async def test_timers_survive_a_restart_and_catch_up(self, world: World, diary: Diary) -> None:
        before = await world.scheduler(diary.dispatch)
        await before.timers("moderation").schedule("unban", key="bob", due=world.now() + MINUTE)
        await before.timers("moderation").schedule("unban", key="eve", due=world.now() + 90 * MINUTE)
        await before.stop()
        world.clock.advance(3600)

        await world.scheduler(diary.dispatch)
        await world.wait(7200)

        assert diary.of("bob") == [3600.0]
        assert diary.of("eve") == [5400.0]

    async def test_a_crash_in_the_middle_of_a_run_repeats_it(self, world: World, diary: Diary) -> None:
        async def hangs(timer: Timer) -> None:
            await asyncio.Event().wait()

        diary.handlers["unban"] = hangs
        before = await world.scheduler(diary.dispatch)
        await before.timers("moderation").schedule("unban", key="bob", due=world.now())
        await world.settle(handlers=False)
        assert len(diary.calls) == 1

        await world.crash(before)
        diary.handlers.clear()
        after = await world.scheduler(diary.dispatch)
        await world.settle()

        assert len(diary.calls) == 2
        assert diary.timers[1].attempts == 0, "a crash is not the handler's failure"
        assert await after.timers("moderation").pending() == []

    async def test_a_stop_lets_what_runs_finish(self, world: World, diary: Diary) -> None:
        go_on = asyncio.Event()

        async def slow(timer: Timer) -> None:
            await go_on.wait()

        diary.handlers["unban"] = slow
        scheduler = await world.scheduler(diary.dispatch)
        timers = scheduler.timers("moderation")
        await timers.schedule("unban", key="bob", due=world.now())
        await world.settle(handlers=False)

        stopping = asyncio.create_task(scheduler.stop(grace=30))
        await asyncio.sleep(0)
        await timers.schedule("unban", key="eve", due=world.now())
        go_on.set()
        await stopping

        assert [timer.key for timer in await timers.pending()] == ["eve"]
        assert diary.of("eve") == []

    async def test_start_and_stop_can_be_called_twice(self, world: World, diary: Diary) -> None:
        scheduler = await world.scheduler(diary.dispatch)
        await scheduler.start()
        await scheduler.timers("redeye").schedule("look", key="lamp", due=world.now())
        await world.settle()
        await scheduler.stop()
        await scheduler.stop()
        await scheduler.idle()

        assert len(diary.calls) == 1
        assert world.clock.sleepers == 0, "nothing is left waiting"


class TestAbsentPlugins:
    async def test_timers_of_a_plugin_that_does_not_run_wait_for_it(self, world: World, diary: Diary) -> None:
        diary.absent.add("redeye")
        scheduler = await world.scheduler(diary.dispatch)
        await scheduler.timers("redeye").schedule("look", key="lamp", due=world.now() + MINUTE)
        await scheduler.timers("moderation").schedule("unban", key="bob", due=world.now() + 2 * MINUTE)

        await world.wait(3600)
        assert diary.calls == [("moderation", "bob", 120.0)]
        diary.absent.clear()
        scheduler.wake()
        await world.settle()

        assert diary.calls[1:] == [("redeye", "lamp", 3600.0)]
        assert diary.timers[1].attempts == 0, "not running is no failure"

    async def test_a_kind_that_a_new_version_lost_does_not_hold_up_the_others(
        self, world: World, diary: Diary
    ) -> None:
        diary.absent.add("redeye.old")
        scheduler = await world.scheduler(diary.dispatch)
        await scheduler.timers("redeye").schedule("old", key="lamp", due=world.now())
        await scheduler.timers("redeye").schedule("look", key="lamp", due=world.now() + MINUTE)

        await world.wait(60)

        assert diary.of("lamp") == [60.0]

    async def test_a_plugin_stopped_in_the_middle_of_a_run_is_not_blamed(
        self, world: World, diary: Diary
    ) -> None:
        async def cancelled(timer: Timer) -> None:
            if len(diary.calls) == 1:
                raise asyncio.CancelledError  # what awaiting the plugin's cancelled task raises

        diary.handlers["look"] = cancelled
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        await timers.schedule("look", key="lamp", due=world.now())

        await world.wait(60)

        assert diary.of("lamp") == [0.0, 30.0]
        assert diary.timers[1].attempts == 0


class Distracted(Scheduler):
    """A scheduler to which something happens between its look at the database and what it makes of it."""

    distraction: Callable[[], Awaitable[None]] | None = None

    async def _look(self, *arguments: Any, **options: Any) -> Any:
        found = await super()._look(*arguments, **options)
        if self.distraction is not None:
            await self.distraction()
        return found


class TestOverlap:
    async def test_a_timer_is_not_called_again_while_its_handler_runs(
        self, world: World, diary: Diary
    ) -> None:
        go_on = asyncio.Event()

        async def slow(timer: Timer) -> None:
            await go_on.wait()

        diary.handlers["look"] = slow
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        await timers.schedule("look", key="lamp", due=world.now())
        await world.settle(handlers=False)
        await timers.schedule("look", key="lamp", due=world.now())
        await world.wait(600, handlers=False)
        assert diary.of("lamp") == [0.0]

        go_on.set()
        await world.settle()

        assert diary.of("lamp") == [0.0, 600.0], "what was set meanwhile is not lost"

    async def test_a_handler_may_set_its_own_timer_anew(self, world: World, diary: Diary) -> None:
        async def again(timer: Timer) -> None:
            if len(diary.calls) < 3:
                await timers.schedule("look", key="lamp", due=world.now() + MINUTE)

        diary.handlers["look"] = again
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        await timers.schedule("look", key="lamp", due=world.now())

        await world.wait(3600)

        assert diary.of("lamp") == [0.0, 60.0, 120.0]

    async def test_a_timer_cancelled_while_it_runs_does_not_come_back(
        self, world: World, diary: Diary
    ) -> None:
        async def cancels_itself(timer: Timer) -> datetime:
            await timers.cancel("look", "lamp")
            return timer.due + MINUTE

        diary.handlers["look"] = cancels_itself
        timers = (await world.scheduler(diary.dispatch)).timers("redeye")
        await timers.schedule("look", key="lamp", due=world.now())

        await world.wait(3600)

        assert diary.of("lamp") == [0.0]

    async def test_what_ends_during_a_look_is_looked_at_again_before_all_is_idle(
        self, world: World, diary: Diary
    ) -> None:
        go_on = asyncio.Event()

        async def slow(timer: Timer) -> datetime:
            await go_on.wait()
            return timer.due + MINUTE

        async def ends_meanwhile() -> None:
            scheduler.distraction = None
            go_on.set()
            await asyncio.wait(scheduler._running.values())

        diary.handlers["look"] = slow
        scheduler = await world.begin(Distracted(world.database, world.clock, diary.dispatch))
        for number in range(PER_PLUGIN):  # so many that the look leaves the plugin out
            await scheduler.timers("redeye").schedule("look", key=f"lamp {number}", due=world.now())
        await world.settle(handlers=False)
        scheduler.distraction = ends_meanwhile
        await world.settle()

        assert world.clock.next_deadline() == 60.0, "the alarm for the next call is set"

    async def test_a_slow_plugin_leaves_room_for_the_others(self, world: World, diary: Diary) -> None:
        go_on = asyncio.Event()

        async def slow(timer: Timer) -> None:
            await go_on.wait()

        diary.handlers["look"] = slow
        scheduler = await world.scheduler(diary.dispatch)
        async with world.database.storage("redeye").transaction() as session:
            for watch in range(50):
                await scheduler.timers("redeye").schedule(
                    "look", key=f"watch {watch}", due=world.now(), session=session
                )
        await scheduler.timers("moderation").schedule("unban", key="bob", due=world.now() + MINUTE)

        await world.wait(60, handlers=False)
        assert len(diary.calls) == PER_PLUGIN + 1
        assert diary.of("bob") == [60.0]

        go_on.set()
        await world.settle()
        assert len(diary.calls) == 51
        assert len({key for _, key, _ in diary.calls}) == 51

    async def test_all_plugins_together_are_bounded(self, world: World, diary: Diary) -> None:
        go_on = asyncio.Event()

        async def slow(timer: Timer) -> None:
            await go_on.wait()

        diary.handlers["look"] = slow
        scheduler = await world.scheduler(diary.dispatch)
        for plugin in range(10):
            for key in "abc":
                await scheduler.timers(f"plugin{plugin}").schedule("look", key=key, due=world.now())

        await world.settle(handlers=False)
        assert len(diary.calls) == AT_ONCE

        go_on.set()
        await world.settle()
        assert len(diary.calls) == 30
