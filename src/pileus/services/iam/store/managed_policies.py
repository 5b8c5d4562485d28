"""Where are managed policies and their versions kept?

Those of the account; those of AWS come with the program and are read from there.
"""

from collections.abc import Callable

from pileus.services.iam.aws_managed import catalog
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import PolicyRecord, PolicyVersionRecord
from pileus.services.iam.store.base import Reader, Writer


class ManagedPolicyReader(Reader):
    async def find_policy(self, arn: str, *, partition: str | None = None) -> PolicyRecord | None:
        """The policy of exactly this ARN: the account's own, or AWS's.

        partition: of whoever names it; None for an ARN that is kept, which was looked at when it came.
        """
        if catalog.is_aws_managed(arn):
            return catalog.find(arn, partition=partition or arn.split(":", 2)[1])
        policy = await self.find_policy_by_name(arn.rpartition("/")[2])
        return policy if policy is not None and policy.arn == arn else None

    async def find_policy_by_name(self, name: str) -> PolicyRecord | None:
        """One of the account's own; names are unique in any path."""
        return await self._find(PolicyRecord, "policy", name.casefold())

    async def policy(self, arn: str, *, partition: str | None = None) -> PolicyRecord:
        """NoSuchEntity. partition: as for `find_policy`."""
        policy = await self.find_policy(arn, partition=partition)
        if policy is None:
            raise NoSuchEntity(f"Policy {arn} was not found.")
        return policy

    async def policies(
        self, *, after_name: str | None, limit: int, wanted: Callable[[PolicyRecord], bool]
    ) -> list[PolicyRecord]:
        """At most `limit` of the account's own in order of their names, those after `after_name`."""
        return await self._page(PolicyRecord, "policy", after_name=after_name, limit=limit, wanted=wanted)

    async def policy_versions(self, policy: PolicyRecord) -> list[PolicyVersionRecord]:
        """The newest first."""
        if policy.aws_managed:
            return [catalog.default_version(policy)]
        return (await self._all(PolicyVersionRecord, "policy-version", policy.policy_id))[::-1]

    async def find_policy_version(self, policy: PolicyRecord, number: int) -> PolicyVersionRecord | None:
        if policy.aws_managed:
            # AWS keeps the former versions of its policies; their documents are not published together.
            return catalog.default_version(policy) if number == policy.default_version else None
        return await self._find(PolicyVersionRecord, "policy-version", policy.policy_id, number)

    async def default_document(self, policy: PolicyRecord) -> str:
        version = await self.find_policy_version(policy, policy.default_version)
        assert version is not None, "a policy lacks its default version"
        return version.document


class ManagedPolicyWriter(ManagedPolicyReader, Writer):
    def put_policy(self, policy: PolicyRecord) -> None:
        assert not policy.aws_managed
        self._put_entity(policy)

    def delete_policy(self, policy: PolicyRecord) -> None:
        assert not policy.aws_managed
        self._delete_entity(policy)
        self._clear_below("policy-version", policy.policy_id)

    def put_policy_version(self, policy: PolicyRecord, version: PolicyVersionRecord) -> None:
        self._set(version, "policy-version", policy.policy_id, version.number)

    def delete_policy_version(self, policy: PolicyRecord, version: PolicyVersionRecord) -> None:
        self._clear("policy-version", policy.policy_id, version.number)
