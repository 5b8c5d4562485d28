"""DynamoDB's refusals, word for word, through the wire that serves them.

The expectations are in tests/conformance_tables/dynamodb, each with where it is known from; here they are only asked.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Service
from pileus.kernel.storage.sqlite import open_store
from pileus.kernel.wire.dispatcher import Dispatcher
from tests.conformance_tables.dynamodb import (
    batches,
    changes,
    constraints,
    expressions,
    indexes,
    items,
    legacy,
    reads,
    serialization,
    tables,
    together,
    transactions,
    values,
)
from tests.conformance_tables.dynamodb.cases import BINARY, HASH, INDEXED, NUMBER, RANGE, ErrorCase, Json
from tests.conformance_tables.dynamodb.layers import as_answered
from tests.unit.dynamodb.conftest import Dynamo
from tests.wire.harness import Believing, authorization

CASES: Final = [
    *batches.CASES,
    *changes.CASES,
    *constraints.CASES,
    *expressions.CASES,
    *indexes.CASES,
    *items.CASES,
    *legacy.CASES,
    *reads.CASES,
    *serialization.CASES,
    *tables.CASES,
    *together.CASES,
    *transactions.CASES,
    *values.CASES,
]
FLOOR: Final = 400
"""The issue asks for so many."""

_KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    HASH: {"a": "S"},
    RANGE: {"a": "S", "b": "S"},
    BINARY: {"a": "S", "b": "B"},
    NUMBER: {"a": "N"},
}
_INDEXED_KEY: Final = {"a": {"S": "indexed"}, "b": {"S": "b"}}


def _schema(*names: str) -> list[Json]:
    return [{"AttributeName": name, "KeyType": role} for name, role in zip(names, ("HASH", "RANGE"), strict=False)]


_ALL: Final = {"ProjectionType": "ALL"}
_INDEXED: Final = {
    "KeySchema": _schema("a", "b"),
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind} for name, kind in zip("abcdx", "SSSSB", strict=True)
    ],
    "LocalSecondaryIndexes": [
        {"IndexName": "index1", "KeySchema": _schema("a", "c"), "Projection": _ALL},
        {
            "IndexName": "index2",
            "KeySchema": _schema("a", "d"),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["c"]},
        },
    ],
    "GlobalSecondaryIndexes": [
        {"IndexName": "index3", "KeySchema": _schema("c"), "Projection": _ALL},
        {
            "IndexName": "index4",
            "KeySchema": _schema("c", "d"),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["e"]},
        },
        {"IndexName": "binary", "KeySchema": _schema("x"), "Projection": _ALL},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
_TYPED: Final = {
    "a": {"S": "typed"},
    "s": {"SS": ["1"]},
    "n": {"N": "1"},
    "ns": {"NS": ["1"]},
    "m": {"M": {"a": {"SS": ["1"]}}},
    "t": {"S": "text"},
    "c": {"M": {"1": {"S": "a"}}},
    "d": {"L": [{"S": "a"}, {"S": "b"}]},
}
_COUNTED: Final = re.compile(r"(\d+ validation errors? detected: )(.*)", re.DOTALL)


class Wire:
    """A dispatcher over DynamoDB alone, asked from outside of any loop."""

    def __init__(self, path: Path) -> None:
        self._runner = asyncio.Runner()
        clock = MovableClock()

        async def opened() -> Dynamo:
            return Dynamo(open_store(path, clock=clock), clock=clock)

        self._dynamo = self._runner.run(opened())
        self._dispatcher = Dispatcher(
            [Service(name="dynamodb", api=lambda: self._dynamo.api, shapes="pileus.services.dynamodb.shapes")],
            authenticator=Believing(),
            clock=clock,
            ids=SeededIds(),
        )

    def ask(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        headers = {"x-amz-target": f"DynamoDB_20120810.{operation}", "authorization": authorization("dynamodb")}
        request = Request(method="POST", target="/", headers=headers, body=body)
        answer: Response = self._runner.run(self._answer(request))
        assert isinstance(answer.body, bytes)
        decoded: dict[str, Any] = msgspec.json.decode(answer.body)
        return answer.status, decoded

    async def _answer(self, request: Request) -> Response:
        return await self._dispatcher(request)

    def made(self, operation: str, **request: Any) -> None:
        status, answer = self.ask(operation, msgspec.json.encode(request))
        assert status == 200, answer

    def close(self) -> None:
        self._runner.run(self._dynamo.store.close())
        self._runner.close()


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    wire = Wire(tmp_path_factory.mktemp("dynamodb"))
    for name, keys in _KEYS.items():
        wire.made(
            "CreateTable",
            TableName=name,
            KeySchema=[
                {"AttributeName": attribute, "KeyType": role}
                for attribute, role in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[
                {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in keys.items()
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    wire.made("PutItem", TableName=HASH, Item=_TYPED)
    wire.made("CreateTable", TableName=INDEXED, **_INDEXED)
    wire.made("PutItem", TableName=INDEXED, Item={**_INDEXED_KEY, "e": {"N": "1"}})
    yield wire
    wire.close()


def _shown(case: ErrorCase) -> str:
    shown = case.body[:40] if case.body is not None else msgspec.json.encode(case.request)[:120]
    return f"{case.operation}-{shown.decode('latin-1')}"


def _comparable(message: str) -> object:
    """DynamoDB tells of several violations in no order that anybody knows."""
    counted = _COUNTED.fullmatch(message)
    return (counted[1], sorted(counted[2].split("; "))) if counted else message


@pytest.mark.parametrize("case", CASES, ids=_shown)
def test_refusal(wire: Wire, case: ErrorCase) -> None:
    """Type and message, both exact: programs look at one, people at the other."""
    status, answer = wire.ask(case.operation, msgspec.json.encode(case.request) if case.body is None else case.body)
    message = answer.get("message", answer.get("Message", ""))
    assert (answer["__type"], _comparable(message)) == (case.kind, _comparable(as_answered(case))), case.source
    assert status == 400
    assert tuple(one.get("Message", "") for one in answer.get("CancellationReasons", ())) == case.reasons


def test_how_many() -> None:
    """Each case asks something of its own, and there are as many as were promised."""
    asked = {(case.operation, case.body or msgspec.json.encode(_sorted(case.request))) for case in CASES}
    assert len(asked) == len(CASES) >= FLOOR


def _sorted(request: Json) -> object:
    return sorted(request.items())
