"""Objects under keys of KMS, as boto3 sees them. Recordings: s3/s3; each test names its own."""

import hashlib
from typing import Any

import pytest

from tests.conftest import Server
from tests.support.buckets import new_bucket, refused

BODY = b"test-sse"


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3")


@pytest.fixture
def kms(aws: Server) -> Any:
    return aws.client("kms")


@pytest.fixture
def bucket(s3: Any) -> str:
    return new_bucket(s3)


def put(s3: Any, bucket: str, key_id: str = "", body: bytes = BODY, **asked: Any) -> dict[str, Any]:
    named = {"SSEKMSKeyId": key_id} if key_id else {}
    answer: dict[str, Any] = s3.put_object(
        Bucket=bucket, Key="k", Body=body, ServerSideEncryption="aws:kms", **named, **asked
    )
    return answer


@pytest.mark.parametrize("size", [8, 100_000])
def test_a_key_of_ones_own(s3: Any, kms: Any, bucket: str, size: int) -> None:
    """Recording test_s3_sse_validate_kms_key_state: what is told, and that the key's state counts at each read."""
    key = kms.create_key()["KeyMetadata"]
    body = b"x" * size
    made = put(s3, bucket, key["KeyId"], body)
    assert (made["ServerSideEncryption"], made["SSEKMSKeyId"]) == ("aws:kms", key["Arn"])
    assert made["ETag"] != f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["SSEKMSKeyId"]) == (body, key["Arn"])
    kms.disable_key(KeyId=key["KeyId"])
    disabled = {"Code": "KMS.DisabledException", "Message": f"{key['Arn']} is disabled.", "Status": 400}
    assert refused(s3.get_object, Bucket=bucket, Key="k") == disabled
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == size
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert refused(s3.get_object, Bucket=bucket, Key="k") == {
        "Code": "KMS.KMSInvalidStateException",
        "Message": f"{key['Arn']} is pending deletion.",
        "Status": 400,
    }


def test_keys_that_are_not_there(s3: Any, bucket: str) -> None:
    """Recording test_s3_sse_validate_kms_key."""
    wrong = refused(put, s3=s3, bucket=bucket, key_id="fake-key-id")
    assert wrong == {"Code": "KMS.NotFoundException", "Message": "Invalid keyId 'fake-key-id'", "Status": 400}
    uuid = "134f2428-cec1-4b25-a1ae-9048164dba47"
    assert refused(put, s3=s3, bucket=bucket, key_id=uuid)["Message"] == (
        f"Key 'arn:aws:kms:us-east-1:111111111111:key/{uuid}' does not exist"
    )


def test_the_key_that_aws_manages(s3: Any, kms: Any) -> None:
    """Recording test_s3_sse_default_kms_key: one key for the account, and a bucket's default."""
    first, second = new_bucket(s3), new_bucket(s3)
    key_arn = put(s3, first)["SSEKMSKeyId"]
    assert put(s3, second)["SSEKMSKeyId"] == key_arn
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"] == key_arn
    by_default = {"SSEAlgorithm": "aws:kms"}
    s3.put_bucket_encryption(
        Bucket=first,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]
        },
    )
    made = s3.put_object(Bucket=first, Key="k2", Body=BODY)
    assert (made["SSEKMSKeyId"], made["BucketKeyEnabled"]) == (key_arn, True)
    assert s3.get_object(Bucket=first, Key="k2")["Body"].read() == BODY


def test_copies_under_other_keys(s3: Any, kms: Any, bucket: str) -> None:
    """Recordings test_copy_object_kms and test_s3_copy_object_in_place_with_encryption."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=bucket, Key="plain", Body=BODY)
    asked = {"Bucket": bucket, "Key": "k", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    copy = s3.copy_object(**asked, CopySource=f"{bucket}/plain", BucketKeyEnabled=True)
    assert (copy["SSEKMSKeyId"], copy["BucketKeyEnabled"]) == (key, True)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == BODY
    back = s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/k")
    assert back["ServerSideEncryption"] == "AES256"
    assert back["CopyObjectResult"]["ETag"] == s3.head_object(Bucket=bucket, Key="plain")["ETag"]
