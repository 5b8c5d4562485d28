"""What is every group of SNS's operations built on?"""

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Store


class SnsBase:
    """Knows where topics are kept."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        secret: bytes,
        metrics: Metrics | None = None,
    ) -> None:
        """secret: what tokens are sealed with. metrics: what is published and delivered counts there."""
        self._store = store
        self._clock = clock
        self._ids = ids
        self._secret = secret
        self._metrics = metrics
