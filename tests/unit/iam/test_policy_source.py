"""Does the policy engine get the policies of whoever asks, as they are now?"""

from collections.abc import Sequence
from datetime import timedelta

from pileus.kernel.auth.policy import NamedPolicy, PolicySet, Query, compile_policy, decide
from pileus.kernel.context import Principal, SessionFacts
from pileus.services.iam.policies import IamPolicySource
from tests.unit.iam.driver import ACCOUNT, BASIC_EXECUTION, POLICY, TRUST, Iam, policy_arn


async def user(iam: Iam, name: str) -> Principal:
    one = (await iam("GetUser", UserName=name))["User"]
    return Principal(account_id=ACCOUNT, arn=one["Arn"], user_id=one["UserId"], minted=True)


async def session_of(iam: Iam, role_name: str) -> Principal:
    role = (await iam("GetRole", RoleName=role_name))["Role"]
    return Principal(
        account_id=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/s",
        user_id=f"{role['RoleId']}:s",
        minted=True,
        session=SessionFacts(kind="assumed_role", issued_at=iam.clock.now(), role_arn=role["Arn"]),
    )


async def names(iam: Iam, principal: Principal) -> list[str]:
    policies, _ = await found(iam.policies, principal)
    return [policy.name_or_arn for policy in policies]


async def found(source: IamPolicySource, principal: Principal) -> tuple[Sequence[NamedPolicy], NamedPolicy | None]:
    """The policies of somebody who is there."""
    held = await source.policies_of(principal)
    assert held is not None
    return held


async def test_a_user_has_its_own_and_its_groups_policies(fresh: Iam) -> None:
    """Inline and managed of both; a change holds at once."""
    await fresh("CreateUser", UserName="ada")
    await fresh("CreateGroup", GroupName="g")
    await fresh("CreatePolicy", PolicyName="managed", PolicyDocument=POLICY)
    await fresh("PutUserPolicy", UserName="ada", PolicyName="inline", PolicyDocument=POLICY)
    await fresh("AttachUserPolicy", UserName="ada", PolicyArn=policy_arn("managed"))
    await fresh("PutGroupPolicy", GroupName="g", PolicyName="of-group", PolicyDocument=POLICY)
    await fresh("AttachGroupPolicy", GroupName="g", PolicyArn=BASIC_EXECUTION)
    ada = await user(fresh, "ada")
    assert await names(fresh, ada) == ["inline", policy_arn("managed")]
    await fresh("AddUserToGroup", GroupName="g", UserName="ada")
    assert await names(fresh, ada) == ["inline", policy_arn("managed"), "of-group", BASIC_EXECUTION]
    await fresh("UpdateUser", UserName="ada", NewUserName="eve")
    assert len(await names(fresh, ada)) == 4
    await fresh("DeleteUserPolicy", UserName="eve", PolicyName="inline")
    await fresh("RemoveUserFromGroup", GroupName="g", UserName="eve")
    assert await names(fresh, ada) == [policy_arn("managed")]


async def test_the_default_version_counts(fresh: Iam) -> None:
    """And the same document is the same compiled policy."""
    await fresh("CreateUser", UserName="ada")
    await fresh("CreatePolicy", PolicyName="p", PolicyDocument=POLICY)
    await fresh("AttachUserPolicy", UserName="ada", PolicyArn=policy_arn("p"))
    ada = await user(fresh, "ada")
    other = POLICY.replace("s3:*", "sqs:*")
    (before,), _ = await found(fresh.policies, ada)
    await fresh("CreatePolicyVersion", PolicyArn=policy_arn("p"), PolicyDocument=other)
    (still,), _ = await found(fresh.policies, ada)
    assert before.policy is still.policy is compile_policy(POLICY)
    await fresh("SetDefaultPolicyVersion", PolicyArn=policy_arn("p"), VersionId="v2")
    (after,), _ = await found(fresh.policies, ada)
    assert after.policy is compile_policy(other)


