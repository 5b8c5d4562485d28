"""Extensions register, hear of every event and of the end, and read what is said."""

import asyncio
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pileus.services.lambda_.environments.extensions import programs
from pileus.services.lambda_.environments.lifecycle import State
from pileus.services.lambda_.environments.telemetry import Subscriber, Telemetry, _Destination, _refusal, _Subscription
from pileus.services.lambda_.environments.types import FunctionSpec
from tests.support.time import JumpingClock
from tests.unit.lambda_environments.conftest import Bench

_EXTENSION = """\
#!/usr/bin/env python3
import http.client, http.server, json, os, socket, sys, threading, time

HOST = os.environ["AWS_LAMBDA_RUNTIME_API"]
NAME = os.path.basename(__file__)
SAID = []

def ask(method, path, body=None, **headers):
    connection = http.client.HTTPConnection(HOST)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, json.loads(answer.read() or b"null")

def say(what):
    print(json.dumps({"from": NAME, "what": what}), flush=True)

class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200); self.end_headers()
        for event in events:
            if event["type"] != "extension": say({"heard": event})
    def log_message(self, *_): pass

%(BEFORE)s
status, headers, told = ask("POST", "/2020-01-01/extension/register", {"events": %(EVENTS)s},
                            Lambda_Extension_Name=NAME, Lambda_Extension_Accept_Feature="accountId")
say({"registered": told, "status": status})
me = headers["Lambda-Extension-Identifier"]
%(SUBSCRIBE)s
while True:
    status, headers, event = ask("GET", "/2020-01-01/extension/event/next", Lambda_Extension_Identifier=me)
    say(event)
    %(AFTER)s
    if event.get("eventType") == "SHUTDOWN":
        time.sleep(0.1)
        say("finished")
        break
"""

_SUBSCRIBE = """
server = http.server.HTTPServer(("sandbox.localdomain", 0), Listener)
threading.Thread(target=server.serve_forever, daemon=True).start()
say({"subscribed": ask("PUT", "/2022-07-01/telemetry", {
    "schemaVersion": "2022-12-13", "types": ["platform", "function"],
    "buffering": {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25},
    "destination": {"protocol": "HTTP", "URI": f"http://sandbox.localdomain:{server.server_port}/"},
}, Lambda_Extension_Identifier=me)[0]})
"""


def _with_extension(
    bench: Bench,
    function: str = "def handler(event, context):\n    print('in function')\n    return event\n",
    *,
    events: str = '["INVOKE", "SHUTDOWN"]',
    before: str = "",
    subscribe: str = "",
    after: str = "pass",
    **changes: Any,
) -> FunctionSpec:
    layer = bench.directory / "layer"
    (layer / "extensions").mkdir(parents=True)
    program = layer / "extensions" / "watcher"
    program.write_text(_EXTENSION % {"EVENTS": events, "BEFORE": before, "SUBSCRIBE": subscribe, "AFTER": after})
    for path in (layer, *layer.rglob("*")):
        path.chmod(0o755)
    return bench.function(function, layers=(layer,), **changes)


def _said(bench: Bench) -> list[Any]:
    return [json.loads(line)["what"] for line in bench.logs.all if line.startswith('{"from"')]


