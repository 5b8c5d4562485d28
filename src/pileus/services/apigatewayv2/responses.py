"""What does the client of an API get, from a function or from API Gateway itself?"""

from typing import Final

import msgspec

from pileus.kernel.http import function_results
from pileus.kernel.http.function_results import Malformed
from pileus.kernel.http.messages import Response

__all__ = ["Malformed", "message", "response_1_0", "response_2_0"]

_JSON: Final = ("content-type", "application/json")


def message(status: int, text: str, *, request_id: str) -> Response:
    """API Gateway's own answer, such as `{"message":"Not Found"}`."""
    body = b'{"message":' + msgspec.json.encode(text) + b"}"
    return Response(status, (_JSON, ("apigw-requestid", request_id)), body)


def response_2_0(payload: bytes, *, request_id: str) -> Response:
    """The response to a result in format 2.0; `Malformed` when it is none."""
    return function_results.response_2_0(payload, (("apigw-requestid", request_id),))


def response_1_0(payload: bytes, *, request_id: str) -> Response:
    """The response to a result in format 1.0; `Malformed` when it is none."""
    return function_results.response_1_0(payload, (("apigw-requestid", request_id),))
