"""Filters of log groups as boto3 sees them: subscribed functions, and what is counted.

Recordings: `logs_subscription_filters`, `logs_metric_filters`.
"""

import gzip
import json
import time
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.functions import archive, make_role

WITHIN_S: Final = 20.0
ECHO: Final = """
import json

def handler(event, context):
    print("GOT", json.dumps(event))
"""


def until(find: Callable[[], Any]) -> Any:
    """The first true answer of `find`."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true")


@pytest.fixture
def logs(aws: Server) -> Any:
    return aws.client("logs")


@pytest.fixture
def group(logs: Any) -> str:
    name = f"/test/{uuid4().hex}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def _put(logs: Any, group: str, *messages: str) -> None:
    now_ms = int(time.time() * 1000)
    events = [{"timestamp": now_ms, "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


@pytest.mark.parametrize("principal", ["logs.amazonaws.com", "logs.us-east-1.amazonaws.com"])
def test_a_function_gets_what_it_subscribed_to(aws: Server, logs: Any, group: str, principal: str) -> None:
    """Only with the permission of its policy; a control message first, then what matches."""
    functions = aws.client("lambda")
    name = f"subscriber-{uuid4().hex[:12]}"
    arn = functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=make_role(aws),
        Handler="index.handler",
        Code={"ZipFile": archive(ECHO)},
    )["FunctionArn"]
    subscription = {"logGroupName": group, "filterName": "f", "filterPattern": "{ $.level = ERROR }"}
    with pytest.raises(ClientError, match="Could not execute the lambda function"):
        logs.put_subscription_filter(**subscription, destinationArn=arn)
    group_arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"]
    functions.add_permission(
        FunctionName=name,
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal=principal,
        SourceArn=group_arn,
        SourceAccount=group_arn.split(":")[4],
    )
    logs.put_subscription_filter(**subscription, destinationArn=arn)
    _put(logs, group, '{"level": "INFO"}', '{"level": "ERROR", "n": 1}', "ERROR")

    def seen() -> list[dict[str, Any]]:
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="GOT")["events"]
        except ClientError:  # no log yet
            return []
        data = [json.loads(event["message"].removeprefix("GOT "))["awslogs"]["data"] for event in events]
        opened: list[dict[str, Any]] = [json.loads(gzip.decompress(b64decode(one))) for one in data]
        return opened if len(opened) == 2 else []

    by_type = {one["messageType"]: one for one in until(seen)}
    assert set(by_type) == {"CONTROL_MESSAGE", "DATA_MESSAGE"}
    told = by_type["DATA_MESSAGE"]
    assert (told["logGroup"], told["logStream"], told["subscriptionFilters"]) == (group, "s", ["f"])
    assert [event["message"] for event in told["logEvents"]] == ['{"level": "ERROR", "n": 1}']


def test_what_matches_is_counted(aws: Server, logs: Any, group: str) -> None:
    """CloudWatch tells it a moment later."""
    namespace = f"app/{uuid4().hex}"
    logs.put_metric_filter(
        logGroupName=group,
        filterName="f",
        filterPattern="[path, ms]",
        metricTransformations=[
            {
                "metricName": "took",
                "metricNamespace": namespace,
                "metricValue": "$ms",
                "dimensions": {"Path": "$path"},
                "unit": "Milliseconds",
            }
        ],
    )
    _put(logs, group, "/a 10", "/a 30", "/b 7", "one two three")
    now = datetime.now(UTC)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName="took",
        Dimensions=[{"Name": "Path", "Value": "/a"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert [(point["Sum"], point["SampleCount"], point["Unit"]) for point in points] == [(40, 2, "Milliseconds")]


def test_tags_and_trials(logs: Any, group: str) -> None:
    """Shapes that boto3 reads: tags of a group, TestMetricFilter."""
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    logs.untag_log_group(logGroupName=group, tags=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    matches = logs.test_metric_filter(filterPattern='{ $.a = "x*" }', logEventMessages=['{"a": "y"}', '{"a": "xy"}'])
    assert [match["eventNumber"] for match in matches["matches"]] == [1]
    with pytest.raises(ClientError) as caught:
        logs.filter_log_events(logGroupName=group, filterPattern="{ $.a = }")
    error: Any = caught.value.response
    assert error["Error"]["Code"] == "InvalidParameterException"


def test_a_query(logs: Any, group: str) -> None:
    """From its start to its results, as SDKs wait for them; a mistake in it has a place."""
    _put(logs, group, '{"path": "/a", "ms": 10}', '{"path": "/a", "ms": 30}', '{"path": "/b", "ms": 7}', "text")
    now_s = int(time.time())
    span = {"startTime": now_s - 600, "endTime": now_s + 600}
    query = "filter ms > 0 | stats count(*) as n, avg(ms) as mean by path | sort n desc"
    query_id = logs.start_query(logGroupName=group, queryString=query, **span)["queryId"]

    def answered() -> Any:
        answer = logs.get_query_results(queryId=query_id)
        return answer if answer["status"] == "Complete" else None

    answer = until(answered)
    assert [{field["field"]: field["value"] for field in row} for row in answer["results"]] == [
        {"path": "/a", "n": "2", "mean": "20"},
        {"path": "/b", "n": "1", "mean": "7"},
    ]
    assert (answer["statistics"]["recordsMatched"], answer["statistics"]["recordsScanned"]) == (3, 4)
    assert [one["queryId"] for one in logs.describe_queries(logGroupName=group)["queries"]] == [query_id]
    with pytest.raises(ClientError) as caught:
        logs.start_query(logGroupName=group, queryString="fields @message | bogus", **span)
    error: Any = caught.value.response
    assert error["Error"]["Code"] == "MalformedQueryException"
    assert error["queryCompileError"]["location"]["startCharOffset"] == 18


def test_what_was_accepted_outlives_a_kill(own_server: Server) -> None:
    """A query that was started and events that were put are on disk when the answer comes."""
    logs = own_server.start().client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    _put(logs, "g", "kept")
    now_s = int(time.time())
    query_id = logs.start_query(
        logGroupName="g", queryString="fields @message", startTime=now_s - 600, endTime=now_s + 600
    )["queryId"]
    own_server.kill()
    logs = own_server.start().client("logs")

    def answered() -> Any:
        answer = logs.get_query_results(queryId=query_id)
        return answer if answer["status"] == "Complete" else None

    [row] = until(answered)["results"]
    assert row[0] == {"field": "@message", "value": "kept"}
