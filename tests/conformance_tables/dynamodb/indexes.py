"""What is said of writes and reads that do not fit a table's indexes?

Which index is named of several that an attribute is a key of: the first by name.
"""

from typing import Final

from tests.conformance_tables.dynamodb.cases import (
    CANCELLED,
    DYNALITE,
    EXTENDDB,
    INDEXED,
    INVALID,
    PARITY,
    ErrorCase,
    Json,
    cases,
    of_types,
    same,
)

KETLARK: Final = "Ketlark/dynamodb-conformance, tests/"
"""A copy of PARITY that still has the files on keys of indexes."""

_INDEXED: Final = {"TableName": INDEXED}
_KEY: Final[Json] = {"a": {"S": "a"}, "b": {"S": "b"}}
_THERE: Final[Json] = {"a": {"S": "indexed"}, "b": {"S": "b"}}
_MISMATCH: Final = INVALID + "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {}"
_EMPTY: Final = (
    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The "
    "AttributeValue for a key attribute cannot contain an empty {} value. IndexName: {}, IndexKey: {}"
)
_EMPTY_UPDATE: Final = (
    "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a "
    "value that is not supported. The AttributeValue for a key attribute cannot contain an empty {} value."
)
_UNSUPPORTED: Final = "The update expression attempted to update the secondary index key to unsupported type"
_NESTED: Final = (
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: d"
)
_CANCELLED: Final = "Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]"
_WRONG: Final = [
    *((("c", "S", kind, "index1"), value) for kind, value in of_types("N B BOOL NULL SS NS BS M L")),
    *((("d", "S", kind, "index2"), value) for kind, value in of_types("N B BOOL NULL SS NS BS M L")),
    *((("x", "B", kind, "binary"), value) for kind, value in of_types("S N BOOL NULL SS NS BS M L")),
]


def _set(name: str, value: Json) -> Json:
    return {"Key": _KEY, "UpdateExpression": f"SET {name} = :v", "ExpressionAttributeValues": {":v": value}}


PUTS: Final = [
    *cases(
        DYNALITE + "putItem.js: secondary index key is incorrect type",
        "PutItem",
        _INDEXED,
        [({"Item": {**_KEY, wrong[0]: value}}, _MISMATCH.format(*wrong)) for wrong, value in _WRONG],
    ),
    *cases(
        KETLARK + "tier3/error-messages/indexKeyValues.test.ts: wrong-typed index key",
        "BatchWriteItem",
        {},
        [
            (
                {"RequestItems": {INDEXED: [{"PutRequest": {"Item": {**_KEY, wrong[0]: value}}}]}},
                _MISMATCH.format(*wrong),
            )
            for wrong, value in _WRONG
        ],
    ),
    *cases(
        KETLARK + "tier3/error-messages/indexKeyValues.test.ts: empty index key",
        "PutItem",
        _INDEXED,
        [
            ({"Item": {**_KEY, "c": {"S": ""}}}, _EMPTY.format("string", "index1", "c")),
            ({"Item": {**_KEY, "d": {"S": ""}}}, _EMPTY.format("string", "index2", "d")),
            ({"Item": {**_KEY, "x": {"B": ""}}}, _EMPTY.format("binary", "binary", "x")),
        ],
    ),
    *cases(
        KETLARK + "tier3/error-messages/indexKeyValues.test.ts: empty index key",
        "BatchWriteItem",
        {},
        [
            (
                {"RequestItems": {INDEXED: [{"PutRequest": {"Item": {**_KEY, name: value}}}]}},
                _EMPTY.format(kind, index, name),
            )
            for name, value, kind, index in (("c", {"S": ""}, "string", "index1"), ("x", {"B": ""}, "binary", "binary"))
        ],
    ),
]

