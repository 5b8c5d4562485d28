"""Do users belong to groups, whatever these are called?"""

from tests.unit.iam.driver import ACCOUNT, BASIC_EXECUTION, POLICY, Iam


async def test_the_life_of_a_group(fresh: Iam) -> None:
    """Fields as recorded from AWS (TestIAMGroupsCRUD)."""
    created = (await fresh("CreateGroup", GroupName="Readers", Path="/team/"))["Group"]
    assert set(created) == {"Arn", "CreateDate", "GroupId", "GroupName", "Path"}
    assert created["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/team/Readers"
    assert created["GroupId"].startswith("AGPA")
    assert len(created["GroupId"]) == 21
    assert await fresh("GetGroup", GroupName="readers") == {"Group": created, "Users": [], "IsTruncated": False}
    assert await fresh.refused("CreateGroup", GroupName="READERS") == (
        "EntityAlreadyExists",
        "Group with name READERS already exists.",
    )
    await fresh("DeleteGroup", GroupName="Readers")
    gone = ("NoSuchEntity", "The group with name Readers cannot be found.")
    for operation in ("GetGroup", "DeleteGroup", "UpdateGroup", "ListGroupPolicies", "ListAttachedGroupPolicies"):
        assert await fresh.refused(operation, GroupName="Readers") == gone


async def test_membership(fresh: Iam) -> None:
    """Joining and leaving twice is no error (recorded: test_user_group_membership)."""
    for name in ("ada", "bob"):
        await fresh("CreateUser", UserName=name)
    for name in ("b", "a"):
        await fresh("CreateGroup", GroupName=name)
        for _ in range(2):
            await fresh("AddUserToGroup", GroupName=name, UserName="ada")
    await fresh("AddUserToGroup", GroupName="a", UserName="bob")
    groups = (await fresh("ListGroupsForUser", UserName="ada"))["Groups"]
    assert [group["GroupName"] for group in groups] == ["a", "b"]
    users = (await fresh("GetGroup", GroupName="a"))["Users"]
    assert [user["UserName"] for user in users] == ["ada", "bob"]
    assert await fresh.pages("GetGroup", "Users", size=1, GroupName="a") == users
    assert await fresh.pages("ListGroupsForUser", "Groups", size=1, UserName="ada") == groups
    for _ in range(2):
        await fresh("RemoveUserFromGroup", GroupName="b", UserName="ada")
    assert [one["GroupName"] for one in (await fresh("ListGroupsForUser", UserName="ada"))["Groups"]] == ["a"]
    assert (await fresh("GetGroup", GroupName="b"))["Users"] == []


async def test_who_is_missing_is_told(fresh: Iam) -> None:
    """The user first (recorded: test_remove_user_from_unknown_group)."""
    await fresh("CreateUser", UserName="ada")
    for operation in ("AddUserToGroup", "RemoveUserFromGroup"):
        assert await fresh.refused(operation, GroupName="none", UserName="nobody") == (
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        )
        assert await fresh.refused(operation, GroupName="none", UserName="ada") == (
            "NoSuchEntity",
            "The group with name none cannot be found.",
        )


async def test_what_keeps_a_group_and_its_members(fresh: Iam) -> None:
    """Neither is deleted while one needs the other."""
    await fresh("CreateUser", UserName="ada")
    await fresh("CreateGroup", GroupName="readers")
    await fresh("AddUserToGroup", GroupName="readers", UserName="ada")
    members = ("DeleteConflict", "Cannot delete entity, must remove users from group first.")
    assert await fresh.refused("DeleteGroup", GroupName="readers") == members
    assert await fresh.refused("DeleteUser", UserName="ada") == members
    await fresh("RemoveUserFromGroup", GroupName="readers", UserName="ada")
    await fresh("PutGroupPolicy", GroupName="readers", PolicyName="p", PolicyDocument=POLICY)
    await fresh("AttachGroupPolicy", GroupName="readers", PolicyArn=BASIC_EXECUTION)
    attached = ("DeleteConflict", "Cannot delete entity, must detach all policies first.")
    assert await fresh.refused("DeleteGroup", GroupName="readers") == attached
    await fresh("DetachGroupPolicy", GroupName="readers", PolicyArn=BASIC_EXECUTION)
    inline = ("DeleteConflict", "Cannot delete entity, must delete policies first.")
    assert await fresh.refused("DeleteGroup", GroupName="readers") == inline
    await fresh("DeleteGroupPolicy", GroupName="readers", PolicyName="p")
    await fresh("DeleteGroup", GroupName="readers")
    await fresh("DeleteUser", UserName="ada")


async def test_ten_groups_and_no_more(fresh: Iam) -> None:
    """The eleventh is refused; the tenth may be joined again."""
    await fresh("CreateUser", UserName="ada")
    for number in range(11):
        await fresh("CreateGroup", GroupName=f"g{number}")
    for number in range(10):
        await fresh("AddUserToGroup", GroupName=f"g{number}", UserName="ada")
    await fresh("AddUserToGroup", GroupName="g9", UserName="ada")
    assert await fresh.refused("AddUserToGroup", GroupName="g10", UserName="ada") == (
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerUser: 10",
    )


async def test_a_renamed_group_keeps_all_it_has(fresh: Iam) -> None:
    """Its id, members and policies; a new group of the old name has none of them."""
    await fresh("CreateUser", UserName="ada")
    before = (await fresh("CreateGroup", GroupName="old"))["Group"]
    await fresh("AddUserToGroup", GroupName="old", UserName="ada")
    await fresh("PutGroupPolicy", GroupName="old", PolicyName="p", PolicyDocument=POLICY)
    await fresh("AttachGroupPolicy", GroupName="old", PolicyArn=BASIC_EXECUTION)
    await fresh("UpdateGroup", GroupName="old", NewGroupName="new", NewPath="/x/")
    after = await fresh("GetGroup", GroupName="new")
    assert after["Group"]["GroupId"] == before["GroupId"]
    assert after["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/x/new"
    assert [user["UserName"] for user in after["Users"]] == ["ada"]
    assert (await fresh("ListGroupPolicies", GroupName="new"))["PolicyNames"] == ["p"]
    assert len((await fresh("ListAttachedGroupPolicies", GroupName="new"))["AttachedPolicies"]) == 1
    assert [one["GroupName"] for one in (await fresh("ListGroupsForUser", UserName="ada"))["Groups"]] == ["new"]
    assert [one["GroupName"] for one in (await fresh("ListGroups"))["Groups"]] == ["new"]
    await fresh("CreateGroup", GroupName="old")
    assert (await fresh("GetGroup", GroupName="old"))["Users"] == []
    assert (await fresh("ListGroupPolicies", GroupName="old"))["PolicyNames"] == []
    assert await fresh.refused("UpdateGroup", GroupName="old", NewGroupName="NEW") == (
        "EntityAlreadyExists",
        "Group with name NEW already exists.",
    )
    await fresh("UpdateGroup", GroupName="old", NewGroupName="OLD")
    assert (await fresh("GetGroup", GroupName="old"))["Group"]["GroupName"] == "OLD"


async def test_groups_are_listed_by_path(fresh: Iam) -> None:
    """In pages, in order of their names."""
    for number in range(5):
        await fresh("CreateGroup", GroupName=f"g{number}", Path="/even/" if number % 2 == 0 else "/odd/")
    found = await fresh.pages("ListGroups", "Groups", size=2, PathPrefix="/even/")
    assert [group["GroupName"] for group in found] == ["g0", "g2", "g4"]
    assert await fresh.pages("ListGroups", "Groups", size=2, PathPrefix="/none/") == []


async def test_an_account_has_room_for_300_groups(fresh: Iam) -> None:
    """The quota is each account's own, and room is made by deleting."""
    for number in range(300):
        await fresh("CreateGroup", GroupName=f"g{number}")
    full = ("LimitExceeded", "Cannot exceed quota for GroupsPerAccount: 300")
    assert await fresh.refused("CreateGroup", GroupName="one-more") == full
    await fresh("CreateGroup", GroupName="one-more", account_id="222222222222")
    await fresh("DeleteGroup", GroupName="g7")
    await fresh("CreateGroup", GroupName="one-more")
