"""Every moment that clients write is the one that operations see, and each place has its own format."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.wire.cbor import decode
from pileus.kernel.wire.timestamps import (
    ISO,
    RFC822,
    UNIX,
    NotATimestamp,
    read_timestamp,
    write_timestamp,
    write_timestamp_text,
)
from tests.wire.harness import Desk, authorization, request_of, shapes_of

MOMENT = datetime(1985, 4, 12, 23, 20, 50, 520_000, tzinfo=UTC)
"""Smithy's own example of `date-time`, and its `epoch-seconds` and `http-date` below."""
SECOND = MOMENT.replace(microsecond=0)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (482196050.52, MOMENT),
        (482196050, SECOND),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1.5, datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC)),
        (4.8219605e8, SECOND),
        ("1985-04-12T23:20:50.52Z", MOMENT),
        ("1985-04-12T23:20:50Z", SECOND),
        ("1985-04-12T23:20:50.520000000Z", MOMENT),
        ("1985-04-13T01:20:50+02:00", SECOND),
        ("1985-04-12T15:20:50.520-08:00", MOMENT),
        ("1985-04-12T23:20:50", SECOND),
        ("19850412T232050Z", SECOND),
        ("1985-04-12", datetime(1985, 4, 12, tzinfo=UTC)),
        ("Fri, 12 Apr 1985 23:20:50 GMT", SECOND),
        ("482196050", SECOND),
        ("482196050.52", MOMENT),
    ],
)
def test_reading(value: object, moment: datetime) -> None:
    """AWS reads each format wherever it expects a moment, and a moment without a zone is UTC's."""
    read = read_timestamp(value)
    assert abs(read - moment) < timedelta(milliseconds=1)
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "1985-13-01T00:00:00Z",
        "Fri, 99 Apr 1985 23:20:50 GMT",
        "nan",
        "inf",
        1e300,
        True,
        [],
        {},
        None,
        b"0",
    ],
)
def test_what_is_no_moment(value: object) -> None:
    """It is told of as such, and never becomes an error of ours."""
    with pytest.raises(NotATimestamp):
        read_timestamp(value)


@pytest.mark.parametrize(
    ("moment", "form", "written"),
    [
        (MOMENT, UNIX, 482196050.52),
        (SECOND, UNIX, 482196050),
        (MOMENT, ISO, "1985-04-12T23:20:50.520Z"),
        (SECOND, ISO, "1985-04-12T23:20:50Z"),
        (MOMENT, RFC822, "Fri, 12 Apr 1985 23:20:50 GMT"),
        (datetime(33, 1, 2, 3, 4, 5, tzinfo=UTC), ISO, "0033-01-02T03:04:05Z"),
        (datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=9))), ISO, "2026-02-02T19:05:06Z"),
        (datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=9))), RFC822, "Mon, 02 Feb 2026 19:05:06 GMT"),
    ],
)
def test_writing(moment: datetime, form: str, written: object) -> None:
    """To the millisecond, in UTC, in the form that SDKs of every language read."""
    assert write_timestamp(moment, form) == written
    assert write_timestamp_text(moment, form) == str(written)


