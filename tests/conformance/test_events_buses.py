"""Event buses, rules and targets as boto3 sees them. Recordings events/events, events_tags, events_schedule."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.event_rules import ACCOUNT, add_rule

_PATTERN = json.dumps({"source": ["core.update-account-command"]})
_QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:somewhere"


@pytest.fixture
def events(aws: Server) -> Any:
    return aws.client("events")


@pytest.fixture
def bus(events: Any) -> str:
    name = f"bus-{uuid4().hex[:12]}"
    events.create_event_bus(Name=name)
    return name


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_bus_from_beginning_to_end(events: Any) -> None:
    """test_create_list_describe_delete_custom_event_buses, test_create_multiple_event_buses_same_name."""
    name = f"bus-{uuid4().hex[:12]}"
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{name}"
    assert plain(events.create_event_bus(Name=name, Description="test bus")) == {
        "EventBusArn": arn,
        "Description": "test bus",
    }
    again = refused(events.create_event_bus, Name=name)
    assert again == ("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    described = plain(events.describe_event_bus(Name=name))
    (listed,) = events.list_event_buses(NamePrefix=name)["EventBuses"]
    assert described == listed
    assert described.pop("CreationTime") == described.pop("LastModifiedTime")
    assert described == {"Arn": arn, "Name": name, "Description": "test bus"}
    events.update_event_bus(Name=name, Description="another")
    assert events.describe_event_bus(Name=arn)["Description"] == "another"
    events.delete_event_bus(Name=name)
    missing = ("ResourceNotFoundException", f"Event bus {name} does not exist.")
    assert refused(events.describe_event_bus, Name=name) == missing
    assert refused(events.put_rule, Name="r", EventPattern=_PATTERN, EventBusName=name) == missing
    assert events.list_event_buses(NamePrefix=name)["EventBuses"] == []
    events.delete_event_bus(Name=name)


def test_the_default_bus(events: Any) -> None:
    """test_delete_default_event_bus: it is there in every region, and stays."""
    described = events.describe_event_bus()
    assert described["Name"] == "default"
    assert described["Arn"] == f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    assert refused(events.delete_event_bus, Name="default") == (
        "ValidationException",
        "Cannot delete event bus default.",
    )
    assert refused(events.create_event_bus, Name="default")[0] == "ResourceAlreadyExistsException"
    assert "default" in [each["Name"] for each in events.list_event_buses()["EventBuses"]]


def test_lists_have_pages(events: Any) -> None:
    """test_list_event_buses_with_limit, test_list_rule_with_limit, test_list_target_by_rule_limit."""
    prefix = f"page-{uuid4().hex[:8]}"
    names = [f"{prefix}-{number}" for number in range(6)]
    for name in names:
        events.create_event_bus(Name=name)
    first = events.list_event_buses(NamePrefix=prefix, Limit=3)
    second = events.list_event_buses(NamePrefix=prefix, Limit=3, NextToken=first["NextToken"])
    assert [each["Name"] for each in first["EventBuses"] + second["EventBuses"]] == names
    assert "NextToken" not in second

    bus = names[0]
    for name in names:
        events.put_rule(Name=name, EventPattern=_PATTERN, EventBusName=bus)
    first = events.list_rules(EventBusName=bus, Limit=4)
    second = events.list_rules(EventBusName=bus, Limit=4, NextToken=first["NextToken"])
    assert [each["Name"] for each in first["Rules"] + second["Rules"]] == names
    assert [each["Name"] for each in events.list_rules(EventBusName=bus, NamePrefix=names[2])["Rules"]] == [names[2]]

    targets = [{"Id": f"t{number}", "Arn": _QUEUE} for number in range(5)]
    events.put_targets(Rule=bus, EventBusName=bus, Targets=targets)
    first = events.list_targets_by_rule(Rule=bus, EventBusName=bus, Limit=3)
    second = events.list_targets_by_rule(Rule=bus, EventBusName=bus, Limit=3, NextToken=first["NextToken"])
    assert first["Targets"] + second["Targets"] == targets
    assert refused(events.list_rules, NextToken="!")[0] == "ValidationException"


def test_names_by_target(events: Any, bus: str) -> None:
    """test_list_rule_names_by_target[custom], _with_limit, _no_matches."""
    names = [add_rule(events, {"source": ["x"]}, {"Arn": _QUEUE}, {"Arn": _QUEUE}, bus=bus) for _ in range(5)]
    found: list[str] = []
    token: dict[str, str] = {}
    for expected in (2, 2, 1):
        page = events.list_rule_names_by_target(TargetArn=_QUEUE, EventBusName=bus, Limit=2, **token)
        assert len(page["RuleNames"]) == expected
        found += page["RuleNames"]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
    assert not token
    assert found == sorted(names)
    assert events.list_rule_names_by_target(TargetArn=_QUEUE + "x", EventBusName=bus)["RuleNames"] == []


@pytest.mark.parametrize("custom", [True, False])
def test_a_rule_from_beginning_to_end(events: Any, bus: str, custom: bool) -> None:
    """test_put_list_with_prefix_describe_delete_rule, test_disable_re_enable_rule, test_update_rule_with_targets."""
    of_bus = {"EventBusName": bus} if custom else {}
    name = f"rule-{uuid4().hex[:12]}"
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{f'{bus}/' if custom else ''}{name}"
    assert plain(events.put_rule(Name=name, EventPattern=_PATTERN, Description="d", **of_bus)) == {"RuleArn": arn}
    listed = {
        "Name": name,
        "Arn": arn,
        "EventPattern": _PATTERN,
        "State": "ENABLED",
        "Description": "d",
        "EventBusName": bus if custom else "default",
    }
    assert events.list_rules(NamePrefix=name, **of_bus)["Rules"] == [listed]
    assert plain(events.describe_rule(Name=name, **of_bus)) == listed | {"CreatedBy": ACCOUNT}
    events.disable_rule(Name=name, **of_bus)
    assert events.describe_rule(Name=name, **of_bus)["State"] == "DISABLED"
    events.enable_rule(Name=name, **of_bus)
    assert events.describe_rule(Name=name, **of_bus)["State"] == "ENABLED"

    events.put_targets(Rule=name, Targets=[{"Id": "t", "Arn": _QUEUE}], **of_bus)
    events.put_rule(Name=name, EventPattern=_PATTERN, **of_bus)
    assert "Description" not in events.describe_rule(Name=name, **of_bus)
    assert events.list_targets_by_rule(Rule=name, **of_bus)["Targets"] == [{"Id": "t", "Arn": _QUEUE}]
    has_targets = refused(events.delete_rule, Name=name, **of_bus)
    assert has_targets == ("ValidationException", "Rule can't be deleted since it has targets.")
    removed = plain(events.remove_targets(Rule=name, Ids=["t"], **of_bus))
    assert removed == {"FailedEntries": [], "FailedEntryCount": 0}
    assert events.remove_targets(Rule=name, Ids=["t"], **of_bus)["FailedEntryCount"] == 1
    if custom:
        assert refused(events.delete_event_bus, Name=bus)[0] == "ValidationException"
    events.delete_rule(Name=name, **of_bus)
    events.delete_rule(Name=name, **of_bus)
    missing = ("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus if custom else 'default'}.")
    for call in (events.describe_rule, events.enable_rule, events.disable_rule):
        assert refused(call, Name=name, **of_bus) == missing
    assert refused(events.put_targets, Rule=name, Targets=[{"Id": "t", "Arn": _QUEUE}], **of_bus) == missing
    if custom:
        events.delete_event_bus(Name=bus)


def test_what_a_rule_must_say(events: Any, bus: str) -> None:
    """tests_put_rule_with_schedule_custom_event_bus, tests_put_rule_with_invalid_schedule_cron."""
    assert refused(events.put_rule, Name="r") == (
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    )
    assert refused(events.put_rule, Name="r", ScheduleExpression="rate(1 minute)", EventBusName=bus) == (
        "ValidationException",
        "ScheduleExpression is supported only on the default event bus.",
    )
    invalid = ("ValidationException", "Parameter ScheduleExpression is not valid.")
    for wrong in (
        "cron(INVALID)",
        "cron(0 dummy ? * MON-FRI *)",
        "cron(7 20 * * NOT *)",
        "cron(71 8 1 * ? *)",
        "cron(0 1 * * * *)",
        "rate(1 minutes)",
        "rate(0 minutes)",
        "rate(5 minute)",
        "every day",
    ):
        assert refused(events.put_rule, Name="r", ScheduleExpression=wrong) == invalid, wrong
    code, message = refused(events.put_rule, Name="r", EventPattern='{"resources": []}')
    assert code == "InvalidEventPatternException"
    assert message.startswith("Event pattern is not valid. Reason: Empty arrays are not allowed")
    assert refused(events.describe_rule, Name="r")[0] == "ResourceNotFoundException"


def test_what_a_target_must_say(events: Any) -> None:
    """test_add_exceed_fife_targets_per_rule, test_put_target_id_validation, events_inputs."""
    rule = add_rule(events, {"source": ["x"]}, {"Arn": _QUEUE})
    six = [{"Id": f"t{number}", "Arn": _QUEUE} for number in range(6)]
    assert refused(events.put_targets, Rule=rule, Targets=six) == (
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )

    def wrong(**target: Any) -> str:
        code, message = refused(events.put_targets, Rule=rule, Targets=[{"Id": "t", "Arn": _QUEUE} | target])
        assert code == "ValidationException"
        return message

    assert wrong(Id="!@#$@!#$") == (
        "1 validation error detected: Value '!@#$@!#$' at 'targets.1.member.id' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"
    )
    transformer = {"InputPathsMap": {"a": "$.detail"}, "InputTemplate": '"<notdefinedkey>"'}
    assert wrong(InputTransformer=transformer) == (
        "InputTemplate for target t contains invalid placeholder notdefinedkey."
    )
    assert wrong(InputPath="$.detail", Input="{}") == (
        "Only one of Input, InputPath, or InputTransformer must be provided for target t."
    )
    assert wrong(Input="{") == "JSON syntax error in input for target t."
    assert wrong(Arn=f"{_QUEUE}.fifo") == "Parameter(s) SqsParameters must be specified for target: t."
    assert "is not valid. Reason: Provided Arn is not in correct format." in wrong(Arn="somewhere")
    stream = {"Id": "t", "Arn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"}
    with pytest.raises(ClientError) as caught:
        events.put_targets(Rule=rule, Targets=[stream])
    assert caught.value.response["Error"]["Code"] == "NotImplemented"


def test_targets_are_told_as_they_were_given(events: Any) -> None:
    """test_put_multiple_targets_with_same_id_single_rule: the last one with an id counts."""
    target = {
        "Id": "t",
        "Arn": f"{_QUEUE}.fifo",
        "InputTransformer": {"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '{"a": <a>}'},
        "SqsParameters": {"MessageGroupId": "g"},
        "DeadLetterConfig": {"Arn": _QUEUE},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
    }
    rule = add_rule(events, {"source": ["x"]}, {"Id": "t", "Arn": _QUEUE, "InputPath": "$.detail"}, target)
    assert events.list_targets_by_rule(Rule=rule)["Targets"] == [target]


@pytest.mark.parametrize("custom", [True, False])
def test_permissions_of_a_bus(events: Any, bus: str, custom: bool) -> None:
    """test_put_permission, test_remove_permission, test_remove_permission_non_existing_sid."""
    of_bus = {"EventBusName": bus} if custom else {}
    name = bus if custom else "default"
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{name}"
    missing = ("ResourceNotFoundException", "Statement with the provided id does not exist.")
    assert refused(events.remove_permission, StatementId="one", **of_bus) == missing
    events.put_permission(Action="events:PutEvents", Principal=ACCOUNT, StatementId="one", **of_bus)
    events.put_permission(Action="events:PutEvents", Principal="*", StatementId="two", **of_bus)
    policy = json.loads(events.describe_event_bus(Name=name)["Policy"])
    statement = {
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "events:PutEvents",
        "Resource": arn,
    }
    two = statement | {"Sid": "two", "Principal": "*"}
    assert policy == {"Version": "2012-10-17", "Statement": [statement, two]}
    events.remove_permission(StatementId="one", **of_bus)
    assert json.loads(events.describe_event_bus(Name=name)["Policy"])["Statement"] == [two]
    assert refused(events.remove_permission, StatementId="one", **of_bus) == missing
    events.remove_permission(RemoveAllPermissions=True, **of_bus)
    assert "Policy" not in events.describe_event_bus(Name=name)
    whole = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    events.put_permission(Policy=whole, **of_bus)
    assert events.describe_event_bus(Name=name)["Policy"] == whole
    assert refused(events.put_permission, Policy="{", **of_bus)[0] == "ValidationException"
    events.remove_permission(StatementId="one", **of_bus)
    gone = refused(events.put_permission, Policy=whole, EventBusName="nobody")
    assert gone == ("ResourceNotFoundException", "Event bus nobody does not exist.")


@pytest.mark.parametrize("kind", ["bus", "default", "rule", "rule-of-bus"])
def test_tags(events: Any, bus: str, kind: str) -> None:
    """tests_tag_untag_resource, test_recreate_tagged_resource_without_tags, test_put_rule_with_tags."""
    tags = [{"Key": "tag1", "Value": "value1"}, {"Key": "tag2", "Value": "value2"}]
    if kind.startswith("rule"):
        of_bus = {"EventBusName": bus} if kind == "rule-of-bus" else {}
        name = f"tagged-{bus}"
        arn = events.put_rule(Name=name, EventPattern=_PATTERN, Tags=tags, **of_bus)["RuleArn"]
        assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
        events.put_rule(Name=name, EventPattern=_PATTERN, **of_bus)
    else:
        arn = events.describe_event_bus(Name=bus if kind == "bus" else "default")["Arn"]
        events.tag_resource(ResourceARN=arn, Tags=tags)
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    events.untag_resource(ResourceARN=arn, TagKeys=["tag2", "tag3"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags[:1]
    events.untag_resource(ResourceARN=arn, TagKeys=["tag1"])


def test_tags_of_what_is_not_there(events: Any) -> None:
    """tests_tag_list_untag_not_existing_resource."""
    start = f"arn:aws:events:us-east-1:{ACCOUNT}"
    for arn, message in (
        (f"{start}:rule/nothing", "Rule nothing does not exist on EventBus default."),
        (f"{start}:event-bus/nothing", "Event bus nothing does not exist."),
        (f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default", "Event bus default does not exist."),
    ):
        expected = ("ResourceNotFoundException", message)
        assert refused(events.list_tags_for_resource, ResourceARN=arn) == expected
        assert refused(events.tag_resource, ResourceARN=arn, Tags=[]) == expected
        assert refused(events.untag_resource, ResourceARN=arn, TagKeys=[]) == expected


def test_what_is_not_built(events: Any) -> None:
    """Nothing answers as if it had been done."""
    for call, request in (
        (events.create_archive, {"ArchiveName": "a", "EventSourceArn": "arn:aws:events:us-east-1:1:event-bus/default"}),
        (events.list_connections, {}),
        (events.list_api_destinations, {}),
        (events.list_endpoints, {}),
    ):
        with pytest.raises(ClientError) as caught:
            call(**request)
        assert caught.value.response["Error"]["Code"] == "NotImplemented"
