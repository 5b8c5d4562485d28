"""A service hears of each of its failures, so that it can count them."""

from typing import Any

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Encoded, Service
from pileus.kernel.wire.dispatcher import Dispatcher
from pileus.services.dynamodb.shapes import GetItemInput
from tests.wire.harness import Believing

GET_ITEM = b'{"TableName":"abc","Key":{"pk":{"S":"1"}}}'


class Failing:
    """An api of one operation, which fails when it is told to."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    async def get_item(self, context: RequestContext, request: GetItemInput) -> Encoded:
        if self.error is not None:
            raise self.error
        return Encoded(b"{}")


class Doubting:
    """An authenticator that believes nobody."""

    async def authenticate(self, request: Request, *, body: bytes, service: str | None) -> Principal:
        raise AnyServiceError("UnrecognizedClientException", "Who?")

    async def precheck(self, request: Request, *, service: str | None) -> None:
        pass


Noted = list[tuple[RequestContext, Any, ServiceError]]


async def ask(body: bytes, error: Exception | None = None, *, target: str = "GetItem", doubted: bool = False) -> Noted:
    """What the service heard of one request."""
    noted: Noted = []
    service = Service(
        name="dynamodb",
        api=lambda: Failing(error),
        shapes="pileus.services.dynamodb.shapes",
        note_failure=lambda *what: noted.append(what),
    )
    dispatcher = Dispatcher(
        [service], authenticator=Doubting() if doubted else Believing(), clock=MovableClock(), ids=SeededIds()
    )
    headers = {"x-amz-target": f"DynamoDB_20120810.{target}", "host": "dynamodb.eu-west-1.localhost"}
    await dispatcher(Request(method="POST", target="/", headers=headers, body=body))
    return noted


async def test_a_success_is_no_failure() -> None:
    """The hot path tells nobody."""
    assert await ask(GET_ITEM) == []


async def test_an_error_of_the_operation() -> None:
    """With who asked, where, and what was given."""
    error = AnyServiceError("ResourceNotFoundException", "no")
    [(context, given, told)] = await ask(GET_ITEM, error)
    assert told is error
    assert (context.operation, context.account_id) == ("GetItem", "111111111111")
    assert isinstance(given, GetItemInput)
    assert given.table_name == "abc"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"TableName":1}', b"{}"])
async def test_a_request_that_no_operation_saw(body: bytes) -> None:
    """What cannot be read counts among the caller's errors, too."""
    [(context, given, error)] = await ask(body)
    assert context.operation == "GetItem"
    assert given is None
    assert not isinstance(error, AnyServiceError) or error.http_status == 400


async def test_our_own_failure() -> None:
    """It is told as what the client is told: an internal error, status 500."""
    [(_, given, error)] = await ask(GET_ITEM, RuntimeError("secret"))
    assert isinstance(given, GetItemInput)
    assert isinstance(error, AnyServiceError)
    assert (error.error_code, error.http_status) == ("InternalServerError", 500)


async def test_a_stranger_is_nobodys_failure() -> None:
    """Who does not prove who they are has no account to count in."""
    assert await ask(GET_ITEM, doubted=True) == []


async def test_an_operation_that_pileus_lacks() -> None:
    """The service hears of it, and says itself that it is none of AWS's."""
    [(_, _, error)] = await ask(b"{}", target="ListBackups")
    assert error.error_code == "NotImplemented"
