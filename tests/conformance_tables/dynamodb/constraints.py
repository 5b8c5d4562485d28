"""What does the framework say of members that are missing, too long, too small or not in a list of values?"""

from typing import Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    DYNALITE,
    PARITY,
    RECORDINGS,
    ErrorCase,
    broken,
    cases,
    null,
    violations,
)

_PATTERN: Final = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
_MIN_3: Final = "have length greater than or equal to 3"
_MAX_255: Final = "have length less than or equal to 255"
_LONG: Final = "a" * 256

MISSING: Final = [
    *(
        case
        for operation, members in (
            ("PutItem", ("tableName", "item")),
            ("GetItem", ("tableName", "key")),
            ("DeleteItem", ("tableName", "key")),
            ("UpdateItem", ("tableName", "key")),
            ("Query", ("tableName",)),
            ("Scan", ("tableName",)),
        )
        for case in cases(
            DYNALITE + "putItem.js and five others: no TableName",
            operation,
            {},
            [({}, violations(*map(null, members)))],
        )
    ),
    *(
        case
        for operation in ("CreateTable", "DeleteTable", "DescribeTable", "UpdateTable")
        for case in cases(
            DYNALITE
            + "createTable.js and three others: no TableName; "
            + PARITY
            + "tier3/error-messages/createTable.test.ts",
            operation,
            {},
            [({}, "The parameter 'TableName' is required but was not present in the request")],
        )
    ),
    *cases(
        DYNALITE + "putItem.js: no TableName",
        "PutItem",
        {},
        [({"Item": {}}, violations(null("tableName"))), ({"TableName": ABSENT}, violations(null("item")))],
    ),
    *(
        case
        for operation in ("GetItem", "DeleteItem", "UpdateItem")
        for case in cases(
            DYNALITE + "getItem.js and two others: no TableName",
            operation,
            {},
            [({"Key": {}}, violations(null("tableName"))), ({"TableName": ABSENT}, violations(null("key")))],
        )
    ),
]

NAMES: Final = [
    case
    for operation, base in (
        ("PutItem", {"Item": {}}),
        ("GetItem", {"Key": {}}),
        ("DeleteItem", {"Key": {}}),
        ("UpdateItem", {"Key": {}}),
        (
            "Query",
            {"KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}},
        ),
        ("Scan", {}),
        ("DescribeTable", {}),
        ("DeleteTable", {}),
    )
    for case in cases(
        DYNALITE
        + "putItem.js and seven others: short TableName, long TableName; "
        + PARITY
        + "tier3/error-messages/putItem.test.ts",
        operation,
        base,
        [
            (
                {"TableName": "a;"},
                violations(broken("a;", "tableName", _PATTERN), broken("a;", "tableName", _MIN_3)),
            ),
            ({"TableName": _LONG}, violations(broken(_LONG, "tableName", _MAX_255))),
            ({"TableName": "bad table!@#"}, violations(broken("bad table!@#", "tableName", _PATTERN))),
            ({"TableName": "ab"}, violations(broken("ab", "tableName", _MIN_3))),
        ],
    )
]

_ONE_OF: Final = "satisfy enum value set: "
NUMBERS: Final = [
    *cases(
        PARITY + "tier3/error-messages/scan.test.ts: Limit of 0; " + DYNALITE + "scan.js: incorrect attributes",
        "Scan",
        {"TableName": ABSENT},
        [
            ({"Limit": 0}, violations(broken("0", "limit", "have value greater than or equal to 1"))),
            ({"Limit": -1}, violations(broken("-1", "limit", "have value greater than or equal to 1"))),
            (
                {"Segment": -1, "TotalSegments": -1},
                violations(
                    broken("-1", "segment", "have value greater than or equal to 0"),
                    broken("-1", "totalSegments", "have value greater than or equal to 1"),
                ),
            ),
            (
                {"AttributesToGet": []},
                violations(broken("[]", "attributesToGet", "have length greater than or equal to 1")),
            ),
            (
                {"ScanFilter": {"a": {}}},
                violations(null("scanFilter.a.member.comparisonOperator")),
            ),
        ],
    ),
    *cases(
        DYNALITE + "query.js: incorrect attributes",
        "Query",
        {"TableName": ABSENT},
        [
            ({"Limit": -1}, violations(broken("-1", "limit", "have value greater than or equal to 1"))),
            (
                {"KeyConditions": {"a": {}}, "QueryFilter": {"a": {}}},
                violations(
                    null("queryFilter.a.member.comparisonOperator"), null("keyConditions.a.member.comparisonOperator")
                ),
            ),
            (
                {"IndexName": "a;"},
                violations(broken("a;", "indexName", _PATTERN), broken("a;", "indexName", _MIN_3)),
            ),
            ({"IndexName": _LONG}, violations(broken(_LONG, "indexName", _MAX_255))),
        ],
    ),
    *cases(
        DYNALITE + "putItem.js: incorrect attributes",
        "PutItem",
        {"TableName": ABSENT, "Item": {}},
        [
            (
                {"ReturnConsumedCapacity": "hi"},
                violations(broken("hi", "returnConsumedCapacity", _ONE_OF + "[INDEXES, TOTAL, NONE]")),
            ),
            (
                {"ReturnItemCollectionMetrics": "hi"},
                violations(broken("hi", "returnItemCollectionMetrics", _ONE_OF + "[SIZE, NONE]")),
            ),
        ],
    ),
    *cases(
        RECORDINGS + "test_dynamodb_execute_statement_empy_parameter",
        "ExecuteStatement",
        {"Statement": "SELECT * FROM hash"},
        [({"Parameters": []}, violations(broken("[]", "parameters", "have length greater than or equal to 1")))],
    ),
]

ENUMS: Final = [
    *(
        case
        for operation, member in (("PutItem", "Item"), ("DeleteItem", "Key"), ("UpdateItem", "Key"))
        for case in cases(
            PARITY + "tier3/validation-ordering/deepRequests.test.ts; " + DYNALITE + "putItem.js: incorrect attributes",
            operation,
            {"TableName": ABSENT, member: {}},
            [
                (
                    {"ReturnValues": "hi"},
                    violations(
                        broken("hi", "returnValues", _ONE_OF + "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]")
                    ),
                ),
                (
                    {"ConditionalOperator": "XOR"},
                    violations(broken("XOR", "conditionalOperator", _ONE_OF + "[OR, AND]")),
                ),
            ],
        )
    ),
    *cases(
        DYNALITE + "scan.js: incorrect attributes; " + PARITY + "tier3/error-messages/query.test.ts",
        "Scan",
        {"TableName": ABSENT},
        [
            (
                {"Select": "hi"},
                violations(
                    broken(
                        "hi",
                        "select",
                        _ONE_OF + "[SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]",
                    )
                ),
            ),
            (
                {"ScanFilter": {"b": {"ComparisonOperator": ""}}},
                violations(
                    broken(
                        "",
                        "scanFilter.b.member.comparisonOperator",
                        _ONE_OF + "[IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, "
                        "CONTAINS]",
                    )
                ),
            ),
        ],
    ),
]

CASES: Final[list[ErrorCase]] = [*MISSING, *NAMES, *NUMBERS, *ENUMS]
