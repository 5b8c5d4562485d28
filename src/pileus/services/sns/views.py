"""Who subscribes to a topic, ready to be sent to?

The record of a topic is written whenever it or one of its subscriptions changes, as its next revision. So what was made
of it holds as long as its bytes are the same: one read tells, whoever wrote, in this process or another. A view has the
first subscriptions of a topic, with their filters compiled; what is beyond is read by whoever sends.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Snapshot
from pileus.services.sns.errors import TopicNotFound
from pileus.services.sns.filters import CompiledFilter, Scope, parse
from pileus.services.sns.model import SubscriptionRecord, TopicRecord
from pileus.services.sns.names import TopicName
from pileus.services.sns.store import list_subscriptions, topic_key

SUBSCRIPTIONS_PER_PAGE: Final = 200
"""Sent to in one transaction: some milliseconds."""
_VIEWS_MAX: Final = 512


class Subscriber(NamedTuple):
    """A confirmed subscription. accepts: its filter."""

    record: SubscriptionRecord
    accepts: CompiledFilter | None


class TopicView(NamedTuple):
    """A topic and its first subscriptions. beyond: the id of the last of them, when there are more."""

    bytes_: bytes
    topic: TopicRecord
    subscribers: tuple[Subscriber, ...]
    beyond: str | None
    signs: bool
    """Whether a queue gets what it sends in an envelope, which is signed before the transaction."""
    looks: bool
    """Whether somebody looks at bodies: filter policies, data protection."""


class TopicViews:
    """Views of the topics that are published to."""

    def __init__(self) -> None:
        self._views: dict[TopicName, TopicView] = {}

    def latest(self, name: TopicName) -> TopicView | None:
        """The one that was read last, which may be outdated."""
        return self._views.get(name)

    async def get(self, snapshot: Snapshot, name: TopicName) -> TopicView:
        """Or TopicNotFound."""
        value = await snapshot.get(topic_key(name))
        if value is None:
            self._views.pop(name, None)
            raise TopicNotFound
        view = self._views.get(name)
        if view is not None and view.bytes_ == value:
            return view
        topic = decode(value, TopicRecord)
        subscribers, beyond = await page(snapshot, name, topic.serial)
        if len(self._views) >= _VIEWS_MAX:
            self._views.clear()
        signs = not topic.fifo and any(each.record.protocol == "sqs" and not each.record.raw for each in subscribers)
        view = self._views[name] = TopicView(value, topic, subscribers, beyond, signs, looks(topic, subscribers))
        return view


async def page(
    snapshot: Snapshot, name: TopicName, serial: bytes, *, beyond: str | None = None
) -> tuple[tuple[Subscriber, ...], str | None]:
    """The confirmed among the next subscriptions, save those that replay, and where the following page begins."""
    found = await list_subscriptions(snapshot, name, serial, beyond=beyond, limit=SUBSCRIPTIONS_PER_PAGE)
    last = found[-1].subscription_id if len(found) == SUBSCRIPTIONS_PER_PAGE else None
    return tuple(subscriber_of(each) for each in found if not each.pending and not each.paused), last


def looks(topic: TopicRecord, subscribers: Iterable[Subscriber]) -> bool:
    return bool(topic.data_protection_policy) or any(
        accepts is not None and accepts.scope is Scope.BODY for _, accepts in subscribers
    )


def subscriber_of(record: SubscriptionRecord) -> Subscriber:
    """Ready to be sent to."""
    return Subscriber(record, _filter(record))


def _filter(record: SubscriptionRecord) -> CompiledFilter | None:
    if not record.filter_policy:
        return None
    return parse(record.filter_policy, Scope(record.filter_scope or "MessageAttributes"))
