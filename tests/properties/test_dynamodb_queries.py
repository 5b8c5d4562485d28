"""Queries and scans of a table and its indexes against a dictionary and Python's `sorted`, page by random page."""

import asyncio
import base64
import json
import tempfile
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.clock import MovableClock
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.limits import PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX
from tests.unit.dynamodb.conftest import Dynamo

few = settings(max_examples=30)

TABLE: Final = "notes"
ATTRIBUTES: Final = {"pk": "S", "sk": "N", "s": "S", "n": "N", "b": "B"}
INDEXES: Final[dict[str | None, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    None: (("pk",), ("sk",)),
    "local": (("pk",), ("b",)),
    "flat": (("s",), ()),
    "sorted": (("s",), ("n",)),
    "several": (("pk", "s"), ("b", "n")),
}
"""Partition and sort attributes of the table and of its indexes."""

CONTENTS: Final[dict[str, st.SearchStrategy[str]]] = {
    "pk": st.sampled_from("ab"),
    "sk": st.integers(-2, 3).map(str),
    "s": st.sampled_from(["x", "x\x00", "xy", "é"]),
    "n": st.sampled_from(["-1.5", "-1", "0", "0.01", "2", "10", "100000000000000000000"]),
    "b": st.sampled_from([b"\x00", b"\x00\x00", b"\x00\xff", b"a", b"ab", b"\xff"]).map(
        lambda data: base64.b64encode(data).decode()
    ),
}
Item = dict[str, str]


def wire(item: Item) -> dict[str, Any]:
    return {name: {ATTRIBUTES[name]: content} for name, content in item.items()}


def order_of(name: str, content: str) -> Any:
    match ATTRIBUTES[name]:
        case "S":
            return content.encode()
        case "N":
            return Decimal(content)
        case _:
            return base64.b64decode(content)


keys = st.fixed_dictionaries({"pk": CONTENTS["pk"], "sk": CONTENTS["sk"]})
items = st.fixed_dictionaries(
    {"pk": CONTENTS["pk"], "sk": CONTENTS["sk"]}, optional={name: CONTENTS[name] for name in "snb"}
)
writes = st.one_of(
    items.map(lambda item: ("put", item)),
    items.map(lambda item: ("update", item)),
    keys.map(lambda key: ("delete", key)),
)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """An index, values for its partition, perhaps a condition on its sort attributes; direction, and sizes of pages."""
    name = draw(st.sampled_from(list(INDEXES)))
    partition, sort = INDEXES[name]
    depth = draw(st.integers(0, len(sort)))
    operator = ""
    bounds: list[str] = []
    if depth:
        last = sort[depth - 1]
        operators = ["=", "<", "<=", ">", ">=", "BETWEEN"] + ["begins_with"] * (ATTRIBUTES[last] != "N")
        operator = draw(st.sampled_from(operators))
        bounds = [draw(CONTENTS[last]) for _ in range(2 if operator == "BETWEEN" else 1)]
        bounds.sort(key=lambda content: order_of(last, content))
    return {
        "index": name,
        "partition": [draw(CONTENTS[one]) for one in partition],
        "leading": [draw(CONTENTS[one]) for one in sort[: max(depth - 1, 0)]],
        "operator": operator,
        "bounds": bounds,
        "forward": draw(st.booleans()),
        "limits": draw(st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=1, max_size=4)),
    }


@given(st.lists(writes, max_size=30), st.lists(questions(), min_size=1, max_size=6), st.integers(1, 4))
@few
def test_pages_put_together_are_a_sorted_list(
    written: list[tuple[str, Item]], asked: list[dict[str, Any]], segments: int
) -> None:
    """After any writes each query gives what Python picks and sorts, in either direction, whatever the pages."""
    asyncio.run(_agree(written, asked, segments))


