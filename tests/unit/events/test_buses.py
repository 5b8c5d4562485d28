"""What an event leaves behind in the store, and what it costs where nobody listens."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.deliveries import Delivery, RetryLater
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.emissions import waiting
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event, Transaction
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.events import shapes
from pileus.services.events.api import EventsApi
from pileus.services.events.bus import Buses, DefaultBus
from pileus.services.events.delivering import EventDelivery
from pileus.services.events.metrics import RuleMetrics
from pileus.services.events.model import EventRecord, TargetDelivery, TargetRecord
from pileus.services.events.names import BusName
from pileus.services.events.targets import NotDelivered
from tests.support.time import JumpingClock

_NOW: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
_ARN: Final = "arn:aws:sqs:us-east-1:111111111111:q"
_CONTEXT: Final = RequestContext(
    service="events",
    operation="PutEvents",
    request_id="request-1",
    account_id="111111111111",
    region="us-east-1",
    principal=Principal(account_id="111111111111", arn="arn:aws:iam::111111111111:root", user_id="111111111111"),
    source_ip="127.0.0.1",
    host="localhost:4566",
)


class Targets:
    """Takes everything, or nothing; knows what it got, and what was buried."""

    def __init__(self) -> None:
        self.refusal: NotDelivered | None = None
        self.got: list[str] = []
        self.buried: list[dict[str, str]] = []

    def knows(self, target_arn: str) -> bool:
        return ":sqs:" in target_arn

    async def ready(self, target_arn: str) -> None: ...

    async def put(self, tx: Transaction, target_arn: str, body: str, **how: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.got.append(body)

    async def invoke(self, function_arn: str, event: bytes, **how: Any) -> None:
        raise AssertionError

    async def bury(self, tx: Transaction, queue_arn: str, body: str, *, told: dict[str, str], call: object) -> None:
        self.buried.append(told)


class Roles:
    async def allowed(self, **asked: str) -> bool:
        return False


class Events:
    def __init__(self, store: SqliteStore) -> None:
        self.store, self.clock, self.targets = store, JumpingClock(_NOW), Targets()
        ids = SeededIds()
        self.buses = Buses(clock=self.clock, metrics=RuleMetrics(None))
        self.default = DefaultBus(self.buses, ids)
        self.api = EventsApi(
            store=store, clock=self.clock, ids=ids, buses=self.buses, targets=self.targets, metrics=RuleMetrics(None)
        )
        self.delivery = EventDelivery(
            store=store,
            clock=self.clock,
            ids=ids,
            buses=self.buses,
            targets=self.targets,
            roles=Roles(),
            metrics=RuleMetrics(None),
        )

    async def rule(self, pattern: Any, **target: Any) -> None:
        asked = shapes.PutRuleRequest(name="r", event_pattern=json.dumps(pattern))
        await self.api.put_rule(_CONTEXT, asked)
        given = shapes.Target(id="t", arn=_ARN, **target)
        await self.api.put_targets(_CONTEXT, shapes.PutTargetsRequest(rule="r", targets=[given]))

    async def tell(self, detail: str = "{}", *, source: str = "aws.s3") -> None:
        async with self.store.transaction() as tx:
            await self.default.put(
                tx,
                account_id="111111111111",
                region="us-east-1",
                source=source,
                detail_type="Object Created",
                detail=detail,
                resources=("arn:aws:s3:::b",),
                at_s=_NOW.timestamp(),
            )

    async def waiting(self) -> int:
        return len(await self.store.snapshot().range(*waiting("events.deliver").range()))

    async def deliver(self, target: TargetRecord, *, attempt: int = 1) -> None:
        told = TargetDelivery(
            bus=BusName("aws", "us-east-1", "111111111111", "default"),
            rule="r",
            target=target,
            event=EventRecord(event_id="i", body=b"{}", ingested_at_s=_NOW.timestamp()),
        )
        event = Event(topic="events.deliver", payload=encode(told))
        await self.delivery.deliver(Delivery(event=event, attempt=attempt, due=_NOW, id=1, key=b"key"))


@pytest.fixture
async def events(tmp_path: Path) -> AsyncIterator[Events]:
    store = open_store(tmp_path, clock=JumpingClock(_NOW))
    yield Events(store)
    await store.close()


async def test_an_event_that_nobody_wants_leaves_nothing(events: Events) -> None:
    """On AWS as here: without a rule for it, it is gone; one that matches writes one delivery for each target."""
    await events.tell()
    assert await events.waiting() == 0
    await events.rule({"source": ["aws.ec2"]})
    await events.tell()
    assert await events.waiting() == 0
    await events.rule({"source": ["aws.s3"], "detail": {"bucket": {"name": [{"prefix": "b"}]}}})
    await events.tell('{"bucket": {"name": "other"}}')
    assert await events.waiting() == 0
    await events.tell('{"bucket": {"name": "b-1"}}')
    assert await events.waiting() == 1


async def test_an_event_whose_cause_is_taken_back_never_was(events: Events) -> None:
    """It is written down in the transaction of its cause."""
    await events.rule({"source": ["aws.s3"]})

    class TakenBack(Exception):
        pass

    async def fail() -> None:
        async with events.store.transaction() as tx:
            await events.default.put(
                tx,
                account_id="111111111111",
                region="us-east-1",
                source="aws.s3",
                detail_type="t",
                detail="{}",
                resources=(),
                at_s=1.0,
            )
            raise TakenBack

    with pytest.raises(TakenBack):
        await fail()
    assert await events.waiting() == 0


async def test_what_may_succeed_later_is_tried_again_as_often_as_the_target_says(events: Events) -> None:
    """User Guide, "Event retry policy": then it is buried, with what was in the way."""
    events.targets.refusal = NotDelivered("THROTTLING", "too many", again=True)
    target = TargetRecord(target_id="t", arn=_ARN, retries=2, dead_letter_arn=_ARN)
    for attempt in (1, 2):
        with pytest.raises(RetryLater):
            await events.deliver(target, attempt=attempt)
    await events.deliver(target, attempt=3)
    (told,) = events.targets.buried
    assert told["ERROR_CODE"] == "THROTTLING"
    assert told["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert told["RETRY_ATTEMPTS"] == "2"


async def test_what_is_too_old_is_not_tried_again(events: Events) -> None:
    """A day, or as long as the target says."""
    events.targets.refusal = NotDelivered("THROTTLING", "too many", again=True)
    patient = TargetRecord(target_id="t", arn=_ARN, dead_letter_arn=_ARN)
    hasty = TargetRecord(target_id="t", arn=_ARN, age_s=60, dead_letter_arn=_ARN)
    events.clock.jump(timedelta(seconds=61))
    await events.deliver(hasty)
    assert events.targets.buried[0]["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    with pytest.raises(RetryLater):
        await events.deliver(patient)
    events.clock.jump(timedelta(days=1))
    await events.deliver(patient)
    assert len(events.targets.buried) == 2


async def test_a_role_is_asked(events: Events) -> None:
    """A target with a role is reached in its name only."""
    await events.deliver(TargetRecord(target_id="t", arn=_ARN, role_arn="arn:aws:iam::1:role/r", dead_letter_arn=_ARN))
    assert events.targets.got == []
    assert events.targets.buried[0]["ERROR_CODE"] == "NO_PERMISSIONS"


async def test_details_that_go_down_without_end_are_malformed(events: Events) -> None:
    """Whatever was accepted can be written, matched and transformed; brackets in texts do not count for depth."""
    await events.rule({"source": ["s"]})

    async def put(detail: str) -> str | None:
        entry = shapes.PutEventsRequestEntry(source="s", detail_type="t", detail=detail)
        answer = await events.api.put_events(_CONTEXT, shapes.PutEventsRequest(entries=[entry]))
        assert answer.entries is not None
        return answer.entries[0].error_code

    def nested(depth: int) -> str:
        return '{"a":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"

    assert await put(nested(500)) is None
    assert await put(nested(501)) == "MalformedDetail"
    assert await put(nested(100_000)) == "MalformedDetail"
    assert await put(json.dumps({"a": "[]" * 10_000, "b": 123456789012345678901234567890})) is None


async def test_what_is_not_built_is_said(events: Events) -> None:
    """Parts of operations, too: nothing is taken that would not be done."""
    asked = shapes.PutRuleRequest(
        name="r", event_pattern='{"source": ["s"]}', state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    )
    with pytest.raises(NotImplementedByPileus):
        await events.api.put_rule(_CONTEXT, asked)
    with pytest.raises(NotImplementedByPileus):
        await events.api.create_event_bus(_CONTEXT, shapes.CreateEventBusRequest(name="b", kms_key_identifier="k"))
    entry = shapes.PutEventsRequestEntry(source="s", detail_type="t", detail="{}")
    with pytest.raises(NotImplementedByPileus):
        await events.api.put_events(_CONTEXT, shapes.PutEventsRequest(entries=[entry], endpoint_id="a.b"))


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({"source": ["a", "aws.s3", "aws.s3"]}, True),
        ({"source": ["a"]}, False),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"source": ["a", {"prefix": "aws."}]}, True),
        ({"region": ["us-east-1"]}, True),
        ({"$or": [{"source": ["a"]}, {"source": ["aws.s3"]}]}, True),
        ({"source": ["aws.s3"], "$or": [{"region": ["x"]}, {"account": ["111111111111"]}]}, True),
        ({"source": ["aws.s3"], "$or": [{"region": ["x"]}, {"account": ["y"]}]}, False),
    ],
)
async def test_rules_are_found_by_the_source_of_an_event(events: Events, pattern: Any, fits: bool) -> None:
    """The shortcut takes none away and tells none twice."""
    await events.rule(pattern)
    await events.tell()
    assert await events.waiting() == fits
