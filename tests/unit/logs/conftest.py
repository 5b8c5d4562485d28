"""A Logs API over a real store and a clock that only the test moves."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.ids import SeededIds
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Metric
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.logs.api import LogsApi
from pileus.services.logs.shapes import (
    CreateLogGroupRequest,
    CreateLogStreamRequest,
    FilterLogEventsRequest,
    FilterLogEventsResponse,
    GetLogEventsRequest,
    GetLogEventsResponse,
    InputLogEvent,
    PutLogEventsRequest,
    PutLogEventsResponse,
)
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
NOW: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
NOW_MS: Final = int(NOW.timestamp() * 1000)


def context(*, account_id: str = ACCOUNT, region: str = "us-east-1") -> RequestContext:
    return RequestContext(
        service="logs",
        operation="PutLogEvents",
        request_id="request-1",
        account_id=account_id,
        region=region,
        principal=Principal(account_id=account_id, arn=f"arn:aws:iam::{account_id}:root", user_id=account_id),
        source_ip="127.0.0.1",
        host="localhost:4566",
    )


class Logs:
    """The API, in few words."""

    def __init__(self, store: SqliteStore, clock: JumpingClock) -> None:
        self.store = store
        self.metrics = Metrics(store, clock)
        self.api = LogsApi(store=store, clock=clock, ids=SeededIds(), metrics=self.metrics)

    async def create(self, *streams: str, group: str = "g") -> None:
        await self.api.create_log_group(context(), CreateLogGroupRequest(log_group_name=group))
        for stream in streams:
            await self.create_stream(stream, group=group)

    async def create_stream(self, stream: str, *, group: str = "g") -> None:
        request = CreateLogStreamRequest(log_group_name=group, log_stream_name=stream)
        await self.api.create_log_stream(context(), request)

    async def put(self, stream: str, *events: tuple[int, str], group: str = "g") -> PutLogEventsResponse:
        """events: milliseconds after `NOW_MS`, and the message."""
        request = PutLogEventsRequest(
            log_group_name=group,
            log_stream_name=stream,
            log_events=[InputLogEvent(timestamp=NOW_MS + after_ms, message=message) for after_ms, message in events],
        )
        return await self.api.put_log_events(context(), request)

    async def get(self, stream: str, *, group: str = "g", **members: Any) -> GetLogEventsResponse:
        request = GetLogEventsRequest(log_group_name=group, log_stream_name=stream, **members)
        return await self.api.get_log_events(context(), request)

    async def filter(self, *, group: str = "g", **members: Any) -> FilterLogEventsResponse:
        return await self.api.filter_log_events(context(), FilterLogEventsRequest(log_group_name=group, **members))

    async def counted(
        self, metric: str, *, namespace: str = "app", **dimensions: str
    ) -> list[tuple[int, float, float, str]]:
        """What a metric has, around now: minutes after `NOW`, sum, samples, unit."""
        found = await self.metrics.read(
            Metric(
                account_id=ACCOUNT,
                region="us-east-1",
                namespace=namespace,
                name=metric,
                dimensions=tuple(dimensions.items()),
            ),
            start=NOW - timedelta(hours=1),
            end=NOW + timedelta(hours=1),
            period=timedelta(minutes=1),
        )
        return [
            ((one.at - NOW) // timedelta(minutes=1), one.statistics.sum, one.statistics.samples, one.unit)
            for one in found
        ]


def messages(answer: GetLogEventsResponse | FilterLogEventsResponse) -> list[str | None]:
    found: Iterable[Any] = answer.events or ()
    return [event.message for event in found]


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(NOW)


@pytest.fixture
async def logs(tmp_path: Path, clock: JumpingClock) -> AsyncIterator[Logs]:
    store = open_store(tmp_path, clock=clock)
    yield Logs(store, clock)
    await store.close()
