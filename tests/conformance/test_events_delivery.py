"""What the targets of rules get.

Recordings events/events, events_inputs, events_targets, events_schedule, events_cross_account_region.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.request import urlopen
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import User, allow
from tests.conftest import Server
from tests.support.event_rules import ACCOUNT, Told, add_rule, advance, put
from tests.support.functions import archive, make_role

OTHER: Final = "222222222222"
_WITHIN_S: Final = 30.0
_DETAIL: Final = {"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}
_KEEPS: Final = """
import boto3, json
def handler(event, context):
    boto3.client("dynamodb").put_item(TableName="events-seen", Item={"pk": {"S": context.function_name},
        "event": {"S": json.dumps(event)}})
"""


@pytest.fixture
def events(aws: Server) -> Any:
    return aws.client("events")


@pytest.fixture
def source() -> str:
    """Of events that no other test's rules match."""
    return f"source-{uuid4().hex[:12]}"


def eventually(what: Callable[[], Any]) -> Any:
    """What it gives once that is something."""
    deadline = time.monotonic() + _WITHIN_S
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_an_event_as_a_queue_gets_it(aws: Server, events: Any, source: str) -> None:
    """test_put_events_with_target_sqs, test_put_events_with_time_field: the whole of it, in AWS's order, compact."""
    told = Told(aws)
    add_rule(events, {"source": [source], "detail": {"command": ["update-account"]}}, {"Arn": told.arn})
    put(events, source, {"command": "other"})
    event_id = put(events, source, _DETAIL, Time=datetime(2022, 1, 1, 12, 30, tzinfo=UTC), Resources=["r1", "r2"])
    (body,) = told.bodies(1)
    assert body == json.dumps(
        {
            "version": "0",
            "id": event_id,
            "detail-type": "core.update-account-command",
            "source": source,
            "account": ACCOUNT,
            "time": "2022-01-01T12:30:00Z",
            "region": "us-east-1",
            "resources": ["r1", "r2"],
            "detail": _DETAIL,
        },
        separators=(",", ":"),
    )


@pytest.mark.parametrize(
    ("entry", "code", "message"),
    [
        ({"Source": ""}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        ({"Detail": ""}, "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
        (
            {"DetailType": ""},
            "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
        ),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException", "Not authorized for the source."),
        ({"Detail": "text"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '"text"'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": "[1]"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"a": 1'}, "MalformedDetail", "Detail is malformed."),
    ],
)
def test_an_entry_that_is_none(events: Any, entry: dict[str, str], code: str, message: str) -> None:
    """test_put_events_without_source, test_put_event_malformed_detail and their like: the others are taken."""
    good = {"Source": "a", "DetailType": "b", "Detail": "{}"}
    answer = events.put_events(Entries=[good | entry, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0] == {"ErrorCode": code, "ErrorMessage": message}
    assert set(answer["Entries"][1]) == {"EventId"}


def test_too_much_at_once(events: Any) -> None:
    """test_put_event_with_too_big_detail, test_put_events_exceed_limit_ten_entries."""
    big = {"Source": "a", "DetailType": "b", "Detail": json.dumps({"a": "x" * (256 * 1024 - 10)})}
    with pytest.raises(ClientError) as caught:
        events.put_events(Entries=[big])
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Total size of the entries in the request is over the limit.",
    }
    fits = big | {"Detail": json.dumps({"a": "x" * (256 * 1024 - 11)})}
    assert events.put_events(Entries=[fits])["FailedEntryCount"] == 0
    with pytest.raises(ClientError) as caught:
        events.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}] * 11)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert "failed to satisfy constraint: Member must have length less than or equal to 10" in error["Message"]


def test_buses_are_apart(aws: Server, events: Any, source: str) -> None:
    """test_put_events_nonexistent_event_bus: an event for no bus is taken, and told to nobody."""
    bus = f"bus-{uuid4().hex[:12]}"
    events.create_event_bus(Name=bus)
    here, there = Told(aws), Told(aws)
    add_rule(events, {"source": [source]}, {"Arn": here.arn})
    add_rule(events, {"source": [source]}, {"Arn": there.arn}, bus=bus)
    put(events, source, {}, bus="nowhere")
    for_custom = put(events, source, {}, bus=bus)
    for_default = put(events, source, {})
    assert [event["id"] for event in here.events(1)] == [for_default]
    assert [event["id"] for event in there.events(1)] == [for_custom]


def test_rules_are_obeyed_at_once(aws: Server, events: Any, source: str) -> None:
    """What was compiled before a rule changed is not used afterwards."""
    told = Told(aws)
    rule = add_rule(events, {"source": [source]}, {"Id": "t", "Arn": told.arn})
    seen = []
    changes: tuple[Callable[[], Any], ...] = (
        lambda: events.disable_rule(Name=rule),
        lambda: events.enable_rule(Name=rule),
        lambda: events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["other"]})),
        lambda: events.put_rule(Name=rule, EventPattern=json.dumps({"source": [source]})),
        lambda: events.remove_targets(Rule=rule, Ids=["t"]),
        lambda: events.put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": told.arn}]),
    )
    for change in changes:
        change()
        seen.append(put(events, source, {}))
    assert {event["id"] for event in told.events(3)} == {seen[1], seen[3], seen[5]}


