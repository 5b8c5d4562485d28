"""Keys sort as the tuples they encode."""

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.storage.keys import Part, Subspace, after

ROOT = Subspace()

texts = st.text(st.characters(exclude_categories=["Cs"]) | st.just("\x00"), max_size=12)
parts = st.one_of(
    st.none(),
    st.binary(max_size=12) | st.lists(st.sampled_from([0, 1, 255]), max_size=6).map(bytes),
    texts,
    st.integers() | st.integers(-300, 300) | st.sampled_from([2**64, 2**64 - 1, -(2**64), 1 - 2**64, 2**2040 - 1]),
    st.booleans(),
)
tuples = st.lists(parts, max_size=4).map(tuple)


def rank(values: tuple[Part, ...]) -> list[tuple[int, Part]]:
    """What Python compares as our keys compare: the type first, then the value."""
    kinds: list[type] = [type(None), bytes, str, int, bool]
    return [(kinds.index(type(value)), value if value is not None else 0) for value in values]


@given(tuples, tuples)
def test_keys_sort_as_tuples(left: tuple[Part, ...], right: tuple[Part, ...]) -> None:
    """Every range read rests on this."""
    assert (ROOT.pack(*left) < ROOT.pack(*right)) == (rank(left) < rank(right))


@given(tuples, tuples)
def test_unpack_inverts_pack(prefix: tuple[Part, ...], below: tuple[Part, ...]) -> None:
    """A key read from a range gives back its parts, types included."""
    unpacked = Subspace(*prefix).unpack(Subspace(*prefix).pack(*below))
    assert unpacked == below
    assert [type(part) for part in unpacked] == [type(part) for part in below]


@given(tuples, tuples)
def test_a_range_holds_the_longer_tuples_and_no_others(prefix: tuple[Part, ...], other: tuple[Part, ...]) -> None:
    """A listing of one parent must never show another parent's children."""
    begin, end = ROOT.range(*prefix)
    longer = len(other) > len(prefix) and rank(other[: len(prefix)]) == rank(prefix)
    assert (begin <= ROOT.pack(*other) < end) == longer


@given(st.lists(parts, max_size=2).map(tuple), texts, texts)
def test_a_range_by_prefix_holds_what_starts_with_it(parent: tuple[Part, ...], prefix: str, text: str) -> None:
    """`begins_with` and list-by-prefix read no more and no less than they should."""
    begin, end = ROOT.range_starting(*parent, prefix=prefix)
    for candidate in (text, prefix + text):
        assert (begin <= ROOT.pack(*parent, candidate) < end) == candidate.startswith(prefix)
    assert not begin <= ROOT.pack(*parent, 7) < end


def test_a_range_by_bytes_that_end_high() -> None:
    """Past FF there is no next byte: the end moves to the one before."""
    begin, end = ROOT.range_starting(prefix=b"a\xff")
    assert begin <= ROOT.pack(b"a\xff\xff\xff") < end
    assert not begin <= ROOT.pack(b"b") < end


def test_subspaces_nest() -> None:
    """A service builds its subspace step by step or at once, with the same keys."""
    nested = Subspace("dynamodb").subspace("000000000000", 7)
    assert nested.prefix == Subspace("dynamodb", "000000000000", 7).prefix
    assert nested.pack("t") == ROOT.pack("dynamodb", "000000000000", 7, "t")


def test_subclasses_encode_as_their_base() -> None:
    """An enumeration of texts in a key is its text."""

    class Kind(StrEnum):
        TABLE = "table"

    assert ROOT.pack(Kind.TABLE) == ROOT.pack("table")


@given(tuples)
def test_after_is_the_next_key(values: tuple[Part, ...]) -> None:
    """A page that continues `after` its last key neither repeats nor skips one."""
    key = ROOT.pack(*values)
    assert key < after(key)
    assert not key < key + b"" < after(key)


def test_foreign_and_broken_keys_are_refused() -> None:
    """A key of somebody else, or cut off, is an error and not a wrong answer."""
    with pytest.raises(ValueError, match="outside"):
        Subspace("a").unpack(Subspace("b").prefix)
    for broken in (b"\x02open", b"\x16\x01", b"\xfe", b"\x1d"):
        with pytest.raises((ValueError, IndexError)):
            ROOT.unpack(broken)
    with pytest.raises(ValueError, match="255"):
        ROOT.pack(1 << 2040)
