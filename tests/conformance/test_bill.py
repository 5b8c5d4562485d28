"""Queues and topics on the bill: what boto3 did, and what it would cost. AWS has no such page; prices are its own."""

import json
import re
import time
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.conftest import Server
from tests.support.subscribers import subscriber

ACCOUNT = "111111111111"
KB = 1024
WITHIN_S = 15


def used(server: Server, name: str) -> dict[tuple[str, str], float]:
    """What one queue or topic used, by service and what."""
    with urlopen(f"{server.url}/_pileus/bill", timeout=10) as answer:
        bill = json.load(answer)
    [own] = [account for account in bill["accounts"] if account["account_id"] == ACCOUNT]
    return {
        (line["service"], line["what"]): use["amount"]
        for line in own["lines"]
        for use in line["resources"]
        if use["name"] == name
    }


def eventually(server: Server, name: str, wanted: dict[tuple[str, str], float]) -> None:
    """It is counted when it was delivered, which is later than it was published."""
    deadline = time.monotonic() + WITHIN_S
    while (found := used(server, name)) != pytest.approx(wanted):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


@pytest.mark.parametrize("fifo", [False, True])
def test_requests_of_a_queue(aws: Server, fifo: bool) -> None:
    """Each is one, and each started 64 KB; a FIFO queue has its own line."""
    sqs = aws.client("sqs")
    name = f"q-{uuid4().hex[:12]}{'.fifo' * fifo}"
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
    group = {"MessageGroupId": "g"} if fifo else {}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="a" * 100 * KB, **group)
    entries = [{"Id": str(number), "MessageBody": f"{number}", **group} for number in range(10)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    [large] = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=large["ReceiptHandle"])
    assert used(aws, name) == {("sqs", "FIFO requests" if fifo else "requests"): 2 + 1 + 2 + 1}
    sqs.delete_queue(QueueUrl=url)
    assert used(aws, "*")["sqs", "requests"] >= 2


def test_publishes_and_deliveries_of_a_topic(aws: Server) -> None:
    """A topic pays for HTTP and email; its queue pays for what it got."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    name, address = f"t-{uuid4().hex}", f"{uuid4().hex}@example.com"
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    with urlopen(_invitation(aws, address), timeout=10) as answer:
        assert answer.status == 200
    with subscriber() as endpoint:
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        [asked] = endpoint.wait_for(1)
        with urlopen(asked.envelope["SubscribeURL"], timeout=10) as answer:
            assert answer.status == 200
        for size_kb in (1, 100):
            sns.publish(TopicArn=topic, Message="a" * size_kb * KB)
        sns.publish_batch(
            TopicArn=topic, PublishBatchRequestEntries=[{"Id": str(each), "Message": "a"} for each in range(5)]
        )
        eventually(
            aws,
            name,
            {
                ("sns", "publish requests"): 1 + 2 + 1,
                ("sns", "HTTP deliveries"): 7,
                ("sns", "email deliveries"): 7,
                ("sqs", "requests"): 1 + 2 + 5,
            },
        )


def _invitation(server: Server, address: str) -> str:
    """The link in it."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        with urlopen(f"{server.url}/_pileus/inbox?recipient={address}", timeout=10) as answer:
            for message in json.load(answer)["messages"]:
                link: str = re.findall(r"http\S+", message["body"])[0]
                return link
        assert time.monotonic() < deadline, "nobody was invited"
        time.sleep(0.05)


def test_a_fifo_topic_pays_by_size(aws: Server) -> None:
    """Of what is published, and of each copy."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    name = f"t-{uuid4().hex}.fifo"
    topic = sns.create_topic(Name=name, Attributes={"FifoTopic": "true"})["TopicArn"]
    queue = f"q-{uuid4().hex}.fifo"
    url = sqs.create_queue(QueueName=queue, Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="a" * 128 * KB, MessageGroupId="g", MessageDeduplicationId="d")
    size = 128 * KB / 2**30
    assert used(aws, name) == pytest.approx(
        {
            ("sns", "FIFO publish requests"): 1,
            ("sns", "FIFO GB published"): size,
            ("sns", "FIFO deliveries"): 1,
            ("sns", "FIFO GB delivered"): size,
        }
    )


def test_events_of_a_bus(aws: Server) -> None:
    """Each is one, and each started 64 KB; what is refused, or is for no bus, costs nothing."""
    events = aws.client("events")
    name = f"b-{uuid4().hex[:12]}"
    events.create_event_bus(Name=name)
    entry = {"Source": "a", "DetailType": "b", "Detail": "{}", "EventBusName": name}
    large = entry | {"Detail": json.dumps({"a": "a" * 100 * KB})}
    events.put_events(Entries=[entry, large, entry | {"Detail": "[]"}, entry | {"EventBusName": f"{name}-gone"}])
    eventually(aws, name, {("events", "custom events"): 1 + 2})
    assert used(aws, f"{name}-gone") == {}


def test_requests_of_a_bucket_and_of_keys(aws: Server) -> None:
    """Writing and listing is one price, reading another, deleting none; what is refused is not counted."""
    s3, kms = aws.client("s3"), aws.client("kms", aws_access_key_id=ACCOUNT)
    name = f"paid-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.list_objects_v2(Bucket=name)
    for _ in range(3):
        s3.get_object(Bucket=name, Key="k")["Body"].read()
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=name, Key="none")
    s3.delete_object(Bucket=name, Key="k")
    eventually(aws, name, {("s3", "PUT, COPY, POST, LIST"): 3, ("s3", "GET and others"): 3})
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = used(aws, "Encrypt").get(("kms", "requests"), 0)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    eventually(aws, "Encrypt", {("kms", "requests"): before + 1})
