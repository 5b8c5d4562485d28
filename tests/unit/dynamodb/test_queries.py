"""Query and Scan: ranges, order, pages, filters, segments."""

from typing import Any

import pytest

from pileus.services.dynamodb.errors import ValidationException
from tests.unit.dynamodb.conftest import Dynamo

INVALID = "ValidationException: One or more parameter values were invalid: "


async def filled(dynamo: Dynamo, kind: str, sort_keys: list[str]) -> None:
    """A partition `a` with these sort keys, and two others around it."""
    await dynamo.table(sort=kind)
    for partition in ("a", "aa", "b"):
        for index, text in enumerate(sort_keys):
            item = {
                "pk": {"S": partition},
                "sk": {kind: text},
                "i": {"N": str(index)},
                "even": {"BOOL": index % 2 == 0},
            }
            await dynamo.call("PutItem", TableName="notes", Item=item)


def query(condition: str, **values: dict[str, Any]) -> dict[str, Any]:
    placeholders = {":p": {"S": "a"}, **{f":{name}": value for name, value in values.items()}}
    return {"TableName": "notes", "KeyConditionExpression": condition, "ExpressionAttributeValues": placeholders}


async def sort_keys(dynamo: Dynamo, request: dict[str, Any]) -> list[str]:
    answer = await dynamo.call("Query", **request)
    assert answer["Count"] == answer["ScannedCount"] == len(answer["Items"])
    assert all(item["pk"] == {"S": "a"} for item in answer["Items"])
    return [next(iter(item["sk"].values())) for item in answer["Items"]]


NUMBERS = ["-100", "-1.5", "-1", "0", "0.5", "1", "1.01", "2", "10", "100"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("pk = :p", NUMBERS),
        ("pk = :p AND sk = :x", ["1"]),
        ("pk = :p AND sk < :x", ["-100", "-1.5", "-1", "0", "0.5"]),
        ("pk = :p AND sk <= :x", ["-100", "-1.5", "-1", "0", "0.5", "1"]),
        ("pk = :p AND sk > :x", ["1.01", "2", "10", "100"]),
        ("sk >= :x and pk = :p", ["1", "1.01", "2", "10", "100"]),
        (":p = pk AND :x < sk", ["1.01", "2", "10", "100"]),
        ("pk = :p AND sk BETWEEN :m AND :x", ["-1", "0", "0.5", "1"]),
        ("(pk = :p) AND (sk = :x)", ["1"]),
    ],
)
async def test_ranges_of_numbers(dynamo: Dynamo, condition: str, expected: list[str]) -> None:
    """Every operator, on numbers whose order is not that of their text; both directions."""
    await filled(dynamo, "N", ["10", "1", "-1", "100", "0", "-100", "2", "0.5", "-1.5", "1.01"])
    values = {name: value for name, value in (("x", {"N": "1.0"}), ("m", {"N": "-1"})) if f":{name}" in condition}
    request = query(condition, **values)
    assert await sort_keys(dynamo, request) == expected
    assert await sort_keys(dynamo, {**request, "ScanIndexForward": False}) == expected[::-1]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("pk = :p AND begins_with(sk, :x)", ["ab", "ab\u0000", "aba", "ab\u00ff", "ab\U0010ffff"]),
        ("pk = :p AND sk = :x", ["ab"]),
        ("pk = :p AND sk > :x", ["ab\u0000", "aba", "ab\u00ff", "ab\U0010ffff", "ac"]),
        ("pk = :p AND sk <= :x", ["aa", "ab"]),
    ],
)
async def test_ranges_of_strings(dynamo: Dynamo, condition: str, expected: list[str]) -> None:
    """Sorted by code point; zero bytes and the last character belong to a prefix too."""
    await filled(dynamo, "S", ["ac", "aa", "ab", "aba", "ab\u0000", "ab\u00ff", "ab\U0010ffff"])
    assert await sort_keys(dynamo, query(condition, x={"S": "ab"})) == expected


async def test_ranges_of_bytes(dynamo: Dynamo) -> None:
    """A prefix that ends in FF has a next key too."""
    await filled(dynamo, "B", ["/w==", "//8=", "//8B", "/v8="])
    request = query("pk = :p AND begins_with(sk, :x)", x={"B": "//8="})
    assert await sort_keys(dynamo, request) == ["//8=", "//8B"]
    assert await sort_keys(dynamo, query("pk = :p")) == ["/v8=", "/w==", "//8=", "//8B"]


