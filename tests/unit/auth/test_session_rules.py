"""What may sessions not call?"""

from datetime import UTC, datetime

import pytest

from pileus.kernel.auth.session_rules import forbidden_to_session
from pileus.kernel.context import SessionFacts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROLE = SessionFacts(kind="assumed_role", issued_at=NOW)
PLAIN = SessionFacts(kind="session_token", issued_at=NOW)
PROVEN = SessionFacts(kind="session_token", issued_at=NOW, mfa_at=NOW)
FEDERATED = SessionFacts(kind="federated_user", issued_at=NOW)


@pytest.mark.parametrize(
    ("service", "operation", "forbidden_to"),
    [
        ("iam", "ListUsers", {"plain", "federated"}),
        ("sts", "GetCallerIdentity", set()),
        ("sts", "AssumeRole", {"federated"}),
        ("sts", "GetSessionToken", {"plain", "proven", "federated"}),
        ("sts", "DecodeAuthorizationMessage", {"plain", "proven", "federated"}),
        ("dynamodb", "GetItem", set()),
    ],
)
def test_what_is_forbidden(service: str, operation: str, forbidden_to: set[str]) -> None:
    """The table of API_GetSessionToken and API_GetFederationToken; roles and keys are not touched by it."""
    sessions = {"key": None, "role": ROLE, "plain": PLAIN, "proven": PROVEN, "federated": FEDERATED}
    found = {
        name
        for name, session in sessions.items()
        if forbidden_to_session(session, service=service, operation=operation)
    }
    assert found == forbidden_to
