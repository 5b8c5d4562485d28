"""Which role does an instance profile hold?"""

from tests.unit.iam.driver import ACCOUNT, TRUST, Iam


async def test_the_life_of_an_instance_profile(fresh: Iam) -> None:
    """Fields and refusals as recorded from AWS (TestInstanceProfileLifecycle, TestInstanceProfileRoles)."""
    created = (await fresh("CreateInstanceProfile", InstanceProfileName="I", Path="/x/"))["InstanceProfile"]
    assert set(created) == {"Path", "InstanceProfileName", "InstanceProfileId", "Arn", "CreateDate", "Roles"}
    assert created["Arn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/x/I"
    assert created["InstanceProfileId"].startswith("AIPA")
    assert created["Roles"] == []
    got = (await fresh("GetInstanceProfile", InstanceProfileName="i"))["InstanceProfile"]
    assert got == {**created, "Tags": []}
    assert await fresh.refused("CreateInstanceProfile", InstanceProfileName="i") == (
        "EntityAlreadyExists",
        "Instance Profile i already exists.",
    )
    for name in ("r", "s"):
        await fresh("CreateRole", RoleName=name, AssumeRolePolicyDocument=TRUST, Description="hidden")
    await fresh("AddRoleToInstanceProfile", InstanceProfileName="I", RoleName="r")
    assert await fresh.refused("AddRoleToInstanceProfile", InstanceProfileName="I", RoleName="s") == (
        "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    )
    (role,) = (await fresh("GetInstanceProfile", InstanceProfileName="I"))["InstanceProfile"]["Roles"]
    assert set(role) == {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"}
    assert await fresh.refused("DeleteInstanceProfile", InstanceProfileName="I") == (
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.",
    )
    assert await fresh.refused("RemoveRoleFromInstanceProfile", InstanceProfileName="I", RoleName="s") == (
        "NoSuchEntity",
        "Role s in Instance Profile I cannot be found.",
    )
    await fresh("RemoveRoleFromInstanceProfile", InstanceProfileName="I", RoleName="r")
    await fresh("DeleteInstanceProfile", InstanceProfileName="I")
    missing = ("NoSuchEntity", "Instance Profile I cannot be found.")
    assert await fresh.refused("GetInstanceProfile", InstanceProfileName="I") == missing
    assert await fresh.refused("DeleteInstanceProfile", InstanceProfileName="I") == missing
    assert await fresh.refused("AddRoleToInstanceProfile", InstanceProfileName="I", RoleName="none") == missing


async def test_lists(fresh: Iam) -> None:
    """By path, and by role: one role may be in many; tags are not told."""
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    for name in ("b", "a", "c"):
        await fresh("CreateInstanceProfile", InstanceProfileName=name, Path=f"/{name}/", Tags=[])
    for name in ("b", "a"):
        await fresh("AddRoleToInstanceProfile", InstanceProfileName=name, RoleName="r")
    found = await fresh.pages("ListInstanceProfiles", "InstanceProfiles", size=2)
    assert [(one["InstanceProfileName"], len(one["Roles"])) for one in found] == [("a", 1), ("b", 1), ("c", 0)]
    found = (await fresh("ListInstanceProfiles", PathPrefix="/c"))["InstanceProfiles"]
    assert [one["InstanceProfileName"] for one in found] == ["c"]
    found = await fresh.pages("ListInstanceProfilesForRole", "InstanceProfiles", size=1, RoleName="r")
    assert [one["InstanceProfileName"] for one in found] == ["a", "b"]
    assert all("Tags" not in one for one in found)
