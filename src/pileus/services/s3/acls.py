"""Who owns something new, and whom do its headers or its document open it to?

A canned ACL, grants in headers, or a document: each becomes the same list of grants. What an object has when nothing
is said, and what a bucket's Object Ownership makes of it, is here too.

Sources: S3 User Guide, "Access control list (ACL) overview", "Controlling ownership of objects and disabling ACLs for
your bucket"; recordings s3/s3, test_s3_bucket_acl, test_s3_bucket_acl_exceptions, test_s3_object_acl,
test_s3_object_acl_exceptions.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, Protocol

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Snapshot
from pileus.services.s3 import shapes
from pileus.services.s3.account_records import find_account_block
from pileus.services.s3.errors import AccessDenied, InvalidArgument, InvalidRequest
from pileus.services.s3.model import Acl, BucketRecord, Grant, PublicAccessBlock

Allowed = Literal["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"]

ALL_USERS: Final = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS: Final = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY: Final = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_GROUPS: Final = frozenset({ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY})
_PUBLIC: Final = frozenset({ALL_USERS, AUTHENTICATED_USERS})
_EC2: Final = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"
"""To whom `aws-exec-read` opens a bundle of an Amazon Machine Image."""
GRANTS_MAX: Final = 100
"""Source: S3 User Guide, "Access control list (ACL) overview"."""

_HEADERS: Final[Sequence[tuple[str, str, Allowed]]] = (
    ("grant_full_control", "x-amz-grant-full-control", "FULL_CONTROL"),
    ("grant_read", "x-amz-grant-read", "READ"),
    ("grant_write", "x-amz-grant-write", "WRITE"),
    ("grant_read_acp", "x-amz-grant-read-acp", "READ_ACP"),
    ("grant_write_acp", "x-amz-grant-write-acp", "WRITE_ACP"),
)
_PERMISSIONS: Final = frozenset(permission for _, _, permission in _HEADERS)
_CANONICAL: Final = re.compile(r"[0-9a-f]{64}")
_GRANTEE: Final = re.compile(r"\s*([A-Za-z]+)\s*=\s*(?:\"([^\"]*)\"|([^,\"]*?))\s*")


class AccessControlListNotSupported(ServiceError):
    """The bucket's Object Ownership is BucketOwnerEnforced."""

    code = "AccessControlListNotSupported"

    def __init__(self) -> None:
        super().__init__("The bucket does not allow ACLs")


class InvalidBucketAclWithObjectOwnership(ServiceError):
    """API_CreateBucket, "x-amz-object-ownership"."""

    code = "InvalidBucketAclWithObjectOwnership"

    def __init__(self) -> None:
        super().__init__("Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")


class MalformedACLError(ServiceError):
    """Recording s3/s3, test_s3_bucket_acl_exceptions."""

    code = "MalformedACLError"

    def __init__(self) -> None:
        super().__init__("The XML you provided was not well-formed or did not validate against our published schema")


class EmailGrantee(ServiceError):
    """S3 User Guide, "Access control list (ACL) overview": no longer since October 2025."""

    code = "MethodNotAllowed"
    status = 405

    def __init__(self) -> None:
        super().__init__("The specified method is not allowed against this resource.")


class Given(Protocol):
    """A request that may carry an ACL in its headers. Buckets have `grant_write` too."""

    @property
    def acl(self) -> Any: ...
    @property
    def grant_full_control(self) -> str | None: ...
    @property
    def grant_read(self) -> str | None: ...
    @property
    def grant_read_acp(self) -> str | None: ...
    @property
    def grant_write_acp(self) -> str | None: ...


def gives_acl(given: Any) -> bool:
    """Whether a request says in its headers who may what."""
    return given.acl is not None or any(getattr(given, member, None) is not None for member, _, _ in _HEADERS)


async def acl_for_new(snapshot: Snapshot, bucket: BucketRecord, given: Given, *, writer: str) -> tuple[str, Acl | None]:
    """The account that owns a new object, and its ACL; None: the owner has full control, and nobody else anything.

    writer: the account of who puts it. Raises what AWS answers: AccessControlListNotSupported, InvalidArgument,
    AccessDenied where public ACLs are blocked.
    """
    enforced = bucket.ownership == "BucketOwnerEnforced"
    if not gives_acl(given):
        return (bucket.account_id if enforced else writer), None
    if enforced:
        if not _for_owner_alone(bucket, given, writer=writer):
            raise AccessControlListNotSupported
        return bucket.account_id, None
    owner = writer
    if bucket.ownership == "BucketOwnerPreferred" and given.acl == "bucket-owner-full-control":
        owner = bucket.account_id
    acl = acl_of_headers(given, owner=owner, bucket_owner=bucket.account_id)
    await check_unblocked(snapshot, bucket, acl)
    return owner, None if acl == owners_own(owner) else acl


