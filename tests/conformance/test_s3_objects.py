"""Objects as boto3 sees them. Recordings: s3/s3 and s3/s3_api; each test names its own."""

import hashlib
import json
import os
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config

from pileus.kernel.wire import checksums
from tests.conftest import Server
from tests.support.buckets import new_bucket, refused, set_versioning, told

GONE = "The specified key does not exist."
NOT_HELD = "At least one of the pre-conditions you specified did not hold"
NOT_IMPLEMENTED = "A header you provided implies functionality that is not implemented"
TEN = b"0123456789"
TEN_TAG = '"781e5e245d69b566979b86e28d23f2c7"'


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    return new_bucket(s3)


def summed(algorithm: str, body: bytes) -> str:
    made = checksums.checksum(algorithm)
    made.update(body)
    return checksums.written(made.digest())


def test_what_is_put_is_got(s3: Any, bucket: str) -> None:
    """Recordings test_get_object_range and test_put_object_tagging: the members of a plain put, get and head."""
    put = s3.put_object(Bucket=bucket, Key="k", Body=TEN)
    summed = {"ChecksumCRC32": "poTHxg==", "ChecksumType": "FULL_OBJECT"}
    assert told(put) == {"ETag": TEN_TAG, "ServerSideEncryption": "AES256", **summed}
    plain = {
        "AcceptRanges": "bytes",
        "ContentLength": 10,
        "ContentType": "binary/octet-stream",
        "ETag": TEN_TAG,
        "Metadata": {},
        "ServerSideEncryption": "AES256",
    }
    got = s3.get_object(Bucket=bucket, Key="k")
    assert told(got) == {**plain, **summed}
    assert got["Body"].read() == TEN
    assert told(s3.head_object(Bucket=bucket, Key="k")) == plain
    assert told(s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")) == {**plain, **summed}


@pytest.mark.parametrize("size", [0, 1, 32 * 1024 + 1, 3_000_000])
def test_an_enciphered_object_has_a_length(s3: Any, bucket: str, size: int) -> None:
    """What is deciphered while it is sent is told as any other: SDKs plan their ranges by ContentLength."""
    body = bytes(range(250)) * (size // 250 + 1)
    s3.put_object(Bucket=bucket, Key="k", Body=body[:size], ServerSideEncryption="AES256")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["ContentLength"] == s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == size
    assert got["Body"].read() == body[:size]
    if size > 1:
        part = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes=1-{size - 2}")
        assert part["ContentLength"] == size - 2
        assert part["Body"].read() == body[1 : size - 1]


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 32 * 1024 + 1, 64 * 1024 + 1, 3_000_000])
def test_bodies_of_every_size_come_back(s3: Any, bucket: str, size: int) -> None:
    """Where the bytes lie (nowhere, in the store, in a file) and how they arrive (held, streamed) depends on that."""
    body = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body)
    assert put["ETag"] == f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == body
    assert got["ContentLength"] == size
    assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(s3.get_object, Bucket=bucket, Key="k") == {
        "Code": "NoSuchKey",
        "Message": GONE,
        "Key": "k",
        "Status": 404,
    }


def test_without_a_checksum_s3_makes_one(aws: Server, bucket: str) -> None:
    """Recording test_s3_checksum_no_automatic_sdk_calculation: CRC64NVME; of small and large bodies."""
    config = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
    s3 = aws.client("s3", config=config)
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"test data..")["ChecksumCRC64NVME"] == "qUVrWYOrIAM="
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head["ChecksumCRC64NVME"], head["ChecksumType"]) == ("qUVrWYOrIAM=", "FULL_OBJECT")
    large = b"a" * 200_000
    assert s3.put_object(Bucket=bucket, Key="k", Body=large)["ChecksumCRC64NVME"] == summed("CRC64NVME", large)


@pytest.mark.parametrize("size", [11, 200_000])
@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_a_wrong_checksum_keeps_nothing(s3: Any, bucket: str, algorithm: str, size: int) -> None:
    """Recording test_put_object_checksum[...]."""
    wrong = {f"Checksum{algorithm}": summed(algorithm, b"b" * size)}
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"a" * size, **wrong) == {
        "Code": "BadDigest",
        "Message": f"The {algorithm} you specified did not match the calculated checksum.",
        "Status": 400,
    }
    assert refused(s3.head_object, Bucket=bucket, Key="k")["Status"] == 404


