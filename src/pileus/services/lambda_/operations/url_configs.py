"""Function URLs: made, looked at, changed, deleted. What is sent to them arrives in `urls`."""

from datetime import UTC, datetime

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_ import settings_store
from pileus.services.lambda_.errors import ResourceConflictException, ResourceNotFoundException
from pileus.services.lambda_.limits import LIST_ITEMS_MAX
from pileus.services.lambda_.names import FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.settings import UNQUALIFIED, CorsRecord, UrlRecord
from pileus.services.lambda_.shapes import (
    Cors,
    CreateFunctionUrlConfigRequest,
    CreateFunctionUrlConfigResponse,
    DeleteFunctionUrlConfigRequest,
    FunctionUrlConfig,
    GetFunctionUrlConfigRequest,
    GetFunctionUrlConfigResponse,
    ListFunctionUrlConfigsRequest,
    ListFunctionUrlConfigsResponse,
    UpdateFunctionUrlConfigRequest,
    UpdateFunctionUrlConfigResponse,
)
from pileus.services.lambda_.urls.access import RequestAuthenticator, RequestAuthorizer, UrlAccess
from pileus.services.lambda_.urls.addresses import function_url
from pileus.services.lambda_.urls.gateway import FunctionUrls

_ID_CHARACTERS = 32


class UrlConfigOperations(LambdaBase):
    def function_urls(self, *, authenticator: RequestAuthenticator, authorizer: RequestAuthorizer) -> FunctionUrls:
        """What serves the requests to function URLs."""
        access = UrlAccess(authenticator=authenticator, authorizer=authorizer, clock=self._clock)
        return FunctionUrls(store=self._store, invoker=self._invoker, access=access, clock=self._clock, ids=self._ids)

    async def create_function_url_config(
        self, context: RequestContext, request: CreateFunctionUrlConfigRequest
    ) -> CreateFunctionUrlConfigResponse:
        function = function_name(context, request.function_name, request.qualifier)
        now = self._clock.now()
        setting = UrlRecord(
            url_id=self._ids.base36(_ID_CHARACTERS),
            auth_type=request.auth_type,
            created_at=now,
            modified_at=now,
            invoke_mode=request.invoke_mode,
            cors=_cors_record(request.cors),
        )

        async def create(tx: Transaction) -> None:
            await _check_function(tx, function)
            if await settings_store.get_setting(tx, function, UrlRecord) is not None:
                raise ResourceConflictException(  # the blanks are AWS's
                    f"Failed to create function url config for [functionArn = {function.qualified_arn}]. "
                    "Error message:  FunctionUrlConfig exists for this Lambda function"
                )
            settings_store.put_setting(tx, function, setting)
            settings_store.put_url_place(tx, setting.url_id, function)

        await self._store.run(create)
        shown = _described(context, function, setting)
        return CreateFunctionUrlConfigResponse(
            function_url=shown.function_url,
            function_arn=shown.function_arn,
            auth_type=shown.auth_type,
            cors=shown.cors,
            creation_time=shown.creation_time,
            invoke_mode=request.invoke_mode,
        )

    async def get_function_url_config(
        self, context: RequestContext, request: GetFunctionUrlConfigRequest
    ) -> GetFunctionUrlConfigResponse:
        function = function_name(context, request.function_name, request.qualifier)
        shown = _described(context, function, await _require(self._store.snapshot(), function))
        return GetFunctionUrlConfigResponse(**msgspec.structs.asdict(shown))

    async def update_function_url_config(
        self, context: RequestContext, request: UpdateFunctionUrlConfigRequest
    ) -> UpdateFunctionUrlConfigResponse:
        function = function_name(context, request.function_name, request.qualifier)

        async def update(tx: Transaction) -> UrlRecord:
            await _check_function(tx, function)
            setting = await _require(tx, function)
            changed = msgspec.structs.replace(
                setting,
                auth_type=request.auth_type or setting.auth_type,
                invoke_mode=request.invoke_mode or setting.invoke_mode,
                cors=setting.cors if request.cors is None else _cors_record(request.cors),
                modified_at=self._clock.now(),
            )
            settings_store.put_setting(tx, function, changed)
            return changed

        setting = await self._store.run(update)
        shown = msgspec.structs.asdict(_described(context, function, setting))
        # Recordings lambda_api, test_url_config_lifecycle; lambda, test_lambda_update_function_url_config.
        return UpdateFunctionUrlConfigResponse(**{**shown, "invoke_mode": setting.invoke_mode})

    async def delete_function_url_config(
        self, context: RequestContext, request: DeleteFunctionUrlConfigRequest
    ) -> None:
        function = function_name(context, request.function_name, request.qualifier)

        async def delete(tx: Transaction) -> None:
            setting = await _require(tx, function)
            settings_store.delete_setting(tx, function, UrlRecord)
            settings_store.delete_url_place(tx, setting.url_id)

        await self._store.run(delete)

    async def list_function_url_configs(
        self, context: RequestContext, request: ListFunctionUrlConfigsRequest
    ) -> ListFunctionUrlConfigsResponse:
        """The marker is the qualifier of the last one."""
        function = function_name(context, request.function_name).qualified_by(None)
        snapshot = self._store.snapshot()
        await _check_function(snapshot, function)
        settings = await settings_store.list_settings(snapshot, function, UrlRecord)
        left = [(qualifier, setting) for qualifier, setting in settings if qualifier > (request.marker or "")]
        limit = request.max_items or LIST_ITEMS_MAX
        return ListFunctionUrlConfigsResponse(
            function_url_configs=[
                _described(context, function.qualified_by(None if qualifier == UNQUALIFIED else qualifier), setting)
                for qualifier, setting in left[:limit]
            ],
            next_marker=left[limit - 1][0] if len(left) > limit else None,
        )


async def _check_function(snapshot: Snapshot, function: FunctionName) -> None:
    try:
        await resolve(snapshot, function)
    except ResourceNotFoundException:
        raise ResourceNotFoundException("Function does not exist") from None


async def _require(snapshot: Snapshot, function: FunctionName) -> UrlRecord:
    setting = await settings_store.get_setting(snapshot, function, UrlRecord)
    if setting is None:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return setting


def _described(context: RequestContext, function: FunctionName, setting: UrlRecord) -> FunctionUrlConfig:
    return FunctionUrlConfig(
        function_url=function_url(setting.url_id, region=function.region, host=context.host, secure=context.secure),
        function_arn=function.qualified_arn,
        creation_time=_moment(setting.created_at),
        last_modified_time=_moment(setting.modified_at),
        cors=_cors(setting.cors),
        auth_type=setting.auth_type,  # type: ignore[arg-type]  # checked when it was given
        invoke_mode=setting.invoke_mode or "BUFFERED",  # type: ignore[arg-type]  # checked when it was given
    )


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _cors_record(cors: Cors | None) -> CorsRecord | None:
    if cors is None:
        return None
    return CorsRecord(
        credentials=cors.allow_credentials,
        headers=_listed(cors.allow_headers),
        methods=_listed(cors.allow_methods),
        origins=_listed(cors.allow_origins),
        exposed_headers=_listed(cors.expose_headers),
        max_age_s=cors.max_age,
    )


def _cors(record: CorsRecord | None) -> Cors | None:
    if record is None:
        return None
    return Cors(
        allow_credentials=record.credentials,
        allow_headers=record.headers,
        allow_methods=record.methods,  # checked when it was given
        allow_origins=record.origins,
        expose_headers=record.exposed_headers,
        max_age=record.max_age_s,
    )


def _listed(values: list[str] | None) -> list[str] | None:
    return None if values is None else list(values)
