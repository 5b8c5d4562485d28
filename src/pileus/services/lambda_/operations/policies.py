"""AddPermission, RemovePermission, GetPolicy."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.errors import (
    FunctionNotFound,
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.model import FunctionRecord
from pileus.services.lambda_.names import LATEST, FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.policy import check_length, policy_text, statement_document, statement_of
from pileus.services.lambda_.shapes import (
    AddPermissionRequest,
    AddPermissionResponse,
    GetPolicyRequest,
    GetPolicyResponse,
    RemovePermissionRequest,
)


class PolicyOperations(LambdaBase):
    async def add_permission(self, context: RequestContext, request: AddPermissionRequest) -> AddPermissionResponse:
        function = _without_policies_of_versions(function_name(context, request.function_name, request.qualifier))
        statement = statement_of(request)

        def add(record: FunctionRecord) -> FunctionRecord:
            if any(present.sid == statement.sid for present in record.policy):
                raise ResourceConflictException(
                    f"The statement id ({statement.sid}) provided already exists. Please provide a new statement id, "
                    "or remove the existing statement."
                )
            policy = [*record.policy, statement]
            check_length(policy, function)
            return msgspec.structs.replace(record, policy=policy, revision_id=self._ids.uuid())

        await self._change(function, add, revision_id=request.revision_id, revision_from="GetPolicy")
        return AddPermissionResponse(statement=msgspec.json.encode(statement_document(statement, function)).decode())

    async def get_policy(self, context: RequestContext, request: GetPolicyRequest) -> GetPolicyResponse:
        function = function_name(context, request.function_name, request.qualifier)
        record = await records.get_function(self._store.snapshot(), function)
        if record is None or not record.policy or function.qualifier is not None:
            raise ResourceNotFoundException("The resource you requested does not exist.")
        return GetPolicyResponse(policy=policy_text(record.policy, function), revision_id=record.revision_id)

    async def remove_permission(self, context: RequestContext, request: RemovePermissionRequest) -> None:
        function = _without_policies_of_versions(function_name(context, request.function_name, request.qualifier))
        if await records.get_function(self._store.snapshot(), function) is None:
            raise ResourceNotFoundException(f"No policy found for: {function.arn}")

        def remove(record: FunctionRecord) -> FunctionRecord:
            if not record.policy:
                raise ResourceNotFoundException("No policy is associated with the given resource.")
            policy = [present for present in record.policy if present.sid != request.statement_id]
            if len(policy) == len(record.policy):
                raise ResourceNotFoundException(f"Statement {request.statement_id} is not found in resource policy.")
            return msgspec.structs.replace(record, policy=policy, revision_id=self._ids.uuid())

        await self._change(function, remove, revision_id=request.revision_id, revision_from="GetPolicy")


def _without_policies_of_versions(function: FunctionName) -> FunctionName:
    """A function that may have a policy. Recording lambda_api, test_permission_exceptions."""
    qualifier = function.qualifier
    if qualifier is None:
        return function
    if qualifier == LATEST:
        raise InvalidParameterValueException("We currently do not support adding policies for $LATEST.")
    if qualifier.isdigit() or "$" in qualifier:
        raise FunctionNotFound(function.qualified_arn)
    raise ResourceNotFoundException(f"Cannot find alias arn: {function.qualified_arn}")
