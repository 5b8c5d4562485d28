"""Function URLs: addresses, answers that come in pieces, and who may call as nobody in particular."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from pileus.kernel.http.messages import FileBody, FilesBody, Request, Response
from pileus.services.lambda_.environments.types import FunctionSpec, Invocation, InvocationResult
from pileus.services.lambda_.model import StatementRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.streaming import HTTP_PRELUDE_CONTENT_TYPE, StreamedInvocations
from pileus.services.lambda_.urls.access import anonymous_denial
from pileus.services.lambda_.urls.addresses import addressed, function_url
from pileus.services.lambda_.urls.answers import streamed
from tests.unit.lambda_.conftest import result

_SAID = (("x-amzn-requestid", "r"),)


@pytest.mark.parametrize(
    ("host", "secure", "url"),
    [
        ("localhost:4566", False, "http://abc.lambda-url.us-east-1.localhost:4566/"),
        ("127.0.0.1:4566", False, "http://abc.lambda-url.us-east-1.localhost:4566/"),
        ("[::1]:4566", True, "https://abc.lambda-url.us-east-1.localhost:4566/"),
        ("pileus.test", True, "https://abc.lambda-url.us-east-1.pileus.test/"),
        ("lambda.us-east-1.amazonaws.com", True, "https://abc.lambda-url.us-east-1.amazonaws.com/"),
        ("192.0.2.1:4566", False, "http://192.0.2.1:4566/_aws/lambda-url/abc/"),
    ],
)
def test_where_a_function_url_is(host: str, secure: bool, url: str) -> None:
    """Under the name by which the client came; and what it is given leads back."""
    made = function_url("abc", region="us-east-1", host=host, secure=secure)
    assert made == url
    rest = made.partition("://")[2]
    netloc, _, path = rest.partition("/")
    address = addressed(host=netloc, path=f"/{path}x/y")
    assert address is not None
    assert (address.url_id, address.path) == ("abc", "/x/y")
    assert address.domain.startswith("abc.lambda-url.")


@pytest.mark.parametrize(
    ("host", "path"), [("localhost", "/"), ("a.b.lambda-url.us-east-1.localhost", "/"), ("lambda-url.localhost", "/")]
)
def test_what_is_no_function_url(host: str, path: str) -> None:
    """An id is one label."""
    assert addressed(host=host, path=path) is None


class Streams:
    """Runs an invocation that streams these pieces, with an error or without."""

    def __init__(self, content_type: str, pieces: list[bytes], *, error: str | None = None) -> None:
        self._content_type = content_type
        self._pieces = pieces
        self._error = error

    async def run(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        assert invocation.stream is not None
        if self._content_type:
            invocation.stream.begin(self._content_type)
        for piece in self._pieces:
            invocation.stream.write(piece)
            await asyncio.sleep(0)
        return result(b"", error=self._error)

    async def answer(self) -> Response:
        spec = FunctionSpec(
            function_arn="arn",
            function_name="f",
            version="$LATEST",
            runtime="nodejs20.x",
            handler="index.handler",
            code_path=Path("/"),
            code_sha256="",
            memory_mb=128,
            timeout=timedelta(seconds=3),
            environment={},
            role_arn="",
            log_group="",
            region="us-east-1",
            account_id="111111111111",
            revision="1",
        )
        invocation = Invocation(request_id="r", payload=b"{}", invoked_function_arn="arn")
        return await streamed(await StreamedInvocations(self.run).begin(spec, invocation), _SAID)


async def whole(response: Response) -> bytes:
    body = response.body
    if isinstance(body, bytes):
        return body
    assert not isinstance(body, FileBody | FilesBody)
    pieces: AsyncIterator[bytes] = body
    return b"".join([piece async for piece in pieces])


_PRELUDE = b'{"statusCode":202,"headers":{"X-One":"1"},"cookies":["a=1"]}' + bytes(8) + b"body"


@pytest.mark.parametrize(
    "pieces", [[_PRELUDE], [bytes([byte]) for byte in _PRELUDE], [_PRELUDE[:-7], _PRELUDE[-7:]], [_PRELUDE, b""]]
)
async def test_heads_of_streams(pieces: list[bytes]) -> None:
    """However the bytes arrive."""
    answer = await Streams(HTTP_PRELUDE_CONTENT_TYPE, pieces).answer()
    assert answer.status == 202
    headers = dict(answer.headers)
    assert (headers["x-one"], headers["set-cookie"], headers["x-amzn-requestid"]) == ("1", "a=1", "r")
    assert await whole(answer) == b"body"


@pytest.mark.parametrize("pieces", [[], [b"{}"], [b"nonsense" + bytes(8)], [b'{"statusCode":99}' + bytes(8)]])
async def test_streams_without_a_head(pieces: list[bytes]) -> None:
    """A function that promises a head and gives none has failed."""
    answer = await Streams(HTTP_PRELUDE_CONTENT_TYPE, pieces).answer()
    assert (answer.status, answer.body) == (502, b"Internal Server Error")


async def test_a_head_may_leave_out_the_status() -> None:
    """As `HttpResponseStream.from(stream, {})`."""
    answer = await Streams(HTTP_PRELUDE_CONTENT_TYPE, [b"{}" + bytes(8), b"x"]).answer()
    assert (answer.status, await whole(answer)) == (200, b"x")


async def test_streams_that_break_off() -> None:
    """The client must not take the half for the whole."""
    answer = await Streams("text/plain", [b"half"], error="Unhandled").answer()
    assert answer.status == 200
    with pytest.raises(EOFError):
        await whole(answer)


async def test_answers_that_are_not_streamed() -> None:
    """Understood as results; an error is one."""
    answer = await Streams("", [b'{"statusCode":201,"body":"x"}']).answer()
    assert (answer.status, answer.body) == (201, b"x")
    assert (await Streams("", [b'{"statusCode":"x"}']).answer()).status == 502
    assert (await Streams("", [b"{}"], error="Unhandled").answer()).status == 502


def statement(**members: str) -> StatementRecord:
    given = {"sid": "s", "action": "lambda:InvokeFunctionUrl", "principal": "*", "function_url_auth_type": "NONE"}
    return StatementRecord(**(given | members))  # type: ignore[arg-type]  # all of these are text


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([statement()], True),
        ([statement(action="lambda:*")], True),
        ([statement(action="lambda:InvokeFunction")], False),
        ([statement(function_url_auth_type="AWS_IAM")], False),
        ([statement(principal="111111111111")], False),
        ([statement(principal="apigateway.amazonaws.com")], False),
        ([statement(source_account="111111111111")], False),
        ([statement(principal="111111111111"), statement(sid="t")], True),
    ],
)
def test_who_is_nobody_in_particular(statements: list[StatementRecord], allowed: bool) -> None:
    """Only a statement for everybody lets them in, and only for this kind of URL."""
    function = FunctionName(partition="aws", region="us-east-1", account_id="111111111111", name="f")
    request = Request(method="GET", target="/", headers={})
    denial = anonymous_denial(request, function, statements, now_s=0.0)
    assert (denial is None) is allowed
