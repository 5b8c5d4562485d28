"""PutTargets, RemoveTargets, ListTargetsByRule."""

from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.events import shapes
from pileus.services.events.errors import LimitExceededException, ValidationException
from pileus.services.events.inputs import check_input
from pileus.services.events.limits import PAGE, TARGETS_MAX
from pileus.services.events.model import TargetRecord
from pileus.services.events.operations.base import EventsBase, bus_here, check_passed
from pileus.services.events.paging import page_of, read_token
from pileus.services.events.store import clear_target, get_rule, list_targets, put_target

_ABSENT: Final = (
    "kinesis_parameters",
    "run_command_parameters",
    "ecs_parameters",
    "batch_parameters",
    "http_parameters",
    "redshift_data_parameters",
    "sage_maker_pipeline_parameters",
    "app_sync_parameters",
)
"""Of targets that are not built."""


class TargetOperations(EventsBase):
    async def put_targets(
        self, context: RequestContext, request: shapes.PutTargetsRequest
    ) -> shapes.PutTargetsResponse:
        targets = {target.id: self._record(target) for target in request.targets}
        for given in request.targets:
            check_passed(context, given.role_arn)
        bus = bus_here(context, request.event_bus_name)
        async with self._store.transaction() as tx:
            rule = await get_rule(tx, bus, request.rule)
            there = {each.target_id for each in await list_targets(tx, bus, rule.name)}
            if len(there | targets.keys()) > TARGETS_MAX:
                raise LimitExceededException
            for target in targets.values():
                put_target(tx, bus, rule.name, target, revision=self._revision())
        return shapes.PutTargetsResponse(failed_entry_count=0, failed_entries=[])

    async def remove_targets(
        self, context: RequestContext, request: shapes.RemoveTargetsRequest
    ) -> shapes.RemoveTargetsResponse:
        bus = bus_here(context, request.event_bus_name)
        failed: list[shapes.RemoveTargetsResultEntry] = []
        async with self._store.transaction() as tx:
            rule = await get_rule(tx, bus, request.rule)
            there = {each.target_id for each in await list_targets(tx, bus, rule.name)}
            for target_id in request.ids:
                if target_id in there:
                    clear_target(tx, bus, rule.name, target_id, revision=self._revision())
                else:
                    failed.append(_not_there(rule.name, target_id))
        return shapes.RemoveTargetsResponse(failed_entry_count=len(failed), failed_entries=failed)

    async def list_targets_by_rule(
        self, context: RequestContext, request: shapes.ListTargetsByRuleRequest
    ) -> shapes.ListTargetsByRuleResponse:
        bus, snapshot = bus_here(context, request.event_bus_name), self._store.snapshot()
        rule = await get_rule(snapshot, bus, request.rule)
        beyond = read_token(request.next_token)
        found = await list_targets(snapshot, bus, rule.name, beyond=beyond, limit=(request.limit or PAGE) + 1)
        told, token = page_of(found, request.limit, lambda record: record.target_id)
        return shapes.ListTargetsByRuleResponse(targets=[_target_shape(record) for record in told], next_token=token)

    def _record(self, target: shapes.Target) -> TargetRecord:
        """ValidationException, NotImplementedByPileus."""
        transformer, retry, dead_letter = target.input_transformer, target.retry_policy, target.dead_letter_config
        record = TargetRecord(
            target_id=target.id,
            arn=target.arn,
            role_arn=target.role_arn or "",
            input=target.input,
            input_path=target.input_path,
            template=None if transformer is None else transformer.input_template,
            paths={} if transformer is None else dict(transformer.input_paths_map or {}),
            paths_given=transformer is not None and transformer.input_paths_map is not None,
            group_id=(target.sqs_parameters.message_group_id or "") if target.sqs_parameters is not None else "",
            dead_letter_arn=None if dead_letter is None else dead_letter.arn,
            retries=None if retry is None else retry.maximum_retry_attempts,
            age_s=None if retry is None else retry.maximum_event_age_in_seconds,
            retry_given=retry is not None,
        )
        self._check(target, record)
        return record

    def _check(self, target: shapes.Target, record: TargetRecord) -> None:
        _check_arn(record.arn)
        check_input(record)
        given = [name for name in _ABSENT if getattr(target, name) is not None]
        if given or not self._targets.knows(record.arn):
            raise NotImplementedByPileus(f"targets such as {record.arn} are not implemented")
        service, resource = record.arn.split(":", 5)[2], record.arn.split(":", 5)[5]
        if service == "sqs" and resource.endswith(".fifo") and not record.group_id:
            raise ValidationException(f"Parameter(s) SqsParameters must be specified for target: {record.target_id}.")
        if record.role_arn and service == "lambda":
            raise NotImplementedByPileus("functions that are invoked by a role are not implemented")
        if record.dead_letter_arn is not None and record.dead_letter_arn.split(":", 3)[2:3] != ["sqs"]:
            raise ValidationException(
                f"Parameter {record.dead_letter_arn} is not valid. Reason: Provided Arn is not in correct format."
            )


def _check_arn(arn: str) -> None:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[2] or not parts[5]:
        raise ValidationException(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")


def _not_there(rule: str, target_id: str) -> shapes.RemoveTargetsResultEntry:
    return shapes.RemoveTargetsResultEntry(
        target_id=target_id,
        error_code="ResourceNotFoundException",
        error_message=f"Rule '{rule}' does not have a target with the Id '{target_id}'.",
    )


def _target_shape(record: TargetRecord) -> shapes.Target:
    """As it was given."""
    transformer = None
    if record.template is not None:
        paths = record.paths if record.paths_given else None
        transformer = shapes.InputTransformer(input_paths_map=paths, input_template=record.template)
    retry = None
    if record.retry_given:
        retry = shapes.RetryPolicy(maximum_retry_attempts=record.retries, maximum_event_age_in_seconds=record.age_s)
    dead_letter_arn = record.dead_letter_arn
    return shapes.Target(
        id=record.target_id,
        arn=record.arn,
        role_arn=record.role_arn or None,
        input=record.input,
        input_path=record.input_path,
        input_transformer=transformer,
        sqs_parameters=shapes.SqsParameters(message_group_id=record.group_id) if record.group_id else None,
        dead_letter_config=None if dead_letter_arn is None else shapes.DeadLetterConfig(arn=dead_letter_arn),
        retry_policy=retry,
    )
