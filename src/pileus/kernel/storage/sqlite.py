"""How does one SQLite file keep the map of bytes to bytes?

One table of key and value in a write-ahead log (WAL), one connection, on the loop. The argument:

**Commit.** A transaction buffers its writes (`transactions.py`). At its commit they are applied to the connection,
inside the group: the SQLite transaction that the first commit of a loop turn opened. From then on every reader of this
process sees them, and the gate is closed, so that no answer leaves. `call_soon` has queued the flush behind the
callbacks that were ready already; they join the group. The flush does COMMIT, and then tells the watches and releases
the answers held. Nothing tells of a write before that.

**Failure.** If applying or COMMIT fails, the whole group is rolled back, each held answer is released with the error,
watches are not told, and the history is cut, so that an open transaction which read a value that never came to be
conflicts. A full disk may recover. After an I/O error the engine writes no more until the next start: a kernel whose
sync failed may have dropped the pages and report success next time ("fsyncgate"); reads go on.

**Durability.** COMMIT appends to the WAL. `process`: synchronous=NORMAL, no sync at commit; the bytes are the kernel's,
so SIGKILL at any instant loses nothing, and a power cut loses at most the latest groups, whole ones, never the
consistency (frames are checksummed; sync happens before and after each checkpoint). `full`: synchronous=FULL, one sync
per group.

**Reads** do not suspend. Outside of a group a read transaction is kept open, which halves the price of a get (1.5 us
instead of 3: no lock, no look at the WAL index). It is upgraded by the next group's first write: nobody else writes, so
that cannot meet SQLITE_BUSY_SNAPSHOT. It would keep the WAL from starting over, so it ends after each checkpoint.

**Checkpoints** copy the WAL into the table's file, with two syncs; a thread with a connection of its own does it
(`checkpoints.py`), not COMMIT (SQLite's default), so that no turn of the loop waits for the disk.

Tried: autocommit reads (3 us); locking_mode=EXCLUSIVE (get 2.3 us, but then only this connection could checkpoint);
mmap (no gain beyond noise at 1 M rows, and all of it counts as resident memory).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from pileus.kernel.clock import Clock
from pileus.kernel.storage.checkpoints import PAGES_BETWEEN, Checkpointer
from pileus.kernel.storage.connections import Durability, connect
from pileus.kernel.storage.directory import DataDirectory, make_private
from pileus.kernel.storage.emissions import emission, microseconds, signal
from pileus.kernel.storage.gate import GroupGate
from pileus.kernel.storage.seam import StorageFailed, Transaction, TransactionConflict
from pileus.kernel.storage.transactions import BufferedTransaction, Emissions, History, Pair, Span
from pileus.kernel.storage.watches import KeyWatch, Watches

T = TypeVar("T")

ATTEMPTS_MAX: Final = 32
"""How often `run` repeats a transaction that conflicts. Each conflict means that somebody else got on."""

_GET: Final = "SELECT value FROM kv WHERE key=?"
_PUT: Final = "INSERT INTO kv VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value"
_CLEAR: Final = "DELETE FROM kv WHERE key=?"
_CLEAR_RANGE: Final = "DELETE FROM kv WHERE key>=? AND key<?"
_CLEAR_ALL: Final = "DELETE FROM kv"
_SCAN: Final = "SELECT key,value FROM kv WHERE key>=? AND key<? ORDER BY key LIMIT ?"
_SCAN_BACK: Final = "SELECT key,value FROM kv WHERE key>=? AND key<? ORDER BY key DESC LIMIT ?"
_COUNT_BOOT: Final = "INSERT INTO meta VALUES('boots',1) ON CONFLICT(name) DO UPDATE SET value=value+1 RETURNING value"

_log = logging.getLogger(__name__)


class SqliteSnapshot:
    """Reads of what is committed in this process, durable or about to be."""

    __slots__ = ("_store",)

    def __init__(self, store: "SqliteStore") -> None:
        self._store = store

    async def get(self, key: bytes) -> bytes | None:
        return self._store.read(key)

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        read = self._store.read
        return [read(key) for key in keys]

    async def range(self, begin: bytes, end: bytes, *, limit: int = 0, reverse: bool = False) -> list[Pair]:
        return self._store.scan(begin, end, limit=limit, reverse=reverse)


def open_store(
    path: Path,
    *,
    clock: Clock,
    durability: Durability = "process",
    vfs: str | None = None,
    pages_between_checkpoints: int = PAGES_BETWEEN,
) -> "SqliteStore":
    """Open, or create, the store in data directory `path`; the loop must be running.

    vfs: another file layer of SQLite's, for tests; it has no shared memory, so the connection has the file to itself.
    Raises NewerData, StoreInUse, OSError, and StorageFailed when SQLite cannot use the file.
    """
    directory = DataDirectory(path)
    try:
        if vfs is None:
            # SQLite gives its log and its index the mode of the database; those of older versions lie open.
            make_private(path / "pileus.db")
            make_private(path / "pileus.db-wal", create=False)
            make_private(path / "pileus.db-shm", create=False)
        connection = connect(path / "pileus.db", durability=durability, vfs=vfs)
        try:
            return SqliteStore(
                directory, connection, clock=clock, alone=vfs is not None, pages_between=pages_between_checkpoints
            )
        except BaseException:
            connection.close()
            raise
    except apsw.Error as error:
        directory.release()
        raise StorageFailed(f"{path / 'pileus.db'} cannot be opened: {error}") from error
    except BaseException:
        directory.release()
        raise


class SqliteStore:
    """The engine: what a `Store` promises, and `transactions.Engine`."""

    def __init__(
        self,
        directory: DataDirectory,
        connection: apsw.Connection,
        *,
        clock: Clock,
        alone: bool,
        pages_between: int,
    ) -> None:
        self._directory = directory
        self._connection = connection
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._history = History()
        self._watches = Watches()
        self._snapshot = SqliteSnapshot(self)
        self._in_transaction = False  # a group's, or the one that reads are done in
        self._broken: StorageFailed | None = None
        self._closed = False
        self.gate: Final = GroupGate(self._loop)
        self._execute = connection.cursor().execute
        self._sequence: int = self._execute(_COUNT_BOOT).get << 40  # so that no event's number ever repeats
        self._checkpoints = Checkpointer(
            connection,
            path=None if alone else directory.path / "pileus.db",
            ended=self._checkpoint_ended,
            pages_between=pages_between,
        )

    # What transactions and snapshots read and write

    def read(self, key: bytes) -> bytes | None:
        """The value of `key`, at once."""
        if not self._in_transaction:
            self._begin_reading()
        value: bytes | None = self._execute(_GET, (key,)).get
        return value

    def scan(self, begin: bytes, end: bytes, *, limit: int, reverse: bool) -> list[Pair]:
        """The pairs of a range, at once."""
        if not self._in_transaction:
            self._begin_reading()
        rows = self._execute(_SCAN_BACK if reverse else _SCAN, (begin, end, limit or -1))  # -1: all
        pairs: list[Any] = rows.fetchall()
        return pairs

    def iterate(self, begin: bytes, end: bytes, *, reverse: bool) -> Iterator[Pair]:
        """The pairs of a range, one by one; to be consumed without suspending."""
        if not self._in_transaction:
            self._begin_reading()
        cursor = self._connection.cursor()
        try:
            yield from cursor.execute(_SCAN_BACK if reverse else _SCAN, (begin, end, -1))
        finally:
            cursor.close(True)

    def apply(self, writes: dict[bytes, bytes | None], cleared: list[Span], emissions: Emissions) -> None:
        """Add a transaction's writes to the group; `StorageFailed` takes the whole group back."""
        if emissions:
            self._write_down(writes, emissions)
        execute = self._execute
        try:
            if not self.gate.closed:
                self._open_group()
            for span in cleared:
                execute(_CLEAR_RANGE, span)
            for key, value in writes.items():
                if value is None:
                    execute(_CLEAR, (key,))
                else:
                    execute(_PUT, (key, value))
        except apsw.Error as error:
            raise self._fail(error) from error
        self._history.record(writes, cleared)
        self._watches.note(writes, cleared)

    def _write_down(self, writes: dict[bytes, bytes | None], emissions: Emissions) -> None:
        """Number the events now, at commit, so that those which are due at once keep the order of commits."""
        now_us = int(self._clock.timestamp() * 1_000_000)
        for event, at in emissions:
            self._sequence += 1
            due_us = now_us if at is None else microseconds(at)
            key, value = emission(event, due_us=due_us, sequence=self._sequence)
            writes[key] = value
            self._watches.note((signal(event.topic),))

    def _begin_reading(self) -> None:
        assert not self._closed, "the store is closed"
        self._execute("BEGIN")
        self._in_transaction = True

    # The group

    def _open_group(self) -> None:
        assert not self._closed, "the store is closed"
        if self._broken is not None:
            raise self._broken
        if not self._in_transaction:
            self._execute("BEGIN IMMEDIATE")
            self._in_transaction = True
        self.gate.closed = True
        self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Make the group durable, and let its answers go."""
        if not self.gate.closed:
            return  # closed, or failed, since the flush was scheduled
        try:
            self._execute("COMMIT")
        except apsw.Error as error:
            self._fail(error)
            return
        self._in_transaction = False
        self._watches.fire()
        self.gate.open(None)
        self._checkpoints.consider()

    def _fail(self, error: apsw.Error) -> StorageFailed:
        """Take the group back, and say so to all who wait for it."""
        failure = StorageFailed(f"SQLite could not commit: {error}")
        if isinstance(error, apsw.IOError):
            self._break(error)
        if self._connection.in_transaction:
            try:
                self._execute("ROLLBACK")
            except apsw.Error as rollback_error:
                self._break(rollback_error)
        self._in_transaction = self._connection.in_transaction
        self._history.cut()
        self._watches.forget()
        self.gate.open(failure)
        return failure

    def _break(self, error: apsw.Error) -> None:
        """Write no more: see Failure, above."""
        if self._broken is None:
            _log.critical("the disk failed; nothing more is written until the next start: %s", error)
            self._broken = StorageFailed(f"the disk failed earlier: {error}")

    def _checkpoint_ended(self, error: apsw.Error | None) -> None:
        if isinstance(error, apsw.IOError):
            self._break(error)
        elif error is not None:
            _log.warning("checkpoint put off: %s", error)
        if self._in_transaction and not self.gate.closed:
            self._execute("COMMIT")  # of reads only; the next one sees the checkpoint, and the WAL may start over
            self._in_transaction = False

    # The store

    def transaction(self) -> BufferedTransaction:
        return BufferedTransaction(self, self._history)

    def snapshot(self) -> SqliteSnapshot:
        return self._snapshot

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                async with BufferedTransaction(self, self._history) as tx:
                    return await work(tx)
            except TransactionConflict:
                continue
        async with BufferedTransaction(self, self._history) as tx:
            return await work(tx)

    async def durable(self) -> None:
        if self.gate.closed:
            future: asyncio.Future[None] = self._loop.create_future()
            self.gate.hold(partial(_settle, future))
            await future

    def watch(self, key: bytes) -> KeyWatch:
        return self._watches.take(key)

    async def clear_all(self) -> None:
        try:
            if not self.gate.closed:
                self._open_group()
            self._execute(_CLEAR_ALL)
        except apsw.Error as error:
            raise self._fail(error) from error
        self._history.cut()
        self._watches.note_all()
        await self.durable()

    async def close(self) -> None:
        """Make the open group durable, and leave the directory to others; transactions still open must not go on."""
        if self._closed:
            return
        self._flush()
        self._closed = True
        try:
            await self._checkpoints.close()
            self._connection.close()
        except apsw.Error as error:
            # The last checkpoint failed. All that was acknowledged is in the log, and is found there at the next start.
            _log.warning("the store was closed, and could not tidy up: %s", error)
        finally:
            self._directory.release()


def _settle(future: "asyncio.Future[None]", error: BaseException | None) -> None:
    if future.done():
        return  # its waiter was cancelled
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
