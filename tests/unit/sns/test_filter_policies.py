"""Which messages pass a filter policy: the examples of AWS's guide and recordings, one by one."""

import json
from typing import Any

import pytest

from pileus.services.sns.filters import Scope, parse
from pileus.services.sns.model import MessageAttribute


def passes_attributes(policy: object, **attributes: tuple[str, str]) -> bool:
    """attributes: type and value."""
    given = {name: MessageAttribute(data_type=kind, string_value=value) for name, (kind, value) in attributes.items()}
    return parse(json.dumps(policy), Scope.ATTRIBUTES).matches(given, "the body plays no part")


def passes_body(policy: object, body: Any) -> bool:
    return parse(json.dumps(policy), Scope.BODY).matches({}, body if isinstance(body, str) else json.dumps(body))


RUGBY = ("String", "rugby")
BOTH = ("String.Array", '["rugby", "tennis"]')
MIXED = ("String.Array", '["rugby", "baseball"]')
INTERESTS: Any = [{"anything-but": ["rugby", "tennis"]}]


@pytest.mark.parametrize(
    ("entries", "attribute", "passes"),
    [
        # SNS Developer Guide, "String value matching"
        (["rugby", "tennis"], RUGBY, True),
        (["rugby", "tennis"], ("String", "baseball"), False),
        (["rugby", "tennis"], ("String", "Rugby"), False),
        (["rugby", "tennis"], BOTH, True),
        (["rugby", "tennis"], ("String.Array", '["baseball"]'), False),
        (INTERESTS, ("String", "baseball"), True),
        (INTERESTS, RUGBY, False),
        (INTERESTS, BOTH, False),
        (INTERESTS, MIXED, True),
        ([{"anything-but": {"prefix": "order-"}}], ("String", "data-entry"), True),
        ([{"anything-but": {"prefix": "order-"}}], ("String", "order-number"), False),
        ([{"equals-ignore-case": "tennis"}], ("String", "TENNIS"), True),
        ([{"equals-ignore-case": "tennis"}], RUGBY, False),
        ([{"cidr": "10.0.0.0/24"}], ("String", "10.0.0.255"), True),
        ([{"cidr": "10.0.0.0/24"}], ("String", "10.1.1.0"), False),
        ([{"cidr": "2001:db8:1234:1a00::/64"}], ("String", "2001:0db8:1234:1a00:0:0:0:0"), True),
        ([{"prefix": "bas"}], ("String", "baseball"), True),
        ([{"prefix": "bas"}], RUGBY, False),
        ([{"suffix": "ball"}], ("String", "basketball"), True),
        ([{"suffix": "ball"}], RUGBY, False),
        # "Numeric value matching"
        ([301.5], ("Number", "301.5"), True),
        ([301.5], ("Number", "3.015e2"), True),
        ([301.5], ("String", "301.5"), False),
        ([{"numeric": ["=", 301.5]}], ("Number", "301.5"), True),
        ([{"anything-but": [100, 500]}], ("Number", "101"), True),
        ([{"anything-but": [100, 500]}], ("Number", "100.0"), False),
        ([{"numeric": [">", 0, "<=", 150]}], ("Number", "150"), True),
        ([{"numeric": [">", 0, "<=", 150]}], ("Number", "0"), False),
        ([{"numeric": [">", 0, "<=", 150]}], ("Number", "151"), False),
        # Elements of arrays keep their types; a text is not the keyword it looks like.
        ([True], ("String.Array", "[true]"), True),
        ([True], ("String", "true"), False),
        ([None], ("String.Array", "[null]"), True),
        ([5], ("String.Array", "[1, 5]"), True),
        (["5"], ("String.Array", "[1, 5]"), False),
        # What is no array in spite of its type, and what filters do not see
        ([{"exists": True}], ("String.Array", "no array"), False),
        ([{"exists": True}], ("Number.int", "5"), True),
        ([5], ("Number.int", "5"), True),
    ],
)
def test_attributes(entries: Any, attribute: tuple[str, str], passes: bool) -> None:
    """One entry that fits is enough, and types count."""
    assert passes_attributes({"key": entries}, key=attribute) is passes


def test_binary_is_no_attribute() -> None:
    """SNS Developer Guide, "Filter policy constraints": SNS ignores attributes of the type Binary."""
    binary = {"key": MessageAttribute(data_type="Binary", binary_value=b"x")}
    assert not parse('{"key":[{"exists":true}]}', Scope.ATTRIBUTES).matches(binary, "")
    assert parse('{"key":[{"exists":false}]}', Scope.ATTRIBUTES).matches(binary, "")


def test_all_keys_must_fit_and_others_do_not_matter() -> None:
    """SNS Developer Guide, "AND/OR logic" and "Key matching"."""
    policy = {"store": ["example_corp"], "price": [{"numeric": [">=", 100]}], "encrypted": [{"exists": False}]}
    store, price = ("String", "example_corp"), ("Number", "210.75")
    assert passes_attributes(policy, store=store, price=price, event=("String", "placed"))
    assert not passes_attributes(policy, store=store)
    assert not passes_attributes(policy, store=store, price=price, encrypted=("String", "no"))


def test_null_is_not_absence() -> None:
    """Recording `test_filter_policy`, messages-3: without the attribute nothing passes `[null, ...]`."""
    assert not passes_attributes({"attr1": [None, {"anything-but": "whatever"}]})


