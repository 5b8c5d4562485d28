"""What do the operations on messages share?

Each is one transaction that awaits nothing else, so nothing comes between its reads and its writes; the answer leaves
when they are durable.
"""

from typing import Final

from pileus.kernel.context import RequestContext
from pileus.services.sqs.messages.contents import Messages
from pileus.services.sqs.messages.metrics import SqsMetrics
from pileus.services.sqs.messages.waiting import Waiting
from pileus.services.sqs.names import queue_of_url
from pileus.services.sqs.operations.base import SqsBase
from pileus.services.sqs.queue_records import queue_key

ADDRESSES_MAX: Final = 8_192
"""URLs whose meaning is kept at hand."""


class MessageBase(SqsBase):
    """What `api` puts in place, for what is done with messages."""

    _messages: Messages
    _waiting: Waiting
    _counting: SqsMetrics
    _addresses: dict[tuple[str, str], bytes]

    def _key(self, context: RequestContext, url: str) -> bytes:
        """Where the queue of a URL is kept; InvalidAddress."""
        address = context.region, url
        key = self._addresses.get(address)
        if key is None:
            if len(self._addresses) >= ADDRESSES_MAX:
                self._addresses.clear()
            key = self._addresses[address] = queue_key(queue_of_url(context, url))
        return key
