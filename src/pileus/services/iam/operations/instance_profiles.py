"""Which role does a machine have?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, model, paging, shapes, tagging
from pileus.services.iam.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from pileus.services.iam.limits import INSTANCE_PROFILES_PER_ACCOUNT_MAX, ROLES_PER_INSTANCE_PROFILE_MAX
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import InstanceProfileRecord, RoleRecord
from pileus.services.iam.store import AccountReader


class InstanceProfileOperations(Operations):
    """Instance profiles."""

    async def add_role_to_instance_profile(
        self, context: RequestContext, request: shapes.AddRoleToInstanceProfileRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            profile = await account.instance_profile(request.instance_profile_name)
            role = await account.role(request.role_name)
            model.check_modifiable(role)
            if len(profile.role_ids) >= ROLES_PER_INSTANCE_PROFILE_MAX:
                raise LimitExceeded(
                    f"Cannot exceed quota for InstanceSessionsPerInstanceProfile: {ROLES_PER_INSTANCE_PROFILE_MAX}"
                )
            account.put_instance_profile(msgspec.structs.replace(profile, role_ids=(*profile.role_ids, role.role_id)))

    async def create_instance_profile(
        self, context: RequestContext, request: shapes.CreateInstanceProfileRequest
    ) -> shapes.CreateInstanceProfileResponse:
        path, name = request.path or "/", request.instance_profile_name
        profile = InstanceProfileRecord(
            account_id=context.account_id,
            name=name,
            path=path,
            instance_profile_id=self._new_id(model.INSTANCE_PROFILE_ID_PREFIX),
            arn=model.arn(context.partition, context.account_id, "instance-profile", path=path, name=name),
            created_at=self._now(),
            tags=tagging.kept(request.tags, case_sensitive=True),
        )
        async with self._store.transaction(context.account_id) as account:
            if await account.find_instance_profile(name) is not None:
                raise EntityAlreadyExists(f"Instance Profile {name} already exists.")
            await account.check_quota(
                "instance-profile", "InstanceProfilesPerAccount", INSTANCE_PROFILES_PER_ACCOUNT_MAX
            )
            account.put_instance_profile(profile)
        shape = answers.instance_profile_shape(profile, [], tags=tagging.given_shapes(profile.tags))
        return shapes.CreateInstanceProfileResponse(instance_profile=shape)

    async def delete_instance_profile(
        self, context: RequestContext, request: shapes.DeleteInstanceProfileRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            profile = await account.instance_profile(request.instance_profile_name)
            if profile.role_ids:
                raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
            account.delete_instance_profile(profile)

    async def get_instance_profile(
        self, context: RequestContext, request: shapes.GetInstanceProfileRequest
    ) -> shapes.GetInstanceProfileResponse:
        account = self._store.read(context.account_id)
        profile = await account.instance_profile(request.instance_profile_name)
        shape = answers.instance_profile_shape(
            profile, await _roles(account, profile), tags=tagging.sorted_shapes(profile.tags)
        )
        return shapes.GetInstanceProfileResponse(instance_profile=shape)

    async def list_instance_profiles(
        self, context: RequestContext, request: shapes.ListInstanceProfilesRequest
    ) -> shapes.ListInstanceProfilesResponse:
        account = self._store.read(context.account_id)
        found = await account.instance_profiles(
            path_prefix=request.path_prefix or "/",
            after_name=paging.after(request),
            limit=paging.items_max(request) + 1,
        )
        page = paging.page(found, request, name=lambda profile: profile.name)
        return shapes.ListInstanceProfilesResponse(
            instance_profiles=[
                answers.instance_profile_shape(profile, await _roles(account, profile), tags=None)
                for profile in page.items
            ],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def list_instance_profiles_for_role(
        self, context: RequestContext, request: shapes.ListInstanceProfilesForRoleRequest
    ) -> shapes.ListInstanceProfilesForRoleResponse:
        account = self._store.read(context.account_id)
        role = await account.role(request.role_name)
        found = await account.instance_profiles_of(role)
        role = await account.with_present_names(role)
        page = paging.page_of_all(found, request, name=lambda profile: profile.name.casefold())
        return shapes.ListInstanceProfilesForRoleResponse(
            instance_profiles=[answers.instance_profile_shape(profile, [role], tags=None) for profile in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def remove_role_from_instance_profile(
        self, context: RequestContext, request: shapes.RemoveRoleFromInstanceProfileRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            profile = await account.instance_profile(request.instance_profile_name)
            role = await account.role(request.role_name)
            model.check_modifiable(role)
            if role.role_id not in profile.role_ids:
                raise NoSuchEntity(f"Role {role.name} in Instance Profile {profile.name} cannot be found.")
            rest = tuple(role_id for role_id in profile.role_ids if role_id != role.role_id)
            account.put_instance_profile(msgspec.structs.replace(profile, role_ids=rest))
            account.remove_role(profile, role)


async def _roles(account: AccountReader, profile: InstanceProfileRecord) -> list[RoleRecord]:
    found = [await account.find_role_by_id(role_id) for role_id in profile.role_ids]
    return [await account.with_present_names(role) for role in found if role is not None]
