"""What are APIs, routes, integrations and stages, and what is true of them?"""

import ipaddress
import re
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from pileus.services.apigatewayv2.errors import BadRequestException

DEFAULT: Final = "$default"
"""The route that takes what no other takes, and the stage that is served without its name in the path."""

METHODS: Final = frozenset({"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

PATH_FORM: Final = "/_aws/execute-api/"
"""Where an API is reached by clients that cannot resolve its host name: this, its id, and the path."""

_VARIABLE: Final = re.compile(r"\{([A-Za-z0-9._:-]+)(\+?)\}")
_STAGE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VARIABLE_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_VARIABLE_VALUE: Final = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]+")
_STAGE_VARIABLE: Final = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
_FUNCTION_ARN: Final = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?")
_INVOCATION_URI: Final = re.compile(
    r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/(.+)/invocations"
)

ROUTE_KEY_MALFORMED: Final = (
    "The provided route key is not formatted properly for HTTP protocol. "
    'Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"'
)


class Cors(msgspec.Struct, frozen=True, kw_only=True):
    """What the API says to browsers; a list that is empty says nothing."""

    allow_credentials: bool = False
    allow_headers: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age_s: int | None = None


class ApiRecord(msgspec.Struct, frozen=True, kw_only=True, tag="apigatewayv2.api.v1"):
    api_id: str
    name: str
    created_at: datetime
    description: str | None = None
    version: str | None = None
    route_selection_expression: str = "$request.method $request.path"
    api_key_selection_expression: str = "$request.header.x-api-key"
    disable_execute_api_endpoint: bool = False
    ip_address_type: str = "ipv4"
    cors: Cors | None = None
    tags: dict[str, str] = {}


class IntegrationRecord(msgspec.Struct, frozen=True, kw_only=True, tag="apigatewayv2.integration.v1"):
    """An AWS_PROXY integration with a Lambda function; `uri` as the caller wrote it."""

    integration_id: str
    uri: str
    payload_format_version: str
    timeout_ms: int
    integration_method: str = "POST"
    description: str | None = None
    managed: bool = False


class RouteRecord(msgspec.Struct, frozen=True, kw_only=True, tag="apigatewayv2.route.v1"):
    """target: `integrations/ID`; None while the route leads nowhere."""

    route_id: str
    route_key: str
    target: str | None = None
    operation_name: str | None = None
    managed: bool = False


class StageRecord(msgspec.Struct, frozen=True, kw_only=True, tag="apigatewayv2.stage.v1"):
    """deployment_id: what the stage serves; None while nothing is deployed."""

    stage_name: str
    created_at: datetime
    updated_at: datetime
    auto_deploy: bool = False
    deployment_id: str | None = None
    deployment_status_message: str | None = None
    description: str | None = None
    variables: dict[str, str] = {}
    tags: dict[str, str] = {}
    managed: bool = False


class DeployedRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A route and its integration as they were when deployed; `uri` None without an integration."""

    route_key: str
    uri: str | None
    payload_format_version: str = "2.0"
    timeout_ms: int = 30_000


class DeploymentRecord(msgspec.Struct, frozen=True, kw_only=True, tag="apigatewayv2.deployment.v1"):
    """A copy of the API's configuration: what stages serve, whatever changes afterwards."""

    deployment_id: str
    created_at: datetime
    routes: tuple[DeployedRoute, ...]
    cors: Cors | None = None
    auto_deployed: bool = False
    description: str | None = None


class PublishedRecord(msgspec.Struct, frozen=True, kw_only=True, tag="apigatewayv2.published.v1"):
    """Whose API an id is. `revision` grows with every change of what the API serves, so that caches notice."""

    account_id: str
    region: str
    revision: int
    served: bool = True


class RouteKey(NamedTuple):
    """`METHOD /path`, parsed; `$default` has neither method nor segments."""

    method: str
    path: str
    segments: tuple[str, ...]


class Variable(NamedTuple):
    """A segment of a route's path that takes what it finds."""

    name: str
    greedy: bool


def variable(segment: str) -> Variable | None:
    """The path variable that a segment consists of; None for literal text."""
    if (match := _VARIABLE.fullmatch(segment)) is None:
        return None
    return Variable(match[1], bool(match[2]))


def parse_route_key(key: str) -> RouteKey:
    """The parts of a route key, or `BadRequestException`.

    Source: Developer Guide, "Create routes for HTTP APIs": a greedy variable stands only at the end.
    """
    if key == DEFAULT:
        return RouteKey("", "", ())
    method, _, path = key.partition(" ")
    if method not in METHODS or not path.startswith("/"):
        raise BadRequestException(ROUTE_KEY_MALFORMED)
    segments = tuple(path[1:].split("/"))
    names: set[str] = set()
    for position, segment in enumerate(segments):
        found = variable(segment)
        if found is None:
            if "{" in segment or "}" in segment or " " in segment:
                raise BadRequestException(ROUTE_KEY_MALFORMED)
        elif found.name in names or (found.greedy and position != len(segments) - 1):
            raise BadRequestException(ROUTE_KEY_MALFORMED)
        else:
            names.add(found.name)
    return RouteKey(method, path, segments)


def function_arn(uri: str) -> str | None:
    """The Lambda function behind an integration URI, plain or in API Gateway's invocation form; None for another."""
    if (match := _INVOCATION_URI.fullmatch(uri)) is not None:
        uri = match[1]
    return uri if _FUNCTION_ARN.fullmatch(uri) else None


def with_stage_variables(uri: str, variables: dict[str, str]) -> str:
    """`${stageVariables.NAME}` replaced; an unknown name by nothing, so that the ARN is none."""
    if "${" not in uri:
        return uri
    return _STAGE_VARIABLE.sub(lambda match: variables.get(match[1], ""), uri)


def names_function(uri: str) -> bool:
    """Whether an integration URI is a Lambda function's, or will be once its stage variables are known."""
    if "${stageVariables." not in uri:
        return function_arn(uri) is not None
    return uri.startswith("arn:") and ":lambda:" in uri


def partition(region: str) -> str:
    """`aws`, `aws-cn` or `aws-us-gov`."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def check_stage_name(name: str) -> None:
    if name != DEFAULT and _STAGE_NAME.fullmatch(name) is None:
        raise BadRequestException("Stage name only allows alphanumeric characters, hyphens and underscores")


def check_stage_variables(variables: dict[str, str]) -> None:
    """Names and values as API reference, CreateStage, `stageVariables` allows them."""
    for name, value in variables.items():
        if _VARIABLE_NAME.fullmatch(name) is None or _VARIABLE_VALUE.fullmatch(value) is None:
            raise BadRequestException(f"Invalid stage variable: {name}")


def check_cors(cors: Cors) -> None:
    """Source: Developer Guide, "Configure CORS for HTTP APIs"."""
    if cors.allow_credentials and "*" in cors.allow_origins:
        raise BadRequestException("Allowing credentials is not supported with the wildcard origin '*'")
    for origin in cors.allow_origins:
        if origin != "*" and not origin.startswith(("http://", "https://")):
            raise BadRequestException(f"Invalid origin: {origin}")


def split_port(host: str) -> tuple[str, str]:
    """`name:port` as name and `:port`; IPv6 addresses keep their brackets."""
    end = host.rfind("]")
    colon = host.find(":", end + 1)
    return (host, "") if colon < 0 else (host[:colon], host[colon:])


def api_endpoint(api_id: str, *, host: str, secure: bool) -> str:
    """Where the client that spoke to `host` reaches the API.

    `ID.execute-api.` under the name the client used; below `localhost` for loopback addresses, since browsers and curl
    resolve every name there; the path form for other addresses, below which no name exists.
    """
    scheme = "https" if secure else "http"
    name, port = split_port(host.lower())
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        suffix = name.removeprefix("apigateway.") or "localhost"
        return f"{scheme}://{api_id}.execute-api.{suffix}{port}"
    if address.is_loopback or address.is_unspecified:
        return f"{scheme}://{api_id}.execute-api.localhost{port}"
    return f"{scheme}://{name}{port}{PATH_FORM}{api_id}"
