"""Which values does a JSON file have? Bytes in pieces to trees.

A document is one value or several, one after the other. Where the query asks for the elements of a list at the root
(`S3Object[*][*]`), each element is read by itself, so that the list is never whole in memory.

Source: S3 API Reference, "JSONInput"; S3 User Guide, "SELECT command".
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import msgspec

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.job import RECORD_CHARS_MAX

VALUE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of one value at the root whose parts are the records; ours."""
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{\]}]|[^\s"\[\]{},:]+|"', re.DOTALL)
_MARK: Final = b"\xef\xbb\xbf"
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)


def _value(data: bytes) -> object:
    try:
        value: object = _decoder.decode(data)
    except UnicodeDecodeError:
        raise SelectError("InvalidTextEncoding") from None
    except (msgspec.DecodeError, RecursionError, ArithmeticError):
        raise SelectError("JSONParsingError") from None
    return value


def json_lines(pieces: Iterable[bytes]) -> Iterator[list[object]]:
    """The values of each piece. Raises `SelectError`."""
    rest = b""
    for piece in _unmarked(pieces):
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        if len(rest) > 4 * RECORD_CHARS_MAX or max(map(len, lines), default=0) > 4 * RECORD_CHARS_MAX:
            raise SelectError("OverMaxRecordSize")
        yield [_value(line) for line in lines if line and not line.isspace()]
    if rest.strip():
        yield [_value(rest)]


def _unmarked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Without the mark of UTF-8 that some editors put before all."""
    source = iter(pieces)
    first = b""
    for piece in source:
        first += piece
        if len(first) >= len(_MARK):
            break
    yield first.removeprefix(_MARK)
    yield from source


def json_documents(pieces: Iterable[bytes], *, elements: bool) -> Iterator[list[tuple[object, bool]]]:
    """Values, each with whether it is an element of a list at the root. Raises `SelectError`."""
    scanner = _Scanner(elements=elements)
    for piece in _unmarked(pieces):
        yield list(scanner.feed(piece))
    yield list(scanner.finish())


class _Scanner:
    """Finds where values begin and end, by brackets and strings alone; what is between is the decoder's to judge."""

    def __init__(self, *, elements: bool) -> None:
        self._elements = elements
        self._buffer = b""
        self._at = 0
        self._depth = 0
        self._base = 0
        self._start = 0

    def feed(self, data: bytes, *, last: bool = False) -> Iterator[tuple[object, bool]]:
        self._buffer += data
        for token in _TOKEN.finditer(self._buffer, self._at):
            text = token.group()
            if text == b'"' or (token.end() == len(self._buffer) and not last and text not in b"[]{}"):
                break  # it may go on in the next piece
            self._at = token.end()
            if self._ends_a_value(token.start(), text):
                yield _value(self._buffer[self._start : self._at]), self._base == 1
        else:
            self._at = len(self._buffer)
        kept = self._start if self._depth > self._base else self._at
        self._buffer = self._buffer[kept:]
        self._at -= kept
        self._start -= kept
        if len(self._buffer) > VALUE_BYTES_MAX:
            raise SelectError("OverMaxRecordSize")

    def _ends_a_value(self, at: int, text: bytes) -> bool:
        if text in {b"[", b"{"}:
            if self._depth == 0 and text == b"[" and self._elements:
                self._base = 1
            elif self._depth == self._base:
                self._start = at
            self._depth += 1
            return False
        if text in {b"]", b"}"}:
            self._depth -= 1
            if self._depth < 0:
                raise SelectError("JSONParsingError")
            if self._depth < self._base:
                self._base = 0
                return False
            return self._depth == self._base
        if self._depth == self._base:
            self._start = at
            return True
        return False

    def finish(self) -> Iterator[tuple[object, bool]]:
        yield from self.feed(b"", last=True)
        if self._depth or self._buffer[self._at :].strip():
            raise SelectError("JSONParsingError")
