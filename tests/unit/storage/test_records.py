"""Records carry their kind and version."""

import msgspec
import pytest

from pileus.kernel.storage.records import decode, encode


class NoteRecord(msgspec.Struct, frozen=True, kw_only=True, tag="note.v1"):
    text: str
    pinned: bool = False


class OtherRecord(msgspec.Struct, frozen=True, kw_only=True, tag="other.v1"):
    text: str


class UntaggedRecord(msgspec.Struct):
    text: str


class UnversionedRecord(msgspec.Struct, tag="note"):
    text: str


def test_a_record_survives() -> None:
    """What was written is read."""
    record = NoteRecord(text="é", pinned=True)
    assert decode(encode(record), NoteRecord) == record


def test_older_bytes_read_with_defaults() -> None:
    """A field added later has a default, so that yesterday's bytes still read."""
    old = msgspec.msgpack.encode({"type": "note.v1", "text": "t"})
    assert decode(old, NoteRecord) == NoteRecord(text="t")


def test_another_kind_is_refused() -> None:
    """Reading the wrong key is found out at once."""
    with pytest.raises(msgspec.ValidationError):
        decode(encode(OtherRecord(text="t")), NoteRecord)


@pytest.mark.parametrize("record", [UntaggedRecord(text=""), UnversionedRecord(text="")])
def test_bytes_that_would_not_say_what_they_are(record: msgspec.Struct) -> None:
    """A struct without name and version must not reach the disk."""
    with pytest.raises(AssertionError):
        encode(record)