@pytest.mark.parametrize(
    ("asked", "body", "told_range"),
    [
        ("bytes=0-8", b"012345678", "bytes 0-8/10"),
        ("bytes=1-1", b"1", "bytes 1-1/10"),
        ("bytes=1-0", TEN, None),
        ("bytes=1-", b"123456789", "bytes 1-9/10"),
        ("bytes=-1-", TEN, None),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-15", TEN, "bytes 0-9/10"),
        ("bytes=0-100", TEN, "bytes 0-9/10"),
        ("bytes=0--1", TEN, None),
        ("bytes=0-1,3-4,7-9", TEN, None),
        ("0-8", TEN, None),
        ("bytes=-", TEN, None),
    ],
)
def test_ranges(s3: Any, bucket: str, asked: str, body: bytes, told_range: str | None) -> None:
    """Recording test_get_object_range: what is no range is the whole; one that reaches too far is cut."""
    s3.put_object(Bucket=bucket, Key="k", Body=TEN)
    got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert got["Body"].read() == body
    assert got.get("ContentRange") == told_range
    assert got["ResponseMetadata"]["HTTPStatusCode"] == (200 if told_range is None else 206)
    assert ("ChecksumCRC32" in got) == (body == TEN)


@pytest.mark.parametrize("asked", ["bytes=100-200", "bytes=10-", "bytes=-0"])
def test_ranges_beyond_the_object(s3: Any, bucket: str, asked: str) -> None:
    """Recordings test_invalid_range_error and test_get_object_range."""
    s3.put_object(Bucket=bucket, Key="k", Body=TEN)
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range=asked) == {
        "ActualObjectSize": "10",
        "Code": "InvalidRange",
        "Message": "The requested range is not satisfiable",
        "RangeRequested": asked,
        "Status": 416,
    }


def test_parts_of_what_has_no_parts(s3: Any, bucket: str) -> None:
    """Recording test_get_object_part."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"test-123")
    got = s3.get_object(Bucket=bucket, Key="k", PartNumber=1)
    assert (got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]) == ("bytes 0-7/8", 206)
    assert "PartsCount" not in got
    assert refused(s3.get_object, Bucket=bucket, Key="k", PartNumber=2) == {
        "ActualPartCount": "1",
        "Code": "InvalidPartNumber",
        "Message": "The requested partnumber is not satisfiable",
        "PartNumberRequested": "2",
        "Status": 416,
    }
    assert refused(s3.get_object, Bucket=bucket, Key="k", PartNumber=1, Range="bytes=0-1")["Message"] == (
        "Cannot specify both Range header and partNumber query parameter"
    )


def test_reads_with_conditions(s3: Any, bucket: str) -> None:
    """Recording test_s3_get_object_preconditions[get_object] and RFC 9110's precedence."""
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"data")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    past, future = modified - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)

    def status(**asked: Any) -> int:
        try:
            answer: dict[str, Any] = s3.get_object(Bucket=bucket, Key="k", **asked)
        except s3.exceptions.ClientError as error:
            answer = error.response
        found: int = answer["ResponseMetadata"]["HTTPStatusCode"]
        return found

    assert refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"') == {
        "Code": "PreconditionFailed",
        "Condition": "If-Match",
        "Message": NOT_HELD,
        "Status": 412,
    }
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfUnmodifiedSince=past)["Condition"] == "If-Unmodified-Since"
    assert status(IfNoneMatch=tag) == 304
    assert status(IfNoneMatch=tag.strip('"')) == 304
    assert status(IfModifiedSince=modified) == 304
    assert status(IfModifiedSince=future) == 200
    assert status(IfUnmodifiedSince=modified) == 200
    assert status(IfMatch=tag, IfUnmodifiedSince=past) == 200
    assert status(IfNoneMatch=tag, IfModifiedSince=past) == 304
    assert status(IfNoneMatch='"other"', IfModifiedSince=modified) == 200
    assert status(IfMatch=f'"other", {tag}') == 200
    assert refused(s3.head_object, Bucket=bucket, Key="k", IfMatch='"other"')["Status"] == 412


