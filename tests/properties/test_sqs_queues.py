"""Queues and a dictionary agree, whatever is made, changed, listed and deleted."""

import asyncio
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import open_store
from pileus.services.sqs.api import SqsApi
from pileus.services.sqs.attributes import difference, rendered
from pileus.services.sqs.errors import QueueDeletedRecently, QueueDoesNotExist, QueueNameExists
from pileus.services.sqs.model import Counts, QueueRecord
from pileus.services.sqs.queue_records import find_queue_by_arn
from pileus.services.sqs.shapes import (
    CreateQueueRequest,
    DeleteQueueRequest,
    GetQueueAttributesRequest,
    ListDeadLetterSourceQueuesRequest,
    ListQueuesRequest,
    SetQueueAttributesRequest,
)
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
HOST: Final = "localhost:4566"
CONTEXT: Final = RequestContext(
    service="sqs",
    operation="CreateQueue",
    request_id="request-1",
    account_id=ACCOUNT,
    region="us-east-1",
    principal=Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT),
    source_ip="127.0.0.1",
    host=HOST,
)
NAMES: Final = ("a", "ab", "b", "c")
SETTABLE: Final = frozenset(
    {
        *("VisibilityTimeout", "DelaySeconds", "MessageRetentionPeriod", "MaximumMessageSize"),
        *("ReceiveMessageWaitTimeSeconds", "SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"),
        *("RedrivePolicy", "RedriveAllowPolicy", "Policy"),
    }
)

names = st.sampled_from(NAMES)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "VisibilityTimeout": st.integers(0, 43_200).map(str),
        "DelaySeconds": st.integers(0, 900).map(str),
        "MessageRetentionPeriod": st.integers(60, 1_209_600).map(str),
        "MaximumMessageSize": st.integers(1_024, 1_048_576).map(str),
        "ReceiveMessageWaitTimeSeconds": st.integers(0, 20).map(str),
    },
)


def arn(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def url(name: str) -> str:
    return f"http://{HOST}/{ACCOUNT}/{name}"


class Queues(RuleBasedStateMachine):
    """The model: what each queue was given, when each name was freed, and who sends dead letters where."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._clock = JumpingClock()
        self.known: dict[str, dict[str, str]] = {}
        self.deleted_s: dict[str, float] = {}
        self.dead: dict[str, str] = {}

    @initialize()
    def opened(self) -> None:
        async def opened() -> SqsApi:
            self._store = open_store(Path(self._folder.name), clock=self._clock)
            return SqsApi(store=self._store, clock=self._clock, ids=SeededIds())

        self._api = self._runner.run(opened())

    def teardown(self) -> None:
        self._runner.run(self._store.close())
        self._runner.close()
        self._folder.cleanup()

    def _told(self, name: str) -> Mapping[str, str]:
        request = GetQueueAttributesRequest(queue_url=url(name), attribute_names=["All"])
        answer = self._runner.run(self._api.get_queue_attributes(CONTEXT, request))
        return answer.attributes or {}

    def _record(self, name: str) -> QueueRecord:
        found = self._runner.run(find_queue_by_arn(self._store.snapshot(), arn(name)))
        assert found is not None
        return found

    @rule(name=names, given=attributes)
    def create(self, name: str, given: dict[str, str]) -> None:
        request = CreateQueueRequest(queue_name=name, attributes=given)
        expected: Any = None
        if name in self.known:
            told = self._told(name)
            if any(told[key] != value for key, value in given.items()):
                expected = QueueNameExists
        elif self._clock.timestamp() - self.deleted_s.get(name, float("-inf")) < 60:
            expected = QueueDeletedRecently
        if expected is not None:
            with pytest.raises(expected):
                self._runner.run(self._api.create_queue(CONTEXT, request))
            return
        answer = self._runner.run(self._api.create_queue(CONTEXT, request))
        assert answer.queue_url == url(name)
        self.known.setdefault(name, dict(given))

    @rule(name=names, given=attributes)
    def change(self, name: str, given: dict[str, str]) -> None:
        if not given:
            return
        request = SetQueueAttributesRequest(queue_url=url(name), attributes=given)
        if name not in self.known:
            with pytest.raises(QueueDoesNotExist):
                self._runner.run(self._api.set_queue_attributes(CONTEXT, request))
            return
        self._runner.run(self._api.set_queue_attributes(CONTEXT, request))
        self.known[name] |= given

    @rule(name=names, dead=names, count=st.integers(0, 1_000))
    def send_dead_letters(self, name: str, dead: str, count: int) -> None:
        """count 0: no longer."""
        if name not in self.known or (count and dead not in self.known):
            return
        policy = f'{{"deadLetterTargetArn":"{arn(dead)}","maxReceiveCount":{count}}}' if count else ""
        request = SetQueueAttributesRequest(queue_url=url(name), attributes={"RedrivePolicy": policy})
        self._runner.run(self._api.set_queue_attributes(CONTEXT, request))
        self.dead.pop(name, None)
        if count:
            self.dead[name] = dead
            assert self._told(name)["RedrivePolicy"] == policy

    @rule(name=names)
    def delete(self, name: str) -> None:
        request = DeleteQueueRequest(queue_url=url(name))
        if name not in self.known:
            with pytest.raises(QueueDoesNotExist):
                self._runner.run(self._api.delete_queue(CONTEXT, request))
            return
        self._runner.run(self._api.delete_queue(CONTEXT, request))
        del self.known[name]
        self.dead.pop(name, None)
        self.deleted_s[name] = self._clock.timestamp()

    @rule(seconds=st.integers(1, 70))
    def wait(self, seconds: int) -> None:
        self._clock.jump(timedelta(seconds=seconds))

    @rule(name=names)
    def look(self, name: str) -> None:
        """Every value is there, and asking for all of them again is asking for the same queue."""
        if name in self.known:
            told = self._told(name)
            assert self.known[name].items() <= told.items()
            record = self._record(name)
            asked = {key: value for key, value in rendered(record, Counts()).items() if key in SETTABLE}
            assert difference(record, asked) is None

    @rule(prefix=st.sampled_from(("", "a", "ab", "z")), size=st.integers(1, 3))
    def list_queues(self, prefix: str, size: int) -> None:
        found: list[str] = []
        token: str | None = None
        while True:
            request = ListQueuesRequest(queue_name_prefix=prefix, max_results=size, next_token=token)
            answer = self._runner.run(self._api.list_queues(CONTEXT, request))
            assert len(answer.queue_urls or ()) <= size
            found += answer.queue_urls or ()
            token = answer.next_token
            if token is None:
                break
        assert found == [url(name) for name in sorted(self.known) if name.startswith(prefix)]

    @rule(name=names)
    def list_sources(self, name: str) -> None:
        if name in self.known:
            request = ListDeadLetterSourceQueuesRequest(queue_url=url(name))
            answer = self._runner.run(self._api.list_dead_letter_source_queues(CONTEXT, request))
            assert answer.queue_urls == [url(source) for source in sorted(self.dead) if self.dead[source] == name]


TestQueues = Queues.TestCase