@given(st.integers(-30_000_000_000_000, 250_000_000_000_000), st.sampled_from([UNIX, ISO, RFC822]))
def test_what_is_written_is_read(ms: int, form: str) -> None:
    """Each format is its own inverse, to as much as it can say (RFC 822 has years of two digits, so none below 100)."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    exact = moment.replace(microsecond=0) if form == RFC822 else moment
    assert abs(read_timestamp(write_timestamp(moment, form)) - exact) < timedelta(microseconds=500)


def _body(response: Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


def _answered(
    service: str, operation: str, tree: dict[str, Any], given_: dict[str, Any], protocol: str = ""
) -> Response:
    desk = Desk([service])
    output = shapes_of(service)[operation][1]
    assert output is not None
    desk.api.output = msgspec.convert(tree, output)
    response = desk.ask(request_of(service, operation, given_, protocol=protocol))
    assert response.status == 200
    return response


USER = {"Path": "/", "UserName": "u", "UserId": "AIDA1234567890ABCDEF", "Arn": "arn:aws:iam::111111111111:user/u"}


@pytest.mark.parametrize(
    ("service", "operation", "given_", "answered", "told"),
    [
        # json: seconds
        (
            *("dynamodb", "DescribeTable", {"TableName": "abc"}),
            *({"Table": {"CreationDateTime": MOMENT}}, b'"CreationDateTime":482196050.52'),
        ),
        # rest-json: seconds, unless the member says something else
        ("scheduler", "GetSchedule", {"Name": "n"}, {"StartDate": MOMENT}, b'"StartDate":482196050.52'),
        (
            *("apigatewayv2", "GetApi", {"ApiId": "a"}),
            *({"createdDate": MOMENT}, b'"createdDate":"1985-04-12T23:20:50.520Z"'),
        ),
        # query, ec2 and rest-xml: ISO 8601
        (
            *("iam", "GetUser", {}, {"User": USER | {"CreateDate": MOMENT}}),
            b"<CreateDate>1985-04-12T23:20:50.520Z</CreateDate>",
        ),
        (
            *("ec2", "DescribeVolumes", {}, {"volumeSet": [{"createTime": MOMENT}]}),
            b"<createTime>1985-04-12T23:20:50.520Z</createTime>",
        ),
        (
            *("s3", "ListObjectsV2", {"Bucket": "b"}, {"Contents": [{"Key": "k", "LastModified": MOMENT}]}),
            b"<LastModified>1985-04-12T23:20:50.520Z</LastModified>",
        ),
    ],
)
def test_in_bodies(service: str, operation: str, given_: dict[str, Any], answered: dict[str, Any], told: bytes) -> None:
    """The protocol has a format, and a member of the model may have its own."""
    assert told in _body(_answered(service, operation, answered, given_))


def test_in_headers() -> None:
    """The date of RFC 822, as everywhere in HTTP."""
    response = _answered("s3", "GetObject", {"LastModified": MOMENT}, {"Bucket": "b", "Key": "k"})
    assert dict(response.headers)["Last-Modified"] == "Fri, 12 Apr 1985 23:20:50 GMT"


def test_one_answer_in_each_protocol() -> None:
    """CloudWatch's, in JSON, XML and CBOR."""
    metrics = {"MetricDataResults": [{"Timestamps": [MOMENT]}]}
    asked = {"MetricDataQueries": [], "StartTime": SECOND, "EndTime": SECOND}
    in_json = _body(_answered("cloudwatch", "GetMetricData", metrics, asked, "json"))
    assert msgspec.json.decode(in_json)["MetricDataResults"] == [{"Timestamps": [482196050.52]}]
    in_xml = _body(_answered("cloudwatch", "GetMetricData", metrics, asked, "query"))
    assert b"<Timestamps><member>1985-04-12T23:20:50.520Z</member></Timestamps>" in in_xml
    in_cbor: Any = decode(_body(_answered("cloudwatch", "GetMetricData", metrics, asked, "smithy-rpc-v2-cbor")))
    assert abs(in_cbor["MetricDataResults"][0]["Timestamps"][0] - MOMENT) < timedelta(milliseconds=1)


@pytest.mark.parametrize("text", ["Fri, 12 Apr 1985 23:20:50 GMT", "1985-04-12T23:20:50Z", "482196050"])
def test_a_header_in_any_format(text: str) -> None:
    """Conditional reads come from browsers and from tools that know one format."""
    desk = Desk(["s3"])
    headers = {"host": "localhost", "authorization": authorization("s3"), "if-modified-since": text}
    desk.ask(Request(method="GET", target="/b/k", headers=headers))
    assert desk.api.given.if_modified_since == SECOND
