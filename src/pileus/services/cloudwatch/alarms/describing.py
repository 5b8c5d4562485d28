"""How does an alarm look in answers, and in its own history?"""

from datetime import UTC, datetime

import msgspec

from pileus.services.cloudwatch.alarms.records import AlarmRecord, HistoryRecord
from pileus.services.cloudwatch.model import Scope, dimension_shapes, query_shape
from pileus.services.cloudwatch.shapes import AlarmHistoryItem, CompositeAlarm, MetricAlarm
from pileus.services.cloudwatch.statistic import PLAIN


def metric_alarm(scope: Scope, alarm: AlarmRecord) -> MetricAlarm:
    """Recordings test_describe_minimal_metric_alarm, test_put_metric_alarm."""
    condition = alarm.condition
    assert condition is not None
    stat = condition.stat
    plain = stat is not None and stat.stat in PLAIN
    return MetricAlarm(
        alarm_name=alarm.name,
        alarm_arn=scope.alarm_arn(alarm.name),
        alarm_description=alarm.description,
        alarm_configuration_updated_timestamp=_at(alarm.configured_s),
        actions_enabled=alarm.actions_enabled,
        ok_actions=list(alarm.ok_actions),
        alarm_actions=list(alarm.alarm_actions),
        insufficient_data_actions=list(alarm.insufficient_data_actions),
        state_value=alarm.state.value,
        state_reason=alarm.state.reason,
        state_reason_data=alarm.state.data,
        state_updated_timestamp=_at(alarm.state.updated_s),
        state_transitioned_timestamp=_at(alarm.state.transitioned_s),
        metric_name=None if stat is None else stat.name,
        namespace=None if stat is None else stat.namespace,
        statistic=stat.stat if stat is not None and plain else None,  # type: ignore[arg-type]  # it is one of PLAIN
        extended_statistic=stat.stat if stat is not None and not plain else None,
        dimensions=[] if stat is None else dimension_shapes(stat.dimensions),
        period=None if stat is None else stat.period_s,
        unit=None if stat is None else stat.unit,  # type: ignore[arg-type]  # it came from such a shape
        evaluation_periods=condition.periods,
        datapoints_to_alarm=condition.needed,
        threshold=condition.threshold,
        comparison_operator=condition.comparison,
        treat_missing_data=condition.missing,
        evaluate_low_sample_count_percentile=condition.low_samples,
        metrics=[query_shape(query) for query in condition.queries] or None,
    )


def composite_alarm(scope: Scope, alarm: AlarmRecord) -> CompositeAlarm:
    """Recording test_trigger_composite_alarm."""
    return CompositeAlarm(
        alarm_name=alarm.name,
        alarm_arn=scope.alarm_arn(alarm.name),
        alarm_description=alarm.description,
        alarm_configuration_updated_timestamp=_at(alarm.configured_s),
        alarm_rule=alarm.rule,
        actions_enabled=alarm.actions_enabled,
        ok_actions=list(alarm.ok_actions),
        alarm_actions=list(alarm.alarm_actions),
        insufficient_data_actions=list(alarm.insufficient_data_actions),
        state_value=alarm.state.value,
        state_reason=alarm.state.reason,
        state_reason_data=alarm.state.data,
        state_updated_timestamp=_at(alarm.state.updated_s),
        state_transitioned_timestamp=_at(alarm.state.transitioned_s),
    )


def history_item(item: HistoryRecord) -> AlarmHistoryItem:
    return AlarmHistoryItem(
        alarm_name=item.alarm,
        alarm_type=item.kind,
        timestamp=_at(item.at_s),
        history_item_type=item.event,
        history_summary=item.summary,
        history_data=item.data,
    )


def configuration(scope: Scope, alarm: AlarmRecord) -> object:
    """What its history tells of how it is configured."""
    shape = metric_alarm(scope, alarm) if alarm.condition is not None else composite_alarm(scope, alarm)
    told: dict[str, object] = msgspec.to_builtins(shape)
    return {f"{name[0].lower()}{name[1:]}": value for name, value in told.items() if not name.startswith("State")}


def _at(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