async def test_filter_projection_and_count(dynamo: Dynamo) -> None:
    """The filter comes after the page is read, and is counted so."""
    await filled(dynamo, "N", ["0", "1", "2", "3"])
    request = query("pk = :p", no={"BOOL": False})
    request |= {"FilterExpression": "even = :no", "ProjectionExpression": "sk"}
    answer = await dynamo.call("Query", **request)
    assert answer == {"Items": [{"sk": {"N": "1"}}, {"sk": {"N": "3"}}], "Count": 2, "ScannedCount": 4}
    del request["ProjectionExpression"]
    answer = await dynamo.call("Query", **request, Select="COUNT")
    assert answer == {"Count": 2, "ScannedCount": 4}
    answer = await dynamo.call("Query", **request, Select="COUNT", Limit=1)
    last = {"pk": {"S": "a"}, "sk": {"N": "0"}}
    assert answer == {"Count": 0, "ScannedCount": 1, "LastEvaluatedKey": last}


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_pages(dynamo: Dynamo, forward: bool, limit: int) -> None:
    """Pages joined are the whole; a page that ends at the limit says where to go on, even at the end."""
    await filled(dynamo, "N", [str(number) for number in range(6)])
    request = {**query("pk = :p"), "Limit": limit, "ScanIndexForward": forward}
    found: list[str] = []
    while True:
        answer = await dynamo.call("Query", **request)
        assert answer["ScannedCount"] <= limit
        found += [item["sk"]["N"] for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            break
        assert answer["ScannedCount"] == limit
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    assert found == [str(number) for number in (range(6) if forward else reversed(range(6)))]


async def test_a_page_holds_a_megabyte(dynamo: Dynamo) -> None:
    """Whatever is filtered; sizes are DynamoDB's, not the wire's."""
    await dynamo.table(sort="N")
    for index in range(12):
        item = {"pk": {"S": "a"}, "sk": {"N": str(index)}, "v": {"S": "x" * 200_000}}
        await dynamo.call("PutItem", TableName="notes", Item=item)
    answer = await dynamo.call("Query", **query("pk = :p"), Select="COUNT", ReturnConsumedCapacity="TOTAL")
    last = {"pk": {"S": "a"}, "sk": {"N": "5"}}
    assert (answer["Count"], answer["LastEvaluatedKey"]) == (6, last)
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 146.5  # 6 * 200,008 bytes, summed before rounding up
    rest = await dynamo.call("Query", **query("pk = :p"), Select="COUNT", ExclusiveStartKey=last)
    assert rest["Count"] == 6


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (
            {"TableName": "notes"},
            "ValidationException: Either the KeyConditions or KeyConditionExpression parameter must be specified in "
            "the request.",
        ),
        (query("sk = :p"), "ValidationException: Query condition missed key schema element: pk"),
        (query("pk > :p"), "ValidationException: Query key condition not supported"),
        (
            query("pk = :p AND i = :x", x={"N": "1"}),
            "ValidationException: Query condition missed key schema element: sk",
        ),
        (
            query("pk = :p AND sk = :x", x={"S": "1"}),
            INVALID + "Condition parameter type does not match schema type",
        ),
        (
            query("pk = :p AND sk > :x AND sk < :x", x={"N": "1"}),
            "ValidationException: Invalid KeyConditionExpression: "
            "KeyConditionExpressions must only contain one condition per key",
        ),
        (
            query("pk = :p OR sk = :x", x={"N": "1"}),
            "ValidationException: Invalid operator used in KeyConditionExpression: OR",
        ),
        (query("NOT pk = :p"), "ValidationException: Invalid operator used in KeyConditionExpression: NOT"),
        (query("pk <> :p"), "ValidationException: Invalid operator used in KeyConditionExpression: <>"),
        (query("pk IN (:p)"), "ValidationException: Invalid operator used in KeyConditionExpression: IN"),
        (query("contains(pk, :p)"), "ValidationException: Invalid operator used in KeyConditionExpression: contains"),
        (
            query("size(pk) = :p"),
            "ValidationException: KeyConditionExpressions cannot contain nested operations",
        ),
        (
            query("pk = :p AND begins_with(sk, :x)", x={"N": "1"}),
            "ValidationException: Invalid KeyConditionExpression: Incorrect operand type for operator or function; "
            "operator or function: begins_with, operand type: N",
        ),
        (
            query("pk.x = :p"),
            "ValidationException: Invalid KeyConditionExpression: "
            "KeyConditionExpressions cannot have conditions on nested attributes",
        ),
        (
            {**query("pk = :p"), "FilterExpression": "attribute_exists(sk)"},
            "ValidationException: Filter Expression can only contain non-primary key attributes: Primary key "
            "attribute: sk",
        ),
        (
            {**query("pk = :p"), "IndexName": "byDate"},
            "ValidationException: The table does not have the specified index: byDate",
        ),
        (
            {**query("pk = :p"), "Select": "COUNT", "ProjectionExpression": "sk"},
            "ValidationException: Cannot specify the ProjectionExpression when choosing to get only the Count",
        ),
        (
            {**query("pk = :p"), "Select": "SPECIFIC_ATTRIBUTES"},
            INVALID
            + "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        ),
        (
            {"TableName": "notes", "KeyConditions": {"pk": {"ComparisonOperator": "EQ"}}},
            INVALID + "Invalid number of argument(s) for the EQ ComparisonOperator",
        ),
        (
            {**query("pk = :p"), "ExclusiveStartKey": {"pk": {"S": "a"}}},
            "ValidationException: The provided starting key is invalid",
        ),
        (
            {**query("pk = :p"), "ExclusiveStartKey": {"pk": {"S": "b"}, "sk": {"N": "1"}}},
            "ValidationException: The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            {
                **query("pk = :p AND sk > :x", x={"N": "1"}),
                "ExclusiveStartKey": {"pk": {"S": "a"}, "sk": {"N": "1"}},
            },
            "ValidationException: The provided starting key does not match the range key predicate",
        ),
    ],
)
async def test_wrong_queries(dynamo: Dynamo, request_: dict[str, Any], error: str) -> None:
    """AWS's words for what cannot be asked."""
    await dynamo.table(sort="N")
    assert await dynamo.error("Query", **request_) == error


