"""Does the clock stand after a restart where it stood before?"""

from datetime import timedelta
from pathlib import Path

from pileus.kept_clock import keep_clock, restore_clock
from pileus.kernel.clock import MovableClock
from pileus.kernel.storage.sqlite import open_store


async def test_an_offset_and_a_frozen_clock_are_kept(tmp_path: Path) -> None:
    """What is due later is written in the clock's time: a clock that fell back would deliver it days late."""
    store = open_store(tmp_path, clock=MovableClock())
    untouched = MovableClock()
    await restore_clock(store, untouched)
    assert not untouched.frozen
    assert abs(untouched.offset) < timedelta(seconds=1)

    ahead = MovableClock()
    ahead.advance(timedelta(days=3))
    await keep_clock(store, ahead)
    again = MovableClock()
    await restore_clock(store, again)
    assert abs(again.offset - timedelta(days=3)) < timedelta(seconds=1)

    ahead.freeze()
    await keep_clock(store, ahead)
    again = MovableClock()
    await restore_clock(store, again)
    assert again.frozen
    assert abs(again.now() - ahead.now()) < timedelta(milliseconds=1)
    await store.close()
