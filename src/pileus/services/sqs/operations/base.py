"""What do all groups of operations share?"""

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.sqs.contents import QueueContents
from pileus.services.sqs.errors import AccessDeniedException
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.names import queue_of_url
from pileus.services.sqs.queue_records import get_queue


class SqsBase:
    """What every group of operations is built on."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: Ids, contents: QueueContents, metrics: Metrics | None = None
    ) -> None:
        """contents: the messages of queues, for those operations that are not about them."""
        self._store = store
        self._clock = clock
        self._ids = ids
        self._contents = contents
        self._metrics = metrics


async def asked_queue(snapshot: Snapshot, context: RequestContext, url: str) -> QueueRecord:
    """The queue that a request is about; InvalidAddress, QueueDoesNotExist."""
    return await get_queue(snapshot, queue_of_url(context, url))


async def own_queue(snapshot: Snapshot, context: RequestContext, url: str) -> QueueRecord:
    """The same, of an operation that no policy opens to other accounts; AccessDeniedException."""
    named = queue_of_url(context, url)
    if named.account_id != context.account_id:
        action = f"sqs:{context.operation}".lower()
        raise AccessDeniedException(
            f"User: {context.principal.arn} is not authorized to perform: {action} on resource: {named.arn}"
        )
    return await get_queue(snapshot, named)
