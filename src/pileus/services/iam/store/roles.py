"""Where are roles kept?"""

from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import RoleRecord
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

    async def find_role_by_id(self, role_id: str) -> RoleRecord | None:
        named = await self._named(role_id)
        return None if named is None else await self.find_role(named.name)

    async def roles(self, *, path_prefix: str, after_name: str | None, limit: int) -> list[RoleRecord]:
        """At most `limit` roles in order of their names, those after `after_name`."""
        return await self._page(
            RoleRecord, "role", after_name=after_name, limit=limit, wanted=lambda one: one.path.startswith(path_prefix)
        )


class RoleWriter(RoleReader, Writer):
    def put_role(self, role: RoleRecord) -> None:
        self._put_entity(role)

    def delete_role(self, role: RoleRecord) -> None:
        self._delete_entity(role)
