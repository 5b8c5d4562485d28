"""Who are the people and programs of an account?"""

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.iam import model, shapes
from pileus.services.iam.errors import DeleteConflict, EntityAlreadyExists
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import UserRecord


class UserOperations(Operations):
    """Users."""

    async def create_user(
        self, context: RequestContext, request: shapes.CreateUserRequest
    ) -> shapes.CreateUserResponse:
        _refuse_boundary(request.permissions_boundary)
        path = request.path or "/"
        user = UserRecord(
            account_id=context.account_id,
            name=request.user_name,
            path=path,
            user_id=model.USER_ID_PREFIX + self._ids.base32(model.UNIQUE_ID_CHARS),
            arn=model.arn(context.partition, context.account_id, "user", path=path, name=request.user_name),
            created_at=model.whole_second(self._clock.now()),
            tags=model.kept_tags(request.tags),
        )
        async with self._store.transaction(context.account_id) as account:
            if await account.find_user(user.name) is not None:
                raise EntityAlreadyExists(f"User with name {user.name} already exists.")
            account.put_user(user)
        return shapes.CreateUserResponse(user=model.user_shape(user))

    async def delete_user(self, context: RequestContext, request: shapes.DeleteUserRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            if await account.access_keys(user.name):
                raise DeleteConflict("Cannot delete entity, must delete access keys first.")
            account.delete_user(user)

    async def get_user(self, context: RequestContext, request: shapes.GetUserRequest) -> shapes.GetUserResponse:
        user_name = model.user_name_of(context.principal, request.user_name)
        user = await self._store.read(context.account_id).user(user_name)
        return shapes.GetUserResponse(user=model.user_shape(user))

    async def list_users(self, context: RequestContext, request: shapes.ListUsersRequest) -> shapes.ListUsersResponse:
        items_max = model.page_items(request.max_items)
        found = await self._store.read(context.account_id).users(
            path_prefix=request.path_prefix or "/",
            after_name=model.name_of_marker(request.marker),
            limit=items_max + 1,
        )
        users, marker = model.page(found, items_max=items_max)
        return shapes.ListUsersResponse(
            users=[model.user_shape(user, with_tags=False) for user in users],
            is_truncated=marker is not None,
            marker=marker,
        )


def _refuse_boundary(permissions_boundary: str | None) -> None:
    if permissions_boundary is not None:
        raise NotImplementedByPileus("PermissionsBoundary is not implemented")
