"""What keeps versions, and what ends them. Recordings s3/s3, TestS3ObjectLock* and TestS3BucketLifecycle."""

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

_WITHIN_S: Final = 20.0
_PROTECTED: Final = "Access Denied because object protected by object lock."


def _error(call: Callable[[], Any]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as refused:
        call()
    told = refused.value.response
    return told["Error"]["Code"], told["Error"]["Message"], told["ResponseMetadata"]["HTTPStatusCode"]


def _locked_bucket(aws: Server, name: str) -> Any:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return s3


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def test_governance_yields_to_who_may_bypass_it(aws: Server) -> None:
    """test_s3_object_retention: deleting and shortening need the bypass; a delete marker does not."""
    s3 = _locked_bucket(aws, "locks-governance")
    version = s3.put_object(Bucket="locks-governance", Key="k", Body=b"test")["VersionId"]
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": _soon()}
    s3.put_object_retention(Bucket="locks-governance", Key="k", Retention=retention)
    assert s3.get_object_retention(Bucket="locks-governance", Key="k")["Retention"]["Mode"] == "GOVERNANCE"
    assert s3.head_object(Bucket="locks-governance", Key="k")["ObjectLockMode"] == "GOVERNANCE"
    denied = ("AccessDenied", _PROTECTED, 403)
    assert _error(lambda: s3.delete_object(Bucket="locks-governance", Key="k", VersionId=version)) == denied
    assert _error(lambda: s3.put_object_retention(Bucket="locks-governance", Key="k", Retention={})) == denied
    told = s3.delete_objects(Bucket="locks-governance", Delete={"Objects": [{"Key": "k", "VersionId": version}]})[
        "Errors"
    ]
    assert [(each["Code"], each["Message"]) for each in told] == [("AccessDenied", _PROTECTED)]
    assert s3.delete_object(Bucket="locks-governance", Key="k")["DeleteMarker"]
    s3.delete_object(Bucket="locks-governance", Key="k", VersionId=version, BypassGovernanceRetention=True)
    assert "Versions" not in s3.list_object_versions(Bucket="locks-governance")


def test_nobody_gets_out_of_compliance(aws: Server) -> None:
    """test_s3_object_retention_compliance_mode: it can be made longer only."""
    s3 = _locked_bucket(aws, "locks-compliance")
    until = _soon()
    version = s3.put_object(
        Bucket="locks-compliance",
        Key="k",
        Body=b"test",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=until,
    )["VersionId"]
    denied = ("AccessDenied", _PROTECTED, 403)

    def retain(mode: str, moment: datetime) -> None:
        s3.put_object_retention(
            Bucket="locks-compliance",
            Key="k",
            Retention={"Mode": mode, "RetainUntilDate": moment},
            BypassGovernanceRetention=True,
        )

    def delete() -> None:
        s3.delete_object(Bucket="locks-compliance", Key="k", VersionId=version, BypassGovernanceRetention=True)

    assert _error(delete) == denied
    assert _error(lambda: retain("COMPLIANCE", until - timedelta(hours=1))) == denied
    assert _error(lambda: retain("GOVERNANCE", until + timedelta(hours=1))) == denied
    retain("COMPLIANCE", until + timedelta(hours=1))


def test_a_legal_hold_has_no_end(aws: Server) -> None:
    """test_delete_locked_object, test_put_get_object_legal_hold."""
    s3 = _locked_bucket(aws, "locks-hold")
    version = s3.put_object(Bucket="locks-hold", Key="k", Body=b"test")["VersionId"]
    absent = "The specified object does not have a ObjectLock configuration"
    assert _error(lambda: s3.get_object_legal_hold(Bucket="locks-hold", Key="k")) == (
        "NoSuchObjectLockConfiguration",
        absent,
        404,
    )
    s3.put_object_legal_hold(Bucket="locks-hold", Key="k", LegalHold={"Status": "ON"})
    assert s3.head_object(Bucket="locks-hold", Key="k")["ObjectLockLegalHoldStatus"] == "ON"
    held = ("AccessDenied", _PROTECTED, 403)
    assert _error(lambda: s3.delete_object(Bucket="locks-hold", Key="k", VersionId=version)) == held
    s3.put_object_legal_hold(Bucket="locks-hold", Key="k", LegalHold={"Status": "OFF"})
    s3.delete_object(Bucket="locks-hold", Key="k", VersionId=version)


def test_a_bucket_has_a_retention_for_what_is_new(aws: Server) -> None:
    """test_bucket_config_default_retention."""
    s3 = _locked_bucket(aws, "locks-default")
    s3.put_object_lock_configuration(
        Bucket="locks-default",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 2}},
        },
    )
    s3.put_object(Bucket="locks-default", Key="k", Body=b"test")
    told = s3.head_object(Bucket="locks-default", Key="k")
    assert told["ObjectLockMode"] == "GOVERNANCE"
    assert timedelta(days=1) < told["ObjectLockRetainUntilDate"] - datetime.now(UTC) <= timedelta(days=2)


