"""What happens to a batch until it is done with?

The function is invoked with it. When it fails, the batch is tried again after a while: whole, from the first record
that the function reports, or, when the mapping bisects, one half after the other. In the end it has been processed, or
the retries are used up or its records too old, and the destination hears of it. Splitting costs no retry; what kept
the function from running costs none either. Every step past a record is a checkpoint.

Sources: Lambda Developer Guide, "Configuring error handling controls", API_CreateEventSourceMapping; recordings
lambda_integration_dynamodbstreams, test_dynamodb_report_batch_item_failures: a partial failure counts as an attempt.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.services.lambda_.destinations import TargetMessage, service_of
from pileus.services.lambda_.environments.types import InvocationResult
from pileus.services.lambda_.errors import FunctionNotFound
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.invocation_records import day_and_moment
from pileus.services.lambda_.mappings.answers import first_failed, state_of
from pileus.services.lambda_.mappings.events import (
    STATE_BYTES_MAX,
    Condition,
    LastAnswer,
    batch_event,
    failure_record,
    window_event,
)
from pileus.services.lambda_.mappings.model import CALL_FAILED, PROCESSED, UNLIMITED, MappingRecord, Window
from pileus.services.lambda_.mappings.progress import Checkpoint
from pileus.services.lambda_.mappings.sources import SourceRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.resolving import resolve

RETRY_DELAY: Final = timedelta(milliseconds=500)
RETRY_DELAY_MAX: Final = timedelta(minutes=1)
"""AWS tells no numbers; these give the eight attempts within a minute that were recorded
(lambda_integration_kinesis, test_kinesis_maximum_record_age_exceeded[expire-while-retrying])."""
_DOUBLINGS_MAX: Final = 16

_log: Final = logging.getLogger(__name__)


class Stopping(Exception):
    """The mapping changes, or Pileus stops: the batch is left as it is, and begins anew."""


class BatchInvoke(Protocol):
    async def __call__(
        self, *, function: FunctionName, payload: bytes, request_id: str, trace_id: str = ""
    ) -> tuple[str, InvocationResult]:
        """The version that ran, and what became of it; ServiceError when it did not run. trace_id: '' for a new one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What processing a batch needs. stop: set when it is to end soon."""

    store: Store
    clock: Clock
    ids: Ids
    invoke: BatchInvoke
    metrics: EventMetrics
    stop: asyncio.Event


@dataclass(slots=True)
class _Piece:
    """A part of the batch that is tried as one. invocations: of these records; attempts: those that count."""

    records: Sequence[SourceRecord]
    invocations: int = 0
    attempts: int = 0
    waits: int = 0
    answer: LastAnswer | None = None


class Batches:
    """Processes the batches of one lane."""

    def __init__(
        self, surroundings: Surroundings, *, mapping: MappingRecord, shard_id: str, checkpoint: Checkpoint
    ) -> None:
        self._around = surroundings
        self._mapping = mapping
        self._shard_id = shard_id
        self._checkpoint = checkpoint

    async def process(self, records: Sequence[SourceRecord], *, then: int, window: Window | None = None) -> None:
        """Until all are done with; Stopping. then: the position after the batch. window: that they belong to."""
        pieces = deque([_Piece(records)])
        while pieces:
            piece = pieces[0]
            if old := self._too_old(piece.records):
                await self._give_up(piece, old, "RecordAgeExceeded", pieces, then, window)
                continue
            if not await self._run(piece, window):
                await self._pause(piece)
                continue
            assert piece.answer is not None
            failed = self._failed
            if failed is None:
                window = await self._processed(pieces, then, window)
                continue
            await self._failed_from(failed, piece, pieces, then, window)

    async def finish_window(self, window: Window, *, early: bool = False) -> None:
        """Tell the function that a window has ended; Stopping."""
        piece = _Piece(())
        while not (await self._run(piece, window, final=True, early=early) and self._failed is None):
            if self._exhausted(piece):
                break
            await self._pause(piece)
        await self._checkpoint.keep(window=None)

    # One invocation

    async def _run(self, piece: _Piece, window: Window | None, *, final: bool = False, early: bool = False) -> bool:
        """Whether the function ran; `_failed` then says from which record on it failed, None: it did not."""
        if self._around.stop.is_set():
            raise Stopping
        if window is None:
            payload = batch_event(piece.records)
        else:
            payload = window_event(
                piece.records,
                window,
                mapping=self._mapping,
                shard_id=self._shard_id,
                final=final,
                terminated_early=early,
            )
        request_id = self._around.ids.uuid()
        function = self._mapping.function
        if piece.records:
            self._around.metrics.iterator_age(function, self._age(piece.records[-1]))
        await self._around.store.durable()
        try:
            version, result = await self._around.invoke(function=function, payload=payload, request_id=request_id)
        except ServiceError as error:
            _log.info("%s did not run for mapping %s: %r", function.qualified_arn, self._mapping.uuid, error)
            await self._checkpoint.note(CALL_FAILED)
            return False
        piece.invocations += 1
        piece.answer = LastAnswer(request_id=request_id, version=version, function_error=result.function_error)
        self._payload = result.payload
        self._failed: int | None = None
        if result.function_error is not None:
            self._failed = 0
        elif self._mapping.reports_item_failures and piece.records:
            self._failed = first_failed(result.payload, piece.records)
        if self._failed is not None or final:
            piece.attempts += self._failed is not None
            await self._checkpoint.note(PROCESSED if self._failed is None else CALL_FAILED)
        return True

    async def _processed(self, pieces: deque[_Piece], then: int, window: Window | None) -> Window | None:
        """The first piece is; the window as it goes on."""
        pieces.popleft()
        position = pieces[0].records[0].position if pieces else then
        if window is not None:
            window = window.with_state(state_of(self._payload))
        await self._checkpoint.keep(position=position, window=window, result=PROCESSED)
        if window is not None and len(window.state) > STATE_BYTES_MAX:
            await self.finish_window(window.with_state(b"{}"), early=True)
            return Window(start_ms=window.start_ms, end_ms=window.end_ms) if pieces else None
        return window

    async def _failed_from(
        self, failed: int, piece: _Piece, pieces: deque[_Piece], then: int, window: Window | None
    ) -> None:
        """What is tried next, and when."""
        if failed:
            piece.records = piece.records[failed:]
            await self._checkpoint.keep(position=piece.records[0].position, window=window)
        if self._mapping.bisect and (failed or len(piece.records) > 1):
            piece.attempts -= 1  # splitting is free
            if not failed:
                self._split(piece, pieces)
        elif self._exhausted(piece):
            await self._give_up(piece, len(piece.records), "RetryAttemptsExhausted", pieces, then, window)
            return
        await self._pause(pieces[0])

    def _split(self, piece: _Piece, pieces: deque[_Piece]) -> None:
        middle = (len(piece.records) + 1) // 2
        pieces.popleft()
        for records in (piece.records[middle:], piece.records[:middle]):
            pieces.appendleft(_Piece(records, attempts=piece.attempts, invocations=piece.invocations))

    # Giving up

    def _exhausted(self, piece: _Piece) -> bool:
        return self._mapping.retries_max != UNLIMITED and piece.attempts > self._mapping.retries_max

    def _too_old(self, records: Sequence[SourceRecord]) -> int:
        """How many of the first records are."""
        limit = self._mapping.record_age_max_s
        if limit == UNLIMITED:
            return 0
        count = 0
        while count < len(records) and self._age(records[count]) > timedelta(seconds=limit):
            count += 1
        return count

    def _age(self, record: SourceRecord) -> timedelta:
        return self._around.clock.now() - datetime.fromtimestamp(record.at_ms / 1000, UTC)

    async def _give_up(
        self,
        piece: _Piece,
        count: int,
        condition: Condition,
        pieces: deque[_Piece],
        then: int,
        window: Window | None,
    ) -> None:
        """Step past the first records of the first piece, and tell the destination."""
        lost, left = piece.records[:count], piece.records[count:]
        message = await self._message(lost, piece, condition) if self._mapping.on_failure else None
        if left:
            piece.records = left
        else:
            pieces.popleft()
        position = pieces[0].records[0].position if pieces else then
        _log.info("mapping %s gives up %d records: %s", self._mapping.uuid, count, condition)
        await self._checkpoint.keep(position=position, window=window, result=CALL_FAILED, message=message)

    async def _message(self, lost: Sequence[SourceRecord], piece: _Piece, condition: Condition) -> TargetMessage | None:
        mapping, around = self._mapping, self._around
        try:
            role = (await resolve(around.store.snapshot(), mapping.function)).record.role
        except FunctionNotFound:
            return None
        now, unique = around.clock.now(), around.ids.uuid()
        body = failure_record(
            lost,
            mapping=mapping,
            shard_id=self._shard_id,
            condition=condition,
            answer=piece.answer if condition == "RetryAttemptsExhausted" else None,
            request_id=unique,
            invocations=max(piece.invocations, 1),
            now=now,
            with_payload=service_of(mapping.on_failure) == "s3",
        )
        return TargetMessage(
            target_arn=mapping.on_failure,
            body=body,
            function=mapping.function,
            role_arn=role,
            object_key=f"aws/lambda/{mapping.uuid}/{self._shard_id}/{day_and_moment(now)}-{unique}",
        )

    async def _pause(self, piece: _Piece) -> None:
        """Before the next attempt; Stopping."""
        doublings: int = 1 << min(piece.waits, _DOUBLINGS_MAX)
        piece.waits += 1
        delay = min(RETRY_DELAY * doublings, RETRY_DELAY_MAX)
        await wait_for_any(self._around, until=self._around.clock.now() + delay)
        if self._around.stop.is_set():
            raise Stopping


async def wait_for_any(
    around: Surroundings, *, until: datetime | None = None, changed: asyncio.Task[None] | None = None
) -> None:
    """Return when it is that time, something changed, or the end is near."""
    waiting: set[asyncio.Task[object]] = {asyncio.create_task(_stop(around.stop))}
    if until is not None:
        waiting.add(asyncio.create_task(_sleep(around.clock, until)))
    try:
        await asyncio.wait({*waiting, changed} if changed is not None else waiting, return_when="FIRST_COMPLETED")
    finally:
        for task in waiting:
            task.cancel()


async def _stop(stop: asyncio.Event) -> object:
    return await stop.wait()


async def _sleep(clock: Clock, until: datetime) -> object:
    await clock.sleep_until(until)
    return None
