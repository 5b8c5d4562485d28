"""To whom are managed policies attached?"""

from collections.abc import Awaitable, Callable

from pileus.kernel.context import RequestContext
from pileus.services.iam import model, paging, shapes
from pileus.services.iam.errors import LimitExceeded, NoSuchEntity, PolicyNotAttachable, ValidationError
from pileus.services.iam.limits import ATTACHED_POLICIES_MAX
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import Holder
from pileus.services.iam.store import AccountReader
from pileus.services.iam.store.attachments import Usage

FindHolder = Callable[[AccountReader], Awaitable[Holder]]


class AttachmentOperations(Operations):
    """Attach, detach and list, for users, groups and roles alike."""

    async def attach_group_policy(self, context: RequestContext, request: shapes.AttachGroupPolicyRequest) -> None:
        await self._attach(context, request.policy_arn, lambda account: account.group(request.group_name))

    async def attach_role_policy(self, context: RequestContext, request: shapes.AttachRolePolicyRequest) -> None:
        await self._attach(context, request.policy_arn, lambda account: account.role(request.role_name))

    async def attach_user_policy(self, context: RequestContext, request: shapes.AttachUserPolicyRequest) -> None:
        await self._attach(context, request.policy_arn, lambda account: account.user(request.user_name))

    async def detach_group_policy(self, context: RequestContext, request: shapes.DetachGroupPolicyRequest) -> None:
        await self._detach(context, request.policy_arn, lambda account: account.group(request.group_name))

    async def detach_role_policy(self, context: RequestContext, request: shapes.DetachRolePolicyRequest) -> None:
        await self._detach(context, request.policy_arn, lambda account: account.role(request.role_name))

    async def detach_user_policy(self, context: RequestContext, request: shapes.DetachUserPolicyRequest) -> None:
        await self._detach(context, request.policy_arn, lambda account: account.user(request.user_name))

    async def list_attached_group_policies(
        self, context: RequestContext, request: shapes.ListAttachedGroupPoliciesRequest
    ) -> shapes.ListAttachedGroupPoliciesResponse:
        account = self._store.read(context.account_id)
        page = await _attached(account, await account.group(request.group_name), request.path_prefix, request)
        return shapes.ListAttachedGroupPoliciesResponse(
            attached_policies=page.items, is_truncated=page.truncated, marker=page.marker
        )

    async def list_attached_role_policies(
        self, context: RequestContext, request: shapes.ListAttachedRolePoliciesRequest
    ) -> shapes.ListAttachedRolePoliciesResponse:
        account = self._store.read(context.account_id)
        page = await _attached(account, await account.role(request.role_name), request.path_prefix, request)
        return shapes.ListAttachedRolePoliciesResponse(
            attached_policies=page.items, is_truncated=page.truncated, marker=page.marker
        )

    async def list_attached_user_policies(
        self, context: RequestContext, request: shapes.ListAttachedUserPoliciesRequest
    ) -> shapes.ListAttachedUserPoliciesResponse:
        account = self._store.read(context.account_id)
        page = await _attached(account, await account.user(request.user_name), request.path_prefix, request)
        return shapes.ListAttachedUserPoliciesResponse(
            attached_policies=page.items, is_truncated=page.truncated, marker=page.marker
        )

    async def list_entities_for_policy(
        self, context: RequestContext, request: shapes.ListEntitiesForPolicyRequest
    ) -> shapes.ListEntitiesForPolicyResponse:
        """Users, groups and roles that have the policy, attached or as their boundary."""
        account = self._store.read(context.account_id)
        policy = await account.policy(request.policy_arn, partition=context.partition)
        usages: tuple[Usage, ...] = ("PermissionsPolicy", "PermissionsBoundary")
        if request.policy_usage_filter is not None:
            usages = (request.policy_usage_filter,)
        holders = {
            holder.unique_id: holder for usage in usages for holder in await account.holders_of(policy.arn, usage)
        }
        kind = None if request.entity_filter is None else request.entity_filter.lower()
        wanted = [
            holder
            for holder in holders.values()
            if holder.path.startswith(request.path_prefix or "/") and kind in (None, holder.kind)
        ]
        page = paging.page_of_all(wanted, request, name=lambda holder: f"{holder.kind}/{holder.name.casefold()}")
        return shapes.ListEntitiesForPolicyResponse(
            policy_groups=[
                shapes.PolicyGroup(group_name=holder.name, group_id=holder.unique_id)
                for holder in page.items
                if holder.kind == "group"
            ],
            policy_users=[
                shapes.PolicyUser(user_name=holder.name, user_id=holder.unique_id)
                for holder in page.items
                if holder.kind == "user"
            ],
            policy_roles=[
                shapes.PolicyRole(role_name=holder.name, role_id=holder.unique_id)
                for holder in page.items
                if holder.kind == "role"
            ],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def _attach(self, context: RequestContext, policy_arn: str, find: FindHolder) -> None:
        """What is attached already may be attached again."""
        _check_arn(policy_arn)
        async with self._store.transaction(context.account_id) as account:
            holder = await find(account)
            model.check_modifiable(holder)
            policy = await account.find_policy(policy_arn, partition=context.partition)
            if policy is None:
                raise NoSuchEntity(f"Policy {policy_arn} does not exist or is not attachable.")
            if policy.path.startswith(model.SERVICE_ROLE_PATH):
                raise PolicyNotAttachable("Cannot attach a Service Role Policy to a Customer Role.")
            attached = await account.attached_policy_arns(holder.unique_id)
            if policy.arn not in attached and len(attached) >= ATTACHED_POLICIES_MAX:
                quota = f"PoliciesPer{holder.kind.capitalize()}"
                raise LimitExceeded(f"Cannot exceed quota for {quota}: {ATTACHED_POLICIES_MAX}")
            account.attach(holder, policy.arn)

    async def _detach(self, context: RequestContext, policy_arn: str, find: FindHolder) -> None:
        _check_arn(policy_arn)
        async with self._store.transaction(context.account_id) as account:
            holder = await find(account)
            model.check_modifiable(holder)
            if policy_arn not in await account.attached_policy_arns(holder.unique_id):
                raise NoSuchEntity(f"Policy {policy_arn} was not found.")
            account.detach(holder, policy_arn)


def _check_arn(policy_arn: str) -> None:
    """ValidationError (recorded: test_role_managed_policy_errors)."""
    if not model.policy_arn(policy_arn):
        raise ValidationError(f"ARN {policy_arn} is not valid.")


async def _attached(
    account: AccountReader, holder: Holder, path_prefix: str | None, request: paging.Paged
) -> paging.Page[shapes.AttachedPolicy]:
    policies = [await account.policy(arn) for arn in await account.attached_policy_arns(holder.unique_id)]
    page = paging.page_of_all(
        [policy for policy in policies if policy.path.startswith(path_prefix or "/")],
        request,
        name=lambda policy: f"{policy.name.casefold()} {policy.arn}",
    )
    return paging.Page(
        items=[shapes.AttachedPolicy(policy_name=policy.name, policy_arn=policy.arn) for policy in page.items],
        marker=page.marker,
    )
