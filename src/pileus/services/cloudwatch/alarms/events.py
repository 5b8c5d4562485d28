"""What does an alarm tell the default event bus of its account?

Every change of its state and of its configuration, whether its actions are enabled or not, in the transaction that
makes the change.

Source: CloudWatch User Guide, "Alarm events and EventBridge", with an example of each event.
"""

from typing import Final, Literal

import msgspec

from pileus.kernel.event_bus import EventBus
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Transaction
from pileus.services.cloudwatch.alarms.evaluating import moment
from pileus.services.cloudwatch.alarms.messages import state_told, watched
from pileus.services.cloudwatch.alarms.records import INITIAL_REASON, AlarmRecord, State
from pileus.services.cloudwatch.model import Scope

_SOURCE: Final = "aws.cloudwatch"
Operation = Literal["create", "update", "delete"]


class AlarmEvents:
    """Tells the bus. bus: None where there are no event buses, and then nobody is told."""

    def __init__(self, bus: EventBus | None, ids: Ids) -> None:
        self._bus = bus
        self._ids = ids

    async def changed(self, tx: Transaction, scope: Scope, alarm: AlarmRecord, previous: State) -> None:
        """That it has another state."""
        detail = {
            "alarmName": alarm.name,
            "configuration": watched(alarm, metric_id=self._ids.uuid()),
            "previousState": state_told(previous),
            "state": state_told(alarm.state),
        }
        await self._put(tx, scope, alarm, "CloudWatch Alarm State Change", detail, at_s=alarm.state.updated_s)

    async def configured(
        self,
        tx: Transaction,
        scope: Scope,
        alarm: AlarmRecord,
        operation: Operation,
        *,
        at_s: float,
        previous: AlarmRecord | None = None,
    ) -> None:
        """That it was made, changed or deleted. previous: what it was before it was changed."""
        detail: dict[str, object] = {"alarmName": alarm.name, "operation": operation, "state": _state(alarm.state)}
        detail["configuration"] = self._configuration(alarm)
        if previous is not None:
            detail["previousConfiguration"] = self._configuration(previous)
        await self._put(tx, scope, alarm, "CloudWatch Alarm Configuration Change", detail, at_s=at_s)

    async def _put(
        self, tx: Transaction, scope: Scope, alarm: AlarmRecord, detail_type: str, detail: object, *, at_s: float
    ) -> None:
        if self._bus is None:
            return
        await self._bus.put(
            tx,
            account_id=scope.account_id,
            region=scope.region,
            source=_SOURCE,
            detail_type=detail_type,
            detail=msgspec.json.encode(detail).decode(),
            resources=(scope.alarm_arn(alarm.name),),
            at_s=at_s,
        )

    def _configuration(self, alarm: AlarmRecord) -> dict[str, object]:
        """All of it: what nobody said is absent, lists of actions are there when empty."""
        told = watched(alarm, metric_id=self._ids.uuid())
        if alarm.condition is not None:
            condition = alarm.condition
            said = {
                "evaluationPeriods": condition.periods,
                "datapointsToAlarm": condition.needed,
                "threshold": condition.threshold,
                "comparisonOperator": condition.comparison,
                "treatMissingData": condition.missing,
                "evaluateLowSampleCountPercentile": condition.low_samples,
            }
            told |= {name: value for name, value in said.items() if value is not None}
        return told | {
            "alarmName": alarm.name,
            "actionsEnabled": alarm.actions_enabled,
            "timestamp": moment(alarm.configured_s),
            "okActions": alarm.ok_actions,
            "alarmActions": alarm.alarm_actions,
            "insufficientDataActions": alarm.insufficient_data_actions,
        }


def _state(state: State) -> dict[str, object]:
    """The one that an alarm is born with has no reason yet, in the guide's examples."""
    told = state_told(state)
    if state.reason == INITIAL_REASON:
        del told["reason"]
    return told
