"""SQS: queues, and the messages in them."""

from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Store
from pileus.services.sqs.messages.contents import Messages
from pileus.services.sqs.messages.metrics import SqsMetrics
from pileus.services.sqs.messages.waiting import Waiting
from pileus.services.sqs.messages.worker import MessageWorker
from pileus.services.sqs.operations.holds import HoldOperations
from pileus.services.sqs.operations.moves import MoveOperations
from pileus.services.sqs.operations.policies import PolicyOperations
from pileus.services.sqs.operations.queues import QueueOperations
from pileus.services.sqs.operations.receives import ReceiveOperations
from pileus.services.sqs.operations.sends import SendOperations
from pileus.services.sqs.operations.tags import TagOperations


class SqsApi(
    HoldOperations,
    MoveOperations,
    PolicyOperations,
    QueueOperations,
    ReceiveOperations,
    SendOperations,
    TagOperations,
):
    """Every operation, each in the module of what it is about."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, metrics: Metrics | None = None) -> None:
        self._messages = Messages(clock=clock, ids=ids)
        self._waiting = Waiting(store=store, clock=clock)
        self._counting = SqsMetrics(metrics)
        self._addresses = {}
        super().__init__(store=store, clock=clock, ids=ids, contents=self._messages, metrics=metrics)
        for upkeep in (MoveOperations, PolicyOperations, QueueOperations, TagOperations):
            for name in vars(upkeep):
                if not name.startswith("_"):
                    setattr(self, name, self._counting.metered(getattr(self, name)))

    @property
    def messages(self) -> Messages:
        """For those who work on queues without a request."""
        return self._messages

    def worker(self) -> MessageWorker:
        """Who keeps the messages; its `run` is a duty."""
        return MessageWorker(store=self._store, clock=self._clock, messages=self._messages, metrics=self._counting)

    def hang_up(self) -> None:
        """Answer all long polls, now and from now on, with what there is: the server stops."""
        self._waiting.close()


PARTIAL: Final[dict[str, str]] = {}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
