"""Where are groups and their members kept?

A membership is two keys, one from either side, both of unique ids.
"""

from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import GroupRecord, UserRecord
from pileus.services.iam.store.base import Writer
from pileus.services.iam.store.users import UserReader


class GroupReader(UserReader):
    async def find_group(self, name: str) -> GroupRecord | None:
        return await self._find(GroupRecord, "group", name.casefold())

    async def group(self, name: str) -> GroupRecord:
        """NoSuchEntity."""
        group = await self.find_group(name)
        if group is None:
            raise NoSuchEntity(f"The group with name {name} cannot be found.")
        return group

    async def groups(self, *, path_prefix: str, after_name: str | None, limit: int) -> list[GroupRecord]:
        """At most `limit` groups in order of their names, those after `after_name`."""
        return await self._page(
            GroupRecord,
            "group",
            after_name=after_name,
            limit=limit,
            wanted=lambda one: one.path.startswith(path_prefix),
        )

    async def find_group_by_id(self, group_id: str) -> GroupRecord | None:
        named = await self._named(group_id)
        return None if named is None else await self.find_group(named.name)

    async def has_members(self, group: GroupRecord) -> bool:
        return bool(await self._reads.range(*self._keys.range("member", group.group_id), limit=1))

    async def members(self, group: GroupRecord) -> list[UserRecord]:
        """In order of their names."""
        found = [await self.find_user_by_id(user_id) for user_id in await self._last_parts("member", group.group_id)]
        return sorted((user for user in found if user is not None), key=lambda user: user.name.casefold())

    async def groups_of(self, user_id: str) -> list[GroupRecord]:
        """In order of their names."""
        found = [await self.find_group_by_id(group_id) for group_id in await self._last_parts("member-of", user_id)]
        return sorted((group for group in found if group is not None), key=lambda group: group.name.casefold())


class GroupWriter(GroupReader, Writer):
    def put_group(self, group: GroupRecord) -> None:
        self._put_entity(group)

    def rename_group(self, group: GroupRecord, *, old_name: str) -> None:
        """Keep `group`, which was known by another name."""
        self._rename_entity(group, old_name)

    def delete_group(self, group: GroupRecord) -> None:
        self._delete_entity(group)

    def put_member(self, group: GroupRecord, user: UserRecord) -> None:
        self._mark("member", group.group_id, user.user_id)
        self._mark("member-of", user.user_id, group.group_id)

    def delete_member(self, group: GroupRecord, user: UserRecord) -> None:
        self._clear("member", group.group_id, user.user_id)
        self._clear("member-of", user.user_id, group.group_id)
