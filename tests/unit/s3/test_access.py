"""Who may what with a bucket and its objects: a table that can be read beside AWS's manual.

Each row has somebody, what they ask, and what their own policies and the bucket say; the answer is `yes`, `no`, or the
error that they are told instead. The decision is the authorizer's, with the records in a real store.

Sources: S3 User Guide, "How Amazon S3 authorizes a request", "Mapping of ACL permissions and access policy
permissions", "Blocking public access to your Amazon S3 storage"; IAM User Guide, "Policy evaluation logic".
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.auth.audit import AuditLog
from pileus.kernel.auth.authorizer import Authorizer
from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.auth.permissions import needs_of
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.auth.principals import NOBODY, root_of
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext, SessionFacts
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Store
from pileus.kernel.storage.sqlite import open_store
from pileus.services.s3 import shapes
from pileus.services.s3.access_conditions import of_headers
from pileus.services.s3.access_points import AccessPointRecord, put_point
from pileus.services.s3.access_resources import BucketResources
from pileus.services.s3.account_records import put_account_block
from pileus.services.s3.acls import ALL_USERS, AUTHENTICATED_USERS, canned
from pileus.services.s3.bucket_records import get_bucket, put_bucket, put_setting
from pileus.services.s3.errors import NoSuchKey
from pileus.services.s3.model import Acl, BucketRecord, Grant, ObjectRecord, PublicAccessBlock, SettingRecord
from pileus.services.s3.object_records import put_version
from pileus.services.s3.permissions import PERMISSIONS

OWNER, OTHER, THIRD = "111122223333", "444455556666", "777788889999"
AT: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
VERSION: Final = "null"

Statement = dict[str, Any]


def user(account_id: str = OWNER, name: str = "eve") -> Principal:
    return Principal(
        account_id=account_id, arn=f"arn:aws:iam::{account_id}:user/{name}", user_id=f"AIDA{name.upper()}", minted=True
    )


def root(account_id: str = OWNER) -> Principal:
    return msgspec.structs.replace(root_of(account_id), minted=True)


def role(account_id: str = OWNER, **facts: Any) -> Principal:
    return Principal(
        account_id=account_id,
        arn=f"arn:aws:sts::{account_id}:assumed-role/worker/s",
        user_id="AROAWORKER:s",
        minted=True,
        session=SessionFacts(
            kind="assumed_role", issued_at=AT, role_arn=f"arn:aws:iam::{account_id}:role/worker", **facts
        ),
    )


EVE, ROOT, ROLE = user(), root(), role()
BOB, STRANGE_ROOT, STRANGE_ROLE = user(OTHER, "bob"), root(OTHER), role(OTHER)
OPEN, OPEN_STRANGER = root_of(OWNER), root_of(OTHER)
"""Unknown keys on an open server."""

ARN, OBJECTS = "arn:aws:s3:::pail", "arn:aws:s3:::pail/*"


def allow(action: str | list[str], resource: str | list[str] = "*", **condition: Any) -> Statement:
    found: Statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**found, "Condition": condition} if condition else found


def deny(action: str | list[str], resource: str | list[str] = "*", **condition: Any) -> Statement:
    return {**allow(action, resource, **condition), "Effect": "Deny"}


def to(principal: Any, statement: Statement) -> Statement:
    return {**statement, "Principal": principal if principal == "*" else {"AWS": principal}}


def arn(principal: Principal) -> str:
    return principal.session.role_arn if principal.session is not None else principal.arn


PUBLIC: Final = to("*", allow("s3:GetObject", OBJECTS))
NO_BLOCK: Final = PublicAccessBlock()


def block(**chosen: bool) -> PublicAccessBlock:
    return PublicAccessBlock(**chosen)


def acl(*grants: tuple[str, Any], owner: str = OWNER) -> Acl:
    """Grants to accounts, or to groups by their URIs."""
    return Acl(
        owner=owner,
        grants=tuple(
            Grant(kind="Group", grantee=grantee, permission=permission)
            if grantee.startswith("http")
            else Grant(kind="CanonicalUser", grantee=canonical_user_id(grantee), permission=permission)
            for grantee, permission in grants
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Row:
    """ownership: of the bucket's objects. account: the block of public access of the bucket's account."""

    asks: str
    who: Principal
    answer: str
    given: Mapping[str, Any] = field(default_factory=dict)
    identity: Sequence[Statement] = ()
    bucket: Sequence[Statement] = ()
    ownership: str = "BucketOwnerEnforced"
    bucket_acl: Acl | None = None
    object_acl: Acl | None = None
    object_owner: str = OWNER
    tags: Mapping[str, str] = field(default_factory=dict)
    block: PublicAccessBlock | None = None
    account: PublicAccessBlock | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    boundary: Sequence[Statement] | None = None
    query: str = ""
    secure: bool = False


def clock_at(when: datetime) -> MovableClock:
    clock = MovableClock()
    clock.restore(offset=timedelta(0), frozen_at=when)
    return clock


class Policies:
    """What somebody holds."""

    def __init__(self, row: Row) -> None:
        self._row = row

    async def policies_of(self, principal: Principal) -> tuple[Sequence[NamedPolicy], NamedPolicy | None] | None:
        assert principal.account_id, "nobody in particular holds nothing"
        identity = (compiled(self._row.identity),) if self._row.identity else ()
        return identity, None if self._row.boundary is None else compiled(self._row.boundary)

    async def session_policies(self, account_id: str, policy_arns: Sequence[str]) -> Sequence[NamedPolicy]:
        return ()

    async def tags_of(self, principal: Principal) -> Mapping[str, str]:
        return {"team": "red"}


def document(statements: Sequence[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def compiled(statements: Sequence[Statement]) -> NamedPolicy:
    return NamedPolicy("p", compile_policy(document(statements)), "identity")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(tmp_path, clock=clock_at(AT))
    yield opened
    await opened.close()


async def laid_down(store: Store, row: Row) -> None:
    """The bucket `pail` with an object `k`, and `mine`, which is the other account's."""
    async with store.transaction() as tx:
        pail = BucketRecord(
            name="pail",
            account_id=OWNER,
            region="us-east-1",
            serial=1,
            created_at_s=0.0,
            ownership=row.ownership,  # type: ignore[arg-type]  # a row's own word
            acl=row.bucket_acl,
            public_access=row.block,
        )
        put_bucket(tx, pail)
        put_bucket(tx, BucketRecord(name="mine", account_id=OTHER, region="us-east-1", serial=2, created_at_s=0.0))
        record = ObjectRecord(modified_at_s=0.0, owner=row.object_owner, acl=row.object_acl, tags=row.tags, order=1)
        await put_version(tx, pail, "k", record)
        if row.account is not None:
            put_account_block(tx, OWNER, row.account)
        if row.bucket:
            text = document(row.bucket).encode()
            put_setting(tx, pail, "policy", SettingRecord(document=text, changed_at_s=0.0))


