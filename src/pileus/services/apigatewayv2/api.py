"""The operations of API Gateway v2, in the model's order. What is refused, and why, is in `unsupported.py`."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from msgspec.structs import asdict, replace

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.apigatewayv2 import answers, shapes, unsupported
from pileus.services.apigatewayv2.deploying import configuration_changed, create_deployment, set_stage
from pileus.services.apigatewayv2.errors import BadRequestException, ConflictException
from pileus.services.apigatewayv2.limits import INTEGRATION_TIMEOUT_MS_MAX, PAGE_ITEMS_MAX
from pileus.services.apigatewayv2.model import (
    DEFAULT,
    ApiRecord,
    Cors,
    IntegrationRecord,
    RouteRecord,
    StageRecord,
    api_endpoint,
    check_cors,
    check_stage_name,
    check_stage_variables,
    names_function,
    parse_route_key,
)
from pileus.services.apigatewayv2.store import DEPLOYMENT, INTEGRATION, ROUTE, STAGE, Reading, Writing

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")

_PAYLOAD_FORMATS: Final = ("1.0", "2.0")


def _as(kind: type[T], item: msgspec.Struct) -> T:
    """The same members under the name that the model gives them as an operation's output."""
    return kind(**asdict(item))


def _page(max_results: str | None, next_token: str | None) -> tuple[str, int]:
    """The id after which a page starts, and how many it holds; the token is that id."""
    if max_results is None:
        return next_token or "", PAGE_ITEMS_MAX
    if not max_results.isdecimal() or not 1 <= int(max_results) <= PAGE_ITEMS_MAX:
        raise BadRequestException(f"Invalid value for MaxResults: {max_results}")
    return next_token or "", int(max_results)


def _next_token(found: Sequence[object], limit: int, last_id: Callable[[], str]) -> str | None:
    return last_id() if len(found) > limit else None


def _cors(given: shapes.Cors | None) -> Cors | None:
    if given is None:
        return None
    cors = answers.cors_record(given)
    check_cors(cors)
    return cors


def _check_target(target: str | None) -> None:
    if target is not None and not target.startswith("integrations/"):
        raise BadRequestException(f"Invalid target: {target}")


def _check_integration(*, uri: str | None, payload_format_version: str | None) -> None:
    if uri is None or not names_function(uri):
        raise BadRequestException("Invalid Integration URI specified")
    if payload_format_version is None:
        # API reference, CreateIntegration: "Required for HTTP APIs".
        raise BadRequestException("PayloadFormatVersion is a required parameter for HTTP APIs")
    if payload_format_version not in _PAYLOAD_FORMATS:
        raise BadRequestException(f"Invalid PayloadFormatVersion: {payload_format_version}")


