"""PutEvents, TestEventPattern."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.events import shapes
from pileus.services.events.entries import Refused, check_size, detail_of, size_bytes
from pileus.services.events.errors import ValidationException
from pileus.services.events.events import event_body
from pileus.services.events.names import BusName, bus_named
from pileus.services.events.operations.base import EventsBase
from pileus.services.events.patterns import pattern_of
from pileus.services.events.store import find_bus


class PutOperations(EventsBase):
    async def put_events(self, context: RequestContext, request: shapes.PutEventsRequest) -> shapes.PutEventsResponse:
        """Entries stand alone; those that were accepted are durable together."""
        if request.endpoint_id is not None:
            raise NotImplementedByPileus("global endpoints are not implemented")
        check_size(request.entries)
        entries: list[shapes.PutEventsResultEntry] = []
        failed = 0
        accepted: list[tuple[BusName, int]] = []
        async with self._store.transaction() as tx:
            for entry in request.entries:
                try:
                    event_id, bus = await self._put(tx, context, entry)
                    entries.append(shapes.PutEventsResultEntry(event_id=event_id))
                    if bus is not None:
                        accepted.append((bus, size_bytes(entry)))
                except Refused as refused:
                    failed += 1
                    entries.append(shapes.PutEventsResultEntry(error_code=refused.code, error_message=refused.reason))
        for bus, size in accepted:
            self._metrics.put(bus, size)
        return shapes.PutEventsResponse(failed_entry_count=failed, entries=entries)

    async def test_event_pattern(
        self, context: RequestContext, request: shapes.TestEventPatternRequest
    ) -> shapes.TestEventPatternResponse:
        pattern = pattern_of(request.event_pattern)
        try:
            event = msgspec.json.decode(request.event)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            raise ValidationException("Parameter Event is not valid.")
        return shapes.TestEventPatternResponse(result=pattern.matches(event))

    async def _put(
        self, tx: Transaction, context: RequestContext, entry: shapes.PutEventsRequestEntry
    ) -> tuple[str, BusName | None]:
        """The id of the event, and its bus. Refused. One for a bus that is not there is taken, and told to nobody.

        Recording `test_put_events_nonexistent_event_bus`.
        """
        detail = detail_of(entry)
        bus = bus_named(context, entry.event_bus_name)
        event_id = self._ids.uuid()
        if bus.region != context.region or await find_bus(tx, bus) is None:
            return event_id, None
        body = event_body(
            event_id=event_id,
            detail_type=entry.detail_type or "",
            source=entry.source or "",
            account_id=context.account_id,
            at_s=self._clock.timestamp() if entry.time is None else entry.time.timestamp(),
            region=bus.region,
            resources=entry.resources or (),
            detail=detail,
        )
        await self._buses.put(tx, bus, body, trace_header=entry.trace_header or "")
        return event_id, bus