def _transformed(aws: Server, events: Any, source: str, template: str, detail: Any, **paths: str) -> str:
    told = Told(aws)
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    add_rule(events, {"source": [source]}, {"Arn": told.arn, "InputTransformer": transformer})
    put(events, source, detail)
    (body,) = told.bodies(1)
    return body


def test_parts_of_an_event(aws: Server, events: Any, source: str) -> None:
    """test_put_events_with_input_path, _nested, _max_level_depth; a constant (tests_schedule_rate_custom_input)."""
    told = [Told(aws) for _ in range(4)]
    inputs = [
        {"InputPath": "$.detail"},
        {"InputPath": "$.detail.payload"},
        {"InputPath": "$.detail.payload.sf_id"},
        {"Input": '{"custom-value": "some"}'},
    ]
    add_rule(events, {"source": [source]}, *({"Arn": each.arn} | how for each, how in zip(told, inputs, strict=True)))
    put(events, source, _DETAIL)
    assert told[0].events() == [_DETAIL]
    assert told[1].events() == [_DETAIL["payload"]]
    assert told[2].bodies() == ['"baz"']
    assert told[3].bodies() == ['{"custom-value": "some"}']


def test_templates(aws: Server, events: Any, source: str) -> None:
    """test_input_transformer_nested_keys_replacement, test_put_events_with_input_transformer_input_template_string.

    The rest of the table is in tests/unit/events.
    """
    paths = {"userId": "$.detail.payload.acc_id", "payload": "$.detail.payload"}
    template = '{"path": "users/<userId>", "id": <userId>, "body": <payload>}'
    made = _transformed(aws, events, source, template, _DETAIL, **paths)
    payload = _DETAIL["payload"]
    assert json.loads(made) == {"path": "users/0a787ecb-4015", "id": "0a787ecb-4015", "body": payload}


