"""Lambda as boto3 sees it. Shapes and messages: recordings of `lambda_api` and `lambda`, as each test names them."""

import base64
import io
import json
import re
import time
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

_HANDLER: Final = """
import json, os

def handler(event, context):
    print("event:", json.dumps(event))
    if event == "fail":
        raise ValueError("on purpose")
    return {"event": event, "greeting": os.environ.get("GREETING"), "arn": context.invoked_function_arn}
"""
_WITHIN_S: Final = 20.0


def _archive(text: str = _HANDLER) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("index.py", text)
    return packed.getvalue()


def _until(find: Callable[[], Any]) -> Any:
    """The first true answer of `find`."""
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come true")


@pytest.fixture
def functions(aws: Server) -> Any:
    return aws.client("lambda")


def _make_role(server: Server) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    name = f"lambda-{uuid4().hex[:8]}"
    created = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    arn: str = created["Role"]["Arn"]
    return arn


@pytest.fixture(scope="session")
def role(aws: Server) -> str:
    return _make_role(aws)


def _create(functions: Any, role: str, **members: Any) -> Any:
    given: dict[str, Any] = {
        "FunctionName": f"f-{uuid4().hex[:12]}",
        "Runtime": "python3.12",
        "Role": role,
        "Handler": "index.handler",
        "Code": {"ZipFile": _archive()},
        "Timeout": 10,
    }
    return functions.create_function(**(given | members))


def _name(created: Any) -> str:
    name: str = created["FunctionName"]
    return name