async def _until(found: Callable[[], bool], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not found():
            await asyncio.sleep(0.01)


async def _rested(bench: Bench, spec: FunctionSpec, event: object) -> object:
    """An answer, and its environment's extensions ready for the next event."""
    answer = await bench.answer(spec, event)
    await _until(lambda: all(environment.state is State.IDLE for environment in bench.pool._population.environments))
    return answer


async def test_an_extension_hears_of_events_and_of_the_end(bench: Bench) -> None:
    """Register, INVOKE with the request's id, SHUTDOWN with its reason and time to finish."""
    spec = _with_extension(bench)
    assert [await _rested(bench, spec, number) for number in (1, 2)] == [1, 2]
    await bench.pool.retire(spec.function_arn)
    await _until(lambda: "finished" in _said(bench))
    registered, first, second, shutdown, _ = _said(bench)
    assert registered == {
        "registered": {
            "functionName": "fn",
            "functionVersion": "$LATEST",
            "handler": "app.handler",
            "accountId": "000000000000",
        },
        "status": 200,
    }
    assert first["eventType"] == "INVOKE"
    assert [first["requestId"][-1], second["requestId"][-1]] == ["1", "2"]
    assert first["invokedFunctionArn"].endswith(":function:fn:live")
    assert first["deadlineMs"] > 0
    assert (shutdown["eventType"], shutdown["shutdownReason"]) == ("SHUTDOWN", "SPINDOWN")
    assert "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n" in bench.logs.all


async def test_the_next_event_waits_for_extensions(bench: Bench) -> None:
    """The answer does not wait; the environment is not used again before its extension is ready."""
    spec = _with_extension(bench, after="time.sleep(0.3)")
    loop = asyncio.get_running_loop()
    await bench.answer(spec, "init")
    started = loop.time()
    await bench.answer(spec, 1)
    assert len(bench.logs.events) == 2, "the first environment was not ready: another one was started"
    assert loop.time() - started < 10


async def test_telemetry(bench: Bench) -> None:
    """Subscribers get the platform's events and the function's lines, in batches at their own port."""
    spec = _with_extension(bench, subscribe=_SUBSCRIBE)
    await _rested(bench, spec, 1)

    def heard() -> list[dict[str, Any]]:
        return [what["heard"] for what in _said(bench) if isinstance(what, dict) and "heard" in what]

    async def read() -> None:
        await _until(lambda: {"platform.report", "function"} <= {event["type"] for event in heard()})

    # What is on its way when the environment rests arrives with its next event.
    await _rested(bench, spec, 2)
    await bench.pool.retire(spec.function_arn)
    await read()
    assert {"subscribed": 200} in _said(bench)
    kinds = [event["type"] for event in heard()]
    assert kinds[0] == "platform.initStart", "what was told before it subscribed comes first"
    assert {"platform.start", "platform.runtimeDone", "platform.report", "platform.extension"} <= set(kinds)
    assert "in function\n" in [event["record"] for event in heard() if event["type"] == "function"]
    report = next(event for event in heard() if event["type"] == "platform.report")
    assert report["record"]["status"] == "success"
    assert "TELEMETRY\tName: watcher\tState: Subscribed\tTypes: [platform, function]\n" in bench.logs.all


_SUBSCRIBE_BY_TCP = """
server = socket.create_server(("127.0.0.1", 0))
def hear():
    connection, _ = server.accept()
    for line in connection.makefile("rb"):
        event = json.loads(line)
        if event["type"] != "extension": say({"heard": event})
threading.Thread(target=hear, daemon=True).start()
say({"subscribed": ask("PUT", "/2022-07-01/telemetry", {
    "schemaVersion": "2022-12-13", "types": ["platform", "function"], "buffering": {"timeoutMs": 25},
    "destination": {"protocol": "TCP", "port": server.getsockname()[1]},
}, Lambda_Extension_Identifier=me)[0]})
"""


async def test_telemetry_by_tcp(bench: Bench) -> None:
    """Each event is a line, on one connection."""
    spec = _with_extension(bench, subscribe=_SUBSCRIBE_BY_TCP)
    for number in (1, 2, 3):
        await _rested(bench, spec, number)
    await bench.pool.retire(spec.function_arn)

    def heard() -> list[str]:
        return [what["heard"]["type"] for what in _said(bench) if isinstance(what, dict) and "heard" in what]

    await _until(lambda: heard().count("platform.report") >= 2)
    assert {"subscribed": 200} in _said(bench)
    assert heard()[0] == "platform.initStart"
    assert "function" in heard()


async def test_a_listener_that_does_not_read_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has not taken in time is lost with its connection, whose buffer would hold it otherwise."""
    monkeypatch.setattr("pileus.services.lambda_.environments.telemetry._POST_S_MAX", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        destination = _Destination(protocol="TCP", port=deaf.getsockname()[1])
        wanted = _Subscription(types=["function"], destination=destination)
        subscriber = Subscriber(wanted, clock=JumpingClock(datetime(2026, 1, 1, tzinfo=UTC)))
        for _ in range(4):
            subscriber.add({"record": "x" * 8_388_608}, 8_388_608)
            await _until(lambda: subscriber._sender is None)
            assert subscriber._stream is None
        subscriber.close()


@pytest.mark.parametrize(
    ("destination", "legal"),
    [
        ({"protocol": "TCP", "port": 8080}, True),
        ({"protocol": "TCP", "uri": "tcp://sandbox.localdomain:8080"}, True),
        ({"protocol": "HTTP", "uri": "http://sandbox.localdomain:8080"}, True),
        ({"protocol": "TCP"}, False),
        ({"protocol": "TCP", "port": 65_536}, False),
        ({"protocol": "TCP", "uri": "tcp://sandbox.localdomain:8080", "port": 65_536}, False),
        ({"protocol": "HTTP", "uri": "http://sandbox.localdomain:8080", "port": -1}, False),
        ({"protocol": "HTTP", "port": 8080}, False),
    ],
)
def test_where_telemetry_may_go(destination: dict[str, Any], legal: bool) -> None:
    """A port that is none would end the task that sends, and leave its events where they are."""
    assert (_refusal(_Subscription(types=["function"], destination=_Destination(**destination))) == "") is legal


@pytest.mark.parametrize(("size_bytes", "kept"), [(256 * 1024, 4), (1, 1_000)])
async def test_what_is_told_before_anybody_subscribes_is_bounded(size_bytes: int, kept: int) -> None:
    """The first of it is kept, and no more than a subscriber might buffer, however much an initialisation prints."""

    class Initialising:
        initialising = True

    extensions: Any = Initialising()
    nobody: Any = None
    telemetry = Telemetry(extensions, journal=nobody, clock=nobody)
    for number in range(3_000):
        telemetry.line(0.0, f"{number:04d}".ljust(size_bytes)[:size_bytes], "function")
    assert len(telemetry._early) == kept
    assert telemetry._early[0][1]["record"].startswith("0")
    extensions.initialising = False
    telemetry.line(0.0, "later", "function")
    assert not telemetry._early


@pytest.mark.parametrize(
    ("request_of", "status", "kind"),
    [
        ('ask("POST", "/2020-01-01/extension/register", {})', 403, "Extension.InvalidExtensionName"),
        (
            'ask("POST", "/2020-01-01/extension/register", {"events": ["SHUTDOWN"]}, Lambda_Extension_Name="inner")',
            403,
            "ShutdownEventNotSupportedForInternalExtension",
        ),
        (
            'ask("POST", "/2020-01-01/extension/register", {"events": ["X"]}, Lambda_Extension_Name="x")',
            400,
            "Extension.InvalidEventType",
        ),
        ('ask("GET", "/2020-01-01/extension/event/next")', 403, "Extension.MissingExtensionIdentifier"),
        (
            'ask("GET", "/2020-01-01/extension/event/next", Lambda_Extension_Identifier="x")',
            403,
            "Extension.UnknownExtensionIdentifier",
        ),
        ('ask("PUT", "/2022-07-01/telemetry", {})', 403, "Extension.UnknownExtensionIdentifier"),
        ('ask("GET", "/2018-06-01/other")', 404, "NotFound"),
    ],
)
async def test_refusals(bench: Bench, request_of: str, status: int, kind: str) -> None:
    """What the API refuses, and in which words."""
    spec = _with_extension(bench, before=f"refused = {request_of}\nsay([refused[0], refused[2]['errorType']])")
    await bench.answer(spec, 1)
    assert _said(bench)[0] == [status, kind]


async def test_an_extension_that_fails(bench: Bench) -> None:
    """At its start it fails the initialisation; later it takes its environment with it, and another one comes."""
    failing = """
ask("POST", "/2020-01-01/extension/init/error", {}, Lambda_Extension_Identifier=me,
    Lambda_Extension_Function_Error_Type="Extension.NoSuchConfig")
time.sleep(9)
"""
    document = await bench.failure(_with_extension(bench, subscribe=failing))
    assert document["errorType"] == "Extension.InitError"
    assert "Extension.NoSuchConfig" in document["errorMessage"]


async def test_an_extension_that_ends(bench: Bench) -> None:
    """Its environment is given up when the function's time is over, and the next event has another one."""
    spec = _with_extension(bench, after="sys.exit(3)", timeout=timedelta(seconds=60))
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await bench.answer(spec, 1)
    (environment,) = bench.pool._population.environments
    assert environment.state is State.SETTLING
    assert environment._timer is not None
    assert began_s + 60 <= environment._timer.when() <= loop.time() + 60
    environment._timer.cancel()
    environment._settle_no_longer()  # its time is over
    await _until(lambda: not bench.pool._population.environments)
    assert await bench.answer(spec, 2) == 2
    assert len(bench.logs.events) == 2


async def test_an_extension_that_ends_while_it_waits(bench: Bench) -> None:
    """The invocation fails within moments, and with it the environment."""
    sleeper = "import time\ndef handler(event, context): time.sleep(9)\n"
    spec = _with_extension(bench, sleeper, after="threading.Timer(0.1, lambda: os._exit(3)).start()")
    document = await bench.failure(spec, 1)
    assert document["errorType"] == "Extension.Crash"
    assert document["errorMessage"].endswith("extension watcher has ended")
    assert not bench.pool._population.environments


async def test_a_timeout_is_told(bench: Bench) -> None:
    """SHUTDOWN says why."""
    spec = _with_extension(bench, "import time\ndef handler(e, c): time.sleep(9)\n", timeout=timedelta(seconds=1))
    document = await bench.failure(spec)
    assert document["errorType"] == "Sandbox.Timedout"
    await _until(lambda: "finished" in _said(bench))
    (shutdown,) = [what for what in _said(bench) if isinstance(what, dict) and what.get("eventType") == "SHUTDOWN"]
    assert shutdown["shutdownReason"] == "TIMEOUT"


async def test_an_internal_extension(bench: Bench) -> None:
    """A thread of the function's own registers by any name; with a wrapper variable there is an API without layers."""
    spec = bench.function(
        """
        import http.client, json, os, threading
        heard = []
        HOST, BASE = os.environ["AWS_LAMBDA_RUNTIME_API"], "/2020-01-01/extension/"
        connection = http.client.HTTPConnection(HOST)
        connection.request("POST", BASE + "register", '{"events": ["INVOKE"]}', {"Lambda-Extension-Name": "inner"})
        answer = connection.getresponse()
        answer.read()
        me = {"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]}
        def listen():
            while True:
                connection.request("GET", BASE + "event/next", headers=me)
                heard.append(json.loads(connection.getresponse().read())["eventType"])
        threading.Thread(target=listen, daemon=True).start()
        def handler(event, context):
            return heard
        """,
        layers=(bench.directory,),
    )
    await _rested(bench, spec, 1)
    assert "INVOKE" in await bench.answer(spec)


def test_where_extensions_are() -> None:
    """Files of `extensions` in any layer, by their place in the cell; without layers there are none."""
    assert programs([], "/opt") == []
    assert programs([Path("/nonexistent")], "/opt") == []
