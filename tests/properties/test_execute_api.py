"""Any request and any answer of a function give a defined answer, never an exception."""

import asyncio
import json
import logging
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pileus.kernel.clock import MovableClock
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.heads import NO_LENGTH, Heads
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.storage.sqlite import open_store
from pileus.services.apigatewayv2 import shapes
from pileus.services.apigatewayv2.responses import Malformed, response_1_0, response_2_0
from tests.unit.apigatewayv2.conftest import Gateway

HEADS = Heads()
CORS = shapes.Cors(allow_origins=["https://a.example"], allow_credentials=True, allow_methods=["GET"])

latin_1 = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30)
numbers = st.integers() | st.integers(10**300, 10**320) | st.floats() | st.sampled_from([200, 204, 200.0, 599, 600])
scalars = st.none() | st.booleans() | numbers | st.text(max_size=20)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
names = st.sampled_from(["Content-Type", "content-length", "Set-Cookie", "X-A", "", "Transfer-Encoding"]) | st.text()
headers = st.dictionaries(names, scalars, max_size=4)
said = st.fixed_dictionaries(
    {},
    optional={
        "statusCode": st.sampled_from([200, "201", 204, 304, "٢٠٠", "²00"]) | anything,
        "headers": headers | anything,
        "multiValueHeaders": st.dictionaries(names, st.lists(scalars, max_size=3), max_size=3) | anything,
        "cookies": st.lists(st.text(max_size=20), max_size=3) | anything,
        "body": st.text() | anything,
        "isBase64Encoded": st.booleans() | anything,
    },
)
payloads = (said | anything).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")) | st.binary()


def sendable(response: Response) -> None:
    """The front door would send it, and it is an answer and no interim one."""
    assert isinstance(response.body, bytes)
    HEADS.encode(response, NO_LENGTH, "")


