"""What is said of keys and items that do not fit a table, and of updates that do not fit an item?"""

from typing import Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    BINARY,
    DYNALITE,
    EXTENDDB,
    FAILED,
    GUIDE,
    HASH,
    INVALID,
    MISMATCH,
    NESTED_KEY,
    NOT_FOUND,
    NUMBER,
    PARITY,
    RANGE,
    RECORDINGS,
    TABLE_NOT_FOUND,
    ErrorCase,
    cases,
    of_types,
    same,
)

_NOT_ITS_KEY: Final = (
    {},
    {"b": {"S": "a"}},
    {"a": {"S": "a"}, "b": {"S": "a"}},
    *({"a": value} for _, value in of_types("B N BOOL NULL SS NS BS M L")),
)
KEYS: Final = [
    *(
        case
        for file, operation in (
            ("getItem.js", "GetItem"),
            ("deleteItem.js", "DeleteItem"),
            ("updateItem.js", "UpdateItem"),
        )
        for case in (
            *same(
                DYNALITE + f"{file}: key does not match schema",
                operation,
                {"TableName": HASH},
                [{"Key": key} for key in _NOT_ITS_KEY],
                MISMATCH,
            ),
            *same(
                DYNALITE + f"{file}: range key does not match schema",
                operation,
                {"TableName": RANGE},
                [{"Key": {"a": {"S": "a"}}}],
                MISMATCH,
            ),
            *same(
                DYNALITE + f"{file}: key is empty and table does not exist",
                operation,
                {"TableName": ABSENT},
                [{"Key": {}}],
                TABLE_NOT_FOUND,
                NOT_FOUND,
            ),
        )
    ),
    *cases(
        DYNALITE + "getItem.js: hash key is too big, range key is too big",
        "GetItem",
        {},
        [
            (
                {"TableName": HASH, "Key": {"a": {"S": "a" * 2049}}},
                INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes",
            ),
            (
                {"TableName": RANGE, "Key": {"a": {"S": "a"}, "b": {"S": "a" * 1025}}},
                INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
            ),
            (
                {"TableName": RANGE, "Key": {"a": {"S": "a"}, "b": {"S": "ä" * 513}}},
                INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
            ),
        ],
    ),
    *cases(
        PARITY
        + "tier3/error-messages/updateItem.test.ts, putItem.test.ts: empty-binary key value; "
        + DYNALITE
        + "putItem.js",
        "UpdateItem",
        {},
        [
            (
                {"TableName": BINARY, "Key": {"a": {"S": "a"}, "b": {"B": ""}}},
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                "empty binary value. Key: b",
            ),
            (
                {"TableName": HASH, "Key": {"a": {"S": ""}}},
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                "empty string value. Key: a",
            ),
        ],
    ),
    *same(
        DYNALITE + "getItem.js: non-scalar key access in ProjectionExpression",
        "GetItem",
        {"TableName": HASH, "Key": {"a": {"S": "x"}}, "ExpressionAttributeNames": {"#a": "a"}},
        [{"ProjectionExpression": "#a.b.c"}, {"ProjectionExpression": "#a[0]"}],
        NESTED_KEY + "a",
    ),
    *same(
        GUIDE + '"Supported data types": a number key is a number',
        "GetItem",
        {"TableName": NUMBER},
        [{"Key": {"a": value}} for _, value in of_types("S B BOOL")],
        MISMATCH,
    ),
]

