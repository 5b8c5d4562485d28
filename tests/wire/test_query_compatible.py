"""A service in several protocols answers each in kind, and its older programs find the codes they look for."""

from typing import Any

import msgspec
import pytest

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.service import Encoded
from pileus.kernel.wire.cbor import decode
from tests.wire.harness import Desk, authorization, read_by_botocore, request_of, shapes_of

URL = "http://localhost:4566/000000000000/q"
NAMESPACE = 'xmlns="http://queue.amazonaws.com/doc/2012-11-05/"'


def sqs_form(body: str, target: str = "/") -> Request:
    headers = {
        "host": "localhost:4566",
        "authorization": authorization("sqs"),
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    return Request(method="POST", target=target, headers=headers, body=body.encode())


def sqs_json(operation: str, body: bytes) -> Request:
    headers = {"x-amz-target": f"AmazonSQS.{operation}", "authorization": authorization("sqs")}
    return Request(method="POST", target="/", headers=headers, body=body)


def text(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode()


def builtins(value: object) -> Any:
    return msgspec.to_builtins(value, builtin_types=(bytes,))


@pytest.mark.parametrize(
    ("form", "operation", "given"),
    [
        # SQS API Reference, the sample requests of these actions
        (
            "Action=CreateQueue&QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=40"
            "&Tag.1.Key=QueueType&Tag.1.Value=Production",
            "CreateQueue",
            {"QueueName": "q", "Attributes": {"VisibilityTimeout": "40"}, "tags": {"QueueType": "Production"}},
        ),
        (
            f"Action=GetQueueAttributes&QueueUrl={URL}&AttributeName.1=VisibilityTimeout&AttributeName.2=QueueArn",
            "GetQueueAttributes",
            {"QueueUrl": URL, "AttributeNames": ["VisibilityTimeout", "QueueArn"]},
        ),
        (
            f"Action=SendMessage&QueueUrl={URL}&MessageBody=hi&MessageAttribute.1.Name=a"
            "&MessageAttribute.1.Value.StringValue=b&MessageAttribute.1.Value.DataType=String",
            "SendMessage",
            {
                "QueueUrl": URL,
                "MessageBody": "hi",
                "MessageAttributes": {"a": {"StringValue": "b", "DataType": "String"}},
            },
        ),
        (
            f"Action=DeleteMessageBatch&QueueUrl={URL}&DeleteMessageBatchRequestEntry.1.Id=m1"
            "&DeleteMessageBatchRequestEntry.1.ReceiptHandle=r&DeleteMessageBatchRequestEntry.2.Id=m2"
            "&DeleteMessageBatchRequestEntry.2.ReceiptHandle=s",
            "DeleteMessageBatch",
            {"QueueUrl": URL, "Entries": [{"Id": "m1", "ReceiptHandle": "r"}, {"Id": "m2", "ReceiptHandle": "s"}]},
        ),
        (
            f"Action=AddPermission&QueueUrl={URL}&Label=l&AWSAccountId.1=125074342641&ActionName.1=SendMessage",
            "AddPermission",
            {"QueueUrl": URL, "Label": "l", "AWSAccountIds": ["125074342641"], "Actions": ["SendMessage"]},
        ),
        (f"Action=UntagQueue&QueueUrl={URL}&TagKey.1=a", "UntagQueue", {"QueueUrl": URL, "TagKeys": ["a"]}),
    ],
)
def test_forms_to_sqs(form: str, operation: str, given: dict[str, object]) -> None:
    """Its older clients still send these, and LocalStack's users write them by hand."""
    desk = Desk(["sqs"])
    response = desk.ask(sqs_form(form + "&Version=2012-11-05"))
    assert desk.api.context is not None, text(response)
    assert desk.api.context.operation == operation
    found = {key: value for key, value in builtins(desk.api.given).items() if value is not None}
    assert found == given
    assert text(response).startswith(f"<{operation}Response {NAMESPACE}>")


def test_a_queue_is_its_address() -> None:
    """A form sent to a queue's own URL need not name it."""
    desk = Desk(["sqs"])
    desk.ask(sqs_form("Action=SendMessage&MessageBody=hi", "/000000000000/q"))
    assert desk.api.given.queue_url == URL
    desk.ask(sqs_form(f"Action=SendMessage&MessageBody=hi&QueueUrl={URL}x", "/000000000000/q"))
    assert desk.api.given.queue_url == f"{URL}x"


def test_answers_of_sqs_in_xml() -> None:
    """Lists and maps have the names of the sample responses."""
    desk = Desk(["sqs"])
    answered = shapes_of("sqs")["ReceiveMessage"][1]
    assert answered is not None
    tree = {"Messages": [{"MessageId": "1", "Body": "<hi>", "Attributes": {"SenderId": "A"}}]}
    desk.api.output = msgspec.convert(tree, answered)
    response = desk.ask(sqs_form(f"Action=ReceiveMessage&QueueUrl={URL}"))
    assert desk.api.context is not None
    told = (
        "<ReceiveMessageResult><Message><MessageId>1</MessageId><Body>&lt;hi&gt;</Body>"
        "<Attribute><Name>SenderId</Name><Value>A</Value></Attribute></Message></ReceiveMessageResult>"
    )
    assert told in text(response)
    assert f"<RequestId>{desk.api.context.request_id}</RequestId>" in text(response)
    desk.api.output = Encoded(b"<Written/>")
    assert desk.ask(sqs_form(f"Action=ReceiveMessage&QueueUrl={URL}")).body == b"<Written/>"


@pytest.mark.parametrize(
    ("name", "query_code"),
    [
        # recordings sqs/sqs: test_get_queue_url_wrong_queue_name, test_create_queue_with_different_attributes..., ...
        ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
        ("QueueNameExists", "QueueAlreadyExists"),
        ("InvalidParameterValueException", "InvalidParameterValue"),
        ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
        ("InvalidAttributeName", "InvalidAttributeName"),
        ("ResourceNotFoundException", "ResourceNotFoundException"),
    ],
)
def test_errors_of_sqs(name: str, query_code: str) -> None:
    """One error, two names: a JSON client gets both, a form's client the old one."""
    desk = Desk(["sqs"])
    desk.api.error = AnyServiceError(name, "It went wrong.")
    response = desk.ask(request_of("sqs", "ReceiveMessage", {"QueueUrl": URL}))
    assert dict(response.headers)["x-amzn-query-error"] == f"{query_code};Sender"
    assert read_by_botocore("sqs", "ReceiveMessage", response)["Error"] == {
        "Code": query_code,
        "QueryErrorCode": name,
        "Type": "Sender",
        "Message": "It went wrong.",
    }
    in_xml = text(desk.ask(sqs_form(f"Action=ReceiveMessage&QueueUrl={URL}")))
    told = "It went wrong."
    if name == "QueueDoesNotExist":  # the one that has other words there: recording test_non_existent_queue
        told = "The specified queue does not exist for this wsdl version."
    assert f"<Error><Type>Sender</Type><Code>{query_code}</Code><Message>{told}</Message><Detail/></Error>" in in_xml


def test_what_is_missing_in_sqs() -> None:
    """Recording sqs/sqs, test_send_empty_message, in both protocols."""
    desk = Desk(["sqs"])
    told = "The request must contain the parameter MessageBody."
    response = desk.ask(sqs_json("SendMessage", b'{"QueueUrl":"q"}'))
    assert response.status == 400
    assert msgspec.json.decode(text(response)) == {
        "__type": "com.amazonaws.sqs#MissingRequiredParameterException",
        "message": told,
    }
    assert dict(response.headers)["x-amzn-query-error"] == "MissingParameter;Sender"
    in_xml = text(desk.ask(sqs_form(f"Action=SendMessage&QueueUrl={URL}")))
    assert f"<Code>MissingParameter</Code><Message>{told}</Message>" in in_xml


@pytest.mark.parametrize("operation", ["CreateQueue", "GetQueueUrl"])
def test_a_queue_needs_a_name(operation: str) -> None:
    """The one absence that SQS tells of otherwise."""
    response = Desk(["sqs"]).ask(sqs_json(operation, b"{}"))
    told = "Value for parameter QueueName is invalid. Reason: Must specify a queue name."
    assert msgspec.json.decode(text(response)) == {
        "__type": "com.amazonaws.sqs#InvalidParameterValueException",
        "message": told,
    }
    assert dict(response.headers)["x-amzn-query-error"] == "InvalidParameterValue;Sender"


def test_what_sqs_takes_as_text() -> None:
    """Programs in JavaScript send numbers where text is wanted, and null for nothing."""
    desk = Desk(["sqs"])
    desk.ask(
        sqs_json("CreateQueue", b'{"QueueName":5,"Attributes":{"DelaySeconds":400,"FifoQueue":true,"Policy":null}}')
    )
    assert (desk.api.given.queue_name, desk.api.given.attributes) == (
        "5",
        {"DelaySeconds": "400", "FifoQueue": "true"},
    )
    # What it has no attribute for, SQS says itself.
    desk.ask(sqs_json("CreateQueue", b'{"QueueName":"q","Attributes":{"Nonsense":5}}'))
    assert desk.api.given.attributes == {"Nonsense": "5"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b'"invalid"', "STRING_VALUE can not be converted to an Integer"),
        (b'""', "STRING_VALUE can not be converted to an Integer"),
        (b"{}", "Start of structure or map found where not expected."),
        (b"[]", "Start of list found where not expected"),
    ],
)
def test_what_sqs_takes_for_no_number(value: bytes, told: str) -> None:
    """local-aws-sqs, test/send-message.test.ts: a little other words than DynamoDB's."""
    desk = Desk(["sqs"])
    response = desk.ask(sqs_json("SendMessage", b'{"QueueUrl":"q","MessageBody":"m","DelaySeconds":' + value + b"}"))
    assert (response.status, msgspec.json.decode(text(response))) == (
        400,
        {"__type": "com.amazon.coral.service#SerializationException", "Message": told},
    )


