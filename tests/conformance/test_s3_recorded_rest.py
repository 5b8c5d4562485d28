"""Recorded scenarios that need more than calls of boto3: bare requests, other services, other hosts."""

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4
from xml.etree import ElementTree

import botocore.handlers
import pytest
import urllib3
from botocore import UNSIGNED
from botocore.config import Config

from tests.conformance.test_s3_events import Listening
from tests.conftest import Server
from tests.support.buckets import new_bucket, refused, told

NS = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3")


def asked(aws: Server, method: str, path: str, host: str = "", **headers: str) -> urllib3.BaseHTTPResponse:
    """As somebody who is not signed, which the server of these tests takes for its own root."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return urllib3.PoolManager().request(method, aws.url + path, headers=sent | ({"Host": host} if host else {}))


def opened(s3: Any, bucket: str) -> str:
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    return bucket


def test_tokens_of_keys_that_need_encoding(s3: Any, aws: Server) -> None:
    """s3_list_operations, test_list_objects_v2_continuation_token_safe_chars: encoded by whoever asks for it, once."""
    bucket = new_bucket(s3)
    keys = [
        *("a/%F0%9F%98%80/", "date=2026-01-01/", "date=2026-02-01/", "date=2026-03-01/", "date=2026-05-01/"),
        *("file%2Fname", "test key/", "test key//", "test%123", "test%123/", "test%percent", "test@key/"),
    ]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key)
    first = s3.list_objects_v2(Bucket=bucket, MaxKeys=5)
    rest = s3.list_objects_v2(Bucket=bucket, ContinuationToken=first["NextContinuationToken"])
    assert [found["Key"] for page in (first, rest) for found in page["Contents"]] == keys
    asked_for = {"Bucket": bucket, "StartAfter": "date=2026-02-01/", "MaxKeys": 2}
    plain = aws.client("s3")
    encoder = botocore.handlers.set_list_objects_encoding_type_url
    plain.meta.events.unregister("before-parameter-build.s3.ListObjectsV2", encoder)
    bare = plain.list_objects_v2(**asked_for)
    assert "EncodingType" not in bare
    assert (bare["StartAfter"], bare["Contents"][0]["Key"]) == ("date=2026-02-01/", "date=2026-03-01/")
    encoded = s3.list_objects_v2(**asked_for, EncodingType="url")
    assert (encoded["StartAfter"], encoded["Contents"][0]["Key"]) == ("date%3D2026-02-01/", "date%3D2026-03-01/")
    token = s3.list_objects_v2(Bucket=bucket, MaxKeys=3)["NextContinuationToken"]
    page = s3.list_objects_v2(**asked_for, ContinuationToken=token)
    assert "StartAfter" not in page
    assert [found["Key"] for found in page["Contents"]] == ["date=2026-03-01/", "date=2026-05-01/"]


def test_more_than_a_page(s3: Any) -> None:
    """s3, test_s3_put_more_than_1000_items."""
    bucket = new_bucket(s3)
    for number in range(1010):
        s3.put_object(Bucket=bucket, Key=f"test-key-{number}", Body=b"")
    first = s3.list_objects(Bucket=bucket)
    assert (len(first["Contents"]), first["IsTruncated"], first["MaxKeys"]) == (1000, True, 1000)
    rest = s3.list_objects(Bucket=bucket, Marker=first["Contents"][-1]["Key"])
    assert (len(rest["Contents"]), rest["IsTruncated"]) == (10, False)


def test_castagnolis_checksum(s3: Any) -> None:
    """s3, test_s3_get_object_checksum[CRC32C] and test_s3_copy_object_with_default_checksum[CRC32C]."""
    bucket = new_bucket(s3)
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"test-checksum", ChecksumCRC32C="Fz3epA==")
    assert (put["ChecksumCRC32C"], put["ChecksumType"]) == ("Fz3epA==", "FULL_OBJECT")
    for read in (s3.get_object, s3.head_object):
        found = read(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert (found["ChecksumCRC32C"], found["ChecksumType"]) == ("Fz3epA==", "FULL_OBJECT")
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum"])
    assert attributes["Checksum"] == {"ChecksumCRC32C": "Fz3epA==", "ChecksumType": "FULL_OBJECT"}


def test_a_checksum_of_what_a_customers_key_encrypts(aws: Server, s3: Any) -> None:
    """s3, test_put_object_default_checksum_with_sse_c: one that nobody asked for is there all the same."""
    bucket = new_bucket(s3)
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0" * 32}
    quiet = aws.client("s3", config=Config(request_checksum_calculation="when_required"))
    quiet.put_object(Bucket=bucket, Key="k", Body=b"test data..", **key)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED", **key)
    assert (head["ChecksumCRC64NVME"], head["ChecksumType"]) == ("qUVrWYOrIAM=", "FULL_OBJECT")
    got = s3.get_object(Bucket=bucket, Key="k", **key)
    assert (got["Body"].read(), got["ChecksumCRC64NVME"]) == (b"test data..", "qUVrWYOrIAM=")
    # Of this operation botocore does not encode the key.
    encoded = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64encode(b"0" * 32).decode()}
    attributes = s3.get_object_attributes(
        Bucket=bucket,
        Key="k",
        ObjectAttributes=["ETag", "Checksum"],
        SSECustomerKeyMD5=head["SSECustomerKeyMD5"],
        **encoded,
    )
    assert attributes["Checksum"] == {"ChecksumCRC64NVME": "qUVrWYOrIAM=", "ChecksumType": "FULL_OBJECT"}


def test_attributes_with_space(aws: Server, s3: Any) -> None:
    """s3, test_get_object_attributes_with_space: as the Java SDK lists them."""
    bucket = new_bucket(s3)
    s3.delete_public_access_block(Bucket=bucket)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    s3.put_object(Bucket=bucket, Key="k", Body=b"test-body", ChecksumAlgorithm="SHA256")
    for listed in ("ETag, Checksum, ObjectSize, StorageClass", "ETag,Checksum,ObjectSize,StorageClass"):
        answer = asked(aws, "GET", f"/{bucket}/k?attributes", x_amz_object_attributes=listed)
        root = ElementTree.fromstring(answer.data)
        assert (answer.status, root.tag) == (200, f"{NS}GetObjectAttributesResponse")
        assert {child.tag.removeprefix(NS) for child in root} == {"ETag", "Checksum", "ObjectSize", "StorageClass"}


def test_a_bucket_with_dots(aws: Server, s3: Any) -> None:
    """s3, test_bucket_name_with_dots: by its path, and by a host."""
    bucket = f"my.bucket.name.{uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    opened(s3, bucket)
    s3.put_object(Bucket=bucket, Key="my-content", Body=b"something")
    answers = [asked(aws, "GET", f"/{bucket}"), asked(aws, "GET", "/", host=f"{bucket}.s3.us-east-1.amazonaws.com")]
    for answer in answers:
        root = ElementTree.fromstring(answer.data)
        assert root.tag == f"{NS}ListBucketResult"
        assert [key.text for key in root.iter(f"{NS}Key")] == ["my-content"]
        assert root.findtext(f"{NS}Name") == bucket
    assert answers[0].data == answers[1].data


@pytest.mark.parametrize("hosted", [True, False])
def test_the_length_of_what_a_host_serves(aws: Server, s3: Any, hosted: bool) -> None:
    """s3, test_get_object_content_length_with_virtual_host."""
    bucket = opened(s3, new_bucket(s3))
    s3.put_object(Bucket=bucket, Key="k", Body=b"123", ACL="public-read")
    path, host = ("/k", f"{bucket}.s3.amazonaws.com") if hosted else (f"/{bucket}/k", "")
    answer = asked(aws, "GET", path, host=host)
    assert answer.data == b"123"
    expected = {
        "accept-ranges": "bytes",
        "content-length": "3",
        "content-type": "binary/octet-stream",
        "etag": '"202cb962ac59075b964b07152d234b70"',
        "x-amz-server-side-encryption": "AES256",
    }
    assert expected.items() <= {name.lower(): value for name, value in answer.headers.items()}.items()


def test_a_file_in_one_part(aws: Server, s3: Any) -> None:
    """s3, test_upload_file_multipart and test_set_external_hostname: composite by CRC32, whole without."""
    bucket = new_bucket(s3)
    for algorithm, expected in (("CRC32", "COMPOSITE"), (None, "FULL_OBJECT")):
        more = {"ChecksumAlgorithm": algorithm} if algorithm else {}
        upload_id = s3.create_multipart_upload(Bucket=bucket, Key="k", **more)["UploadId"]
        part = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=1, Body=b"test content 123")
        sums = {"ChecksumCRC32": part["ChecksumCRC32"]} if algorithm else {}
        parts = [{"PartNumber": 1, "ETag": part["ETag"], **sums}]
        done = s3.complete_multipart_upload(
            Bucket=bucket, Key="k", UploadId=upload_id, MultipartUpload={"Parts": parts}
        )
        assert done["ChecksumType"] == expected
    assert (done["ETag"], done["ChecksumCRC64NVME"]) == ('"b972025bc34adf8d76d6d51e93c035cc-1"', "BsLNlKumA5I=")
    assert urlsplit(done["Location"]).path.endswith("/k")


def test_compressed_bodies_come_as_they_went(s3: Any) -> None:
    """s3, test_s3_upload_download_gzip."""
    bucket = new_bucket(s3)
    packed = gzip.compress(b"1234567890 " * 100)
    s3.put_object(Bucket=bucket, Key="test.gz", ContentEncoding="gzip", Body=packed)
    got = s3.get_object(Bucket=bucket, Key="test.gz")
    assert (got["Body"].read(), got["ContentEncoding"]) == (packed, "gzip")


def test_keys_of_one_character_and_a_slash(s3: Any) -> None:
    """s3, test_put_get_object_single_character_trailing_slash."""
    bucket = new_bucket(s3)
    for key in ("a/", "t/", "u/"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"test")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"test"
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/", "t/", "u/"]


def test_what_nobody_signed_is_deleted_in_batches(aws: Server, s3: Any) -> None:
    """s3, test_s3_batch_delete_objects_using_requests_with_acl, of which nothing was kept but that it passed."""
    bucket = opened(s3, new_bucket(s3))
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    nobody = aws.client("s3", config=Config(signature_version=UNSIGNED))
    for key in ("key-1", "key-2"):
        nobody.put_object(Bucket=bucket, Key=key, Body=b"x", ACL="public-read-write")
    done = nobody.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key-1"}, {"Key": "key-2"}]})
    assert [each["Key"] for each in done["Deleted"]] == ["key-1", "key-2"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_trace_goes_with_the_message(aws: Server) -> None:
    """s3_notifications_sqs, test_xray_header: what the request was part of, the message is part of."""
    heard = Listening(aws, f"traced-{uuid4().hex[:8]}", events=["s3:ObjectCreated:*"])
    trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"
    url = heard.s3.generate_presigned_url("put_object", Params={"Bucket": heard.name, "Key": "test-data"})
    put = urllib3.PoolManager().request("PUT", url, body=b"something", headers={"X-Amzn-Trace-Id": trace})
    assert put.status == 200
    found = heard.sqs.receive_message(QueueUrl=heard.url, WaitTimeSeconds=10, AttributeNames=["AWSTraceHeader"])
    (message,) = found["Messages"]
    assert message["Attributes"] == {"AWSTraceHeader": trace}
    (record,) = json.loads(message["Body"])["Records"]
    assert (record["eventName"], record["s3"]["object"]["eTag"]) == (
        "ObjectCreated:Put",
        "437b930db84b8079c2dd804a71936b5f",
    )


def test_rules_as_they_are_kept(aws: Server) -> None:
    """s3_notifications_sqs, test_filter_rules_case_insensitive and test_filter_rules_empty_value."""
    heard = Listening(aws, f"ruled-{uuid4().hex[:8]}", events=["s3:ObjectCreated:*"])
    for given, kept in (
        ([("PREFIX", "notif-"), ("suffix", ".txt")], [("Prefix", "notif-"), ("Suffix", ".txt")]),
        ([("suffix", "")], [("Suffix", "")]),
    ):
        rules = [{"Name": name, "Value": value} for name, value in given]
        configuration = {
            "QueueArn": heard.arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": rules}},
        }
        heard.s3.put_bucket_notification_configuration(
            Bucket=heard.name, NotificationConfiguration={"QueueConfigurations": [configuration]}
        )
        answer = heard.s3.get_bucket_notification_configuration(Bucket=heard.name)
        (found,) = answer["QueueConfigurations"]
        assert [(rule["Name"], rule["Value"]) for rule in found["Filter"]["Key"]["FilterRules"]] == kept


@pytest.mark.parametrize(
    ("kind", "member", "argument", "arn", "missing"),
    [
        ("Topic", "TopicArn", "Topic", "arn:aws:sns:us-east-1:111111111111:my-topic", ""),
        (
            *("LambdaFunction", "LambdaFunctionArn", "CloudFunction"),
            "arn:aws:lambda:us-east-1:111111111111:function:my-lambda",
            "Not authorized to invoke function [arn:aws:lambda:us-east-1:111111111111:function:my-lambda]",
        ),
    ],
)
def test_receivers_that_are_none(s3: Any, kind: str, member: str, argument: str, arn: str, missing: str) -> None:
    """s3_notifications_sns, test_invalid_topic_arn; s3_notifications_lambda, test_invalid_lambda_arn."""
    bucket = new_bucket(s3)

    def configured(name: str) -> dict[str, Any]:
        return {f"{kind}Configurations": [{"Id": "id123", member: name, "Events": ["s3:ObjectCreated:*"]}]}

    put = s3.put_bucket_notification_configuration
    for skip in (False, True):
        error = refused(
            put, Bucket=bucket, NotificationConfiguration=configured("invalid"), SkipDestinationValidation=skip
        )
        assert (error["Message"], error["ArgumentName"]) == ("The ARN could not be parsed", argument)
        assert error["ArgumentValue"] == "invalid"
    error = refused(put, Bucket=bucket, NotificationConfiguration=configured(arn))
    assert error["Message"] == "Unable to validate the following destination configurations"
    if missing:
        assert (error["ArgumentName1"], error["ArgumentValue1"]) == (f"{arn}, null", missing)
    put(Bucket=bucket, NotificationConfiguration=configured(arn), SkipDestinationValidation=True)
    assert told(s3.get_bucket_notification_configuration(Bucket=bucket)) == configured(arn)


def test_a_bucket_with_content_stays(s3: Any) -> None:
    """s3, test_delete_bucket_with_content; test_put_and_get_object_with_content_language_disposition."""
    bucket = new_bucket(s3)
    key, disposition = f"test-{uuid4().hex[:8]}", f"attachment; filename=\"foo.jpg\"; filename*=UTF-8''{quote('é')}"
    s3.put_object(Bucket=bucket, Key=key, Body=b"abc123", ContentLanguage="de", ContentDisposition=disposition)
    got = s3.get_object(Bucket=bucket, Key=key)
    assert (got["ContentLanguage"], got["ContentDisposition"]) == ("de", disposition)
    assert refused(s3.delete_bucket, Bucket=bucket)["Code"] == "BucketNotEmpty"
    s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_bucket(Bucket=bucket)
    assert bucket not in [found["Name"] for found in s3.list_buckets()["Buckets"]]


def test_what_is_copied_where_something_else_was(s3: Any) -> None:
    """s3_api, test_copy_object_if_match_versioned_bucket; s3, test_s3_get_object_headers."""
    bucket = new_bucket(s3, versioned=True)
    s3.put_object(Bucket=bucket, Key="source-object", Body=b"source content")
    first = s3.put_object(Bucket=bucket, Key="dest-object", Body=b"initial content")["ETag"]
    copy = {"Bucket": bucket, "Key": "dest-object", "CopySource": f"{bucket}/source-object"}
    assert refused(s3.copy_object, **copy, IfMatch='"wrong"')["Condition"] == "If-Match"
    s3.delete_object(Bucket=bucket, Key="dest-object")
    assert refused(s3.copy_object, **copy, IfMatch=first)["Code"] == "NoSuchKey"
    again = s3.put_object(Bucket=bucket, Key="dest-object", Body=b"again")["ETag"]
    assert s3.copy_object(**copy, IfMatch=again)["CopyObjectResult"]["ETag"] == '"4d96fd1280dd67fe2eac895339a0a8e3"'
    asked_for = {"Bucket": bucket, "Key": "source-object"}
    etag = '"4d96fd1280dd67fe2eac895339a0a8e3"'
    for each in (etag, etag.strip('"')):
        assert s3.get_object(**asked_for, IfMatch=each)["ETag"] == etag
        assert refused(s3.get_object, **asked_for, IfNoneMatch=each)["Code"] == "304"
    assert s3.get_object(**asked_for, IfNoneMatch="etag")["ETag"] == etag
    assert refused(s3.get_object, **asked_for, IfMatch="etag")["Condition"] == "If-Match"
