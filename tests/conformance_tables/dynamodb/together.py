"""What is said of parameters that do not go together?"""

from typing import Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    DYNALITE,
    EXPRESSION_MIX,
    EXTENDDB,
    INVALID,
    PARITY,
    ErrorCase,
    Json,
    cases,
    same,
)

NAMED: Final = {"TableName": ABSENT}
PUT: Final = {**NAMED, "Item": {"a": {}}}
GET: Final = {**NAMED, "Key": {"a": {}}}
EQ: Final = {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]}
NO_VALUES: Final[Json] = {"ExpressionAttributeNames": {}, "ExpressionAttributeValues": {}}


def mixed(old: str, new: str) -> str:
    return f"{EXPRESSION_MIX}Non-expression parameters: {{{old}}} Expression parameters: {{{new}}}"


LONELY_NAMES: Final = "ExpressionAttributeNames can only be specified when using expressions"
LONELY_VALUES: Final = "ExpressionAttributeValues can only be specified when using expressions: "
_ALL_OF_QUERY: Json = {
    "ExclusiveStartKey": {"a": {}},
    "Select": "SPECIFIC_ATTRIBUTES",
    "AttributesToGet": ["a", "a"],
    "QueryFilter": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [{}]}},
    "ConditionalOperator": "OR",
}
_ALL_OF_SCAN: Json = {
    "ScanFilter": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [{}]}},
    "Segment": 1,
    "Limit": 1,
    "AttributesToGet": ["a", "a"],
    "ExclusiveStartKey": {"a": {}},
    "ConditionalOperator": "OR",
    "Select": "SPECIFIC_ATTRIBUTES",
}
_KEYS: Json = {"KeyConditions": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [{}]}}}

MIXED: Final = [
    *cases(
        DYNALITE + "putItem.js, deleteItem.js, updateItem.js: expression and non-expression",
        "PutItem",
        PUT,
        [
            ({"Expected": {"a": {}}, **NO_VALUES, "ConditionExpression": ""}, mixed("Expected", "ConditionExpression")),
            ({"Expected": {"a": {}}, **NO_VALUES}, LONELY_NAMES),
            (
                {"Expected": {"a": {}}, "ExpressionAttributeValues": {}},
                LONELY_VALUES + "ConditionExpression is null",
            ),
        ],
    ),
    *cases(
        DYNALITE + "deleteItem.js: expression and non-expression",
        "DeleteItem",
        {**NAMED, "Key": {}, "Expected": {}},
        [
            ({**NO_VALUES, "ConditionExpression": ""}, mixed("Expected", "ConditionExpression")),
            (NO_VALUES, LONELY_NAMES),
            ({"ExpressionAttributeValues": {}}, LONELY_VALUES + "ConditionExpression is null"),
        ],
    ),
    *cases(
        DYNALITE + "updateItem.js: expression and non-expression",
        "UpdateItem",
        {**GET, "Expected": {"a": {}}},
        [
            (
                {"AttributeUpdates": {}, **NO_VALUES, "ConditionExpression": "", "UpdateExpression": ""},
                mixed("AttributeUpdates, Expected", "UpdateExpression, ConditionExpression"),
            ),
            (NO_VALUES, LONELY_NAMES),
            (
                {"ExpressionAttributeValues": {}},
                LONELY_VALUES + "UpdateExpression and ConditionExpression are null",
            ),
        ],
    ),
    *cases(
        DYNALITE + "getItem.js: expression and non-expression",
        "GetItem",
        {**GET, "AttributesToGet": ["a"], "ExpressionAttributeNames": {}},
        [({"ProjectionExpression": ""}, mixed("AttributesToGet", "ProjectionExpression")), ({}, LONELY_NAMES)],
    ),
    *cases(
        DYNALITE + "query.js: all expressions and non-expression, with and without KeyConditions",
        "Query",
        {**NAMED, **_ALL_OF_QUERY},
        [
            (
                {
                    **_KEYS,
                    **NO_VALUES,
                    "ProjectionExpression": "",
                    "FilterExpression": "",
                    "KeyConditionExpression": "",
                },
                mixed(
                    "AttributesToGet, QueryFilter, ConditionalOperator, KeyConditions",
                    "ProjectionExpression, FilterExpression, KeyConditionExpression",
                ),
            ),
            (
                {**_KEYS, **NO_VALUES, "ProjectionExpression": "", "FilterExpression": ""},
                mixed("AttributesToGet, QueryFilter, ConditionalOperator", "ProjectionExpression, FilterExpression"),
            ),
            (
                {
                    **NO_VALUES,
                    "ProjectionExpression": "",
                    "FilterExpression": "",
                    "KeyConditionExpression": "",
                },
                mixed(
                    "AttributesToGet, QueryFilter, ConditionalOperator",
                    "ProjectionExpression, FilterExpression, KeyConditionExpression",
                ),
            ),
            (NO_VALUES, LONELY_NAMES),
            (
                {"ExpressionAttributeValues": {}},
                LONELY_VALUES + "FilterExpression and KeyConditionExpression are null",
            ),
        ],
    ),
    *cases(
        DYNALITE + "scan.js: expression and non-expression",
        "Scan",
        {**NAMED, **_ALL_OF_SCAN},
        [
            (
                {**NO_VALUES, "FilterExpression": "", "ProjectionExpression": ""},
                mixed("AttributesToGet, ScanFilter, ConditionalOperator", "ProjectionExpression, FilterExpression"),
            ),
            (NO_VALUES, LONELY_NAMES),
            ({"ExpressionAttributeValues": {}}, LONELY_VALUES + "FilterExpression is null"),
        ],
    ),
    *cases(
        EXTENDDB + "test_conditional_operator.py, TestCrossAspectMixing",
        "Scan",
        NAMED,
        [
            ({"ScanFilter": {"a": EQ}, "ProjectionExpression": "b"}, mixed("ScanFilter", "ProjectionExpression")),
            (
                {
                    "AttributesToGet": ["a"],
                    "FilterExpression": "a = :v",
                    "ExpressionAttributeValues": {":v": {"S": "x"}},
                },
                mixed("AttributesToGet", "FilterExpression"),
            ),
        ],
    ),
]

