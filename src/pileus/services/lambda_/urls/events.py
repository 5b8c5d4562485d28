"""What does a function hear of a request to its URL?

Payload format 2.0. Source: Lambda Developer Guide, "Invoking Lambda function URLs"; recording lambda,
test_lambda_url_echo_http_fixture_default: members that say nothing are absent, paths arrive decoded.
"""

from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from pileus.kernel.context import Principal
from pileus.kernel.http.function_events import body_text, common_log_time, joined_query, received_headers
from pileus.kernel.http.messages import Request
from pileus.services.lambda_.urls.addresses import Address

_ROUTE: Final = "$default"

_encode: Final = msgspec.json.Encoder().encode


class Arrival(NamedTuple):
    """A request to a function URL. caller: who signed it; None when nobody has to. trace_id: `Root=...`."""

    request: Request
    address: Address
    body: bytes
    caller: Principal | None
    request_id: str
    trace_id: str
    at_s: float


def url_event(arrival: Arrival) -> bytes:
    """The event, as JSON."""
    request, address = arrival.request, arrival.address
    path = unquote(address.path) if "%" in address.path else address.path
    headers = received_headers(
        request.headers,
        body_bytes=len(arrival.body),
        host=address.domain,
        peer=request.peer,
        secure=request.secure,
        trace_id=arrival.trace_id,
    )
    cookies = headers.pop("cookie", None)
    body, is_base64 = body_text(arrival.body, headers.get("content-type", ""))
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": _ROUTE,
        "rawPath": path,
        "rawQueryString": request.query,
    }
    if cookies is not None:
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    event["headers"] = headers
    if request.query:
        event["queryStringParameters"] = joined_query(request.query)
    caller = arrival.caller
    event["requestContext"] = {
        "accountId": "anonymous" if caller is None else caller.account_id,
        "apiId": address.url_id,
        **({} if caller is None else {"authorizer": {"iam": _identity(caller)}}),
        "domainName": address.domain,
        "domainPrefix": address.url_id,
        "http": {
            "method": request.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.peer,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": arrival.request_id,
        "routeKey": _ROUTE,
        "stage": _ROUTE,
        "time": common_log_time(int(arrival.at_s)),
        "timeEpoch": int(arrival.at_s * 1000),
    }
    if body is not None:
        event["body"] = body
    event["isBase64Encoded"] = is_base64
    return _encode(event)


def _identity(caller: Principal) -> dict[str, str | None]:
    return {
        "accessKey": caller.access_key_id,
        "accountId": caller.account_id,
        "callerId": caller.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": caller.arn,
        "userId": caller.user_id,
    }