async def _agree(written: list[tuple[str, Item]], asked: list[dict[str, Any]], segments: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        clock = MovableClock()
        store = open_store(Path(directory), clock=clock)
        try:
            dynamo = Dynamo(store, clock=clock)
            await _create(dynamo)
            model: dict[tuple[str, str], Item] = {}
            for kind, item in written:
                await _write(dynamo, kind, item, model)
            for question in asked:
                found = await _pages(dynamo, "Query", _request(question), question["limits"])
                expected = _expected(list(model.values()), question)
                assert _sorted(found) == _sorted(map(wire, expected))
                at = _position(question["index"])
                order = [at(_plain(item)) for item in found]
                assert order == sorted(order, reverse=not question["forward"])
            for name in INDEXES:
                scanned: list[dict[str, Any]] = []
                for segment in range(segments):
                    request: dict[str, Any] = {"Segment": segment, "TotalSegments": segments}
                    if name is not None:
                        request["IndexName"] = name
                    scanned += await _pages(dynamo, "Scan", request, asked[0]["limits"])
                present = [wire(item) for item in model.values() if _indexed(item, name)]
                assert _sorted(scanned) == _sorted(present)
        finally:
            await store.close()


async def _create(dynamo: Dynamo) -> None:
    def schema(name: str | None) -> list[dict[str, str]]:
        partition, sort = INDEXES[name]
        return [{"AttributeName": one, "KeyType": "HASH"} for one in partition] + [
            {"AttributeName": one, "KeyType": "RANGE"} for one in sort
        ]

    def index(name: str) -> dict[str, Any]:
        return {"IndexName": name, "KeySchema": schema(name), "Projection": {"ProjectionType": "ALL"}}

    await dynamo.call(
        "CreateTable",
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=schema(None),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in ATTRIBUTES.items()],
        LocalSecondaryIndexes=[index("local")],
        GlobalSecondaryIndexes=[index(name) for name in INDEXES if name not in {None, "local"} and name is not None],
    )


async def _write(dynamo: Dynamo, kind: str, item: Item, model: dict[tuple[str, str], Item]) -> None:
    at = item["pk"], item["sk"]
    key = {"pk": item["pk"], "sk": item["sk"]}
    match kind:
        case "put":
            model[at] = item
            await dynamo.call("PutItem", TableName=TABLE, Item=wire(item))
        case "delete":
            model.pop(at, None)
            await dynamo.call("DeleteItem", TableName=TABLE, Key=wire(key))
        case _:
            others = {name: content for name, content in item.items() if name not in key}
            gone = [name for name in "snb" if name not in others]
            model[at] = item
            text = ("SET " + ", ".join(f"{name} = :{name}" for name in others)) if others else ""
            text += (" REMOVE " + ", ".join(gone)) if gone else ""
            values = {f":{name}": {ATTRIBUTES[name]: content} for name, content in others.items()}
            request: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
            if not others:  # what only removes would create no item
                text, request = (
                    f"SET s = :s REMOVE {', '.join(gone[1:])}",
                    {"ExpressionAttributeValues": {":s": {"S": "x"}}},
                )
                model[at] = key | {"s": "x"}
            await dynamo.call("UpdateItem", TableName=TABLE, Key=wire(key), UpdateExpression=text, **request)


def _request(question: dict[str, Any]) -> dict[str, Any]:
    partition, sort = INDEXES[question["index"]]
    values: dict[str, Any] = {}

    def value(name: str, content: str) -> str:
        placeholder = f":v{len(values)}"
        values[placeholder] = {ATTRIBUTES[name]: content}
        return placeholder

    parts = [f"{name} = {value(name, content)}" for name, content in zip(partition, question["partition"], strict=True)]
    parts += [f"{name} = {value(name, content)}" for name, content in zip(sort, question["leading"], strict=False)]
    operator, bounds = question["operator"], question["bounds"]
    if operator:
        last = sort[len(question["leading"])]
        placeholders = [value(last, content) for content in bounds]
        match operator:
            case "BETWEEN":
                parts.append(f"{last} BETWEEN {placeholders[0]} AND {placeholders[1]}")
            case "begins_with":
                parts.append(f"begins_with({last}, {placeholders[0]})")
            case _:
                parts.append(f"{last} {operator} {placeholders[0]}")
    request = {
        "KeyConditionExpression": " AND ".join(parts),
        "ExpressionAttributeValues": values,
        "ScanIndexForward": question["forward"],
    }
    if question["index"] is not None:
        request["IndexName"] = question["index"]
    return request