_JOINS_NOTHING: Final = "ConditionalOperator cannot be used without Filter or Expected"
_JOINS_ONE: Final = "ConditionalOperator can only be used when Filter or Expected has two or more elements"
_OPERATOR: Final = EXTENDDB + "test_conditional_operator.py, TestConditionalOperatorRequiresConditions"
_MIXED_OPERATOR: Final = EXTENDDB + "test_conditional_operator.py, TestConditionalOperatorMixing"
_ITEM: Final = {**NAMED, "Item": {"a": {"S": "k"}}, "ConditionalOperator": "AND"}
_KEY: Final = {**NAMED, "Key": {"a": {"S": "k"}}, "ConditionalOperator": "AND"}
_UPDATE: Final = {"AttributeUpdates": {"a": {"Value": {"S": "v"}, "Action": "PUT"}}}
_ASK: Final = {**NAMED, "ConditionalOperator": "AND"}

CONDITIONAL_OPERATOR: Final = [
    *same(
        _OPERATOR,
        "Scan",
        NAMED,
        [
            {"ConditionalOperator": "AND"},
            {"ConditionalOperator": "OR"},
            {"ConditionalOperator": "AND", "ScanFilter": {}},
            {"ConditionalOperator": "AND", "AttributesToGet": ["a", "b"]},
        ],
        _JOINS_NOTHING,
    ),
    *same(_OPERATOR, "Query", _ASK, [{}, {"KeyConditions": {"a": EQ}}], _JOINS_NOTHING),
    *same(_OPERATOR, "PutItem", _ITEM, [{}], _JOINS_NOTHING),
    *same(_OPERATOR, "DeleteItem", _KEY, [{}], _JOINS_NOTHING),
    *same(_OPERATOR, "UpdateItem", _KEY, [{}, _UPDATE], _JOINS_NOTHING),
    *same(_OPERATOR, "Scan", _ASK, [{"ScanFilter": {"a": EQ}}], _JOINS_ONE),
    *same(_OPERATOR, "Query", _ASK, [{"KeyConditions": {"a": EQ}, "QueryFilter": {"b": EQ}}], _JOINS_ONE),
    *same(_OPERATOR, "PutItem", _ITEM, [{"Expected": {"a": EQ}}], _JOINS_ONE),
    *same(_OPERATOR, "DeleteItem", _KEY, [{"Expected": {"a": EQ}}], _JOINS_ONE),
    *cases(
        _MIXED_OPERATOR,
        "Scan",
        _ASK,
        [
            (
                {"FilterExpression": "a = :v", "ExpressionAttributeValues": {":v": {"S": "x"}, ":unused": {"S": "y"}}},
                mixed("ConditionalOperator", "FilterExpression"),
            ),
            ({"ProjectionExpression": "a"}, mixed("ConditionalOperator", "ProjectionExpression")),
        ],
    ),
    *cases(
        _MIXED_OPERATOR,
        "Query",
        _ASK,
        [
            (
                {"KeyConditionExpression": "a = :p", "ExpressionAttributeValues": {":p": {"S": "k"}}},
                mixed("ConditionalOperator", "KeyConditionExpression"),
            ),
        ],
    ),
    *cases(
        _MIXED_OPERATOR,
        "PutItem",
        {**_ITEM, "ConditionExpression": "attribute_exists(a)"},
        [
            ({}, mixed("ConditionalOperator", "ConditionExpression")),
            ({"Expected": {"a": EQ}}, mixed("Expected, ConditionalOperator", "ConditionExpression")),
        ],
    ),
    *cases(
        _MIXED_OPERATOR,
        "UpdateItem",
        {**_KEY, "UpdateExpression": "SET b = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}},
        [
            ({}, mixed("ConditionalOperator", "UpdateExpression")),
            (
                {**_UPDATE, "Expected": {"a": EQ}, "ConditionExpression": "attribute_exists(a)"},
                mixed("AttributeUpdates, Expected, ConditionalOperator", "UpdateExpression, ConditionExpression"),
            ),
        ],
    ),
]

_VALUES: Final = {"ExpressionAttributeValues": {":p": {"S": "x"}}}
SELECT: Final = [
    *cases(
        EXTENDDB + "test_wording_parity_validation.py; PARITY tier1/scan/select.test.ts",
        "Scan",
        {"TableName": "hash"},
        [
            (
                {"Select": "COUNT", "ProjectionExpression": "b"},
                "Cannot specify the ProjectionExpression when choosing to get only the Count",
            ),
            (
                {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "b"},
                "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
            ),
            (
                {"Select": "COUNT", "AttributesToGet": ["b"]},
                "Cannot specify the AttributesToGet when choosing to get only the Count",
            ),
            (
                {"Select": "ALL_ATTRIBUTES", "AttributesToGet": ["b"]},
                "Cannot specify the AttributesToGet when choosing to get ALL_ATTRIBUTES",
            ),
            (
                {"Select": "ALL_PROJECTED_ATTRIBUTES"},
                INVALID + "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
            ),
        ],
    ),
    *cases(
        EXTENDDB + "test_wording_parity_validation.py: test_query_count_with_projection_prefix (decision 0014)",
        "Query",
        {"TableName": "hash", "KeyConditionExpression": "a = :p", **_VALUES},
        [
            (
                {"Select": "COUNT", "ProjectionExpression": "b"},
                "Cannot specify the ProjectionExpression when choosing to get only the Count",
            ),
        ],
    ),
    *cases(
        EXTENDDB + "test_wording_parity_validation.py",
        "PutItem",
        {**NAMED, "Item": {}},
        [({"ReturnValues": one}, "ReturnValues can only be ALL_OLD or NONE") for one in ("UPDATED_OLD", "ALL_NEW")],
    ),
    *cases(
        EXTENDDB + "test_wording_parity_validation.py",
        "DeleteItem",
        {**NAMED, "Key": {}},
        [
            ({"ReturnValues": one}, "ReturnValues can only be ALL_OLD or NONE")
            for one in ("UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/scan.test.ts; " + DYNALITE + "scan.js",
        "Scan",
        {**NAMED, "FilterExpression": "", **NO_VALUES},
        [
            (
                {"Segment": 1},
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
                "present",
            ),
            (
                {"TotalSegments": 1},
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
                "present",
            ),
            (
                {"Segment": 5, "TotalSegments": 5},
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                "Segment: 5 is not less than TotalSegments: 5",
            ),
        ],
    ),
    *cases(
        DYNALITE + "query.js: duplicate values in AttributesToGet; scan.js, getItem.js",
        "Query",
        NAMED,
        [
            (
                {"QueryFilter": {}, "ExclusiveStartKey": {"a": {}}, "AttributesToGet": ["a", "a"]},
                INVALID + "Duplicate value in attribute name: a",
            ),
            (
                {},
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
            ),
        ],
    ),
    *cases(
        DYNALITE + "scan.js: duplicate values in AttributesToGet",
        "Scan",
        NAMED,
        [
            (
                {
                    "Segment": 1,
                    "ScanFilter": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [{}, {"a": ""}]}},
                    "ExclusiveStartKey": {"a": {}},
                    "AttributesToGet": ["a", "a"],
                },
                INVALID + "Duplicate value in attribute name: a",
            ),
        ],
    ),
    *cases(
        DYNALITE + "getItem.js: duplicate values in AttributesToGet",
        "GetItem",
        {**NAMED, "Key": {}},
        [({"AttributesToGet": ["a", "b", "a"]}, INVALID + "Duplicate value in attribute name: a")],
    ),
]

CASES: Final[list[ErrorCase]] = [*MIXED, *CONDITIONAL_OPERATOR, *SELECT]