def test_what_pileus_tells_of_the_rule(aws: Server, events: Any, source: str) -> None:
    """test_input_transformer_predefined_variables."""
    told = Told(aws)
    template = '{"originalEvent": <aws.events.event>, "originalEventJson": <aws.events.event.json>}'
    words = '"<aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>"'
    transformers = [{"InputTemplate": template}, {"InputTemplate": words}]
    rule = add_rule(
        events, {"source": [source]}, *({"Arn": told.arn, "InputTransformer": each} for each in transformers)
    )
    put(events, source, _DETAIL)
    text, whole = sorted(told.bodies(2))
    arn, name, ingested = text.strip('"').split(" ")
    assert (arn, name) == (f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{rule}", rule)
    assert datetime.fromisoformat(ingested) <= datetime.now(UTC)
    given = json.loads(whole)
    described, event = given["originalEvent"], given["originalEventJson"]
    assert event["detail"] == _DETAIL
    del event["detail"]
    assert described == {"detailType" if key == "detail-type" else key: value for key, value in event.items()}


def test_fifo_queues(aws: Server, events: Any, source: str) -> None:
    """The group is the target's."""
    told = Told(aws, fifo=True)
    add_rule(events, {"source": [source]}, {"Arn": told.arn, "SqsParameters": {"MessageGroupId": "mine"}})
    put(events, source, {})
    (message,) = told.messages(1)
    assert message["Attributes"]["MessageGroupId"] == "mine"


def test_topics(aws: Server, events: Any, source: str) -> None:
    """test_put_events_with_target_sns[standard]: the topic's policy must let EventBridge in."""
    sns = aws.client("sns")
    queue = Told(aws, open=False)
    arn = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
    policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": arn}]}
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))
    of_topic = statement | {"Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [of_topic | {"Resource": queue.arn}]}
    aws.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue.arn)
    add_rule(events, {"source": [source]}, {"Arn": arn})
    event_id = put(events, source, _DETAIL)
    (notification,) = queue.events(1)
    assert notification["Type"] == "Notification"
    assert json.loads(notification["Message"])["id"] == event_id
    assert '"detail":{"command":"update-account"' in notification["Message"]


def test_log_groups(aws: Server, events: Any, source: str) -> None:
    """test_put_events_with_target_cloudwatch_logs."""
    logs = aws.client("logs")
    group = f"/aws/events/{uuid4().hex}"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"
    rule = add_rule(events, {"source": [source]}, {"Id": "t", "Arn": arn})
    event_id = put(events, source, _DETAIL)
    (line,) = eventually(lambda: logs.filter_log_events(logGroupName=group)["events"])
    assert json.loads(line["message"])["id"] == event_id

    transformer = {
        "InputPathsMap": {"at": "$.detail.at", "command": "$.detail.command"},
        "InputTemplate": '{"timestamp": <at>, "message": "did <command>"}',
    }
    events.put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": f"{arn}:*", "InputTransformer": transformer}])
    at_ms = int(time.time() * 1000) - 60_000
    put(events, source, {"command": "it", "at": at_ms})
    ((said, when),) = eventually(
        lambda: [
            (each["message"], each["timestamp"])
            for each in logs.filter_log_events(logGroupName=group)["events"]
            if "detail-type" not in each["message"]
        ]
    )
    assert (said, when) == ("did it", at_ms)


def test_what_log_groups_get_is_counted(aws: Server, events: Any, source: str) -> None:
    """As of whoever else writes to a group: bytes, events, and what its metric filters count. And paid for."""
    logs, cloudwatch = aws.client("logs"), aws.client("cloudwatch")
    group = f"/aws/events/{uuid4().hex}"
    logs.create_log_group(logGroupName=group)
    transformation = {"metricNamespace": source, "metricName": "Seen", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName=group, filterName="f", filterPattern="update", metricTransformations=[transformation]
    )
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"
    add_rule(events, {"source": [source]}, {"Id": "t", "Arn": arn})
    put(events, source, _DETAIL)
    (line,) = eventually(lambda: logs.filter_log_events(logGroupName=group)["events"])

    def total(namespace: str, name: str, **dimensions: str) -> float:
        now = time.time()
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - 600,
            EndTime=now + 600,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    size_bytes = len(line["message"].encode())
    assert eventually(lambda: total("AWS/Logs", "IncomingBytes", LogGroupName=group)) == size_bytes
    assert eventually(lambda: total("AWS/Logs", "IncomingLogEvents", LogGroupName=group)) == 1
    assert eventually(lambda: total(source, "Seen")) == 1
    with urlopen(f"{aws.url}/_pileus/bill", timeout=10) as answer:
        bill = json.load(answer)
    [own] = [account for account in bill["accounts"] if account["account_id"] == ACCOUNT]
    [ingested] = [row for row in own["lines"] if row["what"] == "GB ingested"]
    [used] = [use for use in ingested["resources"] if use["name"] == group]
    assert used["amount"] == pytest.approx(size_bytes / 2**30)


