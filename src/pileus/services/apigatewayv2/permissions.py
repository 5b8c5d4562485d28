"""What must somebody be allowed to do, to manage HTTP APIs?

API Gateway's actions are HTTP methods, and its resources the paths of its own REST API, without an account.

Source: Service Authorization Reference, "Amazon API Gateway Management V2".
"""

from typing import Any, Final
from urllib.parse import quote

from pileus.kernel.auth.permissions import (
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    arn_of,
    gives_tags,
    request_tags,
)
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store
from pileus.services.apigatewayv2.errors import ApiNotFound
from pileus.services.apigatewayv2.store import STAGE, Reading


def _of_tags(context: RequestContext, given: Any, resource: KnownResource | None) -> Conditions:
    return request_tags(getattr(given, "tags", None))


def _place(kind: str, path: str) -> ResourceType:
    return ResourceType(name=kind, arn=arn_of(f"arn:{{partition}}:apigateway:{{region}}::/apis{path}"))


_PLACES: Final = {
    place.name: place
    for place in (
        _place("Apis", ""),
        _place("Api", "/{given.api_id}"),
        _place("Cors", "/{given.api_id}/cors"),
        _place("Deployments", "/{given.api_id}/deployments"),
        _place("Deployment", "/{given.api_id}/deployments/{given.deployment_id}"),
        _place("Integrations", "/{given.api_id}/integrations"),
        _place("Integration", "/{given.api_id}/integrations/{given.integration_id}"),
        _place("Routes", "/{given.api_id}/routes"),
        _place("Route", "/{given.api_id}/routes/{given.route_id}"),
        _place("Stages", "/{given.api_id}/stages"),
        _place("Stage", "/{given.api_id}/stages/{given.stage_name}"),
    )
}


def _permission(method: str, kind: str) -> tuple[Permission]:
    return (Permission(action=f"apigateway:{method}", resource=_PLACES[kind], conditions=_of_tags),)


def _tagging(path: str) -> Permission:
    """To make something with tags is to tag it. path: of what is made; an API's id is not known yet, hence `*`."""
    made = arn_of(f"arn:{{partition}}:apigateway:{{region}}::/apis/{path}")

    def arn(context: RequestContext, given: Any) -> str:
        return f"arn:{context.partition}:apigateway:{context.region}::/tags/{quote(made(context, given), safe='*$')}"

    # The Reference does not list `Tags` at any action.
    return Permission(
        action="apigateway:POST", resource=ResourceType(name="", arn=arn), conditions=_of_tags, asked=gives_tags
    )


PERMISSIONS: Final[Permissions] = {
    "CreateApi": (*_permission("POST", "Apis"), _tagging("*")),
    "GetApis": _permission("GET", "Apis"),
    "DeleteCorsConfiguration": _permission("DELETE", "Cors"),
    **{
        f"{verb}{kind}": _permission(method, kind)
        for verb, method in (("Get", "GET"), ("Update", "PATCH"), ("Delete", "DELETE"))
        for kind in ("Api", "Deployment", "Integration", "Route", "Stage")
    },
    **{
        f"{verb}{kind}{plural}": _permission(method, f"{kind}s")
        for verb, plural, method in (("Create", "", "POST"), ("Get", "s", "GET"))
        for kind in ("Deployment", "Integration", "Route", "Stage")
    },
    "CreateStage": (*_permission("POST", "Stages"), _tagging("{given.api_id}/stages/{given.stage_name}")),
}


class ApiGatewayV2Resources:
    """Knows APIs and stages, the things that have tags."""

    eager = False

    def __init__(self, store: Store) -> None:
        self._snapshot = store.snapshot()

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        """arn: `arn:aws:apigateway:REGION::/apis/API/...`"""
        path = arn.split(":", 5)[-1].split("/")
        if len(path) < 3:
            return None
        apis = Reading(self._snapshot, account_id=context.account_id, region=context.region)
        if len(path) == 5 and path[3] == "stages":
            stage = await apis.find(STAGE, path[2], path[4])
            return KnownResource(arn=arn, tags=stage.tags) if stage is not None else None
        try:
            return KnownResource(arn=arn, tags=(await apis.api(path[2])).tags)
        except ApiNotFound:
            return None
