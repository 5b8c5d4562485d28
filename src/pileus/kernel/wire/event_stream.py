"""How are messages framed in `application/vnd.amazon.eventstream`? Bytes in any pieces to messages, and back.

A message: total length, headers' length, CRC32 of these two; headers; payload; CRC32 of all before it. A header: the
length of its name, its name, its type, its value. Whoever feeds a decoder gets each message as soon as it is whole.

Source: Amazon Transcribe Developer Guide, "Event stream encoding"; Smithy specification, "Amazon Event Stream".
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zlib import crc32

HEADERS_BYTES_MAX: Final = 128 * 1024
PAYLOAD_BYTES_MAX: Final = 24 * 1024 * 1024
"""What botocore reads at most."""
_NAME_BYTES_MAX: Final = 255
_VALUE_BYTES_MAX: Final = 0x7FFF
_PRELUDE: Final = struct.Struct(">III")
_CRC: Final = struct.Struct(">I")
_FRAME_BYTES: Final = _PRELUDE.size + _CRC.size
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Int8(int):
    """A number that travels in one byte."""


class Int16(int):
    """... in two."""


class Int32(int):
    """... in four."""


class Int64(int):
    """... in eight."""


HeaderValue = bool | int | bytes | str | datetime | UUID
"""A plain number is written in four bytes where it fits, else in eight."""
_INTEGERS: Final[Mapping[int, tuple[type[int], struct.Struct]]] = {
    2: (Int8, struct.Struct(">b")),
    3: (Int16, struct.Struct(">h")),
    4: (Int32, struct.Struct(">i")),
    5: (Int64, struct.Struct(">q")),
}
_TYPE_OF_INTEGER: Final = {kind: code for code, (kind, _) in _INTEGERS.items()}
_TRUE, _FALSE, _BYTES, _STRING, _MOMENT, _UUID = 0, 1, 6, 7, 8, 9


class MalformedMessage(ValueError):
    """Bytes that are no message; nothing after them can be understood."""


class Message(NamedTuple):
    """One message, whole and unharmed."""

    headers: Mapping[str, HeaderValue]
    payload: bytes


def encode(message: Message) -> bytes:
    """The message as bytes. Too long a header or payload is our own mistake."""
    headers = encode_headers(message.headers)
    assert len(headers) <= HEADERS_BYTES_MAX
    assert len(message.payload) <= PAYLOAD_BYTES_MAX
    total_bytes = _FRAME_BYTES + len(headers) + len(message.payload)
    lengths = struct.pack(">II", total_bytes, len(headers))
    body = b"".join((lengths, _CRC.pack(crc32(lengths)), headers, message.payload))
    return body + _CRC.pack(crc32(body))


def encode_headers(headers: Mapping[str, HeaderValue]) -> bytes:
    return b"".join(_header(name, value) for name, value in headers.items())


def _header(name: str, value: HeaderValue) -> bytes:
    raw = name.encode()
    assert 0 < len(raw) <= _NAME_BYTES_MAX
    return bytes((len(raw),)) + raw + _value(value)


def _value(value: HeaderValue) -> bytes:
    if isinstance(value, bool):
        return bytes((_TRUE if value else _FALSE,))
    if isinstance(value, int):
        code = _TYPE_OF_INTEGER.get(type(value)) or (4 if -(1 << 31) <= value < 1 << 31 else 5)
        return bytes((code,)) + _INTEGERS[code][1].pack(value)
    if isinstance(value, bytes):
        return _sized(_BYTES, value)
    if isinstance(value, str):
        return _sized(_STRING, value.encode(errors="replace"))
    if isinstance(value, datetime):
        return struct.pack(">Bq", _MOMENT, (value - _EPOCH) // timedelta(milliseconds=1))
    return bytes((_UUID,)) + value.bytes


def _sized(code: int, raw: bytes) -> bytes:
    assert len(raw) <= _VALUE_BYTES_MAX
    return struct.pack(">BH", code, len(raw)) + raw


class EventStreamDecoder:
    """Finds the messages in bytes. Every method raises `MalformedMessage`; then it is of no more use.

    payload_bytes_max: of each message; a longer one is refused when its length is read, before its bytes are kept.
    """

    def __init__(self, *, payload_bytes_max: int = PAYLOAD_BYTES_MAX) -> None:
        self._payload_bytes_max = payload_bytes_max
        self._buffer = bytearray()
        self._total_bytes = 0
        self._headers_bytes = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that these bytes complete. All of them must be taken."""
        self._buffer += data
        while self._begun() and len(self._buffer) >= self._total_bytes:
            yield self._message()

    def finish(self) -> None:
        """The bytes have ended: not within a message?"""
        if self._buffer:
            raise MalformedMessage("the stream ends within a message")

    def _begun(self) -> bool:
        """Whether the length of the next message is known."""
        if self._total_bytes:
            return True
        if len(self._buffer) < _PRELUDE.size:
            return False
        total_bytes, headers_bytes, crc = _PRELUDE.unpack_from(self._buffer)
        if crc32(self._buffer[:8]) != crc:
            raise MalformedMessage("the checksum of the prelude does not match")
        payload_bytes = total_bytes - headers_bytes - _FRAME_BYTES
        if headers_bytes > HEADERS_BYTES_MAX:
            raise MalformedMessage(f"headers of {headers_bytes} bytes, of {HEADERS_BYTES_MAX} allowed")
        if payload_bytes < 0:
            raise MalformedMessage("the lengths contradict each other")
        if payload_bytes > self._payload_bytes_max:
            raise MalformedMessage(f"a payload of {payload_bytes} bytes, of {self._payload_bytes_max} allowed")
        self._total_bytes, self._headers_bytes = total_bytes, headers_bytes
        return True

    def _message(self) -> Message:
        end = self._total_bytes - _CRC.size
        raw = bytes(self._buffer[:end])
        (crc,) = _CRC.unpack_from(self._buffer, end)
        if crc32(raw) != crc:
            raise MalformedMessage("the checksum of the message does not match")
        headers_end = _PRELUDE.size + self._headers_bytes
        message = Message(decode_headers(raw[_PRELUDE.size : headers_end]), raw[headers_end:])
        del self._buffer[: self._total_bytes]
        self._total_bytes = 0
        return message


