"""Event streams are framed as botocore reads them, and come apart however they arrive."""

import struct
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.wire.event_stream import (
    HEADERS_BYTES_MAX,
    EventStreamDecoder,
    HeaderValue,
    Int8,
    Int16,
    Int32,
    Int64,
    MalformedMessage,
    Message,
    decode_message,
    encode,
    encode_headers,
)

MOMENT = datetime(2026, 11, 23, 14, 30, 0, 123_000, tzinfo=UTC)
ALL_TYPES: dict[str, HeaderValue] = {
    "yes": True,
    "no": False,
    "byte": Int8(-128),
    "short": Int16(-32768),
    "integer": Int32(-(2**31)),
    "long": Int64(2**63 - 1),
    "bytes": b"\x00\xff",
    "text": "h\u00e9llo",
    "moment": MOMENT,
    "uuid": UUID(int=0x0123456789ABCDEF0123456789ABCDEF),
}

_VALUES = st.one_of(
    st.booleans(),
    st.integers(-128, 127).map(Int8),
    st.integers(-(2**15), 2**15 - 1).map(Int16),
    st.integers(-(2**31), 2**31 - 1).map(Int32),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.binary(max_size=60),
    st.text(max_size=20).filter(lambda text: text.isprintable()),
    st.integers(0, 2**41).map(lambda ms: datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)),
    st.uuids(),
)
_NAMES = st.text("abcdefghij:-", min_size=1, max_size=12)
_MESSAGES = st.builds(Message, st.dictionaries(_NAMES, _VALUES, max_size=5), st.binary(max_size=200))


def read(data: bytes) -> list[Message]:
    decoder = EventStreamDecoder()
    messages = list(decoder.feed(data))
    decoder.finish()
    return messages


def as_botocore_has_it(value: HeaderValue) -> object:
    """botocore leaves moments and UUIDs as they are on the wire."""
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    return value.bytes if isinstance(value, UUID) else value


def read_by_botocore(data: bytes) -> list[tuple[dict[str, object], bytes]]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [(message.headers, message.payload) for message in buffer]


def test_a_message_by_hand() -> None:
    """The empty message's bytes, as every implementation of this framing has them in its tests."""
    assert encode(Message({}, b"")).hex() == "000000100000000005c248eb7d98c8ff"


@given(messages=st.lists(_MESSAGES, max_size=4))
@settings(max_examples=80, deadline=None)
def test_botocore_reads_what_we_write(messages: list[Message]) -> None:
    """The oracle is the reader that most of our users have; and we read it too, types included."""
    data = b"".join(encode(message) for message in messages)
    assert read_by_botocore(data) == [
        ({name: as_botocore_has_it(value) for name, value in message.headers.items()}, message.payload)
        for message in messages
    ]
    found = read(data)
    assert found == messages
    for message, original in zip(found, messages, strict=True):
        assert [type(value) for value in message.headers.values()] == [
            type(value) for value in original.headers.values()
        ]


@given(messages=st.lists(_MESSAGES, min_size=1, max_size=3), cuts=st.lists(st.integers(0, 700), max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_pieces(messages: list[Message], cuts: list[int]) -> None:
    """Where the network cuts is nobody's choice."""
    data = b"".join(encode(message) for message in messages)
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    decoder = EventStreamDecoder()
    assert [message for a, b in pairwise(at) for message in decoder.feed(data[a:b])] == messages
    decoder.finish()


def test_a_message_comes_with_its_last_byte() -> None:
    """One byte at a time; no message waits for the next one to begin."""
    decoder = EventStreamDecoder()
    message = Message(ALL_TYPES, b"payload")
    data = encode(message) * 2
    arrived = [at for at in range(len(data)) for _ in decoder.feed(data[at : at + 1])]
    assert arrived == [len(data) // 2 - 1, len(data) - 1]


@given(at=st.integers(0, len(encode(Message(ALL_TYPES, b"payload"))) - 1), flip=st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_one_altered_byte_is_always_noticed(at: int, flip: int) -> None:
    """Both checksums together leave no byte out."""
    data = bytearray(encode(Message(ALL_TYPES, b"payload")))
    data[at] ^= flip
    with pytest.raises(MalformedMessage):
        read(bytes(data))


def test_every_cut_is_noticed() -> None:
    """A stream may end between messages only."""
    data = encode(Message(ALL_TYPES, b"payload"))
    for cut in range(1, len(data)):
        with pytest.raises(MalformedMessage):
            read(data[:cut])


def test_plain_numbers() -> None:
    """A number without a width takes four bytes, or eight."""
    found = decode_message(encode(Message({"small": 7, "large": 2**40}, b""))).headers
    assert [type(value) for value in found.values()] == [Int32, Int64]


def framed(headers: bytes, payload: bytes = b"") -> bytes:
    """A message around bytes that are no headers, with proper checksums."""
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return body + struct.pack(">I", crc32(body))


@pytest.mark.parametrize(
    "headers",
    [
        b"\x00\x00",  # no name
        b"\x01a",  # no type
        b"\x01a\x0a",  # no such type
        b"\x01a\x04\x00",  # half a number
        b"\x01a\x07\x00\x05ab",  # half a text
        b"\x01a\x07\x00\x01\xff",  # no UTF-8
        b"\x01\xff\x00",
        b"\x01a\x00\x01a\x00",  # twice the same
        b"\x01a\x08" + b"\x7f" * 8,  # a moment that no calendar reaches
        b"\x05a\x00",
    ],
)
def test_malformed_headers(headers: bytes) -> None:
    """Checksums prove that bytes are as sent, not that they were sensible."""
    with pytest.raises(MalformedMessage):
        read(framed(headers))


def test_limits() -> None:
    """A length is believed only within the limits, and refused before the bytes have come."""

    def prelude(total_bytes: int, headers_bytes: int) -> bytes:
        lengths = struct.pack(">II", total_bytes, headers_bytes)
        return lengths + struct.pack(">I", crc32(lengths))

    for total_bytes, headers_bytes in (
        (16 + HEADERS_BYTES_MAX + 1, HEADERS_BYTES_MAX + 1),
        (16 + 24 * 1024 * 1024 + 1, 0),
        (15, 0),
        (20, 5),
        (0, 0),
        (0xFFFFFFFF, 0),
    ):
        with pytest.raises(MalformedMessage):
            list(EventStreamDecoder().feed(prelude(total_bytes, headers_bytes)))
    small = EventStreamDecoder(payload_bytes_max=10)
    assert len(list(small.feed(encode(Message({}, b"1234567890"))))) == 1
    with pytest.raises(MalformedMessage):
        list(small.feed(encode(Message({}, b"12345678901"))))


def test_the_header_that_events_are_signed_with() -> None:
    """`:date` as bytes: the length of its name, its name, type 8, milliseconds."""
    assert encode_headers({":date": MOMENT}) == b"\x05:date\x08" + round(MOMENT.timestamp() * 1000).to_bytes(8)
