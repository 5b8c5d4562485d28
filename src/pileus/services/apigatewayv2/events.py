"""What does API Gateway tell a function about a request?

Formats 1.0 and 2.0 of "Create AWS Lambda proxy integrations for HTTP APIs" (Developer Guide), with what AWS does where
the page is silent: paths arrive decoded (fastify/aws-lambda-fastify issue 169), query strings as sent; a body is text
for the types below and base64 for all others, forms included and also without a type (ministackorg/ministack pull
request 766, measured on AWS); the `cookie` header moves to `cookies`; members that say nothing are absent in 2.0 and
null in 1.0.
"""

import re
import time
from binascii import b2a_base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

_encode: Final = msgspec.json.Encoder().encode

_TEXT_TYPE: Final = re.compile(r"\s*(text/[^;]*|application/(json|xml|javascript))\s*(;|$)", re.IGNORECASE)

_OF_THE_CONNECTION: Final = (
    "connection",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)

_SPELLED_1_0: Final = {
    "content-length": "Content-Length",
    "host": "Host",
    "user-agent": "User-Agent",
    "x-amzn-trace-id": "X-Amzn-Trace-Id",
    "x-forwarded-for": "X-Forwarded-For",
    "x-forwarded-port": "X-Forwarded-Port",
    "x-forwarded-proto": "X-Forwarded-Proto",
}
"""Format 1.0 spells the headers that API Gateway sets itself so, and the others in lower case."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Arrival(NamedTuple):
    """A request that has found its route.

    path: decoded, with the stage's name if it was sent. query: as sent. headers: by lower-case name.
    resource_path: the route's path, or its key for `$default`. at_s: seconds since 1970.
    """

    account_id: str
    api_id: str
    stage: str
    stage_variables: Mapping[str, str]
    route_key: str
    resource_path: str
    path_variables: Mapping[str, str]
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    domain: str
    source_ip: str
    request_id: str
    at_s: float


def received_headers(
    headers: Mapping[str, str], *, body_bytes: int, host: str, peer: str, secure: bool, trace_id: str
) -> dict[str, str]:
    """The headers as API Gateway passes them on: without those of the connection, with those of a proxy."""
    received = dict(headers)
    for name in _OF_THE_CONNECTION:
        received.pop(name, None)
    before = received.get("x-forwarded-for")
    received["content-length"] = str(body_bytes)
    received["host"] = host
    received["x-amzn-trace-id"] = received.get("x-amzn-trace-id") or trace_id
    received["x-forwarded-for"] = f"{before}, {peer}" if before else peer
    port = headers.get("host", "").rpartition(":")[2]
    received["x-forwarded-port"] = port if port.isdecimal() else "443" if secure else "80"
    received["x-forwarded-proto"] = "https" if secure else "http"
    return received


def event_2_0(arrival: Arrival) -> bytes:
    """The event in format 2.0, as JSON."""
    headers = arrival.headers
    cookies = headers.pop("cookie", None)
    body, is_base64 = _body(arrival)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": arrival.route_key,
        "rawPath": arrival.path,
        "rawQueryString": arrival.query,
    }
    if cookies is not None:
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    event["headers"] = headers
    if arrival.query:
        event["queryStringParameters"] = _joined(arrival.query)
    event["requestContext"] = {
        "accountId": arrival.account_id,
        "apiId": arrival.api_id,
        "domainName": arrival.domain,
        "domainPrefix": arrival.domain.partition(".")[0],
        "http": {
            "method": arrival.method,
            "path": arrival.path,
            "protocol": "HTTP/1.1",
            "sourceIp": arrival.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": arrival.request_id,
        "routeKey": arrival.route_key,
        "stage": arrival.stage,
        "time": common_log_time(int(arrival.at_s)),
        "timeEpoch": int(arrival.at_s * 1000),
    }
    if arrival.path_variables:
        event["pathParameters"] = arrival.path_variables
    if arrival.stage_variables:
        event["stageVariables"] = arrival.stage_variables
    if body is not None:
        event["body"] = body
    event["isBase64Encoded"] = is_base64
    return _encode(event)


def event_1_0(arrival: Arrival) -> bytes:
    """The event in format 1.0, as JSON."""
    headers = {_SPELLED_1_0.get(name, name): value for name, value in arrival.headers.items()}
    query = parse_qsl(arrival.query, keep_blank_values=True) if arrival.query else []
    several: dict[str, list[str]] = {}
    for name, value in query:
        several.setdefault(name, []).append(value)
    body, is_base64 = _body(arrival)
    return _encode(
        {
            "version": "1.0",
            "resource": arrival.resource_path,
            "path": arrival.path,
            "httpMethod": arrival.method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": dict(query) or None,
            "multiValueQueryStringParameters": several or None,
            "requestContext": _context_1_0(arrival),
            "pathParameters": arrival.path_variables or None,
            "stageVariables": arrival.stage_variables or None,
            "body": body,
            "isBase64Encoded": is_base64,
        }
    )


def _context_1_0(arrival: Arrival) -> dict[str, Any]:
    return {
        "accountId": arrival.account_id,
        "apiId": arrival.api_id,
        "domainName": arrival.domain,
        "domainPrefix": arrival.domain.partition(".")[0],
        "extendedRequestId": arrival.request_id,
        "httpMethod": arrival.method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAmr": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": arrival.source_ip,
            "user": None,
            "userAgent": arrival.headers.get("user-agent", ""),
            "userArn": None,
        },
        "path": arrival.path,
        "protocol": "HTTP/1.1",
        "requestId": arrival.request_id,
        "requestTime": common_log_time(int(arrival.at_s)),
        "requestTimeEpoch": int(arrival.at_s * 1000),
        "resourceId": arrival.route_key,  # the page says null; AWS's sample events in the Lambda guide have the key
        "resourcePath": arrival.resource_path,
        "stage": arrival.stage,
    }


def _body(arrival: Arrival) -> tuple[str | None, bool]:
    """The body as an event has it, and whether that is base64; None when there is none."""
    if not arrival.body:
        return None, False
    if _TEXT_TYPE.match(arrival.headers.get("content-type", "")) is not None:
        try:
            return arrival.body.decode(), False
        except UnicodeDecodeError:
            pass
    return b2a_base64(arrival.body, newline=False).decode(), True


def _joined(query: str) -> dict[str, str]:
    """Parameters by name; those that repeat are joined by commas."""
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


@lru_cache(maxsize=4)
def common_log_time(at_s: int) -> str:
    """`12/Mar/2020:19:03:58 +0000`; remembered, as many requests share a second."""
    at = time.gmtime(at_s)
    return f"{at.tm_mday:02}/{_MONTHS[at.tm_mon - 1]}/{at.tm_year}:{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} +0000"
