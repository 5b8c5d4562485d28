"""Which websites, CORS rules, receivers and replications are taken."""

from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SeededIds
from pileus.services.s3.settings.cors import check_cors
from pileus.services.s3.settings.notification import checked_notification
from pileus.services.s3.settings.replication import checked_replication
from pileus.services.s3.settings.website import check_website
from pileus.services.s3.shapes import (
    CORSConfiguration,
    NotificationConfiguration,
    ReplicationConfiguration,
    WebsiteConfiguration,
)

_INDEX: Final = {"IndexDocument": {"Suffix": "index.html"}}
_QUEUE: Final = "arn:aws:sqs:us-east-1:111111111111:q"
_SCHEMA_2: Final = (
    "must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer "
    "Guide for more information."
)


def _said(refused: pytest.ExceptionInfo[ServiceError]) -> tuple[str, str]:
    return refused.value.error_code, refused.value.message


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (_INDEX, ""),
        ({"RedirectAllRequestsTo": {"HostName": "a", "Protocol": "https"}}, ""),
        ({**_INDEX, "RoutingRules": [{"Redirect": {"HttpRedirectCode": "301"}}]}, ""),
        ({"IndexDocument": {"Suffix": "a/b"}}, "InvalidArgument"),
        ({"IndexDocument": {"Suffix": ""}}, "InvalidArgument"),
        ({"ErrorDocument": {"Key": "e"}}, "InvalidArgument"),
        ({**_INDEX, "RedirectAllRequestsTo": {"HostName": "a"}}, "InvalidArgument"),
        ({"RedirectAllRequestsTo": {"HostName": "a", "Protocol": "ftp"}}, "InvalidRequest"),
        ({**_INDEX, "RoutingRules": []}, "MalformedXML"),
        ({**_INDEX, "RoutingRules": [{"Redirect": {}}]}, "MalformedXML"),
        ({**_INDEX, "RoutingRules": [{"Redirect": {"HttpRedirectCode": "300"}}]}, "InvalidRequest"),
        ({**_INDEX, "RoutingRules": [{"Redirect": {"HostName": "h"}, "Condition": {}}]}, "InvalidRequest"),
        (
            {
                **_INDEX,
                "RoutingRules": [
                    {"Redirect": {"HostName": "h"}, "Condition": {"HttpErrorCodeReturnedEquals": "200"}},
                ],
            },
            "InvalidRequest",
        ),
        (
            {**_INDEX, "RoutingRules": [{"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}}]},
            "InvalidRequest",
        ),
        ({**_INDEX, "RoutingRules": [{"Redirect": {"HostName": "h"}}] * 51}, "InvalidRequest"),
    ],
)
def test_websites(asked: dict[str, Any], code: str) -> None:
    """Recording s3/s3, test_validate_website_configuration."""
    website = msgspec.convert(asked, WebsiteConfiguration)
    if not code:
        check_website(website)
        return
    with pytest.raises(ServiceError) as refused:
        check_website(website)
    assert refused.value.error_code == code


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"AllowedMethod": ["PATCH"]}, "Found unsupported HTTP method in CORS config. Unsupported method is PATCH"),
        ({"AllowedOrigin": ["http://*.*"]}, 'AllowedOrigin "http://*.*" can not have more than one wildcard.'),
        ({"AllowedHeader": ["x-*-*"]}, 'AllowedHeader "x-*-*" can not have more than one wildcard.'),
        (
            {"ExposeHeader": ["x-*"]},
            'ExposeHeader "x-*" contains wildcard. We currently do not support wildcard for ExposeHeader.',
        ),
    ],
)
def test_cors_rules_that_are_refused(changed: dict[str, Any], told: str) -> None:
    """A rule that no browser could use is refused in S3's words."""
    rule = {"AllowedMethod": ["GET"], "AllowedOrigin": ["*"], **changed}
    with pytest.raises(ServiceError) as refused:
        check_cors(msgspec.convert({"CORSRule": [rule]}, CORSConfiguration))
    assert _said(refused) == ("InvalidRequest", told)


def test_a_hundred_cors_rules() -> None:
    """A hundred are taken, and not one more (API_PutBucketCors)."""
    rule = {"AllowedMethod": ["GET"], "AllowedOrigin": ["http://*.example.com"]}
    check_cors(msgspec.convert({"CORSRule": [rule] * 100}, CORSConfiguration))
    with pytest.raises(ServiceError) as refused:
        check_cors(msgspec.convert({"CORSRule": [rule] * 101}, CORSConfiguration))
    assert refused.value.error_code == "InvalidRequest"


def _receivers(*queues: dict[str, Any]) -> NotificationConfiguration:
    whole = [{"Queue": _QUEUE, "Event": ["s3:ObjectCreated:*"], **queue} for queue in queues]
    asked = msgspec.convert({"QueueConfiguration": whole}, NotificationConfiguration)
    return checked_notification(asked, SeededIds(), region="us-east-1")


