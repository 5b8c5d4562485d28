"""What becomes of asynchronous invocations: how often, how long, and where to afterwards."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_ import settings_store
from pileus.services.lambda_.destinations import service_of
from pileus.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from pileus.services.lambda_.limits import LIST_ITEMS_MAX
from pileus.services.lambda_.names import LATEST, FunctionName, function_name, function_of_arn
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.settings import InvokeConfigRecord
from pileus.services.lambda_.shapes import (
    DeleteFunctionEventInvokeConfigRequest,
    DestinationConfig,
    FunctionEventInvokeConfig,
    GetFunctionEventInvokeConfigRequest,
    ListFunctionEventInvokeConfigsRequest,
    ListFunctionEventInvokeConfigsResponse,
    OnFailure,
    OnSuccess,
    PutFunctionEventInvokeConfigRequest,
    UpdateFunctionEventInvokeConfigRequest,
)

_ON_SUCCESS = frozenset({"lambda", "sqs", "sns", "events"})
_ON_FAILURE = _ON_SUCCESS | {"s3"}
"""Source: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations"."""


class InvokeConfigOperations(LambdaBase):
    async def put_function_event_invoke_config(
        self, context: RequestContext, request: PutFunctionEventInvokeConfigRequest
    ) -> FunctionEventInvokeConfig:
        """Replaces all of it. Recording lambda_api, test_lambda_eventinvokeconfig_exceptions."""
        function = function_name(context, request.function_name, request.qualifier)
        _check_asks_for_something(request)
        on_success, on_failure = _destinations(request.destination_config)
        await self._check_role_of(function, on_success, on_failure)

        async def put(tx: Transaction) -> InvokeConfigRecord:
            await _check_function(tx, function)
            await self._check_destinations(tx, function, request.destination_config)
            setting = InvokeConfigRecord(
                modified_at=self._clock.now(),
                retries=request.maximum_retry_attempts,
                event_age_s=request.maximum_event_age_in_seconds,
                on_success=on_success or "",
                on_failure=on_failure or "",
            )
            settings_store.put_setting(tx, function, setting)
            return setting

        return _described(function, await self._store.run(put))

    async def update_function_event_invoke_config(
        self, context: RequestContext, request: UpdateFunctionEventInvokeConfigRequest
    ) -> FunctionEventInvokeConfig:
        """What it does not name stays."""
        function = function_name(context, request.function_name, request.qualifier)
        _check_asks_for_something(request)
        on_success, on_failure = _destinations(request.destination_config)
        await self._check_role_of(function, on_success, on_failure)

        async def update(tx: Transaction) -> InvokeConfigRecord:
            await _check_function(tx, function)
            known = await _require(tx, function)
            await self._check_destinations(tx, function, request.destination_config)
            retries, event_age_s = request.maximum_retry_attempts, request.maximum_event_age_in_seconds
            changed = msgspec.structs.replace(
                known,
                modified_at=self._clock.now(),
                retries=known.retries if retries is None else retries,
                event_age_s=known.event_age_s if event_age_s is None else event_age_s,
                on_success=known.on_success if on_success is None else on_success,
                on_failure=known.on_failure if on_failure is None else on_failure,
            )
            settings_store.put_setting(tx, function, changed)
            return changed

        return _described(function, await self._store.run(update))

    async def get_function_event_invoke_config(
        self, context: RequestContext, request: GetFunctionEventInvokeConfigRequest
    ) -> FunctionEventInvokeConfig:
        function = function_name(context, request.function_name, request.qualifier)
        return _described(function, await _require(self._store.snapshot(), function))

    async def delete_function_event_invoke_config(
        self, context: RequestContext, request: DeleteFunctionEventInvokeConfigRequest
    ) -> None:
        function = function_name(context, request.function_name, request.qualifier)

        async def delete(tx: Transaction) -> None:
            await _require(tx, function)
            settings_store.delete_setting(tx, function, InvokeConfigRecord)

        await self._store.run(delete)

    async def list_function_event_invoke_configs(
        self, context: RequestContext, request: ListFunctionEventInvokeConfigsRequest
    ) -> ListFunctionEventInvokeConfigsResponse:
        """The marker is the qualifier of the last one."""
        function = function_name(context, request.function_name).qualified_by(None)
        snapshot = self._store.snapshot()
        await _check_function(snapshot, function)
        settings = await settings_store.list_settings(snapshot, function, InvokeConfigRecord)
        left = [(qualifier, setting) for qualifier, setting in settings if qualifier > (request.marker or "")]
        limit = request.max_items or LIST_ITEMS_MAX
        return ListFunctionEventInvokeConfigsResponse(
            function_event_invoke_configs=[
                _described(function.qualified_by(qualifier), setting) for qualifier, setting in left[:limit]
            ],
            next_marker=left[limit - 1][0] if len(left) > limit else None,
        )

    async def _check_role_of(self, function: FunctionName, on_success: str | None, on_failure: str | None) -> None:
        """That it may send there; what is wrong otherwise is found later."""
        named = [
            (each, succeeded)
            for each, succeeded in ((on_success, True), (on_failure, False))
            if each and _taken(each, succeeded=succeeded)
        ]
        if not named:
            return
        await _check_function(self._store.snapshot(), function)
        role = (await self._resolve(function)).record.role
        for destination, succeeded in named:
            self._destinations.check(destination)
            if not await self._destinations.exists(destination):
                raise _invalid(destination)
            await self._destinations.check_role(destination, role_arn=role, region=function.region, succeeded=succeeded)

    async def _check_destinations(
        self, snapshot: Snapshot, function: FunctionName, config: DestinationConfig | None
    ) -> None:
        for destination, succeeded in zip(_destinations(config), (True, False), strict=True):
            if not destination:
                continue
            if not _taken(destination, succeeded=succeeded):
                raise InvalidParameterValueException(f"The provided destination config {_printed(config)} is invalid.")
            self._destinations.check(destination)
            if service_of(destination) != "lambda":
                continue
            target = function_of_arn(destination)
            if target is None:
                raise _invalid(destination)
            if (target.account_id, target.region, target.name) == (function.account_id, function.region, function.name):
                raise InvalidParameterValueException("You can't specify the function as a destination for itself.")
            try:
                await resolve(snapshot, target)
            except ServiceError:
                raise _invalid(destination) from None


