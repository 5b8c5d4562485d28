"""What does S3 ask of those whom it tells?"""

from typing import Protocol

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.storage.seam import Transaction

SERVICE = "s3.amazonaws.com"


class NotTaken(Exception):
    """A queue, topic or function is not there, or does not let S3 in. reason: for people."""

    def __init__(self, reason: str, *, absent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.absent = absent


class EventReceivers(Protocol):
    """Queues, topics and functions."""

    async def ready(self, target_arn: str) -> None:
        """Await this before the transaction in which `put` is called."""
        ...

    async def put(self, tx: Transaction, target_arn: str, body: str, *, trace_header: str, call: ServiceCall) -> None:
        """To a queue or a topic, in the caller's transaction. NotTaken."""
        ...

    async def invoke(self, function_arn: str, event: bytes, *, trace_header: str, call: ServiceCall) -> None:
        """Accepted once this returns. NotTaken."""
        ...

    async def check_function(self, function_arn: str, *, call: ServiceCall) -> None:
        """Whether a function lets S3 in. NotTaken."""
        ...