def _filter(**rules: str) -> dict[str, Any]:
    return {"Filter": {"S3Key": {"FilterRule": [{"Name": name, "Value": value} for name, value in rules.items()]}}}


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ({}, {}, False),
        ({}, {"Event": ["s3:ObjectRemoved:*"]}, True),
        ({}, {"Event": ["s3:ObjectCreated:Put"]}, False),
        ({"Event": ["s3:ObjectCreated:Put"]}, {"Event": ["s3:ObjectCreated:Copy"]}, True),
        (_filter(prefix="a"), _filter(prefix="b"), True),
        (_filter(prefix="a"), _filter(prefix="ab"), False),
        (_filter(prefix="a"), {}, False),
        (_filter(suffix=".txt"), _filter(suffix=".jpg"), True),
        (_filter(suffix=".txt"), _filter(suffix="a.txt"), False),
        (_filter(prefix="a", suffix=".txt"), _filter(prefix="ab", suffix=".jpg"), True),
        (_filter(prefix="a", suffix=".txt"), _filter(suffix="txt"), False),
    ],
)
def test_nobody_hears_twice(one: dict[str, Any], other: dict[str, Any], apart: bool) -> None:
    """S3 User Guide, "Configuring event notifications using object key name filtering"."""
    for pair in ((one, other), (other, one)):
        if apart:
            _receivers(*pair)
            continue
        with pytest.raises(ServiceError) as refused:
            _receivers(*pair)
        assert refused.value.error_code == "InvalidArgument"
        assert "overlap" in refused.value.message


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Queue": "arn:aws:sns:us-east-1:111111111111:t"}, "InvalidArgument"),
        ({"Queue": "arn:aws:sqs:eu-west-1:111111111111:q"}, "InvalidArgument"),
        ({"Queue": f"{_QUEUE}.fifo"}, "InvalidArgument"),
        ({"Event": ["s3:Nothing"]}, "InvalidArgument"),
        (_filter(middle="a"), "InvalidArgument"),
        ({"Filter": {"S3Key": {"FilterRule": [{"Name": "prefix"}]}}}, "MalformedXML"),
        ({"Filter": {"S3Key": {"FilterRule": [{"Value": "a"}]}}}, "MalformedXML"),
        ({"Filter": {"S3Key": {"FilterRule": [{"Name": "prefix", "Value": "a"}] * 2}}}, "InvalidArgument"),
    ],
)
def test_receivers_that_are_refused(changed: dict[str, Any], code: str) -> None:
    """Recordings s3/s3_api, TestS3BucketNotificationConfiguration; s3/s3_notifications_sqs, test_invalid_sqs_arn."""
    with pytest.raises(ServiceError) as refused:
        _receivers(changed)
    assert refused.value.error_code == code


def test_receivers_have_ids_of_their_own() -> None:
    """Who names none is given one; two that say the same are refused."""
    checked = _receivers({}, {"Event": ["s3:ObjectRemoved:*"], "Id": "mine"}).queue_configurations
    assert checked is not None
    assert [len(each.id or "") for each in checked] == [48, 4]
    with pytest.raises(ServiceError):
        _receivers({"Id": "a"}, {"Event": ["s3:ObjectRemoved:*"], "Id": "a"})


def _replicated(*rules: dict[str, Any]) -> ReplicationConfiguration:
    whole = [{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::b"}, **rule} for rule in rules]
    asked = msgspec.convert({"Role": "arn:aws:iam::111111111111:role/r", "Rule": whole}, ReplicationConfiguration)
    return checked_replication(asked, SeededIds())


_RULE: Final[dict[str, Any]] = {"Filter": {}, "Priority": 1, "DeleteMarkerReplication": {"Status": "Disabled"}}


@pytest.mark.parametrize(
    ("rules", "code", "told"),
    [
        ([], "MalformedXML", ""),
        ([{}], "MalformedXML", ""),
        ([{**_RULE, "Prefix": "a"}], "MalformedXML", ""),
        ([{**_RULE, "Filter": {"Prefix": "a", "Tag": {"Key": "k", "Value": ""}}}], "MalformedXML", ""),
        ([{**_RULE, "Priority": None}], "InvalidRequest", f"Priority {_SCHEMA_2}"),
        ([{**_RULE, "DeleteMarkerReplication": None}], "InvalidRequest", f"DeleteMarkerReplication {_SCHEMA_2}"),
        ([_RULE, _RULE], "InvalidRequest", "Found duplicate priorities 1 in rules. Priorities must be unique."),
        ([{**_RULE, "ID": "a"}, {**_RULE, "ID": "a", "Priority": 2}], "InvalidArgument", ""),
        ([_RULE, {"Prefix": "a"}], "InvalidRequest", ""),
        ([{**_RULE, "Destination": {"Bucket": "b"}}], "InvalidArgument", "Invalid bucket ARN."),
    ],
)
def test_replications_that_are_refused(rules: list[dict[str, Any]], code: str, told: str) -> None:
    """S3 User Guide, "Replication configuration file elements"; recordings s3/s3, TestS3BucketReplication."""
    with pytest.raises(ServiceError) as refused:
        _replicated(*rules)
    assert refused.value.error_code == code
    assert not told or refused.value.message == told


def test_both_schemas_of_replication() -> None:
    """The older one, with a prefix, and the newer one, with priorities, are both still sent."""
    assert _replicated({"Prefix": "a"}).rules[0].id
    assert len(_replicated(_RULE, {**_RULE, "Priority": 2}).rules) == 2
