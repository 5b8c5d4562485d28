"""The power fails at each operation of the disk in turn; what was acknowledged, or a whole prefix of it, is there.

Durability `full` promises every acknowledged transaction. `process` promises a database that opens, and the commits up
to some moment: none of them half, none without those before it.
"""

import random
from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw
import pytest

from pileus.kernel.storage.connections import Durability
from pileus.kernel.storage.emissions import waiting
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Event, StorageFailed
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from tests.support.disk import CrashingDisk
from tests.support.time import JumpingClock

COMMITS: Final = 24
GROUP: Final = 3
OUTCOMES: Final = 3
"""Which of the unsynced bytes reached the disk is drawn this often for each crash."""

left, right, filler = Subspace("left"), Subspace("right"), Subspace("filler")


async def work(store: SqliteStore, acknowledged: list[int]) -> None:
    """Commit numbers from 0, each in two places, beside an event and enough bytes for several checkpoints."""
    draw = random.Random(7)
    for n in range(COMMITS):
        async with store.transaction() as tx:
            tx.set(left.pack(n), b"%d" % n)
            tx.set(right.pack(n), b"%d" % n)
            tx.set(filler.pack(draw.randrange(6)), draw.randbytes(3_000))
            tx.emit(Event(topic="t", payload=b"%d" % n))
        store.gate.hold(lambda error, n=n: None if error else acknowledged.append(n))
        if n % GROUP == GROUP - 1:
            await store.durable()


async def run_until_crash(disk: CrashingDisk, data: Path, durability: Durability) -> list[int]:
    """The numbers that were acknowledged before the power failed, if it did."""
    acknowledged: list[int] = []
    with suppress(apsw.Error, StorageFailed):
        store = open_store(
            data, clock=JumpingClock(), durability=durability, vfs=disk.name, pages_between_checkpoints=12
        )
        try:
            await work(store, acknowledged)
        finally:
            await store.close()
    return acknowledged


async def survivors(disk: CrashingDisk, data: Path) -> list[int]:
    """The numbers found when the power is back, after checking that nothing is half there."""
    store = open_store(data, clock=JumpingClock(), vfs=disk.name)
    assert store._execute("PRAGMA integrity_check").get == "ok"
    snapshot = store.snapshot()
    numbers = [int(value) for _, value in await snapshot.range(*left.range())]
    assert numbers == [int(value) for _, value in await snapshot.range(*right.range())]
    assert len(numbers) == len(await snapshot.range(*waiting("t").range()))
    async with store.transaction() as tx:
        tx.set(b"works", b"again")
    await store.close()
    return numbers


async def operations(data: Path, durability: Durability) -> int:
    """How many operations the disk performs when nothing fails."""
    disk = CrashingDisk()
    assert await run_until_crash(disk, data, durability) == list(range(COMMITS))
    performed = disk.operations
    assert await survivors(disk, data) == list(range(COMMITS))
    return performed


@pytest.mark.parametrize("durability", ["process", "full"])
async def test_a_power_cut_at_every_operation(tmp_path: Path, durability: Durability) -> None:
    """Whatever instant the power fails, with whatever part of the unsynced bytes, we find what we promised."""
    total = await operations(tmp_path, durability)
    assert total > 60, "the work is to pass through several checkpoints"
    for crash_at in range(1, total + 1):
        disk = CrashingDisk(crash_at=crash_at)
        acknowledged = await run_until_crash(disk, tmp_path, durability)
        assert disk.cut
        for seed in range(OUTCOMES):
            found = await survivors(disk.after_crash(seed), tmp_path)
            where = f"crash at {crash_at}, outcome {seed}: {len(acknowledged)} acknowledged, {len(found)} found"
            assert found == list(range(len(found))), where
            assert len(found) % GROUP == 0, where
            if durability == "full":
                assert len(found) >= len(acknowledged), where


@pytest.mark.parametrize("trouble", ["full", "error"])
async def test_one_failure_at_every_operation(tmp_path: Path, trouble: str) -> None:
    """An operation that fails takes back its own group, and no answer is a lie, also after the next start."""
    total = await operations(tmp_path, "full")
    for crash_at in range(1, total + 1, 2):
        disk = CrashingDisk(crash_at=crash_at, trouble="full" if trouble == "full" else "error")
        acknowledged = await run_until_crash(disk, tmp_path, "full")
        found = await survivors(disk.after_crash(), tmp_path)
        assert set(acknowledged) <= set(found), f"failure at {crash_at}"
