"""What of IAM is written down, and how?"""

from datetime import datetime, timedelta

import msgspec

from pileus.services.iam.limits import SESSION_DURATION_MAX_DEFAULT


class RoleRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-role.v1"):
    """A role. trust_policy: as it was sent. tags: in the order they were given."""

    account_id: str
    name: str
    path: str
    role_id: str
    arn: str
    created_at: datetime
    trust_policy: str
    description: str | None = None
    session_duration_max_s: int = int(SESSION_DURATION_MAX_DEFAULT.total_seconds())
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def session_duration_max(self) -> timedelta:
        return timedelta(seconds=self.session_duration_max_s)


class RolePolicyRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-role-policy.v1"):
    """An inline policy of a role, as it was sent."""

    name: str
    document: str


class UserRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-user.v1"):
    account_id: str
    name: str
    path: str
    user_id: str
    arn: str
    created_at: datetime
    tags: tuple[tuple[str, str], ...] = ()


class AccessKeyRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-access-key.v1"):
    """A long-term key, with what a request that it signs needs to know of its user.

    sealed_secret: the secret access key, sealed for this access key id; never in the clear.
    """

    access_key_id: str
    account_id: str
    user_name: str
    user_id: str
    user_arn: str
    created_at: datetime
    sealed_secret: bytes
    active: bool = True
