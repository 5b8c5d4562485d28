"""Who runs event source mappings?

`MappingPoller` runs one `_Runner` for each mapping that there is; a runner runs the lanes of the shards whose parents
have been read to their end. When a mapping changes, its lanes end after what they are doing, and begin anew as it is
then. Nothing polls: mappings, shards and lanes are woken by watches.

Lanes start at their checkpoints. Where there is none, a shard is read from its oldest record: for what was there when
the mapping was created, the checkpoints were written then, by its starting position (`first_progress`).
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.mappings import store as records
from pileus.services.lambda_.mappings.batches import BatchInvoke, Surroundings, wait_for_any
from pileus.services.lambda_.mappings.lane import Lane
from pileus.services.lambda_.mappings.model import SOURCE_GONE, LaneName, LaneProgress, MappingRecord, MappingStatus
from pileus.services.lambda_.mappings.queue_batches import QueueBatches
from pileus.services.lambda_.mappings.queue_loops import QueueLoops
from pileus.services.lambda_.mappings.queue_polling import QueuePolling
from pileus.services.lambda_.mappings.queues import QueueSource
from pileus.services.lambda_.mappings.sources import SourceGone, SourceShard, StreamSource
from pileus.services.lambda_.recursion import Recursion
from pileus.services.lambda_.role_permissions import RolePermissions

_RESTART_S: Final = 1.0
"""How long a mapping rests after a failure of ours: real time, which no clock moves."""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollerParts:
    """What mappings are run with. sources, queues: by the service in the ARN. roles: None where all may do all.

    recursion: None where nobody looks for loops.
    """

    store: Store
    clock: Clock
    ids: Ids
    invoke: BatchInvoke
    metrics: EventMetrics
    sources: Mapping[str, StreamSource]
    queues: Mapping[str, QueueSource] = field(default_factory=dict)
    roles: RolePermissions | None = None
    recursion: Recursion | None = None

    def polling(self, mapping: MappingRecord) -> "Polling | None":
        """What reads for a mapping; None where there is nothing to read from."""
        stream, queue = self.sources.get(mapping.service), self.queues.get(mapping.service)
        if queue is not None:
            return QueuePolling(
                store=self.store,
                clock=self.clock,
                roles=self.roles,
                mapping=mapping,
                source=queue,
                batches=QueueBatches(
                    source=queue,
                    mapping=mapping,
                    invoke=self.invoke,
                    ids=self.ids,
                    metrics=self.metrics,
                    loops=None if self.recursion is None else QueueLoops(self.recursion, mapping.function),
                ),
            )
        return None if stream is None else _Polling(self, mapping, stream)

    def surroundings(self) -> Surroundings:
        return Surroundings(
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            invoke=self.invoke,
            metrics=self.metrics,
            stop=asyncio.Event(),
        )


class Polling(Protocol):
    """One mapping as it is now. stop: set when it is to end what it is doing, and nothing more."""

    @property
    def stop(self) -> asyncio.Event: ...

    async def run(self) -> None: ...


class MappingPoller:
    """Runs all mappings; `run` is a duty."""

    def __init__(self, parts: PollerParts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Until cancelled."""
        running: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                watch = self._parts.store.watch(records.CHANGED)
                for mapping in await records.every_mapping(self._parts.store.snapshot()):
                    if mapping.uuid not in running:
                        running[mapping.uuid] = group.create_task(self._keep(mapping))
                running = {uuid: task for uuid, task in running.items() if not task.done()}
                await watch.changed()

    async def _keep(self, mapping: MappingRecord) -> None:
        """Run a mapping as long as it exists."""
        while True:
            try:
                await _Runner(self._parts, mapping).run()
            except Exception:  # noqa: BLE001 - the edge: one mapping's trouble is not the others'
                _log.exception("mapping %s failed and is started again", mapping.uuid)
                await asyncio.sleep(_RESTART_S)
            else:
                return


class _Runner:
    """One mapping."""

    def __init__(self, parts: PollerParts, mapping: MappingRecord) -> None:
        self._parts = parts
        self._store = parts.store
        self._mapping = mapping

    async def run(self) -> None:
        """Until it is deleted."""
        while True:
            watch = self._store.watch(records.mapping_key(self._mapping))
            mapping = await records.read_mapping(self._store.snapshot(), self._mapping)
            if mapping is None:
                watch.cancel()
                return
            polling = self._parts.polling(mapping) if mapping.enabled else None
            if polling is None:
                await watch.changed()
                continue
            await self._until(watch.changed(), polling)

    async def _until(self, changed: Coroutine[Any, Any, None], polling: Polling) -> None:
        """Poll until the mapping changes."""
        told = asyncio.create_task(changed)
        lanes = asyncio.create_task(polling.run())
        try:
            await asyncio.wait({told, lanes}, return_when="FIRST_COMPLETED")
            polling.stop.set()
            await lanes
            await told
        finally:
            told.cancel()
            lanes.cancel()
            await asyncio.gather(told, lanes, return_exceptions=True)


