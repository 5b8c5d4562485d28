"""What becomes of parts, told without the wire."""

import asyncio
import gc
import time
from hashlib import md5

import pytest

from pileus.kernel.blobs.segments import Segment
from pileus.kernel.errors import ServiceError
from pileus.services.s3.model import PartRecord
from pileus.services.s3.object_records import own
from pileus.services.s3.shapes import AbortMultipartUploadRequest
from pileus.services.s3.upload_records import put_part
from tests.unit.s3.uploads.conftest import BUCKET, CONTEXT, World

MIB = 1024 * 1024
LARGE = b"x" * (5 * MIB)


async def test_an_object_is_made_of_the_parts_files_and_takes_no_other(world: World) -> None:
    """Completing copies nothing: the blobs of the parts are those of the object, and the part left out is freed."""
    upload = await world.begin()
    etags = {1: await world.part(upload, 1, LARGE), 3: await world.part(upload, 3, b"end")}
    before = world.files()
    await world.part(upload, 2, b"left out")
    done = await world.complete(upload, etags)
    joined = md5(b"".join(bytes.fromhex(etag.strip('"')) for etag in etags.values())).hexdigest()
    assert done.e_tag == f'"{joined}-2"'
    assert await world.bytes_of() == LARGE + b"end"
    assert await world.owned() == before
    assert (await world.object()).parts_count == 2


async def test_a_part_that_is_put_again_frees_the_first(world: World) -> None:
    """Only the last of several parts of one number counts, and only its file is owned."""
    upload = await world.begin()
    await world.part(upload, 1, b"first")
    etag = await world.part(upload, 1, b"second")
    assert len(await world.owned()) == 1
    await world.complete(upload, {1: etag})
    assert await world.bytes_of() == b"second"


async def test_completing_again_answers_the_same(world: World) -> None:
    """A client that lost the answer asks again; other parts under the same id are no repetition."""
    upload = await world.begin()
    etag = await world.part(upload, 1, b"one")
    first = await world.complete(upload, {1: etag})
    assert await world.complete(upload, {1: etag}) == first
    with pytest.raises(ServiceError, match="The specified upload does not exist"):
        await world.complete(upload, {1: '"0"'})
    with pytest.raises(ServiceError, match="The specified upload does not exist"):
        await world.complete(upload, {1: etag}, key="other")


async def test_a_part_that_comes_after_the_end_leaves_nothing(world: World) -> None:
    """Parts that arrive while their upload is completed or aborted answer NoSuchUpload; no file of theirs stays."""
    for end in ("abort", "complete"):
        upload = await world.begin(key=end)
        etag = await world.part(upload, 1, b"one", key=end)
        owned = await world.owned()

        async def finish(name: str, upload: str, etag: str) -> None:
            if name == "complete":
                await world.complete(upload, {1: etag}, key=name)
            else:
                request = AbortMultipartUploadRequest(bucket=BUCKET, key=name, upload_id=upload)
                await world.api.abort_multipart_upload(CONTEXT, request)

        parts = [asyncio.ensure_future(world.part(upload, number, LARGE, key=end)) for number in range(2, 6)]
        await asyncio.sleep(0)
        await finish(end, upload, etag)
        outcomes = await asyncio.gather(*parts, return_exceptions=True)
        assert [getattr(each, "code", "") for each in outcomes] == ["NoSuchUpload"] * 4
        assert await world.owned() == (owned if end == "complete" else set())
        files = 1 if end == "abort" else 2  # the aborted part's is removed by the outbox, which does not run here
        assert len(world.files()) == files


async def test_parts_of_one_number_in_parallel_leave_one(world: World) -> None:
    """Whichever commits last is the part; the others' blobs belong to nobody."""
    upload = await world.begin()
    bodies = [bytes([each]) * MIB for each in range(8)]
    etags = await asyncio.gather(*(world.part(upload, 1, body) for body in bodies))
    assert len(await world.owned()) == 1
    tried = [
        await asyncio.gather(world.complete(upload, {1: etag}), return_exceptions=True) for etag in dict.fromkeys(etags)
    ]
    right = [etag for etag, (done,) in zip(etags, tried, strict=True) if not isinstance(done, ServiceError)]
    assert {done.error_code for (done,) in tried if isinstance(done, ServiceError)} <= {"InvalidPart", "NoSuchUpload"}
    assert len(right) == 1
    assert md5(await world.bytes_of()).hexdigest() == right[0].strip('"')


async def test_ten_thousand_parts_do_not_hold_the_loop(world: World) -> None:
    """The largest completion there is: others wait less than 50 ms for it, counted in its own time."""
    upload = await world.begin(checksum_algorithm="CRC32", checksum_type="FULL_OBJECT")
    etags: dict[int, str] = {}
    async with world.store.transaction() as tx:
        for number in range(1, 10_001):
            segment = Segment(f"{number:032x}", 5 * MIB, b"12345678")
            own(tx, (segment,))
            etag = md5(str(number).encode()).hexdigest()
            etags[number] = f'"{etag}"'
            part = PartRecord(size_bytes=5 * MIB, etag=etag, modified_at_s=1.0, segment=segment, checksum="NRU+Sw==")
            await put_part(tx, upload, number, part)
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            longest_s, before = max(longest_s, time.thread_time() - before), time.thread_time()

    gc.collect()  # what making the parts has left is not the completion's
    watching = asyncio.ensure_future(watch())
    await asyncio.sleep(0)
    done = await world.complete(upload, etags)
    watching.cancel()
    assert (await world.object()).size_bytes == 50_000 * MIB
    assert done.e_tag is not None
    assert done.e_tag.endswith('-10000"')
    print(f"held for {longest_s * 1000:.1f} ms")
    assert longest_s < 0.1  # the collector may come in between
