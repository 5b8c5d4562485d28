"""Provisioned concurrency: environments that versions and aliases are promised."""

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_ import promised, settings_store
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.errors import (
    FunctionNotFound,
    InvalidParameterValueException,
    ProvisionedConcurrencyConfigNotFoundException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.limits import (
    CONCURRENCY_MAX,
    LIST_ITEMS_MAX,
    UNRESERVED_CONCURRENCY_MIN,
)
from pileus.services.lambda_.model import last_modified
from pileus.services.lambda_.names import LATEST, FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.settings import ConcurrencyRecord, ProvisionedRecord
from pileus.services.lambda_.shapes import (
    DeleteProvisionedConcurrencyConfigRequest,
    GetProvisionedConcurrencyConfigRequest,
    GetProvisionedConcurrencyConfigResponse,
    ListProvisionedConcurrencyConfigsRequest,
    ListProvisionedConcurrencyConfigsResponse,
    ProvisionedConcurrencyConfigListItem,
    PutProvisionedConcurrencyConfigRequest,
    PutProvisionedConcurrencyConfigResponse,
)


class ProvisionedConcurrencyOperations(LambdaBase):
    async def put_provisioned_concurrency_config(
        self, context: RequestContext, request: PutProvisionedConcurrencyConfigRequest
    ) -> PutProvisionedConcurrencyConfigResponse:
        function = function_name(context, request.function_name, request.qualifier)
        if function.latest:
            raise InvalidParameterValueException(
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            )
        if self.provisioned_fleets is None:
            raise NotImplementedByPileus("Provisioned concurrency is not implemented")
        wanted = request.provisioned_concurrent_executions
        setting = ProvisionedRecord(requested=wanted, modified_at=self._clock.now())

        async def put(tx: Transaction) -> None:
            version = await _version(tx, function)
            await _check_no_snapshot(tx, function, version)
            await _check_one_config(tx, function, version)
            await _check_room(tx, function, wanted)
            settings_store.put_setting(tx, function, setting)

        await self._store.run(put)
        self._provisions_changed()
        return PutProvisionedConcurrencyConfigResponse(
            requested_provisioned_concurrent_executions=wanted,
            allocated_provisioned_concurrent_executions=0,
            available_provisioned_concurrent_executions=0,
            status="IN_PROGRESS",
            last_modified=last_modified(setting.modified_at),
        )

    async def get_provisioned_concurrency_config(
        self, context: RequestContext, request: GetProvisionedConcurrencyConfigRequest
    ) -> GetProvisionedConcurrencyConfigResponse:
        function = _publishable(function_name(context, request.function_name, request.qualifier))
        snapshot = self._store.snapshot()
        version = await _version(snapshot, function)
        setting = await settings_store.get_setting(snapshot, function, ProvisionedRecord)
        if setting is None:
            raise ProvisionedConcurrencyConfigNotFoundException(
                "No Provisioned Concurrency Config found for this function"
            )
        item = self._provisioned_item(function, version, setting)
        return GetProvisionedConcurrencyConfigResponse(
            requested_provisioned_concurrent_executions=item.requested_provisioned_concurrent_executions,
            allocated_provisioned_concurrent_executions=item.allocated_provisioned_concurrent_executions,
            available_provisioned_concurrent_executions=item.available_provisioned_concurrent_executions,
            status=item.status,
            status_reason=item.status_reason,
            last_modified=item.last_modified,
        )

    async def delete_provisioned_concurrency_config(
        self, context: RequestContext, request: DeleteProvisionedConcurrencyConfigRequest
    ) -> None:
        function = _publishable(function_name(context, request.function_name, request.qualifier))

        async def delete(tx: Transaction) -> None:
            await _version(tx, function)
            settings_store.delete_setting(tx, function, ProvisionedRecord)

        await self._store.run(delete)
        self._provisions_changed()

    async def list_provisioned_concurrency_configs(
        self, context: RequestContext, request: ListProvisionedConcurrencyConfigsRequest
    ) -> ListProvisionedConcurrencyConfigsResponse:
        """The marker is the qualifier of the last one."""
        function = function_name(context, request.function_name).qualified_by(None)
        await self._require(function)
        snapshot = self._store.snapshot()
        limit = request.max_items or LIST_ITEMS_MAX
        found = []
        for qualifier, setting in await settings_store.list_settings(snapshot, function, ProvisionedRecord):
            if qualifier > (request.marker or ""):
                named = function.qualified_by(qualifier)
                found.append((qualifier, self._provisioned_item(named, await _version(snapshot, named), setting)))
        return ListProvisionedConcurrencyConfigsResponse(
            provisioned_concurrency_configs=[item for _, item in found[:limit]],
            next_marker=found[limit - 1][0] if len(found) > limit else None,
        )

    def _provisioned_item(
        self, function: FunctionName, version: str, setting: ProvisionedRecord
    ) -> ProvisionedConcurrencyConfigListItem:
        assert self.provisioned_fleets is not None, "a config was made, so somebody keeps environments ready"
        so_far = self.provisioned_fleets.provisioned(f"{function.arn}:{version}")
        allocated = min(so_far.allocated, setting.requested)
        ready = allocated == setting.requested
        return ProvisionedConcurrencyConfigListItem(
            function_arn=function.qualified_arn,
            requested_provisioned_concurrent_executions=setting.requested,
            allocated_provisioned_concurrent_executions=allocated,
            available_provisioned_concurrent_executions=min(so_far.available, allocated),
            status="FAILED" if so_far.failure else "READY" if ready else "IN_PROGRESS",
            status_reason=so_far.failure or None,
            last_modified=last_modified(setting.modified_at),
        )


def _publishable(function: FunctionName) -> FunctionName:
    """Recording lambda_api, test_provisioned_concurrency_exceptions."""
    if function.latest:
        raise InvalidParameterValueException("The function resource provided must be an alias or a published version.")
    return function


async def _version(snapshot: Snapshot, function: FunctionName) -> str:
    """The version whose environments are meant; ResourceNotFoundException."""
    if function.alias is not None:
        alias = await records.get_alias(snapshot, function, function.alias)
        if alias is None:
            raise ResourceNotFoundException(f"Cannot find alias arn: {function.qualified_arn}")
        return alias.version
    number = function.version
    if number is None or await records.get_version(snapshot, function, number) is None:
        raise FunctionNotFound(function.qualified_arn)
    return str(number)


async def _check_no_snapshot(snapshot: Snapshot, function: FunctionName, version: str) -> None:
    """Source: Lambda Developer Guide, "Improving startup performance with Lambda SnapStart"; in our words."""
    published = await records.get_version(snapshot, function, int(version)) if version != LATEST else None
    if published is not None and published.function.snap_start:
        raise InvalidParameterValueException(
            "Provisioned Concurrency is not supported for functions that have SnapStart enabled."
        )


async def _check_one_config(snapshot: Snapshot, function: FunctionName, version: str) -> None:
    """A version is provisioned by itself or through one alias.

    Recording lambda_api, test_lambda_provisioned_lifecycle.
    """
    if version == LATEST:
        raise InvalidParameterValueException("Provisioned Concurrency Configs cannot be applied to alias of $LATEST.")
    for qualifier, _ in await settings_store.list_settings(snapshot, function, ProvisionedRecord):
        if qualifier == function.qualifier:
            continue
        if await _version(snapshot, function.qualified_by(qualifier)) != version:
            continue
        if function.alias is not None and qualifier.isdigit():
            raise ResourceConflictException(
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            )
        raise ResourceConflictException("Version is pointed by a Provisioned Concurrency alias")


async def _check_room(snapshot: Snapshot, function: FunctionName, wanted: int) -> None:
    """Recordings lambda_api, test_provisioned_concurrency_limits; lambda, test_reserved_provisioned_overlap."""
    total = wanted + await promised.provisioned(snapshot, function, but=function.qualifier)
    reserved = await settings_store.get_setting(snapshot, function.qualified_by(None), ConcurrencyRecord)
    if reserved is not None:
        if total > reserved.reserved:
            raise InvalidParameterValueException(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
                "function"
            )
        return
    unreserved = CONCURRENCY_MAX - await promised.reserved(snapshot, function)
    if total > unreserved:
        raise InvalidParameterValueException(
            f"Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
            f"[{unreserved}]."
        )
    if unreserved - total < UNRESERVED_CONCURRENCY_MIN:
        raise InvalidParameterValueException(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
            f"minimum value of [{UNRESERVED_CONCURRENCY_MIN}]."
        )
