"""CloudWatch as boto3 sees it, in each protocol that it speaks. Recordings: `cloudwatch`, `cloudwatch_metrics`."""

import gzip
import json
import re
import time
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from tests.conftest import Server
from tests.support.functions import archive, make_role

WITHIN_S = 30.0
PROTOCOLS = ("query", "json", "smithy-rpc-v2-cbor")


@pytest.fixture(params=PROTOCOLS)
def cloudwatch(aws: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client that speaks one protocol, whichever it would choose by itself."""
    load = Loader.load_service_model

    def loaded(self: Loader, service_name: str, *args: Any, **more: Any) -> Any:
        model = dict(load(self, service_name, *args, **more))
        if service_name == "cloudwatch" and "metadata" in model:
            model["metadata"] = {**model["metadata"], "protocol": request.param, "protocols": [request.param]}
        return model

    monkeypatch.setattr(Loader, "load_service_model", loaded)
    session = boto3.Session()
    return session.client(
        "cloudwatch",
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id="111111111111",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )


@pytest.fixture
def namespace() -> str:
    return f"test/{uuid4().hex}"


def _error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str, str]:
    response: Any = caught.value.response
    status: int = response["ResponseMetadata"]["HTTPStatusCode"]
    return status, response["Error"]["Code"], response["Error"].get("Message", "")


def _span() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1)}


def _stat(namespace: str, name: str, query_id: str, stat: str = "Sum") -> dict[str, Any]:
    metric = {"Namespace": namespace, "MetricName": name}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": 3600 * 3, "Stat": stat}}


def test_get_metric_data(cloudwatch: Any, namespace: str) -> None:
    """TestCloudwatch::test_get_metric_data_for_multiple_metrics and test_get_metric_data_stats."""
    values = [float(number) for number in range(1, 12)]
    cloudwatch.put_metric_data(
        Namespace=namespace, MetricData=[{"MetricName": "m", "Value": value} for value in values]
    )
    stats = {"Sum": 66.0, "SampleCount": 11.0, "Minimum": 1.0, "Maximum": 11.0, "Average": 6.0}
    queries = [_stat(namespace, "m", f"q{number}", stat) for number, stat in enumerate(stats)]
    queries.append({"Id": "math", "Expression": "q0 / q1"})
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, **_span())
    assert answer["Messages"] == []
    assert [result["Values"] for result in answer["MetricDataResults"]] == [[value] for value in (*stats.values(), 6.0)]
    assert {result["StatusCode"] for result in answer["MetricDataResults"]} == {"Complete"}
    assert all(isinstance(result["Timestamps"][0], datetime) for result in answer["MetricDataResults"])


def test_statistics_and_listing(cloudwatch: Any, namespace: str) -> None:
    """test_get_metric_statistics, test_multiple_dimensions_statistics."""
    dimensions = [{"Name": "error", "Value": "none"}, {"Name": "uri", "Value": "/greetings"}]
    for number in range(10):
        data = {"MetricName": "m", "Value": number, "Dimensions": dimensions}
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[data])
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="m",
        Dimensions=dimensions,
        Period=3600 * 3,
        **{"Statistics": ["Average", "Sum"], "ExtendedStatistics": ["p90"], **_span()},
    )
    assert answer["Label"] == "m"
    [point] = answer["Datapoints"]
    assert (point["Average"], point["Sum"], point["Unit"], point["ExtendedStatistics"]) == (
        4.5,
        45.0,
        "None",
        {"p90": 8.0},
    )
    listed = cloudwatch.list_metrics(Namespace=namespace)["Metrics"]
    assert listed == [{"Namespace": namespace, "MetricName": "m", "Dimensions": dimensions}]


def test_errors(cloudwatch: Any, namespace: str) -> None:
    """test_put_metric_data_validation, test_set_alarm_invalid_input, test_invalid_dashboard_name."""
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1, "Values": [1]}])
    assert _error(caught) == (
        400,
        "InvalidParameterCombination",
        "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have "
        "specified both.",
    )
    with pytest.raises(ClientError) as caught:
        cloudwatch.set_alarm_state(AlarmName="a", StateValue="INVALID", StateReason="")
    status, code, message = _error(caught)
    assert (status, code) == (400, "ValidationError")
    assert message == (
        "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: "
        "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
    )
    with pytest.raises(ClientError) as caught:
        cloudwatch.set_alarm_state(AlarmName=uuid4().hex, StateValue="OK", StateReason="")
    assert _error(caught)[:2] == (404, "ResourceNotFound")
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_dashboard(DashboardName="a b", DashboardBody="{}")
    assert _error(caught)[:2] == (400, "InvalidParameterValue")
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_anomaly_detector(Namespace=namespace, MetricName="m", Stat="Sum")
    assert _error(caught)[:2] == (501, "NotImplemented")


def test_alarms(cloudwatch: Any, namespace: str) -> None:
    """test_set_alarm, test_delete_alarm, test_store_tags."""
    name = f"alarm-{uuid4().hex}"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace=namespace,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=30,
        ComparisonOperator="GreaterThanThreshold",
        Tags=[{"Key": "tag1", "Value": "foo"}],
    )
    composite = f"composite-{uuid4().hex}"
    cloudwatch.put_composite_alarm(AlarmName=composite, AlarmRule=f'ALARM("{name}")')
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="testing alarm")
    both = cloudwatch.describe_alarms(AlarmNames=[name, composite], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert both["CompositeAlarms"][0]["StateValue"] == "ALARM"
    [found] = both["MetricAlarms"]
    assert (found["StateValue"], found["StateReason"], found["Threshold"]) == ("ALARM", "testing alarm", 30.0)
    assert cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == [{"Key": "tag1", "Value": "foo"}]
    history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == ["Alarm updated from INSUFFICIENT_DATA to ALARM"]
    cloudwatch.delete_alarms(AlarmNames=[composite, name])
    after = cloudwatch.describe_alarms(AlarmNames=[name, composite])
    assert (after["MetricAlarms"], after["CompositeAlarms"]) == ([], [])


def test_dashboards(cloudwatch: Any) -> None:
    """test_dashboard_lifecycle."""
    name, body = f"dashboard-{uuid4().hex}", json.dumps({"widgets": []})
    assert cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)["DashboardValidationMessages"] == []
    found = cloudwatch.get_dashboard(DashboardName=name)
    assert found["DashboardArn"] == f"arn:aws:cloudwatch::111111111111:dashboard/{name}"
    assert found["DashboardBody"] == body
    cloudwatch.delete_dashboards(DashboardNames=[name])
    with pytest.raises(ClientError) as caught:
        cloudwatch.get_dashboard(DashboardName=name)
    assert _error(caught) == (404, "ResourceNotFound", f"Dashboard {name} does not exist")


def test_compressed_requests(aws: Server, namespace: str) -> None:
    """SDKs compress PutMetricData (API_PutMetricData: up to 1 MB, gzip)."""
    data = {"Namespace": namespace, "MetricData": [{"MetricName": "m", "Value": 1.0}] * 1_000}
    request = Request(
        aws.url,
        data=gzip.compress(json.dumps(data).encode()),
        headers={
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData",
            "Content-Encoding": "gzip",
            "Authorization": "AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/monitoring/aws4_request, "
            "SignedHeaders=host, Signature=0",
        },
    )
    with urlopen(request) as answer:
        assert answer.status == 200
    client = aws.client("cloudwatch")
    result = client.get_metric_data(MetricDataQueries=[_stat(namespace, "m", "q")], **_span())
    assert result["MetricDataResults"][0]["Values"] == [1_000.0]


@pytest.fixture
def function(aws: Server) -> Iterator[str]:
    """A function that keeps what it got in its log."""
    name = f"f-{uuid4().hex}"
    code = archive("import json\ndef handler(event, context):\n    print('GOT', json.dumps(event))\n")
    client = aws.client("lambda")
    arn: str = client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role=make_role(aws),
        Code={"ZipFile": code},
    )["FunctionArn"]
    yield arn
    client.delete_function(FunctionName=name)


def test_an_alarm_invokes_a_function(aws: Server, function: str) -> None:
    """test_alarm_lambda_target: its policy lets the alarms' principal in."""
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    client, name = aws.client("cloudwatch"), f"alarm-{uuid4().hex}"
    client.put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace="n",
        Statistic="Average",
        Period=10,
        EvaluationPeriods=1,
        Threshold=2,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[function],
    )
    client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="testing alarm")
    logs, group = aws.client("logs"), f"/aws/lambda/{function.rpartition(':')[2]}"
    found: list[Any] = []
    deadline = time.monotonic() + WITHIN_S
    while not found and time.monotonic() < deadline:
        try:
            found = logs.filter_log_events(logGroupName=group, filterPattern="GOT")["events"]
        except logs.exceptions.ResourceNotFoundException:
            time.sleep(0.05)
    [event] = found
    told = json.loads(event["message"].partition("GOT ")[2])
    assert told["source"] == "aws.cloudwatch"
    assert told["alarmData"]["state"]["reason"] == "testing alarm"
    history = client.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == [f"Successfully executed action {function}"]


