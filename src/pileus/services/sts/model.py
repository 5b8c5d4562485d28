"""What is true of sessions, whoever keeps the roles."""

from datetime import timedelta
from typing import Final

from pileus.kernel.auth.credentials import Credentials
from pileus.kernel.auth.sessions import SessionLimits, SessionSealer
from pileus.kernel.context import Principal
from pileus.services.sts.errors import AccessDenied, ValidationError
from pileus.services.sts.limits import (
    ROOT_SESSION_DURATION_MAX,
    SESSION_DURATION_CHAINED_MAX,
    SESSION_DURATION_DEFAULT,
    USER_SESSION_DURATION_DEFAULT,
)
from pileus.services.sts.roles import AssumableRole

_NO_LIMITS: Final = SessionLimits()


def check_role_arn(role_arn: str) -> None:
    """ValidationError unless it has an ARN's form (recordings: test_sts_invalid_parameters)."""
    parts = role_arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not (parts[1] and parts[2] and parts[5]):
        raise ValidationError(f"{role_arn} is invalid")


def account_of(arn: str) -> str:
    """The account that an ARN which was checked names."""
    return arn.split(":", 5)[4]


def not_authorized(principal: Principal, *, action: str, role_arn: str, explanation: str = "") -> AccessDenied:
    """The refusal, which does not tell whether the role exists. explanation: the sentence instead, if not empty."""
    return AccessDenied(
        explanation or f"User: {principal.arn} is not authorized to perform: {action} on resource: {role_arn}"
    )


def session_duration(role: AssumableRole, *, requested_s: int | None, chained: bool = False) -> timedelta:
    """How long a role's session may last; ValidationError when more is asked for. chained: a role's session asks."""
    duration = SESSION_DURATION_DEFAULT if requested_s is None else timedelta(seconds=requested_s)
    if chained and duration > SESSION_DURATION_CHAINED_MAX:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    if duration > role.session_duration_max:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return duration


def user_session_duration(principal: Principal, *, requested_s: int | None) -> timedelta:
    """How long a session of a user lasts; a root's ends after an hour, whatever is asked for."""
    duration = USER_SESSION_DURATION_DEFAULT if requested_s is None else timedelta(seconds=requested_s)
    return min(duration, ROOT_SESSION_DURATION_MAX) if root(principal) else duration


def root(principal: Principal) -> bool:
    return principal.arn.endswith(":root")


def assumed_role_arn(role: AssumableRole, session_name: str) -> str:
    """The role's path is not part of it (IAM User Guide, "IAM identifiers")."""
    partition = role.arn.split(":", 2)[1]
    return f"arn:{partition}:sts::{role.account_id}:assumed-role/{role.name}/{session_name}"


def open_session(
    sealer: SessionSealer,
    role: AssumableRole,
    *,
    session_name: str,
    duration: timedelta,
    limits: SessionLimits = _NO_LIMITS,
    token_chars_min: int = 0,
) -> Credentials:
    """Credentials of a new session of `role`, whose ARN `limits` already bear unless there are none."""
    assert limits is _NO_LIMITS or limits.role_arn == role.arn
    return sealer.issue(
        account_id=role.account_id,
        arn=assumed_role_arn(role, session_name),
        user_id=f"{role.role_id}:{session_name}",
        duration=duration,
        limits=SessionLimits(role_arn=role.arn) if limits is _NO_LIMITS else limits,
        token_chars_min=token_chars_min,
    )
