"""What may a session not call, whatever its policies say?

Credentials of GetSessionToken call nothing of IAM unless they were begun with MFA, and of STS only AssumeRole and
GetCallerIdentity; those of GetFederationToken nothing of IAM, and of STS only GetCallerIdentity.

Source: API_GetSessionToken, API_GetFederationToken; IAM User Guide, "Permissions for GetSessionToken".
"""

from pileus.kernel.context import SessionFacts


def forbidden_to_session(session: SessionFacts | None, *, service: str, operation: str) -> bool:
    """Whether AWS refuses `operation` to credentials of this kind. session: None for long-term keys.

    IAM then answers InvalidClientTokenId (403), as if it did not know the key; STS answers AccessDenied.
    """
    if session is None or session.kind == "assumed_role":
        return False
    federated = session.kind == "federated_user"
    if service == "iam":
        return federated or session.mfa_at is None
    if service == "sts":
        return operation != "GetCallerIdentity" and (federated or operation != "AssumeRole")
    return False
