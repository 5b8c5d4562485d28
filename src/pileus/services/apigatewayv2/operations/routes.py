"""Routes: which requests an integration gets."""

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.services.apigatewayv2 import answers, shapes, unsupported
from pileus.services.apigatewayv2.errors import BadRequestException, ConflictException
from pileus.services.apigatewayv2.model import (
    RouteRecord,
    parse_route_key,
)
from pileus.services.apigatewayv2.operations.base import ApiGatewayV2Base, next_token, output, page
from pileus.services.apigatewayv2.store import INTEGRATION, ROUTE, Writing


class RouteOperations(ApiGatewayV2Base):
    """One method per operation."""

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

        return output(shapes.CreateRouteResult, await self._change(context, request.api_id, work))

    async def delete_route(self, context: RequestContext, request: shapes.DeleteRouteRequest) -> None:
        async def work(apis: Writing) -> None:
            await apis.get(ROUTE, request.api_id, request.route_id)
            apis.remove(ROUTE, request.api_id, request.route_id)

        await self._change(context, request.api_id, work)

    async def get_route(self, context: RequestContext, request: shapes.GetRouteRequest) -> shapes.GetRouteResult:
        reading = self._reading(context)
        await reading.api(request.api_id)
        record = await reading.get(ROUTE, request.api_id, request.route_id)
        return output(shapes.GetRouteResult, answers.route(record))

    async def get_routes(self, context: RequestContext, request: shapes.GetRoutesRequest) -> shapes.GetRoutesResponse:
        start, limit = page(request.max_results, request.next_token)
        reading = self._reading(context)
        await reading.api(request.api_id)
        found = await reading.all(ROUTE, request.api_id, after_id=start, limit=limit + 1)
        return shapes.GetRoutesResponse(
            items=[answers.route(record) for record in found[:limit]],
            next_token=next_token(found, limit, lambda: found[limit - 1].route_id),
        )

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

        return output(shapes.UpdateRouteResult, await self._change(context, request.api_id, work))

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


def _check_target(target: str | None) -> None:
    if target is not None and not target.startswith("integrations/"):
        raise BadRequestException(f"Invalid target: {target}")
