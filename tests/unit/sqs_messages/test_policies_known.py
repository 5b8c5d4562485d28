"""Requests for one's own queues are not held up by policies that no queue has."""

import json

from pileus.services.sqs.permissions import QueueResources
from pileus.services.sqs.shapes import DeleteQueueRequest
from tests.unit.sqs_messages.queues import Queues, arn, context, url


async def test_policies_are_looked_for_while_there_are_some(queues: Queues) -> None:
    """From the first on, given by whomever; not after the last has gone, with its queue too."""
    resources = QueueResources(queues.store)
    await queues.create()
    assert _eager(resources)
    known = await resources.find(context(), arn("q"))
    assert known is not None
    assert known.policy is None
    assert not _eager(resources)
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn("q")}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for name in ("q", "other"):
        if name == "other":
            await queues.create(name)
        await queues.set(name, Policy=policy)
    await queues.store.durable()
    assert _eager(resources)
    known = await resources.find(context(), arn("q"))
    assert known is not None
    assert known.policy is not None
    assert _eager(resources)
    await queues.set(Policy="")
    await queues.store.durable()
    await resources.find(context(), arn("q"))
    assert _eager(resources)
    await queues.api.delete_queue(context(), DeleteQueueRequest(queue_url=url("other")))
    await queues.store.durable()
    await resources.find(context(), arn("q"))
    assert not _eager(resources)
    assert await resources.find(context(), arn("other")) is None


def _eager(resources: QueueResources) -> bool:
    """It changes between two looks, which a type checker does not expect of an attribute."""
    return resources.eager
