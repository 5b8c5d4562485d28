"""How does a service put an event on a bus in the name of somebody's role? As destinations of Lambda do.

Whether the role may is asked by whoever calls; what holds for an entry of PutEvents holds here: the bus is one of the
service's region, and the event no larger than a request may be.
"""

from collections.abc import Sequence

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Snapshot, Store, Transaction
from pileus.services.events.bus import Buses
from pileus.services.events.events import event_body
from pileus.services.events.limits import EVENTS_BYTES_MAX
from pileus.services.events.metrics import RuleMetrics
from pileus.services.events.names import bus_of_arn
from pileus.services.events.store import find_bus


class NotPut(ServiceError):
    """The bus is not there, elsewhere, or does not take so much."""

    code = "InvalidArgument"


class ServiceEvents:
    """Buses, to other services."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, buses: Buses, metrics: RuleMetrics) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._buses = buses
        self._metrics = metrics

    async def put(
        self,
        bus_arn: str,
        *,
        account_id: str,
        region: str,
        source: str,
        detail_type: str,
        detail: bytes,
        resources: Sequence[str],
        trace_header: str = "",
    ) -> None:
        """Durable once this returns; NotPut. account_id, region: of the role and of the service. detail: an object."""
        size_bytes = sum(len(text.encode()) for text in (source, detail_type, *resources)) + len(detail)
        if size_bytes > EVENTS_BYTES_MAX:
            raise NotPut(f"The event has {size_bytes} bytes, and {EVENTS_BYTES_MAX} are the most")
        bus = bus_of_arn(bus_arn)
        if bus is None or bus.region != region or not await bus_exists(self._store.snapshot(), bus_arn):
            raise NotPut(f"There is no event bus {bus_arn} in {region}")
        body = event_body(
            event_id=self._ids.uuid(),
            detail_type=detail_type,
            source=source,
            account_id=account_id,
            at_s=self._clock.timestamp(),
            region=region,
            resources=resources,
            detail=msgspec.json.decode(detail),
        )

        async def put(tx: Transaction) -> None:
            await self._buses.put(tx, bus, body, trace_header=trace_header)

        await self._store.run(put)
        self._metrics.put(bus, size_bytes)


async def bus_exists(snapshot: Snapshot, bus_arn: str) -> bool:
    bus = bus_of_arn(bus_arn)
    return bus is not None and await find_bus(snapshot, bus) is not None
