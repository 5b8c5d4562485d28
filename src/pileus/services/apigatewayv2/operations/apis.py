"""HTTP APIs, and their CORS configuration."""

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.services.apigatewayv2 import answers, shapes, unsupported
from pileus.services.apigatewayv2.deploying import configuration_changed
from pileus.services.apigatewayv2.errors import BadRequestException
from pileus.services.apigatewayv2.limits import INTEGRATION_TIMEOUT_MS_MAX
from pileus.services.apigatewayv2.model import (
    DEFAULT,
    ApiRecord,
    Cors,
    IntegrationRecord,
    RouteRecord,
    StageRecord,
    api_endpoint,
    check_cors,
    names_function,
    parse_route_key,
)
from pileus.services.apigatewayv2.operations.base import ApiGatewayV2Base, next_token, output, page
from pileus.services.apigatewayv2.store import INTEGRATION, ROUTE, STAGE, Writing


class ApiOperations(ApiGatewayV2Base):
    """One method per operation."""

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

        return output(shapes.CreateApiResponse, self._answer(context, await self._write(context, work)))

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

    async def get_api(self, context: RequestContext, request: shapes.GetApiRequest) -> shapes.GetApiResponse:
        record = await self._reading(context).api(request.api_id)
        return output(shapes.GetApiResponse, self._answer(context, record))

    async def get_apis(self, context: RequestContext, request: shapes.GetApisRequest) -> shapes.GetApisResponse:
        start, limit = page(request.max_results, request.next_token)
        found = await self._reading(context).apis(after_id=start, limit=limit + 1)
        return shapes.GetApisResponse(
            items=[self._answer(context, record) for record in found[:limit]],
            next_token=next_token(found, limit, lambda: found[limit - 1].api_id),
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
        return output(shapes.UpdateApiResponse, self._answer(context, record))

    def _answer(self, context: RequestContext, record: ApiRecord) -> shapes.Api:
        return answers.api(record, endpoint=api_endpoint(record.api_id, host=context.host, secure=context.secure))


def _cors(given: shapes.Cors | None) -> Cors | None:
    if given is None:
        return None
    cors = answers.cors_record(given)
    check_cors(cors)
    return cors