UPDATES: Final = [
    *cases(
        DYNALITE + "updateItem.js: trying to update wrong type on index",
        "UpdateItem",
        _INDEXED,
        [
            *((_set(wrong[0], value), _MISMATCH.format(*wrong)) for wrong, value in _WRONG),
            *(
                ({"Key": _KEY, "AttributeUpdates": {wrong[0]: {"Value": value}}}, _MISMATCH.format(*wrong))
                for wrong, value in _WRONG
            ),
        ],
    ),
    *same(
        DYNALITE + "updateItem.js: trying to update wrong type on index",
        "UpdateItem",
        {**_INDEXED, "Key": _KEY},
        [
            {"AttributeUpdates": {"d": {"Value": {"S": "d"}}, "c": {"Value": {"N": "1"}}}},
            {"UpdateExpression": "set d.a = a add c :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
            {"UpdateExpression": "set e = c[1], c = a + :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
            {"UpdateExpression": "add c :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
        ],
        _MISMATCH.format("c", "S", "N", "index1"),
    ),
    *same(
        DYNALITE + "updateItem.js: trying to update index map",
        "UpdateItem",
        {**_INDEXED, "Key": _KEY},
        [
            {"UpdateExpression": "add d.b :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
            {"UpdateExpression": "set d[1] = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
            {"UpdateExpression": "set e = list_append(a, b), f = d[1]"},
            {"ConditionExpression": "attribute_exists(d.b)", "UpdateExpression": "remove y"},
        ],
        _NESTED,
    ),
    *same(
        DYNALITE + "updateItem.js: trying to update existing index",
        "UpdateItem",
        {**_INDEXED, "Key": _THERE},
        [{"UpdateExpression": "set c = e"}, {"UpdateExpression": "set d = e"}, {"UpdateExpression": "set x = e"}],
        _UNSUPPORTED,
    ),
    *cases(
        KETLARK + "tier3/error-messages/indexKeyValues.test.ts: empty index key",
        "UpdateItem",
        _INDEXED,
        [
            (_set("c", {"S": ""}), _EMPTY_UPDATE.format("string")),
            (_set("d", {"S": ""}), _EMPTY_UPDATE.format("string")),
            (_set("x", {"B": ""}), _EMPTY_UPDATE.format("binary")),
        ],
    ),
]

TRANSACTIONS: Final = [
    *(
        ErrorCase(
            KETLARK + "tier3/error-messages/transactIndexKeys.test.ts: wrong-typed and non-scalar index keys",
            "TransactWriteItems",
            {"TransactItems": [{action: {**_INDEXED, **request}}]},
            _CANCELLED,
            CANCELLED,
            reasons=(_MISMATCH.format(*wrong),),
        )
        for wrong, value in _WRONG
        for action, request in (("Put", {"Item": {**_KEY, wrong[0]: value}}), ("Update", _set(wrong[0], value)))
    ),
    *cases(
        KETLARK + "tier3/error-messages/transactIndexKeys.test.ts: empty index keys",
        "TransactWriteItems",
        {},
        [
            ({"TransactItems": [{action: {**_INDEXED, **request}}]}, message)
            for name, value, kind, index in (("c", {"S": ""}, "string", "index1"), ("x", {"B": ""}, "binary", "binary"))
            for action, request, message in (
                ("Put", {"Item": {**_KEY, name: value}}, _EMPTY.format(kind, index, name)),
                ("Update", _set(name, value), _EMPTY_UPDATE.format(kind)),
            )
        ],
    ),
]

_QUERY_C: Final = {"KeyConditionExpression": "c = :c", "ExpressionAttributeValues": {":c": {"S": "c"}}}
_CONSISTENT: Final = "Consistent reads are not supported on global secondary indexes"
_NOT_ALL: Final = (
    INVALID
    + "Select type ALL_ATTRIBUTES is not supported for global secondary index index4 because its projection type is "
    "not ALL"
)

READS: Final = [
    *same(
        PARITY + "tier3/error-messages/indexReads.test.ts: ConsistentRead on a GSI",
        "Scan",
        {**_INDEXED, "ConsistentRead": True},
        [{"IndexName": "index3"}, {"IndexName": "index4"}, {"IndexName": "binary"}],
        _CONSISTENT,
    ),
    *same(
        PARITY + "tier3/error-messages/indexReads.test.ts: ConsistentRead on GSI",
        "Query",
        {**_INDEXED, **_QUERY_C, "ConsistentRead": True},
        [{"IndexName": "index3"}, {"IndexName": "index4"}],
        _CONSISTENT,
    ),
    *same(
        EXTENDDB + "rust/src/wording_parity_validation.rs: scan_all_attributes_on_non_all_gsi_rejected",
        "Scan",
        {**_INDEXED, "IndexName": "index4"},
        [{"Select": "ALL_ATTRIBUTES"}],
        _NOT_ALL,
    ),
    *same(
        DYNALITE + "query.js: specifying ALL_ATTRIBUTES when global index does not have ALL",
        "Query",
        {**_INDEXED, "IndexName": "index4"},
        [{**_QUERY_C, "Select": "ALL_ATTRIBUTES"}],
        _NOT_ALL,
    ),
    *same(
        DYNALITE + "query.js: non-scalar index access in FilterExpression",
        "Query",
        {
            **_INDEXED,
            "KeyConditionExpression": "a = :a",
            "ExpressionAttributeValues": {":a": {"S": "1"}, ":b": {"N": "1"}},
        },
        [{"FilterExpression": "attribute_exists(d.c) AND c = :b"}, {"FilterExpression": "d[1] = :b"}],
        _NESTED,
    ),
    *same(
        DYNALITE + "scan.js: non-scalar index access",
        "Scan",
        _INDEXED,
        [
            {"FilterExpression": "attribute_exists(d.c)"},
            {"ProjectionExpression": "d.c"},
            {"ProjectionExpression": "e, d[0]"},
        ],
        _NESTED,
    ),
    *same(
        DYNALITE + "getItem.js: non-scalar index access in ProjectionExpression",
        "GetItem",
        {**_INDEXED, "Key": _KEY},
        [{"ProjectionExpression": "d.c"}, {"ProjectionExpression": "e, d[0]"}],
        _NESTED,
    ),
]

CASES: Final = [*PUTS, *UPDATES, *TRANSACTIONS, *READS]
