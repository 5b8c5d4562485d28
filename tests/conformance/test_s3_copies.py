"""Copies and encryption as boto3 sees them; each test names its recordings."""

import hashlib
import os
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Server
from tests.support.buckets import new_bucket, refused, set_versioning, told

ILLEGAL = (
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
    "metadata, storage class, website redirect location or encryption attributes."
)
SSE_C = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
OTHER_SSE_C = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "j" * 32}
FROM_SSE_C = {f"CopySource{name}": value for name, value in SSE_C.items()}
NEEDS_KEY = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve "
    "the object."
)
WRONG_KEY = (
    "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key."
)


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    return new_bucket(s3)


def read(s3: Any, bucket: str, key: str, **asked: Any) -> bytes:
    found: bytes = s3.get_object(Bucket=bucket, Key=key, **asked)["Body"].read()
    return found


@pytest.mark.parametrize("size", [0, 16, 100_000])
def test_a_copy_is_what_its_source_is(s3: Any, bucket: str, size: int) -> None:
    """Recordings test_s3_copy_metadata_directive_copy, test_s3_copy_tagging_directive[None], ..._storage_class."""
    body = os.urandom(size)
    put = s3.put_object(
        Bucket=bucket,
        Key="from",
        Body=body,
        Metadata={"key": "value"},
        ContentLanguage="en-US",
        Tagging="key1=value1",
        StorageClass="STANDARD_IA",
        WebsiteRedirectLocation="/x",
    )
    copy = s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from")
    assert told(copy) == {"CopyObjectResult": copy["CopyObjectResult"], "ServerSideEncryption": "AES256"}
    assert told(copy["CopyObjectResult"]) == {
        "ETag": put["ETag"],
        "ChecksumCRC32": put["ChecksumCRC32"],
        "ChecksumType": "FULL_OBJECT",
    }
    head = s3.head_object(Bucket=bucket, Key="to")
    assert (head["Metadata"], head["ContentLanguage"], head["TagCount"]) == ({"key": "value"}, "en-US", 1)
    assert "StorageClass" not in head
    assert "WebsiteRedirectLocation" not in head
    s3.delete_object(Bucket=bucket, Key="from")
    assert read(s3, bucket, "to") == body


def test_a_copy_with_other_metadata(s3: Any, bucket: str) -> None:
    """Recordings test_s3_copy_metadata_replace and test_s3_copy_tagging_directive[REPLACE]."""
    s3.put_object(Bucket=bucket, Key="from", Metadata={"key": "value"}, ContentLanguage="en-US", Tagging="a=b")
    s3.copy_object(
        Bucket=bucket,
        Key="to",
        CopySource=f"{bucket}/from",
        Metadata={"another-key": "value"},
        ContentType="image/jpg",
        MetadataDirective="REPLACE",
        Tagging="",
        TaggingDirective="REPLACE",
    )
    head = s3.head_object(Bucket=bucket, Key="to")
    assert (head["Metadata"], head["ContentType"]) == ({"another-key": "value"}, "image/jpg")
    assert "ContentLanguage" not in head
    assert "TagCount" not in head


