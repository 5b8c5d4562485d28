"""How do records become the shapes of answers?"""

from pileus.services.apigatewayv2 import shapes
from pileus.services.apigatewayv2.model import (
    ApiRecord,
    Cors,
    DeploymentRecord,
    IntegrationRecord,
    RouteRecord,
    StageRecord,
)


def cors_record(cors: shapes.Cors) -> Cors:
    return Cors(
        allow_credentials=bool(cors.allow_credentials),
        allow_headers=tuple(cors.allow_headers or ()),
        allow_methods=tuple(cors.allow_methods or ()),
        allow_origins=tuple(cors.allow_origins or ()),
        expose_headers=tuple(cors.expose_headers or ()),
        max_age_s=cors.max_age,
    )


def cors(record: Cors) -> shapes.Cors:
    return shapes.Cors(
        allow_credentials=record.allow_credentials,
        allow_headers=list(record.allow_headers) or None,
        allow_methods=list(record.allow_methods) or None,
        allow_origins=list(record.allow_origins) or None,
        expose_headers=list(record.expose_headers) or None,
        max_age=record.max_age_s,
    )


def api(record: ApiRecord, *, endpoint: str) -> shapes.Api:
    """endpoint: as the asking client reaches it."""
    return shapes.Api(
        api_endpoint=endpoint,
        api_id=record.api_id,
        api_key_selection_expression=record.api_key_selection_expression,
        cors_configuration=None if record.cors is None else cors(record.cors),
        created_date=record.created_at,
        description=record.description,
        disable_execute_api_endpoint=record.disable_execute_api_endpoint,
        ip_address_type="dualstack" if record.ip_address_type == "dualstack" else "ipv4",
        name=record.name,
        protocol_type="HTTP",
        route_selection_expression=record.route_selection_expression,
        tags=record.tags,
        version=record.version,
    )


def integration(record: IntegrationRecord) -> shapes.Integration:
    return shapes.Integration(
        api_gateway_managed=record.managed or None,
        connection_type="INTERNET",
        description=record.description,
        integration_id=record.integration_id,
        integration_method=record.integration_method,
        integration_type="AWS_PROXY",
        integration_uri=record.uri,
        payload_format_version=record.payload_format_version,
        timeout_in_millis=record.timeout_ms,
    )


def route(record: RouteRecord) -> shapes.Route:
    return shapes.Route(
        api_gateway_managed=record.managed or None,
        api_key_required=False,
        authorization_type="NONE",
        operation_name=record.operation_name,
        route_id=record.route_id,
        route_key=record.route_key,
        target=record.target,
    )


def stage(record: StageRecord) -> shapes.Stage:
    return shapes.Stage(
        api_gateway_managed=record.managed or None,
        auto_deploy=record.auto_deploy or None,
        created_date=record.created_at,
        default_route_settings=shapes.RouteSettings(detailed_metrics_enabled=False),
        deployment_id=record.deployment_id,
        description=record.description,
        last_deployment_status_message=record.deployment_status_message,
        last_updated_date=record.updated_at,
        route_settings={},
        stage_name=record.stage_name,
        stage_variables=record.variables,
        tags=record.tags,
    )


def deployment(record: DeploymentRecord) -> shapes.Deployment:
    return shapes.Deployment(
        auto_deployed=record.auto_deployed,
        created_date=record.created_at,
        deployment_id=record.deployment_id,
        deployment_status="DEPLOYED",
        description=record.description,
    )
