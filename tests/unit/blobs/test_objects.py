"""The bytes of objects: whole or absent, plain or enciphered, at any range, and swept when nobody refers to them."""

import asyncio
import errno
import hashlib
import os
import resource
from collections.abc import AsyncIterator, Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from pileus.kernel.blobs.frames import FRAME_BYTES, TAG_BYTES
from pileus.kernel.blobs.objects import BlobStore, local_blobs
from pileus.kernel.blobs.segments import BlobDamaged, BlobMissing, NoSpace, Piece, Segment, whole
from pileus.kernel.blobs.writing import Memory
from pileus.kernel.http.messages import FileBody, FilesBody
from pileus.kernel.ids import SeededIds
from pileus.kernel.wire.checksums import checksum

KEY = bytes(range(32))
SIZES = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 3_000_000]
HOUR = timedelta(hours=1)
NOW = timedelta(seconds=-5)
"""Older than this is everything, whatever the clock of the files."""


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return local_blobs(tmp_path / "objects", ids=SeededIds(1))


def content(size_bytes: int) -> bytes:
    return (bytes(range(251)) * (size_bytes // 251 + 1))[:size_bytes]


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def path_of(tmp_path: Path, segment: Segment) -> Path:
    return tmp_path / "objects" / segment.blob[:2] / segment.blob[2:]


async def gathered(body: bytes | FileBody | FilesBody | AsyncIterator[bytes]) -> bytes:
    if isinstance(body, bytes):
        return body
    if isinstance(body, FileBody):
        with body.path.open("rb") as file:
            file.seek(body.offset)
            return file.read(body.size_bytes)
    if isinstance(body, FilesBody):
        return b"".join([await gathered(each) for each in body.files])
    return b"".join([part async for part in body])


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("size_bytes", SIZES)
async def test_what_is_written_is_read(store: BlobStore, tmp_path: Path, size_bytes: int, key: bytes | None) -> None:
    """The empty, the largest of a frame, one byte more; digests are of the bare bytes, the CRC of those that lie."""
    data = content(size_bytes)
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    segment = await store.put(data, key=key, digests=[md5, sha256])
    assert segment.size_bytes == size_bytes
    assert (md5.digest(), sha256.digest()) == (hashlib.md5(data).digest(), hashlib.sha256(data).digest())
    lying = path_of(tmp_path, segment).read_bytes()
    crc = checksum("CRC64NVME")
    crc.update(lying)
    assert crc.digest() == segment.crc64nvme
    if key is None:
        assert lying == data
    else:
        assert len(lying) == size_bytes + TAG_BYTES * max(1, -(-size_bytes // FRAME_BYTES))
        assert data[:100] not in lying or size_bytes < 8
    assert await store.read(whole(segment, key=key)) == data
    assert await gathered(store.body([whole(segment, key=key)])) == data
    await store.check(segment)
    assert files(tmp_path) == [path_of(tmp_path, segment)], "nothing is left over"
    assert path_of(tmp_path, segment).stat().st_mode & 0o077 == 0
    assert (tmp_path / "objects").stat().st_mode & 0o077 == 0


async def test_parts_of_every_kind(store: BlobStore) -> None:
    """Tiny parts, large ones, and buffers that their owner uses again: the blob has what they held when written."""
    md5 = hashlib.md5(usedforsecurity=False)
    writer = await store.writer(digests=[md5])
    expected = b""
    again = bytearray(70_000)
    try:
        for number in range(300):
            part = bytes([number % 256]) * (number * 37)
            await writer.write(part)
            again[:] = bytes([number % 251]) * len(again)
            await writer.write(again)
            await writer.write(memoryview(again)[:number])
            expected += part + again + again[:number]
        segment = await writer.close()
    finally:
        writer.discard()
    assert md5.digest() == hashlib.md5(expected).digest()
    assert segment.size_bytes == writer.size_bytes == len(expected)
    assert b"".join([part async for part in store.stream([whole(segment)])]) == expected


async def test_a_body_is_files_where_it_may(store: BlobStore) -> None:
    """Plain pieces are left to the kernel; one enciphered piece makes all of it a stream, nothing is bytes."""
    data = content(200_000)
    plain, sealed = await store.put(data), await store.put(data, key=KEY)
    one = store.body([Piece(plain, 10, 100_000)])
    assert isinstance(one, FileBody)
    assert await gathered(one) == data[10:100_010]
    several = store.body([Piece(plain, 10, 100), Piece(plain, 5, 0), Piece(plain, 0, 7)])
    assert isinstance(several, FilesBody)
    assert [each.size_bytes for each in several.files] == [100, 7]
    assert await gathered(several) == data[10:110] + data[:7]
    mixed = store.body([Piece(plain, 3, 100_000), Piece(sealed, 65_530, 70_000, KEY)])
    assert not isinstance(mixed, bytes | FileBody | FilesBody)
    assert await gathered(mixed) == data[3:100_003] + data[65_530:135_530]
    assert store.body([Piece(plain, 5, 0)]) == b""


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("size_bytes", [1, 100_000, 3_000_000])
async def test_a_writer_that_gives_up_leaves_nothing(
    store: BlobStore, tmp_path: Path, size_bytes: int, key: bytes | None
) -> None:
    """Half an upload is no blob, and neither is one whose check fails, however far it had come."""

    async def broken() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield content(size_bytes)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put(broken(), key=key)

    def refuse() -> None:
        raise ValueError("not what was promised")

    writer = await store.writer(key=key)
    await writer.write(content(size_bytes))
    with pytest.raises(ValueError, match="promised"):
        await writer.close(check=refuse)
    writer.discard()
    writer.discard()
    store.close()
    assert files(tmp_path) == []


async def test_a_check_sees_the_digests_complete(store: BlobStore) -> None:
    """What compares checksums needs those of all bytes, whichever thread made them."""
    data = content(2_500_000)
    md5 = hashlib.md5(usedforsecurity=False)
    seen: list[bytes] = []
    writer = await store.writer(digests=[md5])
    try:
        await writer.write(data)
        await writer.close(check=lambda: seen.append(md5.digest()))
    finally:
        writer.discard()
    assert seen == [hashlib.md5(data).digest()]


@pytest.mark.parametrize("steps", range(12))
async def test_cancelling_leaves_nothing(store: BlobStore, tmp_path: Path, steps: int) -> None:
    """A client may leave at any instant, while a thread writes or gives the file its name."""

    async def upload() -> None:
        writer = await store.writer(digests=[hashlib.md5(usedforsecurity=False)])
        try:
            for _ in range(3):
                await writer.write(content(1_100_000))
            await writer.close()
            kept.append(True)
        finally:
            writer.discard()

    kept: list[bool] = []
    task = asyncio.create_task(upload())
    for _ in range(steps):
        await asyncio.sleep(0.001 if steps > 6 else 0)
    task.cancel()
    await asyncio.wait([task])
    store.close()
    assert len(files(tmp_path)) == len(kept)


@pytest.mark.parametrize("size_bytes", [200_000, 1_100_000, 5_000_000])
async def test_a_full_disk_is_told(store: BlobStore, tmp_path: Path, size_bytes: int) -> None:
    """`NoSpace`, whichever batch met it, and what had been written makes room again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))  # a file that may not grow: as a full disk, for one
    try:
        with pytest.raises(NoSpace):
            await store.put(_parts(content(size_bytes), 300_000))
        store.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == []


async def test_a_clone_outlives_its_original(store: BlobStore, tmp_path: Path) -> None:
    """They are one file with two names, and both may be enciphered: each is removed alone."""
    for key in (None, KEY):
        original = await store.put(content(100_000), key=key)
        clone = await store.clone(original)
        assert clone.blob != original.blob
        assert os.path.samefile(path_of(tmp_path, clone), path_of(tmp_path, original))
        await store.remove([original.blob, original.blob, "0" * 32])
        assert await store.read(whole(clone, key=key)) == content(100_000)
        await store.check(clone)
        with pytest.raises(BlobMissing):
            await store.read(whole(original, key=key))
        with pytest.raises(BlobMissing):
            await store.check(original)
        with pytest.raises(BlobMissing):
            await store.clone(original)
        if key is None:
            with pytest.raises(BlobMissing):
                store.body([whole(original)])


@pytest.mark.parametrize("code", [errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP])
async def test_a_clone_where_there_are_no_links(
    store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A file has 65,000 on ext4, and none on some file systems: then its bytes are copied."""

    def refused(source: Path, target: Path) -> None:
        if not source.exists():
            raise FileNotFoundError
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refused)
    original = await store.put(content(2_500_000), key=KEY)
    clone = await store.clone(original)
    await store.remove([original.blob])
    await store.check(clone)
    assert await gathered(store.stream([whole(clone, key=KEY)])) == content(2_500_000)
    with pytest.raises(BlobMissing):
        await store.clone(original)
    assert len(files(tmp_path)) == 1


async def test_what_is_being_read_is_removed_later(store: BlobStore, tmp_path: Path) -> None:
    """An answer whose first part has left must be able to send its last, whatever was deleted meanwhile."""
    first, second = await store.put(content(100_000)), await store.put(content(50_000))
    body = store.body([whole(first), whole(second)])
    stream = store.stream([whole(second)])
    await store.remove([first.blob, second.blob])
    assert await gathered(body) == content(100_000) + content(50_000)
    del body
    assert await gathered(stream) == content(50_000)
    del stream
    await asyncio.sleep(0)  # removed from the loop's next turn on
    store.close()
    assert files(tmp_path) == []


DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda data: data[:-1],
    lambda data: data + b"x",
    lambda data: data[:9] + b"?" + data[10:],
]


async def test_damage_is_noticed(store: BlobStore, tmp_path: Path) -> None:
    """A flipped bit, a lost end, an added byte: by the CRC without the key, and by every read with it."""
    for key in (None, KEY):
        for damage in DAMAGES:
            segment = await store.put(content(150_000), key=key)
            path = path_of(tmp_path, segment)
            path.write_bytes(damage(path.read_bytes()))
            with pytest.raises(BlobDamaged):
                await store.check(segment)
    short = await store.put(content(150_000))
    path_of(tmp_path, short).write_bytes(b"short")
    with pytest.raises(BlobDamaged):
        await store.read(whole(short))


@pytest.mark.parametrize("size_bytes", [0, 5, FRAME_BYTES, 3 * FRAME_BYTES])
async def test_enciphered_bytes_cannot_be_rearranged(store: BlobStore, tmp_path: Path, size_bytes: int) -> None:
    """Cut off at a frame, in another order, from another segment, under another key or size: nothing of it opens."""
    data = content(size_bytes)
    segment, other = await store.put(data, key=KEY), await store.put(data, key=KEY)
    path = path_of(tmp_path, segment)
    lying, sealed_frame = path.read_bytes(), FRAME_BYTES + TAG_BYTES
    frames = [lying[at : at + sealed_frame] for at in range(0, len(lying), sealed_frame)]
    wrong: list[tuple[bytes, Segment, bytes]] = [
        (path_of(tmp_path, other).read_bytes(), segment, KEY),
        (lying, changed(segment, cipher=other.cipher), KEY),
        (lying, segment, bytes(32)),
    ]
    if len(frames) > 1:
        shorter = changed(segment, size_bytes=size_bytes - FRAME_BYTES)
        wrong += [
            (b"".join(frames[:-1]), shorter, KEY),
            (b"".join(frames[:-1]), segment, KEY),
            (b"".join(reversed(frames)), segment, KEY),
            (lying + frames[-1], changed(segment, size_bytes=size_bytes + FRAME_BYTES), KEY),
        ]
    for bytes_there, told, key in wrong:
        path.write_bytes(bytes_there)
        piece = whole(told, key=key)
        if piece.size_bytes:
            with pytest.raises(BlobDamaged):
                await store.read(piece)
    path.write_bytes(lying)
    assert await store.read(whole(segment, key=KEY)) == data


async def test_a_sweep_takes_what_is_nobodys(store: BlobStore, tmp_path: Path) -> None:
    """What no record refers to goes once it is old, and a writer's rest with it; a young or a known one stays."""
    mine = [await store.put(content(number + 1)) for number in range(20)]
    theirs = [await store.put(content(number + 1)) for number in range(20)]
    (tmp_path / "objects" / "tmp" / "left").write_bytes(b"of a killed writer")
    (tmp_path / "objects" / "ab").mkdir(exist_ok=True)
    stranger = tmp_path / "objects" / "ab" / "notes.txt"
    stranger.write_text("somebody's own file")
    asked: list[str] = []

    async def known(ids: Sequence[str]) -> AbstractSet[str]:
        asked.extend(ids)
        return {segment.blob for segment in mine}

    assert await store.sweep(known, older_than=HOUR) == 0
    assert asked == []
    assert await store.sweep(known, older_than=NOW) == 21
    assert sorted(asked) == sorted(segment.blob for segment in mine + theirs)
    assert sorted(files(tmp_path)) == sorted([path_of(tmp_path, segment) for segment in mine] + [stranger])
    assert [blob async for batch in store.ids() for blob in batch] == sorted(segment.blob for segment in mine)


async def test_a_clone_of_an_old_blob_is_young(store: BlobStore, tmp_path: Path) -> None:
    """Else a sweep would take it between its link and the commit of its record."""
    old = await store.put(content(10))
    os.utime(path_of(tmp_path, old), (0, 0))
    clone = await store.clone(old)

    async def nobody(ids: Sequence[str]) -> AbstractSet[str]:
        return set()

    assert await store.sweep(nobody, older_than=HOUR) == 0
    assert await store.read(whole(clone)) == content(10)


@pytest.mark.parametrize("durability", ["process", "full"])
async def test_a_new_store_reads_what_an_old_one_wrote(tmp_path: Path, durability: str) -> None:
    """A blob is a file: it needs no memory of the process that wrote it."""
    full = durability == "full"
    first = local_blobs(tmp_path / "objects", ids=SeededIds(1), durability="full" if full else "process")
    segment = await first.put(content(500_000), key=KEY)
    second = local_blobs(tmp_path / "objects", ids=SeededIds(2))
    assert await second.read(whole(segment, key=KEY)) == content(500_000)


@pytest.mark.parametrize(
    ("writers", "batch_bytes"), [(0, 1 << 20), (3, 1 << 20), (6, 1 << 19), (100, 31457), (999, 1 << 14)]
)
def test_a_share_of_memory(writers: int, batch_bytes: int) -> None:
    """A hundred uploads gather in three megabytes, and as much is being written; a few do with fewer hops."""
    memory = Memory()
    memory.writers = writers
    assert memory.batch_bytes == batch_bytes


async def test_writers_give_their_share_back(store: BlobStore) -> None:
    """Closed, discarded, or both."""
    closed, discarded = await store.writer(), await store.writer()
    assert store._memory.writers == 2
    await closed.close()
    for _ in range(2):
        closed.discard()
        discarded.discard()
    assert store._memory.writers == 0


async def test_many_writers_at_once(store: BlobStore) -> None:
    """They share a few threads: none waits for a thread that waits for it."""
    data = content(1_500_000)

    async def upload(number: int) -> Segment:
        return await store.put(_parts(data[number:], 50_000), digests=[hashlib.md5(usedforsecurity=False)])

    async with asyncio.timeout(30):
        segments = await asyncio.gather(*(upload(number) for number in range(60)))
    for number, segment in enumerate(segments):
        assert await store.read(whole(segment)) == data[number:]


async def _parts(data: bytes, size_bytes: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size_bytes):
        yield data[at : at + size_bytes]
        await asyncio.sleep(0)
