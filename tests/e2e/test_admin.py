"""What must hold when somebody resets, moves the clock, or stops the server while others work."""

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from pileus.admin import admin_token
from tests.conftest import Server
from tests.support.functions import archive, make_role
from tests.support.processes import descendants, wait_until

_COUNTING = """
import boto3, os, time
def handler(event, context):
    boto3.client("dynamodb").put_item(TableName="seen", Item={"pk": {"S": event["id"] + "/start/" + str(time.time())}})
    time.sleep(event.get("sleep_s", 0))
    boto3.client("dynamodb").put_item(TableName="seen", Item={"pk": {"S": event["id"]}})
"""


def _post(server: Server, path: str, body: bytes = b"", token: str = "") -> int:
    request = urllib.request.Request(server.url + path, method="POST", data=body)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def _deploy(server: Server) -> Any:
    """A table `seen`, and a function `counting` that writes into it."""
    server.client("dynamodb").create_table(
        TableName="seen",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    functions = server.client("lambda")
    functions.create_function(
        FunctionName="counting",
        Runtime="python3.12",
        Handler="index.handler",
        Role=make_role(server),
        Code={"ZipFile": archive(_COUNTING)},
        Timeout=30,
    )
    return functions


def _send(functions: Any, **event: Any) -> None:
    functions.invoke(FunctionName="counting", InvocationType="Event", Payload=json.dumps(event).encode())


def _seen(server: Server, prefix: str) -> list[str]:
    items = server.client("dynamodb").scan(TableName="seen")["Items"]
    return [item["pk"]["S"] for item in items if item["pk"]["S"].startswith(prefix)]


def test_resets_at_once_leave_one_server(own_server: Server) -> None:
    """Two jobs of a CI reset at the same moment: accepted events must still be delivered afterwards."""
    own_server.start()
    _deploy(own_server)
    threads = [threading.Thread(target=_post, args=(own_server, "/_pileus/reset")) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    functions = _deploy(own_server)
    for number in range(5):
        _send(functions, id=f"event-{number}")
    wait_until(lambda: {f"event-{n}" for n in range(5)} <= set(_seen(own_server, "event-")), within_s=30)
    assert len(descendants(own_server.pid)) < 20


def test_a_reset_under_load_leaves_nothing_half(own_server: Server) -> None:
    """Functions that were made around a reset either work or are gone; none is listed without its code."""
    own_server.start()
    role = make_role(own_server)
    ended = threading.Event()

    refusals: set[str] = set()

    def create(prefix: str) -> None:
        functions, number = own_server.client("lambda"), 0
        while not ended.is_set():
            number += 1
            text = f"def handler(event, context): return '{prefix}{number}'"
            try:
                functions.create_function(
                    FunctionName=f"{prefix}{number}",
                    Runtime="python3.12",
                    Handler="index.handler",
                    Role=role,
                    Code={"ZipFile": archive(text)},
                )
            except ClientError as error:
                refusals.add(error.response["Error"]["Code"])
                ended.wait(0.01)

    threads = [threading.Thread(target=create, args=(prefix,)) for prefix in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    time.sleep(0.5)  # so that the reset meets work under way; what it finds does not matter
    assert _post(own_server, "/_pileus/reset") == 200
    ended.set()
    for thread in threads:
        thread.join()
    # The role is gone with the reset; a request that the reset cut off answers 500.
    assert refusals <= {"InvalidParameterValueException", "ServiceException", "500"}
    functions = own_server.client("lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            assert "FunctionError" not in functions.invoke(FunctionName=function["FunctionName"])


def test_the_clock_stands_where_it_was_after_a_kill(own_server: Server) -> None:
    """What is due tomorrow by a clock that was moved to tomorrow must not wait for a day after a restart."""
    own_server.start()
    functions = _deploy(own_server)
    assert _post(own_server, "/_pileus/clock", b'{"advance_s": 86400}') == 200
    _send(functions, id="tomorrow")
    own_server.kill()
    own_server.start()
    with urllib.request.urlopen(f"{own_server.url}/_pileus/clock", timeout=10) as answer:
        assert 86_390 < json.load(answer)["offset_s"] < 86_500
    wait_until(lambda: "tomorrow" in _seen(own_server, "tomorrow"), within_s=30)
    assert _post(own_server, "/_pileus/clock", b'{"freeze": true}') == 200
    own_server.kill()
    own_server.start()
    with urllib.request.urlopen(f"{own_server.url}/_pileus/clock", timeout=10) as answer:
        assert json.load(answer)["frozen"] is True


def test_forms_of_browsers_outlive_a_moved_clock(own_server: Server) -> None:
    """Who signs a form writes its end by the machine's clock, as the date of a signature: so it is read."""
    s3 = own_server.start().client("s3")
    s3.create_bucket(Bucket="uploads")
    assert _post(own_server, "/_pileus/clock", b'{"advance_s": 259200}') == 200
    signed = s3.generate_presigned_post("uploads", "name", ExpiresIn=60)
    answer = urllib3.request("POST", signed["url"], fields=[*signed["fields"].items(), ("file", b"something")])
    assert (answer.status, answer.data) == (204, b"")


def test_stopping_costs_an_event_none_of_its_attempts(own_server: Server) -> None:
    """An accepted event whose function we cut off by stopping is delivered again at the next start, at once."""
    own_server.start()
    functions = _deploy(own_server)
    _send(functions, id="cut", sleep_s=2)
    # An attempt that counted would be followed by a minute's wait, and after three there would be none.
    for stops in range(3):
        wait_until(lambda before=stops: len(_seen(own_server, "cut/start/")) > before, within_s=30)  # type: ignore[misc]
        own_server.stop()
        own_server.start()
    wait_until(lambda: "cut" in _seen(own_server, "cut"), within_s=30)


def test_strict_admin_takes_the_token(tmp_path: Any) -> None:
    """Functions are on loopback too; only who may read the data directory may wipe it."""
    server = Server(tmp_path / "d", "--auth", "strict").start()
    try:
        assert _post(server, "/_pileus/reset") == 403
        assert _post(server, "/_pileus/metrics") == 403
        assert _post(server, "/_pileus/inbox", b"{}") == 403
        assert _post(server, "/_pileus/clock", b'{"advance_s": 1}', token="wrong") == 403
        token = admin_token((server.data_dir / "secret").read_bytes())
        assert _post(server, "/_pileus/clock", b'{"advance_s": 1}', token=token) == 200
        assert _post(server, "/_pileus/reset", token=token) == 200
    finally:
        server.stop()


def test_commands_are_let_in_wherever_the_clock_was_moved(tmp_path: Any) -> None:
    """A strict server compares the date of a signature with the machine's clock; `pileus logs` signs by it, too."""
    server = Server(tmp_path / "d", "--auth", "strict").start()
    try:
        token = admin_token((server.data_dir / "secret").read_bytes())
        assert _post(server, "/_pileus/clock", b'{"advance_s": 259200}', token=token) == 200
        command = [sys.executable, "-m", "pileus", "logs", "nothing", "--data-dir", str(server.data_dir)]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert said.stderr.startswith("pileus: ResourceNotFoundException: ")
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/", "application/x-www-form-urlencoded", b"Action=CreateUser&Version=2010-05-08&UserName=evil"),
        ("/2015-03-31/functions", "text/plain", b"{}"),
    ],
)
def test_a_page_elsewhere_reaches_no_api(aws: Server, path: str, content_type: str, body: bytes) -> None:
    """While any key is welcome, the browser is all that stands between a page and the developer's machine."""
    request = urllib.request.Request(aws.url + path, method="POST", data=body)
    request.add_header("Content-Type", content_type)
    request.add_header("Origin", "https://evil.example")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 403
    refused.value.close()


def test_metrics_outlive_a_restart_and_not_a_reset(own_server: Server) -> None:
    """What was counted is told after a stop; a reset forgets it."""
    own_server.start()
    assert _post(own_server, "/_pileus/clock", b'{"freeze": true}') == 200
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        own_server.client("dynamodb").get_item(TableName="gone", Key={"pk": {"S": "1"}})
    own_server.stop()
    own_server.start()
    assert _post(own_server, "/_pileus/clock", b'{"advance_s": 60}') == 200
    told = 'aws_dynamodb_user_errors_sum{account_id="111111111111",region="us-east-1",unit="Count"} 1.0\n'
    assert told in _page(own_server, "/_pileus/metrics")
    assert _post(own_server, "/_pileus/reset") == 200
    assert _page(own_server, "/_pileus/metrics") == ""


def _page(server: Server, path: str) -> str:
    with urllib.request.urlopen(server.url + path, timeout=60) as answer:
        return str(answer.read().decode())
