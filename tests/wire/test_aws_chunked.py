"""`aws-chunked` bodies come apart, in whatever pieces they arrive, and nothing altered or cut off passes."""

from collections.abc import Iterator
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.auth.chunks import ChunkChain
from pileus.kernel.auth.refusals import NotAuthentic
from pileus.kernel.errors import ServiceError
from pileus.kernel.wire.aws_chunked import AwsChunkedDecoder
from tests.unit.auth.test_chunks import (
    PLAIN,
    PLAIN_SEED,
    TRAILER,
    TRAILER_SEED,
    TRAILER_SIGNATURE,
    WITH_TRAILER,
    seed,
)

DATA = b"a" * 66560


def framed(chunks: list[tuple[bytes, str]]) -> bytes:
    return b"".join(
        b"%x;chunk-signature=%s\r\n%s" % (len(data), signature.encode(), data + b"\r\n" if data else b"")
        for data, signature in chunks
    )


SIGNED = framed(PLAIN) + b"\r\n"
SIGNED_TRAILER = (
    framed(WITH_TRAILER)
    + TRAILER.replace(b"\n", b"\r\n")
    + b"x-amz-trailer-signature:"
    + TRAILER_SIGNATURE.encode()
    + b"\r\n\r\n"
)


def signed_decoder() -> AwsChunkedDecoder:
    return AwsChunkedDecoder(decoded_bytes=len(DATA), chain=ChunkChain(seed(PLAIN_SEED)), signed=True)


def trailer_decoder() -> AwsChunkedDecoder:
    return AwsChunkedDecoder(
        decoded_bytes=len(DATA),
        trailer_names=["x-amz-checksum-crc32c"],
        chain=ChunkChain(seed(TRAILER_SEED)),
        signed=True,
    )


def run(decoder: AwsChunkedDecoder, pieces: Iterator[bytes] | list[bytes]) -> bytes:
    decoded = b"".join(part for piece in pieces for part in decoder.feed(piece))
    decoder.finish()
    return decoded


def code_of(decoder: AwsChunkedDecoder, body: bytes) -> str:
    try:
        run(decoder, [body])
    except ServiceError as error:
        return error.error_code
    except NotAuthentic as refused:
        return refused.problem.name
    return "fine"


def test_the_published_bodies() -> None:
    """S3's own examples, with their signatures, come apart."""
    assert run(signed_decoder(), [SIGNED]) == DATA
    decoder = trailer_decoder()
    assert run(decoder, [SIGNED_TRAILER]) == DATA
    assert decoder.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


def test_the_odd_line_breaks_of_the_published_trailer() -> None:
    """S3's page ends a trailing header with a line feed, and puts an empty line before the signature."""
    body = SIGNED_TRAILER.replace(b"Q==\r\n", b"Q==\n\r\n")
    assert run(trailer_decoder(), [body]) == DATA


def test_one_byte_at_a_time() -> None:
    """Where the network cuts is nobody's choice."""
    pieces = [SIGNED_TRAILER[at : at + 1] for at in range(len(SIGNED_TRAILER))]
    assert run(trailer_decoder(), pieces) == DATA


