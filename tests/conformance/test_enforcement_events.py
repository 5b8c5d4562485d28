"""Who may use event buses: identity policies with condition keys, roles that are passed, and policies of buses."""

import json
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.conformance.test_enforcement import OTHER, User, allow, refused
from tests.conformance.test_enforcement_functions import decisions, elsewhere
from tests.conftest import Server
from tests.support.event_rules import ACCOUNT, Told, add_rule, put

_PATTERN: Final = json.dumps({"source": ["x"]})
_QUEUE: Final = f"arn:aws:sqs:us-east-1:{ACCOUNT}:somewhere"
_ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/tells"


@pytest.fixture
def bus(aws: Server) -> str:
    name = f"bus-{uuid4().hex[:12]}"
    aws.client("events").create_event_bus(Name=name)
    return name


def test_rules_and_targets(aws: Server, bus: str) -> None:
    """By the rule's ARN, which has the bus's name in it; targets by `events:TargetArn`; roles must be passed."""
    rules = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{bus}/*"
    targets = allow("events:PutTargets", rules, StringEquals={"events:TargetArn": _QUEUE})
    user = User(aws).may(allow(["events:PutRule", "events:DescribeRule"], rules), targets)
    events = user.client("events")
    events.put_rule(Name="mine", EventPattern=_PATTERN, EventBusName=bus)
    events.describe_rule(Name="mine", EventBusName=bus)
    told = refused(events.put_rule, Name="mine", EventPattern=_PATTERN)
    assert f"events:PutRule on resource: arn:aws:events:us-east-1:{ACCOUNT}:rule/mine" in told["Message"]
    refused(events.list_rules, EventBusName=bus)
    refused(events.put_rule, Name="mine", EventPattern=_PATTERN, EventBusName=bus, Tags=[{"Key": "a", "Value": "b"}])

    def target(arn: str, **members: str) -> dict[str, Any]:
        return {"Rule": "mine", "EventBusName": bus, "Targets": [{"Id": "t", "Arn": arn} | members]}

    events.put_targets(**target(_QUEUE))
    refused(events.put_targets, **target(f"{_QUEUE}-other"))
    told = refused(events.put_targets, **target(_QUEUE, RoleArn=_ROLE))
    assert f"iam:PassRole on resource: {_ROLE}" in told["Message"]
    passing = allow("iam:PassRole", _ROLE, StringEquals={"iam:PassedToService": "events.amazonaws.com"})
    user.may(allow("events:*", rules), passing)
    events.put_targets(**target(_QUEUE, RoleArn=_ROLE))


def test_rules_on_the_bus_of_another_account(aws: Server, bus: str) -> None:
    """User Guide, "Permissions for Amazon EventBridge event buses": both accounts must allow."""
    bus_arn = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{bus}"
    rules = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{bus}/*"
    them = elsewhere(aws).may(allow("events:*"))
    events = them.client("events")
    for call, request in (
        (events.put_rule, {"Name": "theirs", "EventPattern": _PATTERN}),
        (events.list_rules, {}),
        (events.list_targets_by_rule, {"Rule": "theirs"}),
        (events.list_rule_names_by_target, {"TargetArn": _QUEUE}),
    ):
        refused(call, EventBusName=bus_arn, **request)
    refused(events.describe_event_bus, Name=bus_arn)
    refused(events.list_tags_for_resource, ResourceARN=bus_arn)
    statement = {
        "Sid": "rules",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": ["events:PutRule", "events:DescribeRule", "events:ListRules"],
        "Resource": rules,
        "Condition": {"StringEqualsIfExists": {"events:creatorAccount": OTHER}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ours = aws.client("events")
    ours.put_permission(EventBusName=bus, Policy=policy)
    ours.put_rule(Name="ours", EventPattern=_PATTERN, EventBusName=bus)
    arn = events.put_rule(Name="theirs", EventPattern=_PATTERN, EventBusName=bus_arn)["RuleArn"]
    assert arn == f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{bus}/theirs"
    assert events.describe_rule(Name="theirs", EventBusName=bus_arn)["CreatedBy"] == OTHER
    assert ours.describe_rule(Name="ours", EventBusName=bus)["CreatedBy"] == ACCOUNT
    refused(events.describe_rule, Name="ours", EventBusName=bus_arn)
    refused(events.put_rule, Name="ours", EventPattern=_PATTERN, EventBusName=bus_arn)
    assert [rule["Name"] for rule in events.list_rules(EventBusName=bus_arn)["Rules"]] == ["ours", "theirs"]


def test_a_role_lets_into_a_queue_that_lets_nobody_in(aws: Server) -> None:
    """RoleArn: the role's policies are asked, not the queue's; one that may not, buries."""
    events, iam = aws.client("events"), aws.client("iam")
    told, buried = Told(aws, open=False), Told(aws)
    name = f"tells-{uuid4().hex[:12]}"
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    source = f"source-{uuid4().hex[:12]}"
    dead = {"DeadLetterConfig": {"Arn": buried.arn}}
    add_rule(events, {"source": [source]}, {"Arn": told.arn, "RoleArn": role} | dead)
    refused_id = put(events, source, {})
    (message,) = buried.messages(1)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert json.loads(message["Body"])["id"] == refused_id
    sends = {"Version": "2012-10-17", "Statement": [allow("sqs:SendMessage", told.arn)]}
    iam.put_role_policy(RoleName=name, PolicyName="sends", PolicyDocument=json.dumps(sends))
    event_id = put(events, source, {})
    assert [event["id"] for event in told.events(1)] == [event_id]


def test_a_role_is_assumed_only_where_it_trusts_the_rule(aws: Server) -> None:
    """Sources: EventBridge User Guide, "Cross-service confused deputy prevention"; "Using IAM roles" of targets.

    What a role may do counts for nothing while it does not trust EventBridge; and then it may trust one rule alone.
    """
    events, iam = aws.client("events"), aws.client("iam")
    told, buried = Told(aws, open=False), Told(aws)
    name, source = f"trusts-{uuid4().hex[:12]}", f"source-{uuid4().hex[:12]}"

    def trusting(service: str, **condition: Any) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Condition": condition}]})

    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting("lambda.amazonaws.com"))["Role"]["Arn"]
    sends = {"Version": "2012-10-17", "Statement": [allow("sqs:SendMessage", told.arn)]}
    iam.put_role_policy(RoleName=name, PolicyName="sends", PolicyDocument=json.dumps(sends))
    rule = add_rule(
        events,
        {"source": [source]},
        {"Arn": told.arn, "RoleArn": role, "DeadLetterConfig": {"Arn": buried.arn}},
    )
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{rule}"
    for trust in (
        trusting("lambda.amazonaws.com"),
        trusting("events.amazonaws.com", ArnEquals={"aws:SourceArn": f"{arn}-other"}),
        trusting("events.amazonaws.com", StringEquals={"aws:SourceAccount": OTHER}),
    ):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        put(events, source, {})
        (message,) = buried.messages(1)
        assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    denied = decisions(aws, action="sts:AssumeRole", principal="events.amazonaws.com")
    assert [each["kind"] for each in denied if each["resource"] == role] == ["role's trust policy"] * 3
    trusts = {"ArnEquals": {"aws:SourceArn": arn}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trusting("events.amazonaws.com", **trusts))
    event_id = put(events, source, {})
    assert [event["id"] for event in told.events(1)] == [event_id]


def test_a_role_of_another_account_is_not_passed(aws: Server) -> None:
    """Not by a key that nobody minted either: EventBridge would act in a stranger's role for whoever knows its ARN.

    Source of the words: IAM's, as Lambda and S3 pass them on.
    """
    events, name = aws.client("events", aws_access_key_id=OTHER), f"steals-{uuid4().hex[:12]}"
    events.put_rule(Name=name, EventPattern=_PATTERN)
    target = {"Id": "t", "Arn": _QUEUE, "RoleArn": _ROLE}
    told = refused(events.put_targets, Rule=name, Targets=[target])
    assert told["Message"] == "Cross-account pass role is not allowed."
    refused(events.put_rule, Name=name, EventPattern=_PATTERN, RoleArn=_ROLE)
    assert events.list_targets_by_rule(Rule=name)["Targets"] == []
    assert "RoleArn" not in events.describe_rule(Name=name)
