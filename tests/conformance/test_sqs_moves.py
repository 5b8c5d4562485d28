"""Tasks that move messages back from a dead-letter queue. Recordings: `sqs_move_task`."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from tests.conformance.test_sqs_queues import advance, arn_of, redrive_to, refused
from tests.conftest import Server

Pipe = Callable[..., tuple[str, str]]

WITHIN_S: Final = 20.0


@pytest.fixture
def sqs(aws: Server) -> Any:
    return aws.client("sqs")


def queue(sqs: Any, **attributes: str) -> str:
    url: str = sqs.create_queue(QueueName=f"m-{uuid4().hex[:12]}", Attributes=attributes)["QueueUrl"]
    return url


def pipe(sqs: Any, dead: str = "") -> tuple[str, str]:
    """A queue, and its dead-letter queue."""
    dead = dead or queue(sqs)
    return queue(sqs, RedrivePolicy=redrive_to(sqs, dead)), dead


def bury(sqs: Any, source: str, dead: str, bodies: list[str]) -> None:
    """Send messages, and receive them until they are dead letters."""
    before = count(sqs, dead)
    for body in bodies:
        sqs.send_message(QueueUrl=source, MessageBody=body)
    eventually(lambda: drained(sqs, source) and count(sqs, dead) == before + len(bodies))


def drained(sqs: Any, source: str) -> bool:
    return "Messages" not in sqs.receive_message(QueueUrl=source, VisibilityTimeout=0, MaxNumberOfMessages=10)


def count(sqs: Any, url: str) -> int:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def bodies(sqs: Any, url: str) -> set[str]:
    """All that can be received, and is deleted."""
    found = set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.add(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def task(sqs: Any, dead: str) -> dict[str, Any]:
    """The newest task of a queue, without what differs from run to run."""
    [found] = sqs.list_message_move_tasks(SourceArn=arn_of(sqs, dead))["Results"]
    assert abs(found.pop("StartedTimestamp") / 1000 - time.time()) < 3600
    return dict(found)


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ends(sqs: Any, dead: str) -> dict[str, Any]:
    eventually(lambda: task(sqs, dead)["Status"] not in {"RUNNING", "CANCELLING"})
    return task(sqs, dead)


def test_to_a_queue_of_ones_choice(sqs: Any) -> None:
    """Recording test_basic_move_task_workflow."""
    source, dead = pipe(sqs)
    destination = queue(sqs)
    bury(sqs, source, dead, ["message-1", "message-2"])
    source_arn, destination_arn = arn_of(sqs, dead), arn_of(sqs, destination)
    handle = sqs.start_message_move_task(SourceArn=source_arn, DestinationArn=destination_arn)["TaskHandle"]
    said = json.loads(base64.b64decode(handle))
    assert (UUID(said["taskId"]).version, said["sourceArn"]) == (4, source_arn)
    assert ends(sqs, dead) == {
        "ApproximateNumberOfMessagesMoved": 2,
        "ApproximateNumberOfMessagesToMove": 2,
        "DestinationArn": destination_arn,
        "SourceArn": source_arn,
        "Status": "COMPLETED",
    }
    assert bodies(sqs, destination) == {"message-1", "message-2"}
    assert "Messages" not in sqs.receive_message(QueueUrl=dead)
    assert refused(sqs.cancel_message_move_task, TaskHandle=handle)["Code"] == "InvalidParameterValue"


def test_back_to_where_they_came_from(sqs: Any) -> None:
    """Recordings test_move_task_workflow_with_default_destination, ..._multiple_sources_as_default_destination."""
    first, dead = pipe(sqs)
    second, _ = pipe(sqs, dead)
    bury(sqs, first, dead, ["a", "b"])
    bury(sqs, second, dead, ["c", "d"])
    sqs.start_message_move_task(SourceArn=arn_of(sqs, dead))
    assert ends(sqs, dead) == {
        "ApproximateNumberOfMessagesMoved": 4,
        "ApproximateNumberOfMessagesToMove": 4,
        "SourceArn": arn_of(sqs, dead),
        "Status": "COMPLETED",
    }
    assert (bodies(sqs, first), bodies(sqs, second)) == ({"a", "b"}, {"c", "d"})


def test_of_messages_from_nowhere(sqs: Any) -> None:
    """local-aws-sqs, test/message-move-task: what was sent to a dead-letter queue itself came from no other."""
    _, dead = pipe(sqs)
    sqs.send_message(QueueUrl=dead, MessageBody="x")
    sqs.start_message_move_task(SourceArn=arn_of(sqs, dead), MaxNumberOfMessagesPerSecond=93)
    assert ends(sqs, dead) == {
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": 1,
        "FailureReason": "CouldNotDetermineMessageSource",
        "MaxNumberOfMessagesPerSecond": 93,
        "SourceArn": arn_of(sqs, dead),
        "Status": "FAILED",
    }
    assert bodies(sqs, dead) == {"x"}


def test_no_faster_than_allowed(sqs: Any) -> None:
    """Recording test_move_task_with_throughput_limit: 3 messages at 2 a second need a second at least."""
    source, dead = pipe(sqs)
    destination = queue(sqs)
    bury(sqs, source, dead, [str(number) for number in range(3)])
    started = time.monotonic()
    sqs.start_message_move_task(
        SourceArn=arn_of(sqs, dead), DestinationArn=arn_of(sqs, destination), MaxNumberOfMessagesPerSecond=2
    )
    assert ends(sqs, dead)["ApproximateNumberOfMessagesMoved"] == 3
    assert time.monotonic() - started >= 1.0
    assert len(bodies(sqs, destination)) == 3


def test_a_task_is_cancelled(sqs: Any) -> None:
    """Recordings test_move_task_cancel, test_start_multiple_move_tasks: one at a time, and the rest stays."""
    source, dead = pipe(sqs)
    destination = queue(sqs)
    bury(sqs, source, dead, [f"message-{number}" for number in range(10)])
    asked = {"SourceArn": arn_of(sqs, dead), "DestinationArn": arn_of(sqs, destination)}
    handle = sqs.start_message_move_task(**asked, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    error = refused(sqs.start_message_move_task, **asked)
    assert error["Message"].startswith("There is already a task running.")
    eventually(lambda: count(sqs, destination) >= 1)
    while_running = task(sqs, dead)
    moved = while_running["ApproximateNumberOfMessagesMoved"]
    assert while_running == {
        "ApproximateNumberOfMessagesMoved": moved,
        "ApproximateNumberOfMessagesToMove": 10,
        **asked,
        "MaxNumberOfMessagesPerSecond": 1,
        "Status": "RUNNING",
        "TaskHandle": handle,
    }
    assert moved <= sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] <= moved + 1
    ended = ends(sqs, dead)
    assert (ended["Status"], "TaskHandle" in ended) == ("CANCELLED", False)
    assert count(sqs, dead) + count(sqs, destination) == 10
    assert count(sqs, dead) > 0
    sqs.start_message_move_task(**asked)
    assert ends(sqs, dead)["Status"] == "COMPLETED"
    listed = sqs.list_message_move_tasks(SourceArn=asked["SourceArn"], MaxResults=10)["Results"]
    assert [one["Status"] for one in listed] == ["COMPLETED", "CANCELLED"]
    assert len(bodies(sqs, destination)) == 10


def test_a_destination_that_goes_away(sqs: Any) -> None:
    """Recording test_move_task_delete_destination_queue_while_running."""
    source, dead = pipe(sqs)
    destination = queue(sqs)
    bury(sqs, source, dead, [str(number) for number in range(5)])
    asked = {"SourceArn": arn_of(sqs, dead), "DestinationArn": arn_of(sqs, destination)}
    sqs.start_message_move_task(**asked, MaxNumberOfMessagesPerSecond=1)
    sqs.delete_queue(QueueUrl=destination)
    ended = ends(sqs, dead)
    assert (ended["Status"], ended["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert count(sqs, dead) > 0


def both(sqs: Any, dead: str, destination: str) -> int:
    """How many there are in all, at a moment at which none is moved."""
    while True:
        here, there = count(sqs, dead), count(sqs, destination)
        if count(sqs, dead) == here:
            return here + there


def test_a_kill_in_between(own_server: Server) -> None:
    """A task that was running when the power failed goes on, and moves every message once."""
    sqs = own_server.start().client("sqs")
    source, dead = pipe(sqs)
    destination = queue(sqs)
    expected = {f"message-{number}" for number in range(40)}
    bury(sqs, source, dead, sorted(expected))
    asked = {"SourceArn": arn_of(sqs, dead), "DestinationArn": arn_of(sqs, destination)}
    sqs.start_message_move_task(**asked, MaxNumberOfMessagesPerSecond=5)
    eventually(lambda: count(sqs, destination) >= 1)
    own_server.kill()
    sqs = own_server.start().client("sqs")
    dead, destination = (
        sqs.get_queue_url(QueueName=asked[name].rpartition(":")[2])["QueueUrl"]
        for name in ("SourceArn", "DestinationArn")
    )
    assert task(sqs, dead)["Status"] == "RUNNING"
    assert both(sqs, dead, destination) == 40

    def ended() -> bool:
        advance(own_server, 1)
        return str(task(sqs, dead)["Status"]) == "COMPLETED"

    eventually(ended)
    assert task(sqs, dead)["ApproximateNumberOfMessagesMoved"] == 40
    assert bodies(sqs, destination) == expected


def test_of_a_fifo_queue(sqs: Any) -> None:
    """What goes back keeps its group and its order, and is a new message with a new number."""
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    name = uuid4().hex[:12]
    dead = sqs.create_queue(QueueName=f"{name}-dead.fifo", Attributes=fifo)["QueueUrl"]
    redrive = {"RedrivePolicy": redrive_to(sqs, dead)}
    source = sqs.create_queue(QueueName=f"{name}.fifo", Attributes={**fifo, **redrive})["QueueUrl"]
    sent = [
        sqs.send_message(QueueUrl=source, MessageBody=f"{group}{number}", MessageGroupId=group)["MessageId"]
        for group in "ab"
        for number in range(3)
    ]
    eventually(lambda: drained(sqs, source) and count(sqs, dead) == 6)
    sqs.start_message_move_task(SourceArn=arn_of(sqs, dead))
    assert ends(sqs, dead)["ApproximateNumberOfMessagesMoved"] == 6
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(
        QueueUrl=source, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            found.append(message)
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
    for group in "ab":
        of_group = [message for message in found if message["Attributes"]["MessageGroupId"] == group]
        assert [message["Body"] for message in of_group] == [f"{group}{number}" for number in range(3)]
        numbers = [message["Attributes"]["SequenceNumber"] for message in of_group]
        assert numbers == sorted(numbers)
    assert not {message["MessageId"] for message in found} & set(sent)
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in found} == {"1"}