@given(cuts=st.lists(st.integers(0, len(SIGNED)), max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_pieces(cuts: list[int]) -> None:
    """The same, for any cuts."""
    at = [0, *sorted(cuts), len(SIGNED)]
    assert run(signed_decoder(), [SIGNED[a:b] for a, b in pairwise(at)]) == DATA


@given(at=st.integers(0, len(SIGNED_TRAILER) - 1), flip=st.integers(1, 255))
@settings(max_examples=200, deadline=None)
def test_one_altered_byte_is_never_overlooked(at: int, flip: int) -> None:
    """Signed chunks: what comes out is what was signed, or an error."""
    body = bytearray(SIGNED_TRAILER)
    body[at] ^= flip
    decoder = trailer_decoder()
    try:
        decoded = run(decoder, [bytes(body)])
    except (ServiceError, NotAuthentic):
        return
    assert decoded == DATA  # a letter's case in a size or a name says the same
    assert decoder.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


@pytest.mark.parametrize("cut", [0, 1, 3, 85, 100, 65_600, 65_720, 65_800, 66_800, len(SIGNED) - 3])
def test_a_body_cut_off(cut: int) -> None:
    """A body that ends early is no body."""
    assert code_of(signed_decoder(), SIGNED[:cut]) == "IncompleteBody"


@pytest.mark.parametrize("missing", range(1, 70))
def test_a_trailer_cut_off(missing: int) -> None:
    """Nor is one whose trailer is cut off; its last, empty line alone may be missing where nothing was announced."""
    assert code_of(trailer_decoder(), SIGNED_TRAILER[:-missing]) in {"IncompleteBody", "MalformedTrailerError"}


UNSIGNED = b"2000\r\n" + b"x" * 8192 + b"\r\n3\r\nend\r\n0\r\n"
CRC = b"x-amz-checksum-crc32:AAAAAA==\r\n"


@pytest.mark.parametrize(
    ("body", "names", "code"),
    [
        (UNSIGNED + b"\r\n", [], "fine"),
        (UNSIGNED, [], "fine"),  # the last, empty line is forgotten by some
        (UNSIGNED + CRC + b"\r\n", ["x-amz-checksum-crc32"], "fine"),
        (UNSIGNED + CRC.upper() + b"\r\n", ["x-amz-checksum-crc32"], "fine"),
        (UNSIGNED + CRC + b"\r\nmore", ["x-amz-checksum-crc32"], "MalformedTrailerError"),
        (UNSIGNED + CRC + CRC + b"\r\n", ["x-amz-checksum-crc32"], "MalformedTrailerError"),
        (UNSIGNED + CRC + b"\r\n", [], "MalformedTrailerError"),
        (UNSIGNED + CRC + b"\r\n", ["x-amz-checksum-sha1"], "MalformedTrailerError"),
        (UNSIGNED + b"\r\n", ["x-amz-checksum-crc32"], "MalformedTrailerError"),
        (UNSIGNED + b"no colon\r\n\r\n", ["x-amz-checksum-crc32"], "MalformedTrailerError"),
        (UNSIGNED + b"x" * 5000, ["x-amz-checksum-crc32"], "MalformedTrailerError"),
        (UNSIGNED + b"\r\n\r\n", [], "IncompleteBody"),
        (b"3\r\nend\r\n2000\r\n" + b"x" * 8192 + b"\r\n0\r\n\r\n", [], "InvalidChunkSizeError"),
        (b"2003\r\n" + b"x" * 8195 + b"\n0\r\n\r\n", [], "IncompleteBody"),
        (b"2003\n" + b"x" * 8195 + b"\r\n0\r\n\r\n", [], "IncompleteBody"),
        (b"2003\r\n" + b"x" * 8195 + b"xx\r\n0\r\n\r\n", [], "IncompleteBody"),
        (b"2004\r\n" + b"x" * 8196 + b"\r\n0\r\n\r\n", [], "IncompleteBody"),  # more than promised
        (b"2002\r\n" + b"x" * 8194 + b"\r\n0\r\n\r\n", [], "IncompleteBody"),  # less
        (b"-1\r\n", [], "IncompleteBody"),
        (b"0x10\r\n", [], "IncompleteBody"),
        (b"1_0\r\n", [], "IncompleteBody"),
        (b"\r\n", [], "IncompleteBody"),
        (b"f" * 17 + b"\r\n", [], "IncompleteBody"),
        (b"f" * 16 + b"\r\n", [], "IncompleteBody"),
        (b"1" * 5000, [], "IncompleteBody"),
    ],
)
def test_unsigned_chunks(body: bytes, names: list[str], code: str) -> None:
    """Every way in which framing goes wrong, by S3's code."""
    assert code_of(AwsChunkedDecoder(decoded_bytes=8195, trailer_names=names), body) == code


def test_signed_chunks_without_signatures() -> None:
    """Leaving the signature out is no way around it."""
    body = b"3\r\nabc\r\n0\r\n\r\n"
    assert code_of(AwsChunkedDecoder(decoded_bytes=3, signed=True), body) == "IncompleteBody"


def test_an_empty_body() -> None:
    """The smallest body is one empty chunk."""
    assert run(AwsChunkedDecoder(decoded_bytes=0), [b"0\r\n\r\n"]) == b""


def test_a_body_costs_no_memory() -> None:
    """What was handed out is not kept: the decoder's own buffers stay empty inside a chunk."""
    decoder = AwsChunkedDecoder(decoded_bytes=1 << 30)
    decoder.feed(b"40000000\r\n")
    total = sum(len(part) for _ in range(64) for part in decoder.feed(bytes(1 << 20)))
    assert total == 64 << 20
    assert crc32(bytes(decoder._line)) == 0