def test_writes_with_conditions(s3: Any, bucket: str) -> None:
    """Recordings TestS3ObjectWritePrecondition::test_put_object_*."""
    missing = {"Code": "NoSuchKey", "Key": "k", "Message": GONE, "Status": 404}
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfMatch="any") == missing
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"test", IfNoneMatch="*")["ETag"]
    again = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfNoneMatch="*")
    assert again == {"Code": "PreconditionFailed", "Condition": "If-None-Match", "Message": NOT_HELD, "Status": 412}
    other = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfMatch='"other"')
    assert other["Condition"] == "If-Match"
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=tag)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfNoneMatch='"x"') == {
        "Code": "NotImplemented",
        "Header": "If-None-Match",
        "Message": NOT_IMPLEMENTED,
        "additionalMessage": "We don't accept the provided value of If-None-Match header for this API",
        "Status": 501,
    }
    both = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfMatch="x", IfNoneMatch="*")
    assert both["additionalMessage"] == "Multiple conditional request headers present in the request"
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfMatch="*")["Header"] == "If-Match"


def test_a_failed_condition_keeps_no_bytes(s3: Any, bucket: str, aws: Server) -> None:
    """A large body is written before its condition is looked at: its file must go again."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"a")
    before = set((aws.data_dir / "objects").rglob("*")) if (aws.data_dir / "objects").exists() else set()
    refused(s3.put_object, Bucket=bucket, Key="k", Body=b"b" * 100_000, IfNoneMatch="*")
    after = {path for path in (aws.data_dir / "objects").rglob("*") if path.is_file()}
    assert after <= before


def test_deletes_with_conditions(s3: Any, bucket: str) -> None:
    """Recordings TestS3DeletePrecondition."""
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"test")["ETag"]
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatch="badvalue")["Condition"] == "If-Match"
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatchSize=10) == {
        "Code": "NotImplemented",
        "Header": "x-amz-if-match-size",
        "Message": NOT_IMPLEMENTED,
        "Status": 501,
    }
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=tag)
    assert refused(s3.head_object, Bucket=bucket, Key="k")["Status"] == 404


def test_headers_go_out_as_they_came(s3: Any, bucket: str) -> None:
    """Recordings test_s3_get_object_header_overrides, test_s3_object_expires, test_system_metadata_with_unicode."""
    s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=b"something",
        CacheControl="no-cache",
        ContentDisposition="inline",
        ContentEncoding="identity",
        ContentLanguage="de",
        ContentType="text/plain",
        Expires=datetime(2030, 1, 1, tzinfo=UTC),
        WebsiteRedirectLocation="/elsewhere",
    )
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["CacheControl"], head["ContentDisposition"], head["ContentLanguage"]) == ("no-cache", "inline", "de")
    assert (head["ContentType"], head["ExpiresString"]) == ("text/plain", "Tue, 01 Jan 2030 00:00:00 GMT")
    assert head["WebsiteRedirectLocation"] == "/elsewhere"
    got = s3.get_object(
        Bucket=bucket,
        Key="k",
        ResponseCacheControl="max-age=74",
        ResponseContentDisposition='attachment; filename="foo.jpg"',
        ResponseContentEncoding="identity",
        ResponseContentLanguage="de-DE",
        ResponseContentType="image/jpeg",
        ResponseExpires=datetime(2015, 10, 21, 7, 28, tzinfo=UTC),
    )
    assert (got["CacheControl"], got["ContentType"], got["ContentLanguage"]) == ("max-age=74", "image/jpeg", "de-DE")
    assert got["ContentDisposition"] == 'attachment; filename="foo.jpg"'
    assert got["ExpiresString"] == "Wed, 21 Oct 2015 07:28:00 GMT"


def test_metadata_travels_as_rfc_2047_has_it(s3: Any, bucket: str) -> None:
    """Recordings test_user_metadata_rfc2047_encoded and ..._bad_b64_encoded; names are told in lower case."""
    s3.put_object(
        Bucket=bucket,
        Key="k",
        Metadata={
            "TEST_META_1": "foo",
            "ascii": "=?UTF-8?B?YWJj?=",
            "non-ascii": "=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?=",
            "binary": "=?UTF-8?B?AAECAw==?=",
            "bad": "=?UTF-8?B?/2H/?=",
        },
    )
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {
        "test_meta_1": "foo",
        "ascii": "abc",
        "non-ascii": "=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?=",
        "binary": "=?UTF-8?B?AAECAw==?=",
        "bad": "=?UTF-8?B?77+9Ye+/vQ==?=",
    }
    s3.put_object(Bucket=bucket, Key="most", Metadata={"k": "v" * 2047})
    assert refused(s3.put_object, Bucket=bucket, Key="k", Metadata={"k": "v" * 2048}) == {
        "Code": "MetadataTooLarge",
        "Message": "Your metadata headers exceed the maximum allowed metadata size",
        "MaxSizeAllowed": "2048",
        "Size": "2049",
        "Status": 400,
    }


@pytest.mark.parametrize("key", ["a" * 1024, "é" * 512, "a/../b", "//", "a b+c%2F~*'()", "\u2028/😀", "trailing/", "."])
def test_keys_of_every_kind(s3: Any, bucket: str, key: str) -> None:
    """Recordings test_put_get_object_special_character[...]: a key is text, and no path."""
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})["Deleted"] == [{"Key": key}]


def test_a_key_may_be_too_long(s3: Any, bucket: str) -> None:
    """In bytes of UTF-8."""
    error = refused(s3.put_object, Bucket=bucket, Key="é" * 513, Body=b"")
    assert (error["Code"], error["Size"], error["MaxSizeAllowed"]) == ("KeyTooLongError", "1026", "1024")


@pytest.mark.parametrize(
    "storage_class", ["STANDARD_IA", "GLACIER_IR", "REDUCED_REDUNDANCY", "GLACIER", "DEEP_ARCHIVE"]
)
def test_storage_classes(s3: Any, bucket: str, storage_class: str) -> None:
    """Recordings test_put_object_storage_class[...]."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"body-test", StorageClass=storage_class)
    assert s3.head_object(Bucket=bucket, Key="k")["StorageClass"] == storage_class
    if storage_class in {"GLACIER", "DEEP_ARCHIVE"}:
        assert refused(s3.get_object, Bucket=bucket, Key="k") == {
            "Code": "InvalidObjectState",
            "Message": "The operation is not valid for the object's storage class",
            "StorageClass": storage_class,
            "Status": 403,
        }
    else:
        assert s3.get_object(Bucket=bucket, Key="k")["StorageClass"] == storage_class


