"""What becomes of a batch of messages?

The function is invoked with it; until it has ended it is hidden (`queue_holds`). What it has processed is deleted
from the queue; what it has not stays there, and is visible again when its visibility timeout is over. That is all: the
queue counts the receives, and its redrive policy decides when they are enough. So a crash at any instant loses nothing,
and may repeat what had not been deleted yet.

A batch that is too large for one invocation becomes several, one after the other. Those of a FIFO queue end with the
first that is not processed whole: what follows must not come before it.
"""

import logging
from collections.abc import Sequence
from typing import Final

from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.mappings.answers import failed_messages
from pileus.services.lambda_.mappings.batches import BatchInvoke
from pileus.services.lambda_.mappings.model import MappingRecord
from pileus.services.lambda_.mappings.queue_events import QueueRecord, invocations, queue_event
from pileus.services.lambda_.mappings.queue_holds import QueueHold
from pileus.services.lambda_.mappings.queue_loops import QueueLoops
from pileus.services.lambda_.mappings.queues import QueueGone, QueueSource

_DELETED_AT_ONCE: Final = 100
"""What takes a few milliseconds, before others may go on."""

_log: Final = logging.getLogger(__name__)


class QueueBatches:
    """Works on the batches of one mapping."""

    def __init__(
        self,
        *,
        source: QueueSource,
        mapping: MappingRecord,
        invoke: BatchInvoke,
        ids: Ids,
        metrics: EventMetrics,
        loops: QueueLoops | None = None,
    ) -> None:
        """loops: None where nobody looks for them."""
        self._source = source
        self._mapping = mapping
        self._invoke = invoke
        self._ids = ids
        self._metrics = metrics
        self._loops = loops

    async def process(self, records: Sequence[QueueRecord], hold: QueueHold, *, ordered: bool) -> bool:
        """Whether the function could be invoked. hold: of these. ordered: they are of a FIFO queue."""
        for part in invocations(await self._without_loops(records, hold, ordered=ordered)):
            failed = await self._run(part)
            hold.end(part)
            if failed is None:
                return False
            done = [record for record in part if record.message_id not in failed]
            await self.delete(done)
            if failed and ordered:
                break
        return True

    async def delete(self, records: Sequence[QueueRecord]) -> None:
        """They are done with."""
        handles = [record.message.receipt_handle for record in records]
        for begin in range(0, len(handles), _DELETED_AT_ONCE):
            try:
                await self._source.delete(self._mapping.source_arn, handles[begin : begin + _DELETED_AT_ONCE])
            except QueueGone:
                return
        self._count("DeletedEventCount", len(handles))

    def polled(self, count: int, filtered_out: int) -> None:
        """So many were received, and so many of them are nobody's."""
        self._count("PolledEventCount", count)
        self._count("FilteredOutEventCount", filtered_out)

    async def _without_loops(
        self, records: Sequence[QueueRecord], hold: QueueHold, *, ordered: bool
    ) -> Sequence[QueueRecord]:
        """Those that the function may be invoked with; the others stay in the queue."""
        stopped = [] if self._loops is None else await self._loops.stopped(records, ordered=ordered)
        if not stopped:
            return records
        hold.end(stopped)
        self._count("FailedInvokeEventCount", len(stopped))
        left = {record.message_id for record in stopped}
        return [record for record in records if record.message_id not in left]

    async def _run(self, records: Sequence[QueueRecord]) -> frozenset[str] | None:
        """The messages that are not processed; None where the function did not run."""
        mapping = self._mapping
        request_id = self._ids.uuid()
        self._count("InvokedEventCount", len(records))
        try:
            _, result = await self._invoke(
                function=mapping.function,
                payload=queue_event(records),
                request_id=request_id,
                trace_id="" if self._loops is None else self._loops.trace(records),
            )
        except ServiceError as error:
            _log.info("%s did not run for mapping %s: %r", mapping.function.qualified_arn, mapping.uuid, error)
            self._count("FailedInvokeEventCount", len(records))
            return None
        everything = frozenset(record.message_id for record in records)
        if result.function_error is not None:
            failed = everything
        elif mapping.reports_item_failures:
            failed = failed_messages(result.payload, everything)
        else:
            failed = frozenset()
        self._count("FailedInvokeEventCount", len(failed))
        return failed

    def _count(self, name: str, count: int) -> None:
        if count and "EventCount" in self._mapping.metrics:
            self._metrics.mapping_events(self._mapping.function, self._mapping.uuid, name, count)
