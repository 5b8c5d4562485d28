"""Where does the record of an invocation go, and the event that nobody could process?

Asynchronous invocations have destinations for success and for failure, and a dead-letter queue that gets the bare
event; mappings have one for failed batches. What is to be sent is written down with its cause, under the topic
`lambda.destination`, and sent at least once. A function is invoked with it: here. All others are services that have to
be there: `EventTargets`. The function's execution role must be allowed to send (AWS counts what it may not as
`DestinationDeliveryFailures` or `DeadLetterErrors`, and so do we).

Sources: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations", "Adding a dead-letter queue".
"""

import logging
from typing import Final, Literal, Protocol

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.lambda_.errors import (
    FunctionNotFound,
    InvalidParameterValueException,
    RequestTooLargeException,
)
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.limits import ASYNC_PAYLOAD_BYTES_MAX
from pileus.services.lambda_.names import FunctionName, function_of_arn
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.role_permissions import RolePermissions
from pileus.services.lambda_.store import AsyncInvocation, emit_invocation
from pileus.services.lambda_.traces import continued

DESTINATION_TOPIC: Final = "lambda.destination"

Purpose = Literal["destination", "dead-letter"]

_ACTIONS: Final = {
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "s3": "s3:PutObject",
    "events": "events:PutEvents",
}
_BUCKET_ACTION: Final = "s3:ListBucket"
"""Asked for together with `s3:PutObject` in all of the bucket, when it is configured. Source: "Capturing records"."""
EVENT_SOURCE: Final = "lambda"
_DEAD_LETTER_SERVICES: Final = ("sqs", "sns")
_log: Final = logging.getLogger(__name__)


class TargetMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.destination.v1"):
    """Something for a destination.

    target_arn: of the function, queue, topic, bucket or event bus. function: whose it is; role_arn: as whom to send.
    succeeded: which of EventBridge's detail types. attributes: of a message that is the bare event (`RequestID`,
    `ErrorCode`, a number, `ErrorMessage`). object_key: under which S3 keeps it. trace_id: '' for none.
    """

    target_arn: str
    body: bytes
    function: FunctionName
    role_arn: str
    purpose: Purpose = "destination"
    succeeded: bool = False
    attributes: dict[str, str] = {}
    object_key: str = ""
    trace_id: str = ""


class EventTargets(Protocol):
    """The services that messages go to, other than Lambda itself."""

    def takes(self, target_arn: str) -> bool:
        """Whether the service of this ARN is there."""
        ...

    async def exists(self, target_arn: str) -> bool:
        """Whether what the ARN names is there; its service takes it."""
        ...

    async def send(self, message: TargetMessage) -> None:
        """Raises ServiceError when it is refused; the role was asked about already."""
        ...


