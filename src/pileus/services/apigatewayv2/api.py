"""API Gateway v2: HTTP APIs with Lambda proxy integrations. What is refused, and why, is in `unsupported.py`."""

from typing import Final

from pileus.services.apigatewayv2.operations.apis import ApiOperations
from pileus.services.apigatewayv2.operations.deployments import DeploymentOperations
from pileus.services.apigatewayv2.operations.integrations import IntegrationOperations
from pileus.services.apigatewayv2.operations.routes import RouteOperations
from pileus.services.apigatewayv2.operations.stages import StageOperations


class ApiGatewayV2Api(ApiOperations, DeploymentOperations, IntegrationOperations, RouteOperations, StageOperations):
    """Every operation, each in the module of what it is about."""


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
