"""How does a tuple become a key that sorts as the tuple does?

The encoding is FoundationDB's tuple layer, reduced to what we use: each part is one type byte and its content, chosen
so that comparing the bytes compares the parts, and a tuple sorts before every longer one that it begins.

    None < bytes < str (by code point) < int < False < True

Text and bytes end with 00, and a 00 inside becomes 00 FF; no type byte is FF, so an end is never mistaken. An integer's
type byte says its sign and length. Source: FoundationDB, "design/tuple.md".
"""

from collections.abc import Callable
from typing import Final

Part = str | bytes | int | None
"""What a key consists of; `bool` is one too, and differs from 0 and 1."""

_NONE: Final = 0x00
_BYTES: Final = 0x01
_STR: Final = 0x02
_INT_NEGATIVE_LONG: Final = 0x0B
_INT_ZERO: Final = 0x14
_INT_POSITIVE_LONG: Final = 0x1D
_FALSE: Final = 0x26
_TRUE: Final = 0x27

_INT_SHORT_BYTES_MAX: Final = 8
_INT_BYTES_MAX: Final = 255


def after(key: bytes) -> bytes:
    """The smallest key that is greater than `key`: where a page continues."""
    return key + b"\x00"


def _encode_int(value: int) -> bytes:
    if value == 0:
        return b"\x14"
    size = (abs(value).bit_length() + 7) // 8
    if size > _INT_BYTES_MAX:
        raise ValueError("an integer in a key has at most 255 bytes")
    if value > 0:
        head = bytes((_INT_ZERO + size,)) if size <= _INT_SHORT_BYTES_MAX else bytes((_INT_POSITIVE_LONG, size))
        return head + value.to_bytes(size, "big")
    head = bytes((_INT_ZERO - size,)) if size <= _INT_SHORT_BYTES_MAX else bytes((_INT_NEGATIVE_LONG, size ^ 0xFF))
    return head + (value + (1 << 8 * size) - 1).to_bytes(size, "big")


def _encode_str(value: str) -> bytes:
    return b"\x02" + value.encode().replace(b"\x00", b"\x00\xff") + b"\x00"


def _encode_bytes(value: bytes) -> bytes:
    return b"\x01" + value.replace(b"\x00", b"\x00\xff") + b"\x00"


def _encode(part: Part) -> bytes:
    if isinstance(part, str):
        return _encode_str(part)
    if isinstance(part, bytes):
        return _encode_bytes(part)
    if part is None:
        return b"\x00"
    if isinstance(part, bool):
        return b"\x27" if part else b"\x26"
    return _encode_int(part)


_SMALL: Final = {value: _encode_int(value) for value in range(1024)}


def _decode_text(key: bytes, at: int) -> tuple[bytes, int]:
    """The unescaped content that starts at `at`, and where the next part begins."""
    end = at
    while True:
        end = key.index(0, end)
        if key[end + 1 : end + 2] != b"\xff":
            return key[at:end].replace(b"\x00\xff", b"\x00"), end + 1
        end += 2


def _decode_int(key: bytes, at: int) -> tuple[int, int]:
    code = key[at]
    at += 1
    negative = code < _INT_ZERO
    if code == _INT_POSITIVE_LONG:
        size, at = key[at], at + 1
    elif code == _INT_NEGATIVE_LONG:
        size, at = key[at] ^ 0xFF, at + 1
    else:
        size = abs(code - _INT_ZERO)
    content = key[at : at + size]
    if len(content) != size:
        raise ValueError("the key ends inside an integer")
    value = int.from_bytes(content, "big")
    return (value - (1 << 8 * size) + 1 if negative else value), at + size


def _decode(key: bytes, at: int) -> tuple[Part, int]:
    code = key[at]
    if code == _STR:
        text, at = _decode_text(key, at + 1)
        return text.decode(), at
    if code == _BYTES:
        return _decode_text(key, at + 1)
    if _INT_NEGATIVE_LONG <= code <= _INT_POSITIVE_LONG:
        return _decode_int(key, at)
    if code == _NONE:
        return None, at + 1
    if code in {_FALSE, _TRUE}:
        return code == _TRUE, at + 1
    raise ValueError(f"no part of a key begins with {code:#04x}")


def _successor(prefix: bytes) -> bytes:
    """The smallest key that is greater than all keys which begin with `prefix`; `prefix` holds a byte below FF."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes((stem[-1] + 1,))


class Subspace:
    """All keys that begin with the same parts.

    prefix: those parts, encoded. Integers have at most 255 bytes; text is valid Unicode (`UnicodeEncodeError`).
    """

    __slots__ = ("prefix",)

    def __init__(self, *parts: Part) -> None:
        self.prefix: Final = b"".join(map(_encode, parts))

    def pack(self, *parts: Part, _small: Callable[[int], bytes | None] = _SMALL.get) -> bytes:
        """The key of these parts, below this subspace's own."""
        key = self.prefix
        for part in parts:
            # The four lines that follow are `_encode` for the frequent types, without a call each (0.5 us a key).
            if type(part) is str:
                key += b"\x02" + part.encode().replace(b"\x00", b"\x00\xff") + b"\x00"
            elif type(part) is int:
                key += _small(part) or _encode_int(part)
            else:
                key += _encode(part)
        return key

    def unpack(self, key: bytes) -> tuple[Part, ...]:
        """The parts of `key` below this subspace; `ValueError` when it is not such a key."""
        if not key.startswith(self.prefix):
            raise ValueError("the key lies outside of the subspace")
        parts: list[Part] = []
        at = len(self.prefix)
        while at < len(key):
            part, at = _decode(key, at)
            parts.append(part)
        return tuple(parts)

    def range(self, *parts: Part) -> tuple[bytes, bytes]:
        """Begin and end of all keys with at least one part more than these; the key of just these is not in it."""
        key = self.pack(*parts)
        return key + b"\x00", key + b"\xff"

    def range_starting(self, *parts: Part, prefix: str | bytes) -> tuple[bytes, bytes]:
        """Begin and end of all keys whose part after `parts` is of `prefix`'s type and starts with it."""
        begin = self.pack(*parts) + _encode(prefix)[:-1]
        return begin, _successor(begin)

    def subspace(self, *parts: Part) -> "Subspace":
        """The keys below these parts."""
        below = Subspace.__new__(Subspace)
        below.prefix = self.pack(*parts)  # type: ignore[misc]  # a second constructor: set once, here
        return below
