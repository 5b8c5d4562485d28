"""Code signing configurations, and the functions that have one."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_ import settings_store
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.errors import (
    CodeSigningConfigNotFoundException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.limits import ALIASES_PAGE_MAX
from pileus.services.lambda_.model import last_modified
from pileus.services.lambda_.names import FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.operations.tags import check_tags
from pileus.services.lambda_.settings import SigningRecord
from pileus.services.lambda_.shapes import (
    AllowedPublishers,
    CodeSigningConfig,
    CodeSigningPolicies,
    CreateCodeSigningConfigRequest,
    CreateCodeSigningConfigResponse,
    DeleteCodeSigningConfigRequest,
    DeleteCodeSigningConfigResponse,
    DeleteFunctionCodeSigningConfigRequest,
    GetCodeSigningConfigRequest,
    GetCodeSigningConfigResponse,
    GetFunctionCodeSigningConfigRequest,
    GetFunctionCodeSigningConfigResponse,
    ListCodeSigningConfigsRequest,
    ListCodeSigningConfigsResponse,
    ListFunctionsByCodeSigningConfigRequest,
    ListFunctionsByCodeSigningConfigResponse,
    PutFunctionCodeSigningConfigRequest,
    PutFunctionCodeSigningConfigResponse,
    UpdateCodeSigningConfigRequest,
    UpdateCodeSigningConfigResponse,
)
from pileus.services.lambda_.signing import (
    SigningConfigName,
    SigningConfigRecord,
    delete_signing_config,
    get_signing_config,
    list_signing_configs,
    put_signing_config,
    signing_config_of,
)

_ID_CHARACTERS = 17


class SigningOperations(LambdaBase):
    async def create_code_signing_config(
        self, context: RequestContext, request: CreateCodeSigningConfigRequest
    ) -> CreateCodeSigningConfigResponse:
        check_tags(request.tags or {})
        config = _named(context, "csc-" + self._ids.bytes(_ID_CHARACTERS).hex()[:_ID_CHARACTERS])
        policies = request.code_signing_policies
        record = SigningConfigRecord(
            config_id=config.config_id,
            description=request.description or "",
            publishers=list(request.allowed_publishers.signing_profile_version_arns),
            policy=(policies.untrusted_artifact_on_deployment if policies else None) or "Warn",
            modified_at=self._clock.now(),
            tags=dict(request.tags or {}),
        )

        async def create(tx: Transaction) -> None:
            put_signing_config(tx, config, record)

        await self._store.run(create)
        return CreateCodeSigningConfigResponse(code_signing_config=_described(config, record))

    async def get_code_signing_config(
        self, context: RequestContext, request: GetCodeSigningConfigRequest
    ) -> GetCodeSigningConfigResponse:
        config = signing_config_of(context, request.code_signing_config_arn)
        record = await get_signing_config(self._store.snapshot(), config)
        return GetCodeSigningConfigResponse(code_signing_config=_described(config, record))

    async def update_code_signing_config(
        self, context: RequestContext, request: UpdateCodeSigningConfigRequest
    ) -> UpdateCodeSigningConfigResponse:
        config = signing_config_of(context, request.code_signing_config_arn)
        policies, publishers = request.code_signing_policies, request.allowed_publishers

        async def update(tx: Transaction) -> SigningConfigRecord:
            record = await get_signing_config(tx, config)
            changed = msgspec.structs.replace(
                record,
                description=record.description if request.description is None else request.description,
                publishers=record.publishers if publishers is None else list(publishers.signing_profile_version_arns),
                policy=(policies.untrusted_artifact_on_deployment if policies else None) or record.policy,
                modified_at=self._clock.now(),
            )
            put_signing_config(tx, config, changed)
            return changed

        return UpdateCodeSigningConfigResponse(code_signing_config=_described(config, await self._store.run(update)))

    async def delete_code_signing_config(
        self, context: RequestContext, request: DeleteCodeSigningConfigRequest
    ) -> DeleteCodeSigningConfigResponse:
        """API_DeleteCodeSigningConfig: only when no function has it."""
        config = signing_config_of(context, request.code_signing_config_arn)

        async def delete(tx: Transaction) -> None:
            await get_signing_config(tx, config)
            if await _functions_with(tx, config):
                raise ResourceConflictException(
                    f"Unable to delete the code signing configuration {config.arn}: it is in use by a function."
                )
            delete_signing_config(tx, config)

        await self._store.run(delete)
        return DeleteCodeSigningConfigResponse()

    async def list_code_signing_configs(
        self, context: RequestContext, request: ListCodeSigningConfigsRequest
    ) -> ListCodeSigningConfigsResponse:
        limit = request.max_items or ALIASES_PAGE_MAX
        page = await list_signing_configs(
            self._store.snapshot(),
            account_id=context.account_id,
            region=context.region,
            after_id=request.marker,
            limit=limit + 1,
        )
        return ListCodeSigningConfigsResponse(
            code_signing_configs=[_described(_named(context, record.config_id), record) for record in page[:limit]],
            next_marker=page[limit - 1].config_id if len(page) > limit else None,
        )

    async def list_functions_by_code_signing_config(
        self, context: RequestContext, request: ListFunctionsByCodeSigningConfigRequest
    ) -> ListFunctionsByCodeSigningConfigResponse:
        config = signing_config_of(context, request.code_signing_config_arn)
        snapshot = self._store.snapshot()
        await get_signing_config(snapshot, config)
        names = [name for name in await _functions_with(snapshot, config) if name > (request.marker or "")]
        limit = request.max_items or ALIASES_PAGE_MAX
        return ListFunctionsByCodeSigningConfigResponse(
            function_arns=[function_name(context, name).arn for name in names[:limit]],
            next_marker=names[limit - 1] if len(names) > limit else None,
        )

    async def put_function_code_signing_config(
        self, context: RequestContext, request: PutFunctionCodeSigningConfigRequest
    ) -> PutFunctionCodeSigningConfigResponse:
        function = function_name(context, request.function_name).qualified_by(None)
        arn = request.code_signing_config_arn

        async def put(tx: Transaction) -> None:
            try:
                await get_signing_config(tx, signing_config_of(context, arn))
            except ResourceNotFoundException:
                raise CodeSigningConfigNotFoundException(
                    "The code signing configuration cannot be found. "
                    f"Check that the provided configuration is not deleted: {arn}."
                ) from None
            await records.require_function(tx, function)
            settings_store.put_setting(tx, function, SigningRecord(config_arn=arn))

        await self._store.run(put)
        return PutFunctionCodeSigningConfigResponse(code_signing_config_arn=arn, function_name=function.name)

    async def get_function_code_signing_config(
        self, context: RequestContext, request: GetFunctionCodeSigningConfigRequest
    ) -> GetFunctionCodeSigningConfigResponse | None:
        """Nothing at all for a function that has none. Recording lambda_api, test_code_signing_not_found_excs."""
        function = function_name(context, request.function_name).qualified_by(None)
        await self._require(function)
        setting = await settings_store.get_setting(self._store.snapshot(), function, SigningRecord)
        if setting is None:
            return None
        return GetFunctionCodeSigningConfigResponse(
            code_signing_config_arn=setting.config_arn, function_name=function.name
        )

    async def delete_function_code_signing_config(
        self, context: RequestContext, request: DeleteFunctionCodeSigningConfigRequest
    ) -> None:
        function: FunctionName = function_name(context, request.function_name).qualified_by(None)

        async def delete(tx: Transaction) -> None:
            await records.require_function(tx, function)
            settings_store.delete_setting(tx, function, SigningRecord)

        await self._store.run(delete)


def _named(context: RequestContext, config_id: str) -> SigningConfigName:
    return SigningConfigName(
        partition=context.partition, region=context.region, account_id=context.account_id, config_id=config_id
    )


async def _functions_with(snapshot: Snapshot, config: SigningConfigName) -> list[str]:
    settings = await settings_store.list_every_setting(
        snapshot, account_id=config.account_id, region=config.region, kind=SigningRecord
    )
    return [name for name, _, setting in settings if setting.config_arn == config.arn]


def _described(config: SigningConfigName, record: SigningConfigRecord) -> CodeSigningConfig:
    return CodeSigningConfig(
        code_signing_config_id=record.config_id,
        code_signing_config_arn=config.arn,
        description=record.description,
        allowed_publishers=AllowedPublishers(signing_profile_version_arns=record.publishers),
        code_signing_policies=CodeSigningPolicies(
            untrusted_artifact_on_deployment=record.policy  # type: ignore[arg-type]  # checked when it was given
        ),
        last_modified=last_modified(record.modified_at),
    )
