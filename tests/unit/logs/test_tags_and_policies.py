"""What groups and accounts carry beside logs: tags, protection, resource policies, kept queries."""

from typing import Any

import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.services.logs.errors import InvalidParameterException, ResourceNotFoundException, ValidationException
from pileus.services.logs.shapes import (
    CreateLogGroupRequest,
    DeleteLogGroupRequest,
    DeleteQueryDefinitionRequest,
    DeleteResourcePolicyRequest,
    DescribeLogGroupsRequest,
    DescribeQueryDefinitionsRequest,
    DescribeResourcePoliciesRequest,
    ListLogGroupsRequest,
    ListTagsForResourceRequest,
    ListTagsLogGroupRequest,
    PutLogGroupDeletionProtectionRequest,
    PutQueryDefinitionRequest,
    PutResourcePolicyRequest,
    TagLogGroupRequest,
    TagResourceRequest,
    UntagLogGroupRequest,
    UntagResourceRequest,
)
from tests.unit.logs.conftest import ACCOUNT, NOW_MS, Logs, context

_ARN = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g"


async def test_tags_by_both_ways(logs: Logs) -> None:
    """Recording logs_groups, test_tag_resource_api: the old operations and the new see the same tags."""
    request = CreateLogGroupRequest(log_group_name="g", tags={"env": "testing1"})
    await logs.api.create_log_group(context(), request)
    await logs.api.tag_resource(context(), TagResourceRequest(resource_arn=_ARN, tags={"test1": "1", "test2": "2"}))
    await logs.api.tag_log_group(context(), TagLogGroupRequest(log_group_name="g", tags={"test3": "3"}))
    expected = {"env": "testing1", "test1": "1", "test2": "2", "test3": "3"}
    by_name = await logs.api.list_tags_log_group(context(), ListTagsLogGroupRequest(log_group_name="g"))
    by_arn = await logs.api.list_tags_for_resource(context(), ListTagsForResourceRequest(resource_arn=f"{_ARN}:*"))
    assert by_name.tags == by_arn.tags == expected
    await logs.api.untag_resource(context(), UntagResourceRequest(resource_arn=_ARN, tag_keys=["test1", "none"]))
    await logs.api.untag_log_group(context(), UntagLogGroupRequest(log_group_name="g", tags=["env", "test3"]))
    left = await logs.api.list_tags_for_resource(context(), ListTagsForResourceRequest(resource_arn=_ARN))
    assert left.tags == {"test2": "2"}


async def test_tags_that_are_refused(logs: Logs) -> None:
    """More than 50, names of AWS's own, groups that are not there or elsewhere."""
    await logs.create()

    async def tag(arn: str, tags: dict[str, str]) -> str:
        with pytest.raises(ServiceError) as caught:
            await logs.api.tag_resource(context(), TagResourceRequest(resource_arn=arn, tags=tags))
        return caught.value.error_code

    assert await tag(_ARN, {str(number): "" for number in range(51)}) == "TooManyTagsException"
    assert await tag(_ARN, {"aws:x": ""}) == "InvalidParameterException"
    assert await tag(_ARN + "x", {"a": ""}) == "ResourceNotFoundException"
    assert await tag(_ARN.replace("us-east-1", "eu-west-1"), {"a": ""}) == "ResourceNotFoundException"
    assert await tag("g", {"a": ""}) == "InvalidParameterException"


async def test_a_protected_group_stays(logs: Logs) -> None:
    """Until the protection is taken away."""
    request = CreateLogGroupRequest(log_group_name="g", deletion_protection_enabled=True)
    await logs.api.create_log_group(context(), request)
    described = await logs.api.describe_log_groups(context(), DescribeLogGroupsRequest())
    assert [group.deletion_protection_enabled for group in described.log_groups or ()] == [True]
    with pytest.raises(ValidationException):
        await logs.api.delete_log_group(context(), DeleteLogGroupRequest(log_group_name="g"))
    off = PutLogGroupDeletionProtectionRequest(log_group_identifier=_ARN, deletion_protection_enabled=False)
    await logs.api.put_log_group_deletion_protection(context(), off)
    await logs.api.delete_log_group(context(), DeleteLogGroupRequest(log_group_name="g"))


