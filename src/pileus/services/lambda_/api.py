"""What does each operation of Lambda do?"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from pileus.kernel.auth.credentials import CredentialIssuer
from pileus.kernel.auth.sealing import SECRET_BYTES
from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.code import CodePackages
from pileus.services.lambda_.configuring import (
    Change,
    check_code,
    check_configuration,
    check_creation,
    check_name,
    created,
    recoded,
    reconfigured,
)
from pileus.services.lambda_.downloads import CodeDownloads
from pileus.services.lambda_.errors import (
    CrossAccountRole,
    FunctionNotFound,
    InvalidParameterValueException,
    PreconditionFailedException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.invoking import ROLE_REFUSED, Environments, Invoker, ServiceInvocation
from pileus.services.lambda_.limits import LIST_ITEMS_MAX
from pileus.services.lambda_.model import FunctionRecord, being_created, being_updated, described, listed
from pileus.services.lambda_.names import LATEST, FunctionName, account_of_role, function_name
from pileus.services.lambda_.policy import check_length, policy_text, statement_document, statement_of
from pileus.services.lambda_.shapes import (
    AddPermissionRequest,
    AddPermissionResponse,
    CreateFunctionRequest,
    DeleteFunctionRequest,
    DeleteFunctionResponse,
    FunctionCodeLocation,
    FunctionConfiguration,
    GetFunctionConfigurationRequest,
    GetFunctionRequest,
    GetFunctionResponse,
    GetPolicyRequest,
    GetPolicyResponse,
    InvocationRequest,
    InvocationResponse,
    ListFunctionsRequest,
    ListFunctionsResponse,
    RemovePermissionRequest,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)
from pileus.services.lambda_.worker import AsyncInvocations

_ROLE_TRIAL: Final = timedelta(minutes=15)
"""The shortest session that STS gives (API_AssumeRole)."""


class ServiceInvoker:
    """The face for other services: they name their principal and the resource they act for."""

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker

    async def invoke(
        self, *, function_arn: str, payload: bytes, service_principal: str, source_arn: str, source_account: str = ""
    ) -> ServiceInvocation:
        """Raises ResourceNotFoundException, AccessDeniedException, TooManyRequestsException."""
        return await self._invoker.for_service(
            function_arn=function_arn,
            payload=payload,
            service_principal=service_principal,
            source_arn=source_arn,
            source_account=source_account,
        )


PARTIAL: Final = {
    "CreateFunction": "zip packages, Python and custom runtimes; no layers, VPC, file systems, SnapStart",
    "GetFunction": "$LATEST only",
    "UpdateFunctionCode": "zip packages; no Publish",
    "UpdateFunctionConfiguration": "as CreateFunction",
    "ListFunctions": "no versions, no MasterRegion",
    "Invoke": "$LATEST only; no destinations or dead-letter queues after the retries of an event",
    "AddPermission": "without a qualifier",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""


class LambdaApi:
    """The operations, in the order of the model. docs/services says what is built."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: LocalBlobs,
        pool: Environments,
        clock: Clock,
        ids: Ids,
        data_dir: Path,
        secret: bytes | None = None,
        credentials: CredentialIssuer | None = None,
    ) -> None:
        """secret: the server's; without it, addresses of code do not outlive this process. credentials: issues those
        of functions' roles; without it, nobody asks whether a role can be assumed before the first invocation.
        """
        self._store = store
        self._pool = pool
        self._credentials = credentials
        self._clock = clock
        self._ids = ids
        self._packages = CodePackages(blobs=blobs, data_dir=data_dir)
        self._invoker = Invoker(store=store, environments=pool, packages=self._packages, clock=clock, ids=ids)
        self._async_invocations = AsyncInvocations(store=store, invoker=self._invoker, clock=clock)
        self.invoker = ServiceInvoker(self._invoker)
        self.code_handler = CodeDownloads(blobs=blobs, secret=secret or ids.bytes(SECRET_BYTES), clock=clock, ids=ids)

    # What happens without a request

    async def deliver(self, delivery: Delivery) -> None:
        """The outbox's handler of the topic `lambda.invoke`."""
        await self._async_invocations.deliver(delivery)

    async def referenced_blobs(self) -> set[str]:
        """The digests of all archives that functions have."""
        return {record.code_sha256 async for record in records.every_function(self._store)}

    async def sweep_code(self) -> int:
        """Remove unpacked code that no function has any more; to be called now and then."""
        return await self._packages.sweep(await self.referenced_blobs())

    # Operations

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

    async def create_function(self, context: RequestContext, request: CreateFunctionRequest) -> FunctionConfiguration:
        function = function_name(context, request.function_name).only_latest()
        name = check_name(function.name)
        check_creation(request)
        await self._check_absent(function)
        await self._check_role(function, request.role)
        self._pool.prepare()
        package = await self._packages.add(check_code(request.code))
        record = created(request, name=name, package=package, change=self._new_change())

        async def write(tx: Transaction) -> None:
            if await records.get_function(tx, function) is not None:
                raise _already_exists(function)
            records.put_function(tx, function, record)

        await self._store.run(write)
        return being_created(function, record, revision_id=self._ids.uuid())

    async def delete_function(self, context: RequestContext, request: DeleteFunctionRequest) -> DeleteFunctionResponse:
        function = function_name(context, request.function_name, request.qualifier)
        deletes_function = _names_what_can_be_deleted(function)

        async def delete(tx: Transaction) -> None:
            if await records.get_function(tx, function) is None:
                raise FunctionNotFound(function.arn)
            if deletes_function:
                records.delete_function(tx, function)

        await self._store.run(delete)
        if deletes_function:
            await self._pool.retire(function.arn)
        return DeleteFunctionResponse(status_code=204)

    async def get_function(self, context: RequestContext, request: GetFunctionRequest) -> GetFunctionResponse:
        function = function_name(context, request.function_name, request.qualifier)
        record = await self._require(function)
        return GetFunctionResponse(
            configuration=described(function, record),
            code=FunctionCodeLocation(
                repository_type="S3", location=self.code_handler.location(context, record.code_sha256)
            ),
            tags=record.tags or None,
        )

    async def get_function_configuration(
        self, context: RequestContext, request: GetFunctionConfigurationRequest
    ) -> FunctionConfiguration:
        function = function_name(context, request.function_name, request.qualifier)
        return described(function, await self._require(function))

    async def get_policy(self, context: RequestContext, request: GetPolicyRequest) -> GetPolicyResponse:
        function = function_name(context, request.function_name, request.qualifier)
        record = await records.get_function(self._store.snapshot(), function)
        if record is None or not record.policy or function.qualifier is not None:
            raise ResourceNotFoundException("The resource you requested does not exist.")
        return GetPolicyResponse(policy=policy_text(record.policy, function), revision_id=record.revision_id)

    async def invoke(self, context: RequestContext, request: InvocationRequest) -> InvocationResponse:
        return await self._invoker.for_api(context, request)

    async def list_functions(self, context: RequestContext, request: ListFunctionsRequest) -> ListFunctionsResponse:
        if request.master_region is not None:
            raise NotImplementedByPileus("MasterRegion is not implemented")
        limit = min(request.max_items or LIST_ITEMS_MAX, LIST_ITEMS_MAX)
        page = await records.list_functions(
            self._store.snapshot(),
            account_id=context.account_id,
            region=context.region,
            after_name=request.marker,
            limit=limit + 1,
        )
        every_version = request.function_version == "ALL"
        return ListFunctionsResponse(
            functions=[
                listed(function_name(context, record.name), record, qualified=every_version) for record in page[:limit]
            ],
            next_marker=page[limit - 1].name if len(page) > limit else None,
        )

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

    async def update_function_code(
        self, context: RequestContext, request: UpdateFunctionCodeRequest
    ) -> FunctionConfiguration:
        function = function_name(context, request.function_name)
        archive = check_code(request)
        _check_revision(await self._require(function), request.revision_id, "GetFunction/GetAlias")
        package = await self._packages.add(archive)

        def change(record: FunctionRecord) -> FunctionRecord:
            return recoded(record, request, package=package, change=self._new_change())

        if request.dry_run:
            return described(function, change(await self._require(function)))
        record = await self._change(function, change, revision_id=request.revision_id)
        return being_updated(function, record, revision_id=self._ids.uuid())

    async def update_function_configuration(
        self, context: RequestContext, request: UpdateFunctionConfigurationRequest
    ) -> FunctionConfiguration:
        function = function_name(context, request.function_name)
        check_configuration(request)
        if request.role is not None:
            await self._require(function)
            await self._check_role(function, request.role)

        def change(record: FunctionRecord) -> FunctionRecord:
            return reconfigured(record, request, change=self._new_change())

        record = await self._change(function, change, revision_id=request.revision_id)
        return being_updated(function, record, revision_id=self._ids.uuid())

    # What they share

    async def _require(self, function: FunctionName) -> FunctionRecord:
        """The function, unless a version or alias is meant: those do not exist; FunctionNotFound."""
        return await records.require_function(self._store.snapshot(), function.only_latest())

    async def _check_absent(self, function: FunctionName) -> None:
        if await records.get_function(self._store.snapshot(), function) is not None:
            raise _already_exists(function)

    async def _check_role(self, function: FunctionName, role_arn: str) -> None:
        """Or CrossAccountRole, InvalidParameterValueException."""
        if account_of_role(role_arn) != function.account_id:
            raise CrossAccountRole
        if self._credentials is None:
            return
        try:
            await self._credentials.for_role(role_arn=role_arn, session_name="lambda", duration=_ROLE_TRIAL)
        except ServiceError as error:
            raise InvalidParameterValueException(ROLE_REFUSED).because(error.denial) from error

    async def _change(
        self,
        function: FunctionName,
        change: Callable[[FunctionRecord], FunctionRecord],
        *,
        revision_id: str | None,
        revision_from: str = "GetFunction/GetAlias",
    ) -> FunctionRecord:
        """Replace a function by what `change` makes of it, if it is still at the revision the caller knows."""

        async def write(tx: Transaction) -> FunctionRecord:
            record = await records.require_function(tx, function.only_latest())
            _check_revision(record, revision_id, revision_from)
            changed = change(record)
            records.put_function(tx, function, changed)
            return changed

        return await self._store.run(write)

    def _new_change(self) -> Change:
        return Change(revision_id=self._ids.uuid(), fleet_revision=self._ids.uuid(), moment=self._clock.now())


def _already_exists(function: FunctionName) -> ResourceConflictException:
    return ResourceConflictException(f"Function already exist: {function.name}")


def _check_revision(record: FunctionRecord, given: str | None, operation: str) -> None:
    if given is not None and given != record.revision_id:
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. "
            f"Call the {operation} API to retrieve the latest Revision Id"
        )


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


def _names_what_can_be_deleted(function: FunctionName) -> bool:
    """Whether the whole function is meant (True) or a version, of which there is none.

    Recordings lambda_api, test_ops_with_arn_qualifier_mismatch, test_function_name_and_qualifier_validation.
    """
    qualifier = function.qualifier
    if qualifier is None:
        return True
    if qualifier == LATEST:
        raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
    if "$" in qualifier:
        raise FunctionNotFound(function.arn)
    if not qualifier.isdigit():
        raise InvalidParameterValueException("Deletion of aliases is not currently supported.")
    return False
