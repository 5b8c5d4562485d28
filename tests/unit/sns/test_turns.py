"""An endpoint that does not answer must not keep everybody else waiting."""

import asyncio
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest

from pileus.composition import sns as composition
from pileus.kernel.outbox import RetryLater
from pileus.services.sns.deliveries.retrying import TriedInVain
from pileus.services.sns.deliveries.turns import AT_ONCE, QUICK_MAX, SILENT_MAX, SILENT_S, SLOW_MAX, Turns
from tests.support.time import JumpingClock

SILENT, OTHER = "http://user:word@silent.example:81/path", "https://other.example/"


def taken(turns: Turns, url: str, stack: ExitStack) -> int:
    """Take turns until there are no more; how many."""
    for count in range(AT_ONCE + 1):
        try:
            stack.enter_context(turns.taken(url))
        except RetryLater:
            return count
    raise AssertionError("there is no end of turns")


def test_nobody_has_all_turns() -> None:
    """Before anybody knows that an endpoint is silent, it has half of them at the most."""
    turns = Turns(JumpingClock().monotonic)
    with ExitStack() as stack:
        assert taken(turns, SILENT, stack) == QUICK_MAX
        assert taken(turns, OTHER, stack) == QUICK_MAX
    assert composition._HTTP_AT_ONCE == AT_ONCE == 2 * QUICK_MAX


def test_who_is_slow_has_few() -> None:
    """One delivery that takes long is enough, and forgotten when it ends."""
    clock = JumpingClock()
    turns = Turns(clock.monotonic)
    with ExitStack() as stack:
        stack.enter_context(turns.taken(SILENT))
        clock.jump(timedelta(seconds=1))
        assert taken(turns, SILENT, stack) == SLOW_MAX - 1
        assert taken(turns, OTHER, stack) == QUICK_MAX
    with ExitStack() as stack:
        assert taken(turns, SILENT, stack) == QUICK_MAX


def test_who_is_silent_is_asked_now_and_then_until_it_answers() -> None:
    """A refusal that comes at once is no silence; an answer ends one, by whichever path of the endpoint."""
    clock = JumpingClock()
    turns = Turns(clock.monotonic)

    def fail(after_s: float) -> None:
        with suppress(TriedInVain), turns.taken(SILENT):
            clock.jump(timedelta(seconds=after_s))
            raise TriedInVain("no")

    fail(0.1)
    with ExitStack() as stack:
        assert taken(turns, SILENT, stack) == QUICK_MAX
    fail(SILENT_S)
    with ExitStack() as stack:
        assert taken(turns, SILENT, stack) == SILENT_MAX
    with turns.taken("http://silent.example:81/other"):
        pass
    with ExitStack() as stack:
        assert taken(turns, SILENT, stack) == QUICK_MAX


def test_those_that_wait_come_back_one_after_another() -> None:
    """Ten thousand that came back at once, each second, would be all that the server does."""
    turns = Turns(JumpingClock().monotonic)
    delays_s = []
    with ExitStack() as stack:
        taken(turns, SILENT, stack)
        for _ in range(10_000):
            with pytest.raises(RetryLater) as later, turns.taken(SILENT):
                pass
            assert not later.value.counted
            delays_s.append(later.value.delay.total_seconds())
    assert delays_s == sorted(delays_s)
    assert delays_s[0] < 1
    assert delays_s[1_000] > 5
    assert delays_s[-1] == pytest.approx(30)


async def test_a_cancelled_delivery_gives_its_turn_back() -> None:
    """A server that is told to stop cancels them; nothing may be left."""
    turns = Turns(JumpingClock().monotonic)

    async def deliver() -> None:
        with turns.taken(SILENT):
            await asyncio.Event().wait()

    waiting = [asyncio.ensure_future(deliver()) for _ in range(QUICK_MAX)]
    await asyncio.sleep(0)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    with ExitStack() as stack:
        assert taken(turns, SILENT, stack) == QUICK_MAX