def test_metrics_and_bill_of_a_function(aws: Server, function: str) -> None:
    """test_lambda_invoke_successful: what ran is counted by function, and is on the bill."""
    name = function.rpartition(":")[2]
    tails = [aws.client("lambda").invoke(FunctionName=name, LogType="Tail")["LogResult"] for _ in range(3)]
    billed_ms = [int(re.findall(rb"Billed Duration: (\d+) ms", b64decode(tail))[0]) for tail in tails]
    client = aws.client("cloudwatch")
    dimensions = [{"Name": "FunctionName", "Value": name}]
    queries = []
    for number, metric in enumerate(("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions")):
        told = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
        stat = "Maximum" if metric == "ConcurrentExecutions" else "Sum"
        queries.append({"Id": f"m{number}", "MetricStat": {"Metric": told, "Period": 3600 * 3, "Stat": stat}})
    results = client.get_metric_data(MetricDataQueries=queries, **_span())["MetricDataResults"]
    [[invocations], [errors], [throttles], [duration], [concurrent]] = [result["Values"] for result in results]
    assert (invocations, errors, throttles, concurrent) == (3.0, 0.0, 0.0, 1.0)
    assert duration > 0
    listed = client.list_metrics(Namespace="AWS/Lambda", MetricName="Duration", Dimensions=dimensions)["Metrics"]
    resource = {"Name": "Resource", "Value": name}
    assert [metric["Dimensions"] for metric in listed] in (
        [dimensions, [*dimensions, resource]],
        [[*dimensions, resource], dimensions],
    )
    with urlopen(f"{aws.url}/_pileus/bill") as answer:
        bill = json.load(answer)
    [own] = [account for account in bill["accounts"] if account["account_id"] == function.split(":")[4]]
    lines = {line["what"]: line for line in own["lines"] if line["service"] == "lambda"}
    requests = {use["name"]: use["amount"] for use in lines["requests"]["resources"]}
    seconds = {use["name"]: use["amount"] for use in lines["GB-seconds"]["resources"]}
    assert requests[name] == 3.0
    assert seconds[name] == pytest.approx(sum(billed_ms) / 1_000 / 8)  # 128 MB; the first one's initialisation too
    assert [lines[what]["cost_usd"] for what in ("requests", "GB-seconds")] == [0.0, 0.0], "it is within the free tier"


