"""What may a session never do, whatever policies say?

A session that a user begins without a role does not reach IAM; AWS answers as if it did not know the token. Of STS it
reaches next to nothing, see `session_rules`.

Sources: API_GetSessionToken ("You cannot call any IAM API operations unless MFA authentication information is included
in the request"); API_GetFederationToken, which knows no exception.
"""

from pileus.kernel.auth.session_rules import forbidden_to_session
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError


def check_reach(context: RequestContext, action: str) -> None:
    """InvalidClientTokenId; of STS, AccessDenied. action: one that the request needs."""
    session = context.principal.session
    if session is None or session.kind == "assumed_role":
        return
    if action.startswith("iam:"):
        # What an operation of another service needs may be done.
        if action != "iam:PassRole" and forbidden_to_session(session, service="iam", operation=context.operation):
            raise AnyServiceError(
                "InvalidClientTokenId", "The security token included in the request is invalid", status=403
            )
    elif action.startswith("sts:"):
        operation = context.operation
        if operation == "AssumeRole":
            return  # STS itself says so, naming the role
        if forbidden_to_session(session, service="sts", operation=operation):
            raise AnyServiceError("AccessDenied", f"Cannot call {operation} with session credentials", status=403)
