"""What is every service built on?"""

from collections.abc import Callable
from dataclasses import dataclass

from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.clock import MovableClock
from pileus.kernel.ids import SystemIds
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.sqlite import SqliteStore
from pileus.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What the parts share until the next reset.

    secret: see `server_secret`. endpoint_url: where functions reach this server; known once it listens.
    """

    settings: Settings
    store: SqliteStore
    clock: MovableClock
    ids: SystemIds
    secret: bytes
    sealer: SessionSealer
    outbox: Outbox
    metrics: Metrics
    endpoint_url: Callable[[], str]
