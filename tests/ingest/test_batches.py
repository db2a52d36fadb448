"""Group commit: nothing waits for a timer, everybody hears of their own batch, and the queue has a bound."""

import asyncio

import pytest

from goodword.ingest.batches import Batcher, Full


class Writer:
    """Writes when it is let go; remembers the batches."""

    def __init__(self):
        self.batches, self.gate, self.error = [], asyncio.Event(), None

    async def write(self, rows):
        self.batches.append(list(rows))
        await self.gate.wait()
        if self.error:
            raise self.error
        return len(rows)


def run(story):
    async def told():
        writer = Writer()
        await story(writer, Batcher(asyncio.get_running_loop(), writer.write, most=3, waiting_max=7))

    asyncio.run(told())


def test_what_arrives_while_a_batch_is_written_is_the_next_batch():
    async def story(writer, batcher):
        first = batcher.put("a").done
        await asyncio.sleep(0)
        second = [batcher.put(row).done for row in "bc"]
        assert writer.batches == [["a"]]
        writer.gate.set()
        assert [await first, *await asyncio.gather(*second)] == [1, 2, 2]
        assert writer.batches == [["a"], ["b", "c"]]

    run(story)


def test_a_batch_is_never_larger_than_allowed():
    async def story(writer, batcher):
        writer.gate.set()
        await asyncio.gather(*(batcher.put(row).done for row in "abcdefg"))
        assert [len(batch) for batch in writer.batches] == [3, 3, 1]

    run(story)


def test_f34_beyond_the_bound_nothing_is_taken_and_what_was_taken_is_written():
    async def story(writer, batcher):
        taken = [batcher.put(row).done for row in "abcdefg"]
        with pytest.raises(Full):
            batcher.put("h")
        writer.gate.set()
        await asyncio.gather(*taken)
        assert sum(map(len, writer.batches)) == 7
        assert await batcher.put("h").done == 1

    run(story)


def test_a_failed_write_is_told_to_those_who_wait_and_to_nobody_else():
    async def story(writer, batcher):
        writer.gate.set()
        writer.error = OSError("away")
        with pytest.raises(OSError, match="away"):
            await batcher.put("a").done
        writer.error = None
        assert await batcher.put("b").done == 1

    run(story)


def test_one_who_leaves_takes_nothing_from_those_who_wait_with_it():
    async def story(writer, batcher):
        batch = batcher.put("a")
        leaving = asyncio.ensure_future(_wait(batch))
        staying = asyncio.ensure_future(_wait(batcher.put("b")))
        await asyncio.sleep(0)
        leaving.cancel()
        writer.gate.set()
        assert await staying == 2

    run(story)


async def _wait(batch):
    return await batch.done


def test_draining_waits_for_everything_that_was_taken():
    async def story(writer, batcher):
        for row in "abcd":
            batcher.put(row)
        asyncio.get_running_loop().call_later(0.01, writer.gate.set)
        await batcher.drained()
        assert batcher.waiting == 0
        assert sum(map(len, writer.batches)) == 4

    run(story)
