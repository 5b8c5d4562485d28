"""By which policies does somebody reach a service?"""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final, Literal

from pileus.kernel.auth.policy.documents import Statement, parse_document
from pileus.kernel.context import RequestContext
from pileus.services.iam import shapes
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.operations.context_keys import holder_of_arn
from pileus.services.iam.records import EntityKind, Holder, InlinePolicyRecord, PolicyRecord
from pileus.services.iam.store import AccountReader

_OWNERS: Final[dict[EntityKind, Literal["USER", "GROUP", "ROLE"]]] = {"user": "USER", "group": "GROUP", "role": "ROLE"}


class ServiceAccessOperations(Operations):
    """ListPoliciesGrantingServiceAccess."""

    async def list_policies_granting_service_access(
        self, context: RequestContext, request: shapes.ListPoliciesGrantingServiceAccessRequest
    ) -> shapes.ListPoliciesGrantingServiceAccessResponse:
        """Identity policies with an Allow for the service, of a user's groups too. What boundaries or denials take
        away again is not looked at (API_ListPoliciesGrantingServiceAccess)."""
        account = self._store.read(context.account_id)
        holder = await holder_of_arn(account, request.arn)
        granting = [(frozenset(vendors(document)), shape) async for document, shape in _policies_of(account, holder)]
        entries = [
            shapes.ListPoliciesGrantingServiceAccessEntry(
                service_namespace=namespace,
                policies=[shape for vendors, shape in granting if vendors & {"*", namespace.lower()}],
            )
            for namespace in dict.fromkeys(request.service_namespaces)
        ]
        # One page: no page size can be asked for, and there are 200 services at most.
        return shapes.ListPoliciesGrantingServiceAccessResponse(
            policies_granting_service_access=entries, is_truncated=False
        )


async def _policies_of(
    account: AccountReader, holder: Holder
) -> AsyncIterator[tuple[str, shapes.PolicyGrantingServiceAccess]]:
    groups = await account.groups_of(holder.unique_id) if holder.kind == "user" else []
    for owner in (holder, *groups):
        for inline in await account.inline_policies(owner.unique_id):
            yield inline.document, _inline_shape(inline, owner)
        for arn in await account.attached_policy_arns(owner.unique_id):
            policy = await account.policy(arn)
            yield await account.default_document(policy), _managed_shape(policy)


def _inline_shape(policy: InlinePolicyRecord, owner: Holder) -> shapes.PolicyGrantingServiceAccess:
    return shapes.PolicyGrantingServiceAccess(
        policy_name=policy.name, policy_type="INLINE", entity_type=_OWNERS[owner.kind], entity_name=owner.name
    )


def _managed_shape(policy: PolicyRecord) -> shapes.PolicyGrantingServiceAccess:
    return shapes.PolicyGrantingServiceAccess(policy_name=policy.name, policy_type="MANAGED", policy_arn=policy.arn)


def vendors(document: str) -> Iterator[str]:
    """The services that a document allows something of, in lower case; `*` for all."""
    for statement in parse_document(document).statements:
        if statement.effect == "Allow":
            yield from _allowed(statement)


def _allowed(statement: Statement) -> Iterable[str]:
    action = statement.action
    if action is None:
        return ()
    if action.negated:
        # Everything but these: every service, unless all of it is excepted, which nobody writes.
        return ("*",)
    return [name.partition(":")[0].lower() for name in action.values]
