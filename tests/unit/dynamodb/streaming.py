"""Streams and expiry without a wire: tables that have them, and calls of the streams' operations."""

import re
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb.changes import ChangeLog
from pileus.services.dynamodb.metrics import DynamoDbMetrics
from pileus.services.dynamodb.shapes import StreamViewType
from pileus.services.dynamodb.store import TableDirectory, region_subspace, write_table
from pileus.services.dynamodb.streams import records
from pileus.services.dynamodb.streams.api import DynamoDbStreamsApi
from pileus.services.dynamodb.streams.retention import StreamRetention
from pileus.services.dynamodb.streams.shapes import OPERATIONS
from pileus.services.dynamodb.table_records import StreamReference, TableRecord, TtlSetting
from tests.unit.dynamodb.conftest import Dynamo

ACCOUNT, REGION = "000000000000", "us-east-1"
SUBSPACE = region_subspace(ACCOUNT, REGION)
HOUR = 3600


class Streams:
    """Calls operations by AWS's names, JSON in and JSON out."""

    def __init__(self, dynamo: Dynamo, *, metrics: DynamoDbMetrics | None = None) -> None:
        self.dynamo = dynamo
        self.store = dynamo.store
        self.clock = dynamo.clock
        self.api = DynamoDbStreamsApi(
            store=dynamo.store, clock=dynamo.clock, ids=SeededIds(), secret=b"s" * 32, metrics=metrics
        )
        self.retention = StreamRetention(store=dynamo.store, clock=dynamo.clock)

    async def call(
        self, operation: str, /, region: str = REGION, account_id: str = ACCOUNT, **request: Any
    ) -> dict[str, Any]:
        context = RequestContext(
            service="dynamodbstreams",
            operation=operation,
            request_id="request",
            account_id=account_id,
            region=region,
            principal=Principal(account_id=account_id, arn=f"arn:aws:iam::{account_id}:root", user_id=account_id),
            source_ip="127.0.0.1",
            host="localhost",
        )
        method = getattr(self.api, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
        answer = await method(context, msgspec.convert(request, OPERATIONS[operation][0]))
        body = answer.body if isinstance(answer, Encoded) else msgspec.json.encode(answer)
        decoded: dict[str, Any] = msgspec.json.decode(body)
        return decoded

    async def error(self, operation: str, /, **request: Any) -> str:
        """The error of a call that must fail: `Code: message`."""
        with pytest.raises(ServiceError) as caught:
            await self.call(operation, **request)
        return f"{caught.value.error_code}: {caught.value.message}"

    # What UpdateTable and DeleteTable do to streams.

    async def enable(self, table: str = "notes", *, view: StreamViewType = "NEW_AND_OLD_IMAGES") -> str:
        """A new stream of the table; gives its ARN."""
        now_s = self.clock.timestamp()

        async def enable(tx: Transaction) -> str:
            record = await self._record(tx, table)
            label = await records.free_label(tx, account_id=ACCOUNT, region_name=REGION, table=table, now_s=now_s)
            await records.open_stream(
                tx, SUBSPACE, record, account_id=ACCOUNT, region_name=REGION, label=label, view=view, now_s=now_s
            )
            write_table(tx, SUBSPACE, replace(record, stream=StreamReference(label=label, view=view)))
            return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/{label}"

        return await self.store.run(enable)

    async def disable(self, table: str = "notes") -> None:
        async def disable(tx: Transaction) -> None:
            record = await self._record(tx, table)
            await records.close_stream(
                tx, SUBSPACE, record, account_id=ACCOUNT, region_name=REGION, now_s=self.clock.timestamp()
            )
            write_table(tx, SUBSPACE, replace(record, stream=None))

        await self.store.run(disable)

    async def delete_table(self, table: str = "notes") -> None:
        await self.disable(table)
        await self.dynamo.call("DeleteTable", TableName=table)

    async def expire_by(self, attribute: str, table: str = "notes", *, enabled: bool = True) -> None:
        """What UpdateTimeToLive does to an empty table."""

        async def update(tx: Transaction) -> None:
            setting = TtlSetting(attribute=attribute, enabled=enabled, changed_at_s=0)
            write_table(tx, SUBSPACE, replace(await self._record(tx, table), ttl=setting))

        await self.store.run(update)

    async def _record(self, tx: Transaction, table: str) -> TableRecord:
        found = await TableDirectory().read_of(ACCOUNT, REGION, table, tx)
        assert found is not None
        return found.record

    async def log(self, table: str = "notes") -> ChangeLog:
        """Of a table that exists."""

        async def find(tx: Transaction) -> str:
            return (await self._record(tx, table)).id

        return ChangeLog(SUBSPACE, await self.store.run(find), None)

    # What tests look at.

    async def shards(self, arn: str) -> list[dict[str, Any]]:
        described = await self.call("DescribeStream", StreamArn=arn)
        shards: list[dict[str, Any]] = described["StreamDescription"]["Shards"]
        return shards

    async def iterator(self, arn: str, kind: str = "TRIM_HORIZON", *, shard: int = 0, **more: Any) -> str:
        shard_id = (await self.shards(arn))[shard]["ShardId"]
        answer = await self.call("GetShardIterator", StreamArn=arn, ShardId=shard_id, ShardIteratorType=kind, **more)
        iterator: str = answer["ShardIterator"]
        return iterator

    async def all_records(self, arn: str) -> list[dict[str, Any]]:
        """Of all shards, in order, read to their ends."""
        found: list[dict[str, Any]] = []
        for index in range(len(await self.shards(arn))):
            iterator: str | None = await self.iterator(arn, shard=index)
            while iterator is not None:
                page = await self.call("GetRecords", ShardIterator=iterator)
                found += page["Records"]
                iterator = page.get("NextShardIterator") if page["Records"] else None
        return found