@pytest.mark.parametrize("protocol", ["smithy-rpc-v2-cbor", "json", "query"])
def test_cloudwatch_answers_in_kind(protocol: str) -> None:
    """Its errors have the shape's name in JSON and CBOR, the old code in XML (recordings cloudwatch/cloudwatch)."""
    desk = Desk(["cloudwatch"])
    desk.api.error = AnyServiceError("InvalidParameterValue", "No.")
    response = desk.ask(request_of("cloudwatch", "ListMetrics", {}, protocol=protocol))
    assert response.status == 400
    error = read_by_botocore("cloudwatch", "ListMetrics", response, protocol=protocol)["Error"]
    assert (error["Code"], error["Type"], error["Message"]) == ("InvalidParameterValue", "Sender", "No.")
    if protocol == "json":
        assert msgspec.json.decode(text(response))["__type"].endswith("#InvalidParameterValueException")
        assert dict(response.headers)["Content-Type"] == "application/x-amz-json-1.0"
    elif protocol == "query":
        assert text(response).startswith('<ErrorResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">')
    else:
        assert isinstance(response.body, bytes)
        assert decode(response.body)["__type"].endswith("#InvalidParameterValueException")


def ec2(form: str) -> Request:
    headers = {"authorization": authorization("ec2"), "content-type": "application/x-www-form-urlencoded"}
    return Request(method="POST", target="/", headers=headers, body=form.encode())


