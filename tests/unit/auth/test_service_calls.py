"""A service acts for a resource: the other resource's policy is told where the call comes from, and decides alone."""

import json
from typing import Any

import pytest

from pileus.kernel.auth.organizations import Member, Organization
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.auth.service_calls import ServiceCall, service_decision, service_query

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:q"
BUCKET = ServiceCall(service="s3.amazonaws.com", source_arn="arn:aws:s3:::b", source_account="444455556666")
TOPIC = ServiceCall(service="sns.amazonaws.com", source_arn="arn:aws:sns:eu-west-1:444455556666:t")

STRANGER = ServiceCall(service="sns.amazonaws.com", source_arn="arn:aws:sns:eu-west-1:777788889999:t")
ORGANIZATION = Organization(
    id="o-a1b2c3",
    members={
        "111122223333": Member(path="o-a1b2c3/r-ab12/"),
        "444455556666": Member(path="o-a1b2c3/r-ab12/ou-ab12-1/"),
    },
)


def policy(*, principal: Any, **condition: Any) -> NamedPolicy:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": condition,
    }
    return NamedPolicy(QUEUE, compile_policy(json.dumps({"Version": "2012-10-17", "Statement": statement})), "resource")


def allowed(call: ServiceCall, given: NamedPolicy | None, **more: Any) -> bool:
    query = service_query(
        call, action="sqs:SendMessage", resource=QUEUE, region="eu-west-1", now_s=1_767_323_045, **more
    )
    return service_decision(query, given).allowed


@pytest.mark.parametrize(
    ("principal", "let_in"),
    [
        ({"Service": "s3.amazonaws.com"}, True),
        ({"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}, True),
        ("*", True),
        ({"Service": "sns.amazonaws.com"}, False),
        ({"AWS": "444455556666"}, False),  # a service is nobody of the account that it acts for
        ({"AWS": "arn:aws:iam::111122223333:root"}, False),
    ],
)
def test_the_resources_policy_names_the_service(principal: Any, let_in: bool) -> None:
    """Source: each service's page on permissions, as S3's "Granting permissions to publish event notifications"."""
    assert allowed(BUCKET, policy(principal=principal)) is let_in
    assert not allowed(BUCKET, None)


@pytest.mark.parametrize(
    ("call", "condition", "holds"),
    [
        (BUCKET, {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:b"}}, True),
        (BUCKET, {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::other"}}, False),
        (BUCKET, {"StringEquals": {"aws:SourceAccount": "444455556666"}}, True),
        (TOPIC, {"StringEquals": {"aws:SourceAccount": "444455556666"}}, True),  # its ARN says so
        (TOPIC, {"StringEquals": {"aws:SourceAccount": "111122223333"}}, False),
        (TOPIC, {"Bool": {"aws:PrincipalIsAWSService": "true", "aws:SecureTransport": "true"}}, True),
        (TOPIC, {"Bool": {"aws:ViaAWSService": "true"}}, False),
        (TOPIC, {"StringEquals": {"aws:PrincipalServiceName": "sns.amazonaws.com"}}, True),
        (
            TOPIC,
            {"ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": "sns.eu-west-1.amazonaws.com"}},
            True,
        ),
        (TOPIC, {"StringEquals": {"aws:ResourceAccount": "111122223333"}}, True),
        (TOPIC, {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, True),
        (TOPIC, {"DateGreaterThan": {"aws:CurrentTime": "2026-01-02T03:00:00Z"}}, True),
        (TOPIC, {"StringEquals": {"aws:ResourceTag/Team": "red"}}, True),
        (TOPIC, {"Null": {"aws:PrincipalAccount": "true", "aws:SourceIp": "true", "aws:PrincipalOrgID": "true"}}, True),
        (TOPIC, {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3"}}, True),
        (BUCKET, {"StringEquals": {"aws:SourceOrgID": "${aws:ResourceOrgID}"}}, True),
        (TOPIC, {"ForAnyValue:StringLike": {"aws:SourceOrgPaths": "o-a1b2c3/r-ab12/*"}}, True),
        (TOPIC, {"ForAnyValue:StringLike": {"aws:ResourceOrgPaths": "o-a1b2c3/r-ab12/ou-*"}}, False),
        (STRANGER, {"Null": {"aws:SourceOrgID": "true", "aws:ResourceOrgID": "false"}}, True),
    ],
)
def test_what_conditions_know_of_such_a_call(call: ServiceCall, condition: dict[str, Any], holds: bool) -> None:
    """Source: IAM User Guide, "AWS global condition context keys"; it says of each key when it is there."""
    given = policy(principal={"Service": call.service}, **condition)
    assert allowed(call, given, resource_tags={"team": "red"}, organization=ORGANIZATION) is holds


def test_without_an_organization_nobody_is_in_one() -> None:
    """Its keys are absent, so that a policy which asks for one lets nobody in."""
    given = policy(principal={"Service": TOPIC.service}, StringEquals={"aws:SourceOrgID": "o-a1b2c3"})
    assert allowed(TOPIC, given, organization=ORGANIZATION)
    assert not allowed(TOPIC, given)


def test_a_services_own_keys_and_a_bucket_as_what_is_reached() -> None:
    """Alexa brings a token; what has no account in its ARN is told whose it is."""
    given = policy(principal="*", StringEquals={"lambda:EventSourceToken": "t", "aws:ResourceAccount": "777788889999"})
    call = ServiceCall(service="alexa-appkit.amazon.com", source_arn="", conditions={"lambda:eventsourcetoken": "t"})
    assert allowed(call, given, resource_account_id="777788889999")
    assert not allowed(TOPIC, given, resource_account_id="777788889999")
