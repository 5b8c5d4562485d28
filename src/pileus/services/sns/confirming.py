"""How is somebody asked whether they want to be subscribed, or told that they no longer are?

Both are messages to the endpoint, with a token that confirms. Who does not answer in two days is forgotten, and so is
who unsubscribed and did not come back.

Sources: SNS Developer Guide, "Subscription confirmation", "Unsubscribe confirmation" JSON format; recording sns,
`test_subscribe_external_http_endpoint`.
"""

from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Snapshot, Store, Transaction
from pileus.services.sns.deliveries.tasks import DeliveryTask, Kind, emit
from pileus.services.sns.limits import TOKEN_LIFETIME
from pileus.services.sns.model import Message, SubscriptionRecord, TopicRecord
from pileus.services.sns.names import SubscriptionName
from pileus.services.sns.store import clear_subscription, find_subscription, find_topic, put_topic, space_of
from pileus.services.sns.tokens import Tokens

EXPIRY_TOPIC: Final = "sns.unconfirmed"
_LIFETIME_S: Final = TOKEN_LIFETIME.total_seconds()


class Asking(NamedTuple):
    """What it takes to ask: the time, an id for the message, tokens, and where links lead."""

    now_s: float
    message_id: str
    tokens: Tokens
    base_url: str


class UnconfirmedRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sns.unconfirmed.v1"):
    """A subscription whose token expires."""

    name: SubscriptionName


class GoneRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sns.gone.v1"):
    """A subscription that was unsubscribed by its link."""

    subscription: SubscriptionRecord
    at_s: float


def ask_to_confirm(tx: Transaction, asking: Asking, topic: TopicRecord, record: SubscriptionRecord) -> None:
    text = (
        f"You have chosen to subscribe to the topic {record.topic.arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    _send(tx, asking, topic, record, "SubscriptionConfirmation", text)


def tell_unsubscribed(tx: Transaction, asking: Asking, topic: TopicRecord | None, record: SubscriptionRecord) -> None:
    """The subscription is kept aside until the token expires."""
    text = (
        f"You have chosen to deactivate subscription {record.arn}.\n"
        "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
    )
    gone = GoneRecord(subscription=record, at_s=asking.now_s)
    tx.set(_gone_key(SubscriptionName(record.topic, record.subscription_id)), encode(gone))
    _send(tx, asking, topic, record, "UnsubscribeConfirmation", text)


def _send(
    tx: Transaction, asking: Asking, topic: TopicRecord | None, record: SubscriptionRecord, kind: Kind, text: str
) -> None:
    message = Message(
        topic=record.topic,
        message_id=asking.message_id,
        published_at_s=asking.now_s,
        body=text,
        base_url=asking.base_url,
    )
    token = asking.tokens.write(record.topic.arn, record.subscription_id, now_s=asking.now_s)
    emit(
        tx,
        DeliveryTask(
            kind=kind,
            message=message,
            subscription=record,
            token=token,
            signature_version=(topic.signature_version if topic is not None else None) or "1",
            topic_delivery_policy=topic.delivery_policy if topic is not None else "",
            feedback=topic.feedback if topic is not None else {},
        ),
    )
    unconfirmed = UnconfirmedRecord(name=SubscriptionName(record.topic, record.subscription_id))
    expires_at = datetime.fromtimestamp(asking.now_s, UTC) + TOKEN_LIFETIME
    tx.emit(Event(topic=EXPIRY_TOPIC, payload=encode(unconfirmed)), at=expires_at)


async def find_gone(snapshot: Snapshot, name: SubscriptionName) -> SubscriptionRecord | None:
    """One that was unsubscribed by its link, and may come back."""
    gone = await _gone(snapshot, name)
    return None if gone is None else gone.subscription


async def _gone(snapshot: Snapshot, name: SubscriptionName) -> GoneRecord | None:
    value = await snapshot.get(_gone_key(name))
    return None if value is None else decode(value, GoneRecord)


def clear_gone(tx: Transaction, name: SubscriptionName) -> None:
    tx.clear(_gone_key(name))


async def expire(store: Store, now_s: float, delivery: Delivery) -> None:
    """The outbox's handler: the token has expired. Whoever was asked again has a later one."""
    name = decode(delivery.event.payload, UnconfirmedRecord).name

    async def forget(tx: Transaction) -> None:
        gone = await _gone(tx, name)
        if gone is not None and now_s >= gone.at_s + _LIFETIME_S:
            clear_gone(tx, name)
        record = await find_subscription(tx, name)
        if record is None or not record.pending or now_s < record.created_at_s + _LIFETIME_S:
            return
        clear_subscription(tx, record)
        topic = await find_topic(tx, record.topic)
        if topic is not None and topic.serial == record.topic_serial:
            put_topic(tx, msgspec.structs.replace(topic, pending=topic.pending - 1, deleted=topic.deleted + 1))

    await store.run(forget)


def _gone_key(name: SubscriptionName) -> bytes:
    return space_of(name.topic.account_id, name.topic.region).pack("gone", name.subscription_id)
