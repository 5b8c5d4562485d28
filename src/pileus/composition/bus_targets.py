"""How do events of buses reach queues, topics, functions and log groups?

EventBridge knows none of them; here its `EventTargets` meet SQS's sender, SNS's publisher, Lambda's invoker and the
store of CloudWatch Logs. On AWS log groups ask no role; the resource policies of CloudWatch Logs are not asked here.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Transaction
from pileus.services.events.targets import Afterwards, NotDelivered

if TYPE_CHECKING:
    from pileus.services.lambda_.operations.base import ServiceInvoker
    from pileus.services.logs.incoming import Incoming
    from pileus.services.sns.publisher import TopicPublisher
    from pileus.services.sqs.sender import OutgoingMessage, QueueSender

_DENIED = frozenset({"AccessDeniedException", "AuthorizationError"})
_ABSENT = frozenset({"ResourceNotFoundException", "NotFound"})
_LATER = frozenset({"TooManyRequestsException", "ServiceException"})


class BusTargets:
    """Those of the services that are there; the others' are not."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        queues: "Callable[[], QueueSender] | None",
        topics: "Callable[[], TopicPublisher] | None",
        functions: "Callable[[], ServiceInvoker] | None",
        logs: bool,
    ) -> None:
        """logs: whether CloudWatch Logs is there."""
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._queues = queues
        self._topics = topics
        self._functions = functions
        self._logs = logs

    def knows(self, target_arn: str) -> bool:
        parts = target_arn.split(":", 5)
        kind = parts[5].split(":")[0].split("/")[0]
        if parts[2] in ("lambda", "logs", "events"):
            return (parts[2], kind) in {("lambda", "function"), ("logs", "log-group"), ("events", "event-bus")}
        return parts[2] in ("sqs", "sns")

    async def ready(self, target_arn: str) -> None:
        if _service(target_arn) == "sns" and self._topics is not None:
            await self._topics().ready()

    async def put(
        self, tx: Transaction, target_arn: str, body: str, *, group_id: str, trace_header: str, call: ServiceCall | None
    ) -> Afterwards | None:
        service = _service(target_arn)
        if service == "sqs":
            from pileus.services.sqs.sender import OutgoingMessage

            await self._to_queue(
                tx, target_arn, OutgoingMessage(body=body, group_id=group_id, trace_header=trace_header), call
            )
        elif service == "sns":
            await self._to_topic(tx, target_arn, body, trace_header, call)
        else:
            assert service == "logs", "or `knows` would have said no"
            return await self._to_group(tx, target_arn, body)
        return None

    async def bury(
        self, tx: Transaction, queue_arn: str, body: str, *, told: dict[str, str], call: ServiceCall
    ) -> None:
        from pileus.services.sqs.sender import MessageAttribute, OutgoingMessage

        attributes = {name: MessageAttribute(type="String", text=value) for name, value in told.items() if value}
        await self._to_queue(tx, queue_arn, OutgoingMessage(body=body, attributes=attributes), call)

    async def invoke(self, function_arn: str, event: bytes, *, call: ServiceCall) -> None:
        if self._functions is None:
            raise NotDelivered("NO_RESOURCE", "There is no Lambda.")
        try:
            await self._functions().accept_event(function_arn=function_arn, payload=event, call=call)
        except ServiceError as refused:
            raise _failure(refused) from None

    async def _to_queue(
        self, tx: Transaction, queue_arn: str, message: "OutgoingMessage", call: ServiceCall | None
    ) -> None:
        from pileus.services.sqs.queue_records import find_queue_by_arn
        from pileus.services.sqs.sender import QueueRefused

        if self._queues is None or await find_queue_by_arn(tx, queue_arn) is None:
            raise NotDelivered("NO_RESOURCE", "The specified queue does not exist.")
        try:
            await self._queues().put(tx, queue_arn, message, call=call)
        except QueueRefused as refused:
            denied = refused.reason.startswith("Access to the resource")
            raise NotDelivered("NO_PERMISSIONS" if denied else "INVALID_PARAMETER", refused.reason) from None

    async def _to_topic(
        self, tx: Transaction, topic_arn: str, body: str, trace_header: str, call: ServiceCall | None
    ) -> None:
        if self._topics is None:
            raise NotDelivered("NO_RESOURCE", "There is no SNS.")
        try:
            await self._topics().publish(tx, topic_arn, body, trace_header=trace_header, call=call)
        except ServiceError as refused:
            raise _failure(refused) from None

    async def _to_group(self, tx: Transaction, group_arn: str, body: str) -> Afterwards:
        """A stream for each event, as AWS makes one. Afterwards it is counted, with what the group's filters count."""
        if not self._logs:
            raise NotDelivered("NO_RESOURCE", "There is no CloudWatch Logs.")
        from pileus.services.logs.following import follow, tell
        from pileus.services.logs.model import StreamRecord, message_bytes
        from pileus.services.logs.store import Writing
        from pileus.services.logs.writer import STREAM_ID_BYTES

        parts = group_arn.split(":")
        region, name = (parts[4], parts[3]), parts[6]
        writing, now_ms = Writing(tx, region), int(self._clock.timestamp() * 1000)
        group = await writing.find_group(name)
        if group is None:
            raise NotDelivered("NO_RESOURCE", "The specified log group does not exist.")
        stream = StreamRecord(name=self._ids.uuid(), stream_id=self._ids.bytes(STREAM_ID_BYTES), created_ms=now_ms)
        events = [_logged(body, now_ms)]
        writing.append(name, stream, events, now_ms=now_ms)
        told = await follow(tx, region, group, stream, events, now_ms=now_ms)

        async def afterwards() -> None:
            await tell(self._metrics, told)
            size_bytes = sum(message_bytes(message) for _, message in events)
            self._incoming.count(region, name, events=len(events), size_bytes=size_bytes)

        return afterwards

    @cached_property
    def _incoming(self) -> "Incoming":
        from pileus.services.logs.incoming import Incoming

        return Incoming(self._metrics)


def _logged(body: str, now_ms: int) -> tuple[int, str]:
    """The moment and the message; a template may give both, in an object of just `timestamp` and `message`.

    Source: EventBridge User Guide, "Amazon EventBridge targets", on CloudWatch Logs groups.
    """
    given: Any = None
    if '"timestamp"' in body and '"message"' in body:
        with suppress(ValueError, RecursionError):  # several lines of JSON
            given = msgspec.json.decode(body)
    if not isinstance(given, dict) or given.keys() != {"timestamp", "message"} or not given["message"]:
        return now_ms, body
    at_ms, message = given["timestamp"], given["message"]
    text = message if isinstance(message, str) else msgspec.json.encode(message).decode()
    return (at_ms if type(at_ms) is int and 0 <= at_ms <= now_ms else now_ms), text


def _failure(refused: ServiceError) -> NotDelivered:
    code = refused.error_code
    if code in _DENIED:
        return NotDelivered("NO_PERMISSIONS", refused.message)
    if code in _ABSENT:
        return NotDelivered("NO_RESOURCE", refused.message)
    if code in _LATER:
        return NotDelivered("THROTTLING", refused.message, again=True)
    return NotDelivered("SDK_CLIENT_ERROR", refused.message)


def _service(arn: str) -> str:
    return [*arn.split(":", 3), "", "", ""][2]
