"""What of IAM is written down, and how?"""

from datetime import datetime, timedelta
from typing import ClassVar, Literal

import msgspec

from pileus.services.iam.limits import SESSION_DURATION_MAX_DEFAULT

EntityKind = Literal["user", "group", "role", "policy", "instance-profile"]
"""What has a name, a path and a unique id; as it stands in ARNs and keys."""

Tags = tuple[tuple[str, str], ...]


class _Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every named thing has. arn: follows from account, kind, path and name."""

    kind: ClassVar[EntityKind]

    account_id: str
    name: str
    path: str
    arn: str
    created_at: datetime

    @property
    def unique_id(self) -> str:
        """Of this entity alone; a namesake that comes later has another (IAM User Guide, "Unique identifiers")."""
        raise NotImplementedError


class TrustedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A user or role that a trust policy names. written: how it does, by ARN or unique id."""

    written: str
    account_id: str
    unique_id: str


class RoleRecord(_Entity, frozen=True, kw_only=True, omit_defaults=True, tag="iam-role.v1"):
    """A role.

    trust_policy: as it was sent. trusted: whom it names; see `trust`. tags: in the order they were given.
    permissions_boundary: an ARN.
    """

    kind = "role"

    role_id: str
    trust_policy: str
    description: str | None = None
    session_duration_max_s: int = int(SESSION_DURATION_MAX_DEFAULT.total_seconds())
    tags: Tags = ()
    permissions_boundary: str | None = None
    trusted: tuple[TrustedRecord, ...] = ()

    @property
    def unique_id(self) -> str:
        return self.role_id

    @property
    def session_duration_max(self) -> timedelta:
        return timedelta(seconds=self.session_duration_max_s)


class UserRecord(_Entity, frozen=True, kw_only=True, omit_defaults=True, tag="iam-user.v1"):
    kind = "user"

    user_id: str
    tags: Tags = ()
    permissions_boundary: str | None = None

    @property
    def unique_id(self) -> str:
        return self.user_id


class GroupRecord(_Entity, frozen=True, kw_only=True, omit_defaults=True, tag="iam-group.v1"):
    kind = "group"

    group_id: str

    @property
    def unique_id(self) -> str:
        return self.group_id


class InstanceProfileRecord(_Entity, frozen=True, kw_only=True, omit_defaults=True, tag="iam-instance-profile.v1"):
    """role_ids: of the roles in it, by their unique ids; one at most."""

    kind = "instance-profile"

    instance_profile_id: str
    role_ids: tuple[str, ...] = ()
    tags: Tags = ()

    @property
    def unique_id(self) -> str:
        return self.instance_profile_id


class PolicyRecord(_Entity, frozen=True, kw_only=True, omit_defaults=True, tag="iam-policy.v1"):
    """A managed policy. account_id: `aws` for those that AWS manages, which are never written down.

    default_version: the number behind `v`; last_version: the highest that was ever given.
    """

    kind = "policy"

    policy_id: str
    updated_at: datetime
    description: str | None = None
    default_version: int = 1
    last_version: int = 1
    tags: Tags = ()

    @property
    def unique_id(self) -> str:
        return self.policy_id

    @property
    def aws_managed(self) -> bool:
        return self.account_id == "aws"


class PolicyVersionRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-policy-version.v1"):
    """document: as it was sent."""

    number: int
    document: str
    created_at: datetime

    @property
    def version_id(self) -> str:
        return f"v{self.number}"


class InlinePolicyRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-inline-policy.v1"):
    """A policy that belongs to one user, group or role. document: as it was sent."""

    name: str
    document: str


class NameRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-name.v1"):
    """The name that a unique id has at present."""

    kind: EntityKind
    name: str


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


Holder = UserRecord | GroupRecord | RoleRecord
"""Who can have policies."""

Bounded = UserRecord | RoleRecord
"""Who can have a permissions boundary."""

Entity = UserRecord | GroupRecord | RoleRecord | PolicyRecord | InstanceProfileRecord
