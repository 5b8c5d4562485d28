"""How are Insights queries run, and where are their results?

StartQuery writes a query down and emits it in the same transaction, so that one that was accepted runs even after a
crash; a crash while it runs begins it again. Results are kept in pieces beside the query's record for a week. A query
that somebody stops ends at its next breath.
"""

import asyncio
import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import BYTES_PER_GB, QUERIED_GB, meter
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.logs.errors import InvalidParameterException
from pileus.services.logs.insights import Row, Run, parse_query
from pileus.services.logs.insights.rows import event_row
from pileus.services.logs.insights.searching import SearchTooSlow
from pileus.services.logs.model import (
    Place,
    QueryRecord,
    QueryResultsRecord,
    StoredEvent,
    StreamRecord,
    oldest_shown,
)
from pileus.services.logs.reading import every_event, time_span
from pileus.services.logs.store import Kept, Reading, Region

TOPIC: Final = "logs.query"
KEPT_FOR: Final = timedelta(days=7)
"""User Guide, "CloudWatch Logs Insights": results are there for seven days."""
_PIECE_ROWS: Final = 500
_LOOKED_AFTER_EVENTS: Final = 5_000
"""How often a run looks whether it was stopped."""
_FUNCTIONS_PREFIX: Final = "/aws/lambda/"

QUERIES: Final = Kept("query", QueryRecord)
_RESULTS: Final = Kept("query-results", QueryResultsRecord)


class _Asked(msgspec.Struct, frozen=True, kw_only=True, tag="logs.query-asked.v1"):
    account_id: str
    region: str
    query_id: str


class _Pointer(msgspec.Struct, frozen=True, array_like=True):
    """Where an event is: what `@ptr` says."""

    group: str
    stream: str
    at_ms: int
    sequence: int


def ask(tx: Transaction, region: Region, record: QueryRecord) -> None:
    """Keep a new query, and have it run."""
    QUERIES.put(tx, region, record, record.query_id)
    asked = _Asked(account_id=region[0], region=region[1], query_id=record.query_id)
    tx.emit(Event(topic=TOPIC, payload=encode(asked)))


class Queries:
    """Runs queries; `deliver` is the topic's handler."""

    def __init__(self, *, store: Store, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics

    async def deliver(self, delivery: Delivery) -> None:
        asked = decode(delivery.event.payload, _Asked)
        region = asked.account_id, asked.region
        record = await self._change(region, asked.query_id, state="Running")
        if record is None:
            return
        began_ms = self._clock.timestamp() * 1000
        running = Run(parse_query(record.query, now_ms=record.created_ms), limit=record.limit)
        try:
            seen = await self._read(region, record, running)
            if seen is None:
                return
            rows = await asyncio.to_thread(running.end)  # 10,000 rows are sorted and written as texts
        except SearchTooSlow:
            await self._change(region, asked.query_id, state="Failed")
            return

        async def write(tx: Transaction) -> None:
            known = await QUERIES.find(tx, region, record.query_id)
            if known is None or known.state != "Running":
                return
            for number, at in enumerate(range(0, len(rows), _PIECE_ROWS)):
                piece = QueryResultsRecord(rows=[list(row) for row in rows[at : at + _PIECE_ROWS]])
                _RESULTS.put(tx, region, piece, record.query_id, f"{number:06d}")
            complete = msgspec.structs.replace(
                known,
                state="Complete",
                matched=running.matched,
                scanned=seen[0],
                scanned_bytes=seen[1],
                rows=len(rows),
                took_ms=int(self._clock.timestamp() * 1000 - began_ms),
            )
            QUERIES.put(tx, region, complete, record.query_id)

        await self._store.run(write)

    async def _read(self, region: Region, record: QueryRecord, running: Run) -> tuple[int, int] | None:
        """Push all events; how many and how large they were, None when the query was stopped."""
        reading = Reading(self._store.snapshot(), region)
        events = size_bytes = 0
        now_ms = int(self._clock.timestamp() * 1000)
        for name in record.groups:
            group = await reading.find_group(name)
            if group is None:
                continue  # deleted meanwhile
            before_bytes = size_bytes
            span = time_span(start=record.start_ms, end=record.end_ms + 1, oldest_ms=oldest_shown(group, now_ms))
            async for found in every_event(reading, await reading.streams(name), span, backward=True):
                running.add(row_of(region, name, found.stream, found.event))
                events += 1
                size_bytes += found.event.size_bytes
                if events % _LOOKED_AFTER_EVENTS == 0 and not await self._wanted(region, record.query_id):
                    self._meter(region, name, size_bytes - before_bytes)
                    return None
            self._meter(region, name, size_bytes - before_bytes)
        return events, size_bytes

    async def _wanted(self, region: Region, query_id: str) -> bool:
        """Whether nobody has stopped it."""
        known = await QUERIES.find(self._store.snapshot(), region, query_id)
        return known is not None and known.state == "Running"

    def _meter(self, region: Region, group: str, scanned_bytes: int) -> None:
        """What was read costs, also when it was read for nothing."""
        meter(self._metrics, *region, QUERIED_GB, (("LogGroupName", group),)).add(scanned_bytes / BYTES_PER_GB)

    async def _change(self, region: Region, query_id: str, *, state: str) -> QueryRecord | None:
        """The query as it is now; None when it is not to run."""

        async def change(tx: Transaction) -> QueryRecord | None:
            known = await QUERIES.find(tx, region, query_id)
            if known is None or known.state not in {"Scheduled", "Running"}:
                return None
            changed = msgspec.structs.replace(known, state=state)
            QUERIES.put(tx, region, changed, query_id)
            return changed

        return await self._store.run(change)


def row_of(region: Region, group: str, stream: StreamRecord, event: StoredEvent) -> Row:
    """An event as queries see it."""
    place = event.place

    return event_row(
        message=event.message,
        at_ms=place.timestamp_ms,
        ingested_ms=event.ingested_ms,
        stream=stream.name,
        log=f"{region[0]}:{group}",
        pointer=lambda: write_pointer(group, stream.name, place),
        of_lambda=group.startswith(_FUNCTIONS_PREFIX),
    )


def write_pointer(group: str, stream: str, place: Place) -> str:
    pointer = _Pointer(group, stream, place.timestamp_ms, place.sequence)
    return urlsafe_b64encode(msgspec.msgpack.encode(pointer)).decode()


def read_pointer(pointer: str) -> tuple[str, str, Place]:
    """The group, the stream and the place; InvalidParameterException."""
    try:
        found = msgspec.msgpack.decode(urlsafe_b64decode(pointer), type=_Pointer)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise InvalidParameterException("The specified log record pointer is invalid.") from None
    return found.group, found.stream, Place(found.at_ms, found.sequence)


async def results(store: Store, region: Region, query_id: str) -> Sequence[Sequence[tuple[str, str]]]:
    """All rows of a query that is complete."""
    pieces = await _RESULTS.list(store.snapshot(), region, query_id)
    return [row for piece in pieces for row in piece.rows]


async def forget_queries(store: Store, region: Region, *, now_ms: int) -> None:
    """Those that are older than results are kept."""
    before_ms = now_ms - KEPT_FOR / timedelta(milliseconds=1)
    for record in await QUERIES.list(store.snapshot(), region):
        if record.created_ms < before_ms:
            await _forget(store, region, record.query_id)


async def _forget(store: Store, region: Region, query_id: str) -> None:
    async def forget(tx: Transaction) -> None:
        _RESULTS.clear_all(tx, region, query_id)
        QUERIES.clear(tx, region, query_id)

    await store.run(forget)
