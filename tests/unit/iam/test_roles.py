"""What changes of a role, what keeps it, and which roles are not the account's to change."""

from datetime import timedelta
from typing import Any

import msgspec

from pileus.kernel.auth.principals import root_of
from pileus.kernel.context import Principal, SessionFacts
from pileus.services.iam.key_uses import KeyUseRecorder
from pileus.services.iam.records import RoleRecord
from tests.unit.iam.driver import ACCOUNT, BASIC_EXECUTION, POLICY, TRUST, Iam, policy_arn


async def test_updates(fresh: Iam) -> None:
    """What is not given stays; each answer has its own fields (recorded: test_update_role)."""
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST, Description="first")
    assert await fresh("UpdateRole", RoleName="r", Description="second", MaxSessionDuration=7_200) == {}
    role = (await fresh("UpdateRoleDescription", RoleName="r", Description="third"))["Role"]
    assert role["Description"] == "third"
    assert not {"MaxSessionDuration", "RoleLastUsed", "Tags"} & role.keys()
    await fresh("UpdateRole", RoleName="r")
    role = (await fresh("GetRole", RoleName="r"))["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("third", 7_200)
    await fresh("UpdateRole", RoleName="r", Description="")
    assert "Description" not in (await fresh("GetRole", RoleName="r"))["Role"]


async def test_what_keeps_a_role(fresh: Iam) -> None:
    """An instance profile, an attached policy, an inline policy (recorded: TestRoleLifecycle)."""
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    await fresh("CreateInstanceProfile", InstanceProfileName="i")
    await fresh("AddRoleToInstanceProfile", InstanceProfileName="i", RoleName="r")
    await fresh("AttachRolePolicy", RoleName="r", PolicyArn=BASIC_EXECUTION)
    await fresh("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=POLICY)

    async def refusal() -> str:
        code, message = await fresh.refused("DeleteRole", RoleName="r")
        assert code == "DeleteConflict"
        return message

    assert await refusal() == "Cannot delete entity, must remove roles from instance profile first."
    await fresh("RemoveRoleFromInstanceProfile", InstanceProfileName="i", RoleName="r")
    assert await refusal() == "Cannot delete entity, must detach all policies first."
    await fresh("DetachRolePolicy", RoleName="r", PolicyArn=BASIC_EXECUTION)
    assert await refusal() == "Cannot delete entity, must delete policies first."
    await fresh("DeleteRolePolicy", RoleName="r", PolicyName="p")
    await fresh("DeleteRole", RoleName="r")
    assert (await fresh.refused("GetRole", RoleName="r"))[0] == "NoSuchEntity"


async def test_boundaries(fresh: Iam) -> None:
    """On creation, put, deleted; the policy counts its uses (recorded: TestRolePermissionsBoundary)."""
    await fresh("CreatePolicy", PolicyName="b", PolicyDocument=POLICY)
    arn = policy_arn("b")
    attached = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    created = await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    assert created["Role"]["PermissionsBoundary"] == attached
    assert (await fresh("CreateUser", UserName="u", PermissionsBoundary=arn))["User"]["PermissionsBoundary"] == attached
    assert (await fresh("GetUser", UserName="u"))["User"]["PermissionsBoundary"] == attached
    assert "PermissionsBoundary" not in (await fresh("ListRoles"))["Roles"][0]
    assert "PermissionsBoundary" not in (await fresh("ListUsers"))["Users"][0]

    async def uses() -> int:
        count: int = (await fresh("GetPolicy", PolicyArn=arn))["Policy"]["PermissionsBoundaryUsageCount"]
        return count

    assert await uses() == 2
    assert (await fresh.refused("DeletePolicy", PolicyArn=arn))[0] == "DeleteConflict"
    await fresh("PutRolePermissionsBoundary", RoleName="r", PermissionsBoundary=BASIC_EXECUTION)
    assert await uses() == 1
    await fresh("DeleteUser", UserName="u")
    assert await uses() == 0
    await fresh("DeleteRolePermissionsBoundary", RoleName="r")
    assert "PermissionsBoundary" not in (await fresh("GetRole", RoleName="r"))["Role"]
    assert (await fresh.refused("DeleteRolePermissionsBoundary", RoleName="r"))[0] == "NoSuchEntity"
    await fresh("DeletePolicy", PolicyArn=arn)


async def test_what_is_no_boundary(fresh: Iam) -> None:
    """Other ARNs and policies that are not there (recorded: test_role_permissions_boundary_errors)."""
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    await fresh("CreateUser", UserName="u")
    other = f"arn:aws:iam::{ACCOUNT}:not_a_policy/invalid"
    for boundary, refusal in (
        (other, ("InvalidInput", f"ARN {other} is not valid.")),
        (
            policy_arn("none"),
            ("NoSuchEntity", f"Scope ARN: {policy_arn('none')} does not exist or is not attachable."),
        ),
    ):
        call = fresh.refused
        assert await call("PutRolePermissionsBoundary", RoleName="r", PermissionsBoundary=boundary) == refusal
        assert await call("PutUserPermissionsBoundary", UserName="u", PermissionsBoundary=boundary) == refusal
        assert await call("CreateUser", UserName="v", PermissionsBoundary=boundary) == refusal
        trust: dict[str, Any] = {"AssumeRolePolicyDocument": TRUST}
        assert await call("CreateRole", RoleName="s", PermissionsBoundary=boundary, **trust) == refusal


async def test_roles_of_services_are_theirs(fresh: Iam) -> None:
    """The account may describe and tag them, no more."""
    name = "AWSServiceRoleForX"
    path = "/aws-service-role/x.amazonaws.com/"
    document: dict[str, Any] = {"AssumeRolePolicyDocument": TRUST}
    assert (await fresh.refused("CreateRole", RoleName=name, Path=path, **document))[0] == "InvalidInput"
    await fresh("CreateRole", RoleName=name, **document)
    async with fresh.api._store.transaction(ACCOUNT) as account:
        role: RoleRecord = await account.role(name)
        account.put_role(msgspec.structs.replace(role, path=path))
    refusal = (
        "UnmodifiableEntity",
        f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS",
    )
    refused = fresh.refused
    assert await refused("DeleteRole", RoleName=name) == refusal
    assert await refused("UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=TRUST) == refusal
    assert await refused("PutRolePolicy", RoleName=name, PolicyName="p", PolicyDocument=POLICY) == refusal
    assert await refused("AttachRolePolicy", RoleName=name, PolicyArn=BASIC_EXECUTION) == refusal
    assert await refused("UpdateRole", RoleName=name, MaxSessionDuration=7_200) == refusal
    await fresh("UpdateRoleDescription", RoleName=name, Description="of a service")
    await fresh("TagRole", RoleName=name, Tags=[{"Key": "a", "Value": "b"}])


async def test_when_a_role_was_last_used(fresh: Iam) -> None:
    """By any of its sessions; a use that is written down after the role's end leaves nothing."""
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    role = (await fresh("GetRole", RoleName="r"))["Role"]
    assert role["RoleLastUsed"] == {}
    session = Principal(
        account_id=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me",
        user_id=f"{role['RoleId']}:me",
        access_key_id="ASIA",
        minted=True,
        session=SessionFacts(kind="assumed_role", issued_at=fresh.clock.now(), role_arn=role["Arn"]),
    )
    recorder = KeyUseRecorder(store=fresh.store, clock=fresh.clock)
    used_at = fresh.clock.now().replace(microsecond=0)
    recorder.note_use(session, "s3", "eu-west-1")
    await recorder.flush()
    last_used = {"LastUsedDate": used_at, "Region": "eu-west-1"}
    assert (await fresh("GetRole", RoleName="r"))["Role"]["RoleLastUsed"] == last_used
    (detail,) = (await fresh("GetAccountAuthorizationDetails", Filter=["Role"]))["RoleDetailList"]
    assert detail["RoleLastUsed"] == last_used
    await fresh("DeleteRole", RoleName="r")
    fresh.clock.advance(timedelta(minutes=2))
    recorder.note_use(session, "s3", "eu-west-1")
    recorder.note_use(root_of(ACCOUNT, "AKIANOBODYS"), "s3", "eu-west-1")
    await recorder.flush()
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    assert (await fresh("GetRole", RoleName="r"))["Role"]["RoleLastUsed"] == {}
