"""PutRule, DescribeRule, ListRules, ListRuleNamesByTarget, EnableRule, DisableRule, DeleteRule."""

from datetime import UTC, datetime

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.events import shapes
from pileus.services.events.errors import LimitExceededException, ValidationException
from pileus.services.events.firing import emit_firing
from pileus.services.events.limits import PAGE, RULES_MAX
from pileus.services.events.model import RuleRecord
from pileus.services.events.names import DEFAULT
from pileus.services.events.operations.base import EventsBase, bus_here, check_passed
from pileus.services.events.paging import page_of, read_token
from pileus.services.events.patterns import pattern_of
from pileus.services.events.schedules import schedule_of
from pileus.services.events.store import (
    clear_rule,
    find_rule,
    get_bus,
    get_rule,
    list_rules,
    list_targets,
    put_rule,
    rules_by_target,
)
from pileus.services.events.tagging import merged_tags


class RuleOperations(EventsBase):
    async def put_rule(self, context: RequestContext, request: shapes.PutRuleRequest) -> shapes.PutRuleResponse:
        """What is not given of a rule that is there is not kept; its tags are (API_PutRule)."""
        bus = bus_here(context, request.event_bus_name)
        if request.state not in (None, "ENABLED", "DISABLED"):
            raise NotImplementedByPileus(f"rules that are {request.state} are not implemented")
        _check_asked(request, default=bus.name == DEFAULT)
        check_passed(context, request.role_arn)
        async with self._store.transaction() as tx:
            await get_bus(tx, bus)
            before = await find_rule(tx, bus, request.name)
            if before is None and len(await list_rules(tx, bus, limit=RULES_MAX)) >= RULES_MAX:
                raise LimitExceededException
            record = RuleRecord(
                bus=bus,
                name=request.name,
                created_by=context.account_id if before is None else before.created_by,
                pattern=request.event_pattern or "",
                schedule=request.schedule_expression or "",
                enabled=request.state != "DISABLED",
                description=request.description or "",
                role_arn=request.role_arn or "",
                tags=merged_tags({}, request.tags) if before is None else before.tags,
                serial=b"" if before is None else before.serial,
            )
            if before is None or (before.schedule, before.enabled) != (record.schedule, record.enabled):
                record = self._scheduled(tx, record)
            put_rule(tx, record, revision=self._revision())
        return shapes.PutRuleResponse(rule_arn=record.arn)

    async def enable_rule(self, context: RequestContext, request: shapes.EnableRuleRequest) -> None:
        await self._switch(context, request.event_bus_name, request.name, enabled=True)

    async def disable_rule(self, context: RequestContext, request: shapes.DisableRuleRequest) -> None:
        await self._switch(context, request.event_bus_name, request.name, enabled=False)

    async def delete_rule(self, context: RequestContext, request: shapes.DeleteRuleRequest) -> None:
        bus = bus_here(context, request.event_bus_name)
        async with self._store.transaction() as tx:
            record = await find_rule(tx, bus, request.name)
            if record is None:
                await get_bus(tx, bus)
                return
            if await list_targets(tx, bus, record.name, limit=1):
                raise ValidationException("Rule can't be deleted since it has targets.")
            clear_rule(tx, record, revision=self._revision())

    async def describe_rule(
        self, context: RequestContext, request: shapes.DescribeRuleRequest
    ) -> shapes.DescribeRuleResponse:
        record = await get_rule(self._store.snapshot(), bus_here(context, request.event_bus_name), request.name)
        return shapes.DescribeRuleResponse(
            name=record.name,
            arn=record.arn,
            event_pattern=record.pattern or None,
            schedule_expression=record.schedule or None,
            state="ENABLED" if record.enabled else "DISABLED",
            description=record.description or None,
            role_arn=record.role_arn or None,
            event_bus_name=record.bus.name,
            created_by=record.created_by,
        )

    async def list_rules(self, context: RequestContext, request: shapes.ListRulesRequest) -> shapes.ListRulesResponse:
        bus, snapshot = bus_here(context, request.event_bus_name), self._store.snapshot()
        await get_bus(snapshot, bus)
        found = await list_rules(
            snapshot,
            bus,
            prefix=request.name_prefix or "",
            beyond=read_token(request.next_token),
            limit=(request.limit or PAGE) + 1,
        )
        told, token = page_of(found, request.limit, lambda record: record.name)
        return shapes.ListRulesResponse(rules=[_rule_shape(record) for record in told], next_token=token)

    async def list_rule_names_by_target(
        self, context: RequestContext, request: shapes.ListRuleNamesByTargetRequest
    ) -> shapes.ListRuleNamesByTargetResponse:
        bus, snapshot = bus_here(context, request.event_bus_name), self._store.snapshot()
        await get_bus(snapshot, bus)
        beyond = read_token(request.next_token)
        names = await rules_by_target(snapshot, bus, request.target_arn)
        found = [name for name in names if beyond is None or name > beyond]
        told, token = page_of(found, request.limit, str)
        return shapes.ListRuleNamesByTargetResponse(rule_names=told, next_token=token)

    async def _switch(self, context: RequestContext, bus_name: str | None, name: str, *, enabled: bool) -> None:
        async with self._store.transaction() as tx:
            record = await get_rule(tx, bus_here(context, bus_name), name)
            if record.enabled != enabled:
                record = self._scheduled(tx, msgspec.structs.replace(record, enabled=enabled))
                put_rule(tx, record, revision=self._revision())

    def _scheduled(self, tx: Transaction, record: RuleRecord) -> RuleRecord:
        """With a serial of its own; what its schedule wrote down before counts no more."""
        record = msgspec.structs.replace(record, serial=self._revision())
        emit_firing(tx, record, after=datetime.fromtimestamp(self._clock.timestamp(), UTC))
        return record


def _check_asked(request: shapes.PutRuleRequest, *, default: bool) -> None:
    if not request.event_pattern and not request.schedule_expression:
        raise ValidationException("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if request.schedule_expression:
        if not default:
            raise ValidationException("ScheduleExpression is supported only on the default event bus.")
        schedule_of(request.schedule_expression)
    if request.event_pattern:
        pattern_of(request.event_pattern)


def _rule_shape(record: RuleRecord) -> shapes.Rule:
    return shapes.Rule(
        name=record.name,
        arn=record.arn,
        event_pattern=record.pattern or None,
        state="ENABLED" if record.enabled else "DISABLED",
        description=record.description or None,
        schedule_expression=record.schedule or None,
        role_arn=record.role_arn or None,
        event_bus_name=record.bus.name,
    )
