"""Uploads in parts as boto3 sees them. Recordings: s3/s3 and s3/s3_api; each test names its own."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

KEY = "key"
MIB = 1024 * 1024
LARGE = b"a" * (5 * MIB + 1)
GONE = (
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
    "completed."
)
NOT_FOUND = (
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "
    "entity tag may not match the part's entity tag."
)


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"uploads-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs from call to call."""
    return {name: value for name, value in answer.items() if name not in {"ResponseMetadata", "LastModified"}}


def refused(call: Callable[..., Any], **request: Any) -> dict[str, Any]:
    """The error's members, and the status."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    response: Any = caught.value.response
    return {**response["Error"], "Status": response["ResponseMetadata"]["HTTPStatusCode"]}


def begin(s3: Any, bucket: str, key: str = KEY, **asked: Any) -> str:
    upload_id: str = s3.create_multipart_upload(Bucket=bucket, Key=key, **asked)["UploadId"]
    return upload_id


def put(s3: Any, bucket: str, upload_id: str, number: int, body: bytes, key: str = KEY, **asked: Any) -> dict[str, Any]:
    """What completing wants to know of the part."""
    answer = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body, **asked)
    return {"PartNumber": number, "ETag": answer["ETag"]}


def finish(s3: Any, bucket: str, upload_id: str, parts: list[dict[str, Any]], key: str = KEY, **asked: Any) -> Any:
    return s3.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}, **asked
    )


def test_an_upload_from_its_begin_to_its_object(s3: Any, bucket: str) -> None:
    """test_multipart_and_list_parts: each answer by the letter."""
    created = s3.create_multipart_upload(Bucket=bucket, Key=KEY)
    upload_id = created["UploadId"]
    assert told(created) == {
        "Bucket": bucket,
        "Key": KEY,
        "ServerSideEncryption": "AES256",
        "UploadId": upload_id,
    }
    owner = s3.list_buckets()["Owner"]["ID"]
    listed = {
        "Bucket": bucket,
        "Initiator": {"DisplayName": "111111111111", "ID": owner},
        "IsTruncated": False,
        "Key": KEY,
        "MaxParts": 1000,
        "NextPartNumberMarker": 0,
        "Owner": {"ID": owner},
        "PartNumberMarker": 0,
        "StorageClass": "STANDARD",
        "UploadId": upload_id,
    }
    assert told(s3.list_parts(Bucket=bucket, Key=KEY, UploadId=upload_id)) == listed
    body = b"upload-part-1" * 5
    part = s3.upload_part(Bucket=bucket, Key=KEY, UploadId=upload_id, PartNumber=1, Body=body)
    assert told(part) == {
        "ChecksumCRC32": "axEe0A==",
        "ETag": '"3237c18681adb6a9d843c733ce249480"',
        "ServerSideEncryption": "AES256",
    }
    found = s3.list_parts(Bucket=bucket, Key=KEY, UploadId=upload_id)
    assert told(found) == {
        **listed,
        "NextPartNumberMarker": 1,
        "Parts": [
            {
                "ETag": '"3237c18681adb6a9d843c733ce249480"',
                "LastModified": found["Parts"][0]["LastModified"],
                "PartNumber": 1,
                "Size": 65,
            }
        ],
    }
    done = finish(s3, bucket, upload_id, [{"PartNumber": 1, "ETag": part["ETag"]}])
    location = done.pop("Location")
    assert location.endswith(f"/{bucket}/{KEY}")
    assert told(done) == {
        "Bucket": bucket,
        "ChecksumCRC64NVME": "CTXktO4pIQs=",
        "ChecksumType": "FULL_OBJECT",
        "ETag": '"e747540af6911dbc890f8d3e0b48549b-1"',
        "Key": KEY,
        "ServerSideEncryption": "AES256",
    }
    assert refused(s3.list_parts, Bucket=bucket, Key=KEY, UploadId=upload_id)["Code"] == "NoSuchUpload"
    got = s3.get_object(Bucket=bucket, Key=KEY, ChecksumMode="ENABLED")
    assert got["ChecksumCRC64NVME"] == "CTXktO4pIQs="
    assert got["ETag"] == '"e747540af6911dbc890f8d3e0b48549b-1"'
    assert got["Body"].read() == body


def test_who_has_no_upload_is_told_so(s3: Any, bucket: str) -> None:
    """test_multipart_no_such_upload, test_multipart_key_validation: an upload is of one key of one bucket."""
    upload_id = begin(s3, bucket)
    for key, asked in ((KEY, "fakeid"), ("other", upload_id)):
        for call, more in (
            (s3.upload_part, {"PartNumber": 1, "Body": b"x"}),
            (s3.complete_multipart_upload, {}),
            (s3.list_parts, {}),
            (s3.abort_multipart_upload, {}),
        ):
            assert refused(call, Bucket=bucket, Key=key, UploadId=asked, **more) == {
                "Code": "NoSuchUpload",
                "Message": GONE,
                "UploadId": asked,
                "Status": 404,
            }


def test_an_aborted_upload_is_gone(s3: Any, bucket: str) -> None:
    """API_AbortMultipartUpload: 204, and nothing is listed any more; another initiated time is refused."""
    upload_id = begin(s3, bucket)
    put(s3, bucket, upload_id, 1, b"x")
    upload = {"Bucket": bucket, "Key": KEY, "UploadId": upload_id}
    other = datetime(2020, 1, 1, tzinfo=UTC)
    assert refused(s3.abort_multipart_upload, **upload, IfMatchInitiatedTime=other)["Status"] == 412
    initiated = s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]["Initiated"]
    answer = s3.abort_multipart_upload(**upload, IfMatchInitiatedTime=initiated)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert refused(s3.list_parts, **upload)["Code"] == "NoSuchUpload"


@pytest.mark.parametrize("number", [-1, 0, 10_001])
def test_numbers_of_parts_have_bounds(s3: Any, bucket: str, number: int) -> None:
    """test_complete_multipart_parts_order, upload-part-negative-part-number."""
    upload_id = begin(s3, bucket)
    error = refused(s3.upload_part, Bucket=bucket, Key=KEY, UploadId=upload_id, PartNumber=number, Body=b"x")
    assert error == {
        "ArgumentName": "partNumber",
        "ArgumentValue": str(number),
        "Code": "InvalidArgument",
        "Message": "Part number must be an integer between 1 and 10000, inclusive",
        "Status": 400,
    }


def test_parts_stand_in_order_with_gaps(s3: Any, bucket: str) -> None:
    """test_complete_multipart_parts_order: numbers ascend, in any steps; the object is in the order of numbers."""
    upload_id = begin(s3, bucket)
    parts = [put(s3, bucket, upload_id, number, LARGE) for number in (5, 1)] + [put(s3, bucket, upload_id, 9, b"end")]
    assert refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=parts) == {
        "Code": "InvalidPartOrder",
        "Message": "The list of parts was not in ascending order. Parts must be ordered by part number.",
        "UploadId": upload_id,
        "Status": 400,
    }
    twice = [parts[1], parts[1]]
    assert refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=twice)["Code"] == "InvalidPartOrder"
    done = finish(s3, bucket, upload_id, sorted(parts, key=lambda part: part["PartNumber"]))
    joined = md5(md5(LARGE).digest() * 2 + md5(b"end").digest()).hexdigest()
    assert done["ETag"] == f'"{joined}-3"'
    assert s3.get_object(Bucket=bucket, Key=KEY)["Body"].read() == LARGE * 2 + b"end"


def test_what_is_no_part_is_refused(s3: Any, bucket: str) -> None:
    """test_multipart_complete_multipart_wrong_part: an unknown number, and another ETag."""
    upload_id = begin(s3, bucket)
    part = put(s3, bucket, upload_id, 1, b"test")
    wrong = {"PartNumber": 1, "ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}
    tried: list[dict[str, Any]] = [{**part, "PartNumber": 2}, wrong]
    for asked in tried:
        assert refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=[asked]) == {
            "Code": "InvalidPart",
            "ETag": asked["ETag"].strip('"'),
            "Message": NOT_FOUND,
            "PartNumber": str(asked["PartNumber"]),
            "UploadId": upload_id,
            "Status": 400,
        }


def test_only_the_last_part_may_be_small(s3: Any, bucket: str) -> None:
    """test_multipart_complete_multipart_too_small; and no parts at all."""
    upload_id = begin(s3, bucket)
    parts = [put(s3, bucket, upload_id, number, b"test") for number in (1, 2)]
    upload = {"Bucket": bucket, "Key": KEY, "UploadId": upload_id}
    none = refused(s3.complete_multipart_upload, **upload)
    assert (none["Code"], none["Message"]) == ("InvalidRequest", "You must specify at least one part")
    assert refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=[])["Code"] == "MalformedXML"
    assert refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=parts) == {
        "Code": "EntityTooSmall",
        "ETag": "098f6bcd4621d373cade4e832627b4f6",
        "Message": "Your proposed upload is smaller than the minimum allowed size",
        "MinSizeAllowed": "5242880",
        "PartNumber": "1",
        "ProposedSize": "4",
        "Status": 400,
    }
    finish(s3, bucket, upload_id, parts[1:])
    assert s3.head_object(Bucket=bucket, Key=KEY)["ContentLength"] == 4


def test_completing_again_answers_the_same(s3: Any, bucket: str) -> None:
    """A client that did not hear the answer asks again, and hears it (API_CompleteMultipartUpload)."""
    upload_id = begin(s3, bucket)
    parts = [put(s3, bucket, upload_id, 1, b"test")]
    assert told(finish(s3, bucket, upload_id, parts)) == told(finish(s3, bucket, upload_id, parts))


def test_an_object_has_what_its_upload_was_given(s3: Any, bucket: str) -> None:
    """API_CreateMultipartUpload: headers, metadata, tags, storage class and redirect are the object's."""
    upload_id = begin(
        s3,
        bucket,
        CacheControl="no-cache",
        ContentType="text/plain",
        ContentLanguage="de",
        ContentDisposition="inline",
        ContentEncoding="br",
        Metadata={"one": "1"},
        Tagging="a=b&c=d",
        StorageClass="STANDARD_IA",
        WebsiteRedirectLocation="/elsewhere",
    )
    assert s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]["StorageClass"] == "STANDARD_IA"
    finish(s3, bucket, upload_id, [put(s3, bucket, upload_id, 1, b"test")])
    head = s3.head_object(Bucket=bucket, Key=KEY)
    assert (head["CacheControl"], head["ContentType"], head["ContentLanguage"]) == ("no-cache", "text/plain", "de")
    assert (head["ContentDisposition"], head["ContentEncoding"]) == ("inline", "br")
    assert head["Metadata"] == {"one": "1"}
    assert head["StorageClass"] == "STANDARD_IA"
    assert head["WebsiteRedirectLocation"] == "/elsewhere"
    assert s3.get_object(Bucket=bucket, Key=KEY)["TagCount"] == 2
    wrong = refused(s3.create_multipart_upload, Bucket=bucket, Key=KEY, StorageClass="OUTPOSTS")
    assert (wrong["Code"], wrong["StorageClassRequested"]) == ("InvalidStorageClass", "OUTPOSTS")


