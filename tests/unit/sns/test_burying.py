"""What cannot be delivered is buried once, whoever is killed meanwhile."""

import json
from pathlib import Path

from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.emissions import EventRecord, waiting
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Event
from pileus.services.sns.deliveries.http import HttpCaller
from pileus.services.sns.deliveries.tasks import LAMBDA_TOPIC
from pileus.services.sns.deliveries.worker import Deliveries
from tests.unit.sns.harness import ACCOUNT, queue_arn, topics

FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:gone"


async def test_a_message_is_buried_together_with_its_delivery(tmp_path: Path) -> None:
    """A kill between the two would bring the delivery again, and the message into the dead-letter queue twice."""
    async with topics(tmp_path) as sns:
        topic = await sns.create()
        policy = json.dumps({"deadLetterTargetArn": queue_arn("dead")})
        await sns.subscribe(topic, FUNCTION, "lambda", RedrivePolicy=policy)
        await sns.publish(topic, "nobody takes it")
        [(key, value)] = await sns.store.snapshot().range(*waiting(LAMBDA_TOPIC).range())
        deliveries = Deliveries(
            store=sns.store,
            clock=sns.clock,
            signers=sns.api.signers,
            fanout=sns.api.fanout,
            metrics=sns.api.topic_metrics,
            http=HttpCaller(private_allowed=True),
        )
        event = Event(topic=LAMBDA_TOPIC, payload=decode(value, EventRecord).payload)
        await deliveries.to_function(Delivery(event=event, attempt=1, due=sns.clock.now(), id=1, key=key))
        assert len(sns.queues.bodies("dead")) == 1
        assert await sns.store.snapshot().range(*waiting(LAMBDA_TOPIC).range()) == []
