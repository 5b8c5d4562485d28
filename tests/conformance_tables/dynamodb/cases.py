"""How is a case of the tables written down, and what do many of them share?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Json = Mapping[str, Any]

DYNALITE: Final = "architect/dynalite, test/"
"""A public suite whose texts were recorded from DynamoDB, and which can be run against it; then file and test."""
PARITY: Final = "paritysuite/dynamodb-conformance, tests/"
"""A public suite that runs against DynamoDB in many regions (2026); then file and test."""
EXTENDDB: Final = "ExtendDB/extenddb, tests/"
"""A public suite that runs against DynamoDB (2026); then file and test."""
RECORDINGS: Final = "recording dynamodb/dynamodb, "
"""LocalStack's recordings; then the scenario."""
GUIDE: Final = "DynamoDB Developer Guide, "

VALIDATION: Final = "com.amazon.coral.validate#ValidationException"
SERIALIZATION: Final = "com.amazon.coral.service#SerializationException"
NOT_FOUND: Final = "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"
IN_USE: Final = "com.amazonaws.dynamodb.v20120810#ResourceInUseException"
CANCELLED: Final = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
FAILED: Final = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"

INVALID: Final = "One or more parameter values were invalid: "
EMPTY: Final = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
SEVERAL: Final = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
MISMATCH: Final = "The provided key element does not match the schema"
START: Final = "The provided starting key is invalid"
TABLE_NOT_FOUND: Final = "Requested resource not found"
NESTED_KEY: Final = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: "

EMPTY_KEY: Final = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {} "
    "value. Key: {}"
)
"""Of a type (string or binary) and an attribute."""
EXPRESSION_MIX: Final = "Can not use both expression and non-expression parameters in the same request: "

HASH, RANGE, BINARY, NUMBER = "hash", "range", "binary", "number"
"""Tables that exist: of `a` (S); of `a` and `b` (S); of `a` (S) and `b` (B); of `a` (N)."""
INDEXED: Final = "indexed"
"""A table of `a` and `b` (S) with local indexes `index1` by `c` and `index2` by `d`, and global ones: `index3` by `c`,
`index4` by `c` and `d` with nothing but keys and `e`, `binary` by `x` (B)."""
ABSENT: Final = "abc"
"""A table that does not exist: what is said of it is said before a table is looked for."""


@dataclass(frozen=True, slots=True)
class ErrorCase:
    """A request, and the error that it gets. body: instead of the request, when it is no JSON of an object.
    reasons: of a cancelled transaction, the message of each action; "" where there is none.

    A message that counts several validation errors may name them in any order: DynamoDB's follows no rule.
    """

    source: str
    operation: str
    request: Json
    message: str
    kind: str = VALIDATION
    body: bytes | None = None
    reasons: tuple[str, ...] = ()


def cases(
    source: str, operation: str, base: Json, rows: Iterable[tuple[Json, str]], kind: str = VALIDATION
) -> list[ErrorCase]:
    """Cases of one operation: (what differs from the base, the message)."""
    return [ErrorCase(source, operation, {**base, **row}, message, kind) for row, message in rows]


def same(
    source: str, operation: str, base: Json, rows: Iterable[Json], message: str, kind: str = VALIDATION
) -> list[ErrorCase]:
    """Cases of one operation that all get the same message."""
    return cases(source, operation, base, [(row, message) for row in rows], kind)


def violations(*told: str) -> str:
    """The message of the framework for broken constraints."""
    return f"{len(told)} validation error{'s' if len(told) > 1 else ''} detected: {'; '.join(told)}"


def null(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def broken(value: str, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {constraint}"


EMPTY_VALUES: Final[Sequence[Json]] = ({}, {"a": ""}, {"M": {"a": {}}}, {"L": [{}]}, {"L": [{"a": {}}]})
"""A member of an unknown name is no value."""

SET_VALUES: Final[Sequence[tuple[Json, str]]] = (
    ({"NULL": False}, INVALID + "Null attribute value types must have the value of true"),
    ({"SS": []}, INVALID + "An string set  may not be empty"),
    ({"NS": []}, INVALID + "An number set  may not be empty"),
    ({"BS": []}, INVALID + "Binary sets should not be empty"),
    ({"SS": ["a", "a"]}, INVALID + "Input collection [a, a] contains duplicates."),
    ({"BS": ["Yg==", "Yg=="]}, INVALID + "Input collection [Yg==, Yg==]of type BS contains duplicates."),
)

_NOT_NUMERIC: Final = "The parameter cannot be converted to a numeric value"
_TOO_LONG: Final = "Attempting to store more than 38 significant digits in a Number"
_OVERFLOW: Final = "Number overflow. Attempting to store a number with magnitude larger than supported range"
_UNDERFLOW: Final = "Number underflow. Attempting to store a number with magnitude smaller than supported range"

NUMBER_VALUES: Final[Sequence[tuple[Json, str]]] = (
    ({"S": "", "N": ""}, _NOT_NUMERIC),
    ({"S": "a", "N": ""}, _NOT_NUMERIC),
    ({"S": "a", "N": "b"}, _NOT_NUMERIC + ": b"),
    ({"NS": ["1", ""]}, _NOT_NUMERIC),
    ({"NS": ["1", "b"]}, _NOT_NUMERIC + ": b"),
    ({"NS": ["1", "1"]}, "Input collection contains duplicates"),
    ({"N": "123456789012345678901234567890123456789"}, _TOO_LONG),
    ({"N": "-1.23456789012345678901234567890123456789"}, _TOO_LONG),
    ({"N": "1e126"}, _OVERFLOW),
    ({"N": "-1e126"}, _OVERFLOW),
    ({"N": "1e-131"}, _UNDERFLOW),
    ({"N": "-1e-131"}, _UNDERFLOW),
)

WRONG_VALUES: Final[Sequence[tuple[Json, str]]] = (
    *((value, EMPTY) for value in EMPTY_VALUES),
    *SET_VALUES,
    *NUMBER_VALUES,
    ({"S": "a", "N": "1"}, SEVERAL),
)
"""Every value that is none, wherever one is expected."""

EVERY_TYPE: Final[Mapping[str, Json]] = {
    "S": {"S": "a"},
    "N": {"N": "1"},
    "B": {"B": "YQ=="},
    "BOOL": {"BOOL": True},
    "NULL": {"NULL": True},
    "SS": {"SS": ["a"]},
    "NS": {"NS": ["1"]},
    "BS": {"BS": ["YWJj"]},
    "M": {"M": {}},
    "L": {"L": []},
}


def of_types(kinds: str) -> list[tuple[str, Json]]:
    """Values of these types."""
    return [(kind, EVERY_TYPE[kind]) for kind in kinds.split()]
