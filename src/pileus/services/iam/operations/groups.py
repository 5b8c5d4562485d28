"""Which users belong together?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, model, paging, shapes
from pileus.services.iam.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded
from pileus.services.iam.limits import GROUPS_PER_ACCOUNT_MAX, GROUPS_PER_USER_MAX
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import GroupRecord
from pileus.services.iam.store import AccountReader


class GroupOperations(Operations):
    """Groups and their members."""

    async def add_user_to_group(self, context: RequestContext, request: shapes.AddUserToGroupRequest) -> None:
        """A member may be added again."""
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            group = await account.group(request.group_name)
            others = [one for one in await account.groups_of(user.user_id) if one.group_id != group.group_id]
            if len(others) >= GROUPS_PER_USER_MAX:
                raise LimitExceeded(f"Cannot exceed quota for GroupsPerUser: {GROUPS_PER_USER_MAX}")
            account.put_member(group, user)

    async def create_group(
        self, context: RequestContext, request: shapes.CreateGroupRequest
    ) -> shapes.CreateGroupResponse:
        path = request.path or "/"
        group = GroupRecord(
            account_id=context.account_id,
            name=request.group_name,
            path=path,
            group_id=self._new_id(model.GROUP_ID_PREFIX),
            arn=model.arn(context.partition, context.account_id, "group", path=path, name=request.group_name),
            created_at=self._now(),
        )
        async with self._store.transaction(context.account_id) as account:
            await _check_free(account, group.name)
            await account.check_quota("group", "GroupsPerAccount", GROUPS_PER_ACCOUNT_MAX)
            account.put_group(group)
        return shapes.CreateGroupResponse(group=answers.group_shape(group))

    async def delete_group(self, context: RequestContext, request: shapes.DeleteGroupRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            group = await account.group(request.group_name)
            if await account.has_members(group):
                raise DeleteConflict("Cannot delete entity, must remove users from group first.")
            await self._check_without_policies(account, group)
            account.delete_group(group)

    async def get_group(self, context: RequestContext, request: shapes.GetGroupRequest) -> shapes.GetGroupResponse:
        account = self._store.read(context.account_id)
        group = await account.group(request.group_name)
        page = paging.page_of_all(await account.members(group), request, name=lambda user: user.name.casefold())
        return shapes.GetGroupResponse(
            group=answers.group_shape(group),
            users=[answers.listed_user_shape(user) for user in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def list_groups(
        self, context: RequestContext, request: shapes.ListGroupsRequest
    ) -> shapes.ListGroupsResponse:
        found = await self._store.read(context.account_id).groups(
            path_prefix=request.path_prefix or "/",
            after_name=paging.after(request),
            limit=paging.items_max(request) + 1,
        )
        page = paging.page(found, request, name=lambda group: group.name)
        return shapes.ListGroupsResponse(
            groups=[answers.group_shape(group) for group in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def list_groups_for_user(
        self, context: RequestContext, request: shapes.ListGroupsForUserRequest
    ) -> shapes.ListGroupsForUserResponse:
        account = self._store.read(context.account_id)
        user = await account.user(request.user_name)
        groups = await account.groups_of(user.user_id)
        page = paging.page_of_all(groups, request, name=lambda group: group.name.casefold())
        return shapes.ListGroupsForUserResponse(
            groups=[answers.group_shape(group) for group in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def remove_user_from_group(self, context: RequestContext, request: shapes.RemoveUserFromGroupRequest) -> None:
        """Who is no member may be removed (recorded: test_user_group_membership)."""
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            account.delete_member(await account.group(request.group_name), user)

    async def update_group(self, context: RequestContext, request: shapes.UpdateGroupRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            group = await account.group(request.group_name)
            name, path = request.new_group_name or group.name, request.new_path or group.path
            if name.casefold() != group.name.casefold():
                await _check_free(account, name)
            renamed = msgspec.structs.replace(
                group, name=name, path=path, arn=model.renamed_arn(group.arn, "group", path=path, name=name)
            )
            account.rename_group(renamed, old_name=group.name)


async def _check_free(account: AccountReader, name: str) -> None:
    if await account.find_group(name) is not None:
        raise EntityAlreadyExists(f"Group with name {name} already exists.")
