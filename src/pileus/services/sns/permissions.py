"""What must somebody be allowed to do, to use SNS?

Operations on subscriptions know no resource; their owner and the topic's may use them. What a topic's policy says of
its own account's users comes beside their own policies; another account's user needs both.

Sources: Service Authorization Reference, "Amazon SNS"; SNS Developer Guide, "Overview of managing access".
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from pileus.kernel.auth.permissions import (
    ConditionKeys,
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    gives_tags,
    request_tags,
    tag_keys,
)
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Watch
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.model import TopicRecord
from pileus.services.sns.names import topic_of_arn
from pileus.services.sns.policies import policy_text
from pileus.services.sns.store import topic_key

_KEPT_MAX: Final = 4_096


def _named_arn(context: RequestContext, given: Any) -> str:
    return f"arn:{context.partition}:sns:{context.region}:{context.account_id}:{given.name}"


def _topic_arn(context: RequestContext, given: Any) -> str:
    return _here(context, given.topic_arn)


def _published_arn(context: RequestContext, given: Any) -> str:
    """Of a topic or a mobile endpoint; anything, of a phone number."""
    arn = getattr(given, "topic_arn", None) or getattr(given, "target_arn", None)
    return "*" if arn is None else _here(context, arn)


def _tagged_arn(context: RequestContext, given: Any) -> str:
    return _here(context, given.resource_arn)


def _here(context: RequestContext, arn: str) -> str:
    """One that names another partition means the same."""
    return f"arn:{context.partition}:{arn.split(':', 2)[-1]}" if arn.startswith("arn:") else arn


def _foreign_topic(context: RequestContext, given: Any) -> bool:
    return _other_account(context, _topic_arn(context, given))


def _foreign_published(context: RequestContext, given: Any) -> bool:
    return _other_account(context, _published_arn(context, given))


def _foreign_tagged(context: RequestContext, given: Any) -> bool:
    return _other_account(context, given.resource_arn)


def _other_account(context: RequestContext, arn: str) -> bool:
    parts = arn.split(":", 5)
    return len(parts) == 6 and parts[4].isdigit() and parts[4] != context.account_id


_NEW_TOPIC: Final = ResourceType(name="topic", arn=_named_arn)
_TOPIC: Final = ResourceType(name="topic", arn=_topic_arn, foreign=_foreign_topic)
_CONFIRMED: Final = ResourceType(name="topic", arn=_topic_arn)
"""Whoever has the token confirms, whose topic it ever is."""
_PUBLISHED: Final = ResourceType(name="topic", arn=_published_arn, foreign=_foreign_published)
_TAGGED: Final = ResourceType(name="topic", arn=_tagged_arn, foreign=_foreign_tagged)


def _of_creation(context: RequestContext, given: Any, topic: KnownResource | None) -> Conditions:
    return request_tags({tag.key: tag.value for tag in given.tags or ()})


def _of_untagging(context: RequestContext, given: Any, topic: KnownResource | None) -> Conditions:
    return tag_keys(given.tag_keys)


def _of_subscribing(context: RequestContext, given: Any, topic: KnownResource | None) -> Conditions:
    return {"sns:protocol": given.protocol, "sns:endpoint": given.endpoint or ""}


def _on(resource: ResourceType | None, actions: Iterable[str]) -> dict[str, tuple[Permission]]:
    return {action: (Permission(action=f"SNS:{action}", resource=resource),) for action in actions}


def _with(action: str, resource: ResourceType, conditions: ConditionKeys) -> tuple[Permission]:
    return (Permission(action=f"SNS:{action}", resource=resource, conditions=conditions),)


PERMISSIONS: Final[Permissions] = {
    "CreateTopic": (
        Permission(action="SNS:CreateTopic", resource=_NEW_TOPIC, conditions=_of_creation),
        Permission(action="SNS:TagResource", resource=_NEW_TOPIC, conditions=_of_creation, asked=gives_tags),
    ),
    **_on(
        _TOPIC,
        (
            "AddPermission",
            "DeleteTopic",
            "GetTopicAttributes",
            "ListSubscriptionsByTopic",
            "RemovePermission",
            "SetTopicAttributes",
        ),
    ),
    **_on(_CONFIRMED, ("ConfirmSubscription",)),
    "Subscribe": _with("Subscribe", _TOPIC, _of_subscribing),
    "Publish": (Permission(action="SNS:Publish", resource=_PUBLISHED),),
    "PublishBatch": (Permission(action="SNS:Publish", resource=_TOPIC),),
    **_on(_TAGGED, ("GetDataProtectionPolicy", "ListTagsForResource", "PutDataProtectionPolicy")),
    "TagResource": _with("TagResource", _TAGGED, _of_creation),
    "UntagResource": _with("UntagResource", _TAGGED, _of_untagging),
    **_on(
        None,
        (
            "CheckIfPhoneNumberIsOptedOut",
            "CreatePlatformApplication",
            "CreatePlatformEndpoint",
            "CreateSMSSandboxPhoneNumber",
            "DeleteEndpoint",
            "DeletePlatformApplication",
            "DeleteSMSSandboxPhoneNumber",
            "GetEndpointAttributes",
            "GetPlatformApplicationAttributes",
            "GetSMSAttributes",
            "GetSMSSandboxAccountStatus",
            "GetSubscriptionAttributes",
            "ListEndpointsByPlatformApplication",
            "ListOriginationNumbers",
            "ListPhoneNumbersOptedOut",
            "ListPlatformApplications",
            "ListSMSSandboxPhoneNumbers",
            "ListSubscriptions",
            "ListTopics",
            "OptInPhoneNumber",
            "SetEndpointAttributes",
            "SetPlatformApplicationAttributes",
            "SetSMSAttributes",
            "SetSubscriptionAttributes",
            "Unsubscribe",
            "VerifySMSSandboxPhoneNumber",
        ),
    ),
}


class _Kept(NamedTuple):
    """A topic, for as long as the watch has not told. unpoliced: it has AWS's default policy."""

    watch: Watch
    known: KnownResource
    unpoliced: bool


