"""The outbox: at least once, in order, again after failures, and never before the cause is durable."""

# ruff: noqa: PT012 - it is a whole transaction that raises, at its end

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pileus.kernel import lanes
from pileus.kernel import outbox as outbox_module
from pileus.kernel.outbox import Delivery, GiveUp, Outbox, RetryLater, RetryPolicy
from pileus.kernel.storage.emissions import DEAD, EventRecord, waiting
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Event, StorageFailed, Store, Transaction
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from tests.support.disk import CrashingDisk
from tests.support.time import JumpingClock

MINUTE = timedelta(minutes=1)


async def emit(store: Store, *payloads: bytes, topic: str = "t", group: str = "", at: datetime | None = None) -> None:
    async with store.transaction() as tx:
        for payload in payloads:
            tx.emit(Event(topic=topic, payload=payload, group=group), at=at)


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def settle() -> None:
    """Let everything happen that happens without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)


async def left(store: Store, topic: str = "t") -> int:
    return len(await store.snapshot().range(*waiting(topic).range()))


class Recorder:
    """A handler that remembers, and fails as told: errors by payload, one per attempt."""

    def __init__(self, **errors: list[Exception]) -> None:
        self.deliveries: list[Delivery] = []
        self.errors = errors

    async def __call__(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        remaining = self.errors.get(delivery.event.payload.decode())
        if remaining:
            raise remaining.pop(0)

    @property
    def payloads(self) -> list[bytes]:
        return [delivery.event.payload for delivery in self.deliveries]


async def test_events_before_and_after_the_start_are_delivered_and_removed(
    store: SqliteStore, clock: JumpingClock
) -> None:
    """Whether the outbox was running makes no difference, and neither does when somebody subscribed."""
    outbox, early, late = Outbox(store, clock), Recorder(), Recorder()
    outbox.subscribe("t", early)
    await emit(store, b"1")
    await emit(store, b"a", topic="late")
    async with running(outbox):
        await until(lambda: early.payloads == [b"1"])
        await emit(store, b"2", b"3")
        await until(lambda: early.payloads == [b"1", b"2", b"3"])
        await settle()
        assert await left(store) == 0
        assert await left(store, "late") == 1, "nobody has subscribed: it is kept"
        outbox.subscribe("late", late)
        await until(lambda: late.payloads == [b"a"])
    assert early.deliveries[0].attempt == 1
    assert early.deliveries[0].due == clock.now()
    assert len({delivery.id for delivery in early.deliveries}) == 3


@pytest.mark.parametrize("turns", range(6))
async def test_an_event_of_any_turn_in_which_the_outbox_starts(
    store: SqliteStore, clock: JumpingClock, turns: int
) -> None:
    """The queue is read and watched from one moment on: what is committed in between was once left lying."""
    outbox, recorder = Outbox(store, clock), Recorder()
    outbox.subscribe("t", recorder)
    async with running(outbox):
        for _ in range(turns):
            await asyncio.sleep(0)
        await emit(store, b"1")
        await until(lambda: recorder.payloads == [b"1"])


async def test_an_event_vanishes_with_its_transaction(store: SqliteStore, clock: JumpingClock) -> None:
    """No cause, no consequence."""
    outbox, recorder = Outbox(store, clock), Recorder()
    outbox.subscribe("t", recorder)
    async with running(outbox):
        with pytest.raises(KeyError):
            async with store.transaction() as tx:
                tx.emit(Event(topic="t", payload=b"1"))
                raise KeyError
        await settle()
    assert recorder.deliveries == []
    assert await left(store) == 0


async def test_no_handler_starts_before_the_cause_is_durable(tmp_path: Path, clock: JumpingClock) -> None:
    """What a failed commit takes back must never have been told to anybody."""
    disk = CrashingDisk(trouble="full")
    store = open_store(tmp_path / "data", clock=clock, vfs=disk.name)
    outbox, recorder = Outbox(store, clock), Recorder()
    outbox.subscribe("t", recorder)
    await emit(store, b"lost")
    disk.crash_at = disk.operations + 1
    async with running(outbox):
        with pytest.raises(StorageFailed):
            await store.durable()
        await emit(store, b"kept")
        await until(lambda: recorder.payloads == [b"kept"])
    await store.close()


async def test_due_times_are_kept_in_order(store: SqliteStore, clock: JumpingClock) -> None:
    """The clock wakes the outbox; an earlier hour that is written down later comes first."""
    outbox, recorder = Outbox(store, clock), Recorder()
    outbox.subscribe("t", recorder)
    async with running(outbox):
        await emit(store, b"3", at=clock.now() + 3 * MINUTE)
        await until(lambda: clock.alarms == [clock.now() + 3 * MINUTE])
        await emit(store, b"1", at=clock.now() + MINUTE)
        await emit(store, b"0", at=datetime(1999, 1, 1, tzinfo=UTC))
        await until(lambda: clock.alarms == [clock.now() + MINUTE])
        assert recorder.payloads == [b"0"]
        clock.jump(MINUTE - timedelta(microseconds=1))
        await settle()
        assert recorder.payloads == [b"0"]
        clock.jump(timedelta(microseconds=1))
        await until(lambda: recorder.payloads == [b"0", b"1"])
        clock.jump(10 * MINUTE)
        await until(lambda: recorder.payloads == [b"0", b"1", b"3"])
        await settle()
        assert clock.alarms == []


async def test_failures_are_tried_again_later_and_counted_on_disk(tmp_path: Path, clock: JumpingClock) -> None:
    """The count and the hour of the next attempt survive a restart."""
    store = open_store(tmp_path / "data", clock=clock)
    retry = RetryPolicy(attempts=3, delay=MINUTE, factor=3)
    started = clock.now()
    await emit(store, b"x")
    for attempt, alarm in ((1, MINUTE), (2, 4 * MINUTE)):
        outbox, recorder = Outbox(store, clock), Recorder(x=[OSError("down")])
        outbox.subscribe("t", recorder, retry=retry)
        async with running(outbox):
            await until(lambda: len(clock.alarms) == 1)
            assert clock.alarms == [started + alarm]
        assert [delivery.attempt for delivery in recorder.deliveries] == [attempt]
        assert recorder.deliveries[0].due == started
        await store.close()
        store = open_store(tmp_path / "data", clock=clock)
        clock.jump(started + alarm - clock.now())
    outbox, recorder = Outbox(store, clock), Recorder()
    outbox.subscribe("t", recorder, retry=retry)
    async with running(outbox):
        await until(lambda: len(recorder.deliveries) == 1)
        await settle()
    assert recorder.deliveries[0].attempt == 3
    assert await left(store) == 0
    await store.close()


@pytest.mark.parametrize("error", [OSError("down"), GiveUp("gone")])
async def test_an_exhausted_event_is_kept_as_dead(store: SqliteStore, clock: JumpingClock, error: Exception) -> None:
    """Nothing is thrown away in silence."""
    outbox, recorder = Outbox(store, clock), Recorder(x=[error])
    outbox.subscribe("t", recorder, retry=RetryPolicy(attempts=1 if isinstance(error, OSError) else 9))
    await emit(store, b"x")
    async with running(outbox):
        await until(lambda: len(recorder.deliveries) == 1)
        await settle()
    assert await left(store) == 0
    [(_, value)] = await store.snapshot().range(*DEAD.range("t"))
    dead = decode(value, EventRecord)
    assert dead.payload == b"x"
    assert dead.error == repr(error)


async def test_an_exhausted_event_is_handed_on_at_least_once(store: SqliteStore, clock: JumpingClock) -> None:
    """A dead-letter queue that fails is tried again; the handler is not."""
    handed: list[tuple[bytes, str]] = []

    async def hand_on(delivery: Delivery, error: BaseException) -> None:
        handed.append((delivery.event.payload, str(error)))
        if len(handed) == 1:
            raise ConnectionResetError

    outbox, recorder = Outbox(store, clock), Recorder(x=[OSError("down")])
    retry = RetryPolicy(attempts=1, delay_max=5 * MINUTE)
    outbox.subscribe("t", recorder, retry=retry, on_exhausted=hand_on)
    await emit(store, b"x")
    async with running(outbox):
        await until(lambda: clock.alarms == [clock.now() + 5 * MINUTE])
        clock.jump(5 * MINUTE)
        await until(lambda: len(handed) == 2)
        await settle()
    assert handed[0] == (b"x", "down")
    assert "down" in handed[1][1]
    assert recorder.payloads == [b"x"]
    assert await left(store) == 0


@pytest.mark.parametrize(("counted", "attempts"), [(True, [1, 2]), (False, [1, 1])])
@pytest.mark.parametrize("group", ["", "g"])
async def test_a_handler_may_name_the_hour(
    store: SqliteStore, clock: JumpingClock, counted: bool, attempts: list[int], group: str
) -> None:
    """`RetryLater` overrides policy and budget: the handler knows its own, and whether it tried at all."""
    outbox, recorder = Outbox(store, clock), Recorder(x=[RetryLater(delay=7 * MINUTE, counted=counted)])
    outbox.subscribe("t", recorder, retry=RetryPolicy(attempts=1))
    await emit(store, b"x", group=group)
    async with running(outbox):
        await until(lambda: clock.alarms == [clock.now() + 7 * MINUTE])
        clock.jump(7 * MINUTE)
        await until(lambda: [delivery.attempt for delivery in recorder.deliveries] == attempts)


async def test_a_group_stays_in_order_through_failures(store: SqliteStore, clock: JumpingClock) -> None:
    """A failed event holds up its followers and nobody else; a group's events never overlap."""
    outbox, recorder = Outbox(store, clock), Recorder(b=[OSError(), OSError()])
    outbox.subscribe("t", recorder, retry=RetryPolicy(attempts=9, delay=MINUTE, factor=1))
    await emit(store, b"a", b"b", b"c", group="g")
    await emit(store, b"other", group="h")
    await emit(store, b"free")
    async with running(outbox):
        for failures in (1, 2):
            await until(lambda: clock.alarms == [clock.now() + MINUTE])
            assert recorder.payloads.count(b"b") == failures
            assert b"c" not in recorder.payloads
            assert {b"other", b"free"} <= set(recorder.payloads)
            await emit(store, b"d%d" % failures, group="g")
            await settle()
            clock.jump(MINUTE)
        await until(lambda: recorder.payloads[-3:] == [b"c", b"d1", b"d2"])
        await settle()
    assert await left(store) == 0


