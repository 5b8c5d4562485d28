"""What may be assumed?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.iam import documents, model, shapes
from pileus.services.iam.errors import DeleteConflict, EntityAlreadyExists
from pileus.services.iam.limits import SESSION_DURATION_MAX_DEFAULT
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import RolePolicyRecord, RoleRecord


class RoleOperations(Operations):
    """Roles and their inline policies."""

    async def create_role(
        self, context: RequestContext, request: shapes.CreateRoleRequest
    ) -> shapes.CreateRoleResponse:
        _refuse_boundary(request.permissions_boundary)
        documents.check_trust_policy(request.assume_role_policy_document)
        model.check_trust_policy_size(request.assume_role_policy_document)
        path = request.path or "/"
        role = RoleRecord(
            account_id=context.account_id,
            name=request.role_name,
            path=path,
            role_id=model.ROLE_ID_PREFIX + self._ids.base32(model.UNIQUE_ID_CHARS),
            arn=model.arn(context.partition, context.account_id, "role", path=path, name=request.role_name),
            created_at=model.whole_second(self._clock.now()),
            trust_policy=request.assume_role_policy_document,
            description=request.description,
            session_duration_max_s=request.max_session_duration or int(SESSION_DURATION_MAX_DEFAULT.total_seconds()),
            tags=model.kept_tags(request.tags),
        )
        async with self._store.transaction(context.account_id) as account:
            if await account.find_role(role.name) is not None:
                raise EntityAlreadyExists(f"Role with name {role.name} already exists.")
            account.put_role(role)
        return shapes.CreateRoleResponse(role=model.created_role_shape(role))

    async def delete_role(self, context: RequestContext, request: shapes.DeleteRoleRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            if await account.role_policies(role.name):
                raise DeleteConflict("Cannot delete entity, must delete policies first.")
            account.delete_role(role)

    async def delete_role_policy(self, context: RequestContext, request: shapes.DeleteRolePolicyRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            account.delete_role_policy(role, await account.role_policy(role.name, request.policy_name))

    async def get_role(self, context: RequestContext, request: shapes.GetRoleRequest) -> shapes.GetRoleResponse:
        role = await self._store.read(context.account_id).role(request.role_name)
        return shapes.GetRoleResponse(role=model.role_shape(role))

    async def get_role_policy(
        self, context: RequestContext, request: shapes.GetRolePolicyRequest
    ) -> shapes.GetRolePolicyResponse:
        account = self._store.read(context.account_id)
        role = await account.role(request.role_name)
        policy = await account.role_policy(role.name, request.policy_name)
        return shapes.GetRolePolicyResponse(
            role_name=role.name, policy_name=policy.name, policy_document=model.encoded_document(policy.document)
        )

    async def list_role_policies(
        self, context: RequestContext, request: shapes.ListRolePoliciesRequest
    ) -> shapes.ListRolePoliciesResponse:
        account = self._store.read(context.account_id)
        role = await account.role(request.role_name)
        after_name = model.name_of_marker(request.marker)
        found = [
            policy
            for policy in await account.role_policies(role.name)
            if after_name is None or policy.name > after_name
        ]
        policies, marker = model.page(found, items_max=model.page_items(request.max_items))
        return shapes.ListRolePoliciesResponse(
            policy_names=[policy.name for policy in policies], is_truncated=marker is not None, marker=marker
        )

    async def list_roles(self, context: RequestContext, request: shapes.ListRolesRequest) -> shapes.ListRolesResponse:
        items_max = model.page_items(request.max_items)
        found = await self._store.read(context.account_id).roles(
            path_prefix=request.path_prefix or "/",
            after_name=model.name_of_marker(request.marker),
            limit=items_max + 1,
        )
        roles, marker = model.page(found, items_max=items_max)
        return shapes.ListRolesResponse(
            roles=[model.listed_role_shape(role) for role in roles], is_truncated=marker is not None, marker=marker
        )

    async def put_role_policy(self, context: RequestContext, request: shapes.PutRolePolicyRequest) -> None:
        documents.check_identity_policy(request.policy_document)
        policy = RolePolicyRecord(name=request.policy_name, document=request.policy_document)
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            others = [kept for kept in await account.role_policies(role.name) if kept.name != policy.name]
            model.check_inline_policies_size(role, [*others, policy])
            account.put_role_policy(role, policy)

    async def update_assume_role_policy(
        self, context: RequestContext, request: shapes.UpdateAssumeRolePolicyRequest
    ) -> None:
        documents.check_trust_policy(request.policy_document)
        model.check_trust_policy_size(request.policy_document)
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            account.put_role(msgspec.structs.replace(role, trust_policy=request.policy_document))


def _refuse_boundary(permissions_boundary: str | None) -> None:
    if permissions_boundary is not None:
        raise NotImplementedByPileus("PermissionsBoundary is not implemented")
