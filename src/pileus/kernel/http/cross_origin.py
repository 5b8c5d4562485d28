"""What are browsers told about other origins, where that is configured and not the function's to say?

Preflight requests are answered at once, and what a function says about CORS is replaced. Sources: API Gateway Developer
Guide, "Configure CORS for HTTP APIs"; Lambda Developer Guide, "Cross-origin resource sharing (CORS)" of function URLs.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from pileus.kernel.http.messages import Headers, Response

_PREFIX: Final = "access-control-"


class Cors(Protocol):
    """Who may do what. An empty list says nothing."""

    @property
    def allow_credentials(self) -> bool: ...
    @property
    def allow_headers(self) -> Sequence[str]: ...
    @property
    def allow_methods(self) -> Sequence[str]: ...
    @property
    def allow_origins(self) -> Sequence[str]: ...
    @property
    def expose_headers(self) -> Sequence[str]: ...
    @property
    def max_age_s(self) -> int | None: ...


def preflight(
    cors: Cors, *, method: str, headers: Mapping[str, str], said: Headers, status: int = 204
) -> Response | None:
    """The answer to a preflight request; None when the request is none. said: headers that come first."""
    if method != "OPTIONS" or "access-control-request-method" not in headers or "origin" not in headers:
        return None
    told = list(said)
    if (origin := _allowed_origin(cors, headers["origin"])) is not None:
        told.append(("access-control-allow-origin", origin))
        if cors.allow_methods:
            told.append(("access-control-allow-methods", ",".join(cors.allow_methods)))
        if cors.allow_headers:
            told.append(("access-control-allow-headers", ",".join(cors.allow_headers)))
        if cors.max_age_s is not None:
            told.append(("access-control-max-age", str(cors.max_age_s)))
        if cors.allow_credentials:
            told.append(("access-control-allow-credentials", "true"))
    return Response(status, told)


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
