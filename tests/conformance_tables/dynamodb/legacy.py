"""What is said of legacy parameters that make no sense?"""

from typing import Any, Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    DYNALITE,
    EXTENDDB,
    FAILED,
    HASH,
    INVALID,
    PARITY,
    RANGE,
    ErrorCase,
    Json,
    cases,
    of_types,
    same,
)

NAMED: Final = {"TableName": ABSENT}
A: Final = {"S": "a"}


def compared(operator: str, *values: Json) -> Json:
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


_ONE: Final = ("EQ", "NE", "LE", "LT", "GE", "GT", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH")
_WRONG_COUNTS: Final[list[tuple[str, Json]]] = [
    *((operator, {"ComparisonOperator": operator}) for operator in (*_ONE, "IN", "BETWEEN")),
    ("EQ", compared("EQ")),
    ("NULL", compared("NULL", A)),
    ("NOT_NULL", compared("NOT_NULL", A)),
    *((operator, compared(operator, A, A)) for operator in (*_ONE, "NULL", "NOT_NULL")),
    ("BETWEEN", compared("BETWEEN", A, A, A)),
]
_SETS_AND_DOCUMENTS: Final = "SS NS BS M L"
_NOT_SCALAR: Final = f"BOOL NULL {_SETS_AND_DOCUMENTS}"
_WRONG_TYPES: Final[list[tuple[str, str, Json]]] = [
    *(
        (operator, kind, compared(operator, value))
        for operator in ("LT", "LE", "GT", "GE", "IN")
        for kind, value in of_types(_NOT_SCALAR)
    ),
    *(
        (operator, kind, compared(operator, value))
        for operator in ("CONTAINS", "NOT_CONTAINS")
        for kind, value in of_types(_SETS_AND_DOCUMENTS)
    ),
    *(("BETWEEN", kind, compared("BETWEEN", value, value)) for kind, value in of_types(_NOT_SCALAR)),
    *(("BEGINS_WITH", kind, compared("BEGINS_WITH", value)) for kind, value in of_types(f"N {_NOT_SCALAR}")),
]


def _count(operator: str) -> str:
    return INVALID + f"Invalid number of argument(s) for the {operator} ComparisonOperator"


def _type(operator: str, kind: str) -> str:
    return INVALID + f"ComparisonOperator {operator} is not valid for {kind} AttributeValue type"


_SAME_TYPE: Final = INVALID + "AttributeValues inside AttributeValueList must be of same type"
_BOUNDS: Final = "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"

ARGUMENTS: Final = [
    case
    for source, operation, member, base in (
        ("scan.js", "Scan", "ScanFilter", {**NAMED, "Segment": 1, "ExclusiveStartKey": {"a": {}}}),
        ("query.js", "Query", "QueryFilter", {**NAMED, "KeyConditions": {"a": compared("EQ", {})}}),
        ("query.js", "Query", "KeyConditions", {**NAMED, "QueryFilter": {}}),
    )
    for case in (
        *cases(
            DYNALITE + f"{source}: incorrect number of {member} arguments",
            operation,
            base,
            [({member: {"a": wrong}}, _count(operator)) for operator, wrong in _WRONG_COUNTS],
        ),
        *cases(
            DYNALITE + f"{source}: invalid ComparisonOperator types",
            operation,
            base,
            [({member: {"a": wrong}}, _type(operator, kind)) for operator, kind, wrong in _WRONG_TYPES],
        ),
        *cases(
            DYNALITE + f"{source}: AttributeValueList has different types, BETWEEN arguments in the incorrect order",
            operation,
            base,
            [
                ({member: {"a": compared("IN", {"S": "b"}, {"N": "1"})}}, _SAME_TYPE),
                ({member: {"a": compared("BETWEEN", {"S": "b"}, {"S": "a"})}}, _BOUNDS),
            ],
        ),
    )
]


def _of_expected(source: str, operation: str, base: Json) -> list[ErrorCase]:
    def cannot(what: str) -> str:
        return INVALID + f"{what} for Attribute: a"

    together = cannot("Exists and ComparisonOperator cannot be used together")
    alone = cannot("AttributeValueList can only be used with a ComparisonOperator")
    rows: list[tuple[dict[str, Any], str]] = [
        ({}, cannot("Value must be provided when Exists is null")),
        ({"Exists": True}, cannot("Value must be provided when Exists is true")),
        ({"Exists": False, "Value": A}, cannot("Value cannot be used when Exists is false")),
        (
            {"ComparisonOperator": "LT"},
            cannot("Value or AttributeValueList must be used with ComparisonOperator: LT"),
        ),
        ({"Exists": True, "ComparisonOperator": "LT"}, together),
        ({"Exists": False, **compared("EQ", A)}, together),
        ({**compared("LT", A), "Value": A}, cannot("Value and AttributeValueList cannot be used together")),
        ({"Value": A, "AttributeValueList": []}, cannot("Value and AttributeValueList cannot be used together")),
        ({"AttributeValueList": [A]}, alone),
        ({"AttributeValueList": []}, alone),
        ({"Exists": True, "AttributeValueList": [A]}, alone),
        (dict(compared("EQ")), _count("EQ")),
        (dict(compared("NULL", A)), _count("NULL")),
        (dict(compared("IN")), _count("IN")),
        (dict(compared("BETWEEN", {"N": "1"}, {"N": "10"}, {"N": "12"})), _count("BETWEEN")),
        ({"Value": A, "ComparisonOperator": "NULL"}, _count("NULL")),
        ({"Value": A, "ComparisonOperator": "BETWEEN"}, _count("BETWEEN")),
        (dict(compared("IN", {"S": "b"}, {"N": "1"})), _SAME_TYPE),
        (dict(compared("BETWEEN", {"S": "b"}, {"S": "a"})), _BOUNDS),
    ]
    return cases(source, operation, base, [({"Expected": {"a": wrong}}, message) for wrong, message in rows])


EXPECTED: Final = [
    *_of_expected(DYNALITE + "putItem.js: Expected", "PutItem", {**NAMED, "Item": {}}),
    *_of_expected(DYNALITE + "deleteItem.js: Expected", "DeleteItem", {**NAMED, "Key": {}}),
    *_of_expected(DYNALITE + "updateItem.js: Expected", "UpdateItem", {**NAMED, "Key": {}}),
    *same(
        DYNALITE + "updateItem.js, deleteItem.js: expecting non-existent key to exist",
        "UpdateItem",
        {"TableName": HASH, "Key": {"a": {"S": "nobody"}}},
        [
            {"Expected": {"a": {"Value": {"S": "x"}}}},
            {"Expected": {"a": {"ComparisonOperator": "NOT_NULL"}}},
            {"ConditionExpression": "attribute_exists(a)"},
        ],
        "The conditional request failed",
        FAILED,
    ),
]

_UPDATE: Final = {**NAMED, "Key": {}, "Expected": {"a": {}}}
UPDATES: Final = [
    *cases(
        DYNALITE + "updateItem.js: update has no value, delete and add incorrect types",
        "UpdateItem",
        _UPDATE,
        [
            *(
                (
                    {"AttributeUpdates": {"a": wrong}},
                    INVALID + "Only DELETE action is allowed when no attribute value is specified",
                )
                for wrong in ({"x": "whatever"}, {}, {"Action": "PUT"}, {"Action": "ADD"})
            ),
            *(
                (
                    {"AttributeUpdates": {"a": {"Action": "DELETE", "Value": value}}},
                    INVALID + f"DELETE action with value is not supported for the type {kind}",
                )
                for kind, value in of_types("S N B NULL BOOL M L")
            ),
            *(
                (
                    {"AttributeUpdates": {"a": {"Action": "ADD", "Value": value}}},
                    INVALID + f"ADD action is not supported for the type {kind}",
                )
                for kind, value in of_types("S B NULL BOOL M")
            ),
        ],
    ),
    *same(
        DYNALITE + "updateItem.js: trying to delete/add incorrect types (the item has s: SS, n: N, ns: NS)",
        "UpdateItem",
        {"TableName": HASH, "Key": {"a": {"S": "typed"}}},
        [
            {"AttributeUpdates": {name: {"Action": action, "Value": value}}}
            for name, action, value in (
                ("s", "DELETE", {"NS": ["1"]}),
                ("s", "DELETE", {"BS": ["YQ=="]}),
                ("n", "DELETE", {"NS": ["1"]}),
                ("s", "ADD", {"NS": ["1"]}),
                ("ns", "ADD", {"N": "1"}),
                ("n", "ADD", {"L": []}),
            )
        ],
        "Type mismatch for attribute to update",
    ),
    *cases(
        DYNALITE + "updateItem.js: trying to update key",
        "UpdateItem",
        {"TableName": RANGE, "Key": {"a": {"S": "x"}, "b": {"S": "y"}}},
        [
            (
                {"AttributeUpdates": {"d": {"Value": {"S": "1"}}, name: {"Value": {"S": "x"}}}},
                INVALID + f"Cannot update attribute {name}. This attribute is part of the key",
            )
            for name in ("a", "b")
        ],
    ),
    *cases(
        PARITY + "tier3/legacy-api/attributeUpdates.test.ts: cannot modify key attributes",
        "UpdateItem",
        {"TableName": HASH, "Key": {"a": {"S": "x"}}},
        [
            (
                {"AttributeUpdates": {"a": {"Action": "DELETE"}}},
                INVALID + "Cannot update attribute a. This attribute is part of the key",
            )
        ],
    ),
]

EQ_A: Final = compared("EQ", {"S": "b"})
_NOT_INDEXABLE: Final = "Attempted conditional constraint is not an indexable operation"
_UNINDEXABLE: Final = (
    {"ComparisonOperator": "NULL"},
    {"ComparisonOperator": "NOT_NULL"},
    compared("CONTAINS", A),
    compared("NOT_CONTAINS", A),
    compared("IN", A),
)
_COUNT: Final = "Conditions can be of length 1 or 2 only"
KEYS: Final = [
    *same(
        DYNALITE + "query.js: incorrect number of KeyConditions",
        "Query",
        NAMED,
        [
            {"QueryFilter": {}, "KeyConditions": {}},
            {"KeyConditions": {name: {"ComparisonOperator": "NULL"} for name in "abc"}},
        ],
        _COUNT,
    ),
    *same(
        DYNALITE + "query.js: querying with non-indexable operations",
        "Query",
        {"TableName": HASH},
        [{"KeyConditions": {"a": wrong}} for wrong in (*_UNINDEXABLE, compared("NE", {"N": "1"}))],
        _NOT_INDEXABLE,
    ),
    *same(
        DYNALITE + "query.js: unsupported comparison on range",
        "Query",
        {"TableName": RANGE},
        [{"KeyConditions": {"a": EQ_A, "b": wrong}} for wrong in _UNINDEXABLE],
        _NOT_INDEXABLE,
    ),
    *same(
        DYNALITE + "query.js: querying with unsupported conditions",
        "Query",
        {"TableName": HASH},
        [
            {"KeyConditions": {"a": EQ_A, "b": EQ_A}},
            *({"KeyConditions": {"a": compared(operator, A)}} for operator in ("LE", "LT", "GE", "GT", "BEGINS_WITH")),
            {"KeyConditions": {"a": compared("BETWEEN", A, A)}},
        ],
        "Query key condition not supported",
    ),
    *cases(
        DYNALITE + "query.js: hash in ExclusiveStartKey but not in query, missing range element",
        "Query",
        {"TableName": RANGE},
        [
            (
                {"KeyConditions": {"z": {"ComparisonOperator": "NULL"}}},
                "Query condition missed key schema element: a",
            ),
            (
                {"KeyConditions": {"a": EQ_A, "c": {"ComparisonOperator": "NULL"}}},
                "Query condition missed key schema element: b",
            ),
            (
                {"KeyConditions": {"a": EQ_A}, "QueryFilter": {"b": EQ_A}},
                "QueryFilter can only contain non-primary key attributes: Primary key attribute: b",
            ),
            (
                {"KeyConditions": {"a": EQ_A}, "QueryFilter": {"a": EQ_A}},
                "QueryFilter can only contain non-primary key attributes: Primary key attribute: a",
            ),
            (
                {"KeyConditions": {"a": compared("EQ", {"N": "1"})}},
                INVALID + "Condition parameter type does not match schema type",
            ),
            (
                {"KeyConditions": {"a": EQ_A, "b": compared("GT", {"N": "1"})}},
                INVALID + "Condition parameter type does not match schema type",
            ),
        ],
    ),
    *cases(
        EXTENDDB + "test_validation_precedence.py",
        "PutItem",
        {**NAMED, "Item": {"a": {"S": "k"}}},
        [
            (
                {"Expected": {"a": {"ComparisonOperator": "EQ"}}},
                INVALID + "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a",
            )
        ],
    ),
]

CASES: Final[list[ErrorCase]] = [*ARGUMENTS, *EXPECTED, *UPDATES, *KEYS]
