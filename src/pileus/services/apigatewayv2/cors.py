"""What are browsers told about other origins?

With CORS configured, API Gateway answers preflight requests itself and replaces what a function says about CORS.
Source: Developer Guide, "Configure CORS for HTTP APIs".
"""

from collections.abc import Mapping
from typing import Final

from pileus.kernel.http.messages import Response
from pileus.services.apigatewayv2.model import Cors

_PREFIX: Final = "access-control-"


def preflight(cors: Cors, *, method: str, headers: Mapping[str, str], request_id: str) -> Response | None:
    """The answer to a preflight request; None when the request is none."""
    if method != "OPTIONS" or "access-control-request-method" not in headers or "origin" not in headers:
        return None
    said: list[tuple[str, str]] = [("apigw-requestid", request_id)]
    if (origin := _allowed_origin(cors, headers["origin"])) is not None:
        said.append(("access-control-allow-origin", origin))
        if cors.allow_methods:
            said.append(("access-control-allow-methods", ",".join(cors.allow_methods)))
        if cors.allow_headers:
            said.append(("access-control-allow-headers", ",".join(cors.allow_headers)))
        if cors.max_age_s is not None:
            said.append(("access-control-max-age", str(cors.max_age_s)))
        if cors.allow_credentials:
            said.append(("access-control-allow-credentials", "true"))
    return Response(204, said)


def with_cors(cors: Cors, response: Response, *, origin: str | None) -> Response:
    """The response with API Gateway's CORS headers in place of the function's."""
    headers = [(name, value) for name, value in response.headers if not name.startswith(_PREFIX)]
    if origin is not None and (allowed := _allowed_origin(cors, origin)) is not None:
        headers.append(("access-control-allow-origin", allowed))
        if cors.allow_credentials:
            headers.append(("access-control-allow-credentials", "true"))
        if cors.expose_headers:
            headers.append(("access-control-expose-headers", ",".join(cors.expose_headers)))
    return Response(response.status, headers, response.body)


def _allowed_origin(cors: Cors, origin: str) -> str | None:
    """What to answer to an origin: `*`, itself, or nothing. `https://*` stands for all origins of its scheme."""
    if "*" in cors.allow_origins:
        return "*"
    scheme = origin.partition("://")[0]
    return origin if origin in cors.allow_origins or f"{scheme}://*" in cors.allow_origins else None
