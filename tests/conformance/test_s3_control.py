"""What is the account's own in S3, as boto3 asks S3 Control for it."""

import http.client
import json
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials

from tests.conformance.test_s3_buckets import new_name, refused
from tests.conftest import Server
from tests.support.s3control import ACCOUNT, control_client

_PLAIN: Final = Config(retries={"max_attempts": 0}, parameter_validation=False)


@pytest.fixture
def control(aws: Server) -> Any:
    return control_client(aws, config=_PLAIN)


def test_an_account_blocks_public_access(aws: Server) -> None:
    """S3 User Guide, "Blocking public access": the account's block holds for buckets that have none of their own."""
    account = "444444441234"
    control = control_client(aws, aws_access_key_id=account)
    s3, name = aws.client("s3", aws_access_key_id=account), new_name("blocked")
    assert refused(control.get_public_access_block, AccountId=account)[1]["Code"] == (
        "NoSuchPublicAccessBlockConfiguration"
    )
    control.put_public_access_block(AccountId=account, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    assert control.get_public_access_block(AccountId=account)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": False,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": False,
    }
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    policy = {"Bucket": name, "Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})}
    assert refused(s3.put_bucket_policy, **policy)[1]["Code"] == "AccessDenied"
    control.delete_public_access_block(AccountId=account)
    s3.put_bucket_policy(**policy)
    assert refused(control.get_public_access_block, AccountId="444444449999")[1]["Code"] == "AccessDenied"


def test_an_access_point_is_another_name_of_its_bucket(aws: Server, control: Any) -> None:
    """S3 User Guide, "Using a bucket-style alias for your access points", "Managing access points"."""
    s3, bucket, point = aws.client("s3"), new_name("behind"), new_name("point")
    s3.create_bucket(Bucket=bucket)
    made = control.create_access_point(AccountId=ACCOUNT, Name=point, Bucket=bucket)
    arn, alias = made["AccessPointArn"], made["Alias"]
    assert arn == f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/{point}"
    assert alias.endswith("-s3alias")
    assert len(alias) <= 63
    told = control.get_access_point(AccountId=ACCOUNT, Name=point)
    assert (told["Bucket"], told["NetworkOrigin"], told["Alias"]) == (bucket, "Internet", alias)
    again = {"AccountId": ACCOUNT, "Name": point, "Bucket": bucket}
    assert refused(control.create_access_point, **again)[1]["Code"] == "AccessPointAlreadyOwnedByYou"
    wrong = {**again, "Name": "Wrong_Name"}
    assert refused(control.create_access_point, **wrong)[1]["Code"] == "InvalidRequest"
    assert refused(control.create_access_point, **{**again, "Name": "other", "Bucket": "buckets-none"})[0] == 404
    listed = control.list_access_points(AccountId=ACCOUNT, Bucket=bucket)["AccessPointList"]
    assert [each["Name"] for each in listed] == [point]

    s3.put_object(Bucket=alias, Key="dir/key", Body=b"through the alias")
    assert s3.get_object(Bucket=bucket, Key="dir/key")["Body"].read() == b"through the alias"
    assert s3.head_bucket(Bucket=alias)["AccessPointAlias"] is True
    assert _get(aws, f"{point}-{ACCOUNT}.s3-accesspoint.us-east-1.amazonaws.com", "/dir/key") == b"through the alias"
    s3.delete_object(Bucket=alias, Key="dir/key")
    # A bucket of this name would get whatever is meant for the point.
    squatter = aws.client("s3", aws_access_key_id="444444449999")
    named = f"{point}-{ACCOUNT}.s3-accesspoint.us-east-1"
    assert refused(squatter.create_bucket, Bucket=named)[1]["Code"] == "InvalidBucketName"

    strangers = control_client(aws, aws_access_key_id="444444449999")
    strange = {"AccountId": "444444449999", "Name": point, "Bucket": bucket, "BucketAccountId": ACCOUNT}
    theirs = strangers.create_access_point(**strange)["Alias"]

    assert refused(s3.delete_bucket, Bucket=alias)[1]["Code"] == "MethodNotAllowed"
    assert refused(s3.delete_bucket, Bucket=bucket)[1]["Code"] == "BucketHasAccessPointsAttached"
    control.delete_access_point(AccountId=ACCOUNT, Name=point)
    assert refused(s3.head_bucket, Bucket=alias)[0] == 404
    # Points of other accounts hold no bucket back, and do not lead to what somebody else calls so later.
    s3.delete_bucket(Bucket=bucket)
    squatter.create_bucket(Bucket=bucket)
    assert refused(squatter.head_bucket, Bucket=theirs)[0] == 404
    strangers.delete_access_point(AccountId="444444449999", Name=point)
    squatter.delete_bucket(Bucket=bucket)
    assert refused(control.get_access_point, AccountId=ACCOUNT, Name=point)[1]["Code"] == "NoSuchAccessPoint"


def _get(server: Server, host: str, path: str) -> bytes:
    """A signed request that an SDK would send to a host of AWS's."""
    request = AWSRequest("GET", f"http://{host}{path}")
    S3SigV4Auth(Credentials(ACCOUNT, "test"), "s3", "us-east-1").add_auth(request)
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    try:
        connection.request("GET", path, headers={**dict(request.headers.items()), "Host": host})
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()
    finally:
        connection.close()


def test_policies_of_access_points(aws: Server, control: Any) -> None:
    """API_PutAccessPointPolicy; a new access point takes no public policy."""
    bucket, point = new_name("behind"), new_name("point")
    aws.client("s3").create_bucket(Bucket=bucket)
    arn = control.create_access_point(AccountId=ACCOUNT, Name=point, Bucket=bucket)["AccessPointArn"]
    named = {"AccountId": ACCOUNT, "Name": point}
    assert refused(control.get_access_point_policy, **named)[1]["Code"] == "NoSuchAccessPointPolicy"

    def put(principal: str) -> Any:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": "s3:GetObject",
            "Resource": f"{arn}/object/*",
        }
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return control.put_access_point_policy(**named, Policy=text)

    assert refused(put, principal="*")[1]["Code"] == "AccessDenied"
    put(f"arn:aws:iam::{ACCOUNT}:root")
    assert json.loads(control.get_access_point_policy(**named)["Policy"])["Version"] == "2012-10-17"
    assert control.get_access_point_policy_status(**named)["PolicyStatus"] == {"IsPublic": False}
    control.delete_access_point_policy(**named)
    assert refused(control.get_access_point_policy_status, **named)[1]["Code"] == "NoSuchAccessPointPolicy"
    assert refused(control.put_access_point_policy, **named, Policy="{")[1]["Code"] == "MalformedPolicy"