@pytest.fixture
def seen(aws: Server) -> Iterator[Callable[[str], Any]]:
    """The event that a function of this name has got, if it has."""
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="events-seen",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield lambda name: dynamodb.get_item(TableName="events-seen", Key={"pk": {"S": name}}).get("Item")
    dynamodb.delete_table(TableName="events-seen")


def test_functions(aws: Server, events: Any, source: str, seen: Callable[[str], Any]) -> None:
    """test_put_events_with_target_lambda: its policy must let the rule in; where it does not, the event is buried."""
    lambda_ = aws.client("lambda")
    name = f"events-{uuid4().hex[:12]}"
    arn = lambda_.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=make_role(aws),
        Handler="index.handler",
        Code={"ZipFile": archive(_KEEPS)},
    )["FunctionArn"]
    buried = Told(aws)
    rule = add_rule(events, {"source": [source]}, {"Arn": arn, "DeadLetterConfig": {"Arn": buried.arn}})
    rule_arn = events.describe_rule(Name=rule)["Arn"]
    refused = put(events, source, _DETAIL)
    (message,) = buried.messages(1)
    assert json.loads(message["Body"])["id"] == refused
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told.pop("ERROR_MESSAGE")
    assert told == {"RULE_ARN": rule_arn, "TARGET_ARN": arn, "ERROR_CODE": "NO_PERMISSIONS"}

    lambda_.add_permission(
        FunctionName=name,
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule_arn,
    )
    event_id = put(events, source, _DETAIL)
    item = eventually(lambda: seen(name))
    assert json.loads(item["event"]["S"])["id"] == event_id


def test_what_cannot_be_delivered_is_buried(aws: Server, events: Any, source: str) -> None:
    """A queue that is gone, one that lets nobody in, and a template that makes no JSON of an event.

    Recording events_inputs, test_input_transformer_nested_keys_replacement_not_valid; the codes are of the User Guide,
    "Using dead-letter queues".
    """
    buried, closed, fine = Told(aws), Told(aws, open=False), Told(aws)
    dead = {"DeadLetterConfig": {"Arn": buried.arn}}
    no_json = {"InputPathsMap": {"a": "$.detail.list"}, "InputTemplate": '{"a": "<a>"}'}
    add_rule(
        events,
        {"source": [source]},
        {"Arn": f"{fine.arn}-gone"} | dead,
        {"Arn": closed.arn} | dead,
        {"Arn": fine.arn, "InputTransformer": no_json} | dead,
        {"Arn": fine.arn},
    )
    event_id = put(events, source, {"list": ["HIGH"]})
    messages = buried.messages(3)
    assert sorted(message["MessageAttributes"]["ERROR_CODE"]["StringValue"] for message in messages) == [
        "INVALID_JSON",
        "NO_PERMISSIONS",
        "NO_RESOURCE",
    ]
    assert {json.loads(message["Body"])["id"] for message in messages} == {event_id}
    assert [event["id"] for event in fine.events(1)] == [event_id]


