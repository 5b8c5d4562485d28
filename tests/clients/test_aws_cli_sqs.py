"""The AWS CLI takes a tour through SQS, in JSON and, as it did until 2023, in the query protocol.

Needs `aws` on the PATH, of version 1 or 2, which speaks JSON; for the other tour PILEUS_OLD_AWS_CLI names one that is
older than 1.29.81 (in an environment of its own: `pip install awscli==1.29.62`). Nothing is installed for it.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.test_aws_cli_iam import Cli
from tests.conftest import Server

OLD: Final = os.environ.get("PILEUS_OLD_AWS_CLI", "")
REGION: Final = "eu-central-1"

Sqs = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.slow


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed")
def test_a_tour_in_json(aws: Server, tmp_path: Path) -> None:
    """As the CLI speaks today."""
    _tour(Cli(aws, tmp_path, account="666655554441"), aws, tmp_path, account="666655554441")


@pytest.mark.skipif(not OLD, reason="PILEUS_OLD_AWS_CLI names no older CLI")
def test_a_tour_in_forms(aws: Server, tmp_path: Path) -> None:
    """As the CLI spoke until November 2023, and programs of that time still do."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "aws").symlink_to(OLD)
    cli = Cli(aws, tmp_path, account="666655554442")
    _tour(cli, aws, tmp_path, account="666655554442", PATH=f"{folder}{os.pathsep}{os.environ['PATH']}")


def _tour(cli: Cli, aws: Server, home: Path, *, account: str, **environment: str) -> None:
    """Queues, messages, batches, policies, tags, a dead-letter queue and a task that empties it."""

    def sqs(operation: str, *arguments: str, refused: str = "") -> dict[str, Any]:
        # An older CLI knows no AWS_ENDPOINT_URL.
        done = cli.run("sqs", operation, "--endpoint-url", aws.url, *arguments, **environment)
        if refused:
            assert f"({refused})" in done.stderr, done.stderr
            return {}
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout or "{}")
        return answer

    _queues(sqs, aws, home, account)
    _messages(sqs, f"{aws.url}/{account}/main")
    _policies(sqs, f"{aws.url}/{account}/main")
    _dead_letters(sqs, aws, home, account)


def _queues(sqs: Sqs, aws: Server, home: Path, account: str) -> None:
    url = sqs("create-queue", "--queue-name", "main", "--attributes", "VisibilityTimeout=60", "--tags", "team=red")
    assert url == {"QueueUrl": f"{aws.url}/{account}/main"}
    assert sqs("get-queue-url", "--queue-name", "main") == url
    asked = ("--queue-url", url["QueueUrl"])
    assert sqs("list-queue-tags", *asked) == {"Tags": {"team": "red"}}
    sqs("tag-queue", *asked, "--tags", "cost=1")
    sqs("untag-queue", *asked, "--tag-keys", "team")
    assert sqs("list-queue-tags", *asked) == {"Tags": {"cost": "1"}}
    changes = home / "attributes.json"
    changes.write_text(json.dumps({"DelaySeconds": "0", "MessageRetentionPeriod": "120"}))
    sqs("set-queue-attributes", *asked, "--attributes", f"file://{changes}")
    told = sqs("get-queue-attributes", *asked, "--attribute-names", "All")["Attributes"]
    assert (told["MessageRetentionPeriod"], told["VisibilityTimeout"]) == ("120", "60")
    assert told["QueueArn"] == f"arn:aws:sqs:{REGION}:{account}:main"
    assert sqs("list-queues", "--queue-name-prefix", "ma") == {"QueueUrls": [url["QueueUrl"]]}
    sqs("create-queue", "--queue-name", "main", "--attributes", "VisibilityTimeout=61", refused="QueueAlreadyExists")
    absent = "AWS.SimpleQueueService.NonExistentQueue"
    sqs("get-queue-url", "--queue-name", "absent", refused=absent)
    sqs("set-queue-attributes", *asked, "--attributes", "DelaySeconds=901", refused="InvalidAttributeValue")


