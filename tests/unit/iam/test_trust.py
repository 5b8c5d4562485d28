"""Whom a role trusts once users and roles are deleted, made again and renamed."""

import json
from typing import Any

import pytest

from pileus.services.iam.store import IamRoleDirectory
from tests.unit.iam.driver import ACCOUNT, TRUST, Iam

OTHER = "222222222222"
ADA = f"arn:aws:iam::{ACCOUNT}:user/ada"
RUNNER = f"arn:aws:iam::{OTHER}:role/ci/runner"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


def trusting(*principals: str, **more: Any) -> str:
    named = principals[0] if len(principals) == 1 else list(principals)
    statement = {"Effect": "Allow", "Principal": {"AWS": named}, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def invalid(principal: str) -> tuple[str, str]:
    return "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{principal}"'


def named_in(document: str) -> Any:
    return json.loads(document)["Statement"][0]["Principal"]["AWS"]


async def shown(iam: Iam) -> Any:
    from urllib.parse import unquote

    role = (await iam("GetRole", RoleName="r"))["Role"]
    (listed,) = [one for one in (await iam("ListRoles"))["Roles"] if one["RoleName"] == "r"]
    assert listed["AssumeRolePolicyDocument"] == role["AssumeRolePolicyDocument"]
    return named_in(unquote(role["AssumeRolePolicyDocument"]))


async def decided_on(iam: Iam) -> Any:
    role = await IamRoleDirectory(iam.store).find(ROLE)
    assert role is not None
    return named_in(role.trust_policy)


async def test_a_namesake_is_not_trusted(fresh: Iam) -> None:
    """The guide's very example: whoever makes the user again does not get what the first one had."""
    user_id = (await fresh("CreateUser", UserName="ada"))["User"]["UserId"]
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=trusting(ADA))
    assert (await shown(fresh), await decided_on(fresh)) == (ADA, user_id)
    await fresh("DeleteUser", UserName="ada")
    assert (await shown(fresh), await decided_on(fresh)) == (user_id, user_id)
    assert (await fresh("CreateUser", UserName="ada"))["User"]["UserId"] != user_id
    assert (await shown(fresh), await decided_on(fresh)) == (user_id, user_id)
    assert await fresh.refused("UpdateAssumeRolePolicy", RoleName="r", PolicyDocument=trusting(user_id)) == invalid(
        user_id
    )
    await fresh("UpdateAssumeRolePolicy", RoleName="r", PolicyDocument=trusting(ADA))
    assert await shown(fresh) == ADA
    assert await decided_on(fresh) != user_id


async def test_who_is_renamed_stays_trusted(fresh: Iam) -> None:
    """An id does not change with the name, and the policy tells the name of today."""
    user_id = (await fresh("CreateUser", UserName="ada"))["User"]["UserId"]
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=trusting(ADA, ACCOUNT))
    await fresh("UpdateUser", UserName="ada", NewUserName="countess", NewPath="/lovelace/")
    renamed = f"arn:aws:iam::{ACCOUNT}:user/lovelace/countess"
    assert (await shown(fresh), await decided_on(fresh)) == ([renamed, ACCOUNT], [user_id, ACCOUNT])


async def test_a_role_of_another_account(fresh: Iam) -> None:
    """All accounts are in one place, so all are asked; also for an id alone."""
    document: dict[str, Any] = {"RoleName": "runner", "Path": "/ci/", "AssumeRolePolicyDocument": TRUST}
    role_id = (await fresh("CreateRole", account_id=OTHER, **document))["Role"]["RoleId"]
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=trusting(role_id))
    assert (await shown(fresh), await decided_on(fresh)) == (RUNNER, role_id)
    await fresh("UpdateAssumeRolePolicy", RoleName="r", PolicyDocument=trusting(RUNNER, ROLE))
    assert (await decided_on(fresh))[0] == role_id
    await fresh("DeleteRole", account_id=OTHER, RoleName="runner")
    assert await shown(fresh) == [role_id, ROLE]


@pytest.mark.parametrize(
    "principal",
    [
        ADA,
        f"arn:aws:iam::{ACCOUNT}:user/team/ben",
        f"arn:aws:iam::{ACCOUNT}:role/none",
        f"arn:aws:iam::{ACCOUNT}:role/ben",
        ROLE,
        f"arn:aws:iam::{OTHER}:user/ada",
        "AIDAAAAAAAAAAAAAAAAAA",
        "somebody",
    ],
)
async def test_principals_must_exist(fresh: Iam, principal: str) -> None:
    """Nobody, another path, another kind, the role itself, nobody in another account, an unknown id."""
    await fresh("CreateUser", UserName="ben")
    await fresh("CreateUser", account_id=OTHER, UserName="ben")
    refusal = await fresh.refused("CreateRole", RoleName="r", AssumeRolePolicyDocument=trusting(ACCOUNT, principal))
    assert refusal == invalid(principal)
    assert (await fresh.refused("GetRole", RoleName="r"))[0] == "NoSuchEntity"


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        OTHER,
        f"arn:aws:iam::{OTHER}:root",
        "arn:aws:iam::333333333333:role/of/a/neighbour",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me",
    ],
)
async def test_who_stays_a_name(fresh: Iam, principal: str) -> None:
    """Everybody, accounts, sessions, and roles of accounts that nobody ever used here."""
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=trusting(principal))
    assert (await shown(fresh), await decided_on(fresh)) == (principal, principal)


async def test_the_rest_of_the_document_stays(fresh: Iam) -> None:
    """Other words that look like the name are not it."""
    await fresh("CreateUser", UserName="ada")
    condition = {"StringEquals": {"aws:PrincipalArn": ADA, "aws:PrincipalTag/\u00e9": "\u00fc"}}
    document = trusting(ADA, Condition=condition, Sid="ada")
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=document)
    role = await IamRoleDirectory(fresh.store).find(ROLE)
    assert role is not None
    (statement,) = json.loads(role.trust_policy)["Statement"]
    assert statement["Condition"] == condition
    assert statement["Principal"]["AWS"].startswith("AIDA")
