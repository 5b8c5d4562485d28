"""What must somebody be allowed to do, to use SQS?

Batches are asked about as what they are batches of. AWS tells the actions of SQS in small letters when it refuses, and
so they are written here; policies do not mind.

Sources: Service Authorization Reference, "Amazon SQS"; SQS Developer Guide, "Amazon SQS API permissions: Actions and
resource reference"; the refusals of aws/serverless-application-model issue 3633.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from pileus.kernel.auth.permissions import (
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    arn_of,
    gives_tags,
    request_tags,
    tag_keys,
)
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store, Watch
from pileus.services.sqs.messages.known import KnownQueues
from pileus.services.sqs.move_tasks import read_handle
from pileus.services.sqs.names import queue_arn, queue_of_arn, queue_of_url
from pileus.services.sqs.queue_records import POLICIES_CHANGED, any_policy, queue_key

_HOMES_MAX: Final = 4_096


def _by_url(context: RequestContext, given: Any) -> str:
    return queue_of_url(context, given.queue_url).arn


def _foreign_by_url(context: RequestContext, given: Any) -> bool:
    return queue_of_url(context, given.queue_url).account_id != context.account_id


def _by_name(context: RequestContext, given: Any) -> str:
    owner = given.queue_owner_aws_account_id or context.account_id
    return queue_arn(account_id=owner, region=context.region, name=given.queue_name)


def _foreign_by_name(context: RequestContext, given: Any) -> bool:
    owner: str | None = given.queue_owner_aws_account_id
    return bool(owner) and owner != context.account_id


def _source_arn(context: RequestContext, given: Any) -> str:
    return _of_arn(context, given.source_arn)


def _destination_arn(context: RequestContext, given: Any) -> str:
    return _of_arn(context, given.destination_arn)


def _of_handle(context: RequestContext, given: Any) -> str:
    named = read_handle(given.task_handle)
    return _of_arn(context, "" if named is None else named[1])


def _of_arn(context: RequestContext, arn: str) -> str:
    """The queue of an ARN; any, for an ARN of none: the operation says what is wrong with it."""
    named = queue_of_arn(arn)
    return _any_queue(context, None) if named is None else named.arn


_any_queue = arn_of("arn:{partition}:sqs:{region}:{account}:")

_QUEUE: Final = ResourceType(name="queue", arn=_by_url, foreign=_foreign_by_url)
_NAMED: Final = ResourceType(name="queue", arn=_by_name, foreign=_foreign_by_name)
_NEW: Final = ResourceType(name="queue", arn=arn_of("arn:{partition}:sqs:{region}:{account}:{given.queue_name}"))
_SOURCE: Final = ResourceType(name="queue", arn=_source_arn)
_DESTINATION: Final = ResourceType(name="queue", arn=_destination_arn)
_OF_HANDLE: Final = ResourceType(name="queue", arn=_of_handle)
_ANY: Final = ResourceType(name="", arn=_any_queue)
"""ListQueues knows no resource, but AWS's refusals name this, without a queue."""


def _of_creation(context: RequestContext, given: Any, queue: KnownResource | None) -> Conditions:
    return request_tags(given.tags)


def _of_untagging(context: RequestContext, given: Any, queue: KnownResource | None) -> Conditions:
    return tag_keys(given.tag_keys)


def _permissions(resource: ResourceType, actions: Iterable[str]) -> tuple[Permission, ...]:
    return tuple(Permission(action=f"sqs:{action.lower()}", resource=resource) for action in actions)


def _on(resource: ResourceType, actions: Iterable[str]) -> dict[str, tuple[Permission, ...]]:
    return {action: _permissions(resource, (action,)) for action in actions}


_MOVING: Final = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")

