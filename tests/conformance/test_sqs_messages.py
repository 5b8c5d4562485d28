"""Messages as boto3 sees them. Recordings: `sqs`; what is refused, and in which words, is in the tables."""

import base64
import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from tests.conftest import Server

Make = Callable[..., str]
Messages = list[dict[str, Any]]
WITHIN_S = 20


@pytest.fixture
def sqs(aws: Server) -> Any:
    return aws.client("sqs")


@pytest.fixture
def make(sqs: Any) -> Make:
    """Makes a queue of a new name, and gives its URL."""

    def make(*, fifo: bool = False, **attributes: str) -> str:
        name = f"q-{uuid4().hex[:12]}"
        if fifo:
            name, attributes = f"{name}.fifo", {"FifoQueue": "true", **attributes}
        url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    return make


def arn_of(sqs: Any, url: str) -> str:
    found: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return found


def receive(sqs: Any, url: str, count: int = 10, **more: Any) -> Messages:
    found: Messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=count, **more).get("Messages", [])
    return found


def bodies(sqs: Any, url: str, count: int = 10, **more: Any) -> list[str]:
    return [message["Body"] for message in receive(sqs, url, count, **more)]


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error: Any = caught.value.response["Error"]
    return error["Code"], error["Message"]


def _names(member: str, name: str) -> dict[str, Any]:
    return {member: [name]}


def put_in_groups(sqs: Any, url: str, *messages: tuple[str, str]) -> None:
    for body, group in messages:
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=uuid4().hex)


def test_message_attributes_are_chosen_and_summed(sqs: Any, make: Make) -> None:
    """test_receive_message_message_attribute_names_filters: names, prefixes, all; the sum is of what is told."""
    url = make(VisibilityTimeout="0")
    values = {"Help.Me": "Me", "Hello": "There", "General": "Kenobi"}
    given = {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}
    sent = sqs.send_message(QueueUrl=url, MessageBody="msg", MessageAttributes=given)
    assert sent["MD5OfMessageAttributes"] == "4c360f3fdafd970e05fae2f149d997f5"
    assert sent["MD5OfMessageBody"] == "6e2baaf3b97dbeef01c0043275f9a0e7"
    for names, told, md5 in (
        ([], [], None),
        (["All"], ["General", "Hello", "Help.Me"], "4c360f3fdafd970e05fae2f149d997f5"),
        (["*"], ["General", "Hello", "Help.Me"], "4c360f3fdafd970e05fae2f149d997f5"),
        ([".*"], ["General", "Hello", "Help.Me"], "4c360f3fdafd970e05fae2f149d997f5"),
        (["Foo", "Help"], [], None),
        (["Hello", "General"], ["General", "Hello"], "fca026605781cb4126a1e9044df24232"),
        (["Foo", "Hello"], ["Hello"], "a311262e065454b75da111d535b8dacd"),
        (["Hel.*"], ["Hello", "Help.Me"], "83fee93c1bcd8b9a5a923ffacdc636c7"),
    ):
        [message] = receive(sqs, url, MessageAttributeNames=names)
        assert sorted(message.get("MessageAttributes", {})) == told
        assert message.get("MD5OfMessageAttributes") == md5


def test_binary_attributes(sqs: Any, make: Make) -> None:
    """test_send_message_with_binary_attributes."""
    url = make()
    value = b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"
    sqs.send_message(
        QueueUrl=url, MessageBody="test", MessageAttributes={"attr1": {"BinaryValue": value, "DataType": "Binary"}}
    )
    [message] = receive(sqs, url, MessageAttributeNames=["All"])
    assert message["MD5OfMessageAttributes"] == "8cbe4db156db8a94db8b801b7addb984"
    assert message["MessageAttributes"] == {"attr1": {"BinaryValue": value, "DataType": "Binary"}}


def test_system_attributes_are_chosen(sqs: Any, make: Make) -> None:
    """test_receive_message_system_attribute_names_filters, in the member's old name and in its new one."""
    url = make(VisibilityTimeout="0")
    sqs.send_message(
        QueueUrl=url, MessageBody="msg", MessageAttributes={"Foo": {"DataType": "String", "StringValue": "Bar"}}
    )
    for member in ("AttributeNames", "MessageSystemAttributeNames"):
        [message] = receive(sqs, url, **_names(member, "All"))
        assert sorted(message["Attributes"]) == [
            "ApproximateFirstReceiveTimestamp",
            "ApproximateReceiveCount",
            "SenderId",
            "SentTimestamp",
        ]
        assert message["Attributes"]["SenderId"] == "111111111111"
        assert "MessageAttributes" not in message
        [message] = receive(sqs, url, **_names(member, "SenderId"), MessageAttributeNames=["All"])
        assert sorted(message["Attributes"]) == ["SenderId"]
        assert message["MD5OfMessageAttributes"] == "ae7155c6026991b6d54b11589678bf9c"
    [message] = receive(sqs, url)
    assert sorted(message) == ["Body", "MD5OfBody", "MessageId", "ReceiptHandle"]


