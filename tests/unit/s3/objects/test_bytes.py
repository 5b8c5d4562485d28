"""Where do the bytes of objects go, and do they go away with their objects, and only with them?"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import FileBody, FilesBody
from pileus.kernel.storage.keys import Subspace
from pileus.services.s3.bodies import INLINE_BYTES_MAX, Body, _begun
from pileus.services.s3.bucket_records import delete_bucket, put_bucket
from pileus.services.s3.conditions import WriteConditions
from pileus.services.s3.encryption import Asked
from pileus.services.s3.errors import NoSuchBucket, NoSuchKey, PreconditionFailed
from pileus.services.s3.keeping import BlobKeeping
from pileus.services.s3.model import LaidPart, ObjectRecord
from pileus.services.s3.object_records import delete_object, own, put_layout
from tests.unit.s3.objects.worlds import BUCKET, CONTEXT, World, opened

LARGE = os.urandom(INLINE_BYTES_MAX + 1)
DRAFT = ObjectRecord(modified_at_s=0.0, owner="111111111111")
BYTES = Subspace("s3", "bytes")


async def write(world: World, body: Body, *, key: str = "k", asked: Asked | None = None) -> ObjectRecord:
    return await world.writer.write(CONTEXT, BUCKET, key, DRAFT, body, asked=asked or Asked())


async def delete(world: World, key: str = "k") -> None:
    async with world.store.transaction() as tx:
        await delete_object(tx, BUCKET, key)


async def free(world: World) -> None:
    for delivery in await world.deliveries("s3.free"):
        await world.keeping.free(delivery)


async def whole(world: World, key: str = "k") -> bytes:
    _, content = await world.reader.read(CONTEXT, BUCKET, key)
    if isinstance(content, bytes):
        return content
    if isinstance(content, FileBody):
        return content.path.read_bytes()[content.offset : content.offset + content.size_bytes]
    assert not isinstance(content, FilesBody)
    return b"".join([part async for part in content])


async def test_who_hangs_up_lets_go_of_what_is_far_away() -> None:
    """A pin that waited for the garbage to be collected would keep deleted blobs, and their reader's connection."""
    closed: list[str] = []

    async def stream() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            yield b"second"
        finally:
            closed.append("now")

    begun = await _begun(stream())
    assert isinstance(begun, AsyncGenerator)
    assert await anext(begun) == b"first"
    assert closed == []
    await begun.aclose()
    assert closed == ["now"]
    assert [part async for part in await _begun(stream())] == [b"first", b"second"]


async def test_few_bytes_lie_in_the_store_and_more_in_a_file(tmp_path: Path) -> None:
    """The border is where one more byte makes a file; and what replaces an object gives up its bytes."""
    async with opened(tmp_path) as world:
        await write(world, LARGE[:-1])
        assert world.files == []
        assert len(await world.store.snapshot().range(*BYTES.range())) == 1
        await write(world, LARGE)
        assert len(world.files) == 1
        assert await world.store.snapshot().range(*BYTES.range()) == []
        assert await whole(world) == LARGE
        await write(world, b"")
        await free(world)
        assert world.files == []


async def test_a_write_that_does_not_come_to_be_leaves_nothing(tmp_path: Path) -> None:
    """A condition that does not hold, a body that breaks, and somebody who goes away."""

    async def breaking() -> AsyncIterator[bytes]:
        yield LARGE
        raise ConnectionResetError

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield LARGE
            await asyncio.sleep(0)

    async with opened(tmp_path) as world:
        await write(world, b"1")
        with pytest.raises(PreconditionFailed):
            await world.writer.write(CONTEXT, BUCKET, "k", DRAFT, LARGE, conditions=WriteConditions(if_none_match="*"))
        with pytest.raises(ConnectionResetError):
            await write(world, breaking())
        task = asyncio.create_task(write(world, endless()))
        while not world.files:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await write(world, LARGE, key="other")  # behind it in the threads
        async with asyncio.timeout(10):
            while len(world.files) != 1:
                await asyncio.sleep(0.01)
        assert await whole(world) == b"1"


async def test_an_object_is_not_put_into_a_namesake(tmp_path: Path) -> None:
    """While a body arrives its bucket may go, and another of the name come: of somebody else, perhaps."""

    async def slow(world: World) -> AsyncIterator[bytes]:
        yield LARGE
        async with world.store.transaction() as tx:
            delete_bucket(tx, BUCKET)
            put_bucket(tx, msgspec.structs.replace(BUCKET, serial=2, account_id="222222222222"))

    async with opened(tmp_path) as world:
        with pytest.raises(NoSuchBucket):
            await write(world, slow(world))
        assert world.files == []


async def test_a_download_outlives_its_object(tmp_path: Path) -> None:
    """The file stays until the last answer that needs it is gone; then it goes, without another sweep."""
    async with opened(tmp_path) as world:
        await write(world, LARGE)
        _, content = await world.reader.read(CONTEXT, BUCKET, "k")
        assert isinstance(content, FileBody)
        await delete(world)
        await free(world)
        assert content.path.read_bytes() == LARGE
        del content
        async with asyncio.timeout(10):
            while world.files:
                await asyncio.sleep(0.01)


