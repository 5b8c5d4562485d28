"""What becomes of events at last: rules by qualifier, records for destinations, the dead-letter queue."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zlib import crc32

import msgspec
import pytest

from pileus.kernel.errors import AnyServiceError, NotImplementedByPileus
from pileus.kernel.ids import SeededIds
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.seam import Transaction
from pileus.services.lambda_.asynchronous import Again, Over, after_error, after_throttle, rules_of
from pileus.services.lambda_.destinations import DESTINATION_TOPIC, Destinations, TargetMessage
from pileus.services.lambda_.environments.types import ConcurrencyExceeded, InvocationResult
from pileus.services.lambda_.errors import AccessDeniedException, RequestTooLargeException, ResourceNotFoundException
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.settings import ConcurrencyRecord, InvokeConfigRecord
from pileus.services.lambda_.settings_store import put_setting
from pileus.services.lambda_.shapes import (
    AddPermissionRequest,
    CreateAliasRequest,
    InvocationRequest,
    InvokeAsyncRequest,
)
from pileus.services.lambda_.store import INVOKE_TOPIC, AsyncInvocation, get_function, put_function
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import ACCOUNT, ROLE, Lambda, context, result
from tests.unit.lambda_.test_worker import until

ARN: Final = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
QUEUE: Final = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
_FAILED: Final = result(b'{"errorMessage":"on purpose","errorType":"ValueError"}', error="Unhandled")
_FAILED_BY_HALVES: Final = result(b'{"errorMessage":"half \\ud800"}', error="Unhandled")
_START: Final = datetime(2024, 1, 1, tzinfo=UTC)
F: Final = FunctionName(partition="aws", region="us-east-1", account_id=ACCOUNT, name="f")


class Queues:
    """Takes messages for queues."""

    def __init__(self) -> None:
        self.sent: list[TargetMessage] = []

    def takes(self, target_arn: str) -> bool:
        return ":sqs:" in target_arn

    async def exists(self, target_arn: str) -> bool:
        return not target_arn.endswith(":nowhere")

    async def send(self, message: TargetMessage) -> None:
        if message.target_arn.endswith(":gone"):
            raise AnyServiceError("AWS.SimpleQueueService.NonExistentQueue", "no")
        self.sent.append(message)


class Roles:
    """May do all but what is in `refused`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.refused = False

    async def allowed(
        self, *, role_arn: str, action: str, resource: str, region: str, conditions: Mapping[str, str] | None = None
    ) -> bool:
        self.asked.append((role_arn, action, resource))
        return not self.refused


class Sending:
    def __init__(self, functions: Lambda, clock: JumpingClock) -> None:
        self.queues = Queues()
        self.roles = Roles()
        self.destinations = Destinations(
            store=functions.store,
            clock=clock,
            ids=SeededIds(7),
            metrics=EventMetrics(None),
            targets=self.queues,
            roles=self.roles,
        )


@pytest.fixture
async def sending(functions: Lambda, clock: JumpingClock) -> AsyncIterator[Sending]:
    """With the outbox running."""
    found = Sending(functions, clock)
    box = Outbox(functions.store, clock)
    box.subscribe(INVOKE_TOPIC, functions.api.deliver)
    box.subscribe(DESTINATION_TOPIC, found.destinations.deliver)
    running = asyncio.create_task(box.run())
    yield found
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def configure(functions: Lambda, function: FunctionName = F, **members: Any) -> None:
    async def put(tx: Transaction) -> None:
        put_setting(tx, function, InvokeConfigRecord(modified_at=_START, **members))

    await functions.store.run(put)


async def send_event(functions: Lambda, payload: bytes = b"[1]", qualifier: str | None = None) -> None:
    request = InvocationRequest(function_name="f", payload=payload, invocation_type="Event", qualifier=qualifier)
    await functions.api.invoke(context(), request)


async def test_a_success_goes_to_the_destination(functions: Lambda, sending: Sending, clock: JumpingClock) -> None:
    """Recording lambda_destinations, test_assess_lambda_destination_invocation[payload0]."""
    await functions.create()
    await functions.create("other")
    other = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other"
    await configure(functions, on_success=other, on_failure=QUEUE)
    functions.environments.answers = [result(b'{"ok":true}')]
    await send_event(functions)
    await until(lambda: len(functions.environments.invoked) == 2)
    spec, invocation = functions.environments.invoked[1]
    assert spec.function_name == "other"
    assert json.loads(invocation.payload) == {
        "version": "1.0",
        "timestamp": "2024-02-29T23:59:59.000Z",
        "requestContext": {
            "requestId": "request-1",
            "functionArn": f"{ARN}:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": [1],
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"ok": True},
    }
    assert sending.roles.asked == [(ROLE, "lambda:InvokeFunction", other)]
    assert sending.queues.sent == []