def test_rules_are_counted(aws: Server, events: Any, source: str) -> None:
    """AWS/Events, by rule: what matched, what was sent, what failed and was buried."""
    buried, told = Told(aws), Told(aws)
    dead = {"DeadLetterConfig": {"Arn": buried.arn}}
    rule = add_rule(events, {"source": [source]}, {"Arn": told.arn}, {"Arn": f"{told.arn}-gone"} | dead)
    put(events, source, {})
    told.messages(1)
    buried.messages(1)
    cloudwatch = aws.client("cloudwatch")

    def sums() -> dict[str, float]:
        return {
            name: sum(
                point["Sum"]
                for point in cloudwatch.get_metric_statistics(
                    Namespace="AWS/Events",
                    MetricName=name,
                    Dimensions=[{"Name": "RuleName", "Value": rule}],
                    StartTime=datetime.now(UTC) - timedelta(hours=1),
                    EndTime=datetime.now(UTC) + timedelta(hours=1),
                    Period=60,
                    Statistics=["Sum"],
                )["Datapoints"]
            )
            for name in ("MatchedEvents", "TriggeredRules", "Invocations", "FailedInvocations", "InvocationsSentToDlq")
        }

    expected = {
        "MatchedEvents": 1,
        "TriggeredRules": 1,
        "Invocations": 2,
        "FailedInvocations": 1,
        "InvocationsSentToDlq": 1,
    }
    eventually(lambda: sums() == expected)


def test_from_bus_to_bus(aws: Server, events: Any, source: str) -> None:
    """test_put_events_bus_to_bus; never to a third one (User Guide, "Sending events between event buses")."""
    buses = [f"bus-{uuid4().hex[:12]}" for _ in range(2)]
    arns = [events.create_event_bus(Name=bus)["EventBusArn"] for bus in buses]
    told, third, buried = Told(aws), Told(aws), Told(aws)
    default = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    add_rule(events, {"source": [source]}, {"Arn": arns[1]}, bus=buses[0])
    add_rule(
        events,
        {"source": [source]},
        {"Arn": told.arn},
        {"Arn": default, "DeadLetterConfig": {"Arn": buried.arn}},
        bus=buses[1],
    )
    add_rule(events, {"source": [source]}, {"Arn": third.arn})
    event_id = put(events, source, _DETAIL, bus=buses[0])
    assert [event["id"] for event in told.events(1)] == [event_id]
    (message,) = buried.messages(1)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "THIRD_ACCOUNT_HOP_DETECTED"
    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=third.url)


def test_to_the_bus_of_another_account_and_region(aws: Server, events: Any, source: str) -> None:
    """test_event_bus_to_event_bus_cross_account_region: the bus must let the account in; another region, another id."""
    there = aws.client("events", aws_access_key_id=OTHER, region_name="eu-central-1")
    same_region = aws.client("events", aws_access_key_id=OTHER)
    buried = Told(aws)
    told = {}
    targets: list[dict[str, Any]] = []
    for client, region in ((there, "eu-central-1"), (same_region, "us-east-1")):
        bus = f"bus-{uuid4().hex[:12]}"
        arn = client.create_event_bus(Name=bus)["EventBusArn"]
        assert arn == f"arn:aws:events:{region}:{OTHER}:event-bus/{bus}"
        told[region] = Told(aws, account=OTHER)
        add_rule(client, {"source": [source]}, {"Arn": told[region].arn}, bus=bus)
        targets.append({"Arn": arn, "DeadLetterConfig": {"Arn": buried.arn}})
    add_rule(events, {"source": [source]}, *targets)
    put(events, source, {"n": 1})
    assert {message["MessageAttributes"]["ERROR_CODE"]["StringValue"] for message in buried.messages(2)} == {
        "NO_PERMISSIONS"
    }
    for client, target in zip((there, same_region), targets, strict=True):
        bus = target["Arn"].rpartition("/")[2]
        client.put_permission(EventBusName=bus, Action="events:PutEvents", Principal=ACCOUNT, StatementId="in")
    event_id = put(events, source, {"n": 2})
    (near,), (far,) = told["us-east-1"].events(1), told["eu-central-1"].events(1)
    assert near["id"] == event_id != far["id"]
    assert near["detail"] == far["detail"] == {"n": 2}
    assert (far["account"], far["region"]) == (ACCOUNT, "us-east-1")


