"""Where is it kept which managed policy is attached to whom, and whose boundary it is?

Two keys each, one from either side: the holder's unique id, and the policy's ARN, since a policy never changes its
name. A boundary's own side is a field of its user or role.
"""

from typing import Literal

from pileus.services.iam.records import Bounded, Holder
from pileus.services.iam.store.base import Writer
from pileus.services.iam.store.groups import GroupReader
from pileus.services.iam.store.roles import RoleReader

Usage = Literal["PermissionsPolicy", "PermissionsBoundary"]


class AttachmentReader(GroupReader, RoleReader):
    async def attached_policy_arns(self, holder_id: str) -> list[str]:
        """In order of the policies' names."""
        return sorted(
            await self._last_parts("attached", holder_id), key=lambda arn: (arn.rpartition("/")[2].casefold(), arn)
        )

    async def usage_count(self, policy_arn: str, usage: Usage) -> int:
        return len(await self._reads.range(*self._keys.range("attachment", policy_arn, usage)))

    async def holders_of(self, policy_arn: str, usage: Usage) -> list[Holder]:
        """In no particular order."""
        found: list[Holder] = []
        for holder_id in await self._last_parts("attachment", policy_arn, usage):
            holder = await self.find_holder(holder_id)
            if holder is not None:
                found.append(holder)
        return found

    async def find_holder(self, unique_id: str) -> Holder | None:
        named = await self._named(unique_id)
        if named is None:
            return None
        if named.kind == "user":
            return await self.find_user(named.name)
        if named.kind == "group":
            return await self.find_group(named.name)
        return await self.find_role(named.name) if named.kind == "role" else None

    async def used_policy_arns(self, usage: Usage) -> set[str]:
        """Every policy that is attached to somebody, or somebody's boundary."""
        pairs = await self._reads.range(*self._keys.range("attachment"))
        keys = (self._keys.unpack(key) for key, _ in pairs)
        return {str(policy_arn) for _, policy_arn, used_as, _ in keys if used_as == usage}


class AttachmentWriter(AttachmentReader, Writer):
    def attach(self, holder: Holder, policy_arn: str) -> None:
        self._mark("attached", holder.unique_id, policy_arn)
        self._mark("attachment", policy_arn, "PermissionsPolicy", holder.unique_id)

    def detach(self, holder: Holder, policy_arn: str) -> None:
        self._clear("attached", holder.unique_id, policy_arn)
        self._clear("attachment", policy_arn, "PermissionsPolicy", holder.unique_id)

    def bound(self, holder: Bounded, *, by: str | None, before: str | None) -> None:
        """Note a change of boundary at the policies; the holder itself is put by the caller."""
        if before is not None:
            self._clear("attachment", before, "PermissionsBoundary", holder.unique_id)
        if by is not None:
            self._mark("attachment", by, "PermissionsBoundary", holder.unique_id)
