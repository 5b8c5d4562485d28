"""What is every group of SNS's operations built on?"""

from pileus.kernel.clock import Clock
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.sns.model import TopicRecord


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

    async def _protect(self, tx: Transaction, record: TopicRecord, policy: str) -> None:
        """Give a new topic its data protection policy."""
        raise NotImplementedByPileus("Pileus does not implement data protection policies of topics yet")
