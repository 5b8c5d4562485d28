"""DynamoDB without a wire: operations called with what the wire would decode, on a real store."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.outbox import Outbox
from pileus.kernel.service import Encoded
from pileus.kernel.storage.emissions import microseconds, waiting
from pileus.kernel.storage.seam import Store
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.api import DynamoDbApi
from pileus.services.dynamodb.shapes import OPERATIONS
from pileus.services.dynamodb.table_work import TOPIC, TableWork

SETTLES_WITHIN_S: Final = 20.0


class Dynamo:
    """Calls operations by AWS's names, JSON in and JSON out."""

    def __init__(self, store: Store, *, clock: MovableClock, changes_take: timedelta = timedelta(0)) -> None:
        self.store = store
        self.clock = clock
        self.api = DynamoDbApi(store=store, clock=clock, ids=SeededIds(), changes_take=changes_take)

    async def call(self, operation: str, /, region: str = "us-east-1", **request: Any) -> dict[str, Any]:
        context = RequestContext(
            service="dynamodb",
            operation=operation,
            request_id="request",
            account_id="000000000000",
            region=region,
            principal=Principal(
                account_id="000000000000", arn="arn:aws:iam::000000000000:root", user_id="000000000000"
            ),
            source_ip="127.0.0.1",
            host="localhost",
        )
        shape = OPERATIONS[operation][0]
        method = getattr(self.api, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
        answer = await method(context, msgspec.json.decode(msgspec.json.encode(request), type=shape))
        body = answer.body if isinstance(answer, Encoded) else msgspec.json.encode(answer)
        decoded: dict[str, Any] = msgspec.json.decode(body)
        return decoded

    async def error(self, operation: str, /, **request: Any) -> str:
        """The error of a call that must fail: `Code: message`."""
        with pytest.raises(ServiceError) as caught:
            await self.call(operation, **request)
        return f"{caught.value.error_code}: {caught.value.message}"

    async def settle(self) -> None:
        """Let everything be done that operations left for later and that is due."""
        outbox = Outbox(self.store, self.clock)
        outbox.subscribe(TOPIC, TableWork(store=self.store).deliver)
        running = asyncio.create_task(outbox.run())
        async with asyncio.timeout(SETTLES_WITHIN_S):
            while await self._due():
                await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def _due(self) -> bool:
        queue = waiting(TOPIC)
        end = queue.pack(microseconds(self.clock.now()) + 1)
        return bool(await self.store.snapshot().range(queue.pack(), end, limit=1))

    async def table(self, name: str = "notes", *, sort: str | None = None, kind: str = "S") -> str:
        """A table with the partition key `pk` (a string) and perhaps the sort key `sk`."""
        keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
        definitions = [{"AttributeName": "pk", "AttributeType": kind if sort is None else "S"}]
        if sort is not None:
            keys.append({"AttributeName": "sk", "KeyType": "RANGE"})
            definitions.append({"AttributeName": "sk", "AttributeType": sort})
        await self.call(
            "CreateTable",
            TableName=name,
            KeySchema=keys,
            AttributeDefinitions=definitions,
            BillingMode="PAY_PER_REQUEST",
        )
        return name


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def dynamo(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Dynamo]:
    store = open_store(tmp_path, clock=clock)
    yield Dynamo(store, clock=clock)
    await store.close()
