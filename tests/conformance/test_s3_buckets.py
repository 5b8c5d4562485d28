"""Buckets as boto3 makes, finds, lists and removes them. What S3 answered is in recordings s3/s3 and s3/s3_api."""

import itertools
from typing import Any, Final

import pytest
from botocore.client import Config
from botocore.exceptions import ClientError

from tests.conftest import Server

_PLAIN: Final = Config(retries={"max_attempts": 0}, parameter_validation=False)
_NUMBERS: Final = itertools.count()


def new_name(what: str = "bucket") -> str:
    return f"buckets-{what}-{next(_NUMBERS)}"


def refused(call: Any, **arguments: Any) -> tuple[int, dict[str, str]]:
    """The status and the error of a call."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error: dict[str, str] = dict(caught.value.response["Error"])
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"], error


def _code(call: Any, **arguments: Any) -> str:
    return refused(call, **arguments)[1]["Code"]


def test_a_bucket_is_made_found_and_removed(aws: Server) -> None:
    """Recording s3/s3, test_create_bucket_head_bucket."""
    s3, name = aws.client("s3"), new_name()
    made = s3.create_bucket(Bucket=name)
    assert (made["Location"], made["BucketArn"]) == (f"/{name}", f"arn:aws:s3:::{name}")
    found = s3.head_bucket(Bucket=name)
    assert (found["BucketRegion"], found["BucketArn"], found["AccessPointAlias"]) == (
        "us-east-1",
        f"arn:aws:s3:::{name}",
        False,
    )
    s3.delete_bucket(Bucket=name)
    assert refused(s3.head_bucket, Bucket=name) == (404, {"Code": "404", "Message": "Not Found"})
    assert refused(s3.delete_bucket, Bucket=name) == (
        404,
        {"Code": "NoSuchBucket", "Message": "The specified bucket does not exist", "BucketName": name},
    )


def test_locations_are_those_of_the_address(aws: Server) -> None:
    """Recordings s3/s3, test_different_location_constraint and test_create_bucket_with_invalid_location_constraint."""
    first, west = aws.client("s3"), aws.client("s3", region_name="us-west-1")
    for constraint in ("us-east-1", "foo", "aws-global"):
        assert refused(first.create_bucket, Bucket=new_name(), CreateBucketConfiguration=_in(constraint)) == (
            400,
            {
                "Code": "InvalidLocationConstraint",
                "Message": "The specified location-constraint is not valid",
                "LocationConstraint": constraint,
            },
        )
    for constraint in ("us-east-1", "us-east-2", "EU", "aws-global", "bar"):
        status, error = refused(west.create_bucket, Bucket=new_name(), CreateBucketConfiguration=_in(constraint))
        assert (status, error["Code"]) == (400, "IllegalLocationConstraintException")
        assert error["Message"].startswith(f"The {constraint} location constraint is incompatible for the region")
    assert refused(west.create_bucket, Bucket=new_name())[1]["Message"].startswith(
        "The unspecified location constraint"
    )
    here, there, old = new_name("here"), new_name("there"), new_name("old")
    first.create_bucket(Bucket=here)
    first.create_bucket(Bucket=there, CreateBucketConfiguration=_in("us-west-1"))
    first.create_bucket(Bucket=old, CreateBucketConfiguration=_in("EU"))
    locations = [first.get_bucket_location(Bucket=name)["LocationConstraint"] for name in (here, there, old)]
    assert locations == [None, "us-west-1", "EU"]
    assert first.head_bucket(Bucket=old)["BucketRegion"] == "eu-west-1"


def _in(region: str) -> dict[str, str]:
    return {"LocationConstraint": region}


def test_names_are_taken_once(aws: Server) -> None:
    """Recordings s3/s3, test_create_bucket_with_existing_name; s3/s3_api, test_create_bucket_with_tags_us_east_1..."""
    s3, name = aws.client("s3"), new_name("taken")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": [{"Key": "tag1", "Value": "value1"}]})
    s3.create_bucket(Bucket=name)
    assert _code(s3.create_bucket, Bucket=name, CreateBucketConfiguration={"Tags": [{"Key": "a", "Value": "b"}]}) == (
        "BucketAlreadyOwnedByYou"
    )
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "tag1", "Value": "value1"}]
    west = aws.client("s3", region_name="us-west-1")
    assert _code(west.create_bucket, Bucket=name, CreateBucketConfiguration=_in("us-west-1")) == (
        "BucketAlreadyOwnedByYou"
    )
    other = aws.client("s3", aws_access_key_id="222222222222")
    assert _code(other.create_bucket, Bucket=name) == "BucketAlreadyExists"


def test_names_that_are_none(aws: Server) -> None:
    """Recording s3/s3, test_s3_uppercase_bucket_name; the table of names is in the unit tests."""
    s3 = aws.client("s3", config=_PLAIN)
    assert refused(s3.create_bucket, Bucket="BucketsUpper") == (
        400,
        {"Code": "InvalidBucketName", "Message": "The specified bucket is not valid.", "BucketName": "BucketsUpper"},
    )


def test_new_buckets_are_shut(aws: Server) -> None:
    """S3 User Guide, "Default settings for new S3 buckets"; recordings s3/s3_api, TestS3BucketOwnershipControls."""
    s3, name = aws.client("s3", config=_PLAIN), new_name("shut")
    assert refused(s3.create_bucket, Bucket=name, ACL="public-read")[1]["Code"] == "InvalidBucketAclWithObjectOwnership"
    assert refused(s3.create_bucket, Bucket=name, ObjectOwnership="RandomValue")[1]["Message"] == (
        "Invalid x-amz-object-ownership header: RandomValue"
    )
    s3.create_bucket(Bucket=name)
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4
    rules = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    locked = new_name("locked")
    s3.create_bucket(Bucket=locked, ObjectLockEnabledForBucket=True, ObjectOwnership="BucketOwnerPreferred")
    assert s3.get_bucket_versioning(Bucket=locked)["Status"] == "Enabled"
    assert s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled"
    }


def test_tags_that_a_bucket_begins_with(aws: Server) -> None:
    """Recording s3/s3_api, test_create_bucket_with_tags_exc."""
    s3 = aws.client("s3", config=_PLAIN)

    def told(key: str | None, value: str | None) -> dict[str, str]:
        tags = [{"Key": key, "Value": value}]
        return refused(s3.create_bucket, Bucket=new_name(), CreateBucketConfiguration={"Tags": tags})[1]

    assert told(None, "a")["Code"] == told("a", None)["Code"] == "MalformedXML"
    assert told("aws:a", "b") == {
        "Code": "InvalidTag",
        "Message": 'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. '
        'Remove "aws:" from your tag keys and try again.',
    }
    assert told("test", "value1,value2") == {
        "Code": "InvalidTag",
        "Message": "The TagValue you have provided is invalid",
        "TagKey": "test",
        "TagValue": "value1,value2",
    }


def test_a_bucket_that_holds_something_stays(aws: Server) -> None:
    """Recordings s3/s3_api, test_delete_bucket_with_objects and test_delete_versioned_bucket_with_objects."""
    s3, plain, versioned = aws.client("s3"), new_name("plain"), new_name("versioned")
    for name in (plain, versioned):
        s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=plain, Key="k", Body=b"v")
    assert refused(s3.delete_bucket, Bucket=plain) == (
        409,
        {
            "Code": "BucketNotEmpty",
            "Message": "The bucket you tried to delete is not empty",
            "BucketName": plain,
        },
    )
    s3.delete_object(Bucket=plain, Key="k")
    s3.create_multipart_upload(Bucket=plain, Key="under-way")
    s3.delete_bucket(Bucket=plain)
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"v")["VersionId"]
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    s3.delete_object(Bucket=versioned, Key="k", VersionId=version)
    assert refused(s3.delete_bucket, Bucket=versioned)[1]["Message"] == (
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
    )
    s3.delete_object(Bucket=versioned, Key="k", VersionId=marker)
    s3.delete_bucket(Bucket=versioned)
    # A namesake begins empty.
    s3.create_bucket(Bucket=versioned)
    assert s3.get_bucket_versioning(Bucket=versioned).get("Status") is None


def test_lists_of_buckets(aws: Server) -> None:
    """Recordings s3/s3, test_create_bucket_aws_global; API_ListBuckets."""
    s3 = aws.client("s3", aws_access_key_id="444444440001")
    for name in ("listed-a", "listed-b", "listed-c", "other-d"):
        s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket="listed-w", CreateBucketConfiguration=_in("us-west-2"))
    everything = s3.list_buckets()
    assert [bucket["Name"] for bucket in everything["Buckets"]] == [
        "listed-a",
        "listed-b",
        "listed-c",
        "listed-w",
        "other-d",
    ]
    assert "BucketRegion" not in everything["Buckets"][0]
    assert "Prefix" not in everything
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="listed", PaginationConfig={"PageSize": 3}))
    assert [[bucket["Name"] for bucket in page["Buckets"]] for page in pages] == [
        ["listed-a", "listed-b", "listed-c"],
        ["listed-w"],
    ]
    assert pages[0]["Prefix"] == "listed"
    west = s3.list_buckets(BucketRegion="us-west-2")["Buckets"]
    assert [(bucket["Name"], bucket["BucketRegion"]) for bucket in west] == [("listed-w", "us-west-2")]
    assert aws.client("s3", aws_access_key_id="444444440002").list_buckets()["Buckets"] == []
    assert _code(s3.list_buckets, ContinuationToken="!") == "InvalidArgument"


def test_clients_are_led_to_the_region_of_a_bucket(aws: Server) -> None:
    """Recording s3/s3, test_bucket_operation_between_regions: what one region writes, a client of another reads."""
    first, west, name = aws.client("s3"), aws.client("s3", region_name="us-west-2"), new_name("regions")
    west.create_bucket(Bucket=name, CreateBucketConfiguration=_in("us-west-2"))
    west.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    for region in ("us-east-1", "eu-central-1"):
        # boto3 follows what it is told of the region.
        elsewhere = aws.client("s3", region_name=region)
        assert elsewhere.get_bucket_website(Bucket=name)["IndexDocument"] == {"Suffix": "index.html"}
        assert elsewhere.head_bucket(Bucket=name)["BucketRegion"] == "us-west-2"
    stubborn = aws.client("s3", region_name="eu-central-1")
    stubborn.meta.events.unregister("needs-retry.s3")
    seen: list[Any] = []
    stubborn.meta.events.register_first("needs-retry.s3", lambda response, **_: seen.append(response))
    stubborn.get_bucket_website(Bucket=name)
    refusal = seen[0][1]
    assert refusal["Error"]["Code"] == "AuthorizationHeaderMalformed"
    assert refusal["Error"]["Region"] == "us-west-2"
    assert refusal["Error"]["Message"] == (
        "The authorization header is malformed; the region 'eu-central-1' is wrong; expecting 'us-west-2'"
    )
    assert refusal["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-west-2"
    first.delete_bucket(Bucket=name)


def test_copies_cross_regions(aws: Server) -> None:
    """A copy is asked for in the region where it goes (API_CopyObject); its source may be in any other."""
    europe, west = aws.client("s3", region_name="eu-west-1"), aws.client("s3", region_name="us-west-2")
    source, target = new_name("source"), new_name("target")
    europe.create_bucket(Bucket=source, CreateBucketConfiguration=_in("eu-west-1"))
    west.create_bucket(Bucket=target, CreateBucketConfiguration=_in("us-west-2"))
    europe.put_object(Bucket=source, Key="k", Body=b"copied")
    west.copy_object(Bucket=target, Key="whole", CopySource=f"{source}/k")
    upload = west.create_multipart_upload(Bucket=target, Key="parts")["UploadId"]
    part = {"Bucket": target, "Key": "parts", "UploadId": upload, "PartNumber": 1}
    west.upload_part_copy(**part, CopySource=f"{source}/k")
    assert west.get_object(Bucket=target, Key="whole")["Body"].read() == b"copied"


@pytest.mark.parametrize("account", ["0000", "0000000000020", "abcd", "aa000000000$"])
def test_expected_owners_are_accounts(aws: Server, account: str) -> None:
    """Recordings s3/s3, test_get_bucket_policy_invalid_account_id and test_put_bucket_policy_expected_bucket_owner."""
    s3, name = aws.client("s3", config=_PLAIN), new_name("owner")
    s3.create_bucket(Bucket=name)
    assert refused(s3.get_bucket_policy, Bucket=name, ExpectedBucketOwner=account) == (
        400,
        {
            "Code": "InvalidBucketOwnerAWSAccountID",
            "Message": f"The value of the expected bucket owner parameter must be an AWS Account ID... [{account}]",
        },
    )
    assert refused(s3.get_bucket_policy, Bucket=name, ExpectedBucketOwner="000000000002") == (
        403,
        {"Code": "AccessDenied", "Message": "Access Denied"},
    )
    assert _code(s3.get_bucket_policy, Bucket=name, ExpectedBucketOwner="111111111111") == "NoSuchBucketPolicy"
