"""Which notification configurations does S3 take, but for whether their receivers do?

Sources: API_PutBucketNotificationConfiguration; S3 User Guide, "Configuring event notifications using object key name
filtering"; recordings s3/s3_notifications_sqs, test_invalid_sqs_arn, test_filter_rules_case_insensitive, and s3/s3_api,
test_bucket_notification_with_invalid_filter_rules. The texts about overlaps are AWS's as its users have reported them.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple, TypeVar

import msgspec

from pileus.kernel.ids import Ids
from pileus.services.s3.errors import InvalidArgument, MalformedXML
from pileus.services.s3.events.matching import Receiver
from pileus.services.s3.settings.documents import new_id
from pileus.services.s3.shapes import (
    FilterRule,
    LambdaFunctionConfiguration,
    NotificationConfiguration,
    NotificationConfigurationFilter,
    QueueConfiguration,
    S3KeyFilter,
    TopicConfiguration,
)

RECEIVERS_MAX: Final = 100
"""Source: S3 User Guide, "Amazon S3 Event Notifications"."""
_ARN: Final = re.compile(r"arn:[a-z-]+:(?P<service>sqs|sns|lambda):(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):.+")
_NAMES: Final = {"prefix": "Prefix", "suffix": "Suffix"}
_SERVICES: Final = {"Queue": "sqs", "Topic": "sns", "CloudFunction": "lambda"}
_FIFO: Final = ".fifo"

C = TypeVar("C", QueueConfiguration, TopicConfiguration, LambdaFunctionConfiguration)


class _Told(NamedTuple):
    element: str
    receiver: Receiver
    filtered: bool


def checked_notification(asked: NotificationConfiguration, ids: Ids, *, region: str) -> NotificationConfiguration:
    """The configuration, each receiver with an id and its filters named as AWS names them. MalformedXML,
    InvalidArgument.
    """
    checked = NotificationConfiguration(
        topic_configurations=_completed(asked.topic_configurations, ids),
        queue_configurations=_completed(asked.queue_configurations, ids),
        lambda_function_configurations=_completed(asked.lambda_function_configurations, ids),
        event_bridge_configuration=asked.event_bridge_configuration,
    )
    told = list(_told(checked))
    for each in told:
        _check_target(each, region=region)
    names = [each.receiver.configuration_id for each in told]
    if len(set(names)) != len(names):
        raise InvalidArgument("Same ID used for multiple configurations. IDs must be unique")
    if len(told) > RECEIVERS_MAX:
        raise InvalidArgument(f"A bucket can have at most {RECEIVERS_MAX} event notification configurations.")
    for one, other in combinations(told, 2):
        _check_apart(one, other)
    return checked


def receivers_told(checked: NotificationConfiguration) -> list[Receiver]:
    """Whom a configuration names, each once."""
    return list({each.receiver.target_arn: each.receiver for each in _told(checked)}.values())


def _completed(given: Sequence[C] | None, ids: Ids) -> list[C] | None:
    if not given:
        return None
    return [
        msgspec.structs.replace(each, id=each.id or new_id(ids), filter=_completed_filter(each.filter))
        for each in given
    ]


def _completed_filter(given: NotificationConfigurationFilter | None) -> NotificationConfigurationFilter | None:
    if given is None or given.key is None or not given.key.filter_rules:
        return None
    rules = [_completed_rule(rule) for rule in given.key.filter_rules]
    for name in _NAMES:
        if sum(rule.name == _NAMES[name] for rule in rules) > 1:
            raise InvalidArgument(f"Cannot specify more than one {name} rule in a filter.")
    return NotificationConfigurationFilter(key=S3KeyFilter(filter_rules=rules))


def _completed_rule(rule: FilterRule) -> FilterRule:
    if rule.name is None or rule.value is None:
        raise MalformedXML
    name = _NAMES.get(rule.name.lower())
    if name is None:
        raise InvalidArgument(
            "filter rule name must be either prefix or suffix", name="FilterRule.Name", value=rule.name
        )
    return FilterRule(name=name, value=rule.value)


def _told(checked: NotificationConfiguration) -> Iterator[_Told]:
    for topic in checked.topic_configurations or ():
        yield _one("Topic", topic.topic_arn, topic.id, topic.events, topic.filter)
    for queue in checked.queue_configurations or ():
        yield _one("Queue", queue.queue_arn, queue.id, queue.events, queue.filter)
    for function in checked.lambda_function_configurations or ():
        yield _one("CloudFunction", function.lambda_function_arn, function.id, function.events, function.filter)


def _one(
    element: str, arn: str, name: str | None, events: Sequence[str], filtered: NotificationConfigurationFilter | None
) -> _Told:
    rules = (filtered.key.filter_rules if filtered is not None and filtered.key is not None else None) or []
    by_name = {rule.name: rule.value or "" for rule in rules}
    receiver = Receiver(
        target_arn=arn,
        configuration_id=name or "",
        events=tuple(event.removeprefix("s3:") for event in events),
        prefix=by_name.get("Prefix", ""),
        suffix=by_name.get("Suffix", ""),
    )
    for event in events:
        if event not in _EVENTS:
            raise InvalidArgument("A specified event is not supported for notifications.", name="Event", value=event)
    return _Told(element, receiver, bool(rules))


def _check_target(told: _Told, *, region: str) -> None:
    arn = told.receiver.target_arn
    found = _ARN.fullmatch(arn)
    if found is None or found["service"] != _SERVICES[told.element]:
        raise InvalidArgument("The ARN could not be parsed", name=told.element, value=arn)
    if found["region"] != region:
        raise InvalidArgument(
            "The notification destination service region is not valid for the bucket location constraint",
            name=told.element,
            value=arn,
        )
    if told.element != "CloudFunction" and arn.endswith(_FIFO):
        kind = "SQS queues" if told.element == "Queue" else "SNS topics"
        raise InvalidArgument(f"FIFO {kind} are not supported.", name=told.element, value=arn)


def _check_apart(one: _Told, other: _Told) -> None:
    """No object may be told of twice for the same event."""
    if not any(_same(mine, theirs) for mine in one.receiver.events for theirs in other.receiver.events):
        return
    if not one.filtered and not other.filtered:
        raise InvalidArgument(
            "Configurations overlap. Configurations on the same bucket cannot share a common event type."
        )
    prefixes, suffixes = (one.receiver.prefix, other.receiver.prefix), (one.receiver.suffix, other.receiver.suffix)
    if _begin_alike(*prefixes) and _begin_alike(suffixes[0][::-1], suffixes[1][::-1]):
        raise InvalidArgument(
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
            "overlapping for the same event type."
        )


def _same(mine: str, theirs: str) -> bool:
    if mine.endswith("*") and theirs.startswith(mine[:-1]):
        return True
    return mine == theirs or (theirs.endswith("*") and mine.startswith(theirs[:-1]))


def _begin_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


_EVENT_NAMES: Final = """
s3:ReducedRedundancyLostObject s3:ObjectCreated:* s3:ObjectCreated:Put s3:ObjectCreated:Post s3:ObjectCreated:Copy
s3:ObjectCreated:CompleteMultipartUpload s3:ObjectRemoved:* s3:ObjectRemoved:Delete s3:ObjectRemoved:DeleteMarkerCreated
s3:ObjectRestore:* s3:ObjectRestore:Post s3:ObjectRestore:Completed s3:ObjectRestore:Delete s3:Replication:*
s3:Replication:OperationFailedReplication s3:Replication:OperationNotTracked s3:Replication:OperationMissedThreshold
s3:Replication:OperationReplicatedAfterThreshold s3:LifecycleTransition s3:IntelligentTiering s3:ObjectAcl:Put
s3:LifecycleExpiration:* s3:LifecycleExpiration:Delete s3:LifecycleExpiration:DeleteMarkerCreated s3:ObjectTagging:*
s3:ObjectTagging:Put s3:ObjectTagging:Delete
"""
_EVENTS: Final = frozenset(_EVENT_NAMES.split())
"""Source: S3 User Guide, "Event notification types and destinations"."""
