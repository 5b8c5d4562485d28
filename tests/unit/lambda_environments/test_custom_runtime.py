"""Any program that speaks the Lambda Runtime API is a runtime."""

import asyncio
from datetime import timedelta

import pytest

from pileus.services.lambda_.environments.runtime_api import HttpLink
from tests.unit.lambda_environments.conftest import Bench

PYTHON_BOOTSTRAP = """\
#!/usr/bin/env python3
import json, os, urllib.error, urllib.request

BASE = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"

def post(path, body):
    try:
        return urllib.request.urlopen(urllib.request.Request(f"{BASE}/{path}", data=body, method="POST")).status
    except urllib.error.HTTPError as refused:
        return [refused.code, json.loads(refused.read())["errorType"]]

while True:
    with urllib.request.urlopen(f"{BASE}/invocation/next") as response:
        event, headers = json.loads(response.read()), response.headers
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    print("handling", event, flush=True)
    if event == "fail":
        post(f"invocation/{request_id}/error", b'{"errorType":"Mine","errorMessage":"bad"}')
    elif event == "die":
        os._exit(7)
    else:
        wrong = post("invocation/00000000-0000-4000-8000-999999999999/response", b"forged")
        answer = {
            "event": event, "handler": os.environ["_HANDLER"], "wrong": wrong, "cwd": os.getcwd(),
            "arn": headers["Lambda-Runtime-Invoked-Function-Arn"], "trace": headers["Lambda-Runtime-Trace-Id"],
            "deadline": headers["Lambda-Runtime-Deadline-Ms"].isdigit(),
            "client": headers["Lambda-Runtime-Client-Context"],
            "execution_env": os.environ.get("AWS_EXECUTION_ENV"),
        }
        assert post(f"invocation/{request_id}/response", json.dumps(answer).encode()) == 202
"""


async def test_a_runtime_of_its_own(bench: Bench) -> None:
    """Events, answers, errors, a crash, and headers as AWS names them."""
    spec = bench.function(PYTHON_BOOTSTRAP, file="bootstrap", runtime="provided.al2023", handler="whatever.it.means")
    result = await bench.invoke(spec, {"a": 1}, trace_id="Root=1-2", client_context='{"custom":\n{"ü": 1}}')
    assert result.function_error is None, result.payload
    assert result.payload == (
        b'{"event": {"a": 1}, "handler": "whatever.it.means", "wrong": [400, "InvalidRequestID"], "cwd": "/var/task", '
        b'"arn": "arn:aws:lambda:us-east-1:000000000000:function:fn:live", "trace": "Root=1-2", "deadline": true, '
        b'"client": "{\\"custom\\": {\\"\\\\u00fc\\": 1}}", "execution_env": null}'
    )
    assert result.init_duration is not None
    assert result.max_memory_bytes >= 0
    assert "handling {'a': 1}\n" in bench.logs.all
    failed = await bench.invoke(spec, "fail")
    assert (failed.function_error, failed.payload) == ("Unhandled", b'{"errorType":"Mine","errorMessage":"bad"}')
    died = await bench.failure(spec, "die")
    assert died["errorMessage"].endswith("Error: Runtime exited with error: exit status 7")
    assert (await bench.answer(spec, "alive"))["event"] == "alive"


async def test_a_package_without_bootstrap(bench: Bench) -> None:
    """AWS's words for the commonest mistake of custom runtimes."""
    document = await bench.failure(bench.function("x", runtime="provided.al2"))
    assert document["errorType"] == "Runtime.InvalidEntrypoint"
    assert document["errorMessage"].endswith("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")


async def test_a_bootstrap_that_cannot_be_executed(bench: Bench) -> None:
    """Not a program, or not executable."""
    spec = bench.function("neither script nor binary", file="bootstrap", runtime="provided.al2")
    document = await bench.failure(spec)
    assert document["errorType"] == "Runtime.InvalidEntrypoint"
    assert document["errorMessage"].endswith("Error: fork/exec /var/task/bootstrap: exec format error")


async def test_a_bootstrap_that_never_asks(bench: Bench) -> None:
    """It has the function's time when initialising took too long."""
    spec = bench.function(
        "#!/bin/sh\necho starting\nexit 9\n", file="bootstrap", runtime="provided.al2", timeout=timedelta(seconds=1)
    )
    document = await bench.failure(spec)
    assert document["errorMessage"].endswith("Error: Runtime exited with error: exit status 9")
    assert "starting\n" in bench.logs.all


IMPATIENT_BOOTSTRAP = """\
#!/usr/bin/env python3
import http.client, json, os, socket, struct

HOST = os.environ["AWS_LAMBDA_RUNTIME_API"]
NEXT = "/2018-06-01/runtime/invocation/next"

def dead_poll():
    connection = http.client.HTTPConnection(HOST, timeout=0.05)
    connection.request("GET", NEXT)
    try:
        connection.getresponse()
    except TimeoutError:
        return connection
    raise AssertionError("nobody had invoked yet")

def reset(connection):
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()

connection = http.client.HTTPConnection(HOST)
kept = None
while True:
    connection.request("GET", NEXT)
    response = connection.getresponse()
    request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(response.read())
    if event == "reset":
        reset(kept)
    connection.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", json.dumps([event]))
    connection.getresponse().read()
    if event == "leave dead polls":
        dead_poll().close()
        kept = dead_poll()  # an earlier poll whose client does not look at it any more
"""


def link_of(bench: Bench) -> HttpLink:
    """Of the one environment there is."""
    (fleet,) = bench.pool._fleets.values()
    (environment,) = fleet.environments
    assert isinstance(environment._link, HttpLink)
    return environment._link


async def test_the_latest_poll_has_the_event(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bootstrap with a timeout leaves dead polls behind: they take no event, closed or not."""
    monkeypatch.setattr("pileus.services.lambda_.environments.freezing.IDLE_S", 3600.0)  # it goes on between events
    spec = bench.function(
        IMPATIENT_BOOTSTRAP, file="bootstrap", runtime="provided.al2023", timeout=timedelta(seconds=30)
    )
    for event in ("leave dead polls", 1, 2, "reset", 3, "leave dead polls", 4):
        assert await asyncio.wait_for(bench.answer(spec, event), 60) == [event]
        if event == "leave dead polls":
            link = link_of(bench)
            (main,) = link._api._clients
            async with asyncio.timeout(60):
                while len(link._api._clients) != 2 or link._poll is not main:
                    await asyncio.sleep(0.005)
    assert len(bench.logs.events) == 1


DYING_BOOTSTRAP = """\
#!/usr/bin/env python3
import http.client, os, select, socket, struct

HOST = os.environ["AWS_LAMBDA_RUNTIME_API"]
NEXT = "/2018-06-01/runtime/invocation/next"
first = http.client.HTTPConnection(HOST)
first.request("GET", NEXT)
select.select([first.sock], [], [])  # the event has arrived, and nobody reads it
first.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
first.close()
first.sock = None
second = http.client.HTTPConnection(HOST)
second.request("GET", NEXT)
response = second.getresponse()
request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
body = response.read()
second.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", body)
second.getresponse().read()
"""


async def test_an_event_that_nobody_read_is_handed_again(bench: Bench) -> None:
    """It went to a connection that broke before its client had read it: the next poll has it."""
    spec = bench.function(DYING_BOOTSTRAP, file="bootstrap", runtime="provided.al2023", timeout=timedelta(seconds=3))
    assert await bench.answer(spec, {"kept": True}) == {"kept": True}
