"""What may a session never do, whatever policies say?

A session that a user begins without a role does not reach IAM; AWS answers as if it did not know the token.

Sources: API_GetSessionToken ("You cannot call any IAM API operations unless MFA authentication information is included
in the request"); API_GetFederationToken, which knows no exception.
"""

from pileus.kernel.context import Principal
from pileus.kernel.errors import AnyServiceError


def check_reach(principal: Principal, action: str) -> None:
    """InvalidClientTokenId."""
    session = principal.session
    if session is None or session.kind == "assumed_role" or not action.startswith("iam:"):
        return
    if session.kind == "session_token" and session.mfa_at is not None:
        return
    if action == "iam:PassRole":  # what an operation of another service needs
        return
    raise AnyServiceError("InvalidClientTokenId", "The security token included in the request is invalid", status=403)
