"""In which words is somebody refused?"""

from typing import Any

import msgspec

from pileus.kernel.auth.authorization_message import AuthorizationMessages, Refusal
from pileus.kernel.auth.permissions import Needs, Permission
from pileus.kernel.auth.policy import Decision, Query, denial_message
from pileus.kernel.context import RequestContext


def words_of(
    query: Query,
    decision: Decision,
    permission: Permission,
    given: Any,
    context: RequestContext,
    *,
    needs: Needs,
    messages: AuthorizationMessages | None,
) -> str:
    """messages: seals the reason, where the protocol sends it sealed."""
    message = _message(query, decision, permission, given, context)
    if not needs.encoded:
        return message
    assert messages is not None
    return _with_encoded(messages, message, query, decision)


def _message(query: Query, decision: Decision, permission: Permission, given: Any, context: RequestContext) -> str:
    resource = permission.resource
    account_id = query.principal.account_id
    if resource is not None and resource.strangers_told and account_id != (query.resource_account_id or None):
        return resource.strangers_told
    if resource is not None and resource.told is not None:
        query = msgspec.structs.replace(query, resource=resource.told(context, given))
    if permission.reason_told:
        return denial_message(query, decision)
    return f"User: {query.principal.arn} is not authorized to perform: {query.action} on resource: {query.resource}"


def _with_encoded(messages: AuthorizationMessages, message: str, query: Query, decision: Decision) -> str:
    """As EC2 says it: the reason is for whoever may have it decoded."""
    known = {key: query.conditions[key] for key in decision.missing_context if key in query.conditions}
    refusal = Refusal(
        principal=query.principal,
        action=query.action,
        resource=query.resource,
        explicit_deny=decision.explicit_deny,
        conditions=known,
    )
    encoded = messages.encode(refusal, account_id=query.principal.account_id)
    return (
        f"You are not authorized to perform this operation. {message}. Encoded authorization failure message: {encoded}"
    )
