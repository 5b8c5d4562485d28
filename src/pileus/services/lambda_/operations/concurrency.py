"""Reserved concurrency, and what is left of the account's."""

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.lambda_ import layer_store, promised, settings_store
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.errors import (
    FunctionNotFound,
    InvalidParameterValueException,
)
from pileus.services.lambda_.limits import (
    ACCOUNT_CODE_BYTES_MAX,
    CONCURRENCY_MAX,
    UNRESERVED_CONCURRENCY_MIN,
    UNZIPPED_BYTES_MAX,
    ZIPPED_BYTES_MAX,
)
from pileus.services.lambda_.names import LATEST, FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.settings import ConcurrencyRecord
from pileus.services.lambda_.shapes import (
    AccountLimit,
    AccountUsage,
    Concurrency,
    DeleteFunctionConcurrencyRequest,
    GetAccountSettingsRequest,
    GetAccountSettingsResponse,
    GetFunctionConcurrencyRequest,
    GetFunctionConcurrencyResponse,
    PutFunctionConcurrencyRequest,
)


class ConcurrencyOperations(LambdaBase):
    async def put_function_concurrency(
        self, context: RequestContext, request: PutFunctionConcurrencyRequest
    ) -> Concurrency:
        function = _unqualified(function_name(context, request.function_name))
        wanted = request.reserved_concurrent_executions

        async def put(tx: Transaction) -> None:
            if await records.get_function(tx, function) is None:
                raise FunctionNotFound(f"{function.arn}:{LATEST}")
            of_others = await promised.reserved(tx, function, but=function.name)
            if CONCURRENCY_MAX - of_others - wanted < UNRESERVED_CONCURRENCY_MIN:
                raise InvalidParameterValueException(
                    "Specified ReservedConcurrentExecutions for function decreases account's "
                    f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_CONCURRENCY_MIN}]."
                )
            provisioned = await promised.provisioned(tx, function)
            if wanted < provisioned:
                raise InvalidParameterValueException(  # the blanks are AWS's
                    f" ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned "
                    f"concurrency [{provisioned}]."
                )
            settings_store.put_setting(tx, function, ConcurrencyRecord(reserved=wanted))

        await self._store.run(put)
        return Concurrency(reserved_concurrent_executions=wanted)

    async def get_function_concurrency(
        self, context: RequestContext, request: GetFunctionConcurrencyRequest
    ) -> GetFunctionConcurrencyResponse:
        function = function_name(context, request.function_name).qualified_by(None)
        await self._require(function)
        setting = await settings_store.get_setting(self._store.snapshot(), function, ConcurrencyRecord)
        return GetFunctionConcurrencyResponse(
            reserved_concurrent_executions=None if setting is None else setting.reserved
        )

    async def delete_function_concurrency(
        self, context: RequestContext, request: DeleteFunctionConcurrencyRequest
    ) -> None:
        function = _unqualified(function_name(context, request.function_name))

        async def delete(tx: Transaction) -> None:
            await records.require_function(tx, function)
            settings_store.delete_setting(tx, function, ConcurrencyRecord)

        await self._store.run(delete)

    async def get_account_settings(
        self, context: RequestContext, request: GetAccountSettingsRequest
    ) -> GetAccountSettingsResponse:
        snapshot = self._store.snapshot()
        account_id, region = context.account_id, context.region
        functions = await records.list_functions(
            snapshot, account_id=account_id, region=region, after_name=None, limit=0
        )
        size_bytes = sum(record.code_size_bytes for record in functions)
        for record in functions:
            versions = await records.list_versions(snapshot, function_name(context, record.name))
            size_bytes += sum(version.function.code_size_bytes for version in versions)
        size_bytes += await layer_store.layers_size_bytes(snapshot, account_id=account_id, region=region)
        reserved = await settings_store.list_every_setting(
            snapshot, account_id=account_id, region=region, kind=ConcurrencyRecord
        )
        return GetAccountSettingsResponse(
            account_limit=AccountLimit(
                total_code_size=ACCOUNT_CODE_BYTES_MAX,
                code_size_unzipped=UNZIPPED_BYTES_MAX,
                code_size_zipped=ZIPPED_BYTES_MAX,
                concurrent_executions=CONCURRENCY_MAX,
                unreserved_concurrent_executions=CONCURRENCY_MAX - sum(setting.reserved for *_, setting in reserved),
            ),
            account_usage=AccountUsage(total_code_size=size_bytes, function_count=len(functions)),
        )


def _unqualified(function: FunctionName) -> FunctionName:
    """Recording lambda_api, test_function_concurrency_exceptions."""
    if function.qualifier is not None:
        raise InvalidParameterValueException(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
            "Please specify either a function name or an unqualified function ARN."
        )
    return function
