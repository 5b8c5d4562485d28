"""What happens when an alarm's state changes?

In one transaction: the state is kept, history and event bus are told, and each action is written down for the outbox;
then the composite alarms that look at this one are asked again, and those that look at them. A composite alarm changes
once in all that, so that alarms that look at each other come to an end.
"""

from datetime import UTC, datetime
from typing import Final

import msgspec

from pileus.kernel.ids import Ids
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event, Snapshot, Transaction
from pileus.services.cloudwatch.alarms.evaluating import moment
from pileus.services.cloudwatch.alarms.events import AlarmEvents
from pileus.services.cloudwatch.alarms.messages import (
    function_event,
    history_state,
    topic_message,
    topic_subject,
)
from pileus.services.cloudwatch.alarms.records import AlarmRecord, HistoryRecord, State, StateValue
from pileus.services.cloudwatch.alarms.rules import rule_of
from pileus.services.cloudwatch.alarms.store import add_history, composites_of, find_alarm, put_alarm
from pileus.services.cloudwatch.model import Scope

TOPIC: Final = "cloudwatch.actions"
"""Of the outbox."""
_DATA_MAX: Final = 4_095
"""Characters. Source: API_AlarmHistoryItem."""


class ActionRecord(msgspec.Struct, frozen=True, kw_only=True, tag="cloudwatch_action.v1"):
    """One action that is to be taken, and what it brings. updated_s: when the state changed."""

    scope: Scope
    alarm: str
    composite: bool
    action: str
    updated_s: float
    event: bytes
    subject: str
    message: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How an alarm stands now. data: as `StateReasonData`."""

    value: StateValue
    reason: str
    data: str | None = None


class Transitions:
    """Changes alarms, in somebody's transaction."""

    def __init__(self, tx: Transaction, scope: Scope, *, now_s: float, ids: Ids, events: AlarmEvents) -> None:
        self._tx = tx
        self._scope = scope
        self._now_s = now_s
        self._ids = ids
        self._events = events

    async def change(self, alarm: AlarmRecord, change: Change) -> None:
        """Give it that state; where it is in it already, only the reason is new."""
        changed = await self._change(alarm, change)
        if changed.state.value != alarm.state.value:
            await self._tell_composites(changed, told={alarm.name})

    async def judge(self, alarm: AlarmRecord) -> None:
        """Ask a composite alarm that is new, or has a new rule."""
        value = await self._judged(alarm)
        if value != alarm.state.value:
            arn = self._scope.alarm_arn(alarm.name)
            reason = f"{arn} was created and its alarm rule evaluates to {value}"
            await self.change(alarm, Change(value=value, reason=reason))

    async def _change(self, alarm: AlarmRecord, change: Change) -> AlarmRecord:
        same = change.value == alarm.state.value
        state = State(
            value=change.value,
            reason=change.reason,
            data=change.data,
            updated_s=self._now_s,
            transitioned_s=alarm.state.transitioned_s if same else self._now_s,
        )
        changed = msgspec.structs.replace(alarm, state=state)
        put_alarm(self._tx, self._scope, changed)
        if not same:
            await self._note(changed, alarm.state)
            await self._events.changed(self._tx, self._scope, changed, alarm.state)
            if changed.actions_enabled:
                self._act(changed, alarm.state)
        return changed

    async def _note(self, alarm: AlarmRecord, previous: State) -> None:
        data = {"version": "1.0", "oldState": history_state(previous), "newState": history_state(alarm.state)}
        await add_history(
            self._tx,
            self._scope,
            HistoryRecord(
                alarm=alarm.name,
                kind=alarm.kind,
                at_s=self._now_s,
                event="StateUpdate",
                summary=f"Alarm updated from {previous.value} to {alarm.state.value}",
                data=bounded(data),
            ),
        )

    def _act(self, alarm: AlarmRecord, previous: State) -> None:
        for action in alarm.actions(alarm.state.value):
            record = ActionRecord(
                scope=self._scope,
                alarm=alarm.name,
                composite=alarm.rule is not None,
                action=action,
                updated_s=alarm.state.updated_s,
                event=function_event(self._scope, alarm, previous, metric_id=self._ids.uuid()),
                subject=topic_subject(self._scope, alarm),
                message=topic_message(self._scope, alarm, previous),
            )
            self._tx.emit(Event(topic=TOPIC, payload=encode(record), group=self._scope.alarm_arn(alarm.name)))

    async def _tell_composites(self, cause: AlarmRecord, *, told: set[str]) -> None:
        for composite in await composites_of(self._tx, self._scope):
            if composite.name in told or composite.rule is None:
                continue
            if cause.name not in rule_of(composite.rule).alarms:
                continue
            value = await self._judged(composite)
            if value == composite.state.value:
                continue
            told.add(composite.name)
            changed = await self._change(composite, self._because_of(cause, value))
            await self._tell_composites(changed, told=told)

    def _because_of(self, cause: AlarmRecord, value: StateValue) -> Change:
        arn = self._scope.alarm_arn(cause.name)
        at = datetime.fromtimestamp(cause.state.updated_s, UTC)
        data = {
            "triggeringAlarms": [
                {"arn": arn, "state": {"value": cause.state.value, "timestamp": moment(cause.state.updated_s)}}
            ]
        }
        return Change(
            value=value,
            reason=f"{arn} transitioned to {cause.state.value} at {at:%A %d %B, %Y %H:%M:%S} UTC",
            data=msgspec.json.encode(data).decode(),
        )

    async def _judged(self, composite: AlarmRecord) -> StateValue:
        assert composite.rule is not None
        rule = rule_of(composite.rule)
        states = await states_of(self._tx, self._scope, rule.alarms)
        return "ALARM" if rule.holds(lambda name: states.get(name, "INSUFFICIENT_DATA")) else "OK"


async def states_of(reader: Snapshot, scope: Scope, names: tuple[str, ...]) -> dict[str, StateValue]:
    """How alarms stand; those that are not there are not among them."""
    found = [await find_alarm(reader, scope, name) for name in names]
    return {alarm.name: alarm.state.value for alarm in found if alarm is not None}


def bounded(data: object) -> str:
    """As JSON that fits into `HistoryData`."""
    text = msgspec.json.encode(data).decode()
    return text if len(text) <= _DATA_MAX else text[:_DATA_MAX]
