"""The operations on mappings: what they keep, what they refuse, whom they show."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.lambda_.api import LambdaApi
from pileus.services.lambda_.destinations import TargetMessage
from pileus.services.lambda_.errors import InvalidParameterValueException, ResourceConflictException
from pileus.services.lambda_.shapes import (
    CreateAliasRequest,
    CreateEventSourceMappingRequest,
    DeleteEventSourceMappingRequest,
    DestinationConfig,
    EventSourceMappingConfiguration,
    Filter,
    FilterCriteria,
    GetEventSourceMappingRequest,
    ListEventSourceMappingsRequest,
    OnFailure,
    OnSuccess,
    UpdateEventSourceMappingRequest,
)
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import NotingEnvironments, context, creation
from tests.unit.lambda_mappings.conftest import ARN, Stream

QUEUE = "arn:aws:sqs:us-east-1:111111111111:dead"


class Targets:
    kinds: tuple[str, ...] = (":sqs:",)

    def takes(self, target_arn: str) -> bool:
        return any(kind in target_arn for kind in self.kinds)

    async def exists(self, target_arn: str) -> bool:
        return not target_arn.endswith(":nowhere")

    async def send(self, message: TargetMessage) -> None:
        raise AssertionError("nothing is sent here")


class Roles:
    """May do all but what is in `refused`."""

    refused: str = ""

    async def allowed(
        self, *, role_arn: str, action: str, resource: str, region: str, conditions: Mapping[str, str] | None = None
    ) -> bool:
        return action != self.refused


class Mappings:
    """An API with two functions and a stream."""

    def __init__(self, store: SqliteStore, clock: JumpingClock, folder: Path) -> None:
        self.stream = Stream(store, clock)
        self.roles = Roles()
        self.targets = Targets()
        self.api = LambdaApi(
            store=store,
            blobs=LocalBlobs(folder / "blobs"),
            pool=NotingEnvironments(),
            clock=clock,
            ids=SeededIds(),
            data_dir=folder,
            targets=self.targets,
            roles=self.roles,
            sources={"dynamodb": self.stream},
        )

    async def create(self, name: str = "f", **members: Any) -> EventSourceMappingConfiguration:
        given: dict[str, Any] = {"function_name": name, "event_source_arn": ARN, "starting_position": "LATEST"}
        request = CreateEventSourceMappingRequest(**(given | members))
        return await self.api.create_event_source_mapping(context(), request)

    async def update(self, made: EventSourceMappingConfiguration, **members: Any) -> EventSourceMappingConfiguration:
        assert made.uuid is not None
        await self.api.update_event_source_mapping(
            context(), UpdateEventSourceMappingRequest(uuid=made.uuid, **members)
        )
        return await self.api.get_event_source_mapping(context(), GetEventSourceMappingRequest(uuid=made.uuid))

    async def list(self, **members: Any) -> list[str | None]:
        """UUIDs, of all pages."""
        found: list[str | None] = []
        marker = None
        while True:
            page = await self.api.list_event_source_mappings(
                context(), ListEventSourceMappingsRequest(marker=marker, **members)
            )
            found += [mapping.uuid for mapping in page.event_source_mappings or ()]
            marker = page.next_marker
            if marker is None:
                return found


@pytest.fixture
async def mappings(tmp_path: Path) -> AsyncIterator[Mappings]:
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    found = Mappings(store, clock, tmp_path)
    for name in ("f", "g"):
        await found.api.create_function(context(operation="CreateFunction"), creation(name))
    alias = CreateAliasRequest(function_name="f", name="live", function_version="$LATEST")
    await found.api.create_alias(context(operation="CreateAlias"), alias)
    yield found
    await store.close()


async def test_one_mapping_of_a_stream_and_a_qualified_function(mappings: Mappings) -> None:
    """An alias is another function in this; a deleted mapping makes room."""
    first = await mappings.create()
    await mappings.create("f:live")
    await mappings.create("g")
    with pytest.raises(ResourceConflictException, match=str(first.uuid)):
        await mappings.create()
    assert first.uuid is not None
    await mappings.api.delete_event_source_mapping(context(), DeleteEventSourceMappingRequest(uuid=first.uuid))
    await mappings.create()


@pytest.mark.parametrize("tags", [{str(number): "" for number in range(51)}, {"aws:a": ""}])
async def test_tags_that_a_mapping_cannot_have(mappings: Mappings, tags: dict[str, str]) -> None:
    """As a function: fifty, and none of AWS's own."""
    with pytest.raises(InvalidParameterValueException, match=r"tag limit|aws:"):
        await mappings.create(tags=tags)


async def test_lists_are_by_function_and_in_pages(mappings: Mappings) -> None:
    """As many as were made, each once, however small the pages are."""
    made = {name: (await mappings.create(name)).uuid for name in ("f", "f:live", "g")}
    assert sorted(map(str, await mappings.list(max_items=1))) == sorted(map(str, made.values()))
    assert await mappings.list(function_name="f:live") == [made["f:live"]]
    assert await mappings.list(function_name="nobody") == []
    assert len(await mappings.list(event_source_arn=ARN)) == 3
    assert await mappings.list(event_source_arn=f"{ARN}0") == []