async def test_groups_are_listed_by_parts_of_names(logs: Logs) -> None:
    """API_ListLogGroups: `^` asks for a prefix, `|` for either; page by page."""
    for name in ("/aws/lambda/a", "/aws/rds/b", "discovery", "my/aws/x"):
        await logs.create(group=name)

    async def listed(**members: Any) -> list[str | None]:
        answer = await logs.api.list_log_groups(context(), ListLogGroupsRequest(**members))
        return [group.log_group_name for group in answer.log_groups or ()]

    assert await listed(log_group_name_pattern="/aws") == ["/aws/lambda/a", "/aws/rds/b", "my/aws/x"]
    assert await listed(log_group_name_pattern="^/aws/l|disc") == ["/aws/lambda/a", "discovery"]
    page = await logs.api.list_log_groups(context(), ListLogGroupsRequest(limit=3))
    assert await listed(next_token=page.next_token) == ["my/aws/x"]
    with pytest.raises(NotImplementedByPileus):
        await listed(include_linked_accounts=True)


async def test_groups_are_described_by_identifiers(logs: Logs) -> None:
    """Names and ARNs; nothing is said of what is not there."""
    await logs.create()
    await logs.create(group="h")
    request = DescribeLogGroupsRequest(log_group_identifiers=["h", _ARN, "none"])
    answer = await logs.api.describe_log_groups(context(), request)
    assert [group.log_group_name for group in answer.log_groups or ()] == ["h", "g"]
    request = DescribeLogGroupsRequest(log_group_identifiers=["h"], log_group_name_prefix="h")
    with pytest.raises(InvalidParameterException):
        await logs.api.describe_log_groups(context(), request)


async def test_resource_policies(logs: Logs) -> None:
    """Recording logs_resource_policies: kept as given, ten of them, each with its name."""
    document = '{"Version": "2012-10-17", "Statement": []}'
    for number in range(10):
        answer = await logs.api.put_resource_policy(
            context(), PutResourcePolicyRequest(policy_name=f"p{number}", policy_document=document)
        )
        assert answer.resource_policy is not None
        assert (answer.resource_policy.policy_scope, answer.resource_policy.last_updated_time) == ("ACCOUNT", NOW_MS)
    with pytest.raises(ServiceError, match=r"Resource limit exceeded\."):
        await logs.api.put_resource_policy(
            context(), PutResourcePolicyRequest(policy_name="p10", policy_document=document)
        )
    with pytest.raises(InvalidParameterException):
        await logs.api.put_resource_policy(context(), PutResourcePolicyRequest(policy_name="p", policy_document="{"))
    page = await logs.api.describe_resource_policies(context(), DescribeResourcePoliciesRequest(limit=9))
    rest = await logs.api.describe_resource_policies(
        context(), DescribeResourcePoliciesRequest(next_token=page.next_token)
    )
    assert [policy.policy_name for policy in rest.resource_policies or ()] == ["p9"]
    await logs.api.delete_resource_policy(context(), DeleteResourcePolicyRequest(policy_name="p9"))
    with pytest.raises(ResourceNotFoundException, match=r"Policy with name \[p9\] does not exist\."):
        await logs.api.delete_resource_policy(context(), DeleteResourcePolicyRequest(policy_name="p9"))


async def test_kept_queries(logs: Logs) -> None:
    """Made once for a client token, changed by id, found by prefix of the name."""

    async def put(name: str, **members: Any) -> str:
        request = PutQueryDefinitionRequest(name=name, query_string="fields @message", **members)
        answer = await logs.api.put_query_definition(context(), request)
        assert answer.query_definition_id is not None
        return answer.query_definition_id

    async def found(**members: Any) -> list[str]:
        answer = await logs.api.describe_query_definitions(context(), DescribeQueryDefinitionsRequest(**members))
        return sorted(str(one.name) for one in answer.query_definitions or ())

    first = await put("a", client_token="t")
    assert await put("a", client_token="t") == first
    second = await put("b", log_group_names=["g"])
    assert await put("c", query_definition_id=second) == second
    assert await found() == ["a", "c"]
    assert await found(query_definition_name_prefix="c") == ["c"]
    with pytest.raises(ResourceNotFoundException):
        await put("x", query_definition_id="none")
    deleted = await logs.api.delete_query_definition(context(), DeleteQueryDefinitionRequest(query_definition_id=first))
    assert deleted.success
    assert await found() == ["c"]
