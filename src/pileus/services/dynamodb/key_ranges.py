"""Which keys of the store does a Query or Scan read?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from pileus.services.dynamodb.errors import ValidationException, invalid_parameter, key_mismatch
from pileus.services.dynamodb.expressions.key_conditions import KeyTest
from pileus.services.dynamodb.expressions.request import KeyCondition
from pileus.services.dynamodb.model import KeyAttribute, check_partition_size, check_sort_size
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.values import Item

_INDEXABLE: Final = frozenset(("=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"))
"""What an index can answer; KeyConditions may ask for more."""


@dataclass(frozen=True, slots=True)
class KeyRange:
    """All keys with `begin <= key < end`."""

    begin: bytes
    end: bytes

    def __contains__(self, key: bytes) -> bool:
        return self.begin <= key < self.end

    def beyond(self, key: bytes, *, reverse: bool) -> "KeyRange":
        """What of it is left after `key` was read."""
        return replace(self, end=key) if reverse else replace(self, begin=key + b"\x00")


def key_scalar_error(name: str) -> ValidationException:
    return ValidationException(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: " + name
    )


class Keyed(Protocol):
    """What can be queried: a table by its key, or an index by its own."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def partition_attributes(self) -> tuple[KeyAttribute, ...]: ...
    @property
    def sort_attributes(self) -> tuple[KeyAttribute, ...]: ...
    def segment(self, index: int, count: int) -> tuple[bytes, bytes]: ...
    def partition_start(self, encoded: Sequence[bytes]) -> bytes: ...
    def partition_end(self, partition_start: bytes) -> bytes: ...
    def after_equal(self, leading: Sequence[bytes], bound: bytes) -> tuple[bytes, bytes]: ...
    def after_prefix(self, leading: Sequence[bytes], bound: bytes) -> bytes: ...
    def key(self, key: Item) -> bytes: ...
    def pick(self, item: Item) -> dict[str, AttributeValue]: ...


def own_names(keyed: Keyed) -> tuple[str, ...]:
    """The attributes of the key that is queried; of an index, without the table's."""
    return tuple(attribute.name for attribute in (*keyed.partition_attributes, *keyed.sort_attributes))


def query_range(
    keyed: Keyed, condition: KeyCondition, values: Mapping[str, AttributeValue]
) -> tuple[KeyRange, KeyRange]:
    """The keys that a key condition asks for, and those of the whole partition."""
    by_name = dict(condition.tests())
    _check_count(len(by_name), len(own_names(keyed)))
    partition_tests = [_taken(by_name, attribute) for attribute in keyed.partition_attributes]
    _check_leading(by_name, keyed.sort_attributes)
    sort_tests = [(attribute, _taken(by_name, attribute)) for attribute in keyed.sort_attributes if by_name]
    tests = (*partition_tests, *(test for _, test in sort_tests))
    if any(test.operator not in _INDEXABLE for test in tests):
        raise ValidationException("Attempted conditional constraint is not an indexable operation")
    bounds_of = {
        attribute.name: _encoded(attribute, test, values)
        for attribute, test in (*zip(keyed.partition_attributes, partition_tests, strict=True), *sort_tests)
    }
    if any(test.operator != "=" for test in tests[: len(tests) - bool(sort_tests)]):
        raise ValidationException("Query key condition not supported")
    encoded = [bounds_of[attribute.name][0] for attribute in keyed.partition_attributes]
    for part in encoded:
        check_partition_size(part)
    start = keyed.partition_start(encoded)
    partition = asked = KeyRange(start, keyed.partition_end(start))
    leading: list[bytes] = []
    for attribute, test in sort_tests:
        bounds = bounds_of[attribute.name]
        for bound in bounds:
            check_sort_size(bound)
        asked = sort_range(keyed, asked, start, leading, test.operator, bounds)
        leading.append(bounds[0])
    return asked, partition


def _check_count(conditions: int, attributes: int) -> None:
    """Source of the second text: paritysuite/dynamodb-conformance, queryKeyConditionOperands.test.ts."""
    if conditions <= attributes:
        return
    if conditions <= 2:
        raise ValidationException("Query key condition not supported")
    raise ValidationException(
        f"The number of query conditions ({conditions}) exceeds the number of key attributes defined in the schema "
        f"({attributes})"
    )


