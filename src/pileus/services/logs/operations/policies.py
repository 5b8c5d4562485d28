"""Resource policies of an account: kept and shown."""

from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.logs.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from pileus.services.logs.limits import DESCRIBE_ITEMS_MAX, RESOURCE_POLICIES_MAX
from pileus.services.logs.model import ResourcePolicyRecord
from pileus.services.logs.operations.base import LogsBase, read_name_token, region_of, write_name_token
from pileus.services.logs.shapes import (
    DeleteResourcePolicyRequest,
    DescribeResourcePoliciesRequest,
    DescribeResourcePoliciesResponse,
    PutResourcePolicyRequest,
    PutResourcePolicyResponse,
    ResourcePolicy,
)
from pileus.services.logs.store import Kept

RESOURCE_POLICIES: Final = Kept("resource-policy", ResourcePolicyRecord)


class PolicyOperations(LogsBase):
    async def put_resource_policy(
        self, context: RequestContext, request: PutResourcePolicyRequest
    ) -> PutResourcePolicyResponse:
        if request.resource_arn is not None or request.expected_revision_id is not None:
            raise NotImplementedByPileus("resourceArn and expectedRevisionId are not implemented")
        name, document = request.policy_name, request.policy_document
        if not name or not document:
            raise InvalidParameterException("policyName and policyDocument must be specified.")
        _check_document(document)
        record = ResourcePolicyRecord(name=name, document=document, updated_ms=self._now_ms())

        async def put(tx: Transaction) -> None:
            region = region_of(context)
            others = [known for known in await RESOURCE_POLICIES.list(tx, region) if known.name != name]
            if len(others) >= RESOURCE_POLICIES_MAX:
                raise LimitExceededException
            RESOURCE_POLICIES.put(tx, region, record, name)

        await self._store.run(put)
        return PutResourcePolicyResponse(resource_policy=_described(record))

    async def describe_resource_policies(
        self, context: RequestContext, request: DescribeResourcePoliciesRequest
    ) -> DescribeResourcePoliciesResponse:
        if request.resource_arn is not None:
            raise NotImplementedByPileus("resourceArn is not implemented")
        if request.policy_scope == "RESOURCE":
            return DescribeResourcePoliciesResponse(resource_policies=[])  # none can be put
        limit = request.limit or DESCRIBE_ITEMS_MAX
        found = await RESOURCE_POLICIES.list(
            self._store.snapshot(), region_of(context), beyond=read_name_token(request.next_token), limit=limit + 1
        )
        return DescribeResourcePoliciesResponse(
            resource_policies=[_described(record) for record in found[:limit]],
            next_token=write_name_token(found[limit - 1].name) if len(found) > limit else None,
        )

    async def delete_resource_policy(self, context: RequestContext, request: DeleteResourcePolicyRequest) -> None:
        if request.resource_arn is not None or request.expected_revision_id is not None:
            raise NotImplementedByPileus("resourceArn and expectedRevisionId are not implemented")
        name = request.policy_name or ""

        async def delete(tx: Transaction) -> None:
            if await RESOURCE_POLICIES.find(tx, region_of(context), name) is None:
                # Recording logs_resource_policies, test_delete_resource_policy_not_found.
                raise ResourceNotFoundException(f"Policy with name [{name}] does not exist.")
            RESOURCE_POLICIES.clear(tx, region_of(context), name)

        await self._store.run(delete)


def _described(record: ResourcePolicyRecord) -> ResourcePolicy:
    return ResourcePolicy(
        policy_name=record.name,
        policy_document=record.document,
        last_updated_time=record.updated_ms,
        policy_scope="ACCOUNT",
    )


def _check_document(document: str) -> None:
    try:
        policy = msgspec.json.decode(document)
    except msgspec.DecodeError:
        policy = None
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise InvalidParameterException("The policy document is not valid.")