def given_of(row: Row) -> Any:
    shape = shapes.OPERATIONS[row.asks][0]
    members: dict[str, Any] = {"bucket": "pail", "key": "k"}
    known = {name: value for name, value in members.items() if name in shape.__struct_fields__}
    return shape(**{**known, **row.given})


def context_of(row: Row) -> RequestContext:
    return RequestContext(
        service="s3",
        operation=row.asks,
        request_id="r",
        account_id=row.who.account_id,
        region="us-east-1",
        principal=row.who,
        source_ip="192.0.2.7",
        host="localhost",
        secure=row.secure,
        query=row.query,
    )


def authorizer_of(store: Store, row: Row) -> Authorizer:
    return Authorizer(
        policies=Policies(row),
        audit=AuditLog(store),
        clock=clock_at(AT),
        resources={"s3": BucketResources(store)},
    )


async def answer(store: Store, row: Row) -> str:
    """As the dispatcher asks: of unknown keys, only where they may reach into another account."""
    needs = needs_of(PERMISSIONS[row.asks], protocol="rest-xml")
    given, context = given_of(row), context_of(row)
    if not row.who.minted and not (needs.foreign is not None and needs.foreign(context, given)):
        return "yes"
    try:
        await authorizer_of(store, row).authorize(context, row.headers, needs, given)
    except ServiceError as error:
        return "no" if error.error_code == "AccessDenied" else error.error_code
    return "yes"


GET = allow("s3:GetObject", OBJECTS)
LIST = allow("s3:ListBucket", ARN)
EVERYTHING = allow("s3:*")
WRITER = "ObjectWriter"


def when(**condition: Any) -> dict[str, Any]:
    return condition


def source(name: str) -> dict[str, Any]:
    return {"bucket": "mine", "key": "copy", "copy_source": name}


IN_ACCOUNT = (
    Row(asks="GetObject", who=EVE, answer="no"),
    Row(asks="GetObject", who=EVE, identity=[GET], answer="yes"),
    Row(asks="GetObject", who=EVE, identity=[allow("s3:GetObject", ARN)], answer="no"),
    Row(asks="GetObject", who=EVE, identity=[allow("s3:GetObject", "arn:aws:s3:::pail/k*")], answer="yes"),
    Row(asks="GetObject", who=EVE, identity=[allow("s3:GetObject", "arn:aws:s3:::pail/K")], answer="no"),
    Row(asks="GetObject", who=EVE, identity=[allow("s3:getobject", OBJECTS)], answer="yes"),
    Row(asks="GetObject", who=EVE, identity=[EVERYTHING, deny("s3:GetObject", OBJECTS)], answer="no"),
    Row(asks="GetObject", who=EVE, bucket=[to(EVE.arn, GET)], answer="yes"),
    Row(asks="GetObject", who=EVE, bucket=[to(OWNER, GET)], answer="no"),
    Row(asks="GetObject", who=EVE, bucket=[to("*", GET)], answer="yes"),
    Row(asks="GetObject", who=EVE, identity=[GET], bucket=[to("*", deny("s3:*"))], answer="no"),
    Row(asks="GetObject", who=EVE, identity=[GET], bucket=[to(EVE.arn, deny("s3:GetObject"))], answer="no"),
    Row(asks="GetObject", who=EVE, identity=[GET], bucket=[to(user(name="ann").arn, deny("s3:*"))], answer="yes"),
    Row(asks="GetObject", who=EVE, identity=[GET], boundary=[LIST], answer="no"),
    Row(asks="GetObject", who=EVE, identity=[GET], boundary=[EVERYTHING], answer="yes"),
    Row(asks="GetObject", who=ROLE, answer="no"),
    Row(asks="GetObject", who=ROLE, identity=[GET], answer="yes"),
    Row(asks="GetObject", who=ROLE, bucket=[to(arn(ROLE), GET)], answer="yes"),
    Row(asks="GetObject", who=role(session_policies=(document([LIST]),)), identity=[EVERYTHING], answer="no"),
    Row(asks="GetObject", who=role(session_policies=(document([GET]),)), identity=[EVERYTHING], answer="yes"),
    Row(asks="GetObject", who=ROOT, answer="yes"),
    Row(asks="GetObject", who=ROOT, bucket=[to("*", deny("s3:*"))], answer="no"),
    Row(asks="GetObject", who=ROOT, bucket=[to(OWNER, deny("s3:GetObject"))], answer="no"),
    Row(asks="GetObject", who=ROOT, bucket=[PUBLIC], answer="yes"),
    Row(asks="GetBucketPolicy", who=ROOT, bucket=[to("*", deny("s3:*"))], answer="yes"),
    Row(asks="DeleteBucketPolicy", who=ROOT, bucket=[to("*", deny("s3:*"))], answer="yes"),
    Row(asks="PutBucketPolicy", given={"policy": "{}"}, who=ROOT, bucket=[to("*", deny("s3:*"))], answer="yes"),
    Row(asks="DeleteBucketPolicy", who=EVE, identity=[EVERYTHING], bucket=[to("*", deny("s3:*"))], answer="no"),
    Row(asks="DeleteBucket", who=ROOT, bucket=[to("*", deny("s3:DeleteBucket"))], answer="no"),
    Row(asks="GetObject", who=OPEN, answer="yes"),
    Row(asks="GetObject", who=OPEN, bucket=[to("*", deny("s3:*"))], answer="yes"),
    Row(asks="ListBuckets", who=EVE, answer="no"),
    Row(asks="ListBuckets", who=EVE, identity=[allow("s3:ListAllMyBuckets")], answer="yes"),
    Row(asks="ListBuckets", who=EVE, identity=[allow("s3:ListAllMyBuckets", ARN)], answer="no"),
    Row(asks="ListBuckets", who=ROOT, answer="yes"),
    Row(asks="CreateBucket", given={"bucket": "new"}, who=EVE, answer="no"),
    Row(asks="CreateBucket", given={"bucket": "new"}, who=EVE, identity=[allow("s3:CreateBucket")], answer="yes"),
    Row(asks="CreateBucket", given={"bucket": "mine"}, who=EVE, identity=[allow("s3:CreateBucket")], answer="yes"),
    Row(
        asks="CreateBucket",
        given={"bucket": "new", "acl": "private"},
        who=EVE,
        identity=[allow("s3:CreateBucket")],
        answer="no",
    ),
    Row(
        asks="CreateBucket",
        given={"bucket": "new", "object_ownership": "ObjectWriter"},
        who=EVE,
        identity=[allow("s3:CreateBucket")],
        answer="no",
    ),
    Row(
        asks="CreateBucket",
        given={"bucket": "new", "object_lock_enabled_for_bucket": True},
        who=EVE,
        identity=[allow(["s3:CreateBucket", "s3:PutBucketVersioning"])],
        answer="no",
    ),
    Row(asks="HeadBucket", who=EVE, identity=[LIST], answer="yes"),
    Row(asks="HeadBucket", who=EVE, identity=[GET], answer="no"),
    Row(asks="HeadBucket", given={"bucket": "gone"}, who=EVE, answer="NoSuchBucket"),
    Row(asks="GetObject", given={"bucket": "gone"}, who=EVE, answer="NoSuchBucket"),
    Row(asks="GetObject", given={"bucket": "gone"}, who=OPEN, answer="NoSuchBucket"),
    Row(asks="GetObject", given={"bucket": "gone"}, who=NOBODY, answer="NoSuchBucket"),
    Row(asks="ListObjectsV2", who=EVE, identity=[LIST], answer="yes"),
    Row(asks="ListObjectVersions", who=EVE, identity=[LIST], answer="no"),
    Row(asks="ListObjectVersions", who=EVE, identity=[allow("s3:ListBucketVersions", ARN)], answer="yes"),
    Row(asks="ListMultipartUploads", who=EVE, identity=[LIST], answer="no"),
    Row(asks="HeadObject", who=EVE, identity=[GET], answer="yes"),
)

