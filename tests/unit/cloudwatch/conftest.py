"""CloudWatch without a wire: operations called with what the wire would decode, on a real store."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.seam import Transaction
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.cloudwatch.alarms.actions import AlarmActions
from pileus.services.cloudwatch.alarms.events import AlarmEvents
from pileus.services.cloudwatch.alarms.transitions import TOPIC
from pileus.services.cloudwatch.alarms.worker import AlarmWatch
from pileus.services.cloudwatch.api import CloudWatchApi
from pileus.services.cloudwatch.reading import Reader
from pileus.services.cloudwatch.shapes import OPERATIONS
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
NOON: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
SETTLES_WITHIN_S: Final = 10.0


class Functions:
    """A Lambda that keeps what it gets, or refuses all."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, Any]] = []
        self.refuses: ServiceError | None = None

    async def invoke_event(
        self, *, function_arn: str, payload: bytes, service_principal: str, source_arn: str, source_account: str = ""
    ) -> str:
        assert service_principal == "lambda.alarms.cloudwatch.amazonaws.com"
        assert source_account == ACCOUNT
        if self.refuses is not None:
            raise self.refuses
        self.invoked.append((function_arn, msgspec.json.decode(payload)))
        return "request"


class Bus:
    """An event bus that keeps what it hears: kind and detail, and who it is about."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.resources: list[tuple[str, ...]] = []

    async def put(
        self,
        tx: Transaction,
        *,
        account_id: str,
        region: str,
        source: str,
        detail_type: str,
        detail: str,
        resources: tuple[str, ...],
        at_s: float,
    ) -> None:
        assert (account_id, region, source) == (ACCOUNT, "us-east-1", "aws.cloudwatch")
        self.heard.append((detail_type, msgspec.json.decode(detail)))
        self.resources.append(resources)


class CloudWatch:
    """Calls operations by AWS's names, JSON in and JSON out."""

    def __init__(self, store: SqliteStore, clock: JumpingClock) -> None:
        ids = SeededIds()
        self.clock = clock
        self.store = store
        self.metrics = Metrics(store, clock)
        self.bus = Bus()
        self.api = CloudWatchApi(store=store, metrics=self.metrics, clock=clock, ids=ids, bus=self.bus)
        reader, events = Reader(self.metrics, clock), AlarmEvents(self.bus, ids)
        self.watch = AlarmWatch(store=store, reader=reader, clock=clock, ids=ids, events=events)
        self.functions = Functions()
        self.outbox = Outbox(store, clock)
        self.outbox.subscribe(TOPIC, AlarmActions(store=store, clock=clock, functions=self.functions).deliver)

    async def call(self, operation: str, /, region: str = "us-east-1", **request: Any) -> dict[str, Any]:
        context = RequestContext(
            service="cloudwatch",
            operation=operation,
            request_id="request",
            account_id=ACCOUNT,
            region=region,
            principal=Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT),
            source_ip="127.0.0.1",
            host="localhost",
        )
        method = getattr(self.api, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
        answer = await method(context, msgspec.convert(request, OPERATIONS[operation][0], strict=False))
        return {} if answer is None else msgspec.to_builtins(answer, builtin_types=(datetime,))

    async def error(self, operation: str, /, **request: Any) -> str:
        """The error of a call that must fail: `Code: message`."""
        with pytest.raises(ServiceError) as caught:
            await self.call(operation, **request)
        return f"{caught.value.error_code}: {caught.value.message}"

    async def put(self, name: str = "m", *values: float, at: datetime | None = None, **more: Any) -> None:
        """Values of a metric of the namespace Mine."""
        datum = {"MetricName": name, "Values": list(values), **more}
        if at is not None:
            datum["Timestamp"] = at
        await self.call("PutMetricData", Namespace="Mine", MetricData=[datum])

    async def data(self, *queries: dict[str, Any], minutes: int = 10, **more: Any) -> dict[str, Any]:
        """GetMetricData of the minutes from noon, the earliest first."""
        return await self.call(
            "GetMetricData",
            MetricDataQueries=list(queries),
            StartTime=NOON,
            EndTime=NOON + timedelta(minutes=minutes),
            **{"ScanBy": "TimestampAscending", **more},
        )

    async def values(self, *queries: dict[str, Any], minutes: int = 10) -> list[list[float]]:
        answer = await self.data(*queries, minutes=minutes)
        return [result["Values"] for result in answer["MetricDataResults"]]

    async def states(self) -> dict[str, str]:
        answer = await self.call("DescribeAlarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return {
            alarm["AlarmName"]: alarm["StateValue"] for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"])
        }

    async def pass_time(self, duration: timedelta) -> None:
        """And look at alarms then."""
        self.clock.jump(duration)
        await self.watch.look()

    async def settle(self, done: int) -> None:
        """Return once so many actions have been told in the history."""
        task = asyncio.create_task(self.outbox.run())
        try:
            async with asyncio.timeout(SETTLES_WITHIN_S):
                while len(await self.actions()) < done:
                    await asyncio.sleep(0.001)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def actions(self) -> list[str]:
        answer = await self.call(
            "DescribeAlarmHistory",
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            HistoryItemType="Action",
            ScanBy="TimestampAscending",
        )
        return [item["HistorySummary"] for item in answer["AlarmHistoryItems"]]


@pytest.fixture
async def cloudwatch(tmp_path: Path) -> AsyncIterator[CloudWatch]:
    clock = JumpingClock(NOON)
    store = open_store(tmp_path, clock=clock)
    yield CloudWatch(store, clock)
    await store.close()


def stat(query_id: str, name: str = "m", *, stat: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
    """A query for a metric of the namespace Mine."""
    metric = {"Namespace": "Mine", "MetricName": name, "Dimensions": more.pop("dimensions", [])}
    unit = {"Unit": more.pop("unit")} if "unit" in more else {}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat, **unit}, **more}
