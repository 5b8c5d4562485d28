"""Lines of functions: written soon, in order, without anybody waiting, within bounds."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any, Final

import pytest

from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.seam import StorageFailed
from pileus.services.logs import writer as writer_module
from pileus.services.logs.shapes import DeleteLogGroupRequest
from pileus.services.logs.store import Reading
from pileus.services.logs.writer import FunctionLogWriter
from tests.support.time import JumpingClock
from tests.unit.logs.conftest import ACCOUNT, NOW_MS, Logs, context, messages

_WITHIN_S: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Function:
    log_group: str = "g"
    account_id: str = ACCOUNT
    region: str = "us-east-1"


@pytest.fixture
def writer(logs: Logs, clock: JumpingClock) -> FunctionLogWriter:
    return FunctionLogWriter(logs.store, clock, SeededIds())


@pytest.fixture
async def running(writer: FunctionLogWriter) -> AsyncIterator[None]:
    task = asyncio.create_task(writer.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_lines_arrive_by_themselves(logs: Logs, writer: FunctionLogWriter, running: None) -> None:
    """Group and stream are made; the order is that of the lines, also within a millisecond."""
    now_s = NOW_MS / 1000
    writer.append(Function(), "s", [(now_s, "START"), (now_s, "hello"), (now_s + 0.001, "END"), (now_s, "")])
    writer.append(Function(), "t", [(now_s, "other")])

    async def arrived() -> None:
        while not await logs.store.snapshot().range(b"", b"\xff"):
            await asyncio.sleep(0.001)

    await asyncio.wait_for(arrived(), _WITHIN_S)
    answer = await logs.get("s")
    assert messages(answer) == ["START", "hello", "END"]
    assert answer.events is not None
    assert [event.timestamp for event in answer.events] == [NOW_MS, NOW_MS, NOW_MS + 1]
    assert messages(await logs.filter(filter_pattern="other")) == ["other"]


async def test_flush_leaves_nothing_behind(
    logs: Logs, writer: FunctionLogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graceful stop loses no line, however many transactions that takes."""
    monkeypatch.setattr(writer_module, "LINES_PER_TRANSACTION", 10)
    for n in range(95):
        writer.append(Function(), "s", [(NOW_MS / 1000, str(n))])
    await writer.flush()
    assert messages(await logs.get("s")) == [str(n) for n in range(95)]
    await writer.flush()


