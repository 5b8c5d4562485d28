"""Which tags do users, roles, policies and instance profiles have?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import model, shapes, tagging
from pileus.services.iam.operations.base import Operations


class TagOperations(Operations):
    """Add, remove and list tags."""

    async def list_instance_profile_tags(
        self, context: RequestContext, request: shapes.ListInstanceProfileTagsRequest
    ) -> shapes.ListInstanceProfileTagsResponse:
        profile = await self._store.read(context.account_id).instance_profile(request.instance_profile_name)
        page = tagging.tag_page(profile.tags, request)
        return shapes.ListInstanceProfileTagsResponse(tags=page.items, is_truncated=page.truncated, marker=page.marker)

    async def list_policy_tags(
        self, context: RequestContext, request: shapes.ListPolicyTagsRequest
    ) -> shapes.ListPolicyTagsResponse:
        policy = await self._store.read(context.account_id).policy(request.policy_arn, partition=context.partition)
        page = tagging.tag_page(policy.tags, request)
        return shapes.ListPolicyTagsResponse(tags=page.items, is_truncated=page.truncated, marker=page.marker)

    async def list_role_tags(
        self, context: RequestContext, request: shapes.ListRoleTagsRequest
    ) -> shapes.ListRoleTagsResponse:
        role = await self._store.read(context.account_id).role(request.role_name)
        page = tagging.tag_page(role.tags, request)
        return shapes.ListRoleTagsResponse(tags=page.items, is_truncated=page.truncated, marker=page.marker)

    async def list_user_tags(
        self, context: RequestContext, request: shapes.ListUserTagsRequest
    ) -> shapes.ListUserTagsResponse:
        user = await self._store.read(context.account_id).user(request.user_name)
        page = tagging.tag_page(user.tags, request)
        return shapes.ListUserTagsResponse(tags=page.items, is_truncated=page.truncated, marker=page.marker)

    async def tag_instance_profile(self, context: RequestContext, request: shapes.TagInstanceProfileRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            profile = await account.instance_profile(request.instance_profile_name)
            tags = tagging.tagged(profile.tags, request.tags, case_sensitive=True)
            account.put_instance_profile(msgspec.structs.replace(profile, tags=tags))

    async def tag_policy(self, context: RequestContext, request: shapes.TagPolicyRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            policy = await account.policy(request.policy_arn, partition=context.partition)
            model.check_own(policy, context)
            tags = tagging.tagged(policy.tags, request.tags, case_sensitive=True)
            account.put_policy(msgspec.structs.replace(policy, tags=tags))

    async def tag_role(self, context: RequestContext, request: shapes.TagRoleRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            tags = tagging.tagged(role.tags, request.tags, case_sensitive=False)
            account.put_role(msgspec.structs.replace(role, tags=tags))

    async def tag_user(self, context: RequestContext, request: shapes.TagUserRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            tags = tagging.tagged(user.tags, request.tags, case_sensitive=False)
            account.put_user(msgspec.structs.replace(user, tags=tags))

    async def untag_instance_profile(
        self, context: RequestContext, request: shapes.UntagInstanceProfileRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            profile = await account.instance_profile(request.instance_profile_name)
            tags = tagging.untagged(profile.tags, request.tag_keys, case_sensitive=True)
            account.put_instance_profile(msgspec.structs.replace(profile, tags=tags))

    async def untag_policy(self, context: RequestContext, request: shapes.UntagPolicyRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            policy = await account.policy(request.policy_arn, partition=context.partition)
            model.check_own(policy, context)
            tags = tagging.untagged(policy.tags, request.tag_keys, case_sensitive=True)
            account.put_policy(msgspec.structs.replace(policy, tags=tags))

    async def untag_role(self, context: RequestContext, request: shapes.UntagRoleRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            tags = tagging.untagged(role.tags, request.tag_keys, case_sensitive=False)
            account.put_role(msgspec.structs.replace(role, tags=tags))

    async def untag_user(self, context: RequestContext, request: shapes.UntagUserRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            tags = tagging.untagged(user.tags, request.tag_keys, case_sensitive=False)
            account.put_user(msgspec.structs.replace(user, tags=tags))
