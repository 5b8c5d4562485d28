"""What is said of a Query or Scan that does not fit its table?"""

from typing import Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    DYNALITE,
    HASH,
    INVALID,
    MISMATCH,
    NESTED_KEY,
    NOT_FOUND,
    PARITY,
    RANGE,
    START,
    TABLE_NOT_FOUND,
    ErrorCase,
    Json,
    cases,
    of_types,
    same,
)

_EQ_B: Final = {"KeyConditions": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "b"}]}}}
_TEXT_B: Final = {"KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}}
_NOT_FOUND_QUERIES: Final[list[Json]] = [
    {"KeyConditions": {"z": {"ComparisonOperator": "NULL"}}, "QueryFilter": {}},
    {"KeyConditionExpression": "z = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
    {
        "KeyConditionExpression": "b between :a and :b",
        "ExpressionAttributeValues": {":a": {"N": "1"}, ":b": {"N": "1"}},
    },
]

FINDING: Final = [
    *same(
        DYNALITE + "query.js: check table exists before checking key validity",
        "Query",
        {"TableName": ABSENT},
        [{**query, "ExclusiveStartKey": start} for query in _NOT_FOUND_QUERIES for start in ({}, {"b": {"S": "a"}})],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "scan.js: check table exists before checking key validity",
        "Scan",
        {"TableName": ABSENT},
        [{"ExclusiveStartKey": start} for start in ({}, {"b": {"S": "a"}}, {"a": {"S": "a"}, "b": {"S": "a"}})],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "scan.js: non-existent index name",
        "Scan",
        {"IndexName": "whatever", "FilterExpression": "attribute_exists(a.b.c)"},
        [
            {"TableName": HASH},
            {"TableName": RANGE},
            {"TableName": HASH, "ExclusiveStartKey": {}},
            {"TableName": HASH, "ExclusiveStartKey": {"a": {"S": "a"}, "b": {"S": "a"}, "c": {"S": "a"}}},
            {"TableName": RANGE, "ExclusiveStartKey": {"z": {"S": "a"}}},
        ],
        "The table does not have the specified index: whatever",
    ),
    *same(
        DYNALITE + "query.js: non-existent index name",
        "Query",
        {
            "IndexName": "whatever",
            "ExclusiveStartKey": {},
            "KeyConditions": {"z": {"ComparisonOperator": "NULL"}},
        },
        [{"TableName": HASH}, {"TableName": RANGE}],
        "The table does not have the specified index: whatever",
    ),
]

KEY_CONDITIONS: Final = [
    *cases(
        PARITY + "tier3/error-messages/query.test.ts",
        "Query",
        {"TableName": RANGE, "ExpressionAttributeValues": {":v": {"S": "val"}}},
        [
            ({"KeyConditionExpression": "b = :v"}, "Query condition missed key schema element: a"),
            ({"KeyConditionExpression": "attr1 = :v"}, "Query condition missed key schema element: a"),
        ],
    ),
    *cases(
        DYNALITE + "query.js: missing range element",
        "Query",
        {"TableName": RANGE, "ExpressionAttributeValues": {":a": {"S": "b"}, ":b": {"N": "1"}}},
        [({"KeyConditionExpression": "a = :a and c = :b"}, "Query condition missed key schema element: b")],
    ),
    *same(
        DYNALITE + "query.js: querying with unsupported conditions",
        "Query",
        {"TableName": HASH, "ExpressionAttributeValues": {":a": {"S": "1"}}},
        [
            {"KeyConditionExpression": text}
            for text in (
                "a > :a",
                "a < :a",
                ":a <= a",
                ":a >= a",
                "begins_with(a, :a)",
                "a between :a and :a",
                "a = :a AND b = :a",
                "y = :a and z = :a",
            )
        ],
        "Query key condition not supported",
    ),
    *cases(
        PARITY + "tier3/error-messages/queryKeyConditionOperands.test.ts: three conditions naming three attributes",
        "Query",
        {"TableName": RANGE, "ExpressionAttributeValues": {":p": {"S": "q"}, ":a": {"S": "1"}, ":b": {"N": "5"}}},
        [
            (
                {"KeyConditionExpression": "a = :p AND b > :a AND extra = :b"},
                "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
            )
        ],
    ),
    *cases(
        DYNALITE + "query.js: mismatching param type",
        "Query",
        {"TableName": HASH, "ExpressionAttributeValues": {":a": {"N": "1"}}},
        [({"KeyConditionExpression": ":a > a"}, INVALID + "Condition parameter type does not match schema type")],
    ),
]

_OF_HASH: Final = {"TableName": HASH, "FilterExpression": "attribute_exists(a.b.c)"}
_SCAN_STARTS_OF_RANGE: Final[tuple[Json, ...]] = (
    {},
    {"z": {"N": "1"}},
    {"b": {"S": "a"}, "c": {"S": "b"}},
    {"a": {"B": "abcd"}},
    {"a": {"S": "a"}},
    {"a": {"N": "1"}, "b": {"S": "a"}, "c": {"S": "b"}},
    {"a": {"N": "1"}, "b": {"N": "1"}, "z": {"N": "1"}},
    {"a": {"N": "1"}, "z": {"S": "a"}},
    {"a": {"B": "YQ=="}, "b": {"S": "a"}},
    {"a": {"S": "a"}, "c": {"N": "1"}},
    {"a": {"S": "a"}, "z": {"S": "1"}},
    {"a": {"S": "a"}, "b": {"S": "1"}, "c": {"S": "1"}},
    {"a": {"S": "a"}, "b": {"N": "1"}},
    {"a": {"S": "a"}, "b": {"B": "YQ=="}},
)
START_KEYS: Final = [
    *same(
        DYNALITE + "scan.js: ExclusiveStartKey does not match schema",
        "Scan",
        _OF_HASH,
        [
            {"ExclusiveStartKey": start}
            for start in (
                {},
                {"b": {"S": "a"}},
                {"a": {"S": "a"}, "b": {"S": "a"}},
                *({"a": value} for _, value in of_types("B N BOOL NULL SS NS BS M L")),
            )
        ],
        f"{START}: {MISMATCH}",
    ),
    *same(
        DYNALITE + "scan.js: ExclusiveStartKey for range table is invalid",
        "Scan",
        {"TableName": RANGE},
        [{"ExclusiveStartKey": start} for start in _SCAN_STARTS_OF_RANGE],
        f"{START}: {MISMATCH}",
    ),
    *same(
        DYNALITE + "query.js: range in ExclusiveStartKey is invalid",
        "Query",
        {"TableName": RANGE},
        [
            {**query, "ExclusiveStartKey": start}
            for start in (
                {"a": {"S": "a"}},
                {"a": {"S": "a"}, "c": {"N": "1"}},
                {"a": {"S": "a"}, "z": {"S": "1"}},
                {"a": {"S": "a"}, "b": {"S": "1"}, "c": {"S": "1"}},
            )
            for query in (_EQ_B, _TEXT_B)
        ],
        START,
    ),
    *same(
        DYNALITE + "query.js: ExclusiveStartKey is invalid, before the key condition",
        "Query",
        {"TableName": HASH},
        [
            {**query, "ExclusiveStartKey": start}
            for start in ({}, {"b": {"S": "a"}}, {"a": {"S": "a"}, "b": {"S": "a"}})
            for query in _NOT_FOUND_QUERIES[:2]
        ],
        START,
    ),
    *same(
        DYNALITE + "query.js: hash in ExclusiveStartKey and KeyConditions but range has incorrect schema",
        "Query",
        {"TableName": RANGE},
        [
            {**query, "ExclusiveStartKey": {"a": {"S": "a"}, "b": value}}
            for _, value in of_types("N B")
            for query in (_EQ_B, _TEXT_B)
        ],
        MISMATCH,
    ),
    *same(
        DYNALITE + "query.js: ExclusiveStartKey does not match hash schema",
        "Query",
        {"TableName": HASH},
        [
            {**query, "ExclusiveStartKey": {"a": value}}
            for _, value in of_types("B N BOOL NULL SS NS BS M L")
            for query in _NOT_FOUND_QUERIES[:2]
        ],
        MISMATCH,
    ),
    *same(
        DYNALITE + "query.js: ExclusiveStartKey with out-of-bounds hash key",
        "Query",
        {"TableName": RANGE, "ExclusiveStartKey": {"a": {"S": "a"}, "b": {"S": "a"}}},
        [_EQ_B, _TEXT_B],
        "The provided starting key is outside query boundaries based on provided conditions",
    ),
    *same(
        DYNALITE + "query.js: ExclusiveStartKey with non-matching range key",
        "Query",
        {"TableName": RANGE, "ExclusiveStartKey": {"a": {"S": "b"}, "b": {"S": "a"}}},
        [
            {
                "KeyConditions": {
                    "a": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "b"}]},
                    "b": {"ComparisonOperator": "GT", "AttributeValueList": [{"S": "a"}]},
                }
            },
            {
                "KeyConditionExpression": "a = :b and b > :a",
                "ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "b"}},
            },
        ],
        "The provided starting key does not match the range key predicate",
    ),
]

FILTERS: Final = [
    *(
        case
        for table, name, texts in (
            (HASH, "a", ("attribute_exists(a.b) AND b = :b", "a = :b", "a[1] = :b")),
            (RANGE, "b", ("attribute_exists(b.c) AND c = :b", "b = :b", "b[1] = :b")),
        )
        for case in same(
            DYNALITE + "query.js: hash key in FilterExpression, range key in FilterExpression",
            "Query",
            {
                "TableName": table,
                "KeyConditionExpression": "a = :a",
                "ExpressionAttributeValues": {":a": {"S": "1"}, ":b": {"N": "1"}},
            },
            [{"FilterExpression": text} for text in texts],
            f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}",
        )
    ),
    *same(
        DYNALITE + "scan.js: non-scalar key access",
        "Scan",
        {"TableName": HASH, "ExpressionAttributeNames": {"#a": "a"}},
        [
            {"FilterExpression": text}
            for text in (
                "attribute_exists(a.b.c) and #a = b",
                "attribute_exists(#a.b.c)",
                "attribute_exists(#a[0])",
            )
        ],
        NESTED_KEY + "a",
    ),
]

CASES: Final[list[ErrorCase]] = [*FINDING, *KEY_CONDITIONS, *START_KEYS, *FILTERS]