class Destinations:
    """Sends what was written down."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        metrics: EventMetrics,
        targets: EventTargets | None = None,
        roles: RolePermissions | None = None,
    ) -> None:
        """roles: without it, every role may send."""
        self._store = store
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._targets = targets
        self._roles = roles

    def check(self, target_arn: str) -> None:
        """NotImplementedByPileus, when the service of a destination is not there yet."""
        service = service_of(target_arn)
        if service != "lambda" and (self._targets is None or not self._targets.takes(target_arn)):
            raise NotImplementedByPileus(f"A destination of {service} is not implemented")

    async def may_send(
        self, target_arn: str, *, role_arn: str, region: str, object_key: str = "*", succeeded: bool = False
    ) -> bool:
        """Whether the role is allowed to. succeeded: what events of a bus tell of."""
        service = service_of(target_arn)
        if self._roles is None:
            return True
        return await self._roles.allowed(
            role_arn=role_arn,
            action=_ACTIONS[service],
            resource=target_arn if service != "s3" else f"{target_arn}/{object_key}",
            region=region,
            conditions={"events:source": EVENT_SOURCE, "events:detail-type": detail_type(succeeded=succeeded)}
            if service == "events"
            else None,
        )

    async def _may_list(self, bucket_arn: str, *, role_arn: str, region: str) -> bool:
        return self._roles is None or await self._roles.allowed(
            role_arn=role_arn, action=_BUCKET_ACTION, resource=bucket_arn, region=region
        )

    async def exists(self, target_arn: str) -> bool:
        """Of the services that `check` lets pass; functions are looked for elsewhere."""
        return self._targets is None or service_of(target_arn) == "lambda" or await self._targets.exists(target_arn)

    async def check_role(self, target_arn: str, *, role_arn: str, region: str, succeeded: bool = False) -> None:
        """Of a destination; or InvalidParameterValueException. Source: terraform-provider-aws,
        function_event_invoke_config.go, which waits for this error to go away."""
        lacking = await self._lacking(target_arn, role_arn=role_arn, region=region, succeeded=succeeded)
        if lacking:
            action = lacking.partition(":")[2]
            raise InvalidParameterValueException(
                f"The function's execution role does not have permissions to call {action} on {target_arn}"
            )

    async def _lacking(self, target_arn: str, *, role_arn: str, region: str, succeeded: bool = False) -> str:
        """The action that the role is not allowed; '' where it may send."""
        service = service_of(target_arn)
        if not await self.may_send(target_arn, role_arn=role_arn, region=region, succeeded=succeeded):
            return _ACTIONS[service]
        if service == "s3" and not await self._may_list(target_arn, role_arn=role_arn, region=region):
            return _BUCKET_ACTION
        return ""

    async def check_dead_letters(self, target_arn: str, *, role_arn: str, region: str) -> None:
        """Of a function; or InvalidParameterValueException. Sources: elastic/beats, issue 13963 (the role); what may be
        named: API_DeadLetterConfig, refused in our words."""
        service = service_of(target_arn)
        if service not in _DEAD_LETTER_SERVICES:
            raise InvalidParameterValueException(
                f"Invalid dead letter queue ARN: {target_arn} is neither an SQS queue nor an SNS topic."
            )
        self.check(target_arn)
        await self._check_provided(target_arn, role_arn=role_arn, region=region)

    async def check_failures(self, target_arn: str, *, role_arn: str, region: str) -> None:
        """Of a mapping; or InvalidParameterValueException. Its words are those of dead letters, as users of Kinesis and
        DynamoDB streams quote them for SQS; for S3, of which nobody does, they are made alike."""
        self.check(target_arn)
        await self._check_provided(target_arn, role_arn=role_arn, region=region)

    async def _check_provided(self, target_arn: str, *, role_arn: str, region: str) -> None:
        lacking = await self._lacking(target_arn, role_arn=role_arn, region=region)
        if lacking:
            service, _, action = lacking.partition(":")
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {action} on {service.upper()}"
            )

    async def deliver(self, delivery: Delivery) -> None:
        """The outbox's handler of the topic."""
        message = decode(delivery.event.payload, TargetMessage)
        try:
            await self._send(message)
        except ServiceError as error:
            _log.info("the %s %s of %s refused: %r", message.purpose, message.target_arn, message.function.arn, error)
            self._metrics.undelivered(message.function, dead_letter=message.purpose == "dead-letter")

    async def _send(self, message: TargetMessage) -> None:
        service = service_of(message.target_arn)
        if not await self.may_send(
            message.target_arn,
            role_arn=message.role_arn,
            region=message.function.region,
            object_key=message.object_key,
            succeeded=message.succeeded,
        ):
            raise DeliveryRefused(f"{message.role_arn} may not do {_ACTIONS[service]} on {message.target_arn}")
        self.check(message.target_arn)
        if service != "lambda":
            assert self._targets is not None, "or `check` would have refused"
            await self._targets.send(message)
            return
        target = function_of_arn(message.target_arn)
        if target is None:
            raise FunctionNotFound(message.target_arn)
        if len(message.body) > ASYNC_PAYLOAD_BYTES_MAX:
            raise RequestTooLargeException(f"{len(message.body)} bytes are too much for {message.target_arn}")
        await self._invoke(target, message)

    async def _invoke(self, target: FunctionName, message: TargetMessage) -> None:
        invocation = AsyncInvocation(
            request_id=self._ids.uuid(),
            function=target,
            payload=message.body,
            accepted_at=self._clock.now(),
            trace_id=continued(message.trace_id, target.arn, self._clock, self._ids),
        )

        async def write(tx: Transaction) -> None:
            await resolve(tx, target)
            emit_invocation(tx, invocation)

        await self._store.run(write)
        self._metrics.received(target)


class DeliveryRefused(ServiceError):
    """The execution role may not send there."""

    code = "AccessDeniedException"


def service_of(arn: str) -> str:
    return (arn.split(":", 3) + [""] * 3)[2]


def detail_type(*, succeeded: bool) -> str:
    """Of an event that tells a bus of an invocation."""
    return f"Lambda Function Invocation Result - {'Success' if succeeded else 'Failure'}"


def emit_message(tx: Transaction, message: TargetMessage) -> None:
    """Write down what is to be sent when the transaction has committed."""
    tx.emit(Event(topic=DESTINATION_TOPIC, payload=encode(message)))