async def test_an_object_that_goes_while_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its record and its file it may be removed or replaced: then it is gone, or what replaced it."""
    async with opened(tmp_path) as world:
        content = world.bodies.content
        left: list[bytes] = []

        async def late(*given: Any, **named: Any) -> Any:
            if left:
                body = left.pop()
                await (write(world, body) if body else delete(world))
                await free(world)
            return await content(*given, **named)

        monkeypatch.setattr(world.bodies, "content", late)
        await write(world, LARGE)
        left.append(b"")
        with pytest.raises(NoSuchKey):
            await whole(world)
        await write(world, LARGE)
        left.append(LARGE[::-1])
        assert await whole(world) == LARGE[::-1]


async def test_the_parts_of_a_version_go_with_it(tmp_path: Path) -> None:
    """Ten thousand parts are too many for one transaction, so the outbox lets go of them."""
    async with opened(tmp_path) as world:
        segments = [await world.blobs.put(LARGE) for _ in range(5)]
        parts = [LaidPart(number=number, segment=segment) for number, segment in enumerate(segments, 1)]
        draft = msgspec.structs.replace(DRAFT, size_bytes=5 * len(LARGE), layout="laid", parts_count=5)
        async with world.store.transaction() as tx:
            put_layout(tx, "laid", parts)
            own(tx, segments)
            await world.writer.finish(tx, CONTEXT, BUCKET, "k", draft, happening="ObjectCreated:Put")
        await delete(world)
        for delivery in await world.deliveries("s3.unlay"):
            await world.keeping.unlay(delivery)
            await world.keeping.unlay(delivery)  # at least once
        await free(world)
        assert world.files == []


async def test_what_is_nobodys_is_swept(tmp_path: Path) -> None:
    """A crash between file and commit leaves a blob; those of objects stay."""
    async with opened(tmp_path) as world:
        await write(world, LARGE)
        await world.blobs.put(LARGE)
        assert len(world.files) == 2
        assert await world.blobs.sweep(world.keeping.known, older_than=timedelta(seconds=-5)) == 1
        assert await whole(world) == LARGE


async def test_damage_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By the scrub; and a reader gets an error instead of other bytes."""
    async with opened(tmp_path) as world:
        await write(world, LARGE)
        await write(world, LARGE, key="well")
        await write(world, LARGE, key="sealed", asked=Asked(algorithm="AES256"))
        assert await world.keeping.scrub_once() == 0
        record, content = await world.reader.read(CONTEXT, BUCKET, "k")
        assert isinstance(content, FileBody)
        content.path.write_bytes(LARGE[:-1] + bytes((LARGE[-1] ^ 1,)))
        assert await world.keeping.scrub_once() == 1
        assert record.segment is not None
        assert record.segment.blob in caplog.text


async def test_damage_in_the_store_is_told(tmp_path: Path) -> None:
    """Few bytes are looked at on every read."""
    async with opened(tmp_path) as world:
        for asked in (Asked(), Asked(algorithm="AES256")):
            record = await write(world, b"some bytes", asked=asked)
            async with world.store.transaction() as tx:
                kept = await tx.get(BYTES.pack(record.inline))
                assert kept is not None
                tx.set(BYTES.pack(record.inline), kept[:-1] + b"?")
            with pytest.raises(ServiceError, match="internal error"):
                await whole(world)


@pytest.mark.parametrize("size", [1, INLINE_BYTES_MAX, 200_000])
async def test_encrypted_bytes_lie_nowhere_plain(tmp_path: Path, size: int) -> None:
    """Neither in rows nor in files, neither under the server's key nor the customer's; equal bytes look unlike."""
    body = (b"words that nobody else has written " * 6000)[:size]
    async with opened(tmp_path) as world:
        for asked in (Asked(algorithm="AES256"), Asked(customer_key=b"k" * 32)):
            first = await write(world, body, key="1", asked=asked)
            second = await write(world, body, key="2", asked=asked)
            rows = [value for _, value in await world.store.snapshot().range(b"", b"\xff")]
            lying = [*rows, *(path.read_bytes() for path in world.files)]
            if size > 1:
                assert not any(body[:30] in each for each in lying)
            assert b"k" * 32 not in b"".join(lying)
            if not asked.customer_key:
                assert await whole(world, "1") == body
                assert first.encryption != second.encryption
                assert first.etag == second.etag


async def test_what_a_crash_left_goes_with_the_next_start(tmp_path: Path) -> None:
    """A sweep that waited an hour would leave what a killed upload wrote for as long; what comes now stays."""
    async with opened(tmp_path) as world:
        left = await world.blobs.put(b"left by a crash")
        old_s = time.time() + 0.05
        keeping = BlobKeeping(store=world.store, clock=world.clock, blobs=world.blobs, alone_since_s=old_s + 1.0)
        while time.time() < old_s + 0.05:  # until what comes is younger, by the file system's own clock
            await asyncio.sleep(0.01)
        young = await world.blobs.put(b"on its way")
        assert left.blob != young.blob
        sweeping = asyncio.create_task(keeping.sweep())
        deadline = time.monotonic() + 10
        while len(world.files) > 1 and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        sweeping.cancel()
        assert [file.parent.name + file.name for file in world.files] == [young.blob]
