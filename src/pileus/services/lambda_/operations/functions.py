"""Functions: made, looked at, changed, deleted."""

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.configuring import (
    check_code,
    check_configuration,
    check_creation,
    check_name,
    created,
    recoded,
    reconfigured,
)
from pileus.services.lambda_.errors import (
    FunctionNotFound,
    InvalidParameterValueException,
    ResourceConflictException,
)
from pileus.services.lambda_.limits import LIST_ITEMS_MAX
from pileus.services.lambda_.model import FunctionRecord, being_created, being_updated, described, listed
from pileus.services.lambda_.names import LATEST, FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase, check_revision
from pileus.services.lambda_.shapes import (
    CreateFunctionRequest,
    DeleteFunctionRequest,
    DeleteFunctionResponse,
    FunctionCodeLocation,
    FunctionConfiguration,
    GetFunctionConfigurationRequest,
    GetFunctionRequest,
    GetFunctionResponse,
    ListFunctionsRequest,
    ListFunctionsResponse,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)


class FunctionOperations(LambdaBase):
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

    async def update_function_code(
        self, context: RequestContext, request: UpdateFunctionCodeRequest
    ) -> FunctionConfiguration:
        function = function_name(context, request.function_name)
        archive = check_code(request)
        check_revision(await self._require(function), request.revision_id, "GetFunction/GetAlias")
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

    async def _check_absent(self, function: FunctionName) -> None:
        if await records.get_function(self._store.snapshot(), function) is not None:
            raise _already_exists(function)


def _already_exists(function: FunctionName) -> ResourceConflictException:
    return ResourceConflictException(f"Function already exist: {function.name}")


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
