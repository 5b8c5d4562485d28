"""How are topics and subscriptions called?

Sources: SNS API Reference, CreateTopic; recordings sns, `test_publish_wrong_arn_format`,
`test_create_topic_name_constraints`, `test_unsubscribe_wrong_arn_format`.
"""

import re
from typing import Final, NamedTuple

from pileus.kernel.context import RequestContext
from pileus.services.sns.errors import InvalidParameter, NotFound

_TOPIC_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_FIFO_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,251}\.fifo")
_ARN_PARTS: Final = 6


class TopicName(NamedTuple):
    """A topic, wherever it is; there may be none of that name."""

    partition: str
    region: str
    account_id: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:sns:{self.region}:{self.account_id}:{self.name}"


class SubscriptionName(NamedTuple):
    """A subscription, by its topic and its own id."""

    topic: TopicName
    subscription_id: str

    @property
    def arn(self) -> str:
        return f"{self.topic.arn}:{self.subscription_id}"


def check_topic_name(name: str, *, fifo: bool) -> None:
    """Or InvalidParameter."""
    form = _FIFO_NAME if fifo else _TOPIC_NAME
    if form.fullmatch(name) is None:
        raise InvalidParameter("Topic Name")


def topic_name(context: RequestContext, name: str) -> TopicName:
    """A topic of the caller's account and region."""
    return TopicName(context.partition, context.region, context.account_id, name)


def topic_of_arn(arn: str, *, member: str = "TopicArn") -> TopicName:
    """Or InvalidParameter. member: of the request, that errors name."""
    parts = arn.split(":")
    if len(parts) < _ARN_PARTS:
        raise InvalidParameter(f"{member} Reason: An ARN must have at least 6 elements, not {len(parts)}")
    if parts[0] != "arn" or parts[2] != "sns" or len(parts) != _ARN_PARTS or not parts[5]:
        raise InvalidParameter(member)
    return TopicName(parts[1], parts[3], parts[4], parts[5])


def topic_arn_here(context: RequestContext, arn: str, *, member: str = "TopicArn") -> TopicName:
    """The topic of this region that an ARN names; InvalidParameter where it names another region's.

    Recording `test_topic_publish_another_region`; an ARN that names another partition means the same.
    """
    topic = topic_of_arn(arn, member=member)
    if topic.region != context.region:
        raise InvalidParameter(member)
    return topic._replace(partition=context.partition)


def subscription_of_arn(arn: str) -> SubscriptionName:
    """Or InvalidParameter; NotFound where its id can be none's."""
    if not arn:
        raise InvalidParameter("SubscriptionArn Reason: no value for required parameter")
    parts = arn.split(":")
    if len(parts) < _ARN_PARTS:
        raise InvalidParameter(f"SubscriptionArn Reason: An ARN must have at least 6 elements, not {len(parts)}")
    if parts[0] != "arn" or parts[2] != "sns" or len(parts) != _ARN_PARTS + 1:
        raise InvalidParameter("SubscriptionId")
    if not parts[6]:
        raise NotFound("Subscription does not exist")
    return SubscriptionName(TopicName(parts[1], parts[3], parts[4], parts[5]), parts[6])