async def test_updates_change_what_they_name(mappings: Mappings) -> None:
    """And nothing else; an empty list of filters takes them away, an empty destination too."""
    patterns = FilterCriteria(filters=[Filter(pattern='{"a":[1]}')])
    target = DestinationConfig(on_failure=OnFailure(destination=QUEUE))
    made = await mappings.create(filter_criteria=patterns, batch_size=7, destination_config=target)
    assert made.destination_config == target
    changed = await mappings.update(made, maximum_retry_attempts=3, function_name="g")
    assert (changed.batch_size, changed.maximum_retry_attempts, changed.filter_criteria) == (7, 3, patterns)
    assert str(changed.function_arn).endswith(":g")
    bare = DestinationConfig(on_failure=OnFailure(destination=""))
    changed = await mappings.update(made, filter_criteria=FilterCriteria(filters=[]), destination_config=bare)
    assert changed.filter_criteria is None
    assert changed.destination_config == DestinationConfig(on_failure=OnFailure())
    with pytest.raises(InvalidParameterValueException, match="Function does not exist"):
        await mappings.update(made, function_name="nobody")


async def test_destinations_that_cannot_be(mappings: Mappings) -> None:
    """Streams send to queues, topics and buckets, and only what failed; what is not built is refused, too."""
    function = "arn:aws:lambda:us-east-1:111111111111:function:g"
    for config in (
        DestinationConfig(on_failure=OnFailure(destination=function)),
        DestinationConfig(on_success=OnSuccess(destination=QUEUE)),
    ):
        with pytest.raises(InvalidParameterValueException, match="The provided destination config"):
            await mappings.create(destination_config=config)
    with pytest.raises(NotImplementedByPileus):
        await mappings.create(destination_config=DestinationConfig(on_failure=OnFailure(destination="arn:aws:s3:::b")))
    made = await mappings.create()
    with pytest.raises(NotImplementedByPileus):
        await mappings.update(
            made, destination_config=DestinationConfig(on_failure=OnFailure(destination="arn:aws:s3:::b"))
        )


@pytest.mark.parametrize(
    ("target", "lacks", "said"),
    [
        (QUEUE, "sqs:SendMessage", "SendMessage on SQS"),
        ("arn:aws:sns:us-east-1:111111111111:dead", "sns:Publish", "Publish on SNS"),
        ("arn:aws:s3:::dead", "s3:PutObject", "PutObject on S3"),
        ("arn:aws:s3:::dead", "s3:ListBucket", "ListBucket on S3"),
    ],
)
async def test_the_role_must_be_allowed_to_tell_of_failures(
    mappings: Mappings, target: str, lacks: str, said: str
) -> None:
    """Or a failed batch would be lost long after somebody could have been told."""
    config = DestinationConfig(on_failure=OnFailure(destination=target))
    mappings.targets.kinds = (":sqs:", ":sns:", ":s3:")
    mappings.roles.refused = lacks
    words = f"The provided execution role does not have permissions to call {said}"
    with pytest.raises(InvalidParameterValueException, match=f"^{words}$"):
        await mappings.create(destination_config=config)
    made = await mappings.create()
    with pytest.raises(InvalidParameterValueException, match=f"^{words}$"):
        await mappings.update(made, destination_config=config)
    mappings.roles.refused = ""
    assert (await mappings.update(made, destination_config=config)).destination_config == config
    mappings.roles.refused = lacks
    with pytest.raises(InvalidParameterValueException, match=f"^{words}$"):
        await mappings.update(made, function_name="g")
    await mappings.update(made, batch_size=3)


async def test_another_function_must_be_allowed_to_read(mappings: Mappings) -> None:
    """Also when a mapping is given to it later."""
    made = await mappings.create()
    mappings.roles.refused = "dynamodb:GetRecords"
    await mappings.update(made, batch_size=3)
    with pytest.raises(InvalidParameterValueException, match="Cannot access stream"):
        await mappings.update(made, function_name="g")
    with pytest.raises(InvalidParameterValueException, match="Cannot access stream"):
        await mappings.create("g")


async def test_sources_that_are_none(mappings: Mappings) -> None:
    """What AWS reads and we do not yet says so; everything else is no source."""
    for service in ("sqs", "kinesis", "kafka"):
        with pytest.raises(NotImplementedByPileus, match=service):
            await mappings.create(event_source_arn=f"arn:aws:{service}:us-east-1:111111111111:x")
    with pytest.raises(InvalidParameterValueException, match="Unrecognized event source"):
        await mappings.create(event_source_arn="arn:aws:s3:::bucket")
    await mappings.stream.end()
    with pytest.raises(InvalidParameterValueException, match=f"Stream not found: {ARN}"):
        await mappings.create()
