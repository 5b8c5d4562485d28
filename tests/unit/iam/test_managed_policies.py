"""Do managed policies, their versions and attachments behave as recorded from AWS?"""

from typing import Any
from urllib.parse import unquote

from tests.unit.iam.driver import ACCOUNT, BASIC_EXECUTION, POLICY, TRUST, Iam, policy_arn

OTHER = POLICY.replace("s3:*", "sqs:*")


async def test_the_fields_of_a_policy(fresh: Iam) -> None:
    """CreatePolicy and ListPolicies tell less than GetPolicy (recorded: test_policy_lifecycle)."""
    created = (
        await fresh("CreatePolicy", PolicyName="Read", Path="/team/", PolicyDocument=POLICY, Description="reads")
    )["Policy"]
    common = {
        "PolicyName": "Read",
        "Path": "/team/",
        "Arn": policy_arn("Read", "/team/"),
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "PolicyId": created["PolicyId"],
        "CreateDate": created["CreateDate"],
        "UpdateDate": created["CreateDate"],
    }
    assert created == common
    assert created["PolicyId"].startswith("ANPA")
    got = (await fresh("GetPolicy", PolicyArn=created["Arn"]))["Policy"]
    assert got == {**common, "Description": "reads", "Tags": []}
    assert (await fresh("ListPolicies", Scope="Local"))["Policies"] == [common]
    assert await fresh.refused("CreatePolicy", PolicyName="READ", PolicyDocument=POLICY) == (
        "EntityAlreadyExists",
        "A policy called READ already exists. Duplicate names are not allowed.",
    )
    # Another path is another ARN, which names nothing.
    assert await fresh.refused("GetPolicy", PolicyArn=policy_arn("Read")) == (
        "NoSuchEntity",
        f"Policy {policy_arn('Read')} was not found.",
    )


