"""Lines leave while an invocation is under way, and a short invocation still hands all of its lines on at once."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from pileus.services.lambda_.environments.gathering import GATHER_S, Gathering
from pileus.services.logs.writer import WRITE_DELAY_S
from tests.unit.lambda_environments.conftest import Bench

_PROMISED_S = 0.1
"""What the page on logs says. Half of it is the writer's."""


class HeldLines:
    """A log that notes when it had to hand on."""

    def __init__(self, gathering: Gathering) -> None:
        self.gathering = gathering
        self.times_s: list[float] = []

    def hand_on(self) -> None:
        self.gathering.left(self)
        self.times_s.append(asyncio.get_running_loop().time())


async def _poll(true: Callable[[], bool], *, within_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
async def test_a_line_is_logged_while_its_invocation_is_under_way(bench: Bench, log_format: str) -> None:
    """Whoever follows the log of a function that runs for minutes must not wait for its end; START comes with it."""
    spec = bench.function(
        """
        import time
        def handler(event, context):
            print("at work")
            time.sleep(event)
        """,
        timeout=timedelta(seconds=30),
        log_format=log_format,
    )
    await bench.answer(spec, 0)
    first, before = ("START", "END") if log_format == "Text" else ('"platform.start"', '"platform.report"')
    invocation = bench.invocation(20)
    running = asyncio.create_task(bench.pool.invoke(spec, invocation))
    await _poll(lambda: bench.logs.all.count("at work\n") == 2)
    assert not running.done()
    start = [line for line in bench.logs.all if first in line and invocation.request_id in line]
    assert len(start) == 1
    assert not [line for line in bench.logs.all if before in line and invocation.request_id in line]
    running.cancel()


async def test_a_function_that_says_nothing_has_started(bench: Bench) -> None:
    """Its START is all that tells of it while it runs, and all that is left after a kill of Pileus."""
    spec = bench.function("import time\ndef handler(event, context): time.sleep(20)", timeout=timedelta(seconds=30))
    running = asyncio.create_task(bench.invoke(spec))
    await _poll(lambda: any(line.startswith("START") for line in bench.logs.all))
    assert not running.done()
    running.cancel()


async def test_lines_that_left_early_are_in_the_tail(bench: Bench) -> None:
    """`LogType: Tail` shows an invocation from START to REPORT, however many pieces its log left in."""
    spec = bench.function(
        """
        import time
        def handler(event, context):
            for number in range(3):
                print("line", number)
                time.sleep(0.15)
        """
    )
    result = await bench.invoke(spec)
    assert bench.logs.appends >= 3
    lines = result.log.decode().splitlines(keepends=True)
    assert [line.split()[0] for line in lines] == ["START", "line", "line", "line", "END", "REPORT"]
    assert bench.logs.all[1:] == lines, "after INIT_START"


async def test_short_invocations_hand_on_once_each(bench: Bench) -> None:
    """A warm invocation takes a fifth of a millisecond: nobody pays for the patience of others."""
    spec = bench.function("def handler(event, context): print(event)")
    await bench.answer(spec, 0)
    began, long = bench.logs.appends, 0
    for number in range(100):
        began_s = time.monotonic()
        await bench.answer(spec, number)
        long += int((time.monotonic() - began_s) / GATHER_S)  # the machine may be busy
    assert 100 <= bench.logs.appends - began <= 100 + long


async def test_lines_wait_for_others_but_not_for_long() -> None:
    """One timer serves all logs, the oldest first; a log that has handed on itself is left alone."""
    gathering = Gathering()
    one, other, quick = HeldLines(gathering), HeldLines(gathering), HeldLines(gathering)
    began_s = asyncio.get_running_loop().time()
    gathering.waits(one)
    gathering.waits(quick)
    gathering.left(quick)
    await asyncio.sleep(GATHER_S / 2)
    gathering.waits(other)
    later_s = asyncio.get_running_loop().time()
    await _poll(lambda: bool(one.times_s and other.times_s))
    assert one.times_s[0] - began_s + 0.001 >= GATHER_S
    assert other.times_s[0] - later_s + 0.001 >= GATHER_S
    assert not quick.times_s
    assert not gathering.armed
    gathering.waits(one)
    await _poll(lambda: len(one.times_s) == 2)


async def test_a_thousand_logs_do_not_stop_the_loop() -> None:
    """When a thousand environments began together, requests have their turn between them."""
    gathering = Gathering()
    logs = [HeldLines(gathering) for _ in range(1000)]
    for log in logs:
        gathering.waits(log)
    seen: set[int] = set()

    def all_handed_on() -> bool:
        seen.add(sum(len(log.times_s) for log in logs))
        return max(seen) == 1000

    deadline_s = time.monotonic() + 5
    while not all_handed_on():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0)
    assert len(seen) > 5


async def test_closing_hands_all_on() -> None:
    """A graceful stop loses no line."""
    gathering = Gathering()
    log = HeldLines(gathering)
    gathering.waits(log)
    gathering.close()
    assert len(log.times_s) == 1
    assert not gathering.armed


def test_the_promise_leaves_room_for_writing() -> None:
    """A tenth of a second, from the line to CloudWatch Logs, has to do for both who gather."""
    assert GATHER_S + WRITE_DELAY_S < _PROMISED_S