_LARGE: Final = "x" * (400 * 1024)
ITEMS: Final = [
    *same(
        DYNALITE + "putItem.js: missing key",
        "PutItem",
        {"TableName": HASH},
        [{"Item": {}}, {"Item": {"b": {"S": "a"}}}],
        INVALID + "Missing the key a in the item",
    ),
    *same(
        DYNALITE + "putItem.js: missing range key",
        "PutItem",
        {"TableName": RANGE},
        [{"Item": {"a": {"S": "a"}}}],
        INVALID + "Missing the key b in the item",
    ),
    *cases(
        DYNALITE + "putItem.js: type mismatch for key",
        "PutItem",
        {"TableName": HASH},
        [
            ({"Item": {"a": value}}, INVALID + f"Type mismatch for key a expected: S actual: {kind}")
            for kind, value in of_types("B N BOOL NULL SS NS BS M L")
        ],
    ),
    *cases(
        DYNALITE + "putItem.js: empty keys, keys that are too big",
        "PutItem",
        {},
        [
            (
                {"TableName": HASH, "Item": {"a": {"S": ""}}},
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                "empty string value. Key: a",
            ),
            (
                {"TableName": BINARY, "Item": {"a": {"S": "a"}, "b": {"B": ""}}},
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                "empty binary value. Key: b",
            ),
            (
                {"TableName": HASH, "Item": {"a": {"S": "a" * 2049}}},
                INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes",
            ),
            (
                {"TableName": RANGE, "Item": {"a": {"S": "a"}, "b": {"S": "a" * 1025}}},
                INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
            ),
        ],
    ),
    *same(
        DYNALITE + "putItem.js: item is too big; sizes of names, strings and numbers to the byte",
        "PutItem",
        {"TableName": HASH},
        [
            {"Item": {"a": {"S": "k" * 10}, "b": {"S": _LARGE[:-11]}}},
            {"Item": {"a": {"S": "k" * 10}, "b" * 27: {"S": _LARGE[:-37]}}},
            {"Item": {"a": {"S": "k" * 10}, "bb": {"S": _LARGE[:-17]}, "ccc": {"S": "cc"}}},
            {"Item": {"a": {"S": "k" * 10}, "b": {"S": _LARGE[:-32]}, "c": {"N": "1" * 38 + "0" * 88}}},
            {"Item": {"a": {"S": "k" * 10}, "b": {"S": _LARGE[:-14]}, "c": {"N": "1" + "0" * 125}}},
        ],
        "Item size has exceeded the maximum allowed size",
    ),
    *same(
        DYNALITE + "updateItem.js: update item is too big",
        "UpdateItem",
        {"TableName": HASH, "Key": {"a": {"S": "k" * 10}}},
        [
            {"AttributeUpdates": {"b": {"Action": "PUT", "Value": {"S": _LARGE}}}},
            {"UpdateExpression": "SET b = :b", "ExpressionAttributeValues": {":b": {"S": _LARGE}}},
        ],
        "Item size to update has exceeded the maximum allowed size",
    ),
    *same(
        DYNALITE + "putItem.js: key is empty and table does not exist",
        "PutItem",
        {"TableName": ABSENT},
        [{"Item": {}}],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        RECORDINGS + "test_return_values_on_conditions_check_failure",
        "DeleteItem",
        {"TableName": HASH, "Key": {"a": {"S": "typed"}}},
        [
            {"ConditionExpression": "n < :n", "ExpressionAttributeValues": {":n": {"N": "1"}}},
            {"Expected": {"a": {"Exists": False}}},
            {"ConditionExpression": "attribute_not_exists(a)"},
        ],
        "The conditional request failed",
        FAILED,
    ),
]