async def test_scan_in_pages_and_segments(dynamo: Dynamo) -> None:
    """Each item is in exactly one segment, and pages of segments joined are the table."""
    await dynamo.table(sort="N")
    expected = set()
    for index in range(60):
        item = {"pk": {"S": f"p{index % 20}"}, "sk": {"N": str(index)}}
        expected.add((item["pk"]["S"], item["sk"]["N"]))
        await dynamo.call("PutItem", TableName="notes", Item=item)
    for segments in (1, 2, 3, 7, 1_000_000):
        found = []
        for segment in range(segments) if segments < 10 else [0, 999_999]:
            request: dict[str, Any] = {"TableName": "notes", "Limit": 4, "Segment": segment, "TotalSegments": segments}
            while True:
                answer = await dynamo.call("Scan", **request)
                found += [(item["pk"]["S"], item["sk"]["N"]) for item in answer["Items"]]
                if "LastEvaluatedKey" not in answer:
                    break
                request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        assert len(found) == len(set(found))
        assert set(found) == expected or segments > 10


async def test_scan_filters(dynamo: Dynamo) -> None:
    """Also on key attributes, which a Query's filter may not touch."""
    await filled(dynamo, "N", ["1", "2", "3"])
    answer = await dynamo.call(
        "Scan",
        TableName="notes",
        FilterExpression="sk > :one AND begins_with(pk, :a)",
        ExpressionAttributeValues={":one": {"N": "1"}, ":a": {"S": "a"}},
        ReturnConsumedCapacity="TOTAL",
    )
    assert (answer["Count"], answer["ScannedCount"]) == (4, 9)
    assert answer["ConsumedCapacity"] == {"TableName": "notes", "CapacityUnits": 0.5}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (
            {"Segment": 1},
            "ValidationException: The TotalSegments parameter is required but was not present in the request when "
            "Segment parameter is present",
        ),
        (
            {"TotalSegments": 1},
            "ValidationException: The Segment parameter is required but was not present in the request when "
            "parameter TotalSegments is present",
        ),
        (
            {"Segment": 2, "TotalSegments": 2},
            "ValidationException: The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            "Segment: 2 is not less than TotalSegments: 2",
        ),
        (
            {"ExclusiveStartKey": {"pk": {"S": "a"}}},
            "ValidationException: The provided starting key is invalid: The provided key element does not match the "
            "schema",
        ),
        (
            {"FilterExpression": "a = "},
            'ValidationException: Invalid FilterExpression: Syntax error; token: "<EOF>", near: "= "',
        ),
    ],
)
async def test_wrong_scans(dynamo: Dynamo, request_: dict[str, Any], error: str) -> None:
    """AWS's words for what cannot be asked."""
    await dynamo.table(sort="N")
    assert await dynamo.error("Scan", TableName="notes", **request_) == error


async def test_a_scan_stays_in_its_segment(dynamo: Dynamo) -> None:
    """A start key of another segment is refused."""
    await dynamo.table(sort="N")
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    refused = 0
    for segment in (0, 1):
        try:
            await dynamo.call("Scan", TableName="notes", ExclusiveStartKey=key, Segment=segment, TotalSegments=2)
        except ValidationException as error:
            assert f"TotalSegments: 2 Segment: {segment}" in error.message  # noqa: PT017 - one of two must fail
            refused += 1
    assert refused == 1