def test_alternatives_of_attributes() -> None:
    """SNS Developer Guide, "OR operator"; without two objects `$or` is an attribute's name."""
    policy = {"source": ["aws"], "$or": [{"metric": ["cpu"]}, {"namespace": ["ec2"]}]}
    assert passes_attributes(policy, source=("String", "aws"), namespace=("String", "ec2"))
    assert not passes_attributes(policy, source=("String", "aws"))
    assert not passes_attributes(policy, namespace=("String", "ec2"))
    assert passes_attributes({"$or": ["x"]}, **{"$or": ("String", "x")})


NESTED: Any = {
    "object": {"key": [{"prefix": "auto-"}, "hardcodedvalue"], "nested_key": [{"exists": False}]},
    "test": [{"exists": False}],
}
RECORDS: Any = {
    "Records": {"s3": {"object": {"key": [{"prefix": "auto-"}]}}, "eventName": [{"prefix": "ObjectCreated:"}]}
}
METRICS: Any = {
    "$or": [{"metricName": ["CPUUtilization", "ReadLatency"]}, {"namespace": ["AWS/EC2", "AWS/ES"]}],
    "detail": {
        "scope": ["Service"],
        "$or": [{"source": ["aws.cloudwatch"]}, {"type": ["CloudWatch Alarm State Change"]}],
    },
}
CPU, ALARM = "CPUUtilization", "CloudWatch Alarm State Change"


def record(name: str, key: str, *, wrapped: bool = False) -> dict[str, Any]:
    thing = {"key": key, "size": 17}
    return {"eventName": name, "s3": {"object": [[thing]] if wrapped else thing}}


@pytest.mark.parametrize(
    ("policy", "body", "passes"),
    [
        # test_filter_policy_on_message_body
        (NESTED, {"object": {"key": "auto-test"}}, True),
        (NESTED, {"object": {"key": "hardcodedvalue"}}, True),
        (NESTED, {"object": {"key": "test-auto"}}, False),
        (NESTED, {"object": {"key": "auto-test"}, "test": "just-exists"}, False),
        (NESTED, {"object": {"key": "auto-test", "nested_key": "just-exists"}}, False),
        (NESTED, {"object": {"test": "auto-test"}}, False),
        (NESTED, {"test": "auto-test"}, False),
        (NESTED, "Regular string message", False),
        (NESTED, '"Regular string message"', False),
        # test_filter_policy_on_message_body_dot_attribute
        ({"object.nested": ["x"]}, {"object": {"nested": "x"}}, True),
        ({"object.nested": ["x"]}, {"object.nested": "x"}, True),
        ({"object.nested.test": ["x"]}, {"object.nested": {"test": "x"}}, True),
        ({"object.nested.test": ["x"]}, {"object": {"nested.test": "x"}}, True),
        ({"object.nested.test": ["x"]}, {"object": {"nested": {"test": "y"}}}, False),
        # test_filter_policy_on_message_body_array_attributes
        ({"headers": {"route-to": ["queue1"]}}, {"headers": {"route-to": ["queue1", "queue2"]}}, True),
        ({"headers": {"route-to": ["queue1"]}}, {"headers": {"route-to": ["queue2"]}}, False),
        # test_filter_policy_on_message_body_array_of_object_attributes
        (
            RECORDS,
            {
                "Records": [
                    record("ObjectCreated:Put", "auto-1", wrapped=True),
                    record("ObjectRemoved:Delete", "home-1"),
                ]
            },
            True,
        ),
        (RECORDS, {"Records": [record("ObjectCreated:Put", "auto-1")]}, True),
        (RECORDS, {"Records": [record("ObjectRemoved:Delete", "auto-1")]}, False),
        (
            RECORDS,
            {"Records": [record("ObjectCreated:Put", "home-1"), record("ObjectRemoved:Delete", "auto-1")]},
            False,
        ),
        # test_filter_policy_on_message_body_or_attribute
        (METRICS, {"metricName": CPU, "detail": {"scope": "aws.cloudwatch", "type": ALARM}}, False),
        (METRICS, {"metricName": CPU, "detail": {"scope": "Service", "type": CPU}}, False),
        (METRICS, {"metricName": CPU, "detail": {"type": ALARM}}, False),
        (METRICS, {"metricName": CPU, "detail": {"scope": "Service"}}, False),
        (METRICS, {"metricName": CPU, "scope": "Service"}, False),
        (METRICS, {"metricName": CPU, "detail": {"scope": "Service", "source": "aws.cloudwatch"}}, True),
        (METRICS, {"metricName": "ReadLatency", "detail": {"scope": "Service", "source": "aws.cloudwatch"}}, True),
        (METRICS, {"namespace": "AWS/EC2", "detail": {"scope": "Service", "source": "aws.cloudwatch"}}, True),
        (METRICS, {"namespace": "AWS/ES", "detail": {"scope": "Service", "source": "aws.cloudwatch"}}, True),
        (METRICS, {"metricName": CPU, "detail": {"scope": "Service", "type": ALARM}}, True),
        (METRICS, {"metricName": "AWS/EC2", "detail": {"scope": "Service", "type": ALARM}}, False),
        (METRICS, {"namespace": CPU, "detail": {"scope": "Service", "type": ALARM}}, False),
        # test_filter_policy_ip_address_condition
        ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, {"detail": {"ip": "10.0.0.255"}}, True),
        ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, {"detail": {"ip": "10.0.0.256"}}, False),
    ],
)
def test_bodies(policy: Any, body: Any, passes: bool) -> None:
    """Recordings sns_filter_policy, `TestSNSFilterPolicyBody`; what passed there passes here."""
    assert passes_body(policy, body) is passes


def test_a_body_nested_without_end_passes_nothing() -> None:
    """Publishers are not asked what they nest."""
    assert not passes_body({"a": {"b": ["x"]}}, '{"a":' * 20_000 + "1" + "}" * 20_000)
