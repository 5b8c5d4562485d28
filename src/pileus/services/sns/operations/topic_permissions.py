"""How are statements added to a topic's policy, one by one?

Sources: SNS API Reference, AddPermission, RemovePermission; recordings sns, `test_add_permission_errors`,
`test_remove_permission_errors`.
"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.sns.names import topic_arn_here
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.policies import with_permission, without_permission
from pileus.services.sns.shapes import AddPermissionInput, RemovePermissionInput
from pileus.services.sns.store import get_topic, put_topic


class TopicPermissionOperations(SnsBase):
    """The policy of a topic, a statement at a time."""

    async def add_permission(self, context: RequestContext, request: AddPermissionInput) -> None:
        name = topic_arn_here(context, request.topic_arn)
        async with self._store.transaction() as tx:
            record = await get_topic(tx, name)
            policy = with_permission(
                record, label=request.label, account_ids=request.aws_account_id, actions=request.action_name
            )
            put_topic(tx, msgspec.structs.replace(record, policy=policy))

    async def remove_permission(self, context: RequestContext, request: RemovePermissionInput) -> None:
        """A label that is not there is no error."""
        name = topic_arn_here(context, request.topic_arn)
        async with self._store.transaction() as tx:
            record = await get_topic(tx, name)
            put_topic(tx, msgspec.structs.replace(record, policy=without_permission(record, label=request.label)))