def test_versions_come_with_completion(s3: Any, bucket: str) -> None:
    """An upload makes a version when it is completed, whenever it began; its id is told."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    upload_id = begin(s3, bucket)
    part = put(s3, bucket, upload_id, 1, b"upload")
    first = s3.put_object(Bucket=bucket, Key=KEY, Body=b"put")["VersionId"]
    second = finish(s3, bucket, upload_id, [part])["VersionId"]
    assert s3.get_object(Bucket=bucket, Key=KEY)["VersionId"] == second
    assert s3.get_object(Bucket=bucket, Key=KEY, VersionId=second)["Body"].read() == b"upload"
    assert s3.get_object(Bucket=bucket, Key=KEY, VersionId=first)["Body"].read() == b"put"


def test_locks_come_with_the_upload(s3: Any) -> None:
    """API_CreateMultipartUpload, `x-amz-object-lock-*`: the object is held as its upload asked."""
    name = f"locked-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    upload_id = begin(
        s3,
        name,
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
        ObjectLockLegalHoldStatus="ON",
    )
    finish(s3, name, upload_id, [put(s3, name, upload_id, 1, b"test")])
    head = s3.head_object(Bucket=name, Key=KEY)
    assert (head["ObjectLockMode"], head["ObjectLockLegalHoldStatus"]) == ("GOVERNANCE", "ON")
    assert head["ObjectLockRetainUntilDate"] == until


def test_locations_escape_what_keys_hold(s3: Any, bucket: str) -> None:
    """test_multipart_with_unicode_character_location: the address of the object, URL-encoded."""
    key = "test-unicode_—_file"
    upload_id = begin(s3, bucket, key)
    done = finish(s3, bucket, upload_id, [put(s3, bucket, upload_id, 1, b"test", key)], key)
    assert done["Key"] == key
    assert done["Location"].endswith(f"{bucket}/{quote(key)}")


def test_conditions_look_at_what_happened_since(s3: Any, bucket: str) -> None:
    """test_multipart_if_none_match_*, test_multipart_if_match_*: a write or a delete since the begin is a conflict."""

    def upload() -> tuple[str, list[dict[str, Any]]]:
        upload_id = begin(s3, bucket)
        return upload_id, [put(s3, bucket, upload_id, 1, b"test")]

    etag = s3.put_object(Bucket=bucket, Key=KEY, Body=b"one")["ETag"]
    upload_id, parts = upload()
    asked: dict[str, Any] = {"s3": s3, "bucket": bucket, "upload_id": upload_id, "parts": parts}
    failed = {
        "Code": "PreconditionFailed",
        "Message": "At least one of the pre-conditions you specified did not hold",
        "Status": 412,
    }
    conflict = {
        "Code": "ConditionalRequestConflict",
        "Key": KEY,
        "Message": "The conditional request cannot succeed due to a conflicting operation against this resource.",
        "Status": 409,
    }
    assert refused(finish, **asked, IfNoneMatch="*") == {**failed, "Condition": "If-None-Match"}
    s3.delete_object(Bucket=bucket, Key=KEY)
    assert refused(finish, **asked, IfNoneMatch="*") == {**conflict, "Condition": "If-None-Match"}
    missing = refused(finish, **asked, IfMatch=etag)
    assert (missing["Code"], missing["Status"]) == ("NoSuchKey", 404)
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"one")
    assert refused(finish, **asked, IfMatch='"other"') == {**failed, "Condition": "If-Match"}
    assert refused(finish, **asked, IfMatch=etag) == {**conflict, "Condition": "If-Match"}
    upload_id, parts = upload()
    assert finish(s3, bucket, upload_id, parts, IfMatch=etag)["ETag"].endswith('-1"')


def test_a_customers_key_is_asked_for_with_every_part(s3: Any, bucket: str) -> None:
    """test_multipart_upload_sse_c, test_multipart_upload_sse_c_validation."""
    key, other = base64.b64encode(b"k" * 32).decode(), base64.b64encode(b"o" * 32).decode()
    mine: dict[str, Any] = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
    plain = begin(s3, bucket)
    missing = (
        "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate "
        "encryption parameters."
    )
    part: dict[str, Any] = {"Bucket": bucket, "Key": KEY, "PartNumber": 1, "Body": LARGE}
    assert refused(s3.upload_part, UploadId=plain, **part, **mine)["Message"] == missing
    created = s3.create_multipart_upload(Bucket=bucket, Key=KEY, **mine)
    upload_id = created["UploadId"]
    key_md5 = base64.b64encode(md5(base64.b64decode(key)).digest()).decode()
    assert (created["SSECustomerAlgorithm"], created["SSECustomerKeyMD5"]) == ("AES256", key_md5)
    assert "ServerSideEncryption" not in created
    assert refused(s3.upload_part, UploadId=upload_id, **part)["Message"] == missing
    wrong = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64decode(other)}
    assert refused(s3.upload_part, UploadId=upload_id, **part, **wrong)["Message"] == (
        "The provided encryption parameters did not match the ones used originally."
    )
    parts = [put(s3, bucket, upload_id, number, LARGE, **mine) for number in (1, 2)]
    done = finish(s3, bucket, upload_id, parts)
    assert not [name for name in done if name.startswith(("Checksum", "SSE", "ServerSide"))]
    assert refused(s3.get_object, Bucket=bucket, Key=KEY)["Code"] == "InvalidRequest"
    assert s3.get_object(Bucket=bucket, Key=KEY, **mine)["Body"].read() == LARGE * 2
    tail = s3.get_object(Bucket=bucket, Key=KEY, Range="bytes=5242879-5242890", **mine)["Body"].read()
    assert tail == (LARGE * 2)[5242879:5242891]


def test_an_encrypted_bucket_encrypts_parts(s3: Any, bucket: str) -> None:
    """PutBucketEncryption with AES256: parts lie enciphered, and read as they were written."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    upload_id = begin(s3, bucket)
    parts = [put(s3, bucket, upload_id, 1, LARGE), put(s3, bucket, upload_id, 2, b"")]
    done = finish(s3, bucket, upload_id, parts)
    assert done["ServerSideEncryption"] == "AES256"
    assert parts[0]["ETag"] == f'"{md5(LARGE).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key=KEY, ChecksumMode="ENABLED")
    assert got["ChecksumCRC64NVME"] == done["ChecksumCRC64NVME"]
    assert got["Body"].read() == LARGE


