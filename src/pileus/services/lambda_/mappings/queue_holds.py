"""How long do the messages of a batch stay hidden?

Until their invocation has ended. A function whose environment takes long to start may end after the queue's visibility
timeout: its messages would be received again meanwhile, which uses up their receives, and what was processed would be
among the dead letters too. So at half of that time, and again and again, they are hidden for a whole one from then on.

A batch that ends sooner costs a timer and nothing else. A crash leaves its messages to the visibility timeout. Nobody
waits for ever for an invocation that does not end: see START_ALLOWANCE.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store
from pileus.services.lambda_.errors import ResourceNotFoundException
from pileus.services.lambda_.mappings.model import MappingRecord
from pileus.services.lambda_.mappings.queue_events import QueueRecord
from pileus.services.lambda_.mappings.queues import QueueGone, QueueSource
from pileus.services.lambda_.resolving import resolve

START_ALLOWANCE: Final = timedelta(minutes=5)
"""What starting an environment may take beyond the function's timeout, an image that is fetched included: ours."""

_log: Final = logging.getLogger(__name__)


class QueueHold:
    """The messages of one batch that are still under way."""

    def __init__(self, records: Sequence[QueueRecord]) -> None:
        self.handles = {record.message.receipt_handle for record in records}

    def end(self, records: Sequence[QueueRecord]) -> None:
        """Their invocation has ended."""
        self.handles.difference_update(record.message.receipt_handle for record in records)


class QueueHolds:
    """Keeps the batches of one mapping hidden."""

    def __init__(self, *, store: Store, clock: Clock, source: QueueSource, mapping: MappingRecord) -> None:
        self._store = store
        self._clock = clock
        self._source = source
        self._mapping = mapping

    @asynccontextmanager
    async def over(self, records: Sequence[QueueRecord], *, visibility_timeout_s: int) -> AsyncIterator[QueueHold]:
        """Hidden inside, at most as long as an invocation may take. visibility_timeout_s: the queue's."""
        hold = QueueHold(records)
        if not visibility_timeout_s:
            yield hold
            return
        keeping = asyncio.create_task(self._keep(hold, visibility_timeout_s))
        try:
            yield hold
        finally:
            keeping.cancel()
            [ended] = await asyncio.gather(keeping, return_exceptions=True)
            if isinstance(ended, Exception):
                # The batch is none the worse for it, but its messages may be received again meanwhile.
                _log.error("messages of mapping %s could not be kept hidden", self._mapping.uuid, exc_info=ended)

    async def _keep(self, hold: QueueHold, visibility_timeout_s: int) -> None:
        begun = self._clock.now()
        half = timedelta(seconds=visibility_timeout_s / 2)
        # A batching window may have taken half of it already.
        await self._clock.sleep(max(timedelta(0), half - timedelta(seconds=self._mapping.batching_window_s)))
        try:
            function = (await resolve(self._store.snapshot(), self._mapping.function)).record
            end = begun + function.timeout + START_ALLOWANCE
            while self._clock.now() < end and hold.handles:
                await self._source.hide(self._mapping.source_arn, sorted(hold.handles), for_s=visibility_timeout_s)
                await self._clock.sleep(half)
        except (QueueGone, ResourceNotFoundException):
            return
