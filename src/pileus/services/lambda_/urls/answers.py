"""What does the client of a function URL get, when Lambda speaks, and when the function streams?

A streamed answer may begin with JSON of its status code, headers and cookies, then eight NUL; the content type tells.
What is wrong with that beginning is told as 502; what goes wrong later breaks the connection off.

Source: Lambda Developer Guide, "Response streaming for Lambda functions"; recordings lambda,
test_lambda_permission_url_invocation, test_lambda_url_persists_after_alias_delete.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from pileus.kernel.http.function_results import Malformed, response_2_0
from pileus.kernel.http.messages import Headers, Response
from pileus.services.lambda_.streaming import HTTP_PRELUDE_CONTENT_TYPE, StreamedInvocation

_DELIMITER: Final = bytes(8)
_PRELUDE_BYTES_MAX: Final = 16 * 1024 * 1024
_ERROR_TYPES: Final = {
    403: "AccessDeniedException",
    413: "RequestEntityTooLargeException",
    429: "TooManyRequestsException",
}


def refused(
    status: int,
    message: str | None,
    said: Headers,
    *,
    bare: bool = False,
    members: Mapping[str, object] | None = None,
) -> Response:
    """Lambda's own answer. bare: the text alone, as for functions that fail. members: of an error that passes as it is,
    as that of a function without room does (`{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User",...}`).
    """
    headers = [*said, ("content-type", "application/json")]
    if status in _ERROR_TYPES:
        headers.append(("x-amzn-errortype", _ERROR_TYPES[status]))
    if bare:
        assert message is not None
        return Response(status, headers, message.encode())
    return Response(status, headers, msgspec.json.encode(members or {"Message": message}))


async def streamed(invocation: StreamedInvocation, said: Headers) -> Response:
    """The answer of a function that may stream: what it does not stream is understood as if nobody had asked."""
    pieces = aiter(invocation)
    if invocation.content_type == "":
        gathered = b"".join([piece async for piece in pieces])
        result = await invocation.result()
        try:
            if result.function_error is None:
                return response_2_0(gathered, said)
        except Malformed:
            pass
        return refused(502, "Internal Server Error", said, bare=True)
    if invocation.content_type != HTTP_PRELUDE_CONTENT_TYPE:
        headers = (*said, ("content-type", invocation.content_type))
        return Response(200, headers, _rest(invocation, b"", pieces))
    prelude, first = await _prelude(pieces)
    if prelude is None:
        invocation.abandon()
        return refused(502, "Internal Server Error", said, bare=True)
    try:
        head = response_2_0(prelude, said)
    except Malformed:
        invocation.abandon()
        return refused(502, "Internal Server Error", said, bare=True)
    return Response(head.status, head.headers, _rest(invocation, first, pieces))


async def _prelude(pieces: AsyncIterator[bytes]) -> tuple[bytes | None, bytes]:
    """The JSON before the eight NUL, and what of the body came with it; None when there is none."""
    held = bytearray()
    async for piece in pieces:
        held += piece
        end = held.find(_DELIMITER)
        if end >= 0:
            return _complete(bytes(held[:end])), bytes(held[end + len(_DELIMITER) :])
        if len(held) > _PRELUDE_BYTES_MAX:
            break
    return None, b""


def _complete(prelude: bytes) -> bytes | None:
    """As a result in format 2.0: a status code is optional here."""
    try:
        said = msgspec.json.decode(prelude or b"{}", type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return msgspec.json.encode({"statusCode": 200, **said})


async def _rest(invocation: StreamedInvocation, first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    ended = False
    try:
        if first:
            yield first
        async for piece in pieces:
            yield piece
        ended = True
        result = await invocation.result()
        if result.function_error is not None:
            raise EOFError("the function failed in the middle of its answer")
    finally:
        if not ended:
            invocation.abandon()
