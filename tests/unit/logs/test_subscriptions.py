"""Subscription filters: kept and described, and what reaches a function."""

import asyncio
import gzip
import json
from base64 import b64decode
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.outbox import Outbox, RetryPolicy
from pileus.services.logs import subscriptions
from pileus.services.logs.api import LogsApi
from pileus.services.logs.errors import (
    AccessDeniedException,
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from pileus.services.logs.shapes import (
    DeleteSubscriptionFilterRequest,
    DescribeSubscriptionFiltersRequest,
    PutSubscriptionFilterRequest,
    SubscriptionFilter,
)
from pileus.services.logs.subscriptions import TOPIC, Subscriptions
from pileus.services.logs.writer import FunctionLogWriter
from tests.support.time import JumpingClock
from tests.unit.logs.conftest import ACCOUNT, NOW_MS, Logs, context

FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"


class Functions:
    """What was handed over, opened; `refuse` makes every call fail."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.called: list[tuple[str, str, str]] = []
        self.refuse = 0

    async def invoke_event(
        self, *, function_arn: str, payload: bytes, service_principal: str, source_arn: str, source_account: str = ""
    ) -> str:
        if self.refuse:
            self.refuse -= 1
            raise ResourceNotFoundException("no such function")
        self.called.append((function_arn, service_principal, source_arn))
        self.got.append(json.loads(gzip.decompress(b64decode(json.loads(payload)["awslogs"]["data"]))))
        return "request"


@pytest.fixture
def functions(logs: Logs, clock: JumpingClock) -> Functions:
    functions = Functions()
    logs.api = LogsApi(
        store=logs.store, clock=clock, ids=SeededIds(), metrics=logs.metrics, functions=lambda: functions
    )
    return functions


async def subscribe(logs: Logs, pattern: str = "", *, name: str = "f", group: str = "g", **members: Any) -> None:
    given = {"destination_arn": FUNCTION} | members
    request = PutSubscriptionFilterRequest(log_group_name=group, filter_name=name, filter_pattern=pattern, **given)
    await logs.api.put_subscription_filter(context(), request)


async def described(logs: Logs, **members: Any) -> list[SubscriptionFilter]:
    request = DescribeSubscriptionFiltersRequest(log_group_name="g", **members)
    return list((await logs.api.describe_subscription_filters(context(), request)).subscription_filters or ())


async def deliver(logs: Logs, clock: JumpingClock, functions: Functions, *, messages: int) -> list[dict[str, Any]]:
    """Run the outbox until so many messages with events have come."""
    outbox = Outbox(logs.store, clock)
    handler = Subscriptions(store=logs.store, clock=clock, functions=lambda: functions, metrics=logs.metrics)
    outbox.subscribe(TOPIC, handler.deliver, retry=RetryPolicy(attempts=1_000, delay=timedelta(0)))
    running = asyncio.create_task(outbox.run())
    try:
        async with asyncio.timeout(5):
            while len(got := [one for one in functions.got if one["messageType"] == "DATA_MESSAGE"]) < messages:
                await asyncio.sleep(0)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return got


async def test_a_new_subscriber_gets_a_control_message(logs: Logs, functions: Functions) -> None:
    """For the group, as the function's policy names it; described as recorded."""
    await logs.create()
    await subscribe(logs, "[]", name="test")
    [message] = functions.got
    assert (message["messageType"], message["owner"]) == ("CONTROL_MESSAGE", "CloudwatchLogs")
    assert functions.called == [(FUNCTION, "logs.amazonaws.com", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g:*")]
    assert await described(logs) == [
        SubscriptionFilter(
            filter_name="test",
            log_group_name="g",
            filter_pattern="[]",
            destination_arn=FUNCTION,
            distribution="ByLogStream",
            apply_on_transformed_logs=False,
            creation_time=NOW_MS,
        )
    ]


async def test_who_cannot_be_invoked_is_refused(logs: Logs, functions: Functions) -> None:
    """And nothing is kept."""
    await logs.create()
    functions.refuse = 1
    with pytest.raises(InvalidParameterException, match="Could not execute the lambda function"):
        await subscribe(logs)
    assert await described(logs) == []


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"destination_arn": "x"}, InvalidParameterException),
        ({"destination_arn": FUNCTION.replace(ACCOUNT, "2" * 12)}, AccessDeniedException),
        ({"destination_arn": FUNCTION.replace("lambda", "kinesis")}, InvalidParameterException),
        ({"destination_arn": FUNCTION.replace("lambda", "kinesis"), "role_arn": "r"}, NotImplementedByPileus),
        ({"destination_arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:destination:d"}, NotImplementedByPileus),
        ({"role_arn": "r"}, InvalidParameterException),
        ({"pattern": "{ $"}, InvalidParameterException),
        ({"group": "none"}, ResourceNotFoundException),
        ({"apply_on_transformed_logs": True}, NotImplementedByPileus),
    ],
)
async def test_what_is_refused(
    logs: Logs, functions: Functions, members: dict[str, Any], error: type[ServiceError]
) -> None:
    """Recording logs_subscription_filters, test_put_subscription_filter_errors."""
    await logs.create()
    with pytest.raises(error):
        await subscribe(logs, **members)
    assert functions.got == []