@pytest.mark.parametrize(
    ("members", "error"),
    [
        (
            {"ObjectLockMode": "GOVERNANCE"},
            (
                "InvalidArgument",
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
                400,
            ),
        ),
        (
            {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": datetime(2020, 1, 1, tzinfo=UTC)},
            ("InvalidArgument", "The retain until date must be in the future!", 400),
        ),
        (
            {"ObjectLockMode": "BAD-VALUE", "ObjectLockRetainUntilDate": datetime(2099, 1, 1, tzinfo=UTC)},
            ("InvalidArgument", "Unknown wormMode directive.", 400),
        ),
    ],
)
def test_locks_that_cannot_be(aws: Server, members: Any, error: tuple[str, str, int]) -> None:
    """test_s3_object_lock_mode_validation, test_s3_object_retention_exc."""
    s3 = aws.client("s3")
    name = "locks-impossible"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    assert _error(lambda: s3.put_object(Bucket=name, Key="k", Body=b"", **members)) == error


def test_a_bucket_without_locks_takes_none(aws: Server) -> None:
    """test_s3_object_retention_exc, put-object-retention-regular-bucket."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="locks-none")
    s3.put_object(Bucket="locks-none", Key="k", Body=b"")
    missing = ("InvalidRequest", "Bucket is missing Object Lock Configuration", 400)
    assert _error(lambda: s3.get_object_retention(Bucket="locks-none", Key="k")) == missing
    assert _error(lambda: s3.put_object_legal_hold(Bucket="locks-none", Key="k", LegalHold={"Status": "ON"})) == missing


def _advance(server: Server, **duration: float) -> None:
    body = json.dumps({"advance_s": timedelta(**duration).total_seconds()}).encode()
    request = urllib.request.Request(
        f"{server.url}/_pileus/clock", data=body, headers={"Content-Type": "application/json"}, method="POST"
    )
    urllib.request.urlopen(request, timeout=30).close()


def test_objects_end_as_the_clock_moves(own_server: Server) -> None:
    """A rule of three days; their end is told beforehand, and so is the event of it."""
    own_server.start()
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="ageing")
    s3.put_bucket_lifecycle_configuration(
        Bucket="ageing",
        LifecycleConfiguration={
            "Rules": [{"ID": "three", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}]
        },
    )
    told = s3.put_object(Bucket="ageing", Key="tmp/a", Body=b"x")["Expiration"]
    assert 'rule-id="three"' in told
    assert s3.head_object(Bucket="ageing", Key="tmp/a")["Expiration"] == told
    s3.put_object(Bucket="ageing", Key="kept", Body=b"x")
    _advance(own_server, days=4)
    deadline = time.monotonic() + _WITHIN_S
    while (found := s3.list_objects_v2(Bucket="ageing")["Contents"]) and len(found) > 1:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    assert [each["Key"] for each in found] == ["kept"]


def test_access_logs_are_delivered(own_server: Server) -> None:
    """To a bucket whose policy lets the log service in, a minute later."""
    own_server.start()
    s3 = own_server.client("s3")
    for name in ("logged", "logs"):
        s3.create_bucket(Bucket=name)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "logging.s3.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::logs/*",
                "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::logged"}},
            }
        ],
    }
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(policy))
    s3.put_bucket_logging(
        Bucket="logged", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "at/"}}
    )
    deadline = time.monotonic() + _WITHIN_S
    while True:
        put = s3.put_object(Bucket="logged", Key="a b", Body=b"hello")["ResponseMetadata"]["RequestId"]
        s3.get_object(Bucket="logged", Key="a b")["Body"].read()
        _error(lambda: s3.get_object(Bucket="logged", Key="none"))
        _advance(own_server, minutes=2)
        found = s3.list_objects_v2(Bucket="logs", Prefix="at/").get("Contents", ())
        lines = [
            line
            for each in found
            for line in s3.get_object(Bucket="logs", Key=each["Key"])["Body"].read().decode().splitlines()
        ]
        if any(put in line for line in lines):
            break
        assert time.monotonic() < deadline, lines
    (line,) = [line for line in lines if put in line]
    assert " logged [" in line
    assert f'{put} REST.PUT.OBJECT a%20b "PUT /logged/a%20b HTTP/1.1" 200 - ' in line
    assert any('REST.GET.OBJECT none "GET /logged/none HTTP/1.1" 404 NoSuchKey' in each for each in lines)
