"""The bytes of objects in an object store elsewhere, which here is another Pileus; and all of them encrypted."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import Server

_LARGE = bytes(range(256)) * 4_000 * 6
"""Six megabytes: more than lies in the store, and than one part holds."""


@pytest.fixture
def back(tmp_path: Path) -> Iterator[Server]:
    """Where the bytes are to lie."""
    server = Server(tmp_path / "back").start()
    server.client("s3").create_bucket(Bucket="back")
    yield server
    server.stop()


def _keys(server: Server) -> list[str]:
    found = server.client("s3").list_objects_v2(Bucket="back").get("Contents", ())
    return [each["Key"] for each in found]


def test_bytes_lie_in_another_object_store(back: Server, tmp_path: Path) -> None:
    """They are there once written, read in ranges, copied, and outlive the server that wrote them."""
    pytest.importorskip("obstore", reason="the extra object-store is not installed")
    where = f"s3://back/bytes?endpoint={back.url}&region=us-east-1&access_key_id=111111111111&secret_access_key=test"
    front = Server(tmp_path / "front", "--s3-objects", where).start()
    try:
        s3 = front.client("s3")
        s3.create_bucket(Bucket="front")
        s3.put_object(Bucket="front", Key="large", Body=_LARGE)
        s3.put_object(Bucket="front", Key="small", Body=b"in the record")
        assert len(_keys(back)) == 1
        assert _keys(back)[0].startswith("bytes/")
        s3.copy_object(Bucket="front", Key="copy", CopySource={"Bucket": "front", "Key": "large"})
        front.kill()
        front.start()
        s3 = front.client("s3")
        for key in ("large", "copy"):
            read = s3.get_object(Bucket="front", Key=key)["Body"].read()
            assert hashlib.sha256(read).digest() == hashlib.sha256(_LARGE).digest()
        part = s3.get_object(Bucket="front", Key="large", Range="bytes=5000000-5000009")["Body"].read()
        assert part == _LARGE[5_000_000:5_000_010]
        assert s3.get_object(Bucket="front", Key="small")["Body"].read() == b"in the record"
    finally:
        front.stop()


def test_a_place_that_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    """Before anything is served; a typing error is not found out with the first upload."""
    server = Server(tmp_path / "data", "--s3-objects", "ftp://somewhere/else")
    with pytest.raises(AssertionError, match="exit status 2"):
        server.start()


def test_everything_can_be_encrypted(tmp_path: Path) -> None:
    """No byte of an object is readable on the disk, asked for or not; what is told is the same."""
    secret = b"readable by whoever has the disk, " * 4_000
    server = Server(tmp_path / "data", "--s3-encrypt-everything").start()
    try:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="sealed")
        told = [
            s3.put_object(Bucket="sealed", Key=key, Body=body)
            for key, body in (("large", secret), ("small", secret[:1000]))
        ]
        assert {each["ServerSideEncryption"] for each in told} == {"AES256"}
        assert s3.get_object(Bucket="sealed", Key="large")["Body"].read() == secret
        assert s3.get_object(Bucket="sealed", Key="small")["Body"].read() == secret[:1000]
    finally:
        server.stop()
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert any(path.stat().st_size > len(secret) for path in kept)
    assert [path for path in kept if secret[:34] in path.read_bytes()] == []


def test_a_store_that_is_away_is_told_as_such(back: Server, tmp_path: Path) -> None:
    """503, which SDKs try again, instead of a failure of ours or half an answer."""
    pytest.importorskip("obstore", reason="the extra object-store is not installed")
    where = f"s3://back/bytes?endpoint={back.url}&region=us-east-1&access_key_id=111111111111&secret_access_key=test"
    front = Server(tmp_path / "front", "--s3-objects", where).start()
    try:
        s3 = front.client("s3", config=Config(retries={"total_max_attempts": 1}, read_timeout=60))
        s3.create_bucket(Bucket="front")
        s3.put_object(Bucket="front", Key="large", Body=_LARGE)
        upload_id = s3.create_multipart_upload(Bucket="front", Key="parts")["UploadId"]
        back.kill()
        there = {"Bucket": "front", "Key": "large"}
        part = {"Bucket": "front", "Key": "parts", "UploadId": upload_id, "PartNumber": 1}
        asked: list[tuple[str, dict[str, Any]]] = [
            ("get_object", there),
            ("put_object", {**there, "Body": _LARGE[:100_000]}),
            ("copy_object", {"Bucket": "front", "Key": "copy", "CopySource": there}),
            ("upload_part", {**part, "Body": _LARGE[:100_000]}),
        ]
        for operation, given in asked:
            with pytest.raises(ClientError) as refused:
                getattr(s3, operation)(**given)
            assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
            assert refused.value.response["Error"]["Message"] == "Service is unable to handle request."
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    finally:
        front.stop()