async def test_a_long_group_is_delivered_in_order(
    store: SqliteStore, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than lanes and pages, beside another of the same kind."""
    monkeypatch.setattr(lanes, "LANE_EVENTS_MAX", 3)
    monkeypatch.setattr(outbox_module, "PAGE_EVENTS", 4)
    monkeypatch.setattr(outbox_module, "READ_EVENTS_MAX", 8)
    outbox, recorder = Outbox(store, clock), Recorder()
    outbox.subscribe("t", recorder)
    for n in range(40):
        await emit(store, b"%d" % n, group="even" if n % 2 == 0 else "odd")
    async with running(outbox):
        await until(lambda: len(recorder.deliveries) == 40)
    for group in ("even", "odd"):
        numbers = [int(each.event.payload) for each in recorder.deliveries if each.event.group == group]
        assert numbers == sorted(numbers)


async def test_concurrency_is_bounded(store: SqliteStore, clock: JumpingClock) -> None:
    """Many at once, but not more than the subscriber can bear; what waits comes when one has ended."""
    outbox = Outbox(store, clock)
    now_running = most = done = 0
    go_on = asyncio.Event()

    async def slow(delivery: Delivery) -> None:
        nonlocal now_running, most, done
        now_running += 1
        most = max(most, now_running)
        await go_on.wait()
        await asyncio.sleep(0)
        now_running -= 1
        done += 1

    outbox.subscribe("t", slow, concurrency=5)
    await emit(store, *(b"%d" % n for n in range(600)))
    async with running(outbox):
        await until(lambda: now_running == 5)
        await settle()
        assert most == 5
        go_on.set()
        await until(lambda: done == 600)
        await settle()
    assert most == 5
    assert await left(store) == 0


async def test_a_delivery_that_was_interrupted_is_made_again(store: SqliteStore, clock: JumpingClock) -> None:
    """Cancelling is an ordinary exit: the event is still there, with the same id and no attempt lost."""
    ids: list[int] = []

    async def hanging(delivery: Delivery) -> None:
        ids.append(delivery.id)
        await asyncio.Event().wait()

    outbox = Outbox(store, clock)
    outbox.subscribe("t", hanging)
    await emit(store, b"x")
    async with running(outbox):
        await until(lambda: len(ids) == 1)
    outbox, recorder = Outbox(store, clock), Recorder()
    outbox.subscribe("t", recorder)
    async with running(outbox):
        await until(lambda: len(recorder.deliveries) == 1)
    assert [delivery.id for delivery in recorder.deliveries] == ids
    assert recorder.deliveries[0].attempt == 1


async def test_a_clock_that_is_set_back_delays_nothing_twice(store: SqliteStore, clock: JumpingClock) -> None:
    """What was due before the clock went back is delivered when its hour comes again, once."""
    outbox, recorder = Outbox(store, clock), Recorder()
    outbox.subscribe("t", recorder)
    async with running(outbox):
        clock.jump(-60 * MINUTE)
        await emit(store, b"x", at=clock.now() + MINUTE)
        await until(lambda: len(clock.alarms) == 1)
        clock.jump(-MINUTE)
        clock.jump(2 * MINUTE)
        await until(lambda: recorder.payloads == [b"x"])
        await settle()
    assert recorder.payloads == [b"x"]


async def test_a_reset_during_a_delivery(store: SqliteStore, clock: JumpingClock) -> None:
    """What a reset forgot must not come back through its retry."""
    outbox = Outbox(store, clock)

    async def resetting(delivery: Delivery) -> None:
        await store.clear_all()
        raise OSError

    outbox.subscribe("t", resetting)
    await emit(store, b"x")
    async with running(outbox):
        await settle()
    assert await store.snapshot().range(b"", b"\xff") == []


async def test_delays_grow_to_their_bound() -> None:
    """The policy by hand; a huge count does not overflow."""
    retry = RetryPolicy(attempts=10, delay=timedelta(seconds=1), factor=2, delay_max=timedelta(seconds=5))
    assert [retry.delay_after(n).total_seconds() for n in (1, 2, 3, 4, 10_000)] == [1, 2, 4, 5, 5]


async def test_what_a_handler_takes_out_itself_is_gone(store: SqliteStore, clock: JumpingClock) -> None:
    """In the transaction of what follows, so that a crash behind it brings nothing again; even a failure does not."""
    outbox, deliveries = Outbox(store, clock), []

    async def handler(delivery: Delivery) -> None:
        deliveries.append(delivery)

        async def take(tx: Transaction) -> None:
            assert await tx.get(delivery.key) is not None
            tx.clear(delivery.key)

        await store.run(take)
        raise OSError("after all")

    outbox.subscribe("t", handler, retry=RetryPolicy(attempts=9, delay=MINUTE))
    await emit(store, b"x")
    async with running(outbox):
        await until(lambda: len(deliveries) == 1)
        await settle()
        clock.jump(5 * MINUTE)
        await settle()
    assert len(deliveries) == 1
    assert await left(store) == 0
