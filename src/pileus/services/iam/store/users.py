"""Where are users kept?"""

from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import UserRecord
from pileus.services.iam.store.base import Reader, Writer


class UserReader(Reader):
    async def find_user(self, name: str) -> UserRecord | None:
        return await self._find(UserRecord, "user", name.casefold())

    async def user(self, name: str) -> UserRecord:
        """NoSuchEntity."""
        user = await self.find_user(name)
        if user is None:
            raise NoSuchEntity(f"The user with name {name} cannot be found.")
        return user

    async def find_user_by_id(self, user_id: str) -> UserRecord | None:
        named = await self._named(user_id)
        return None if named is None else await self.find_user(named.name)

    async def users(self, *, path_prefix: str, after_name: str | None, limit: int) -> list[UserRecord]:
        """At most `limit` users in order of their names, those after `after_name`."""
        return await self._page(
            UserRecord, "user", after_name=after_name, limit=limit, wanted=lambda one: one.path.startswith(path_prefix)
        )


class UserWriter(UserReader, Writer):
    def put_user(self, user: UserRecord) -> None:
        self._put_entity(user)

    def rename_user(self, user: UserRecord, *, old_name: str) -> None:
        """Keep `user`, which was known by another name."""
        self._rename_entity(user, old_name)

    def delete_user(self, user: UserRecord) -> None:
        self._delete_entity(user)
