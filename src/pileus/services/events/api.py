"""Amazon EventBridge: one class of all its operations."""

from collections.abc import Mapping
from typing import Final

from pileus.services.events.operations.event_buses import EventBusOperations
from pileus.services.events.operations.putting import PutOperations
from pileus.services.events.operations.rule_targets import TargetOperations
from pileus.services.events.operations.rules import RuleOperations
from pileus.services.events.operations.tags import TagOperations


class EventsApi(EventBusOperations, PutOperations, RuleOperations, TagOperations, TargetOperations):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[Mapping[str, str]] = {
    "CreateEventBus": "no KMS, logs or partner sources",
    "PutEvents": "no global endpoints",
    "PutRule": "no CloudTrail management events",
    "PutTargets": "Lambda, SQS, SNS, CloudWatch Logs groups and event buses",
    "UpdateEventBus": "as CreateEventBus",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
