"""Which parts of API Gateway v2 does Pileus refuse to pretend?

Each is named in the answer, `NotImplemented`; what AWS itself refuses for HTTP APIs is a `BadRequestException`.
"""

from typing import Final

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.apigatewayv2 import shapes
from pileus.services.apigatewayv2.errors import BadRequestException

CreateOrUpdateApi = shapes.CreateApiRequest | shapes.UpdateApiRequest
CreateOrUpdateIntegration = shapes.CreateIntegrationRequest | shapes.UpdateIntegrationRequest
CreateOrUpdateRoute = shapes.CreateRouteRequest | shapes.UpdateRouteRequest
CreateOrUpdateStage = shapes.CreateStageRequest | shapes.UpdateStageRequest

_LAMBDA_TYPE: Final = "AWS_PROXY"


def refuse(what: str) -> NotImplementedByPileus:
    """The error that names what is missing."""
    return NotImplementedByPileus(f"API Gateway v2: {what} is not implemented by Pileus yet")


def _websocket_only(**given: object) -> None:
    for name, value in given.items():
        if value:
            raise BadRequestException(f"{name} is supported only for WebSocket APIs")


def check_api(request: CreateOrUpdateApi) -> None:
    if isinstance(request, shapes.CreateApiRequest) and request.protocol_type != "HTTP":
        raise refuse(f"protocol type {request.protocol_type}")
    if request.credentials_arn:
        raise refuse("CredentialsArn")
    _websocket_only(disableSchemaValidation=request.disable_schema_validation)


def check_integration(request: CreateOrUpdateIntegration) -> None:
    if request.integration_type not in {None, _LAMBDA_TYPE}:
        raise refuse(f"integration type {request.integration_type}")
    for name, given in (
        ("IntegrationSubtype", request.integration_subtype),
        ("a VPC link", request.connection_id or request.connection_type == "VPC_LINK"),
        ("CredentialsArn", request.credentials_arn),
        ("RequestParameters", request.request_parameters),
        ("ResponseParameters", request.response_parameters),
        ("TlsConfig", request.tls_config),
    ):
        if given:
            raise refuse(name)
    _websocket_only(
        contentHandlingStrategy=request.content_handling_strategy,
        passthroughBehavior=request.passthrough_behavior,
        requestTemplates=request.request_templates,
        templateSelectionExpression=request.template_selection_expression,
    )


def check_route(request: CreateOrUpdateRoute) -> None:
    if request.authorization_type not in {None, "NONE"}:
        raise refuse(f"authorization type {request.authorization_type}")
    if request.authorizer_id or request.authorization_scopes:
        raise refuse("an authorizer")
    _websocket_only(
        apiKeyRequired=request.api_key_required,
        modelSelectionExpression=request.model_selection_expression,
        requestModels=request.request_models,
        requestParameters=request.request_parameters,
        routeResponseSelectionExpression=request.route_response_selection_expression,
    )


def check_stage(request: CreateOrUpdateStage) -> None:
    if request.access_log_settings is not None:
        raise refuse("AccessLogSettings")
    for settings in (request.default_route_settings, *(request.route_settings or {}).values()):
        if settings is None:
            continue
        if settings.throttling_burst_limit is not None or settings.throttling_rate_limit is not None:
            raise refuse("throttling")
        if settings.detailed_metrics_enabled:
            raise refuse("DetailedMetricsEnabled")
        _websocket_only(dataTraceEnabled=settings.data_trace_enabled, loggingLevel=settings.logging_level)
    _websocket_only(clientCertificateId=request.client_certificate_id)