def test_storage_classes_of_other_places(s3: Any, bucket: str) -> None:
    """Recording test_put_object_storage_class_outposts."""
    assert refused(s3.put_object, Bucket=bucket, Key="k", StorageClass="OUTPOSTS") == {
        "Code": "InvalidStorageClass",
        "Message": "The storage class you specified is not valid",
        "StorageClassRequested": "OUTPOSTS",
        "Status": 400,
    }


def test_an_archived_object_comes_back_by_the_clock(own_server: Server) -> None:
    """Recording test_s3_get_deep_archive_object_restore; the times are of the User Guide."""
    server = own_server.start()
    s3 = server.client("s3")
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body=b"cold", StorageClass="DEEP_ARCHIVE")
    asked = {"Days": 2, "GlacierJobParameters": {"Tier": "Standard"}}
    done = s3.restore_object(Bucket=bucket, Key="k", RestoreRequest=asked)
    assert done["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert s3.head_object(Bucket=bucket, Key="k")["Restore"] == 'ongoing-request="true"'
    assert refused(s3.restore_object, Bucket=bucket, Key="k", RestoreRequest=asked)["Code"] == (
        "RestoreAlreadyInProgress"
    )
    _advance(server, hours=12)
    assert s3.head_object(Bucket=bucket, Key="k")["Restore"].startswith('ongoing-request="false", expiry-date="')
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"cold"
    _advance(server, hours=72)
    assert "Restore" not in s3.head_object(Bucket=bucket, Key="k")
    assert refused(s3.get_object, Bucket=bucket, Key="k")["Code"] == "InvalidObjectState"


def _advance(server: Server, *, hours: int) -> None:
    moved = json.dumps({"advance_s": hours * 3600}).encode()
    request = urllib.request.Request(f"{server.url}/_pileus/clock", data=moved, method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def test_deleting_many(s3: Any, bucket: str) -> None:
    """Recordings test_delete_non_existing_keys and ..._quiet, test_s3_batch_delete_objects."""
    for key in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=key)
    objects = [{"Key": "a"}, {"Key": "b"}, {"Key": "never"}]
    assert told(s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})) == {"Deleted": objects}
    assert told(s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})) == {}
    many = [{"Key": str(n)} for n in range(1001)]
    assert refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": many})["Code"] == "MalformedXML"


