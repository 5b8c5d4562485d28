"""Aliases: names for versions, with a share for a second one."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_ import settings_store
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.describing import alias_described
from pileus.services.lambda_.errors import (
    FunctionNotFound,
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.limits import ALIASES_PAGE_MAX
from pileus.services.lambda_.model import AliasRecord
from pileus.services.lambda_.names import LATEST, FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase, check_revision
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.shapes import (
    AliasConfiguration,
    AliasRoutingConfiguration,
    CreateAliasRequest,
    DeleteAliasRequest,
    GetAliasRequest,
    ListAliasesRequest,
    ListAliasesResponse,
    UpdateAliasRequest,
)


class AliasOperations(LambdaBase):
    async def create_alias(self, context: RequestContext, request: CreateAliasRequest) -> AliasConfiguration:
        function = function_name(context, request.function_name).only_latest()
        alias = AliasRecord(
            name=request.name,
            version=request.function_version,
            description=request.description or "",
            revision_id=self._ids.uuid(),
            weights=_weights(request.routing_config),
        )
        _check_routing(alias)

        async def create(tx: Transaction) -> None:
            await _check_versions(tx, function, alias)
            if await records.get_alias(tx, function, alias.name) is not None:
                raise ResourceConflictException(f"Alias already exists: {function.arn}:{alias.name}")
            records.put_alias(tx, function, alias)

        await self._store.run(create)
        return alias_described(function, alias)

    async def delete_alias(self, context: RequestContext, request: DeleteAliasRequest) -> None:
        """One that is not there is gone already. Recording lambda_api, test_non_existent_alias_deletion."""
        function = function_name(context, request.function_name).only_latest()

        async def delete(tx: Transaction) -> None:
            await records.require_function(tx, function)
            records.delete_alias(tx, function, request.name)
            settings_store.forget_qualifier(tx, function.qualified_by(request.name))

        await self._store.run(delete)
        self._provisions_changed()

    async def get_alias(self, context: RequestContext, request: GetAliasRequest) -> AliasConfiguration:
        function = function_name(context, request.function_name).only_latest()
        alias = await records.get_alias(self._store.snapshot(), function, request.name)
        if alias is None:
            raise ResourceNotFoundException(f"Cannot find alias arn: {function.arn}:{request.name}")
        return alias_described(function, alias)

    async def list_aliases(self, context: RequestContext, request: ListAliasesRequest) -> ListAliasesResponse:
        function = function_name(context, request.function_name).only_latest()
        await self._require(function)
        limit = min(request.max_items or ALIASES_PAGE_MAX, ALIASES_PAGE_MAX)
        found = await records.list_aliases(self._store.snapshot(), function, after_name=request.marker)
        version = request.function_version
        fitting = [alias for alias in found if version is None or alias.points_at(version)]
        return ListAliasesResponse(
            aliases=[alias_described(function, alias) for alias in fitting[:limit]],
            next_marker=fitting[limit - 1].name if len(fitting) > limit else None,
        )

    async def update_alias(self, context: RequestContext, request: UpdateAliasRequest) -> AliasConfiguration:
        function = function_name(context, request.function_name).only_latest()

        async def update(tx: Transaction) -> AliasRecord:
            alias = await records.get_alias(tx, function, request.name)
            if alias is None:
                raise ResourceNotFoundException(f"Alias not found: {function.arn}:{request.name}")
            check_revision(alias, request.revision_id, "GetFunction/GetAlias")
            changed = msgspec.structs.replace(
                alias,
                version=request.function_version or alias.version,
                description=alias.description if request.description is None else request.description,
                weights=alias.weights if request.routing_config is None else _weights(request.routing_config),
                revision_id=self._ids.uuid(),
            )
            _check_routing(changed)
            await _check_versions(tx, function, changed)
            records.put_alias(tx, function, changed)
            return changed

        changed = await self._store.run(update)
        self._provisions_changed()
        return alias_described(function, changed)


def _weights(routing: AliasRoutingConfiguration | None) -> dict[str, float]:
    return {} if routing is None else dict(routing.additional_version_weights or {})


def _check_routing(alias: AliasRecord) -> None:
    """Recording lambda_api, test_notfound_and_invalid_routingconfigs."""
    if len(alias.weights) > 1:
        raise InvalidParameterValueException("Number of items in AdditionalVersionWeights cannot be greater than 1")
    if alias.weights and alias.version == LATEST:
        raise InvalidParameterValueException("$LATEST is not supported for an alias pointing to more than 1 version")
    if alias.version in alias.weights:
        raise InvalidParameterValueException(
            f"Invalid function version {alias.version}. Function version {alias.version} is already included in "
            "routing configuration."
        )


async def _check_versions(snapshot: Snapshot, function: FunctionName, alias: AliasRecord) -> None:
    """That all versions are there; FunctionNotFound."""
    for version in (alias.version, *alias.weights):
        named = function.qualified_by(version)
        if named.alias is not None:
            raise FunctionNotFound(named.qualified_arn)
        await resolve(snapshot, named)
