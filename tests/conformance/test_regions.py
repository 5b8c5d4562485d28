"""What is made in one Region is not in another, where AWS keeps them apart; users and buckets are seen from all."""

import json
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.conftest import Server
from tests.support.functions import archive, make_role

HERE, THERE = "eu-west-1", "us-west-2"
PATTERN: Final = '{"source": ["x"]}'


def table(client: Any, name: str) -> None:
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def alarm(client: Any, name: str) -> None:
    client.put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace="n",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        ActionsEnabled=False,
    )


Make = Callable[[Any, str], Any]
See = Callable[[Any], Any]
REGIONAL: Final[dict[str, tuple[Make, See]]] = {
    "apigatewayv2": (lambda api, name: api.create_api(Name=name, ProtocolType="HTTP"), lambda api: api.get_apis()),
    "cloudwatch": (alarm, lambda cloudwatch: cloudwatch.describe_alarms()),
    "dynamodb": (table, lambda dynamodb: dynamodb.list_tables()),
    "events": (
        lambda events, name: events.put_rule(Name=name, EventPattern=PATTERN),
        lambda events: events.list_rules(),
    ),
    "kms": (
        lambda kms, name: kms.create_alias(
            AliasName=f"alias/{name}", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"]
        ),
        lambda kms: kms.list_aliases(),
    ),
    "logs": (lambda logs, name: logs.create_log_group(logGroupName=name), lambda logs: logs.describe_log_groups()),
    "sns": (lambda sns, name: sns.create_topic(Name=name), lambda sns: sns.list_topics()),
    "sqs": (lambda sqs, name: sqs.create_queue(QueueName=name), lambda sqs: sqs.list_queues()),
}


@pytest.mark.parametrize("service", REGIONAL)
def test_a_region_has_its_own(aws: Server, service: str) -> None:
    """Two stacks of one account in two Regions are the usual way to have a second site."""
    make, see = REGIONAL[service]
    here, there = (aws.client(service, region_name=region) for region in (HERE, THERE))
    name = f"regional-{uuid4().hex[:12]}"
    make(here, name)
    assert name in json.dumps(see(here), default=str)
    assert name not in json.dumps(see(there), default=str)
    make(there, name)
    assert name in json.dumps(see(there), default=str)


def test_functions_of_two_regions(aws: Server) -> None:
    """The same name, two functions."""
    role, name = make_role(aws), f"regional-{uuid4().hex[:12]}"
    clients = {region: aws.client("lambda", region_name=region) for region in (HERE, THERE)}
    for region, client in clients.items():
        made = client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="index.handler",
            Role=role,
            Code={"ZipFile": archive(f"def handler(event, context): return {region!r}")},
        )
        assert made["FunctionArn"].split(":")[3] == region
        client.get_waiter("function_active_v2").wait(FunctionName=name)
    for region, client in clients.items():
        assert json.load(client.invoke(FunctionName=name)["Payload"]) == region
    clients[HERE].delete_function(FunctionName=name)
    assert json.load(clients[THERE].invoke(FunctionName=name)["Payload"]) == THERE


def test_what_is_everywhere(aws: Server) -> None:
    """Users are the account's; a bucket's name is nobody else's, wherever it lies."""
    name = f"global-{uuid4().hex[:12]}"
    aws.client("iam", region_name=HERE).create_user(UserName=name)
    assert aws.client("iam", region_name=THERE).get_user(UserName=name)["User"]["UserName"] == name
    here, there = (aws.client("s3", region_name=region) for region in (HERE, THERE))
    here.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": HERE})
    assert name in [bucket["Name"] for bucket in there.list_buckets()["Buckets"]]
    assert there.get_bucket_location(Bucket=name)["LocationConstraint"] == HERE
    another = aws.client("s3", region_name=THERE)  # botocore remembers where a bucket is
    with pytest.raises(another.exceptions.BucketAlreadyOwnedByYou):
        another.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": THERE})
