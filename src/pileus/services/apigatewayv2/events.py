"""What does API Gateway tell a function about a request?

Formats 1.0 and 2.0 of "Create AWS Lambda proxy integrations for HTTP APIs" (Developer Guide), with what AWS does where
the page is silent: paths arrive decoded (fastify/aws-lambda-fastify issue 169), query strings as sent; a body is text
for the types below and base64 for all others, forms included and also without a type (ministackorg/ministack pull
request 766, measured on AWS); the `cookie` header moves to `cookies`; members that say nothing are absent in 2.0 and
null in 1.0.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from pileus.kernel.http.function_events import body_text, common_log_time, joined_query

_encode: Final = msgspec.json.Encoder().encode

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


def event_2_0(arrival: Arrival) -> bytes:
    """The event in format 2.0, as JSON."""
    headers = arrival.headers
    cookies = headers.pop("cookie", None)
    body, is_base64 = body_text(arrival.body, arrival.headers.get("content-type", ""))
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
        event["queryStringParameters"] = joined_query(arrival.query)
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
    body, is_base64 = body_text(arrival.body, arrival.headers.get("content-type", ""))
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
