"""What is every group of EventBridge's operations built on?"""

from typing import Final

from pileus.kernel.auth.service_calls import account_of
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.services.events.bus import Buses
from pileus.services.events.errors import BusNotFound, CrossAccountRole
from pileus.services.events.metrics import RuleMetrics
from pileus.services.events.names import BusName, bus_named
from pileus.services.events.targets import EventTargets

REVISION_BYTES: Final = 8


class EventsBase:
    """Knows where buses are kept, and how events come to them."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: Ids, buses: Buses, targets: EventTargets, metrics: RuleMetrics
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._buses = buses
        self._targets = targets
        self._metrics = metrics

    def _revision(self) -> bytes:
        return self._ids.bytes(REVISION_BYTES)


def bus_here(context: RequestContext, name_or_arn: str | None) -> BusName:
    """The bus that a request names; of another region, none is known here. BusNotFound."""
    bus = bus_named(context, name_or_arn)
    if bus.region != context.region:
        raise BusNotFound(bus.name)
    return bus


def check_passed(context: RequestContext, role_arn: str | None) -> None:
    """CrossAccountRole. Whoever has a key was asked about `iam:PassRole` already; in open mode nobody is."""
    if role_arn and account_of(role_arn) != context.account_id:
        raise CrossAccountRole
