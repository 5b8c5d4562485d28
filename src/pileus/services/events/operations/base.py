"""What is every group of EventBridge's operations built on?"""

from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.services.events.bus import Buses
from pileus.services.events.targets import EventTargets

REVISION_BYTES: Final = 8


class EventsBase:
    """Knows where buses are kept, and how events come to them."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, buses: Buses, targets: EventTargets) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._buses = buses
        self._targets = targets

    def _revision(self) -> bytes:
        return self._ids.bytes(REVISION_BYTES)