_KEY_A: Final = {"TableName": HASH, "Key": {"a": {"S": "typed"}}}
_N: Final = {"ExpressionAttributeValues": {":a": {"N": "1"}}}
_PART_OF_KEY: Final = INVALID + "Cannot update attribute a. This attribute is part of the key"
UPDATES: Final = [
    *same(
        DYNALITE + "updateItem.js: trying to update key; " + PARITY + "tier3/error-messages/updateItem.test.ts",
        "UpdateItem",
        _KEY_A,
        [
            {"AttributeUpdates": {"a": {"Value": {"S": "x"}}}},
            {"UpdateExpression": "add a.b :a", **_N},
            {"UpdateExpression": "delete a :a", "ExpressionAttributeValues": {":a": {"NS": ["1"]}}},
            {"UpdateExpression": "remove d set b = :a, a = :a", **_N},
            {
                "UpdateExpression": "delete b :a remove a",
                "ExpressionAttributeValues": {":a": {"NS": ["1"]}},
            },
            {"UpdateExpression": "set a = a.b + a[1]"},
            {"UpdateExpression": "SET a = :a", **_N},
        ],
        _PART_OF_KEY,
    ),
    *same(
        DYNALITE + "updateItem.js: trying to update range key",
        "UpdateItem",
        {"TableName": RANGE, "Key": {"a": {"S": "x"}, "b": {"S": "y"}}},
        [{"UpdateExpression": "set d[1] = :a add b.b :a", **_N}],
        INVALID + "Cannot update attribute b. This attribute is part of the key",
    ),
    *same(
        DYNALITE + "updateItem.js: using expression to delete/add incorrect types (the item has m: M, n: N, ns: NS)",
        "UpdateItem",
        _KEY_A,
        [
            {"UpdateExpression": text, "ExpressionAttributeValues": {":a": value}}
            for text, value in (
                ("delete ns :a", {"SS": ["1"]}),
                ("delete m :a", {"NS": ["1"]}),
                ("delete m.a :a", {"NS": ["1"]}),
                ("delete m.a :a", {"BS": ["YQ=="]}),
                ("delete n :a", {"NS": ["1"]}),
                ("add m :a", {"NS": ["1"]}),
                ("add ns :a", {"N": "1"}),
                ("set e = a + :a", {"N": "1"}),
                ("set e = m - :a", {"N": "1"}),
                ("set e = list_append(ns, if_not_exists(f, :a))", {"L": []}),
            )
        ],
        "An operand in the update expression has an incorrect data type",
    ),
    *same(
        DYNALITE + "updateItem.js: trying to reference non-existent attribute",
        "UpdateItem",
        {"TableName": HASH, "Key": {"a": {"S": "nobody"}}},
        [{"UpdateExpression": "set c = b"}, {"UpdateExpression": "set e = list_append(b, c)"}],
        "The provided expression refers to an attribute that does not exist in the item",
    ),
    *same(
        DYNALITE + "updateItem.js: non-existent nested attribute in non-existent item",
        "UpdateItem",
        {"TableName": HASH, "Key": {"a": {"S": "nobody"}}},
        [{"UpdateExpression": "set b.a = a"}, {"UpdateExpression": "set b[1] = a"}],
        "The document path provided in the update expression is invalid for update",
    ),
    *same(
        DYNALITE + "updateItem.js: non-existent nested attribute in existing item (t: S, c: M, d: L)",
        "UpdateItem",
        {**_KEY_A, "ExpressionAttributeNames": {"#1": "1"}, "ExpressionAttributeValues": {":a": {"SS": ["a"]}}},
        [
            {"UpdateExpression": text}
            for text in (
                "set t.a = :a, #1 = :a",
                "set t[1] = :a, #1 = :a",
                "set y.a = :a, #1 = :a",
                "set y[1] = :a, #1 = :a",
                "set c[1] = :a, #1 = :a",
                "set d.#1 = :a",
                "remove t.a set #1 = :a",
                "remove t[1] set #1 = :a",
                "remove y.a set #1 = :a",
                "remove y[1] set #1 = :a",
                "remove c[1] set #1 = :a",
                "remove d.#1 set #1 = :a",
                "delete t.a :a set #1 = :a",
                "delete t[1] :a set #1 = :a",
                "delete y.a :a set #1 = :a",
                "delete y[1] :a set #1 = :a",
                "delete c[1] :a set #1 = :a",
                "delete d.#1 :a",
                "add t.a :a set #1 = :a",
                "add t[1] :a set #1 = :a",
                "add y.a :a set #1 = :a",
                "add y[1] :a set #1 = :a",
                "add c[1] :a set #1 = :a",
                "add d.#1 :a",
            )
        ],
        "The document path provided in the update expression is invalid for update",
    ),
    *cases(
        EXTENDDB + "test_update_item_number_validation.py",
        "UpdateItem",
        _KEY_A,
        [
            (
                {
                    "UpdateExpression": "SET n = n + :v",
                    "ExpressionAttributeValues": {":v": {"N": "9.9999999999999999999999999999999999999E+125"}},
                    "ConditionExpression": "attribute_not_exists(a)",
                },
                "The conditional request failed",
            )
        ],
        FAILED,
    ),
]

CASES: Final[list[ErrorCase]] = [*KEYS, *ITEMS, *UPDATES]