PERMISSIONS: Final[Permissions] = {
    **_on(
        _QUEUE,
        (
            "AddPermission",
            "ChangeMessageVisibility",
            "DeleteMessage",
            "DeleteQueue",
            "GetQueueAttributes",
            "ListDeadLetterSourceQueues",
            "ListQueueTags",
            "PurgeQueue",
            "ReceiveMessage",
            "RemovePermission",
            "SendMessage",
        ),
    ),
    # IAM User Guide, "Tasks that require root user credentials": to end a queue policy that denies all principals.
    "SetQueueAttributes": (Permission(action="sqs:setqueueattributes", resource=_QUEUE, root_may=True),),
    "ChangeMessageVisibilityBatch": _permissions(_QUEUE, ("ChangeMessageVisibility",)),
    "DeleteMessageBatch": _permissions(_QUEUE, ("DeleteMessage",)),
    "SendMessageBatch": _permissions(_QUEUE, ("SendMessage",)),
    **_on(_NAMED, ("GetQueueUrl",)),
    **_on(_ANY, ("ListQueues",)),
    "CreateQueue": (
        Permission(action="sqs:createqueue", resource=_NEW, conditions=_of_creation),
        Permission(action="sqs:tagqueue", resource=_NEW, conditions=_of_creation, asked=gives_tags),
    ),
    "TagQueue": (Permission(action="sqs:tagqueue", resource=_QUEUE, conditions=_of_creation),),
    "UntagQueue": (Permission(action="sqs:untagqueue", resource=_QUEUE, conditions=_of_untagging),),
    "ListMessageMoveTasks": _permissions(_SOURCE, ("ListMessageMoveTasks", *_MOVING)),
    "CancelMessageMoveTask": _permissions(_OF_HANDLE, ("CancelMessageMoveTask", *_MOVING)),
    "StartMessageMoveTask": (
        *_permissions(_SOURCE, ("StartMessageMoveTask", *_MOVING)),
        Permission(
            action="sqs:sendmessage",
            resource=_DESTINATION,
            asked=lambda context, given: given.destination_arn is not None,
        ),
    ),
}


class _Home(NamedTuple):
    """A queue of somebody's own, as long as the watch has not told. unpoliced: it has no policy."""

    watch: Watch
    unpoliced: bool


class QueueResources:
    """Knows queues, with their policies."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshot = store.snapshot()
        self._known = KnownQueues()
        self._watch: Watch | None = None
        self._any_policy = True
        self._homes: dict[tuple[str, str, str], _Home] = {}
        """By account, region and URL."""

    @property
    def eager(self) -> bool:
        """Whether any queue has a policy; while none has, requests for one's own queues need no look at them."""
        return self._any_policy or self._watch is None or self._watch.told

    def at_home(self, context: RequestContext, given: Any) -> bool:
        """By what was read of the queue and not written since."""
        url = getattr(given, "queue_url", None)
        if url is None:
            return False
        home = self._homes.get((context.account_id, context.region, url))
        return home is not None and home.unpoliced and not home.watch.written

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        if self._watch is None or self._watch.told:
            self._watch = self._store.watch(POLICIES_CHANGED)
            self._any_policy = await any_policy(self._snapshot)
        queue = await self._known.find_by_arn(self._snapshot, arn)
        if queue is None:
            return None
        policy = NamedPolicy(arn, compile_policy(queue.policy), "resource") if queue.policy else None
        return KnownResource(arn=arn, tags=queue.tags, policy=policy)

    async def find_given(
        self, context: RequestContext, permission: Permission, arn: str, given: Any, *, closely: bool
    ) -> KnownResource | None:
        url = getattr(given, "queue_url", None)
        queue = queue_of_arn(arn)
        if url is None or queue is None or queue.account_id != context.account_id:
            return await self.find(context, arn)
        watch = self._store.watch(queue_key(queue))  # before the queue is read
        known = await self.find(context, arn)
        address = context.account_id, context.region, url
        before = self._homes.pop(address, None)
        if before is not None:
            before.watch.cancel()
        if known is None:
            watch.cancel()
            return None
        if len(self._homes) >= _HOMES_MAX:
            for each in self._homes.values():
                each.watch.cancel()
            self._homes.clear()
        self._homes[address] = _Home(watch, known.policy is None)
        return known
