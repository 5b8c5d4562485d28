"""How are endpoints subscribed and unsubscribed, and their subscriptions described?

Sources: SNS API Reference, Subscribe, Unsubscribe, GetSubscriptionAttributes, SetSubscriptionAttributes,
ListSubscriptions, ListSubscriptionsByTopic; recordings sns, TestSNSSubscriptionCrud and TestSNSSubscriptionCrudV2.
"""

from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.confirming import ask_to_confirm, tell_unsubscribed
from pileus.services.sns.endpoints import CONFIRMED_BY_TOKEN, Endpoint, endpoint_of
from pileus.services.sns.errors import AuthorizationError, InvalidParameter
from pileus.services.sns.limits import PAGE_ITEMS
from pileus.services.sns.model import SubscriptionRecord, TopicRecord
from pileus.services.sns.names import SubscriptionName, subscription_of_arn, topic_arn_here
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.paging import read_token, write_token
from pileus.services.sns.shapes import (
    GetSubscriptionAttributesInput,
    GetSubscriptionAttributesResponse,
    ListSubscriptionsByTopicInput,
    ListSubscriptionsByTopicResponse,
    ListSubscriptionsInput,
    ListSubscriptionsResponse,
    SetSubscriptionAttributesInput,
    SubscribeInput,
    SubscribeResponse,
    Subscription,
    UnsubscribeInput,
)
from pileus.services.sns.store import (
    add_subscription,
    clear_subscription,
    find_subscription,
    find_topic,
    get_subscription,
    get_topic,
    list_owned,
    list_subscriptions,
    put_subscription,
    put_topic,
    subscription_of_endpoint,
)
from pileus.services.sns.subscription_attributes import changed, described, differs, subscribed

PENDING: Final = "pending confirmation"
"""What Subscribe answers in place of an ARN; lists say `PendingConfirmation`."""


