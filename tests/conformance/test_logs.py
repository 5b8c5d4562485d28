"""CloudWatch Logs as boto3 sees it. Recordings: `logs_groups`, `logs_streams`, `logs_events`, `logs_filter_events`."""

import time
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server


@pytest.fixture
def logs(aws: Server) -> Any:
    return aws.client("logs")


@pytest.fixture
def group(logs: Any) -> str:
    name = f"/test/{uuid4().hex}"
    logs.create_log_group(logGroupName=name)
    return name


@pytest.fixture
def stream(logs: Any, group: str) -> str:
    logs.create_log_stream(logGroupName=group, logStreamName="stream")
    return "stream"


def _error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    response: Any = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return response["Error"]["Code"], response["Error"]["Message"]


def _now_ms() -> int:
    return int(time.time() * 1000)


def _put(logs: Any, group: str, stream: str, *messages: str) -> Any:
    now_ms = _now_ms()
    events = [{"timestamp": now_ms + n, "message": message} for n, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def test_groups(logs: Any, group: str) -> None:
    """TestLogsGroups::test_describe_log_groups_with_prefix and test_create_log_group_duplicate_error."""
    [found] = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    arn = f"arn:aws:logs:us-east-1:111111111111:log-group:{group}"
    assert abs(found.pop("creationTime") - _now_ms()) < 60_000
    assert found == {
        "arn": f"{arn}:*",
        "deletionProtectionEnabled": False,
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "logGroupName": group,
        "metricFilterCount": 0,
        "storedBytes": 0,
    }
    with pytest.raises(ClientError) as caught:
        logs.create_log_group(logGroupName=group)
    assert _error(caught) == ("ResourceAlreadyExistsException", "The specified log group already exists")
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    [found] = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 7
    logs.delete_log_group(logGroupName=group)
    with pytest.raises(ClientError) as caught:
        logs.delete_log_group(logGroupName=group)
    assert _error(caught) == ("ResourceNotFoundException", "The specified log group does not exist.")


def test_streams(logs: Any, group: str, stream: str) -> None:
    """TestLogsStreams: described by name and by ARN, in pages; made once."""
    for n in range(3):
        logs.create_log_stream(logGroupName=group, logStreamName=f"more-{n}")
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, PaginationConfig={"PageSize": 2})
    names = [found["logStreamName"] for page in pages for found in page["logStreams"]]
    assert names == ["more-0", "more-1", "more-2", "stream"]
    arn = f"arn:aws:logs:us-east-1:111111111111:log-group:{group}"
    [found] = logs.describe_log_streams(logGroupIdentifier=arn, logStreamNamePrefix="stream")["logStreams"]
    assert set(found) == {"arn", "creationTime", "logStreamName", "storedBytes"}
    assert found["arn"] == f"{arn}:log-stream:stream"
    with pytest.raises(ClientError) as caught:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    assert _error(caught) == ("ResourceAlreadyExistsException", "The specified log stream already exists")
    with pytest.raises(ClientError) as caught:
        logs.describe_log_streams(logGroupName=group, logGroupIdentifier=group)
    message = "LogGroup name and LogGroup ARN are mutually exclusive parameters."
    assert _error(caught) == ("ValidationException", message)


def test_events(logs: Any, group: str, stream: str) -> None:
    """Put, read by pages from the head, follow with the last token."""
    answer = _put(logs, group, stream, "one", "two", "three")
    assert "rejectedLogEventsInfo" not in answer
    where = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
    first = logs.get_log_events(**where, limit=2)
    assert [event["message"] for event in first["events"]] == ["one", "two"]
    second = logs.get_log_events(**where, nextToken=first["nextForwardToken"])
    assert [event["message"] for event in second["events"]] == ["three"]
    end = logs.get_log_events(**where, nextToken=second["nextForwardToken"])
    assert (end["events"], end["nextForwardToken"]) == ([], second["nextForwardToken"])


def test_events_that_are_refused(logs: Any, group: str, stream: str) -> None:
    """TestLogsEvents: wrong order, no such stream, too new; bounds of the model under this service's own code."""
    where = {"logGroupName": group, "logStreamName": stream}
    now_ms = _now_ms()
    events = [{"timestamp": now_ms, "message": "a"}, {"timestamp": now_ms - 1, "message": "b"}]
    with pytest.raises(ClientError) as caught:
        logs.put_log_events(**where, logEvents=events)
    message = "Log events in a single PutLogEvents request must be in chronological order."
    assert _error(caught) == ("InvalidParameterException", message)
    with pytest.raises(ClientError) as caught:
        _put(logs, group, "missing", "m")
    assert _error(caught) == ("ResourceNotFoundException", "The specified log stream does not exist.")
    late = [{"timestamp": now_ms + 3 * 3_600_000, "message": "m"}]
    answer = logs.put_log_events(**where, logEvents=late)
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}
    with pytest.raises(ClientError) as caught:
        logs.get_log_events(**where, limit=10_001)
    assert _error(caught) == (
        "InvalidParameterException",
        "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: "
        "Member must have value less than or equal to 10000",
    )
    with pytest.raises(ClientError) as caught:
        logs.get_log_events(**where, nextToken="invalid")
    assert _error(caught) == ("InvalidParameterException", "The specified nextToken is invalid.")


def test_search(logs: Any, group: str) -> None:
    """FilterLogEvents over streams, through boto3's paginator, with a pattern."""
    for name in ("a", "b"):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        _put(logs, group, name, f"ERROR in {name}", f"INFO from {name}", f"ERROR again in {name}")
    search = logs.get_paginator("filter_log_events")
    pages = search.paginate(logGroupName=group, filterPattern="ERROR -again", PaginationConfig={"PageSize": 1})
    found = [event for page in pages for event in page["events"]]
    assert [event["message"] for event in found] == ["ERROR in a", "ERROR in b"]
    assert {event["logStreamName"] for event in found} == {"a", "b"}
    assert all(len(event["eventId"]) == 56 for event in found)
    with pytest.raises(ClientError) as caught:
        logs.filter_log_events(logGroupName=group, nextToken="invalid")
    assert _error(caught) == ("InvalidParameterException", "The specified nextToken is invalid.")
