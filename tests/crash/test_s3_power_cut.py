"""The power fails at each operation of the disk in turn, be it the store's or the blobs': objects and bytes agree.

Durability `full`: what was acknowledged is there, and every record that is there has its bytes, whole. What the outbox
removes is what no power cut brings back.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw
import pytest

from pileus.kernel.blobs.objects import BlobStore, local_blobs
from pileus.kernel.blobs.segments import whole
from pileus.kernel.clock import MovableClock
from pileus.kernel.ids import SystemIds
from pileus.kernel.storage.seam import StorageFailed
from pileus.kernel.storage.sqlite import open_store
from pileus.services.s3.bucket_records import put_bucket
from pileus.services.s3.model import ObjectRecord
from pileus.services.s3.object_records import delete_object, find_object, own
from tests.support.disk import CrashingDisk
from tests.support.files import Folder
from tests.unit.s3.objects.worlds import BUCKET, CONTEXT, World

_KEYS: Final = ("a", "b", "c")
_STEPS: Final = 7
_OUTCOMES: Final = 3
_DRAFT: Final = ObjectRecord(modified_at_s=0.0, owner="111111111111")


def content(step: int) -> bytes:
    return bytes([step]) * (40_000 + step)


async def work(world: World, acknowledged: dict[str, int | None], begun: dict[str, int | None]) -> None:
    """Put, replace, copy and delete objects of one file each; free files as the outbox does, when it is durable."""
    async with world.store.transaction() as tx:
        put_bucket(tx, BUCKET)
    await world.store.durable()
    for step in range(_STEPS):
        key = _KEYS[step % len(_KEYS)]
        begun[key] = step
        if step == 3:
            begun[key] = None
            async with world.store.transaction() as tx:
                await delete_object(tx, BUCKET, key)
        elif step == 5:
            source = await find_object(world.store.snapshot(), BUCKET, _KEYS[1])
            assert source is not None
            assert source.segment is not None
            begun[key] = 4
            clone = await world.blobs.clone(source.segment)
            draft = ObjectRecord(modified_at_s=0.0, owner="1", size_bytes=clone.size_bytes, segment=clone)
            async with world.store.transaction() as tx:
                own(tx, (clone,))
                await world.writer.finish(tx, CONTEXT, BUCKET, key, draft, happening="ObjectCreated:Copy")
        else:
            await world.writer.write(CONTEXT, BUCKET, key, _DRAFT, content(step))
        await world.store.durable()
        acknowledged[key] = begun[key]
        for delivery in await world.deliveries("s3.free"):
            await world.keeping.free(delivery)


class Run:
    """One life, until the power fails."""

    def __init__(self, crash_at: int | None, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.disk = CrashingDisk(crash_at=crash_at)
        self.folder = Folder(self.disk, root)
        self._path = self.folder.patch(monkeypatch)
        self.acknowledged: dict[str, int | None] = {}
        self.begun: dict[str, int | None] = {}

    async def live(self, data: Path) -> None:
        blobs = local_blobs(self._path, ids=SystemIds(), durability="full")
        with suppress(apsw.Error, StorageFailed):
            store = open_store(data, clock=MovableClock(), durability="full", vfs=self.disk.name)
            try:
                await work(World(store, blobs, self.folder.root), self.acknowledged, self.begun)
            finally:
                await store.close()
        blobs.close()

    async def look(self, data: Path, found_in: Path, seed: int) -> None:
        """What is found when the power is back."""
        self.folder.after_crash(found_in, seed)
        blobs = local_blobs(found_in, ids=SystemIds())
        disk = self.disk.after_crash(seed)
        store = open_store(data, clock=MovableClock(), vfs=disk.name)
        try:
            for key in _KEYS:
                record = await find_object(store.snapshot(), BUCKET, key)
                step = await self._step_of(record, blobs)
                where = f"crash at {self.disk.crash_at}, outcome {seed}: {key}"
                assert step in {self.acknowledged.get(key), self.begun.get(key)}, where
        finally:
            blobs.close()
            await store.close()

    async def _step_of(self, record: ObjectRecord | None, blobs: BlobStore) -> int | None:
        if record is None:
            return None
        assert record.segment is not None
        await blobs.check(record.segment)
        data = b"".join([part async for part in blobs.stream([whole(record.segment)])])
        assert data == content(data[0])
        return data[0]


async def test_a_power_cut_at_every_operation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever instant the power fails, with whatever part of what was not synced."""
    data = tmp_path / "store"
    whole_run = Run(None, tmp_path / "all", monkeypatch)
    await whole_run.live(data)
    assert len(whole_run.acknowledged) == len(_KEYS)
    total = whole_run.disk.operations
    assert total > 60
    for crash_at in range(1, total + 1):
        run = Run(crash_at, tmp_path / f"{crash_at}", monkeypatch)
        await run.live(data)
        assert run.disk.cut
        for seed in range(_OUTCOMES):
            await run.look(data, tmp_path / f"{crash_at}-{seed}", seed)