async def test_two_filters_each(logs: Logs, functions: Functions) -> None:
    """Recording logs_subscription_filters: a third is too many, replacing is not; what is deleted makes room."""
    await logs.create()
    await subscribe(logs, name="a")
    await subscribe(logs, name="b")
    with pytest.raises(LimitExceededException):
        await subscribe(logs, name="c")
    await subscribe(logs, "[]", name="b")
    assert [one.filter_pattern for one in await described(logs)] == ["", "[]"]
    assert [one.filter_name for one in await described(logs, filter_name_prefix="b")] == ["b"]
    delete = DeleteSubscriptionFilterRequest(log_group_name="g", filter_name="a")
    await logs.api.delete_subscription_filter(context(), delete)
    with pytest.raises(ResourceNotFoundException, match="The specified subscription filter does not exist"):
        await logs.api.delete_subscription_filter(context(), delete)
    await subscribe(logs, name="c")


async def test_what_matches_is_delivered(logs: Logs, functions: Functions, clock: JumpingClock) -> None:
    """In order, with the ids by which FilterLogEvents tells events too."""
    await logs.create("s")
    await subscribe(logs, "ERROR")
    await logs.put("s", (0, "fine"), (1, "ERROR 1"), (2, "ERROR 2"))
    await logs.put("s", (3, "fine"))
    await logs.put("s", (4, "ERROR 3"))
    got = await deliver(logs, clock, functions, messages=2)
    assert [[event["message"] for event in one["logEvents"]] for one in got] == [["ERROR 1", "ERROR 2"], ["ERROR 3"]]
    first = got[0]
    assert (first["owner"], first["logGroup"], first["logStream"]) == (ACCOUNT, "g", "s")
    assert first["subscriptionFilters"] == ["f"]
    assert first["logEvents"][0]["timestamp"] == NOW_MS + 1
    shown = await logs.filter(filter_pattern="ERROR")
    assert [event.event_id for event in shown.events or ()] == [
        event["id"] for one in got for event in one["logEvents"]
    ]


async def test_columns_are_shown(logs: Logs, functions: Functions, clock: JumpingClock) -> None:
    """What a pattern of columns names, its subscriber sees."""
    await logs.create("s")
    await subscribe(logs, "[level = WARN, code]")
    await logs.put("s", (0, "INFO 1"), (0, "WARN 2"))
    [one] = await deliver(logs, clock, functions, messages=1)
    assert [event["extractedFields"] for event in one["logEvents"]] == [{"level": "WARN", "code": "2"}]


class _Function:
    account_id, region, log_group = ACCOUNT, "us-east-1", "g"


async def test_lines_of_functions_are_delivered(logs: Logs, functions: Functions, clock: JumpingClock) -> None:
    """They come by another way than PutLogEvents, even into a group that has no streams yet."""
    await logs.create()
    await subscribe(logs)
    writer = FunctionLogWriter(logs.store, clock, SeededIds())
    writer.append(_Function(), "s", [(clock.timestamp(), "line")])
    await writer.flush()
    [one] = await deliver(logs, clock, functions, messages=1)
    assert [event["message"] for event in one["logEvents"]] == ["line"]


async def test_much_comes_in_pieces(
    logs: Logs, functions: Functions, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No payload is larger than an invocation takes, and nothing is left out between pieces."""
    monkeypatch.setattr(subscriptions, "PIECE_BYTES_MAX", 10)
    await logs.create("s")
    await subscribe(logs)
    await logs.put("s", (0, "12345"), (1, "12345"), (2, "1"), (3, "x" * 50), (4, "y"))
    got = await deliver(logs, clock, functions, messages=4)
    assert [len(one["logEvents"]) for one in got] == [2, 1, 1, 1]


async def test_a_failing_destination_is_tried_again(logs: Logs, functions: Functions, clock: JumpingClock) -> None:
    """Order holds meanwhile; errors and deliveries are counted."""
    await logs.create("s")
    await subscribe(logs)
    functions.refuse = 3
    await logs.put("s", (0, "one"))
    await logs.put("s", (1, "two"))
    got = await deliver(logs, clock, functions, messages=2)
    assert [event["message"] for one in got for event in one["logEvents"]] == ["one", "two"]
    dimensions = {"LogGroupName": "g", "DestinationType": "Lambda", "FilterName": "f"}
    assert await logs.counted("DeliveryErrors", namespace="AWS/Logs", **dimensions) == [(0, 3, 3, "None")]
    assert await logs.counted("ForwardedLogEvents", namespace="AWS/Logs", **dimensions) == [(0, 2, 2, "None")]


async def test_a_filter_that_has_gone_gets_nothing(logs: Logs, functions: Functions, clock: JumpingClock) -> None:
    """What was on its way is forgotten, and holds nobody up."""
    await logs.create("s")
    await subscribe(logs, name="a")
    await logs.put("s", (0, "one"))
    delete = DeleteSubscriptionFilterRequest(log_group_name="g", filter_name="a")
    await logs.api.delete_subscription_filter(context(), delete)
    await subscribe(logs, name="b")
    await logs.put("s", (1, "two"))
    got = await deliver(logs, clock, functions, messages=1)
    assert [event["message"] for one in got for event in one["logEvents"]] == ["two"]
