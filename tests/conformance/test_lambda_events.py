"""Lambda's events as boto3 sees them: asynchronous invocations and where their records go."""

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.functions import archive, make_role

WITHIN_S: Final = 20.0
ECHO: Final = """
import json

def handler(event, context):
    print("GOT", json.dumps(event))
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError("on purpose")
    return {"seen": event}
"""


def until(find: Callable[[], Any]) -> Any:
    """The first true answer of `find`."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true")


def make_function(server: Server, role: str, text: str = ECHO, **members: Any) -> str:
    """Its name."""
    name = f"events-{uuid4().hex[:12]}"
    given: dict[str, Any] = {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Role": role,
        "Handler": "index.handler",
        "Code": {"ZipFile": archive(text)},
        "Timeout": 10,
    }
    server.client("lambda").create_function(**(given | members))
    return name


def seen_by(server: Server, name: str) -> list[Any]:
    """The events that an `ECHO` function was given, in the order of its log."""
    logs = server.client("logs")
    group = f"/aws/lambda/{name}"
    try:
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    except ClientError:
        return []
    found: list[tuple[int, Any]] = []
    for stream in streams:
        events = logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True, limit=10_000
        )["events"]
        found += [
            (event["timestamp"], json.loads(event["message"].removeprefix("GOT ")))
            for event in events
            if event["message"].startswith("GOT ")
        ]
    return [event for _, event in sorted(found, key=lambda each: each[0])]


@pytest.fixture(scope="module")
def role(aws: Server) -> str:
    return make_role(aws)


def test_destinations_are_functions(aws: Server, role: str) -> None:
    """Recordings of lambda_destinations, with functions in the place of queues: success and failure, each its own."""
    functions = aws.client("lambda")
    first, good, bad = (make_function(aws, role) for _ in range(3))
    arns = {name: functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"] for name in (good, bad)}
    functions.put_function_event_invoke_config(
        FunctionName=first,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": arns[good]}, "OnFailure": {"Destination": arns[bad]}},
    )
    for payload in (b'{"n": 1}', b'{"fail": true}'):
        answer = functions.invoke(FunctionName=first, InvocationType="Event", Payload=payload)
        assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    record = until(lambda: seen_by(aws, good))[0]
    assert record["version"] == "1.0"
    assert record["requestContext"]["functionArn"].endswith(f":function:{first}:$LATEST")
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestPayload"] == {"n": 1}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == {"seen": {"n": 1}}
    failure = until(lambda: seen_by(aws, bad))[0]
    assert failure["requestContext"]["condition"] == "RetriesExhausted"
    assert failure["responseContext"]["functionError"] == "Unhandled"
    assert failure["responsePayload"]["errorMessage"] == "on purpose"
    assert len(seen_by(aws, good)) == 1


def test_invoke_async(aws: Server, role: str) -> None:
    """The call of 2014, which the CLI and SDKs still have: accepted like an event, up to 256 KB (API_InvokeAsync)."""
    functions = aws.client("lambda")
    name = make_function(aws, role)
    answer = functions.invoke_async(FunctionName=name, InvokeArgs=b'{"n": 1}')
    assert (answer["Status"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (202, 202)
    largest = b'"' + b"x" * (256 * 1024 - 2) + b'"'
    quiet = make_function(aws, role, "def handler(event, context): return len(event)")
    assert functions.invoke_async(FunctionName=quiet, InvokeArgs=largest)["Status"] == 202
    assert until(lambda: seen_by(aws, name))[0] == {"n": 1}
    for given, code in (
        ({"FunctionName": name, "InvokeArgs": largest + b" "}, "InvalidRequestContentException"),
        ({"FunctionName": name, "InvokeArgs": b"{"}, "InvalidRequestContentException"),
        ({"FunctionName": "nobody", "InvokeArgs": b"1"}, "ResourceNotFoundException"),
    ):
        with pytest.raises(ClientError) as caught:
            functions.invoke_async(**given)
        assert caught.value.response["Error"]["Code"] == code


def test_the_role_must_be_allowed_to_send(aws: Server) -> None:
    """AWS delivers as the execution role; what that may not do is not done."""
    functions = aws.client("lambda")
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
    name = f"poor-{uuid4().hex[:8]}"
    poor = make_role(aws, name=name)
    first, target = make_function(aws, poor), make_function(aws, poor)
    arn = functions.get_function(FunctionName=target)["Configuration"]["FunctionArn"]
    functions.put_function_event_invoke_config(
        FunctionName=first, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    make_role(aws, name=name, policy=nothing)
    with pytest.raises(ClientError, match="does not have permissions to call InvokeFunction on"):
        functions.put_function_event_invoke_config(
            FunctionName=first, DestinationConfig={"OnSuccess": {"Destination": arn}}
        )
    functions.invoke(FunctionName=first, InvocationType="Event", Payload=b"1")
    wish = urlencode({"action": "lambda:InvokeFunction", "allowed": "false"})

    def refused() -> Any:
        with urllib.request.urlopen(f"{aws.url}/_pileus/decisions?{wish}") as answer:
            return [each for each in json.load(answer)["decisions"] if each["resource"] == arn]

    assert "assumed-role/poor-" in until(refused)[0]["principal"]
    assert seen_by(aws, target) == []


ITSELF: Final = """
import json, os
import boto3

client = boto3.client("lambda")

def handler(event, context):
    print("GOT", json.dumps(event))
    kind = event["kind"]
    answer = client.invoke(
        FunctionName=context.function_name, InvocationType=kind, Payload=json.dumps({"kind": kind, "n": event["n"] + 1})
    )
    return json.loads(answer["Payload"].read() or b"null")
"""


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_a_function_that_invokes_itself_is_stopped(aws: Server, role: str, kind: str) -> None:
    """Lambda Developer Guide, recursive loop detection: after 16 times in a chain; events go to the destination."""
    functions = aws.client("lambda")
    name, told = make_function(aws, role, ITSELF, Timeout=120), make_function(aws, role)
    arn = functions.get_function(FunctionName=told)["Configuration"]["FunctionArn"]
    functions.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    payload = json.dumps({"kind": kind, "n": 0}).encode()
    answer = functions.invoke(FunctionName=name, InvocationType=kind, Payload=payload)
    if kind == "RequestResponse":
        document = json.loads(answer["Payload"].read())
        while "errorType" not in document:
            document = json.loads(document["errorMessage"])
        assert document["errorType"] in ("RecursiveInvocationException", "ClientError")
        assert "recursive loop" in document["errorMessage"]
    else:
        record = until(lambda: seen_by(aws, told))[0]
        assert record["requestPayload"]["n"] == 17
        assert "responsePayload" not in record
    ran = until(lambda: [each for each in [seen_by(aws, name)] if len(each) >= 17])[0]
    assert sorted(event["n"] for event in ran) == list(range(17))


def test_a_loop_that_is_wanted(aws: Server, role: str) -> None:
    """`RecursiveLoop: Allow`: it goes on until the function ends it."""
    functions = aws.client("lambda")
    text = ITSELF.replace("    kind =", '    if event["n"] == 30: return\n    kind =')
    name = make_function(aws, role, text)
    functions.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"kind": "Event", "n": 0}')
    assert until(lambda: len(seen_by(aws, name)) == 31)
