"""How is a topic given a data protection policy?

Sources: SNS API Reference, PutDataProtectionPolicy, GetDataProtectionPolicy; SNS Developer Guide, "Deleting data
protection policies"; recording sns, `test_data_protection_policy_crud`.
"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.model import TopicRecord
from pileus.services.sns.names import topic_arn_here
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.protection.policy import parse
from pileus.services.sns.shapes import (
    GetDataProtectionPolicyInput,
    GetDataProtectionPolicyResponse,
    PutDataProtectionPolicyInput,
)
from pileus.services.sns.store import get_topic, put_topic


class DataProtectionOperations(SnsBase):
    """One policy of each topic; an empty one takes it away."""

    async def put_data_protection_policy(self, context: RequestContext, request: PutDataProtectionPolicyInput) -> None:
        name = topic_arn_here(context, request.resource_arn, member="ResourceArn")
        async with self._store.transaction() as tx:
            record = await get_topic(tx, name)
            await self._protect(tx, record, request.data_protection_policy)

    async def get_data_protection_policy(
        self, context: RequestContext, request: GetDataProtectionPolicyInput
    ) -> GetDataProtectionPolicyResponse:
        name = topic_arn_here(context, request.resource_arn, member="ResourceArn")
        record = await get_topic(self._store.snapshot(), name)
        return GetDataProtectionPolicyResponse(data_protection_policy=record.data_protection_policy or None)

    async def _protect(self, tx: Transaction, record: TopicRecord, policy: str) -> None:
        policy = policy.strip()
        if policy:
            parse(policy)
            if record.fifo:
                # Source: SNS Developer Guide, "What is message data protection?": standard topics only.
                raise InvalidParameter(
                    "DataProtectionPolicy Reason: FIFO topics do not support data protection policies"
                )
        put_topic(tx, msgspec.structs.replace(record, data_protection_policy=policy))
