"""What buckets tell event buses. Recording s3/s3_notifications_eventbridge."""

import hashlib
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Server
from tests.support.buckets import set_versioning
from tests.support.event_rules import ACCOUNT, Told, add_rule, advance


class Listening:
    """A bucket that tells the default bus, and a queue that hears of it."""

    def __init__(self, aws: Server, *, region: str = "us-east-1") -> None:
        self.s3 = aws.client("s3", region_name=region)
        self.name = f"bus-{uuid4().hex[:16]}"
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.s3.create_bucket(Bucket=self.name, **place)
        self.s3.put_bucket_notification_configuration(
            Bucket=self.name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        self.told = Told(aws)
        pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [self.name]}}}
        add_rule(aws.client("events", region_name=region), pattern, {"Arn": self.told.arn})

    def events(self, count: int) -> list[Any]:
        """So many, each checked in what all have in common; in order of time."""
        found = self.told.events(count)
        for event in found:
            assert event["source"] == "aws.s3"
            assert event["account"] == ACCOUNT
            assert event["version"] == "0"
            assert event["resources"] == [f"arn:aws:s3:::{self.name}"]
            detail = event["detail"]
            assert detail["version"] == "0"
            assert detail["bucket"] == {"name": self.name}
            assert detail["request-id"]
            assert detail["requester"] == (ACCOUNT if "source-ip-address" in detail else "s3.amazonaws.com")
            assert list(event) == [
                "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
            ]  # fmt: skip
        return found


def _by_type(events: list[Any]) -> dict[str, Any]:
    return {event["detail-type"]: event["detail"] for event in events}


def test_created_and_deleted(aws: Server) -> None:
    """test_object_created_put."""
    heard = Listening(aws)
    heard.s3.put_object(Bucket=heard.name, Key="key ä", Body=b"data")
    heard.s3.delete_object(Bucket=heard.name, Key="key ä")
    told = _by_type(heard.events(2))
    created, deleted = told["Object Created"], told["Object Deleted"]
    assert created["object"].pop("sequencer") < deleted["object"].pop("sequencer")
    etag = hashlib.md5(b"data").hexdigest()
    assert created["object"] == {"key": "key ä", "size": 4, "etag": etag}
    assert created["reason"] == "PutObject"
    assert created["source-ip-address"] == "127.0.0.1"
    assert deleted["object"] == {"key": "key ä"}
    assert deleted["reason"] == "DeleteObject"
    assert deleted["deletion-type"] == "Permanently Deleted"
    assert set(deleted) == set(created) | {"deletion-type"}


def test_access_lists(aws: Server) -> None:
    """test_object_put_acl: told each time, without size, order or reason."""
    heard = Listening(aws)
    heard.s3.put_bucket_ownership_controls(
        Bucket=heard.name, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    heard.s3.put_object(Bucket=heard.name, Key="k", Body=b"something")
    heard.s3.put_object_acl(Bucket=heard.name, Key="k", ACL="bucket-owner-full-control")
    told = _by_type(heard.events(2))
    assert told["Object Created"]["object"]["size"] == 9
    updated = told["Object ACL Updated"]
    assert updated["object"] == {"key": "k", "etag": "437b930db84b8079c2dd804a71936b5f"}
    assert set(updated) == {"version", "bucket", "object", "request-id", "requester", "source-ip-address"}


def test_restored(own_server: Server) -> None:
    """test_restore_object: that it was asked for, and, hours later, that it is there."""
    heard = Listening(own_server.start())
    heard.s3.put_object(Bucket=heard.name, Key="k", Body=b"something", StorageClass="GLACIER")
    heard.s3.restore_object(
        Bucket=heard.name, Key="k", RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}
    )
    told = _by_type(heard.events(2))
    advance(own_server, 13 * 3600)
    told |= _by_type(heard.events(1))
    etag = "437b930db84b8079c2dd804a71936b5f"
    asked, done = told["Object Restore Initiated"], told["Object Restore Completed"]
    assert asked["object"] == done["object"] == {"key": "k", "size": 9, "etag": etag}
    assert asked["source-storage-class"] == done["source-storage-class"] == "GLACIER"
    assert done["restore-expiry-time"]
    assert "restore-expiry-time" not in asked


def test_of_another_region(aws: Server) -> None:
    """test_object_created_put_in_different_region: a bucket tells the bus of its region, wherever the caller is."""
    heard = Listening(aws, region="eu-west-1")
    aws.client("s3", region_name="eu-west-1").put_object(Bucket=heard.name, Key="a", Body=b"data")
    aws.client("s3", region_name="us-east-1").put_object(Bucket=heard.name, Key="b", Body=b"data")
    found = heard.events(2)
    assert [event["region"] for event in found] == ["eu-west-1", "eu-west-1"]
    assert {event["detail"]["object"]["key"] for event in found} == {"a", "b"}


def test_versions(aws: Server) -> None:
    """test_object_created_put_versioned."""
    heard = Listening(aws)
    set_versioning(heard.s3, heard.name, "Enabled")
    first = heard.s3.put_object(Bucket=heard.name, Key="k", Body=b"data")["VersionId"]
    (created,) = heard.events(1)
    assert created["detail"]["object"]["version-id"] == first

    marker = heard.s3.delete_object(Bucket=heard.name, Key="k")["VersionId"]
    (marked,) = heard.events(1)
    assert marked["detail-type"] == "Object Deleted"
    assert marked["detail"]["deletion-type"] == "Delete Marker Created"
    assert marked["detail"]["object"]["version-id"] == marker

    heard.s3.delete_object(Bucket=heard.name, Key="k", VersionId=first)
    (removed,) = heard.events(1)
    assert removed["detail"]["deletion-type"] == "Permanently Deleted"
    assert removed["detail"]["object"]["version-id"] == first

    set_versioning(heard.s3, heard.name, "Suspended")
    heard.s3.put_object(Bucket=heard.name, Key="k", Body=b"data-suspended")
    (plain,) = heard.events(1)
    assert set(plain["detail"]["object"]) == {"key", "size", "etag", "sequencer"}

    heard.s3.delete_object(Bucket=heard.name, Key="k", VersionId=marker)
    (unmarked,) = heard.events(1)
    assert unmarked["detail"]["deletion-type"] == "Permanently Deleted"
    told = unmarked["detail"]["object"]
    assert (told["key"], told["version-id"]) == ("k", marker)


@pytest.mark.parametrize("configuration", [{}, {"QueueConfigurations": []}])
def test_who_does_not_ask_tells_nothing(aws: Server, configuration: dict[str, Any]) -> None:
    """Only a bucket with EventBridgeConfiguration does; another one's event comes first here."""
    quiet, heard = Listening(aws), Listening(aws)
    quiet.s3.put_bucket_notification_configuration(Bucket=quiet.name, NotificationConfiguration=configuration)
    quiet.s3.put_object(Bucket=quiet.name, Key="k", Body=b"data")
    heard.s3.put_object(Bucket=heard.name, Key="k", Body=b"data")
    assert len(heard.events(1)) == 1
    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=quiet.told.url, WaitTimeSeconds=0)