VERSIONS = (
    Row(asks="GetObject", given={"version_id": VERSION}, who=EVE, identity=[GET], answer="no"),
    Row(
        asks="GetObject",
        given={"version_id": VERSION},
        who=EVE,
        identity=[allow("s3:GetObjectVersion", OBJECTS)],
        answer="yes",
    ),
    Row(asks="GetObject", who=EVE, identity=[allow("s3:GetObjectVersion", OBJECTS)], answer="no"),
    Row(asks="DeleteObject", who=EVE, identity=[allow("s3:DeleteObject")], answer="yes"),
    Row(
        asks="DeleteObject",
        given={"version_id": VERSION},
        who=EVE,
        identity=[allow("s3:DeleteObject")],
        answer="no",
    ),
    Row(
        asks="DeleteObject",
        given={"version_id": VERSION},
        who=EVE,
        identity=[allow("s3:DeleteObjectVersion")],
        answer="yes",
    ),
    Row(asks="DeleteObject", who=EVE, identity=[allow("s3:DeleteObjectVersion")], answer="no"),
    Row(
        asks="DeleteObject",
        given={"version_id": VERSION, "bypass_governance_retention": True},
        who=EVE,
        identity=[allow("s3:DeleteObjectVersion")],
        answer="yes",  # and the lock then holds: test_what_is_optional
    ),
    Row(
        asks="GetObjectTagging",
        given={"version_id": VERSION},
        who=EVE,
        identity=[allow("s3:GetObjectTagging")],
        answer="no",
    ),
    Row(asks="DeleteObject", given={"if_match": "e"}, who=EVE, identity=[allow("s3:DeleteObject")], answer="no"),
    Row(asks="DeleteObject", given={"if_match": "e"}, who=EVE, identity=[allow("s3:DeleteObject"), GET], answer="yes"),
    Row(asks="GetObjectAttributes", given={"object_attributes": []}, who=EVE, identity=[GET], answer="no"),
    Row(
        asks="GetObjectAttributes",
        given={"object_attributes": []},
        who=EVE,
        identity=[allow(["s3:GetObject", "s3:GetObjectAttributes"])],
        answer="yes",
    ),
)

PUT = allow("s3:PutObject", OBJECTS)
WRITES = (
    Row(asks="PutObject", who=EVE, identity=[PUT], answer="yes"),
    Row(asks="PutObject", who=EVE, identity=[GET], answer="no"),
    Row(asks="PutObject", given={"tagging": "a=b"}, who=EVE, identity=[PUT], answer="no"),
    Row(
        asks="PutObject",
        given={"tagging": "a=b"},
        who=EVE,
        identity=[allow(["s3:PutObject", "s3:PutObjectTagging"])],
        answer="yes",
    ),
    Row(asks="PutObject", given={"acl": "public-read"}, who=EVE, identity=[PUT], answer="no"),
    Row(asks="PutObject", given={"grant_read": "id=x"}, who=EVE, identity=[PUT], answer="no"),
    Row(
        asks="PutObject",
        given={"acl": "public-read"},
        who=EVE,
        identity=[allow(["s3:PutObject", "s3:PutObjectAcl"])],
        answer="yes",
    ),
    Row(asks="PutObject", given={"object_lock_legal_hold_status": "ON"}, who=EVE, identity=[PUT], answer="no"),
    Row(asks="PutObject", given={"object_lock_mode": "GOVERNANCE"}, who=EVE, identity=[PUT], answer="no"),
    Row(asks="PutObject", given={"if_match": '"e"'}, who=EVE, identity=[PUT], answer="no"),
    Row(asks="PutObject", given={"if_match": '"e"'}, who=EVE, identity=[PUT, GET], answer="yes"),
    Row(asks="PutObject", given={"if_none_match": "*"}, who=EVE, identity=[PUT], answer="yes"),
    Row(asks="CreateMultipartUpload", who=EVE, identity=[PUT], answer="yes"),
    Row(asks="CreateMultipartUpload", given={"tagging": "a=b"}, who=EVE, identity=[PUT], answer="no"),
    Row(asks="UploadPart", given={"upload_id": "u", "part_number": 1}, who=EVE, identity=[PUT], answer="yes"),
    Row(asks="UploadPart", given={"upload_id": "u", "part_number": 1}, who=EVE, answer="no"),
    Row(asks="CompleteMultipartUpload", given={"upload_id": "u"}, who=EVE, identity=[PUT], answer="yes"),
    Row(asks="AbortMultipartUpload", given={"upload_id": "u"}, who=EVE, identity=[PUT], answer="no"),
    Row(
        asks="AbortMultipartUpload",
        given={"upload_id": "u"},
        who=EVE,
        identity=[allow("s3:AbortMultipartUpload")],
        answer="yes",
    ),
    Row(asks="ListParts", given={"upload_id": "u"}, who=EVE, identity=[PUT], answer="no"),
    Row(asks="CopyObject", given=source("pail/k"), who=BOB, identity=[EVERYTHING], answer="no"),
    Row(
        asks="CopyObject",
        given=source("pail/k"),
        who=BOB,
        identity=[EVERYTHING],
        bucket=[to(OTHER, GET)],
        answer="yes",
    ),
    Row(
        asks="CopyObject",
        given=source("/pail/k?versionId=null"),
        who=BOB,
        identity=[EVERYTHING],
        bucket=[to(OTHER, GET)],
        answer="no",
    ),
    Row(
        asks="CopyObject",
        given=source("%2Fpail%2Fk"),
        who=BOB,
        identity=[EVERYTHING],
        answer="no",
    ),
    Row(asks="CopyObject", given=source("pail/k"), who=OPEN_STRANGER, answer="no"),
    Row(asks="CopyObject", given=source("mine/x"), who=OPEN_STRANGER, answer="yes"),
    Row(asks="CopyObject", given=source("gone/x"), who=OPEN_STRANGER, answer="NoSuchBucket"),
    Row(
        asks="CopyObject",
        given={"bucket": "pail", "copy_source": "mine/x"},
        who=OPEN_STRANGER,
        answer="no",
    ),
    Row(
        asks="UploadPartCopy",
        given={**source("pail/k"), "upload_id": "u", "part_number": 1},
        who=STRANGE_ROOT,
        answer="no",
    ),
)