async def _pages(
    dynamo: Dynamo, operation: str, request: dict[str, Any], limits: list[int | None]
) -> list[dict[str, Any]]:
    """All items; page after page with the limits in turn."""
    found: list[dict[str, Any]] = []
    turn = 0
    while True:
        limit = limits[turn % len(limits)]
        turn += 1
        sizes: dict[str, Any] = {"Limit": limit} if limit else {}
        answer = await dynamo.call(operation, TableName=TABLE, **request, **sizes)
        assert answer["Count"] == answer["ScannedCount"] == len(answer["Items"]) <= (limit or 1000)
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return found
        assert answer["Items"], "a page that is not the last holds something"
        request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _sorted(found: Iterable[dict[str, Any]]) -> list[str]:
    """Comparable, whatever the order of items and of their attributes."""
    return sorted(json.dumps(item, sort_keys=True) for item in found)


def _plain(item: dict[str, Any]) -> Item:
    return {name: next(iter(value.values())) for name, value in item.items()}


def _indexed(item: Item, index: str | None) -> bool:
    partition, sort = INDEXES[index]
    return all(name in item for name in (*partition, *sort))


def _position(index: str | None) -> Callable[[Item], Any]:
    _, sort = INDEXES[index]
    return lambda item: tuple(order_of(name, item[name]) for name in sort)


def _expected(present: list[Item], question: dict[str, Any]) -> list[Item]:
    partition, sort = INDEXES[question["index"]]
    equal = [*zip(partition, question["partition"], strict=True), *zip(sort, question["leading"], strict=False)]

    def chosen(item: Item) -> bool:
        if not _indexed(item, question["index"]):
            return False
        if any(order_of(name, item[name]) != order_of(name, content) for name, content in equal):
            return False
        if not question["operator"]:
            return True
        last = sort[len(question["leading"])]
        at, bounds = order_of(last, item[last]), [order_of(last, bound) for bound in question["bounds"]]
        match question["operator"]:
            case "=":
                return bool(at == bounds[0])
            case "<":
                return bool(at < bounds[0])
            case "<=":
                return bool(at <= bounds[0])
            case ">":
                return bool(at > bounds[0])
            case ">=":
                return bool(at >= bounds[0])
            case "BETWEEN":
                return bool(bounds[0] <= at <= bounds[1])
            case _:
                return bool(at.startswith(bounds[0]))

    return [item for item in present if chosen(item)]


@pytest.mark.parametrize("character", ["x", "\x00"])
async def test_the_longest_keys_are_kept_and_found(tmp_path: Path, character: str) -> None:
    """Four and four attributes as long as they may be, of bytes that are escaped too: the extreme of the above."""
    clock = MovableClock()
    store = open_store(tmp_path, clock=clock)
    dynamo = Dynamo(store, clock=clock)
    sizes = {f"p{n}": PARTITION_KEY_BYTES_MAX for n in range(4)} | {f"s{n}": SORT_KEY_BYTES_MAX for n in range(4)}
    own = {"pk": PARTITION_KEY_BYTES_MAX, "sk": SORT_KEY_BYTES_MAX}
    item = {name: {"S": character * size} for name, size in (own | sizes).items()}
    await dynamo.call(
        "CreateTable",
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in item],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "long",
                "KeySchema": [
                    {"AttributeName": name, "KeyType": "HASH" if name[0] == "p" else "RANGE"} for name in sizes
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    await dynamo.call("PutItem", TableName=TABLE, Item=item)
    found = await dynamo.call(
        "Query",
        TableName=TABLE,
        IndexName="long",
        KeyConditionExpression=" AND ".join(f"{name} = :{name}" for name in sizes),
        ExpressionAttributeValues={f":{name}": item[name] for name in sizes},
    )
    assert _sorted(found["Items"]) == _sorted([item])
    await store.close()