def test_lifecycles_are_told(s3: Any, bucket: str) -> None:
    """API_CreateMultipartUpload, `x-amz-abort-date`, also with its parts; `x-amz-expiration` with the object."""
    rules = [
        {"ID": "later", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"Days": 9}},
        *(
            {
                "ID": f"abort-{days}",
                "Filter": {"Prefix": KEY},
                "Status": "Enabled",
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
            }
            for days in (5, 3)
        ),
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    created = s3.create_multipart_upload(Bucket=bucket, Key=KEY)
    upload_id = created["UploadId"]
    assert created["AbortRuleId"] == "abort-3"
    ahead = created["AbortDate"] - datetime.now(UTC)
    assert timedelta(days=3) < ahead <= timedelta(days=4)
    listed = s3.list_parts(Bucket=bucket, Key=KEY, UploadId=upload_id)
    assert (listed["AbortDate"], listed["AbortRuleId"]) == (created["AbortDate"], "abort-3")
    assert "AbortDate" not in s3.create_multipart_upload(Bucket=bucket, Key="other")
    done = finish(s3, bucket, upload_id, [put(s3, bucket, upload_id, 1, b"x")])
    assert 'rule-id="later"' in done["Expiration"]


def test_completions_are_told_to_queues(aws: Server, s3: Any, bucket: str) -> None:
    """s3/s3_notifications_sqs, test_object_created_complete_multipart_upload: one event, of the whole object."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    queue = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]}, SkipDestinationValidation=True
    )
    upload_id = begin(s3, bucket)
    done = finish(s3, bucket, upload_id, [put(s3, bucket, upload_id, 1, b"test")])
    events: list[dict[str, Any]] = []
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while not events and datetime.now(UTC) < deadline:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", []):
            events += json.loads(message["Body"]).get("Records", [])
    (event,) = events
    assert event["eventName"] == "ObjectCreated:CompleteMultipartUpload"
    assert event["s3"]["object"]["key"] == KEY
    assert (event["s3"]["object"]["size"], event["s3"]["object"]["eTag"]) == (4, done["ETag"].strip('"'))


class TestPartCopy:
    """UploadPartCopy. Recordings: s3/s3_api, TestS3Multipart."""

    @pytest.fixture
    def source(self, s3: Any, bucket: str) -> dict[str, str]:
        s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
        return {"Bucket": bucket, "Key": "source"}

    def test_ranges(self, s3: Any, bucket: str, source: dict[str, str]) -> None:
        """test_upload_part_copy_range: what is copied, and every refusal."""
        upload_id = begin(s3, bucket)
        asked: dict[str, Any] = {"Bucket": bucket, "Key": KEY, "UploadId": upload_id, "CopySource": source}
        for number, (text, data) in enumerate([("0-8", b"012345678"), ("1-1", b"1"), ("0-0", b"0")], 1):
            answer = s3.upload_part_copy(**asked, PartNumber=number, CopySourceRange=f"bytes={text}")
            assert answer["CopyPartResult"]["ETag"] == f'"{md5(data).hexdigest()}"'
            assert answer["ServerSideEncryption"] == "AES256"
        form = (
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy"
        )
        for text in ("0-8", "bytes=1-0", "bytes=-1-", "bytes=0--1", "bytes=0-1,3-4", "bytes=-", "bytes=1-", "bytes=-2"):
            assert refused(s3.upload_part_copy, **asked, PartNumber=1, CopySourceRange=text) == {
                "ArgumentName": "x-amz-copy-source-range",
                "ArgumentValue": text,
                "Code": "InvalidArgument",
                "Message": form,
                "Status": 400,
            }
        error = refused(s3.upload_part_copy, **asked, PartNumber=1, CopySourceRange="bytes=0-100")
        assert error["Message"] == "Range specified is not valid for source object of size: 10"
        error = refused(s3.upload_part_copy, **asked, PartNumber=1, CopySourceRange="bytes=100-200")
        assert (error["Code"], error["Message"]) == (
            "InvalidRequest",
            "The specified copy range is invalid for the source object size",
        )
        whole = s3.upload_part_copy(**asked, PartNumber=1)
        assert whole["CopyPartResult"]["ETag"] == '"781e5e245d69b566979b86e28d23f2c7"'

    def test_conditions(self, s3: Any, bucket: str, source: dict[str, str]) -> None:
        """test_upload_part_copy_with_copy_source_if_*: each condition, met and failed, and which goes before which."""
        upload_id = begin(s3, bucket)
        head = s3.head_object(**source)
        etag, before, now = head["ETag"], head["LastModified"] - timedelta(minutes=1), head["LastModified"]
        asked: dict[str, Any] = {
            "Bucket": bucket,
            "Key": KEY,
            "UploadId": upload_id,
            "PartNumber": 1,
            "CopySource": source,
        }
        for met in (
            {"CopySourceIfMatch": etag},
            {"CopySourceIfNoneMatch": '"other"'},
            {"CopySourceIfUnmodifiedSince": now},
            {"CopySourceIfModifiedSince": before},
            {"CopySourceIfModifiedSince": datetime.now(UTC) + timedelta(hours=1)},
            {"CopySourceIfMatch": etag, "CopySourceIfUnmodifiedSince": before},
        ):
            assert s3.upload_part_copy(**asked, **met)["CopyPartResult"]["ETag"] == etag
        for failed, named in (
            ({"CopySourceIfMatch": '"other"'}, "If-Match"),
            ({"CopySourceIfNoneMatch": etag}, "If-None-Match"),
            ({"CopySourceIfUnmodifiedSince": before}, "If-Unmodified-Since"),
            ({"CopySourceIfNoneMatch": etag, "CopySourceIfUnmodifiedSince": before}, "If-Unmodified-Since"),
            ({"CopySourceIfModifiedSince": now}, "If-Modified-Since"),
        ):
            error = refused(s3.upload_part_copy, **asked, **failed)
            assert (error["Code"], error["Condition"]) == ("PreconditionFailed", f"x-amz-copy-source-{named}")

    def test_of_parts_of_versions_under_keys(self, s3: Any, bucket: str) -> None:
        """A range over two parts of an old version, enciphered by its customer, becomes a part that lies plain."""
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        mine: dict[str, Any] = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
        upload_id = begin(s3, bucket, "source", **mine)
        parts = [put(s3, bucket, upload_id, number, LARGE, "source", **mine) for number in (1, 2)]
        version = finish(s3, bucket, upload_id, parts, "source")["VersionId"]
        s3.put_object(Bucket=bucket, Key="source", Body=b"newer")
        upload_id = begin(s3, bucket)
        answer = s3.upload_part_copy(
            Bucket=bucket,
            Key=KEY,
            UploadId=upload_id,
            PartNumber=1,
            CopySource={"Bucket": bucket, "Key": "source", "VersionId": version},
            CopySourceRange=f"bytes=10-{len(LARGE) + 9}",
            CopySourceSSECustomerAlgorithm="AES256",
            CopySourceSSECustomerKey=b"k" * 32,
        )
        assert answer["CopySourceVersionId"] == version
        finish(s3, bucket, upload_id, [{"PartNumber": 1, "ETag": answer["CopyPartResult"]["ETag"]}])
        assert s3.get_object(Bucket=bucket, Key=KEY)["Body"].read() == LARGE


def test_a_whole_object_becomes_a_part_without_its_bytes_being_moved(tmp_path: Path) -> None:
    """The same answer as for bytes that are sent, by every checksum; on the disk the two are one, until one goes."""
    server = Server(tmp_path / "data").start()
    try:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="whole")
        body = bytes(range(251)) * 24_000
        s3.put_object(Bucket="whole", Key="source", Body=body, ChecksumAlgorithm="CRC32")
        there = {"Bucket": "whole", "Key": "source"}
        for algorithm in ("", "CRC32", "SHA256"):
            asked = {"ChecksumAlgorithm": algorithm} if algorithm else {}
            upload_id = begin(s3, "whole", **asked)
            here = {"Bucket": "whole", "Key": KEY, "UploadId": upload_id}
            sent = s3.upload_part(**here, PartNumber=1, Body=body, **asked)
            copied = s3.upload_part_copy(**here, PartNumber=2, CopySource=there)["CopyPartResult"]
            assert copied["ETag"] == sent["ETag"]
            if algorithm:
                assert copied[f"Checksum{algorithm}"] == sent[f"Checksum{algorithm}"]
        files = [path.stat() for path in (tmp_path / "data").rglob("*") if path.is_file()]
        assert len([file for file in files if file.st_nlink == 3]) == 3  # the source, and all but SHA-256's part
        named = {"PartNumber": 2, "ETag": copied["ETag"], "ChecksumSHA256": copied["ChecksumSHA256"]}
        finish(s3, "whole", upload_id, [named])
        again = begin(s3, "whole")
        part = s3.upload_part_copy(Bucket="whole", Key=KEY, UploadId=again, PartNumber=1, CopySource=there)
        s3.delete_object(**there)
        finish(s3, "whole", again, [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}])
        assert s3.get_object(Bucket="whole", Key=KEY)["Body"].read() == body
    finally:
        server.stop()
