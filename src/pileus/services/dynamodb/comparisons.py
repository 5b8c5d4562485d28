"""What are two attribute values to each other: equal, in order, one in the other? And what do two sets make?

Both are legal and canonical: see `values`.

Source of the order, strings and binary by bytes and numbers by value: paritysuite/dynamodb-conformance,
tests/tier1/updateItem/basic.test.ts (2026).
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pileus.services.dynamodb import numbers
from pileus.services.dynamodb.shapes import AttributeValue

T = TypeVar("T", str, bytes)


def equal(left: AttributeValue, right: AttributeValue) -> bool:
    """Same type and same content; sets have no order. Both canonical."""
    if left == right:
        return True
    if left.m is not None and right.m is not None:
        others = right.m
        return left.m.keys() == others.keys() and all(equal(value, others[name]) for name, value in left.m.items())
    if left.l is not None and right.l is not None:
        return len(left.l) == len(right.l) and all(map(equal, left.l, right.l))
    return _equal_sets(left, right)


def _loosely_equal(value: AttributeValue) -> bool:
    """Whether other content than its own may equal it: of sets, and of what may hold them."""
    return value.s is None and value.n is None and value.b is None and value.bool_ is None and value.null is None


def _equal_sets(left: AttributeValue, right: AttributeValue) -> bool:
    if left.ss is not None and right.ss is not None:
        return set(left.ss) == set(right.ss)
    if left.ns is not None and right.ns is not None:
        return set(left.ns) == set(right.ns)
    if left.bs is not None and right.bs is not None:
        return set(left.bs) == set(right.bs)
    return False


def ordered(left: AttributeValue, right: AttributeValue, holds: Callable[[int], bool]) -> bool:
    """Whether `holds` is true of -1, 0 or 1 (left is less, equal, greater); False unless both are S, N or B alike.

    Strings compare by their UTF-8 bytes, which is by code point.
    """
    if left.s is not None and right.s is not None:
        return holds((left.s > right.s) - (left.s < right.s))
    if left.n is not None and right.n is not None:
        a, b = numbers.as_decimal(left.n), numbers.as_decimal(right.n)
        return holds((a > b) - (a < b))
    if left.b is not None and right.b is not None:
        return holds((left.b > right.b) - (left.b < right.b))
    return False


def union(left: AttributeValue, right: AttributeValue) -> AttributeValue:
    """All members of two sets of the same type."""
    if left.ss is not None and right.ss is not None:
        return AttributeValue(ss=list(dict.fromkeys((*left.ss, *right.ss))))
    if left.ns is not None and right.ns is not None:
        return AttributeValue(ns=list(dict.fromkeys((*left.ns, *right.ns))))
    assert left.bs is not None, "only sets have a union"
    assert right.bs is not None, "only sets have a union"
    return AttributeValue(bs=list(dict.fromkeys((*left.bs, *right.bs))))


def difference(left: AttributeValue, right: AttributeValue) -> AttributeValue | None:
    """The members of one set that another of the same type lacks; nothing when there are none, for no set is empty."""
    if left.ss is not None and right.ss is not None:
        texts = _without(left.ss, right.ss)
        return AttributeValue(ss=texts) if texts else None
    if left.ns is not None and right.ns is not None:
        texts = _without(left.ns, right.ns)
        return AttributeValue(ns=texts) if texts else None
    assert left.bs is not None, "only sets have a difference"
    assert right.bs is not None, "only sets have a difference"
    blobs = _without(left.bs, right.bs)
    return AttributeValue(bs=blobs) if blobs else None


def _without(members: Sequence[T], taken: Sequence[T]) -> list[T]:
    gone = set(taken)
    return [member for member in members if member not in gone]


def begins_with(value: AttributeValue, prefix: AttributeValue) -> bool:
    """Both strings, or both binary, and one is the beginning of the other."""
    if value.s is not None and prefix.s is not None:
        return value.s.startswith(prefix.s)
    return value.b is not None and prefix.b is not None and value.b.startswith(prefix.b)


def contains(value: AttributeValue, part: AttributeValue) -> bool:
    """A substring, a member of a set, or an element of a list.

    Source: Developer Guide, "Condition and filter expressions, operators, and functions", contains.
    """
    if value.l is not None:
        # In C wherever it can be: a condition may ask a hundred times of a list of 40,000.
        return part in value.l or (_loosely_equal(part) and any(equal(element, part) for element in value.l))
    if part.s is not None:
        return (value.s is not None and part.s in value.s) or (value.ss is not None and part.s in value.ss)
    if part.b is not None:
        return (value.b is not None and part.b in value.b) or (value.bs is not None and part.b in value.bs)
    return part.n is not None and value.ns is not None and part.n in value.ns
