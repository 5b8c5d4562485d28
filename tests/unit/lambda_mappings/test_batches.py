"""What becomes of batches: retries, partial failures, halves, ages, and who hears of what was given up."""

import json
from datetime import timedelta
from typing import Any

import pytest

from pileus.services.lambda_.errors import TooManyRequestsException
from pileus.services.lambda_.mappings.answers import first_failed, state_of
from pileus.services.lambda_.mappings.sources import SourceRecord
from tests.unit.lambda_mappings.conftest import ARN, ROLE, Failed, World, names, settled, until

QUEUE = "arn:aws:sqs:us-east-1:111111111111:dead"


def fail_with(*bad: str) -> Any:
    """A function that fails when one of these is in its batch."""

    def answer(event: dict[str, Any]) -> Any:
        if any(name in names(event) for name in bad):
            raise Failed
        return "done"

    return answer


async def let_it_retry(world: World, true: Any) -> None:
    """Jump from one retry to the next until it is."""
    for _ in range(200):
        await settled()
        if true():
            return
        if world.clock.alarms:
            world.clock.jump(world.clock.alarms[0] - world.clock.now())
    raise AssertionError(world.function.batches)


async def test_records_come_in_batches_in_order(world: World) -> None:
    """Never more than a batch at a time, never two at once, and the result is told."""
    await world.stream.put(*"abcde")
    mapping = await world.map(batch_size=2)
    await world.caught_up(mapping)
    assert world.function.batches == ["ab", "cd", "e"]
    assert world.function.running_max == 1
    await world.stream.put("f")
    await world.caught_up(mapping)
    assert world.function.batches == ["ab", "cd", "e", "f"]
    assert await world.result(mapping) == "OK"


async def test_nothing_is_read_while_nothing_happens(world: World) -> None:
    """The poller is woken; it does not poll, whatever the clock does."""
    mapping = await world.map()
    await world.stream.put("a")
    await world.caught_up(mapping)
    await settled()
    reads = world.stream.reads
    world.clock.jump(timedelta(hours=1))
    await settled()
    assert world.stream.reads == reads
    assert world.clock.alarms == []


async def test_a_failed_batch_is_tried_until_it_succeeds(world: World) -> None:
    """Without a limit; what comes after it waits, for order's sake."""
    world.function.answer = fail_with("b")
    await world.stream.put(*"abc")
    mapping = await world.map(batch_size=2)
    await let_it_retry(world, lambda: len(world.function.events) == 20)
    assert set(world.function.batches) == {"ab"}
    assert await world.result(mapping) == "PROBLEM: Function call failed"
    world.function.answer = fail_with()
    await let_it_retry(world, lambda: world.function.batches[-1] == "c")
    await world.caught_up(mapping)
    assert await world.result(mapping) == "OK"


async def test_retries_grow_apart_up_to_a_minute(world: World) -> None:
    """Eight attempts within a minute, as was recorded, and one a minute from then on."""
    world.function.answer = fail_with("a")
    await world.stream.put("a")
    await world.map()
    waits = []
    for attempts in range(1, 10):
        await until(lambda expected=attempts: len(world.function.events) == expected)  # type: ignore[misc]
        await until(lambda: world.clock.alarms)
        waits.append((world.clock.alarms[0] - world.clock.now()).total_seconds())
        world.clock.jump(world.clock.alarms[0] - world.clock.now())
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


async def test_given_up_after_its_retries(world: World) -> None:
    """Recording test_dynamodb_event_source_mapping_with_on_failure_destination_config."""
    world.function.answer = fail_with("b")
    await world.stream.put(*"abc")
    mapping = await world.map(batch_size=2, retries_max=1, on_failure=QUEUE)
    await let_it_retry(world, lambda: world.sent)
    await world.caught_up(mapping)
    assert world.function.batches == ["ab", "ab", "c"]
    message = world.sent[0]
    assert (message.target_arn, message.role_arn) == (QUEUE, ROLE)
    record = json.loads(message.body)
    assert list(record) == ["requestContext", "responseContext", "version", "timestamp", "DDBStreamBatchInfo"]
    assert record == {
        "requestContext": {
            "requestId": record["requestContext"]["requestId"],
            "functionArn": "arn:aws:lambda:us-east-1:111111111111:function:f",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2024-02-29T23:59:59.500Z",
        "DDBStreamBatchInfo": {
            "shardId": "s0",
            "startSequenceNumber": "n0",
            "endSequenceNumber": "n1",
            "approximateArrivalOfFirstRecord": "2024-02-29T23:59:59Z",
            "approximateArrivalOfLastRecord": "2024-02-29T23:59:59Z",
            "batchSize": 2,
            "streamArn": ARN,
        },
    }


async def test_a_bucket_gets_the_batch_too(world: World) -> None:
    """Recording test_dynamodb_event_source_mapping_with_s3_on_failure_destination."""
    world.function.answer = fail_with("a")
    await world.stream.put("a")
    mapping = await world.map(retries_max=0, on_failure="arn:aws:s3:::bucket")
    await let_it_retry(world, lambda: world.sent)
    assert json.loads(world.sent[0].body)["payload"] == {"Records": [{"name": "a"}]}
    assert world.sent[0].object_key.startswith(f"aws/lambda/{mapping.uuid}/s0/2024/02/29/2024-02-29T23.59.59-")


async def test_halves_are_tried_alone(world: World) -> None:
    """Splitting costs no retry, and every record around the bad one is processed once it is alone."""
    world.function.answer = fail_with("f")
    await world.stream.put(*"abcdefgh")
    mapping = await world.map(batch_size=8, retries_max=1, bisect=True, on_failure=QUEUE)
    await let_it_retry(world, lambda: world.sent)
    await world.caught_up(mapping)
    assert world.function.batches == ["abcdefgh", "abcd", "efgh", "ef", "e", "f", "f", "gh"]
    info = json.loads(world.sent[0].body)["DDBStreamBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"]) == ("n5", "n5", 1)


