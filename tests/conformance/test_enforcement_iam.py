"""What IAM's own things are called by is no way around a policy; by boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import ACCOUNT, User, allow, deny, document, name, refused
from tests.conftest import Server


def test_a_new_name_or_path_must_be_allowed_too(aws: Server) -> None:
    """Or whoever may rename in one place moves others into a place where they may more. Source: API_UpdateUser."""
    user = User(aws)
    iam, other, group = user.client("iam"), name("other"), name("group")
    user.iam.create_user(UserName=other, Path="/staff/")
    user.iam.create_group(GroupName=group, Path="/staff/")
    own = [f"arn:aws:iam::{ACCOUNT}:{kind}/staff/*" for kind in ("user", "group")]
    user.may(allow(["iam:UpdateUser", "iam:UpdateGroup"], own))
    error = refused(iam.update_user, UserName=other, NewPath="/admins/")
    assert error["Message"].startswith(
        f"User: {user.arn} is not authorized to perform: iam:UpdateUser on resource: "
        f"arn:aws:iam::{ACCOUNT}:user/admins/{other} "
    )
    refused(iam.update_user, UserName=other, NewPath="/", NewUserName=f"{other}2")
    refused(iam.update_group, GroupName=group, NewPath="/")
    iam.update_user(UserName=other, NewUserName=f"{other}2")
    iam.update_user(UserName=f"{other}2", NewPath="/staff/red/")
    iam.update_group(GroupName=group, NewGroupName=f"{group}2")
    user.may(allow("iam:UpdateUser"), deny("iam:UpdateUser", f"arn:aws:iam::{ACCOUNT}:user/staff/red/admin*"))
    refused(iam.update_user, UserName=f"{other}2", NewUserName="admin-" + other)


@pytest.mark.parametrize("place", ["", "/below"])
def test_tags_of_providers_and_devices_are_seen(aws: Server, place: str) -> None:
    """A Deny by `aws:ResourceTag` would not hold for what has tags that nobody reads."""
    user = User(aws)
    iam, root, tags = user.client("iam"), user.iam, [{"Key": "locked", "Value": "yes"}]
    url = f"https://{name('issuer')}.example.com{place}"
    oidc = root.create_open_id_connect_provider(Url=url, Tags=tags)["OpenIDConnectProviderArn"]
    device = root.create_virtual_mfa_device(VirtualMFADeviceName=name("mfa"), Path=f"{place}/", Tags=tags)
    serial = device["VirtualMFADevice"]["SerialNumber"]
    locked = {"aws:ResourceTag/locked": "yes"}
    user.may(allow("iam:*"), deny("iam:*", StringEquals=locked))
    refused(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=oidc)
    refused(iam.untag_open_id_connect_provider, OpenIDConnectProviderArn=oidc, TagKeys=["locked"])
    refused(iam.delete_virtual_mfa_device, SerialNumber=serial)
    refused(iam.untag_mfa_device, SerialNumber=serial, TagKeys=["locked"])
    user.may(allow("iam:*", "*", StringEquals=locked))
    iam.list_mfa_device_tags(SerialNumber=serial)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=oidc)


def test_tags_of_everything_else_are_seen(aws: Server) -> None:
    """As those of providers and devices."""
    user = User(aws)
    iam, root, tags = user.client("iam"), user.iam, [{"Key": "locked", "Value": "yes"}]
    profile, policy = name("profile"), name("policy")
    root.create_instance_profile(InstanceProfileName=profile, Path="/a/", Tags=tags)
    arn = root.create_policy(PolicyName=policy, Path="/a/", PolicyDocument=document(allow("*")), Tags=tags)
    user.may(allow("iam:*"), deny("iam:*", StringEquals={"aws:ResourceTag/locked": "yes"}))
    refused(iam.delete_instance_profile, InstanceProfileName=profile)
    refused(iam.delete_policy, PolicyArn=arn["Policy"]["Arn"])


def test_a_device_has_one_name(aws: Server) -> None:
    """In other letters it would be deleted by whom a policy denies it."""
    user = User(aws)
    iam = user.client("iam")
    device = user.iam.create_virtual_mfa_device(VirtualMFADeviceName=name("mfa"))
    serial = device["VirtualMFADevice"]["SerialNumber"]
    user.may(allow("iam:*"), deny("iam:*", serial))
    refused(iam.delete_virtual_mfa_device, SerialNumber=serial)
    for other in (serial.replace(":mfa/mfa", ":mfa/MFA"), serial.upper()):
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.delete_virtual_mfa_device(SerialNumber=other)


def test_nobody_goes_into_another_partition(aws: Server) -> None:
    """Signed for a region there, what is denied here by ARN would be there under another."""
    administration = {"iam:PolicyARN": "arn:aws:iam::aws:policy/Admin*"}
    user = User(aws).may(allow("*"), deny("iam:AttachUserPolicy", ArnLike=administration))
    for region in ("us-gov-west-1", "cn-north-1"):
        there = aws.client("iam", region_name=region, **user.keys)
        arn = f"arn:{there.meta.partition}:iam::aws:policy/AdministratorAccess"
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            there.attach_user_policy(UserName=user.name, PolicyArn=arn)


@pytest.mark.parametrize("prefix", ["aws", "iam"])
@pytest.mark.parametrize("side", ["identity", "trust"])
def test_roles_are_assumed_by_their_tags(aws: Server, prefix: str, side: str) -> None:
    """Source: IAM tutorial, "Define permissions to access AWS resources based on tags"; the Reference, AssumeRole.

    By the policies of who asks, and by what the role itself trusts, whoever that is.
    """
    user = User(aws)
    when: dict[str, Any] = {
        "StringEquals": {f"{prefix}:ResourceTag/Team": "${aws:PrincipalTag/team}", "aws:ResourceAccount": ACCOUNT}
    }
    open_trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    user.may(allow("sts:AssumeRole", **(when if side == "identity" else {})))
    user.iam.tag_user(UserName=user.name, Tags=[{"Key": "team", "Value": "red"}])
    trusted = document(open_trust | ({"Condition": when} if side == "trust" else {}))
    roles = {
        team: user.iam.create_role(
            RoleName=name("role"), AssumeRolePolicyDocument=trusted, Tags=[{"Key": "Team", "Value": team}]
        )["Role"]["Arn"]
        for team in ("red", "blue")
    }
    sts = user.client("sts")
    sts.assume_role(RoleArn=roles["red"], RoleSessionName="session")
    refused(sts.assume_role, RoleArn=roles["blue"], RoleSessionName="session")
