"""What keeps a version from being deleted, and who may lift it?

Retention ends by the clock; a legal hold ends when somebody says so. Nobody lifts COMPLIANCE; whoever has permission to
bypass it, and says so in the request, lifts GOVERNANCE. Nothing here keeps a delete marker from being put on top.

Source: S3 User Guide, "Locking objects with Object Lock"; recordings s3/s3, TestS3ObjectLockRetention and
TestS3ObjectLockLegalHold.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from pileus.services.s3.bucket_errors import NamedArgument
from pileus.services.s3.errors import AccessDenied, InvalidArgument, InvalidRequest
from pileus.services.s3.model import BucketRecord, Lock, ObjectRecord

_MODE: Final = "x-amz-object-lock-mode"
_UNTIL: Final = "x-amz-object-lock-retain-until-date"
_DAY_S: Final = 86_400
_DAYS_A_YEAR: Final = 365


class LocksAsked(Protocol):
    """The part of a request by which a new object is locked."""

    @property
    def object_lock_mode(self) -> str | None: ...

    @property
    def object_lock_retain_until_date(self) -> datetime | None: ...

    @property
    def object_lock_legal_hold_status(self) -> str | None: ...


def _protected() -> AccessDenied:
    return AccessDenied("Access Denied because object protected by object lock.")


def check_has_locks(bucket: BucketRecord) -> None:
    """InvalidRequest, of a bucket that was made without Object Lock."""
    if not bucket.lock_enabled:
        raise InvalidRequest("Bucket is missing Object Lock Configuration")


def lock_for_new(bucket: BucketRecord, asked: LocksAsked, *, now_s: float) -> Lock | None:
    """The lock of an object that is written now: what its request asks for, else the bucket's default."""
    mode, until, hold = (
        asked.object_lock_mode,
        asked.object_lock_retain_until_date,
        asked.object_lock_legal_hold_status,
    )
    if mode is None and until is None and hold is None:
        return _default(bucket, now_s=now_s)
    check_has_locks(bucket)
    if (mode is None) != (until is None):
        raise NamedArgument(
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
            name=_MODE if mode is None else _UNTIL,
        )
    if until is not None and until.timestamp() <= now_s:
        raise _past(_UNTIL, until)
    retention = _default(bucket, now_s=now_s) if mode is None else None
    lock = retention or Lock()
    if mode is not None and until is not None:
        lock = Lock(mode=_mode(mode), retain_until_s=until.timestamp())
    return lock if hold is None else msgspec.structs.replace(lock, legal_hold=_status(hold))


def check_deletable(record: ObjectRecord, *, now_s: float, bypass: bool) -> None:
    """AccessDenied, of a version that is locked. bypass: the caller may bypass GOVERNANCE, and asks to."""
    lock = record.lock
    if lock is None:
        return
    if lock.legal_hold == "ON":
        raise _protected()
    if _retained(lock, now_s=now_s) and not (bypass and lock.mode == "GOVERNANCE"):
        raise _protected()


def with_retention(
    record: ObjectRecord, *, mode: str, until: datetime | None, now_s: float, bypass: bool
) -> ObjectRecord:
    """The version with another retention, "" and None for none; AccessDenied, InvalidArgument.

    Anybody may keep a version longer. Shorter, or less strictly, only with `bypass`, and never out of COMPLIANCE.
    """
    if until is not None and until.timestamp() <= now_s:
        raise _past("RetainUntilDate", until)
    lock = record.lock or Lock()
    until_s = 0.0 if until is None else until.timestamp()
    if _retained(lock, now_s=now_s):
        longer = until_s >= lock.retain_until_s and (mode == lock.mode or mode == "COMPLIANCE")
        if not longer and not (bypass and lock.mode == "GOVERNANCE"):
            raise _protected()
    changed = msgspec.structs.replace(lock, mode=_mode(mode), retain_until_s=until_s)
    return msgspec.structs.replace(record, lock=changed)


def with_legal_hold(record: ObjectRecord, status: str) -> ObjectRecord:
    """The version with a legal hold, or with none any more."""
    lock = record.lock or Lock()
    return msgspec.structs.replace(record, lock=msgspec.structs.replace(lock, legal_hold=_status(status)))


def _default(bucket: BucketRecord, *, now_s: float) -> Lock | None:
    retention = bucket.retention
    if retention is None:
        return None
    days = retention.days + _DAYS_A_YEAR * retention.years
    return Lock(mode=retention.mode, retain_until_s=now_s + days * _DAY_S)


def _retained(lock: Lock, *, now_s: float) -> bool:
    return bool(lock.mode) and lock.retain_until_s > now_s


def _past(name: str, until: datetime) -> InvalidArgument:
    told = _in_seattle(until)
    return InvalidArgument("The retain until date must be in the future!", name=name, value=told)


def _in_seattle(moment: datetime) -> str:
    """A moment as AWS's own clock on the wall tells it (recording s3/s3, test_s3_object_retention_exc)."""
    moment = moment.astimezone(UTC)
    summer = _sunday(moment.year, 3, nth=2, hour=10) <= moment < _sunday(moment.year, 11, nth=1, hour=9)
    local = moment - timedelta(hours=7 if summer else 8)
    return local.strftime(f"%a %b %d %H:%M:%S {'PDT' if summer else 'PST'} %Y")


def _sunday(year: int, month: int, *, nth: int, hour: int) -> datetime:
    first = datetime(year, month, 1, hour, tzinfo=UTC)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))


def _mode(text: str) -> Literal["", "GOVERNANCE", "COMPLIANCE"]:
    return "COMPLIANCE" if text == "COMPLIANCE" else "GOVERNANCE" if text else ""


def _status(text: str) -> Literal["ON", "OFF"]:
    return "ON" if text == "ON" else "OFF"
