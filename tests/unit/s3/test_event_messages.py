"""What those who listen to a bucket read, and who hears of what."""

import json
from typing import Any

import msgspec
import pytest

from pileus.services.s3.events.matching import receivers_of
from pileus.services.s3.events.messages import detail, detail_type, notification
from pileus.services.s3.events.messages import test_message as message_of_a_test
from pileus.services.s3.events.records import Happening

_PUT = Happening(
    name="ObjectCreated:Put",
    bucket="photos",
    owner="111111111111",
    region="eu-west-1",
    key="a dir/ä@b.txt",
    at_s=1_700_000_000.25,
    size_bytes=9,
    etag="437b930db84b8079c2dd804a71936b5f",
    order=1_700_000_000_250_000,
    principal_id="AWS:AIDAEXAMPLE",
    requester="111111111111",
    source_ip="127.0.0.1",
    request_id="0f1e",
)


def _record(happening: Happening) -> Any:
    (record,) = json.loads(notification(happening, configuration_id="mine"))["Records"]
    return record


def test_a_record_has_the_members_of_aws_in_their_order() -> None:
    """Consumers know the structure by heart. Recording s3/s3_notifications_sqs, test_xray_header."""
    record = _record(_PUT)
    assert list(record) == [
        "eventVersion",
        "eventSource",
        "awsRegion",
        "eventTime",
        "eventName",
        "userIdentity",
        "requestParameters",
        "responseElements",
        "s3",
    ]
    assert record["eventTime"] == "2023-11-14T22:13:20.250Z"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::photos"
    assert record["s3"]["configurationId"] == "mine"
    assert list(record["s3"]["object"]) == ["key", "size", "eTag", "sequencer"]


def test_keys_are_written_like_the_values_of_forms() -> None:
    """Every function that handles events unquotes them. Recording s3/s3_notifications_sqs, test_key_encoding."""
    assert _record(_PUT)["s3"]["object"]["key"] == "a+dir/%C3%A4%40b.txt"


@pytest.mark.parametrize(
    ("name", "version", "told"),
    [
        ("ObjectTagging:Put", "2.3", ["key", "eTag"]),
        ("ObjectAcl:Put", "2.3", ["key", "eTag"]),
        ("ObjectCreated:Copy", "2.1", ["key", "eTag", "sequencer"]),
    ],
)
def test_kinds_of_events_differ_in_what_they_tell(name: str, version: str, told: list[str]) -> None:
    """Recording s3/s3_notifications_sqs, test_object_put_acl, test_object_tagging_put_event."""
    record = _record(msgspec.structs.replace(_PUT, name=name, size_bytes=None))
    assert record["eventVersion"] == version
    assert list(record["s3"]["object"]) == told


def test_sequencers_compare_as_text() -> None:
    """By them consumers find out which of two events of a key came last."""
    orders = [1, 9, 10, 15, 16, 255, 10**15, 10**16]
    told = [_record(msgspec.structs.replace(_PUT, order=order))["s3"]["object"]["sequencer"] for order in orders]
    assert told == sorted(told)
    assert len(set(told)) == len(told)


def test_event_buses_get_another_form() -> None:
    """Recording s3/s3_notifications_eventbridge, test_object_created_put."""
    told = json.loads(detail(_PUT))
    assert detail_type(_PUT.name) == "Object Created"
    assert told["bucket"] == {"name": "photos"}
    assert told["object"]["key"] == "a dir/ä@b.txt"
    assert told["reason"] == "PutObject"
    removed = msgspec.structs.replace(_PUT, name="ObjectRemoved:DeleteMarkerCreated", size_bytes=None, etag="")
    assert detail_type(removed.name) == "Object Deleted"
    assert json.loads(detail(removed))["deletion-type"] == "Delete Marker Created"


def test_the_message_of_a_test_names_the_bucket() -> None:
    """What a queue gets when it is configured."""
    told = json.loads(message_of_a_test(bucket="photos", at_s=1_700_000_000.0, request_id="0f1e"))
    assert list(told) == ["Service", "Event", "Time", "Bucket", "RequestId", "HostId"]
    assert told["Event"] == "s3:TestEvent"


_CONFIGURATION = {
    "QueueConfigurations": [
        {
            "Id": "texts",
            "QueueArn": "arn:aws:sqs:us-east-1:111111111111:q",
            "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"],
            "Filter": {
                "Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".txt"}]}
            },
        }
    ],
    "EventBridgeConfiguration": {},
}


@pytest.mark.parametrize(
    ("name", "key", "heard"),
    [
        ("ObjectCreated:Put", "in/a.txt", True),
        ("ObjectCreated:Post", "in/a.txt", True),
        ("ObjectRemoved:Delete", "in/a.txt", True),
        ("ObjectRemoved:DeleteMarkerCreated", "in/a.txt", False),
        ("ObjectCreated:Put", "out/a.txt", False),
        ("ObjectCreated:Put", "in/a.png", False),
    ],
)
def test_filters_say_who_hears_of_what(name: str, key: str, heard: bool) -> None:
    """Recording s3/s3_notifications_sqs, test_notifications_with_filter."""
    (receiver,), bus = receivers_of(json.dumps(_CONFIGURATION).encode())
    assert bus
    assert receiver.hears_of(name, key) is heard
