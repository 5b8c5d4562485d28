"""What replaying the recordings of S3 taught beyond what was built from them; each test names its scenario."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.conftest import Server
from tests.support.buckets import new_bucket, refused

NO_LOCK = "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets."


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3")


def test_a_marker_read_by_its_id_is_told_by_headers(s3: Any) -> None:
    """s3_api, test_delete_object_versioned: 405 says what may be done, and to what; SDKs show it nowhere else."""
    bucket = new_bucket(s3, versioned=True)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    for read in (s3.get_object, s3.head_object):
        with pytest.raises(s3.exceptions.ClientError) as caught:
            read(Bucket=bucket, Key="k", VersionId=marker)
        told = caught.value.response["ResponseMetadata"]
        assert told["HTTPStatusCode"] == 405
        assert told["HTTPHeaders"]["x-amz-delete-marker"] == "true"
        assert told["HTTPHeaders"]["x-amz-version-id"] == marker
        assert told["HTTPHeaders"]["allow"] == "DELETE"


def test_nothing_is_bypassed_where_nothing_locks(s3: Any) -> None:
    """s3_api, test_delete_object_with_no_locking: even a bypass of "false" is out of place."""
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    wrong = {
        "Code": "InvalidArgument",
        "Message": NO_LOCK,
        "ArgumentName": "x-amz-bypass-governance-retention",
        "Status": 400,
    }
    for bypass in (True, False):
        asked = {"Bucket": bucket, "BypassGovernanceRetention": bypass}
        assert refused(s3.delete_object, **asked, Key="k") == wrong
        assert refused(s3.delete_objects, **asked, Delete={"Objects": [{"Key": "k"}]}) == wrong
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_a_bucket_is_looked_for_before_its_encryption_is_read(s3: Any) -> None:
    """s3_api, test_s3_default_bucket_encryption_exc, which has no rule; that is refused by the schema, before."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    twice: dict[str, Any] = {"ServerSideEncryptionConfiguration": {"Rules": [rule, rule]}}
    error = refused(s3.put_bucket_encryption, Bucket="nobody-has-made-this-bucket", **twice)
    assert (error["Code"], error["BucketName"]) == ("NoSuchBucket", "nobody-has-made-this-bucket")
    assert refused(s3.put_bucket_encryption, Bucket=new_bucket(s3), **twice)["Code"] == "MalformedXML"


def test_owners_of_new_buckets(s3: Any) -> None:
    """s3_api, test_bucket_ownership_controls_exc: the value stands in the message only."""
    for value in ("RandomValue", ""):
        assert refused(s3.create_bucket, Bucket="not-made", ObjectOwnership=value) == {
            "Code": "InvalidArgument",
            "Message": f"Invalid x-amz-object-ownership header: {value}",
            "ArgumentName": "x-amz-object-ownership",
            "Status": 400,
        }


def test_pages_begin_at_one_place_only(s3: Any) -> None:
    """s3_list_operations, test_list_objects_v2_continuation_start_after: a token outweighs StartAfter."""
    bucket = new_bucket(s3)
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"test_{number}", Body=b"x")
    token = s3.list_objects_v2(Bucket=bucket, MaxKeys=1)["NextContinuationToken"]
    rest = s3.list_objects_v2(Bucket=bucket, StartAfter="test_2", ContinuationToken=token)
    assert [found["Key"] for found in rest["Contents"]] == ["test_1", "test_2"]
    assert "StartAfter" not in rest
    assert refused(s3.list_objects_v2, Bucket=bucket, ContinuationToken="") == {
        "Code": "InvalidArgument",
        "Message": "The continuation token provided is incorrect",
        "ArgumentName": "continuation-token",
        "Status": 400,
    }


def test_a_delimiter_is_encoded_once(s3: Any) -> None:
    """s3_list_operations, test_list_objects_with_prefix[%2F]: boto3 leaves encoded what was asked to be encoded."""
    bucket = new_bucket(s3)
    asked = {"Bucket": bucket, "Delimiter": "%2F", "EncodingType": "url"}
    for lists in (s3.list_objects, s3.list_objects_v2, s3.list_object_versions):
        assert lists(**asked)["Delimiter"] == "%252F"


def test_a_bucket_that_is_asked_for_has_a_type(s3: Any) -> None:
    """s3, test_create_bucket_head_bucket: HeadBucket tells the type of what GET would answer."""
    told = s3.head_bucket(Bucket=new_bucket(s3))["ResponseMetadata"]["HTTPHeaders"]
    assert told["content-type"] == "application/xml"


def test_regions_that_are_none_hold_no_buckets(s3: Any) -> None:
    """s3_list_operations, test_list_buckets_region_validation."""
    assert refused(s3.list_buckets, BucketRegion="eu-east-1") == {
        "Code": "InvalidArgument",
        "Message": "Argument value eu-east-1 is not a valid AWS Region",
        "ArgumentName": "bucket-region",
        "Status": 400,
    }
    for region in ("us-east-1", "eu-west-1"):
        s3.list_buckets(BucketRegion=region)


