"""Which keys of the store does a Query or Scan read?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pileus.services.dynamodb.errors import ValidationException, invalid_parameter, key_mismatch
from pileus.services.dynamodb.expressions.key_conditions import KeyTest
from pileus.services.dynamodb.expressions.paths import resolve
from pileus.services.dynamodb.expressions.request import KeyCondition
from pileus.services.dynamodb.model import KeyAttribute, KeySchema, check_partition_size, check_sort_size
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.values import Item


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


def query_range(
    schema: KeySchema, condition: KeyCondition, values: Mapping[str, AttributeValue]
) -> tuple[KeyRange, KeyRange]:
    """The keys that a key condition asks for, and those of the whole partition."""
    by_name = _tests_by_name(schema, condition)
    test = by_name.pop(schema.partition.name, None)
    if test is None:
        raise ValidationException(f"Query condition missed key schema element: {schema.partition.name}")
    sort_test = None if schema.sort is None else by_name.pop(schema.sort.name, None)
    if by_name:
        if schema.sort is None:
            raise ValidationException("Query key condition not supported")
        raise ValidationException(f"Query condition missed key schema element: {schema.sort.name}")
    if test.operator != "=":
        raise ValidationException("Query key condition not supported")
    (encoded,) = _encoded(schema.partition, test, values)
    check_partition_size(encoded)
    prefix = schema.partition_prefix(encoded)
    partition = KeyRange(prefix, schema.partition_end(prefix))
    if sort_test is None or schema.sort is None:
        return partition, partition
    bounds = _encoded(schema.sort, sort_test, values)
    for bound in bounds:
        check_sort_size(bound)
    return _sort_range(partition, sort_test.operator, [prefix + bound for bound in bounds]), partition


def _tests_by_name(schema: KeySchema, condition: KeyCondition) -> dict[str, KeyTest]:
    names = dict(condition.names)
    tests: dict[str, KeyTest] = {}
    for test in condition.tests():
        steps = resolve(test.path, names)
        name = str(steps[0])
        if len(steps) > 1:
            if name in schema.names:
                raise key_scalar_error(name)
            raise ValidationException("KeyConditionExpressions cannot have conditions on nested attributes")
        if name in tests:
            raise ValidationException("KeyConditionExpressions must only contain one condition per key")
        tests[name] = test
    if len(tests) > 2:
        raise ValidationException("Conditions can be of length 1 or 2 only")
    return tests


def _encoded(attribute: KeyAttribute, test: KeyTest, values: Mapping[str, AttributeValue]) -> list[bytes]:
    encoded = []
    for name in test.values:
        part = attribute.encode(values[name])
        if part is None:
            raise invalid_parameter("Condition parameter type does not match schema type")
        attribute.check_empty(part)
        encoded.append(part)
    return encoded


def _sort_range(partition: KeyRange, operator: str, bounds: list[bytes]) -> KeyRange:
    first, last = bounds[0], bounds[-1]
    match operator:
        case "=" | "BETWEEN":
            return KeyRange(first, last + b"\x00")
        case "<":
            return replace(partition, end=first)
        case "<=":
            return replace(partition, end=first + b"\x00")
        case ">":
            return replace(partition, begin=first + b"\x00")
        case ">=":
            return replace(partition, begin=first)
        case _:
            assert operator == "begins_with"
            # The partition's prefix holds a byte below FF, so there is always a next key.
            stem = first.rstrip(b"\xff")
            return KeyRange(first, stem[:-1] + bytes((stem[-1] + 1,)))


def query_start(schema: KeySchema, start: Item, *, asked: KeyRange, partition: KeyRange) -> bytes:
    """Where a Query goes on after `start`, an ExclusiveStartKey."""
    key = _start_key(schema, start, "The provided starting key is invalid")
    if key not in partition:
        raise ValidationException("The provided starting key is outside query boundaries based on provided conditions")
    if key not in asked:
        raise ValidationException("The provided starting key does not match the range key predicate")
    return key


def scan_start(schema: KeySchema, start: Item, *, asked: KeyRange, segment: int, segments: int) -> bytes:
    """Where a Scan goes on after `start`, an ExclusiveStartKey."""
    key = _start_key(schema, start, f"The provided starting key is invalid: {key_mismatch().message}")
    if key not in asked:
        raise ValidationException(
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with "
            f"correct Segment. TotalSegments: {segments} Segment: {segment}"
        )
    return key


def _start_key(schema: KeySchema, start: Item, mismatch: str) -> bytes:
    try:
        return schema.key(start)
    except ValidationException as error:
        if error.message == key_mismatch().message:
            raise ValidationException(mismatch) from None
        raise ValidationException(f"The provided starting key is invalid: {error.message}") from None
