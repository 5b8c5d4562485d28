"""What is said of transactions that may not be, and of those that are cancelled?"""

from collections.abc import Sequence
from typing import Any, Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    BINARY,
    CANCELLED,
    DYNALITE,
    EMPTY_KEY,
    HASH,
    INVALID,
    MISMATCH,
    NOT_FOUND,
    PARITY,
    RANGE,
    TABLE_NOT_FOUND,
    WRONG_VALUES,
    ErrorCase,
    Json,
    broken,
    cases,
    null,
    of_types,
    same,
    violations,
)

_WRITE: Final = "TransactWriteItems"
_GET: Final = "TransactGetItems"
_CASES_OF: Final = {_WRITE: "transactWriteItems", _GET: "transactGetItems"}
_ORDER: Final = PARITY + "tier3/validation-ordering/transactions.test.ts"
_MANY: Final = "Transaction request cannot include multiple operations on one item"
_CANCELLED: Final = "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]"
_CONDITION: Final = "The conditional request failed"
_OVERLAP: Final = (
    "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these "
    "paths; path one: [a], path two: [a]"
)

_A: Final[Json] = {"a": {"S": "a"}}
_TYPED: Final[Json] = {"a": {"S": "typed"}}
"""The key of an item that exists in HASH."""
_CAPACITY: Final = broken("hi", "returnConsumedCapacity", "satisfy enum value set: [INDEXES, TOTAL, NONE]")
_METRICS: Final = broken("hi", "returnItemCollectionMetrics", "satisfy enum value set: [SIZE, NONE]")


def _do(*actions: Json, **more: str) -> Json:
    return {"TransactItems": list(actions), **more}


def _put(item: Json, table: str = ABSENT, **more: Any) -> Json:
    return {"Put": {"TableName": table, "Item": item, **more}}


def _update(key: Json, table: str = ABSENT, **more: Any) -> Json:
    return {"Update": {"TableName": table, "Key": key, "UpdateExpression": "REMOVE y", **more}}


def _delete(key: Json, table: str = ABSENT, **more: Any) -> Json:
    return {"Delete": {"TableName": table, "Key": key, **more}}


def _check(key: Json, table: str = ABSENT, condition: str = "attribute_not_exists(y)", **more: Any) -> Json:
    return {"ConditionCheck": {"TableName": table, "Key": key, "ConditionExpression": condition, **more}}


def _get(key: Json, table: str = ABSENT, **more: Any) -> Json:
    return {"Get": {"TableName": table, "Key": key, **more}}


def _cancelled(source: str, operation: str, actions: Sequence[Json], reasons: Sequence[tuple[str, str]]) -> ErrorCase:
    """reasons: code and message of each."""
    return ErrorCase(
        source,
        operation,
        _do(*actions),
        _CANCELLED.format(", ".join(code for code, _ in reasons)),
        CANCELLED,
        reasons=tuple(message for _, message in reasons),
    )


def _invalid(source: str, operation: str, action: Json, message: str) -> ErrorCase:
    return _cancelled(source, operation, [action], [("ValidationError", message)])