class _Polling:
    """One mapping as it is now."""

    def __init__(self, parts: PollerParts, mapping: MappingRecord, source: StreamSource) -> None:
        self._store = parts.store
        self._mapping = mapping
        self._source = source
        self._around = parts.surroundings()
        self._running: dict[LaneName, asyncio.Task[bool]] = {}

    @property
    def stop(self) -> asyncio.Event:
        return self._around.stop

    async def run(self) -> None:
        """Until `stop` is set and all lanes have ended."""
        try:
            while not self.stop.is_set():
                try:
                    await self._round()
                except SourceGone:
                    await self._note_gone()
                    await self.stop.wait()
            await self._end()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _round(self) -> None:
        """Start what can be started, and wait until there may be more."""
        watch = await self._source.watch(self._mapping.source_arn)
        try:
            shards = await self._source.shards(self._mapping.source_arn)
            await self._forget_others(shards)
            for lane, progress in await self._ready(shards):
                if lane not in self._running:
                    self._running[lane] = asyncio.create_task(self._lane(lane, progress))
            if self._running:
                await self._wait_for_a_lane()
            else:
                changed = asyncio.create_task(watch.changed())
                await wait_for_any(self._around, changed=changed)
                changed.cancel()
        finally:
            watch.cancel()

    async def _wait_for_a_lane(self) -> None:
        stopping = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait({stopping, *self._running.values()}, return_when="FIRST_COMPLETED")
        finally:
            stopping.cancel()
        for lane, task in list(self._running.items()):
            if task.done():
                del self._running[lane]
                task.result()

    async def _end(self) -> None:
        """Each lane finishes what it is doing."""
        for result in await asyncio.gather(*self._running.values(), return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, SourceGone):
                raise result

    async def _lane(self, lane: LaneName, progress: LaneProgress) -> bool:
        return await Lane(self._around, self._source, mapping=self._mapping, lane=lane, progress=progress).run()

    async def _ready(self, shards: Sequence[SourceShard]) -> list[tuple[LaneName, LaneProgress]]:
        """The lanes that have something to do: of shards whose parents have nothing left."""
        unfinished = set()
        ready = []
        for shard in shards:
            if shard.parent in unfinished:
                unfinished.add(shard.id)
                continue
            left = [(lane, progress) for lane, progress in await self._lanes(shard) if not progress.finished]
            if left:
                unfinished.add(shard.id)
                ready += left
        return ready

    async def _lanes(self, shard: SourceShard) -> list[tuple[LaneName, LaneProgress]]:
        """As many as the mapping has, each where it is to begin."""
        mapping = self._mapping
        known = await records.shard_progress(self._store.snapshot(), mapping.uuid, shard.id)
        if known and known[0][0].lanes == mapping.parallelization_factor:
            return known
        if known:
            left = [progress.position for _, progress in known if not progress.finished]
            start = LaneProgress(position=min(left)) if left else LaneProgress(position=0, finished=True)
        else:
            start = LaneProgress(position=await self._source.oldest(mapping.source_arn, shard.id))

        async def write(tx: Transaction) -> None:
            if await records.read_mapping(tx, mapping) is not None:
                put_lanes(tx, mapping, shard.id, start)

        await self._store.run(write)
        return [(lane, start) for lane in lanes_of(mapping, shard.id)]

    async def _forget_others(self, shards: Sequence[SourceShard]) -> None:
        """The progress of shards that are gone."""
        known = await records.shards_with_progress(self._store.snapshot(), self._mapping.uuid)
        gone = known - {shard.id for shard in shards}
        if not gone:
            return

        async def forget(tx: Transaction) -> None:
            for shard_id in gone:
                records.forget_shard(tx, self._mapping.uuid, shard_id)

        await self._store.run(forget)

    async def _note_gone(self) -> None:
        async def note(tx: Transaction) -> None:
            if await records.read_mapping(tx, self._mapping) is not None:
                records.put_status(tx, self._mapping.uuid, MappingStatus(last_result=SOURCE_GONE))

        await self._store.run(note)


def lanes_of(mapping: MappingRecord, shard_id: str) -> list[LaneName]:
    count = mapping.parallelization_factor
    return [LaneName(shard_id, number, count) for number in range(count)]


def put_lanes(tx: Transaction, mapping: MappingRecord, shard_id: str, progress: LaneProgress) -> None:
    """All lanes of a shard begin there, and none of another count is left."""
    records.forget_shard(tx, mapping.uuid, shard_id)
    for lane in lanes_of(mapping, shard_id):
        records.put_progress(tx, mapping.uuid, lane, progress)


async def first_progress(source: StreamSource, mapping: MappingRecord) -> dict[str, LaneProgress]:
    """Where a new mapping begins in each shard that there is now; SourceGone."""
    arn = mapping.source_arn
    found = {}
    for shard in await source.shards(arn):
        if mapping.starting_position == "LATEST":
            position = await source.latest(arn, shard.id)
        elif mapping.starting_position == "AT_TIMESTAMP":
            assert mapping.starting_timestamp is not None
            position = await source.at_time(arn, shard.id, mapping.starting_timestamp)
        else:
            position = await source.oldest(arn, shard.id)
        found[shard.id] = LaneProgress(position=position)
    return found
