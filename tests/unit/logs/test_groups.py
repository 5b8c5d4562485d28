"""Groups and streams: made once, described in order and in pages, gone with all they held."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.storage.keys import Subspace
from pileus.services.logs.shapes import (
    CreateLogGroupRequest,
    DeleteLogGroupRequest,
    DeleteLogStreamRequest,
    DeleteRetentionPolicyRequest,
    DescribeLogGroupsRequest,
    DescribeLogStreamsRequest,
    PutRetentionPolicyRequest,
)
from pileus.services.logs.worker import Retention
from tests.support.time import JumpingClock
from tests.unit.logs.conftest import NOW_MS, Logs, context, messages


async def groups(logs: Logs, **members: Any) -> tuple[list[str | None], str | None]:
    answer = await logs.api.describe_log_groups(context(), DescribeLogGroupsRequest(**members))
    return [group.log_group_name for group in answer.log_groups or ()], answer.next_token


async def streams(logs: Logs, **members: Any) -> tuple[list[str | None], str | None]:
    request = DescribeLogStreamsRequest(**({"log_group_name": "g"} | members))
    answer = await logs.api.describe_log_streams(context(), request)
    return [stream.log_stream_name for stream in answer.log_streams or ()], answer.next_token


async def all_pages(describe: Callable[..., Any], logs: Logs, **members: Any) -> list[str]:
    found: list[str] = []
    token: str | None = None
    while True:
        page, token = await describe(logs, next_token=token, **members)
        found += page
        if token is None:
            return found


async def test_groups_as_aws_describes_them(logs: Logs) -> None:
    """Recording logs_groups, test_describe_log_groups_with_prefix and ..._with_pattern."""
    await logs.create("s", group="/aws/lambda/f")
    await logs.put("s", (0, "message"), group="/aws/lambda/f")
    arn = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f"
    found = {
        "arn": f"{arn}:*",
        "creationTime": NOW_MS,
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "logGroupName": "/aws/lambda/f",
        "metricFilterCount": 0,
    }
    sizes = {"deletionProtectionEnabled": False, "storedBytes": len("message") + 26}
    for members, more in (({}, sizes), ({"log_group_name_pattern": "LAMBDA"}, {})):
        given: dict[str, Any] = members
        answer = await logs.api.describe_log_groups(context(), DescribeLogGroupsRequest(**given))
        assert msgspec.to_builtins(answer.log_groups) == [found | more]


async def test_groups_in_pages(logs: Logs) -> None:
    """In order of their names, by prefix, by pattern; limit and token."""
    for name in ("a/1", "a/2", "a/3", "b/1", "a"):
        await logs.create(group=name)
    assert await all_pages(groups, logs, limit=1) == ["a", "a/1", "a/2", "a/3", "b/1"]
    assert await all_pages(groups, logs, limit=2, log_group_name_prefix="a/") == ["a/1", "a/2", "a/3"]
    assert await all_pages(groups, logs, limit=1, log_group_name_pattern="/1") == ["a/1", "b/1"]
    assert await groups(logs, limit=5) == (["a", "a/1", "a/2", "a/3", "b/1"], None)
    with pytest.raises(ServiceError, match="mutually exclusive"):
        await groups(logs, log_group_name_prefix="a", log_group_name_pattern="b")
    with pytest.raises(ServiceError, match="nextToken is invalid"):
        await groups(logs, next_token="zz")


async def test_streams_as_aws_describes_them(logs: Logs) -> None:
    """Recording logs_streams, test_create_and_delete_log_stream: nothing about events before there are any."""
    await logs.create("s")
    request = DescribeLogStreamsRequest(log_group_name="g")
    arn = "arn:aws:logs:us-east-1:111111111111:log-group:g:log-stream:s"
    empty = {"arn": arn, "creationTime": NOW_MS, "logStreamName": "s", "storedBytes": 0}
    answer = await logs.api.describe_log_streams(context(), request)
    assert msgspec.to_builtins(answer.log_streams) == [empty]
    await logs.put("s", (-3, "a"), (4, "b"))
    answer = await logs.api.describe_log_streams(context(), request)
    moments = {
        "firstEventTimestamp": NOW_MS - 3,
        "lastEventTimestamp": NOW_MS + 4,
        "lastIngestionTime": NOW_MS,
        "uploadSequenceToken": f"{2:056d}",
    }
    assert msgspec.to_builtins(answer.log_streams) == [empty | moments]


async def test_streams_in_pages(logs: Logs) -> None:
    """By name or by their latest event, in either direction."""
    await logs.create("a", "b", "c", "d")
    await logs.put("c", (1, "m"))
    await logs.put("a", (2, "m"))
    await logs.put("b", (2, "m"))
    assert await all_pages(streams, logs, limit=3) == ["a", "b", "c", "d"]
    assert await all_pages(streams, logs, limit=3, descending=True) == ["d", "c", "b", "a"]
    assert await all_pages(streams, logs, limit=1, log_stream_name_prefix="c") == ["c"]
    by_time = {"order_by": "LastEventTime", "limit": 1}
    assert await all_pages(streams, logs, **by_time) == ["d", "c", "a", "b"]
    assert await all_pages(streams, logs, **by_time, descending=True) == ["b", "a", "c", "d"]
    with pytest.raises(ServiceError, match="Cannot order by LastEventTime with a logStreamNamePrefix"):
        await streams(logs, order_by="LastEventTime", log_stream_name_prefix="a")
    with pytest.raises(ServiceError) as caught:
        await streams(logs, log_group_identifier="g")
    assert caught.value.error_code == "ValidationException"
    assert (await streams(logs, log_group_name=None, log_group_identifier="g"))[0] == ["a", "b", "c", "d"]


async def test_names_are_taken_once(logs: Logs) -> None:
    """Recordings logs_groups and logs_streams, duplicate errors."""
    await logs.create("s")
    with pytest.raises(ServiceError, match="The specified log group already exists"):
        await logs.create()
    with pytest.raises(ServiceError, match="The specified log stream already exists"):
        await logs.create_stream("s")
    with pytest.raises(ServiceError, match="The specified log group does not exist"):
        await logs.create_stream("s", group="h")


async def test_deleting_leaves_nothing(logs: Logs) -> None:
    """Not one key; and a namesake that is made afterwards is empty."""
    await logs.create("s", "t")
    await logs.put("s", (0, "m"))
    await logs.put("t", (0, "m"))
    stream = DeleteLogStreamRequest(log_group_name="g", log_stream_name="s")
    await logs.api.delete_log_stream(context(), stream)
    with pytest.raises(ServiceError, match="The specified log stream does not exist"):
        await logs.api.delete_log_stream(context(), stream)
    await logs.create_stream("s")
    assert messages(await logs.get("s")) == []
    group = DeleteLogGroupRequest(log_group_name="g")
    await logs.api.delete_log_group(context(), group)
    with pytest.raises(ServiceError, match="The specified log group does not exist"):
        await logs.api.delete_log_group(context(), group)
    assert await logs.store.snapshot().range(*Subspace("logs").range()) == []


@pytest.mark.parametrize(
    "members",
    [{"kms_key_id": "arn:aws:kms:::k"}, {"log_group_class": "DELIVERY"}],
)
async def test_what_pileus_does_not_do_it_says(logs: Logs, members: dict[str, Any]) -> None:
    """Encryption that does not happen must not be promised."""
    with pytest.raises(NotImplementedByPileus):
        await logs.api.create_log_group(context(), CreateLogGroupRequest(log_group_name="g", **members))


async def test_retention_removes_what_has_expired(logs: Logs, clock: JumpingClock) -> None:
    """And only that: other groups keep theirs, sizes and first moments follow."""
    await logs.create("s", "t")
    await logs.create("s", group="forever")
    await logs.put("s", *((n, "m") for n in range(2_500)))
    await logs.put("t", (0, "m"))
    await logs.put("s", (0, "m"), group="forever")
    request = PutRetentionPolicyRequest(log_group_name="g", retention_in_days=1)
    await logs.api.put_retention_policy(context(), request)
    clock.jump(timedelta(days=1, milliseconds=2_000))
    await Retention(store=logs.store, clock=clock).sweep()
    assert (
        len(await logs.store.snapshot().range(*Subspace("logs", "111111111111", "us-east-1", "event").range())) == 501
    )
    answer = await logs.api.describe_log_streams(context(), DescribeLogStreamsRequest(log_group_name="g"))
    assert [stream.first_event_timestamp for stream in answer.log_streams or ()] == [NOW_MS + 2_000, None]
    described = await logs.api.describe_log_groups(context(), DescribeLogGroupsRequest(log_group_name_prefix="g"))
    assert [(group.stored_bytes, group.retention_in_days) for group in described.log_groups or ()] == [(500 * 27, 1)]
    await logs.api.delete_retention_policy(context(), DeleteRetentionPolicyRequest(log_group_name="g"))
    clock.jump(timedelta(days=400))
    await Retention(store=logs.store, clock=clock).sweep()
    assert len(messages(await logs.get("s"))) == 500


async def test_retention_takes_certain_days_only(logs: Logs) -> None:
    """API_PutRetentionPolicy lists them."""
    await logs.create()
    request = PutRetentionPolicyRequest(log_group_name="g", retention_in_days=2)
    with pytest.raises(ServiceError) as caught:
        await logs.api.put_retention_policy(context(), request)
    assert caught.value.error_code == "InvalidParameterException"
