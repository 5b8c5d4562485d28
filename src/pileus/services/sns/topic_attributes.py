"""Which attributes has a topic, and what may they say?

`WRITTEN` are those that somebody sets, each with what it makes of a topic's record; the rest SNS tells itself.

Sources: SNS API Reference, CreateTopic, SetTopicAttributes, GetTopicAttributes; recordings sns, TestSNSTopicCrud.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from pileus.services.sns.archive.policies import archive_policy
from pileus.services.sns.delivery_policies import effective_topic_policy, topic_policy
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.limits import DISPLAY_NAME_CHARS_MAX
from pileus.services.sns.model import TopicRecord
from pileus.services.sns.policies import checked_policy, policy_text

Write = Callable[[TopicRecord, str], TopicRecord]
"""The record with an attribute set; InvalidParameter."""

ON_CREATION_ONLY: Final = frozenset({"FifoTopic"})
_ROLE: Final = re.compile(r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/.+")
_FEEDBACK: Final = frozenset(
    f"{protocol}{what}"
    for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
    for what in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
)


def created(record: TopicRecord, attributes: Mapping[str, str]) -> TopicRecord:
    """A new topic with these attributes; InvalidParameter."""
    for name, value in attributes.items():
        record = _written(record, name, value, unknown=f"Attributes Reason: Unknown attribute {name}")
    return record


def changed(record: TopicRecord, name: str, value: str) -> TopicRecord:
    """SetTopicAttributes; InvalidParameter."""
    if name in ON_CREATION_ONLY:
        raise InvalidParameter("AttributeName")
    return _written(record, name, value, unknown="AttributeName")


def described(record: TopicRecord) -> dict[str, str]:
    """All that GetTopicAttributes tells."""
    told = {
        "TopicArn": record.arn,
        "Owner": record.account_id,
        "DisplayName": record.display_name or "",
        "Policy": policy_text(record),
        "EffectiveDeliveryPolicy": effective_topic_policy(record.delivery_policy),
        "SubscriptionsConfirmed": str(record.confirmed),
        "SubscriptionsDeleted": str(record.deleted),
        "SubscriptionsPending": str(record.pending),
    }
    given = {
        "DeliveryPolicy": record.delivery_policy,
        "KmsMasterKeyId": record.kms_master_key_id,
        "SignatureVersion": record.signature_version,
        "TracingConfig": record.tracing_config,
    }
    if record.fifo:
        told["FifoTopic"] = "true"
        told["ContentBasedDeduplication"] = _truth(record.content_based_deduplication)
        given["FifoThroughputScope"] = record.fifo_throughput_scope
        given["ArchivePolicy"] = record.archive_policy
    told |= {name: value for name, value in given.items() if value}
    return told | record.feedback


def differs(record: TopicRecord, attributes: Mapping[str, str]) -> bool:
    """Whether an existing topic has not what somebody asks to create; attributes that are not asked for do not count.

    Recording `test_create_topic_different_attrs`. InvalidParameter where it would be none.
    """
    return described(created(record, attributes)) != described(record)


def _written(record: TopicRecord, name: str, value: str, *, unknown: str) -> TopicRecord:
    write = WRITTEN.get(name)
    if write is None:
        raise InvalidParameter(unknown)
    return write(record, value)


def _truth(value: bool) -> str:
    return "true" if value else "false"


def read_truth(value: str, name: str) -> bool:
    """Or InvalidParameter."""
    if value.lower() not in ("true", "false"):
        raise InvalidParameter(f"{name} Reason: {name}: Invalid value [{value}]. Must be true or false.")
    return value.lower() == "true"


def _display_name(record: TopicRecord, value: str) -> TopicRecord:
    if len(value) > DISPLAY_NAME_CHARS_MAX or not value.isprintable():
        raise InvalidParameter("DisplayName")
    return msgspec.structs.replace(record, display_name=value)


def _policy(record: TopicRecord, value: str) -> TopicRecord:
    return msgspec.structs.replace(record, policy=checked_policy(value))


def _delivery_policy(record: TopicRecord, value: str) -> TopicRecord:
    return msgspec.structs.replace(record, delivery_policy=topic_policy(value))


def _key(record: TopicRecord, value: str) -> TopicRecord:
    return msgspec.structs.replace(record, kms_master_key_id=value or None)


def _signature_version(record: TopicRecord, value: str) -> TopicRecord:
    if value not in ("1", "2"):
        raise InvalidParameter("SignatureVersion")
    return msgspec.structs.replace(record, signature_version=value)


def _tracing(record: TopicRecord, value: str) -> TopicRecord:
    if value not in ("PassThrough", "Active"):
        raise InvalidParameter("TracingConfig")
    return msgspec.structs.replace(record, tracing_config=value)


def _fifo(record: TopicRecord, value: str) -> TopicRecord:
    return msgspec.structs.replace(record, fifo=read_truth(value, "FifoTopic"))


def _content_based(record: TopicRecord, value: str) -> TopicRecord:
    enabled = read_truth(value, "ContentBasedDeduplication")
    if enabled and not record.name.endswith(".fifo"):
        raise InvalidParameter("Content-based deduplication can only be set for FIFO topics")
    return msgspec.structs.replace(record, content_based_deduplication=enabled)


def _throughput_scope(record: TopicRecord, value: str) -> TopicRecord:
    if value not in ("Topic", "MessageGroup") or not record.name.endswith(".fifo"):
        raise InvalidParameter("FifoThroughputScope")
    return msgspec.structs.replace(record, fifo_throughput_scope=value)


def _feedback(name: str) -> Write:
    def write(record: TopicRecord, value: str) -> TopicRecord:
        if name.endswith("SampleRate"):
            if not (value.isascii() and value.isdigit() and int(value) <= 100):
                raise InvalidParameter(f"{name}: must be an integer between 0 and 100")
        elif value and _ROLE.fullmatch(value) is None:
            raise InvalidParameter(f"{name}: must be the ARN of a role")
        feedback = {key: kept for key, kept in record.feedback.items() if key != name}
        if value:
            feedback[name] = value
        return msgspec.structs.replace(record, feedback=feedback)

    return write


def _archive_policy(record: TopicRecord, value: str) -> TopicRecord:
    policy = archive_policy(value)
    if policy and not record.name.endswith(".fifo"):
        raise InvalidParameter("ArchivePolicy: only FIFO topics have an archive")
    return msgspec.structs.replace(record, archive_policy=policy)


WRITTEN: Final[dict[str, Write]] = {
    "ArchivePolicy": _archive_policy,
    "ContentBasedDeduplication": _content_based,
    "DeliveryPolicy": _delivery_policy,
    "DisplayName": _display_name,
    "FifoThroughputScope": _throughput_scope,
    "FifoTopic": _fifo,
    "KmsMasterKeyId": _key,
    "Policy": _policy,
    "SignatureVersion": _signature_version,
    "TracingConfig": _tracing,
    **{name: _feedback(name) for name in sorted(_FEEDBACK)},
}
