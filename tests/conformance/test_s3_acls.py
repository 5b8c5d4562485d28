"""Access control lists as AWS takes and tells them.

Recordings s3/s3: test_s3_bucket_acl, test_s3_bucket_acl_exceptions, test_s3_object_acl, test_s3_object_acl_exceptions,
test_put_object_acl_on_delete_marker.
"""

from typing import Any, Final

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import OTHER, name
from tests.conftest import Server

ALL_USERS: Final = "http://acs.amazonaws.com/groups/global/AllUsers"
LOG_DELIVERY: Final = "http://acs.amazonaws.com/groups/s3/LogDelivery"
FAKE: Final = "http://acs.amazonaws.com/groups/s3/FakeGroup"
SCHEMA: Final = "The XML you provided was not well-formed or did not validate against our published schema"


def error_of(call: Any, **given: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    error: dict[str, Any] = {**caught.value.response["Error"]}
    return error | {"Status": caught.value.response["ResponseMetadata"]["HTTPStatusCode"]}


def bucket_with_lists(aws: Server, *, ownership: str = "ObjectWriter", blocked: bool = False) -> tuple[Any, str]:
    """A bucket whose objects may have lists, and which may be open to everybody."""
    s3, bucket = aws.client("s3"), name("bucket")
    s3.create_bucket(Bucket=bucket, ObjectOwnership=ownership)
    if not blocked:
        s3.delete_public_access_block(Bucket=bucket)
    return s3, bucket


@pytest.fixture(scope="module")
def pail(aws: Server) -> tuple[Any, str]:
    s3, bucket = bucket_with_lists(aws)
    s3.put_object(Bucket=bucket, Key="k")
    return s3, bucket


def test_bucket_acl(aws: Server) -> None:
    """Canned, by grants in headers, and by a document: told as it was given (test_s3_bucket_acl)."""
    s3, bucket = bucket_with_lists(aws)
    owner = s3.list_buckets()["Owner"]["ID"]
    own = {"Grantee": {"ID": owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    told = s3.get_bucket_acl(Bucket=bucket)
    assert told["Grants"] == [own, {"Grantee": {"Type": "Group", "URI": ALL_USERS}, "Permission": "READ"}]
    assert told["Owner"] == {"ID": owner}
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"] == [own]
    s3.put_bucket_acl(Bucket=bucket, GrantRead=f'uri="{LOG_DELIVERY}"')
    group = {"Type": "Group", "URI": LOG_DELIVERY}
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"] == [{"Grantee": group, "Permission": "READ"}]
    document = {"Owner": {"ID": owner}, "Grants": [own, {"Grantee": group, "Permission": "WRITE"}]}
    s3.put_bucket_acl(Bucket=bucket, AccessControlPolicy=document)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"] == document["Grants"]
    s3.put_bucket_acl(Bucket=bucket, ACL="log-delivery-write")
    assert [grant["Permission"] for grant in s3.get_bucket_acl(Bucket=bucket)["Grants"]] == [
        *("FULL_CONTROL", "WRITE", "READ_ACP"),
    ]


def test_object_acl(pail: tuple[Any, str]) -> None:
    """The owner has all of what nobody said anything about (test_s3_object_acl)."""
    s3, bucket = pail
    owner = s3.list_buckets()["Owner"]["ID"]
    own = {"Grantee": {"ID": owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
    s3.put_object(Bucket=bucket, Key="acl")
    told = s3.get_object_acl(Bucket=bucket, Key="acl")
    assert (told["Owner"], told["Grants"]) == ({"ID": owner}, [own])
    s3.put_object_acl(Bucket=bucket, Key="acl", ACL="public-read")
    everybody = {"Grantee": {"Type": "Group", "URI": ALL_USERS}, "Permission": "READ"}
    assert s3.get_object_acl(Bucket=bucket, Key="acl")["Grants"] == [own, everybody]
    s3.put_object(Bucket=bucket, Key="acl", ACL="public-read")
    assert s3.get_object_acl(Bucket=bucket, Key="acl")["Grants"] == [own, everybody]
    s3.put_object(Bucket=bucket, Key="acl", GrantRead=f'uri="{LOG_DELIVERY}"')
    log = {"Grantee": {"Type": "Group", "URI": LOG_DELIVERY}, "Permission": "READ"}
    assert s3.get_object_acl(Bucket=bucket, Key="acl")["Grants"] == [log]


def _documents(owner: str) -> list[tuple[Any, dict[str, Any]]]:
    """What is wrong with a document, and what is said of it; in the order of the recording."""
    own = {"Grantee": {"ID": owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
    malformed = {"Code": "MalformedACLError", "Message": SCHEMA}

    def invalid(name: str, value: str, message: str) -> dict[str, Any]:
        return {"Code": "InvalidArgument", "Message": message, "ArgumentName": name, "ArgumentValue": value}

    return [
        ({"Grants": [own]}, malformed),
        ({"Owner": {"ID": owner}}, malformed),
        ({"Owner": {"ID": "wrong-id"}, "Grants": [own]}, invalid("CanonicalUser/ID", "wrong-id", "Invalid id")),
        (
            {
                "Owner": {"ID": owner},
                "Grants": [{"Grantee": {"Type": "Group", "URI": FAKE}, "Permission": "WRITE"}],
            },
            invalid("Group/URI", FAKE, "Invalid group uri"),
        ),
        (
            {
                "Owner": {"ID": owner},
                "Grants": [{"Grantee": {"Type": "CanonicalUser", "ID": "wrong-id"}, "Permission": "READ"}],
            },
            invalid("CanonicalUser/ID", "wrong-id", "Invalid id"),
        ),
        (
            {
                "Owner": {"ID": owner},
                "Grants": [{"Grantee": {"Type": "Group", "URI": ALL_USERS}, "Permission": "FAKE"}],
            },
            malformed,
        ),
        ({}, malformed),
    ]


@pytest.mark.parametrize("thing", ["bucket", "object"])
def test_acl_exceptions(pail: tuple[Any, str], thing: str) -> None:
    """test_s3_bucket_acl_exceptions, test_s3_object_acl_exceptions."""
    s3, bucket = pail
    call = s3.put_bucket_acl if thing == "bucket" else s3.put_object_acl
    meant = {"Bucket": bucket} if thing == "bucket" else {"Bucket": bucket, "Key": "k"}
    owner = s3.list_buckets()["Owner"]["ID"]
    canned = error_of(call, **meant, ACL="fake-acl")
    assert (canned["Code"], canned["ArgumentName"], canned["ArgumentValue"]) == (
        *("InvalidArgument", "x-amz-acl", "fake-acl"),
    )
    for text, said in (
        (f'uri="{FAKE}"', ("InvalidArgument", "Invalid group uri", "uri", FAKE)),
        (
            'fakekey="1234"',
            ("InvalidArgument", "Argument format not recognized", "x-amz-grant-write", 'fakekey="1234"'),
        ),
        ('id="wrong-id"', ("InvalidArgument", "Invalid id", "id", "wrong-id")),
    ):
        error = error_of(call, **meant, GrantWrite=text)
        assert tuple(error[key] for key in ("Code", "Message", "ArgumentName", "ArgumentValue")) == said
    for document, expected in _documents(owner):
        error = error_of(call, **meant, AccessControlPolicy=document)
        assert {key: error[key] for key in expected} == expected
        assert error["Status"] == 400
    empty = error_of(call, **meant)
    assert (empty["Code"], empty["Message"], empty["MissingHeaderName"]) == (
        *("MissingSecurityHeader", "Your request was missing a required header", "x-amz-acl"),
    )
    both = error_of(call, **meant, ACL="public-read", GrantRead=f'uri="{LOG_DELIVERY}"')
    assert (both["Code"], both["Message"]) == (
        *("InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed"),
    )
    content = error_of(call, **meant, ACL="public-read", AccessControlPolicy={"Owner": {"ID": owner}, "Grants": []})
    assert (content["Code"], content["Message"]) == ("UnexpectedContent", "This request does not support content")
    assert error_of(call, **meant, GrantRead='emailAddress="a@example.com"')["Code"] == "MethodNotAllowed"


def test_delete_markers_have_none(aws: Server) -> None:
    """test_put_object_acl_on_delete_marker."""
    s3, bucket = bucket_with_lists(aws)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k")
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    meant = {"Bucket": bucket, "Key": "k"}
    for given in (meant, {**meant, "VersionId": marker}):
        error = error_of(s3.put_object_acl, **given, ACL="private")
        assert (error["Code"], error["Method"], error["ResourceType"], error["Status"]) == (
            *("MethodNotAllowed", "PUT", "DeleteMarker", 405),
        )
    assert error_of(s3.get_object_acl, **meant)["Code"] == "NoSuchKey"
    error = error_of(s3.get_object_acl, **meant, VersionId=marker)
    assert (error["Code"], error["Method"]) == ("MethodNotAllowed", "GET")


def test_a_bucket_without_lists(aws: Server) -> None:
    """Object Ownership BucketOwnerEnforced, which is what a bucket begins with, takes the owner's own list only."""
    s3, bucket = bucket_with_lists(aws, ownership="BucketOwnerEnforced")
    for call, given in (
        (s3.put_bucket_acl, {"ACL": "private"}),
        (s3.put_bucket_acl, {"ACL": "public-read"}),
        (s3.put_object, {"Key": "k", "ACL": "public-read"}),
        (s3.put_object, {"Key": "k", "GrantRead": f'uri="{ALL_USERS}"'}),
        (s3.create_multipart_upload, {"Key": "k", "ACL": "public-read"}),
    ):
        error = error_of(call, Bucket=bucket, **given)
        assert (error["Code"], error["Message"], error["Status"]) == (
            *("AccessControlListNotSupported", "The bucket does not allow ACLs", 400),
        )
    s3.put_object(Bucket=bucket, Key="k", ACL="bucket-owner-full-control")
    # Which says the same where the owner writes, as rclone does up to 1.60 unless it is told otherwise.
    s3.put_object(Bucket=bucket, Key="k", ACL="private")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", ACL="private")
    s3.create_multipart_upload(Bucket=bucket, Key="parts", ACL="private")
    assert error_of(s3.put_object_acl, Bucket=bucket, Key="k", ACL="private")["Code"] == (
        "AccessControlListNotSupported"
    )
    assert len(s3.get_object_acl(Bucket=bucket, Key="k")["Grants"]) == 1
    error = error_of(s3.create_bucket, Bucket=name("bucket"), ACL="public-read")
    assert error["Code"] == "InvalidBucketAclWithObjectOwnership"


def test_who_owns_what_another_account_puts(aws: Server) -> None:
    """By the bucket's Object Ownership: the writer, or the bucket's owner if let, or always."""
    there = aws.client("s3", aws_access_key_id=OTHER)
    theirs = there.list_buckets()["Owner"]["ID"]
    for ownership, acl, writers in (
        ("ObjectWriter", {}, True),
        ("ObjectWriter", {"ACL": "bucket-owner-full-control"}, True),
        ("BucketOwnerPreferred", {}, True),
        ("BucketOwnerPreferred", {"ACL": "bucket-owner-full-control"}, False),
        ("BucketOwnerEnforced", {"ACL": "bucket-owner-full-control"}, False),
        ("BucketOwnerEnforced", {}, False),
    ):
        s3, bucket = bucket_with_lists(aws, ownership=ownership)
        mine = s3.list_buckets()["Owner"]["ID"]
        s3.put_bucket_policy(
            Bucket=bucket,
            Policy=f'{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": {{"AWS": "{OTHER}"}},'
            f' "Action": ["s3:PutObject", "s3:PutObjectAcl"], "Resource": "arn:aws:s3:::{bucket}/*"}}}}',
        )
        there.put_object(Bucket=bucket, Key="k", Body=b"theirs", **acl)
        if ownership == "BucketOwnerEnforced":
            refused = error_of(there.put_object, Bucket=bucket, Key="k", Body=b"x", ACL="private")
            assert refused["Code"] == "AccessControlListNotSupported"
        reader = there if writers else s3
        assert reader.get_object_acl(Bucket=bucket, Key="k")["Owner"]["ID"] == (theirs if writers else mine)
        if writers and not acl:
            assert error_of(s3.get_object, Bucket=bucket, Key="k")["Code"] == "AccessDenied"
        else:
            assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"theirs"
        s3.delete_object(Bucket=bucket, Key="k")


def test_the_owner_of_a_bucket_replaces_what_is_anothers(aws: Server) -> None:
    """With a list, too: that is of the new object, about which the owner of the old one has no say."""
    s3, bucket = bucket_with_lists(aws, ownership="ObjectWriter")
    there = aws.client("s3", aws_access_key_id=OTHER)
    s3.put_bucket_acl(Bucket=bucket, GrantWrite=f'id="{there.list_buckets()["Owner"]["ID"]}"')
    there.put_object(Bucket=bucket, Key="k", Body=b"theirs")
    assert error_of(s3.put_object_acl, Bucket=bucket, Key="k", ACL="private")["Code"] == "AccessDenied"
    s3.put_object(Bucket=bucket, Key="k", Body=b"mine", ACL="private")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"mine"
    assert error_of(there.put_object, Bucket=bucket, Key="k", ACL="private")["Code"] == "AccessDenied"


def test_public_lists_are_blocked(aws: Server) -> None:
    """BlockPublicAcls refuses them, wherever they are given; what is not public is taken."""
    s3, bucket = bucket_with_lists(aws, blocked=True)
    s3.put_object(Bucket=bucket, Key="k")
    for call, given in (
        (s3.put_bucket_acl, {"ACL": "public-read"}),
        (s3.put_bucket_acl, {"ACL": "authenticated-read"}),
        (s3.put_object_acl, {"Key": "k", "ACL": "public-read"}),
        (s3.put_object, {"Key": "k", "ACL": "public-read"}),
        (s3.copy_object, {"Key": "c", "CopySource": f"{bucket}/k", "ACL": "public-read"}),
        (s3.create_multipart_upload, {"Key": "k", "ACL": "public-read-write"}),
    ):
        assert error_of(call, Bucket=bucket, **given)["Code"] == "AccessDenied"
    s3.put_bucket_acl(Bucket=bucket, ACL="log-delivery-write")
    s3.put_object(Bucket=bucket, Key="k", ACL="bucket-owner-read")


def test_who_may_write_says_what_others_may(aws: Server) -> None:
    """s3, test_s3_batch_delete_public_objects_using_requests: in a public bucket nobody keeps house for themselves."""
    owner, bucket = bucket_with_lists(aws)
    nobody = aws.client("s3", config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}))
    owner.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    owner.put_object(Bucket=bucket, Key="owners", Body=b"x")
    keys = ("key-created-by-anonymous-1", "key-created-by-anonymous-2")
    for key in keys:
        nobody.put_object(Bucket=bucket, Key=key, Body=b"x", ACL="public-read-write")
    asked = [{"Key": key} for key in (*keys, "owners")]
    answer = nobody.delete_objects(Bucket=bucket, Delete={"Objects": asked})
    assert [each["Key"] for each in answer["Deleted"]] == list(keys)
    assert [(each["Key"], each["Code"]) for each in answer["Errors"]] == [("owners", "AccessDenied")]
    assert error_of(nobody.put_object, Bucket=bucket, Key="owners", ACL="public-read")["Code"] == "AccessDenied"
    assert [found["Key"] for found in owner.list_objects(Bucket=bucket)["Contents"]] == ["owners"]
