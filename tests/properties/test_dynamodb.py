"""DynamoDB against small models: a dictionary, a sorted list, Python's own arithmetic."""

import asyncio
import base64
import tempfile
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pileus.kernel.clock import MovableClock
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb import numbers
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.request import Expressions
from pileus.services.dynamodb.shapes import AttributeValue
from tests.unit.dynamodb.conftest import Dynamo

_decode = msgspec.json.Decoder(dict[str, AttributeValue]).decode

quick = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


# --- numbers ---------------------------------------------------------------------------------------------------------


@st.composite
def number_texts(draw: st.DrawFn) -> str:
    """Any number DynamoDB can hold, written in any way."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    exponent = draw(st.integers(-92, 88))
    sign = draw(st.sampled_from(["", "-", "+"]))
    point = draw(st.integers(0, len(digits)))
    return f"{sign}{digits[:point]}.{digits[point:]}E{exponent}"


@given(number_texts(), number_texts())
@example("0", "-0E5")
@example("1E125", "9.9E124")
@example("-1E-130", "0")
@example("9.9", "10")
@example("-1", "-1.01")
@quick
def test_bytes_of_numbers_sort_as_numbers(left: str, right: str) -> None:
    """The store compares bytes, the client numbers; both must agree, and equal numbers are one key."""
    a, b = Decimal(left), Decimal(right)
    x, y = numbers.sortable(left), numbers.sortable(right)
    assert (x < y, x == y) == (a < b, a == b)
    assert (numbers.canonical(left) == numbers.canonical(right)) == (a == b)
    assert Decimal(numbers.canonical(left)) == a
    assert len(x) <= 22


@given(number_texts(), number_texts())
@quick
def test_sums_are_exact_or_refused(left: str, right: str) -> None:
    """Never rounded."""
    exact = Fraction(left) + Fraction(right)
    try:
        total = numbers.add(numbers.canonical(left), numbers.canonical(right))
    except ValidationException:
        return
    assert Fraction(total) == exact
    assert Fraction(numbers.subtract(total, numbers.canonical(right))) == Fraction(left)


# --- conditions ------------------------------------------------------------------------------------------------------

NAMES = ["a", "b", "c"]
scalars = st.one_of(
    st.integers(-3, 3).map(lambda number: {"N": str(number)}),
    st.text("xyz", max_size=2).map(lambda text: {"S": text}),
    st.booleans().map(lambda flag: {"BOOL": flag}),
)
items = st.dictionaries(st.sampled_from(NAMES), scalars)


def plain(value: dict[str, Any] | None) -> Any:
    if value is None:
        return None
    ((kind, content),) = value.items()
    return (kind, int(content) if kind == "N" else content)


class Truth:
    """A condition together with what it means, so that the model needs no parser."""

    def __init__(self, text: str, means: Any, values: dict[str, Any]) -> None:
        self.text = text
        self.means = means
        self.values = values


@st.composite
def comparisons(draw: st.DrawFn) -> Truth:
    name = draw(st.sampled_from(NAMES))
    operator = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]))
    value = draw(scalars if operator in {"=", "<>"} else scalars.filter(lambda value: "BOOL" not in value))
    placeholder = f":{base64.b16encode(msgspec.json.encode(value)).decode()}"
    flipped = draw(st.booleans())
    left, right = (placeholder, name) if flipped else (name, placeholder)

    def means(item: dict[str, Any]) -> bool:
        a, b = plain(item.get(name)), plain(value)
        if flipped:
            a, b = b, a
        if operator == "=":
            return bool(a == b)
        if operator == "<>":
            return bool(a != b)
        if a is None or b is None or a[0] != b[0]:
            return False
        return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])

    return Truth(f"{left} {operator} {right}", means, {placeholder: value})


@st.composite
def existence(draw: st.DrawFn) -> Truth:
    name = draw(st.sampled_from(NAMES))
    if draw(st.booleans()):
        return Truth(f"attribute_exists({name})", lambda item: name in item, {})
    return Truth(f"attribute_not_exists({name})", lambda item: name not in item, {})


def combined(parts: st.SearchStrategy[Truth]) -> st.SearchStrategy[Truth]:
    def negated(part: Truth) -> Truth:
        return Truth(f"NOT ({part.text})", lambda item: not part.means(item), part.values)

    def joined(operator: str, left: Truth, right: Truth) -> Truth:
        def means(item: dict[str, Any]) -> bool:
            a, b = left.means(item), right.means(item)
            return bool(a and b if operator == "AND" else a or b)

        return Truth(f"({left.text}) {operator} ({right.text})", means, {**left.values, **right.values})

    return st.one_of(
        parts.map(negated),
        st.builds(joined, st.sampled_from(["AND", "OR"]), parts, parts),
    )


@given(st.recursive(st.one_of(comparisons(), existence()), combined, max_leaves=6), st.lists(items, max_size=4))
@quick
def test_conditions_agree_with_their_meaning(condition: Truth, tried: list[dict[str, Any]]) -> None:
    """A generated condition holds for an item exactly when the model says so."""
    values = _decode(msgspec.json.encode(condition.values)) if condition.values else None
    expressions = Expressions(None, values)
    compiled = expressions.condition("FilterExpression", condition.text)
    expressions.finish()
    for item in tried:
        assert compiled.test(_decode(msgspec.json.encode(item)), expressions.values) == condition.means(item)


@given(st.text(alphabet="ab#:.()[]<>=+-, 01ANDORSET", max_size=40))
@quick
def test_any_text_is_an_expression_or_an_error_of_the_caller(text: str) -> None:
    """No input reaches an assertion, the stack's end, or another exception."""
    for kind in ("condition", "update", "projection"):
        expressions = Expressions({"#a": "x"}, _decode(b'{":a":{"N":"1"}}'))
        with suppress(ValidationException):
            if kind == "condition":
                expressions.condition("FilterExpression", text)
            else:
                getattr(expressions, kind)(text)