async def test_reported_failures(world: World) -> None:
    """Recording test_dynamodb_report_batch_item_failures: again from the first that is named; that was an attempt."""

    def answer(event: dict[str, Any]) -> Any:
        failed = [record for record in event["Records"] if record["name"] == "f"]
        return {"batchItemFailures": [{"itemIdentifier": "n5"} for _ in failed]}

    world.function.answer = answer
    await world.stream.put(*"abcdefg")
    mapping = await world.map(batch_size=3, retries_max=3, on_failure=QUEUE, response_types=["ReportBatchItemFailures"])
    await let_it_retry(world, lambda: world.sent)
    await world.caught_up(mapping)
    assert world.function.batches == ["abc", "def", "f", "f", "f", "g"]
    record = json.loads(world.sent[0].body)
    assert record["requestContext"]["approximateInvokeCount"] == 4
    assert record["responseContext"]["functionError"] is None
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1


async def test_reported_failures_and_halves(world: World) -> None:
    """The batch is split where the function says, which costs no retry either."""

    def answer(event: dict[str, Any]) -> Any:
        index = names(event).find("c")
        return {"batchItemFailures": [] if index < 0 else [{"itemIdentifier": "n2"}]}

    world.function.answer = answer
    await world.stream.put(*"abcdef")
    mapping = await world.map(retries_max=0, bisect=True, on_failure=QUEUE, response_types=["ReportBatchItemFailures"])
    await let_it_retry(world, lambda: world.sent)
    await world.caught_up(mapping)
    assert world.function.batches == ["abcdef", "cdef", "cd", "c", "d", "ef"]


async def test_no_room_is_no_attempt(world: World) -> None:
    """What keeps the function from running is waited out."""
    refusals = 5

    def answer(event: dict[str, Any]) -> Any:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise TooManyRequestsException
        raise Failed

    world.function.answer = answer
    await world.stream.put("a")
    await world.map(retries_max=1, on_failure=QUEUE)
    await let_it_retry(world, lambda: world.sent)
    assert len(world.function.events) == 7
    assert json.loads(world.sent[0].body)["requestContext"]["approximateInvokeCount"] == 2


async def test_old_records_are_given_up(world: World) -> None:
    """Recordings lambda_integration_kinesis, test_kinesis_maximum_record_age_exceeded and _discard_records."""
    mapping = await world.map(enabled=False, record_age_max_s=60, on_failure=QUEUE)
    await world.stream.put("a")
    world.clock.jump(timedelta(seconds=61))
    await world.stream.put(*"bc")
    await world.change(mapping, enabled=True)
    await world.caught_up(mapping)
    await until(lambda: world.sent)
    assert world.function.batches == ["bc"]
    record = json.loads(world.sent[0].body)
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert "responseContext" not in record
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1

    world.function.answer = fail_with("d")
    await world.stream.put("d")
    await let_it_retry(world, lambda: len(world.sent) == 2)
    late = json.loads(world.sent[1].body)["requestContext"]
    assert late["condition"] == "RecordAgeExceeded"
    assert late["approximateInvokeCount"] == 7


RECORDS = [SourceRecord(n, f"n{n}", 0, b"", b"{}") for n in range(3)]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"", None),
        (b'""', None),
        (b"[]", None),
        (b"null", None),
        (b"{}", None),
        (b'{"batchItemFailures": []}', None),
        (b'{"batchItemFailures": null}', None),
        (b'{"batchItemFailures": [{"itemIdentifier": "n1"}]}', 1),
        (b'{"batchItemFailures": [{"itemIdentifier": "n2"}, {"itemIdentifier": "n1"}]}', 1),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', 0),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', 0),
        (b'{"batchItemFailures": [{"itemIdentifier": "n9"}]}', 0),
        (b'{"batchItemFailures": [{"foo": "n1"}]}', 0),
        (b'{"batchItemFailures": [{"foo": null}]}', 0),
        (b'{"batchItemFailures": ["n1"]}', 0),
        (b'{"batchItemFailures": "n1"}', 0),
        (b"{", 0),
        (b'"\xff"', 0),
        (b"[" * 100_000, 0),
        (b'{"text": "\\ud800"}', None),
    ],
)
def test_what_an_answer_means(answer: bytes, failed: int | None) -> None:
    """Recordings test_dynamodb_report_batch_item_success_scenarios and _failure_scenarios."""
    assert first_failed(answer, RECORDS) == failed


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b'{"state":{"n":1}}', b'{"n":1}'),
        (b'{"state":"\\ud800"}', b'"\\ud800"'),
        (b"null", b"{}"),
        (b"[]", b"{}"),
        (b"{", b"{}"),
    ],
)
def test_what_state_an_answer_has(answer: bytes, state: bytes) -> None:
    """None is the empty one."""
    assert state_of(answer) == state