PARTIAL: Final = {
    "CreateApi": "HTTP APIs only, not from OpenAPI",
    "UpdateApi": "HTTP APIs only",
    "CreateIntegration": "Lambda functions only (AWS_PROXY), no parameter mapping",
    "UpdateIntegration": "Lambda functions only (AWS_PROXY), no parameter mapping",
    "CreateRoute": "no authorizers",
    "UpdateRoute": "no authorizers",
    "CreateStage": "no access logs, throttling, detailed metrics",
    "UpdateStage": "no access logs, throttling, detailed metrics",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""


class ApiGatewayV2Api:
    """HTTP APIs with Lambda proxy integrations."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    # How an operation reads and writes.

    def _reading(self, context: RequestContext) -> Reading:
        return Reading(self._store.snapshot(), account_id=context.account_id, region=context.region)

    async def _write(self, context: RequestContext, work: Callable[[Writing], Awaitable[R]]) -> R:
        async def within(transaction: Transaction) -> R:
            return await work(Writing(transaction, account_id=context.account_id, region=context.region))

        return await self._store.run(within)

    async def _change(self, context: RequestContext, api_id: str, work: Callable[[Writing], Awaitable[R]]) -> R:
        """Change what belongs to an API, and let its stages follow."""

        async def within(apis: Writing) -> R:
            await apis.api(api_id)
            outcome = await work(apis)
            await configuration_changed(apis, await apis.api(api_id), ids=self._ids, now=self._now())
            return outcome

        return await self._write(context, within)

    def _now(self) -> datetime:
        """Whole seconds, as AWS's answers have them."""
        return self._clock.now().replace(microsecond=0)

    def _answer(self, context: RequestContext, record: ApiRecord) -> shapes.Api:
        return answers.api(record, endpoint=api_endpoint(record.api_id, host=context.host, secure=context.secure))

    # Operations.

    async def create_api(self, context: RequestContext, request: shapes.CreateApiRequest) -> shapes.CreateApiResponse:
        unsupported.check_api(request)
        cors = _cors(request.cors_configuration)
        if request.route_key is not None:
            parse_route_key(request.route_key)
            if request.target is None:
                raise BadRequestException("RouteKey is supported only together with Target")
        if request.target is not None and not names_function(request.target):
            raise unsupported.refuse("quick create with an HTTP endpoint as Target")

        async def work(apis: Writing) -> ApiRecord:
            api_id = self._ids.base36(10)
            while not await apis.id_free(api_id):
                api_id = self._ids.base36(10)
            record = ApiRecord(
                api_id=api_id,
                name=request.name,
                created_at=self._now(),
                description=request.description,
                version=request.version,
                disable_execute_api_endpoint=bool(request.disable_execute_api_endpoint),
                ip_address_type=request.ip_address_type or "ipv4",
                cors=cors,
                tags=request.tags or {},
            )
            apis.put_api(record)
            if request.target is not None:
                self._quick_create(apis, api_id, uri=request.target, route_key=request.route_key or DEFAULT)
            await configuration_changed(apis, record, ids=self._ids, now=self._now())
            return record

        return _as(shapes.CreateApiResponse, self._answer(context, await self._write(context, work)))

    def _quick_create(self, apis: Writing, api_id: str, *, uri: str, route_key: str) -> None:
        """One integration, one route and the default stage, all managed by API Gateway (API reference, CreateApi)."""
        integration = IntegrationRecord(
            integration_id=self._ids.base36(7),
            uri=uri,
            payload_format_version="2.0",
            timeout_ms=INTEGRATION_TIMEOUT_MS_MAX,
            managed=True,
        )
        route = RouteRecord(
            route_id=self._ids.base36(7),
            route_key=route_key,
            target=f"integrations/{integration.integration_id}",
            managed=True,
        )
        now = self._now()
        stage = StageRecord(stage_name=DEFAULT, created_at=now, updated_at=now, auto_deploy=True, managed=True)
        apis.put(INTEGRATION, api_id, integration.integration_id, integration)
        apis.put(ROUTE, api_id, route.route_id, route)
        apis.put(STAGE, api_id, stage.stage_name, stage)

    async def create_deployment(
        self, context: RequestContext, request: shapes.CreateDeploymentRequest
    ) -> shapes.CreateDeploymentResponse:
        async def work(apis: Writing) -> shapes.Deployment:
            api = await apis.api(request.api_id)
            stage = None
            if request.stage_name is not None:
                stage = await apis.get(STAGE, request.api_id, request.stage_name)
                if stage.auto_deploy:
                    raise BadRequestException(
                        f"Deployment ID cannot be set on stage {stage.stage_name} since AutoDeploy is enabled"
                    )
            now = self._now()
            record = await create_deployment(apis, api, ids=self._ids, now=now, description=request.description)
            if stage is not None:
                await set_stage(apis, api, stage, record, now=now)
                await apis.publish(api.api_id, served=not api.disable_execute_api_endpoint)
            return answers.deployment(record)

        return _as(shapes.CreateDeploymentResponse, await self._write(context, work))

    async def create_integration(
        self, context: RequestContext, request: shapes.CreateIntegrationRequest
    ) -> shapes.CreateIntegrationResult:
        async def work(apis: Writing) -> shapes.Integration:
            unsupported.check_integration(request)
            _check_integration(uri=request.integration_uri, payload_format_version=request.payload_format_version)
            assert request.integration_uri is not None
            assert request.payload_format_version is not None
            record = IntegrationRecord(
                integration_id=self._ids.base36(7),
                uri=request.integration_uri,
                payload_format_version=request.payload_format_version,
                timeout_ms=request.timeout_in_millis or INTEGRATION_TIMEOUT_MS_MAX,
                integration_method=request.integration_method or "POST",
                description=request.description,
            )
            apis.put(INTEGRATION, request.api_id, record.integration_id, record)
            return answers.integration(record)

        return _as(shapes.CreateIntegrationResult, await self._change(context, request.api_id, work))

    async def create_route(
        self, context: RequestContext, request: shapes.CreateRouteRequest
    ) -> shapes.CreateRouteResult:
        async def work(apis: Writing) -> shapes.Route:
            unsupported.check_route(request)
            parse_route_key(request.route_key)
            await self._check_route(apis, request.api_id, route_key=request.route_key, target=request.target)
            record = RouteRecord(
                route_id=self._ids.base36(7),
                route_key=request.route_key,
                target=request.target,
                operation_name=request.operation_name,
            )
            apis.put(ROUTE, request.api_id, record.route_id, record)
            return answers.route(record)

        return _as(shapes.CreateRouteResult, await self._change(context, request.api_id, work))

    async def _check_route(
        self, apis: Writing, api_id: str, *, route_key: str, target: str | None, route_id: str = ""
    ) -> None:
        """The key is not another route's, and the target exists."""
        _check_target(target)
        for other in await apis.all(ROUTE, api_id):
            if other.route_key == route_key and other.route_id != route_id:
                raise ConflictException(f"Route with key {route_key} already exists for this API")
        if target is not None:
            integration_id = target.removeprefix("integrations/")
            if await apis.find(INTEGRATION, api_id, integration_id) is None:
                raise BadRequestException(f"Invalid Integration identifier specified {integration_id}")

    async def create_stage(
        self, context: RequestContext, request: shapes.CreateStageRequest
    ) -> shapes.CreateStageResponse:
        unsupported.check_stage(request)
        check_stage_name(request.stage_name)
        check_stage_variables(request.stage_variables or {})
        if request.auto_deploy and request.deployment_id is not None:
            raise BadRequestException("DeploymentId cannot be set when AutoDeploy is enabled")

        async def work(apis: Writing) -> None:
            if await apis.find(STAGE, request.api_id, request.stage_name) is not None:
                raise ConflictException("Stage already exists")
            now = self._now()
            if request.deployment_id is not None:
                await apis.get(DEPLOYMENT, request.api_id, request.deployment_id)
            record = StageRecord(
                stage_name=request.stage_name,
                created_at=now,
                updated_at=now,
                auto_deploy=bool(request.auto_deploy),
                deployment_id=request.deployment_id,
                description=request.description,
                variables=request.stage_variables or {},
                tags=request.tags or {},
            )
            apis.put(STAGE, request.api_id, record.stage_name, record)

        await self._change(context, request.api_id, work)
        stage = await self._reading(context).get(STAGE, request.api_id, request.stage_name)
        return _as(shapes.CreateStageResponse, answers.stage(stage))

    async def delete_api(self, context: RequestContext, request: shapes.DeleteApiRequest) -> None:
        async def work(apis: Writing) -> None:
            await apis.api(request.api_id)
            apis.remove_api(request.api_id)

        await self._write(context, work)

    async def delete_cors_configuration(
        self, context: RequestContext, request: shapes.DeleteCorsConfigurationRequest
    ) -> None:
        async def work(apis: Writing) -> None:
            apis.put_api(replace(await apis.api(request.api_id), cors=None))

        await self._change(context, request.api_id, work)

    async def delete_deployment(self, context: RequestContext, request: shapes.DeleteDeploymentRequest) -> None:
        async def work(apis: Writing) -> None:
            await apis.api(request.api_id)
            await apis.get(DEPLOYMENT, request.api_id, request.deployment_id)
            for stage in await apis.all(STAGE, request.api_id):
                if stage.deployment_id == request.deployment_id:
                    raise BadRequestException("Active stages pointing to this deployment must be moved or deleted")
            apis.remove(DEPLOYMENT, request.api_id, request.deployment_id)

        await self._write(context, work)

    async def delete_integration(self, context: RequestContext, request: shapes.DeleteIntegrationRequest) -> None:
        async def work(apis: Writing) -> None:
            record = await apis.get(INTEGRATION, request.api_id, request.integration_id)
            target = f"integrations/{record.integration_id}"
            users = [route.route_id for route in await apis.all(ROUTE, request.api_id) if route.target == target]
            if users:
                # The message as AWS sent it to users of Terraform: milliHQ/terraform-aws-next-js, issue 247.
                raise ConflictException(
                    "Cannot delete Integration because it is referenced by the following Routes with Ids: "
                    f"[{', '.join(users)}]"
                )
            apis.remove(INTEGRATION, request.api_id, record.integration_id)

        await self._change(context, request.api_id, work)

    async def delete_route(self, context: RequestContext, request: shapes.DeleteRouteRequest) -> None:
        async def work(apis: Writing) -> None:
            await apis.get(ROUTE, request.api_id, request.route_id)
            apis.remove(ROUTE, request.api_id, request.route_id)

        await self._change(context, request.api_id, work)

    async def delete_stage(self, context: RequestContext, request: shapes.DeleteStageRequest) -> None:
        async def work(apis: Writing) -> None:
            await apis.get(STAGE, request.api_id, request.stage_name)
            apis.remove(STAGE, request.api_id, request.stage_name)

        await self._change(context, request.api_id, work)

    async def get_api(self, context: RequestContext, request: shapes.GetApiRequest) -> shapes.GetApiResponse:
        record = await self._reading(context).api(request.api_id)
        return _as(shapes.GetApiResponse, self._answer(context, record))

    async def get_apis(self, context: RequestContext, request: shapes.GetApisRequest) -> shapes.GetApisResponse:
        start, limit = _page(request.max_results, request.next_token)
        found = await self._reading(context).apis(after_id=start, limit=limit + 1)
        return shapes.GetApisResponse(
            items=[self._answer(context, record) for record in found[:limit]],
            next_token=_next_token(found, limit, lambda: found[limit - 1].api_id),
        )

    async def get_deployment(
        self, context: RequestContext, request: shapes.GetDeploymentRequest
    ) -> shapes.GetDeploymentResponse:
        reading = self._reading(context)
        await reading.api(request.api_id)
        record = await reading.get(DEPLOYMENT, request.api_id, request.deployment_id)
        return _as(shapes.GetDeploymentResponse, answers.deployment(record))

    async def get_deployments(
        self, context: RequestContext, request: shapes.GetDeploymentsRequest
    ) -> shapes.GetDeploymentsResponse:
        start, limit = _page(request.max_results, request.next_token)
        reading = self._reading(context)
        await reading.api(request.api_id)
        found = await reading.all(DEPLOYMENT, request.api_id, after_id=start, limit=limit + 1)
        return shapes.GetDeploymentsResponse(
            items=[answers.deployment(record) for record in found[:limit]],
            next_token=_next_token(found, limit, lambda: found[limit - 1].deployment_id),
        )

    async def get_integration(
        self, context: RequestContext, request: shapes.GetIntegrationRequest
    ) -> shapes.GetIntegrationResult:
        reading = self._reading(context)
        await reading.api(request.api_id)
        record = await reading.get(INTEGRATION, request.api_id, request.integration_id)
        return _as(shapes.GetIntegrationResult, answers.integration(record))

    async def get_integrations(
        self, context: RequestContext, request: shapes.GetIntegrationsRequest
    ) -> shapes.GetIntegrationsResponse:
        start, limit = _page(request.max_results, request.next_token)
        reading = self._reading(context)
        await reading.api(request.api_id)
        found = await reading.all(INTEGRATION, request.api_id, after_id=start, limit=limit + 1)
        return shapes.GetIntegrationsResponse(
            items=[answers.integration(record) for record in found[:limit]],
            next_token=_next_token(found, limit, lambda: found[limit - 1].integration_id),
        )

    async def get_route(self, context: RequestContext, request: shapes.GetRouteRequest) -> shapes.GetRouteResult:
        reading = self._reading(context)
        await reading.api(request.api_id)
        record = await reading.get(ROUTE, request.api_id, request.route_id)
        return _as(shapes.GetRouteResult, answers.route(record))

    async def get_routes(self, context: RequestContext, request: shapes.GetRoutesRequest) -> shapes.GetRoutesResponse:
        start, limit = _page(request.max_results, request.next_token)
        reading = self._reading(context)
        await reading.api(request.api_id)
        found = await reading.all(ROUTE, request.api_id, after_id=start, limit=limit + 1)
        return shapes.GetRoutesResponse(
            items=[answers.route(record) for record in found[:limit]],
            next_token=_next_token(found, limit, lambda: found[limit - 1].route_id),
        )

    async def get_stage(self, context: RequestContext, request: shapes.GetStageRequest) -> shapes.GetStageResponse:
        reading = self._reading(context)
        await reading.api(request.api_id)
        record = await reading.get(STAGE, request.api_id, request.stage_name)
        return _as(shapes.GetStageResponse, answers.stage(record))

    async def get_stages(self, context: RequestContext, request: shapes.GetStagesRequest) -> shapes.GetStagesResponse:
        start, limit = _page(request.max_results, request.next_token)
        reading = self._reading(context)
        await reading.api(request.api_id)
        found = await reading.all(STAGE, request.api_id, after_id=start, limit=limit + 1)
        return shapes.GetStagesResponse(
            items=[answers.stage(record) for record in found[:limit]],
            next_token=_next_token(found, limit, lambda: found[limit - 1].stage_name),
        )

    async def update_api(self, context: RequestContext, request: shapes.UpdateApiRequest) -> shapes.UpdateApiResponse:
        unsupported.check_api(request)
        if request.target is not None or request.route_key is not None:
            raise unsupported.refuse("UpdateApi with Target or RouteKey")
        cors = _cors(request.cors_configuration)

        async def work(apis: Writing) -> ApiRecord:
            record = await apis.api(request.api_id)
            disabled = request.disable_execute_api_endpoint
            record = replace(
                record,
                name=record.name if request.name is None else request.name,
                description=record.description if request.description is None else request.description,
                version=record.version if request.version is None else request.version,
                disable_execute_api_endpoint=record.disable_execute_api_endpoint if disabled is None else disabled,
                ip_address_type=request.ip_address_type or record.ip_address_type,
                cors=record.cors if cors is None else cors,
            )
            apis.put_api(record)
            return record

        record = await self._change(context, request.api_id, work)
        return _as(shapes.UpdateApiResponse, self._answer(context, record))

    async def update_integration(
        self, context: RequestContext, request: shapes.UpdateIntegrationRequest
    ) -> shapes.UpdateIntegrationResult:
        async def work(apis: Writing) -> shapes.Integration:
            unsupported.check_integration(request)
            record = await apis.get(INTEGRATION, request.api_id, request.integration_id)
            record = replace(
                record,
                uri=request.integration_uri or record.uri,
                payload_format_version=request.payload_format_version or record.payload_format_version,
                timeout_ms=request.timeout_in_millis or record.timeout_ms,
                integration_method=request.integration_method or record.integration_method,
                description=record.description if request.description is None else request.description,
            )
            _check_integration(uri=record.uri, payload_format_version=record.payload_format_version)
            apis.put(INTEGRATION, request.api_id, record.integration_id, record)
            return answers.integration(record)

        return _as(shapes.UpdateIntegrationResult, await self._change(context, request.api_id, work))

    async def update_route(
        self, context: RequestContext, request: shapes.UpdateRouteRequest
    ) -> shapes.UpdateRouteResult:
        async def work(apis: Writing) -> shapes.Route:
            unsupported.check_route(request)
            record = await apis.get(ROUTE, request.api_id, request.route_id)
            if request.route_key is not None:
                parse_route_key(request.route_key)
                if record.managed and request.route_key != record.route_key:
                    # API reference, UpdateRoute, `ApiGatewayManaged`: the key of a quick-created route stays.
                    raise BadRequestException("The key of a route that API Gateway manages cannot be modified")
            record = replace(
                record,
                route_key=request.route_key or record.route_key,
                target=request.target or record.target,
                operation_name=(record.operation_name if request.operation_name is None else request.operation_name),
            )
            await self._check_route(
                apis, request.api_id, route_key=record.route_key, target=record.target, route_id=record.route_id
            )
            apis.put(ROUTE, request.api_id, record.route_id, record)
            return answers.route(record)

        return _as(shapes.UpdateRouteResult, await self._change(context, request.api_id, work))

    async def update_stage(
        self, context: RequestContext, request: shapes.UpdateStageRequest
    ) -> shapes.UpdateStageResponse:
        unsupported.check_stage(request)
        check_stage_variables(request.stage_variables or {})

        async def work(apis: Writing) -> None:
            api = await apis.api(request.api_id)
            record = await apis.get(STAGE, request.api_id, request.stage_name)
            now = self._now()
            record = replace(
                record,
                auto_deploy=record.auto_deploy if request.auto_deploy is None else request.auto_deploy,
                description=record.description if request.description is None else request.description,
                variables=record.variables if request.stage_variables is None else request.stage_variables,
                updated_at=now,
            )
            apis.put(STAGE, request.api_id, record.stage_name, record)
            if request.deployment_id is not None:
                if record.auto_deploy:
                    raise BadRequestException("DeploymentId cannot be set when AutoDeploy is enabled")
                deployment = await apis.get(DEPLOYMENT, request.api_id, request.deployment_id)
                await set_stage(apis, api, record, deployment, now=now)

        await self._change(context, request.api_id, work)
        stage = await self._reading(context).get(STAGE, request.api_id, request.stage_name)
        return _as(shapes.UpdateStageResponse, answers.stage(stage))