class SubscriptionOperations(SnsBase):
    """Subscriptions themselves."""

    async def subscribe(self, context: RequestContext, request: SubscribeInput) -> SubscribeResponse:
        name = topic_arn_here(context, request.topic_arn)
        attributes = request.attributes or {}
        async with self._store.transaction() as tx:
            topic = await get_topic(tx, name)
            endpoint = endpoint_of(request.protocol, request.endpoint, fifo_topic=bool(topic.fifo))
            record = await subscription_of_endpoint(tx, topic, endpoint.protocol, endpoint.address)
            if record is None:
                record = subscribed(self._new(context, topic, endpoint), attributes)
                await self._check_new(tx, record)
                add_subscription(tx, record)
                topic = put_topic(tx, _counted(topic, record, 1))
                await self._begun(tx, topic, record)
            elif differs(record, attributes):
                raise InvalidParameter("Attributes Reason: Subscription already exists with different attributes")
            if record.pending:
                ask_to_confirm(tx, self._asking(context), topic, record)
        told = record.arn if request.return_subscription_arn or not record.pending else PENDING
        return SubscribeResponse(subscription_arn=told)

    def _new(self, context: RequestContext, topic: TopicRecord, endpoint: Endpoint) -> SubscriptionRecord:
        """A queue of somebody else's must agree; its owner, who subscribes it, has done so."""
        pending = endpoint.protocol in CONFIRMED_BY_TOKEN or (
            endpoint.protocol == "sqs" and endpoint.account_id != context.account_id
        )
        return SubscriptionRecord(
            topic=topic.topic,
            topic_serial=topic.serial,
            subscription_id=self._ids.uuid(),
            protocol=endpoint.protocol,
            endpoint=endpoint.address,
            owner=context.account_id,
            created_at_s=self._clock.timestamp(),
            principal_arn=context.principal.arn,
            pending=pending,
            authenticated=not pending,
        )

    async def unsubscribe(self, context: RequestContext, request: UnsubscribeInput) -> None:
        """A subscription that is not there is no error (recording `test_unsubscribe_idempotency`).

        Whoever has the link may, unless who confirmed said otherwise; the endpoint is then told how to come back.
        """
        name = _here(context, subscription_of_arn(request.subscription_arn))
        signed = bool(context.principal.access_key_id)
        async with self._store.transaction() as tx:
            record = await find_subscription(tx, name)
            if record is None:
                return
            owner = signed and context.account_id in (record.owner, record.topic.account_id)
            if not owner and (signed or record.unsubscribe_needs_owner):
                raise AuthorizationError("Only the owner of the subscription or of the topic may unsubscribe it")
            clear_subscription(tx, record)
            topic = await find_topic(tx, record.topic)
            if topic is not None and topic.serial == record.topic_serial:
                topic = _counted(topic, record, -1)
                put_topic(tx, msgspec.structs.replace(topic, deleted=topic.deleted + 1))
            if not owner and record.protocol in CONFIRMED_BY_TOKEN and not record.pending:
                tell_unsubscribed(tx, self._asking(context), topic, record)

    async def get_subscription_attributes(
        self, context: RequestContext, request: GetSubscriptionAttributesInput
    ) -> GetSubscriptionAttributesResponse:
        snapshot = self._store.snapshot()
        record = await get_subscription(snapshot, _here(context, subscription_of_arn(request.subscription_arn)))
        _check_owner(context, record)
        return GetSubscriptionAttributesResponse(attributes=described(record, await find_topic(snapshot, record.topic)))

    async def set_subscription_attributes(
        self, context: RequestContext, request: SetSubscriptionAttributesInput
    ) -> None:
        name = _here(context, subscription_of_arn(request.subscription_arn))
        async with self._store.transaction() as tx:
            record = await get_subscription(tx, name)
            _check_owner(context, record)
            before, record = record, changed(record, request.attribute_name, request.attribute_value or "")
            await self._changing(tx, before, record)
            put_subscription(tx, record)
            topic = await find_topic(tx, record.topic)
            if topic is not None and topic.serial == record.topic_serial:
                put_topic(tx, topic)

    async def list_subscriptions(
        self, context: RequestContext, request: ListSubscriptionsInput
    ) -> ListSubscriptionsResponse:
        beyond = read_token(request.next_token)
        snapshot = self._store.snapshot()
        found = await list_owned(snapshot, context.account_id, context.region, beyond=beyond, limit=PAGE_ITEMS + 1)
        page, token = _page(found)
        return ListSubscriptionsResponse(subscriptions=page, next_token=token)

    async def list_subscriptions_by_topic(
        self, context: RequestContext, request: ListSubscriptionsByTopicInput
    ) -> ListSubscriptionsByTopicResponse:
        name = topic_arn_here(context, request.topic_arn)
        beyond = read_token(request.next_token)
        snapshot = self._store.snapshot()
        topic = await get_topic(snapshot, name)
        found = await list_subscriptions(snapshot, name, topic.serial, beyond=beyond, limit=PAGE_ITEMS + 1)
        page, token = _page(found)
        return ListSubscriptionsByTopicResponse(subscriptions=page, next_token=token)

    # What the archive adds

    async def _check_new(self, tx: Transaction, record: SubscriptionRecord) -> None:
        """Refuse what only the store can tell is wrong (a mobile endpoint that is not there)."""

    async def _begun(self, tx: Transaction, topic: TopicRecord, record: SubscriptionRecord) -> None:
        """A subscription was written down."""

    async def _changing(self, tx: Transaction, before: SubscriptionRecord, record: SubscriptionRecord) -> None:
        """An attribute of a subscription changes."""


def _here(context: RequestContext, name: SubscriptionName) -> SubscriptionName:
    """In this partition. Whoever signs says a region, and it must be that of the subscription."""
    if context.principal.access_key_id and name.topic.region != context.region:
        raise InvalidParameter("SubscriptionArn")
    return name._replace(topic=name.topic._replace(partition=context.partition))


def _check_owner(context: RequestContext, record: SubscriptionRecord) -> None:
    """Or AuthorizationError: whoever subscribed, and whose topic it is."""
    if context.account_id not in (record.owner, record.topic.account_id):
        raise AuthorizationError("Only the owner of the subscription or of the topic may do so")


def _counted(topic: TopicRecord, record: SubscriptionRecord, more: int) -> TopicRecord:
    if record.pending:
        return msgspec.structs.replace(topic, pending=topic.pending + more)
    return msgspec.structs.replace(topic, confirmed=topic.confirmed + more)


def _page(found: list[SubscriptionRecord]) -> tuple[list[Subscription], str | None]:
    """What is told of the first, and where the rest begins."""
    page = found[:PAGE_ITEMS]
    told = [
        Subscription(
            subscription_arn="PendingConfirmation" if each.pending else each.arn,
            owner=each.owner,
            protocol=each.protocol,
            endpoint=each.endpoint,
            topic_arn=each.topic.arn,
        )
        for each in page
    ]
    return told, write_token(page[-1].subscription_id) if len(found) > PAGE_ITEMS else None
