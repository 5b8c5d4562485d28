"""What a target gets of an event. Recording events/events_inputs, by the names of its templates."""

import json
from typing import Any, Final

import pytest

from pileus.services.events.errors import ValidationException
from pileus.services.events.inputs import InvalidInput, check_input, input_of
from pileus.services.events.model import EventRecord, TargetDelivery, TargetRecord
from pileus.services.events.names import BusName

_EVENT: Final = {
    "version": "0",
    "id": "i",
    "detail-type": "type",
    "source": "s",
    "account": "1",
    "time": "2022-01-01T00:00:00Z",
    "region": "r",
    "resources": ["a", "b"],
    "detail": {
        "command": "update-account",
        "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"},
        "listsingle": ["HIGH"],
        "listmulti": ["ACTIVE", "INACTIVE"],
        "valid": True,
        "nothing": None,
        "said": 'a "quoted" word',
        "items": [{"n": 1}, {"n": 2}],
        "with-dash": {"under_score": 1},
    },
}
_PATHS: Final = {
    "userId": "$.detail.payload.acc_id",
    "payload": "$.detail.payload",
    "systemstring": "$.detail.awsAccountId",
    "listsingle": "$.detail.listsingle",
    "listmulti": "$.detail.listmulti",
    "valid": "$.detail.valid",
    "nothing": "$.detail.nothing",
    "said": "$.detail.said",
    "second": "$.detail.items[1].n",
    "all": "$.detail.items[*].n",
    "dash": "$.detail.with-dash.under_score",
    "bracketed": "$.detail['with-dash']",
    "type": "$.detail-type",
}


def target(**members: Any) -> TargetRecord:
    return TargetRecord(target_id="t", arn="arn:aws:sqs:us-east-1:1:q", **members)


def made(**members: Any) -> str:
    record = target(**members)
    check_input(record)
    event = EventRecord(event_id="i", body=json.dumps(_EVENT).encode(), ingested_at_s=1_641_000_000.0)
    bus = BusName("aws", "us-east-1", "1", "b")
    return input_of(TargetDelivery(bus=bus, rule="r", target=record, event=event))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('"<listsingle> single list item"', '"[HIGH] single list item"'),
        ('"<listmulti> multiple list items"', '"[ACTIVE,INACTIVE] multiple list items"'),
        ('"<systemstring> system account id"', '" system account id"'),
        ('"<payload> payload"', '"{acc_id:0a787ecb-4015,sf_id:baz} payload"'),
        ('"<userId> and <userId>"', '"0a787ecb-4015 and 0a787ecb-4015"'),
        ('"<userId> one"\n"<listsingle> two"', '"0a787ecb-4015 one"\n"[HIGH] two"'),
        ('"Command is <valid>!"', '"Command is true!"'),
        ('"{[/Check with special characters <type>"', '"{[/Check with special characters type"'),
        ('{"id" : <userId>}', '{"id" : "0a787ecb-4015"}'),
        ('{"id" : "<userId>"}', '{"id" : "0a787ecb-4015"}'),
        ('{"m": "users/<userId>/second/<userId>"}', '{"m": "users/0a787ecb-4015/second/0a787ecb-4015"}'),
        ('{"bod": [<userId>, "hardcoded"]}', '{"bod": ["0a787ecb-4015", "hardcoded"]}'),
        ('{"bod": <payload>}', '{"bod": {"acc_id":"0a787ecb-4015","sf_id":"baz"}}'),
        ('{"singlelistitem": <listsingle>}', '{"singlelistitem": ["HIGH"]}'),
        ('{"command": <systemstring>}', '{"command": ""}'),
        ('{"n": <second>, "all": <all>, "d": <dash>}', '{"n": 2, "all": [1,2], "d": 1}'),
        ('{"b": <bracketed>, "none": <nothing>}', '{"b": {"under_score":1}, "none": null}'),
        ('{"said": "<said>", "again": <said>}', '{"said": "a \\"quoted\\" word", "again": "a \\"quoted\\" word"}'),
        ('{"a": "1 < 2 and <no one>"}', '{"a": "1 < 2 and <no one>"}'),
        ('{"rule": "<aws.events.rule-name>"}', '{"rule": "r"}'),
        ("<payload>", '{"acc_id":"0a787ecb-4015","sf_id":"baz"}'),
        ('"<aws.events.rule-arn>"', '"arn:aws:events:us-east-1:1:rule/b/r"'),
        ("<aws.events.event.ingestion-time>", '"2022-01-01T01:20:00Z"'),
    ],
)
def test_templates(template: str, expected: str) -> None:
    """test_input_transformer_nested_keys_replacement, and what the User Guide says beyond it."""
    assert made(template=template, paths=_PATHS) == expected


@pytest.mark.parametrize(
    "template",
    [
        "<listsingle> single list item",
        "<listmulti> multiple list items",
        '{"singlelistitem": "<listsingle>"}',
        '{"payload": "<payload>"}',
        "not quoted",
    ],
)
def test_what_becomes_no_json_is_not_delivered(template: str) -> None:
    """test_input_transformer_nested_keys_replacement_not_valid."""
    with pytest.raises(InvalidInput):
        made(template=template, paths=_PATHS)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", json.dumps(_EVENT, separators=(",", ":"))),
        ("$.detail.payload.sf_id", '"baz"'),
        ("$.detail.items[0]", '{"n":1}'),
        ("$.resources", '["a","b"]'),
        ("$.detail.items[7]", "{}"),
        ("$.notexisting", "{}"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    """test_put_events_with_input_path_max_level_depth."""
    assert made(input_path=path) == expected


def test_the_whole_event_and_a_constant() -> None:
    """Without a word the event as it is; a constant as it was given."""
    assert json.loads(made()) == _EVENT
    assert made(input='{"a":  1}') == '{"a":  1}'


@pytest.mark.parametrize("path", ["detail", "", "$.", "$detail", "$.a[", "$.a[x]", "$..a"])
def test_paths_that_are_none(path: str) -> None:
    """They are refused when the target is put, so that no event meets one."""
    with pytest.raises(ValidationException):
        check_input(target(input_path=path))


def test_placeholders_must_be_known() -> None:
    """test_put_events_with_input_transformer_missing_keys; AWS's own are known without a path."""
    with pytest.raises(ValidationException) as caught:
        check_input(target(template='{"a": <b>}', paths={"a": "$.detail"}))
    assert caught.value.message == "InputTemplate for target t contains invalid placeholder b."
    check_input(target(template='{"a": <aws.events.event>}'))
    with pytest.raises(ValidationException):
        check_input(target(template='{"a": <aws.events.nothing>}'))
