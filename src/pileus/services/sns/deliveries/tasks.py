"""What waits in the outbox until it is delivered?

One event for each delivery, with all that must be told, so that a message outlives its topic and its subscription. The
protocols that can be slow have queues of their own: an endpoint that answers nobody keeps no function waiting.
"""

from typing import Final, Literal

import msgspec

from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event, Transaction
from pileus.services.sns.model import Message, SubscriptionRecord

LAMBDA_TOPIC: Final = "sns.delivery.lambda"
HTTP_TOPIC: Final = "sns.delivery.http"
PEOPLE_TOPIC: Final = "sns.delivery.people"
"""Mail, short messages and mobile devices."""
QUEUE_TOPIC: Final = "sns.delivery.queue"
"""What did not go with the publisher's transaction: confirmations, and what is sent again."""
_TOPICS: Final = {
    "application": PEOPLE_TOPIC,
    "email": PEOPLE_TOPIC,
    "email-json": PEOPLE_TOPIC,
    "http": HTTP_TOPIC,
    "https": HTTP_TOPIC,
    "lambda": LAMBDA_TOPIC,
    "sms": PEOPLE_TOPIC,
    "sqs": QUEUE_TOPIC,
}

Kind = Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]


class DeliveryTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.delivery.v1"):
    """One delivery. subscription: as it was when the message was published. token: of confirmations.

    signature_version, topic_delivery_policy, feedback: of the topic, then.
    """

    kind: Kind
    message: Message
    subscription: SubscriptionRecord
    token: str = ""
    signature_version: str = "1"
    topic_delivery_policy: str = ""
    feedback: dict[str, str] = {}


def emit(tx: Transaction, task: DeliveryTask, *, group: str = "") -> None:
    """group: deliveries of one group are made one after another."""
    tx.emit(Event(topic=_TOPICS[task.subscription.protocol], payload=encode(task), group=group))