def test_a_copy_onto_itself_changes_something(s3: Any, bucket: str) -> None:
    """Recordings test_s3_copy_object_in_place and its like."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    asked = {"Bucket": bucket, "Key": "k", "CopySource": f"{bucket}/k"}
    illegal = {"Code": "InvalidRequest", "Message": ILLEGAL, "Status": 400}
    assert refused(s3.copy_object, **asked) == illegal
    assert refused(s3.copy_object, **asked, MetadataDirective="COPY") == illegal
    for change in (
        {"StorageClass": "STANDARD"},
        {"WebsiteRedirectLocation": "/x"},
        {"MetadataDirective": "REPLACE"},
        {"ServerSideEncryption": "AES256"},
    ):
        s3.copy_object(**asked, **change)
        assert read(s3, bucket, "k") == b"body"


def test_an_older_version_is_copied_onto_its_key(s3: Any) -> None:
    """Recording test_s3_copy_object_in_place_versioned: so it is restored."""
    bucket = new_bucket(s3, versioned=True)
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    source = {"Bucket": bucket, "Key": "k", "VersionId": first}
    copy = s3.copy_object(Bucket=bucket, Key="k", CopySource=source)
    assert copy["CopySourceVersionId"] == first
    assert copy["VersionId"] not in {first, second}
    assert read(s3, bucket, "k") == b"1"
    set_versioning(s3, bucket, "Suspended")
    suspended = s3.copy_object(Bucket=bucket, Key="k", CopySource=source)
    assert suspended["VersionId"] == "null"


def test_sources_that_are_not_there(s3: Any) -> None:
    """Recordings test_s3_copy_object_src_not_exists and test_s3_copy_object_wrong_format."""
    bucket = new_bucket(s3, versioned=True)
    missing = refused(s3.copy_object, Bucket=bucket, Key="to", CopySource="no-such-bucket-here/k")
    assert (missing["Code"], missing["BucketName"]) == ("NoSuchBucket", "no-such-bucket-here")
    assert refused(s3.copy_object, Bucket=bucket, Key="to", CopySource=f"{bucket}/k")["Key"] == "k"
    s3.put_object(Bucket=bucket, Key="k")
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    assert refused(s3.copy_object, Bucket=bucket, Key="to", CopySource=f"{bucket}/k")["Code"] == "NoSuchKey"
    source = {"Bucket": bucket, "Key": "k", "VersionId": marker}
    assert refused(s3.copy_object, Bucket=bucket, Key="to", CopySource=source)["Message"] == (
        "The source of a copy request may not specifically refer to a delete marker by version id."
    )
    assert refused(s3.copy_object, Bucket=bucket, Key="to", CopySource="wrong")["Message"] == (
        "Invalid copy source object key"
    )


def test_conditions_on_the_source(s3: Any, bucket: str) -> None:
    """Recording s3_preconditions, test_s3_copy_object_preconditions."""
    tag = s3.put_object(Bucket=bucket, Key="from", Body=b"data")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="from")["LastModified"]
    past, future = modified - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
    asked = {"Bucket": bucket, "Key": "to", "CopySource": f"{bucket}/from"}
    for condition, name in (
        ({"CopySourceIfMatch": '"other"'}, "If-Match"),
        ({"CopySourceIfUnmodifiedSince": past}, "If-Unmodified-Since"),
        ({"CopySourceIfNoneMatch": tag}, "If-None-Match"),
        ({"CopySourceIfNoneMatch": tag.strip('"')}, "If-None-Match"),
        ({"CopySourceIfModifiedSince": modified}, "If-Modified-Since"),
    ):
        error = refused(s3.copy_object, **asked, **condition)
        assert (error["Status"], error["Condition"]) == (412, f"x-amz-copy-source-{name}")
    s3.copy_object(**asked, CopySourceIfModifiedSince=future)
    s3.copy_object(**asked, CopySourceIfMatch=tag, CopySourceIfUnmodifiedSince=past)


def test_conditions_on_the_target(s3: Any, bucket: str) -> None:
    """Recordings s3_api, test_copy_object_if_none_match and test_copy_object_if_match."""
    tag = s3.put_object(Bucket=bucket, Key="from", Body=b"data")["ETag"]
    asked = {"Bucket": bucket, "Key": "to", "CopySource": f"{bucket}/from"}
    assert refused(s3.copy_object, **asked, IfMatch=tag)["Code"] == "NoSuchKey"
    s3.copy_object(**asked, IfNoneMatch="*")
    assert refused(s3.copy_object, **asked, IfNoneMatch="*")["Condition"] == "If-None-Match"
    s3.copy_object(**asked, IfMatch=tag)
    assert refused(s3.copy_object, **asked, IfMatch='"other"')["Condition"] == "If-Match"


@pytest.mark.parametrize("size", [16, 100_000])
def test_a_copy_may_have_another_checksum(s3: Any, bucket: str, size: int) -> None:
    """Recording test_s3_copy_object_with_checksum[SHA256]."""
    body = b"x" * size
    s3.put_object(Bucket=bucket, Key="from", Body=body)
    copy = s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from", ChecksumAlgorithm="SHA256")
    expected = b64encode(hashlib.sha256(body).digest()).decode()
    assert copy["CopyObjectResult"]["ChecksumSHA256"] == expected
    assert s3.head_object(Bucket=bucket, Key="to", ChecksumMode="ENABLED")["ChecksumSHA256"] == expected


def test_a_copy_of_parts_is_of_one(s3: Any, bucket: str) -> None:
    """Recording test_multipart_copy_object_etag."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="from")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="from", UploadId=upload, PartNumber=1, Body=b"p" * 50_000)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    whole = s3.complete_multipart_upload(Bucket=bucket, Key="from", UploadId=upload, MultipartUpload=parts)
    assert whole["ETag"].endswith('-1"')
    copy = s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from")
    assert copy["CopyObjectResult"]["ETag"] == part["ETag"]
    assert read(s3, bucket, "to") == b"p" * 50_000


@pytest.mark.parametrize("size", [0, 60, 100_000])
def test_what_is_to_be_encrypted_does_not_lie_plain(aws: Server, s3: Any, bucket: str, size: int) -> None:
    """Asked for by a header; ranges and copies read it like any other; no file and no row holds the bytes."""
    body = (b"a secret of many words " * 5000)[:size]
    s3.put_object(Bucket=bucket, Key="k", Body=body, ServerSideEncryption="AES256")
    assert read(s3, bucket, "k") == body
    if size > 50:
        assert read(s3, bucket, "k", Range="bytes=7-40") == body[7:41]
    s3.copy_object(Bucket=bucket, Key="plain", CopySource=f"{bucket}/k")
    assert read(s3, bucket, "plain") == body
    if size > 50:
        s3.delete_object(Bucket=bucket, Key="plain")
        s3.put_object(Bucket=bucket, Key="k2", Body=body[::-1], ServerSideEncryption="AES256")
        reverse = body[::-1][:40]
        files = [path for path in (aws.data_dir / "objects").rglob("*") if path.is_file()]
        assert not any(reverse in path.read_bytes() for path in files)


