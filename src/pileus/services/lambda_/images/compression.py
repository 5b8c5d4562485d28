"""How is a compressed layer read as it comes?

By its first bytes, since media types are only claims: gzip, Zstandard, or not at all. What is read is as much as was
asked for and no more, however far a few bytes would go. Zstandard needs Python 3.14, or the package `zstandard`
(`pip install pileus[images]`).
"""

import importlib
import zlib
from typing import Any, Final

from pileus.services.lambda_.images.repositories import Readable

_GZIP: Final = b"\x1f\x8b"
_ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
_READ_BYTES: Final = 64 * 1024
_WINDOW_LOG_MAX: Final = 27
"""128 MiB, which is what `zstd` itself makes and reads unless it is told otherwise."""


class Damaged(Exception):
    """It cannot be decompressed."""


class CannotDecompress(Exception):
    """This Python cannot; says what would help."""


def decompressed(compressed: Readable) -> Readable:
    """What the bytes are when they are unpacked; Damaged while reading, CannotDecompress."""
    begun = _Begun(compressed)
    if begun.first.startswith(_GZIP):
        return _Gunzipped(begun)
    if begun.first.startswith(_ZSTANDARD):
        return _zstandard(begun)
    return begun


def zstandard_module() -> str:
    """What reads Zstandard here, '' for nothing."""
    for name in ("compression.zstd", "zstandard"):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        return name
    return ""


class _Begun:
    """Whose first bytes have been looked at."""

    def __init__(self, readable: Readable) -> None:
        self._readable = readable
        self.first = self._left = _exactly(readable, len(_ZSTANDARD))

    def read(self, size: int = -1, /) -> bytes:
        left, self._left = self._left, b""
        if size < 0:
            return left + self._readable.read()
        if left:
            self._left = left[size:]
            return left[:size]
        return self._readable.read(size)


class _Gunzipped:
    """Of one or several gzip members, as zeros may follow them."""

    def __init__(self, readable: Readable) -> None:
        self._readable = readable
        self._unzip = zlib.decompressobj(wbits=31)
        self._input = b""
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        assert size > 0, "never all at once"
        try:
            return self._read(size)
        except zlib.error as wrong:
            raise Damaged(str(wrong)) from None

    def _read(self, size: int) -> bytes:
        while not self._ended:
            if not self._input:
                self._input = self._readable.read(_READ_BYTES)
            if self._unzip.eof and not self._next_member():
                break
            had, data = bool(self._input), self._unzip.decompress(self._input, size)
            if not had and not data and not self._unzip.eof:
                raise Damaged("it ends too soon")
            self._input = self._unzip.unconsumed_tail or self._unzip.unused_data
            if data:
                return data
        return b""

    def _next_member(self) -> bool:
        while not self._input.strip(b"\0"):
            self._input = self._readable.read(_READ_BYTES)
            if not self._input:
                self._ended = True
                return False
        self._input = self._input.lstrip(b"\0")
        self._unzip = zlib.decompressobj(wbits=31)
        return True


def _zstandard(readable: Readable) -> Readable:
    name = zstandard_module()
    if not name:
        raise CannotDecompress("layers in Zstandard need Python 3.14 or `pip install pileus[images]`")
    module: Any = importlib.import_module(name)
    if name == "zstandard":
        unzip = module.ZstdDecompressor(max_window_size=1 << _WINDOW_LOG_MAX)
        return _Guarded(unzip.stream_reader(readable, read_size=_READ_BYTES, read_across_frames=True), module.ZstdError)
    options = {module.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX}
    return _Guarded(module.ZstdFile(readable, options=options), module.ZstdError)


class _Guarded:
    """Whose errors are ours."""

    def __init__(self, opened: Any, failure: type[Exception]) -> None:
        self._opened = opened
        self._failure = failure

    def read(self, size: int = -1, /) -> bytes:
        try:
            data: bytes = self._opened.read(size)
        except (self._failure, EOFError) as wrong:
            raise Damaged(str(wrong)) from None
        return data


def _exactly(readable: Readable, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := readable.read(size - len(data))):
        data += more
    return data
