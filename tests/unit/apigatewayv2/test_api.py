"""Do APIs, routes, integrations and stages behave as AWS documents?"""

import pytest

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.apigatewayv2 import shapes
from pileus.services.apigatewayv2.errors import BadRequestException, ConflictException, NotFoundException
from tests.unit.apigatewayv2.conftest import ARN, Gateway, context


async def test_create_api_defaults(gateway: Gateway) -> None:
    """What nobody said has AWS's defaults, and GetApi says the same."""
    made = await gateway.api.create_api(context(), shapes.CreateApiRequest(name="n", protocol_type="HTTP"))
    assert made.api_id is not None
    assert len(made.api_id) == 10
    assert made.api_endpoint == f"http://{made.api_id}.execute-api.localhost:4566"
    assert made.route_selection_expression == "$request.method $request.path"
    assert made.api_key_selection_expression == "$request.header.x-api-key"
    assert (made.disable_execute_api_endpoint, made.ip_address_type, made.tags) == (False, "ipv4", {})
    found = await gateway.api.get_api(context(), shapes.GetApiRequest(api_id=made.api_id))
    assert found == shapes.GetApiResponse(**{name: getattr(made, name) for name in made.__struct_fields__})


async def test_apis_are_of_an_account_and_region(gateway: Gateway) -> None:
    """Nobody else sees an API, and the error names the asking account."""
    api_id = await gateway.create()
    for other in (context(account_id="111111111111"), context(region="us-east-1")):
        with pytest.raises(NotFoundException) as caught:
            await gateway.api.get_api(other, shapes.GetApiRequest(api_id=api_id))
        assert caught.value.message == f"Invalid API identifier specified {other.account_id}:{api_id}"
        assert (await gateway.api.get_apis(other, shapes.GetApisRequest())).items == []


async def test_pages(gateway: Gateway) -> None:
    """All items come once, in pages of the size asked for; the last has no token."""
    made = sorted([await gateway.create(stages=()) for _ in range(5)])
    found: list[str | None] = []
    token: str | None = None
    sizes: list[int] = []
    while True:
        page = await gateway.api.get_apis(context(), shapes.GetApisRequest(max_results="2", next_token=token))
        assert page.items is not None
        found += [item.api_id for item in page.items]
        sizes.append(len(page.items))
        token = page.next_token
        if token is None:
            break
    assert (found, sizes) == (made, [2, 2, 1])
    with pytest.raises(BadRequestException):
        await gateway.api.get_apis(context(), shapes.GetApisRequest(max_results="0"))


async def test_quick_create(gateway: Gateway) -> None:
    """A target makes a catch-all API that works at once, managed by API Gateway."""
    api_id = await gateway.create(stages=(), target=ARN)
    integrations = await gateway.api.get_integrations(context(), shapes.GetIntegrationsRequest(api_id=api_id))
    routes = await gateway.api.get_routes(context(), shapes.GetRoutesRequest(api_id=api_id))
    stages = await gateway.api.get_stages(context(), shapes.GetStagesRequest(api_id=api_id))
    assert integrations.items is not None
    assert routes.items is not None
    assert stages.items is not None
    [integration], [route], [stage] = integrations.items, routes.items, stages.items
    assert (integration.api_gateway_managed, integration.payload_format_version) == (True, "2.0")
    assert (route.route_key, route.target) == ("$default", f"integrations/{integration.integration_id}")
    assert (stage.stage_name, stage.auto_deploy, stage.api_gateway_managed) == ("$default", True, True)
    assert (await gateway.request(api_id, "/any/thing")).body == b"ok"


async def test_integration_defaults(gateway: Gateway) -> None:
    """An integration of an HTTP API has 30 seconds and posts over the internet."""
    api_id = await gateway.create()
    integration_id = await gateway.integrate(api_id)
    found = await gateway.api.get_integration(
        context(), shapes.GetIntegrationRequest(api_id=api_id, integration_id=integration_id)
    )
    assert found == shapes.GetIntegrationResult(
        connection_type="INTERNET",
        integration_id=integration_id,
        integration_method="POST",
        integration_type="AWS_PROXY",
        integration_uri=ARN,
        payload_format_version="2.0",
        timeout_in_millis=30000,
    )