ACROSS = (
    Row(asks="GetObject", who=BOB, identity=[EVERYTHING], answer="no"),
    Row(asks="GetObject", who=BOB, bucket=[to(BOB.arn, GET)], answer="no"),
    Row(asks="GetObject", who=BOB, identity=[GET], bucket=[to(BOB.arn, GET)], answer="yes"),
    Row(asks="GetObject", who=BOB, identity=[GET], bucket=[to(OTHER, GET)], answer="yes"),
    Row(asks="GetObject", who=BOB, identity=[GET], bucket=[to(THIRD, GET)], answer="no"),
    Row(asks="GetObject", who=BOB, identity=[GET], bucket=[PUBLIC], answer="yes"),
    Row(asks="GetObject", who=BOB, bucket=[PUBLIC], answer="no"),
    Row(asks="GetObject", who=BOB, identity=[GET], bucket=[to(OTHER, LIST)], answer="no"),
    Row(
        asks="GetObject",
        who=BOB,
        identity=[GET],
        bucket=[to(OTHER, GET), to(BOB.arn, deny("s3:GetObject"))],
        answer="no",
    ),
    Row(asks="GetObject", who=STRANGE_ROOT, answer="no"),
    Row(asks="GetObject", who=STRANGE_ROOT, bucket=[to(OTHER, GET)], answer="yes"),
    Row(asks="GetBucketPolicy", who=STRANGE_ROOT, bucket=[to("*", deny("s3:*"))], answer="no"),
    Row(asks="GetObject", who=STRANGE_ROLE, identity=[GET], bucket=[to(arn(STRANGE_ROLE), GET)], answer="yes"),
    Row(asks="GetObject", who=STRANGE_ROLE, bucket=[to(arn(STRANGE_ROLE), GET)], answer="no"),
    Row(
        asks="GetObject",
        who=BOB,
        identity=[GET],
        bucket=[{**GET, "Principal": {"CanonicalUser": canonical_user_id(OTHER)}}],
        answer="yes",
    ),
    Row(asks="GetObject", who=OPEN_STRANGER, answer="no"),
    Row(asks="GetObject", who=OPEN_STRANGER, bucket=[to(OTHER, GET)], answer="yes"),
    Row(asks="GetObject", who=OPEN_STRANGER, bucket=[PUBLIC], answer="yes"),
    Row(asks="ListObjectsV2", who=OPEN_STRANGER, answer="no"),
    Row(asks="HeadBucket", who=OPEN_STRANGER, answer="no"),
    Row(asks="DeleteBucket", who=OPEN_STRANGER, answer="no"),
    Row(asks="PutObject", who=OPEN_STRANGER, answer="no"),
    Row(asks="GetBucketAcl", who=OPEN_STRANGER, answer="no"),
    Row(asks="ListObjectVersions", who=OPEN_STRANGER, answer="no"),
    Row(asks="AbortMultipartUpload", given={"upload_id": "u"}, who=OPEN_STRANGER, answer="no"),
    Row(asks="CreateBucket", given={"bucket": "pail"}, who=OPEN_STRANGER, answer="yes"),  # BucketAlreadyExists
)

