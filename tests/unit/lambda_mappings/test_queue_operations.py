"""The operations on mappings of queues: what they keep, what they refuse, in AWS's words."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.lambda_.api import LambdaApi
from pileus.services.lambda_.errors import InvalidParameterValueException, ResourceConflictException
from pileus.services.lambda_.mappings.queues import QueueFacts, QueueGone, QueueMessage
from pileus.services.lambda_.shapes import (
    CreateEventSourceMappingRequest,
    DestinationConfig,
    EventSourceMappingConfiguration,
    EventSourceMappingMetricsConfig,
    Filter,
    FilterCriteria,
    GetEventSourceMappingRequest,
    OnFailure,
    ProvisionedPollerConfig,
    PublishVersionRequest,
    ScalingConfig,
    UpdateEventSourceMappingRequest,
)
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import NotingEnvironments, context, creation
from tests.unit.lambda_mappings.test_operations import Roles, Targets

QUEUE: Final = "arn:aws:sqs:us-east-1:111111111111:q"
FIFO: Final = f"{QUEUE}.fifo"
SHORT: Final = "arn:aws:sqs:us-east-1:111111111111:short"
_FACTS: Final = {QUEUE: QueueFacts(False, 30), FIFO: QueueFacts(True, 30), SHORT: QueueFacts(False, 2)}
_WINDOW_NEEDED: Final = (
    "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
)


class Sources:
    """Three queues in which nothing ever is."""

    async def facts(self, arn: str) -> QueueFacts:
        if arn not in _FACTS:
            raise QueueGone(arn)
        return _FACTS[arn]

    async def receive(
        self, arn: str, *, max_messages: int, wait_s: float, wanted: Callable[[], bool]
    ) -> Sequence[QueueMessage]:
        raise AssertionError("nothing is polled here")

    async def hide(self, arn: str, handles: Sequence[str], *, for_s: int) -> None:
        raise AssertionError("nothing is received here")

    async def delete(self, arn: str, handles: Sequence[str]) -> None:
        raise AssertionError("nothing is received here")


class Mappings:
    def __init__(self, store: SqliteStore, clock: JumpingClock, folder: Path) -> None:
        self.roles = Roles()
        self.api = LambdaApi(
            store=store,
            blobs=LocalBlobs(folder / "blobs"),
            pool=NotingEnvironments(),
            clock=clock,
            ids=SeededIds(),
            data_dir=folder,
            targets=Targets(),
            roles=self.roles,
            queues={"sqs": Sources()},
        )

    async def create(self, arn: str = QUEUE, name: str = "f", **members: Any) -> EventSourceMappingConfiguration:
        request = CreateEventSourceMappingRequest(function_name=name, event_source_arn=arn, **members)
        return await self.api.create_event_source_mapping(context(), request)

    async def update(self, made: EventSourceMappingConfiguration, **members: Any) -> EventSourceMappingConfiguration:
        assert made.uuid is not None
        request = UpdateEventSourceMappingRequest(uuid=made.uuid, **members)
        await self.api.update_event_source_mapping(context(), request)
        return await self.api.get_event_source_mapping(context(), GetEventSourceMappingRequest(uuid=made.uuid))


@pytest.fixture
async def mappings(tmp_path: Path) -> AsyncIterator[Mappings]:
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    found = Mappings(store, clock, tmp_path)
    for name in ("f", "g"):
        await found.api.create_function(context(), creation(name))
    yield found
    await store.close()


async def test_a_mapping_as_it_is_told(mappings: Mappings) -> None:
    """Recording lambda_integration_sqs, test_event_source_mapping_default_batch_size: nothing of streams is said."""
    made = await mappings.create()
    assert made == EventSourceMappingConfiguration(
        uuid=made.uuid,
        batch_size=10,
        maximum_batching_window_in_seconds=0,
        event_source_arn=QUEUE,
        function_arn="arn:aws:lambda:us-east-1:111111111111:function:f",
        last_modified=made.last_modified,
        state="Creating",
        state_transition_reason="USER_INITIATED",
        function_response_types=[],
        event_source_mapping_arn=f"arn:aws:lambda:us-east-1:111111111111:event-source-mapping:{made.uuid}",
    )
    assert (await mappings.update(made)).state == "Enabled"
    assert (await mappings.update(made, enabled=False)).state == "Disabled"
    assert (await mappings.create(name="g", enabled=False)).state == "Disabled"


async def test_what_can_be_said_of_a_queue(mappings: Mappings) -> None:
    """And taken back."""
    filters = FilterCriteria(filters=[Filter(pattern='{"body": {"a": [1]}}')])
    made = await mappings.create(
        batch_size=10_000,
        maximum_batching_window_in_seconds=300,
        filter_criteria=filters,
        function_response_types=["ReportBatchItemFailures"],
        scaling_config=ScalingConfig(maximum_concurrency=2),
        metrics_config=EventSourceMappingMetricsConfig(metrics=["EventCount"]),
    )
    assert (made.batch_size, made.maximum_batching_window_in_seconds) == (10_000, 300)
    assert made.filter_criteria == filters
    assert made.scaling_config == ScalingConfig(maximum_concurrency=2)
    assert made.function_response_types == ["ReportBatchItemFailures"]
    assert made.metrics_config == EventSourceMappingMetricsConfig(metrics=["EventCount"])
    changed = await mappings.update(
        made,
        scaling_config=ScalingConfig(),
        filter_criteria=FilterCriteria(),
        function_response_types=[],
        metrics_config=EventSourceMappingMetricsConfig(metrics=[]),
    )
    assert (changed.scaling_config, changed.filter_criteria, changed.metrics_config) == (None, None, None)
    assert changed.function_response_types == []


@pytest.mark.parametrize(
    ("arn", "members", "said"),
    [
        (QUEUE, {"batch_size": 11}, _WINDOW_NEEDED),
        (FIFO, {"batch_size": 11}, "Maximum batch size must be between 1 and 10 inclusive"),
        (FIFO, {"maximum_batching_window_in_seconds": 1}, "Batching window is not supported for FIFO queues"),
        (SHORT, {}, "Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds"),
        (QUEUE, {"starting_position": "LATEST"}, "StartingPosition is not valid for SQS event sources."),
        (
            QUEUE,
            {"destination_config": DestinationConfig(on_failure=OnFailure(destination=QUEUE))},
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        ),
        (
            QUEUE,
            {"parallelization_factor": 2},
            "Unsupported ParallelizationFactor parameter for given event source mapping type.",
        ),
        (
            QUEUE,
            {"filter_criteria": FilterCriteria(filters=[Filter(pattern="x")])},
            "Invalid filter pattern definition.",
        ),
        (
            f"{QUEUE}2",
            {},
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist.",
        ),
    ],
)
async def test_refusals(mappings: Mappings, arn: str, members: dict[str, Any], said: str) -> None:
    """The texts of the recordings, or of people's reports."""
    with pytest.raises(InvalidParameterValueException) as caught:
        await mappings.create(arn, **members)
    assert caught.value.message == said


