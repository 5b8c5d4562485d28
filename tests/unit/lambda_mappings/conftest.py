"""Mappings over a stream that the test writes, and a function that answers what the test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.ids import SeededIds
from pileus.kernel.outbox import Delivery, Outbox
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Transaction, Watch
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.lambda_.destinations import DESTINATION_TOPIC, TargetMessage
from pileus.services.lambda_.environments.types import InvocationResult
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.mappings import store as records
from pileus.services.lambda_.mappings.model import MappingRecord
from pileus.services.lambda_.mappings.poller import MappingPoller, PollerParts, first_progress, put_lanes
from pileus.services.lambda_.mappings.sources import (
    RecordsTrimmed,
    SourceGone,
    SourcePage,
    SourceRecord,
    SourceShard,
)
from pileus.services.lambda_.model import FunctionRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.store import put_function
from tests.support.time import JumpingClock

ARN: Final = "arn:aws:dynamodb:us-east-1:111111111111:table/t/stream/1"
FUNCTION: Final = FunctionName(partition="aws", region="us-east-1", account_id="111111111111", name="f")
ROLE: Final = "arn:aws:iam::111111111111:role/r"
WITHIN_S: Final = 10.0


async def until(true: Callable[[], Any]) -> None:
    """Return once `true` is."""

    async def poll() -> None:
        while not true():
            await asyncio.sleep(0)

    await asyncio.wait_for(poll(), WITHIN_S)


async def settled() -> None:
    """Return once whoever can go on has."""
    for _ in range(100):
        await asyncio.sleep(0)


class Stream:
    """A `StreamSource` of shards in memory, whose watches are the store's."""

    def __init__(self, store: SqliteStore, clock: JumpingClock) -> None:
        self._store = store
        self._clock = clock
        self._key = Subspace("test-stream").pack()
        self.found: dict[str, list[SourceRecord]] = {"s0": []}
        self.parents: dict[str, str | None] = {"s0": None}
        self.closed: set[str] = set()
        self.trimmed = 0
        self.gone = False
        self.reads = 0
        self._next = 0

    async def put(self, *names: str, shard: str = "s0", key: str = "", **more: Any) -> None:
        """Records of these names, in order."""
        for name in names:
            position = self._next
            self._next += 1
            self.found[shard].append(
                SourceRecord(
                    position=position,
                    sequence_number=f"n{position}",
                    at_ms=int(self._clock.timestamp() * 1000),
                    key=(key or name).encode(),
                    json=json.dumps({"name": name, **more}).encode(),
                )
            )
        await self._tell()

    async def close(self, shard: str, *children: str) -> None:
        self.closed.add(shard)
        for child in children:
            self.found[child] = []
            self.parents[child] = shard
        await self._tell()

    async def end(self) -> None:
        self.gone = True
        await self._tell()

    async def _tell(self) -> None:
        async with self._store.transaction() as tx:
            tx.set(self._key, b"")

    # What mappings ask

    async def shards(self, arn: str) -> Sequence[SourceShard]:
        self._check()
        return [SourceShard(name, self.parents[name], name in self.closed) for name in self.found]

    async def oldest(self, arn: str, shard_id: str) -> int:
        return self.trimmed

    async def latest(self, arn: str, shard_id: str) -> int:
        return self._next

    async def at_time(self, arn: str, shard_id: str, moment: datetime) -> int:
        raise AssertionError("not asked for here")

    async def read(self, arn: str, shard_id: str, position: int, *, limit: int, bytes_max: int) -> SourcePage:
        self._check()
        self.reads += 1
        if position < self.trimmed:
            raise RecordsTrimmed
        assert 0 < limit <= 1_000
        left = [record for record in self.found[shard_id] if record.position >= position]
        page = left[:limit]
        then = page[-1].position + 1 if page else position
        return SourcePage(page, None if shard_id in self.closed and len(left) <= limit else then)

    async def watch(self, arn: str) -> Watch:
        self._check()
        return self._store.watch(self._key)

    def _check(self) -> None:
        if self.gone:
            raise SourceGone


Answer = Callable[[dict[str, Any]], Any]
"""Given an event: what the function returns; an Exception is raised, a `Failed` is its error."""


class Failed(Exception):
    """The function fails."""


