"""What is done to objects and buckets without a request, beside their bytes? Part of the composition; see `s3.py`.

Each of these waits, without importing anything, until a bucket asks for it.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pileus.composition.foundation import Foundation
from pileus.composition.request_metering import RequestMetering
from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.storage.keys import Subspace

if TYPE_CHECKING:
    from pileus.services.s3.access_logs.keeping import AccessLogs
    from pileus.services.s3.inventories.keeping import Inventories
    from pileus.services.s3.lifecycle.worker import LifecycleWorker
    from pileus.services.s3.writing import ObjectWriter

_WITH: Final = Subspace("s3", "with")
_CHANGED: Final = Subspace("s3", "with-changed")
"""Where `bucket_records` says which buckets have a configuration of a kind, and that this has changed."""


class ObjectDuties:
    """Lifecycles, inventories and access logs. writer: of S3's own objects."""

    def __init__(self, foundation: Foundation, *, writer: "Callable[[], ObjectWriter]") -> None:
        self._store = foundation.store
        self._clock = foundation.clock
        self._ids = foundation.ids
        self._organization = foundation.settings.organization
        self._metering = RequestMetering(foundation.metrics)
        self._writer = writer
        self._logging: AccessLogs | None = None

    async def age(self) -> None:
        """Apply lifecycle rules."""
        await self._first("lifecycle")
        await self._lifecycles.run()

    async def take_stock(self) -> None:
        """Write inventories."""
        await self._first("inventory")
        await self._inventories.run()

    async def log(self) -> None:
        """Deliver access logs."""
        await self._first("logging")
        self._logging = self._logs
        await self._logs.run()

    def note(
        self,
        request: Request,
        context: RequestContext | None,
        given: object,
        response: Response,
        *,
        error_code: str,
        took_s: float,
    ) -> None:
        """Hear of an answer of S3, for the bill and the access logs."""
        self._metering.objects(request, context, given, response, error_code=error_code, took_s=took_s)
        if self._logging is not None:
            self._logging.note(request, context, given, response, error_code=error_code, took_s=took_s)

    async def close(self) -> None:
        """Write what is only in memory."""
        if self._logging is not None:
            await self._logging.deliver()

    @cached_property
    def _lifecycles(self) -> "LifecycleWorker":
        from pileus.services.s3.lifecycle.worker import LifecycleWorker

        return LifecycleWorker(store=self._store, clock=self._clock, ids=self._ids)

    @cached_property
    def _inventories(self) -> "Inventories":
        from pileus.services.s3.inventories.keeping import Inventories

        return Inventories(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            writer=self._writer(),
            organization=self._organization,
        )

    @cached_property
    def _logs(self) -> "AccessLogs":
        from pileus.services.s3.access_logs.keeping import AccessLogs
        from pileus.services.s3.access_logs.writing import BucketLogWriter

        writer = BucketLogWriter(
            store=self._store, clock=self._clock, writer=self._writer(), organization=self._organization
        )
        return AccessLogs(store=self._store, clock=self._clock, ids=self._ids, writer=writer)

    async def _first(self, kind: str) -> None:
        """Wait until a bucket has a configuration of a kind."""
        while True:
            watch = self._store.watch(_CHANGED.pack(kind))
            try:
                if await self._store.snapshot().range(*_WITH.range(kind), limit=1):
                    return
                await watch.changed()
            finally:
                watch.cancel()
