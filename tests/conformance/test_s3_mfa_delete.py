"""Versions that are deleted only with a code of the root's device.

S3 User Guide, "Configuring MFA delete"; the errors as issues quote them (cloudposse/terraform-aws-codebuild 76,
cloudposse/terraform-aws-cloudfront-s3-cdn 189).
"""

import random
from typing import Any

import pytest

from tests.conformance.test_iam_account import totp
from tests.conftest import Server
from tests.support.buckets import new_bucket, refused

NEEDED = "Mfa Authentication must be used for this request"


class Root:
    """The root of a new account, with its device in hand. Each code is good once."""

    def __init__(self, aws: Server) -> None:
        self.account_id = f"{random.randrange(10**11, 10**12)}"
        self.keys = {"aws_access_key_id": self.account_id}
        self.s3, self.iam = aws.client("s3", **self.keys), aws.client("iam", **self.keys)
        made = self.iam.create_virtual_mfa_device(VirtualMFADeviceName="root-account-mfa-device")
        self.device = made["VirtualMFADevice"]
        self.bucket = new_bucket(self.s3)

    def code(self, step: int) -> str:
        return f"{self.device['SerialNumber']} {totp(self.device['Base32StringSeed'], step)}"

    def put(self, **more: Any) -> Any:
        return self.s3.put_bucket_versioning(Bucket=self.bucket, **more)


@pytest.fixture
def root(aws: Server) -> Root:
    return Root(aws)


def test_versions_are_deleted_with_a_code(root: Root) -> None:
    """With the header the version goes; without, or with a code again, it stays; a marker needs none."""
    s3, bucket = root.s3, root.bucket
    root.put(VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"}, MFA=root.code(-1))
    told = s3.get_bucket_versioning(Bucket=bucket)
    assert (told["Status"], told["MFADelete"]) == ("Enabled", "Enabled")
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    assert s3.delete_object(Bucket=bucket, Key="k")["DeleteMarker"] is True
    this = {"Bucket": bucket, "Key": "k", "VersionId": version}
    for more in ({}, {"MFA": root.code(-1)}, {"MFA": "nonsense"}):
        error = refused(s3.delete_object, **this, **more)
        assert (error["Code"], error["Message"], error["Status"]) == ("AccessDenied", NEEDED, 403)
    listed = {"Objects": [{"Key": "k", "VersionId": version}]}
    (error,) = s3.delete_objects(Bucket=bucket, Delete=listed)["Errors"]
    assert (error["Code"], error["Message"]) == ("AccessDenied", NEEDED)
    assert s3.get_object(**this)["Body"].read() == b"x"
    assert s3.delete_objects(Bucket=bucket, Delete=listed, MFA=root.code(0))["Deleted"][0]["VersionId"] == version


def test_the_state_is_changed_with_a_code(root: Root) -> None:
    """Suspending needs one too, and so does doing without; then the bucket tells that it was once asked."""
    root.put(VersioningConfiguration={"Status": "Enabled"})
    assert "MFADelete" not in root.s3.get_bucket_versioning(Bucket=root.bucket)
    enabled = {"Status": "Enabled", "MFADelete": "Enabled"}
    assert refused(root.put, VersioningConfiguration=enabled)["Message"] == NEEDED
    root.put(VersioningConfiguration=enabled, MFA=root.code(-1))
    assert refused(root.put, VersioningConfiguration={"Status": "Suspended"})["Message"] == NEEDED
    disabled = {"Status": "Suspended", "MFADelete": "Disabled"}
    assert refused(root.put, VersioningConfiguration=disabled)["Message"] == NEEDED
    root.put(VersioningConfiguration=disabled, MFA=root.code(0))
    told = root.s3.get_bucket_versioning(Bucket=root.bucket)
    assert (told["Status"], told["MFADelete"]) == ("Suspended", "Disabled")


def test_only_the_roots_device_counts(aws: Server, root: Root) -> None:
    """Neither another device of the account, nor its users with whatever device, nor another account's root."""
    other = root.iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    phone = f"{other['SerialNumber']} {totp(other['Base32StringSeed'])}"
    asked = {"VersioningConfiguration": {"Status": "Enabled", "MFADelete": "Enabled"}}
    assert refused(root.put, **asked, MFA=phone)["Message"] == NEEDED
    root.iam.create_user(UserName="ada")
    policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    root.iam.put_user_policy(UserName="ada", PolicyName="all", PolicyDocument=policy)
    key = root.iam.create_access_key(UserName="ada")["AccessKey"]
    ada = aws.client("s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    code = root.code(0)
    assert refused(ada.put_bucket_versioning, Bucket=root.bucket, **asked, MFA=code)["Message"] == NEEDED
    root.put(**asked, MFA=code)
    version = root.s3.put_object(Bucket=root.bucket, Key="k", Body=b"x")["VersionId"]
    elsewhere = Root(aws)
    statement = f'''{{"Effect": "Allow", "Principal": {{"AWS": "{elsewhere.account_id}"}}, "Action": "s3:*",
        "Resource": "arn:aws:s3:::{root.bucket}/*"}}'''
    root.s3.put_bucket_policy(Bucket=root.bucket, Policy=f'{{"Version": "2012-10-17", "Statement": {statement}}}')
    this = {"Bucket": root.bucket, "Key": "k", "VersionId": version}
    assert elsewhere.s3.get_object(**this)["Body"].read() == b"x"
    assert refused(elsewhere.s3.delete_object, **this, MFA=elsewhere.code(0))["Message"] == NEEDED


def test_not_together_with_a_lifecycle(root: Root) -> None:
    """Which would delete without anybody's device."""
    rules = [{"ID": "r", "Filter": {}, "Status": "Enabled", "Expiration": {"Days": 1}}]
    asked = {"Bucket": root.bucket, "LifecycleConfiguration": {"Rules": rules}}
    root.s3.put_bucket_lifecycle_configuration(**asked)
    enabled = {"Status": "Enabled", "MFADelete": "Enabled"}
    error = refused(root.put, VersioningConfiguration=enabled, MFA=root.code(-1))
    assert (error["Code"], error["Status"]) == ("InvalidBucketState", 409)
    assert error["Message"].startswith("Mfa Authentication is not supported on a bucket with lifecycle configuration.")
    root.s3.delete_bucket_lifecycle(Bucket=root.bucket)
    root.put(VersioningConfiguration=enabled, MFA=root.code(0))
    assert refused(root.s3.put_bucket_lifecycle_configuration, **asked)["Code"] == "InvalidBucketState"
