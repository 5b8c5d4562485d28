"""Key policies."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.kms.errors import NotFoundException, UnsupportedOperationException
from pileus.services.kms.key_records import put_key
from pileus.services.kms.operations.base import KmsBase
from pileus.services.kms.policies import check_key_policy, check_lockout
from pileus.services.kms.shapes import (
    GetKeyPolicyRequest,
    GetKeyPolicyResponse,
    ListKeyPoliciesRequest,
    ListKeyPoliciesResponse,
    PutKeyPolicyRequest,
)

_DEFAULT = "default"


class PolicyOperations(KmsBase):
    """The one policy of each key, which is called `default`."""

    async def get_key_policy(self, context: RequestContext, request: GetKeyPolicyRequest) -> GetKeyPolicyResponse:
        key = await self.keys.own(self._store.snapshot(), context, request.key_id)
        if request.policy_name not in (None, _DEFAULT):
            raise NotFoundException("No such policy exists")
        return GetKeyPolicyResponse(policy=key.policy, policy_name=_DEFAULT)

    async def put_key_policy(self, context: RequestContext, request: PutKeyPolicyRequest) -> None:
        """In every state of the key (KMS Developer Guide, "Key states")."""
        if request.policy_name not in (None, _DEFAULT):
            raise UnsupportedOperationException("Only the policy name default is supported.")
        check_key_policy(request.policy)
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            if not request.bypass_policy_lockout_safety_check:
                check_lockout(request.policy, context, key.arn)
            put_key(tx, msgspec.structs.replace(key, policy=request.policy))

    async def list_key_policies(
        self, context: RequestContext, request: ListKeyPoliciesRequest
    ) -> ListKeyPoliciesResponse:
        await self.keys.own(self._store.snapshot(), context, request.key_id)
        return ListKeyPoliciesResponse(policy_names=[_DEFAULT], truncated=False)