async def test_a_session_has_its_roles_policies_as_long_as_that_role_lives(fresh: Iam) -> None:
    """A role of the same name that comes later gives the old session nothing."""
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "team", "Value": "blue"}])
    await fresh("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=POLICY)
    session = await session_of(fresh, "r")
    assert await names(fresh, session) == ["p"]
    assert await fresh.policies.tags_of(session) == {"team": "blue"}
    await fresh("DeleteRolePolicy", RoleName="r", PolicyName="p")
    await fresh("DeleteRole", RoleName="r")
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    await fresh("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=POLICY)
    assert await fresh.policies.policies_of(session) is None
    assert not await fresh.policies.exists(session)
    assert await fresh.policies.tags_of(session) == {}
    assert await names(fresh, await session_of(fresh, "r")) == ["p"]


async def test_what_is_remembered_is_never_old(fresh: Iam) -> None:
    """Nothing changed: nothing is read again. A change by another process, or a reset, is seen by the next request."""
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    await fresh("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=POLICY)
    session = await session_of(fresh, "r")
    policies, _ = await found(fresh.policies, session)
    again, _ = await found(fresh.policies, session)
    assert again is policies
    elsewhere = IamPolicySource(fresh.store)
    assert [policy.name_or_arn for policy in (await found(elsewhere, session))[0]] == ["p"]
    await fresh("PutRolePolicy", RoleName="r", PolicyName="q", PolicyDocument=POLICY)
    for source in (elsewhere, fresh.policies):
        assert [policy.name_or_arn for policy in (await found(source, session))[0]] == ["p", "q"]
    await fresh.store.clear_all()
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    for policy_name in ("p", "q"):
        await fresh("PutRolePolicy", RoleName="r", PolicyName=policy_name, PolicyDocument=POLICY)
        assert await fresh.policies.policies_of(session) is None, "the same count of changes, but not the same role"


async def test_boundaries(fresh: Iam) -> None:
    """A boundary is told beside the policies, and the engine holds to it."""
    await fresh("CreatePolicy", PolicyName="b", PolicyDocument=POLICY.replace("s3:*", "s3:GetObject"))
    await fresh("CreateUser", UserName="ada", PermissionsBoundary=policy_arn("b"))
    await fresh("PutUserPolicy", UserName="ada", PolicyName="p", PolicyDocument=POLICY)
    ada = await user(fresh, "ada")
    policies, boundary = await found(fresh.policies, ada)
    assert boundary is not None
    for action, allowed in (("s3:GetObject", True), ("s3:PutObject", False)):
        query = Query(principal=ada, action=action, resource="*", conditions={}, resource_account_id=ACCOUNT)
        assert decide(query, PolicySet(identity=policies, boundary=boundary)).allowed is allowed


async def test_a_federated_user_has_the_policies_of_who_asked(fresh: Iam) -> None:
    """Its own id says nothing. A user of the same name that comes later is somebody else and revives no token."""
    await fresh("CreateUser", UserName="ada", Path="/team/")
    await fresh("PutUserPolicy", UserName="ada", PolicyName="p", PolicyDocument=POLICY)
    ada = await user(fresh, "ada")
    federated = federated_by(fresh, ada, issuer_id=ada.user_id)
    before = federated_by(fresh, ada, issuer_id="")
    assert await names(fresh, federated) == await names(fresh, before) == ["p"]
    await fresh("UpdateUser", UserName="ada", NewPath="/")
    assert await names(fresh, federated) == ["p"], "the same user"
    await fresh("DeleteUserPolicy", UserName="ada", PolicyName="p")
    await fresh("DeleteUser", UserName="ada")
    fresh.clock.advance(timedelta(minutes=1))
    await fresh("CreateUser", UserName="ada", Path="/team/")
    await fresh("PutUserPolicy", UserName="ada", PolicyName="p", PolicyDocument=POLICY)
    assert await fresh.policies.policies_of(federated) is None
    assert await fresh.policies.policies_of(before) is None, (
        "a token from before ids were kept: whoever is younger is not meant"
    )


def federated_by(iam: Iam, user: Principal, *, issuer_id: str) -> Principal:
    return Principal(
        account_id=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
        user_id=f"{ACCOUNT}:bob",
        minted=True,
        session=SessionFacts(kind="federated_user", issued_at=iam.clock.now(), user_arn=user.arn, issuer_id=issuer_id),
    )


async def test_root_and_strangers_have_none(fresh: Iam) -> None:
    """The root needs none, nor whom it let in; what is not there is told from what has none; session policies that are
    gone allow nothing."""
    await fresh("CreateUser", UserName="ada")
    root = Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT)
    for issuer_id in (ACCOUNT, ""):
        for asker in (root, federated_by(fresh, root, issuer_id=issuer_id)):
            assert await fresh.policies.policies_of(asker) == ((), None)
            assert await fresh.policies.exists(asker)
    assert await fresh.policies.policies_of(await user(fresh, "ada")) == ((), None)
    stranger = Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/x", user_id="AIDAX")
    assert await fresh.policies.policies_of(stranger) is None
    given = await fresh.policies.session_policies(ACCOUNT, [BASIC_EXECUTION, policy_arn("none")])
    assert [policy.name_or_arn for policy in given] == [BASIC_EXECUTION]


async def test_context_keys(fresh: Iam) -> None:
    """Of all policies of a user and its groups, and of those given (API_GetContextKeysForPrincipalPolicy)."""

    def conditional(key: str) -> str:
        condition = f'"Condition":{{"StringEquals":{{"{key}":"x"}}}},"Effect"'
        return POLICY.replace('"Effect"', condition)

    await fresh("CreateUser", UserName="ada")
    await fresh("CreateGroup", GroupName="g")
    await fresh("AddUserToGroup", GroupName="g", UserName="ada")
    await fresh("PutUserPolicy", UserName="ada", PolicyName="p", PolicyDocument=conditional("aws:PrincipalOrgID"))
    await fresh("PutGroupPolicy", GroupName="g", PolicyName="p", PolicyDocument=conditional("aws:SourceVpc"))
    arn = f"arn:aws:iam::{ACCOUNT}:user/ada"
    more = [conditional("s3:prefix")]
    answer = await fresh("GetContextKeysForPrincipalPolicy", PolicySourceArn=arn, PolicyInputList=more)
    assert answer == {"ContextKeyNames": ["aws:PrincipalOrgID", "aws:SourceVpc", "s3:prefix"]}
    code, _ = await fresh.refused("GetContextKeysForPrincipalPolicy", PolicySourceArn=arn.replace("ada", "bob"))
    assert code == "NoSuchEntity"


async def test_which_policies_grant_a_service(fresh: Iam) -> None:
    """Inline by their owner, managed by their ARN, per service asked for (API_ListPoliciesGrantingServiceAccess)."""
    await fresh("CreateUser", UserName="ada")
    await fresh("CreateGroup", GroupName="g")
    await fresh("AddUserToGroup", GroupName="g", UserName="ada")
    await fresh("PutUserPolicy", UserName="ada", PolicyName="s3", PolicyDocument=POLICY)
    await fresh("PutUserPolicy", UserName="ada", PolicyName="no", PolicyDocument=POLICY.replace("Allow", "Deny"))
    await fresh("PutGroupPolicy", GroupName="g", PolicyName="all", PolicyDocument=POLICY.replace("s3:*", "*"))
    await fresh("AttachGroupPolicy", GroupName="g", PolicyArn=BASIC_EXECUTION)
    answer = await fresh(
        "ListPoliciesGrantingServiceAccess",
        Arn=f"arn:aws:iam::{ACCOUNT}:user/ada",
        ServiceNamespaces=["s3", "logs", "sqs"],
    )
    s3 = {"PolicyName": "s3", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "ada"}
    everything = {"PolicyName": "all", "PolicyType": "INLINE", "EntityType": "GROUP", "EntityName": "g"}
    logs = {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyType": "MANAGED", "PolicyArn": BASIC_EXECUTION}
    assert answer["PoliciesGrantingServiceAccess"] == [
        {"ServiceNamespace": "s3", "Policies": [s3, everything]},
        {"ServiceNamespace": "logs", "Policies": [everything, logs]},
        {"ServiceNamespace": "sqs", "Policies": [everything]},
    ]
