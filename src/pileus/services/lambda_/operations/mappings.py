"""Event source mappings: made, changed, shown, taken away."""

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.mappings import store as records
from pileus.services.lambda_.mappings.configuring import changed, check_source, check_starting_position, settings_of
from pileus.services.lambda_.mappings.describing import described
from pileus.services.lambda_.mappings.model import MappingRecord, State
from pileus.services.lambda_.mappings.poller import first_progress, put_lanes
from pileus.services.lambda_.mappings.queue_configuring import (
    BATCH_SIZE_DEFAULT,
    QUEUE_ACTIONS,
    QUEUES,
    check_queue_mapping,
    may_not,
    no_such_queue,
    queue_settings_of,
)
from pileus.services.lambda_.mappings.queues import QueueGone
from pileus.services.lambda_.mappings.sources import SourceGone
from pileus.services.lambda_.names import LATEST, FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.operations.tags import check_tags
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.shapes import (
    CreateEventSourceMappingRequest,
    DeleteEventSourceMappingRequest,
    EventSourceMappingConfiguration,
    GetEventSourceMappingRequest,
    ListEventSourceMappingsRequest,
    ListEventSourceMappingsResponse,
    UpdateEventSourceMappingRequest,
)

MAPPINGS_PAGE_MAX = 100
"""API_ListEventSourceMappings: no more on a page, whatever MaxItems says."""

_STREAM_ACTIONS = {
    "dynamodb": ("dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"),
    "kinesis": ("kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords"),
}