class SnsResources:
    """Knows topics, with their policies. What was read is kept for as long as the topic is not written."""

    eager = True

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshot = store.snapshot()
        self._kept: dict[str, _Kept] = {}

    def at_home(self, context: RequestContext, given: Any) -> bool:
        """The own topic of a root's, without a policy of its own: AWS's default lets in, and forbids nothing."""
        arn = getattr(given, "topic_arn", None)
        kept = self._kept.get(arn) if arn is not None else None
        return (
            kept is not None
            and kept.unpoliced
            and kept.known.account_id == context.account_id
            and not kept.watch.written
        )

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        kept = self._kept.get(arn)
        if kept is not None and not kept.watch.written:
            return kept.known
        try:
            name = topic_of_arn(arn)
        except InvalidParameter:
            return None
        key = topic_key(name)
        watch = self._store.watch(key)  # before the topic is read
        data = await self._snapshot.get(key)
        if kept is not None:
            kept.watch.cancel()
            del self._kept[arn]
        if data is None:
            watch.cancel()
            return None
        record = decode(data, TopicRecord)
        policy = NamedPolicy(arn, compile_policy(policy_text(record)), "resource")
        known = KnownResource(arn=arn, tags=record.tags, policy=policy, account_id=record.account_id)
        if len(self._kept) >= _KEPT_MAX:
            for each in self._kept.values():
                each.watch.cancel()
            self._kept.clear()
        self._kept[arn] = _Kept(watch, known, unpoliced=not record.policy)
        return known

    async def find_given(
        self, context: RequestContext, permission: Permission, arn: str, given: Any, *, closely: bool
    ) -> KnownResource | None:
        return await self.find(context, arn)