def test_the_trace_header_goes_along(sqs: Any, make: Make) -> None:
    """test_aws_trace_header_propagation, with the sum that the sender can check."""
    url = make()
    header = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="test", MessageSystemAttributes=system)
    assert len(sent["MD5OfMessageSystemAttributes"]) == 32
    [message] = receive(sqs, url, AttributeNames=["AWSTraceHeader"])
    assert message["Attributes"] == {"AWSTraceHeader": header}


def test_the_header_of_the_request_goes_along(sqs: Any, make: Make) -> None:
    """test_aws_trace_header_propagation: `X-Amzn-Trace-Id`, where the message itself names no other."""
    url = make()
    header, other = (
        f"Root=1-3152b799-8954dae64eda91bc9a23a7e{n};Parent=7fa8c0f79203be72;Sampled=1;Lineage=a:{n}|b:1" for n in "12"
    )

    def add(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = header.replace("|", "%7C")

    sqs.meta.events.register("before-send.sqs", add)
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": other}}
    told = sqs.send_message(QueueUrl=url, MessageBody="plain")
    assert "MD5OfMessageSystemAttributes" not in told
    sqs.send_message(QueueUrl=url, MessageBody="other", MessageSystemAttributes=system)
    entries: Any = [{"Id": "a", "MessageBody": "plain"}]
    entries.append({"Id": "b", "MessageBody": "other", "MessageSystemAttributes": system})
    answers = sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]
    assert ["MD5OfMessageSystemAttributes" in answer for answer in answers] == [False, True]
    sqs.meta.events.unregister("before-send.sqs", add)
    found = receive(sqs, url, AttributeNames=["AWSTraceHeader"])
    assert len(found) == 4
    for message in found:
        assert message["Attributes"] == {"AWSTraceHeader": header if message["Body"] == "plain" else other}


def test_a_batch_fails_in_part(sqs: Any, make: Make) -> None:
    """test_send_batch_message_size: the entry that is too long is said to be, the other is sent."""
    url = make(MaximumMessageSize="1024")
    entries = [{"Id": "long", "MessageBody": "a" * 1_025}, {"Id": "ok", "MessageBody": "short"}]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert answer["Failed"] == [
        {
            "Id": "long",
            "SenderFault": True,
            "Code": "InvalidParameterValue",
            "Message": "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
        }
    ]
    assert [entry["Id"] for entry in answer["Successful"]] == ["ok"]
    assert bodies(sqs, url) == ["short"]


def test_a_megabyte_is_the_limit(sqs: Any, make: Make) -> None:
    """test_send_message_batch_with_oversized_contents: attributes count; one byte more is too much."""
    url = make()
    attributes = {"k": {"DataType": "String", "StringValue": "x"}}  # eight bytes
    whole = "a" * (1_048_576 - 8)
    sqs.send_message(QueueUrl=url, MessageBody=whole, MessageAttributes=attributes)
    assert refused(sqs.send_message, QueueUrl=url, MessageBody=whole + "a", MessageAttributes=attributes) == (
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    )
    entries = [{"Id": "1", "MessageBody": whole, "MessageAttributes": attributes}, {"Id": "2", "MessageBody": "b"}]
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=entries) == (
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
    )
    assert bodies(sqs, url) == [whole]


def test_dead_letters(sqs: Any, make: Make) -> None:
    """test_dead_letter_queue_message_attributes: what a dead letter keeps, and where it says that it came from."""
    dead = make()
    policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 1})
    url = make(RedrivePolicy=policy, VisibilityTimeout="0")
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    sqs.send_message(
        QueueUrl=url,
        MessageBody="message-1",
        MessageAttributes={"MyAttribute": {"DataType": "String", "StringValue": "foobar"}},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": header}},
    )
    [before] = receive(sqs, url, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert before["MD5OfMessageAttributes"] == "adb59cd4678ea5a855436b949cd07ab6"
    assert receive(sqs, url) == []
    [after] = receive(sqs, dead, AttributeNames=["All"], MessageAttributeNames=["All"])
    del before["ReceiptHandle"], after["ReceiptHandle"]
    before["Attributes"] |= {"ApproximateReceiveCount": "2", "DeadLetterQueueSourceArn": arn_of(sqs, url)}
    assert after == before


def test_long_polls(sqs: Any, aws: Server, make: Make) -> None:
    """test_send_receive_wait_time_seconds and test_receive_empty_queue: without messages no key, and a wait."""
    url = make()
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    begun = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    assert 0.9 < time.monotonic() - begun < WITHIN_S
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)
    assert bodies(sqs, url) == []
    assert bodies(sqs, url, WaitTimeSeconds=20, VisibilityTimeout=1) == ["late"]
    assert bodies(sqs, url, WaitTimeSeconds=20) == ["late"]