READ_ALL = acl((OWNER, "FULL_CONTROL"), (ALL_USERS, "READ"))
READ_SIGNED = acl((OWNER, "FULL_CONTROL"), (AUTHENTICATED_USERS, "READ"))
THEIRS = acl((OTHER, "FULL_CONTROL"), owner=OTHER)
LISTS = (
    Row(asks="GetObject", who=NOBODY, object_acl=READ_ALL, answer="no"),
    Row(asks="GetObject", who=NOBODY, object_acl=READ_ALL, ownership=WRITER, answer="yes"),
    Row(asks="GetObject", who=NOBODY, object_acl=READ_ALL, ownership="", answer="yes"),
    Row(asks="GetObject", who=NOBODY, object_acl=READ_SIGNED, ownership=WRITER, answer="no"),
    Row(asks="GetObject", who=BOB, identity=[GET], object_acl=READ_SIGNED, ownership=WRITER, answer="yes"),
    Row(asks="GetObject", who=BOB, object_acl=READ_SIGNED, ownership=WRITER, answer="no"),
    Row(asks="GetObject", who=OPEN_STRANGER, object_acl=READ_SIGNED, ownership=WRITER, answer="yes"),
    Row(asks="GetObjectAcl", who=NOBODY, object_acl=READ_ALL, ownership=WRITER, answer="no"),
    Row(asks="ListObjects", who=NOBODY, object_acl=READ_ALL, ownership=WRITER, answer="no"),
    Row(asks="ListObjects", who=NOBODY, bucket_acl=READ_ALL, ownership=WRITER, answer="yes"),
    Row(asks="ListObjectVersions", who=NOBODY, bucket_acl=READ_ALL, ownership=WRITER, answer="yes"),
    Row(asks="ListObjects", who=NOBODY, bucket_acl=READ_ALL, answer="no"),
    Row(asks="GetObject", who=NOBODY, bucket_acl=READ_ALL, ownership=WRITER, answer="no"),
    Row(asks="PutObject", who=NOBODY, bucket_acl=READ_ALL, ownership=WRITER, answer="no"),
    Row(
        asks="PutObject",
        given={"key": "new"},
        who=NOBODY,
        bucket_acl=canned("public-read-write", owner=OWNER, bucket_owner=OWNER),
        ownership=WRITER,
        answer="yes",
    ),
    Row(
        asks="PutObject",
        who=NOBODY,
        bucket_acl=canned("public-read-write", owner=OWNER, bucket_owner=OWNER),
        ownership=WRITER,
        answer="no",  # what is there is another's
    ),
    Row(
        asks="DeleteObject",
        who=NOBODY,
        bucket_acl=canned("public-read-write", owner=OWNER, bucket_owner=OWNER),
        ownership=WRITER,
        answer="no",
    ),
    Row(
        asks="PutBucketAcl",
        who=BOB,
        identity=[EVERYTHING],
        bucket_acl=acl((OTHER, "WRITE_ACP")),
        ownership=WRITER,
        answer="yes",
    ),
    Row(
        asks="GetBucketAcl",
        who=BOB,
        identity=[EVERYTHING],
        bucket_acl=acl((OTHER, "WRITE_ACP")),
        ownership=WRITER,
        answer="no",
    ),
    Row(
        asks="GetBucketAcl",
        who=BOB,
        identity=[EVERYTHING],
        bucket_acl=acl((OTHER, "FULL_CONTROL")),
        ownership=WRITER,
        answer="yes",
    ),
    Row(asks="GetBucketAcl", who=BOB, bucket_acl=acl((OTHER, "FULL_CONTROL")), ownership=WRITER, answer="no"),
    Row(
        asks="DeleteBucket",
        who=BOB,
        identity=[EVERYTHING],
        bucket_acl=acl((OTHER, "FULL_CONTROL")),
        ownership=WRITER,
        answer="no",
    ),
    # What another account owns in the bucket.
    Row(asks="GetObject", who=ROOT, object_owner=OTHER, object_acl=THEIRS, ownership=WRITER, answer="no"),
    Row(asks="GetObject", who=ROOT, object_owner=OTHER, ownership=WRITER, answer="no"),
    Row(asks="GetObject", who=ROOT, object_owner=OTHER, ownership="BucketOwnerEnforced", answer="yes"),
    Row(asks="GetObject", who=OPEN, object_owner=OTHER, ownership=WRITER, answer="no"),
    Row(asks="DeleteObject", who=ROOT, object_owner=OTHER, ownership=WRITER, answer="yes"),
    Row(
        asks="GetObject",
        who=ROOT,
        object_owner=OTHER,
        object_acl=canned("bucket-owner-read", owner=OTHER, bucket_owner=OWNER),
        ownership=WRITER,
        answer="yes",
    ),
    Row(asks="GetObject", who=BOB, identity=[GET], object_owner=OTHER, ownership=WRITER, answer="yes"),
    Row(asks="GetObject", who=BOB, object_owner=OTHER, ownership=WRITER, answer="no"),
    Row(
        asks="GetObject",
        who=BOB,
        identity=[GET],
        object_owner=OTHER,
        ownership=WRITER,
        bucket=[to("*", deny("s3:GetObject"))],
        answer="no",
    ),
    Row(asks="GetObject", who=NOBODY, object_owner=OTHER, ownership=WRITER, bucket=[PUBLIC], answer="no"),
    Row(asks="GetObject", who=EVE, identity=[GET], object_owner="", ownership=WRITER, answer="no"),
    Row(asks="GetObject", who=NOBODY, object_owner="", ownership=WRITER, answer="no"),
    Row(asks="PutObjectAcl", who=ROOT, object_owner=OTHER, ownership=WRITER, answer="no"),
    Row(asks="PutObjectAcl", who=BOB, identity=[EVERYTHING], object_owner=OTHER, ownership=WRITER, answer="yes"),
)

ALL = block(block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True)
RESTRICTED, IGNORED = block(restrict_public_buckets=True), block(ignore_public_acls=True)
FROM_OFFICE = when(IpAddress={"aws:SourceIp": "192.0.2.0/24"})
BLOCKED = (
    Row(asks="GetObject", who=NOBODY, answer="no"),
    Row(asks="ListBuckets", who=NOBODY, answer="no"),
    Row(asks="CreateBucket", given={"bucket": "new"}, who=NOBODY, answer="no"),
    Row(asks="GetObject", who=NOBODY, bucket=[PUBLIC], answer="yes"),
    Row(asks="GetObject", who=NOBODY, bucket=[PUBLIC], block=ALL, answer="no"),
    Row(asks="GetObject", who=NOBODY, bucket=[PUBLIC], block=RESTRICTED, answer="no"),
    Row(asks="GetObject", who=NOBODY, bucket=[PUBLIC], block=IGNORED, answer="yes"),
    Row(asks="GetObject", who=NOBODY, bucket=[PUBLIC], account=RESTRICTED, answer="no"),
    Row(asks="GetObject", who=NOBODY, bucket=[PUBLIC], account=NO_BLOCK, answer="yes"),
    Row(asks="GetObject", who=BOB, identity=[GET], bucket=[PUBLIC], block=RESTRICTED, answer="no"),
    Row(asks="GetObject", who=BOB, identity=[GET], bucket=[to(OTHER, GET)], block=RESTRICTED, answer="yes"),
    Row(asks="GetObject", who=BOB, identity=[GET], bucket=[to(OTHER, GET), PUBLIC], block=RESTRICTED, answer="no"),
    Row(asks="GetObject", who=EVE, identity=[GET], bucket=[PUBLIC], block=RESTRICTED, answer="yes"),
    Row(asks="GetObject", who=ROOT, bucket=[PUBLIC], block=ALL, answer="yes"),
    Row(asks="GetObject", who=NOBODY, bucket=[to("*", allow("s3:GetObject", OBJECTS, **FROM_OFFICE))], answer="yes"),
    Row(
        asks="GetObject",
        who=NOBODY,
        bucket=[to("*", allow("s3:GetObject", OBJECTS, **FROM_OFFICE))],
        block=RESTRICTED,
        answer="yes",  # from fixed addresses is not public
    ),
    Row(asks="GetObject", who=NOBODY, object_acl=READ_ALL, ownership=WRITER, block=IGNORED, answer="no"),
    Row(asks="GetObject", who=NOBODY, object_acl=READ_ALL, ownership=WRITER, account=IGNORED, answer="no"),
    Row(
        asks="GetObject",
        who=NOBODY,
        object_acl=READ_ALL,
        ownership=WRITER,
        block=block(block_public_acls=True),
        answer="yes",
    ),
    Row(asks="ListObjects", who=NOBODY, bucket_acl=READ_ALL, ownership=WRITER, block=IGNORED, answer="no"),
    Row(
        asks="GetObject",
        who=BOB,
        identity=[GET],
        object_acl=acl((OWNER, "FULL_CONTROL"), (OTHER, "READ"), (ALL_USERS, "READ")),
        ownership=WRITER,
        block=IGNORED,
        answer="yes",
    ),
    Row(asks="GetObject", who=NOBODY, bucket=[PUBLIC, to("*", deny("s3:*", ARN))], answer="yes"),
    Row(asks="GetObject", who=NOBODY, bucket=[to(BOB.arn, GET)], answer="no"),
    Row(asks="GetObject", given={"version_id": VERSION}, who=NOBODY, bucket=[PUBLIC], answer="no"),
    Row(asks="PutObject", who=NOBODY, bucket=[PUBLIC], answer="no"),
    Row(asks="DeleteObject", who=NOBODY, bucket=[to("*", allow("s3:*", OBJECTS))], answer="yes"),
)


