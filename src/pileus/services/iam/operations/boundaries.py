"""What may a user or a role do at most?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import model, shapes
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.operations.base import Operations


class BoundaryOperations(Operations):
    """Permissions boundaries."""

    async def delete_role_permissions_boundary(
        self, context: RequestContext, request: shapes.DeleteRolePermissionsBoundaryRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            model.check_modifiable(role)
            if role.permissions_boundary is None:
                raise NoSuchEntity(f"The role with name {role.name} does not have a permissions boundary.")
            account.put_role(msgspec.structs.replace(role, permissions_boundary=None))
            account.bound(role, by=None, before=role.permissions_boundary)

    async def delete_user_permissions_boundary(
        self, context: RequestContext, request: shapes.DeleteUserPermissionsBoundaryRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            if user.permissions_boundary is None:
                raise NoSuchEntity(f"The user with name {user.name} does not have a permissions boundary.")
            account.put_user(msgspec.structs.replace(user, permissions_boundary=None))
            account.bound(user, by=None, before=user.permissions_boundary)

    async def put_role_permissions_boundary(
        self, context: RequestContext, request: shapes.PutRolePermissionsBoundaryRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            model.check_modifiable(role)
            await self._check_boundary(context, account, request.permissions_boundary)
            account.put_role(msgspec.structs.replace(role, permissions_boundary=request.permissions_boundary))
            account.bound(role, by=request.permissions_boundary, before=role.permissions_boundary)

    async def put_user_permissions_boundary(
        self, context: RequestContext, request: shapes.PutUserPermissionsBoundaryRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            await self._check_boundary(context, account, request.permissions_boundary)
            account.put_user(msgspec.structs.replace(user, permissions_boundary=request.permissions_boundary))
            account.bound(user, by=request.permissions_boundary, before=user.permissions_boundary)
