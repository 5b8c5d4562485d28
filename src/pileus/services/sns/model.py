"""What are topics and subscriptions?"""

import msgspec

from pileus.services.sns.names import SubscriptionName, TopicName


class TopicRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.topic.v1"):
    """A topic.

    serial: of this creation, so that a topic created again knows nothing of the subscriptions before.
    revision: counts its changes and those of its subscriptions; what was made of an older one is thrown away.
    policy, delivery_policy, archive_policy, data_protection_policy: JSON as it was given; "" is the default.
    archive_serial: of what is kept under its archive policy, since archive_since_s; empty where nothing is.
    feedback: the attributes of delivery status logging (`SQSSuccessFeedbackRoleArn`).
    confirmed, pending, deleted: subscriptions.
    """

    partition: str
    region: str
    account_id: str
    name: str
    serial: bytes
    created_at_s: float
    revision: int = 0
    display_name: str | None = None
    policy: str = ""
    delivery_policy: str = ""
    kms_master_key_id: str | None = None
    signature_version: str | None = None
    tracing_config: str | None = None
    fifo: bool | None = None
    content_based_deduplication: bool = False
    fifo_throughput_scope: str | None = None
    archive_policy: str = ""
    archive_serial: bytes = b""
    archive_since_s: float = 0.0
    data_protection_policy: str = ""
    feedback: dict[str, str] = {}
    tags: dict[str, str] = {}
    confirmed: int = 0
    pending: int = 0
    deleted: int = 0

    @property
    def topic(self) -> TopicName:
        return TopicName(self.partition, self.region, self.account_id, self.name)

    @property
    def arn(self) -> str:
        return self.topic.arn


class SubscriptionRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.subscription.v1"):
    """A subscription of an endpoint to a topic.

    owner: the account that subscribed. principal_arn: who did.
    authenticated: whether the owner confirmed it, not whoever knew the token.
    filter_policy, redrive_policy, delivery_policy, replay_policy: JSON as it was given; "" where there is none.
    filter_scope: `MessageAttributes`, `MessageBody`, or "" where nobody said.
    unsubscribe_needs_owner: `AuthenticateOnUnsubscribe` was given.
    replay_status: `ReplayStatus`; replay_number: counts its replays; paused: gets nothing that is published now.
    """

    topic: TopicName
    topic_serial: bytes
    subscription_id: str
    protocol: str
    endpoint: str
    owner: str
    created_at_s: float
    principal_arn: str = ""
    pending: bool = False
    authenticated: bool = False
    unsubscribe_needs_owner: bool = False
    raw: bool = False
    filter_policy: str = ""
    filter_scope: str = ""
    redrive_policy: str = ""
    delivery_policy: str = ""
    replay_policy: str = ""
    replay_status: str = ""
    replay_number: int = 0
    paused: bool = False
    role_arn: str = ""

    @property
    def arn(self) -> str:
        return SubscriptionName(self.topic, self.subscription_id).arn


class MessageAttribute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An attribute of a message. data_type: `String`, `String.Array`, `Number` or `Binary`, or a label of theirs."""

    data_type: str
    string_value: str | None = None
    binary_value: bytes | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.message.v1"):
    """A message as it was published.

    structured: `MessageStructure` was json; by_protocol then says what each protocol gets, `default` among them, and
        body is that of `default`.
    sequence_number: of a FIFO topic's. group_id: of FIFO topics, and of standard ones where it was given.
    trace_header: X-Ray's of the request, where it had one.
    base_url: of the links in what is delivered: the host that the publisher used.
    """

    topic: TopicName
    message_id: str
    published_at_s: float
    body: str
    subject: str | None = None
    by_protocol: dict[str, str] = {}
    attributes: dict[str, MessageAttribute] = {}
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    trace_header: str = ""
    base_url: str = ""

    def body_for(self, protocol: str) -> str:
        """What a subscription of this protocol gets."""
        return self.by_protocol.get(protocol, self.body) if self.by_protocol else self.body
