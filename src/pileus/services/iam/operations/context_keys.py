"""Which condition keys must somebody supply who wants to simulate policies?"""

from collections.abc import Iterable

from pileus.kernel.auth.policy import PolicySyntax, context_keys
from pileus.kernel.context import RequestContext
from pileus.services.iam import shapes
from pileus.services.iam.errors import InvalidInput, NoSuchEntity
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import Holder
from pileus.services.iam.store import AccountReader


class ContextKeyOperations(Operations):
    """GetContextKeysForCustomPolicy and GetContextKeysForPrincipalPolicy."""

    async def get_context_keys_for_custom_policy(
        self, context: RequestContext, request: shapes.GetContextKeysForCustomPolicyRequest
    ) -> shapes.GetContextKeysForPolicyResponse:
        return shapes.GetContextKeysForPolicyResponse(context_key_names=_named_in(request.policy_input_list))

    async def get_context_keys_for_principal_policy(
        self, context: RequestContext, request: shapes.GetContextKeysForPrincipalPolicyRequest
    ) -> shapes.GetContextKeysForPolicyResponse:
        """Of a user's groups too (API_GetContextKeysForPrincipalPolicy)."""
        account = self._store.read(context.account_id)
        holder = await holder_of_arn(account, request.policy_source_arn)
        documents = await documents_of(account, holder)
        if holder.kind == "user":
            for group in await account.groups_of(holder.unique_id):
                documents += await documents_of(account, group)
        names = _named_in([*documents, *(request.policy_input_list or ())])
        return shapes.GetContextKeysForPolicyResponse(context_key_names=names)


async def holder_of_arn(account: AccountReader, arn: str) -> Holder:
    """The user, group or role of exactly this ARN. NoSuchEntity."""
    resource = arn.split(":", 5)[-1]
    kind, name = resource.partition("/")[0], resource.rpartition("/")[2]
    find = {"user": account.find_user, "group": account.find_group, "role": account.find_role}.get(kind)
    holder: Holder | None = None if find is None else await find(name)
    if holder is None or holder.arn != arn:
        raise NoSuchEntity(f"The entity {arn} cannot be found.")
    return holder


async def documents_of(account: AccountReader, holder: Holder) -> list[str]:
    """Of its inline and its attached policies."""
    found = [policy.document for policy in await account.inline_policies(holder.unique_id)]
    for arn in await account.attached_policy_arns(holder.unique_id):
        found.append(await account.default_document(await account.policy(arn)))
    return found


def _named_in(documents: Iterable[str]) -> list[str]:
    """Each once, whatever its case. InvalidInput."""
    found: dict[str, str] = {}
    for document in documents:
        try:
            found |= {key.lower(): key for key in context_keys(document)}
        except PolicySyntax as error:
            raise InvalidInput(error.reason) from None
    return sorted(found.values())
