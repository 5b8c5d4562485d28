"""Keys in the store sort as their values do: tables' and indexes', of one attribute and of several."""

from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.services.dynamodb.indexes import Index
from pileus.services.dynamodb.model import KeyAttribute, KeySchema
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.table_records import IndexRecord

PREFIX: Final = b"t"
KINDS: Final = "SNB"

quick = settings(max_examples=200)

# Small alphabets, so that values are often equal, or one begins another; and zeros, since those end an attribute.
texts: Final = st.text("\x00\x01aé\U0001f600", min_size=1, max_size=4)
numbers: Final = st.one_of(
    st.integers(-3, 3).map(Decimal),
    st.builds(lambda n, e: Decimal(n).scaleb(e), st.integers(-(10**38) + 1, 10**38 - 1), st.integers(-90, 87)),
)
blobs: Final = st.lists(st.sampled_from([0, 1, 255]), min_size=1, max_size=4).map(bytes)
CONTENTS: Final[dict[str, st.SearchStrategy[Any]]] = {"S": texts, "N": numbers, "B": blobs}


def value_of(kind: str, content: Any) -> AttributeValue:
    match kind:
        case "S":
            return AttributeValue(s=content)
        case "N":
            return AttributeValue(n=str(content))
        case _:
            return AttributeValue(b=content)


def order_of(kind: str, content: Any) -> Any:
    """What AWS sorts by: UTF-8 bytes, the number, unsigned bytes."""
    return content.encode() if kind == "S" else content


def compared(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tables_keys_sort_as_their_sort_keys(kind: str) -> None:
    """Within a partition; and no key of another partition lies between, whatever its bytes."""
    schema = KeySchema(PREFIX, KeyAttribute("pk", "B"), KeyAttribute("sk", kind))

    def key(partition: bytes, content: Any) -> bytes:
        return schema.key({"pk": AttributeValue(b=partition), "sk": value_of(kind, content)})

    @given(blobs, blobs, CONTENTS[kind], CONTENTS[kind])
    @quick
    def agree(partition: bytes, other: bytes, left: Any, right: Any) -> None:
        a, b = key(partition, left), key(partition, right)
        assert compared(a, b) == compared(order_of(kind, left), order_of(kind, right))
        start = schema.partition_prefix(partition)
        end = schema.partition_end(start)
        assert start <= a < end
        assert (start <= key(other, left) < end) == (other == partition)
        assert schema.partition_of(a) == schema.partition_of(b)

    agree()


def index(partition: str, sort: str, *, table: KeySchema) -> Index:
    """An index with key attributes of these kinds, called p0, p1, ... and s0, s1, ..."""
    kinds = {f"p{n}": kind for n, kind in enumerate(partition)} | {f"s{n}": kind for n, kind in enumerate(sort)}
    record = IndexRecord(
        name="i",
        id="i",
        local=False,
        partition=[name for name in kinds if name[0] == "p"],
        sort=[name for name in kinds if name[0] == "s"],
        projection="KEYS_ONLY",
    )
    return Index(record, kinds, b"i", table)


TABLE: Final = KeySchema(PREFIX, KeyAttribute("id", "S"), None)


@given(st.data())
@quick
def test_entries_of_an_index_sort_by_each_attribute_in_turn(data: st.DataObject) -> None:
    """One to four sort attributes of any kinds; entries that are equal in all of them still have keys of their own."""
    kinds = data.draw(st.text(KINDS, min_size=1, max_size=4))
    chosen = st.tuples(*(CONTENTS[kind] for kind in kinds))
    left, right = data.draw(chosen), data.draw(st.one_of(chosen, chosen))
    same = data.draw(st.integers(0, len(kinds)))
    right = left[:same] + right[same:]
    ids = data.draw(texts), data.draw(texts)
    by = index("S", kinds, table=TABLE)

    def key(contents: tuple[Any, ...], of: str) -> bytes:
        item = {"id": AttributeValue(s=of), "p0": AttributeValue(s="p")}
        item |= {f"s{n}": value_of(kind, one) for n, (kind, one) in enumerate(zip(kinds, contents, strict=True))}
        entry = by.entry_key(item, TABLE.key_of(item))
        assert entry is not None
        return entry

    a, b = key(left, ids[0]), key(right, ids[1])
    orders = [tuple(order_of(kind, one) for kind, one in zip(kinds, each, strict=True)) for each in (left, right)]
    if orders[0] != orders[1]:
        assert compared(a, b) == compared(*orders)
    else:
        assert (a == b) == (ids[0] == ids[1])


@given(st.data())
@quick
def test_ranges_below_leading_attributes_hold_what_they_should(data: st.DataObject) -> None:
    """`=`, and what begins with a bound, below leading attributes: exactly the entries that Python picks."""
    kinds = data.draw(st.text(KINDS, min_size=1, max_size=3))
    contents = data.draw(st.tuples(*(CONTENTS[kind] for kind in kinds)))
    depth = data.draw(st.integers(0, len(kinds) - 1))
    leading = data.draw(
        st.sampled_from([contents[:depth], data.draw(st.tuples(*(CONTENTS[k] for k in kinds[:depth])))])
    )
    bound = data.draw(st.one_of(st.just(contents[depth]), CONTENTS[kinds[depth]]))
    by = index("S", kinds, table=TABLE)
    item = {"id": AttributeValue(s="x"), "p0": AttributeValue(s="p")}
    item |= {f"s{n}": value_of(kind, one) for n, (kind, one) in enumerate(zip(kinds, contents, strict=True))}
    key = by.entry_key(item, TABLE.key_of(item))
    assert key is not None
    start = by.partition_start([b"p"])

    def encoded(n: int, content: Any) -> bytes:
        found = by.sort[n].encode(value_of(kinds[n], content))
        assert found is not None
        return found

    before = [encoded(n, content) for n, content in enumerate(leading)]
    begin, end = by.after_equal(before, encoded(depth, bound))
    assert (start + begin <= key < start + end) == (leading == contents[:depth] and bound == contents[depth])
    if kinds[depth] != "N":
        stem = start + by.after_prefix(before, encoded(depth, bound))
        own, asked = order_of(kinds[depth], contents[depth]), order_of(kinds[depth], bound)
        assert key.startswith(stem) == (leading == contents[:depth] and own.startswith(asked))


@given(st.data())
@quick
def test_partitions_of_several_attributes_are_one_each(data: st.DataObject) -> None:
    """Attributes joined into one partition key never mean two: ("a", "bc") is not ("ab", "c")."""
    kinds = data.draw(st.text("SB", min_size=1, max_size=4))
    chosen = st.tuples(*(CONTENTS[kind] for kind in kinds))
    left, right = data.draw(chosen), data.draw(chosen)
    by = index(kinds, "S", table=TABLE)

    def start(contents: tuple[Any, ...]) -> bytes:
        parts = [by.partition[n].encode(value_of(kind, contents[n])) for n, kind in enumerate(kinds)]
        assert None not in parts
        return by.partition_start([part for part in parts if part is not None])

    a, b = start(left), start(right)
    assert (a == b) == (left == right)
    if a != b:
        assert not a.startswith(b)
        assert not by.partition_end(a) > b > a
