"""What is said of batches that may not be?"""

from typing import Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    BINARY,
    DYNALITE,
    EMPTY,
    EMPTY_KEY,
    EVERY_TYPE,
    EXPRESSION_MIX,
    HASH,
    INVALID,
    MISMATCH,
    NOT_FOUND,
    PARITY,
    RANGE,
    SEVERAL,
    TABLE_NOT_FOUND,
    WRONG_VALUES,
    ErrorCase,
    Json,
    broken,
    cases,
    null,
    same,
    violations,
)

_GET: Final = "BatchGetItem"
_WRITE: Final = "BatchWriteItem"
_BOTH: Final = (_GET, _WRITE)
_FILES: Final = {_GET: "batchGetItem", _WRITE: "batchWriteItem"}
_DUPLICATES: Final = "Provided list of item keys contains duplicates"
_HASH_TOO_LONG: Final = INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"
_RANGE_TOO_LONG: Final = INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
_ITEM_TOO_LARGE: Final = "Item size has exceeded the maximum allowed size"
_ITEM_BYTES_MAX: Final = 409600


def _get(*keys: Json, table: str = ABSENT, **more: object) -> Json:
    return {"RequestItems": {table: {"Keys": list(keys), **more}}}


def _put(*items: Json, table: str = ABSENT) -> Json:
    return {"RequestItems": {table: [{"PutRequest": {"Item": item}} for item in items]}}


def _delete(*keys: Json, table: str = ABSENT) -> Json:
    return {"RequestItems": {table: [{"DeleteRequest": {"Key": key}} for key in keys]}}


def _numbered(count: int, start: int = 0) -> list[Json]:
    return [{"a": {"S": str(number)}} for number in range(start, start + count)]


_A: Final[Json] = {"a": {"S": "a"}}
_CAPACITY: Final = broken("hi", "returnConsumedCapacity", "satisfy enum value set: [INDEXES, TOTAL, NONE]")
_METRICS: Final = broken("hi", "returnItemCollectionMetrics", "satisfy enum value set: [SIZE, NONE]")

_WRITES: Final = (
    "Value '{}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have "
    "length less than or equal to 25, Member must have length greater than or equal to 1]"
)


def _names(shown: str) -> str:
    return (
        f"Value '{shown}' at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: [Member "
        "must have length less than or equal to 255, Member must have length greater than or equal to 3, Member must "
        "satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
    )


