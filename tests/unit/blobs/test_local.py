"""Local blobs: whole or absent, kept once, swept when nobody refers to them."""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from pileus.kernel.blobs import local
from pileus.kernel.blobs.local import BlobDamaged, BlobMissing, BlobRef, LocalBlobs

HOUR = timedelta(hours=1)


def age(path: Path, by: timedelta) -> None:
    moment = path.stat().st_mtime - by.total_seconds()
    os.utime(path, (moment, moment))


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


async def stream(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize("data", [b"", b"x", bytes(3_000_000)])
@pytest.mark.parametrize("durability", ["process", "full"])
async def test_what_is_put_is_read(tmp_path: Path, data: bytes, durability: str) -> None:
    """The empty, the small and the large, at once and in parts, under the digest everybody can compute."""
    blobs = LocalBlobs(tmp_path / "blobs", durability="full" if durability == "full" else "process")
    expected = BlobRef(hashlib.sha256(data).hexdigest(), len(data))
    assert await blobs.put(data) == expected
    assert await blobs.put(stream(data[:1], b"", data[1:])) == expected
    assert await blobs.read(expected.digest, verify=True) == data
    assert files(tmp_path) == [blobs.path(expected.digest)], "equal bytes are kept once, and nothing is left over"


async def test_a_stream_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    """Half an upload is not a blob."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await LocalBlobs(tmp_path).put(broken())
    assert files(tmp_path) == []


async def test_absent_and_damaged_blobs_are_told_apart(tmp_path: Path) -> None:
    """A wrong byte is noticed when asked to look, and a digest never leads out of the directory."""
    blobs = LocalBlobs(tmp_path)
    reference = await blobs.put(b"data")
    blobs.path(reference.digest).write_bytes(b"Data")
    assert await blobs.read(reference.digest) == b"Data"
    with pytest.raises(BlobDamaged):
        await blobs.read(reference.digest, verify=True)
    with pytest.raises(BlobMissing):
        await blobs.read("0" * 64)
    for digest in ("../../etc/passwd", "", "A" * 64, "/" * 64):
        with pytest.raises(AssertionError):
            blobs.path(digest)


async def test_a_sweep_removes_only_the_old_and_unreferenced(tmp_path: Path) -> None:
    """A blob whose record is about to be committed must survive, and so must one that was put again."""
    blobs = LocalBlobs(tmp_path)
    kept, young, old, again = [await blobs.put(name) for name in (b"kept", b"young", b"old", b"again")]
    left_over = tmp_path / "tmp" / "left over by a crash"
    left_over.write_bytes(b"")
    for path in (blobs.path(kept.digest), blobs.path(old.digest), blobs.path(again.digest), left_over):
        age(path, 2 * HOUR)
    await blobs.put(b"again")
    assert await blobs.sweep({kept.digest}, older_than=HOUR) == 2
    assert sorted(files(tmp_path)) == sorted(blobs.path(each.digest) for each in (kept, young, again))
    assert await LocalBlobs(tmp_path / "never used").sweep(set(), older_than=HOUR) == 0


async def test_every_new_directory_survives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A synced file is gone all the same if the name of a directory above it was never synced."""
    synced: list[Path] = []
    monkeypatch.setattr(local, "sync_directory", synced.append)
    blobs = LocalBlobs(tmp_path / "blobs", durability="full")
    reference = await blobs.put(b"first")
    assert {tmp_path, tmp_path / "blobs", blobs.path(reference.digest).parent} <= set(synced)
