"""However an object is cut into parts, its checksums are what they would be if it had come at once."""

import base64
from hashlib import md5
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.blobs.segments import Segment
from pileus.kernel.errors import ServiceError
from pileus.kernel.wire.checksums import checksum, written
from pileus.services.s3.model import PartRecord, UploadRecord
from pileus.services.s3.shapes import CompletedPart, CompleteMultipartUploadRequest
from pileus.services.s3.uploads import completing
from pileus.services.s3.uploads.naming import order_of, upload_id
from pileus.services.s3.uploads.ranges import copied_range

BODIES = st.lists(st.binary(max_size=300), min_size=1, max_size=12)
ASKED = CompleteMultipartUploadRequest(bucket="bucket", key="key", upload_id="upload")


def summed(algorithm: str, data: bytes) -> str:
    begun = checksum(algorithm)
    begun.update(data)
    return written(begun.digest())


def assembled(bodies: list[bytes], *, algorithm: str, kind: str, numbers: list[int]) -> completing.Assembled:
    upload = UploadRecord(initiated_at_s=0.0, owner="111111111111", checksum_algorithm=algorithm, checksum_kind=kind)
    assembly = completing.Assembly(upload, "upload")
    for number, body in zip(numbers, bodies, strict=True):
        text = summed(algorithm or "CRC64NVME", body)
        part = PartRecord(
            size_bytes=len(body),
            etag=md5(body).hexdigest(),
            modified_at_s=0.0,
            segment=Segment(f"{number:032x}", len(body), b""),
            checksum=text,
        )
        name = {"CRC32": "checksum_crc32", "CRC32C": "checksum_crc32_c", "SHA1": "checksum_sha1"}.get(algorithm)
        stated = {name or "checksum_sha256": text} if kind == "COMPOSITE" else {}
        assembly.add(number, part.etag, CompletedPart(part_number=number, e_tag=part.etag, **stated), part)
    return assembly.finish(ASKED)


def numbers_for(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, 10_000), min_size=count, max_size=count, unique=True).map(sorted)


@given(BODIES, st.sampled_from(["CRC32", "CRC32C", "CRC64NVME", ""]), st.data())
def test_full_objects_do_not_show_their_parts(bodies: list[bytes], algorithm: str, data: st.DataObject) -> None:
    """A FULL_OBJECT checksum is that of the bytes joined; sizes and order of the parts are theirs."""
    numbers = data.draw(numbers_for(len(bodies)))
    with patch.object(completing, "PART_BYTES_MIN", 0):
        made = assembled(bodies, algorithm=algorithm, kind="FULL_OBJECT" if algorithm else "", numbers=numbers)
    whole = b"".join(bodies)
    assert made.size_bytes == len(whole)
    assert [part.number for part in made.parts] == numbers
    assert made.checksum is not None
    assert made.checksum.algorithm == (algorithm or "CRC64NVME")
    assert made.checksum.value == summed(made.checksum.algorithm, whole)
    joined = md5(b"".join(md5(body).digest() for body in bodies)).hexdigest()
    assert made.etag == f"{joined}-{len(bodies)}"


@given(BODIES, st.sampled_from(["CRC32", "CRC32C", "SHA1", "SHA256"]))
def test_composites_are_of_the_parts_checksums(bodies: list[bytes], algorithm: str) -> None:
    """A COMPOSITE checksum is that of the parts' digests joined, and every part keeps its own."""
    numbers = list(range(1, len(bodies) + 1))
    with patch.object(completing, "PART_BYTES_MIN", 0):
        made = assembled(bodies, algorithm=algorithm, kind="COMPOSITE", numbers=numbers)
    texts = [summed(algorithm, body) for body in bodies]
    joined = b"".join(base64.b64decode(text) for text in texts)
    assert made.checksum is not None
    assert made.checksum.value == f"{summed(algorithm, joined)}-{len(bodies)}"
    assert [part.checksum for part in made.parts] == texts


@given(st.lists(st.tuples(st.integers(0, 2**62), st.binary(min_size=48, max_size=48)), min_size=2, max_size=20))
def test_ids_of_uploads_sort_by_their_begin(begun: list[tuple[int, bytes]]) -> None:
    """Lists of uploads of one key are in the order of their ids; the begin is found in an id again."""
    ids = [upload_id(order, random) for order, random in begun]
    assert [order_of(each) for each in sorted(ids)] == sorted(order for order, _ in begun)
    assert all(len(each) == len(ids[0]) and each.replace("-", "").replace("_", "").isalnum() for each in ids)


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_ranges_lie_within_their_source(size_bytes: int, first: int, last: int) -> None:
    """What UploadPartCopy takes is `data[first:last + 1]`, or an error."""
    text = f"bytes={first}-{last}"
    if first <= last < size_bytes:
        assert copied_range(text, size_bytes) == (first, last - first + 1)
        return
    with pytest.raises(ServiceError) as caught:
        copied_range(text, size_bytes)
    assert caught.value.error_code == ("InvalidRequest" if size_bytes <= first <= last else "InvalidArgument")