def test_versions_and_markers(s3: Any) -> None:
    """Recording test_delete_object_versioned."""
    bucket = new_bucket(s3, versioned=True)
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"test-delete")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    gone = refused(s3.get_object, Bucket=bucket, Key="k")
    assert gone == {"Code": "NoSuchKey", "Key": "k", "Message": GONE, "Status": 404}
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == b"test-delete"
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"]) == {
        "Code": "MethodNotAllowed",
        "Message": "The specified method is not allowed against this resource.",
        "Method": "GET",
        "ResourceType": "DeleteMarker",
        "Status": 405,
    }
    again = s3.delete_object(Bucket=bucket, Key="k")
    removed = told(s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"]))
    assert removed == {"DeleteMarker": True, "VersionId": marker["VersionId"]}
    assert told(s3.delete_object(Bucket=bucket, Key="k", VersionId=version)) == {"VersionId": version}
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=version) == {
        "Code": "NoSuchVersion",
        "Key": "k",
        "Message": "The specified version does not exist.",
        "VersionId": version,
        "Status": 404,
    }
    listed = s3.list_object_versions(Bucket=bucket)
    assert [each["VersionId"] for each in listed["DeleteMarkers"]] == [again["VersionId"]]


def test_a_suspended_bucket_has_one_null_version(s3: Any) -> None:
    """Recordings test_put_object_on_suspended_bucket and test_delete_object_on_suspended_bucket."""
    bucket = new_bucket(s3, versioned=True)
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    set_versioning(s3, bucket, "Suspended")
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    s3.put_object(Bucket=bucket, Key="k", Body=b"3")
    assert [(each["VersionId"], each["IsLatest"]) for each in _versions(s3, bucket)] == [("null", True), (first, False)]
    assert told(s3.delete_object(Bucket=bucket, Key="k")) == {"DeleteMarker": True, "VersionId": "null"}
    assert [each["VersionId"] for each in _versions(s3, bucket)] == [first]
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == first


def _versions(s3: Any, bucket: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = s3.list_object_versions(Bucket=bucket).get("Versions", [])
    return found


def test_deleting_many_versions(s3: Any) -> None:
    """Recordings test_delete_objects_versioned and test_delete_keys_in_versioned_bucket."""
    bucket = new_bucket(s3, versioned=True)
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    made = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})["Deleted"]
    marker = made[0]["DeleteMarkerVersionId"]
    assert made == [{"Key": "k", "DeleteMarker": True, "DeleteMarkerVersionId": marker}]
    asked = [{"Key": "k", "VersionId": marker}, {"Key": "k", "VersionId": version}]
    assert s3.delete_objects(Bucket=bucket, Delete={"Objects": asked})["Deleted"] == [
        {"Key": "k", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker},
        {"Key": "k", "VersionId": version},
    ]
    wrong = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": "no such"}]})
    assert wrong["Errors"] == [
        {
            "Key": "k",
            "VersionId": "no such",
            "Code": "NoSuchVersion",
            "Message": "The specified version does not exist.",
        }
    ]


def test_version_ids_that_are_none(s3: Any, bucket: str) -> None:
    """Recordings test_get_object_with_version_unversioned_bucket, test_delete_object and test_delete_objects."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"test-version")
    foreign = "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"
    for version_id in ("not a version", foreign):
        for operation in (s3.get_object, s3.delete_object):
            assert refused(operation, Bucket=bucket, Key="k", VersionId=version_id) == {
                "ArgumentName": "versionId",
                "ArgumentValue": version_id,
                "Code": "InvalidArgument",
                "Message": "Invalid version id specified",
                "Status": 400,
            }
    many = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": foreign}]})
    assert [each["Code"] for each in many["Errors"]] == ["NoSuchVersion"]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"test-version"


def test_tags(s3: Any, bucket: str) -> None:
    """Recordings test_put_object_with_tags and test_object_tagging_crud."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="tag1=tag1&tag2=tag2&tag=")
    tags = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert tags == [{"Key": "tag", "Value": ""}, {"Key": "tag1", "Value": "tag1"}, {"Key": "tag2", "Value": "tag2"}]
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 3
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "tag3", "Value": "tag3"}]})
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 1
    deleted = s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert "TagCount" not in s3.get_object(Bucket=bucket, Key="k")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (
            [("Key1", "a"), ("Key1", "b")],
            {"Code": "InvalidTag", "Message": "Cannot provide multiple Tags with the same key", "TagKey": "Key1"},
        ),
        (
            [("Key1,Key2", "a")],
            {"Code": "InvalidTag", "Message": "The TagKey you have provided is invalid", "TagKey": "Key1,Key2"},
        ),
        (
            [("aws:prefixed", "a")],
            {"Code": "InvalidTag", "Message": "Your TagKey cannot be prefixed with aws:", "TagKey": "aws:prefixed"},
        ),
        (
            [(f"k{n}", "v") for n in range(11)],
            {"Code": "BadRequest", "Message": "Object tags cannot be greater than 10"},
        ),
    ],
)
def test_tags_that_are_refused(s3: Any, bucket: str, tags: list[tuple[str, str]], expected: dict[str, str]) -> None:
    """Recording test_tagging_validation."""
    s3.put_object(Bucket=bucket, Key="k")
    asked = {"TagSet": [{"Key": key, "Value": value} for key, value in tags]}
    assert refused(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=asked) == {**expected, "Status": 400}


