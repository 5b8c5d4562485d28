"""Who are the people and programs of an account?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, model, paging, shapes, tagging
from pileus.services.iam.errors import DeleteConflict, EntityAlreadyExists
from pileus.services.iam.limits import USERS_PER_ACCOUNT_MAX
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import UserRecord
from pileus.services.iam.store import AccountReader


class UserOperations(Operations):
    """Users."""

    async def create_user(
        self, context: RequestContext, request: shapes.CreateUserRequest
    ) -> shapes.CreateUserResponse:
        path = request.path or "/"
        user = UserRecord(
            account_id=context.account_id,
            name=request.user_name,
            path=path,
            user_id=self._new_id(model.USER_ID_PREFIX),
            arn=model.arn(context.partition, context.account_id, "user", path=path, name=request.user_name),
            created_at=self._now(),
            tags=tagging.kept(request.tags, case_sensitive=False),
            permissions_boundary=request.permissions_boundary,
        )
        async with self._store.transaction(context.account_id) as account:
            await self._check_boundary(context, account, user.permissions_boundary)
            await _check_free(account, user.name)
            await account.check_quota("user", "UsersPerAccount", USERS_PER_ACCOUNT_MAX)
            account.put_user(user)
            account.bound(user, by=user.permissions_boundary, before=None)
        return shapes.CreateUserResponse(user=answers.user_shape(user))

    async def delete_user(self, context: RequestContext, request: shapes.DeleteUserRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            if await account.access_keys(user):
                raise DeleteConflict("Cannot delete entity, must delete access keys first.")
            if await account.find_login_profile(user) is not None:
                raise DeleteConflict("Cannot delete entity, must delete login profile first.")
            if await account.mfa_devices_of(user):
                raise DeleteConflict("Cannot delete entity, must delete MFA device first.")
            if await account.signing_certificates(user):
                raise DeleteConflict("Cannot delete entity, must delete signing certificates first.")
            if await account.ssh_keys(user) or await account.service_credentials(user):
                raise DeleteConflict("Cannot delete entity, must remove referenced objects first.")
            if await account.groups_of(user.user_id):
                raise DeleteConflict("Cannot delete entity, must remove users from group first.")
            await self._check_without_policies(account, user)
            account.bound(user, by=None, before=user.permissions_boundary)
            account.delete_user(user)
            account.forget_service_uses(user.user_id)

    async def get_user(self, context: RequestContext, request: shapes.GetUserRequest) -> shapes.GetUserResponse:
        if request.user_name is None and model.root(context.principal):
            return shapes.GetUserResponse(user=answers.root_shape(await self._root(context)))
        user_name = model.user_name_of(context.principal, request.user_name)
        user = await self._store.read(context.account_id).user(user_name)
        return shapes.GetUserResponse(user=answers.user_shape(user))

    async def list_users(self, context: RequestContext, request: shapes.ListUsersRequest) -> shapes.ListUsersResponse:
        found = await self._store.read(context.account_id).users(
            path_prefix=request.path_prefix or "/",
            after_name=paging.after(request),
            limit=paging.items_max(request) + 1,
        )
        page = paging.page(found, request, name=lambda user: user.name)
        return shapes.ListUsersResponse(
            users=[answers.listed_user_shape(user) for user in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def update_user(self, context: RequestContext, request: shapes.UpdateUserRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            name, path = request.new_user_name or user.name, request.new_path or user.path
            if name.casefold() != user.name.casefold():
                await _check_free(account, name)
            renamed = msgspec.structs.replace(
                user, name=name, path=path, arn=model.renamed_arn(user.arn, "user", path=path, name=name)
            )
            account.rename_user(renamed, old_name=user.name)
            for key in await account.access_keys(user):
                account.put_access_key(msgspec.structs.replace(key, user_name=renamed.name, user_arn=renamed.arn))


async def _check_free(account: AccountReader, name: str) -> None:
    if await account.find_user(name) is not None:
        raise EntityAlreadyExists(f"User with name {name} already exists.")
