"""How are DynamoDB and its streams built, and what is done to tables without a request?"""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.composition.foundation import Foundation
from pileus.composition.part import HOUSEKEEPING_EVERY, Part, described
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.metrics.holding import Gauge, Held
from pileus.kernel.outbox import Delivery, Outbox, RetryPolicy
from pileus.kernel.service import Duty, Service
from pileus.kernel.storage.keys import Subspace

if TYPE_CHECKING:
    from pileus.services.dynamodb.metrics import DynamoDbMetrics
    from pileus.services.dynamodb.streams.reader import StreamReader
    from pileus.services.dynamodb.table_work import TableWork
    from pileus.services.kms.keeper import KeyKeeper


class DynamoDbPart(Part):
    """Two services: tables, and the streams of what changes in them."""

    def __init__(self, foundation: Foundation, *, keys: "Callable[[], KeyKeeper] | None" = None) -> None:
        """keys: KMS's, None where there is no KMS."""
        super().__init__(foundation)
        self._keys = keys

    def services(self) -> Sequence[Service]:
        streams = described(
            "dynamodbstreams",
            self._streams_api,
            package="dynamodb.streams",
            signing_name="dynamodb",
            note_failure=self._note_failure,
        )
        return (described("dynamodb", self._api, note_failure=self._note_failure), streams)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.dynamodb.known_tables import DynamoDbResources

        return {"dynamodb": DynamoDbResources(self._store)}

    def subscribe(self, outbox: Outbox) -> None:
        outbox.subscribe("dynamodb.tables", self._work_on_table, retry=RetryPolicy(attempts=sys.maxsize))

    def duties(self) -> Sequence[Duty]:
        return (self._expire_items, self._trim_streams, self._forget_tokens, self._count_tables)

    def gauges(self) -> Sequence[Gauge]:
        return (self._hold,)

    async def _hold(self, since: datetime) -> AsyncIterator[Held]:
        if not await self._store.snapshot().range(*Subspace("dynamodb").range(), limit=1):
            return
        from pileus.services.dynamodb.holding import held_by_tables

        async for one in held_by_tables(self._store):
            yield one

    def stream_reader(self) -> "StreamReader":
        """Reads streams for another service."""
        from pileus.services.dynamodb.streams.reader import StreamReader

        return StreamReader(store=self._store, clock=self._clock)

    def _api(self) -> object:
        from pileus.composition.key_requests import KeyRequests
        from pileus.composition.table_keys import KmsTableKeys
        from pileus.services.dynamodb.api import DynamoDbApi

        requests = KeyRequests(self._metrics, self._clock)
        return DynamoDbApi(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            keys=None if self._keys is None else KmsTableKeys(self._keys, self._store, self._ids, requests),
            metrics=self._table_metrics,
            changes_take=self._settings.dynamodb_table_delay,
        )

    def _streams_api(self) -> object:
        from pileus.services.dynamodb.streams.api import DynamoDbStreamsApi

        return DynamoDbStreamsApi(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            secret=self._foundation.secret,
            metrics=self._table_metrics,
        )

    @cached_property
    def _table_metrics(self) -> "DynamoDbMetrics":
        from pileus.services.dynamodb.metrics import DynamoDbMetrics

        return DynamoDbMetrics(self._metrics, self._clock)

    @cached_property
    def _table_work(self) -> "TableWork":
        from pileus.services.dynamodb.table_work import TableWork

        return TableWork(store=self._store)

    def _note_failure(self, context: RequestContext, given: object, error: ServiceError) -> None:
        self._table_metrics.note_failure(context, given, error)

    async def _work_on_table(self, delivery: Delivery) -> None:
        await self._table_work.deliver(delivery)

    async def _expire_items(self) -> None:
        from pileus.services.dynamodb.expiry import until_expired

        await until_expired(self._store.snapshot(), self._clock)
        from pileus.services.dynamodb.expiring import ItemExpiry

        await ItemExpiry(store=self._store, clock=self._clock, metrics=self._table_metrics).run()

    async def _trim_streams(self) -> None:
        begin, end = Subspace("dynamodb-stream").range()
        while not await self._store.snapshot().range(begin, end, limit=1):
            await self._clock.sleep(HOUSEKEEPING_EVERY)
        from pileus.services.dynamodb.streams.retention import StreamRetention

        await StreamRetention(store=self._store, clock=self._clock).run()

    async def _forget_tokens(self) -> None:
        await self._clock.sleep(HOUSEKEEPING_EVERY)
        from pileus.services.dynamodb.tokens import sweep_always

        await sweep_always(self._store, self._clock)

    async def _count_tables(self) -> None:
        await self._clock.sleep(HOUSEKEEPING_EVERY)
        from pileus.services.dynamodb.contents import TableCensus

        await TableCensus(store=self._store, clock=self._clock).run()
