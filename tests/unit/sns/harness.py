"""SNS over a real store, with a clock that only the test moves, and queues that are lists."""

from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.ids import SeededIds
from pileus.kernel.outbox import Delivery, Outbox
from pileus.kernel.storage.seam import Transaction
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.sns.api import SnsApi
from pileus.services.sns.model import MessageAttribute
from pileus.services.sns.queue_target import NotDelivered
from pileus.services.sns.shapes import CreateTopicInput, PublishInput, PublishResponse, SubscribeInput
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
NOW: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
SECRET: Final = b"s" * 32


def context(operation: str = "Publish", *, signed: bool = True, account_id: str = ACCOUNT) -> RequestContext:
    principal = Principal(
        account_id=account_id,
        arn=f"arn:aws:iam::{account_id}:root",
        user_id=account_id,
        access_key_id=account_id if signed else "",
    )
    return RequestContext(
        service="sns",
        operation=operation,
        request_id="request-1",
        account_id=account_id,
        region="us-east-1",
        principal=principal,
        source_ip="127.0.0.1",
        host="localhost:4566",
    )


def queue_arn(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


class Put(NamedTuple):
    """What a queue got."""

    queue: str
    body: str
    attributes: Mapping[str, MessageAttribute]
    group_id: str
    deduplication_id: str


class Queues:
    """All queues, and what is in them; those in `absent` refuse."""

    def __init__(self) -> None:
        self.got: list[Put] = []
        self.absent: set[str] = set()

    async def put(
        self,
        tx: Transaction,
        queue_arn: str,
        body: str,
        *,
        attributes: Mapping[str, MessageAttribute],
        group_id: str,
        deduplication_id: str,
        trace_header: str,
        call: ServiceCall | None,
    ) -> str:
        name = queue_arn.rpartition(":")[2]
        if name in self.absent:
            raise NotDelivered("the queue does not exist")
        self.got.append(Put(name, body, attributes, group_id, deduplication_id))
        return f"m-{len(self.got)}"

    def bodies(self, name: str) -> list[str]:
        return [put.body for put in self.got if put.queue == name]


class Topics:
    """The API, in few words."""

    def __init__(self, store: SqliteStore, clock: JumpingClock) -> None:
        self.store = store
        self.clock = clock
        self.queues = Queues()
        self.api = SnsApi(
            store=store, clock=clock, ids=SeededIds(), secret=SECRET, queues=self.queues, signing_bits=1024
        )
        self.outbox = Outbox(store, clock)
        self.delivered: list[Delivery] = []

    async def create(self, name: str = "t", **attributes: str) -> str:
        if name.endswith(".fifo"):
            attributes = {"FifoTopic": "true"} | attributes
        made = await self.api.create_topic(context("CreateTopic"), CreateTopicInput(name=name, attributes=attributes))
        assert made.topic_arn is not None
        return made.topic_arn

    async def subscribe(self, topic: str, endpoint: str, protocol: str = "sqs", **attributes: str) -> str:
        answer = await self.api.subscribe(
            context("Subscribe"),
            SubscribeInput(
                topic_arn=topic,
                protocol=protocol,
                endpoint=queue_arn(endpoint) if protocol == "sqs" else endpoint,
                attributes=attributes,
                return_subscription_arn=True,
            ),
        )
        assert answer.subscription_arn is not None
        return answer.subscription_arn

    async def publish(self, topic: str, message: str = "m", **options: Any) -> PublishResponse:
        return await self.api.publish(context(), PublishInput(topic_arn=topic, message=message, **options))


@asynccontextmanager
async def topics(path: Path) -> Any:
    """SNS in a folder."""
    clock = JumpingClock(NOW)
    store = open_store(path, clock=clock)
    try:
        yield Topics(store, clock)
    finally:
        await store.close()


def numbers(count: int) -> Iterator[str]:
    """Names of so many queues."""
    return (f"q{number:04}" for number in range(count))
