"""What is every group of SNS's operations built on?"""

from functools import cached_property

from pileus.kernel.auth.organizations import Organization
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.sns.archive.store import MessageArchive
from pileus.services.sns.confirming import Asking
from pileus.services.sns.deliveries.status_log import DeliveryStatusLog
from pileus.services.sns.fanout import Fanout
from pileus.services.sns.foresight import Foresights
from pileus.services.sns.links import Links
from pileus.services.sns.metrics import TopicMetrics
from pileus.services.sns.model import TopicRecord
from pileus.services.sns.protection.guard import DataProtection
from pileus.services.sns.publisher import TopicPublisher
from pileus.services.sns.publishing import Publishing
from pileus.services.sns.queue_target import QueueTarget
from pileus.services.sns.signing import Signers
from pileus.services.sns.tokens import Tokens


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
        links: Links | None = None,
        queues: QueueTarget | None = None,
        signing_bits: int = 2048,
        organization: Organization | None = None,
    ) -> None:
        """secret: what tokens are sealed with. metrics: what is published and delivered counts there.

        links: where those in messages lead. queues: SQS, where there is one. signing_bits: of the key that signs.
        organization: of whose accounts some are, if there is one.
        """
        self._organization = organization
        self._store = store
        self._clock = clock
        self._ids = ids
        self._secret = secret
        self._metrics = metrics
        self._links = links or Links()
        self.topic_metrics = TopicMetrics(metrics)
        self.signers = Signers(store, secret=secret, ids=ids, bits=signing_bits)
        log = DeliveryStatusLog(clock=clock, ids=ids)
        guard = DataProtection(clock=clock, ids=ids, metrics=self.topic_metrics, log=log)
        self._foresights = Foresights(guard)
        self.fanout = Fanout(
            signers=self.signers,
            queues=queues,
            metrics=self.topic_metrics,
            guard=guard,
            log=log,
            foresights=self._foresights,
        )
        self.publishing = Publishing(
            store=store,
            clock=clock,
            ids=ids,
            signers=self.signers,
            fanout=self.fanout,
            metrics=self.topic_metrics,
            guard=guard,
            archive=MessageArchive(),
            foresights=self._foresights,
        )

    @cached_property
    def publisher(self) -> TopicPublisher:
        """Publishes for other services."""
        return TopicPublisher(
            store=self._store,
            clock=self._clock,
            publishing=self.publishing,
            signers=self.signers,
            links=self._links,
            metrics=self.topic_metrics,
            organization=self._organization,
        )

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._secret, self._ids)

    def _asking(self, context: RequestContext) -> Asking:
        """What it takes to ask for a confirmation."""
        return Asking(self._clock.timestamp(), self._ids.uuid(), self._tokens, self._links.of(context))

    async def _protect(self, tx: Transaction, record: TopicRecord, policy: str) -> None:
        """Give a new topic its data protection policy."""
        raise NotImplementedByPileus("Pileus does not implement data protection policies of topics yet")

    async def close(self) -> None:
        """Nothing is published any more."""
        self._foresights.close()
        if self.signers.signer is not None:
            await self.signers.signer.close()