def if_(operator: str, key: str, value: str | list[str], action: str = "s3:*") -> list[Statement]:
    return [allow(action, "*", **{operator: {key: value}})]


def key_row(
    asks: str, answer: str, operator: str, key: str, value: str | list[str], given: Mapping[str, Any], **more: Any
) -> Row:
    return Row(asks=asks, who=EVE, given=given, identity=if_(operator, key, value), answer=answer, **more)


SIGNED_NOW = {"authorization": "AWS4-HMAC-SHA256 x", "x-amz-date": AT.strftime("%Y%m%dT%H%M%SZ")}
KEYED = msgspec.structs.replace(EVE, access_key_id="AKIA")
OLD = (AT - timedelta(minutes=11)).strftime("%Y%m%dT%H%M%SZ")
TAGS = shapes.Tagging(tag_set=[shapes.Tag(key="class", value="open")])
RETENTION = shapes.ObjectLockRetention(mode="GOVERNANCE", retain_until_date=AT + timedelta(days=9, hours=1))
KEYS = (
    key_row("ListObjectsV2", "yes", "StringLike", "s3:prefix", ["", "home/*"], {"prefix": "home/eve"}),
    key_row("ListObjectsV2", "no", "StringLike", "s3:prefix", ["", "home/*"], {"prefix": "secret"}),
    key_row("ListObjectsV2", "no", "StringLike", "s3:prefix", ["", "home/*"], {}),
    key_row("ListObjects", "yes", "StringEquals", "s3:delimiter", "/", {"delimiter": "/"}),
    key_row("ListObjects", "yes", "NumericLessThanEquals", "s3:max-keys", "10", {"max_keys": 10}),
    key_row("ListObjects", "no", "NumericLessThanEquals", "s3:max-keys", "10", {"max_keys": 11}),
    key_row("ListObjects", "no", "NumericLessThanEquals", "s3:max-keys", "10", {}),
    key_row("ListObjectVersions", "yes", "StringEquals", "s3:prefix", "a", {"prefix": "a"}),
    key_row("GetObject", "yes", "StringEquals", "s3:VersionId", VERSION, {"version_id": VERSION}),
    key_row("GetObject", "no", "StringEquals", "s3:VersionId", "another", {"version_id": VERSION}),
    key_row("PutObject", "yes", "StringEquals", "s3:x-amz-acl", "private", {"acl": "private"}),
    key_row("PutObject", "no", "StringEquals", "s3:x-amz-acl", "private", {"acl": "public-read"}),
    key_row(
        "PutObject",
        "yes",
        "StringEquals",
        "s3:x-amz-server-side-encryption",
        "aws:kms",
        {"server_side_encryption": "aws:kms"},
    ),
    key_row("PutObject", "no", "StringEquals", "s3:x-amz-server-side-encryption", "aws:kms", {}),
    key_row(
        "PutObject",
        "yes",
        "StringEquals",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "arn:k",
        {"ssekms_key_id": "arn:k"},
    ),
    key_row("PutObject", "yes", "StringEquals", "s3:x-amz-storage-class", "GLACIER", {"storage_class": "GLACIER"}),
    key_row("PutObject", "yes", "StringEquals", "s3:RequestObjectTag/Class", "open", {"tagging": "class=open"}),
    key_row("PutObject", "no", "StringEquals", "s3:RequestObjectTag/class", "open", {"tagging": "class=shut"}),
    key_row("PutObjectTagging", "yes", "StringEquals", "s3:RequestObjectTag/class", "open", {"tagging": TAGS}),
    key_row("PutObjectTagging", "no", "ForAllValues:StringEquals", "s3:RequestObjectTagKeys", ["a"], {"tagging": TAGS}),
    key_row("GetObject", "yes", "StringEquals", "s3:ExistingObjectTag/Class", "open", {}, tags={"class": "open"}),
    key_row("GetObject", "no", "StringEquals", "s3:ExistingObjectTag/class", "open", {}, tags={"class": "shut"}),
    key_row("GetObject", "no", "StringEquals", "s3:ExistingObjectTag/class", "open", {}),
    key_row(
        "GetObject",
        "yes",
        "StringEquals",
        "s3:ExistingObjectTag/team",
        "${aws:PrincipalTag/team}",
        {},
        tags={"team": "red"},
    ),
    key_row("GetObject", "yes", "StringEquals", "s3:ResourceAccount", OWNER, {}),
    key_row("GetObject", "no", "StringEquals", "s3:ResourceAccount", OTHER, {}),
    key_row("GetObject", "yes", "StringEquals", "aws:ResourceAccount", OWNER, {}),
    key_row("CopyObject", "yes", "StringLike", "s3:x-amz-copy-source", "pail/*", {"copy_source": "pail/k"}),
    key_row(
        "CopyObject",
        "no",
        "StringEquals",
        "s3:x-amz-metadata-directive",
        "COPY",
        {"copy_source": "pail/k", "metadata_directive": "REPLACE"},
    ),
    key_row("PutObjectRetention", "yes", "StringEquals", "s3:object-lock-mode", "GOVERNANCE", {"retention": RETENTION}),
    key_row(
        "PutObjectRetention",
        "yes",
        "NumericLessThanEquals",
        "s3:object-lock-remaining-retention-days",
        "10",
        {"retention": RETENTION},
    ),
    key_row(
        "PutObjectRetention",
        "no",
        "NumericLessThanEquals",
        "s3:object-lock-remaining-retention-days",
        "9",
        {"retention": RETENTION},
    ),
    key_row("PutObject", "yes", "StringEquals", "s3:if-none-match", "*", {"if_none_match": "*"}),
    key_row(
        "PutObject",
        "yes",
        "StringEquals",
        "s3:x-amz-content-sha256",
        "UNSIGNED-PAYLOAD",
        {},
        headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"},
    ),
    key_row("GetObject", "yes", "NumericGreaterThanEquals", "s3:TlsVersion", "1.2", {}, secure=True),
    key_row("GetObject", "no", "NumericGreaterThanEquals", "s3:TlsVersion", "1.2", {}),
    key_row("GetObject", "no", "Bool", "aws:SecureTransport", "true", {}),
    *(
        Row(asks="GetObject", who=KEYED, identity=[EVERYTHING, deny("s3:*", "*", **condition)], answer=said, **signed)
        for condition, said, signed in (
            (when(StringNotEquals={"s3:authType": "REST-HEADER"}), "yes", {"headers": SIGNED_NOW}),
            (
                when(StringNotEquals={"s3:authType": "REST-HEADER"}),
                "no",
                {"query": f"X-Amz-Signature=s&X-Amz-Date={OLD}"},
            ),
            (when(NumericGreaterThan={"s3:signatureAge": "600000"}), "no", {"query": f"X-Amz-Date={OLD}"}),
            (when(NumericGreaterThan={"s3:signatureAge": "600000"}), "yes", {"headers": SIGNED_NOW}),
            (when(StringEquals={"s3:signatureversion": "AWS"}), "no", {"headers": {"authorization": "AWS a:b"}}),
            (when(StringEquals={"s3:signatureversion": "AWS"}), "yes", {"headers": SIGNED_NOW}),
        )
    ),
)