def _messages(sqs: Sqs, url: str) -> None:
    asked = ("--queue-url", url)
    attribute = (
        '{"City":{"DataType":"String","StringValue":"Any City"},"Raw":{"DataType":"Binary","BinaryValue":"aGk="}}'
    )
    sent = sqs("send-message", *asked, "--message-body", "hello", "--message-attributes", attribute)
    assert sent["MD5OfMessageBody"] == "5d41402abc4b2a76b9719d911017c592"
    [message] = sqs("receive-message", *asked, "--attribute-names", "All", "--message-attribute-names", "All")[
        "Messages"
    ]
    assert (message["Body"], message["MessageId"]) == ("hello", sent["MessageId"])
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"]["City"] == {"StringValue": "Any City", "DataType": "String"}
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    held = ("--receipt-handle", message["ReceiptHandle"])
    sqs("change-message-visibility", *asked, *held, "--visibility-timeout", "0")
    [again] = sqs("receive-message", *asked)["Messages"]
    sqs("delete-message", *asked, "--receipt-handle", again["ReceiptHandle"])
    entries = json.dumps([{"Id": str(n), "MessageBody": f"batch {n}"} for n in range(3)])
    batch = sqs("send-message-batch", *asked, "--entries", entries)
    assert [entry["Id"] for entry in batch["Successful"]] == ["0", "1", "2"]
    messages = sqs("receive-message", *asked, "--max-number-of-messages", "10")["Messages"]
    entries = json.dumps(
        [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
        + [{"Id": "bad", "ReceiptHandle": "bad"}]
    )
    deleted = sqs("delete-message-batch", *asked, "--entries", entries)
    assert len(deleted["Successful"]) == len(messages)
    assert [entry["Code"] for entry in deleted["Failed"]] == ["ReceiptHandleIsInvalid"]
    sqs("purge-queue", *asked)
    sqs("purge-queue", *asked, refused="AWS.SimpleQueueService.PurgeQueueInProgress")
    sqs("receive-message", *asked, "--max-number-of-messages", "11", refused="InvalidParameterValue")


def _policies(sqs: Sqs, url: str) -> None:
    asked = ("--queue-url", url)
    who = ("--aws-account-ids", "222222222222", "--actions", "SendMessage", "ReceiveMessage")
    sqs("add-permission", *asked, "--label", "them", *who)
    told = sqs("get-queue-attributes", *asked, "--attribute-names", "Policy")["Attributes"]["Policy"]
    [statement] = json.loads(told)["Statement"]
    assert statement["Action"] == ["SQS:SendMessage", "SQS:ReceiveMessage"]
    sqs("remove-permission", *asked, "--label", "them")
    sqs("remove-permission", *asked, "--label", "them", refused="InvalidParameterValue")


def _dead_letters(sqs: Sqs, aws: Server, home: Path, account: str) -> None:
    dead = ("--queue-url", sqs("create-queue", "--queue-name", "dead")["QueueUrl"])
    dead_arn = f"arn:aws:sqs:{REGION}:{account}:dead"
    redrive = home / "redrive.json"
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"})
    redrive.write_text(json.dumps({"RedrivePolicy": policy}))
    source = sqs("create-queue", "--queue-name", "source", "--attributes", f"file://{redrive}")["QueueUrl"]
    assert sqs("list-dead-letter-source-queues", *dead) == {"queueUrls": [source]}
    sqs("send-message", "--queue-url", source, "--message-body", "poison")
    sqs("receive-message", "--queue-url", source, "--visibility-timeout", "0")
    assert sqs("receive-message", "--queue-url", source) == {}
    [poison] = sqs("receive-message", *dead, "--visibility-timeout", "0")["Messages"]
    assert poison["Body"] == "poison"
    assert sqs("start-message-move-task", "--source-arn", dead_arn)["TaskHandle"]
    [back] = sqs("receive-message", "--queue-url", source, "--wait-time-seconds", "10")["Messages"]
    assert back["Body"] == "poison"
    [task] = sqs("list-message-move-tasks", "--source-arn", dead_arn)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
    for url in (source, dead[1]):
        sqs("delete-queue", "--queue-url", url)
    sqs("send-message", *dead, "--message-body", "x", refused="AWS.SimpleQueueService.NonExistentQueue")
