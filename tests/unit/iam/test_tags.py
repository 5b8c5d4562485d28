"""Which tags are there after they were given, replaced and taken away?"""

from typing import Any

import pytest

from tests.unit.iam.driver import BASIC_EXECUTION, POLICY, TRUST, Iam, policy_arn

KINDS: list[tuple[str, dict[str, Any], bool]] = [
    ("User", {"UserName": "u"}, False),
    ("Role", {"RoleName": "r"}, False),
    ("Policy", {"PolicyArn": policy_arn("p")}, True),
    ("InstanceProfile", {"InstanceProfileName": "i"}, True),
]


def tags(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs]


@pytest.mark.parametrize(("kind", "named", "case_sensitive"), KINDS)
async def test_tags(fresh: Iam, kind: str, named: dict[str, Any], case_sensitive: bool) -> None:
    """Listed in order of their keys; case counts for some (recorded: TestPolicyTags, TestRoleTags)."""
    await fresh("CreateUser", UserName="u")
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    await fresh("CreatePolicy", PolicyName="p", PolicyDocument=POLICY)
    await fresh("CreateInstanceProfile", InstanceProfileName="i")

    async def listed() -> list[dict[str, str]]:
        found: list[dict[str, str]] = (await fresh(f"List{kind}Tags", **named))["Tags"]
        assert await fresh.pages(f"List{kind}Tags", "Tags", size=1, **named) == found
        got = (await fresh(f"Get{kind}", **named))[kind]
        assert got.get("Tags", []) == found
        assert ("Tags" in got) is (bool(found) or case_sensitive)
        return found

    assert await listed() == []
    await fresh(f"Tag{kind}", Tags=tags(("b", "1"), ("a", "2")), **named)
    assert await listed() == tags(("a", "2"), ("b", "1"))
    await fresh(f"Tag{kind}", Tags=tags(("B", "3"), ("a", "")), **named)
    both = tags(("B", "3"), ("a", ""), ("b", "1"))
    assert await listed() == (both if case_sensitive else both[:2])
    await fresh(f"Untag{kind}", TagKeys=["A", "none"], **named)
    assert len(await listed()) == (3 if case_sensitive else 1)
    await fresh(f"Untag{kind}", TagKeys=["a", "b", "B"], **named)
    assert await listed() == []

    twice = tags(("a", "1"), ("a", "2"))
    hint = "" if case_sensitive else " Please note that Tag keys are case insensitive."
    refusal = ("InvalidInput", f"Duplicate tag keys found.{hint}")
    assert await fresh.refused(f"Tag{kind}", Tags=twice, **named) == refusal

    await fresh(f"Tag{kind}", Tags=tags(*((f"k{number}", "") for number in range(50))), **named)
    await fresh(f"Tag{kind}", Tags=tags(("k0", "again")), **named)
    assert (await fresh.refused(f"Tag{kind}", Tags=tags(("more", "")), **named))[0] == "LimitExceeded"
    assert len(await listed()) == 50


async def test_tags_at_birth(fresh: Iam) -> None:
    """Told in the order they were given, and not at all when there is none (recorded: test_policy_tag_lifecycle)."""
    given = tags(("b", "1"), ("a", "2"))
    policy = await fresh("CreatePolicy", PolicyName="p", PolicyDocument=POLICY, Tags=given)
    assert policy["Policy"]["Tags"] == given
    role = await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=given)
    assert role["Role"]["Tags"] == given
    profile = await fresh("CreateInstanceProfile", InstanceProfileName="i", Tags=given)
    assert profile["InstanceProfile"]["Tags"] == given
    for answer in (
        await fresh("CreatePolicy", PolicyName="q", PolicyDocument=POLICY),
        await fresh("CreateRole", RoleName="s", AssumeRolePolicyDocument=TRUST),
        await fresh("CreateInstanceProfile", InstanceProfileName="j"),
        await fresh("CreateUser", UserName="u"),
    ):
        (entity,) = answer.values()
        assert "Tags" not in entity
    twice = tags(("a", "1"), ("A", "2"))
    assert (await fresh.refused("CreateUser", UserName="v", Tags=twice))[0] == "InvalidInput"
    await fresh("CreatePolicy", PolicyName="case", PolicyDocument=POLICY, Tags=twice)
    assert (await fresh("ListPolicyTags", PolicyArn=BASIC_EXECUTION))["Tags"] == []


async def test_what_tags_are_made_of(fresh: Iam) -> None:
    """Letters and numbers of any script, spaces and a few marks (recorded: test_role_tag_errors)."""
    lawful = tags(("Größe 1_.:/=+-@", "名前"), ("empty", ""))
    await fresh("CreateUser", UserName="u", Tags=lawful)
    assert len((await fresh("ListUserTags", UserName="u"))["Tags"]) == 2
    refusal = "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must satisfy regular"
    for tag, place in ((("a&b", ""), "tags.2.member.key"), (("a", "b\n"), "tags.2.member.value")):
        code, message = await fresh.refused("TagUser", UserName="u", Tags=tags(("fine", ""), tag))
        assert code == "ValidationError"
        assert message.startswith(refusal.format(place))
    assert await fresh.refused("UntagUser", UserName="u", TagKeys=["empty", "a&b"]) == (
        "ValidationError",
        "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 128, Member must have length greater than or equal to 1, "
        "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+, Member must not be null]",
    )
    assert len((await fresh("ListUserTags", UserName="u"))["Tags"]) == 2
