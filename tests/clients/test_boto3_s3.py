"""boto3's transfer manager: many threads, parts, ranges and retries, as most programs in Python use S3."""

import base64
import hashlib
import io
import random
import zlib
from typing import Any
from uuid import uuid4

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from tests.conftest import Server

MIB = 1024 * 1024
THREADS = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB, max_concurrency=8)


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3", config=Config(max_pool_connections=16, retries={"max_attempts": 0}))


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"transfer-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


class Pattern(io.RawIOBase):
    """So many bytes that nobody can guess, without holding them."""

    def __init__(self, size_bytes: int, seed: int) -> None:
        super().__init__()
        self._block = random.Random(seed).randbytes(MIB + 1)
        self._size_bytes = size_bytes
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size_bytes: int = -1) -> bytes:
        left = self._size_bytes - self._at
        wanted = left if size_bytes < 0 else min(size_bytes, left)
        begin = self._at % len(self._block)
        self._at += wanted
        doubled = self._block * (wanted // len(self._block) + 2)
        return doubled[begin : begin + wanted]


def digest_of(stream: Any) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(MIB):
        digest.update(piece)
    return digest.hexdigest()


def test_a_stream_goes_up_and_down_in_parts(s3: Any, bucket: str) -> None:
    """60 MB from a stream that cannot be rewound, by eight threads; and down again in ranges."""
    size_bytes = 60 * MIB + 7
    s3.upload_fileobj(Pattern(size_bytes, 1), bucket, "stream", Config=THREADS, ExtraArgs={"Metadata": {"a": "b"}})
    head = s3.head_object(Bucket=bucket, Key="stream", ChecksumMode="ENABLED")
    assert (head["ContentLength"], head["Metadata"]) == (size_bytes, {"a": "b"})
    assert head["ETag"].endswith('-8"')
    assert (head["ChecksumType"], head["ChecksumCRC32"].partition("-")[2]) == ("COMPOSITE", "8")
    down = io.BytesIO()
    s3.download_fileobj(bucket, "stream", down, Config=THREADS)
    down.seek(0)
    assert digest_of(down) == digest_of(Pattern(size_bytes, 1))


def test_a_checksum_of_the_whole_is_verified(s3: Any, bucket: str) -> None:
    """A caller who knows the CRC32 gives it: the upload becomes FULL_OBJECT, and another checksum is refused."""
    body = random.Random(2).randbytes(20 * MIB)
    text = base64.b64encode(zlib.crc32(body).to_bytes(4)).decode()
    s3.upload_fileobj(io.BytesIO(body), bucket, "whole", Config=THREADS, ExtraArgs={"ChecksumCRC32": text})
    head = s3.head_object(Bucket=bucket, Key="whole", ChecksumMode="ENABLED")
    assert (head["ChecksumCRC32"], head["ChecksumType"]) == (text, "FULL_OBJECT")
    with pytest.raises(Exception, match="BadDigest"):
        s3.upload_fileobj(io.BytesIO(body), bucket, "no", Config=THREADS, ExtraArgs={"ChecksumCRC32": "AAAAAA=="})
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)  # the manager has aborted it


def test_a_copy_in_parts(s3: Any, bucket: str) -> None:
    """The manager copies large objects by UploadPartCopy in threads; the copy has the same bytes."""
    size_bytes = 30 * MIB + 1
    s3.upload_fileobj(Pattern(size_bytes, 3), bucket, "source", Config=THREADS)
    s3.copy({"Bucket": bucket, "Key": "source"}, bucket, "copy", Config=THREADS)
    assert s3.head_object(Bucket=bucket, Key="copy")["ETag"].endswith('-4"')
    assert digest_of(s3.get_object(Bucket=bucket, Key="copy")["Body"]) == digest_of(Pattern(size_bytes, 3))


def test_an_upload_is_resumed(s3: Any, bucket: str) -> None:
    """Who was interrupted asks which parts are there, uploads the others, and completes."""
    part_bytes = 5 * MIB
    body = random.Random(4).randbytes(4 * part_bytes + 17)
    pieces = {at // part_bytes + 1: body[at : at + part_bytes] for at in range(0, len(body), part_bytes)}
    begun = s3.create_multipart_upload(Bucket=bucket, Key="resumed")["UploadId"]
    for number in (1, 4):
        s3.upload_part(Bucket=bucket, Key="resumed", UploadId=begun, PartNumber=number, Body=pieces[number])
    found = s3.list_multipart_uploads(Bucket=bucket, Prefix="resumed")["Uploads"]
    assert [upload["UploadId"] for upload in found] == [begun]
    pages = s3.get_paginator("list_parts").paginate(
        Bucket=bucket, Key="resumed", UploadId=begun, PaginationConfig={"PageSize": 1}
    )
    etags = {part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", [])}
    assert sorted(etags) == [1, 4]
    for number in pieces.keys() - etags.keys():
        answer = s3.upload_part(Bucket=bucket, Key="resumed", UploadId=begun, PartNumber=number, Body=pieces[number])
        etags[number] = answer["ETag"]
    parts: Any = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())]
    s3.complete_multipart_upload(Bucket=bucket, Key="resumed", UploadId=begun, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="resumed")["Body"].read() == body


def test_a_file_goes_to_a_bucket_under_a_key_of_its_customer(s3: Any, bucket: str) -> None:
    """SSE-C through the manager: the key goes with every part and with every range."""
    mine: dict[str, Any] = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
    size_bytes = 17 * MIB
    s3.upload_fileobj(Pattern(size_bytes, 5), bucket, "sealed", Config=THREADS, ExtraArgs=mine)
    down = io.BytesIO()
    s3.download_fileobj(bucket, "sealed", down, Config=THREADS, ExtraArgs=mine)
    down.seek(0)
    assert digest_of(down) == digest_of(Pattern(size_bytes, 5))
