"""How are alarms made, changed and deleted?"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.cloudwatch.alarms.checking import check_actions, condition_of
from pileus.services.cloudwatch.alarms.describing import configuration
from pileus.services.cloudwatch.alarms.events import Operation
from pileus.services.cloudwatch.alarms.records import INITIAL_REASON, AlarmRecord, HistoryRecord, State
from pileus.services.cloudwatch.alarms.rules import rule_of
from pileus.services.cloudwatch.alarms.store import (
    add_history,
    clear_alarm,
    composites_of,
    find_alarm,
    put_alarm,
)
from pileus.services.cloudwatch.alarms.transitions import Change, Transitions, bounded, states_of
from pileus.services.cloudwatch.errors import InvalidParameterValue, ResourceNotFound, ValidationError
from pileus.services.cloudwatch.limits import DELETED_MAX
from pileus.services.cloudwatch.model import Scope, scope_of
from pileus.services.cloudwatch.operations.base import CloudWatchBase
from pileus.services.cloudwatch.shapes import (
    DeleteAlarmsInput,
    DisableAlarmActionsInput,
    EnableAlarmActionsInput,
    PutCompositeAlarmInput,
    PutMetricAlarmInput,
    SetAlarmStateInput,
)
from pileus.services.cloudwatch.tagging import merged_tags

_What = Literal["Create", "Update", "Delete"]
_DONE: Final[Mapping[_What, tuple[str, Operation]]] = {
    "Create": ("created", "create"),
    "Update": ("updated", "update"),
    "Delete": ("deleted", "delete"),
}


class AlarmOperations(CloudWatchBase):
    """Operations that change alarms."""

    async def put_metric_alarm(self, context: RequestContext, request: PutMetricAlarmInput) -> None:
        check_actions(request)
        await self._put(scope_of(context), self._alarm(request, condition_of(request), rule=None))

    async def put_composite_alarm(self, context: RequestContext, request: PutCompositeAlarmInput) -> None:
        for name in ("actions_suppressor", "action_configuration"):
            if getattr(request, name) is not None:
                raise NotImplementedByPileus("Suppressing actions of composite alarms is not implemented")
        check_actions(request)
        rule_of(request.alarm_rule)
        await self._put(scope_of(context), self._alarm(request, None, rule=request.alarm_rule))

    async def delete_alarms(self, context: RequestContext, request: DeleteAlarmsInput) -> None:
        """At most one composite alarm at once; names of alarms that are not there are no error (API_DeleteAlarms)."""
        scope, names = scope_of(context), list(dict.fromkeys(request.alarm_names))
        if len(names) > DELETED_MAX:
            raise InvalidParameterValue(f"The collection AlarmNames must not have a size greater than {DELETED_MAX}.")

        async def delete(tx: Transaction) -> None:
            found = [await find_alarm(tx, scope, name) for name in names]
            alarms = [alarm for alarm in found if alarm is not None]
            if sum(alarm.rule is not None for alarm in alarms) > 1:
                raise ValidationError("Only one composite alarm can be deleted at a time.")
            for composite in await composites_of(tx, scope):
                needed = set(rule_of(composite.rule or "").alarms) & set(names)
                if needed and composite.name not in names:
                    raise ValidationError(
                        f"Cannot delete {sorted(needed)[0]} as there are composite alarm(s) depending on it."
                    )
            for alarm in alarms:
                clear_alarm(tx, scope, alarm.name)
                await self._note(tx, scope, alarm, "Delete")

        await self._store.run(delete)

    async def enable_alarm_actions(self, context: RequestContext, request: EnableAlarmActionsInput) -> None:
        await self._switch(context, request.alarm_names, enabled=True)

    async def disable_alarm_actions(self, context: RequestContext, request: DisableAlarmActionsInput) -> None:
        await self._switch(context, request.alarm_names, enabled=False)

    async def set_alarm_state(self, context: RequestContext, request: SetAlarmStateInput) -> None:
        """Until the alarm is evaluated the next time."""
        if request.state_reason_data:
            try:
                msgspec.json.decode(request.state_reason_data)
            except (msgspec.DecodeError, RecursionError):
                raise InvalidParameterValue("The parameter StateReasonData is not valid JSON.") from None
        scope = scope_of(context)
        change = Change(value=request.state_value, reason=request.state_reason, data=request.state_reason_data or None)

        async def write(tx: Transaction) -> None:
            alarm = await self._get(tx, scope, request.alarm_name)
            await self._transitions(tx, scope).change(alarm, change)

        await self._store.run(write)

    # What they share

    def _alarm(
        self, request: PutMetricAlarmInput | PutCompositeAlarmInput, condition: object, *, rule: str | None
    ) -> AlarmRecord:
        """As it would be if it were new."""
        now_s = self._clock.timestamp()
        return AlarmRecord(
            name=request.alarm_name,
            state=State(value="INSUFFICIENT_DATA", reason=INITIAL_REASON, updated_s=now_s, transitioned_s=now_s),
            configured_s=now_s,
            condition=condition,  # type: ignore[arg-type]
            rule=rule,
            description=request.alarm_description,
            actions_enabled=request.actions_enabled is not False,
            ok_actions=tuple(request.ok_actions or ()),
            alarm_actions=tuple(request.alarm_actions or ()),
            insufficient_data_actions=tuple(request.insufficient_data_actions or ()),
            tags=merged_tags({}, request.tags or ()),
        )

    async def _put(self, scope: Scope, new: AlarmRecord) -> None:
        """One that is there keeps its state and its tags (API_PutMetricAlarm)."""

        async def put(tx: Transaction) -> None:
            old = await find_alarm(tx, scope, new.name)
            alarm = new
            if old is not None:
                if old.kind != new.kind:
                    raise ValidationError(f"An alarm of another type with the name {new.name} exists already.")
                alarm = msgspec.structs.replace(new, state=old.state, tags=old.tags)
            if alarm.rule is not None:
                await _check_children(tx, scope, alarm)
            put_alarm(tx, scope, alarm)
            await self._note(tx, scope, alarm, "Create" if old is None else "Update", previous=old)
            if alarm.rule is not None:
                await self._transitions(tx, scope).judge(alarm)

        await self._store.run(put)

    async def _switch(self, context: RequestContext, names: Sequence[str], *, enabled: bool) -> None:
        """Names of alarms that are not there are no error (API_DisableAlarmActions knows none)."""
        scope = scope_of(context)

        async def switch(tx: Transaction) -> None:
            for name in names:
                alarm = await find_alarm(tx, scope, name)
                if alarm is not None and alarm.actions_enabled != enabled:
                    changed = msgspec.structs.replace(
                        alarm, actions_enabled=enabled, configured_s=self._clock.timestamp()
                    )
                    put_alarm(tx, scope, changed)
                    await self._note(tx, scope, changed, "Update", previous=alarm)

        await self._store.run(switch)

    def _transitions(self, tx: Transaction, scope: Scope) -> Transitions:
        return Transitions(tx, scope, now_s=self._clock.timestamp(), ids=self._ids, events=self._events)

    async def _get(self, tx: Transaction, scope: Scope, name: str) -> AlarmRecord:
        alarm = await find_alarm(tx, scope, name)
        if alarm is None:
            raise ResourceNotFound
        return alarm

    async def _note(
        self, tx: Transaction, scope: Scope, alarm: AlarmRecord, what: _What, *, previous: AlarmRecord | None = None
    ) -> None:
        """In its history, and on the event bus."""
        done, operation = _DONE[what]
        now_s = self._clock.timestamp()
        await self._events.configured(tx, scope, alarm, operation, at_s=now_s, previous=previous)
        data = {"version": "1.0", "type": what, f"{done}Alarm": configuration(scope, alarm)}
        await add_history(
            tx,
            scope,
            HistoryRecord(
                alarm=alarm.name,
                kind=alarm.kind,
                at_s=now_s,
                event="ConfigurationUpdate",
                summary=f'Alarm "{alarm.name}" {done}'[:255],
                data=bounded(data),
            ),
        )


async def _check_children(tx: Transaction, scope: Scope, alarm: AlarmRecord) -> None:
    names = rule_of(alarm.rule or "").alarms
    known = await states_of(tx, scope, names)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValidationError(
            f"Could not save the composite alarm as alarms [{', '.join(unknown)}] in the alarm rule do not exist"
        )