CONSTRAINTS: Final = [
    *(
        case
        for operation in (_WRITE, _GET)
        for case in cases(
            PARITY + f"tier3/error-messages/{_CASES_OF[operation]}.test.ts: empty TransactItems",
            operation,
            {},
            [
                ({}, violations(null("transactItems"))),
                (_do(), violations(broken("[]", "transactItems", "have length greater than or equal to 1"))),
                ({"ReturnConsumedCapacity": "hi"}, violations(_CAPACITY, null("transactItems"))),
                (
                    _do(ReturnConsumedCapacity="hi"),
                    violations(_CAPACITY, broken("[]", "transactItems", "have length greater than or equal to 1")),
                ),
            ],
        )
    ),
    *cases(
        DYNALITE + "transactWriteItem.js: validations",
        _WRITE,
        {},
        [
            (
                {"ReturnConsumedCapacity": "hi", "ReturnItemCollectionMetrics": "hi"},
                violations(_CAPACITY, _METRICS, null("transactItems")),
            ),
            (
                _do({"Update": {"TableName": ABSENT, "UpdateExpression": "REMOVE y"}}),
                violations(null("transactItems.1.member.update.key")),
            ),
            (_do({"Put": {"TableName": ABSENT}}), violations(null("transactItems.1.member.put.item"))),
            (_do({"Delete": {"TableName": ABSENT}}), violations(null("transactItems.1.member.delete.key"))),
            (
                _do({"ConditionCheck": {"TableName": ABSENT, "ConditionExpression": "attribute_exists(a)"}}),
                violations(null("transactItems.1.member.conditionCheck.key")),
            ),
            (
                _do(
                    {"Put": {"TableName": ABSENT}, "Delete": {"TableName": ABSENT}},
                    ReturnConsumedCapacity="hi",
                    ReturnItemCollectionMetrics="hi",
                ),
                violations(
                    _CAPACITY,
                    _METRICS,
                    null("transactItems.1.member.delete.key"),
                    null("transactItems.1.member.put.item"),
                ),
            ),
        ],
    ),
    *cases(
        _ORDER + ": unknown enums",
        _WRITE,
        {},
        [
            (_do(_put(_A, HASH), ReturnConsumedCapacity="hi"), violations(_CAPACITY)),
            (_do(_put(_A, HASH), ReturnItemCollectionMetrics="hi"), violations(_METRICS)),
            (
                _do(_put(_A, HASH), ReturnConsumedCapacity="hi", ReturnItemCollectionMetrics="hi"),
                violations(_CAPACITY, _METRICS),
            ),
            (_do(_put(_A), ReturnConsumedCapacity="hi"), violations(_CAPACITY)),
            (_do(_put(_A, HASH), _delete(_A, HASH), ReturnConsumedCapacity="hi"), violations(_CAPACITY)),
            (
                _do(_put(_A, HASH), ClientRequestToken="x" * 37),
                violations(broken("x" * 37, "clientRequestToken", "have length less than or equal to 36")),
            ),
            (
                _do(_put(_A, HASH), ClientRequestToken="x" * 37, ReturnConsumedCapacity="hi"),
                violations(broken("x" * 37, "clientRequestToken", "have length less than or equal to 36"), _CAPACITY),
            ),
        ],
    ),
    *cases(
        _ORDER + ": unknown enums",
        _GET,
        {},
        [
            (_do(_get(_A, HASH), ReturnConsumedCapacity="hi"), violations(_CAPACITY)),
            (_do(_get(_A), ReturnConsumedCapacity="hi"), violations(_CAPACITY)),
            (_do(_get(_A, HASH), _get(_A, HASH), ReturnConsumedCapacity="hi"), violations(_CAPACITY)),
        ],
    ),
    *same(
        PARITY + "tier3/limits/itemSizeBySurface.test.ts: a Put one byte over",
        _WRITE,
        {},
        [_do(_put({"a": {"S": "key"}, "b": {"S": "b" * (409600 - 4)}}, table)) for table in (HASH, ABSENT)],
        "Item size has exceeded the maximum allowed size",
    ),
]

_NESTING: Final = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)
_EQUALS: Final = 'Invalid ConditionExpression: Syntax error; token: "=", near: "= = b"'
_SYNTAX: Final = 'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "("'
_UNUSED: Final = "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"
_UNUSED_CHECK: Final = _check({"a": {"S": "c"}}, HASH, ExpressionAttributeValues={":v": {"S": "x"}})
_UNREADABLE_CHECK: Final = _check({"a": {"S": "c"}}, HASH, "attribute_not_exists(")


def _deep(levels: int) -> Json:
    value: Json = {"S": "leaf"}
    for _ in range(levels):
        value = {"M": {"n": value}}
    return value


