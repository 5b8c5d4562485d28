"""What does an API serve? Read from the store, with stage variables resolved and routes laid out."""

from typing import NamedTuple

from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Snapshot
from pileus.services.apigatewayv2.model import (
    DEFAULT,
    Cors,
    DeployedRoute,
    DeploymentRecord,
    PublishedRecord,
    StageRecord,
    function_arn,
    parse_route_key,
    with_stage_variables,
)
from pileus.services.apigatewayv2.routing import RouteTable
from pileus.services.apigatewayv2.store import stages_served


class CompiledRoute(NamedTuple):
    """A route, ready to be served. function: its ARN; None when it leads nowhere."""

    key: str
    resource_path: str
    function: str | None
    payload_format_version: str
    timeout_s: float


class CompiledStage(NamedTuple):
    name: str
    variables: dict[str, str]
    cors: Cors | None
    routes: RouteTable[CompiledRoute]


class CompiledApi(NamedTuple):
    """All that an API serves. raw: the `PublishedRecord` it was compiled from."""

    raw: bytes
    account_id: str
    region: str
    stages: dict[str, CompiledStage]


def compile_stage(stage: StageRecord, deployment: DeploymentRecord) -> CompiledStage:
    """Resolve stage variables and lay out the routes."""
    routes = RouteTable([(route.route_key, _compile_route(route, stage.variables)) for route in deployment.routes])
    return CompiledStage(stage.stage_name, stage.variables, deployment.cors, routes)


def _compile_route(route: DeployedRoute, variables: dict[str, str]) -> CompiledRoute:
    return CompiledRoute(
        key=route.route_key,
        resource_path=parse_route_key(route.route_key).path or DEFAULT,
        function=None if route.uri is None else function_arn(with_stage_variables(route.uri, variables)),
        payload_format_version=route.payload_format_version,
        timeout_s=route.timeout_ms / 1000,
    )


async def compile_api(snapshot: Snapshot, api_id: str, raw: bytes) -> CompiledApi:
    """Read all that an API serves."""
    published = decode(raw, PublishedRecord)
    served = await stages_served(snapshot, published, api_id) if published.served else ()
    stages = {stage.stage_name: compile_stage(stage, deployment) for stage, deployment in served}
    return CompiledApi(raw, published.account_id, published.region, stages)