async def test_integration_needs_a_function_and_a_format(gateway: Gateway) -> None:
    """Neither is guessed."""
    api_id = await gateway.create()
    with pytest.raises(BadRequestException):
        await gateway.integrate(api_id, uri="https://example.com")
    with pytest.raises(BadRequestException):
        await gateway.integrate(api_id, payload_format_version=None)
    with pytest.raises(BadRequestException):
        await gateway.integrate(api_id, payload_format_version="3.0")


async def test_routes_have_keys_of_their_own(gateway: Gateway) -> None:
    """The same key twice is a conflict, also by way of an update; a target must exist."""
    api_id = await gateway.create()
    await gateway.route(api_id, "GET /a")
    other = await gateway.route(api_id, "GET /b")
    with pytest.raises(ConflictException):
        await gateway.route(api_id, "GET /a")
    with pytest.raises(ConflictException):
        await gateway.api.update_route(
            context(), shapes.UpdateRouteRequest(api_id=api_id, route_id=other, route_key="GET /a")
        )
    with pytest.raises(BadRequestException):
        await gateway.api.create_route(
            context(), shapes.CreateRouteRequest(api_id=api_id, route_key="GET /c", target="integrations/none")
        )


async def test_an_integration_in_use_stays(gateway: Gateway) -> None:
    """It can go once no route leads to it."""
    api_id = await gateway.create()
    route_id = await gateway.route(api_id, "GET /a")
    route = await gateway.api.get_route(context(), shapes.GetRouteRequest(api_id=api_id, route_id=route_id))
    assert route.target is not None
    request = shapes.DeleteIntegrationRequest(api_id=api_id, integration_id=route.target.removeprefix("integrations/"))
    with pytest.raises(ConflictException):
        await gateway.api.delete_integration(context(), request)
    await gateway.api.delete_route(context(), shapes.DeleteRouteRequest(api_id=api_id, route_id=route_id))
    await gateway.api.delete_integration(context(), request)
    with pytest.raises(NotFoundException):
        await gateway.api.delete_integration(context(), request)


async def test_stage_answer(gateway: Gateway) -> None:
    """A stage that deploys by itself says what it serves."""
    api_id = await gateway.create(stages=())
    stage = await gateway.api.create_stage(
        context(),
        shapes.CreateStageRequest(api_id=api_id, stage_name="dev", auto_deploy=True, stage_variables={"a": "b"}),
    )
    assert stage.auto_deploy is True
    assert (stage.stage_variables, stage.route_settings, stage.tags) == ({"a": "b"}, {}, {})
    assert stage.last_deployment_status_message == (
        f"Successfully deployed stage with deployment ID '{stage.deployment_id}'"
    )
    with pytest.raises(ConflictException):
        await gateway.api.create_stage(context(), shapes.CreateStageRequest(api_id=api_id, stage_name="dev"))
    for name in ("$live", "a.b", "a/b", ""):
        with pytest.raises(BadRequestException):
            await gateway.api.create_stage(context(), shapes.CreateStageRequest(api_id=api_id, stage_name=name))


async def test_superseded_automatic_deployments_go(gateway: Gateway) -> None:
    """Many changes leave one copy of the API behind, not many."""
    api_id = await gateway.create()
    for n in range(5):
        await gateway.route(api_id, f"GET /{n}")
    found = await gateway.api.get_deployments(context(), shapes.GetDeploymentsRequest(api_id=api_id))
    assert found.items is not None
    assert [item.auto_deployed for item in found.items] == [True]