async def acl_for_new_bucket(snapshot: Snapshot, given: Any, *, owner: str, ownership: str) -> Acl | None:
    """The ACL of a bucket that is made; None as in `acl_for_new`. ownership: its Object Ownership."""
    if not gives_acl(given):
        return None
    acl = acl_of_headers(given, owner=owner, bucket_owner=owner)
    own = owners_own(owner)
    if ownership == "BucketOwnerEnforced" and acl != own:
        raise InvalidBucketAclWithObjectOwnership
    account = await find_account_block(snapshot, owner)
    if account is not None and account.block_public_acls and public(acl):
        raise AccessDenied
    return None if acl == own else acl


def _for_owner_alone(bucket: BucketRecord, given: Given, *, writer: str) -> bool:
    """Whether an ACL says no more than that the bucket's owner has full control.

    `private` does where the owner writes, and not where somebody else does (rclone's issue 6413, flysystem's 1904).
    """
    grants = [*_grants_of_headers(given)]
    if given.acl is not None:
        check_canned(given.acl)
        if given.acl != "bucket-owner-full-control":
            grants += canned(given.acl, owner=writer, bucket_owner=bucket.account_id).grants
    return all(
        grant.grantee == canonical_user_id(bucket.account_id) and grant.permission == "FULL_CONTROL" for grant in grants
    )


async def check_unblocked(snapshot: Snapshot, bucket: BucketRecord, acl: Acl) -> None:
    """AccessDenied when an ACL is public and such ACLs are blocked, by the bucket or by its account."""
    if public(acl) and (await effective_block(snapshot, bucket)).block_public_acls:
        raise AccessDenied


async def effective_block(snapshot: Snapshot, bucket: BucketRecord) -> PublicAccessBlock:
    """What is shut off for a bucket, by itself or by its account."""
    own = bucket.public_access or PublicAccessBlock()
    account = await find_account_block(snapshot, bucket.account_id)
    if account is None:
        return own
    return PublicAccessBlock(
        block_public_acls=own.block_public_acls or account.block_public_acls,
        ignore_public_acls=own.ignore_public_acls or account.ignore_public_acls,
        block_public_policy=own.block_public_policy or account.block_public_policy,
        restrict_public_buckets=own.restrict_public_buckets or account.restrict_public_buckets,
    )


def public(acl: Acl) -> bool:
    """Whether it grants anything to everybody, or to whoever has an account. User Guide, "The meaning of public"."""
    return any(grant.kind == "Group" and grant.grantee in _PUBLIC for grant in acl.grants)


def owners_own(owner: str) -> Acl:
    """What something has of which nobody said anything."""
    return Acl(owner=owner, grants=(_to(owner, "FULL_CONTROL"),))


def acl_of_headers(given: Given, *, owner: str, bucket_owner: str) -> Acl:
    """Of a canned ACL, or of grants; not of both."""
    grants = _grants_of_headers(given)
    if given.acl is None:
        return Acl(owner=owner, grants=_counted(grants))
    if grants:
        raise InvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
    return canned(given.acl, owner=owner, bucket_owner=bucket_owner)


def canned(name: str, *, owner: str, bucket_owner: str) -> Acl:
    """Source: S3 User Guide, "Canned ACL"."""
    check_canned(name)
    grants = [_to(owner, "FULL_CONTROL"), *_CANNED[name]]
    if owner != bucket_owner and name in _TO_BUCKET_OWNER:
        grants.append(_to(bucket_owner, _TO_BUCKET_OWNER[name]))
    return Acl(owner=owner, grants=tuple(grants))


def check_canned(name: str | None) -> None:
    """InvalidArgument, of what no canned ACL is called."""
    if name is not None and name not in _CANNED:
        raise InvalidArgument("", name="x-amz-acl", value=name)


def _to(account_id: str, permission: Allowed) -> Grant:
    return Grant(kind="CanonicalUser", grantee=canonical_user_id(account_id), permission=permission)