CONSTRAINTS: Final = [
    *(
        case
        for operation in _BOTH
        for case in cases(
            DYNALITE + f"{_FILES[operation]}.js: validations",
            operation,
            {},
            [
                ({}, violations(null("requestItems"))),
                ({"RequestItems": None}, violations(null("requestItems"))),
                ({"ReturnConsumedCapacity": "hi"}, violations(_CAPACITY, null("requestItems"))),
            ],
        )
    ),
    *(
        ErrorCase(
            PARITY + f"tier3/error-messages/{_FILES[operation]}.test.ts: empty RequestItems",
            operation,
            {"RequestItems": {}},
            f"The requestItems parameter is required for {operation}",
        )
        for operation in _BOTH
    ),
    *cases(
        DYNALITE + "batchWriteItem.js: missing RequestItems",
        _WRITE,
        {"ReturnConsumedCapacity": "hi", "ReturnItemCollectionMetrics": "hi"},
        [({}, violations(_CAPACITY, _METRICS, null("requestItems")))],
    ),
    *cases(
        DYNALITE + "batchGetItem.js: empty keys",
        _GET,
        {},
        [
            (
                _get(),
                violations(broken("[]", "requestItems.abc.member.keys", "have length greater than or equal to 1")),
            ),
            ({"RequestItems": {ABSENT: {}}}, violations(null("requestItems.abc.member.keys"))),
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/batchWriteItem.test.ts: empty request list for a table",
        _WRITE,
        {},
        [
            ({"RequestItems": {ABSENT: []}}, violations(_WRITES.format("{abc=[]}"))),
            ({"RequestItems": {HASH: []}}, violations(_WRITES.format("{hash=[]}"))),
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/batchGetItem.test.ts: malformed table name",
        _GET,
        {},
        [
            (
                {"RequestItems": {name: {"Keys": [_A]}}},
                violations(_names(f'{{"{name}":{{"Keys":[{{"a":{{"S":"a"}}}}]}}}}')),
            )
            for name in ("bad!name", "ab", "a" * 256)
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/batchWriteItem.test.ts: malformed table name",
        _WRITE,
        {},
        [
            (
                _put(_A, table="bad!name"),
                violations(
                    _names(
                        "{bad!name=[WriteRequest(putRequest=PutRequest(item={a=AttributeValue(s=a, n=null, b=null, "
                        "sS=null, nS=null, bS=null, m=null, l=null, nULL=null, bOOL=null)}), deleteRequest=null)]}"
                    )
                ),
            )
        ],
    ),
    *cases(
        DYNALITE + "batchGetItem.js: incorrect attributes",
        _GET,
        {},
        [
            (
                {"RequestItems": {"aa;": {}}, "ReturnConsumedCapacity": "hi"},
                violations(_names('{"aa;":{}}'), null("requestItems.aa;.member.keys"), _CAPACITY),
            )
        ],
    ),
    *cases(
        DYNALITE + "batchWriteItem.js: incorrect attributes",
        _WRITE,
        {},
        [
            (
                {"RequestItems": {"aa;": []}, "ReturnConsumedCapacity": "hi"},
                violations(_names("{aa;=[]}"), _WRITES.format("{aa;=[]}"), _CAPACITY),
            )
        ],
    ),
    *cases(
        DYNALITE + "batchWriteItem.js: incorrect attributes",
        _WRITE,
        {},
        [
            (
                {"RequestItems": {ABSENT: [{"PutRequest": {}, "DeleteRequest": {}}]}},
                violations(
                    null("requestItems.abc.member.1.member.deleteRequest.key"),
                    null("requestItems.abc.member.1.member.putRequest.item"),
                ),
            ),
            (
                {"RequestItems": {ABSENT: [{"PutRequest": {}}]}},
                violations(null("requestItems.abc.member.1.member.putRequest.item")),
            ),
            (
                {"RequestItems": {ABSENT: [{"PutRequest": {"Item": _A}}, {"DeleteRequest": {}}]}},
                violations(null("requestItems.abc.member.2.member.deleteRequest.key")),
            ),
        ],
    ),
    *cases(
        PARITY + "tier3/validation-ordering/batchOperations.test.ts: enum and ordering checks",
        _WRITE,
        {},
        [
            ({**_put(_A, table=HASH), "ReturnConsumedCapacity": "hi"}, violations(_CAPACITY)),
            ({**_put(_A, table=HASH), "ReturnItemCollectionMetrics": "hi"}, violations(_METRICS)),
            ({**_put(_A), "ReturnConsumedCapacity": "hi"}, violations(_CAPACITY)),
            (
                {**_put(_A), "ReturnConsumedCapacity": "hi", "ReturnItemCollectionMetrics": "hi"},
                violations(_CAPACITY, _METRICS),
            ),
        ],
    ),
    *cases(
        PARITY + "tier3/validation-ordering/batchOperations.test.ts: enum and ordering checks",
        _GET,
        {"ReturnConsumedCapacity": "hi"},
        [
            (_get(_A, table=HASH), violations(_CAPACITY)),
            (_get(_A), violations(_CAPACITY)),
        ],
    ),
]

COUNTS: Final = [
    *same(
        DYNALITE + "batchGetItem.js: more than 100 keys over multiple tables",
        _GET,
        {},
        [
            {"RequestItems": {ABSENT: {"Keys": _numbered(100)}, "abd": {"Keys": _numbered(1, 100)}}},
            {"RequestItems": {HASH: {"Keys": _numbered(60)}, ABSENT: {"Keys": _numbered(60)}}},
        ],
        "Too many items requested for the BatchGetItem call",
    ),
    *same(
        DYNALITE + "batchGetItem.js: exactly 100 keys and table does not exist",
        _GET,
        {},
        [_get(*_numbered(100))],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "batchWriteItem.js: exactly 25 items and table does not exist",
        _WRITE,
        {},
        [_put(*_numbered(25)), _delete(*_numbered(25))],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "batchWriteItem.js: empty item in RequestItems",
        _WRITE,
        {},
        [{"RequestItems": {ABSENT: [{}]}}],
        SEVERAL,
    ),
]

VALUES: Final = [
    *cases(
        DYNALITE + "batchGetItem.js: validations of values",
        _GET,
        {},
        [(_get({"a": value}), message) for value, message in WRONG_VALUES],
    ),
    *cases(
        DYNALITE + "batchWriteItem.js: validations of values",
        _WRITE,
        {},
        [(_put({"a": value}), message) for value, message in WRONG_VALUES],
    ),
    *cases(
        DYNALITE + "batchWriteItem.js: validations of values",
        _WRITE,
        {},
        [(_delete({"a": value}), message) for value, message in WRONG_VALUES],
    ),
    *same(
        DYNALITE + "batchWriteItem.js: bad key type",
        _WRITE,
        {},
        [_put(_A, {"a": {"S": "b"}, "b": {}}), _put(_A, {"b": {"b": ""}})],
        EMPTY,
    ),
    *same(
        DYNALITE + "batchWriteItem.js: item is too big",
        _WRITE,
        {},
        [
            _put({"a": {"S": "key"}, "b": {"S": "b" * (_ITEM_BYTES_MAX - 4)}}),
            _put(_A, {"a": {"S": "key"}, "b": {"S": "b" * _ITEM_BYTES_MAX}}),
            _put({"a": {"S": "key"}, "bb": {"S": "b" * (_ITEM_BYTES_MAX - 10)}, "ccc": {"S": "cc"}}, table=HASH),
        ],
        _ITEM_TOO_LARGE,
    ),
    *same(
        DYNALITE + "batchWriteItem.js: item is just small enough",
        _WRITE,
        {},
        [_put({"a": {"S": "key"}, "b": {"S": "b" * (_ITEM_BYTES_MAX - 5)}})],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "batchGetItem.js: duplicate values in AttributesToGet",
        _GET,
        {},
        [_get({}, AttributesToGet=["a", "a"])],
        INVALID + "Duplicate value in attribute name: a",
    ),
    *same(
        PARITY + "tier3/error-messages/batchGetItem.test.ts: mixing across tables",
        _GET,
        {},
        [
            {
                "RequestItems": {
                    HASH: {"Keys": [_A], "ProjectionExpression": "a"},
                    RANGE: {"Keys": [{"a": {"S": "a"}, "b": {"S": "b"}}], "AttributesToGet": ["a"]},
                }
            }
        ],
        EXPRESSION_MIX + "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
    ),
    *same(
        PARITY + "tier3/error-messages/batchGetItem.test.ts: AttributesToGet with ProjectionExpression",
        _GET,
        {},
        [
            _get(_A, table=HASH, AttributesToGet=["a"], ProjectionExpression="a"),
            _get(_A, AttributesToGet=["a"], ProjectionExpression="a"),
        ],
        EXPRESSION_MIX + "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
    ),
    *cases(
        PARITY + "tier3/error-messages/batchGetItem.test.ts: ProjectionExpression rejection messages",
        _GET,
        {},
        [
            (
                _get(_A, table=table, ProjectionExpression=expression, **names),
                "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite "
                f"one of these paths; path one: [a], path two: {other}",
            )
            for table in (HASH, ABSENT)
            for expression, names, other in (
                ("a, a", {}, "[a]"),
                ("#a, #b", {"ExpressionAttributeNames": {"#a": "a", "#b": "a"}}, "[a]"),
                ("a, a.b", {}, "[a, b]"),
            )
        ],
    ),
    *same(
        PARITY + "tier3/error-messages/batchGetItem.test.ts: a bad projection on one table entry",
        _GET,
        {},
        [
            {
                "RequestItems": {
                    HASH: {"Keys": [_A], "ProjectionExpression": "a, a"},
                    RANGE: {"Keys": [{"a": {"S": "a"}, "b": {"S": "b"}}], "ProjectionExpression": "a"},
                }
            }
        ],
        "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these "
        "paths; path one: [a], path two: [a]",
    ),
]

_SAME: Final[Json] = {"a": {"S": "same"}}
_NO_KEYS: Final[list[Json]] = [
    {},
    {"b": {"S": "a"}},
    *({"a": value} for kind, value in EVERY_TYPE.items() if kind != "S"),
]
_EMPTY_KEYS: Final = (
    (HASH, {"a": {"S": ""}}, "string", "a"),
    (RANGE, {"a": {"S": ""}, "b": {"S": "b"}}, "string", "a"),
    (RANGE, {"a": {"S": "a"}, "b": {"S": ""}}, "string", "b"),
    (BINARY, {"a": {"S": "a"}, "b": {"B": ""}}, "binary", "b"),
)

KEYS: Final = [
    *same(
        DYNALITE + "batchGetItem.js: key is empty and table does not exist",
        _GET,
        {},
        [_get({}), _get({"z": {"SS": ["a"]}})],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "batchWriteItem.js: key is empty and table does not exist",
        _WRITE,
        {},
        [_put({}), _delete({}), _put({"z": {"SS": ["a"]}})],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "batchGetItem.js: keys that do not fit",
        _GET,
        {},
        [
            *(_get(key, table=HASH) for key in _NO_KEYS),
            _get({"a": {"S": "a"}, "b": {"S": "a"}}, table=HASH),
            _get(_A, table=RANGE),
            _get({"a": {"S": "a"}, "b": {"N": "1"}}, table=RANGE),
        ],
        MISMATCH,
    ),
    *same(
        DYNALITE + "batchWriteItem.js: keys that do not fit",
        _WRITE,
        {},
        [
            *(_put(key, table=HASH) for key in _NO_KEYS),
            _put(_A, table=RANGE),
            _put({"a": {"S": "a"}, "b": {"N": "1"}}, table=RANGE),
        ],
        MISMATCH,
    ),
    *same(
        PARITY + "tier3/error-messages/batchWriteItem.test.ts: delete key without the partition key",
        _WRITE,
        {},
        [
            *(_delete(key, table=HASH) for key in _NO_KEYS),
            _delete({"a": {"S": "a"}, "b": {"S": "a"}}, table=HASH),
            _delete(_A, table=RANGE),
            _delete({"a": {"S": "a"}, "b": {"N": "1"}}, table=RANGE),
        ],
        MISMATCH,
    ),
    *same(
        DYNALITE + "batchGetItem.js: duplicated keys",
        _GET,
        {},
        [
            _get(_SAME, _SAME, _SAME, table=HASH),
            _get(_SAME, _A, _SAME, table=HASH),
        ],
        _DUPLICATES,
    ),
    *same(
        DYNALITE + "batchWriteItem.js: puts and deletes of the same item",
        _WRITE,
        {},
        [
            {
                "RequestItems": {
                    HASH: [{"PutRequest": {"Item": {**_SAME, "c": {"S": "c"}}}}, {"DeleteRequest": {"Key": _SAME}}]
                }
            },
            {
                "RequestItems": {
                    HASH: [{"DeleteRequest": {"Key": _SAME}}, {"PutRequest": {"Item": {**_SAME, "c": {"S": "c"}}}}]
                }
            },
            _put(_SAME, {**_SAME, "c": {"S": "c"}}, table=HASH),
            _delete(_SAME, _A, _SAME, table=HASH),
        ],
        _DUPLICATES,
    ),
    *cases(
        PARITY + "tier3/error-messages/batchWriteItem.test.ts: empty keys",
        _WRITE,
        {},
        [
            (request(key, table=table), EMPTY_KEY.format(kind, name))
            for table, key, kind, name in _EMPTY_KEYS
            for request in (_put, _delete)
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/batchGetItem.test.ts: empty keys",
        _GET,
        {},
        [(_get(key, table=table), EMPTY_KEY.format(kind, name)) for table, key, kind, name in _EMPTY_KEYS],
    ),
    *(
        ErrorCase(DYNALITE + f"{_FILES[operation]}.js: key is too big", operation, request(key, table=table), message)
        for table, key, message in (
            (HASH, {"a": {"S": "a" * 2049}}, _HASH_TOO_LONG),
            (RANGE, {"a": {"S": "a"}, "b": {"S": "a" * 1025}}, _RANGE_TOO_LONG),
        )
        for operation, request in ((_GET, _get), (_WRITE, _put), (_WRITE, _delete))
    ),
]

CASES: Final = [*CONSTRAINTS, *COUNTS, *VALUES, *KEYS]
