"""PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy."""

from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb.errors import PolicyNotFoundException, ResourceNotFoundException
from pileus.services.dynamodb.operations.base import DynamoDbBase
from pileus.services.dynamodb.resource_policies import attach_policy, detach_policy, read_policy
from pileus.services.dynamodb.shapes import (
    DeleteResourcePolicyInput,
    DeleteResourcePolicyOutput,
    GetResourcePolicyInput,
    GetResourcePolicyOutput,
    PutResourcePolicyInput,
    PutResourcePolicyOutput,
)
from pileus.services.dynamodb.store import Table, write_table
from pileus.services.dynamodb.tables.admission import check_settled
from pileus.services.dynamodb.tables.names import named_table
from pileus.services.dynamodb.tables.states import gone

_NONE: Final = "NO_POLICY"
"""As an ExpectedRevisionId: only if there is no policy yet."""
_NOT_FOUND: Final = "Resource-based policy not found for the provided ResourceArn: "


class ResourcePolicyOperations(DynamoDbBase):
    async def put_resource_policy(
        self, context: RequestContext, request: PutResourcePolicyInput
    ) -> PutResourcePolicyOutput:
        from pileus.services.dynamodb.policy_checks import policy_to_attach

        named_table(context, request.resource_arn)
        confirmed = bool(request.confirm_remove_self_resource_access)
        text = policy_to_attach(request.policy, context, request.resource_arn, confirmed=confirmed)
        now_s = self._clock.timestamp()

        async def put(tx: Transaction) -> str | None:
            table = await self._with_policy(context, request.resource_arn, tx)
            check_settled(table.record, now_s=now_s)
            _check_revision(table, request.expected_revision_id)
            if await read_policy(tx, table.region, table.record) == text:
                return table.record.policy_revision
            record = await attach_policy(tx, table.region, table.record, text, now_s=now_s)
            write_table(tx, table.region, record)
            return record.policy_revision

        return PutResourcePolicyOutput(revision_id=await self._store.run(put))

    async def get_resource_policy(
        self, context: RequestContext, request: GetResourcePolicyInput
    ) -> GetResourcePolicyOutput:
        table = await self._with_policy(context, request.resource_arn, self._snapshot)
        text = await read_policy(self._snapshot, table.region, table.record)
        if text is None:
            raise PolicyNotFoundException(f"{_NOT_FOUND}{request.resource_arn}")
        return GetResourcePolicyOutput(policy=text, revision_id=table.record.policy_revision)

    async def delete_resource_policy(
        self, context: RequestContext, request: DeleteResourcePolicyInput
    ) -> DeleteResourcePolicyOutput:
        """No policy, no error: AWS answers 200 then too."""
        now_s = self._clock.timestamp()

        async def delete(tx: Transaction) -> str | None:
            table = await self._with_policy(context, request.resource_arn, tx)
            check_settled(table.record, now_s=now_s)
            _check_revision(table, request.expected_revision_id)
            if table.record.policy_revision is not None:
                write_table(tx, table.region, await detach_policy(tx, table.region, table.record))
            return table.record.policy_revision

        return DeleteResourcePolicyOutput(revision_id=await self._store.run(delete))

    async def _with_policy(self, context: RequestContext, arn: str, reader: Snapshot) -> Table:
        place = named_table(context, arn)
        table = await self._at(place, reader)
        if table is None or gone(table.record, self._clock.timestamp()):
            raise ResourceNotFoundException(f"Requested resource not found: Table: {place.name} not found")
        return table


def _check_revision(table: Table, expected: str | None) -> None:
    """Source of the words: moto's tests that were verified on AWS (`test_put_resource_policy_...`)."""
    now = table.record.policy_revision
    if expected is None or expected == now:
        return
    if expected == _NONE:
        if now is not None:
            raise PolicyNotFoundException(
                f"{_NOT_FOUND}Requested policy update expecting none to be present for table {table.name}, but a "
                f"policy exists with revision id {now}."
            )
        return
    has = "has no policy" if now is None else f"has revision id {now}"
    raise PolicyNotFoundException(
        f"{_NOT_FOUND}Requested update for policy with revision id {expected}, but the policy associated to target "
        f"table {table.name} {has}."
    )
