"""Who may read a data directory's files?"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.storage.sqlite import open_store
from tests.support.time import JumpingClock


@pytest.fixture
def careless() -> Iterator[None]:
    """A process that lets everybody write what it creates."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(path: Path) -> list[str]:
    """What below a directory has modes for anybody but its owner."""
    return [str(found.relative_to(path)) for found in path.rglob("*") if found.stat().st_mode & 0o077]


async def write(path: Path) -> None:
    """A commit and a blob; looked at while the store is open, since closing removes the log."""
    store = open_store(path, clock=JumpingClock())
    async with store.transaction() as tx:
        tx.set(b"key", b"value")
    await LocalBlobs(path / "blobs").put(b"bytes")
    assert (path / "pileus.db-wal").exists()
    assert open_to_others(path) == []
    await store.close()


async def test_files_are_the_owners_alone(tmp_path: Path, careless: None) -> None:
    """The directory may have been there before, open to all: then each file must be closed by itself."""
    tmp_path.chmod(0o777)
    await write(tmp_path)
    assert open_to_others(tmp_path) == []


async def test_files_of_older_versions_are_closed(tmp_path: Path, careless: None) -> None:
    """Older versions left database, log and blobs readable; the next start mends that."""
    await write(tmp_path)
    (tmp_path / "pileus.db-wal").touch()
    for path in (tmp_path / "blobs", tmp_path / "format", *tmp_path.glob("pileus.db*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    await write(tmp_path)
    assert open_to_others(tmp_path) == []


async def test_code_stays_readable(tmp_path: Path) -> None:
    """Functions run as another user, who reads the files of their own package."""
    package = tmp_path / "code" / "package" / "handler.py"
    package.parent.mkdir(parents=True)
    package.touch()
    package.chmod(0o644)
    store = open_store(tmp_path, clock=JumpingClock())
    await store.close()
    assert package.stat().st_mode & 0o777 == 0o644