async def test_a_failure_goes_to_the_destination_after_its_retries(
    functions: Lambda, sending: Sending, clock: JumpingClock
) -> None:
    """Recording lambda_destinations, test_retries: three attempts, then one record with the last answer."""
    await functions.create()
    await configure(functions, on_failure=QUEUE)
    functions.environments.answers = [_FAILED, _FAILED, _FAILED]
    await send_event(functions)
    for attempts in (1, 2):
        await until(lambda expected=attempts: len(functions.environments.invoked) == expected)  # type: ignore[misc]
        await until(lambda: len(clock.alarms) == 1)
        assert sending.queues.sent == []
        clock.jump(timedelta(minutes=attempts))
    await until(lambda: len(sending.queues.sent) == 1)
    record = json.loads(sending.queues.sent[0].body)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "on purpose"
    assert sending.queues.sent[0].succeeded is False


@pytest.mark.parametrize(
    ("retries", "age_s", "conditions"),
    [
        (0, None, ["RetriesExhausted"]),
        (1, None, [60, "RetriesExhausted"]),
        (None, None, [60, 120, "RetriesExhausted"]),
        (2, 60, [60, "EventAgeExceeded"]),
        (2, 180, [60, 120, "RetriesExhausted"]),
        (2, 179, [60, "EventAgeExceeded"]),
        (None, 59, ["EventAgeExceeded"]),
    ],
)
def test_what_follows_an_error(retries: int | None, age_s: int | None, conditions: list[Any]) -> None:
    """Recording lambda_destinations, test_maxeventage: what would be too old by then is not tried again."""
    rules = rules_of(InvokeConfigRecord(modified_at=_START, retries=retries, event_age_s=age_s))
    invocation = AsyncInvocation(request_id="r", function=F, payload=b"1", accepted_at=_START)
    now = _START
    seen: list[Any] = []
    while True:
        follows = after_error(rules, invocation, now)
        if isinstance(follows, Over):
            assert [*seen, follows.condition] == conditions
            return
        seen.append((follows.at - now).total_seconds())
        invocation, now = follows.invocation, follows.at


def test_throttled_events_are_tried_until_they_are_too_old() -> None:
    """From one second to five minutes apart, and at the end of the age once more."""
    rules = rules_of(InvokeConfigRecord(modified_at=_START, event_age_s=1_000))
    invocation = AsyncInvocation(request_id="r", function=F, payload=b"1", accepted_at=_START)
    now = _START
    waits: list[float] = []
    while isinstance(follows := after_throttle(rules, invocation, now), Again):
        waits.append((follows.at - now).total_seconds())
        invocation, now = follows.invocation, follows.at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 189]
    assert follows == Over("EventAgeExceeded")
    assert (invocation.errors, invocation.throttles) == (0, 11)


async def test_an_event_that_never_ran_has_no_answer(functions: Lambda, sending: Sending, clock: JumpingClock) -> None:
    """The record says that nothing was executed, and the count is zero."""
    await functions.create()
    await configure(functions, on_failure=QUEUE, event_age_s=60)
    functions.environments.answers = [ConcurrencyExceeded() for _ in range(20)]
    await send_event(functions)
    while not sending.queues.sent:
        await until(lambda: bool(sending.queues.sent or clock.alarms))
        if clock.alarms:
            clock.jump(clock.alarms[0] - clock.now())
        await asyncio.sleep(0)
    record = json.loads(sending.queues.sent[0].body)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record.keys() == {"version", "timestamp", "requestContext", "requestPayload"}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", None),
        (b"plain text", "plain text"),
        (b'"\xff"', '"\ufffd"'),
        (b'{"half": "\\ud800"}', {"half": "\ud800"}),
        (b"[" * 5_000, "[" * 5_000),
    ],
)
async def test_whatever_a_function_answers_makes_a_record(
    functions: Lambda, sending: Sending, answer: bytes, told: Any
) -> None:
    """Runtimes of their own may answer what is no JSON; who reads the record must still get JSON."""
    await functions.create()
    await configure(functions, on_success=QUEUE)
    functions.environments.answers = [result(answer)]
    await send_event(functions)
    await until(lambda: len(sending.queues.sent) == 1)
    assert json.loads(sending.queues.sent[0].body)["responsePayload"] == told


