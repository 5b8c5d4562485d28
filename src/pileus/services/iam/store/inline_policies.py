"""Where are inline policies kept?"""

from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import Holder, InlinePolicyRecord
from pileus.services.iam.store.base import Reader, Writer


class InlinePolicyReader(Reader):
    async def inline_policy(self, holder: Holder, name: str) -> InlinePolicyRecord:
        """NoSuchEntity."""
        policy = await self._find(InlinePolicyRecord, "inline", holder.unique_id, name)
        if policy is None:
            raise NoSuchEntity(f"The {holder.kind} policy with name {name} cannot be found.")
        return policy

    async def inline_policies(self, holder_id: str) -> list[InlinePolicyRecord]:
        """In order of their names; their number is bounded by their length together."""
        return await self._all(InlinePolicyRecord, "inline", holder_id)


class InlinePolicyWriter(InlinePolicyReader, Writer):
    def put_inline_policy(self, holder: Holder, policy: InlinePolicyRecord) -> None:
        self._set(policy, "inline", holder.unique_id, policy.name)

    def delete_inline_policy(self, holder: Holder, policy: InlinePolicyRecord) -> None:
        self._clear("inline", holder.unique_id, policy.name)
