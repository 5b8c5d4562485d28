"""Who is called when an alarm changes, and what does its history tell of that?

Functions are invoked asynchronously, topics are published to; what Pileus has nobody for is told as failed, as is what
the function's or topic's own policy refuses.

Source: CloudWatch User Guide, "Alarm actions"; for functions, "Invoke a Lambda function from an alarm".
"""

from typing import Final, Protocol

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.cloudwatch.alarms.records import HistoryRecord
from pileus.services.cloudwatch.alarms.store import add_history
from pileus.services.cloudwatch.alarms.transitions import ActionRecord, bounded

PRINCIPAL: Final = "lambda.alarms.cloudwatch.amazonaws.com"
"""Whom a function's policy must allow."""
TOPIC_PRINCIPAL: Final = "cloudwatch.amazonaws.com"


class AlarmFunctions(Protocol):
    """Lambda."""

    async def invoke_event(
        self, *, function_arn: str, payload: bytes, service_principal: str, source_arn: str, source_account: str = ""
    ) -> str:
        """Accepted once this returns; a ServiceError when it is refused."""
        ...


class AlarmTopics(Protocol):
    """SNS."""

    async def publish(
        self, *, topic_arn: str, subject: str, message: str, service_principal: str, source_arn: str
    ) -> None:
        """Accepted once this returns; a ServiceError when it is refused."""
        ...


class Unreachable(Exception):
    """Pileus has nobody for such an action."""


class AlarmActions:
    """The outbox's handler. topics: None until there is SNS."""

    def __init__(
        self, *, store: Store, clock: Clock, functions: AlarmFunctions | None, topics: AlarmTopics | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._functions = functions
        self._topics = topics

    async def deliver(self, delivery: Delivery) -> None:
        """Take one action, and tell the history."""
        record = decode(delivery.event.payload, ActionRecord)
        try:
            await self._act(record)
        except (ServiceError, Unreachable) as error:
            await self._note(record, error=str(error) or type(error).__name__)
        else:
            await self._note(record, error=None)

    async def _act(self, record: ActionRecord) -> None:
        service = (record.action.split(":", 3) + [""] * 3)[2]
        source_arn = record.scope.alarm_arn(record.alarm)
        if service == "lambda" and self._functions is not None:
            await self._functions.invoke_event(
                function_arn=record.action,
                payload=record.event,
                service_principal=PRINCIPAL,
                source_arn=source_arn,
                source_account=record.scope.account_id,
            )
        elif service == "sns" and self._topics is not None:
            await self._topics.publish(
                topic_arn=record.action,
                subject=record.subject,
                message=record.message,
                service_principal=TOPIC_PRINCIPAL,
                source_arn=source_arn,
            )
        else:
            raise Unreachable(f"Pileus cannot take the action {record.action}")

    async def _note(self, record: ActionRecord, *, error: str | None) -> None:
        data: dict[str, object] = {
            "actionState": "Succeeded" if error is None else "Failed",
            "stateUpdateTimestamp": int(record.updated_s * 1000),
            "notificationResource": record.action,
        }
        if error is not None:
            data["error"] = error
        done = "Successfully executed" if error is None else "Failed to execute"
        item = HistoryRecord(
            alarm=record.alarm,
            kind="CompositeAlarm" if record.composite else "MetricAlarm",
            at_s=self._clock.timestamp(),
            event="Action",
            summary=f"{done} action {record.action}"[:255],
            data=bounded(data),
        )

        async def write(tx: Transaction) -> None:
            await add_history(tx, record.scope, item)

        await self._store.run(write)