def _taken(destination: str, *, succeeded: bool) -> bool:
    """Buckets are told of failures only."""
    return service_of(destination) in (_ON_SUCCESS if succeeded else _ON_FAILURE)


_Request = PutFunctionEventInvokeConfigRequest | UpdateFunctionEventInvokeConfigRequest


def _check_asks_for_something(request: _Request) -> None:
    if (
        request.maximum_retry_attempts is None
        and request.maximum_event_age_in_seconds is None
        and request.destination_config is None
    ):
        raise InvalidParameterValueException("You must specify at least one of error handling or destination setting.")


def _destinations(config: DestinationConfig | None) -> tuple[str | None, str | None]:
    """On success and on failure; None where nothing is said."""
    if config is None:
        return None, None
    return (
        None if config.on_success is None else config.on_success.destination or "",
        None if config.on_failure is None else config.on_failure.destination or "",
    )


async def _check_function(snapshot: Snapshot, function: FunctionName) -> None:
    try:
        await resolve(snapshot, function)
    except ResourceNotFoundException:
        raise ResourceNotFoundException("The function doesn't exist.") from None


def _invalid(destination: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(f"The destination ARN {destination} is invalid.")


def _printed(config: DestinationConfig | None) -> str:
    """As AWS prints the request."""
    on_success, on_failure = _destinations(config)
    success = "null" if on_success is None else f"OnSuccess(destination={on_success})"
    failure = "null" if on_failure is None else f"OnFailure(destination={on_failure})"
    return f"DestinationConfig(onSuccess={success}, onFailure={failure})"


async def _require(snapshot: Snapshot, function: FunctionName) -> InvokeConfigRecord:
    setting = await settings_store.get_setting(snapshot, function, InvokeConfigRecord)
    if setting is None:
        raise ResourceNotFoundException(
            f"The function {function.arn}:{function.qualifier or LATEST} doesn't have an EventInvokeConfig"
        )
    return setting


def _described(function: FunctionName, setting: InvokeConfigRecord) -> FunctionEventInvokeConfig:
    return FunctionEventInvokeConfig(
        last_modified=setting.modified_at,
        function_arn=f"{function.arn}:{function.qualifier or LATEST}",
        maximum_retry_attempts=setting.retries,
        maximum_event_age_in_seconds=setting.event_age_s,
        destination_config=DestinationConfig(
            on_success=OnSuccess(destination=setting.on_success or None),
            on_failure=OnFailure(destination=setting.on_failure or None),
        ),
    )