def test_half_a_lock_has_no_value(s3: Any) -> None:
    """s3, test_s3_object_lock_mode_validation and test_bucket_config_default_retention."""
    bucket = f"b-{uuid4().hex[:16]}"
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    both = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
    wrong = {"Code": "InvalidArgument", "Message": both, "Status": 400}
    assert refused(s3.put_object, Bucket=bucket, Key="k", ObjectLockMode="GOVERNANCE") == {
        **wrong,
        "ArgumentName": "x-amz-object-lock-retain-until-date",
    }
    until = datetime.now(UTC) + timedelta(days=1)
    assert refused(s3.put_object, Bucket=bucket, Key="k", ObjectLockRetainUntilDate=until) == {
        **wrong,
        "ArgumentName": "x-amz-object-lock-mode",
    }


def test_the_first_of_rules_that_agree_is_told(s3: Any) -> None:
    """s3, test_bucket_lifecycle_multiple_rules: not the first by its name."""
    bucket = new_bucket(s3)
    rules = [
        {"ID": name, "Filter": {"Prefix": prefix}, "Status": "Enabled", "Expiration": {"Days": 7}}
        for name, prefix in (("rule_one", "testobject"), ("rule_two", "test"), ("rule_three", "t"))
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.put_object(Bucket=bucket, Key="testobject-expiry")["Expiration"].endswith('rule-id="rule_one"')
    assert s3.put_object(Bucket=bucket, Key="test-one-rule")["Expiration"].endswith('rule-id="rule_two"')


def test_pages_of_versions_while_they_are_deleted(s3: Any) -> None:
    """s3_list_operations, test_list_objects_versions_with_prefix_only_and_pagination: so buckets are emptied."""
    bucket = new_bucket(s3, versioned=True)
    for _ in range(5):
        s3.put_object(Bucket=bucket, Key="prefixed_key")
    page = s3.list_object_versions(Bucket=bucket, Prefix="prefix", MaxKeys=3)
    rest = {"Bucket": bucket, "KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
    before = s3.list_object_versions(**rest, MaxKeys=5)["Versions"]
    assert [found["IsLatest"] for found in before] == [False, False]
    for found in page["Versions"]:
        s3.delete_object(Bucket=bucket, Key="prefixed_key", VersionId=found["VersionId"])
    after = s3.list_object_versions(**rest, MaxKeys=5)["Versions"]
    assert [found["VersionId"] for found in after] == [found["VersionId"] for found in before]
    assert [found["IsLatest"] for found in after] == [True, False]


def test_a_null_version_is_copied_without_its_id(s3: Any) -> None:
    """s3, test_s3_copy_object_in_place_suspended_only, and the re-enabled bucket of ..._in_place_versioned."""
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for status in ("Suspended", "Enabled"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        copied = s3.copy_object(
            Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "k"}, MetadataDirective="REPLACE"
        )
        assert "CopySourceVersionId" not in copied
    assert copied["VersionId"] != "null"


def test_an_md5_that_was_promised_is_told_as_the_operation_tells_it(s3: Any) -> None:
    """s3, test_s3_invalid_content_md5: in hexadecimal by PutObject, in base64 by UploadPart."""
    bucket = new_bucket(s3)
    other = {"Body": b"something", "ContentMD5": "CYketZBSTjX8czcs3cXVlg=="}
    put = refused(s3.put_object, Bucket=bucket, Key="k", **other)
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    part = refused(s3.upload_part, Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=1, **other)
    assert put["CalculatedDigest"] == part["CalculatedDigest"] == "Q3uTDbhLgHnC3YBKcZNrXw=="
    assert put["ExpectedDigest"] == "09891eb590524e35fc73372cddc5d596"
    assert part["ExpectedDigest"] == "CYketZBSTjX8czcs3cXVlg=="


def test_a_past_date_is_told_by_the_clock_of_seattle(s3: Any) -> None:
    """s3, test_s3_object_retention_exc."""
    bucket = f"b-{uuid4().hex[:16]}"
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for until, told in (
        (datetime(2020, 1, 1, tzinfo=UTC), "Tue Dec 31 16:00:00 PST 2019"),
        (datetime(2020, 3, 8, 9, 59, 59, tzinfo=UTC), "Sun Mar 08 01:59:59 PST 2020"),
        (datetime(2020, 3, 8, 10, tzinfo=UTC), "Sun Mar 08 03:00:00 PDT 2020"),
        (datetime(2020, 11, 1, 9, tzinfo=UTC), "Sun Nov 01 01:00:00 PST 2020"),
    ):
        retention = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
        error = refused(s3.put_object_retention, Bucket=bucket, Key="k", Retention=retention)
        assert (error["ArgumentName"], error["ArgumentValue"]) == ("RetainUntilDate", told)


def test_strangers_learn_a_buckets_region(aws: Server, s3: Any) -> None:
    """SDKs ask for it by an unsigned HeadBucket (`GetBucketRegion` of Go and Java), and read it off the refusal."""
    bucket = f"b-{uuid4().hex[:16]}"
    aws.client("s3", region_name="eu-west-1").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    nobody = aws.client("s3", config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}))
    with pytest.raises(s3.exceptions.ClientError) as caught:
        nobody.head_bucket(Bucket=bucket)
    told = caught.value.response["ResponseMetadata"]
    assert (told["HTTPStatusCode"], told["HTTPHeaders"]["x-amz-bucket-region"]) == (403, "eu-west-1")
