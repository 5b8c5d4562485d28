"""Does every byte that S3 keeps belong to something, and is everything there that something needs?

Read from the store and the folder themselves, behind S3's back: rows of `(s3, bytes)`, `(s3, layout)` and `(s3, blob)`
have each one owner (a version, a layout, a part), every owner finds what it names, and so do files. What the outbox is
still to give up is given up first, and what a crash has left to nobody is swept, as an hour later it would be.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pileus.kernel.blobs.objects import BlobStore, local_blobs
from pileus.kernel.clock import MovableClock
from pileus.kernel.ids import SystemIds
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.emissions import DEAD, waiting
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store
from pileus.kernel.storage.sqlite import open_store
from pileus.services.s3.keeping import BlobKeeping
from pileus.services.s3.model import BlobRecord, BucketRecord, LayoutRecord, ObjectRecord, PartRecord
from pileus.services.s3.object_records import FREE_TOPIC, UNLAY_TOPIC
from pileus.services.s3.upload_records import ABANDON_TOPIC, PARTS_TOPIC
from pileus.services.s3.uploads.remains import UploadRemains

EVERYTHING: Final = timedelta(seconds=-5)
_TOPICS: Final = (FREE_TOPIC, UNLAY_TOPIC, PARTS_TOPIC, ABANDON_TOPIC)
_ENDS_WITHIN_S: Final = 60.0


def check_stopped(data_dir: Path) -> int:
    """Check what a server that is not running has left; gives the number of files."""
    return asyncio.run(_checked(data_dir))


async def _checked(data_dir: Path) -> int:
    store = open_store(data_dir, clock=MovableClock())
    blobs = local_blobs(data_dir / "objects", ids=SystemIds())
    try:
        return await settle_and_check(store, blobs, data_dir / "objects")
    finally:
        blobs.close()
        await store.close()


async def settle_and_check(store: Store, blobs: BlobStore, folder: Path) -> int:
    """The same, of a store that is open, and of which nothing else makes use."""
    keeping = BlobKeeping(store=store, clock=MovableClock(), blobs=blobs)
    await _settle(store, keeping)
    files = set(_files(folder))
    rows = await check_rows(store)
    assert rows <= files, f"rows of the store refer to files that are not there: {rows - files}"
    assert await keeping.scrub_once() == 0, "a blob is not what was put"
    await blobs.sweep(keeping.known, older_than=EVERYTHING)
    files = set(_files(folder))
    assert files == rows, f"files that are nobody's: {files - rows}"
    temporary = folder / "tmp"
    assert not temporary.exists() or not any(temporary.iterdir()), "a writer's rest is left"
    return len(files)


async def check_rows(store: Store) -> set[str]:
    """Every row of bytes has one owner, and every owner its rows; gives the ids of all blobs."""
    snapshot = store.snapshot()

    async def rows(*parts: str) -> list[tuple[tuple[Any, ...], bytes]]:
        subspace = Subspace(*parts)
        return [(tuple(subspace.unpack(key)), value) for key, value in await snapshot.range(*subspace.range())]

    buckets = {decode(value, BucketRecord).serial for _, value in await rows("s3", "bucket")}
    versions = await rows("s3", "object") + await rows("s3", "version")
    uploads = await rows("s3", "upload")
    assert {key[0] for key, _ in versions + uploads} <= buckets, "objects or uploads of a bucket that is gone"
    records = [decode(value, ObjectRecord) for _, value in versions]
    layouts = {key[0]: decode(value, LayoutRecord) for key, value in await rows("s3", "layout")}
    parts = [(key[0], decode(value, PartRecord)) for key, value in await rows("s3", "part")]
    open_uploads = {key[-1] for key, _ in uploads}
    assert {upload for upload, _ in parts} <= open_uploads, "parts of an upload that is over"
    assert {key[0] for key, _ in await rows("s3", "part-count")} <= open_uploads, "a count of parts is left"
    _same("bytes", {key[0] for key, _ in await rows("s3", "bytes")}, (each.inline for each in records))
    _same("layout", set(layouts), (each.layout for each in records))
    blobs = {key[0]: decode(value, BlobRecord).segment for key, value in await rows("s3", "blob")}
    assert all(name == segment.blob for name, segment in blobs.items())
    owners = [each.segment for each in records if each.segment is not None]
    owners += [part.segment for layout in layouts.values() for part in layout.parts]
    owners += [part.segment for _, part in parts]
    _same("blob", set(blobs), (segment.blob for segment in owners))
    assert all(blobs[segment.blob] == segment for segment in owners), "an owner and the scrub's row differ"
    for record in records:
        whole = layouts[record.layout].parts if record.layout else ()
        if record.layout:
            assert sum(part.segment.size_bytes for part in whole) == record.size_bytes
        if record.segment is not None:
            assert record.segment.size_bytes == record.size_bytes
        kept = [bool(record.inline), record.segment is not None, bool(record.layout)]
        assert sum(kept) == bool(record.size_bytes) or record.layout, record
    await _check_nulls(store, versions)
    return set(blobs)


async def _check_nulls(store: Store, versions: list[tuple[tuple[Any, ...], bytes]]) -> None:
    """Exactly the null versions that are not current have a pointer, and it is to them."""
    subspace = Subspace("s3", "null")
    pointers = {
        tuple(subspace.unpack(key)): int.from_bytes(value, "big")
        for key, value in await store.snapshot().range(*subspace.range())
    }
    others = [(key, decode(value, ObjectRecord)) for key, value in versions if len(key) == 3]
    assert all(record.order == -key[2] for key, record in others)
    assert pointers == {key[:2]: record.order for key, record in others if record.version_id == "null"}


def _same(what: str, rows: set[str], owners: Iterator[str]) -> None:
    counted = Counter(each for each in owners if each)
    assert all(count == 1 for count in counted.values()), f"{what} with two owners"
    assert counted.keys() <= rows, f"no {what} for {counted.keys() - rows}"
    assert rows <= counted.keys(), f"{what} that is nobody's: {rows - counted.keys()}"


def _files(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*"):
        if file.is_file() and file.parent.name != "tmp":
            yield file.parent.name + file.name


async def _settle(store: Store, keeping: BlobKeeping) -> None:
    """Do what the outbox holds of bytes to be given up."""
    outbox = Outbox(store, MovableClock())
    remains = UploadRemains(store)
    handlers: dict[str, Callable[[Any], Any]] = {FREE_TOPIC: keeping.free, UNLAY_TOPIC: keeping.unlay}
    for topic in _TOPICS:
        outbox.subscribe(topic, handlers.get(topic, remains.take))
    running = asyncio.create_task(outbox.run())
    try:
        async with asyncio.timeout(_ENDS_WITHIN_S):
            while await _unsettled(store):
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.wait([running])
    for topic in _TOPICS:
        assert not await store.snapshot().range(*DEAD.range(topic)), "an event could not be delivered"


async def _unsettled(store: Store) -> bool:
    for topic in _TOPICS:
        if await store.snapshot().range(*waiting(topic).range(), limit=1):
            return True
    return False
