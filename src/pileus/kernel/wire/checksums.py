"""Did the body arrive as it was sent? The checksums that clients send along, in headers or behind the body.

`x-amz-checksum-ALGORITHM` holds the checksum in base64, as a header or, announced by `x-amz-trailer`, behind an
`aws-chunked` body; `Content-MD5` is the older way. What AWS has beyond the algorithms here (SHA-512, MD5 in that
header, XXHash) is answered with NotImplemented.

Source: S3 User Guide, "Checking object integrity"; recordings s3/s3, test_s3_checksum_*, for the texts, and the texts
that clients' test suites have seen on AWS.
"""

import binascii
import hashlib
import zlib
from base64 import b64decode
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Protocol

from pileus.kernel.errors import AnyServiceError, NotImplementedByPileus, ServiceError
from pileus.kernel.wire.aws_chunked import malformed_trailer

PREFIX: Final = "x-amz-checksum-"
_NO_CHECKSUMS: Final = frozenset({f"{PREFIX}algorithm", f"{PREFIX}mode", f"{PREFIX}type"})
_ABSENT: Final = frozenset({"sha512", "md5", "xxhash64", "xxhash3", "xxhash128"})
_ASKED: Final = "x-amz-sdk-checksum-algorithm"
_MD5: Final = "content-md5"


_ANYCRC_PAYS_BYTES: Final = 16 * 1024
"""From here on anycrc is four times as fast as zlib; shorter bodies need not wait until it is loaded."""