def test_tags_in_a_header_are_a_query(s3: Any, bucket: str) -> None:
    """Recording test_object_tagging_exc."""
    for header in ("key1=val1&key1=val2", "key1=val1,key2=val2"):
        error = refused(s3.put_object, Bucket=bucket, Key="k", Tagging=header)
        assert (error["Code"], error["ArgumentName"], error["ArgumentValue"]) == (
            "InvalidArgument",
            "x-amz-tagging",
            header,
        )
    assert refused(s3.get_object_tagging, Bucket=bucket, Key="none")["Key"] == f"{bucket}/none"


def test_attributes(s3: Any) -> None:
    """Recordings test_get_object_attributes and test_get_object_attributes_versioned."""
    bucket = new_bucket(s3, versioned=True)
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"data.v1")["VersionId"]
    asked = ["StorageClass", "ETag", "ObjectSize", "ObjectParts", "Checksum"]
    found = told(s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=asked))
    assert found == {
        "Checksum": {"ChecksumCRC32": "tJ0Ivg==", "ChecksumType": "FULL_OBJECT"},
        "ETag": "606107aed62615183ff5b3a9b26e0896",
        "ObjectSize": 7,
        "StorageClass": "STANDARD",
        "VersionId": version,
    }


def test_a_stranger_is_expected(s3: Any, bucket: str) -> None:
    """A bucket that is not of whom the caller expects is not touched (recording test_..._expected_bucket_owner)."""
    error = refused(s3.put_object, Bucket=bucket, Key="k", ExpectedBucketOwner="222222222222")
    assert (error["Code"], error["Status"]) == ("AccessDenied", 403)


def test_whoever_asks_pays(aws: Server, s3: Any, bucket: str) -> None:
    """S3 User Guide, "Using Requester Pays": strangers say that they do, and are told so; the owner need not."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    everybody = f'{{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::{bucket}/*"}}'
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=f'{{"Version": "2012-10-17", "Statement": [{everybody}]}}')
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    stranger = aws.client("s3", aws_access_key_id="222222222222")
    assert refused(stranger.get_object, Bucket=bucket, Key="k")["Code"] == "AccessDenied"
    assert stranger.get_object(Bucket=bucket, Key="k", RequestPayer="requester")["RequestCharged"] == "requester"
    assert "RequestCharged" not in s3.get_object(Bucket=bucket, Key="k")
    for call, more in (
        (stranger.create_multipart_upload, {}),
        (stranger.list_parts, {"UploadId": "u"}),
        (stranger.upload_part, {"UploadId": "u", "PartNumber": 1}),
        (stranger.get_object_tagging, {}),
    ):
        assert refused(call, Bucket=bucket, Key="k", **more)["Code"] == "AccessDenied", call
    upload = stranger.create_multipart_upload(Bucket=bucket, Key="m", RequestPayer="requester")["UploadId"]
    stranger.abort_multipart_upload(Bucket=bucket, Key="m", UploadId=upload, RequestPayer="requester")
    other = f"{bucket}-of-others"
    stranger.create_bucket(Bucket=other)
    into = {"Bucket": other, "Key": "m"}
    upload = stranger.create_multipart_upload(**into)["UploadId"]
    copied = {**into, "UploadId": upload, "PartNumber": 1, "CopySource": f"{bucket}/k"}
    assert refused(stranger.upload_part_copy, **copied)["Code"] == "AccessDenied"
    stranger.upload_part_copy(**copied, RequestPayer="requester")