@pytest.mark.parametrize("size", [60, 100_000])
def test_encrypted_copies_lie_as_their_sources(s3: Any, bucket: str, size: int) -> None:
    """Under S3's own keys a copy is told as its source is, and outlives it; another checksum is calculated."""
    body = (b"a secret of many words " * 5000)[:size]
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, ServerSideEncryption="AES256")
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k", ServerSideEncryption="AES256")
    assert copied["ServerSideEncryption"] == "AES256"
    assert copied["CopyObjectResult"]["ETag"] == put["ETag"]
    assert copied["CopyObjectResult"]["ChecksumCRC32"] == put["ChecksumCRC32"]
    summed = s3.copy_object(
        Bucket=bucket,
        Key="c2",
        CopySource=f"{bucket}/c",
        ServerSideEncryption="AES256",
        ChecksumAlgorithm="SHA256",
    )
    assert summed["CopyObjectResult"]["ChecksumSHA256"] == b64encode(hashlib.sha256(body).digest()).decode()
    s3.delete_object(Bucket=bucket, Key="k")
    for key in ("c", "c2"):
        assert read(s3, bucket, key) == body
        assert read(s3, bucket, key, Range="bytes=7-40") == body[7:41]


@pytest.mark.parametrize("size", [9, 100_000])
def test_objects_under_keys_of_their_customers(s3: Any, bucket: str, size: int) -> None:
    """Recordings TestS3SSECEncryption::test_object_retrieval_sse_c and test_put_object_lifecycle_with_sse_c."""
    body = b"d" * size
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, **SSE_C)
    assert put["SSECustomerAlgorithm"] == "AES256"
    assert "ServerSideEncryption" not in put
    assert put["ETag"] != f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    assert read(s3, bucket, "k", **SSE_C) == body
    assert s3.head_object(Bucket=bucket, Key="k", **SSE_C)["SSECustomerKeyMD5"] == put["SSECustomerKeyMD5"]
    assert refused(s3.get_object, Bucket=bucket, Key="k") == {
        "Code": "InvalidRequest",
        "Message": NEEDS_KEY,
        "Status": 400,
    }
    wrong = {"Code": "AccessDenied", "Message": WRONG_KEY, "Status": 403}
    assert refused(s3.get_object, Bucket=bucket, Key="k", **OTHER_SSE_C) == wrong
    assert refused(s3.get_object, Bucket=bucket, Key="k", **{**SSE_C, "SSECustomerAlgorithm": "KMS"}) == {
        "ArgumentName": "x-amz-server-side-encryption",
        "ArgumentValue": "KMS",
        "Code": "InvalidEncryptionAlgorithmError",
        "Message": "The Encryption request you specified is not valid. Supported value: AES256.",
        "Status": 400,
    }


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {**SSE_C, "ServerSideEncryption": "AES256"},
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
        ),
        (
            {"SSECustomerKey": "k" * 32},
            "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption "
            "algorithm.",
        ),
        (
            {"SSECustomerAlgorithm": "AES256"},
            "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret "
            "key.",
        ),
        (
            {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "short"},
            "The secret key was invalid for the specified algorithm.",
        ),
        (
            {**SSE_C, "SSECustomerKey": b64encode(b"k" * 32).decode(), "SSECustomerKeyMD5": "JMwgiexXqwuPqIPjYFmIZw=="},
            "The calculated MD5 hash of the key did not match the hash that was provided.",
        ),
    ],
)
def test_customers_keys_that_are_refused(s3: Any, bucket: str, asked: dict[str, str], message: str) -> None:
    """Recording TestS3SSECEncryption::test_put_object_validation_sse_c."""
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x", **asked)
    assert (error["Code"], error["Message"]) == ("InvalidArgument", message)
    assert error["ArgumentName"] == "x-amz-server-side-encryption"


def test_copies_under_keys_of_their_customers(s3: Any, bucket: str) -> None:
    """Recording TestS3SSECEncryption::test_copy_object_with_sse_c."""
    s3.put_object(Bucket=bucket, Key="from", Body=b"test_data", **SSE_C)
    asked = {"Bucket": bucket, "CopySource": f"{bucket}/from"}
    assert refused(s3.copy_object, **asked, Key="to")["Message"] == NEEDS_KEY
    s3.copy_object(**asked, Key="to", **FROM_SSE_C)
    assert read(s3, bucket, "to") == b"test_data"
    s3.copy_object(**asked, Key="again", **FROM_SSE_C, **OTHER_SSE_C)
    assert read(s3, bucket, "again", **OTHER_SSE_C) == b"test_data"
    assert refused(s3.get_object, Bucket=bucket, Key="again", **SSE_C)["Message"] == WRONG_KEY