def test_tags_by_arn(aws: Server, control: Any) -> None:
    """S3 User Guide, "Using tags with S3 general purpose buckets": the same tags as GetBucketTagging's."""
    s3, bucket = aws.client("s3"), new_name("tagged")
    s3.create_bucket(Bucket=bucket)
    named = {"AccountId": ACCOUNT, "ResourceArn": f"arn:aws:s3:::{bucket}"}
    assert control.list_tags_for_resource(**named)["Tags"] == []
    control.tag_resource(**named, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    control.tag_resource(**named, Tags=[{"Key": "a", "Value": "3"}])
    control.untag_resource(**named, TagKeys=["b", "c"])
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a", "Value": "3"}]
    assert control.list_tags_for_resource(**named)["Tags"] == [{"Key": "a", "Value": "3"}]
    absent = {**named, "ResourceArn": "arn:aws:s3:::buckets-none"}
    assert refused(control.list_tags_for_resource, **absent)[1]["Code"] == "NoSuchResource"
    assert refused(control.list_jobs, AccountId=ACCOUNT)[0] == 501


def test_an_access_point_of_a_vpc_is_for_its_inside(aws: Server, control: Any) -> None:
    """S3 User Guide, "Creating access points restricted to a virtual private cloud": others are refused."""
    s3, bucket, point = aws.client("s3"), new_name("inside"), new_name("vpc")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    alias = control.create_access_point(
        AccountId=ACCOUNT, Name=point, Bucket=bucket, VpcConfiguration={"VpcId": "vpc-1a2b3c"}
    )["Alias"]
    assert control.get_access_point(AccountId=ACCOUNT, Name=point)["NetworkOrigin"] == "VPC"
    assert refused(s3.get_object, Bucket=alias, Key="k")[:1] == (403,)
    assert refused(s3.list_objects_v2, Bucket=alias)[1]["Code"] == "AccessDenied"
