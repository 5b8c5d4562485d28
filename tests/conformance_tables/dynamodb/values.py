"""What is said of attribute values that are none, in every place that takes some?"""

from typing import Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    DYNALITE,
    EMPTY,
    EMPTY_VALUES,
    INVALID,
    NOT_FOUND,
    NUMBER,
    NUMBER_VALUES,
    PARITY,
    SET_VALUES,
    SEVERAL,
    START,
    TABLE_NOT_FOUND,
    WRONG_VALUES,
    ErrorCase,
    Json,
    cases,
)

NAMED: Final = {"TableName": ABSENT}

_OVERFLOW: Final = "Number overflow. Attempting to store a number with magnitude larger than supported range"
_UNDERFLOW: Final = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
_NESTING: Final = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


def _nested(levels: int) -> Json:
    value: Json = {"S": "leaf"}
    for _ in range(levels):
        value = {"M": {"n": value}}
    return value


IN_ITEMS_AND_KEYS: Final = [
    # What else is wrong is said later: an Expected, AttributeUpdates, an empty expression, repeated AttributesToGet.
    *cases(
        DYNALITE + "putItem.js: unsupported datatype in Item, invalid values in Item, numbers in Item",
        "PutItem",
        {**NAMED, "Expected": {"a": {}}},
        [({"Item": {"a": value}}, message) for value, message in WRONG_VALUES],
    ),
    *cases(
        DYNALITE + "getItem.js: unsupported datatype in Key, invalid values in Key, numbers in Key",
        "GetItem",
        {**NAMED, "AttributesToGet": ["a", "a"]},
        [({"Key": {"a": value}}, message) for value, message in WRONG_VALUES],
    ),
    *cases(
        DYNALITE + "deleteItem.js: unsupported datatype in Key, invalid values in Key, numbers in Key",
        "DeleteItem",
        {**NAMED, "ConditionExpression": ""},
        [({"Key": {"a": value}}, message) for value, message in WRONG_VALUES],
    ),
    *cases(
        DYNALITE + "updateItem.js: unsupported datatype in Key, invalid values in Key, numbers in Key",
        "UpdateItem",
        {**NAMED, "Expected": {"a": {}}, "AttributeUpdates": {"a": {"x": "whatever"}}},
        [({"Key": {"a": value}}, message) for value, message in WRONG_VALUES],
    ),
    *(
        case
        for operation, of in (
            ("PutItem", "Item"),
            ("GetItem", "Key"),
            ("DeleteItem", "Key"),
            ("UpdateItem", "Key"),
        )
        for case in cases(
            PARITY + "tier3/limits/numberExponent.test.ts: exponents far outside of the range, zeros with an exponent",
            operation,
            {"TableName": NUMBER},
            [
                ({of: {"a": {"N": text}}}, _OVERFLOW)
                for text in ("1e99999999999", "1e2147483648", "1e2147483647", "0e126", "-1e99999999999")
            ]
            + [({of: {"a": {"N": text}}}, _UNDERFLOW) for text in ("1e-99999999999", "1e-2147483648", "0e-131")]
            + [
                (
                    {of: {"a": {"N": "1e9223372036854775808"}}},
                    "The parameter cannot be converted to a numeric value: 1e9223372036854775808",
                )
            ],
        )
    ),
    *cases(
        PARITY + "tier3/limits/nestingDepth.test.ts, tier3/validation-ordering/deepRequests.test.ts",
        "PutItem",
        NAMED,
        [({"Item": {"a": {"S": "a"}, "d": _nested(levels)}}, _NESTING) for levels in (32, 33, 40)],
    ),
    *cases(
        PARITY + "tier3/limits/nestingDepth.test.ts: the attribute itself is the first of 32 levels",
        "PutItem",
        NAMED,
        [({"Item": {"a": {"S": "a"}, "d": _nested(31)}}, TABLE_NOT_FOUND)],
        NOT_FOUND,
    ),
]

