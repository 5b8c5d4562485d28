"""`pileus invoke` and `pileus logs`, as a person and a script meet them."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Server
from tests.support.functions import archive, make_role

CODE = """
def handler(event, context):
    print("GOT", event)
    if event.get("fail"):
        raise ValueError("on purpose")
    return {"twice": event.get("n", 0) * 2}
"""


def pileus(server: Server, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pileus", *arguments, "--data-dir", str(server.data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        input=stdin,
        check=False,
    )


@pytest.fixture(scope="module", params=["open", "strict"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server with one function, in either mode."""
    server = Server(tmp_path_factory.mktemp("data") / "pileus", "--auth", request.param).start()
    exports = json.loads(pileus(server, "env", "--json").stdout)
    options = {
        "aws_access_key_id": exports["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": exports["AWS_SECRET_ACCESS_KEY"],
    }
    client = server.client
    server.client = lambda service, **more: client(service, **(options | more))  # type: ignore[method-assign]
    server.client("lambda").create_function(
        FunctionName="double",
        Runtime="python3.12",
        Role=make_role(server),
        Handler="index.handler",
        Code={"ZipFile": archive(CODE)},
    )
    yield server
    server.stop()


def test_what_env_exports_is_enough(served: Server, tmp_path: Path) -> None:
    """In another folder, where no Pileus keeps its data, the exported variables lead to the server."""
    exports = json.loads(pileus(served, "env", "--json").stdout)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "pileus", "invoke", "double", '{"n": 21}', "--data-dir", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean | exports, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"twice": 42}), done.stderr
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean, check=False)
    assert done.returncode != 0
    assert "--url" in done.stderr


def test_a_function_is_invoked(served: Server, tmp_path: Path) -> None:
    """From an argument, a file, or the standard input; failing is an exit status, a missing one a clear line."""
    answered = pileus(served, "invoke", "double", '{"n": 21}', "--log")
    assert (answered.returncode, json.loads(answered.stdout)) == (0, {"twice": 42})
    assert "REPORT RequestId" in answered.stderr
    file = tmp_path / "event.json"
    file.write_text('{"n": 4}')
    assert json.loads(pileus(served, "invoke", "double", f"@{file}").stdout) == {"twice": 8}
    assert json.loads(pileus(served, "invoke", "double", "-", stdin='{"n": 5}').stdout) == {"twice": 10}
    failed = pileus(served, "invoke", "double", '{"fail": true}')
    assert (failed.returncode, json.loads(failed.stdout)["errorType"]) == (1, "ValueError")
    missing = pileus(served, "invoke", "none")
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert "ResourceNotFoundException" in missing.stderr
    assert pileus(served, "invoke", "double", "{n: 1}").returncode == 2
    assert pileus(served, "invoke", "double", "{}", "--event").stdout.startswith("accepted")


def test_logs_are_shown(served: Server) -> None:
    """By function and by group, filtered, for scripts too."""
    assert pileus(served, "invoke", "double", '{"mark": "shown"}').returncode == 0
    deadline = time.monotonic() + 10
    while '"GOT' not in (found := pileus(served, "logs", "double", "--filter", '"mark"', "--json").stdout):
        assert time.monotonic() < deadline
    event = json.loads(found.splitlines()[0])
    assert event["message"].startswith("GOT {'mark': 'shown'}")
    plain = pileus(served, "logs", "/aws/lambda/double").stdout
    assert "Z START RequestId:" in plain
    later = pileus(served, "logs", "double", "--since", "2099-01-01T00:00")
    assert (later.returncode, later.stdout) == (0, "")
    assert "nothing since 2099-01-01T00:00" in later.stderr, "silence looked as if nothing had ever been logged"
    assert pileus(served, "logs", "double", "--since", "yesterday").returncode == 2
    assert pileus(served, "logs", "no-such").returncode == 2


def test_logs_are_followed_across_a_restart(own_server: Server) -> None:
    """Wherever the server listens then; who waits is told so, once. Without --follow one hears how to start it."""
    own_server.start()

    def put(message: str) -> None:
        event = {"timestamp": time.time_ns() // 1_000_000, "message": message}
        own_server.client("logs").put_log_events(logGroupName="/g", logStreamName="s", logEvents=[event])

    own_server.client("logs").create_log_group(logGroupName="/g")
    own_server.client("logs").create_log_stream(logGroupName="/g", logStreamName="s")
    address = own_server.url
    command = ["logs", "/g", "-f", "--account", "111111111111", "--data-dir", str(own_server.data_dir)]
    following = subprocess.Popen(
        [sys.executable, "-m", "pileus", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = threading.Timer(30, following.kill)
    deadline.start()
    try:
        assert following.stdout is not None
        assert following.stderr is not None
        put("before")
        assert "before" in following.stdout.readline()
        own_server.kill()
        assert following.stderr.readline() == f"pileus: no answer from {address}; waiting until it serves again\n"
        stopped = subprocess.run(
            [sys.executable, "-m", "pileus", "logs", "/g", "--url", address],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (stopped.returncode, stopped.stderr) == (
            2,
            f"pileus: Pileus does not run at {address} (start it: pileus up)\n",
        )
        own_server.start()
        put("after")
        assert "after" in following.stdout.readline()
    finally:
        deadline.cancel()
        following.terminate()
        _, said = following.communicate(timeout=10)
    assert said == ""


def test_logs_are_followed(served: Server) -> None:
    """Until somebody ends it; what comes later is shown, once."""
    command = ["logs", "double", "-f", "--filter", "followed", "--data-dir", str(served.data_dir)]
    following = subprocess.Popen(
        [sys.executable, "-m", "pileus", *command],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    deadline = threading.Timer(20, following.kill)
    deadline.start()
    try:
        for name in ("followed-1", "followed-2"):
            served.client("lambda").invoke(FunctionName="double", Payload=json.dumps({"name": name}))
            assert following.stdout is not None
            assert name in following.stdout.readline()
    finally:
        deadline.cancel()
        following.terminate()
        following.communicate(timeout=10)
