"""The AWS CLI takes a tour through SNS.

Needs `aws` on the PATH, of version 1 or 2; nothing is installed for it.
"""

import json
from pathlib import Path
from typing import Any, Final

from tests.clients.test_aws_cli_iam import Cli
from tests.clients.test_aws_cli_iam import pytestmark as pytestmark
from tests.conftest import Server

ACCOUNT: Final = "666655554443"
REGION: Final = "eu-central-1"


def test_a_tour(aws: Server, tmp_path: Path) -> None:
    """Topics, tags, permissions, subscriptions with filters, messages and batches, to a queue and to a phone."""
    cli = Cli(aws, tmp_path, account=ACCOUNT)

    def ask(service: str, operation: str, *arguments: str, refused: str = "") -> dict[str, Any]:
        done = cli.run(service, operation, "--endpoint-url", aws.url, *arguments)
        if refused:
            assert f"({refused})" in done.stderr, done.stderr
            return {}
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout or "{}")
        return answer

    arn = ask("sns", "create-topic", "--name", "tour", "--tags", "Key=team,Value=red")["TopicArn"]
    assert arn == f"arn:aws:sns:{REGION}:{ACCOUNT}:tour"
    topic = ("--topic-arn", arn)
    assert ask("sns", "list-topics") == {"Topics": [{"TopicArn": arn}]}
    assert ask("sns", "list-tags-for-resource", "--resource-arn", arn) == {"Tags": [{"Key": "team", "Value": "red"}]}
    ask("sns", "set-topic-attributes", *topic, "--attribute-name", "DisplayName", "--attribute-value", "Tour")
    assert ask("sns", "get-topic-attributes", *topic)["Attributes"]["DisplayName"] == "Tour"
    who = ("--aws-account-id", "222222222222", "--action-name", "Publish")
    ask("sns", "add-permission", *topic, "--label", "them", *who)
    ask("sns", "add-permission", *topic, "--label", "them", *who, refused="InvalidParameter")
    ask("sns", "remove-permission", *topic, "--label", "them")

    queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:tour"
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": queue_arn}]}
    attributes = tmp_path / "queue.json"
    attributes.write_text(json.dumps({"Policy": json.dumps(policy)}))
    url = ask("sqs", "create-queue", "--queue-name", "tour", "--attributes", f"file://{attributes}")["QueueUrl"]
    given = tmp_path / "subscription.json"
    given.write_text(json.dumps({"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"kind": ["paid"]})}))
    subscription = ask(
        "sns",
        "subscribe",
        *topic,
        *("--protocol", "sqs", "--notification-endpoint", queue_arn, "--attributes", f"file://{given}"),
    )["SubscriptionArn"]
    for kind in ("open", "paid"):
        told = json.dumps({"kind": {"DataType": "String", "StringValue": kind}})
        ask("sns", "publish", *topic, "--message", kind, "--message-attributes", told)
    [message] = ask("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "5")["Messages"]
    assert message["Body"] == "paid"
    entries = json.dumps([{"Id": str(number), "Message": "m"} for number in range(2)])
    batch = ask("sns", "publish-batch", *topic, "--publish-batch-request-entries", entries)
    assert [entry["Id"] for entry in batch["Successful"]] == ["0", "1"]
    assert ask("sns", "publish", "--phone-number", "+15551234567", "--message", "hello")["MessageId"]
    [listed] = ask("sns", "list-subscriptions-by-topic", *topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == subscription
    ask("sns", "unsubscribe", "--subscription-arn", subscription)
    ask("sns", "get-subscription-attributes", "--subscription-arn", subscription, refused="NotFound")
    ask("sns", "delete-topic", *topic)
    ask("sns", "publish", *topic, "--message", "m", refused="NotFound")
