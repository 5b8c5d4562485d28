"""Where are roles and their inline policies kept?"""

from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import RolePolicyRecord, RoleRecord
from pileus.services.iam.store.base import Reader, Writer


class RoleReader(Reader):
    async def find_role(self, name: str) -> RoleRecord | None:
        return await self._find(RoleRecord, "role", name.casefold())

    async def role(self, name: str) -> RoleRecord:
        """NoSuchEntity."""
        role = await self.find_role(name)
        if role is None:
            raise NoSuchEntity(f"The role with name {name} cannot be found.")
        return role

    async def roles(self, *, path_prefix: str, after_name: str | None, limit: int) -> list[RoleRecord]:
        """At most `limit` roles in order of their names, those after `after_name`."""
        return await self._page(
            RoleRecord,
            "role",
            after_name=after_name,
            limit=limit,
            wanted=lambda role: role.path.startswith(path_prefix),
        )

    async def role_policy(self, role_name: str, policy_name: str) -> RolePolicyRecord:
        """NoSuchEntity."""
        policy = await self._find(RolePolicyRecord, "role-policy", role_name.casefold(), policy_name)
        if policy is None:
            raise NoSuchEntity(f"The role policy with name {policy_name} cannot be found.")
        return policy

    async def role_policies(self, role_name: str) -> list[RolePolicyRecord]:
        """In order of their names; their number is bounded by their length together."""
        return await self._all(RolePolicyRecord, "role-policy", role_name.casefold())


class RoleWriter(RoleReader, Writer):
    def put_role(self, role: RoleRecord) -> None:
        self._set(role, "role", role.name.casefold())

    def delete_role(self, role: RoleRecord) -> None:
        self._clear("role", role.name.casefold())

    def put_role_policy(self, role: RoleRecord, policy: RolePolicyRecord) -> None:
        self._set(policy, "role-policy", role.name.casefold(), policy.name)

    def delete_role_policy(self, role: RoleRecord, policy: RolePolicyRecord) -> None:
        self._clear("role-policy", role.name.casefold(), policy.name)
