"""Does a user stay itself under another name?"""

from pileus.kernel.context import Principal
from tests.unit.iam.driver import ACCOUNT, BASIC_EXECUTION, POLICY, Iam


async def test_a_renamed_user_keeps_all_it_has(fresh: Iam) -> None:
    """Id, keys, groups and policies; the keys sign as the new name at once (recorded: TestUserRename)."""
    before = (await fresh("CreateUser", UserName="old"))["User"]
    await fresh("CreateGroup", GroupName="g")
    await fresh("AddUserToGroup", GroupName="g", UserName="old")
    await fresh("PutUserPolicy", UserName="old", PolicyName="p", PolicyDocument=POLICY)
    await fresh("AttachUserPolicy", UserName="old", PolicyArn=BASIC_EXECUTION)
    key = (await fresh("CreateAccessKey", UserName="old"))["AccessKey"]
    await fresh("UpdateUser", UserName="old", NewUserName="new", NewPath="/x/")
    after = (await fresh("GetUser", UserName="new"))["User"]
    assert after["UserId"] == before["UserId"]
    assert after["CreateDate"] == before["CreateDate"]
    assert after["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/x/new"
    signing = await fresh.keys.find(key["AccessKeyId"])
    assert signing is not None
    assert signing.principal.arn == after["Arn"]
    keys = (await fresh("ListAccessKeys", UserName="new"))["AccessKeyMetadata"]
    assert [(one["AccessKeyId"], one["UserName"]) for one in keys] == [(key["AccessKeyId"], "new")]
    assert [one["UserName"] for one in (await fresh("GetGroup", GroupName="g"))["Users"]] == ["new"]
    assert (await fresh("ListUserPolicies", UserName="new"))["PolicyNames"] == ["p"]
    entities = await fresh("ListEntitiesForPolicy", PolicyArn=BASIC_EXECUTION)
    assert entities["PolicyUsers"] == [{"UserName": "new", "UserId": before["UserId"]}]
    assert await fresh.refused("GetUser", UserName="old") == (
        "NoSuchEntity",
        "The user with name old cannot be found.",
    )


async def test_a_namesake_inherits_nothing(fresh: Iam) -> None:
    """Neither of a renamed user nor of a deleted one."""
    await fresh("CreateUser", UserName="old")
    await fresh("CreateAccessKey", UserName="old")
    await fresh("PutUserPolicy", UserName="old", PolicyName="p", PolicyDocument=POLICY)
    await fresh("UpdateUser", UserName="old", NewUserName="new")
    await fresh("CreateUser", UserName="old")
    assert (await fresh("ListUserPolicies", UserName="old"))["PolicyNames"] == []
    assert (await fresh("ListAccessKeys", UserName="old"))["AccessKeyMetadata"] == []
    assert await fresh.refused("UpdateUser", UserName="old", NewUserName="NEW") == (
        "EntityAlreadyExists",
        "User with name NEW already exists.",
    )
    await fresh("UpdateUser", UserName="old", NewUserName="Old")
    assert (await fresh("GetUser", UserName="old"))["User"]["UserName"] == "Old"
    await fresh("DeleteUser", UserName="old")
    assert [user["UserName"] for user in (await fresh("ListUsers"))["Users"]] == ["new"]


async def test_what_keeps_a_user(fresh: Iam) -> None:
    """Keys, a password, attached policies, inline policies (recorded: TestUserLifecycle)."""
    await fresh("CreateUser", UserName="u")
    await fresh("CreateLoginProfile", UserName="u", Password="correct-Horse-7-battery")
    key = (await fresh("CreateAccessKey", UserName="u"))["AccessKey"]["AccessKeyId"]
    await fresh("AttachUserPolicy", UserName="u", PolicyArn=BASIC_EXECUTION)
    await fresh("PutUserPolicy", UserName="u", PolicyName="p", PolicyDocument=POLICY)

    async def refusal() -> str:
        code, message = await fresh.refused("DeleteUser", UserName="u")
        assert code == "DeleteConflict"
        return message

    assert await refusal() == "Cannot delete entity, must delete access keys first."
    await fresh("DeleteAccessKey", UserName="u", AccessKeyId=key)
    assert await refusal() == "Cannot delete entity, must delete login profile first."
    await fresh("DeleteLoginProfile", UserName="u")
    assert await refusal() == "Cannot delete entity, must detach all policies first."
    await fresh("DetachUserPolicy", UserName="u", PolicyArn=BASIC_EXECUTION)
    assert await refusal() == "Cannot delete entity, must delete policies first."
    await fresh("DeleteUserPolicy", UserName="u", PolicyName="p")
    await fresh("DeleteUser", UserName="u")


async def test_inline_policies_have_a_size_together(fresh: Iam) -> None:
    """2,048 characters of a user, white space aside; what is replaced counts no more."""
    await fresh("CreateUser", UserName="u")
    half = POLICY.replace("s3:*", "s3:" + "x" * 900)
    await fresh("PutUserPolicy", UserName="u", PolicyName="a", PolicyDocument=half)
    await fresh("PutUserPolicy", UserName="u", PolicyName="b", PolicyDocument=half.replace(",", ",\n" + " " * 1_000))
    await fresh("PutUserPolicy", UserName="u", PolicyName="b", PolicyDocument=half)
    assert await fresh.refused("PutUserPolicy", UserName="u", PolicyName="c", PolicyDocument=half) == (
        "LimitExceeded",
        "Maximum policy size of 2048 bytes exceeded for user u",
    )
    assert await fresh.pages("ListUserPolicies", "PolicyNames", size=1, UserName="u") == ["a", "b"]
    assert await fresh.refused("GetUserPolicy", UserName="u", PolicyName="c") == (
        "NoSuchEntity",
        "The user policy with name c cannot be found.",
    )


async def test_who_asks_need_not_name_itself(fresh: Iam) -> None:
    """A user; not a session (recorded: test_access_key_errors)."""
    await fresh("CreateUser", UserName="ada", Path="/team/")
    key = (await fresh("CreateAccessKey", UserName="ada"))["AccessKey"]
    signing = await fresh.keys.find(key["AccessKeyId"])
    assert signing is not None
    assert (await fresh("GetUser", principal=signing.principal))["User"]["UserName"] == "ada"
    session = Principal(account_id=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", user_id="AROA:s")
    assert await fresh.refused("DeleteAccessKey", principal=session, AccessKeyId=key["AccessKeyId"]) == (
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
    )