def _group(uri: str, *permissions: Allowed) -> tuple[Grant, ...]:
    return tuple(Grant(kind="Group", grantee=uri, permission=permission) for permission in permissions)


_CANNED: Final[dict[str, tuple[Grant, ...]]] = {
    "private": (),
    "public-read": _group(ALL_USERS, "READ"),
    "public-read-write": _group(ALL_USERS, "READ", "WRITE"),
    "authenticated-read": _group(AUTHENTICATED_USERS, "READ"),
    "aws-exec-read": (Grant(kind="CanonicalUser", grantee=_EC2, permission="READ"),),
    "bucket-owner-read": (),
    "bucket-owner-full-control": (),
    "log-delivery-write": _group(LOG_DELIVERY, "WRITE", "READ_ACP"),
}
_TO_BUCKET_OWNER: Final[dict[str, Allowed]] = {"bucket-owner-read": "READ", "bucket-owner-full-control": "FULL_CONTROL"}


def _grants_of_headers(given: Given) -> list[Grant]:
    found: list[Grant] = []
    for member, header, permission in _HEADERS:
        text = getattr(given, member, None)
        if text is not None:
            found += [_grant(part, header, text, permission) for part in _parts(text)]
    return found


def _parts(text: str) -> Iterable[str]:
    return (part for part in text.split(","))


def _grant(part: str, header: str, text: str, permission: Allowed) -> Grant:
    """One `id="..."` of a header."""
    found = _GRANTEE.fullmatch(part)
    kind = found[1].lower() if found is not None else ""
    if found is None or kind not in ("id", "uri", "emailaddress"):
        raise InvalidArgument("Argument format not recognized", name=header, value=text)
    value = found[2] if found[2] is not None else found[3]
    if kind == "emailaddress":
        raise EmailGrantee
    if kind == "uri":
        return Grant(kind="Group", grantee=_group_uri(value, "uri"), permission=permission)
    return Grant(kind="CanonicalUser", grantee=_user_id(value, "id"), permission=permission)


def _group_uri(text: str, name: str) -> str:
    if text not in _GROUPS:
        raise InvalidArgument("Invalid group uri", name=name, value=text)
    return text


def _user_id(text: str, name: str) -> str:
    if not _CANONICAL.fullmatch(text):
        raise InvalidArgument("Invalid id", name=name, value=text)
    return text


def _counted(grants: Sequence[Grant]) -> tuple[Grant, ...]:
    if len(grants) > GRANTS_MAX:
        raise InvalidRequest("The request contained more than 100 grants")
    return tuple(grants)


def acl_of_document(document: shapes.AccessControlPolicy, *, owner: str) -> Acl:
    """Of the body of PutBucketAcl and PutObjectAcl. owner: of the thing, whom the document must name."""
    if document.owner is None or document.owner.id is None or document.grants is None:
        raise MalformedACLError
    said = _user_id(document.owner.id, "CanonicalUser/ID")
    grants = [_of_document(grant) for grant in document.grants]
    if said != canonical_user_id(owner):
        raise AccessDenied
    return Acl(owner=owner, grants=_counted(grants))


def _of_document(grant: shapes.Grant) -> Grant:
    grantee, permission = grant.grantee, grant.permission
    if grantee is None or permission is None or permission not in _PERMISSIONS:
        raise MalformedACLError
    if grantee.type == "AmazonCustomerByEmail":
        raise EmailGrantee
    if grantee.type == "Group":
        if grantee.uri is None:
            raise MalformedACLError
        return Grant(kind="Group", grantee=_group_uri(grantee.uri, "Group/URI"), permission=permission)
    if grantee.type != "CanonicalUser" or grantee.id is None:
        raise MalformedACLError
    return Grant(kind="CanonicalUser", grantee=_user_id(grantee.id, "CanonicalUser/ID"), permission=permission)


def told_grants(acl: Acl) -> list[shapes.Grant]:
    """As GetBucketAcl and GetObjectAcl tell them."""
    return [
        shapes.Grant(
            grantee=shapes.Grantee(type="CanonicalUser", id=grant.grantee)
            if grant.kind == "CanonicalUser"
            else shapes.Grantee(type="Group", uri=grant.grantee),
            permission=grant.permission,
        )
        for grant in acl.grants
    ]
