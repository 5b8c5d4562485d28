"""What is true of sessions, whoever keeps the roles."""

import math
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from pileus.kernel.auth.credentials import Credentials
from pileus.kernel.auth.sessions import SessionLimits, SessionSealer
from pileus.kernel.context import Principal
from pileus.services.sts import shapes
from pileus.services.sts.errors import (
    AccessDenied,
    InvalidParameterValue,
    MalformedPolicyDocument,
    PackedPolicyTooLarge,
    ValidationError,
)
from pileus.services.sts.limits import (
    SESSION_DURATION_CHAINED_MAX,
    SESSION_DURATION_DEFAULT,
    SESSION_POLICY_CHARS_MAX,
)
from pileus.services.sts.roles import AssumableRole


def check_role_arn(role_arn: str) -> None:
    """ValidationError unless it has an ARN's form (recordings: test_sts_invalid_parameters)."""
    parts = role_arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not (parts[1] and parts[2] and parts[5]):
        raise ValidationError(f"{role_arn} is invalid")


def not_authorized(principal: Principal, *, action: str, role_arn: str) -> AccessDenied:
    """The refusal, which does not tell whether the role exists."""
    return AccessDenied(f"User: {principal.arn} is not authorized to perform: {action} on resource: {role_arn}")


def session_duration(role: AssumableRole, *, requested_s: int | None, principal: Principal) -> timedelta:
    """How long the session may last; ValidationError when more is asked for."""
    duration = SESSION_DURATION_DEFAULT if requested_s is None else timedelta(seconds=requested_s)
    if ":assumed-role/" in principal.arn and duration > SESSION_DURATION_CHAINED_MAX:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    if duration > role.session_duration_max:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return duration


def check_session_policy(policy: str) -> None:
    """MalformedPolicyDocument, PackedPolicyTooLarge."""
    if len(policy) > SESSION_POLICY_CHARS_MAX:
        raise PackedPolicyTooLarge(
            f"Packed policy consumes {packed_percent(policy)}% of allotted space, please use smaller policy."
        )
    try:
        document: object = msgspec.json.decode(policy)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise MalformedPolicyDocument("This policy contains invalid Json") from None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise MalformedPolicyDocument("Syntax errors in policy.")


def packed_percent(policy: str) -> int:
    """`PackedPolicySize`. AWS packs in a way it does not publish; this is the plain text's share of its limit."""
    return math.ceil(100 * len(policy) / SESSION_POLICY_CHARS_MAX)


def session_tags(tags: Sequence[shapes.Tag], transitive_tag_keys: Sequence[str]) -> dict[str, str]:
    """Tags by key; InvalidParameterValue (recordings: test_assume_role_tag_validation)."""
    folded = [tag.key.casefold() for tag in tags]
    if len(set(folded)) != len(folded):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.casefold() not in folded for key in transitive_tag_keys):
        raise InvalidParameterValue("The specified transitive tag key must be included in the requested tags.")
    return {tag.key: tag.value for tag in tags}


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
    policies: tuple[str, ...] = (),
    tags: dict[str, str] | None = None,
) -> Credentials:
    """Credentials of a new session of `role`."""
    return sealer.issue(
        account_id=role.account_id,
        arn=assumed_role_arn(role, session_name),
        user_id=f"{role.role_id}:{session_name}",
        duration=duration,
        limits=SessionLimits(role_arn=role.arn, policies=policies, tags=tags or {}),
    )
