"""Which policies belong to one user, group or role alone?"""

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, documents, model, paging, shapes
from pileus.services.iam.operations.attachments import FindHolder
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import Holder, InlinePolicyRecord
from pileus.services.iam.store import AccountReader


class InlinePolicyOperations(Operations):
    """Put, get, list and delete, for users, groups and roles alike."""

    async def delete_group_policy(self, context: RequestContext, request: shapes.DeleteGroupPolicyRequest) -> None:
        await self._delete(context, request.policy_name, lambda account: account.group(request.group_name))

    async def delete_role_policy(self, context: RequestContext, request: shapes.DeleteRolePolicyRequest) -> None:
        await self._delete(context, request.policy_name, lambda account: account.role(request.role_name))

    async def delete_user_policy(self, context: RequestContext, request: shapes.DeleteUserPolicyRequest) -> None:
        await self._delete(context, request.policy_name, lambda account: account.user(request.user_name))

    async def get_group_policy(
        self, context: RequestContext, request: shapes.GetGroupPolicyRequest
    ) -> shapes.GetGroupPolicyResponse:
        account = self._store.read(context.account_id)
        group = await account.group(request.group_name)
        policy = await account.inline_policy(group, request.policy_name)
        return shapes.GetGroupPolicyResponse(
            group_name=group.name,
            policy_name=policy.name,
            policy_document=answers.encoded_document(policy.document),
        )

    async def get_role_policy(
        self, context: RequestContext, request: shapes.GetRolePolicyRequest
    ) -> shapes.GetRolePolicyResponse:
        account = self._store.read(context.account_id)
        role = await account.role(request.role_name)
        policy = await account.inline_policy(role, request.policy_name)
        return shapes.GetRolePolicyResponse(
            role_name=role.name, policy_name=policy.name, policy_document=answers.encoded_document(policy.document)
        )

    async def get_user_policy(
        self, context: RequestContext, request: shapes.GetUserPolicyRequest
    ) -> shapes.GetUserPolicyResponse:
        account = self._store.read(context.account_id)
        user = await account.user(request.user_name)
        policy = await account.inline_policy(user, request.policy_name)
        return shapes.GetUserPolicyResponse(
            user_name=user.name, policy_name=policy.name, policy_document=answers.encoded_document(policy.document)
        )

    async def list_group_policies(
        self, context: RequestContext, request: shapes.ListGroupPoliciesRequest
    ) -> shapes.ListGroupPoliciesResponse:
        account = self._store.read(context.account_id)
        page = await _names(account, await account.group(request.group_name), request)
        return shapes.ListGroupPoliciesResponse(
            policy_names=page.items, is_truncated=page.truncated, marker=page.marker
        )

    async def list_role_policies(
        self, context: RequestContext, request: shapes.ListRolePoliciesRequest
    ) -> shapes.ListRolePoliciesResponse:
        account = self._store.read(context.account_id)
        page = await _names(account, await account.role(request.role_name), request)
        return shapes.ListRolePoliciesResponse(policy_names=page.items, is_truncated=page.truncated, marker=page.marker)

    async def list_user_policies(
        self, context: RequestContext, request: shapes.ListUserPoliciesRequest
    ) -> shapes.ListUserPoliciesResponse:
        account = self._store.read(context.account_id)
        page = await _names(account, await account.user(request.user_name), request)
        return shapes.ListUserPoliciesResponse(policy_names=page.items, is_truncated=page.truncated, marker=page.marker)

    async def put_group_policy(self, context: RequestContext, request: shapes.PutGroupPolicyRequest) -> None:
        policy = InlinePolicyRecord(name=request.policy_name, document=request.policy_document)
        await self._put(context, policy, lambda account: account.group(request.group_name))

    async def put_role_policy(self, context: RequestContext, request: shapes.PutRolePolicyRequest) -> None:
        policy = InlinePolicyRecord(name=request.policy_name, document=request.policy_document)
        await self._put(context, policy, lambda account: account.role(request.role_name))

    async def put_user_policy(self, context: RequestContext, request: shapes.PutUserPolicyRequest) -> None:
        policy = InlinePolicyRecord(name=request.policy_name, document=request.policy_document)
        await self._put(context, policy, lambda account: account.user(request.user_name))

    async def _put(self, context: RequestContext, policy: InlinePolicyRecord, find: FindHolder) -> None:
        documents.check_identity_policy(policy.document)
        async with self._store.transaction(context.account_id) as account:
            holder = await find(account)
            model.check_modifiable(holder)
            kept = await account.inline_policies(holder.unique_id)
            model.check_inline_policies_size(holder, [*(one for one in kept if one.name != policy.name), policy])
            account.put_inline_policy(holder, policy)

    async def _delete(self, context: RequestContext, policy_name: str, find: FindHolder) -> None:
        async with self._store.transaction(context.account_id) as account:
            holder = await find(account)
            model.check_modifiable(holder)
            account.delete_inline_policy(holder, await account.inline_policy(holder, policy_name))


async def _names(account: AccountReader, holder: Holder, request: paging.Paged) -> paging.Page[str]:
    policies = await account.inline_policies(holder.unique_id)
    return paging.page_of_all([policy.name for policy in policies], request, name=str)
