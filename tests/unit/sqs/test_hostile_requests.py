"""Whatever a client puts where SQS wants text or a number, it is answered, and never by a failure of ours."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.http.messages import Request
from tests.conformance_tables.sqs.cases import DEAD, SOURCE, STANDARD, arn, url
from tests.conformance_tables.sqs.queues import OF_QUEUES
from tests.unit.sqs.test_conformance_tables import Wire
from tests.wire.harness import authorization

REQUESTS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{operation: {"QueueUrl": url(STANDARD), **request} for operation, request in OF_QUEUES.items()},
    "CreateQueue": {"QueueName": "new", "Attributes": {"DelaySeconds": "1"}, "tags": {"a": "b"}},
    "DeleteQueue": {"QueueUrl": url("absent")},  # the others want theirs
    "GetQueueUrl": {"QueueName": STANDARD, "QueueOwnerAWSAccountId": "111111111111"},
    "ListQueues": {"QueueNamePrefix": "s", "MaxResults": 5, "NextToken": "cQ=="},
    "ListDeadLetterSourceQueues": {"QueueUrl": url(DEAD), "MaxResults": 5, "NextToken": "cQ=="},
    "StartMessageMoveTask": {"SourceArn": arn(DEAD), "DestinationArn": arn(SOURCE), "MaxNumberOfMessagesPerSecond": 1},
    "CancelMessageMoveTask": {"TaskHandle": "x"},
    "ListMessageMoveTasks": {"SourceArn": arn(DEAD), "MaxResults": 1},
    "SetQueueAttributes": {
        "QueueUrl": url(STANDARD),
        "Attributes": {"Policy": "{}", "RedrivePolicy": "{}", "RedriveAllowPolicy": "{}", "KmsMasterKeyId": "k"},
    },
}
STRANGE: Final = (
    *(
        '""',
        '"\\u0000"',
        '"\\ud800"',
        '"\\udfff\\ud800"',
        '"\\uffff"',
        '"\u00e9\U0001f98a"',
        '" "',
        '"../../x"',
        '"%00%ff"',
    ),
    *(json.dumps("a" * 100_000), json.dumps("[" * 50_000), json.dumps("/" * 3_000), json.dumps('{"a":' * 5_000)),
    *(json.dumps('{"deadLetterTargetArn":{},"maxReceiveCount":[]}'), json.dumps('{"maxReceiveCount":1e999}')),
    *(json.dumps('{"Statement":7,"Version":"2012-10-17"}'), json.dumps('{"Statement":[null,7,"x",[]]}')),
    *(
        "null",
        "true",
        "0",
        "-1",
        "1e400",
        "99999999999999999999999999",
        "1.5",
        "[]",
        "{}",
        "[null]",
        '{"":null}',
        '{"a":[{}]}',
    ),
)
"""Values, in JSON."""


def _variants(request: Any, strange: str) -> Iterator[str]:
    """The request with one of its parts, at any depth, replaced; as JSON."""
    if isinstance(request, dict):
        for name, value in request.items():
            for inside in (strange, *_variants(value, strange)):
                rest = {key: json.dumps(held) for key, held in request.items()} | {name: inside}
                yield "{" + ",".join(f"{json.dumps(key)}:{held}" for key, held in rest.items()) + "}"
            if strange.startswith('"'):  # as a key
                rest = {json.dumps(key): json.dumps(held) for key, held in request.items() if key != name}
                yield (
                    "{" + ",".join(f"{key}:{held}" for key, held in (rest | {strange: json.dumps(value)}).items()) + "}"
                )
    elif isinstance(request, list):
        for number, value in enumerate(request):
            for inside in (strange, *_variants(value, strange)):
                yield (
                    "["
                    + ",".join([*map(json.dumps, request[:number]), inside, *map(json.dumps, request[number + 1 :])])
                    + "]"
                )


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    wire = Wire(Path(tmp_path_factory.mktemp("hostile")))
    for name in (STANDARD, DEAD):
        wire.made("CreateQueue", QueueName=name)
    policy = json.dumps({"deadLetterTargetArn": arn(DEAD), "maxReceiveCount": 1})
    wire.made("CreateQueue", QueueName=SOURCE, Attributes={"RedrivePolicy": policy})
    yield wire
    wire.close()


@pytest.mark.parametrize("operation", REQUESTS)
def test_strange_values(wire: Wire, operation: str) -> None:
    """In every place of a request, one at a time."""
    asked = 0
    for strange in STRANGE:
        for body in _variants(REQUESTS[operation], strange):
            headers = {
                "host": "localhost:4566",
                "x-amz-target": f"AmazonSQS.{operation}",
                "authorization": authorization("sqs"),
            }
            response = wire.ask(Request(method="POST", target="/", headers=headers, body=body.encode()))
            assert response.status in {200, 400, 403, 404}, (response.status, response.body, body[:300])
            asked += 1
    assert asked >= len(STRANGE)


@pytest.mark.parametrize(
    "form",
    [
        "Action=CreateQueue",
        "Action=CreateQueue&QueueName=q&Attribute.1.Name=DelaySeconds",
        "Action=CreateQueue&QueueName=q&Attribute.1.Value=5",
        "Action=CreateQueue&QueueName=q&Attribute.x.Name=DelaySeconds",
        "Action=CreateQueue&QueueName=%ED%A0%80",
        "Action=CreateQueue&QueueName=%FF%FE",
        "Action=ListQueues&QueueNamePrefix=%00&MaxResults=x",
        "Action=TagQueue&Tag.1.Key=a",
        "Action=SendMessage&MessageBody=%00",
        "Action=ReceiveMessage&MaxNumberOfMessages=99999999999",
        "Action=SetQueueAttributes&Attribute.Name=DelaySeconds&Attribute.Value=5",
        "Action=Nonsense",
        "Action=",
        "",
    ],
)
def test_strange_forms(wire: Wire, form: str) -> None:
    """The same, of what programs send that write forms by hand."""
    headers = {
        "host": "localhost:4566",
        "authorization": authorization("sqs"),
        "content-type": "application/x-www-form-urlencoded",
    }
    target = f"/111111111111/{STANDARD}"
    response = wire.ask(Request(method="POST", target=target, headers=headers, body=form.encode()))
    assert response.status in {200, 400, 403, 404}, (response.status, response.body)
