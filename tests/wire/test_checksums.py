"""Checksums are those that AWS calculates, however the data arrives, and a wrong one is refused in AWS's words."""

import zlib
from base64 import b64encode
from hashlib import md5, sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.wire.checksums import NAMES, Verification, checksum, combined, read, written

CHECK = b"123456789"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("CRC32", "cbf43926"),
        ("CRC32C", "e3069283"),
        ("CRC64NVME", "ae8b14860a799888"),
        ("SHA1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("SHA256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ],
)
def test_the_check_values(algorithm: str, expected: str) -> None:
    """Every catalogue of CRCs gives what `123456789` amounts to; in one piece, and byte by byte."""
    whole, pieces = checksum(algorithm), checksum(algorithm)
    whole.update(CHECK)
    for at in range(len(CHECK)):
        pieces.update(CHECK[at : at + 1])
    assert whole.digest().hex() == pieces.digest().hex() == expected
    assert read(algorithm, written(whole.digest())) == whole.digest()


def crc_by_hand(data: bytes, *, polynomial: int, bits: int) -> int:
    """A reflected CRC, bit by bit."""
    mask = (1 << bits) - 1
    crc = mask
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (polynomial if crc & 1 else 0)
    return crc ^ mask


@pytest.mark.parametrize("sizes_bytes", [(1, 40_000), (16_384, 16_383), (100_000, 3, 100_000)])
def test_short_and_long_pieces_of_one_body(sizes_bytes: tuple[int, ...]) -> None:
    """Two libraries take turns over the pieces of a body, by their length: nobody can tell from the CRC32."""
    whole, both = b"", checksum("CRC32")
    for number, size_bytes in enumerate(sizes_bytes):
        piece = bytes((number + at * 7) % 251 for at in range(size_bytes))
        both.update(piece)
        whole += piece
    assert both.digest() == zlib.crc32(whole).to_bytes(4, "big")


@given(data=st.binary(max_size=300), cut=st.integers(0, 300))
def test_crcs_by_hand(data: bytes, cut: int) -> None:
    """The library agrees with the definition, for any data and any cut; and CRCs of pieces can be joined."""
    for algorithm, polynomial, bits in (
        ("CRC32", 0xEDB88320, 32),
        ("CRC32C", 0x82F63B78, 32),
        ("CRC64NVME", 0x9A6C9329AC4BC9B5, 64),
    ):
        digests = []
        for piece in (data[:cut], data[cut:]):
            single = checksum(algorithm)
            single.update(piece)
            digests.append(single.digest())
        both = checksum(algorithm)
        both.update(data[:cut])
        both.update(data[cut:])
        assert int.from_bytes(both.digest()) == crc_by_hand(data, polynomial=polynomial, bits=bits)
        assert combined(algorithm, *digests, second_size_bytes=len(data[cut:])) == both.digest()


BODY = b"the body"


def of(algorithm: str, body: bytes = BODY) -> str:
    made = checksum(algorithm)
    made.update(body)
    return written(made.digest())


MD5 = b64encode(md5(BODY).digest()).decode()
MULTIPLE = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."


def verify(headers: dict[str, str], *, required: bool = False, chunked: bool = False, **trailers: str) -> None:
    verification = Verification(headers, required=required, chunked=chunked)
    for at in range(len(BODY)):
        verification.update(BODY[at : at + 1])
    verification.finish({name.replace("_", "-"): text for name, text in trailers.items()})


@pytest.mark.parametrize("algorithm", NAMES)
def test_right_checksums_pass(algorithm: str) -> None:
    """In a header, in a trailer, asked for or not, by either case."""
    name = f"x-amz-checksum-{algorithm.lower()}"
    verify({name: of(algorithm)}, required=True)
    verify({name: of(algorithm), "x-amz-sdk-checksum-algorithm": algorithm, "content-md5": MD5})
    announced = {"x-amz-trailer": name, "x-amz-sdk-checksum-algorithm": algorithm.lower()}
    verify(announced, required=True, chunked=True, **{name.replace("-", "_"): of(algorithm)})


