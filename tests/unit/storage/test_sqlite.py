"""The SQLite engine: groups and their gate, failing disks, watches, the directory."""

# ruff: noqa: PT012 - it is a whole transaction that raises, at its end

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from pileus.kernel.storage.seam import NewerData, StorageFailed, Store, StoreInUse, TransactionConflict
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from tests.support.disk import CrashingDisk, Trouble
from tests.support.time import JumpingClock


async def put(store: Store, *keys: bytes, value: bytes = b"v") -> None:
    async with store.transaction() as tx:
        for key in keys:
            tx.set(key, value)


def gate_closed(store: Store) -> bool:
    """A call, since mypy believes that what was asserted of an attribute stays so."""
    return store.gate.closed


# The gate


async def test_the_gate_is_closed_until_the_group_is_durable(store: SqliteStore) -> None:
    """No answer leaves before COMMIT; all transactions of a turn share one."""
    released: list[tuple[str, BaseException | None]] = []
    assert not gate_closed(store)
    for name in ("first", "second"):
        await put(store, name.encode())
        assert gate_closed(store)
        store.gate.hold(lambda error, name=name: released.append((name, error)))
    assert released == []
    await asyncio.sleep(0)
    assert released == [("first", None), ("second", None)]
    assert not gate_closed(store)


async def test_reading_leaves_the_gate_open(store: SqliteStore) -> None:
    """Who wrote nothing waits for nothing."""
    async with store.transaction() as tx:
        await tx.get(b"a")
    await store.snapshot().get(b"a")
    await store.durable()
    assert not gate_closed(store)


async def test_a_release_that_raises_does_not_stop_the_others(store: SqliteStore) -> None:
    """One broken connection must not leave the next one without its answer."""
    unhandled: list[object] = []
    released: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context["exception"]))

    def broken(error: BaseException | None) -> None:
        raise ConnectionResetError

    await put(store, b"a")
    for release in (broken, lambda _: released.append("second"), broken, lambda _: released.append("fourth")):
        store.gate.hold(release)
    while len(released) < 2:
        await asyncio.sleep(0)
    assert released == ["second", "fourth"]
    assert len(unhandled) == 2


# Failing disks


def failing(tmp_path: Path, trouble: Trouble) -> tuple[CrashingDisk, SqliteStore]:
    disk = CrashingDisk(trouble=trouble)
    store = open_store(tmp_path / "data", clock=JumpingClock(), vfs=disk.name)
    return disk, store


@pytest.mark.parametrize("trouble", ["full", "error"])
async def test_a_group_that_cannot_commit_leaves_nothing(tmp_path: Path, trouble: Trouble) -> None:
    """Everybody in the group is told; no reader and no watcher is left with what never came to be."""
    disk, store = failing(tmp_path, trouble)
    await put(store, b"before")
    await store.durable()
    watch = store.watch(b"a")
    errors: list[BaseException | None] = []
    await put(store, b"a")
    store.gate.hold(errors.append)
    await put(store, b"b")
    store.gate.hold(errors.append)
    disk.crash_at = disk.operations + 1
    with pytest.raises(StorageFailed):
        await store.durable()
    assert [type(error) for error in errors] == [StorageFailed] * 2
    assert store.gate.failures == 1
    assert await store.snapshot().get_many([b"before", b"a", b"b"]) == [b"v", None, None]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await watch.changed()
    await store.close()


async def test_a_full_disk_may_recover(tmp_path: Path) -> None:
    """Somebody deletes a file, and we go on."""
    disk, store = failing(tmp_path, "full")
    await put(store, b"a")
    disk.crash_at = disk.operations + 1
    with pytest.raises(StorageFailed):
        await store.durable()
    await put(store, b"b")
    await store.durable()
    assert await store.snapshot().get_many([b"a", b"b"]) == [None, b"v"]
    await store.close()


async def test_after_an_io_error_nothing_more_is_written(tmp_path: Path) -> None:
    """A kernel whose sync failed may claim success the next time; reads go on."""
    disk, store = failing(tmp_path, "error")
    await put(store, b"before")
    await store.durable()
    await put(store, b"a")
    disk.crash_at = disk.operations + 1
    with pytest.raises(StorageFailed):
        await store.durable()
    with pytest.raises(StorageFailed):
        await put(store, b"b")
    with pytest.raises(StorageFailed):
        await store.clear_all()
    assert await store.snapshot().get(b"before") == b"v"
    await store.close()


async def test_who_read_a_value_that_was_taken_back_conflicts(tmp_path: Path) -> None:
    """Otherwise a commit would rest on what never was."""
    disk, store = failing(tmp_path, "full")
    await put(store, b"a")
    disk.crash_at = disk.operations + 1
    with pytest.raises(TransactionConflict):
        async with store.transaction() as tx:
            assert await tx.get(b"a") == b"v"
            with pytest.raises(StorageFailed):
                await store.durable()
            tx.set(b"b", b"because of a")
    assert await store.snapshot().get(b"b") is None
    await store.close()