@given(payloads)
@example(b'{"statusCode":"' + b"9" * 5_000 + b'"}')
@example(b'{"statusCode":' + b"9" * 400 + b"}")
@example(b'{"statusCode":200,"headers":{"x":' + b"9" * 4_000 + b"}}")
@example(b'{"statusCode":200,"body":"\xff"}')
@example(b'"\xff"')
@example(b"[" * 100_000 + b"]" * 100_000)
@example(b'{"statusCode":200,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
@settings(max_examples=300, deadline=None)
def test_any_answer_of_a_function(payload: bytes) -> None:
    """It is a response, or it is malformed."""
    for interpret in (response_2_0, response_1_0):
        with suppress(Malformed):
            sendable(interpret(payload, request_id="r"))


class Traffic:
    """A gateway with one API of every kind, on a loop of its own, for as many requests as Hypothesis likes."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.runner.run(self._build())

    async def _build(self) -> None:
        clock = MovableClock()
        self.gateway = Gateway(open_store(Path(self.directory.name), clock=clock), clock)
        self.apis = []
        for version in ("1.0", "2.0"):
            api_id = await self.gateway.create(stages=("$default", "prod"), cors_configuration=CORS)
            await self.gateway.route(api_id, "$default", payload_format_version=version)
            await self.gateway.route(api_id, "ANY /a/{one}/{rest+}", payload_format_version=version)
            self.apis.append(api_id)

    def ask(self, request: Request) -> Response:
        return self.runner.run(self.gateway.serve(request))

    def close(self) -> None:
        self.runner.run(self.gateway.serve.close())
        self.runner.run(self.gateway.store.close())
        self.runner.close()
        self.directory.cleanup()


@pytest.fixture(scope="module")
def traffic() -> Any:
    made = Traffic()
    yield made
    made.close()


paths = st.lists(
    st.sampled_from(["a", "prod", "$default", "%24default", "%", "%ff", "%00", "%2F", "+", "", "..", "%C3%A9"]),
    max_size=6,
).map(lambda parts: "/" + "/".join(parts))
queries = st.lists(
    st.sampled_from(["a=1", "a=2", "a", "=", "&", "%", "%ff=%ff", "+", ";", "a=%00", "é".encode().decode("latin-1")]),
    max_size=5,
).map("&".join)
sent_names = st.sampled_from(
    ["cookie", "content-type", "x-forwarded-for", "x-amzn-trace-id", "origin", "user-agent", "connection", "x-a", "te",
     "access-control-request-method"]
)  # fmt: skip


@given(
    api=st.integers(0, 1),
    by_path=st.booleans(),
    method=st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "PURGE", "M-SEARCH"]),
    path=paths,
    query=queries,
    headers=st.dictionaries(sent_names, latin_1 | st.sampled_from(["https://a.example", "text/plain", ";;", ","])),
    port=st.sampled_from(["", ":4566", ":", ":²", ":x", ":9999999999", "]:1"]),
    body=st.binary(max_size=40),
    peer=st.sampled_from(["127.0.0.1", "::1", ""]),
)
@settings(max_examples=300, deadline=None)
def test_any_request(
    traffic: Traffic,
    api: int,
    by_path: bool,
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    port: str,
    body: bytes,
    peer: str,
) -> None:
    """Whatever stands in it reaches the function as an event, or is answered without it."""
    api_id = traffic.apis[api]
    host = "localhost" if by_path else f"{api_id}.execute-api.localhost"
    target = f"/_aws/execute-api/{api_id}{path}" if by_path else path
    request = Request(
        method=method,
        target=f"{target}?{query}" if query else target,
        headers={"host": host + port, **headers},
        body=body,
        peer=peer,
    )
    response = traffic.ask(request)
    sendable(response)
    assert response.status in {200, 204}


@pytest.mark.parametrize("payload", [b'{"statusCode":"' + b"9" * 5_000 + b'"}', b'"\xff"', b"", b"[" * 100_000])
@pytest.mark.parametrize("api", [0, 1])
def test_a_malformed_answer_is_a_json_500(traffic: Traffic, payload: bytes, api: int) -> None:
    """As API Gateway says it."""
    invoke = traffic.gateway.function.invoke

    class Says:
        function_error = None

        def __init__(self) -> None:
            self.payload = payload

    async def says(**_: str | bytes) -> Says:
        return Says()

    traffic.gateway.function.invoke = says  # type: ignore[method-assign, assignment]  # a function that says just this
    try:
        answer = traffic.ask(Request(method="GET", target="/", headers={"host": f"{traffic.apis[api]}.execute-api.x"}))
    finally:
        traffic.gateway.function.invoke = invoke  # type: ignore[method-assign]
    assert (answer.status, answer.body) == (500, b'{"message":"Internal Server Error"}')
    assert dict(answer.headers)["content-type"] == "application/json"


class _Full(ServiceError):
    code = "NobodyExpectsThis"


@pytest.mark.parametrize("error", [ValueError("broken"), RecursionError(), OSError(28, "no room"), _Full("full")])
def test_an_invoker_that_fails_is_a_json_500(
    traffic: Traffic, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """With the CORS headers of every answer, and in the log with the id that the client was given."""

    def fail(event: dict[str, Any]) -> object:
        raise error

    before = traffic.gateway.function.result
    traffic.gateway.function.result = fail
    try:
        headers = {"host": f"{traffic.apis[0]}.execute-api.x", "origin": "https://a.example"}
        answer = traffic.ask(Request(method="GET", target="/", headers=headers))
    finally:
        traffic.gateway.function.result = before
    said = dict(answer.headers)
    assert (answer.status, answer.body) == (500, b'{"message":"Internal Server Error"}')
    assert said["access-control-allow-origin"] == "https://a.example"
    logged = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    if isinstance(error, ServiceError):
        assert logged == []
    else:
        assert len(logged) == 1
        assert said["apigw-requestid"] in logged[0]