async def test_a_function_that_is_switched_off_gets_no_events(functions: Lambda, sending: Sending) -> None:
    """With a reserved concurrency of zero they are given up at once. Recording lambda, test_reserved_concurrency."""
    await functions.create()
    await configure(functions, on_failure=QUEUE)

    async def switch_off(tx: Transaction) -> None:
        put_setting(tx, F, ConcurrencyRecord(reserved=0))

    await functions.store.run(switch_off)
    functions.environments.answers = [ConcurrencyExceeded()]
    await send_event(functions)
    await until(lambda: len(sending.queues.sent) == 1)
    told = json.loads(sending.queues.sent[0].body)
    assert (
        told["requestContext"]["condition"] == "ZeroReservedConcurrency"
    )  # recording lambda, test_reserved_concurrency
    assert told["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in told


@pytest.mark.parametrize(("answer", "message_text"), [(_FAILED, "on purpose"), (_FAILED_BY_HALVES, "half ?")])
async def test_the_dead_letter_queue_gets_the_event(
    functions: Lambda, sending: Sending, answer: InvocationResult, message_text: str
) -> None:
    """Recording lambda_destinations, test_dead_letter_queue: the bare event, and what went wrong as attributes."""
    await functions.create()

    async def point(tx: Transaction) -> None:
        record = await get_function(tx, F)
        assert record is not None
        put_function(tx, F, msgspec.structs.replace(record, dead_letter_arn=QUEUE))

    await functions.store.run(point)
    await configure(functions, retries=0)
    functions.environments.answers = [answer]
    await send_event(functions, b'{"raise_error":1}')
    await until(lambda: len(sending.queues.sent) == 1)
    message = sending.queues.sent[0]
    assert (message.purpose, message.body) == ("dead-letter", b'{"raise_error":1}')
    assert message.attributes == {"RequestID": "request-1", "ErrorCode": "200", "ErrorMessage": message_text}
    assert sending.roles.asked == [(ROLE, "sqs:SendMessage", QUEUE)]


async def test_each_qualifier_has_its_own_rules(functions: Lambda, sending: Sending) -> None:
    """An alias's configuration counts for events sent to the alias, not for those of the function."""
    await functions.create()
    alias = CreateAliasRequest(function_name="f", name="live", function_version="$LATEST")
    await functions.api.create_alias(context(operation="CreateAlias"), alias)
    await configure(functions, F.qualified_by("live"), retries=0, on_failure=QUEUE)
    functions.environments.answers = [_FAILED]
    await send_event(functions, qualifier="live")
    await until(lambda: len(sending.queues.sent) == 1)
    record = json.loads(sending.queues.sent[0].body)
    assert record["requestContext"]["functionArn"] == f"{ARN}:live"
    assert sending.queues.sent[0].object_key.startswith("aws/lambda/async/f/2024/02/29/2024-02-29T23.59.59-")


async def test_who_may_not_send_does_not(functions: Lambda, sending: Sending) -> None:
    """A refusal by policies, by the target, or by its size costs the record, and nothing else."""
    await functions.create()
    other = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"
    for target in (QUEUE, f"{QUEUE}:gone", f"{other}nobody", f"{other}f"):
        message = TargetMessage(target_arn=target, body=b" " * 1_048_577, function=F, role_arn=ROLE)
        sending.roles.refused = target == QUEUE

        async def emit(tx: Transaction, message: TargetMessage = message) -> None:
            from pileus.services.lambda_.destinations import emit_message

            emit_message(tx, message)

        asked = len(sending.roles.asked)
        await functions.store.run(emit)
        await until(lambda seen=asked: len(sending.roles.asked) > seen)  # type: ignore[misc]
    sending.roles.refused = False
    await configure(functions, on_success=QUEUE)
    await send_event(functions)
    await until(lambda: len(sending.queues.sent) == 1)
    assert len(functions.environments.invoked) == 1


async def test_what_is_not_built_is_no_destination(functions: Lambda, clock: JumpingClock) -> None:
    """Better refused when it is configured than lost when it is needed."""
    without = Destinations(store=functions.store, clock=clock, ids=SeededIds(), metrics=EventMetrics(None))
    without.check(ARN)
    with pytest.raises(NotImplementedByPileus):
        without.check(QUEUE)
    Sending(functions, clock).destinations.check(QUEUE)
    with pytest.raises(NotImplementedByPileus):
        Sending(functions, clock).destinations.check("arn:aws:s3:::bucket")


async def test_services_send_events(functions: Lambda, sending: Sending) -> None:
    """S3 and its like: only with the function's permission, and accepted means delivered."""
    await functions.create()
    given: dict[str, Any] = {
        "function_arn": ARN,
        "payload": b'{"Records":[]}',
        "service_principal": "s3.amazonaws.com",
        "source_arn": "arn:aws:s3:::b",
        "source_account": ACCOUNT,
    }
    with pytest.raises(AccessDeniedException):
        await functions.api.invoker.invoke_event(**given)
    permission = AddPermissionRequest(
        function_name="f",
        statement_id="s",
        action="lambda:InvokeFunction",
        principal="s3.amazonaws.com",
        source_arn="arn:aws:s3:::b",
    )
    await functions.api.add_permission(context(operation="AddPermission"), permission)
    request_id = await functions.api.invoker.invoke_event(**given)
    await until(lambda: len(functions.environments.invoked) == 1)
    assert functions.environments.invoked[0][1].request_id == request_id
    with pytest.raises(RequestTooLargeException):
        await functions.api.invoker.invoke_event(**(given | {"payload": b'"' + b"x" * 1_048_576 + b'"'}))
    with pytest.raises(ResourceNotFoundException):
        await functions.api.invoker.invoke_event(**(given | {"function_arn": f"{ARN}2"}))


async def test_all_attempts_are_of_one_trace(functions: Lambda, sending: Sending, clock: JumpingClock) -> None:
    """And the record that goes to a queue is, too: recording lambda_destinations, test_retries, `AWSTraceHeader`."""
    await functions.create()
    await configure(functions, on_failure=QUEUE, retries=1)
    functions.environments.answers = [_FAILED, _FAILED]
    await send_event(functions)
    await until(lambda: len(clock.alarms) == 1)
    clock.jump(timedelta(minutes=1))
    await until(lambda: len(sending.queues.sent) == 1)
    traces = [invocation.trace_id for _, invocation in functions.environments.invoked]
    assert traces == [sending.queues.sent[0].trace_id] * 2
    assert traces[0].startswith("Root=1-")


@pytest.mark.parametrize(("before", "told"), [(15, 0), (16, 1), (17, 0)])
async def test_a_loop_ends(functions: Lambda, sending: Sending, before: int, told: int) -> None:
    """An event of a chain that came by its function too often is given up, and its destination is told: once, or a
    destination that leads back to the function would be told for ever."""
    await functions.create()
    await configure(functions, on_failure=QUEUE, retries=0)
    header = f"Root=1-5759e988-bd862e3fe1be46a994272793;Lineage={crc32(ARN.encode()):08x}:{before}"
    request = InvocationRequest(function_name="f", payload=b"[1]", invocation_type="Event")
    await functions.api.invoke(msgspec.structs.replace(context(), trace_header=header), request)
    await send_event(functions, b"[2]")  # behind it
    await until(lambda: any(each.payload == b"[2]" for _, each in functions.environments.invoked))
    await until(lambda: len(sending.queues.sent) == told)
    assert len(functions.environments.invoked) == (2 if before < 16 else 1)


async def test_a_function_that_is_its_own_destination_is_stopped(functions: Lambda, sending: Sending) -> None:
    """Lambda Developer Guide, "Use Lambda recursive loop detection": a destination goes on with the chain."""
    await functions.create()
    await configure(functions, on_success=ARN, on_failure=QUEUE)
    functions.environments.answers = [result(b"1")] * 40
    await send_event(functions)
    await until(lambda: len(sending.queues.sent) == 1)
    assert len(functions.environments.invoked) == 17
    assert len({invocation.trace_id.partition(";")[0] for _, invocation in functions.environments.invoked}) == 1


async def test_events_of_old_go_on_with_a_trace(functions: Lambda, sending: Sending) -> None:
    """As events do that are invoked by the newer name: so a loop by InvokeAsync has its end, too."""
    await functions.create()
    traced = msgspec.structs.replace(context(), trace_header="Root=1-5759e988-bd862e3fe1be46a994272793")
    await functions.api.invoke_async(traced, InvokeAsyncRequest(function_name="f", invoke_args=b"1"))
    await until(lambda: len(functions.environments.invoked) == 1)
    trace_id = functions.environments.invoked[0][1].trace_id
    assert trace_id.startswith(f"{traced.trace_header};Parent=")
    assert trace_id.endswith(":1")
