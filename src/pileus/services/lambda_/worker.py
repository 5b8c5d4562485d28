"""What becomes of an event that was accepted to be invoked later?

The outbox delivers it, at least once, to `AsyncInvocations.deliver`. What follows an attempt is decided in
`asynchronous`; each new attempt is a new event of the outbox, with the same request id. When it is over, its
destination and dead-letter queue get what is theirs. What Pileus itself ended, because it stops, counts for nothing:
the outbox keeps the event.
"""

import logging

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.outbox import Delivery, RetryLater
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_.asynchronous import (
    Again,
    Condition,
    Over,
    after_error,
    after_throttle,
    rules_of,
    too_old,
)
from pileus.services.lambda_.destinations import TargetMessage, emit_message
from pileus.services.lambda_.errors import (
    FunctionNotFound,
    SnapStartException,
    SnapStartTimeoutException,
    Stopped,
)
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.invocation_records import (
    Answer,
    dead_letter_attributes,
    invocation_record,
    object_key,
)
from pileus.services.lambda_.invoking import Invoker
from pileus.services.lambda_.limits import ASYNC_THROTTLE_DELAY
from pileus.services.lambda_.model import FunctionRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.settings import ConcurrencyRecord, InvokeConfigRecord
from pileus.services.lambda_.settings_store import get_setting
from pileus.services.lambda_.store import AsyncInvocation, emit_invocation

_log = logging.getLogger(__name__)


class AsyncInvocations:
    """The outbox's handler of the topic `lambda.invoke`."""

    def __init__(self, *, store: Store, invoker: Invoker, clock: Clock, ids: Ids, metrics: EventMetrics) -> None:
        self._store = store
        self._invoker = invoker
        self._clock = clock
        self._ids = ids
        self._metrics = metrics

    async def deliver(self, delivery: Delivery) -> None:
        """Try once, and write down what follows."""
        invocation = decode(delivery.event.payload, AsyncInvocation)
        function = invocation.function
        config = await get_setting(self._store.snapshot(), function, InvokeConfigRecord)
        rules = rules_of(config)
        now = self._clock.now()
        if too_old(rules, invocation, now):
            await self._end(invocation, config, "EventAgeExceeded", None)
            return
        if await self._invoker.recursion.found(function, invocation.trace_id):
            told = self._invoker.recursion.first(function, invocation.trace_id)
            await self._end(invocation, config, "RetriesExhausted", None, told=told)
            return
        self._metrics.started(function, now - invocation.accepted_at)
        try:
            version, result = await self._invoker.again(invocation)
        except FunctionNotFound:
            _log.info("event %s is dropped: %s is gone", invocation.request_id, function.qualified_arn)
            self._metrics.dropped(function)
            return
        except Stopped as stopped:  # the event keeps all its attempts
            raise RetryLater(str(stopped), delay=ASYNC_THROTTLE_DELAY) from stopped
        except (SnapStartException, SnapStartTimeoutException):
            follows = after_error(rules, invocation, self._clock.now())
            answer = None
        except ServiceError:  # no room, no role, or no snapshot yet
            follows = after_throttle(rules, invocation, self._clock.now())
            if await self._switched_off(function):
                follows = Over("ZeroReservedConcurrency")
            answer = None
        else:
            answer = Answer(payload=result.payload, version=version, function_error=result.function_error)
            if result.function_error is None:
                await self._end(invocation, config, "Success", answer)
                return
            follows = after_error(rules, invocation, self._clock.now())
        if isinstance(follows, Again):
            await self._try_again(follows)
        else:
            await self._end(invocation, config, follows.condition, answer)

    async def _switched_off(self, function: FunctionName) -> bool:
        """Whether no concurrency is reserved for it: then its events are given up without being tried again.

        Sources: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation"; recording
        lambda, test_reserved_concurrency.
        """
        reserved = await get_setting(self._store.snapshot(), function.qualified_by(None), ConcurrencyRecord)
        return reserved is not None and reserved.reserved == 0

    async def _try_again(self, again: Again) -> None:
        async def write(tx: Transaction) -> None:
            emit_invocation(tx, again.invocation, at=again.at)

        await self._store.run(write)

    async def _end(
        self,
        invocation: AsyncInvocation,
        config: InvokeConfigRecord | None,
        condition: Condition,
        answer: Answer | None,
        *,
        told: bool = True,
    ) -> None:
        """Tell whoever is to be told, all in one transaction. told: whether anybody is."""
        function = invocation.function
        succeeded = condition == "Success"
        if not succeeded:
            _log.info("event %s for %s is given up: %s", invocation.request_id, function.qualified_arn, condition)
            self._metrics.dropped(function)
        destination = "" if config is None else config.on_success if succeeded else config.on_failure
        if not told or (succeeded and not destination):
            return
        try:
            record = (await resolve(self._store.snapshot(), function)).record
        except FunctionNotFound:
            return
        messages = []
        if destination:
            messages.append(self._record(invocation, condition, answer, record, destination))
        if record.dead_letter_arn and not succeeded:
            messages.append(
                TargetMessage(
                    target_arn=record.dead_letter_arn,
                    body=invocation.payload,
                    function=function,
                    role_arn=record.role,
                    purpose="dead-letter",
                    attributes=dead_letter_attributes(invocation, answer),
                )
            )
        if messages:
            await self._send(messages)

    def _record(
        self,
        invocation: AsyncInvocation,
        condition: Condition,
        answer: Answer | None,
        record: FunctionRecord,
        destination: str,
    ) -> TargetMessage:
        now = self._clock.now()
        ran = invocation.errors + (answer is not None)
        return TargetMessage(
            target_arn=destination,
            body=invocation_record(invocation, condition, answer, invocations=ran, now=now),
            function=invocation.function,
            role_arn=record.role,
            succeeded=condition == "Success",
            object_key=object_key(invocation.function, now=now, unique=self._ids.uuid()),
            trace_id=invocation.trace_id,
        )

    async def _send(self, messages: list[TargetMessage]) -> None:
        async def write(tx: Transaction) -> None:
            for message in messages:
                emit_message(tx, message)

        await self._store.run(write)
