"""UpdateTimeToLive, DescribeTimeToLive.

Source: API_UpdateTimeToLive; what AWS answered, in the lab notes of ack-api-quirks (2026-10), DDB-TABLE-115, -118,
-143, -144. What expires is deleted by `expiring.py`.
"""

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb import table_work
from pileus.services.dynamodb.errors import ValidationException, in_use
from pileus.services.dynamodb.limits import TTL_CHANGE_PAUSE_S
from pileus.services.dynamodb.operations.base import DynamoDbBase
from pileus.services.dynamodb.shapes import (
    DescribeTimeToLiveInput,
    DescribeTimeToLiveOutput,
    TimeToLiveDescription,
    TimeToLiveSpecification,
    UpdateTimeToLiveInput,
    UpdateTimeToLiveOutput,
)
from pileus.services.dynamodb.store import write_table
from pileus.services.dynamodb.table_records import TtlSetting
from pileus.services.dynamodb.tables.states import state_of


class TimeToLiveOperations(DynamoDbBase):
    async def update_time_to_live(
        self, context: RequestContext, request: UpdateTimeToLiveInput
    ) -> UpdateTimeToLiveOutput:
        wanted = request.time_to_live_specification
        now_s = self._clock.timestamp()

        async def update(tx: Transaction) -> None:
            table = await self._named(context, request.table_name, tx)
            match state_of(table.record, now_s):
                case "CREATING":
                    raise in_use(f"Table {table.name} is being created")
                case "DELETING":
                    raise in_use(f"Table is being deleted: {table.name}")
            if table.sealed:
                await self._keys.open(context, tx, table.place, table.sealed)
            _check(table.record.ttl, wanted, now_s=now_s)
            setting = TtlSetting(attribute=wanted.attribute_name, enabled=wanted.enabled, changed_at_s=now_s)
            write_table(tx, table.region, replace(table.record, ttl=setting))
            purpose: table_work.Purpose = "fill expiries" if wanted.enabled else "clear expiries"
            table_work.emit(tx, table_work.task_of(table, purpose, attribute=wanted.attribute_name))

        await self._store.run(update)
        return UpdateTimeToLiveOutput(time_to_live_specification=wanted)

    async def describe_time_to_live(
        self, context: RequestContext, request: DescribeTimeToLiveInput
    ) -> DescribeTimeToLiveOutput:
        table = await self._named(context, request.table_name, self._snapshot)
        now_s = self._clock.timestamp()
        state = state_of(table.record, now_s)
        if state in {"CREATING", "DELETING"}:
            raise ValidationException(
                f"Cannot describe time to live while table is in {state} state: Current table state is {state}"
            )
        return DescribeTimeToLiveOutput(time_to_live_description=self._described(table.record.ttl, now_s))

    def _described(self, setting: TtlSetting | None, now_s: float) -> TimeToLiveDescription:
        if setting is None:
            return TimeToLiveDescription(time_to_live_status="DISABLED")
        settles = now_s < setting.changed_at_s + self._changes_take_s
        if setting.enabled:
            return TimeToLiveDescription(
                time_to_live_status="ENABLING" if settles else "ENABLED", attribute_name=setting.attribute
            )
        if settles:
            return TimeToLiveDescription(time_to_live_status="DISABLING", attribute_name=setting.attribute)
        return TimeToLiveDescription(time_to_live_status="DISABLED")


def _check(setting: TtlSetting | None, wanted: TimeToLiveSpecification, *, now_s: float) -> None:
    enabled = setting is not None and setting.enabled
    if setting is not None and enabled and setting.attribute != wanted.attribute_name:
        raise ValidationException(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {setting.attribute}"
        )
    if enabled == wanted.enabled:
        raise ValidationException(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")
    if setting is not None and now_s < setting.changed_at_s + TTL_CHANGE_PAUSE_S:
        raise ValidationException("Time to live has been modified multiple times within a fixed interval")
