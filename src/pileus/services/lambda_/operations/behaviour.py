"""Runtime management and recursion: settings of which there is one per function or version."""

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.lambda_ import settings_store
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.environments.runtime_versions import runtime_version_arn
from pileus.services.lambda_.errors import InvalidParameterValueException
from pileus.services.lambda_.names import function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.settings import RecursionRecord, RuntimeManagementRecord
from pileus.services.lambda_.shapes import (
    GetFunctionRecursionConfigRequest,
    GetFunctionRecursionConfigResponse,
    GetRuntimeManagementConfigRequest,
    GetRuntimeManagementConfigResponse,
    PutFunctionRecursionConfigRequest,
    PutFunctionRecursionConfigResponse,
    PutRuntimeManagementConfigRequest,
    PutRuntimeManagementConfigResponse,
)


class BehaviourOperations(LambdaBase):
    async def put_runtime_management_config(
        self, context: RequestContext, request: PutRuntimeManagementConfigRequest
    ) -> PutRuntimeManagementConfigResponse:
        """There is one version of each runtime here, so `Manual` can only name that."""
        function = function_name(context, request.function_name, request.qualifier)
        arn, manual = request.runtime_version_arn, request.update_runtime_on == "Manual"
        if manual and arn is None:
            raise InvalidParameterValueException(
                "RuntimeVersionArn parameter is required when UpdateRuntimeOn is set to Manual."
            )
        if not manual and arn is not None:
            raise InvalidParameterValueException(
                "RuntimeVersionArn parameter is only supported when UpdateRuntimeOn is set to Manual."
            )
        setting = RuntimeManagementRecord(update_on=request.update_runtime_on, runtime_version_arn=arn)

        async def put(tx: Transaction) -> str:
            target = await resolve(tx, function)
            ours = runtime_version_arn(target.record.runtime, partition=function.partition, region=function.region)
            if manual and arn != ours:
                raise InvalidParameterValueException(f"The runtime version {arn} is not available for this function.")
            settings_store.put_setting(tx, function, setting)
            return f"{function.arn}:{target.version}"

        return PutRuntimeManagementConfigResponse(
            update_runtime_on=request.update_runtime_on,
            function_arn=await self._store.run(put),
            runtime_version_arn=arn,
        )

    async def get_runtime_management_config(
        self, context: RequestContext, request: GetRuntimeManagementConfigRequest
    ) -> GetRuntimeManagementConfigResponse:
        function = function_name(context, request.function_name, request.qualifier)
        target = await self._resolve(function)
        setting = await settings_store.get_setting(self._store.snapshot(), function, RuntimeManagementRecord)
        if setting is None:
            setting = RuntimeManagementRecord(update_on="Auto")
        return GetRuntimeManagementConfigResponse(
            update_runtime_on=setting.update_on,  # type: ignore[arg-type]  # checked when it was given
            function_arn=f"{function.arn}:{target.version}",
            runtime_version_arn=setting.runtime_version_arn,
        )

    async def put_function_recursion_config(
        self, context: RequestContext, request: PutFunctionRecursionConfigRequest
    ) -> PutFunctionRecursionConfigResponse:
        function = function_name(context, request.function_name)

        async def put(tx: Transaction) -> None:
            await records.require_function(tx, function)
            settings_store.put_setting(tx, function, RecursionRecord(recursive_loop=request.recursive_loop))

        await self._store.run(put)
        return PutFunctionRecursionConfigResponse(recursive_loop=request.recursive_loop)

    async def get_function_recursion_config(
        self, context: RequestContext, request: GetFunctionRecursionConfigRequest
    ) -> GetFunctionRecursionConfigResponse:
        """`Terminate` unless somebody said otherwise. Recording lambda_api, TestLambdaRecursion."""
        function = function_name(context, request.function_name)
        await self._require(function)
        setting = await settings_store.get_setting(self._store.snapshot(), function, RecursionRecord)
        loop = "Terminate" if setting is None else setting.recursive_loop
        return GetFunctionRecursionConfigResponse(
            recursive_loop=loop  # type: ignore[arg-type]  # checked when it was given
        )