BEFORE_TABLES: Final = [
    *cases(
        _ORDER + ": what comes before tables and targets",
        _WRITE,
        {},
        [
            (_do(_put(_A), _UNREADABLE_CHECK), _SYNTAX),
            (_do(_UNREADABLE_CHECK, _put({**_A, "b": _deep(32)}, HASH)), _SYNTAX),
            (
                _do(_put({**_A, "b": _deep(32)}, HASH), _UNREADABLE_CHECK),
                _NESTING,
            ),
            (_do(_put(_A), _UNUSED_CHECK), _UNUSED),
            (_do(_UNUSED_CHECK, _put(_A)), _UNUSED),
            (_do(_put({"a": {"S": "c"}}, HASH), _UNUSED_CHECK), _UNUSED),
        ],
    ),
    *cases(
        PARITY + "tier3/validation-ordering/deepRequests.test.ts: TransactWriteItems action order",
        _WRITE,
        {},
        [
            (_do(_put({**_A, "d": _deep(40)}), _put({"a": {"S": "b"}, "": {"S": "x"}})), _NESTING),
            (_do(_put({"a": {"S": "b"}, "": {"S": "x"}}), _put({**_A, "d": _deep(100)})), "Empty attribute name"),
            (_do(_put({**_A, "": {"S": "x"}, "d": _deep(100)})), "Empty attribute name"),
            (_do(_put({**_A, "d": _deep(100), "": {"S": "x"}})), "Empty attribute name"),
            (_do(_put({**_A, "m": {"M": {"": {"S": "x"}}}, "d": _deep(40)})), _NESTING),
            (
                _do(
                    _put({**_A, "": {"S": "x"}}),
                    _check(_A, condition="d = :d", ExpressionAttributeValues={":d": _deep(100)}),
                ),
                "Empty attribute name",
            ),
            (
                _do(
                    _check(_A, condition="d = :deep", ExpressionAttributeValues={":deep": _deep(40)}),
                    _put({**_A, "": {"S": "x"}}),
                ),
                f"ExpressionAttributeValues contains invalid value: {_NESTING} for key :deep",
            ),
            (_do(_delete({"a": _deep(40)}), _put(_A, ConditionExpression="a = = b")), _NESTING),
            (
                _do(_check({"a": _deep(40)}), _update(_A, ExpressionAttributeValues={":v": {"S": "x"}})),
                _NESTING,
            ),
            (_do(_put(_A, ConditionExpression="a = = b"), _delete({"a": _deep(100)})), _EQUALS),
            (_do(_delete({"a": _deep(100)}, ConditionExpression="a = = b")), _EQUALS),
            (
                _do(_update(_A, ExpressionAttributeValues={":u": {"S": "y"}}), _check({"a": _deep(100)})),
                "Value provided in ExpressionAttributeValues unused in expressions: keys: {:u}",
            ),
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/transactGetItems.test.ts: invalid ProjectionExpression syntax",
        _GET,
        {},
        [
            (
                _do(_get(_A, table, ProjectionExpression="!!!")),
                'Invalid ProjectionExpression: Syntax error; token: "!", near: "!!"',
            )
            for table in (HASH, ABSENT)
        ],
    ),
    *same(
        PARITY + "tier3/error-messages/transactGetItems.test.ts: overlapping paths",
        _GET,
        {},
        [_do(_get(_A, table, ProjectionExpression="a, a")) for table in (HASH, ABSENT)],
        _OVERLAP,
    ),
    *(
        case
        for act in (_put, _delete, _update, _check)
        for case in cases(
            DYNALITE + "transactWriteItem.js: values, as in the operations of one item",
            _WRITE,
            {},
            [(_do(act({"a": value})), message) for value, message in WRONG_VALUES],
        )
    ),
    *cases(
        DYNALITE + "transactWriteItem.js: values, as in the operations of one item",
        _GET,
        {},
        [(_do(_get({"a": value})), message) for value, message in WRONG_VALUES],
    ),
    *(
        case
        for act in (_put, _delete, _update, _check)
        for case in cases(
            PARITY + "tier3/error-messages/transactWriteItems.test.ts: empty keys",
            _WRITE,
            {},
            [
                (_do(act({"a": {"S": ""}}, HASH)), EMPTY_KEY.format("string", "a")),
                (_do(act({"a": {"S": ""}, "b": {"S": "b"}}, RANGE)), EMPTY_KEY.format("string", "a")),
                (_do(act({**_A, "b": {"S": ""}}, RANGE)), EMPTY_KEY.format("string", "b")),
                (_do(act({**_A, "b": {"B": ""}}, BINARY)), EMPTY_KEY.format("binary", "b")),
            ],
        )
    ),
]

FINDING: Final = [
    *same(
        PARITY + "tier3/error-messages/transactWriteItems.test.ts: non-existent table",
        _WRITE,
        {},
        [
            *(_do(act(_A)) for act in (_put, _delete, _update, _check)),
            _do(_put(_A, HASH), _delete(_A)),
            _do(_put({})),
            _do(_delete({"z": {"SS": ["a"]}})),
        ],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        DYNALITE + "transactWriteItem.js: table exists first before checking for duplicate keys",
        _WRITE,
        {},
        [_do(_delete(_A), _put(_A)), _do(_delete(_A, HASH), _put(_A, HASH), _put(_A))],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        PARITY + "tier3/error-messages/transactGetItems.test.ts: non-existent table",
        _GET,
        {},
        [_do(_get(_A)), _do(_get({})), _do(_get(_A, HASH), _get(_A, HASH), _get(_A))],
        TABLE_NOT_FOUND,
        NOT_FOUND,
    ),
    *same(
        PARITY + "tier3/error-messages/transactWriteItems.test.ts: duplicate target keys",
        _WRITE,
        {},
        [
            _do(first(_A, HASH), second(_A, HASH))
            for first in (_put, _delete, _update, _check)
            for second in (_put, _delete, _update, _check)
        ],
        _MANY,
    ),
    *same(
        DYNALITE + "transactWriteItem.js: puts and deletes of the same item",
        _WRITE,
        {},
        [
            _do(_put({**_A, "b": {"S": "b"}}, HASH), _put({"a": {"S": "b"}}, HASH), _delete(_A, HASH)),
            _do(
                _put({**_A, "b": {"S": "b"}, "c": {"S": "c"}}, RANGE),
                _put(_A, HASH),
                _check({**_A, "b": {"S": "b"}}, RANGE),
            ),
        ],
        _MANY,
    ),
]

_MISTYPED: Final = INVALID + "Type mismatch for key {} expected: {} actual: {}"

CANCELLATIONS: Final = [
    _invalid(
        PARITY + "tier3/limits/itemSizeBySurface.test.ts: an Update one byte over surfaces as a cancellation",
        _WRITE,
        _update(
            _A,
            HASH,
            UpdateExpression="SET b = :b, c = :c",
            ExpressionAttributeValues={":b": {"S": "a" * 409590}, ":c": {"N": "1" * 38 + "0" * 88}},
        ),
        "Item size to update has exceeded the maximum allowed size",
    ),
    *(
        _invalid(
            PARITY + "tier3/error-messages/transactWriteItems.test.ts: wrong-typed table key",
            _WRITE,
            _put({"a": value}, HASH),
            _MISTYPED.format("a", "S", kind),
        )
        for kind, value in of_types("N B BOOL NULL SS NS BS M L")
    ),
    *(
        _invalid(
            PARITY + "tier3/error-messages/transactWriteItems.test.ts: wrong-typed Key",
            _WRITE,
            act({"a": value}, HASH),
            MISMATCH,
        )
        for act in (_delete, _update, _check)
        for _, value in of_types("N B BOOL NULL SS NS BS M L")
    ),
    *(
        _invalid(
            PARITY + "tier3/error-messages/transactGetItems.test.ts: missing key attribute",
            _GET,
            _get(key, HASH),
            MISMATCH,
        )
        for key in ({}, {"b": {"S": "a"}}, {"a": {"N": "1"}}, {"a": {"S": "a"}, "b": {"S": "a"}})
    ),
    *(
        _cancelled(
            PARITY + "tier3/error-messages/transactWriteItems.test.ts: two failing actions",
            _WRITE,
            [
                _put({"a": {"S": "z"}}, HASH),
                act(_TYPED, HASH, **condition),
                act({"a": {"S": "y"}}, HASH, **condition),
            ],
            [
                ("None", ""),
                ("ConditionalCheckFailed", _CONDITION),
                *([("ConditionalCheckFailed", _CONDITION)] if both else [("None", "")]),
            ],
        )
        for act in (_put, _delete, _update)
        for condition, both in (
            ({"ConditionExpression": "attribute_not_exists(a)"}, False),
            ({"ConditionExpression": "attribute_exists(zz)"}, True),
        )
    ),
    _cancelled(
        PARITY + "tier3/error-messages/transactWriteItems.test.ts: one passing, one failing",
        _WRITE,
        [_check({"a": {"S": "z"}}, HASH), _check(_TYPED, HASH, "attribute_not_exists(a)")],
        [("None", ""), ("ConditionalCheckFailed", _CONDITION)],
    ),
    _cancelled(
        PARITY + "tier3/error-messages/transactWriteItems.test.ts: reasons of several kinds",
        _WRITE,
        [
            _put({"a": {"N": "5"}}, HASH),
            _delete({"a": {"S": "z"}}, HASH),
            _check(_TYPED, HASH, "attribute_not_exists(a)"),
        ],
        [
            ("ValidationError", _MISTYPED.format("a", "S", "N")),
            ("None", ""),
            ("ConditionalCheckFailed", _CONDITION),
        ],
    ),
]

CASES: Final = [*CONSTRAINTS, *BEFORE_TABLES, *FINDING, *CANCELLATIONS]