IN_EXPRESSION_VALUES: Final = [
    case
    for operation, base in (
        ("UpdateItem", {**NAMED, "Key": {}, "ConditionExpression": "", "UpdateExpression": ""}),
        ("DeleteItem", {**NAMED, "Key": {}, "ConditionExpression": ""}),
    )
    for case in cases(
        DYNALITE + "updateItem.js, deleteItem.js: ... in ExpressionAttributeValues",
        operation,
        base,
        [
            (
                {"ExpressionAttributeValues": {":b": value}},
                f"ExpressionAttributeValues contains invalid value: {message} for key :b",
            )
            for value, message in WRONG_VALUES
        ],
    )
]

_BARE_IN_START_KEYS: Final = ("An number set", "Input collection")
_IN_START_KEYS: Final = [
    *((value, f"{START}: {EMPTY}") for value in EMPTY_VALUES),
    *(
        (value, message if any(text in message for text in _BARE_IN_START_KEYS) else f"{START}: {message}")
        for value, message in SET_VALUES
    ),
    *NUMBER_VALUES,
    ({"S": "a", "N": "1"}, f"{START}: {SEVERAL}"),
]

IN_START_KEYS: Final = [
    case
    for source, operation, base in (
        (
            "scan.js: ... in ExclusiveStartKey",
            "Scan",
            {**NAMED, "Segment": 1, "FilterExpression": "", "ExpressionAttributeNames": {}},
        ),
        ("query.js: ... in ExclusiveStartKey", "Query", {**NAMED, "KeyConditionExpression": ""}),
        (
            "query.js: ... in ExclusiveStartKey",
            "Query",
            {**NAMED, "KeyConditions": {"a": {"ComparisonOperator": "EQ"}}},
        ),
    )
    for case in cases(
        DYNALITE + source,
        operation,
        base,
        [({"ExclusiveStartKey": {"a": value}}, message) for value, message in _IN_START_KEYS],
    )
]


