"""Where are topics and subscriptions kept?

Below `(sns, ACCOUNT, REGION)` of a topic:
- `(topic, NAME)`: the topic;
- `(of, SERIAL, ID)`: a subscription of the topic with that serial, so that a page of a topic's subscriptions is one
  range, and a topic that is created again begins with none;
- `(endpoint, SERIAL, PROTOCOL, ENDPOINT)`: the id of the subscription of that endpoint;
- `(id, ID)`: the serial of a subscription's topic, since an ARN names no serial.
Below that of a subscription's owner, who may be somebody else: `(owned, ID)`: the topic's account and its serial.
"""

from functools import lru_cache
from typing import Final

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.sns.errors import SubscriptionNotFound, TopicNotFound
from pileus.services.sns.model import SubscriptionRecord, TopicRecord
from pileus.services.sns.names import SubscriptionName, TopicName

_ROOT: Final = Subspace("sns")
_NAMED_CHARACTERS_MAX: Final = 320
"""A name has 256 at most."""


class OwnedRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sns.owned.v1"):
    """Where a subscription of somebody's is kept."""

    account_id: str
    serial: bytes


def space_of(account_id: str, region: str) -> Subspace:
    """All that SNS keeps of one account and region."""
    return _ROOT.subspace(account_id, region)


def topic_key(topic: TopicName) -> bytes:
    """Of what may be none: a client says what it wants, and only what can be a topic's name is remembered."""
    named = len(topic.partition) + len(topic.region) + len(topic.account_id) + len(topic.name)
    return _remembered_key(topic) if named <= _NAMED_CHARACTERS_MAX else _key(topic)


def _key(topic: TopicName) -> bytes:
    return _ROOT.pack(topic.account_id, topic.region, "topic", topic.name)


_remembered_key: Final = lru_cache(maxsize=4_096)(_key)


async def find_topic(snapshot: Snapshot, topic: TopicName) -> TopicRecord | None:
    value = await snapshot.get(topic_key(topic))
    return None if value is None else decode(value, TopicRecord)


async def get_topic(snapshot: Snapshot, topic: TopicName) -> TopicRecord:
    """Or TopicNotFound."""
    found = await find_topic(snapshot, topic)
    if found is None:
        raise TopicNotFound
    return found


def put_topic(tx: Transaction, record: TopicRecord) -> TopicRecord:
    """Write a topic down, as its next revision."""
    record = msgspec.structs.replace(record, revision=record.revision + 1)
    tx.set(topic_key(record.topic), encode(record))
    return record


def clear_topic(tx: Transaction, record: TopicRecord) -> None:
    """The topic alone; its subscriptions go later."""
    tx.clear(topic_key(record.topic))


async def list_topics(
    snapshot: Snapshot, account_id: str, region: str, *, beyond: str | None = None, limit: int = 0
) -> list[TopicRecord]:
    """In order of their names. beyond: begin behind this one."""
    space = space_of(account_id, region)
    begin, end = space.range("topic")
    if beyond is not None:
        begin = after(space.pack("topic", beyond))
    return [decode(value, TopicRecord) for _, value in await snapshot.range(begin, end, limit=limit)]


async def find_subscription(snapshot: Snapshot, name: SubscriptionName) -> SubscriptionRecord | None:
    """Also one whose topic was deleted a moment ago."""
    space = space_of(name.topic.account_id, name.topic.region)
    serial = await snapshot.get(space.pack("id", name.subscription_id))
    if serial is None:
        return None
    value = await snapshot.get(space.pack("of", serial, name.subscription_id))
    if value is None:
        return None
    record = decode(value, SubscriptionRecord)
    return record if record.topic.name == name.topic.name else None


async def get_subscription(snapshot: Snapshot, name: SubscriptionName) -> SubscriptionRecord:
    """Or SubscriptionNotFound."""
    found = await find_subscription(snapshot, name)
    if found is None:
        raise SubscriptionNotFound
    return found


async def subscription_of_endpoint(
    snapshot: Snapshot, topic: TopicRecord, protocol: str, endpoint: str
) -> SubscriptionRecord | None:
    """The one that this endpoint has already."""
    space = space_of(topic.account_id, topic.region)
    found = await snapshot.get(space.pack("endpoint", topic.serial, protocol, endpoint))
    if found is None:
        return None
    value = await snapshot.get(space.pack("of", topic.serial, found.decode()))
    return None if value is None else decode(value, SubscriptionRecord)


async def list_subscriptions(
    snapshot: Snapshot, topic: TopicName, serial: bytes, *, beyond: str | None = None, limit: int = 0
) -> list[SubscriptionRecord]:
    """A topic's, in order of their ids. beyond: begin behind this one."""
    space = space_of(topic.account_id, topic.region)
    begin, end = space.range("of", serial)
    if beyond is not None:
        begin = after(space.pack("of", serial, beyond))
    return [decode(value, SubscriptionRecord) for _, value in await snapshot.range(begin, end, limit=limit)]


async def list_owned(
    snapshot: Snapshot, account_id: str, region: str, *, beyond: str | None = None, limit: int = 0
) -> list[SubscriptionRecord]:
    """What an account subscribed to, in order of the ids. beyond: begin behind this one."""
    space = space_of(account_id, region)
    begin, end = space.range("owned")
    if beyond is not None:
        begin = after(space.pack("owned", beyond))
    keys: list[bytes] = []
    for key, value in await snapshot.range(begin, end, limit=limit):
        owned = decode(value, OwnedRecord)
        keys.append(space_of(owned.account_id, region).pack("of", owned.serial, space.unpack(key)[1]))
    values = await snapshot.get_many(keys)
    return [decode(value, SubscriptionRecord) for value in values if value is not None]


def add_subscription(tx: Transaction, record: SubscriptionRecord) -> None:
    """Write a new one down, everywhere."""
    space = space_of(record.topic.account_id, record.topic.region)
    put_subscription(tx, record)
    tx.set(space.pack("id", record.subscription_id), record.topic_serial)
    endpoint = space.pack("endpoint", record.topic_serial, record.protocol, record.endpoint)
    tx.set(endpoint, record.subscription_id.encode())
    owned = OwnedRecord(account_id=record.topic.account_id, serial=record.topic_serial)
    tx.set(space_of(record.owner, record.topic.region).pack("owned", record.subscription_id), encode(owned))


def put_subscription(tx: Transaction, record: SubscriptionRecord) -> None:
    """Write down what changed; whoever does bumps the topic's revision (`put_topic`)."""
    space = space_of(record.topic.account_id, record.topic.region)
    tx.set(space.pack("of", record.topic_serial, record.subscription_id), encode(record))


def clear_subscription(tx: Transaction, record: SubscriptionRecord) -> None:
    """Forget one, everywhere."""
    space = space_of(record.topic.account_id, record.topic.region)
    tx.clear(space.pack("of", record.topic_serial, record.subscription_id))
    tx.clear(space.pack("id", record.subscription_id))
    tx.clear(space.pack("endpoint", record.topic_serial, record.protocol, record.endpoint))
    tx.clear(space_of(record.owner, record.topic.region).pack("owned", record.subscription_id))
