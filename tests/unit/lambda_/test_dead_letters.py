"""Functions whose failed events go to a queue or topic: what may be named, and what the role must be allowed."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import pytest

from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import open_store
from pileus.services.lambda_ import shapes
from pileus.services.lambda_.api import LambdaApi
from pileus.services.lambda_.destinations import TargetMessage
from pileus.services.lambda_.errors import InvalidParameterValueException
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import NotingEnvironments, context, creation

QUEUE: Final = "arn:aws:sqs:us-east-1:111111111111:dead"
TOPIC: Final = "arn:aws:sns:us-east-1:111111111111:dead"


class Targets:
    """Queues and topics."""

    def takes(self, target_arn: str) -> bool:
        return ":sqs:" in target_arn or ":sns:" in target_arn

    async def exists(self, target_arn: str) -> bool:
        return not target_arn.endswith(":nowhere")

    async def send(self, message: TargetMessage) -> None:
        raise AssertionError("nothing fails here")


class Roles:
    """May do what is in `allowed`."""

    def __init__(self) -> None:
        self.may: set[tuple[str, str]] = set()

    async def allowed(
        self, *, role_arn: str, action: str, resource: str, region: str, conditions: Mapping[str, str] | None = None
    ) -> bool:
        return (action, resource) in self.may


class Functions:
    def __init__(self, api: LambdaApi, roles: Roles) -> None:
        self.api = api
        self.roles = roles

    async def create(self, arn: str, name: str = "f") -> shapes.FunctionConfiguration:
        config = shapes.DeadLetterConfig(target_arn=arn)
        return await self.api.create_function(
            context(), msgspec.structs.replace(creation(name), dead_letter_config=config)
        )

    async def update(self, config: shapes.DeadLetterConfig | None) -> str | None:
        """What the function has afterwards."""
        request = shapes.UpdateFunctionConfigurationRequest(function_name="f", dead_letter_config=config)
        changed = await self.api.update_function_configuration(context(), request)
        return None if changed.dead_letter_config is None else changed.dead_letter_config.target_arn


@pytest.fixture
async def functions(tmp_path: Path) -> AsyncIterator[Functions]:
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    roles = Roles()
    api = LambdaApi(
        store=store,
        blobs=LocalBlobs(tmp_path / "blobs"),
        pool=NotingEnvironments(),
        clock=clock,
        ids=SeededIds(),
        data_dir=tmp_path,
        targets=Targets(),
        roles=roles,
    )
    yield Functions(api, roles)
    await store.close()


async def test_given_kept_and_taken_away(functions: Functions) -> None:
    """An empty DeadLetterConfig changes nothing: recording lambda_destinations, test_dead_letter_queue."""
    functions.roles.may = {("sqs:SendMessage", QUEUE), ("sns:Publish", TOPIC)}
    made = await functions.create(QUEUE)
    assert made.dead_letter_config == shapes.DeadLetterConfig(target_arn=QUEUE)
    assert await functions.update(None) == QUEUE
    assert await functions.update(shapes.DeadLetterConfig()) == QUEUE
    assert await functions.update(shapes.DeadLetterConfig(target_arn=TOPIC)) == TOPIC
    assert await functions.update(shapes.DeadLetterConfig(target_arn="")) is None


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (QUEUE, "The provided execution role does not have permissions to call SendMessage on SQS"),
        (TOPIC, "The provided execution role does not have permissions to call Publish on SNS"),
    ],
)
async def test_the_role_must_be_allowed_to_send(functions: Functions, arn: str, said: str) -> None:
    """When it is given, and when another role or target is."""
    with pytest.raises(InvalidParameterValueException) as caught:
        await functions.create(arn)
    assert caught.value.message == said
    await functions.create("", "f")
    with pytest.raises(InvalidParameterValueException) as caught:
        await functions.update(shapes.DeadLetterConfig(target_arn=arn))
    assert caught.value.message == said
    functions.roles.may = {("sqs:SendMessage", QUEUE), ("sns:Publish", TOPIC)}
    await functions.update(shapes.DeadLetterConfig(target_arn=arn))
    functions.roles.may.clear()
    other = shapes.UpdateFunctionConfigurationRequest(
        function_name="f", role="arn:aws:iam::111111111111:role/service-role/other"
    )
    with pytest.raises(InvalidParameterValueException) as caught:
        await functions.api.update_function_configuration(context(), other)
    assert caught.value.message == said


async def test_only_queues_and_topics(functions: Functions) -> None:
    """Source: API_DeadLetterConfig."""
    with pytest.raises(InvalidParameterValueException, match="Invalid dead letter queue ARN"):
        await functions.create("arn:aws:lambda:us-east-1:111111111111:function:g")


async def test_destinations_ask_the_role_too(functions: Functions) -> None:
    """In the words that Terraform waits for."""
    await functions.create("")
    config = shapes.DestinationConfig(on_failure=shapes.OnFailure(destination=TOPIC))
    request = shapes.PutFunctionEventInvokeConfigRequest(function_name="f", destination_config=config)
    with pytest.raises(InvalidParameterValueException) as caught:
        await functions.api.put_function_event_invoke_config(context(), request)
    assert caught.value.message == (
        f"The function's execution role does not have permissions to call Publish on {TOPIC}"
    )
    functions.roles.may = {("sns:Publish", TOPIC)}
    put = await functions.api.put_function_event_invoke_config(context(), request)
    assert put.destination_config is not None
    assert put.destination_config.on_failure == shapes.OnFailure(destination=TOPIC)
    nowhere = f"{QUEUE.rpartition(':')[0]}:nowhere"
    functions.roles.may.add(("sqs:SendMessage", nowhere))
    absent = shapes.DestinationConfig(on_failure=shapes.OnFailure(destination=nowhere))
    with pytest.raises(InvalidParameterValueException) as caught:
        await functions.api.put_function_event_invoke_config(
            context(), msgspec.structs.replace(request, destination_config=absent)
        )
    assert caught.value.message == f"The destination ARN {nowhere} is invalid."
    bus = shapes.DestinationConfig(
        on_success=shapes.OnSuccess(destination="arn:aws:events:us-east-1:111111111111:event-bus/b")
    )
    with pytest.raises(NotImplementedByPileus):
        await functions.api.update_function_event_invoke_config(
            context(), shapes.UpdateFunctionEventInvokeConfigRequest(function_name="f", destination_config=bus)
        )
