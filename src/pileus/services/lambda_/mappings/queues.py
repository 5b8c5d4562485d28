"""What must a service tell of a queue whose messages functions are invoked with?"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol


class QueueGone(Exception):
    """There is no such queue (any more)."""


class QueueAttribute(NamedTuple):
    """Of a message. text or data, as the type says."""

    type: str
    text: str | None
    data: bytes | None


class QueueMessage(NamedTuple):
    """A message that was received, and is held until its visibility timeout is over. attributes: the system's.

    md5_of_message_attributes: "" where there are none.
    """

    message_id: str
    receipt_handle: str
    body: str
    md5_of_body: str
    attributes: Mapping[str, str]
    message_attributes: Mapping[str, QueueAttribute]
    md5_of_message_attributes: str


class QueueFacts(NamedTuple):
    """What decides how a queue may be mapped, and how it is read."""

    fifo: bool
    visibility_timeout_s: int


class QueueSource(Protocol):
    """Each method raises QueueGone."""

    async def facts(self, arn: str) -> QueueFacts: ...

    async def receive(
        self, arn: str, *, max_messages: int, wait_s: float, wanted: Callable[[], bool]
    ) -> Sequence[QueueMessage]:
        """Some, or none after that time. wanted: whether they still are, when some come after a wait."""
        ...

    async def hide(self, arn: str, handles: Sequence[str], *, for_s: int) -> None:
        """Nobody else gets them for so long from now on; what is held by somebody else meanwhile is left alone."""
        ...

    async def delete(self, arn: str, handles: Sequence[str]) -> None:
        """Durable when it returns; what is held by somebody else meanwhile is left alone."""
        ...
