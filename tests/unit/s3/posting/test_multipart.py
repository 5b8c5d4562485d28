"""Is a form read as browsers and SDKs write it, however it arrives?"""

from collections.abc import AsyncIterator

import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.s3.posting.multipart import FIELDS_BYTES_MAX, FormReader, boundary_of

BOUNDARY = b"----WebKitFormBoundary7MA4YWxk"


def part(name: str, value: bytes, *, filename: str | None = None, more: bytes = b"") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'Content-Disposition: form-data; name="{name}"{named}\r\n'.encode()
    return b"--" + BOUNDARY + b"\r\n" + head + more + b"\r\n" + value + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def read(data: bytes, *, size: int = 1 << 16) -> tuple[list[tuple[str, str]], str | None, bytes]:
    reader = FormReader(pieces(data, size), BOUNDARY)
    fields, head = await reader.fields()
    return [(field.name, field.value) for field in fields], head.filename, b"".join([p async for p in reader.file()])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1 << 16])
async def test_a_form_is_the_same_in_pieces_of_any_size(size: int) -> None:
    """The network cuts where it likes, through the middle of a delimiter too."""
    body = b"\r\n--" + BOUNDARY[:-1] + b"\r\n--\r\n" * 3 + bytes(range(256))
    data = (
        part("key", "é".encode()) + part("Empty", b"") + part("file", body, filename="a.txt") + part("late", b"x") + END
    )
    assert await read(data, size=size) == ([("key", "é"), ("Empty", "")], "a.txt", body)


async def test_the_file_is_known_by_its_name_alone() -> None:
    """curl and `requests` give a filename to fields too; a field `file` without one is the file."""
    data = part("key", b"k", filename="key") + part("file", b"text") + END
    assert await read(data) == ([("key", "k")], None, b"text")


async def test_names_may_be_bare_and_heads_long() -> None:
    """RFC 2183 lets a token stand without quotes; a preamble and further headers are skipped."""
    head = b"--" + BOUNDARY + b" \r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=key\r\n\r\nk\r\n"
    data = b"a preamble\r\n" + head + part("file", b"", filename='q"uoted', more=b"Content-Type: a/b\r\n") + END
    data = data.replace(b'q"uoted', b'q\\"uoted')
    assert await read(data) == ([("key", "k")], 'q"uoted', b"")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "MalformedPOSTRequest"),
        (b"no form at all", "MalformedPOSTRequest"),
        (part("key", b"k"), "MalformedPOSTRequest"),
        (part("key", b"k") + part("file", b"abc")[:-2], "MalformedPOSTRequest"),
        (part("key", b"k") + END, "InvalidArgument"),
        (part("key", b"k" * FIELDS_BYTES_MAX) + part("file", b"") + END, "MaxPostPreDataLengthExceeded"),
        (b"x" * (FIELDS_BYTES_MAX * 2), "MaxPostPreDataLengthExceeded"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 16])
async def test_what_is_no_form_is_refused(data: bytes, code: str, size: int) -> None:
    """With S3's own codes, and without more of it in memory than fields may be."""
    with pytest.raises(ServiceError) as caught:
        await read(data, size=size)
    assert caught.value.error_code == code


async def test_the_length_of_the_file_follows_from_that_of_the_form() -> None:
    """So that a file which is too large is refused by its size before it has arrived."""
    data = part("key", b"k") + part("file", b"x" * 1000) + END
    reader = FormReader(pieces(data, 100), BOUNDARY)
    await reader.fields()
    assert reader.file_bytes_at_most(len(data)) == 1000
    assert reader.file_bytes_at_most(None) is None


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('multipart/form-data; charset=utf-8; Boundary="a b;c"', b"a b;c"),
        ("multipart/form-data", None),
    ],
)
def test_the_boundary_is_in_the_content_type(content_type: str, boundary: bytes | None) -> None:
    """RFC 2046, 5.1.1."""
    if boundary is None:
        with pytest.raises(ServiceError):
            boundary_of(content_type)
    else:
        assert boundary_of(content_type) == boundary
