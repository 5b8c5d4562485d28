"""Which errors can SQS answer?

Each class is named by its shape in the model; clients of the `query` protocol see the older code of it, which
`kernel/wire/dialects.py` knows. Statuses: the model of the `query` protocol (2012-11-05, until 2023), and the
recordings sqs/sqs and sqs/sqs_move_task.
"""

from pileus.kernel.errors import ServiceError


class InvalidParameterValueException(ServiceError):
    """A parameter is wrong (`InvalidParameterValue` in the `query` protocol); no shape of the model."""

    code = "InvalidParameterValueException"


def invalid_parameter(name: str, value: object, reason: str) -> InvalidParameterValueException:
    """The form that most of them have. Recording sqs/sqs, test_send_receive_wait_time_seconds."""
    return InvalidParameterValueException(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


class MissingRequiredParameterException(ServiceError):
    """A parameter is missing (`MissingParameter` in the `query` protocol); no shape of the model."""

    code = "MissingRequiredParameterException"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class QueueDoesNotExist(ServiceError):
    """Recording sqs/sqs, test_non_existent_queue; in the `query` protocol, `for this wsdl version`."""

    code = "QueueDoesNotExist"

    def __init__(self) -> None:
        super().__init__("The specified queue does not exist.")


class QueueNameExists(ServiceError):
    """Recording sqs/sqs, test_create_queue_with_different_attributes_raises_exception."""

    code = "QueueNameExists"

    def __init__(self, attribute: str) -> None:
        super().__init__(f"A queue already exists with the same name and a different value for attribute {attribute}")


class QueueDeletedRecently(ServiceError):
    """API_CreateQueue: a name is free 60 seconds after its queue was deleted."""

    code = "QueueDeletedRecently"

    def __init__(self) -> None:
        super().__init__(
            "You must wait 60 seconds after deleting a queue before you can create another with the same name."
        )


class PurgeQueueInProgress(ServiceError):
    """Recording sqs/sqs, test_successive_purge_calls_fail."""

    code = "PurgeQueueInProgress"
    status = 403

    def __init__(self, queue_name: str) -> None:
        super().__init__(f"Only one PurgeQueue operation on {queue_name} is allowed every 60 seconds.")


class InvalidAttributeName(ServiceError):
    """A queue has no such attribute, or not this queue."""

    code = "InvalidAttributeName"


class UnknownAttribute(InvalidAttributeName):
    """Recording sqs/sqs, test_set_unsupported_attribute_standard."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown Attribute {name}.")


class InvalidAttributeValue(ServiceError):
    """An attribute cannot have this value."""

    code = "InvalidAttributeValue"


def invalid_attribute(name: str, reason: str = "") -> InvalidAttributeValue:
    """Recording sqs/sqs, test_set_unsupported_attribute_fifo; without a reason, as AWS says of numbers."""
    because = f" Reason: {reason}" if reason else ""
    return InvalidAttributeValue(f"Invalid value for the parameter {name}.{because}")


class InvalidAddress(ServiceError):
    """A queue URL is of no queue that is reached here."""

    code = "InvalidAddress"
    status = 404

    def __init__(self, address: str) -> None:
        super().__init__(f"The address {address} is not valid for this endpoint.")


class AccessDeniedException(ServiceError):
    """Not for another account, whatever a queue's policy says (`AccessDenied` in the `query` protocol)."""

    code = "AccessDeniedException"
    status = 403


class OverLimit(ServiceError):
    """Too many messages in flight, or too many statements in a policy."""

    code = "OverLimit"
    status = 403


class ResourceNotFoundException(ServiceError):
    """A queue or task of message moves does not exist. Recordings sqs/sqs_move_task."""

    code = "ResourceNotFoundException"
    status = 404


class ReceiptHandleIsInvalid(ServiceError):
    """Nobody ever received a message with this handle from this queue."""

    code = "ReceiptHandleIsInvalid"
    status = 404


class MessageNotInflight(ServiceError):
    """The handle names a message that nobody holds (API_ChangeMessageVisibility)."""

    code = "MessageNotInflight"


class InvalidMessageContents(ServiceError):
    """A body holds characters that SQS does not take (API_SendMessage)."""

    code = "InvalidMessageContents"


class EmptyBatchRequest(ServiceError):
    """A batch without entries."""

    code = "EmptyBatchRequest"


class TooManyEntriesInBatchRequest(ServiceError):
    """Recording sqs/sqs, test_too_many_entries_in_batch_request."""

    code = "TooManyEntriesInBatchRequest"

    def __init__(self, entries: int) -> None:
        super().__init__(f"Maximum number of entries per request are 10. You have sent {entries}.")


class BatchEntryIdsNotDistinct(ServiceError):
    """Two entries of a batch have one id."""

    code = "BatchEntryIdsNotDistinct"

    def __init__(self, repeated: str) -> None:
        super().__init__(f"Id {repeated} repeated.")


class InvalidBatchEntryId(ServiceError):
    """Recording sqs/sqs, test_invalid_batch_id."""

    code = "InvalidBatchEntryId"

    def __init__(self) -> None:
        super().__init__(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long."
        )


class BatchRequestTooLong(ServiceError):
    """Recording sqs/sqs, test_send_message_batch_with_oversized_contents."""

    code = "BatchRequestTooLong"

    def __init__(self, *, size_bytes: int, size_bytes_max: int) -> None:
        super().__init__(
            f"Batch requests cannot be longer than {size_bytes_max} bytes. You have sent {size_bytes} bytes."
        )
