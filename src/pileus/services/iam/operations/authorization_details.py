"""Who has which permissions, all at once?"""

from collections.abc import Sequence
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, paging, shapes, tagging
from pileus.services.iam.errors import ValidationError
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import Entity, GroupRecord, Holder, PolicyRecord, RoleRecord, UserRecord
from pileus.services.iam.store import AccountReader

_ORDER: Final[tuple[shapes.EntityType, ...]] = ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy")
"""One page may end with some users and the next begin with the rest of them and the first groups."""


class AuthorizationDetailOperations(Operations):
    """GetAccountAuthorizationDetails."""

    async def get_account_authorization_details(
        self, context: RequestContext, request: shapes.GetAccountAuthorizationDetailsRequest
    ) -> shapes.GetAccountAuthorizationDetailsResponse:
        """All lists are there, empty or not (recorded: TestGetAccountAuthorizationDetails)."""
        account = self._store.read(context.account_id)
        found = await _found(
            account, wanted=request.filter or _ORDER, after=paging.after(request), limit=paging.items_max(request) + 1
        )
        page = paging.page(found, request, name=_position)
        return shapes.GetAccountAuthorizationDetailsResponse(
            user_detail_list=[await _user(account, one) for one in page.items if isinstance(one, UserRecord)],
            group_detail_list=[await _group(account, one) for one in page.items if isinstance(one, GroupRecord)],
            role_detail_list=[await _role(account, one) for one in page.items if isinstance(one, RoleRecord)],
            policies=[await _policy(account, one) for one in page.items if isinstance(one, PolicyRecord)],
            is_truncated=page.truncated,
            marker=page.marker,
        )


def _position(entity: Entity) -> str:
    """Where in the order of all: its kind, then its name."""
    if isinstance(entity, UserRecord):
        return f"0{entity.name}"
    if isinstance(entity, GroupRecord):
        return f"1{entity.name}"
    if isinstance(entity, RoleRecord):
        return f"2{entity.name}"
    assert isinstance(entity, PolicyRecord)
    return f"4{entity.arn}" if entity.aws_managed else f"3{entity.name}"


async def _found(
    account: AccountReader, *, wanted: Sequence[shapes.EntityType], after: str | None, limit: int
) -> list[Entity]:
    """At most `limit` of the wanted kinds, in their order, from behind `after`. ValidationError."""
    first, after_name = (0, None) if after is None else (_kind_index(after), after[1:])
    found: list[Entity] = []
    for index, kind in enumerate(_ORDER[first:], first):
        if kind in wanted and len(found) < limit:
            begin = after_name if index == first else None
            found += await _of_kind(account, kind, after_name=begin, limit=limit - len(found))
    return found


def _kind_index(position: str) -> int:
    if position[:1] not in {"0", "1", "2", "3", "4"}:
        raise ValidationError("Invalid Marker.")
    return int(position[0])


async def _of_kind(
    account: AccountReader, kind: shapes.EntityType, *, after_name: str | None, limit: int
) -> Sequence[Entity]:
    if kind == "User":
        return await account.users(path_prefix="/", after_name=after_name, limit=limit)
    if kind == "Group":
        return await account.groups(path_prefix="/", after_name=after_name, limit=limit)
    if kind == "Role":
        return await account.roles(path_prefix="/", after_name=after_name, limit=limit)
    if kind == "LocalManagedPolicy":
        return await account.policies(after_name=after_name, limit=limit, wanted=lambda _: True)
    # Of AWS's policies those that are in use: nobody asks for all of them this way.
    used = await account.used_policy_arns("PermissionsPolicy") | await account.used_policy_arns("PermissionsBoundary")
    arns = sorted(arn for arn in used if after_name is None or arn > after_name)
    policies = [await account.find_policy(arn) for arn in arns]
    return [policy for policy in policies if policy is not None and policy.aws_managed][:limit]


async def _user(account: AccountReader, user: UserRecord) -> shapes.UserDetail:
    return shapes.UserDetail(
        path=user.path,
        user_name=user.name,
        user_id=user.user_id,
        arn=user.arn,
        create_date=user.created_at,
        # Left out when empty, unlike those of groups and roles (recorded: ..._no_filter).
        user_policy_list=await _inline(account, user) or None,
        group_list=[group.name for group in await account.groups_of(user.user_id)],
        attached_managed_policies=await _attached(account, user),
        permissions_boundary=answers.boundary_shape(user.permissions_boundary),
        tags=tagging.sorted_shapes(user.tags),
    )


async def _group(account: AccountReader, group: GroupRecord) -> shapes.GroupDetail:
    return shapes.GroupDetail(
        path=group.path,
        group_name=group.name,
        group_id=group.group_id,
        arn=group.arn,
        create_date=group.created_at,
        group_policy_list=await _inline(account, group),
        attached_managed_policies=await _attached(account, group),
    )


async def _role(account: AccountReader, role: RoleRecord) -> shapes.RoleDetail:
    profiles = await account.instance_profiles_of(role)
    role = await account.with_present_names(role)
    return shapes.RoleDetail(
        path=role.path,
        role_name=role.name,
        role_id=role.role_id,
        arn=role.arn,
        create_date=role.created_at,
        assume_role_policy_document=answers.encoded_document(role.trust_policy),
        instance_profile_list=[answers.instance_profile_shape(one, [role], tags=None) for one in profiles],
        role_policy_list=await _inline(account, role),
        attached_managed_policies=await _attached(account, role),
        permissions_boundary=answers.boundary_shape(role.permissions_boundary),
        tags=tagging.sorted_shapes(role.tags),
        role_last_used=answers.last_used_shape(await account.last_use(role.role_id)),
    )


async def _policy(account: AccountReader, policy: PolicyRecord) -> shapes.ManagedPolicyDetail:
    versions = await account.policy_versions(policy)
    return shapes.ManagedPolicyDetail(
        policy_name=policy.name,
        policy_id=policy.policy_id,
        arn=policy.arn,
        path=policy.path,
        default_version_id=f"v{policy.default_version}",
        attachment_count=await account.usage_count(policy.arn, "PermissionsPolicy"),
        permissions_boundary_usage_count=await account.usage_count(policy.arn, "PermissionsBoundary"),
        is_attachable=True,
        description=policy.description,
        create_date=policy.created_at,
        update_date=policy.updated_at,
        policy_version_list=[
            answers.policy_version_shape(version, default=version.number == policy.default_version, with_document=True)
            for version in versions
        ],
    )


async def _inline(account: AccountReader, holder: Holder) -> list[shapes.PolicyDetail]:
    return [
        shapes.PolicyDetail(policy_name=policy.name, policy_document=answers.encoded_document(policy.document))
        for policy in await account.inline_policies(holder.unique_id)
    ]


async def _attached(account: AccountReader, holder: Holder) -> list[shapes.AttachedPolicy]:
    return [
        shapes.AttachedPolicy(policy_name=arn.rpartition("/")[2], policy_arn=arn)
        for arn in await account.attached_policy_arns(holder.unique_id)
    ]