async def test_a_stage_in_use_keeps_its_deployment(gateway: Gateway) -> None:
    """A deployment that a stage serves cannot be deleted, one that none serves can."""
    api_id = await gateway.create(stages=())
    made = await gateway.api.create_deployment(context(), shapes.CreateDeploymentRequest(api_id=api_id))
    assert made.deployment_id is not None
    await gateway.api.create_stage(
        context(), shapes.CreateStageRequest(api_id=api_id, stage_name="v1", deployment_id=made.deployment_id)
    )
    request = shapes.DeleteDeploymentRequest(api_id=api_id, deployment_id=made.deployment_id)
    with pytest.raises(BadRequestException):
        await gateway.api.delete_deployment(context(), request)
    await gateway.api.delete_stage(context(), shapes.DeleteStageRequest(api_id=api_id, stage_name="v1"))
    await gateway.api.delete_deployment(context(), request)


async def test_updates(gateway: Gateway) -> None:
    """An update changes what it names, and nothing else."""
    api_id = await gateway.create(description="before", version="1")
    changed = await gateway.api.update_api(context(), shapes.UpdateApiRequest(api_id=api_id, name="after"))
    assert (changed.name, changed.description, changed.version) == ("after", "before", "1")
    integration_id = await gateway.integrate(api_id)
    integration = await gateway.api.update_integration(
        context(),
        shapes.UpdateIntegrationRequest(api_id=api_id, integration_id=integration_id, timeout_in_millis=500),
    )
    assert (integration.timeout_in_millis, integration.integration_uri) == (500, ARN)
    stage = await gateway.api.update_stage(
        context(),
        shapes.UpdateStageRequest(api_id=api_id, stage_name="$default", stage_variables={"x": "y"}),
    )
    assert (stage.stage_variables, stage.auto_deploy) == ({"x": "y"}, True)


@pytest.mark.parametrize(
    "request_",
    [
        shapes.CreateApiRequest(name="n", protocol_type="WEBSOCKET"),
        shapes.CreateApiRequest(name="n", protocol_type="HTTP", credentials_arn="arn:aws:iam::000000000000:role/r"),
        shapes.CreateApiRequest(name="n", protocol_type="HTTP", target="https://example.com"),
    ],
)
async def test_what_is_missing_says_so(gateway: Gateway, request_: shapes.CreateApiRequest) -> None:
    """Nothing that is not built answers as if it were."""
    with pytest.raises(NotImplementedByPileus):
        await gateway.api.create_api(context(), request_)


async def test_missing_parts_of_routes_and_stages_say_so(gateway: Gateway) -> None:
    """Authorizers, other integrations, throttling and access logs are named in the error."""
    api_id = await gateway.create()
    with pytest.raises(NotImplementedByPileus, match="JWT"):
        await gateway.api.create_route(
            context(), shapes.CreateRouteRequest(api_id=api_id, route_key="GET /", authorization_type="JWT")
        )
    with pytest.raises(NotImplementedByPileus, match="HTTP_PROXY"):
        await gateway.api.create_integration(
            context(), shapes.CreateIntegrationRequest(api_id=api_id, integration_type="HTTP_PROXY")
        )
    with pytest.raises(NotImplementedByPileus, match="throttling"):
        await gateway.api.create_stage(
            context(),
            shapes.CreateStageRequest(
                api_id=api_id,
                stage_name="s",
                default_route_settings=shapes.RouteSettings(throttling_rate_limit=1.0),
            ),
        )


async def test_an_unknown_api_comes_first(gateway: Gateway) -> None:
    """Every operation below an API says that there is none."""
    for call in (
        gateway.api.get_routes(context(), shapes.GetRoutesRequest(api_id="none")),
        gateway.api.get_stage(context(), shapes.GetStageRequest(api_id="none", stage_name="$default")),
        gateway.api.create_route(context(), shapes.CreateRouteRequest(api_id="none", route_key="GET /")),
        gateway.api.delete_api(context(), shapes.DeleteApiRequest(api_id="none")),
    ):
        with pytest.raises(NotFoundException, match="000000000000:none"):
            await call