def _conditions(member: str, value: Json) -> Json:
    return {member: {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1"}, value, {}]}}}


IN_CONDITIONS: Final = [
    case
    for source, operation, member, base in (
        ("scan.js: ... in ScanFilter", "Scan", "ScanFilter", {**NAMED, "Segment": 1, "ExclusiveStartKey": {"a": {}}}),
        (
            "query.js: ... in QueryFilter",
            "Query",
            "QueryFilter",
            {**NAMED, "ExclusiveStartKey": {"a": {}}, "AttributesToGet": ["a", "a"]},
        ),
        ("query.js: ... in KeyConditions", "Query", "KeyConditions", {**NAMED, "QueryFilter": {}}),
    )
    for case in cases(
        DYNALITE + source,
        operation,
        base,
        [(_conditions(member, value), message) for value, message in WRONG_VALUES],
    )
]

IN_EXPECTED: Final = cases(
    PARITY + "tier3/error-messages/valueLayers.test.ts: Expected values",
    "PutItem",
    {**NAMED, "Item": {"a": {"S": "a"}}},
    [({"Expected": {"n": {"Value": value}}}, message) for value, message in WRONG_VALUES],
)

IN_UPDATES: Final = cases(
    PARITY + "tier3/error-messages/valueLayers.test.ts: AttributeUpdates",
    "UpdateItem",
    {**NAMED, "Key": {"a": {"S": "a"}}},
    [({"AttributeUpdates": {"n": {"Action": "PUT", "Value": value}}}, message) for value, message in WRONG_VALUES],
)

_TEXTS: Final = ("abc", "1.2.3", " 1", "1 ", "0x10", "1e", "NaN", "Infinity")
MORE_NUMBERS: Final = [
    *cases(
        PARITY + "tier3/error-messages/valueLayers.test.ts: malformed number in an item",
        "PutItem",
        NAMED,
        [
            ({"Item": {"n": {"N": text}}}, f"The parameter cannot be converted to a numeric value: {text}")
            for text in _TEXTS
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/valueLayers.test.ts: exponents past an int",
        "PutItem",
        NAMED,
        [
            (
                {"Item": {"n": {"N": text}}},
                "Number overflow. Attempting to store a number with magnitude larger than supported range",
            )
            for text in ("1e99999999999", "-1e99999999999", "1e2147483648", "1e2147483647", "1e126")
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/valueLayers.test.ts: exponents past an int",
        "PutItem",
        NAMED,
        [
            (
                {"Item": {"n": {"N": text}}},
                "Number underflow. Attempting to store a number with magnitude smaller than supported range",
            )
            for text in ("1e-99999999999", "1e-2147483648", "1e-131")
        ],
    ),
    *cases(
        DYNALITE + "putItem.js: put really long numbers: zeros around the digits do not count",
        "PutItem",
        NAMED,
        [
            ({"Item": {"n": {"N": text}}}, TABLE_NOT_FOUND)
            for text in (
                "0000012345678901234567890123456789012345678",
                "-00001.23456789012345678901234567890123456780000",
                "0009.99999999999999999999999999999999999990000e125",
                "-0001.000e-130",
            )
        ],
        NOT_FOUND,
    ),
]

DUPLICATES: Final = cases(
    PARITY + "tier3/error-messages/valueLayers.test.ts: duplicate set members, the older layer",
    "Scan",
    {**NAMED},
    [
        (
            {"ScanFilter": {"s": {"ComparisonOperator": "EQ", "AttributeValueList": [value]}}},
            message,
        )
        for value, message in (
            ({"SS": ["b", "a", "b"]}, INVALID + "Input collection [b, a, b] contains duplicates."),
            (
                {"BS": ["/w==", "AA==", "AA=="]},
                INVALID + "Input collection [/w==, AA==, AA==]of type BS contains duplicates.",
            ),
            ({"NS": ["2", "1", "2.0"]}, "Input collection contains duplicates"),
        )
    ],
)

ENVELOPE: Final = "1 validation error detected: "
_CURRENT: Final = (
    ({"SS": ["b", "a", "b"]}, INVALID + 'Input collection ["a", "b", "b"] contains duplicates.'),
    (
        {"BS": ["/w==", "AA==", "AA=="]},
        INVALID + 'Input collection ["AA==","/w==","AA=="]of type BS contains duplicates.',
    ),
    ({"NS": ["2", "1", "2"]}, INVALID + "Input collection contains duplicates."),
    ({"N": ""}, "The parameter cannot be converted to a numeric value: "),
)
CURRENT_LAYER: Final = [
    *cases(
        PARITY + "tier3/error-messages/valueLayers.test.ts: PutItem, the current layer",
        "PutItem",
        NAMED,
        [({"Item": {"a": {"S": "a"}, "s": value}}, ENVELOPE + message) for value, message in _CURRENT],
    ),
    *cases(
        PARITY + "tier3/error-messages/valueLayers.test.ts: UpdateItem, the current layer",
        "UpdateItem",
        {**NAMED, "Key": {"a": {"S": "a"}}, "UpdateExpression": "SET s = :s"},
        [({"ExpressionAttributeValues": {":s": value}}, ENVELOPE + message) for value, message in _CURRENT],
    ),
    *cases(
        PARITY + "tier3/error-messages/valueLayers.test.ts: UpdateItem, AttributeUpdates, the current layer",
        "UpdateItem",
        {**NAMED, "Key": {"a": {"S": "a"}}},
        [
            ({"AttributeUpdates": {"s": {"Action": "PUT", "Value": value}}}, ENVELOPE + message)
            for value, message in _CURRENT
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/valueLayers.test.ts: DeleteItem, the current layer",
        "DeleteItem",
        NAMED,
        [({"Key": {"s": value}}, ENVELOPE + message) for value, message in _CURRENT],
    ),
    *cases(
        PARITY + "tier3/error-messages/valueLayers.test.ts: Query, the current layer",
        "Query",
        {**NAMED, "KeyConditionExpression": "a = :s"},
        [({"ExpressionAttributeValues": {":s": value}}, message) for value, message in _CURRENT],
    ),
]

CASES: Final[list[ErrorCase]] = [
    *CURRENT_LAYER,
    *IN_ITEMS_AND_KEYS,
    *IN_EXPRESSION_VALUES,
    *IN_START_KEYS,
    *IN_CONDITIONS,
    *IN_EXPECTED,
    *IN_UPDATES,
    *MORE_NUMBERS,
    *DUPLICATES,
]
