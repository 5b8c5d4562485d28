"""What does AWS charge for topics? Publishing by the request, FIFO topics by size, too; queues get theirs for nothing.

Source: Amazon SNS pricing.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from pileus.kernel.ids import SeededIds
from pileus.kernel.metrics import metering
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import BYTES_PER_GB, NAMESPACE, amounts
from pileus.services.sns.api import SnsApi
from pileus.services.sns.shapes import (
    CreatePlatformApplicationInput,
    CreatePlatformEndpointInput,
    PublishBatchInput,
    PublishBatchRequestEntry,
    PublishInput,
)
from tests.unit.sns.harness import NOW, SECRET, Topics, context, topics

KB: Final = 1024
KINDS: Final = [
    (NAMESPACE, what)
    for what in (
        metering.TOPIC_REQUESTS,
        metering.FIFO_TOPIC_REQUESTS,
        metering.FIFO_TOPIC_GB,
        metering.FIFO_DELIVERIES,
        metering.FIFO_DELIVERIES_GB,
        metering.HTTP_DELIVERIES,
        metering.MAIL_DELIVERIES,
        metering.PUSH_DELIVERIES,
    )
]


class Counted:
    """Topics, and what they use."""

    def __init__(self, at_work: Topics) -> None:
        self.topics = at_work
        self.metrics = Metrics(at_work.store, at_work.clock)
        at_work.api = SnsApi(
            store=at_work.store,
            clock=at_work.clock,
            ids=SeededIds(),
            secret=SECRET,
            metrics=self.metrics,
            queues=at_work.queues,
            signing_bits=1024,
        )

    async def used(self) -> dict[tuple[str, str], float]:
        """By kind and topic."""
        start = NOW.replace(hour=0)
        found = await amounts(self.metrics, KINDS, start=start, end=start + timedelta(days=1))
        return {(metric.name, dict(metric.dimensions)["TopicName"]): amount for metric, amount in found.items()}


@pytest.fixture
async def counted(tmp_path: Path) -> AsyncIterator[Counted]:
    async with topics(tmp_path) as at_work:
        yield Counted(at_work)


async def test_a_standard_topic_costs_by_request(counted: Counted) -> None:
    """One for each 64 KB, of a batch together; deliveries to queues cost nothing."""
    topic = await counted.topics.create()
    await counted.topics.subscribe(topic, "q")
    await counted.topics.publish(topic, "a" * 64 * KB)
    await counted.topics.publish(topic, "a" * (64 * KB + 1))
    entries = [PublishBatchRequestEntry(id=f"{number}", message="a" * 20 * KB) for number in range(10)]
    await counted.topics.api.publish_batch(
        context("PublishBatch"), PublishBatchInput(topic_arn=topic, publish_batch_request_entries=entries)
    )
    assert await counted.used() == {(metering.TOPIC_REQUESTS, "t"): 1 + 2 + 4}


async def test_a_fifo_topic_costs_by_request_and_size(counted: Counted) -> None:
    """A duplicate is a request, and delivered to nobody; each subscription gets, and pays for, its own copy."""
    topic = await counted.topics.create("t.fifo", ContentBasedDeduplication="true")
    for queue in ("a.fifo", "b.fifo"):
        await counted.topics.subscribe(topic, queue, RawMessageDelivery="true")
    for _ in range(2):
        await counted.topics.publish(topic, "a" * 100 * KB, message_group_id="g")
    size = 100 * KB / BYTES_PER_GB
    assert await counted.used() == {
        (metering.FIFO_TOPIC_REQUESTS, "t.fifo"): 2,
        (metering.FIFO_TOPIC_GB, "t.fifo"): pytest.approx(2 * size),
        (metering.FIFO_DELIVERIES, "t.fifo"): 2,
        (metering.FIFO_DELIVERIES_GB, "t.fifo"): pytest.approx(2 * size),
    }


async def test_services_publish_as_anybody(counted: Counted) -> None:
    """Alarms and destinations are publishers whose requests the topic's owner pays."""
    topic = await counted.topics.create()
    await counted.topics.api.publisher.publish_alone(topic, "m", call=None)
    assert await counted.used() == {(metering.TOPIC_REQUESTS, "t"): 1}


async def test_a_device_is_published_to_and_reached(counted: Counted) -> None:
    """Both have a price; phones, whose prices differ by country, are not on the bill."""
    api = counted.topics.api
    made = await api.create_platform_application(
        context("CreatePlatformApplication"),
        CreatePlatformApplicationInput(name="app", platform="GCM", attributes={"PlatformCredential": "secret"}),
    )
    endpoint = await api.create_platform_endpoint(
        context("CreatePlatformEndpoint"),
        CreatePlatformEndpointInput(platform_application_arn=made.platform_application_arn or "", token="token"),
    )
    await api.publish(context(), PublishInput(target_arn=endpoint.endpoint_arn, message="m"))
    await api.publish(context(), PublishInput(phone_number="+15551234567", message="m"))
    assert await counted.used() == {
        (metering.TOPIC_REQUESTS, "app/GCM/app"): 1,
        (metering.PUSH_DELIVERIES, "app/GCM/app"): 1,
    }
