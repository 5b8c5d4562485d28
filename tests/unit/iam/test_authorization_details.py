"""Does GetAccountAuthorizationDetails tell of everything, once?"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import pytest
import pytest_asyncio

from pileus.kernel.errors import ServiceError
from pileus.services.iam import shapes
from tests.unit.iam.running import ACCOUNT, RunningIam, context, refused, running_iam

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
OWN = f"arn:aws:iam::{ACCOUNT}:policy/own"


@pytest_asyncio.fixture
async def iam(tmp_path: Path) -> AsyncIterator[RunningIam]:
    """With one of everything, and nothing attached to ben, ops and idle."""
    async with running_iam(tmp_path) as running:
        await fill(running)
        yield running


async def fill(iam: RunningIam) -> None:
    api, here = iam.api, context()
    await api.create_policy(here, shapes.CreatePolicyRequest(policy_name="own", policy_document=POLICY))
    for name in ("ada", "ben"):
        await iam.create_user(name)
    for name in ("devs", "ops"):
        await api.create_group(here, shapes.CreateGroupRequest(group_name=name))
    for name in ("busy", "idle"):
        await api.create_role(here, shapes.CreateRoleRequest(role_name=name, assume_role_policy_document=TRUST))
    await api.add_user_to_group(here, shapes.AddUserToGroupRequest(group_name="devs", user_name="ada"))
    await api.put_user_policy(
        here, shapes.PutUserPolicyRequest(user_name="ada", policy_name="in", policy_document=POLICY)
    )
    await api.attach_user_policy(here, shapes.AttachUserPolicyRequest(user_name="ada", policy_arn=ADMIN))
    await api.tag_user(here, shapes.TagUserRequest(user_name="ada", tags=[shapes.Tag(key="k", value="v")]))
    await api.put_user_permissions_boundary(
        here, shapes.PutUserPermissionsBoundaryRequest(user_name="ada", permissions_boundary=OWN)
    )
    await api.attach_group_policy(here, shapes.AttachGroupPolicyRequest(group_name="devs", policy_arn=OWN))
    await api.put_role_policy(
        here, shapes.PutRolePolicyRequest(role_name="busy", policy_name="in", policy_document=POLICY)
    )
    await api.create_instance_profile(here, shapes.CreateInstanceProfileRequest(instance_profile_name="box"))
    await api.add_role_to_instance_profile(
        here, shapes.AddRoleToInstanceProfileRequest(instance_profile_name="box", role_name="busy")
    )


async def details(
    iam: RunningIam,
    *kinds: shapes.EntityType,
    marker: str | None = None,
    max_items: int | None = None,
) -> shapes.GetAccountAuthorizationDetailsResponse:
    request = shapes.GetAccountAuthorizationDetailsRequest(
        filter=list(kinds) or None, marker=marker, max_items=max_items
    )
    return await iam.api.get_account_authorization_details(context(), request)


def names(answer: shapes.GetAccountAuthorizationDetailsResponse) -> list[str | None]:
    return [
        *(user.user_name for user in answer.user_detail_list or []),
        *(group.group_name for group in answer.group_detail_list or []),
        *(role.role_name for role in answer.role_detail_list or []),
        *(policy.policy_name for policy in answer.policies or []),
    ]


ALL = ["ada", "ben", "devs", "ops", "busy", "idle", "own", "AdministratorAccess"]


async def test_everything(iam: RunningIam) -> None:
    """With what hangs on it; what is empty is there, but for a user's inline policies (recorded: ..._no_filter)."""
    answer = await details(iam)
    assert names(answer) == ALL
    assert answer.is_truncated is False
    assert answer.user_detail_list is not None
    ada, ben = answer.user_detail_list
    assert ada.group_list == ["devs"]
    assert [policy.policy_name for policy in ada.user_policy_list or []] == ["in"]
    assert ada.attached_managed_policies == [shapes.AttachedPolicy(policy_name="AdministratorAccess", policy_arn=ADMIN)]
    assert ada.tags == [shapes.Tag(key="k", value="v")]
    assert ada.permissions_boundary is not None
    assert ada.permissions_boundary.permissions_boundary_arn == OWN
    assert (ben.user_policy_list, ben.group_list, ben.attached_managed_policies, ben.tags) == (None, [], [], [])
    assert answer.group_detail_list is not None
    devs, ops = answer.group_detail_list
    assert [policy.policy_arn for policy in devs.attached_managed_policies or []] == [OWN]
    assert (ops.group_policy_list, ops.attached_managed_policies) == ([], [])
    assert answer.role_detail_list is not None
    busy, idle = answer.role_detail_list
    assert [unquote(policy.policy_document or "") for policy in busy.role_policy_list or []] == [POLICY]
    assert busy.instance_profile_list is not None
    assert [role.role_name for role in busy.instance_profile_list[0].roles] == ["busy"]
    assert (idle.role_policy_list, idle.instance_profile_list, idle.tags) == ([], [], [])
    assert idle.role_last_used == shapes.RoleLastUsed()
    assert answer.policies is not None
    own, admin = answer.policies
    assert (own.attachment_count, own.permissions_boundary_usage_count, own.default_version_id) == (1, 1, "v1")
    assert [unquote(version.document or "") for version in own.policy_version_list or []] == [POLICY]
    assert (admin.arn, admin.attachment_count) == (ADMIN, 1)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("User", ALL[:2]),
        ("Group", ALL[2:4]),
        ("Role", ALL[4:6]),
        ("LocalManagedPolicy", ALL[6:7]),
        ("AWSManagedPolicy", ALL[7:]),
    ],
)
async def test_filters(iam: RunningIam, kind: shapes.EntityType, found: list[str]) -> None:
    """One kind, and empty lists of the others."""
    answer = await details(iam, kind)
    assert names(answer) == found
    assert None not in (answer.user_detail_list, answer.group_detail_list, answer.role_detail_list, answer.policies)


@pytest.mark.parametrize("kinds", [(), ("User", "Role", "AWSManagedPolicy"), ("Group", "LocalManagedPolicy")])
@pytest.mark.parametrize("max_items", [1, 2, 3, 5, 8, 9])
async def test_pages(iam: RunningIam, kinds: tuple[shapes.EntityType, ...], max_items: int) -> None:
    """Wherever a page ends, everything is told once."""
    found: list[str | None] = []
    marker: str | None = None
    while True:
        answer = await details(iam, *kinds, marker=marker, max_items=max_items)
        assert len(names(answer)) <= max_items
        found += names(answer)
        marker = answer.marker
        assert answer.is_truncated == (marker is not None)
        if marker is None:
            break
    assert found == names(await details(iam, *kinds))


async def test_a_marker_that_is_not_ours(iam: RunningIam) -> None:
    """Even when it is base64."""
    for marker in ("x", "bm9wZQ=="):
        with pytest.raises(ServiceError) as caught:
            await details(iam, marker=marker)
        assert refused(caught) == ("ValidationError", "Invalid Marker.")
    assert set(get_args(shapes.EntityType)) == {"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}