class Checksum(Protocol):
    """A checksum that grows with its data; hashlib's objects are such."""

    def update(self, data: bytes | memoryview, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    """A cyclic redundancy check, big-endian as AWS writes it."""

    __slots__ = ("_calculate", "_size_bytes", "_value")

    def __init__(self, calculate: Callable[[bytes | memoryview, int], int], size_bytes: int) -> None:
        self._calculate = calculate
        self._size_bytes = size_bytes
        self._value = 0

    def update(self, data: bytes | memoryview) -> None:
        self._value = self._calculate(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size_bytes)


@cache
def _model(name: str) -> Any:
    """anycrc's model, for which nobody waits who sends another checksum (docs/decisions/0007)."""
    import anycrc

    return anycrc.Model(name)


def _crc32(data: bytes | memoryview, value: int) -> int:
    if len(data) < _ANYCRC_PAYS_BYTES:
        return zlib.crc32(data, value)
    return int(_model("CRC32").calc(data, value))


def _crc32c() -> Checksum:
    return _Crc(_model("CRC32C").calc, 4)


def _crc64nvme() -> Checksum:
    return _Crc(_model("CRC64-NVME").calc, 8)


_ALGORITHMS: Final[Mapping[str, tuple[int, Callable[[], Checksum]]]] = {
    "CRC32": (4, lambda: _Crc(_crc32, 4)),
    "CRC32C": (4, _crc32c),
    "CRC64NVME": (8, _crc64nvme),
    "SHA1": (20, lambda: hashlib.sha1(usedforsecurity=False)),
    "SHA256": (32, hashlib.sha256),
}
"""By AWS's name: the size in bytes, and what begins one."""
NAMES: Final = tuple(_ALGORITHMS)
_COMBINED: Final = {"CRC32": "CRC32", "CRC32C": "CRC32C", "CRC64NVME": "CRC64-NVME"}


def checksum(algorithm: str) -> Checksum:
    """A new checksum over nothing. algorithm: one of `NAMES`."""
    return _ALGORITHMS[algorithm][1]()


def summed(algorithm: str, data: bytes) -> str:
    """The checksum of bytes that are all here, as headers have it. algorithm: one of `NAMES`."""
    if algorithm == "CRC64NVME":  # what S3 sums up by unasked: each small object is, at every write and read
        return b2a_base64(_model("CRC64-NVME").calc(data).to_bytes(8), newline=False).decode()
    begun = checksum(algorithm)
    begun.update(data)
    return written(begun.digest())


def written(digest: bytes) -> str:
    """A digest as headers and XML have it."""
    return b2a_base64(digest, newline=False).decode()


def read(algorithm: str, text: str) -> bytes | None:
    """The digest in a header; None when it is none of this algorithm."""
    try:
        digest = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == _ALGORITHMS[algorithm][0] else None


def combined(algorithm: str, first: bytes, second: bytes, *, second_size_bytes: int) -> bytes:
    """The CRC of two pieces joined, from theirs: of a `FULL_OBJECT` upload in parts, without reading them again."""
    joined = _model(_COMBINED[algorithm]).combine(int.from_bytes(first), int.from_bytes(second), second_size_bytes)
    return int(joined).to_bytes(len(first))


class Verification:
    """What one body must amount to. Every method raises `ServiceError`."""

    def __init__(
        self, headers: Mapping[str, str], *, required: bool = False, chunked: bool = False, md5_in_hex: bool = False
    ) -> None:
        """required: the operation takes no body without a checksum. chunked: the body is `aws-chunked`.

        md5_in_hex: how the refusal tells the MD5 that was promised.
        """
        self.algorithm = ""
        """Which checksum, besides Content-MD5, the client sends; empty for none."""
        self._expected: bytes | None = None
        self._trailer = ""
        self._sum: Checksum | None = None
        self._md5_expected = _md5_of(headers)
        self._md5_in_hex = md5_in_hex
        self._md5 = hashlib.md5(usedforsecurity=False) if self._md5_expected is not None else None
        stated = [name for name in headers if name.startswith(PREFIX) and name not in _NO_CHECKSUMS]
        trailing = trailer_names(headers)
        if len(stated) > 1 or len(trailing) > 1:
            raise _invalid("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
        if stated and trailing:
            raise _invalid("Expecting a single x-amz-checksum- header")
        name = (stated or trailing or [""])[0]
        if name:
            self._begin(name, headers, trailing=bool(trailing), chunked=chunked)
        self._check_asked(headers.get(_ASKED))
        if required and not name and self._md5 is None:
            raise _invalid("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")

    @property
    def needed(self) -> bool:
        """Whether there is anything to compare."""
        return self._sum is not None or self._md5 is not None

    @property
    def calculated(self) -> str:
        """What the body amounts to by `algorithm`, as headers have it."""
        assert self._sum is not None
        return written(self._sum.digest())

    @property
    def digests(self) -> Sequence[Checksum]:
        """What `update` updates, for whoever does that instead."""
        return [each for each in (self._sum, self._md5) if each is not None]

    def update(self, data: bytes) -> None:
        if self._sum is not None:
            self._sum.update(data)
        if self._md5 is not None:
            self._md5.update(data)

    def finish(self, trailers: Mapping[str, str]) -> None:
        """The body is whole, these were its trailing headers: is it as promised?"""
        if self._md5 is not None:
            self._compare_md5(self._md5.digest())
        if self._sum is None:
            return
        if self._trailer:
            self._expected = read(self.algorithm, trailers.get(self._trailer, ""))
            if self._expected is None:
                raise _invalid(f"Value for {self._trailer} trailing header is invalid.")
        if self._sum.digest() != self._expected:
            raise AnyServiceError(
                "BadDigest", f"The {self.algorithm} you specified did not match the calculated checksum."
            )

    def _begin(self, name: str, headers: Mapping[str, str], *, trailing: bool, chunked: bool) -> None:
        suffix = name.removeprefix(PREFIX)
        if suffix.upper() not in _ALGORITHMS:
            if suffix in _ABSENT:
                raise NotImplementedByPileus(f"Pileus does not implement checksums by {suffix.upper()} yet")
            raise _invalid("The algorithm type you specified in x-amz-checksum- header is invalid.")
        self.algorithm = suffix.upper()
        self._sum = checksum(self.algorithm)
        if trailing:
            if not chunked:
                raise malformed_trailer()
            self._trailer = name
            return
        self._expected = read(self.algorithm, headers[name])
        if self._expected is None:
            raise _invalid(f"Value for {name} header is invalid.")

    def _check_asked(self, asked: str | None) -> None:
        if asked is None:
            return
        if not self.algorithm:
            raise _invalid(
                f"{_ASKED} specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."
            )
        if asked.upper() != self.algorithm:
            raise _invalid(f"Value for {_ASKED} header is invalid.")

    def _compare_md5(self, calculated: bytes) -> None:
        if calculated == self._md5_expected:
            return
        assert self._md5_expected is not None
        told = self._md5_expected.hex() if self._md5_in_hex else written(self._md5_expected)
        raise AnyServiceError(
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
            members={"ExpectedDigest": told, "CalculatedDigest": written(calculated)},
        )


def trailer_names(headers: Mapping[str, str]) -> Sequence[str]:
    """The trailing headers that a request announces, lower case, as often as it names them; InvalidRequest."""
    told = headers.get("x-amz-trailer")
    if told is None:
        return ()
    names = [name for part in told.split(",") if (name := part.strip().lower())]
    if not all(name.startswith(PREFIX) for name in names):
        raise _invalid("The value specified in the x-amz-trailer header is not supported")
    return names


def _md5_of(headers: Mapping[str, str]) -> bytes | None:
    text = headers.get(_MD5)
    if text is None:
        return None
    try:
        digest = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise AnyServiceError(
            "InvalidDigest", "The Content-MD5 you specified was invalid.", members={"Content-MD5": text}
        )
    return digest


def _invalid(text: str) -> ServiceError:
    return AnyServiceError("InvalidRequest", text)