@pytest.mark.parametrize("seed", range(5))
async def test_streams_keep_their_order(
    logs: Logs, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Whatever comes while others are written: each stream in its order, nothing lost, and nothing left to count."""
    monkeypatch.setattr(writer_module, "LINES_PER_TRANSACTION", 7)
    monkeypatch.setattr(writer_module, "WRITE_DELAY_S", 0.0)
    random, writer = Random(seed), FunctionLogWriter(logs.store, clock, SeededIds())
    task = asyncio.create_task(writer.run())
    told: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    for _ in range(120):
        stream = random.choice(list(told))
        lines = [f"{stream} {len(told[stream]) + n}" for n in range(random.choice((1, 3, 20)))]
        told[stream] += lines
        writer.append(Function(), stream, [(NOW_MS / 1000, line) for line in lines])
        if random.random() < 0.3:
            await asyncio.sleep(0)
    await writer.flush()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for stream, lines in told.items():
        assert messages(await logs.get(stream)) == lines
    assert (writer._buffered_bytes, writer._buffered_lines, writer._queues) == (0, 0, {})


async def test_what_comes_meanwhile_gathers(logs: Logs, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that come while others are written wait for more, so that a stream is not written for each of them."""
    writer = FunctionLogWriter(logs.store, clock, SeededIds())
    writer.append(Function(), "s", [(NOW_MS / 1000, "first")])
    loop, run = asyncio.get_running_loop(), logs.store.run
    moments_s: list[float] = []

    async def run_and_add(work: Any) -> Any:
        moments_s.append(loop.time())
        writer.append(Function(), "s", [(NOW_MS / 1000, "meanwhile")])
        return await run(work)

    monkeypatch.setattr(logs.store, "run", run_and_add)
    monkeypatch.setattr(writer_module, "WRITE_DELAY_S", 0.02)
    task = asyncio.create_task(writer.run())
    try:
        async with asyncio.timeout(_WITHIN_S):
            while len(moments_s) < 3:
                await asyncio.sleep(0.001)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert all(later - earlier > 0.015 for earlier, later in pairwise(moments_s))


async def test_a_deleted_group_comes_back(logs: Logs, writer: FunctionLogWriter) -> None:
    """As on AWS, where a function's next invocation makes its group again."""
    for _ in range(2):
        writer.append(Function(), "s", [(NOW_MS / 1000, "line")])
        await writer.flush()
        assert messages(await logs.get("s")) == ["line"]
        await logs.api.delete_log_group(context(), DeleteLogGroupRequest(log_group_name="g"))


async def test_the_buffer_has_an_end(logs: Logs, clock: JumpingClock, caplog: pytest.LogCaptureFixture) -> None:
    """What does not fit is dropped and told of; what was there before is kept."""
    writer = FunctionLogWriter(logs.store, clock, SeededIds(), buffer_bytes_max=3_000)
    writer.append(Function(), "s", [(NOW_MS / 1000, "x" * 900)])
    writer.append(Function(), "s", [(NOW_MS / 1000, "y" * 900), (NOW_MS / 1000, "z")])
    await writer.flush()
    assert messages(await logs.get("s")) == ["x" * 900]
    assert "2 log lines" in caplog.text
    writer.append(Function(), "s", [(NOW_MS / 1000, "room again")])
    await writer.flush()
    assert len(messages(await logs.get("s"))) == 2


async def test_short_lines_are_counted_as_what_they_take(logs: Logs, clock: JumpingClock) -> None:
    """A million lines of one letter are a megabyte of text, and two hundred of memory."""
    writer = FunctionLogWriter(logs.store, clock, SeededIds(), buffer_bytes_max=400_000)
    for _ in range(10):
        writer.append(Function(), "s", [(NOW_MS / 1000, "y\n")] * 500)
    await writer.flush()
    assert await written(logs) == 500


async def test_nobody_crowds_out_the_others(logs: Logs, clock: JumpingClock) -> None:
    """Two functions that shout fill what is theirs; who says little is still heard, and written in turn."""
    writer = FunctionLogWriter(logs.store, clock, SeededIds(), buffer_bytes_max=1_000_000)
    for _ in range(200):
        for name in ("loud", "louder"):
            writer.append(Function(log_group=name), "s", [(NOW_MS / 1000, "y\n")] * 100)
    writer.append(Function(log_group="quiet"), "s", [(NOW_MS / 1000, "hello")])
    for _ in range(3):
        await writer._write_some()
    assert messages(await logs.filter(group="quiet")) == ["hello"]
    await writer.flush()


async def test_who_asks_learns_of_congestion(logs: Logs, clock: JumpingClock) -> None:
    """While one group's lines pile up, and not of others'."""
    writer = FunctionLogWriter(logs.store, clock, SeededIds(), buffer_bytes_max=1_000_000)
    assert not writer.congested(Function())
    writer.append(Function(), "s", [(NOW_MS / 1000, "y\n")] * 500)
    assert writer.congested(Function())
    assert not writer.congested(Function(log_group="other"))
    await writer.flush()
    assert not writer.congested(Function())


async def written(logs: Logs) -> int:
    """How many events there are."""
    reading = Reading(logs.store.snapshot(), (ACCOUNT, "us-east-1"))
    stream = await reading.find_stream("g", "s")
    assert stream is not None
    return stream.next_sequence


async def test_a_failing_disk_loses_no_lines(
    logs: Logs, writer: FunctionLogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay in the buffer until they can be written."""
    writer.append(Function(), "s", [(NOW_MS / 1000, "line")])
    run = logs.store.run

    async def fail(_: object) -> None:
        raise StorageFailed("full")

    monkeypatch.setattr(logs.store, "run", fail)
    with pytest.raises(StorageFailed):
        await writer.flush()
    monkeypatch.setattr(logs.store, "run", run)
    await writer.flush()
    assert messages(await logs.get("s")) == ["line"]
