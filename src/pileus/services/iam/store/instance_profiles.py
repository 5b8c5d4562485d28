"""Where are instance profiles kept?"""

from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import InstanceProfileRecord, RoleRecord
from pileus.services.iam.store.base import Reader, Writer


class InstanceProfileReader(Reader):
    async def find_instance_profile(self, name: str) -> InstanceProfileRecord | None:
        return await self._find(InstanceProfileRecord, "instance-profile", name.casefold())

    async def instance_profile(self, name: str) -> InstanceProfileRecord:
        """NoSuchEntity."""
        profile = await self.find_instance_profile(name)
        if profile is None:
            raise NoSuchEntity(f"Instance Profile {name} cannot be found.")
        return profile

    async def instance_profiles(
        self, *, path_prefix: str, after_name: str | None, limit: int
    ) -> list[InstanceProfileRecord]:
        """At most `limit` instance profiles in order of their names, those after `after_name`."""
        return await self._page(
            InstanceProfileRecord,
            "instance-profile",
            after_name=after_name,
            limit=limit,
            wanted=lambda one: one.path.startswith(path_prefix),
        )

    async def instance_profiles_of(self, role: RoleRecord) -> list[InstanceProfileRecord]:
        """In order of their names."""
        found: list[InstanceProfileRecord] = []
        for profile_id in await self._last_parts("profile-of", role.role_id):
            named = await self._named(profile_id)
            profile = None if named is None else await self.find_instance_profile(named.name)
            if profile is not None:
                found.append(profile)
        return sorted(found, key=lambda profile: profile.name.casefold())


class InstanceProfileWriter(InstanceProfileReader, Writer):
    def put_instance_profile(self, profile: InstanceProfileRecord) -> None:
        self._put_entity(profile)
        for role_id in profile.role_ids:
            self._mark("profile-of", role_id, profile.instance_profile_id)

    def remove_role(self, profile: InstanceProfileRecord, role: RoleRecord) -> None:
        """Of the other side only: the profile itself is put without it."""
        self._clear("profile-of", role.role_id, profile.instance_profile_id)

    def delete_instance_profile(self, profile: InstanceProfileRecord) -> None:
        assert not profile.role_ids
        self._delete_entity(profile)