def _error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str, int]:
    response: Any = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_lifecycle(functions: Any, role: str) -> None:
    """TestLambdaFunction::test_function_lifecycle."""
    archive = _archive()
    variables = {"Variables": {"GREETING": "hello"}}
    created = _create(functions, role, Code={"ZipFile": archive}, Environment=variables, Tags={"team": "a"})
    name = _name(created)
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (created["State"], created["StateReasonCode"]) == ("Pending", "Creating")
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    found = functions.get_function(FunctionName=name)
    assert found["Configuration"]["LastUpdateStatus"] == "Successful"
    assert found["Code"]["RepositoryType"] == "S3"
    assert found["Tags"] == {"team": "a"}
    with urllib.request.urlopen(found["Code"]["Location"]) as answer:
        assert answer.read() == archive

    updated = functions.update_function_configuration(FunctionName=name, MemorySize=256, Description="new")
    assert (updated["MemorySize"], updated["LastUpdateStatus"]) == (256, "InProgress")
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    assert json.load(functions.invoke(FunctionName=name, Payload=b"1")["Payload"])["greeting"] == "hello"

    functions.update_function_code(FunctionName=name, ZipFile=_archive("def handler(event, context): return 'new'"))
    assert json.load(functions.invoke(FunctionName=name)["Payload"]) == "new"

    assert functions.delete_function(FunctionName=name)["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(ClientError) as caught:
        functions.get_function(FunctionName=name)
    arn = created["FunctionArn"]
    assert _error(caught) == ("ResourceNotFoundException", f"Function not found: {arn}", 404)


def test_creation_that_is_refused(functions: Any, role: str) -> None:
    """TestLambdaFunction::test_create_lambda_exceptions."""
    name = _name(_create(functions, role))
    for members, code, message in (
        ({"FunctionName": name}, "ResourceConflictException", f"Function already exist: {name}"),
        (
            {"Code": {"ZipFile": b"no zip"}},
            "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
        (
            {"Role": "r1"},
            "ValidationException",
            "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
        ),
    ):
        given: Any = members
        with pytest.raises(ClientError) as caught:
            _create(functions, role, **given)
        assert _error(caught)[:2] == (code, message)


@pytest.mark.parametrize(
    "members",
    [
        {"KMSKeyArn": "arn:aws:kms:us-east-1:111111111111:key/k"},
        {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
    ],
)
def test_what_pileus_does_not_do_it_says(functions: Any, role: str, members: dict[str, Any]) -> None:
    """Not an AWS behaviour: 501 and the member's name instead of a function that would not work."""
    with pytest.raises(ClientError) as caught:
        _create(functions, role, **members)
    code, message, status = _error(caught)
    assert (code, status) == ("NotImplemented", 501)
    assert "is not implemented" in message


def test_names_in_each_form(functions: Any, role: str) -> None:
    """TestLambdaFunction::test_function_arns; a full ARN as path parameter arrives percent-encoded."""
    created = _create(functions, role)
    name, arn = _name(created), created["FunctionArn"]
    for given in (name, arn, f"111111111111:function:{name}", f"{name}:$LATEST"):
        assert functions.get_function_configuration(FunctionName=given)["FunctionName"] == name
        assert functions.invoke(FunctionName=given)["StatusCode"] == 200
    with pytest.raises(ClientError) as caught:
        functions.get_function(FunctionName=name, Qualifier="1221")
    assert _error(caught) == ("ResourceNotFoundException", f"Function not found: {arn}:1221", 404)
    with pytest.raises(ClientError) as caught:
        functions.get_function(FunctionName=f"{name}:1", Qualifier="$LATEST")
    assert _error(caught)[0] == "InvalidParameterValueException"
    with pytest.raises(ClientError) as caught:
        functions.get_function(FunctionName=arn.replace("us-east-1", "eu-west-1"))
    assert _error(caught)[1] == "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"


def test_invocation(functions: Any, role: str) -> None:
    """TestLambdaFeatures::test_invocation_with_logs and test_lambda_with_context."""
    created = _create(functions, role)
    answer = functions.invoke(FunctionName=_name(created), Payload=json.dumps({"ä": 1}), LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.load(answer["Payload"]) == {"event": {"ä": 1}, "greeting": None, "arn": created["FunctionArn"]}
    assert "FunctionError" not in answer
    request_id = answer["ResponseMetadata"]["RequestId"]
    log = base64.b64decode(answer["LogResult"]).decode()
    assert f"START RequestId: {request_id} Version: $LATEST\n" in log
    assert 'event: {"\\u00e4": 1}\n' in log


def test_a_failing_function(functions: Any, role: str) -> None:
    """TestLambdaErrors::test_lambda_handler_error: the API succeeds, the payload is the error."""
    answer = functions.invoke(FunctionName=_name(_create(functions, role)), Payload=b'"fail"')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    error = json.load(answer["Payload"])
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "on purpose")


def test_other_kinds_of_invocation(functions: Any, role: str) -> None:
    """TestLambdaFeatures::test_invocation_type_dry_run, and payloads that are no JSON."""
    name = _name(_create(functions, role))
    dry = functions.invoke(FunctionName=name, InvocationType="DryRun")
    assert (dry["StatusCode"], dry["Payload"].read()) == (204, b"")
    assert "ExecutedVersion" not in dry
    with pytest.raises(ClientError) as caught:
        functions.invoke(FunctionName=name, Payload=b"nope")
    assert _error(caught)[0] == "InvalidRequestContentException"
    with pytest.raises(ClientError) as caught:
        functions.invoke(FunctionName=f"{name}x")
    assert _error(caught)[1].endswith(f":function:{name}x:$LATEST")


def test_asynchronous_invocation(aws: Server, functions: Any, role: str) -> None:
    """TestLambdaFeatures::test_invocation_type_event: 202 at once; its log shows that it ran."""
    name = _name(_create(functions, role))
    accepted = functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'"later"')
    assert (accepted["StatusCode"], accepted["Payload"].read()) == (202, b"")
    request_id = accepted["ResponseMetadata"]["RequestId"]
    _await_end(aws, name, request_id)


def _await_end(server: Server, name: str, request_id: str) -> None:
    """Return once the function's log tells that it has handled the request."""
    logs = server.client("logs")

    def ended() -> Any:
        try:
            found = logs.filter_log_events(
                logGroupName=f"/aws/lambda/{name}", filterPattern=f'"END RequestId: {request_id}"'
            )
        except logs.exceptions.ResourceNotFoundException:
            return None
        return found["events"]

    assert _until(ended)


def test_lists(functions: Any, role: str) -> None:
    """TestLambdaFunction::test_list_functions, through boto3's paginator."""
    names = {_name(_create(functions, role)) for _ in range(3)}
    pages = functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    listed = [function for page in pages for function in page["Functions"]]
    assert names <= {function["FunctionName"] for function in listed}
    assert all("State" not in function for function in listed)


def test_permissions(functions: Any, role: str) -> None:
    """TestLambdaPermissions::test_remove_multi_permissions and test_permission_exceptions."""
    name = _name(_create(functions, role))
    given = {"FunctionName": name, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    added = functions.add_permission(**given, StatementId="s3", SourceArn="arn:aws:s3:::bucket")
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    policy = functions.get_policy(FunctionName=name)
    assert json.loads(policy["Policy"])["Statement"] == [json.loads(added["Statement"])]
    with pytest.raises(ClientError) as caught:
        functions.add_permission(**given, StatementId="s3")
    assert _error(caught)[::2] == ("ResourceConflictException", 409)
    with pytest.raises(ClientError) as caught:
        functions.add_permission(**given, StatementId="t", RevisionId=str(uuid4()))
    assert _error(caught)[::2] == ("PreconditionFailedException", 412)
    functions.remove_permission(FunctionName=name, StatementId="s3", RevisionId=policy["RevisionId"])
    with pytest.raises(ClientError) as caught:
        functions.get_policy(FunctionName=name)
    assert _error(caught)[1] == "The resource you requested does not exist."


def test_functions_and_accepted_events_outlive_a_kill(own_server: Server) -> None:
    """What was acknowledged is there after SIGKILL: the function, its code, and the event whose handling it cut off."""
    own_server.start()
    slow = _archive("import time\ndef handler(event, context):\n    time.sleep(1)\n    return event")
    name = _name(_create(own_server.client("lambda"), _make_role(own_server), Code={"ZipFile": slow}))
    accepted = own_server.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"[0]")
    own_server.kill()
    own_server.start()
    assert json.load(own_server.client("lambda").invoke(FunctionName=name, Payload=b"[1]")["Payload"]) == [1]
    _await_end(own_server, name, accepted["ResponseMetadata"]["RequestId"])


def test_a_role_of_another_account(functions: Any) -> None:
    """Reported with these words by many tools that deploy with the wrong credentials; never recorded."""
    with pytest.raises(ClientError) as caught:
        _create(functions, "arn:aws:iam::999999999999:role/theirs")
    assert caught.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": "Cross-account pass role is not allowed.",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_each_invocation_has_a_trace(functions: Any, role: str) -> None:
    """The header is in the environment while the handler runs, and another one the next time."""
    source = "import os\ndef handler(event, context): return os.environ['_X_AMZN_TRACE_ID']"
    name = _create(functions, role, Code={"ZipFile": _archive(source)})["FunctionName"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    traces = {json.load(functions.invoke(FunctionName=name)["Payload"]) for _ in range(2)}
    assert len(traces) == 2
    for trace in traces:
        assert re.match(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=[01]", trace)
