"""What happens to queues without a request: deleted ones are cleared in pages, and tasks move at their pace."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.ids import SeededIds
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.sqs.api import SqsApi
from pileus.services.sqs.attributes import amended
from pileus.services.sqs.clearing import TOPIC, Clearing
from pileus.services.sqs.errors import InvalidAddress
from pileus.services.sqs.messages.keys import queue_prefix
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.move_tasks import pace, read_handle
from pileus.services.sqs.names import queue_of_arn, queue_of_url
from pileus.services.sqs.queue_records import deleted_at_s, find_queue_by_arn
from pileus.services.sqs.shapes import (
    CreateQueueRequest,
    DeleteQueueRequest,
    SendMessageBatchRequest,
    SendMessageBatchRequestEntry,
)
from tests.support.time import JumpingClock

ACCOUNT = "111111111111"
ARN = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
CONTEXT = RequestContext(
    service="sqs",
    operation="DeleteQueue",
    request_id="request-1",
    account_id=ACCOUNT,
    region="us-east-1",
    principal=Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT),
    source_ip="127.0.0.1",
    host="localhost:4566",
)


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
async def store(tmp_path: Path, clock: JumpingClock) -> AsyncIterator[SqliteStore]:
    store = open_store(tmp_path, clock=clock)
    yield store
    await store.close()


async def test_a_deleted_queue_is_cleared_in_pages(store: SqliteStore, clock: JumpingClock) -> None:
    """However many messages it held, others run in between, and nothing of it stays on disk; nor its name."""
    api = SqsApi(store=store, clock=clock, ids=SeededIds())
    url = (await api.create_queue(CONTEXT, CreateQueueRequest(queue_name="q"))).queue_url
    assert url is not None
    entries = [SendMessageBatchRequestEntry(id=str(number), message_body="x") for number in range(10)]
    for _ in range(160):
        await api.send_message_batch(CONTEXT, SendMessageBatchRequest(queue_url=url, entries=entries))
    queue = await find_queue_by_arn(store.snapshot(), ARN)
    assert queue is not None
    begin = queue_prefix(queue.serial)
    end = begin + b"\xff"

    async def left() -> int:
        return len(await store.snapshot().range(begin, end))

    assert await left() >= 1_600
    sizes: list[int] = []
    clearing = Clearing(store=store, clock=clock, contents=api.messages)
    outbox = Outbox(store, clock)
    outbox.subscribe(TOPIC, clearing.deliver)
    running = asyncio.create_task(outbox.run())
    await api.delete_queue(CONTEXT, DeleteQueueRequest(queue_url=url))
    deadline = asyncio.get_running_loop().time() + 20
    while (count := await left()) > 0:
        assert asyncio.get_running_loop().time() < deadline
        if not sizes or count != sizes[-1]:
            sizes.append(count)
        await asyncio.sleep(0)
    named = queue.queue_name
    assert await deleted_at_s(store.snapshot(), named) is not None
    clock.jump(timedelta(seconds=61))
    while await deleted_at_s(store.snapshot(), named) is not None:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(sizes) >= 3, "nobody else ran while it was cleared"
    assert max(before - after for before, after in pairwise(sizes)) <= 500


@pytest.mark.parametrize(
    ("per_second", "messages", "pause_s"),
    [
        (0, 100, 0.0),  # as fast as it goes
        (1, 1, 1.0),
        (3, 1, 1 / 3),
        (10, 1, 0.1),
        (11, 2, 2 / 11),  # from here on, a step has more messages instead of coming more often
        (500, 50, 0.1),
    ],
)
def test_pace(per_second: int, messages: int, pause_s: float) -> None:
    """API_StartMessageMoveTask: a rate of 1 to 500 messages a second."""
    assert pace(per_second) == (messages, timedelta(seconds=pause_s))


@pytest.mark.parametrize("handle", ["", "foobared", "e30=", "eyJ0YXNrSWQiOjF9", "\u00e9", "a" * 3_000])
def test_what_is_no_handle(handle: str) -> None:
    """Whatever a client sends, it is refused and not our fault."""
    assert read_handle(handle) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "q",
        "/q",
        "http://localhost/q",
        f"http://localhost/{ACCOUNT}/",
        f"http://localhost/{ACCOUNT}",
        f"ftp://localhost/{ACCOUNT}/q",
        "http://localhost/1234/q",
        f"http://localhost/{ACCOUNT}/a/b",
        f"http://localhost/{ACCOUNT}/q?x",
        "http://localhost" + "/x" * 2_000 + f"/{ACCOUNT}/q",
    ],
)
def test_what_is_no_url_of_a_queue(url: str) -> None:
    """A long one costs no time, either."""
    with pytest.raises(InvalidAddress):
        queue_of_url(CONTEXT, url)


@pytest.mark.parametrize(
    "arn", ["", "q", "arn:aws:sqs:us-east-1:1:q", f"arn:aws:sns:us-east-1:{ACCOUNT}:q", ARN + ":x", ARN + "\n"]
)
def test_what_is_no_arn_of_a_queue(arn: str) -> None:
    """Of another service, too short, too long."""
    assert queue_of_arn(arn) is None


def test_partitions() -> None:
    """A queue's ARN has the partition of its region."""
    queue = QueueRecord(account_id=ACCOUNT, region="cn-north-1", name="q", serial=b"s", created_at_s=0, modified_at_s=0)
    assert queue.arn == f"arn:aws-cn:sqs:cn-north-1:{ACCOUNT}:q"
    assert queue_of_arn(queue.arn) == queue.queue_name


def test_attributes_without_change() -> None:
    """What is given as it is changes nothing."""
    queue = QueueRecord(account_id=ACCOUNT, region="us-east-1", name="q", serial=b"s", created_at_s=0, modified_at_s=0)
    assert amended(queue, {}) == queue
    assert amended(queue, {"VisibilityTimeout": "30", "Policy": "", "RedrivePolicy": ""}) == queue