async def test_versions(fresh: Iam) -> None:
    """Five at most, newest first, numbers never again; the default stays (recorded: test_policy_version_limit)."""
    arn = (await fresh("CreatePolicy", PolicyName="p", PolicyDocument=POLICY))["Policy"]["Arn"]
    second = await fresh("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=OTHER, SetAsDefault=True)
    assert second["PolicyVersion"]["VersionId"] == "v2"
    assert second["PolicyVersion"]["IsDefaultVersion"] is True
    assert "Document" not in second["PolicyVersion"]
    got = (await fresh("GetPolicyVersion", PolicyArn=arn, VersionId="v2"))["PolicyVersion"]
    assert unquote(got["Document"]) == OTHER
    for _ in range(3):
        await fresh("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=POLICY)
    assert await fresh.refused("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=POLICY) == (
        "LimitExceeded",
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing"
        " version.",
    )
    assert await fresh.refused("DeletePolicyVersion", PolicyArn=arn, VersionId="v2") == (
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    await fresh("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v1")
    await fresh("DeletePolicyVersion", PolicyArn=arn, VersionId="v5")
    newest = await fresh("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=POLICY)
    assert newest["PolicyVersion"]["VersionId"] == "v6"
    versions = (await fresh("ListPolicyVersions", PolicyArn=arn))["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in versions] == [
        ("v6", False),
        ("v4", False),
        ("v3", False),
        ("v2", False),
        ("v1", True),
    ]
    assert await fresh.pages("ListPolicyVersions", "Versions", size=2, PolicyArn=arn) == versions
    assert await fresh.refused("DeletePolicy", PolicyArn=arn) == (
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions."
        " The default version is deleted with the policy.",
    )


async def test_versions_that_are_not_there(fresh: Iam) -> None:
    """The policy or its version: AWS says the same (recorded: test_policy_version_errors)."""
    arn = (await fresh("CreatePolicy", PolicyName="p", PolicyDocument=POLICY))["Policy"]["Arn"]
    for operation in ("GetPolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"):
        for wanted, version in ((arn, "v9"), (policy_arn("none"), "v1"), (arn, "v1.x"), (arn, "v" + "9" * 50)):
            assert await fresh.refused(operation, PolicyArn=wanted, VersionId=version) == (
                "NoSuchEntity",
                f"Policy {wanted} version {version} does not exist or is not attachable.",
            )


async def test_attachments(fresh: Iam) -> None:
    """Attached twice is once, and the count follows (recorded: TestRoleManagedPolicies)."""
    arn = (await fresh("CreatePolicy", PolicyName="p", PolicyDocument=POLICY))["Policy"]["Arn"]
    await fresh("CreateUser", UserName="u")
    await fresh("CreateGroup", GroupName="g")
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("User", {"UserName": "u"}),
        ("Group", {"GroupName": "g"}),
        ("Role", {"RoleName": "r"}),
    ]
    for kind, holder in kinds:
        for wanted in (arn, arn, BASIC_EXECUTION):
            await fresh(f"Attach{kind}Policy", PolicyArn=wanted, **holder)
        attached = (await fresh(f"ListAttached{kind}Policies", **holder))["AttachedPolicies"]
        assert attached == [
            {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC_EXECUTION},
            {"PolicyName": "p", "PolicyArn": arn},
        ]
        assert await fresh.pages(f"ListAttached{kind}Policies", "AttachedPolicies", size=1, **holder) == attached
        filtered = await fresh(f"ListAttached{kind}Policies", PathPrefix="/service-role/", **holder)
        assert filtered["AttachedPolicies"] == attached[:1]
    assert (await fresh("GetPolicy", PolicyArn=arn))["Policy"]["AttachmentCount"] == 3
    assert (await fresh("GetPolicy", PolicyArn=BASIC_EXECUTION))["Policy"]["AttachmentCount"] == 3
    assert await fresh.refused("DeletePolicy", PolicyArn=arn) == (
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    )
    for kind, holder in kinds:
        await fresh(f"Detach{kind}Policy", PolicyArn=arn, **holder)
        assert await fresh.refused(f"Detach{kind}Policy", PolicyArn=arn, **holder) == (
            "NoSuchEntity",
            f"Policy {arn} was not found.",
        )
    await fresh("DeletePolicy", PolicyArn=arn)
    missing = ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    assert await fresh.refused("AttachRolePolicy", RoleName="r", PolicyArn=arn) == missing
    assert await fresh.refused("AttachRolePolicy", RoleName="r", PolicyArn="longpolicynamebutnoarn") == (
        "ValidationError",
        "ARN longpolicynamebutnoarn is not valid.",
    )


async def test_ten_attachments_and_no_more(fresh: Iam) -> None:
    """Of each user, group and role; one that is there already may come again."""
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    for number in range(11):
        await fresh("CreatePolicy", PolicyName=f"p{number}", PolicyDocument=POLICY)
    for number in range(10):
        await fresh("AttachRolePolicy", RoleName="r", PolicyArn=policy_arn(f"p{number}"))
    await fresh("AttachRolePolicy", RoleName="r", PolicyArn=policy_arn("p0"))
    assert await fresh.refused("AttachRolePolicy", RoleName="r", PolicyArn=policy_arn("p10")) == (
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerRole: 10",
    )


async def test_list_entities_for_policy(fresh: Iam) -> None:
    """Every filter, alone; and pages that run over the three kinds."""
    arn = (await fresh("CreatePolicy", PolicyName="p", PolicyDocument=POLICY))["Policy"]["Arn"]
    await fresh("CreateGroup", GroupName="g")
    await fresh("CreateUser", UserName="u", Path="/x/")
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    await fresh("CreateRole", RoleName="b", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    await fresh("AttachGroupPolicy", GroupName="g", PolicyArn=arn)
    await fresh("AttachUserPolicy", UserName="u", PolicyArn=arn)
    await fresh("AttachRolePolicy", RoleName="r", PolicyArn=arn)

    async def names(**filters: Any) -> list[str]:
        answer = await fresh("ListEntitiesForPolicy", PolicyArn=arn, **filters)
        assert answer["IsTruncated"] is False
        groups = [one["GroupName"] for one in answer["PolicyGroups"]]
        users = [one["UserName"] for one in answer["PolicyUsers"]]
        return groups + users + [one["RoleName"] for one in answer["PolicyRoles"]]

    assert await names() == ["g", "u", "b", "r"]
    assert await names(EntityFilter="Role") == ["b", "r"]
    assert await names(EntityFilter="User") == ["u"]
    assert await names(EntityFilter="Group") == ["g"]
    assert await names(PathPrefix="/x/") == ["u"]
    assert await names(PolicyUsageFilter="PermissionsBoundary") == ["b"]
    assert await names(PolicyUsageFilter="PermissionsPolicy") == ["g", "u", "r"]
    found = []
    for member in ("PolicyGroups", "PolicyRoles", "PolicyUsers"):
        found += await fresh.pages("ListEntitiesForPolicy", member, size=1, PolicyArn=arn)
    assert len(found) == 4
    assert (await fresh.refused("ListEntitiesForPolicy", PolicyArn=policy_arn("none")))[0] == "NoSuchEntity"


async def test_list_policies(fresh: Iam) -> None:
    """Scopes, uses and paths; AWS's in AWS's order (recorded: test_list_policies_scope_aws)."""
    for name, path in (("a", "/x/"), ("b", "/"), ("c", "/x/")):
        await fresh("CreatePolicy", PolicyName=name, Path=path, PolicyDocument=POLICY)
    await fresh("CreateUser", UserName="u", PermissionsBoundary=policy_arn("b"))
    await fresh("AttachUserPolicy", UserName="u", PolicyArn=policy_arn("c", "/x/"))
    await fresh("AttachUserPolicy", UserName="u", PolicyArn=BASIC_EXECUTION)

    async def names(size: int = 1_000, **filters: Any) -> list[str]:
        return [one["PolicyName"] for one in await fresh.pages("ListPolicies", "Policies", size=size, **filters)]

    assert await names(Scope="Local") == ["a", "b", "c"]
    assert await names(Scope="Local", size=2, PathPrefix="/x/") == ["a", "c"]
    assert await names(OnlyAttached=True) == ["c", "AWSLambdaBasicExecutionRole"]
    assert await names(OnlyAttached=True, size=1) == ["c", "AWSLambdaBasicExecutionRole"]
    assert await names(OnlyAttached=True, Scope="AWS") == ["AWSLambdaBasicExecutionRole"]
    assert await names(PolicyUsageFilter="PermissionsBoundary") == ["b"]
    aws = await names(Scope="AWS")
    assert aws[:3] == ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess"]
    assert len(aws) > 1_000
    assert len(set(aws)) == len(aws)
    assert await names(size=300) == ["a", "b", "c", *aws]
    counted = {one["PolicyName"]: one for one in await fresh.pages("ListPolicies", "Policies", size=1_000)}
    assert counted["c"]["AttachmentCount"] == 1
    assert counted["b"]["PermissionsBoundaryUsageCount"] == 1
    assert counted["AWSLambdaBasicExecutionRole"]["AttachmentCount"] == 1
    assert (await fresh.refused("ListPolicies", Marker="é"))[0] == "ValidationError"


async def test_what_is_aws_stays_as_it_is(fresh: Iam) -> None:
    """Nobody changes AWS's policies."""
    changes: list[tuple[str, dict[str, Any]]] = [
        ("CreatePolicyVersion", {"PolicyDocument": POLICY}),
        ("DeletePolicy", {}),
        ("DeletePolicyVersion", {"VersionId": "v1"}),
        ("SetDefaultPolicyVersion", {"VersionId": "v1"}),
        ("TagPolicy", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("UntagPolicy", {"TagKeys": ["a"]}),
    ]
    for operation, more in changes:
        code, message = await fresh.refused(operation, PolicyArn=BASIC_EXECUTION, **more)
        assert code == "AccessDenied"
        assert message.endswith(f"not authorized to perform: iam:{operation} on resource: policy {BASIC_EXECUTION}")


async def test_documents_are_checked(fresh: Iam) -> None:
    """No policy, or one that is too long: neither becomes a policy nor a version of one."""
    arn = (await fresh("CreatePolicy", PolicyName="p", PolicyDocument=POLICY))["Policy"]["Arn"]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("CreatePolicy", {"PolicyName": "q"}),
        ("CreatePolicyVersion", {"PolicyArn": arn}),
    ]
    for operation, more in calls:
        assert (await fresh.refused(operation, PolicyDocument="{}", **more))[0] == "MalformedPolicyDocument"
        long = POLICY.replace("s3:*", "s3:" + "x" * 6_144)
        assert await fresh.refused(operation, PolicyDocument=long, **more) == (
            "LimitExceeded",
            "Cannot exceed quota for PolicySize: 6144",
        )
        longest = POLICY.replace("s3:*", "s3:" + "x" * (6_144 - len(POLICY) + 1))
        await fresh(operation, PolicyDocument=longest.replace(":[", ": ["), **more)


async def test_policies_belong_to_their_account(fresh: Iam) -> None:
    """Another account neither sees nor attaches them."""
    arn = (await fresh("CreatePolicy", PolicyName="p", PolicyDocument=POLICY))["Policy"]["Arn"]
    assert arn.split(":")[4] == ACCOUNT
    await fresh("CreateUser", account_id="222222222222", UserName="u")
    calls: list[tuple[str, dict[str, Any]]] = [("GetPolicy", {}), ("AttachUserPolicy", {"UserName": "u"})]
    for operation, more in calls:
        assert (await fresh.refused(operation, account_id="222222222222", PolicyArn=arn, **more))[0] == "NoSuchEntity"