class Function:
    """What is invoked."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.traces: list[str] = []
        self.answer: Answer = lambda event: None
        self.running = 0
        self.running_max = 0
        self.held: asyncio.Event | None = None

    async def __call__(
        self, *, function: FunctionName, payload: bytes, request_id: str, trace_id: str = ""
    ) -> tuple[str, InvocationResult]:
        event = json.loads(payload)
        self.events.append(event)
        self.traces.append(trace_id)
        self.running += 1
        self.running_max = max(self.running_max, self.running)
        try:
            if self.held is not None:
                await self.held.wait()
            answer, error = self.answer(event), None
        except Failed:
            answer, error = {"errorMessage": "on purpose"}, "Unhandled"
        finally:
            self.running -= 1
        return "$LATEST", InvocationResult(
            payload=json.dumps(answer).encode(),
            function_error=error,
            duration=timedelta(0),
            init_duration=None,
            max_memory_bytes=1,
            log=b"",
            log_stream="",
        )

    @property
    def batches(self) -> list[str]:
        """The names in each batch: `["ab", "c"]` is a and b, then c."""
        return [names(event) for event in self.events]


def names(event: dict[str, Any]) -> str:
    return "".join(record["name"] for record in event["Records"])


class World:
    """All that a mapping lives in."""

    def __init__(self, store: SqliteStore, clock: JumpingClock) -> None:
        self.store = store
        self.clock = clock
        self.stream = Stream(store, clock)
        self.function = Function()
        self.sent: list[TargetMessage] = []
        self.ids = SeededIds()
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Run mappings, and the outbox."""
        parts = PollerParts(
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            invoke=self.function,
            metrics=EventMetrics(None),
            sources={"dynamodb": self.stream},
        )
        box = Outbox(self.store, self.clock)
        box.subscribe(DESTINATION_TOPIC, self._take)
        self._running = [asyncio.create_task(MappingPoller(parts).run()), asyncio.create_task(box.run())]

    async def kill(self) -> None:
        """End everything, as a crash would: nobody gets to say where it is."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _take(self, delivery: Delivery) -> None:
        self.sent.append(decode(delivery.event.payload, TargetMessage))

    async def map(self, **members: Any) -> MappingRecord:
        """A new mapping; as CreateEventSourceMapping makes it."""
        given: dict[str, Any] = {
            "uuid": self.ids.uuid(),
            "function": FUNCTION,
            "source_arn": ARN,
            "starting_position": "TRIM_HORIZON",
            "modified_at": self.clock.now(),
        }
        mapping = MappingRecord(**(given | members))
        progress = await first_progress(self.stream, mapping)

        async def create(tx: Transaction) -> None:
            put_function(tx, FUNCTION, a_function())
            records.put_mapping(tx, mapping)
            for shard_id, first in progress.items():
                put_lanes(tx, mapping, shard_id, first)

        await self.store.run(create)
        return mapping

    async def change(self, mapping: MappingRecord, **members: Any) -> MappingRecord:
        changed = msgspec.structs.replace(mapping, **members)

        async def change(tx: Transaction) -> None:
            records.put_mapping(tx, changed)

        await self.store.run(change)
        return changed

    async def result(self, mapping: MappingRecord) -> str:
        status = await records.get_status(self.store.snapshot(), mapping.uuid)
        return "" if status is None else status.last_result

    async def caught_up(self, mapping: MappingRecord) -> None:
        """Return once each lane of an open shard is where its shard ends, and each of a closed one has finished."""

        async def behind() -> bool:
            for shard in await self.stream.shards(ARN):
                lanes = await records.shard_progress(self.store.snapshot(), mapping.uuid, shard.id)
                mine = [record.position for record in self.stream.found[shard.id]]
                end = mine[-1] + 1 if mine else 0
                if not lanes or any(not each.finished and (shard.closed or each.position < end) for _, each in lanes):
                    return True
            return False

        async def poll() -> None:
            while await behind():
                await asyncio.sleep(0)

        await asyncio.wait_for(poll(), WITHIN_S)


def a_function() -> FunctionRecord:
    return FunctionRecord(
        name="f",
        runtime="python3.12",
        handler="index.handler",
        role=ROLE,
        description="",
        timeout_s=3,
        memory_mb=128,
        ephemeral_storage_mb=512,
        architectures=["x86_64"],
        log_group="/aws/lambda/f",
        code_sha256="",
        code_size_bytes=1,
        revision_id="",
        fleet_revision="",
        modified_at=datetime.fromtimestamp(0).astimezone(),
    )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """With the poller running."""
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    found = World(store, clock)
    await found.start()
    yield found
    await found.kill()
    await store.close()
