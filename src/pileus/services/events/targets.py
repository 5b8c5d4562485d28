"""What does EventBridge ask of those whom rules tell?"""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.storage.seam import Transaction

SERVICE: Final = "events.amazonaws.com"

Afterwards = Callable[[], Awaitable[None]]
"""What is left to do once the transaction has committed: to count what was delivered."""


class NotDelivered(Exception):
    """A target is not there, does not let EventBridge in, or refuses the event.

    code: AWS's, as dead-letter queues read it. again: whether it may be otherwise later.
    """

    def __init__(self, code: str, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.again = again


class EventTargets(Protocol):
    """Queues, topics, functions and log groups."""

    def knows(self, target_arn: str) -> bool:
        """Whether such a target can be told at all."""
        ...

    async def ready(self, target_arn: str) -> None:
        """Await this before the transaction in which `put` is called."""
        ...

    async def put(
        self, tx: Transaction, target_arn: str, body: str, *, group_id: str, trace_header: str, call: ServiceCall | None
    ) -> Afterwards | None:
        """To a queue, a topic or a log group, in the caller's transaction. NotDelivered.

        call: None asks no policy: a role was asked.
        """
        ...

    async def invoke(self, function_arn: str, event: bytes, *, call: ServiceCall) -> None:
        """Accepted once this returns. NotDelivered."""
        ...

    async def bury(
        self, tx: Transaction, queue_arn: str, body: str, *, told: dict[str, str], call: ServiceCall
    ) -> None:
        """Into a dead-letter queue, in the caller's transaction. NotDelivered. told: attributes of the message."""
        ...


class RolePermissions(Protocol):
    """What roles may."""

    async def allowed(self, *, role_arn: str, action: str, resource: str, region: str, source_arn: str) -> bool:
        """source_arn: the rule for which the role is assumed, as its trust policy may ask."""
        ...