def test_ec2() -> None:
    """Capitalised names and bare lists in; `item`s and `requestId` out; errors without an envelope's type."""
    desk = Desk(["ec2"])
    response = desk.ask(
        ec2("Action=DescribeInstances&InstanceId.1=i-1&InstanceId.2=i-2&Filter.1.Name=a&Filter.1.Value.1=b")
    )
    assert desk.api.given.instance_ids == ["i-1", "i-2"]
    assert [(item.name, item.values) for item in desk.api.given.filters] == [("a", ["b"])]
    assert text(response).startswith(
        '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>'
    )
    missing = desk.ask(ec2("Action=TerminateInstances"))
    assert missing.status == 400
    assert text(missing).startswith(
        "<Response><Errors><Error><Code>MissingParameter</Code><Message>The request must contain the parameter "
        "InstanceId</Message></Error></Errors><RequestID>"
    )
    unknown = desk.ask(ec2("Action=Nothing&Version=2016-11-15"))
    assert text(unknown).startswith("<Response><Errors><Error><Code>InvalidAction</Code>")
    wrong = desk.ask(ec2("Action=DescribeInstances&MaxResults=many"))
    assert "<Code>InvalidParameterValue</Code>" in text(wrong)
    unreadable = desk.ask(ec2("Action=DescribeInstances&MaxResults=%FF"))
    assert text(unreadable).startswith("<Response><Errors><Error><Code>MalformedQueryString</Code>")