class MappingOperations(LambdaBase):
    async def create_event_source_mapping(
        self, context: RequestContext, request: CreateEventSourceMappingRequest
    ) -> EventSourceMappingConfiguration:
        arn = check_source(request, built=frozenset({*self._sources, *self._queues}))
        check_tags(request.tags or {})
        function = _mapped(context, request.function_name)
        await self._role_of(self._store.snapshot(), function)
        mapping = MappingRecord(
            uuid=self._ids.uuid(),
            function=function,
            source_arn=arn,
            modified_at=self._clock.now(),
            tags=dict(request.tags or {}),
        )
        if mapping.service in self._queues:
            return await self._create_for_queue(context, mapping, request)
        mapping = changed(
            mapping,
            {
                "starting_position": check_starting_position(request, arn),
                "starting_timestamp": request.starting_position_timestamp,
                **settings_of(request),
            },
        )
        await self._check_stream(mapping)
        await self._check_failures(mapping)
        try:
            progress = await first_progress(self._sources[mapping.service], mapping)
        except SourceGone:
            raise InvalidParameterValueException(f"Stream not found: {arn}") from None

        async def create(tx: Transaction) -> None:
            await self._role_of(tx, function)
            await _check_single(tx, context, mapping)
            records.put_mapping(tx, mapping)
            for shard_id, first in progress.items():
                put_lanes(tx, mapping, shard_id, first)

        await self._store.run(create)
        return described(mapping, None, "Creating")

    async def _create_for_queue(
        self, context: RequestContext, mapping: MappingRecord, request: CreateEventSourceMappingRequest
    ) -> EventSourceMappingConfiguration:
        mapping = changed(mapping, {"batch_size": BATCH_SIZE_DEFAULT, **queue_settings_of(request)})
        await self._check_queue(mapping)

        async def create(tx: Transaction) -> None:
            await self._role_of(tx, mapping.function)
            await _check_single(tx, context, mapping)
            records.put_mapping(tx, mapping)

        await self._store.run(create)
        # Recording lambda_integration_sqs, test_fifo_message_group_parallelism: disabled at once.
        return described(mapping, None, "Creating" if mapping.enabled else "Disabled")

    async def get_event_source_mapping(
        self, context: RequestContext, request: GetEventSourceMappingRequest
    ) -> EventSourceMappingConfiguration:
        snapshot = self._store.snapshot()
        mapping = await _require(snapshot, context, request.uuid)
        return described(mapping, await records.get_status(snapshot, mapping.uuid))

    async def update_event_source_mapping(
        self, context: RequestContext, request: UpdateEventSourceMappingRequest
    ) -> EventSourceMappingConfiguration:
        known = await _require(self._store.snapshot(), context, request.uuid)
        queue = known.service in QUEUES
        settings = queue_settings_of(request) if queue else settings_of(request)
        if request.function_name is not None:
            settings["function"] = _mapped(context, request.function_name)
        if queue:
            await self._check_queue(changed(known, settings))
        elif request.function_name is not None:
            await self._check_stream(changed(known, settings))
        if {"function", "on_failure"} & settings.keys():
            await self._check_failures(changed(known, settings))

        async def update(tx: Transaction) -> tuple[MappingRecord, State]:
            before = await _require(tx, context, request.uuid)
            mapping = changed(before, {**settings, "modified_at": self._clock.now()})
            if "function" in settings:
                await self._role_of(tx, mapping.function)
                await _check_single(tx, context, mapping)
            records.put_mapping(tx, mapping)
            if mapping.enabled == before.enabled:
                return mapping, "Updating"
            return mapping, "Enabling" if mapping.enabled else "Disabling"

        mapping, state = await self._store.run(update)
        return described(mapping, await records.get_status(self._store.snapshot(), mapping.uuid), state)

    async def delete_event_source_mapping(
        self, context: RequestContext, request: DeleteEventSourceMappingRequest
    ) -> EventSourceMappingConfiguration:
        async def delete(tx: Transaction) -> EventSourceMappingConfiguration:
            mapping = await _require(tx, context, request.uuid)
            shown = described(mapping, await records.get_status(tx, mapping.uuid), "Deleting")
            records.delete_mapping(tx, mapping)
            return shown

        return await self._store.run(delete)

    async def list_event_source_mappings(
        self, context: RequestContext, request: ListEventSourceMappingsRequest
    ) -> ListEventSourceMappingsResponse:
        """The marker is the UUID of the last one."""
        function = None if request.function_name is None else function_name(context, request.function_name)
        limit = min(request.max_items or MAPPINGS_PAGE_MAX, MAPPINGS_PAGE_MAX)
        snapshot = self._store.snapshot()
        found = [
            mapping
            for mapping in await records.list_mappings(
                snapshot, account_id=context.account_id, region=context.region, after_uuid=request.marker
            )
            if (function is None or mapping.function.qualified_arn == function.qualified_arn)
            and (request.event_source_arn is None or mapping.source_arn == request.event_source_arn)
        ]
        shown = found[:limit]
        return ListEventSourceMappingsResponse(
            event_source_mappings=[
                described(mapping, await records.get_status(snapshot, mapping.uuid)) for mapping in shown
            ],
            next_marker=shown[-1].uuid if len(found) > limit else None,
        )

    async def run_mappings(self) -> None:
        """A duty: invoke functions with what appears in their sources."""
        await self._mapping_poller.run()

    async def _role_of(self, snapshot: Snapshot, function: FunctionName) -> str:
        """Recording lambda_api, test_event_source_mapping_exceptions."""
        try:
            return (await resolve(snapshot, function)).record.role
        except ResourceNotFoundException:
            raise InvalidParameterValueException("Function does not exist") from None

    async def _check_stream(self, mapping: MappingRecord) -> None:
        """That the function's role may read it. Source of the words: awslabs' and others' issues, since 2021."""
        if self._roles is None:
            return
        role = await self._role_of(self._store.snapshot(), mapping.function)
        for action in _STREAM_ACTIONS[mapping.service]:
            if not await self._roles.allowed(
                role_arn=role, action=action, resource=mapping.source_arn, region=mapping.function.region
            ):
                raise InvalidParameterValueException(
                    f"Cannot access stream {mapping.source_arn}. Please ensure the role can perform the GetRecords, "
                    "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
                )

    async def _check_failures(self, mapping: MappingRecord) -> None:
        """That the function's role may send failed batches where they are to go."""
        if mapping.on_failure:
            role = await self._role_of(self._store.snapshot(), mapping.function)
            region = mapping.function.region
            await self._destinations.check_failures(mapping.on_failure, role_arn=role, region=region)

    async def _check_queue(self, mapping: MappingRecord) -> None:
        """That the function's role may read it, and that it suits the mapping and the function."""
        try:
            record = (await resolve(self._store.snapshot(), mapping.function)).record
        except ResourceNotFoundException:
            raise InvalidParameterValueException("Function does not exist") from None
        for action in QUEUE_ACTIONS if self._roles is not None else ():
            assert self._roles is not None
            if not await self._roles.allowed(
                role_arn=record.role,
                action=f"sqs:{action}",
                resource=mapping.source_arn,
                region=mapping.function.region,
            ):
                raise may_not(action)
        try:
            facts = await self._queues[mapping.service].facts(mapping.source_arn)
        except QueueGone:
            raise no_such_queue() from None
        check_queue_mapping(mapping, facts, function_timeout_s=record.timeout_s)


def _mapped(context: RequestContext, name: str) -> FunctionName:
    """The function that a mapping is to have. Recording lambda_api, test_function_name_variations: `$LATEST` is dropped
    from a whole ARN, and kept elsewhere."""
    function = function_name(context, name)
    return function.qualified_by(None) if name.startswith("arn:") and function.qualifier == LATEST else function


async def _check_single(tx: Transaction, context: RequestContext, mapping: MappingRecord) -> None:
    """Or ResourceConflictException. Recordings lambda_api, test_event_source_mapping_*, and lambda_integration_sqs,
    test_duplicate_event_source_mappings."""
    function, arn = mapping.function, mapping.source_arn
    for other in await records.list_mappings(tx, account_id=context.account_id, region=context.region):
        if other.uuid == mapping.uuid or (other.source_arn, other.function) != (arn, function):
            continue
        what = (
            f'An event source mapping with SQS arn (" {arn} ") and function (" {function.name} ")'
            if mapping.service in QUEUES
            else f'The event source arn (" {arn} ") and function (" {function.name} ") provided mapping'
        )
        raise ResourceConflictException(
            f"{what} already exists. Please update or delete the existing mapping with UUID {other.uuid}"
        )


async def _require(snapshot: Snapshot, context: RequestContext, uuid: str) -> MappingRecord:
    mapping = await records.get_mapping(snapshot, account_id=context.account_id, region=context.region, uuid=uuid)
    if mapping is None:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return mapping
