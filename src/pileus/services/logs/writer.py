"""How do the lines of functions reach their log groups without a function waiting for it?

`append` only puts lines into a buffer. `run`, a duty, writes the buffer a moment later: all that has gathered, in few
transactions, making groups and streams that are missing. The buffer is bounded; what does not fit is dropped, counted,
and told of in the server's log, because a function must never be held up by its log.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import StorageFailed, Store, Transaction
from pileus.services.logs.limits import EVENT_OVERHEAD_BYTES
from pileus.services.logs.model import GroupRecord, StreamRecord, message_bytes
from pileus.services.logs.store import Writing

STREAM_ID_BYTES: Final = 8
BUFFER_BYTES_MAX: Final = 32 * 1024 * 1024
WRITE_DELAY_S: Final = 0.05
"""How long lines gather before they are written: real time, which no clock moves."""

LINES_PER_TRANSACTION: Final = 1_000
"""So that no turn of the loop is spent on logs for long (measured: 5 us a line)."""

STORAGE_PAUSE_S: Final = 1.0

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Whose lines they are: what the writer must know of a function."""

    @property
    def account_id(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def log_group(self) -> str: ...


class _Destination(msgspec.Struct, frozen=True):
    account_id: str
    region: str
    log_group: str
    log_stream: str


class _Line(msgspec.Struct, frozen=True, gc=False):
    timestamp_ms: int
    message: str
    size_bytes: int


class FunctionLogWriter:
    """Buffers lines and writes them behind; fits Lambda's `LogSink`."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, *, buffer_bytes_max: int = BUFFER_BYTES_MAX) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._buffer_bytes_max = buffer_bytes_max
        self._buffer: deque[tuple[_Destination, Sequence[_Line]]] = deque()
        self._buffered_bytes = 0
        self._dropped = 0
        self._stirred = asyncio.Event()
        self._writing = asyncio.Lock()

    def append(self, spec: Source, log_stream: str, lines: Sequence[tuple[float, str]]) -> None:
        """Keep `lines`, each with its moment in seconds since 1970, for the stream of the function's log group."""
        kept = [
            _Line(int(moment * 1000), text, message_bytes(text) + EVENT_OVERHEAD_BYTES)
            for moment, text in lines
            if text
        ]
        size_bytes = sum(line.size_bytes for line in kept)
        if self._buffered_bytes + size_bytes > self._buffer_bytes_max:
            self._dropped += len(kept)
        elif kept:
            self._buffered_bytes += size_bytes
            destination = _Destination(spec.account_id, spec.region, spec.log_group, log_stream)
            self._buffer.append((destination, kept))
        self._stirred.set()

    async def run(self) -> None:
        """Write what is appended, soon after, until cancelled."""
        while True:
            await self._stirred.wait()
            await asyncio.sleep(WRITE_DELAY_S)
            self._stirred.clear()
            try:
                await self.flush()
            except StorageFailed:
                _log.exception("log lines of functions could not be written; they are kept and tried again")
                self._stirred.set()
                await asyncio.sleep(STORAGE_PAUSE_S)

    async def flush(self) -> None:
        """Return once everything appended before is durable; StorageFailed."""
        async with self._writing:
            while self._buffer:
                await self._write_some()
            await self._store.durable()
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            _log.warning("%d log lines of functions came faster than they could be written and are lost", dropped)

    async def _write_some(self) -> None:
        """Write the oldest appends; they leave the buffer when they are written."""
        appends: list[tuple[_Destination, Sequence[_Line]]] = []
        count = 0
        for append in self._buffer:
            if appends and count + len(append[1]) > LINES_PER_TRANSACTION:
                break
            appends.append(append)
            count += len(append[1])
        by_destination: dict[_Destination, list[_Line]] = {}
        for destination, lines in appends:
            by_destination.setdefault(destination, []).extend(lines)
        now_ms = int(self._clock.timestamp() * 1000)

        async def write(tx: Transaction) -> None:
            for destination, lines in by_destination.items():
                await self._append(tx, destination, lines, now_ms=now_ms)

        await self._store.run(write)
        for _ in appends:
            self._buffered_bytes -= sum(line.size_bytes for line in self._buffer.popleft()[1])
        await asyncio.sleep(0)

    async def _append(self, tx: Transaction, to: _Destination, lines: Sequence[_Line], *, now_ms: int) -> None:
        writing = Writing(tx, (to.account_id, to.region))
        if await writing.find_group(to.log_group) is None:
            writing.put_group(GroupRecord(name=to.log_group, created_ms=now_ms))
        stream = await writing.find_stream(to.log_group, to.log_stream)
        if stream is None:
            stream = StreamRecord(name=to.log_stream, stream_id=self._ids.bytes(STREAM_ID_BYTES), created_ms=now_ms)
        writing.append(to.log_group, stream, [(line.timestamp_ms, line.message) for line in lines], now_ms=now_ms)
