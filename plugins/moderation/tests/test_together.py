"""Writing together: who waits is told what became of it, whoever wrote."""

from __future__ import annotations

import asyncio

import pytest

from chandelier_moderation.together import Together


class Pen:
    """A writer that takes its time and may fail."""

    def __init__(self):
        self.batches = []
        self.free = asyncio.Event()
        self.error = None

    async def write(self, items):
        await self.free.wait()
        if self.error is not None:
            raise self.error
        self.batches.append(list(items))


async def test_what_comes_while_one_is_written_is_written_together():
    pen = Pen()
    together = Together(pen.write)
    waiting = [asyncio.create_task(together.put(number)) for number in range(5)]
    await asyncio.sleep(0)  # the first one writes, the others wait
    pen.free.set()
    await asyncio.gather(*waiting)

    assert pen.batches in ([[0], [1, 2, 3, 4]], [[0, 1, 2, 3, 4]])


async def test_who_is_cancelled_while_writing_leaves_the_rest_to_the_next():
    pen = Pen()
    together = Together(pen.write)
    first = asyncio.create_task(together.put("first"))
    second = asyncio.create_task(together.put("second"))
    for _ in range(3):
        await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    pen.free.set()
    await second

    assert sorted(item for batch in pen.batches for item in batch) == ["first", "second"]


async def test_everybody_who_waits_hears_of_a_failure_and_the_next_try_is_new():
    pen = Pen()
    pen.free.set()
    pen.error = ValueError("the disk is full")
    together = Together(pen.write)
    told = await asyncio.gather(*(together.put(number) for number in range(3)), return_exceptions=True)
    assert [str(error) for error in told] == ["the disk is full"] * 3

    pen.error = None
    await together.put(9)
    assert pen.batches == [[9]]