def test_messages_in_fifo_order(sqs: Any, make: Make) -> None:
    """test_fifo_empty_message_groups_added_back_to_queue, test_fifo_message_attributes."""
    url = make(fifo=True)
    put_in_groups(sqs, url, ("Message 1", "g1"), ("Message 2", "g1"))
    [first] = receive(sqs, url, 1, AttributeNames=["All"])
    assert first["Body"] == "Message 1"
    assert first["Attributes"]["MessageGroupId"] == "g1"
    assert len(first["Attributes"]["SequenceNumber"]) == 20
    assert receive(sqs, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(sqs, url, WaitTimeSeconds=5) == ["Message 2"]


@pytest.mark.parametrize(("shown", "seen"), [(0, []), (1, ["foo"]), (2, ["foo", "bar"])])
def test_a_group_is_blocked_from_what_is_held_on(sqs: Any, make: Make, shown: int, seen: list[str]) -> None:
    """test_fifo_group_visibility_extends_with_change_message_visibility: the first ones that returned are seen."""
    url = make(fifo=True, VisibilityTimeout="60")
    put_in_groups(sqs, url, *((body, "g") for body in ("foo", "bar", "baz")))
    received = receive(sqs, url)
    assert [message["Body"] for message in received] == ["foo", "bar", "baz"]
    for message in received[:shown]:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(sqs, url) == seen


@pytest.mark.parametrize("by_content", [False, True])
@pytest.mark.parametrize("deleted", [False, True])
def test_fifo_deduplication(sqs: Any, make: Make, by_content: bool, deleted: bool) -> None:
    """test_fifo_deduplication_arrives_once_after_delete, test_fifo_deduplication_not_on_message_group_id."""
    url = make(fifo=True, ContentBasedDeduplication=str(by_content).lower())
    more = {} if by_content else {"MessageDeduplicationId": "id"}
    first = sqs.send_message(QueueUrl=url, MessageBody="{}", MessageGroupId="1", **more)
    [message] = receive(sqs, url)
    if deleted:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    again = sqs.send_message(QueueUrl=url, MessageBody="{}", MessageGroupId="2", **more)
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert receive(sqs, url) == []


def test_deduplication_by_group(sqs: Any, make: Make) -> None:
    """test_sqs_fifo_message_group_scope_no_throughput_setting."""
    url = make(fifo=True, DeduplicationScope="messageGroup")
    for group in ("g1", "g2", "g1"):
        sqs.send_message(QueueUrl=url, MessageBody="Test", MessageGroupId=group, MessageDeduplicationId="1")
    assert bodies(sqs, url) == ["Test", "Test"]


def test_a_fifo_handle_expires(sqs: Any, make: Make) -> None:
    """test_fifo_delete_after_visibility_timeout; on a standard queue the old handle still deletes."""
    fifo, standard = make(fifo=True), make()
    put_in_groups(sqs, fifo, ("foobar", "g"))
    sqs.send_message(QueueUrl=standard, MessageBody="foobar")
    [of_fifo] = receive(sqs, fifo, VisibilityTimeout=0)
    [of_standard] = receive(sqs, standard, VisibilityTimeout=0)
    handle = of_fifo["ReceiptHandle"]
    assert refused(sqs.delete_message, QueueUrl=fifo, ReceiptHandle=handle) == (
        "InvalidParameterValue",
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
    )
    sqs.change_message_visibility(
        QueueUrl=standard, ReceiptHandle=of_standard["ReceiptHandle"], VisibilityTimeout=0
    )  # test_change_message_visibility_after_visibility_timeout_expiration
    sqs.delete_message(QueueUrl=standard, ReceiptHandle=of_standard["ReceiptHandle"])
    assert receive(sqs, standard) == []


def test_fair_queues_tell_the_group(sqs: Any, make: Make) -> None:
    """test_fair_queue_with_message_group_id."""
    url = make()
    sent = sqs.send_message(QueueUrl=url, MessageBody="message", MessageGroupId="test")
    assert "SequenceNumber" not in sent
    [message] = receive(sqs, url, MessageSystemAttributeNames=["All"])
    assert message["Attributes"]["MessageGroupId"] == "test"


def test_handles_are_not_guessed(sqs: Any, make: Make) -> None:
    """API_DeleteMessage: ReceiptHandleIsInvalid; nor does one of another queue open anything."""
    url, other = make(), make()
    sqs.send_message(QueueUrl=url, MessageBody="mine")
    [message] = receive(sqs, url)
    forged = base64.b64encode(base64.b64decode(message["ReceiptHandle"])[:-1] + b"\0").decode()
    for handle, queue in ((message["ReceiptHandle"], other), (forged, url), ("garbage", url)):
        code, _ = refused(sqs.delete_message, QueueUrl=queue, ReceiptHandle=handle)
        assert code == "ReceiptHandleIsInvalid"


def test_the_query_protocol(sqs: Any, aws: Server, make: Make) -> None:
    """As programs from before 2023 speak: a form to the queue's own URL, and XML back."""
    url = make()

    def ask(action: str, **parameters: str) -> str:
        form = urlencode({"Action": action, "Version": "2012-11-05", **parameters})
        request = AWSRequest(
            "POST", url, data=form, headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        )
        SigV4Auth(Credentials("111111111111", "secret"), "sqs", "us-east-1").add_auth(request)
        answer = URLLib3Session().send(request.prepare())
        text: str = answer.content.decode()
        return text

    assert urlsplit(url).netloc
    form = {
        "MessageAttribute.1.Name": "a",
        "MessageAttribute.1.Value.DataType": "String",
        "MessageAttribute.1.Value.StringValue": "b",
    }
    sent = ask("SendMessage", MessageBody="<hello>", **form)
    assert "<SendMessageResult><MD5OfMessageBody>" in sent
    received = ask("ReceiveMessage", **{"AttributeName.1": "All", "MessageAttributeName.1": "All"})
    assert "<Body>&lt;hello&gt;</Body>" in received
    assert "<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>" in received
    assert "<MessageAttribute><Name>a</Name><Value>" in received
    handle = received.split("<ReceiptHandle>")[1].split("</ReceiptHandle>")[0]
    batch = {
        "DeleteMessageBatchRequestEntry.1.Id": "x",
        "DeleteMessageBatchRequestEntry.1.ReceiptHandle": handle,
        "DeleteMessageBatchRequestEntry.2.Id": "y",
        "DeleteMessageBatchRequestEntry.2.ReceiptHandle": "nonsense",
    }
    deleted = ask("DeleteMessageBatch", **batch)
    assert "<DeleteMessageBatchResultEntry><Id>x</Id></DeleteMessageBatchResultEntry>" in deleted
    assert "<BatchResultErrorEntry><Id>y</Id>" in deleted


def _signed(url: str, operation: str, content: dict[str, Any]) -> bytes:
    """A whole request, for who wants to hang up in the middle."""
    at = urlsplit(url)
    body = json.dumps(content).encode()
    headers = {"X-Amz-Target": f"AmazonSQS.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", f"http://{at.netloc}/", data=body, headers=headers)
    SigV4Auth(Credentials("111111111111", "secret"), "sqs", "us-east-1").add_auth(request)
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(["POST / HTTP/1.1", f"Host: {at.netloc}", f"Content-Length: {len(body)}", *lines])
    return f"{head}\r\n\r\n".encode() + body


def test_who_hangs_up_swallows_nothing(sqs: Any, make: Make) -> None:
    """A long poll whose client has gone gets no message: it would be hidden for nobody until it returned."""
    url = make(VisibilityTimeout="600")
    at = urlsplit(url)
    for _ in range(3):
        with socket.create_connection((at.hostname, at.port)) as gone:
            gone.sendall(_signed(url, "ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 20}))
            gone.settimeout(0.2)
            with pytest.raises(TimeoutError):
                gone.recv(1)
    sqs.send_message(QueueUrl=url, MessageBody="for who is there")
    assert bodies(sqs, url, WaitTimeSeconds=5) == ["for who is there"]


def test_metrics(aws: Server, sqs: Any, make: Make) -> None:
    """CloudWatch hears what was done with messages. SQS Developer Guide, "Available CloudWatch metrics"."""
    url = make()
    name = url.rpartition("/")[2]
    for body in ("one", "three"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    for message in receive(sqs, url):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert receive(sqs, url) == []
    cloudwatch = aws.client("cloudwatch")
    now = datetime.now(UTC)
    told = {}
    for metric in (
        "NumberOfMessagesSent",
        "NumberOfMessagesReceived",
        "NumberOfMessagesDeleted",
        "NumberOfEmptyReceives",
        "SentMessageSize",
    ):
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName=metric,
            Dimensions=[{"Name": "QueueName", "Value": name}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=600,
            Statistics=["Sum"],
        )["Datapoints"]
        told[metric] = sum(point["Sum"] for point in points)
    assert told == {
        "NumberOfMessagesSent": 2,
        "NumberOfMessagesReceived": 2,
        "NumberOfMessagesDeleted": 2,
        "NumberOfEmptyReceives": 1,
        "SentMessageSize": 8,
    }
