"""How does configuration become what a stage serves?

A deployment is a copy of routes, integrations and CORS. A stage names the deployment it serves. A stage with automatic
deployment follows every change: the change, the new copy and the stage's new pointer commit together, so a request sees
either all of it or nothing. The copy a stage followed before is dropped when no stage serves it any more; AWS keeps
listing those.
"""

from datetime import datetime

from msgspec.structs import replace

from pileus.kernel.ids import Ids
from pileus.services.apigatewayv2.model import (
    ApiRecord,
    DeployedRoute,
    DeploymentRecord,
    IntegrationRecord,
    RouteRecord,
    StageRecord,
)
from pileus.services.apigatewayv2.store import DEPLOYMENT, INTEGRATION, ROUTE, STAGE, Writing

_AUTOMATIC = "Automatic deployment triggered by changes to the Api configuration"


def deployed(route: RouteRecord, integrations: dict[str, IntegrationRecord]) -> DeployedRoute:
    """A route as it will be served, together with where it leads."""
    integration = None if route.target is None else integrations.get(route.target.removeprefix("integrations/"))
    if integration is None:
        return DeployedRoute(route_key=route.route_key, uri=None)
    return DeployedRoute(
        route_key=route.route_key,
        uri=integration.uri,
        payload_format_version=integration.payload_format_version,
        timeout_ms=integration.timeout_ms,
    )


async def create_deployment(
    apis: Writing, api: ApiRecord, *, ids: Ids, now: datetime, description: str | None, automatic: bool = False
) -> DeploymentRecord:
    """Copy the API as it is now."""
    integrations = {record.integration_id: record for record in await apis.all(INTEGRATION, api.api_id)}
    routes = await apis.all(ROUTE, api.api_id)
    record = DeploymentRecord(
        deployment_id=ids.base36(6),
        created_at=now,
        routes=tuple(deployed(route, integrations) for route in routes),
        cors=api.cors,
        auto_deployed=automatic,
        description=description,
    )
    apis.put(DEPLOYMENT, api.api_id, record.deployment_id, record)
    return record


async def set_stage(
    apis: Writing, api: ApiRecord, stage: StageRecord, deployment: DeploymentRecord, *, now: datetime
) -> StageRecord:
    """Let a stage serve a deployment from now on."""
    before = stage.deployment_id
    stage = replace(
        stage,
        deployment_id=deployment.deployment_id,
        deployment_status_message=f"Successfully deployed stage with deployment ID '{deployment.deployment_id}'",
        updated_at=now,
    )
    apis.put(STAGE, api.api_id, stage.stage_name, stage)
    if before is not None and before != deployment.deployment_id:
        await _drop_superseded(apis, api.api_id, before)
    return stage


async def _drop_superseded(apis: Writing, api_id: str, deployment_id: str) -> None:
    record = await apis.find(DEPLOYMENT, api_id, deployment_id)
    if record is None or not record.auto_deployed:
        return
    if all(stage.deployment_id != deployment_id for stage in await apis.all(STAGE, api_id)):
        apis.remove(DEPLOYMENT, api_id, deployment_id)


async def configuration_changed(apis: Writing, api: ApiRecord, *, ids: Ids, now: datetime) -> None:
    """Let every stage with automatic deployment follow; to be called after each change, in its transaction."""
    following = [stage for stage in await apis.all(STAGE, api.api_id) if stage.auto_deploy]
    if following:
        deployment = await create_deployment(apis, api, ids=ids, now=now, description=_AUTOMATIC, automatic=True)
        for stage in following:
            await set_stage(apis, api, stage, deployment, now=now)
    await apis.publish(api.api_id, served=not api.disable_execute_api_endpoint)
