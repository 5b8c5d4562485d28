"""What is said of a body that cannot be read?"""

from typing import Any, Final

from tests.conformance_tables.dynamodb.cases import DYNALITE, SERIALIZATION, ErrorCase, Json

_NUMBERS: Final = ((23, "NUMBER"), (-2147483648, "NUMBER"), (2147483648, "NUMBER"), (34.56, "DECIMAL"))
_STRUCTURE: Final = "Start of structure or map found where not expected"
_BASE64: Final = "only base-64-encoded strings are convertible to bytes"
_FIELD: Final = "Unexpected field type"

TYPES: Final[dict[str, list[tuple[Any, str]]]] = {
    "String": [
        (True, "TRUE_VALUE cannot be converted to String"),
        (False, "FALSE_VALUE cannot be converted to String"),
        *((number, f"{kind}_VALUE cannot be converted to String") for number, kind in _NUMBERS),
        ([], "Unrecognized collection type class java.lang.String"),
        ({}, _STRUCTURE),
    ],
    "Boolean": [
        ("23", "Unexpected token received from parser"),
        *((number, f"{kind}_VALUE cannot be converted to Boolean") for number, kind in _NUMBERS),
        ([], "Unrecognized collection type class java.lang.Boolean"),
        ({}, _STRUCTURE),
    ],
    "Integer": [
        ("23", "STRING_VALUE cannot be converted to Integer"),
        (True, "TRUE_VALUE cannot be converted to Integer"),
        (False, "FALSE_VALUE cannot be converted to Integer"),
        ([], "Unrecognized collection type class java.lang.Integer"),
        ({}, _STRUCTURE),
    ],
    "Long": [
        ("23", "STRING_VALUE cannot be converted to Long"),
        (True, "TRUE_VALUE cannot be converted to Long"),
        (False, "FALSE_VALUE cannot be converted to Long"),
        ([], "Unrecognized collection type class java.lang.Long"),
        ({}, _STRUCTURE),
    ],
    "Blob": [
        *((value, _BASE64) for value in (True, 23, -2147483648, 2147483648, 34.56)),
        ([], "Unrecognized collection type class java.nio.ByteBuffer"),
        ({}, _STRUCTURE),
        ("23456", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
        ("=+/=", "Invalid last non-pad Base64 character dectected"),
    ],
    "List": [
        *((value, _FIELD) for value in ("23", True, 23, -2147483648, 2147483648, 34.56)),
        ({}, _STRUCTURE),
    ],
    "Map": [(value, _FIELD) for value in ("23", True, 23, -2147483648, 2147483648, 34.56)],
}
"""DynamoDB's answers to each JSON value where something else belongs. Source: architect/dynalite, test/helpers.js."""


def _at(path: str, value: Any) -> Json:
    """A request that has a value at a path; a digit is an element of a list."""
    first, _, rest = path.partition(".")
    inner = value if not rest else _at(rest, value)
    return [inner] if first == "0" else {first: inner}  # type: ignore[return-value]  # a path begins with a name


def _of(file: str, operation: str, paths: dict[str, str]) -> list[ErrorCase]:
    return [
        ErrorCase(
            f"{DYNALITE}{file}: SerializationException when {path} is not a {kind}",
            operation,
            _at(path, value),
            message,
            SERIALIZATION,
        )
        for path, kind in paths.items()
        for value, message in TYPES[kind]
    ]


_VALUE: Final = {
    "": "",
    "S": "String",
    "N": "String",
    "B": "Blob",
    "BOOL": "Boolean",
    "NULL": "Boolean",
    "SS": "List",
    "SS.0": "String",
    "NS": "List",
    "NS.0": "String",
    "BS": "List",
    "BS.0": "Blob",
    "L": "List",
    "L.0.BS": "List",
    "L.0.BS.0": "Blob",
    "M": "Map",
    "M.a.BS": "List",
    "M.a.BS.0": "Blob",
}


def _value_at(path: str) -> dict[str, str]:
    """Everything that may be wrong in an attribute value."""
    return {f"{path}.{member}": kind for member, kind in _VALUE.items() if member}


WRONG_TYPES: Final = [
    *_of(
        "putItem.js",
        "PutItem",
        {
            "TableName": "String",
            "Item": "Map",
            "Expected": "Map",
            "Expected.Attr.Exists": "Boolean",
            "ReturnConsumedCapacity": "String",
            "ReturnItemCollectionMetrics": "String",
            "ReturnValues": "String",
            "ConditionExpression": "String",
            "ExpressionAttributeValues": "Map",
            "ExpressionAttributeNames": "Map",
            "ExpressionAttributeNames.Attr": "String",
            **_value_at("Item.Attr"),
        },
    ),
    *_of(
        "getItem.js",
        "GetItem",
        {
            "TableName": "String",
            "Key": "Map",
            "AttributesToGet": "List",
            "ConsistentRead": "Boolean",
            "ProjectionExpression": "String",
        },
    ),
    *_of(
        "updateItem.js",
        "UpdateItem",
        {"AttributeUpdates": "Map", "AttributeUpdates.Attr.Action": "String", "UpdateExpression": "String"},
    ),
    *_of(
        "query.js",
        "Query",
        {
            "QueryFilter": "Map",
            "QueryFilter.Attr.ComparisonOperator": "String",
            "QueryFilter.Attr.AttributeValueList": "List",
            "KeyConditions": "Map",
            "KeyConditions.Attr.AttributeValueList": "List",
            "IndexName": "String",
            "ScanIndexForward": "Boolean",
            "Select": "String",
            "Limit": "Integer",
            "ConditionalOperator": "String",
            "KeyConditionExpression": "String",
            "FilterExpression": "String",
        },
    ),
    *_of(
        "scan.js",
        "Scan",
        {"ExclusiveStartKey": "Map", "Segment": "Integer", "TotalSegments": "Integer", "ScanFilter": "Map"},
    ),
    *_of(
        "createTable.js",
        "CreateTable",
        {
            "AttributeDefinitions": "List",
            "KeySchema": "List",
            "KeySchema.0.KeyType": "String",
            "LocalSecondaryIndexes": "List",
            "GlobalSecondaryIndexes": "List",
            "ProvisionedThroughput.WriteCapacityUnits": "Long",
            "ProvisionedThroughput.ReadCapacityUnits": "Long",
            "AttributeDefinitions.0.AttributeName": "String",
            "GlobalSecondaryIndexes.0.Projection.NonKeyAttributes": "List",
        },
    ),
]

UNREADABLE: Final = [
    ErrorCase(DYNALITE + "connection.js: not JSON", operation, {}, "", SERIALIZATION, body)
    for operation in ("GetItem", "PutItem", "CreateTable")
    for body in (
        b"hi",
        b"{",
        b'{"TableName":',
        b'{"TableName":"abc"} x',
        b"\xff\xfe",
        b'{"TableName":NaN}',
        b'{"Item":{"a":{"N":1e}}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"Item":{"a":' + b'{"L":[' * 50_000,
    )
]
"""The text has no message: only the type tells."""

CASES: Final[list[ErrorCase]] = [*WRONG_TYPES, *UNREADABLE]
