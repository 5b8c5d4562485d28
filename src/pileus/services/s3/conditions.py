"""May this read or write go on, by what its caller believes of the object?

Of dates only whole seconds count, as headers have them; one that lies in the future is no condition.

Sources: RFC 9110, section 13; S3 User Guide, "Conditional requests"; recordings s3/s3_preconditions, s3/s3
(test_s3_get_object_preconditions) and s3/s3_api (TestS3ObjectWritePrecondition, TestS3DeletePrecondition).
"""

from datetime import datetime
from typing import Final

import msgspec

from pileus.services.s3.errors import NoSuchKey, PreconditionFailed
from pileus.services.s3.model import ObjectRecord
from pileus.services.s3.object_errors import header_not_implemented

_COPY: Final = "x-amz-copy-source-"


class ReadConditions(msgspec.Struct, frozen=True, kw_only=True):
    """What must be true of an object for it to be read."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: datetime | None = None
    if_unmodified_since: datetime | None = None


class WriteConditions(msgspec.Struct, frozen=True, kw_only=True):
    """What must be true of a key's current version for it to be replaced."""

    if_match: str | None = None
    if_none_match: str | None = None


UNCONDITIONAL: Final = WriteConditions()


def names(listed: str, etag: str) -> bool:
    """Whether a header lists this ETag, with or without quotes, or is `*`."""
    if listed == "*":
        return True
    return any(each.strip().removeprefix("W/").strip('"') == etag for each in listed.split(","))


def modified(record: ObjectRecord, asked: ReadConditions, *, now_s: float) -> bool:
    """False: answer 304. Raises `PreconditionFailed`, for what is not told by that."""
    changed_s = int(record.modified_at_s)
    if asked.if_match is not None:
        if not names(asked.if_match, record.etag):
            raise PreconditionFailed("If-Match")
    elif asked.if_unmodified_since is not None and changed_s > int(asked.if_unmodified_since.timestamp()):
        raise PreconditionFailed("If-Unmodified-Since")
    if asked.if_none_match is not None:
        return not names(asked.if_none_match, record.etag)
    return _changed_since(changed_s, asked.if_modified_since, now_s=now_s)


def check_source(record: ObjectRecord, asked: ReadConditions, *, now_s: float) -> None:
    """May the object be copied? `PreconditionFailed`."""
    changed_s = int(record.modified_at_s)
    if asked.if_match is not None and not names(asked.if_match, record.etag):
        raise PreconditionFailed(f"{_COPY}If-Match")
    unmodified_since = asked.if_unmodified_since
    if asked.if_match is None and unmodified_since is not None and changed_s > int(unmodified_since.timestamp()):
        raise PreconditionFailed(f"{_COPY}If-Unmodified-Since")
    if asked.if_none_match is not None and names(asked.if_none_match, record.etag):
        raise PreconditionFailed(f"{_COPY}If-None-Match")
    if not _changed_since(changed_s, asked.if_modified_since, now_s=now_s):
        raise PreconditionFailed(f"{_COPY}If-Modified-Since")


def check_asked(asked: WriteConditions) -> None:
    """Refuse what S3 has no such write for, before anything is read."""
    if asked.if_match is not None and asked.if_none_match is not None:
        raise header_not_implemented(
            "If-Match,If-None-Match", "Multiple conditional request headers present in the request"
        )
    if asked.if_none_match is not None and asked.if_none_match != "*":
        raise _value_not_accepted("If-None-Match")
    if asked.if_match == "*":
        raise _value_not_accepted("If-Match")


def check_write(current: ObjectRecord | None, asked: WriteConditions, key: str) -> None:
    """May the key be written? current: what `find_object` finds. `PreconditionFailed`, `NoSuchKey`."""
    if asked.if_none_match is not None and current is not None:
        raise PreconditionFailed("If-None-Match")
    if asked.if_match is None:
        return
    if current is None:
        raise NoSuchKey(key)
    if not names(asked.if_match, current.etag):
        raise PreconditionFailed("If-Match")


def check_delete(current: ObjectRecord | None, if_match: str | None) -> None:
    """May the object be deleted? `*` asks only that there is one (API_DeleteObject, `If-Match`)."""
    if if_match is not None and (current is None or not names(if_match, current.etag)):
        raise PreconditionFailed("If-Match")


def _changed_since(changed_s: int, since: datetime | None, *, now_s: float) -> bool:
    if since is None:
        return True
    since_s = int(since.timestamp())
    return since_s > now_s or changed_s > since_s


def _value_not_accepted(header: str) -> Exception:
    return header_not_implemented(header, f"We don't accept the provided value of {header} header for this API")
