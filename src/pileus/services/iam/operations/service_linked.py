"""Which roles belong to AWS's services?"""

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, linked_services, model, shapes
from pileus.services.iam.account_records import RoleDeletionRecord
from pileus.services.iam.errors import InvalidInput, NoSuchEntity
from pileus.services.iam.limits import ROLES_PER_ACCOUNT_MAX
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import RoleRecord


class ServiceLinkedRoleOperations(Operations):
    """Service-linked roles. Everything else that is done to a role refuses them, but for the description."""

    async def create_service_linked_role(
        self, context: RequestContext, request: shapes.CreateServiceLinkedRoleRequest
    ) -> shapes.CreateServiceLinkedRoleResponse:
        service_name = request.aws_service_name
        service = linked_services.linked_service(service_name)
        name = linked_services.role_name(service, service_name=service_name, custom_suffix=request.custom_suffix)
        path = f"{model.SERVICE_ROLE_PATH}{service_name}/"
        role = RoleRecord(
            account_id=context.account_id,
            name=name,
            path=path,
            role_id=self._new_id(model.ROLE_ID_PREFIX),
            arn=model.arn(context.partition, context.account_id, "role", path=path, name=name),
            created_at=self._now(),
            trust_policy=linked_services.trust_policy(service_name),
            description=request.description,
        )
        policy_arn = linked_services.policy_arn(context.partition, service)
        async with self._store.transaction(context.account_id) as account:
            if await account.find_role(name) is not None:
                raise InvalidInput(
                    f"Service role name {name} has been taken in this account, please try a different suffix."
                )
            await account.check_quota("role", "RolesPerAccount", ROLES_PER_ACCOUNT_MAX)
            account.put_role(role)
            if await account.find_policy(policy_arn) is not None:
                account.attach(role, policy_arn)
        return shapes.CreateServiceLinkedRoleResponse(role=answers.created_role_shape(role))

    async def delete_service_linked_role(
        self, context: RequestContext, request: shapes.DeleteServiceLinkedRoleRequest
    ) -> shapes.DeleteServiceLinkedRoleResponse:
        """Done at once: no service here refuses to let its role go."""
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            if not role.path.startswith(model.SERVICE_ROLE_PATH):
                raise InvalidInput(f"Role {role.name} is not a service-linked role.")
            for policy_arn in await account.attached_policy_arns(role.role_id):
                account.detach(role, policy_arn)
            account.delete_role(role)
            task_id = f"task{role.path}{role.name}/{self._ids.uuid()}"
            account.put_role_deletion(RoleDeletionRecord(task_id=task_id, finished_at=self._now()))
        return shapes.DeleteServiceLinkedRoleResponse(deletion_task_id=task_id)

    async def get_service_linked_role_deletion_status(
        self, context: RequestContext, request: shapes.GetServiceLinkedRoleDeletionStatusRequest
    ) -> shapes.GetServiceLinkedRoleDeletionStatusResponse:
        deletion = await self._store.read(context.account_id).role_deletion(request.deletion_task_id)
        if deletion is None:
            raise NoSuchEntity(f"The deletion task with id {request.deletion_task_id} cannot be found.")
        return shapes.GetServiceLinkedRoleDeletionStatusResponse(status="SUCCEEDED")
