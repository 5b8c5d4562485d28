"""Which bodies are read at all?"""

from collections.abc import AsyncIterator

import msgspec
import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal
from pileus.kernel.errors import AnyServiceError
from pileus.kernel.http.bodies import ClientDisconnected
from pileus.kernel.http.messages import NoRoom, Request, Response
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Service
from pileus.kernel.wire.admission import CHECKED_BYTES_MIN
from pileus.kernel.wire.dispatcher import Dispatcher
from pileus.kernel.wire.finder import Refused
from tests.wire.harness import PACKAGES, ROOT, Recording, authorization, shapes_module

JSON = {"x-amz-target": "DynamoDB_20120810.GetItem"}
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
REST = {"authorization": authorization("lambda")}
INVOKE = "/2015-03-31/functions/f/invocations"


class Body:
    """A stream that notes what happens to it. breaks: what its reader gets instead of bytes, or of room."""

    def __init__(self, size_bytes: int | None, breaks: Exception | None = None) -> None:
        self.size_bytes = size_bytes
        self.breaks = breaks
        self.read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.read = True
        if self.breaks is not None:
            raise self.breaks
        yield b""

    async def make_room(self, size_bytes: int) -> None:
        if isinstance(self.breaks, NoRoom):
            raise self.breaks


class Suspicious:
    """Believes whom it does not precheck."""

    def __init__(self) -> None:
        self.prechecked: list[str | None] = []

    async def authenticate(self, request: Request, *, body: bytes, service: str | None) -> Principal:
        return ROOT

    async def precheck(self, request: Request, *, service: str | None) -> None:
        self.prechecked.append(service)
        raise AnyServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)


async def ask(headers: dict[str, str], body: Body, target: str = "/") -> tuple[list[str | None], Response]:
    suspicious = Suspicious()
    dispatcher = Dispatcher(
        [Service(name=name, api=Recording, shapes=shapes_module(name)) for name in PACKAGES],
        authenticator=suspicious,
        clock=MovableClock(),
        ids=SeededIds(),
    )
    return suspicious.prechecked, await dispatcher(Request(method="POST", target=target, headers=headers, body=body))


@pytest.mark.parametrize("size_bytes", [CHECKED_BYTES_MIN + 1, 10_000_000, None])
@pytest.mark.parametrize(
    ("headers", "target", "service", "told"),
    [
        (JSON, "/", "dynamodb", b'"__type"'),
        (REST, INVOKE, "lambda", b'"message":"Request is missing'),
        (FORM, "/", None, b"<Code>MissingAuthenticationToken</Code>"),
        (FORM | {"authorization": authorization("iam")}, "/", None, b"<Code>MissingAuthenticationToken</Code>"),
    ],
)
async def test_a_long_body_is_not_read_of_somebody_who_is_not_believed(
    size_bytes: int | None, headers: dict[str, str], target: str, service: str | None, told: bytes
) -> None:
    """Otherwise strangers fill the memory; and they are told in the form of their protocol."""
    body = Body(size_bytes)
    prechecked, response = await ask(headers, body, target)
    assert not body.read
    assert prechecked == [service]
    assert response.status == 403
    assert isinstance(response.body, bytes)
    assert told in response.body


@pytest.mark.parametrize("headers", [JSON, FORM])
async def test_a_shorter_body_is_read_first(headers: dict[str, str]) -> None:
    """What some send unsigned (AssumeRoleWithSAML) must be read to be understood."""
    body = Body(CHECKED_BYTES_MIN)
    prechecked, _ = await ask(headers, body)
    assert body.read
    assert prechecked == []


@pytest.mark.parametrize(
    ("headers", "target", "told"),
    [
        (JSON, "/", b"com.amazon.coral.availability#ThrottlingException"),
        (REST, INVOKE, b"Rate exceeded"),
        (FORM, "/", b"<Code>ThrottlingException</Code>"),
    ],
)
async def test_no_room(headers: dict[str, str], target: str, told: bytes) -> None:
    """SDKs slow down and try again when they are told so with 503."""
    body = Body(100_000, NoRoom())
    _, response = await ask(headers, body, target)
    assert not body.read
    assert response.status == 503
    assert isinstance(response.body, bytes)
    assert told in response.body


@pytest.mark.parametrize("headers", [JSON, FORM])
async def test_a_body_that_breaks_is_the_front_doors_business(
    headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """It knows whether anybody is there to be told; a client that leaves is no failure of ours."""
    with pytest.raises(ClientDisconnected):
        await ask(headers, Body(100_000, ClientDisconnected()))
    assert caplog.records == []


async def test_a_broken_body_is_told_apart_from_a_bad_one() -> None:
    """An empty body is no JSON, and that is the client's error as ever."""
    _, response = await ask(JSON, Body(100_000))
    assert response.status == 400
    assert isinstance(response.body, bytes)
    assert "__type" in msgspec.json.decode(response.body)


async def test_who_asks_what_a_request_means_reads_no_more_than_who_answers_it() -> None:
    """A page of another origin is asked about before its request is answered; its form is as strange to us then."""
    suspicious, body = Suspicious(), Body(10_000_000)
    dispatcher = Dispatcher(
        [Service(name=name, api=Recording, shapes=shapes_module(name)) for name in PACKAGES],
        authenticator=suspicious,
        clock=MovableClock(),
        ids=SeededIds(),
    )
    with pytest.raises(Refused):
        await dispatcher.find(Request(method="POST", target="/bucket", headers=FORM, body=body))
    assert suspicious.prechecked == [None]
    assert not body.read