# --- items and queries -----------------------------------------------------------------------------------------------

sort_keys = {
    "S": st.text(max_size=4).filter(bool),
    "N": st.one_of(st.integers(-20, 20).map(str), st.decimals(-9, 9, places=2).map(str)),
    "B": st.binary(min_size=1, max_size=4).map(lambda data: base64.b64encode(data).decode()),
}


def order(kind: str, text: str) -> Any:
    if kind == "N":
        return Decimal(text)
    return text.encode() if kind == "S" else base64.b64decode(text)


@pytest.mark.parametrize("kind", ["S", "N", "B"])
def test_queries_agree_with_a_sorted_list(kind: str) -> None:
    """Puts, deletes and queries of every operator, page by page, against a dictionary and `sorted`."""

    @given(
        steps=st.lists(st.tuples(st.sampled_from("aab"), sort_keys[kind], st.booleans()), max_size=20),
        bounds=st.tuples(sort_keys[kind], sort_keys[kind]),
        operator=st.sampled_from(["", "=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"]),
        forward=st.booleans(),
        limit=st.integers(1, 5),
    )
    @few
    def agree(
        steps: list[tuple[str, str, bool]],
        bounds: tuple[str, str],
        operator: str,
        forward: bool,
        limit: int,
    ) -> None:
        if operator == "begins_with" and kind == "N":
            operator = "="
        low, high = sorted(bounds, key=lambda text: order(kind, text))
        asyncio.run(_agree(kind, steps, low, high, operator, forward=forward, limit=limit))

    agree()


async def _agree(
    kind: str,
    steps: list[tuple[str, str, bool]],
    low: str,
    high: str,
    operator: str,
    *,
    forward: bool,
    limit: int,
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        clock = MovableClock()
        store = open_store(Path(directory), clock=clock)
        try:
            dynamo = Dynamo(store, clock=clock)
            await dynamo.table(sort=kind)
            model: dict[tuple[str, Any], str] = {}
            for partition, text, keep in steps:
                key = {"pk": {"S": partition}, "sk": {kind: text}}
                if keep:
                    model[partition, order(kind, text)] = text
                    await dynamo.call("PutItem", TableName="notes", Item=key)
                else:
                    model.pop((partition, order(kind, text)), None)
                    await dynamo.call("DeleteItem", TableName="notes", Key=key)
            bottom, top = order(kind, low), order(kind, high)
            chosen = sorted(at for name, at in model if name == "a" and _chosen(operator, at, bottom, top))
            found = await _query(dynamo, kind, low, high, operator, forward=forward, limit=limit)
            assert found == (chosen if forward else chosen[::-1])
            assert (await dynamo.call("Scan", TableName="notes"))["Count"] == len(model)
        finally:
            await store.close()


def _chosen(operator: str, at: Any, bottom: Any, top: Any) -> bool:
    match operator:
        case "":
            return True
        case "BETWEEN":
            return bool(bottom <= at <= top)
        case "begins_with":
            return bool(at.startswith(bottom))
        case _:
            table = {"=": at == bottom, "<": at < bottom, "<=": at <= bottom, ">": at > bottom, ">=": at >= bottom}
            return bool(table[operator])


async def _query(
    dynamo: Dynamo, kind: str, low: str, high: str, operator: str, *, forward: bool, limit: int
) -> list[Any]:
    values: dict[str, Any] = {":p": {"S": "a"}}
    text = "pk = :p"
    if operator:
        values[":low"] = {kind: low}
        text += {
            "BETWEEN": " AND sk BETWEEN :low AND :high",
            "begins_with": " AND begins_with(sk, :low)",
        }.get(operator, f" AND sk {operator} :low")
    if operator == "BETWEEN":
        values[":high"] = {kind: high}
    request: dict[str, Any] = {
        "TableName": "notes",
        "KeyConditionExpression": text,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": forward,
        "Limit": limit,
    }
    found: list[Any] = []
    while True:
        answer = await dynamo.call("Query", **request)
        found += [order(kind, item["sk"][kind]) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
