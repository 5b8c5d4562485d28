"""AddPermission, RemovePermission, GetPolicy."""

from collections.abc import Callable

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.model import AliasRecord, FunctionRecord, StatementRecord, VersionRecord
from pileus.services.lambda_.names import LATEST, FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase, check_same_revision
from pileus.services.lambda_.policy import check_length, policy_text, statement_document, statement_of, statements_of
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.shapes import (
    AddPermissionRequest,
    AddPermissionResponse,
    DeleteResourcePolicyRequest,
    GetPolicyRequest,
    GetPolicyResponse,
    GetResourcePolicyRequest,
    GetResourcePolicyResponse,
    PutResourcePolicyRequest,
    PutResourcePolicyResponse,
    RemovePermissionRequest,
)


class PolicyOperations(LambdaBase):
    async def add_permission(self, context: RequestContext, request: AddPermissionRequest) -> AddPermissionResponse:
        function = function_name(context, request.function_name, request.qualifier)
        statement = statement_of(request)

        def add(policy: list[StatementRecord]) -> list[StatementRecord]:
            if any(present.sid == statement.sid for present in policy):
                raise ResourceConflictException(
                    f"The statement id ({statement.sid}) provided already exists. Please provide a new statement id, "
                    "or remove the existing statement."
                )
            longer = [*policy, statement]
            check_length(longer, function.policy_arn)
            return longer

        await self._change_policy(function, add, revision_id=request.revision_id)
        return AddPermissionResponse(
            statement=msgspec.json.encode(statement_document(statement, function.policy_arn)).decode()
        )

    async def get_policy(self, context: RequestContext, request: GetPolicyRequest) -> GetPolicyResponse:
        function = function_name(context, request.function_name, request.qualifier)
        try:
            holder = await _holder(self._store.snapshot(), function)
        except ServiceError:
            holder = None
        if holder is None or not holder.policy:
            raise ResourceNotFoundException("The resource you requested does not exist.")
        return GetPolicyResponse(policy=policy_text(holder.policy, function.policy_arn), revision_id=_revision(holder))

    async def remove_permission(self, context: RequestContext, request: RemovePermissionRequest) -> None:
        function = function_name(context, request.function_name, request.qualifier)
        if await records.get_function(self._store.snapshot(), function) is None:
            raise ResourceNotFoundException(f"No policy found for: {function.arn}")

        def remove(policy: list[StatementRecord]) -> list[StatementRecord]:
            if not policy:
                raise ResourceNotFoundException("No policy is associated with the given resource.")
            shorter = [present for present in policy if present.sid != request.statement_id]
            if len(shorter) == len(policy):
                raise ResourceNotFoundException(f"Statement {request.statement_id} is not found in resource policy.")
            return shorter

        await self._change_policy(function, remove, revision_id=request.revision_id)

    async def put_resource_policy(
        self, context: RequestContext, request: PutResourcePolicyRequest
    ) -> PutResourcePolicyResponse:
        """Replaces what AddPermission and this operation have put there."""
        function = _function_of(context, request.resource_arn)
        statements = statements_of(request.policy)
        check_length(statements, function.policy_arn)
        await self._change_policy(function, lambda policy: statements, revision_id=request.revision_id)
        held = await _holder(self._store.snapshot(), function)
        return PutResourcePolicyResponse(
            policy=policy_text(statements, function.policy_arn), revision_id=_revision(held)
        )

    async def get_resource_policy(
        self, context: RequestContext, request: GetResourcePolicyRequest
    ) -> GetResourcePolicyResponse:
        function = _function_of(context, request.resource_arn)
        held = await _holder(self._store.snapshot(), function)
        if not held.policy:
            raise ResourceNotFoundException("The resource you requested does not exist.")
        return GetResourcePolicyResponse(
            policy=policy_text(held.policy, function.policy_arn), revision_id=_revision(held)
        )

    async def delete_resource_policy(self, context: RequestContext, request: DeleteResourcePolicyRequest) -> None:
        function = _function_of(context, request.resource_arn)

        def delete(policy: list[StatementRecord]) -> list[StatementRecord]:
            if not policy:
                raise ResourceNotFoundException("No policy is associated with the given resource.")
            return []

        await self._change_policy(function, delete, revision_id=request.revision_id)

    async def _change_policy(
        self,
        function: FunctionName,
        change: Callable[[list[StatementRecord]], list[StatementRecord]],
        *,
        revision_id: str | None,
    ) -> None:
        """Replace the policy of a function, version or alias, if it is still as the caller knows it."""

        async def write(tx: Transaction) -> None:
            holder = await _holder(tx, function)
            check_same_revision(_revision(holder), revision_id, "GetPolicy")
            changed = change(holder.policy)
            _put_policy(tx, function, holder, changed, revision_id=self._ids.uuid())

        await self._store.run(write)


def _function_of(context: RequestContext, arn: str) -> FunctionName:
    if ":function:" not in arn:
        raise NotImplementedByPileus("Resource policies of runtimes are not implemented")
    return function_name(context, arn)


_Holder = FunctionRecord | VersionRecord | AliasRecord


class _Held(msgspec.Struct, frozen=True):
    """A policy, and the record that it is kept in."""

    record: _Holder
    policy: list[StatementRecord]


def _revision(holder: _Held) -> str:
    """Of the policy; of what it would belong to, as long as there has been none.

    Recording lambda_api, test_lambda_permission_fn_versioning: publishing changes the revision of the function, and not
    that of its policy.
    """
    record = holder.record.function if isinstance(holder.record, VersionRecord) else holder.record
    return record.policy_revision_id or record.revision_id


async def _holder(snapshot: Snapshot, function: FunctionName) -> _Held:
    """What has the policy. Recording lambda_api, test_permission_exceptions."""
    if function.qualifier == LATEST:
        raise InvalidParameterValueException("We currently do not support adding policies for $LATEST.")
    if function.alias is not None:
        alias = await records.get_alias(snapshot, function, function.alias)
        if alias is None:
            raise ResourceNotFoundException(f"Cannot find alias arn: {function.qualified_arn}")
        return _Held(alias, alias.policy)
    target = await resolve(snapshot, function)
    return _Held(target.published or target.record, target.record.policy)


def _put_policy(
    tx: Transaction, function: FunctionName, holder: _Held, policy: list[StatementRecord], *, revision_id: str
) -> None:
    changes = {"policy": policy, "policy_revision_id": revision_id}
    match holder.record:
        case FunctionRecord() as record:
            records.put_function(tx, function, msgspec.structs.replace(record, **changes))
        case AliasRecord() as alias:
            records.put_alias(tx, function, msgspec.structs.replace(alias, **changes))
        case VersionRecord() as version:
            of_version = msgspec.structs.replace(version.function, **changes)
            records.put_version(tx, function, msgspec.structs.replace(version, function=of_version))
