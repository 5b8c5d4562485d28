"""What is inside an `aws-chunked` body? Bytes in any pieces, without more memory than one piece.

Each chunk is `SIZE[;chunk-signature=HEX]`, CRLF, its bytes, CRLF; the last has size 0 and is followed by trailing
headers where `x-amz-trailer` announced them. What is handed out of a signed chunk is not yet proven: the signature of a
chunk is compared at its end, so nothing may be kept for good before `finish` has returned.

Source: S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
Chunks", "... Including Trailing Headers", "Error responses".
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from hashlib import sha256
from typing import Final

from pileus.kernel.auth.chunks import ChunkChain
from pileus.kernel.errors import AnyServiceError, ServiceError

CHUNK_BYTES_MIN: Final = 8192
"""Of every chunk but the last with data. Source: S3 API Reference, as above."""
_LINE_BYTES_MAX: Final = 4096
_TRAILER_LINES_MAX: Final = 16
_SIZE_DIGITS_MAX: Final = 16
_SIGNATURE: Final = "chunk-signature="
_TRAILER_SIGNATURE: Final = "x-amz-trailer-signature"
_HEX: Final = frozenset("0123456789abcdefABCDEF")


def incomplete_body() -> ServiceError:
    return AnyServiceError("IncompleteBody", "The request body terminated unexpectedly")


def malformed_trailer() -> ServiceError:
    text = "The request contained trailing data that was not well-formed or did not conform to our published schema."
    return AnyServiceError("MalformedTrailerError", text)


def _short_chunk(number: int, size_bytes: int) -> ServiceError:
    return AnyServiceError(
        "InvalidChunkSizeError",
        f"Only the last chunk is allowed to have a size less than {CHUNK_BYTES_MIN} bytes",
        members={"Chunk": str(number), "BadChunkSize": str(size_bytes)},
    )


class _Expecting(Enum):
    HEAD = "a chunk's size"
    DATA = "a chunk's bytes"
    DATA_END = "the line break after a chunk"
    TRAILER = "a trailing header or the empty line"
    NOTHING = "no more bytes"


class AwsChunkedDecoder:
    """Takes one body apart. Every method raises `ServiceError` (as S3) or `NotAuthentic`; then it is of no more use.

    decoded_bytes: how many bytes are promised inside. trailer_names: lower case, as `x-amz-trailer` announced them.
    chain: None when the chunks are not signed, or when nobody knows with which key.
    signed: whether chunks carry signatures; without a chain they are read and believed.
    """

    def __init__(
        self,
        *,
        decoded_bytes: int,
        trailer_names: Sequence[str] = (),
        chain: ChunkChain | None = None,
        signed: bool = False,
    ) -> None:
        assert decoded_bytes >= 0
        assert signed or chain is None
        self._left_bytes = decoded_bytes
        self._trailer_names = frozenset(trailer_names)
        self._chain = chain
        self._signed = signed
        self._expecting = _Expecting.HEAD
        self._line = bytearray()
        self._chunk_left_bytes = 0
        self._number = 0
        self._short: tuple[int, int] | None = None
        self._digest = sha256()
        self._signature = ""
        self._trailer_lines: list[str] = []
        self._trailer_signature = ""
        self._trailers: dict[str, str] = {}

    @property
    def trailers(self) -> Mapping[str, str]:
        """The trailing headers, by lower-case name; complete once `finish` has returned."""
        return self._trailers

    def feed(self, data: bytes) -> list[bytes]:
        """The next bytes as they came; the bytes inside of them."""
        decoded: list[bytes] = []
        at, end = 0, len(data)
        while at < end:
            if self._expecting is _Expecting.DATA:
                piece = data[at : at + self._chunk_left_bytes]
                at += len(piece)
                self._take(piece)
                decoded.append(piece)
            elif self._expecting is _Expecting.NOTHING:
                raise malformed_trailer() if self._trailer_names else incomplete_body()
            else:
                at = self._read_line(data, at)
        return decoded

    def finish(self) -> None:
        """The body has ended: was it whole?"""
        if self._expecting is _Expecting.TRAILER and not self._trailer_names and not self._line:
            self._end()  # the last line break is missing, which some clients forget
        if self._expecting is not _Expecting.NOTHING:
            raise incomplete_body()

    def _take(self, piece: bytes) -> None:
        if self._chain is not None:
            self._digest.update(piece)
        self._chunk_left_bytes -= len(piece)
        if not self._chunk_left_bytes:
            self._expecting = _Expecting.DATA_END

    def _read_line(self, data: bytes, at: int) -> int:
        """Collects a line, and acts on it when it is whole; where the next byte is."""
        found = data.find(b"\n", at)
        upto = len(data) if found < 0 else found + 1
        if len(self._line) + upto - at > _LINE_BYTES_MAX:
            raise self._malformed()
        self._line += data[at:upto]
        if found >= 0:
            line = self._line.decode("latin-1")
            self._line.clear()
            if line.endswith("\r\n"):
                line = line[:-2]
            elif self._expecting is _Expecting.TRAILER:
                line = line[:-1]  # the examples of S3's page end trailing headers with a bare line feed
            else:
                raise incomplete_body()
            self._act_on(line)
        return upto

    def _malformed(self) -> ServiceError:
        return malformed_trailer() if self._expecting is _Expecting.TRAILER else incomplete_body()

    def _act_on(self, line: str) -> None:
        if self._expecting is _Expecting.HEAD:
            self._open_chunk(line)
        elif self._expecting is _Expecting.DATA_END:
            if line:
                raise incomplete_body()
            self._close_chunk()
            self._expecting = _Expecting.HEAD
        elif line:
            self._add_trailer(line)
        else:
            self._end()

    def _open_chunk(self, line: str) -> None:
        size, _, extension = line.partition(";")
        if not size or len(size) > _SIZE_DIGITS_MAX or not _HEX.issuperset(size):
            raise incomplete_body()
        size_bytes = int(size, 16)
        if self._signed and not extension.startswith(_SIGNATURE):
            raise incomplete_body()
        if size_bytes > self._left_bytes:
            raise incomplete_body()
        if size_bytes and self._short is not None:
            raise _short_chunk(*self._short)
        self._left_bytes -= size_bytes
        self._signature = extension.removeprefix(_SIGNATURE).strip()
        self._number += 1
        if size_bytes:
            if size_bytes < CHUNK_BYTES_MIN:
                self._short = self._number, size_bytes  # forgiven to the last one
            self._chunk_left_bytes = size_bytes
            self._expecting = _Expecting.DATA
            return
        if self._left_bytes:
            raise incomplete_body()
        self._close_chunk()
        self._expecting = _Expecting.TRAILER

    def _close_chunk(self) -> None:
        if self._chain is not None:
            self._chain.chunk(payload_sha256=self._digest.hexdigest(), signature=self._signature)
            self._digest = sha256()

    def _add_trailer(self, line: str) -> None:
        name, colon, text = line.partition(":")
        name = name.strip().lower()
        if not colon or len(self._trailer_lines) >= _TRAILER_LINES_MAX:
            raise malformed_trailer()
        if self._trailer_signature:
            raise malformed_trailer()
        if name == _TRAILER_SIGNATURE and self._signed:
            self._trailer_signature = text.strip()
            return
        if name not in self._trailer_names or name in self._trailers:
            raise malformed_trailer()
        self._trailers[name] = text.strip()
        self._trailer_lines.append(f"{name}:{text.strip()}\n")

    def _end(self) -> None:
        if self._trailers.keys() != self._trailer_names:
            raise malformed_trailer()
        if self._signed and self._trailer_names:
            if not self._trailer_signature:
                return  # S3's page puts an empty line before the signature
            if self._chain is not None:
                signed = sha256("".join(self._trailer_lines).encode("latin-1")).hexdigest()
                self._chain.trailer(trailer_sha256=signed, signature=self._trailer_signature)
        self._expecting = _Expecting.NOTHING
