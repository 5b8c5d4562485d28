"""What is kept of an alarm?"""

from typing import Literal

import msgspec

from pileus.services.cloudwatch.model import Query, StatQuery

StateValue = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Comparison = Literal[
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
]
HistoryType = Literal["ConfigurationUpdate", "StateUpdate", "Action"]

INITIAL_REASON = "Unchecked: Initial alarm creation"
"""Recording test_describe_minimal_metric_alarm."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How an alarm stands, and why. data: JSON, as `StateReasonData`."""

    value: StateValue
    reason: str
    updated_s: float
    transitioned_s: float
    data: str | None = None


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """When a metric alarm is in ALARM: some of the last `periods` values are beyond the threshold.

    stat: of one metric; otherwise queries. needed: how many values; None where nobody said, and then all.
    missing: `TreatMissingData`; low_samples: `EvaluateLowSampleCountPercentile`; None where nobody said.
    """

    comparison: Comparison
    threshold: float
    periods: int
    stat: StatQuery | None = None
    queries: tuple[Query, ...] = ()
    needed: int | None = None
    missing: str | None = None
    low_samples: str | None = None


class AlarmRecord(msgspec.Struct, frozen=True, kw_only=True, tag="cloudwatch_alarm.v1"):
    """A metric alarm has a condition, a composite one a rule. configured_s: seconds since 1970, as all moments here."""

    name: str
    state: State
    configured_s: float
    condition: Condition | None = None
    rule: str | None = None
    description: str | None = None
    actions_enabled: bool = True
    ok_actions: tuple[str, ...] = ()
    alarm_actions: tuple[str, ...] = ()
    insufficient_data_actions: tuple[str, ...] = ()
    tags: dict[str, str] = {}

    @property
    def kind(self) -> Literal["MetricAlarm", "CompositeAlarm"]:
        return "MetricAlarm" if self.rule is None else "CompositeAlarm"

    def actions(self, value: StateValue) -> tuple[str, ...]:
        """Those of a state."""
        match value:
            case "OK":
                return self.ok_actions
            case "ALARM":
                return self.alarm_actions
            case "INSUFFICIENT_DATA":
                return self.insufficient_data_actions


class HistoryRecord(msgspec.Struct, frozen=True, kw_only=True, tag="cloudwatch_alarm_history.v1"):
    """Something that happened to an alarm. data: JSON."""

    alarm: str
    kind: Literal["MetricAlarm", "CompositeAlarm"]
    at_s: float
    event: HistoryType
    summary: str
    data: str
