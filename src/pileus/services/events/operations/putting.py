"""PutEvents, TestEventPattern."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.events import shapes
from pileus.services.events.entries import Refused, check_size, detail_of
from pileus.services.events.errors import ValidationException
from pileus.services.events.events import event_body
from pileus.services.events.names import bus_named
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
        async with self._store.transaction() as tx:
            for entry in request.entries:
                try:
                    entries.append(shapes.PutEventsResultEntry(event_id=await self._put(tx, context, entry)))
                except Refused as refused:
                    failed += 1
                    entries.append(shapes.PutEventsResultEntry(error_code=refused.code, error_message=refused.reason))
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

    async def _put(self, tx: Transaction, context: RequestContext, entry: shapes.PutEventsRequestEntry) -> str:
        """The id of the event. Refused. One for a bus that is not there is taken, and told to nobody, as on AWS.

        Recording `test_put_events_nonexistent_event_bus`.
        """
        detail = detail_of(entry)
        bus = bus_named(context, entry.event_bus_name)
        event_id = self._ids.uuid()
        if bus.region == context.region and await find_bus(tx, bus) is not None:
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
        return event_id
