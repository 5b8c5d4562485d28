"""What does an access control list allow, in the words of policies?

A list becomes a policy that names its grantees, so that one engine decides about all: a grant to an account leaves the
matter to the account's own policies, one to everybody does not.

Source: S3 User Guide, "Mapping of ACL permissions and access policy permissions".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.services.s3.acls import ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY, Allowed
from pileus.services.s3.model import Grant

KIND: Final = "access control list"
LOGGING: Final = "logging.s3.amazonaws.com"
_BUCKET: Final[Mapping[str, Sequence[str]]] = {
    "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "WRITE": ("s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject"),
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": ("s3:PutBucketAcl",),
}
_OBJECT: Final[Mapping[str, Sequence[str]]] = {
    "READ": ("s3:GetObject", "s3:GetObjectVersion"),
    "READ_ACP": ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    "WRITE_ACP": ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
}
_SIGNED: Final = {"StringNotEquals": {"aws:PrincipalType": "Anonymous"}}


@lru_cache(maxsize=1024)
def bucket_grants(grants: tuple[Grant, ...]) -> NamedPolicy | None:
    """A bucket's list; None when it lets nobody do anything."""
    return _policy(grants, _BUCKET)


@lru_cache(maxsize=1024)
def object_grants(grants: tuple[Grant, ...]) -> NamedPolicy | None:
    """An object's list; what it says of writing means nothing."""
    return _policy(grants, _OBJECT)


def without_public(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """What is left of a list where public ones are ignored."""
    return tuple(grant for grant in grants if grant.grantee not in (ALL_USERS, AUTHENTICATED_USERS))


def _policy(grants: Sequence[Grant], mapping: Mapping[str, Sequence[str]]) -> NamedPolicy | None:
    statements = [
        {"Effect": "Allow", "Action": list(actions), "Resource": "*", **_grantee(grant)}
        for grant in grants
        if (actions := _actions(grant.permission, mapping))
    ]
    if not statements:
        return None
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return NamedPolicy(KIND, compile_policy(text), KIND)


def _actions(permission: Allowed, mapping: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if permission == "FULL_CONTROL":
        return [action for actions in mapping.values() for action in actions]
    return mapping.get(permission, ())


def _grantee(grant: Grant) -> Mapping[str, Any]:
    if grant.kind == "CanonicalUser":
        return {"Principal": {"CanonicalUser": grant.grantee}}
    if grant.grantee == LOG_DELIVERY:
        return {"Principal": {"Service": LOGGING}}
    if grant.grantee == AUTHENTICATED_USERS:
        return {"Principal": "*", "Condition": _SIGNED}
    return {"Principal": "*"}
