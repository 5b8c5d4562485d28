"""What do tests of event buses need: queues that rules may send to, and rules."""

import json
import time
import urllib.request
from typing import Any, Final
from uuid import uuid4

from tests.conftest import Server

_WITHIN_S: Final = 20.0
ACCOUNT: Final = "111111111111"


class Told:
    """A queue that EventBridge may send to. fifo: of that kind. open: False of one whose policy lets nobody in."""

    def __init__(self, aws: Server, *, fifo: bool = False, open: bool = True, account: str = ACCOUNT) -> None:
        self._account = account
        self._sqs = aws.client("sqs", aws_access_key_id=account)
        name = f"told-{uuid4().hex}{'.fifo' if fifo else ''}"
        self.arn = f"arn:aws:sqs:us-east-1:{account}:{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:events:*:{account}:rule/*"}},
        }
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        if open:
            attributes["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.url = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def follow(self, aws: Server) -> None:
        """The server was started again and listens at another address."""
        self._sqs = aws.client("sqs", aws_access_key_id=self._account)
        self.url = f"{aws.url}/{self.url.split('/', 3)[3]}"

    def messages(self, count: int = 1) -> list[dict[str, Any]]:
        """So many messages, as they come; fewer when no more come."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + _WITHIN_S
        while len(found) < count and time.monotonic() < deadline:
            answer = self._sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=1,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            for message in answer.get("Messages", ()):
                found.append(message)
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def bodies(self, count: int = 1) -> list[str]:
        return [message["Body"] for message in self.messages(count)]

    def events(self, count: int = 1) -> list[Any]:
        return [json.loads(body) for body in self.bodies(count)]


def add_rule(events: Any, pattern: Any, *targets: dict[str, Any], bus: str = "default") -> str:
    """A new rule with these targets, which get ids where they have none; its name."""
    name = f"rule-{uuid4().hex[:12]}"
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)
    numbered = [{"Id": f"t{number}"} | target for number, target in enumerate(targets)]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=numbered)
    assert answer["FailedEntryCount"] == 0
    return name


def remove_rule(events: Any, name: str, *, bus: str = "default") -> None:
    targets = events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
    if targets:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=[target["Id"] for target in targets])
    events.delete_rule(Name=name, EventBusName=bus)


def put(events: Any, source: str, detail: Any, *, bus: str = "default", **members: Any) -> str:
    """The id of a new event."""
    entry = {"Source": source, "DetailType": "core.update-account-command", "Detail": json.dumps(detail)}
    answer = events.put_events(Entries=[entry | {"EventBusName": bus} | members])
    assert answer["FailedEntryCount"] == 0
    event_id: str = answer["Entries"][0]["EventId"]
    return event_id


def advance(server: Server, seconds: float) -> None:
    """Move the server's clock."""
    body = json.dumps({"advance_s": seconds}).encode()
    asked = urllib.request.Request(f"{server.url}/_pileus/clock", data=body, method="POST")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == 200
