"""What happens to messages of a queue that a function is mapped to; the queue is SQS's own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pileus.composition.event_sources import SqsQueueSource
from pileus.kernel.storage.seam import Transaction
from pileus.services.lambda_.environments.types import InvocationResult
from pileus.services.lambda_.errors import TooManyRequestsException
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.mappings import queue_polling
from pileus.services.lambda_.mappings import store as records
from pileus.services.lambda_.mappings.model import MappingRecord
from pileus.services.lambda_.mappings.poller import MappingPoller, PollerParts
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.recursion import Recursion
from pileus.services.lambda_.store import delete_function, put_function
from pileus.services.sqs.receiver import QueueReceiver
from pileus.services.sqs.shapes import DeleteQueueRequest, MessageAttributeValue
from tests.unit.lambda_mappings.conftest import FUNCTION, Failed, Function, a_function, settled, until
from tests.unit.sqs_messages.queues import Queues, arn, context, url

HOUR: Final = timedelta(hours=1)


class Busy(Function):
    """Finds no room while `full`."""

    full = False
    refusals = 0

    async def __call__(
        self, *, function: FunctionName, payload: bytes, request_id: str, trace_id: str = ""
    ) -> tuple[str, InvocationResult]:
        if self.full:
            self.refusals += 1
            raise TooManyRequestsException
        return await super().__call__(function=function, payload=payload, request_id=request_id, trace_id=trace_id)

    @property
    def bodies(self) -> list[list[str]]:
        """Of each batch."""
        return [[record["body"] for record in event["Records"]] for event in self.events]


class Roles:
    """Whoever asks is refused what is named here."""

    refused = ""

    async def allowed(
        self, *, role_arn: str, action: str, resource: str, region: str, conditions: Mapping[str, str] | None = None
    ) -> bool:
        return action != self.refused


class World:
    """Queues, a function, and mappings that are run."""

    def __init__(self, queues: Queues) -> None:
        self.queues = queues
        self.function = Busy()
        self.roles = Roles()
        self.receiver = QueueReceiver(
            store=queues.store, clock=queues.clock, ids=queues.ids, messages=queues.api.messages
        )
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        queues, metrics = self.queues, EventMetrics(self.queues.metrics)
        parts = PollerParts(
            store=queues.store,
            clock=queues.clock,
            ids=queues.ids,
            invoke=self.function,
            metrics=metrics,
            sources={},
            queues={"sqs": SqsQueueSource(lambda: self.receiver)},
            roles=self.roles,
            recursion=Recursion(store=queues.store, clock=queues.clock, ids=queues.ids, metrics=metrics),
        )
        self._running = asyncio.create_task(MappingPoller(parts).run())

    async def kill(self) -> None:
        """As a crash would: nobody gets to say where it is."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def map(self, name: str = "q", **members: Any) -> MappingRecord:
        given: dict[str, Any] = {
            "uuid": self.queues.ids.uuid(),
            "function": FUNCTION,
            "source_arn": arn(name),
            "modified_at": self.queues.clock.now(),
            "batch_size": 10,
        }
        mapping = MappingRecord(**(given | members))
        await self._put(mapping)
        return mapping

    async def change(self, mapping: MappingRecord, **members: Any) -> MappingRecord:
        changed = msgspec.structs.replace(mapping, **members)
        await self._put(changed)
        return changed

    async def _put(self, mapping: MappingRecord) -> None:
        async def put(tx: Transaction) -> None:
            put_function(tx, FUNCTION, a_function())
            records.put_mapping(tx, mapping)

        await self.queues.store.run(put)

    async def empty(self, name: str = "q") -> None:
        """Return once the queue has no message, whoever holds it."""
        await self.counted((0, 0, 0), name)

    async def counted(self, expected: tuple[int, int, int], name: str = "q") -> None:
        async def poll() -> None:
            while await self.queues.counts(name) != expected:
                await asyncio.sleep(0)

        await asyncio.wait_for(poll(), 10)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    queues = Queues(tmp_path)
    found = World(queues)
    found.start()
    yield found
    found.receiver.close()
    await found.kill()
    await queues.close()


