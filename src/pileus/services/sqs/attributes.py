"""Which attributes does a queue have, and which values may they take?

Values come and go as text. What is refused is refused in AWS's words: recordings sqs/sqs (the scenarios about
attributes), the tests of local-aws-sqs (npm), API_SetQueueAttributes for the bounds.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from pileus.services.sqs.errors import InvalidAttributeName, InvalidAttributeValue, UnknownAttribute, invalid_attribute
from pileus.services.sqs.limits import (
    DELAY_S_MAX,
    KMS_REUSE_S_MAX,
    KMS_REUSE_S_MIN,
    MESSAGE_BYTES_MAX,
    MESSAGE_BYTES_MIN,
    RETENTION_S_MAX,
    RETENTION_S_MIN,
    VISIBILITY_TIMEOUT_S_MAX,
    WAIT_S_MAX,
)
from pileus.services.sqs.model import Counts, QueueRecord
from pileus.services.sqs.policies import check_queue_policy
from pileus.services.sqs.redrive import read_redrive, read_redrive_allow, redrive_allow_text, redrive_text

_NUMBERS: Final[Mapping[str, tuple[str, int, int]]] = {
    "VisibilityTimeout": ("visibility_timeout_s", 0, VISIBILITY_TIMEOUT_S_MAX),
    "MaximumMessageSize": ("message_bytes_max", MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX),
    "MessageRetentionPeriod": ("retention_s", RETENTION_S_MIN, RETENTION_S_MAX),
    "DelaySeconds": ("delay_s", 0, DELAY_S_MAX),
    "ReceiveMessageWaitTimeSeconds": ("wait_s", 0, WAIT_S_MAX),
    "KmsDataKeyReusePeriodSeconds": ("kms_reuse_s", KMS_REUSE_S_MIN, KMS_REUSE_S_MAX),
}
"""By attribute: the record's field, the least and the largest value."""
_CHOICES: Final[Mapping[str, tuple[str, Mapping[str, bool]]]] = {
    "DeduplicationScope": ("deduplicates_by_group", {"queue": False, "messageGroup": True}),
    "FifoThroughputLimit": ("high_throughput", {"perQueue": False, "perMessageGroupId": True}),
    "ContentBasedDeduplication": ("content_based_deduplication", {"false": False, "true": True}),
    "SqsManagedSseEnabled": ("sse", {"false": False, "true": True}),
}
_SETTABLE: Final = frozenset(
    {*_NUMBERS, *_CHOICES, "Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "FifoQueue"}
)
_COUNTED: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
ATTRIBUTES: Final = _SETTABLE | {*_COUNTED, "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn"}
ALL: Final = "All"
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,10}")
_TEXTS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "Policy": ("policy", check_queue_policy),
    "RedrivePolicy": ("redrive", read_redrive),
    "RedriveAllowPolicy": ("redrive_allow", read_redrive_allow),
    "KmsMasterKeyId": ("kms_key", str),
}


def asks_for_fifo(attributes: Mapping[str, str]) -> bool:
    """Whether CreateQueue is to make a FIFO queue; UnknownAttribute, InvalidAttributeValue.

    Recording sqs/sqs, test_create_standard_queue_with_fifo_attribute_raises_error: `false` is refused like a name that
    does not exist.
    """
    _check_names(attributes)
    given = attributes.get("FifoQueue")
    if given is None:
        return False
    if given.lower() == "false":
        raise UnknownAttribute("FifoQueue")
    if given.lower() != "true":
        raise invalid_attribute("FifoQueue")
    return True


def amended(queue: QueueRecord, attributes: Mapping[str, str]) -> QueueRecord:
    """The queue with these attributes.

    InvalidAttributeName, InvalidAttributeValue, InvalidParameterValueException, OverLimit. Whether a dead-letter queue
    exists is not asked here.
    """
    _check_names(attributes)
    if not queue.fifo:
        _check_standard(attributes)
    changes: dict[str, Any] = {}
    for name, text in attributes.items():
        if name == "FifoQueue":
            if text.lower() != "true":
                raise invalid_attribute(name, "Modifying queue type is not supported.")
        elif name in _NUMBERS:
            field, least, largest = _NUMBERS[name]
            changes[field] = _number(name, text, least, largest)
        elif name in _CHOICES:
            field, choices = _CHOICES[name]
            changes[field] = _choice(name, text, choices)
        else:
            field, read = _TEXTS[name]
            changes[field] = read(text)
    changed = msgspec.structs.replace(queue, **changes, **_encryption(changes))
    if changed.high_throughput and not changed.deduplicates_by_group:
        raise InvalidAttributeValue(
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup."
        )
    return changed