def test_events_for_another_accounts_bus(aws: Server, events: Any, source: str) -> None:
    """TestEventsCrossAccountRegion::test_put_events[custom-account]: its policy must let the caller in."""
    there = aws.client("events", aws_access_key_id=OTHER)
    bus = f"bus-{uuid4().hex[:12]}"
    arn = there.create_event_bus(Name=bus)["EventBusArn"]
    told = Told(aws, account=OTHER)
    add_rule(there, {"source": [source]}, {"Arn": told.arn}, bus=bus)
    with pytest.raises(ClientError) as caught:
        put(events, source, {}, bus=arn)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    there.put_permission(EventBusName=bus, Action="events:PutEvents", Principal=ACCOUNT, StatementId="in")
    event_id = put(events, source, {}, bus=arn)
    (event,) = told.events(1)
    assert (event["id"], event["account"]) == (event_id, ACCOUNT)


def test_who_may_put_events(aws: Server, source: str) -> None:
    """Policies are asked of each entry's bus, and of its source and detail type."""
    default = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    user = User(aws).may(allow("events:PutEvents", default, StringEquals={"events:source": source}))
    client = user.client("events")
    put(client, source, {})
    with pytest.raises(ClientError) as caught:
        put(client, f"{source}-other", {})
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert f"is not authorized to perform: events:PutEvents on resource: {default}" in error["Message"]


def test_event_patterns_can_be_tried(events: Any) -> None:
    """test_event_pattern_source, test_plain_string_payload, test_array_event_payload."""
    event = json.dumps({"id": "1", "source": "order", "detail-type": "T", "account": ACCOUNT, "detail": {"a": 1}})

    def tried(pattern: Any) -> bool:
        result: bool = events.test_event_pattern(Event=event, EventPattern=json.dumps(pattern))["Result"]
        return result

    assert tried({"source": ["order"]})
    assert tried({"detail": {"a": [{"numeric": [">", 0]}]}})
    assert not tried({"source": ["shipment"]})
    for wrong in ("plain string", '"text"', "[]", "{"):
        with pytest.raises(ClientError) as caught:
            events.test_event_pattern(Event=wrong, EventPattern='{"source": ["order"]}')
        assert caught.value.response["Error"] == {
            "Code": "ValidationException",
            "Message": "Parameter Event is not valid.",
        }


def test_what_was_acknowledged_survives_a_kill(own_server: Server, source: str) -> None:
    """Each event of which PutEvents said yes arrives, once, whatever had been delivered when the server died."""
    aws = own_server.start()
    events, told = aws.client("events"), Told(aws)
    add_rule(events, {"source": [source]}, {"Arn": told.arn})
    acknowledged = [put(events, source, {"n": number}) for number in range(50)]
    own_server.kill()
    own_server.start()
    told.follow(own_server)
    assert sorted(event["id"] for event in told.events(50)) == sorted(acknowledged)
    assert "Messages" not in own_server.client("sqs").receive_message(QueueUrl=told.url)


def test_schedules(own_server: Server) -> None:
    """tests_schedule_rate_target_sqs, test_schedule_cron_target_sqs: by the server's clock, and past a restart."""
    aws = own_server.start()
    events, told = aws.client("events"), Told(aws)
    events.put_rule(Name="r", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": told.arn}])
    arn = events.describe_rule(Name="r")["Arn"]
    advance(aws, 3601)
    (first,) = told.events(1)
    assert first["detail-type"] == "Scheduled Event"
    assert first["source"] == "aws.events"
    assert first["resources"] == [arn]
    assert first["detail"] == {}

    own_server.kill()
    own_server.start()
    told.follow(own_server)
    advance(own_server, 3600)
    (second,) = told.events(1)
    beat = datetime.fromisoformat(second["time"]) - datetime.fromisoformat(first["time"])
    assert beat.total_seconds() == 3600
    aws.client("events").disable_rule(Name="r")
    aws.client("events").put_rule(Name="c", ScheduleExpression="cron(0 0 1 1 ? *)")
    aws.client("events").put_targets(Rule="c", Targets=[{"Id": "t", "Arn": told.arn, "Input": '"happy new year"'}])
    advance(own_server, 366 * 24 * 3600)
    assert told.bodies(1) == ['"happy new year"']
