"""What is configured of buckets, as boto3 writes and reads it. S3's answers are in recordings s3/s3 and s3/s3_api."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from botocore.client import Config

from tests.conformance.test_s3_buckets import new_name, refused
from tests.conftest import Server

_PLAIN: Final = Config(retries={"max_attempts": 0}, parameter_validation=False)
_SCHEMA: Final = {
    "Code": "MalformedXML",
    "Message": "The XML you provided was not well-formed or did not validate against our published schema",
}
ALLOW: Final = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3", config=_PLAIN)


@pytest.fixture
def bucket(s3: Any) -> Iterator[str]:
    name = new_name("set")
    s3.create_bucket(Bucket=name)
    yield name
    s3.delete_bucket(Bucket=name)


def _status(answer: Any) -> int:
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status


def test_versioning(s3: Any, bucket: str) -> None:
    """Recording s3/s3_api, test_bucket_versioning_crud."""

    def put(**asked: str) -> Any:
        return s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=asked)

    def told() -> Any:
        return s3.get_bucket_versioning(Bucket=bucket).get("Status")

    assert told() is None
    put(Status="Suspended")
    assert told() == "Suspended"
    put(Status="Enabled")
    assert told() == "Enabled"
    for wrong in ("enabled", "Disabled"):
        assert refused(put, Status=wrong) == (400, _SCHEMA)
    assert refused(put) == (
        400,
        {"Code": "IllegalVersioningConfigurationException", "Message": "The Versioning element must be specified"},
    )
    assert refused(s3.get_bucket_versioning, Bucket="buckets-none")[1]["Code"] == "NoSuchBucket"
    assert refused(put, Status="Enabled", MFADelete="Enabled") == (
        403,
        {"Code": "AccessDenied", "Message": "Mfa Authentication must be used for this request"},
    )


def test_tags(s3: Any, bucket: str) -> None:
    """Recordings s3/s3_api, test_bucket_tagging_crud, test_put_bucket_tagging_none_value, test_tagging_validation."""

    def put(*tags: tuple[str | None, str | None]) -> Any:
        listed = [{"Key": key, "Value": value} for key, value in tags]
        return s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": listed})

    missing = {"Code": "NoSuchTagSet", "Message": "The TagSet does not exist", "BucketName": bucket}
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == (404, missing)
    assert _status(put(("tag1", "tag1"), ("tag2", ""))) == 204
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [
        {"Key": "tag1", "Value": "tag1"},
        {"Key": "tag2", "Value": ""},
    ]
    for tags, message, member in (
        ([("Key1", "a"), ("Key1", "b")], "Cannot provide multiple Tags with the same key", {"TagKey": "Key1"}),
        ([("Key1,Key2", "a")], "The TagKey you have provided is invalid", {"TagKey": "Key1,Key2"}),
        ([("aws:prefixed", "a")], "System tags cannot be added/updated by requester", {"TagKey": "aws:prefixed"}),
        (
            [("Key1", "Val1,Val2")],
            "The TagValue you have provided is invalid",
            {"TagKey": "Key1", "TagValue": "Val1,Val2"},
        ),
    ):
        wrong: list[tuple[str | None, str | None]] = list(tags)
        assert refused(lambda wrong=wrong: put(*wrong)) == (400, {"Code": "InvalidTag", "Message": message, **member})
    assert refused(lambda: put((None, "a"))) == refused(lambda: put(("a", None))) == (400, _SCHEMA)
    assert refused(lambda: put(*[(f"k{n}", "") for n in range(51)]))[1]["Code"] == "BadRequest"
    assert _status(s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": None})) == 204
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == (404, missing)
    put(("a", "b"))
    assert _status(s3.delete_bucket_tagging(Bucket=bucket)) == 204
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == (404, missing)


def test_tags_decide_nothing(s3: Any, bucket: str) -> None:
    """API_GetBucketAbac: disabled by default; what cannot be enabled says so."""
    assert s3.get_bucket_abac(Bucket=bucket)["AbacStatus"] == {"Status": "Disabled"}
    s3.put_bucket_abac(Bucket=bucket, AbacStatus={"Status": "Disabled"})
    assert refused(s3.put_bucket_abac, Bucket=bucket, AbacStatus={"Status": "Enabled"})[0] == 501
    assert refused(s3.get_bucket_abac, Bucket="buckets-none")[1]["Code"] == "NoSuchBucket"


def test_encryption(s3: Any, bucket: str) -> None:
    """Recordings s3/s3_api, TestS3BucketEncryption."""

    def put(*rules: Any) -> Any:
        return s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": list(rules)})

    def told() -> Any:
        return s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]

    plain = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    assert told() == [plain]
    assert refused(put) == refused(lambda: put(plain, plain)) == (400, _SCHEMA)
    wrong = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "x"}}
    assert refused(lambda: put(wrong)) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
            "ArgumentName": "ApplyServerSideEncryptionByDefault",
        },
    )
    kms = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/x"},
        "BucketKeyEnabled": True,
    }
    put(kms)
    assert told() == [kms]
    for _ in range(2):
        assert _status(s3.delete_bucket_encryption(Bucket=bucket)) == 204
    assert told() == [plain]


def test_object_lock(s3: Any, bucket: str) -> None:
    """Recordings s3/s3_api, TestS3ObjectLock."""

    def put(**asked: Any) -> Any:
        return s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=asked)

    on = {"ObjectLockEnabled": "Enabled"}
    assert refused(s3.get_object_lock_configuration, Bucket=bucket) == (
        404,
        {
            "Code": "ObjectLockConfigurationNotFoundError",
            "Message": "Object Lock configuration does not exist for this bucket",
            "BucketName": bucket,
        },
    )
    for status in ("", "Suspended"):
        if status:
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        assert refused(put, **on) == (
            409,
            {
                "Code": "InvalidBucketState",
                "Message": "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
            },
        )
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    retention = {"Mode": "GOVERNANCE", "Days": 1}
    for wrong in (
        {},
        {"Rule": {"DefaultRetention": retention}},
        {**on, "Rule": {}},
        {**on, "Rule": {"DefaultRetention": {}}},
        {**on, "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE"}}},
        {**on, "Rule": {"DefaultRetention": {"Mode": "BAD", "Days": 1}}},
        {**on, "Rule": {"DefaultRetention": {**retention, "Years": 1}}},
    ):
        assert refused(put, **wrong) == (400, _SCHEMA), wrong
    put(**on, Rule={"DefaultRetention": retention})
    told = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert told == {**on, "Rule": {"DefaultRetention": retention}}
    put(**on)
    assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"] == on
    assert refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}) == (
        409,
        {
            "Code": "InvalidBucketState",
            "Message": "An Object Lock configuration is present on this bucket, so the versioning state cannot be "
            "changed.",
        },
    )
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def test_ownership_and_public_access(s3: Any, bucket: str) -> None:
    """Recordings s3/s3_api, TestS3BucketOwnershipControls and TestS3PublicAccessBlock."""

    def put(*rules: str) -> Any:
        listed = [{"ObjectOwnership": rule} for rule in rules]
        return s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": listed})

    assert refused(lambda: put("ObjectWriter", "ObjectWriter")) == refused(lambda: put("Nobody")) == (400, _SCHEMA)
    assert refused(put) == (400, _SCHEMA)
    put("ObjectWriter")
    told = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert told == [{"ObjectOwnership": "ObjectWriter"}]
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert refused(lambda: put("BucketOwnerEnforced"))[1]["Code"] == "InvalidBucketAclWithObjectOwnership"
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    put("BucketOwnerEnforced")
    for _ in range(2):
        assert _status(s3.delete_bucket_ownership_controls(Bucket=bucket)) == 204
        assert _status(s3.delete_public_access_block(Bucket=bucket)) == 204
    assert refused(s3.get_bucket_ownership_controls, Bucket=bucket) == (
        404,
        {
            "Code": "OwnershipControlsNotFoundError",
            "Message": "The bucket ownership controls were not found",
            "BucketName": bucket,
        },
    )
    assert refused(s3.get_public_access_block, Bucket=bucket) == (
        404,
        {
            "Code": "NoSuchPublicAccessBlockConfiguration",
            "Message": "The public access block configuration was not found",
            "BucketName": bucket,
        },
    )
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }


def test_policies(s3: Any, bucket: str) -> None:
    """Recordings s3/s3_api, TestS3BucketPolicy; S3 User Guide, "The meaning of public"."""

    def put(policy: Any) -> Any:
        text = policy if isinstance(policy, str) else json.dumps(policy)
        return s3.put_bucket_policy(Bucket=bucket, Policy=text)

    missing = {"Code": "NoSuchBucketPolicy", "Message": "The bucket policy does not exist", "BucketName": bucket}
    assert refused(s3.get_bucket_policy, Bucket=bucket) == (404, missing)
    for wrong, message in (
        ("", "Policies must be valid JSON and the first byte must be '{'"),
        ("random", "Policies must be valid JSON and the first byte must be '{'"),
        ("{}", "Missing required field Statement"),
    ):
        assert refused(put, policy=wrong) == (400, {"Code": "MalformedPolicy", "Message": message})
    policy = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Resource": f"arn:aws:s3:::{bucket}/*"}]}
    status, blocked = refused(put, policy=policy)
    assert (status, blocked["Code"]) == (403, "AccessDenied")
    assert "BlockPublicPolicy" in blocked["Message"]
    s3.delete_public_access_block(Bucket=bucket)
    assert _status(put(policy)) == 204
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": True}
    for _ in range(2):
        assert _status(s3.delete_bucket_policy(Bucket=bucket)) == 204
    assert refused(s3.get_bucket_policy_status, Bucket=bucket) == (404, missing)


def test_cors(s3: Any, bucket: str) -> None:
    """Recordings s3/s3_cors, test_get_cors, test_put_cors_invalid_rules, test_put_cors_empty_origin."""

    def put(*rules: Any) -> Any:
        return s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": list(rules)})

    missing = {
        "Code": "NoSuchCORSConfiguration",
        "Message": "The CORS configuration does not exist",
        "BucketName": bucket,
    }
    assert refused(s3.get_bucket_cors, Bucket=bucket) == (404, missing)
    assert refused(put) == (400, _SCHEMA)
    assert refused(lambda: put({"AllowedOrigins": ["*"], "AllowedMethods": ["MYMETHOD"]})) == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD",
        },
    )
    rule = {"AllowedHeaders": ["x-a"], "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": [""], "MaxAgeSeconds": 3000}
    put(rule)
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule]
    for _ in range(2):
        assert _status(s3.delete_bucket_cors(Bucket=bucket)) == 204
    assert refused(s3.get_bucket_cors, Bucket=bucket) == (404, missing)


def test_websites(s3: Any, bucket: str) -> None:
    """Recordings s3/s3, test_crud_website_configuration and test_validate_website_configuration."""

    def put(**asked: Any) -> Any:
        return s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=asked)

    assert refused(s3.get_bucket_website, Bucket=bucket) == (
        404,
        {
            "Code": "NoSuchWebsiteConfiguration",
            "Message": "The specified bucket does not have a website configuration",
            "BucketName": bucket,
        },
    )
    assert refused(put, IndexDocument={"Suffix": "/index.html"}) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "The IndexDocument Suffix is not well formed",
            "ArgumentName": "IndexDocument",
            "ArgumentValue": "/index.html",
        },
    )
    whole = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
        "RoutingRules": [{"Condition": {"KeyPrefixEquals": "a/"}, "Redirect": {"ReplaceKeyPrefixWith": "b/"}}],
    }
    put(**whole)
    told = s3.get_bucket_website(Bucket=bucket)
    assert {name: told[name] for name in whole} == whole
    for _ in range(2):
        assert _status(s3.delete_bucket_website(Bucket=bucket)) == 204


def test_lifecycles(s3: Any, bucket: str) -> None:
    """Recordings s3/s3, test_delete_bucket_lifecycle_configuration, test_s3_transition_default_minimum_object_size."""

    def put(*rules: Any, **more: str) -> Any:
        asked = {"Rules": list(rules)}
        return s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=asked, **more)

    missing = {
        "Code": "NoSuchLifecycleConfiguration",
        "Message": "The lifecycle configuration does not exist",
        "BucketName": bucket,
    }
    rule = {"Expiration": {"Days": 7}, "ID": "wholebucket", "Filter": {"Prefix": ""}, "Status": "Enabled"}
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == (404, missing)
    assert put(rule)["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    told = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert (told["Rules"], told["TransitionDefaultMinimumObjectSize"]) == ([rule], "all_storage_classes_128K")
    sized = {"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}
    assert put(rule, **sized)["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"
    assert refused(lambda: put(rule, TransitionDefaultMinimumObjectSize="value")) == (
        400,
        {"Code": "InvalidRequest", "Message": "Invalid TransitionDefaultMinimumObjectSize found: value"},
    )
    noon = {**rule, "Expiration": {"Date": datetime(2030, 1, 1, 12, tzinfo=UTC)}}
    assert refused(lambda: put(noon))[1] == {
        "Code": "InvalidArgument",
        "Message": "'Date' must be at midnight GMT",
        "ArgumentName": "Date",
        "ArgumentValue": "2030-01-01T12:00:00.000Z",
    }
    put({**rule, "Expiration": {"Date": datetime(2030, 1, 1, tzinfo=UTC)}})
    told = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["Expiration"]["Date"]
    assert told == datetime(2030, 1, 1, tzinfo=UTC)
    # The older API shares the address: a prefix of the rule's own, and one transition.
    old = {"ID": "old", "Prefix": "a", "Status": "Enabled", "Transition": {"Days": 1, "StorageClass": "GLACIER"}}
    s3.put_bucket_lifecycle(Bucket=bucket, LifecycleConfiguration={"Rules": [old]})
    assert s3.get_bucket_lifecycle(Bucket=bucket)["Rules"] == [old]
    for _ in range(2):
        assert _status(s3.delete_bucket_lifecycle(Bucket=bucket)) == 204
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == (404, missing)


def test_replication(s3: Any, bucket: str) -> None:
    """Recordings s3/s3, TestS3BucketReplication."""
    target = new_name("target")
    s3.create_bucket(Bucket=target)

    def put(*rules: Any) -> Any:
        asked = {"Role": "arn:aws:iam::111111111111:role/copies", "Rules": list(rules)}
        return s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=asked)

    def enable(name: str) -> None:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    rule = {
        "ID": "id",
        "Priority": 1,
        "Filter": {"Prefix": "Tax"},
        "Status": "Enabled",
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
    }
    absent = {**rule, "Destination": {"Bucket": "arn:aws:s3:::buckets-none"}}
    unversioned = {"Code": "InvalidRequest", "Message": "Destination bucket must have versioning enabled."}
    assert refused(s3.get_bucket_replication, Bucket=bucket)[1]["Code"] == "ReplicationConfigurationNotFoundError"
    assert refused(lambda: put(rule)) == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
        },
    )
    enable(bucket)
    assert refused(lambda: put(rule)) == refused(lambda: put(absent)) == (400, unversioned)
    enable(target)
    assert refused(put) == (400, _SCHEMA)
    put(rule)
    told = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    assert told == {"Role": "arn:aws:iam::111111111111:role/copies", "Rules": [rule]}
    suspended = {"Bucket": bucket, "VersioningConfiguration": {"Status": "Suspended"}}
    assert refused(s3.put_bucket_versioning, **suspended)[1]["Code"] == "InvalidBucketState"
    for _ in range(2):
        assert _status(s3.delete_bucket_replication(Bucket=bucket)) == 204


def test_logging(s3: Any, bucket: str, aws: Server) -> None:
    """Recordings s3/s3, TestS3BucketLogging."""
    target, west = new_name("logs"), new_name("west")
    s3.create_bucket(Bucket=target)
    s3.create_bucket(Bucket=west, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})

    def put(name: str) -> Any:
        asked = {"LoggingEnabled": {"TargetBucket": name, "TargetPrefix": "log"}}
        return s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=asked)

    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert refused(put, name="buckets-none") == (
        400,
        {
            "Code": "InvalidTargetBucketForLogging",
            "Message": "The target bucket for logging does not exist",
            "TargetBucket": "buckets-none",
        },
    )
    assert refused(put, name=west) == (
        403,
        {
            "Code": "CrossLocationLoggingProhibitted",
            "Message": "Cross S3 location logging not allowed. ",
            "TargetBucketLocation": "us-west-2",
        },
    )
    put(target)
    told = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    assert told == {"TargetBucket": target, "TargetPrefix": "log"}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)


def test_payment_and_acceleration(s3: Any, bucket: str) -> None:
    """Recordings s3/s3, test_s3_request_payer; s3/s3_api, TestS3BucketAccelerateConfiguration."""

    def put(status: str, name: str = bucket) -> Any:
        return s3.put_bucket_accelerate_configuration(Bucket=name, AccelerateConfiguration={"Status": status})

    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "Requester"
    wrong = {"Bucket": bucket, "RequestPaymentConfiguration": {"Payer": "Random"}}
    assert refused(s3.put_bucket_request_payment, **wrong) == (400, _SCHEMA)
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    put("Enabled")
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Enabled"
    assert refused(put, status="enabled") == (400, _SCHEMA)
    dotted = f"dotted.{bucket}"
    s3.create_bucket(Bucket=dotted)
    assert refused(put, status="Enabled", name=dotted)[1]["Code"] == "InvalidRequest"


def test_notifications(s3: Any, bucket: str) -> None:
    """Recordings s3/s3_notifications_sqs, test_notifications_with_filter, test_invalid_sqs_arn; what reaches whom is
    in the tests of events.
    """

    def put(*queues: Any, **more: Any) -> Any:
        asked = {"QueueConfigurations": list(queues)} if queues else {}
        return s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=asked, **more)

    arn = "arn:aws:sqs:us-east-1:111111111111:buckets-nowhere"
    queue = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    for more in ({}, {"SkipDestinationValidation": True}):
        assert refused(lambda more=more: put({**queue, "QueueArn": "invalid-queue"}, **more)) == (
            400,
            {
                "Code": "InvalidArgument",
                "Message": "The ARN could not be parsed",
                "ArgumentName": "Queue",
                "ArgumentValue": "invalid-queue",
            },
        )
    assert refused(lambda: put(queue)) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "Unable to validate the following destination configurations",
            "ArgumentName1": arn,
            "ArgumentValue1": "The destination queue does not exist",
        },
    )
    filtered = {**queue, "Filter": {"Key": {"FilterRules": [{"Name": "PREFIX", "Value": "a"}]}}}
    put(filtered, SkipDestinationValidation=True)
    told = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert len(told[0].pop("Id")) == 48
    assert told == [{**queue, "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "a"}]}}}]
    put()
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
