"""SQS's refusals, word for word, through the wire that serves them, in both protocols.

The expectations are in tests/conformance_tables/sqs, each with where it is known from; here they are only asked.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from xml.sax.saxutils import unescape

import msgspec
import pytest

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Service
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.kernel.wire.dispatcher import Dispatcher
from pileus.services.sqs.api import SqsApi
from tests.conformance_tables.sqs import attributes, messages, policies, queues
from tests.conformance_tables.sqs.cases import (
    ACCOUNT,
    CLOSED,
    CONTENT,
    DEAD,
    FIFO,
    LABELLED,
    NO_QUEUE,
    QUERY_CODES,
    QUERY_ONLY,
    SMALL,
    SOURCE,
    STANDARD,
    STATUSES,
    ErrorCase,
    Json,
    arn,
    url,
)
from tests.support.time import JumpingClock
from tests.wire.harness import Believing, authorization

CASES: Final = [*attributes.CASES, *messages.CASES, *policies.CASES, *queues.CASES]
FLOOR: Final = 120
"""The issue asks for so many."""

_LISTS: Final = {
    "AWSAccountIds": "AWSAccountId",
    "Actions": "ActionName",
    "AttributeNames": "AttributeName",
    "TagKeys": "TagKey",
}
_MAPS: Final = {
    "Attributes": ("Attribute", "Name"),
    "MessageAttributes": ("MessageAttribute", "Name"),
    "MessageSystemAttributes": ("MessageSystemAttribute", "Name"),
    "Tags": ("Tag", "Key"),
    "tags": ("Tag", "Key"),
}
"""Names in forms: the sample requests of the SQS API Reference."""


def form_of(operation: str, request: Json) -> str:
    """The request as a client of the `query` protocol sends it."""
    fields: dict[str, str] = {"Action": operation, "Version": "2012-11-05"}

    def put(prefix: str, members: Json) -> None:
        for name, value in members.items():
            if name in _MAPS:
                entry, key = _MAPS[name]
                for number, (one, held) in enumerate(value.items(), start=1):
                    fields[f"{prefix}{entry}.{number}.{key}"] = one
                    if isinstance(held, dict):
                        put(f"{prefix}{entry}.{number}.Value.", held)
                    else:
                        fields[f"{prefix}{entry}.{number}.Value"] = held
            elif name in _LISTS:
                for number, one in enumerate(value, start=1):
                    fields[f"{prefix}{_LISTS[name]}.{number}"] = one
            elif name == "Entries":
                for number, one in enumerate(value, start=1):
                    put(f"{prefix}{operation}RequestEntry.{number}.", one)
            else:
                fields[prefix + name] = str(value)

    put("", request)
    return urlencode(fields)


class Wire:
    """A dispatcher over SQS alone, asked from outside of any loop; its clock stands still."""

    def __init__(self, path: Path) -> None:
        self._runner = asyncio.Runner()
        clock = JumpingClock()

        async def opened() -> SqliteStore:
            return open_store(path, clock=clock)

        self._store = self._runner.run(opened())
        self._api = SqsApi(store=self._store, clock=clock, ids=SeededIds())
        self._dispatcher = Dispatcher(
            [Service(name="sqs", api=lambda: self._api, shapes="pileus.services.sqs.shapes")],
            authenticator=Believing(),
            clock=clock,
            ids=SeededIds(),
        )

    def json(self, operation: str, request: Json) -> tuple[Response, dict[str, Any]]:
        headers = {
            "host": "localhost:4566",
            "x-amz-target": f"AmazonSQS.{operation}",
            "authorization": authorization("sqs"),
        }
        response = self.ask(Request(method="POST", target="/", headers=headers, body=msgspec.json.encode(request)))
        assert isinstance(response.body, bytes)
        return response, json.loads(response.body or b"{}")

    def form(self, operation: str, request: Json) -> tuple[Response, str]:
        headers = {
            "host": "localhost:4566",
            "authorization": authorization("sqs"),
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        }
        response = self.ask(
            Request(method="POST", target="/", headers=headers, body=form_of(operation, request).encode())
        )
        assert isinstance(response.body, bytes)
        return response, response.body.decode()

    def made(self, operation: str, **request: Any) -> dict[str, Any]:
        response, answer = self.json(operation, request)
        assert response.status == 200, answer
        return answer

    def close(self) -> None:
        self._runner.run(self._store.close())
        self._runner.close()

    def ask(self, request: Request) -> Response:
        async def answer() -> Response:
            return await self._dispatcher(request)

        return self._runner.run(answer())


def _source(dead: str) -> dict[str, str]:
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": 1})}


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    wire = Wire(tmp_path_factory.mktemp("sqs"))
    for name in (STANDARD, DEAD, LABELLED, "purged", "deleted", "busy"):
        wire.made("CreateQueue", QueueName=name)
    wire.made("CreateQueue", QueueName=FIFO, Attributes={"FifoQueue": "true"})
    content = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    wire.made("CreateQueue", QueueName=CONTENT, Attributes=content)
    wire.made("CreateQueue", QueueName=SOURCE, Attributes=_source(DEAD))
    wire.made("CreateQueue", QueueName="busier", Attributes=_source("busy"))
    wire.made("CreateQueue", QueueName=SMALL, Attributes={"MaximumMessageSize": "1024"})
    wire.made("CreateQueue", QueueName=CLOSED, Attributes={"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'})
    wire.made(
        "AddPermission", QueueUrl=url(LABELLED), Label="taken", AWSAccountIds=[ACCOUNT], Actions=["ReceiveMessage"]
    )
    wire.made("PurgeQueue", QueueUrl=url("purged"))
    wire.made("DeleteQueue", QueueUrl=url("deleted"))
    wire.made("StartMessageMoveTask", SourceArn=arn("busy"))
    yield wire
    wire.close()


def _shown(case: ErrorCase) -> str:
    return f"{case.operation}-{msgspec.json.encode(case.request)[:120].decode('latin-1')}"


@pytest.mark.parametrize("case", CASES, ids=_shown)
def test_refusal_in_json(wire: Wire, case: ErrorCase) -> None:
    """Type, both codes, status and message, all exact: programs look at some, people at the others."""
    response, answer = wire.json(case.operation, case.request)
    assert (answer.get("__type", ""), answer.get("message")) == (f"com.amazonaws.sqs#{case.code}", case.message), (
        case.source
    )
    assert response.status == STATUSES.get(case.code, 400)
    old = QUERY_CODES.get(case.code, case.code)
    assert dict(response.headers)["x-amzn-query-error"] == f"{old};Sender"


@pytest.mark.parametrize("case", [case for case in CASES if case.in_form], ids=_shown)
def test_refusal_in_xml(wire: Wire, case: ErrorCase) -> None:
    """What programs see that were written before SQS spoke JSON."""
    response, answer = wire.form(case.operation, case.request)
    told = re.search(r"<Type>(.*)</Type><Code>(.*)</Code><Message>(.*)</Message><Detail/>", answer, re.DOTALL)
    assert told is not None, answer
    message = case.message.removesuffix(".") + QUERY_ONLY if case.code == NO_QUEUE else case.message
    found = (told[1], told[2], unescape(told[3], {"&quot;": '"', "&apos;": "'", "&#39;": "'"}))
    assert found == ("Sender", QUERY_CODES.get(case.code, case.code), message), case.source
    assert response.status == STATUSES.get(case.code, 400)


def test_how_many() -> None:
    """Each case asks something of its own, and there are as many as were promised."""
    asked = {(case.operation, json.dumps(case.request, sort_keys=True)) for case in CASES}
    assert len(asked) == len(CASES) >= FLOOR
    operations = {case.operation for case in CASES}
    assert len(operations) == 23
