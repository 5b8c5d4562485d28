"""What does a SELECT read of its table or index?

One range of keys for each branch of the WHERE clause, or all keys. Ranges of one partition do not overlap, so that no
item is found twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import msgspec

from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.request import hash_set_order
from pileus.services.dynamodb.indexes import Index
from pileus.services.dynamodb.key_ranges import Keyed, KeyRange, own_names, sort_range
from pileus.services.dynamodb.model import KeyAttribute, KeySchema, check_partition_size, check_sort_size
from pileus.services.dynamodb.partiql.checked import SelectStatement, paths_of
from pileus.services.dynamodb.partiql.keys import Branch, branches
from pileus.services.dynamodb.partiql.terms import Steps
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import Stored

_encode: Final = msgspec.json.Encoder().encode
_OVERLAP: Final = "Overlapping conditions with range keys are not supported in where clause"


@dataclass(frozen=True, slots=True)
class Reads:
    """ranges: in the order in which they are read. keyed: whether they are of certain partitions, and no scan.

    exact: whether they hold nothing but what the clause asks for.
    """

    ranges: tuple[KeyRange, ...]
    reverse: bool = False
    keyed: bool = False
    exact: bool = False


@dataclass(slots=True)
class _Partition:
    encoded: bytes
    whole: KeyRange
    ranges: list[KeyRange]


def key_mismatch_of(attribute: KeyAttribute) -> ValidationException:
    """PartiQL's own words for a key value of another type than the key."""
    return ValidationException(
        f"Key attribute's data type should match its data type in table's schema: Key {attribute.name}"
    )


def index_of(table: Table, select: SelectStatement, *, consistent: bool) -> Index | None:
    """The index that a SELECT names; `ValidationException` when it cannot answer."""
    if select.index is None:
        return None
    index = table.index(select.index)
    if index is None:
        raise ValidationException("The table does not have the specified index")
    if len(index.partition) > 1 or len(index.sort) > 1:
        raise ValidationException(
            "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE "
            "keys."
        )
    if index.record.state == "CREATING":
        raise ValidationException(f"Cannot read from backfilling global secondary index: {index.name}")
    if consistent and not index.local:
        raise ValidationException("Strongly consistent read is not supported on Global Secondary Indexes")
    return index


def check_scalar_key(steps: Steps, key_names: Sequence[str]) -> None:
    """A path does not go into a key attribute."""
    if len(steps) > 1 and steps[0] in key_names:
        raise ValidationException(
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
            f"Key {steps[0]}"
        )


def check_scalar_keys(select: SelectStatement, key_names: Sequence[str]) -> None:
    """No path of the statement goes into a key attribute."""
    for _, steps in select.columns or ():
        check_scalar_key(steps, key_names)
    if select.where is not None:
        for steps in paths_of(select.where):
            check_scalar_key(steps, key_names)


def beyond_index(select: SelectStatement, index: Index) -> bool:
    """Whether a local index must fetch items, as its entries lack a column; a global one refuses that."""
    heads = [str(steps[0]) for _, steps in select.columns or ()]
    missing = [head for head in dict.fromkeys(heads) if not index.projects(frozenset((head,)))]
    if missing and not index.local:
        raise invalid_parameter(f"Global secondary index {index.name} does not project [{', '.join(missing)}]")
    return bool(missing)


def reads_of(select: SelectStatement, keyed: Keyed, values: Values) -> Reads:
    """What the statement reads; `ValidationException` when its clauses do not fit the key."""
    (partition_attribute,) = keyed.partition_attributes
    sort_attribute = keyed.sort_attributes[0] if keyed.sort_attributes else None
    found = branches(select.where, partition_attribute.name, sort_attribute.name if sort_attribute else None)
    for name, _ in select.order:
        if name not in own_names(keyed):
            raise ValidationException(f"Attribute {name} in ORDER BY clause must be part of the primary key")
    if found is None:
        if select.order:
            raise ValidationException(
                "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
            )
        return Reads((KeyRange(*keyed.segment(0, 1)),), exact=select.where is None)
    partitions = _partitions(found, keyed, partition_attribute, sort_attribute, values)
    order = dict(select.order)
    if partition_attribute.name in order:
        partitions.sort(key=lambda each: each.encoded, reverse=not order[partition_attribute.name])
    elif order and len(partitions) > 1:
        raise ValidationException(
            "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause."
        )
    # Ordered by the partition key alone, AWS reads partitions backwards.
    reverse = bool(order) and not order.get(sort_attribute.name if sort_attribute else "", False)
    merging = any(branch.negated for branch in found)
    ranges = [one for each in partitions for one in _apart(each.ranges, merging=merging, reverse=reverse)]
    return Reads(tuple(ranges), reverse=reverse, keyed=True, exact=not any(branch.other for branch in found))