def _check_leading(by_name: Mapping[str, KeyTest], attributes: Sequence[KeyAttribute]) -> None:
    """Of a sort key of several attributes, only the last that is asked for may be asked for by a range.

    Source: paritysuite/dynamodb-conformance, tests/tier1/query/multiAttributeGsiKey.test.ts (2026).
    """
    names = [attribute.name for attribute in attributes]
    last = max((number for number, name in enumerate(names) if name in by_name), default=0)
    unequal = [name for name in names[:last] if name not in by_name or by_name[name].operator != "="]
    if unequal:
        raise ValidationException(
            f"RANGE key attributes {', '.join(unequal)} must have equality conditions specified in the query because a "
            f"condition is present on key attribute {names[last]}"
        )


def _taken(by_name: dict[str, KeyTest], attribute: KeyAttribute) -> KeyTest:
    test = by_name.pop(attribute.name, None)
    if test is None:
        raise ValidationException(f"Query condition missed key schema element: {attribute.name}")
    return test


def _encoded(attribute: KeyAttribute, test: KeyTest, values: Mapping[str, AttributeValue]) -> list[bytes]:
    encoded = []
    for name in test.values:
        part = attribute.encode(values[name])
        if part is None:
            raise invalid_parameter("Condition parameter type does not match schema type")
        attribute.check_empty(part)
        encoded.append(part)
    return encoded


def sort_range(
    keyed: Keyed, within: KeyRange, start: bytes, leading: Sequence[bytes], operator: str, bounds: Sequence[bytes]
) -> KeyRange:
    """What of `within` an operator leaves. start: of the partition. leading: the sort attributes before this one."""
    first, first_end = keyed.after_equal(leading, bounds[0])
    match operator:
        case "=":
            return KeyRange(start + first, start + first_end)
        case "BETWEEN":
            return KeyRange(start + first, start + keyed.after_equal(leading, bounds[1])[1])
        case "<":
            return replace(within, end=start + first)
        case "<=":
            return replace(within, end=start + first_end)
        case ">":
            return replace(within, begin=start + first_end)
        case ">=":
            return replace(within, begin=start + first)
        case _:
            assert operator == "begins_with"
            # The partition's prefix holds a byte below FF, so there is always a next key.
            begin = start + keyed.after_prefix(leading, bounds[0])
            stem = begin.rstrip(b"\xff")
            return KeyRange(begin, stem[:-1] + bytes((stem[-1] + 1,)))


def query_start(keyed: Keyed, start: Item, *, asked: KeyRange, partition: KeyRange) -> bytes:
    """Where a Query goes on after `start`, an ExclusiveStartKey."""
    key = check_query_start(keyed, start)
    if key not in partition:
        raise ValidationException("The provided starting key is outside query boundaries based on provided conditions")
    if key not in asked:
        raise ValidationException("The provided starting key does not match the range key predicate")
    return key


def scan_start(keyed: Keyed, start: Item, *, asked: KeyRange, segment: int, segments: int) -> bytes:
    """Where a Scan goes on after `start`, an ExclusiveStartKey."""
    mismatch = ValidationException(f"The provided starting key is invalid: {key_mismatch().message}")
    key = _start_key(keyed, start, mismatch)
    if key not in asked:
        raise ValidationException(
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with "
            f"correct Segment. TotalSegments: {segments} Segment: {segment}"
        )
    return key


def check_query_start(keyed: Keyed, start: Item) -> bytes:
    """The place of an ExclusiveStartKey whose names and types are right, which DynamoDB asks before anything else."""
    wrong_names = ValidationException("The provided starting key is invalid")
    return _start_key(keyed, start, key_mismatch() if set(start) == set(keyed.names) else wrong_names)


def _start_key(keyed: Keyed, start: Item, mismatch: ValidationException) -> bytes:
    try:
        return keyed.key(start)
    except ValidationException as error:
        if error.message == key_mismatch().message:
            raise mismatch from None
        raise ValidationException(f"The provided starting key is invalid: {error.message}") from None
