"""SQS over a real store and a clock that only the test moves, in few words."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.ids import SeededIds
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.sqs.api import SqsApi
from pileus.services.sqs.model import Counts, QueueRecord
from pileus.services.sqs.names import QueueName
from pileus.services.sqs.queue_records import get_queue
from pileus.services.sqs.shapes import (
    ChangeMessageVisibilityRequest,
    CreateQueueRequest,
    DeleteMessageRequest,
    Message,
    PurgeQueueRequest,
    ReceiveMessageRequest,
    SendMessageRequest,
    SendMessageResult,
    SetQueueAttributesRequest,
)
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
REGION: Final = "us-east-1"
START: Final = datetime(2026, 11, 23, 18, 0, 0, tzinfo=UTC)
HOST: Final = "localhost:4566"


def context(*, account_id: str = ACCOUNT, host: str = HOST) -> RequestContext:
    return RequestContext(
        service="sqs",
        operation="SendMessage",
        request_id="request-1",
        account_id=account_id,
        region=REGION,
        principal=Principal(account_id=account_id, arn=f"arn:aws:iam::{account_id}:root", user_id=account_id),
        source_ip="127.0.0.1",
        host=host,
    )


def url(name: str) -> str:
    return f"http://{HOST}/{ACCOUNT}/{name}"


def arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


class Queues:
    """A server's queues, without the server. `restart` loses whatever is only in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = JumpingClock(START)
        self.ids = SeededIds(7)
        self._open()

    def _open(self) -> None:
        self.store: SqliteStore = open_store(self.path, clock=self.clock)
        self.metrics = Metrics(self.store, self.clock)
        self.api = SqsApi(store=self.store, clock=self.clock, ids=self.ids, metrics=self.metrics)
        self.worker = self.api.worker()

    async def restart(self) -> None:
        await self.store.close()
        self._open()

    async def close(self) -> None:
        self.api.hang_up()
        await self.store.close()

    def jump(self, seconds: float) -> None:
        self.clock.jump(timedelta(seconds=seconds))

    async def create(self, name: str = "q", **attributes: str) -> str:
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        request = CreateQueueRequest(queue_name=name, attributes=attributes or None)
        created = await self.api.create_queue(context(), request)
        assert created.queue_url == url(name)
        return created.queue_url

    async def set(self, name: str = "q", **attributes: str) -> None:
        request = SetQueueAttributesRequest(queue_url=url(name), attributes=attributes)
        await self.api.set_queue_attributes(context(), request)

    async def record(self, name: str = "q") -> QueueRecord:
        named = QueueName(account_id=ACCOUNT, region=REGION, name=name)
        return await get_queue(self.store.snapshot(), named)

    async def send(self, body: str, name: str = "q", **more: Any) -> SendMessageResult:
        """more: as the members are called in `SendMessageRequest`."""
        request = SendMessageRequest(queue_url=url(name), message_body=body, **more)
        return await self.api.send_message(context(), request)

    async def send_in_group(self, body: str, group: str, name: str = "q.fifo", **more: Any) -> SendMessageResult:
        more.setdefault("message_deduplication_id", body)
        return await self.send(body, name, message_group_id=group, **more)

    async def receive(self, name: str = "q", count: int = 10, **more: Any) -> list[Message]:
        request = ReceiveMessageRequest(
            queue_url=url(name), max_number_of_messages=count, message_system_attribute_names=["All"], **more
        )
        return (await self.api.receive_message(context(), request)).messages or []

    async def bodies(self, name: str = "q", count: int = 10, **more: Any) -> list[str]:
        return [message.body or "" for message in await self.receive(name, count, **more)]

    async def delete(self, message: Message, name: str = "q") -> None:
        await self.delete_by(message.receipt_handle or "", name)

    async def delete_by(self, handle: str, name: str = "q") -> None:
        await self.api.delete_message(context(), DeleteMessageRequest(queue_url=url(name), receipt_handle=handle))

    async def hide(self, message: Message, seconds: int, name: str = "q") -> None:
        request = ChangeMessageVisibilityRequest(
            queue_url=url(name), receipt_handle=message.receipt_handle or "", visibility_timeout=seconds
        )
        await self.api.change_message_visibility(context(), request)

    async def purge(self, name: str = "q") -> None:
        await self.api.purge_queue(context(), PurgeQueueRequest(queue_url=url(name)))

    async def counts(self, name: str = "q") -> tuple[int, int, int]:
        """Visible, in flight, delayed."""
        counts: Counts = await self.api.messages.counts(self.store.snapshot(), await self.record(name))
        return counts.visible, counts.in_flight, counts.delayed


def attribute(message: Message, name: str) -> str:
    told: Mapping[str, str] = message.attributes or {}
    return told[name]
