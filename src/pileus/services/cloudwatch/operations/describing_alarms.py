"""How are alarms and their history told?"""

from collections.abc import Sequence

from pileus.kernel.context import RequestContext
from pileus.services.cloudwatch.alarms.describing import composite_alarm, history_item, metric_alarm
from pileus.services.cloudwatch.alarms.records import AlarmRecord
from pileus.services.cloudwatch.alarms.rules import rule_of
from pileus.services.cloudwatch.alarms.store import alarms_of, find_alarm, history_of
from pileus.services.cloudwatch.errors import ResourceNotFound, ValidationError
from pileus.services.cloudwatch.limits import DESCRIBED_MAX, HISTORY_MAX
from pileus.services.cloudwatch.model import Scope, StatQuery, dimensions_of, scope_of
from pileus.services.cloudwatch.operations.base import CloudWatchBase
from pileus.services.cloudwatch.paging import read_number, read_token, write_token
from pileus.services.cloudwatch.shapes import (
    CompositeAlarm,
    DescribeAlarmHistoryInput,
    DescribeAlarmHistoryOutput,
    DescribeAlarmsForMetricInput,
    DescribeAlarmsForMetricOutput,
    DescribeAlarmsInput,
    DescribeAlarmsOutput,
    MetricAlarm,
)


class AlarmDescriptions(CloudWatchBase):
    """Operations that only read alarms."""

    async def describe_alarms(self, context: RequestContext, request: DescribeAlarmsInput) -> DescribeAlarmsOutput:
        scope = scope_of(context)
        if request.alarm_names and request.alarm_name_prefix is not None:
            raise ValidationError("AlarmNames and AlarmNamePrefix must not be specified together.")
        if request.children_of_alarm_name is not None or request.parents_of_alarm_name is not None:
            return await self._relatives(scope, request)
        types: Sequence[str] = request.alarm_types or ("MetricAlarm",)  # API_DescribeAlarms, AlarmTypes
        named = set(request.alarm_names or ())
        beyond = read_token(request.next_token) if request.next_token else ""
        found = [
            alarm
            for alarm in await alarms_of(self._store.snapshot(), scope, prefix=request.alarm_name_prefix or "")
            if alarm.kind in types
            and alarm.name > beyond
            and (not named or alarm.name in named)
            and request.state_value in (None, alarm.state.value)
            and (request.action_prefix is None or _has_action(alarm, request.action_prefix))
        ]
        most = request.max_records or (max(DESCRIBED_MAX, len(named)))
        page = found[:most]
        return DescribeAlarmsOutput(
            metric_alarms=[metric_alarm(scope, alarm) for alarm in page if alarm.rule is None],
            composite_alarms=[composite_alarm(scope, alarm) for alarm in page if alarm.rule is not None],
            log_alarms=[],
            next_token=write_token(page[-1].name) if len(found) > most else None,
        )

    async def _relatives(self, scope: Scope, request: DescribeAlarmsInput) -> DescribeAlarmsOutput:
        """Those that a composite alarm looks at, or those that look at an alarm; AWS tells less of them."""
        reader = self._store.snapshot()
        name = request.children_of_alarm_name or request.parents_of_alarm_name or ""
        if await find_alarm(reader, scope, name) is None:
            raise ResourceNotFound
        alarms = await alarms_of(reader, scope)
        if request.children_of_alarm_name is not None:
            [parent] = [alarm for alarm in alarms if alarm.name == name]
            names = rule_of(parent.rule).alarms if parent.rule is not None else ()
            children = [alarm for alarm in alarms if alarm.name in names]
            return DescribeAlarmsOutput(
                metric_alarms=[_metric_child(scope, alarm) for alarm in children if alarm.rule is None],
                composite_alarms=[_composite_child(scope, alarm) for alarm in children if alarm.rule is not None],
                log_alarms=[],
            )
        parents = [alarm for alarm in alarms if alarm.rule is not None and name in rule_of(alarm.rule).alarms]
        return DescribeAlarmsOutput(
            metric_alarms=[],
            composite_alarms=[
                CompositeAlarm(alarm_name=alarm.name, alarm_arn=scope.alarm_arn(alarm.name)) for alarm in parents
            ],
            log_alarms=[],
        )

    async def describe_alarms_for_metric(
        self, context: RequestContext, request: DescribeAlarmsForMetricInput
    ) -> DescribeAlarmsForMetricOutput:
        scope = scope_of(context)
        asked = request.statistic or request.extended_statistic
        dimensions = dimensions_of(request.dimensions)

        def meant(stat: StatQuery) -> bool:
            return (
                (stat.namespace, stat.name, stat.dimensions) == (request.namespace, request.metric_name, dimensions)
                and asked in (None, stat.stat)
                and request.period in (None, stat.period_s)
                and request.unit in (None, stat.unit)
            )

        found = [
            alarm
            for alarm in await alarms_of(self._store.snapshot(), scope)
            if alarm.condition is not None and any(meant(stat) for stat in _stats(alarm))
        ]
        return DescribeAlarmsForMetricOutput(metric_alarms=[metric_alarm(scope, alarm) for alarm in found])

    async def describe_alarm_history(
        self, context: RequestContext, request: DescribeAlarmHistoryInput
    ) -> DescribeAlarmHistoryOutput:
        types: Sequence[str] = request.alarm_types or ("MetricAlarm",)
        start_s = request.start_date.timestamp() if request.start_date is not None else 0.0
        end_s = request.end_date.timestamp() if request.end_date is not None else float("inf")
        found = [
            item
            for item in await history_of(self._store.snapshot(), scope_of(context), request.alarm_name)
            if item.kind in types and request.history_item_type in (None, item.event) and start_s <= item.at_s <= end_s
        ]
        found.sort(key=lambda item: item.at_s)
        if request.scan_by != "TimestampAscending":
            found.reverse()
        passed, most = read_number(request.next_token), request.max_records or HISTORY_MAX
        return DescribeAlarmHistoryOutput(
            alarm_history_items=[history_item(item) for item in found[passed : passed + most]],
            next_token=write_token(str(passed + most)) if len(found) > passed + most else None,
        )


def _has_action(alarm: AlarmRecord, prefix: str) -> bool:
    actions = (*alarm.ok_actions, *alarm.alarm_actions, *alarm.insufficient_data_actions)
    return any(action.startswith(prefix) for action in actions)


def _stats(alarm: AlarmRecord) -> list[StatQuery]:
    """The metrics that an alarm looks at."""
    assert alarm.condition is not None
    stats = [alarm.condition.stat, *(query.stat for query in alarm.condition.queries)]
    return [stat for stat in stats if stat is not None]


def _metric_child(scope: Scope, alarm: AlarmRecord) -> MetricAlarm:
    whole = metric_alarm(scope, alarm)
    return MetricAlarm(
        alarm_name=whole.alarm_name,
        alarm_arn=whole.alarm_arn,
        state_value=whole.state_value,
        state_updated_timestamp=whole.state_updated_timestamp,
    )


def _composite_child(scope: Scope, alarm: AlarmRecord) -> CompositeAlarm:
    whole = composite_alarm(scope, alarm)
    return CompositeAlarm(
        alarm_name=whole.alarm_name,
        alarm_arn=whole.alarm_arn,
        state_value=whole.state_value,
        state_updated_timestamp=whole.state_updated_timestamp,
    )