async def test_what_is_not_built_says_so(mappings: Mappings) -> None:
    """Rather than nothing."""
    with pytest.raises(NotImplementedByPileus):
        await mappings.create(provisioned_poller_config=ProvisionedPollerConfig(minimum_pollers=2))
    with pytest.raises(NotImplementedByPileus):
        await mappings.create(metrics_config=EventSourceMappingMetricsConfig(metrics=["KafkaMetrics"]))


async def test_updates_are_checked_as_they_will_be(mappings: Mappings) -> None:
    """Recording test_event_source_mapping_default_batch_size: of two settings, the other may be the old one."""
    made = await mappings.create()
    with pytest.raises(InvalidParameterValueException) as caught:
        await mappings.update(made, batch_size=11)
    assert caught.value.message == _WINDOW_NEEDED
    assert (await mappings.update(made, batch_size=11, maximum_batching_window_in_seconds=1)).batch_size == 11
    with pytest.raises(InvalidParameterValueException):
        await mappings.update(made, maximum_batching_window_in_seconds=0)


async def test_one_mapping_for_a_queue_and_a_function(mappings: Mappings) -> None:
    """Recording test_duplicate_event_source_mappings. Another function may have the same queue."""
    made = await mappings.create()
    with pytest.raises(ResourceConflictException) as caught:
        await mappings.create()
    assert caught.value.message == (
        f'An event source mapping with SQS arn (" {QUEUE} ") and function (" f ") already exists. '
        f"Please update or delete the existing mapping with UUID {made.uuid}"
    )
    other = await mappings.create(name="g")
    with pytest.raises(ResourceConflictException):
        await mappings.update(other, function_name="f")
    assert (await mappings.update(other, function_name="g")).uuid == other.uuid


@pytest.mark.parametrize(
    ("name", "qualifier"),
    [
        ("f", ""),
        ("111111111111:function:f:$LATEST", ":$LATEST"),
        ("111111111111:function:f:1", ":1"),
        ("arn:aws:lambda:us-east-1:111111111111:function:f:$LATEST", ""),
        ("arn:aws:lambda:us-east-1:111111111111:function:f:1", ":1"),
    ],
)
async def test_the_name_decides_about_the_qualifier(mappings: Mappings, name: str, qualifier: str) -> None:
    """Recording lambda_api, test_function_name_variations."""
    await mappings.api.publish_version(context(), PublishVersionRequest(function_name="f"))
    made = await mappings.create(name=name)
    assert made.function_arn == f"arn:aws:lambda:us-east-1:111111111111:function:f{qualifier}"


@pytest.mark.parametrize("action", ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"])
async def test_the_role_must_be_allowed(mappings: Mappings, action: str) -> None:
    """Each of the three, before anything is said about the queue."""
    mappings.roles.refused = f"sqs:{action}"
    with pytest.raises(ServiceError) as caught:
        await mappings.create(f"{QUEUE}2")
    assert caught.value.message == f"The provided execution role does not have permissions to call {action} on SQS"
