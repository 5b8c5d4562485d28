"""Which rules are the same for both kinds of queues?"""

from collections.abc import Awaitable, Callable

import msgspec

from pileus.services.sqs.errors import InvalidParameterValueException
from pileus.services.sqs.limits import VISIBILITY_TIMEOUT_S_MAX
from pileus.services.sqs.messages.records import MessageRecord
from pileus.services.sqs.messages.visit import Visit

Bury = Callable[[MessageRecord], Awaitable[bool]]
"""Puts a message into the dead-letter queue; whether there is one."""


def as_dead(message: MessageRecord, *, count: int, first_received_ms: int, source_arn: str) -> MessageRecord:
    """What the dead-letter queue gets: it goes on counting. Recording test_dead_letter_queue_message_attributes."""
    return msgspec.structs.replace(
        message, received=message.received + count, first_received_ms=first_received_ms, source_arn=source_arn
    )


def check_ceiling(visit: Visit, timeout_s: int, *, received_ms: int) -> None:
    """Twelve hours, counted from the receive. Source: SQS Developer Guide, "Visibility timeout"."""
    if visit.now_ms + timeout_s * 1_000 > received_ms + VISIBILITY_TIMEOUT_S_MAX * 1_000:
        raise InvalidParameterValueException(
            f"Value {timeout_s} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the "
            f"message is beyond the limit [{VISIBILITY_TIMEOUT_S_MAX} seconds]."
        )


def unavailable(text: str) -> InvalidParameterValueException:
    """What AWS answered, in the issues of aws/aws-sdk-net (1927) and mapbox/ecs-watchbot (135)."""
    return InvalidParameterValueException(
        f"Value {text} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for "
        "visibility timeout change."
    )
