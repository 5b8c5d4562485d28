"""Alarms of a running Pileus: by its clock, over a kill, and for whoever policies let in; metrics of its services."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.conformance.test_enforcement import User, allow, refused
from tests.conftest import Server
from tests.support.functions import archive, make_role

WITHIN_S = 30.0


def _eventually(what: Callable[[], Any]) -> Any:
    """What it gives once that is something."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def _advance(server: Server, seconds: float) -> None:
    body = json.dumps({"advance_s": seconds}).encode()
    with urlopen(Request(f"{server.url}/_pileus/clock", data=body)) as answer:
        assert answer.status == 200


def _put_alarm(client: Any, name: str = "a", **more: Any) -> None:
    asked = {"MetricName": "m", "Namespace": "Mine", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    client.put_metric_alarm(
        **{"AlarmName": name, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold", **asked, **more}
    )


def _state(client: Any, name: str = "a") -> str:
    state: str = client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]
    return state


def test_the_clock_moves_alarms(own_server: Server) -> None:
    """A minute later the alarm has seen the value; some minutes later it misses the next. Nothing has waited."""
    client = own_server.start().client("cloudwatch")
    _put_alarm(client)
    client.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "m", "Value": 9}])
    _advance(own_server, 60)
    assert _eventually(lambda: _state(client) == "ALARM")
    _advance(own_server, 300)
    assert _eventually(lambda: _state(client) == "INSUFFICIENT_DATA")


def test_a_kill_forgets_no_action(own_server: Server) -> None:
    """The change was answered, so the function is called, if need be by the next process."""
    own_server.start()
    functions = own_server.client("lambda")
    arn = functions.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="index.handler",
        Role=make_role(own_server),
        Code={"ZipFile": archive("def handler(event, context):\n    print('CALLED')\n")},
    )["FunctionArn"]
    functions.add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    client = own_server.client("cloudwatch")
    _put_alarm(client, AlarmActions=[arn])
    client.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="before the kill")
    own_server.kill()
    client = own_server.start().client("cloudwatch")
    told = _eventually(lambda: client.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"])
    assert told[-1]["HistorySummary"] == f"Successfully executed action {arn}"


def test_rules_of_the_event_bus_hear_alarms(aws: Server) -> None:
    """A rule on the default bus sends the change to a queue: how people forward alarms without a topic."""
    name = f"a-{uuid4()}"
    queue, events, client = aws.client("sqs"), aws.client("events"), aws.client("cloudwatch")
    url = queue.create_queue(QueueName=name)["QueueUrl"]
    arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    let_in = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**let_in, "Resource": arn}]}
    queue.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    _put_alarm(client, name)
    client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="not yet")
    client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="now")
    message = _eventually(lambda: queue.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))[0]
    event = json.loads(message["Body"])
    assert event["resources"] == [client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]]
    assert event["detail"]["previousState"]["value"] == "OK"
    assert event["detail"]["state"]["reason"] == "now"


def test_what_was_put_survives_a_kill(own_server: Server) -> None:
    """PutMetricData has answered: its values are on disk."""
    client = own_server.start().client("cloudwatch")
    client.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "m", "Value": 9}])
    own_server.kill()
    client = own_server.start().client("cloudwatch")
    now = datetime.now(UTC)
    points = client.get_metric_statistics(
        Namespace="Mine",
        MetricName="m",
        Period=3600,
        Statistics=["Sum"],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
    )["Datapoints"]
    assert [point["Sum"] for point in points] == [9.0]


def test_metrics_of_tables(aws: Server) -> None:
    """What DynamoDB counts is there at once, and can be searched for."""
    table = f"table-{uuid4().hex[:8]}"
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(3):
        dynamodb.put_item(TableName=table, Item={"id": {"S": str(number)}})
    now = datetime.now(UTC)
    search = f"SEARCH('{{AWS/DynamoDB,TableName}} MetricName=\"ConsumedWriteCapacityUnits\" \"{table}\"', 'Sum', 10800)"
    [result] = aws.client("cloudwatch").get_metric_data(
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        MetricDataQueries=[{"Id": "e", "Expression": search}],
    )["MetricDataResults"]
    assert (result["Label"], result["Values"]) == ("ConsumedWriteCapacityUnits", [3.0])


def test_policies_decide(aws: Server) -> None:
    """By namespace, by alarm, and by alarms' tags (Service Authorization Reference, "Amazon CloudWatch")."""
    admin = aws.client("cloudwatch")
    red, blue = (f"{colour}-{uuid4().hex[:8]}" for colour in ("red", "blue"))
    for name in (red, blue):
        _put_alarm(admin, name, Tags=[{"Key": "team", "Value": name.partition("-")[0]}])
    user = User(aws).may(
        allow("cloudwatch:PutMetricData", StringEquals={"cloudwatch:namespace": "Mine"}),
        allow("cloudwatch:SetAlarmState", f"arn:aws:cloudwatch:us-east-1:111111111111:alarm:{red}"),
        allow("cloudwatch:DeleteAlarms", StringEquals={"aws:ResourceTag/team": "blue"}),
    )
    client = user.client("cloudwatch")
    data = [{"MetricName": "m", "Value": 1}]
    client.put_metric_data(Namespace="Mine", MetricData=data)
    refused(client.put_metric_data, Namespace="Theirs", MetricData=data)
    client.set_alarm_state(AlarmName=red, StateValue="OK", StateReason="")
    refused(client.set_alarm_state, AlarmName=blue, StateValue="OK", StateReason="")
    refused(client.delete_alarms, AlarmNames=[blue, red])
    client.delete_alarms(AlarmNames=[blue])
    left = admin.describe_alarms(AlarmNames=[red, blue])["MetricAlarms"]
    assert [(alarm["AlarmName"], alarm["StateReason"]) for alarm in left] == [(red, "")]
    refused(client.describe_alarms)
    refused(client.get_metric_data, MetricDataQueries=[], StartTime=0, EndTime=1)
    admin.delete_alarms(AlarmNames=[red, blue])