async def test_a_message_as_its_function_sees_it(world: World) -> None:
    """Recording lambda_integration_sqs, test_message_body_and_attributes_passed_correctly: every member, in order."""
    await world.queues.create()
    await world.map()
    sent = await world.queues.send(
        "hello",
        message_attributes={
            "Author": MessageAttributeValue(data_type="String", string_value="John Grisham"),
            "Raw": MessageAttributeValue(data_type="Binary", binary_value=b"\x00\xff"),
        },
    )
    await world.empty()
    (event,) = world.function.events
    (record,) = event["Records"]
    stamp = record["attributes"]["SentTimestamp"]
    assert record == {
        "messageId": sent.message_id,
        "receiptHandle": record["receiptHandle"],
        "body": "hello",
        "attributes": {
            "SenderId": "111111111111",
            "SentTimestamp": stamp,
            "ApproximateReceiveCount": "1",
            "ApproximateFirstReceiveTimestamp": stamp,
        },
        "messageAttributes": {
            "Author": {
                "stringValue": "John Grisham",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            },
            "Raw": {"binaryValue": "AP8=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
        },
        "md5OfMessageAttributes": sent.md5_of_message_attributes,
        "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "eventSource": "aws:sqs",
        "eventSourceARN": arn("q"),
        "awsRegion": "us-east-1",
    }
    assert list(record)[:4] == ["messageId", "receiptHandle", "body", "attributes"]


@pytest.mark.parametrize(("window_s", "members"), [(0, 0), (1, 1)])
async def test_a_missing_sum_is_null_with_a_window(world: World, window_s: int, members: int) -> None:
    """As all recordings of lambda_integration_sqs have it."""
    await world.queues.create()
    await world.map(batching_window_s=window_s)
    await world.queues.send("hello")
    if window_s:
        await until(lambda: world.queues.clock.alarms)
        await world.counted((0, 1, 0))
        await settled()
        world.queues.jump(window_s)
    await world.empty()
    record = world.function.events[0]["Records"][0]
    assert ("md5OfMessageAttributes" in record) == bool(members)
    assert record.get("md5OfMessageAttributes") is None


async def test_what_fails_comes_again_after_its_visibility_timeout(world: World) -> None:
    """Not before, not deleted, and its receives are counted. Recording test_failing_lambda_retries_*."""
    await world.queues.create(VisibilityTimeout="30")
    await world.map()

    def fail(event: dict[str, Any]) -> None:
        raise Failed

    world.function.answer = fail
    await world.queues.send("hello")
    await until(lambda: len(world.function.events) == 1)
    await settled()
    assert await world.queues.counts() == (0, 1, 0)
    world.function.answer = lambda event: None
    world.queues.jump(29)
    await settled()
    assert len(world.function.events) == 1
    world.queues.jump(2)
    await world.empty()
    counts = [event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in world.function.events]
    assert counts == ["1", "2"]


@pytest.mark.parametrize("name", ["q", "q.fifo"])
async def test_a_batch_is_hidden_until_its_function_has_ended(world: World, name: str) -> None:
    """However long an environment takes to start: no receive is used up, and nothing processed is a dead letter."""
    await world.queues.create(name, VisibilityTimeout="5")
    world.function.held = asyncio.Event()
    await (world.queues.send("hello") if name == "q" else world.queues.send_in_group("hello", "g"))
    await world.map(name)
    await until(lambda: world.function.running == 1)
    for _ in range(5):
        await settled()
        world.queues.jump(3)
    await settled()
    assert await world.queues.counts(name) == (0, 1, 0)
    world.function.held.set()
    await world.empty(name)
    world.queues.jump(60)
    await settled()
    assert len(world.function.events) == 1


async def test_a_batch_that_ends_in_time_is_not_hidden_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs no write; nor is one that has failed hidden for longer than its visibility timeout."""
    hidden: list[int] = []

    async def hide(source: SqsQueueSource, arn: str, handles: Sequence[str], *, for_s: int) -> None:
        hidden.append(for_s)

    monkeypatch.setattr(SqsQueueSource, "hide", hide)
    await world.queues.create(VisibilityTimeout="30")

    def fail(event: dict[str, Any]) -> None:
        raise Failed

    world.function.answer = fail
    await world.map()
    await world.queues.send("hello")
    await until(lambda: len(world.function.events) == 1)
    await settled()
    world.queues.jump(29)
    await settled()
    assert not hidden


async def test_nobody_waits_for_ever_for_a_function_that_does_not_end(world: World) -> None:
    """Its messages come again once it should have ended long ago."""
    await world.queues.create(VisibilityTimeout="30")
    world.function.held = asyncio.Event()
    await world.queues.send("hello")
    await world.map()
    await until(lambda: world.function.running == 1)
    for _ in range(40):
        await settled()
        world.queues.jump(14)
    await until(lambda: world.function.running == 2)


async def test_what_keeps_failing_goes_to_the_dead_letter_queue(world: World) -> None:
    """By the queue's redrive policy. Recording test_redrive_policy_with_failing_lambda."""
    await world.queues.create("dead")
    redrive = json.dumps({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": "2"})
    await world.queues.create(RedrivePolicy=redrive)
    await world.map()

    def fail(event: dict[str, Any]) -> None:
        raise Failed

    world.function.answer = fail
    await world.queues.send("hello")
    for attempts in (1, 2):
        await until(partial(lambda count: len(world.function.events) == count, attempts))
        await settled()
        world.queues.jump(31)
    await world.counted((1, 0, 0), "dead")
    assert len(world.function.events) == 2


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        (lambda ids: {"batchItemFailures": [{"itemIdentifier": ids[1]}]}, "b"),
        (lambda ids: {"batchItemFailures": [{"itemIdentifier": ids[2]}, {"itemIdentifier": ids[0]}]}, "ac"),
        (lambda ids: {"batchItemFailures": []}, ""),
        (lambda ids: {"batchItemFailures": None}, ""),
        (lambda ids: {}, ""),
        (lambda ids: None, ""),
        (lambda ids: {"batchItemFailures": [{"itemIdentifier": ids[1]}, {"itemIdentifier": "nobody"}]}, "abc"),
        (lambda ids: {"batchItemFailures": [{"itemIdentifier": ""}]}, "abc"),
        (lambda ids: {"batchItemFailures": [{"itemIdentifier": None}]}, "abc"),
        (lambda ids: {"batchItemFailures": [{"foo": ids[0]}]}, "abc"),
        (lambda ids: {"batchItemFailures": "all"}, "abc"),
        (lambda ids: "no object", "abc"),
    ],
)
async def test_partial_failures(world: World, answer: Callable[[list[str]], Any], again: str) -> None:
    """What is reported stays, the rest is deleted; what cannot be understood keeps all of it.

    Source: Lambda Developer Guide, "Implementing partial batch responses", success and failure conditions.
    """
    await world.queues.create()
    for body in "abc":
        await world.queues.send(body)
    world.function.answer = lambda event: answer([record["messageId"] for record in event["Records"]])
    await world.map(response_types=["ReportBatchItemFailures"])
    await until(lambda: world.function.events)
    await world.counted((0, len(again), 0))
    assert world.function.bodies == [["a", "b", "c"]]
    await settled()
    world.queues.jump(31)
    if again:
        await until(lambda: len(world.function.events) == 2)
        assert sorted(world.function.bodies[1]) == list(again)


async def test_without_response_types_the_answer_says_nothing(world: World) -> None:
    """Then any answer is a success."""
    await world.queues.create()
    await world.queues.send("a")
    world.function.answer = lambda event: {"batchItemFailures": [{"itemIdentifier": ""}]}
    await world.map()
    await world.empty()


@pytest.mark.parametrize(
    ("pattern", "passed"),
    [
        ({"body": {"n": [{"numeric": [">", 5]}]}}, ['{"n": 7}']),
        ({"body": ["plain"]}, ["plain"]),
        ({"body": {"n": [{"exists": False}]}}, ['{"m": 1}']),
        ({"attributes": {"ApproximateReceiveCount": ["1"]}}, ['{"n": 7}', '{"n": 3}', '{"m": 1}', "plain", '["n"]']),
    ],
)
async def test_filters_drop_what_they_do_not_let_through(world: World, pattern: Any, passed: list[str]) -> None:
    """And delete it. A pattern for JSON drops plain text, one for text drops JSON: the guide's table."""
    await world.queues.create()
    for body in ('{"n": 7}', '{"n": 3}', '{"m": 1}', "plain", '["n"]'):
        await world.queues.send(body)
    await world.map(filters=[json.dumps(pattern)])
    await world.empty()
    assert world.function.bodies == [passed]


async def test_batches_are_full_or_wait_for_their_window(world: World) -> None:
    """Fifteen messages are one batch of fifteen, where it may have a hundred and has a window."""
    await world.queues.create()
    await world.map(batch_size=15, batching_window_s=20)
    for number in range(14):
        await world.queues.send(str(number))
    await world.counted((0, 14, 0))
    await settled()
    assert world.function.events == []
    await world.queues.send("14")
    await world.empty()
    assert [len(bodies) for bodies in world.function.bodies] == [15]
    await world.queues.send("15")
    await world.counted((0, 1, 0))
    await settled()
    world.queues.jump(19)
    await settled()
    assert len(world.function.events) == 1
    world.queues.jump(1)
    await world.empty()
    assert world.function.bodies[1] == ["15"]


async def test_a_batch_is_cut_at_six_megabytes(world: World) -> None:
    """An event may not be larger; the parts follow one another, and each is deleted."""
    await world.queues.create(MaximumMessageSize="1048576")
    for number in range(8):
        await world.queues.send(str(number) + "x" * 1_048_500)
    await world.map(batch_size=10)
    await world.empty()
    assert [len(bodies) for bodies in world.function.bodies] == [5, 3]


async def test_five_batches_at_first_and_more_when_there_are_more(world: World) -> None:
    """Up to the maximum concurrency, and never beyond."""
    await world.queues.create()
    for number in range(40):
        await world.queues.send(str(number))
    world.function.held = asyncio.Event()
    await world.map(batch_size=1, concurrency_max=7)
    await until(lambda: world.function.running == 5)
    await until(lambda: world.function.running == 7)
    world.function.held.set()
    await world.empty()
    assert world.function.running_max == 7
    assert len(world.function.events) == 40


async def test_groups_are_in_order_and_one_batch_at_a_time(world: World) -> None:
    """While a group's batch is under way nothing of the group is received; other groups go on."""
    await world.queues.create("q.fifo", VisibilityTimeout="30")
    for number in range(3):
        for group in "ab":
            await world.queues.send_in_group(f"{group}{number}", group)
    world.function.held = asyncio.Event()
    await world.map("q.fifo", batch_size=1)
    await until(lambda: world.function.running == 2)
    await settled()
    assert sorted(bodies[0] for bodies in world.function.bodies) == ["a0", "b0"]
    world.function.held.set()
    await world.empty("q.fifo")
    seen = [bodies[0] for bodies in world.function.bodies]
    assert [body for body in seen if body[0] == "a"] == ["a0", "a1", "a2"]
    assert [body for body in seen if body[0] == "b"] == ["b0", "b1", "b2"]


async def test_a_failed_batch_of_a_group_holds_the_group_back(world: World) -> None:
    """Until its visibility timeout is over; then the same message is the next one again."""
    await world.queues.create("q.fifo", VisibilityTimeout="30")
    for number in range(3):
        await world.queues.send_in_group(str(number), "g")

    def fail(event: dict[str, Any]) -> None:
        raise Failed

    world.function.answer = fail
    await world.map("q.fifo", batch_size=1)
    await until(lambda: len(world.function.events) == 1)
    await settled()
    world.function.answer = lambda event: None
    world.queues.jump(31)
    await world.empty("q.fifo")
    assert [bodies[0] for bodies in world.function.bodies] == ["0", "0", "1", "2"]


async def test_without_room_messages_come_again_later(world: World) -> None:
    """A throttled batch is neither lost nor deleted, and not asked for again and again."""
    await world.queues.create(VisibilityTimeout="30")
    for number in range(20):
        await world.queues.send(str(number))
    world.function.full = True
    await world.map(batch_size=1)
    await until(lambda: world.function.refusals >= 1)
    await settled()
    assert world.function.refusals <= 5
    world.function.full = False
    world.queues.jump(31)
    await world.empty()
    assert sorted(bodies[0] for bodies in world.function.bodies) == sorted(str(number) for number in range(20))


async def test_disabled_mappings_receive_nothing_and_finish_what_they_have(world: World) -> None:
    """What is under way is deleted when it is done; what comes then waits."""
    await world.queues.create()
    world.function.held = asyncio.Event()
    mapping = await world.map()
    await world.queues.send("first")
    await until(lambda: world.function.running)
    mapping = await world.change(mapping, enabled=False)
    await settled()
    world.function.held.set()
    await world.empty()
    await world.queues.send("second")
    await settled()
    assert await world.queues.counts() == (1, 0, 0)
    await world.change(mapping, enabled=True)
    await world.empty()
    assert world.function.bodies == [["first"], ["second"]]


async def test_a_crash_repeats_but_loses_nothing(world: World) -> None:
    """What was received and not deleted is visible again, in time."""
    await world.queues.create(VisibilityTimeout="30")
    world.function.held = asyncio.Event()
    await world.map()
    await world.queues.send("hello")
    await until(lambda: world.function.running)
    await world.kill()
    world.function.held.set()
    world.start()
    await settled()
    world.queues.jump(31)
    await world.empty()
    assert world.function.bodies == [["hello"], ["hello"]]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rests and long polls are short."""
    monkeypatch.setattr(queue_polling, "REST_S", 0.01)
    monkeypatch.setattr(queue_polling, "REFUSED_REST_S", 0.01)
    monkeypatch.setattr(queue_polling, "LONG_POLL_S", 0.05)


@pytest.mark.usefixtures("impatient")
async def test_a_role_that_may_not_read_receives_nothing(world: World) -> None:
    """Until it may: no message uses up a receive meanwhile."""
    world.roles.refused = "sqs:DeleteMessage"
    await world.queues.create()
    await world.queues.send("hello")
    await world.map()
    await settled()
    assert await world.queues.counts() == (1, 0, 0)
    world.roles.refused = ""
    await world.empty()
    assert world.function.events[0]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"


@pytest.mark.usefixtures("impatient")
async def test_without_its_function_a_mapping_receives_nothing(world: World) -> None:
    """Messages of a function that was deleted wait for it; nothing uses up their receives."""
    await world.queues.create()
    await world.map()
    await settled()

    async def forget(tx: Transaction) -> None:
        delete_function(tx, FUNCTION)

    await world.kill()
    await world.queues.store.run(forget)
    world.start()
    await world.queues.send("hello")
    await settled()
    assert await world.queues.counts() == (1, 0, 0)
    await world.map()
    await world.empty()
    assert world.function.events[0]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"


@pytest.mark.usefixtures("impatient")
async def test_a_queue_that_is_gone_may_come_again(world: World) -> None:
    """As on AWS, where a mapping outlives its queue."""
    await world.queues.create()
    await world.map()
    await settled()
    await world.queues.api.delete_queue(context(), DeleteQueueRequest(queue_url=url("q")))
    await settled()
    world.queues.jump(61)
    await world.queues.create()
    await world.queues.send("hello")
    await world.empty()
    assert world.function.bodies == [["hello"]]


async def test_counts_for_who_asked(world: World) -> None:
    """`EventCount`, by mapping. Source: Lambda Developer Guide, "Event source mapping metrics"."""
    await world.queues.create()
    for body in ('{"n": 1}', '{"n": 2}', '{"n": 3}'):
        await world.queues.send(body)
    world.function.answer = lambda event: {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
    mapping = await world.map(
        metrics=["EventCount"],
        filters=['{"body": {"n": [{"numeric": [">", 1]}]}}'],
        response_types=["ReportBatchItemFailures"],
    )
    await world.counted((0, 1, 0))
    await world.queues.metrics.flush()
    names = ["Polled", "FilteredOut", "Invoked", "FailedInvoke", "Deleted"]
    now = world.queues.clock.now()
    sums = await world.queues.metrics.sums(
        {("AWS/Lambda", f"{name}EventCount") for name in names}, start=now - HOUR, end=now + HOUR
    )
    assert {metric.dimensions for metric in sums} == {(("EventSourceMappingUUID", mapping.uuid),)}
    found = {metric.name.removesuffix("EventCount"): value for metric, value in sums.items()}
    assert found == {"Polled": 3, "FilteredOut": 1, "Invoked": 2, "FailedInvoke": 1, "Deleted": 2}


async def test_a_queue_that_goes_while_a_mapping_changes(world: World) -> None:
    """The mapping goes on as it is then: what it finds at the end of its old self is no failure of ours."""
    await world.queues.create()
    mapping = await world.map()
    await settled()
    await world.queues.api.delete_queue(context(), DeleteQueueRequest(queue_url=url("q")))
    await world.change(mapping, batch_size=1)
    await settled()
    world.queues.jump(61)
    await world.queues.create()
    for body in "ab":
        await world.queues.send(body)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queue_polling, "REST_S", 0.01)
        await world.change(mapping, batch_size=2)
        await world.empty()
    assert sorted(body for bodies in world.function.bodies for body in bodies) == ["a", "b"]
