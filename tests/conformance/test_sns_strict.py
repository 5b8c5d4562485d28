"""A strict server: links without a signature work, and everything else needs one."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from pileus.admin import admin_token
from pileus.explaining import explained
from tests.conftest import Server
from tests.support.processes import wait_until
from tests.support.subscribers import subscriber
from tests.support.topics import Queue, verified


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("strict-sns") / "data", "--auth", "strict").start()
    yield server
    server.stop()


def client(server: Server, service: str) -> Any:
    """The root's."""
    return server.client(
        service,
        aws_access_key_id=server.ready["root_access_key_id"],
        aws_secret_access_key=server.ready["root_secret_access_key"],
    )


def asked(url: str) -> tuple[int, str]:
    """Without a signature."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_tokens_confirm_and_links_unsubscribe_without_a_signature(strict: Server) -> None:
    """Whoever reads the mail has no key; publishing and the like needs one."""
    sns, sqs = client(strict, "sns"), client(strict, "sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    account = topic.split(":")[4]
    queue = Queue(sqs, name="q", account=account)
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="m")
    [envelope] = queue.envelopes()
    assert verified(envelope)
    query = urlencode({"Action": "Publish", "TopicArn": topic, "Message": "m"})
    status, told = asked(f"{strict.url}/?{query}")
    assert (status, "MissingAuthenticationToken" in told) == (403, True)
    status, told = asked(f"{strict.url}/?Action=ConfirmSubscription&TopicArn={quote(topic)}&Token={'ab' * 60}")
    assert (status, "Invalid parameter: Token" in told) == (400, True)
    status, _ = asked(envelope["UnsubscribeURL"])
    assert status == 200
    assert arn not in json.dumps(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"])


def test_a_forged_signature_is_no_missing_one(strict: Server) -> None:
    """What is signed is verified, also where it need not be signed."""
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAFORGED0000000000/20260101/us-east-1/sns/aws4_request, "
        "SignedHeaders=host, Signature=00",
        "X-Amz-Date": "20260101T000000Z",
    }
    request = urllib.request.Request(f"{strict.url}/?Action=Unsubscribe&SubscriptionArn=a", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 403


def test_a_queue_that_does_not_let_sns_in_is_found_in_the_decisions(strict: Server) -> None:
    """`Publish` answers 200, as on AWS, and the queue stays empty: the message's id says why. So for dead letters."""
    sns, sqs = client(strict, "sns"), client(strict, "sqs")
    topic = sns.create_topic(Name="shut-out")["TopicArn"]
    arns = []
    for name in ("shut", "shut-dead"):
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arns.append(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
    redrive = json.dumps({"deadLetterTargetArn": arns[1]})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns[0], Attributes={"RedrivePolicy": redrive})
    message_id = sns.publish(TopicArn=topic, Message="m")["MessageId"]

    def denials() -> list[dict[str, Any]]:
        request = urllib.request.Request(f"{strict.url}/_pileus/decisions?request_id={message_id}")
        request.add_header("Authorization", f"Bearer {admin_token((strict.data_dir / 'secret').read_bytes())}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["decisions"]
        return found

    wait_until(lambda: len(denials()) == 2)
    for denial in denials():
        assert (denial["allowed"], denial["principal"], denial["action"]) == (
            False,
            "sns.amazonaws.com",
            "sqs:SendMessage",
        )
    assert {denial["resource"] for denial in denials()} == set(arns)
    lines = list(explained(denials()[0]))
    assert "  because    no resource-based policy allows sqs:SendMessage" in lines


def test_endpoints_at_private_addresses_are_called_where_that_is_allowed(tmp_path: Path) -> None:
    """A strict server does not call them by itself: a subscription is no way into its network."""
    server = Server(tmp_path / "data", "--auth", "strict", "--allow-private-endpoints").start()
    try:
        sns = client(server, "sns")
        topic = sns.create_topic(Name="t")["TopicArn"]
        with subscriber() as endpoint:
            sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
            [asked] = endpoint.wait_for(1)
        assert asked.envelope["Type"] == "SubscriptionConfirmation"
    finally:
        server.stop()
