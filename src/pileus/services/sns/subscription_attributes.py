"""Which attributes has a subscription, and what may they say?

Sources: SNS API Reference, Subscribe, SetSubscriptionAttributes, GetSubscriptionAttributes; recordings sns,
`test_validate_set_sub_attributes`, `test_create_subscriptions_with_attributes`, `test_validations_for_fifo`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from pileus.services.sns.archive.policies import PENDING, replay_policy
from pileus.services.sns.delivery_policies import effective_subscription_policy, subscription_policy
from pileus.services.sns.endpoints import RAW_PROTOCOLS
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.filters import FilterPolicyRefused, Scope, parse
from pileus.services.sns.json_text import read_object
from pileus.services.sns.model import SubscriptionRecord, TopicRecord

Write = Callable[[SubscriptionRecord, str], SubscriptionRecord]
"""The record with an attribute set; InvalidParameter."""

_PREFIX: Final = "Invalid parameter: "
_DEAD_LETTER_QUEUE: Final = re.compile(r"arn:aws[a-zA-Z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}(?:\.fifo)?")
_ROLE: Final = re.compile(r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/.+")


def subscribed(record: SubscriptionRecord, attributes: Mapping[str, str]) -> SubscriptionRecord:
    """A new subscription with these attributes; InvalidParameter, with the words that Subscribe puts before."""
    # The scope decides what the policy may be, whatever comes first.
    for name in sorted(attributes, key=lambda name: name != "FilterPolicyScope"):
        try:
            record = changed(record, name, attributes[name])
        except InvalidParameter as refused:
            reason = refused.message.removeprefix(_PREFIX)
            if reason == "AttributeName":
                reason = f"Unknown attribute: {name}"
            raise InvalidParameter(f"Attributes Reason: {reason}") from None
    return record


def changed(record: SubscriptionRecord, name: str, value: str) -> SubscriptionRecord:
    """SetSubscriptionAttributes; InvalidParameter."""
    write = WRITTEN.get(name)
    if write is None:
        raise InvalidParameter("AttributeName")
    return write(record, value)


def differs(record: SubscriptionRecord, attributes: Mapping[str, str]) -> bool:
    """Whether an existing subscription has not what somebody asks for; what is not asked for does not count.

    Recording `test_subscribe_idempotency`. InvalidParameter where it would be none.
    """
    return subscribed(record, attributes) != record


def described(record: SubscriptionRecord, topic: TopicRecord | None) -> dict[str, str]:
    """All that GetSubscriptionAttributes tells. topic: None when it was deleted."""
    told = {
        "SubscriptionArn": record.arn,
        "TopicArn": record.topic.arn,
        "Protocol": record.protocol,
        "Endpoint": record.endpoint,
        "Owner": record.owner,
        "SubscriptionPrincipal": record.principal_arn,
        "ConfirmationWasAuthenticated": _truth(record.authenticated),
        "PendingConfirmation": _truth(record.pending),
        "RawMessageDelivery": _truth(record.raw),
    }
    given = {
        "DeliveryPolicy": record.delivery_policy,
        "FilterPolicy": record.filter_policy,
        # Told with a policy only, kept without one, too (recording `test_set_subscription_filter_policy_scope`).
        "FilterPolicyScope": (record.filter_scope or "MessageAttributes") if record.filter_policy else "",
        "RedrivePolicy": record.redrive_policy,
        "ReplayPolicy": record.replay_policy,
        "ReplayStatus": record.replay_status,
        "SubscriptionRoleArn": record.role_arn,
    }
    if record.protocol in ("http", "https"):
        policy = "" if topic is None else topic.delivery_policy
        given["EffectiveDeliveryPolicy"] = effective_subscription_policy(record.delivery_policy, policy)
    return told | {name: value for name, value in given.items() if value}


def dead_letter_arn(record: SubscriptionRecord) -> str:
    """The queue for what cannot be delivered; "" without one."""
    if not record.redrive_policy:
        return ""
    arn: str = msgspec.json.decode(record.redrive_policy)["deadLetterTargetArn"]
    return arn


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _raw(record: SubscriptionRecord, value: str) -> SubscriptionRecord:
    if value.lower() not in ("true", "false"):
        raise InvalidParameter(f"RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    raw = value.lower() == "true"
    if raw and record.protocol not in RAW_PROTOCOLS:
        raise InvalidParameter(f"Delivery protocol [{record.protocol}] does not support raw message delivery.")
    return msgspec.structs.replace(record, raw=raw)


def _filter_policy(record: SubscriptionRecord, value: str) -> SubscriptionRecord:
    """An empty one takes the filter away."""
    if not value or value.strip() == "{}":
        return msgspec.structs.replace(record, filter_policy="")
    _check_filter(value, record.filter_scope)
    return msgspec.structs.replace(record, filter_policy=value)


def _filter_scope(record: SubscriptionRecord, value: str) -> SubscriptionRecord:
    if value not in ("MessageAttributes", "MessageBody"):
        raise InvalidParameter(
            f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
        )
    if record.filter_policy:
        _check_filter(record.filter_policy, value)
    return msgspec.structs.replace(record, filter_scope=value)


def _check_filter(policy: str, scope: str) -> None:
    try:
        parse(policy, Scope(scope or "MessageAttributes"))
    except FilterPolicyRefused as refused:
        raise InvalidParameter(refused.reason) from None


def _redrive_policy(record: SubscriptionRecord, value: str) -> SubscriptionRecord:
    """An empty one takes the dead-letter queue away."""
    if not value:
        return msgspec.structs.replace(record, redrive_policy="")
    policy = read_object(value, "RedrivePolicy")
    arn = policy.get("deadLetterTargetArn")
    if arn is None and not policy:
        return msgspec.structs.replace(record, redrive_policy="")
    if not isinstance(arn, str) or _DEAD_LETTER_QUEUE.fullmatch(arn) is None:
        raise InvalidParameter("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if record.endpoint.endswith(".fifo") and record.topic.name.endswith(".fifo") and not arn.endswith(".fifo"):
        raise InvalidParameter("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
    return msgspec.structs.replace(record, redrive_policy=value)


def _delivery_policy(record: SubscriptionRecord, value: str) -> SubscriptionRecord:
    return msgspec.structs.replace(record, delivery_policy=subscription_policy(value))


def _role(record: SubscriptionRecord, value: str) -> SubscriptionRecord:
    if _ROLE.fullmatch(value) is None:
        raise InvalidParameter("SubscriptionRoleArn")
    return msgspec.structs.replace(record, role_arn=value)


def _replay_policy(record: SubscriptionRecord, value: str) -> SubscriptionRecord:
    """A new one begins a replay, which pauses the subscription; an empty one ends it; the same changes nothing."""
    policy = replay_policy(value)
    if policy == record.replay_policy:
        return record
    if policy and not record.topic.name.endswith(".fifo"):
        raise InvalidParameter("ReplayPolicy: only subscriptions to FIFO topics can replay")
    return msgspec.structs.replace(
        record,
        replay_policy=policy,
        replay_status=PENDING if policy else "",
        replay_number=record.replay_number + 1,
        paused=bool(policy),
    )


WRITTEN: Final[dict[str, Write]] = {
    "DeliveryPolicy": _delivery_policy,
    "FilterPolicy": _filter_policy,
    "FilterPolicyScope": _filter_scope,
    "RawMessageDelivery": _raw,
    "RedrivePolicy": _redrive_policy,
    "ReplayPolicy": _replay_policy,
    "SubscriptionRoleArn": _role,
}