TABLE: Final = (*IN_ACCOUNT, *VERSIONS, *WRITES, *ACROSS, *LISTS, *BLOCKED, *KEYS)


def test_the_table_is_long() -> None:
    """Every kind of somebody, and enough of each to notice what a change does."""
    assert len(TABLE) >= 150
    assert {"yes", "no", "NoSuchBucket"} == {row.answer for row in TABLE}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.asks}-{row.who.arn or 'nobody'}-{row.answer}")
async def test_who_may_what(store: Store, row: Row) -> None:
    """One row: somebody's data is seen by whom its owner lets, and by nobody else."""
    await laid_down(store, row)
    assert await answer(store, row) == row.answer


def test_a_form_is_signed_as_a_form() -> None:
    """What a browser posts becomes a PutObject, whose signature is in none of its headers (`s3:authType`)."""
    row = Row(asks="PutObject", who=KEYED, answer="")
    context = msgspec.structs.replace(context_of(row), operation="PostObject")
    found = of_headers(context, {"content-type": "image/png"}, given_of(row), AT.timestamp())
    assert found["s3:authtype"] == "POST"


async def test_what_is_denied_is_said_in_aws_words(store: Store) -> None:
    """Whoever is of the account hears why, others and nobody in particular do not."""
    for who, identity, told in (
        (
            EVE,
            (),
            f'User: {EVE.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::pail/k" '
            "because no identity-based policy allows the s3:GetObject action",
        ),
        (
            EVE,
            (EVERYTHING, deny("s3:*")),
            f'User: {EVE.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::pail/k" '
            "with an explicit deny in an identity-based policy",
        ),
        (BOB, (EVERYTHING,), "Access Denied"),
        (NOBODY, (), "Access Denied"),
    ):
        row = Row(asks="GetObject", who=who, identity=identity, answer="no")
        await laid_down(store, row)
        with pytest.raises(ServiceError) as caught:
            await authorizer_of(store, row).authorize(
                context_of(row), {}, needs_of(PERMISSIONS["GetObject"], protocol="rest-xml"), given_of(row)
            )
        assert caught.value.message == told


async def test_what_is_optional(store: Store) -> None:
    """Keys of a batch are refused one by one; a bypass or a tag that may not be is told to the operation."""
    objects = [shapes.ObjectIdentifier(key=key, version_id=version) for key, version in (("a", None), ("b", "null"))]
    objects.append(shapes.ObjectIdentifier(key="c", version_id=""))  # which is as good as none
    row = Row(
        asks="DeleteObjects",
        who=EVE,
        given={"delete": shapes.Delete(objects=objects), "bypass_governance_retention": True},
        identity=[
            allow("s3:DeleteObject", ["arn:aws:s3:::pail/b", "arn:aws:s3:::pail/c"]),
            allow("s3:BypassGovernanceRetention", "arn:aws:s3:::pail/b"),
        ],
        answer="",
    )
    await laid_down(store, row)
    needs = needs_of(PERMISSIONS["DeleteObjects"], protocol="rest-xml")
    refused = await authorizer_of(store, row).authorize(context_of(row), {}, needs, given_of(row))
    assert refused is not None
    assert set(refused) == {
        ("s3:DeleteObject", 0),
        ("s3:DeleteObjectVersion", 1),
        ("s3:BypassGovernanceRetention", 0),
        ("s3:BypassGovernanceRetention", 2),
    }
    context = msgspec.structs.replace(context_of(row), refused=refused)
    assert context.refusal_of("s3:DeleteObject", 0) is not None
    assert context.refusal_of("s3:DeleteObject", 2) is None


@pytest.mark.parametrize(
    ("who", "identity", "told"),
    [
        (EVE, (GET,), "AccessDenied"),
        (EVE, (GET, LIST), "NoSuchKey"),
        (ROOT, (), "NoSuchKey"),
        (OPEN, (), "NoSuchKey"),
        (NOBODY, (), "AccessDenied"),
        (OPEN_STRANGER, (), "AccessDenied"),
    ],
)
async def test_absences_are_told_to_those_who_may_list(
    store: Store, who: Principal, identity: Sequence[Statement], told: str
) -> None:
    """Otherwise whoever may read one object could find out which others there are (API_GetObject, "Permissions")."""
    row = Row(asks="GetObject", who=who, identity=identity, bucket=[PUBLIC], answer="")
    await laid_down(store, row)
    needs = needs_of(PERMISSIONS["GetObject"], protocol="rest-xml")
    assert needs.hidden == {"NoSuchKey", "NoSuchVersion"}
    error = await authorizer_of(store, row).told(context_of(row), {}, needs, given_of(row), NoSuchKey("k"))
    assert error.error_code == told


