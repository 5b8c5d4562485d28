"""Who takes a delivery from the outbox, and what follows when it fails?

Each protocol has its way; what they share is `_deliver`: look whether the subscription is still there, try, and then
count and log it, or try again later, or give it to the dead-letter queue. Attempts are those that the outbox counts.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, Protocol

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.outbox import Delivery, RetryLater
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.sns import metrics as counted
from pileus.services.sns.deliveries.http import HttpCaller, Pace
from pileus.services.sns.deliveries.outcomes import Outcome
from pileus.services.sns.deliveries.retrying import AWS_ENDPOINTS, PEOPLE, Delay, TriedInVain, by_policy
from pileus.services.sns.deliveries.tasks import DeliveryTask
from pileus.services.sns.deliveries.turns import Turns
from pileus.services.sns.delivery_policies import CONTENT_TYPE_DEFAULT, rules_of
from pileus.services.sns.envelopes import Envelope, confirmation_text
from pileus.services.sns.fanout import SERVICE, Fanout
from pileus.services.sns.metrics import TopicMetrics
from pileus.services.sns.model import SubscriptionRecord
from pileus.services.sns.names import SubscriptionName
from pileus.services.sns.queue_target import NotDelivered
from pileus.services.sns.signing import Signers
from pileus.services.sns.store import find_subscription

Response = dict[str, str] | str
Send = Callable[[DeliveryTask], Awaitable[Response]]
"""Tries once; what the endpoint said. TriedInVain, NotDelivered."""

_TEMPORARY: Final = frozenset({"ServiceException", "ThrottlingException", "TooManyRequestsException"})


class FunctionTarget(Protocol):
    """Lambda."""

    async def invoke_event(
        self,
        *,
        function_arn: str,
        payload: bytes,
        service_principal: str,
        source_arn: str,
        source_account: str = "",
        trace_header: str = "",
    ) -> str:
        """Accepted once this returns, with its request id; a ServiceError when it is refused."""
        ...


class People(Protocol):
    """Mail, text messages and mobile devices."""

    async def send(self, tx: Transaction, task: DeliveryTask, text: str) -> None:
        """Send in this transaction. text: of `email-json`, what a queue would get. NotDelivered."""
        ...


class Deliveries:
    """The outbox's handlers."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        signers: Signers,
        fanout: Fanout,
        metrics: TopicMetrics,
        http: HttpCaller,
        functions: Callable[[], FunctionTarget] | None = None,
        people: People | None = None,
    ) -> None:
        """functions, people: None where nobody takes such deliveries."""
        self._store = store
        self._clock = clock
        self._signers = signers
        self._fanout = fanout
        self._metrics = metrics
        self._http = http
        self._functions = functions
        self._people = people
        self._pace = Pace()
        self._turns = Turns(clock.monotonic)

    async def to_function(self, delivery: Delivery) -> None:
        await self._deliver(delivery, self._invoke, AWS_ENDPOINTS.delay)

    async def to_http(self, delivery: Delivery) -> None:
        task = decode(delivery.event.payload, DeliveryTask)
        rules = rules_of(task.subscription.delivery_policy, task.topic_delivery_policy)
        await self._deliver(delivery, self._post, by_policy(rules.retry))

    async def to_people(self, delivery: Delivery) -> None:
        await self._deliver(delivery, self._tell, PEOPLE.delay)

    async def to_queue(self, delivery: Delivery) -> None:
        await self._deliver(delivery, self._enqueue, AWS_ENDPOINTS.delay)

    async def _deliver(self, delivery: Delivery, send: Send, delay: Delay) -> None:
        task = decode(delivery.event.payload, DeliveryTask)
        if task.kind == "Notification" and not await self._wanted(task.subscription):
            return
        try:
            response = await send(task)
        except TriedInVain as failure:
            after = delay(delivery.attempt)
            if after is not None:
                raise RetryLater(failure.reason, delay=after) from failure
            await self._failed(task, delivery, failure.reason, failure.status_code)
        except NotDelivered as failure:
            await self._failed(task, delivery, failure.reason, 400)
        else:
            await self._succeeded(task, delivery, response)

    async def _wanted(self, record: SubscriptionRecord) -> bool:
        """Whether somebody unsubscribed meanwhile."""
        name = SubscriptionName(record.topic, record.subscription_id)
        return await find_subscription(self._store.snapshot(), name) is not None

    # The protocols

    async def _invoke(self, task: DeliveryTask) -> Response:
        if self._functions is None:
            raise NotDelivered("there are no functions here")
        signer = await self._signers.ready()
        message, record = task.message, task.subscription
        envelope = Envelope(message, message.body_for("lambda"), signer=signer, version="1")
        try:
            request_id = await self._functions().invoke_event(
                function_arn=record.endpoint,
                payload=envelope.event(record),
                service_principal=SERVICE,
                source_arn=message.topic.arn,
                trace_header=message.trace_header,
            )
        except ServiceError as error:
            told = f"{error.error_code}: {error.message}"
            if error.error_code in _TEMPORARY:
                raise TriedInVain(told) from error
            raise NotDelivered(told) from error
        return {"lambdaRequestId": request_id}

    async def _post(self, task: DeliveryTask) -> Response:
        record, message = task.subscription, task.message
        rules = rules_of(record.delivery_policy, task.topic_delivery_policy)
        now_s = self._clock.timestamp()
        turn_s = self._pace.turn(record.subscription_id, rules.receives_per_second_max, now_s)
        if turn_s > now_s:
            await self._clock.sleep_until(datetime.fromtimestamp(turn_s, UTC))
        notification = task.kind == "Notification"
        raw = notification and record.raw
        headers = {
            "x-amz-sns-message-type": task.kind,
            "x-amz-sns-message-id": message.message_id,
            "x-amz-sns-topic-arn": message.topic.arn,
        }
        if task.kind != "SubscriptionConfirmation":
            headers["x-amz-sns-subscription-arn"] = record.arn
        if raw:
            headers["x-amz-sns-rawdelivery"] = "true"
        headers["Content-Type"] = rules.content_type if notification else CONTENT_TYPE_DEFAULT
        text = await self._text(task)
        with self._turns.taken(record.endpoint):
            answered = await self._http.post(record.endpoint, headers, text.encode())
        return answered.body

    async def _tell(self, task: DeliveryTask) -> Response:
        if self._people is None:
            raise NotDelivered(f"nobody delivers to {task.subscription.protocol} here")
        people, text = self._people, ""
        if task.subscription.protocol == "email-json":
            text = await self._text(task)

        async def tell(tx: Transaction) -> None:
            await people.send(tx, task, text)

        await self._store.run(tell)
        return ""

    async def _enqueue(self, task: DeliveryTask) -> Response:
        text = await self._text(task)

        async def put(tx: Transaction) -> None:
            await self._fanout.put(tx, task.subscription.endpoint, task.subscription, task.message, text)

        await self._store.run(put)
        return ""

    async def _text(self, task: DeliveryTask) -> str:
        """What a queue or an HTTP endpoint reads."""
        message, record = task.message, task.subscription
        if task.kind != "Notification":
            signer = await self._signers.ready()
            return confirmation_text(task.kind, message, task.token, signer=signer, version=task.signature_version)
        body = message.body_for(record.protocol)
        if record.raw:
            return body
        signer = await self._signers.ready()
        return Envelope(message, body, signer=signer, version=task.signature_version).text(record)

    # The end

    async def _succeeded(self, task: DeliveryTask, delivery: Delivery, response: Response) -> None:
        if task.kind == "Notification":
            self._metrics.add(task.message.topic, counted.DELIVERED)
            self._metrics.delivered(task.message.topic, task.subscription.protocol, "")
        await self._note(task, delivery, failure="", status_code=200, response=response)

    async def _failed(self, task: DeliveryTask, delivery: Delivery, reason: str, status_code: int) -> None:
        if task.kind == "Notification":
            self._metrics.add(task.message.topic, counted.FAILED)
        await self._note(task, delivery, failure=reason, status_code=status_code, response=reason)
        if task.kind == "Notification":
            text = await self._text(task)

            async def bury(tx: Transaction) -> None:
                await self._fanout.bury(tx, task.subscription, task.message, text)
                tx.clear(delivery.key)  # here, or a kill behind it would bury the message twice

            await self._store.run(bury)

    async def _note(
        self, task: DeliveryTask, delivery: Delivery, *, failure: str, status_code: int, response: Response
    ) -> None:
        log = self._fanout.log
        if log is None or not task.feedback or task.kind != "Notification":
            return
        outcome = Outcome(
            feedback=task.feedback,
            message=task.message,
            subscription=task.subscription,
            failure=failure,
            status_code=status_code,
            response=response,
            attempts=delivery.attempt,
            dwell_ms=max(0, int((self._clock.timestamp() - task.message.published_at_s) * 1000)),
        )

        async def note(tx: Transaction) -> None:
            log.note(tx, outcome)

        await self._store.run(note)