def _partitions(
    found: Sequence[Branch], keyed: Keyed, partition: KeyAttribute, sort: KeyAttribute | None, values: Values
) -> list[_Partition]:
    """What each partition is asked for; a branch that asks for two different ones asks for nothing."""
    partitions: dict[bytes, _Partition] = {}
    for branch in found:
        encoded = [_encoded(partition, values[name]) for name in branch.partitions]
        check_partition_size(encoded[0])
        start = keyed.partition_start(encoded[:1])
        whole = asked = KeyRange(start, keyed.partition_end(start))
        for test in branch.sorts:
            assert sort is not None
            bounds = [_encoded(sort, values[name]) for name in test.values]
            for bound in bounds:
                check_sort_size(bound)
            part = sort_range(keyed, whole, start, (), test.operator, bounds)
            asked = KeyRange(max(asked.begin, part.begin), min(asked.end, part.end))
        if len(set(encoded)) == 1:
            one = partitions.setdefault(encoded[0], _Partition(encoded[0], whole, []))
            if asked.begin < asked.end:
                one.ranges.append(asked)
    return list(partitions.values())


def _encoded(attribute: KeyAttribute, value: AttributeValue) -> bytes:
    encoded = attribute.encode(value)
    if encoded is None:
        raise key_mismatch_of(attribute)
    attribute.check_empty(encoded)
    return encoded


def _apart(ranges: list[KeyRange], *, merging: bool, reverse: bool) -> list[KeyRange]:
    """The ranges of one partition in order. merging: those that overlap are read as one, else they are refused."""
    ranges.sort(key=lambda one: one.begin)
    if merging:
        merged: list[KeyRange] = []
        for one in ranges:
            if merged and one.begin < merged[-1].end:
                merged[-1] = KeyRange(merged[-1].begin, max(one.end, merged[-1].end))
            else:
                merged.append(one)
        ranges = merged
    elif any(second.begin < first.end for first, second in pairwise(ranges)):
        raise ValidationException(_OVERLAP)
    return ranges[::-1] if reverse else ranges


def check_filter_projected(select: SelectStatement, index: Index, values: Values) -> None:
    """What an index's partitions are filtered by, their entries must hold; only a scan just finds nothing.

    AWS looks at the branch that it reads first.
    """
    partition = index.partition[0].name
    found = branches(select.where, partition, index.sort[0].name if index.sort else None)
    if found is None or any(len({str(values[name]) for name in branch.partitions}) > 1 for branch in found):
        return
    heads = [str(steps[0]) for node in found[0].other for steps in paths_of(node)]
    missing = [head for head in dict.fromkeys(heads) if not index.projects(frozenset((head,)))]
    if missing:
        raise invalid_parameter(
            f"Secondary index {index.name} does not project one or more filter attributes: "
            f"[{', '.join(hash_set_order(missing))}]"
        )


# --- one item --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PointRead:
    """A SELECT of one item by its key, in a batch or in a transaction.

    transacted: AWS has other words for a key of another type.
    """

    statement: SelectStatement
    values: Values
    transacted: bool = False

    def place(self, table: Table) -> bytes | None:
        """Where the item lies; None when the statement says more than its key, or less."""
        key = self._key(table.key)
        if key is None:
            return None
        if not self.transacted:
            for attribute in (*table.key.partition_attributes, *table.key.sort_attributes):
                if attribute.encode(key[attribute.name]) is None:
                    raise key_mismatch_of(attribute)
        return table.key.key(key)

    def names_key(self, table: Table) -> bool:
        """Whether it says exactly a key. `ValidationException` for what no SELECT may say."""
        return self._key(table.key) is not None

    def json(self, image: Stored) -> bytes:
        """The columns of the item that is found."""
        return image.json if self.statement.columns is None else _encode(self.statement.project(image.item))

    def _key(self, schema: KeySchema) -> dict[str, AttributeValue] | None:
        sort = None if schema.sort is None else schema.sort.name
        found = branches(self.statement.where, schema.partition.name, sort)
        if found is None:
            return None
        if len(found) > 1:
            reads_of(self.statement, schema, self.values)
            return None
        (branch,) = found
        if branch.other or self.statement.index is not None or any(test.operator != "=" for test in branch.sorts):
            return None
        asked = {schema.partition.name: branch.partitions}
        if sort is not None:
            asked[sort] = tuple(name for test in branch.sorts for name in test.values)
        given = {name: [self.values[value] for value in values] for name, values in asked.items()}
        if any(not values or any(value != values[0] for value in values) for values in given.values()):
            return None
        return {name: values[0] for name, values in given.items()}