async def test_a_change_holds_at_once(store: Store) -> None:
    """What is kept decoded is kept for as long as its bytes are the same, be they another bucket's of the same name."""
    row = Row(asks="GetObject", who=NOBODY, bucket=[PUBLIC], answer="")
    await laid_down(store, row)
    authorizer = authorizer_of(store, row)
    needs = needs_of(PERMISSIONS["GetObject"], protocol="rest-xml")

    async def may() -> bool:
        try:
            await authorizer.authorize(context_of(row), {}, needs, given_of(row))
        except ServiceError:
            return False
        return True

    assert await may()
    async with store.transaction() as tx:
        pail = await get_bucket(tx, "pail")
        text = document([to(BOB.arn, GET)]).encode()
        put_setting(tx, pail, "policy", SettingRecord(document=text, changed_at_s=1.0))
    assert not await may()
    async with store.transaction() as tx:
        put_setting(tx, pail, "policy", SettingRecord(document=document([PUBLIC]).encode(), changed_at_s=1.0))
    assert await may()
    async with store.transaction() as tx:
        put_bucket(tx, msgspec.structs.replace(pail, serial=9, settings=frozenset()))
    assert not await may()


@pytest.mark.parametrize("who", [OPEN, ROOT])
async def test_whose_a_bucket_is_known_until_it_changes(store: Store, who: Principal) -> None:
    """A root's own bucket is not looked for twice; another's of the same name is, and so is one with a policy."""
    row = Row(asks="GetObject", who=who, answer="yes")
    await laid_down(store, row)
    resources = BucketResources(store)
    authorizer = Authorizer(
        policies=Policies(row), audit=AuditLog(store), clock=clock_at(AT), resources={"s3": resources}
    )
    needs = needs_of(PERMISSIONS["GetObject"], protocol="rest-xml")
    context, given = context_of(row), given_of(row)
    assert not resources.at_home(context, given)
    await authorizer.authorize(context, {}, needs, given)
    assert resources.at_home(context, given)
    for copied, known in (("pail/x", True), ("mine/x", False), ("unheard/x", False)):
        copy = shapes.CopyObjectRequest(bucket="pail", key="c", copy_source=copied)
        assert resources.at_home(context, copy) is known
    async with store.transaction() as tx:
        pail = await get_bucket(tx, "pail")
        text = document([to("*", deny("s3:GetObject"))]).encode()
        put_setting(tx, pail, "policy", SettingRecord(document=text, changed_at_s=0.0))
    assert not resources.at_home(context, given)
    if who.minted:
        with pytest.raises(ServiceError):
            await authorizer.authorize(context, {}, needs, given)
    else:
        await authorizer.authorize(context, {}, needs, given)
    async with store.transaction() as tx:
        put_bucket(tx, msgspec.structs.replace(pail, account_id=OTHER, serial=9, settings=frozenset()))
    assert not resources.at_home(context, given)
    with pytest.raises(ServiceError):
        await authorizer.authorize(context, {}, needs, given)
    assert not resources.at_home(context, given)
    async with store.transaction() as tx:
        put_bucket(tx, msgspec.structs.replace(pail, ownership="ObjectWriter", settings=frozenset()))
    await authorizer.authorize(context, {}, needs, given)
    assert not resources.at_home(context, given)


POINT = f"arn:aws:s3:us-east-1:{OWNER}:accesspoint/door"
ALIAS = "door-0123456789-s3alias"
THROUGH = to("*", allow("s3:*", StringEquals={"s3:DataAccessPointAccount": OWNER}))


@pytest.mark.parametrize(
    ("who", "identity", "point", "bucket", "said"),
    [
        (ROOT, [], [], [], "yes"),
        (OPEN, [], [], [], "yes"),
        (OPEN_STRANGER, [], [], [], "no"),
        (OPEN_STRANGER, [], [to(OTHER, allow("s3:*"))], [], "no"),  # the bucket has not let it in
        (OPEN_STRANGER, [], [], [THROUGH], "no"),  # nor here the access point
        (OPEN_STRANGER, [], [to(OTHER, allow("s3:*"))], [THROUGH], "yes"),
        (EVE, [allow("s3:GetObject", f"{POINT}/object/*")], [], [], "no"),
        (EVE, [GET], [], [], "no"),
        (EVE, [allow("s3:GetObject", f"{POINT}/object/*"), GET], [], [], "yes"),
        (EVE, [allow("s3:GetObject", f"{POINT}/object/*")], [], [THROUGH], "yes"),
        (EVE, [EVERYTHING], [to("*", deny("s3:GetObject", f"{POINT}/object/k"))], [], "no"),
        (EVE, [EVERYTHING], [to("*", deny("s3:GetObject", f"{POINT}/object/other"))], [], "yes"),
        (ROOT, [], [to("*", deny("s3:*"))], [], "no"),
        (ROOT, [], [], [to("*", deny("s3:*"))], "no"),
        (BOB, [EVERYTHING], [to(OTHER, allow("s3:*"))], [THROUGH], "yes"),
        (BOB, [EVERYTHING], [], [THROUGH], "no"),
        (BOB, [EVERYTHING], [to("*", allow("s3:*"))], [THROUGH], "no"),  # the access point blocks what is public
        (NOBODY, [], [to("*", allow("s3:*"))], [to("*", allow("s3:*"))], "no"),
        (NOBODY, [], [], [PUBLIC], "no"),
    ],
)
async def test_access_points(
    store: Store,
    who: Principal,
    identity: Sequence[Statement],
    point: Sequence[Statement],
    bucket: Sequence[Statement],
    said: str,
) -> None:
    """An access point and the bucket behind it must both let in, and an alias is no way around either."""
    row = Row(asks="GetObject", who=who, given={"bucket": ALIAS}, identity=identity, bucket=bucket, answer=said)
    await laid_down(store, row)
    async with store.transaction() as tx:
        put_point(
            tx,
            AccessPointRecord(
                name="door",
                account_id=OWNER,
                region="us-east-1",
                bucket="pail",
                bucket_account_id=OWNER,
                alias=ALIAS,
                created_at_s=0.0,
                block=ALL,
                policy=document(point) if point else "",
            ),
        )
    assert await answer(store, row) == said
