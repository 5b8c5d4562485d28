"""How do the records of one lane become batches?

A lane reads its shard from its checkpoint and takes what falls to it and passes the filters, until a batch is full or
its batching window is over; then it is processed before anything else is. When there is nothing, the lane waits for the
source to tell of more. The end of a shard is reached when it is closed and read.

A tumbling window ends when its time is over, when a record of a later one comes, or with the shard.
"""

import asyncio
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from pileus.services.lambda_.mappings.batches import Batches, Stopping, Surroundings, wait_for_any
from pileus.services.lambda_.mappings.events import records_bytes_max
from pileus.services.lambda_.mappings.filters import RecordFilter
from pileus.services.lambda_.mappings.model import LaneName, LaneProgress, MappingRecord, Window, window_of
from pileus.services.lambda_.mappings.progress import Checkpoint
from pileus.services.lambda_.mappings.sources import RecordsTrimmed, SourceRecord, StreamSource

READ_RECORDS_MAX: Final = 100
READ_BYTES_MAX: Final = 1024 * 1024
"""Both at once: what takes a few milliseconds, before others may go on."""
PASSED_OVER_MAX: Final = 1_000
"""After so many records that are not the function's, the lane remembers where it is."""


@dataclass(slots=True)
class _Gathered:
    """records: of the next batch. then: the position after them. full: it cannot grow any more.

    ended: there is nothing after it, nor will be. window: that of its records; later: a record of a later one is next.
    """

    records: list[SourceRecord]
    then: int
    full: bool = False
    ended: bool = False
    window: Window | None = None
    later: bool = False


class _Wait(NamedTuple):
    """For something new; until: at most."""

    until: datetime | None


class Lane:
    """One lane of a shard."""

    def __init__(
        self,
        surroundings: Surroundings,
        source: StreamSource,
        *,
        mapping: MappingRecord,
        lane: LaneName,
        progress: LaneProgress,
    ) -> None:
        self._around = surroundings
        self._source = source
        self._mapping = mapping
        self._lane = lane
        self._filter = RecordFilter(mapping.filters)
        self._checkpoint = Checkpoint(store=surroundings.store, mapping=mapping, lane=lane, progress=progress)
        self._batches = Batches(surroundings, mapping=mapping, shard_id=lane.shard_id, checkpoint=self._checkpoint)
        self._tumbling = timedelta(seconds=mapping.tumbling_window_s)
        self._waiting_since: datetime | None = None

    async def run(self) -> bool:
        """Whether the shard was read to its end; otherwise it is to stop. SourceGone."""
        try:
            while not self._checkpoint.finished:
                await self._step()
        except Stopping:
            if self._checkpoint.passed_over:
                await self._checkpoint.keep(window=self._checkpoint.window)
            return False
        return True

    async def _step(self) -> None:
        """Process a batch, or wait."""
        if self._around.stop.is_set():
            raise Stopping
        await asyncio.sleep(0)  # as in `_gather`
        watch = await self._source.watch(self._mapping.source_arn)
        changed = asyncio.create_task(watch.changed())
        try:
            try:
                gathered = await self._gather()
            except RecordsTrimmed:
                oldest = await self._source.oldest(self._mapping.source_arn, self._lane.shard_id)
                await self._checkpoint.keep(position=oldest, window=self._checkpoint.window)
                return
            wait = await self._act(gathered)
            if wait is not None:
                await wait_for_any(self._around, until=wait.until, changed=changed)
        finally:
            changed.cancel()
            watch.cancel()

    async def _act(self, gathered: _Gathered) -> _Wait | None:
        """Do what can be done now, or say for what to wait."""
        open_window = self._checkpoint.window
        now = self._around.clock.now()
        if gathered.records:
            until = self._batch_due(gathered, now)
            if until > now:
                return _Wait(until)
            self._waiting_since = None
            await self._batches.process(gathered.records, then=gathered.then, window=gathered.window)
            return None
        if open_window is not None:
            ends_at = datetime.fromtimestamp(open_window.end_ms / 1000, UTC)
            if gathered.later or gathered.ended or now >= ends_at:
                await self._batches.finish_window(open_window)
                return None
            return _Wait(ends_at)
        self._checkpoint.pass_over(gathered.then)
        if gathered.ended:
            await self._checkpoint.keep(finished=True)
            return None
        if self._checkpoint.passed_over >= PASSED_OVER_MAX:
            await self._checkpoint.keep()
        return None if gathered.full else _Wait(None)

    def _batch_due(self, gathered: _Gathered, now: datetime) -> datetime:
        """When a batch that may still grow is processed."""
        if gathered.full or gathered.ended or not self._mapping.batching_window_s:
            return now
        if self._waiting_since is None:
            self._waiting_since = now
        due = self._waiting_since + timedelta(seconds=self._mapping.batching_window_s)
        if gathered.window is not None:
            due = min(due, datetime.fromtimestamp(gathered.window.end_ms / 1000, UTC))
        return due

    async def _gather(self) -> _Gathered:
        """What there is, up to a batch; RecordsTrimmed, SourceGone."""
        mapping = self._mapping
        gathered = _Gathered([], self._checkpoint.position, window=self._checkpoint.window)
        room = records_bytes_max(gathered.window)
        while True:
            page = await self._source.read(
                mapping.source_arn,
                self._lane.shard_id,
                gathered.then,
                limit=self._read_limit(len(gathered.records)),
                bytes_max=READ_BYTES_MAX,
            )
            for record in page.records:
                if not (self._mine(record) and self._filter.passes(record)):
                    gathered.then = record.position + 1
                    continue
                if self._tumbling and self._is_later(gathered, record):
                    gathered.full = gathered.later = True
                    return gathered
                room -= len(record.json) + 1
                if gathered.records and room < 0:
                    gathered.full = True
                    return gathered
                gathered.records.append(record)
                gathered.then = record.position + 1
                if len(gathered.records) == mapping.batch_size:
                    gathered.full = True
                    return gathered
            if page.next is None:
                gathered.ended = True
                return gathered
            gathered.then = page.next
            if not page.records:
                return gathered
            await asyncio.sleep(0)  # the store may never make us wait, whatever is read
            if not gathered.records and gathered.then - self._checkpoint.position >= PASSED_OVER_MAX:
                gathered.full = True  # others may want to run, too
                return gathered

    def _read_limit(self, gathered: int) -> int:
        """No more than a batch needs, where every record is the function's."""
        everything = self._lane.lanes == 1 and not self._mapping.filters
        return min(self._mapping.batch_size - gathered, READ_RECORDS_MAX) if everything else READ_RECORDS_MAX

    def _mine(self, record: SourceRecord) -> bool:
        return self._lane.lanes == 1 or zlib.crc32(record.key) % self._lane.lanes == self._lane.number

    def _is_later(self, gathered: _Gathered, record: SourceRecord) -> bool:
        """Whether a record belongs to a later window than the batch, whose window is that of its first record."""
        if gathered.window is None:
            gathered.window = window_of(record.at_ms, self._tumbling)
        return record.at_ms >= gathered.window.end_ms
