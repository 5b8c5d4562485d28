"""CreateEventBus, DeleteEventBus, DescribeEventBus, ListEventBuses, UpdateEventBus, PutPermission, RemovePermission."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.events import shapes
from pileus.services.events.errors import (
    LimitExceededException,
    ResourceAlreadyExistsException,
    ValidationException,
)
from pileus.services.events.limits import BUSES_MAX
from pileus.services.events.model import BusRecord
from pileus.services.events.names import DEFAULT, BusName
from pileus.services.events.operations.base import EventsBase, bus_here
from pileus.services.events.paging import page_of, read_token
from pileus.services.events.policies import PUT, checked_policy, with_permission, without_permission
from pileus.services.events.store import clear_bus, count_buses, find_bus, get_bus, list_buses, list_rules, put_bus
from pileus.services.events.tagging import merged_tags


class EventBusOperations(EventsBase):
    async def create_event_bus(
        self, context: RequestContext, request: shapes.CreateEventBusRequest
    ) -> shapes.CreateEventBusResponse:
        _check_built(request)
        if request.event_source_name is not None:
            raise NotImplementedByPileus("partner event sources are not implemented")
        if "/" in request.name:
            raise ValidationException("Event bus name must not contain '/'.")
        bus = bus_here(context, request.name)
        now_s = self._clock.timestamp()
        record = BusRecord(
            bus=bus,
            created_at_s=now_s,
            modified_at_s=now_s,
            description=request.description or "",
            dead_letter_arn=_dead_letter_arn(request.dead_letter_config),
            **_log_members(request.log_config),
            tags=merged_tags({}, request.tags),
        )
        async with self._store.transaction() as tx:
            if await find_bus(tx, bus) is not None:
                raise ResourceAlreadyExistsException(f"Event bus {bus.name} already exists.")
            if await count_buses(tx, bus) >= BUSES_MAX:
                raise LimitExceededException
            put_bus(tx, record)
        return shapes.CreateEventBusResponse(
            event_bus_arn=bus.arn,
            description=record.description or None,
            dead_letter_config=_dead_letter_shape(record),
            log_config=_log_shape(record),
        )

    async def update_event_bus(
        self, context: RequestContext, request: shapes.UpdateEventBusRequest
    ) -> shapes.UpdateEventBusResponse:
        _check_built(request)
        async with self._store.transaction() as tx:
            record = await get_bus(tx, bus_here(context, request.name))
            dead_letter = request.dead_letter_config
            record = msgspec.structs.replace(
                record,
                description=record.description if request.description is None else request.description,
                dead_letter_arn=record.dead_letter_arn if dead_letter is None else _dead_letter_arn(dead_letter),
                modified_at_s=self._clock.timestamp(),
                **_log_members(request.log_config),
            )
            put_bus(tx, record)
        return shapes.UpdateEventBusResponse(
            arn=record.bus.arn,
            name=record.bus.name,
            description=record.description or None,
            dead_letter_config=_dead_letter_shape(record),
            log_config=_log_shape(record),
        )

    async def delete_event_bus(self, context: RequestContext, request: shapes.DeleteEventBusRequest) -> None:
        """One that is not there is gone already: the model knows no error for it."""
        bus = bus_here(context, request.name)
        if bus.name == DEFAULT:
            raise ValidationException("Cannot delete event bus default.")
        async with self._store.transaction() as tx:
            if await list_rules(tx, bus, limit=1):
                raise ValidationException(f"Event bus {bus.name} can't be deleted since it has rules.")
            clear_bus(tx, bus)

    async def describe_event_bus(
        self, context: RequestContext, request: shapes.DescribeEventBusRequest
    ) -> shapes.DescribeEventBusResponse:
        record = await get_bus(self._store.snapshot(), bus_here(context, request.name))
        return shapes.DescribeEventBusResponse(
            name=record.bus.name,
            arn=record.bus.arn,
            description=record.description or None,
            dead_letter_config=_dead_letter_shape(record),
            policy=record.policy or None,
            log_config=_log_shape(record),
            creation_time=_moment(record.created_at_s),
            last_modified_time=_moment(record.modified_at_s),
        )

    async def list_event_buses(
        self, context: RequestContext, request: shapes.ListEventBusesRequest
    ) -> shapes.ListEventBusesResponse:
        found = await list_buses(
            self._store.snapshot(),
            bus_here(context, None),
            prefix=request.name_prefix or "",
            beyond=read_token(request.next_token),
        )
        told, token = page_of(found, request.limit, lambda record: record.bus.name)
        return shapes.ListEventBusesResponse(event_buses=[_bus_shape(record) for record in told], next_token=token)

    async def put_permission(self, context: RequestContext, request: shapes.PutPermissionRequest) -> None:
        bus = bus_here(context, request.event_bus_name)
        async with self._store.transaction() as tx:
            record = await get_bus(tx, bus)
            policy = _permitted(record.policy, bus, request)
            put_bus(tx, msgspec.structs.replace(record, policy=policy, modified_at_s=self._clock.timestamp()))

    async def remove_permission(self, context: RequestContext, request: shapes.RemovePermissionRequest) -> None:
        async with self._store.transaction() as tx:
            record = await get_bus(tx, bus_here(context, request.event_bus_name))
            policy = "" if request.remove_all_permissions else without_permission(record.policy, request.statement_id)
            put_bus(tx, msgspec.structs.replace(record, policy=policy, modified_at_s=self._clock.timestamp()))


def _permitted(policy: str, bus: BusName, request: shapes.PutPermissionRequest) -> str:
    """The policy as it is then."""
    statement = (request.action, request.principal, request.statement_id, request.condition)
    if request.policy is not None:
        if any(each is not None for each in statement):
            raise ValidationException("Policy cannot be combined with other parameters.")
        return checked_policy(request.policy)
    if request.action is None or request.principal is None or request.statement_id is None:
        raise ValidationException("Parameters Action, Principal and StatementId must be specified.")
    if request.action != PUT:
        raise ValidationException("Provided value in parameter 'action' is not supported.")
    given = request.condition
    if given is not None and (given.type, given.key.lower()) != ("StringEquals", "aws:principalorgid"):
        raise ValidationException("Provided value in parameter 'condition' is not supported.")
    return with_permission(
        policy,
        bus,
        label=request.statement_id,
        principal=request.principal,
        condition=None if given is None else (given.type, given.key, given.value),
    )


def _check_built(request: shapes.CreateEventBusRequest | shapes.UpdateEventBusRequest) -> None:
    if request.kms_key_identifier is not None:
        raise NotImplementedByPileus("event buses with a key of KMS are not implemented")
    if request.log_config is not None and request.log_config.level not in (None, "OFF"):
        raise NotImplementedByPileus("logs of event buses are not implemented")


def _dead_letter_arn(given: shapes.DeadLetterConfig | None) -> str:
    return "" if given is None or given.arn is None else given.arn


def _dead_letter_shape(record: BusRecord) -> shapes.DeadLetterConfig | None:
    return shapes.DeadLetterConfig(arn=record.dead_letter_arn) if record.dead_letter_arn else None


def _log_members(given: shapes.LogConfig | None) -> dict[str, Any]:
    return {} if given is None else {"log_level": "OFF", "log_detail": given.include_detail}


def _log_shape(record: BusRecord) -> shapes.LogConfig | None:
    if record.log_level is None:
        return None
    return shapes.LogConfig(level=record.log_level, include_detail=record.log_detail)


def _bus_shape(record: BusRecord) -> shapes.EventBus:
    return shapes.EventBus(
        name=record.bus.name,
        arn=record.bus.arn,
        description=record.description or None,
        policy=record.policy or None,
        creation_time=_moment(record.created_at_s),
        last_modified_time=_moment(record.modified_at_s),
    )


def _moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
