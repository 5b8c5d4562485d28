"""A large message is looked at beside the loop: whoever publishes one must not keep everybody else waiting."""

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.event_patterns import EventPattern
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.emissions import EventRecord, waiting
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Event
from pileus.services.sns.errors import ProtectionDenied
from pileus.services.sns.fanout import FANOUT_TOPIC
from pileus.services.sns.protection import findings
from pileus.services.sns.protection.identifiers import find_all
from pileus.services.sns.shapes import PublishBatchInput, PublishBatchRequestEntry, PutDataProtectionPolicyInput
from pileus.services.sns.views import SUBSCRIPTIONS_PER_PAGE
from tests.unit.sns.harness import Topics, context, numbers, topics

RECORDS = json.dumps({"records": [{"n": number} for number in range(2_000)]})
ONLY_SEVEN = json.dumps({"records": {"n": [7]}})
ONLY_NONE = json.dumps({"records": {"n": [-7]}})
ADDRESS = "arn:aws:dataprotection::aws:data-identifier/EmailAddress"
LETTER = "write to a@example.com " + "x" * 10_000


@pytest.fixture
async def sns(tmp_path: Path) -> AsyncIterator[Topics]:
    async with topics(tmp_path) as found:
        yield found
        await found.api.close()


@contextmanager
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Each look at a message's body: whether the loop made it."""
    found: list[bool] = []
    matches = EventPattern.matches
    loop = threading.get_ident()

    def matching(self: EventPattern, event: object) -> bool:
        found.append(threading.get_ident() == loop)
        return matches(self, event)

    def finding(text: str, names: tuple[str, ...]) -> Any:
        found.append(threading.get_ident() == loop)
        return find_all(text, names)

    with monkeypatch.context() as patched:
        patched.setattr(EventPattern, "matches", matching)
        patched.setattr(findings, "find_all", finding)
        yield found


async def protect(sns: Topics, topic: str, *statements: dict[str, Any]) -> None:
    policy = {
        "Name": "n",
        "Version": "2021-06-01",
        "Statement": [{"Principal": ["*"], "DataIdentifier": [ADDRESS], **each} for each in statements],
    }
    request = PutDataProtectionPolicyInput(resource_arn=topic, data_protection_policy=json.dumps(policy))
    await sns.api.put_data_protection_policy(context("PutDataProtectionPolicy"), request)


async def test_filters_look_at_a_large_body_beside_the_loop(sns: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each policy once, however many subscriptions have it; and what they say counts."""
    topic = await sns.create()
    for name, policy in (("seven", ONLY_SEVEN), ("none", ONLY_NONE), ("again", ONLY_SEVEN)):
        await sns.subscribe(
            topic, name, RawMessageDelivery="true", FilterPolicyScope="MessageBody", FilterPolicy=policy
        )
    with looks(monkeypatch) as found:
        await sns.publish(topic, RECORDS)
    assert found == [False, False]
    assert sorted(put.queue for put in sns.queues.got) == ["again", "seven"]


async def test_small_bodies_are_looked_at_where_they_are(sns: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread would cost more than it saves."""
    topic = await sns.create()
    await sns.subscribe(topic, "q", FilterPolicyScope="MessageBody", FilterPolicy=ONLY_SEVEN)
    with looks(monkeypatch) as found:
        await sns.publish(topic, '{"records": {"n": 7}}')
    assert found == [True]
    assert len(sns.queues.bodies("q")) == 1


async def test_data_protection_looks_at_a_large_body_beside_the_loop(
    sns: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inbound and outbound; and what subscriptions get is masked, for each of them."""
    topic = await sns.create()
    for name in ("a", "b", "c"):
        await sns.subscribe(topic, name, RawMessageDelivery="true")
    mask = {"Deidentify": {"MaskConfig": {"MaskWithCharacter": "#"}}}
    await protect(sns, topic, {"DataDirection": "Outbound", "Operation": mask})
    await sns.publish(topic, "the view of the topic is read")
    with looks(monkeypatch) as found:
        await sns.publish(topic, LETTER)
    assert found == [False]
    expected = LETTER.replace("a@example.com", "#" * 13)
    assert [put.body for put in sns.queues.got[3:]] == [expected] * 3


async def test_a_large_message_is_refused_as_a_small_one(sns: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone and in a batch, where the others go their way."""
    topic = await sns.create()
    await sns.subscribe(topic, "q", RawMessageDelivery="true")
    await protect(sns, topic, {"DataDirection": "Inbound", "Operation": {"Deny": {}}})
    await sns.publish(topic, "the view of the topic is read")
    with looks(monkeypatch) as found:
        with pytest.raises(ProtectionDenied):
            await sns.publish(topic, LETTER)
        entries = [PublishBatchRequestEntry(id="bad", message=LETTER), PublishBatchRequestEntry(id="good", message="g")]
        answer = await sns.api.publish_batch(
            context("PublishBatch"), PublishBatchInput(topic_arn=topic, publish_batch_request_entries=entries)
        )
    assert found == [False, False, True]
    assert [each.id for each in answer.failed or ()] == ["bad"]
    assert sns.queues.bodies("q")[1:] == ["g"]


async def test_the_pages_behind_the_first_are_no_exception(sns: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are sent by the outbox, on the same loop."""
    topic = await sns.create()
    for name in numbers(SUBSCRIPTIONS_PER_PAGE + 1):
        await sns.subscribe(
            topic, name, RawMessageDelivery="true", FilterPolicyScope="MessageBody", FilterPolicy=ONLY_SEVEN
        )
    with looks(monkeypatch) as found:
        await sns.publish(topic, RECORDS)
        [(key, value)] = await sns.store.snapshot().range(*waiting(FANOUT_TOPIC).range())
        event = Event(topic=FANOUT_TOPIC, payload=decode(value, EventRecord).payload)
        delivery = Delivery(event=event, attempt=1, due=sns.clock.now(), id=1, key=key)
        await sns.api.fanout.deliver(sns.store, delivery)
    assert found == [False, False]
    assert len(sns.queues.got) == SUBSCRIPTIONS_PER_PAGE + 1
    # A kill before the outbox removes the event must not bring the page again.
    assert await sns.store.snapshot().range(*waiting(FANOUT_TOPIC).range()) == []
