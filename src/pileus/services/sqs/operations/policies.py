"""AddPermission, RemovePermission. Recording sqs/sqs, test_sqs_permission_lifecycle."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.sqs.operations.base import SqsBase, own_queue
from pileus.services.sqs.policies import check_label, permission_statement, with_statement, without_statement
from pileus.services.sqs.queue_records import put_queue
from pileus.services.sqs.shapes import AddPermissionRequest, RemovePermissionRequest


class PolicyOperations(SqsBase):
    """A queue's policy, one statement at a time."""

    async def add_permission(self, context: RequestContext, request: AddPermissionRequest) -> None:
        async with self._store.transaction() as tx:
            queue = await own_queue(tx, context, request.queue_url)
            statement = permission_statement(
                label=request.label,
                account_ids=request.aws_account_ids,
                actions=request.actions,
                queue_arn=queue.arn,
                region=queue.region,
            )
            policy = with_statement(queue.policy, statement, queue_arn=queue.arn)
            changed = msgspec.structs.replace(queue, policy=policy, modified_at_s=int(self._clock.timestamp()))
            put_queue(tx, changed, before=queue)

    async def remove_permission(self, context: RequestContext, request: RemovePermissionRequest) -> None:
        check_label(request.label)
        async with self._store.transaction() as tx:
            queue = await own_queue(tx, context, request.queue_url)
            policy = without_statement(queue.policy, request.label)
            changed = msgspec.structs.replace(queue, policy=policy, modified_at_s=int(self._clock.timestamp()))
            put_queue(tx, changed, before=queue)