def rendered(queue: QueueRecord, counts: Counts) -> dict[str, str]:
    """Every attribute that a queue has, as GetQueueAttributes tells it. Recording sqs/sqs,
    test_set_queue_attributes_default_values: what was never given, and has no default, is absent.
    """
    told = {
        "ApproximateNumberOfMessages": str(counts.visible),
        "ApproximateNumberOfMessagesDelayed": str(counts.delayed),
        "ApproximateNumberOfMessagesNotVisible": str(counts.in_flight),
        "CreatedTimestamp": str(queue.created_at_s),
        "DelaySeconds": str(queue.delay_s),
        "LastModifiedTimestamp": str(queue.modified_at_s),
        "MaximumMessageSize": str(queue.message_bytes_max),
        "MessageRetentionPeriod": str(queue.retention_s),
        "QueueArn": queue.arn,
        "ReceiveMessageWaitTimeSeconds": str(queue.wait_s),
        "SqsManagedSseEnabled": _boolean(queue.sse),
        "VisibilityTimeout": str(queue.visibility_timeout_s),
    }
    if queue.fifo:
        told["ContentBasedDeduplication"] = _boolean(queue.content_based_deduplication)
        told["DeduplicationScope"] = "messageGroup" if queue.deduplicates_by_group else "queue"
        told["FifoQueue"] = "true"
        told["FifoThroughputLimit"] = "perMessageGroupId" if queue.high_throughput else "perQueue"
    if queue.kms_key:
        told["KmsMasterKeyId"] = queue.kms_key
        told["KmsDataKeyReusePeriodSeconds"] = str(queue.kms_reuse_s)
    if queue.policy:
        told["Policy"] = queue.policy
    if queue.redrive is not None:
        told["RedrivePolicy"] = redrive_text(queue.redrive)
    if queue.redrive_allow is not None:
        told["RedriveAllowPolicy"] = redrive_allow_text(queue.redrive_allow)
    return told


def difference(queue: QueueRecord, attributes: Mapping[str, str]) -> str | None:
    """The first of these attributes that an existing queue has another value of; None when it is as asked for."""
    asked = amended(queue, {name: text for name, text in attributes.items() if name != "FifoQueue"})
    now, then = rendered(queue, Counts()), rendered(asked, Counts())
    return next((name for name in attributes if not _same(name, now.get(name), then.get(name))), None)


def _same(name: str, one: str | None, other: str | None) -> bool:
    """A policy is the same in other white space."""
    if name == "Policy" and one and other:
        return bool(msgspec.json.decode(one) == msgspec.json.decode(other))
    return one == other


def check_asked(names: Iterable[str]) -> None:
    """UnknownAttribute for what GetQueueAttributes cannot tell."""
    for name in names:
        if name not in ATTRIBUTES and name != ALL:
            raise UnknownAttribute(name)


def counts_asked(names: Iterable[str]) -> bool:
    """Whether the answer needs to know how many messages there are."""
    return any(name == ALL or name in _COUNTED for name in names)


def _check_names(attributes: Mapping[str, str]) -> None:
    for name in attributes:
        if name not in _SETTABLE:
            raise UnknownAttribute(name)


def _check_standard(attributes: Mapping[str, str]) -> None:
    """Recording sqs/sqs, test_create_standard_queue_with_fifo_attribute_raises_error."""
    for name in ("FifoQueue", "ContentBasedDeduplication"):
        if name in attributes:
            raise UnknownAttribute(name)
    for name in ("DeduplicationScope", "FifoThroughputLimit"):
        if name in attributes:
            raise InvalidAttributeName(f"You can specify the {name} only when FifoQueue is set to true.")


def _number(name: str, text: str, least: int, largest: int) -> int:
    if _INTEGER.fullmatch(text) is None or not least <= int(text) <= largest:
        raise invalid_attribute(name)
    return int(text)


def _choice(name: str, text: str, choices: Mapping[str, bool]) -> bool:
    if "true" in choices:
        text = text.lower()  # AWS's own examples in Python send `True`
    if text not in choices:
        raise invalid_attribute(name)
    return choices[text]


def _encryption(changes: Mapping[str, Any]) -> dict[str, Any]:
    """What follows for the other kind of encryption. Recordings test_sse_queue_attributes,
    test_sse_kms_and_sqs_are_mutually_exclusive, test_set_queue_attributes_default_values.
    """
    if changes.get("kms_key"):
        if changes.get("sse"):
            raise InvalidAttributeName(
                "You can use one type of server-side encryption (SSE) at one time. "
                "You can either enable KMS SSE or SQS SSE."
            )
        return {} if "sse" in changes else {"sse": False}
    return {"kms_key": ""} if changes.get("sse") and "kms_key" not in changes else {}


def _boolean(value: bool) -> str:
    return "true" if value else "false"
