"""What may be assumed?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, documents, model, paging, shapes, tagging
from pileus.services.iam.errors import DeleteConflict, EntityAlreadyExists, InvalidInput
from pileus.services.iam.limits import ROLES_PER_ACCOUNT_MAX, SESSION_DURATION_MAX_DEFAULT
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import RoleRecord


class RoleOperations(Operations):
    """Roles."""

    async def create_role(
        self, context: RequestContext, request: shapes.CreateRoleRequest
    ) -> shapes.CreateRoleResponse:
        path = request.path or "/"
        if path.startswith(model.SERVICE_ROLE_PATH):
            # Only CreateServiceLinkedRole makes these; nothing could delete one that was made here.
            raise InvalidInput(f"The path {model.SERVICE_ROLE_PATH} is reserved for service-linked roles.")
        documents.check_trust_policy(request.assume_role_policy_document)
        model.check_trust_policy_size(request.assume_role_policy_document)
        role = RoleRecord(
            account_id=context.account_id,
            name=request.role_name,
            path=path,
            role_id=self._new_id(model.ROLE_ID_PREFIX),
            arn=model.arn(context.partition, context.account_id, "role", path=path, name=request.role_name),
            created_at=self._now(),
            trust_policy=request.assume_role_policy_document,
            description=request.description or None,
            session_duration_max_s=request.max_session_duration or int(SESSION_DURATION_MAX_DEFAULT.total_seconds()),
            tags=tagging.kept(request.tags, case_sensitive=False),
            permissions_boundary=request.permissions_boundary,
        )
        async with self._store.transaction(context.account_id) as account:
            role = msgspec.structs.replace(role, trusted=await account.trusted_by(role.trust_policy))
            await self._check_boundary(context, account, role.permissions_boundary)
            if await account.find_role(role.name) is not None:
                raise EntityAlreadyExists(f"Role with name {role.name} already exists.")
            await account.check_quota("role", "RolesPerAccount", ROLES_PER_ACCOUNT_MAX)
            account.put_role(role)
            account.bound(role, by=role.permissions_boundary, before=None)
        return shapes.CreateRoleResponse(role=answers.created_role_shape(role))

    async def delete_role(self, context: RequestContext, request: shapes.DeleteRoleRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            model.check_modifiable(role)
            if await account.instance_profiles_of(role):
                raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
            await self._check_without_policies(account, role)
            account.bound(role, by=None, before=role.permissions_boundary)
            account.delete_role(role)
            account.forget_service_uses(role.role_id)

    async def get_role(self, context: RequestContext, request: shapes.GetRoleRequest) -> shapes.GetRoleResponse:
        account = self._store.read(context.account_id)
        role = await account.with_present_names(await account.role(request.role_name))
        return shapes.GetRoleResponse(role=answers.role_shape(role, await account.last_use(role.role_id)))

    async def list_roles(self, context: RequestContext, request: shapes.ListRolesRequest) -> shapes.ListRolesResponse:
        account = self._store.read(context.account_id)
        found = await account.roles(
            path_prefix=request.path_prefix or "/",
            after_name=paging.after(request),
            limit=paging.items_max(request) + 1,
        )
        page = paging.page(found, request, name=lambda role: role.name)
        return shapes.ListRolesResponse(
            roles=[answers.listed_role_shape(await account.with_present_names(role)) for role in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def update_assume_role_policy(
        self, context: RequestContext, request: shapes.UpdateAssumeRolePolicyRequest
    ) -> None:
        documents.check_trust_policy(request.policy_document)
        model.check_trust_policy_size(request.policy_document)
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            model.check_modifiable(role)
            trusted = await account.trusted_by(request.policy_document)
            account.put_role(msgspec.structs.replace(role, trust_policy=request.policy_document, trusted=trusted))

    async def update_role(
        self, context: RequestContext, request: shapes.UpdateRoleRequest
    ) -> shapes.UpdateRoleResponse:
        """What is not given stays as it was (recorded: test_update_role)."""
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            if request.description is not None:
                role = msgspec.structs.replace(role, description=request.description or None)
            if request.max_session_duration is not None:
                model.check_modifiable(role)
                role = msgspec.structs.replace(role, session_duration_max_s=request.max_session_duration)
            account.put_role(role)
        return shapes.UpdateRoleResponse()

    async def update_role_description(
        self, context: RequestContext, request: shapes.UpdateRoleDescriptionRequest
    ) -> shapes.UpdateRoleDescriptionResponse:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            role = msgspec.structs.replace(role, description=request.description or None)
            account.put_role(role)
            told = await account.with_present_names(role)
        return shapes.UpdateRoleDescriptionResponse(role=answers.described_role_shape(told))
