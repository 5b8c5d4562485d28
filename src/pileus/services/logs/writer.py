"""How do the lines of functions reach their log groups without a function waiting for it?

`append` only puts lines into a buffer. `run`, a duty, writes the buffer a moment later: all that has gathered, in few
transactions, making groups and streams that are missing. The buffer is bounded; what does not fit is dropped, counted,
and told of in the server's log, because a function must never be held up by its log.
Whoever asks `congested` and then is quieter loses nothing.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics, Told
from pileus.kernel.storage.seam import StorageFailed, Store, Transaction
from pileus.services.logs.following import follow, tell
from pileus.services.logs.incoming import Incoming
from pileus.services.logs.model import GroupRecord, StreamRecord, message_bytes
from pileus.services.logs.store import Writing

STREAM_ID_BYTES: Final = 8
LINE_COST_BYTES: Final = 200
"""What a line takes in memory beside its text (measured, CPython 3.11): for short lines it is nearly all."""
BUFFER_BYTES_MAX: Final = 32 * 1024 * 1024
GROUP_PART_MAX: Final = 0.5
"""Of the buffer, for one group: no function's lines take the place of all others'."""
GROUP_PART_CONGESTED: Final = 1 / 16
"""From here on its functions had better be slower; what is on its way from them still fits."""
QUIET_BYTES_MAX: Final = 256 * 1024
"""A group with less than that is given room even in a full buffer, up to half as much again."""
WRITE_DELAY_S: Final = 0.05
"""How long lines gather before they are written: real time, which no clock moves."""

LINES_PER_TRANSACTION: Final = 200
"""So that no turn of the loop is spent on logs for long (measured: 5 us a line)."""
PAUSE_PART: Final = 2.0
"""After each transaction, so much of its time is left to requests."""

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


class _Group(NamedTuple):
    account_id: str
    region: str
    log_group: str


_Lines = Sequence[tuple[float, str]]


class _Queue:
    """What waits for one group, by stream, in order: lines, and their size in memory. size_bytes: of all of them."""

    __slots__ = ("size_bytes", "streams")

    def __init__(self) -> None:
        self.streams: dict[str, list[tuple[_Lines, int]]] = {}
        self.size_bytes = 0


class _Taken(NamedTuple):
    """The first appends that wait for a stream."""

    group: _Group
    log_stream: str
    appends: Sequence[tuple[_Lines, int]]

    def lines(self) -> "Iterator[tuple[float, str]]":
        return (line for lines, _ in self.appends for line in lines)


class FunctionLogWriter:
    """Buffers lines and writes them behind; fits Lambda's `LogSink`. Groups take turns at being written."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        *,
        buffer_bytes_max: int = BUFFER_BYTES_MAX,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._incoming = Incoming(metrics)
        self._clock = clock
        self._ids = ids
        self._buffer_bytes_max = buffer_bytes_max
        self._queues: dict[_Group, _Queue] = {}
        self._buffered_bytes = 0
        self._buffered_lines = 0
        self._dropped = 0
        self._stirred = asyncio.Event()
        self._writing = asyncio.Lock()
        self._hurried = 0

    def append(self, spec: Source, log_stream: str, lines: _Lines) -> None:
        """Keep `lines`, each with its moment in seconds since 1970, for the stream of the function's log group."""
        kept = [line for line in lines if line[1]]
        if kept:
            group = _Group(spec.account_id, spec.region, spec.log_group)
            queue = self._queues.get(group) or _Queue()
            size_bytes = _size_bytes(kept)
            if self._has_room(queue, size_bytes):
                self._queues[group] = queue
                self._put(queue, log_stream, kept, size_bytes)
            else:
                self._dropped += len(kept)
        self._stirred.set()

    def congested(self, spec: Source) -> bool:
        """Whether the group's lines come faster than they can be written."""
        queue = self._queues.get(_Group(spec.account_id, spec.region, spec.log_group))
        return queue is not None and queue.size_bytes > self._buffer_bytes_max * GROUP_PART_CONGESTED

    async def run(self) -> None:
        """Write what is appended, soon after, until cancelled."""
        while True:
            await self._stirred.wait()
            await asyncio.sleep(WRITE_DELAY_S)
            self._stirred.clear()
            try:
                await self._write()
            except StorageFailed:
                _log.exception("log lines of functions could not be written; they are kept and tried again")
                self._stirred.set()
                await asyncio.sleep(STORAGE_PAUSE_S)

    async def flush(self) -> None:
        """Return once everything appended before is durable; StorageFailed."""
        self._hurried += 1
        try:
            await self._write()
        finally:
            self._hurried -= 1

    def _has_room(self, queue: _Queue, size_bytes: int) -> bool:
        group_bytes, most = queue.size_bytes + size_bytes, self._buffer_bytes_max
        if group_bytes > most * GROUP_PART_MAX:
            return False
        quiet = group_bytes <= QUIET_BYTES_MAX
        return self._buffered_bytes + size_bytes <= (most + most // 2 if quiet else most)

    def _put(self, queue: _Queue, log_stream: str, lines: _Lines, size_bytes: int) -> None:
        waiting = queue.streams.setdefault(log_stream, [])
        if len(lines) <= LINES_PER_TRANSACTION:
            waiting.append((lines, size_bytes))
        else:
            starts = range(0, len(lines), LINES_PER_TRANSACTION)
            parts = [lines[start : start + LINES_PER_TRANSACTION] for start in starts]
            waiting += [(part, _size_bytes(part)) for part in parts]
        queue.size_bytes += size_bytes
        self._buffered_bytes += size_bytes
        self._buffered_lines += len(lines)

    async def _write(self) -> None:
        async with self._writing:
            # No more than waits now, unless somebody waits for all: what comes meanwhile gathers for the next time.
            # Written as it comes, each stream would be read and written for one invocation's lines (3 times the work).
            left = self._buffered_lines
            while self._queues and (left > 0 or self._hurried):
                began_s = time.monotonic()
                left -= await self._write_some()
                # Without a pause a flood of lines would take every other turn of the loop.
                await asyncio.sleep(0 if self._hurried else (time.monotonic() - began_s) * PAUSE_PART)
            await self._store.durable()
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            _log.warning("%d log lines of functions came faster than they could be written and are lost", dropped)

    async def _write_some(self) -> int:
        """Write what waits longest of the groups whose turn it is; it leaves the buffer when it is written.

        How many lines that were.
        """
        taken, count = self._take()
        now_ms = int(self._clock.timestamp() * 1000)

        async def write(tx: Transaction) -> list[Told]:
            by_group: dict[_Group, dict[str, list[tuple[int, str]]]] = {}
            for each in taken:
                events = [(int(moment * 1000), text) for moment, text in each.lines()]
                by_group.setdefault(each.group, {})[each.log_stream] = events
            told: list[Told] = []
            for group, by_stream in by_group.items():
                told += await self._append(tx, group, by_stream, now_ms=now_ms)
            return told

        told = await self._store.run(write)
        for each in taken:
            self._written(each)
        for group in dict.fromkeys(each.group for each in taken):
            queue = self._queues.pop(group)
            if queue.streams:
                self._queues[group] = queue  # at the end: the others come first
        self._count(taken)
        await tell(self._metrics, told)
        return count

    def _take(self) -> tuple[list[_Taken], int]:
        """As much as a transaction writes, of few streams rather than a little of each; how many lines that are."""
        taken: list[_Taken] = []
        count = 0
        for group, queue in self._queues.items():
            for log_stream, appends in queue.streams.items():
                fitting = 0
                for lines, _ in appends:
                    if count and count + len(lines) > LINES_PER_TRANSACTION:
                        break
                    count += len(lines)
                    fitting += 1
                if fitting:
                    taken.append(_Taken(group, log_stream, appends[:fitting]))
                if count >= LINES_PER_TRANSACTION:
                    return taken, count
        return taken, count

    def _written(self, taken: _Taken) -> None:
        queue = self._queues[taken.group]
        left = queue.streams.pop(taken.log_stream)[len(taken.appends) :]
        if left:
            queue.streams[taken.log_stream] = left  # at the end, too
        size_bytes = sum([size_bytes for _, size_bytes in taken.appends])
        queue.size_bytes -= size_bytes
        self._buffered_bytes -= size_bytes
        self._buffered_lines -= sum([len(lines) for lines, _ in taken.appends])

    def _count(self, taken: Sequence[_Taken]) -> None:
        by_group: dict[_Group, tuple[int, int]] = {}
        for each in taken:
            count, size_bytes = by_group.get(each.group, (0, 0))
            sizes = [message_bytes(text) for _, text in each.lines()]
            by_group[each.group] = count + len(sizes), size_bytes + sum(sizes)
        for group, (count, size_bytes) in by_group.items():
            self._incoming.count((group.account_id, group.region), group.log_group, events=count, size_bytes=size_bytes)

    async def _append(
        self, tx: Transaction, to: _Group, by_stream: Mapping[str, Sequence[tuple[int, str]]], *, now_ms: int
    ) -> list[Told]:
        region = to.account_id, to.region
        writing = Writing(tx, region)
        group = await writing.find_group(to.log_group)
        if group is None:
            group = GroupRecord(name=to.log_group, created_ms=now_ms)
            writing.put_group(group)
        told: list[Told] = []
        for log_stream, events in by_stream.items():
            stream = await writing.find_stream(to.log_group, log_stream)
            if stream is None:
                stream = StreamRecord(name=log_stream, stream_id=self._ids.bytes(STREAM_ID_BYTES), created_ms=now_ms)
            writing.append(to.log_group, stream, events, now_ms=now_ms)
            told += await follow(tx, region, group, stream, events, now_ms=now_ms)
        return told


def _size_bytes(lines: _Lines) -> int:
    """In memory."""
    return sum([len(text) for _, text in lines]) + len(lines) * LINE_COST_BYTES
