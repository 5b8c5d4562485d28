"""How does SNS hand a message to a queue?

SQS is asked through this, by whoever composes the two.
"""

from collections.abc import Mapping
from typing import Protocol

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.model import MessageAttribute


class NotDelivered(Exception):
    """A queue, function or address does not take a message, and will not later. reason: for the logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class QueueTarget(Protocol):
    """SQS."""

    async def put(
        self,
        tx: Transaction,
        queue_arn: str,
        body: str,
        *,
        attributes: Mapping[str, MessageAttribute],
        group_id: str,
        deduplication_id: str,
        trace_header: str,
        call: ServiceCall | None,
    ) -> str:
        """Write a message in the caller's transaction; its id. NotDelivered.

        call: None asks no policy: for the dead-letter queue of a subscription, see `deliveries/dead_letters`.
        """
        ...