def decode_message(data: bytes) -> Message:
    """The one message that `data` is; raises `MalformedMessage`."""
    decoder = EventStreamDecoder()
    messages = list(decoder.feed(data))
    decoder.finish()
    if len(messages) != 1:
        raise MalformedMessage("not one message")
    return messages[0]


def decode_headers(data: bytes) -> dict[str, HeaderValue]:
    """Raises `MalformedMessage`."""
    headers: dict[str, HeaderValue] = {}
    reader = _Reader(data)
    while reader.left:
        name = reader.text(reader.take(1)[0])
        if not name or name in headers:
            raise MalformedMessage("a header without a name, or twice the same")
        headers[name] = reader.value()
    return headers


class _Reader:
    """A place in the bytes of headers."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise MalformedMessage("the headers end within one")
        self._at += count
        return taken

    def text(self, count: int) -> str:
        try:
            return self.take(count).decode()
        except UnicodeDecodeError:
            raise MalformedMessage("a header's text is no UTF-8") from None

    def value(self) -> HeaderValue:
        code = self.take(1)[0]
        if code in {_TRUE, _FALSE}:
            return code == _TRUE
        if code in _INTEGERS:
            kind, form = _INTEGERS[code]
            return kind(form.unpack(self.take(form.size))[0])
        if code == _BYTES:
            return self.take(self._length())
        if code == _STRING:
            return self.text(self._length())
        if code == _MOMENT:
            return self._moment()
        if code == _UUID:
            return UUID(bytes=self.take(16))
        raise MalformedMessage(f"a header of the unknown type {code}")

    def _length(self) -> int:
        return int.from_bytes(self.take(2))

    def _moment(self) -> datetime:
        try:
            return _EPOCH + timedelta(milliseconds=int.from_bytes(self.take(8), signed=True))
        except OverflowError:
            raise MalformedMessage("a moment that no calendar reaches") from None
