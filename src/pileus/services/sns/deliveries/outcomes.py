"""What became of a delivery, for whoever logs it?

Source: SNS Developer Guide, "Amazon SNS message delivery status".
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.model import Message, SubscriptionRecord


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a delivery.

    feedback: the topic's attributes of delivery status logging. failure: why it failed; "" when it did not.
    status_code: the endpoint's. response: the provider's words, or members that are told of its answer.
    attempts: how often it was tried. dwell_ms: from the publication until now.
    """

    feedback: Mapping[str, str]
    message: Message
    subscription: SubscriptionRecord
    failure: str = ""
    status_code: int = 200
    response: str | Mapping[str, str] = ""
    attempts: int = 1
    dwell_ms: int = 0

    @property
    def succeeded(self) -> bool:
        return not self.failure


class DeliveryLog(Protocol):
    """Delivery status logging."""

    def note(self, tx: Transaction, outcome: Outcome) -> None:
        """Only asked of topics with attributes of it; whether this one is told, they say."""
        ...
