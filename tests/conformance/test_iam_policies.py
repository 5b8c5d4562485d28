"""Users, groups, roles and what is attached to them, seen from outside with boto3."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_iam import POLICY, TRUST, fresh, refused
from tests.conftest import Server

BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def message(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    text: str = caught.value.response["Error"]["Message"]
    return text


def test_the_life_of_a_policy(aws: Server) -> None:
    """Created, versioned, attached, refused to go, gone (recorded: TestPolicies, 2026-02-10)."""
    iam, name = aws.client("iam"), fresh("policy")
    policy = iam.create_policy(PolicyName=name, Path="/team/", PolicyDocument=json.dumps(POLICY))["Policy"]
    arn = policy["Arn"]
    assert arn == f"arn:aws:iam::111111111111:policy/team/{name}"
    assert (policy["DefaultVersionId"], policy["AttachmentCount"], policy["IsAttachable"]) == ("v1", 0, True)
    iam.get_waiter("policy_exists").wait(PolicyArn=arn)
    newer = {**POLICY, "Id": "newer"}
    version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(newer), SetAsDefault=True)
    assert version["PolicyVersion"]["VersionId"] == "v2"
    got = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]
    assert (got["Document"], got["IsDefaultVersion"]) == (newer, True)
    assert [one["VersionId"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v1"]
    assert refused(iam.delete_policy_version, PolicyArn=arn, VersionId="v2") == ("DeleteConflict", 409)
    assert refused(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")

    user = fresh("user")
    iam.create_user(UserName=user)
    iam.attach_user_policy(UserName=user, PolicyArn=arn)
    assert iam.list_attached_user_policies(UserName=user)["AttachedPolicies"] == [
        {"PolicyName": name, "PolicyArn": arn}
    ]
    assert [one["UserName"] for one in iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]] == [user]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert refused(iam.delete_user, UserName=user) == ("DeleteConflict", 409)
    assert refused(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)
    iam.detach_user_policy(UserName=user, PolicyArn=arn)
    iam.delete_user(UserName=user)
    iam.delete_policy(PolicyArn=arn)
    assert refused(iam.get_policy, PolicyArn=arn) == ("NoSuchEntity", 404)


def test_aws_policies_are_there(aws: Server) -> None:
    """Attached as SAM, CDK and Terraform do, found by boto3's paginator, never changed."""
    iam, name = aws.client("iam"), fresh("role")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName=name, PolicyArn=BASIC_EXECUTION)
    policy = iam.get_policy(PolicyArn=BASIC_EXECUTION)["Policy"]
    document = iam.get_policy_version(PolicyArn=BASIC_EXECUTION, VersionId=policy["DefaultVersionId"])
    actions = document["PolicyVersion"]["Document"]["Statement"][0]["Action"]
    assert actions == ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PathPrefix="/service-role/")
    names = [one["PolicyName"] for page in pages for one in page["Policies"]]
    assert "AWSLambdaBasicExecutionRole" in names
    assert "AdministratorAccess" not in names
    assert refused(iam.delete_policy, PolicyArn=BASIC_EXECUTION) == ("AccessDenied", 403)
    assert message(iam.attach_role_policy, RoleName=name, PolicyArn="arn:aws:iam::aws:policy/None") == (
        "Policy arn:aws:iam::aws:policy/None does not exist or is not attachable."
    )
    iam.detach_role_policy(RoleName=name, PolicyArn=BASIC_EXECUTION)
    iam.delete_role(RoleName=name)


def test_groups_and_renamed_members(aws: Server) -> None:
    """Membership follows a user through a change of name; so does its key (recorded: TestUserRename, 2026-03-05)."""
    iam, user, group = aws.client("iam"), fresh("user"), fresh("group")
    iam.create_user(UserName=user)
    iam.get_waiter("user_exists").wait(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=user)
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=json.dumps(POLICY))
    assert iam.get_group_policy(GroupName=group, PolicyName="p")["PolicyDocument"] == POLICY
    renamed = fresh("renamed")
    iam.update_user(UserName=user, NewUserName=renamed)
    assert [one["UserName"] for one in iam.get_group(GroupName=group)["Users"]] == [renamed]
    sts = aws.client("sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::111111111111:user/{renamed}"
    assert refused(iam.get_user, UserName=user) == ("NoSuchEntity", 404)
    assert refused(iam.delete_group, GroupName=group) == ("DeleteConflict", 409)
    iam.remove_user_from_group(GroupName=group, UserName=renamed)
    iam.delete_group_policy(GroupName=group, PolicyName="p")
    iam.delete_group(GroupName=group)
    iam.delete_access_key(UserName=renamed, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=renamed)


def test_instance_profiles(aws: Server) -> None:
    """One role each (recorded: TestInstanceProfileRoles, 2026-02-12)."""
    iam, name = aws.client("iam"), fresh("profile")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    created = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert created["Roles"] == []
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    (role,) = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert message(iam.add_role_to_instance_profile, InstanceProfileName=name, RoleName=name) == (
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    )
    assert refused(iam.delete_role, RoleName=name) == ("DeleteConflict", 409)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.delete_instance_profile(InstanceProfileName=name)
    iam.delete_role(RoleName=name)


def test_boundaries_and_tags(aws: Server) -> None:
    """As GetRole and GetUser tell them (recorded: TestRolePermissionsBoundary, TestRoleTags, 2026-02-11)."""
    iam, name = aws.client("iam"), fresh("bounded")
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    told = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
    tags = [{"Key": "team", "Value": "blue"}]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), PermissionsBoundary=boundary)
    assert role["Role"]["PermissionsBoundary"] == told
    iam.create_user(UserName=name, Tags=tags)
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"] == told
    iam.tag_role(RoleName=name, Tags=tags)
    assert iam.list_role_tags(RoleName=name)["Tags"] == iam.list_user_tags(UserName=name)["Tags"] == tags
    listed = iam.list_roles(PathPrefix="/", MaxItems=1_000)["Roles"]
    (found,) = [one for one in listed if one["RoleName"] == name]
    assert not {"Tags", "PermissionsBoundary"} & found.keys()
    assert message(iam.tag_user, UserName=name, Tags=[*tags, {"Key": "TEAM", "Value": "red"}]) == (
        "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    )
    iam.untag_user(UserName=name, TagKeys=["Team"])
    iam.delete_user_permissions_boundary(UserName=name)
    assert not {"Tags", "PermissionsBoundary"} & iam.get_user(UserName=name)["User"].keys()
    iam.delete_user(UserName=name)
    iam.delete_role(RoleName=name)


def test_what_is_kept_outlives_a_kill(own_server: Server) -> None:
    """Groups, attachments and versions that were acknowledged are there after `kill -9`."""
    own_server.start()
    iam = own_server.client("iam")
    iam.create_user(UserName="ada")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ada")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(POLICY), SetAsDefault=True)
    iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
    own_server.kill()
    own_server.start()
    iam = own_server.client("iam")
    assert [one["UserName"] for one in iam.get_group(GroupName="readers")["Users"]] == ["ada"]
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (policy["AttachmentCount"], policy["DefaultVersionId"]) == (1, "v2")
