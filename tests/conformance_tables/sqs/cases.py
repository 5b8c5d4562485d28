"""How is a case of the tables written down, and what do many of them share?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Json = Mapping[str, Any]

RECORDED: Final = "recording sqs/sqs, "
MOVES: Final = "recording sqs/sqs_move_task, "
"""LocalStack's recordings; then the scenario."""
LOCAL: Final = "local-aws-sqs (npm), test/"
"""A public suite with texts collected from SQS (2024 to 2026); then the file's subject and the case."""
MOTO: Final = "getmoto/moto, tests/test_sqs/test_sqs.py, "
"""A public suite parts of which run against AWS; then the test."""
EUCALYPTUS: Final = "eucalyptus/eucalyptus, SimpleQueueService.java, "
"""A server that was compared with SQS; then the method."""
API: Final = "SQS API Reference, "
TERRAFORM: Final = "hashicorp/terraform-provider-aws, issues about aws_sqs_queue: "

ACCOUNT: Final = "111111111111"
REGION: Final = "eu-central-1"
STANDARD, FIFO, DEAD, SOURCE, CONTENT = "standard", "fifo.fifo", "dead", "source", "content.fifo"
"""Queues that exist: a standard one; a FIFO one; the dead-letter queue of SOURCE; a FIFO one with
ContentBasedDeduplication."""
SMALL: Final = "small"
"""A standard queue for messages of up to 1,024 bytes."""
CLOSED: Final = "closed"
"""A standard queue that no other may have as its dead-letter queue."""
LABELLED: Final = "labelled"
"""A standard queue whose policy has one statement, of the label `taken`, for ACCOUNT to receive messages."""
GONE: Final = "gone"
"""A queue that does not exist."""

PARAMETER: Final = "InvalidParameterValueException"
MISSING: Final = "MissingRequiredParameterException"
NAME: Final = "InvalidAttributeName"
VALUE: Final = "InvalidAttributeValue"
NO_QUEUE: Final = "QueueDoesNotExist"
NO_RESOURCE: Final = "ResourceNotFoundException"
OVER: Final = "OverLimit"
ADDRESS: Final = "InvalidAddress"

QUERY_CODES: Final[Mapping[str, str]] = {
    PARAMETER: "InvalidParameterValue",
    MISSING: "MissingParameter",
    NO_QUEUE: "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    **{
        name: f"AWS.SimpleQueueService.{name}"
        for name in (
            "BatchEntryIdsNotDistinct",
            "BatchRequestTooLong",
            "EmptyBatchRequest",
            "InvalidBatchEntryId",
            "MessageNotInflight",
            "PurgeQueueInProgress",
            "QueueDeletedRecently",
            "TooManyEntriesInBatchRequest",
            "UnsupportedOperation",
        )
    },
}
"""What the `query` protocol calls an error; by its own name otherwise. Recordings sqs/sqs, `[sqs_query]`."""
STATUSES: Final[Mapping[str, int]] = {
    ADDRESS: 404,
    NO_RESOURCE: 404,
    OVER: 403,
    "PurgeQueueInProgress": 403,
    "ReceiptHandleIsInvalid": 404,
}
"""Of errors that do not answer 400. Recordings; the model of the `query` protocol (2012-11-05)."""
QUERY_ONLY: Final = " for this wsdl version."


@dataclass(frozen=True, slots=True)
class ErrorCase:
    """A request, and the error that it gets. in_form: whether a form can say the same (an empty list, it cannot)."""

    source: str
    operation: str
    request: Json
    code: str
    message: str
    in_form: bool = True


def url(name: str) -> str:
    return f"http://localhost:4566/{ACCOUNT}/{name}"


def arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def invalid(name: str, value: object, reason: str) -> str:
    return f"Value {value} for parameter {name} is invalid. Reason: {reason}"


def wrong(name: str, reason: str = "") -> str:
    return f"Invalid value for the parameter {name}." + (f" Reason: {reason}" if reason else "")


def cases(
    source: str,
    operation: str,
    base: Json,
    rows: Iterable[tuple[Json, str]],
    *,
    code: str = PARAMETER,
    in_form: bool = True,
) -> list[ErrorCase]:
    """One case for each row, which adds to `base` and says what is answered."""
    return [ErrorCase(source, operation, {**base, **more}, code, message, in_form) for more, message in rows]