@pytest.mark.parametrize(
    ("state", "status", "kind"),
    [
        ("INVALID", 400, "com.amazon.coral.validate#ValidationException"),
        ("OK", 404, "com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound"),
    ],
)
def test_errors_on_the_wire(aws: Server, state: str, status: int, kind: str) -> None:
    """test_exception_serializing_with_no_shape_in_spec: JSON names the schema; a form has no message where none is."""
    asked = {"AlarmName": uuid4().hex, "StateValue": state, "StateReason": ""}
    scope = "20260101/us-east-1/monitoring/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders=host, Signature=0"
    target = {"X-Amz-Target": "GraniteServiceVersion20100801.SetAlarmState"}
    by_json = Request(
        aws.url,
        data=json.dumps(asked).encode(),
        headers={"Authorization": signed, "Content-Type": "application/x-amz-json-1.0", **target},
    )
    with pytest.raises(HTTPError) as caught:
        urlopen(by_json)
    with caught.value as answer:
        assert answer.code == status
        told = json.load(answer)
    assert told["__type"] == kind
    assert ("message" in told) == (status == 400)
    form = urlencode({"Action": "SetAlarmState", "Version": "2010-08-01", **asked}).encode()
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(aws.url, data=form, headers={"Authorization": signed}))
    with caught.value as answer:
        assert answer.code == status
        assert (b"<Message>" in answer.read()) == (status == 400)
