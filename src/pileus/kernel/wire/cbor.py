"""How do builtins become CBOR and back? The part of it that AWS's services and clients use.

Read: integers of 64 bits, byte and text strings, arrays, maps with texts as keys, floats of each width, simple values,
definite and indefinite lengths, tag 1 (a moment). Written: the shortest integers, floats of 64 bits, definite lengths.
Every other tag is refused: a general library would make of them objects that no model asks for, and shared references
that contain themselves.

Source: RFC 8949; Smithy specification, "Smithy RPC v2 CBOR".
"""

import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_DEPTH_MAX: Final = 128
_INDEFINITE: Final = 31
_BREAK: Final = object()
_SIMPLE: Final[Mapping[int, object]] = {20: False, 21: True, 22: None, 23: None}
_FLOATS: Final = {25: struct.Struct(">e"), 26: struct.Struct(">f")}
_read_double: Final = struct.Struct(">d").unpack_from
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_pack_double: Final = struct.Struct(">Bd").pack
_pack_8: Final = struct.Struct(">BB").pack
_pack_16: Final = struct.Struct(">BH").pack
_pack_32: Final = struct.Struct(">BI").pack
_pack_64: Final = struct.Struct(">BQ").pack


class NotCbor(ValueError):
    """Bytes that are not one value of the part of CBOR that we read."""


def decode(data: bytes) -> Any:
    """The one value in `data`; raises `NotCbor`."""
    reader = _Reader(data)
    try:
        value = reader.value(0)
    except (IndexError, struct.error):
        raise NotCbor("truncated") from None
    except UnicodeDecodeError:
        raise NotCbor("a text that is not UTF-8") from None
    if value is _BREAK or reader.at != len(data):
        raise NotCbor("unexpected end of a collection, or bytes after the value")
    return value


class _Reader:
    """A place in bytes. Beyond their end, every method raises IndexError, struct.error or `NotCbor`."""

    __slots__ = ("_data", "at")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def value(self, depth: int) -> Any:
        first = self._data[self.at]
        if 0x60 <= first < 0x78:  # a short text, which most values are, and nearly every key
            start = self.at + 1
            self.at = end = start + first - 0x60
            if end > len(self._data):
                raise NotCbor("truncated")
            return str(self._data[start:end], "utf-8")
        self.at += 1
        if first == 0xFB:
            self.at += 8
            return _read_double(self._data, self.at - 8)[0]
        return self._rarer(first >> 5, first & 31, depth)

    def _rarer(self, major: int, info: int, depth: int) -> Any:
        if major == 7:
            return self._simple(info)
        if depth > _DEPTH_MAX:
            raise NotCbor("nested too deeply")
        if info == _INDEFINITE:
            return self._indefinite(major, depth)
        count = info if info < 24 else self._argument(info)
        if major == 5:
            return self._map(count, depth)
        if major == 4:
            return self._list(count, depth)
        if major == 0:
            return count
        if major == 1:
            return -1 - count
        if major == 3:
            return str(self._take(count), "utf-8")
        return self._take(count) if major == 2 else self._tagged(count, depth)

    def _argument(self, info: int) -> int:
        if info > 27:
            raise NotCbor("a reserved length")
        return int.from_bytes(self._take(1 << info - 24), "big")

    def _take(self, count: int) -> bytes:
        start = self.at
        self.at = end = start + count
        if end > len(self._data):
            raise NotCbor("truncated")
        return self._data[start:end]

    def _list(self, count: int, depth: int) -> list[Any]:
        if count > len(self._data) - self.at:  # each element has a byte at least
            raise NotCbor("truncated")
        items = [self.value(depth + 1) for _ in range(count)]
        if _BREAK in items:
            raise NotCbor("unexpected end of a collection")
        return items

    def _map(self, count: int, depth: int) -> dict[str, Any]:
        if count > len(self._data) - self.at:
            raise NotCbor("truncated")
        found: dict[str, Any] = {}
        value, depth = self.value, depth + 1
        for _ in range(count):
            key = value(depth)
            if type(key) is not str:
                raise NotCbor("a key is no text")
            found[key] = value(depth)
        if _BREAK in found.values():
            raise NotCbor("unexpected end of a collection")
        return found

    def _indefinite(self, major: int, depth: int) -> Any:
        if major in {2, 3}:
            parts: list[Any] = []
            while (part := self.value(depth + 1)) is not _BREAK:
                if type(part) is not (bytes if major == 2 else str):
                    raise NotCbor("a string of mixed parts")
                parts.append(part)
            return b"".join(parts) if major == 2 else "".join(parts)
        if major == 4:
            items: list[Any] = []
            while (item := self.value(depth + 1)) is not _BREAK:
                items.append(item)
            return items
        if major == 5:
            found: dict[str, Any] = {}
            while (key := self.value(depth + 1)) is not _BREAK:
                if type(key) is not str:
                    raise NotCbor("a key is no text")
                found[key] = held = self.value(depth + 1)
                if held is _BREAK:
                    raise NotCbor("unexpected end of a collection")
            return found
        raise NotCbor("an integer or tag without length")

    def _simple(self, info: int) -> object:
        if info == _INDEFINITE:
            return _BREAK
        if info in _SIMPLE:
            return _SIMPLE[info]
        form = _FLOATS.get(info)
        if form is None:
            raise NotCbor("an unknown simple value")
        return form.unpack(self._take(form.size))[0]

    def _tagged(self, tag: int, depth: int) -> datetime:
        value = self.value(depth + 1)
        if tag != 1 or type(value) not in {int, float}:
            raise NotCbor("a tag that no model asks for")
        try:
            return _EPOCH + timedelta(seconds=value)
        except (OverflowError, ValueError):
            raise NotCbor("a moment out of range") from None


def encode(value: object) -> bytes:
    """A tree of builtins and aware datetimes."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _write(out: bytearray, value: object) -> None:
    kind = type(value)
    if kind is str:
        data = value.encode(errors="replace")  # type: ignore[attr-defined]  # the exact type was looked at
        _head(out, 0x60, len(data))
        out += data
    elif kind is dict:
        _head(out, 0xA0, len(value))  # type: ignore[arg-type]
        for key, held in value.items():  # type: ignore[attr-defined]
            _write(out, key)
            _write(out, held)
    elif kind is list:
        _head(out, 0x80, len(value))  # type: ignore[arg-type]
        for item in value:  # type: ignore[attr-defined]
            _write(out, item)
    elif kind is float:
        out += _pack_double(0xFB, value)
    elif value is None or kind is bool:
        out.append(0xF6 if value is None else 0xF5 if value else 0xF4)
    else:
        _write_rarer(out, value)


def _write_rarer(out: bytearray, value: object) -> None:
    if isinstance(value, int):
        _head(out, 0x00, value) if value >= 0 else _head(out, 0x20, -1 - value)
    elif isinstance(value, bytes):
        _head(out, 0x40, len(value))
        out += value
    elif isinstance(value, datetime):
        out.append(0xC1)
        out += _pack_double(0xFB, round(value.timestamp(), 3))
    else:
        raise TypeError(f"no CBOR for {type(value).__name__}")


def _head(out: bytearray, major: int, count: int) -> None:
    if count < 24:
        out.append(major | count)
    elif count < 1 << 8:
        out += _pack_8(major | 24, count)
    elif count < 1 << 16:
        out += _pack_16(major | 25, count)
    elif count < 1 << 32:
        out += _pack_32(major | 26, count)
    else:
        out += _pack_64(major | 27, count)