async def test_a_write_that_fails_inside_the_group(tmp_path: Path, store: SqliteStore) -> None:
    """A foreign tool that holds the lock: our caller is told at once, and the next group works."""
    foreign = apsw.Connection(str(tmp_path / "data" / "pileus.db"))
    store._connection.set_busy_timeout(0)
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageFailed):
        await put(store, b"a")
    foreign.execute("ROLLBACK")
    foreign.close()
    await put(store, b"a")
    await store.durable()


# Checkpoints


@pytest.mark.parametrize("in_memory", [False, True])
async def test_the_log_starts_over(tmp_path: Path, in_memory: bool) -> None:
    """However long it runs, the log stays short, also while readers keep a transaction open."""
    disk = CrashingDisk()
    data = tmp_path / "data"
    store = open_store(data, clock=JumpingClock(), vfs=disk.name if in_memory else None, pages_between_checkpoints=10)
    longest = 0
    for n in range(300):
        await put(store, b"%d" % n, value=b"x" * 1000)
        await store.durable()
        await store.snapshot().get(b"0")
        if store._checkpoints._running is not None:
            await asyncio.wait([store._checkpoints._running])
            await asyncio.sleep(0)
        longest = max(longest, store._checkpoints._pages)
    assert 10 <= longest < 100
    await store.close()
    if not in_memory:
        assert not (data / "pileus.db-wal").exists()


# Watches


async def test_a_watch_tells_once_after_the_change_is_durable(store: SqliteStore) -> None:
    """Whoever wakes may act on what it reads."""
    watch, ranged, other = store.watch(b"a"), store.watch(b"b"), store.watch(b"c")
    waiting = [asyncio.create_task(each.changed()) for each in (watch, ranged, other)]
    await asyncio.sleep(0)
    async with store.transaction() as tx:
        tx.set(b"a", b"1")
        tx.clear_range(b"b", b"c")
    assert not waiting[0].done()
    await store.durable()
    await asyncio.gather(waiting[0], waiting[1])
    assert not waiting[2].done()
    other.cancel()
    waiting[2].cancel()
    assert not store._watches._by_key
    watch.cancel()
    await watch.changed()


async def test_two_may_watch_one_key(store: SqliteStore) -> None:
    """Both are told; one that gave up is not."""
    first, second, third = (store.watch(b"a") for _ in range(3))
    third.cancel()
    await put(store, b"a")
    await asyncio.gather(first.changed(), second.changed())
    assert not third._event.is_set()


# All of it


async def test_clear_all_forgets_everything(store: SqliteStore) -> None:
    """A reset leaves no key, tells the watchers, and conflicts with who has read."""
    await put(store, b"a", b"b")
    watch = store.watch(b"a")
    with pytest.raises(TransactionConflict):
        async with store.transaction() as tx:
            await tx.get(b"absent")
            await store.clear_all()
    assert await store.snapshot().range(b"", b"\xff") == []
    await watch.changed()


async def test_what_was_committed_is_there_again(tmp_path: Path) -> None:
    """Closing makes the open group durable."""
    for n in range(3):
        store = open_store(tmp_path / "data", clock=JumpingClock())
        assert len(await store.snapshot().range(b"", b"\xff")) == n
        await put(store, b"%d" % n)
        await store.close()
        await store.close()
        with pytest.raises(AssertionError):
            await put(store, b"late")
        with pytest.raises(AssertionError):
            await store.snapshot().get(b"late")


# The directory


async def test_a_second_process_is_refused(tmp_path: Path, store: SqliteStore) -> None:
    """Two programs on one directory would each believe their cache; the error names the first."""
    with pytest.raises(StoreInUse) as caught:
        open_store(tmp_path / "data", clock=JumpingClock())
    assert caught.value.pid == os.getpid()
    script = (
        "import asyncio, sys; from pathlib import Path; from pileus.kernel.clock import MovableClock\n"
        "from pileus.kernel.storage.sqlite import open_store\n"
        "async def main(): open_store(Path(sys.argv[1]), clock=MovableClock())\n"
        "asyncio.run(main())"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "data")], capture_output=True, text=True, check=False
    )
    assert f"StoreInUse: {tmp_path / 'data'} is in use by process {os.getpid()}" in other.stderr


def newer(data: Path) -> None:
    (data / "format").write_text("pileus data format 2\n")


def foreign(data: Path) -> None:
    (data / "format").write_text("something else")


@pytest.mark.parametrize("change", [newer, foreign])
async def test_newer_data_is_refused_untouched(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """An older program must not damage what it does not understand."""
    data = tmp_path / "data"
    store = open_store(data, clock=JumpingClock())
    await put(store, b"a")
    await store.close()
    change(data)

    def contents() -> dict[str, tuple[bytes, int]]:
        return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in data.iterdir()}

    before = contents()
    with pytest.raises(NewerData):
        open_store(data, clock=JumpingClock())
    assert contents() == before


async def test_a_directory_is_free_after_a_failed_opening(tmp_path: Path) -> None:
    """The lock is not left behind by a file that is no database."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "pileus.db").write_bytes(b"no database" * 1000)
    for _ in range(2):
        with pytest.raises(StorageFailed, match="cannot be opened: file is not a database"):
            open_store(data, clock=JumpingClock())
