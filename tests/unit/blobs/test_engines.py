"""Every place for blobs gives back exactly what was written, plain or enciphered, and tells what is not there."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pileus.kernel.blobs.frames import FRAME_BYTES
from pileus.kernel.blobs.objects import BlobStore, local_blobs
from pileus.kernel.blobs.remote import PART_BYTES, remote_blobs
from pileus.kernel.blobs.segments import BlobMissing, Piece, Segment, whole
from pileus.kernel.http.messages import FileBody, FilesBody
from pileus.kernel.ids import SeededIds

KEY = bytes(range(32))
EVERYTHING = timedelta(seconds=-5)
PLACES = ("files", "memory", "url of files")


def store_at(place: str, path: Path) -> BlobStore:
    path.mkdir(exist_ok=True)
    if place == "files":
        return local_blobs(path, ids=SeededIds(1))
    url = "memory:///" if place == "memory" else path.as_uri()
    return remote_blobs(url, ids=SeededIds(1))


@pytest.fixture(params=PLACES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return store_at(request.param, tmp_path / "place")


def content(size_bytes: int) -> bytes:
    return (bytes(range(251)) * (size_bytes // 251 + 1))[:size_bytes]


async def streamed(store: BlobStore, pieces: Sequence[Piece]) -> bytes:
    return b"".join([part async for part in store.stream(pieces)])


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("size_bytes", [0, 1, FRAME_BYTES, FRAME_BYTES + 1, PART_BYTES - 1, PART_BYTES + 1, 20_000_000])
async def test_what_is_written_is_read(store: BlobStore, size_bytes: int, key: bytes | None) -> None:
    """The empty one, and sizes around a frame and around the part of an upload."""
    data = content(size_bytes)
    sha256 = hashlib.sha256()

    async def parts() -> AsyncIterator[bytes]:
        for at in range(0, size_bytes, 300_001):
            yield data[at : at + 300_001]

    segment = await store.put(parts(), key=key, digests=[sha256])
    assert segment.size_bytes == size_bytes
    assert sha256.digest() == hashlib.sha256(data).digest()
    assert await streamed(store, [whole(segment, key=key)]) == data
    middle = Piece(segment, size_bytes // 3, size_bytes // 3, key)
    assert await streamed(store, [middle]) == data[middle.offset : middle.offset + middle.size_bytes]
    await store.check(segment)


async def test_a_clone_and_its_original_are_two(store: BlobStore) -> None:
    """Either is removed alone, and what is gone is told as gone, by every way of asking."""
    for key in (None, KEY):
        original = await store.put(content(100_000), key=key)
        clone = await store.clone(original)
        await store.remove([original.blob, original.blob, "0" * 32])
        assert await store.read(whole(clone, key=key)) == content(100_000)
        await store.check(clone)
        with pytest.raises(BlobMissing):
            await store.read(whole(original, key=key))
        with pytest.raises(BlobMissing):
            await store.check(original)
        with pytest.raises(BlobMissing):
            await store.clone(original)
        with pytest.raises(BlobMissing):
            await streamed(store, [whole(clone, key=key), whole(original, key=key)])


async def test_a_writer_that_gives_up_leaves_no_blob(store: BlobStore) -> None:
    """Neither one that was discarded half way, in its first part or a later one, nor one whose check fails."""

    def refuse() -> None:
        raise ValueError("not what was promised")

    for size_bytes in (1, 2_000_000, 2 * PART_BYTES):
        discarded, refused = await store.writer(), await store.writer()
        await discarded.write(content(size_bytes))
        discarded.discard()
        await refused.write(content(size_bytes))
        with pytest.raises(ValueError, match="promised"):
            await refused.close(check=refuse)
        refused.discard()
    assert [batch async for batch in store.ids()] == []


async def test_a_sweep_takes_what_is_nobodys(store: BlobStore) -> None:
    """What is known stays, and so does what is young, known or not."""
    mine = [await store.put(content(number)) for number in range(30)]
    for number in range(30):
        await store.put(content(number))
    asked: list[str] = []

    async def known(ids: Sequence[str]) -> AbstractSet[str]:
        asked.extend(ids)
        return {segment.blob for segment in mine}

    assert await store.sweep(known) == 0
    assert await store.sweep(known, older_than=EVERYTHING) == 30
    assert len(asked) == len(set(asked)) == 60
    assert [blob async for batch in store.ids() for blob in batch] == sorted(segment.blob for segment in mine)


EDGES = st.sampled_from([0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 5 * FRAME_BYTES + 7])
SIZES = st.one_of(EDGES, st.integers(0, 10 * FRAME_BYTES))


@pytest.mark.parametrize("place", PLACES)
@given(drawn=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_pieces_are_the_bytes(tmp_path: Path, place: str, drawn: st.DataObject) -> None:
    """Random segments, cut anywhere and joined in any order, against slices of `bytes`, with and without a key."""
    store = store_at(place, tmp_path / "place")
    kept: list[tuple[Segment, bytes | None, bytes]] = []
    for _ in range(drawn.draw(st.integers(1, 4))):
        data = content(drawn.draw(st.integers(0, 250)))[-1:] + content(drawn.draw(SIZES))
        key = drawn.draw(st.sampled_from([None, KEY]))
        writer = await store.writer(key=key)
        at = 0
        while at < len(data):
            upto = at + 1 + drawn.draw(SIZES)
            await writer.write(data[at:upto])
            at = upto
        kept.append((await writer.close(), key, data))
    pieces, expected = [], b""
    for _ in range(drawn.draw(st.integers(1, 5))):
        segment, key, data = drawn.draw(st.sampled_from(kept))
        offset = min(drawn.draw(SIZES), len(data))
        size_bytes = min(drawn.draw(SIZES), len(data) - offset)
        pieces.append(Piece(segment, offset, size_bytes, key))
        expected += data[offset : offset + size_bytes]
    assert await streamed(store, pieces) == expected
    assert b"".join([await store.read(piece) for piece in pieces]) == expected
    body = store.body(pieces)
    if isinstance(body, FileBody | FilesBody):
        assert body.size_bytes == len(expected)
    elif not isinstance(body, bytes):
        assert b"".join([part async for part in body]) == expected
    store.close()