def test_no_checksum_is_fine_unless_required() -> None:
    """The settings of a checksum are none."""
    settings = {
        "x-amz-checksum-algorithm": "CRC32",
        "x-amz-checksum-mode": "ENABLED",
        "x-amz-checksum-type": "COMPOSITE",
    }
    verify({})
    verify(settings)
    assert not Verification(settings).needed
    verify({"content-md5": MD5}, required=True)


@pytest.mark.parametrize(
    ("headers", "code", "text"),
    [
        ({"x-amz-checksum-crc32": "bad"}, "InvalidRequest", "Value for x-amz-checksum-crc32 header is invalid."),
        ({"x-amz-checksum-crc32": of("SHA1")}, "InvalidRequest", "Value for x-amz-checksum-crc32 header is invalid."),
        ({"x-amz-checksum-sha1": "é"}, "InvalidRequest", "Value for x-amz-checksum-sha1 header is invalid."),
        (
            {"x-amz-checksum-crc32c": of("CRC32C", b"x")},
            "BadDigest",
            "The CRC32C you specified did not match the calculated checksum.",
        ),
        (
            {"x-amz-checksum-bad": of("CRC32")},
            "InvalidRequest",
            "The algorithm type you specified in x-amz-checksum- header is invalid.",
        ),
        ({"x-amz-checksum-crc32": of("CRC32"), "x-amz-checksum-sha1": of("SHA1")}, "InvalidRequest", MULTIPLE),
        ({"x-amz-trailer": "x-amz-checksum-crc32, x-amz-checksum-crc32"}, "InvalidRequest", MULTIPLE),
        (
            {"x-amz-trailer": "x-amz-checksum-crc32", "x-amz-checksum-crc32": of("CRC32")},
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header",
        ),
        (
            {"x-amz-sdk-checksum-algorithm": "CRC32"},
            "InvalidRequest",
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers "
            "were found.",
        ),
        (
            {"x-amz-sdk-checksum-algorithm": "CRC32", "x-amz-checksum-sha1": of("SHA1")},
            "InvalidRequest",
            "Value for x-amz-sdk-checksum-algorithm header is invalid.",
        ),
        ({"content-md5": "invalid"}, "InvalidDigest", "The Content-MD5 you specified was invalid."),
        ({"content-md5": ""}, "InvalidDigest", "The Content-MD5 you specified was invalid."),
        (
            {"content-md5": b64encode(md5(b"x").digest()).decode()},
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
        ),
        ({"x-amz-checksum-sha512": "x"}, "NotImplemented", "Pileus does not implement checksums by SHA512 yet"),
    ],
)
def test_refusals(headers: dict[str, str], code: str, text: str) -> None:
    """Codes and words are AWS's, since SDKs and people look for them."""
    with pytest.raises(ServiceError) as refused:
        verify(headers, chunked=True)
    assert (refused.value.error_code, refused.value.message) == (code, text)


def test_a_required_checksum() -> None:
    """Operations that change much take no body on trust."""
    with pytest.raises(AnyServiceError) as refused:
        verify({"x-amz-content-sha256": sha256(BODY).hexdigest()}, required=True)
    assert refused.value.error_code == "InvalidRequest"


def test_a_trailer_without_chunks() -> None:
    """An announced trailer that cannot come."""
    with pytest.raises(AnyServiceError) as refused:
        verify({"x-amz-trailer": "x-amz-checksum-crc32"})
    assert refused.value.error_code == "MalformedTrailerError"


@pytest.mark.parametrize(("text", "code"), [("bad", "InvalidRequest"), ("AAAAAA==", "BadDigest")])
def test_a_wrong_trailer(text: str, code: str) -> None:
    """A checksum behind the body is compared like one before it."""
    with pytest.raises(AnyServiceError) as refused:
        verify({"x-amz-trailer": "x-amz-checksum-crc32"}, chunked=True, x_amz_checksum_crc32=text)
    assert refused.value.error_code == code
