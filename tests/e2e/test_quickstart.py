"""What a newcomer sees: one command, a URL that works, and data that survives."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from tests.conftest import Server
from tests.support.processes import descendants, gone, wait_until

ROOT = Path(__file__).resolve().parents[2]


def _call(url: str, *, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(url, data=json.dumps(body).encode() if body else None)
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _path_form(server: Server, url: str) -> str:
    """The application's URL for a resolver that does not know `*.localhost`."""
    api_id = url.split("//")[1].split(".")[0]
    return f"{server.url}/_aws/execute-api/{api_id}/$default"


def _deploy(server: Server, key: tuple[str, str] = ("111111111111", "test")) -> str:
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "quickstart" / "deploy.py")],
        env={
            "PATH": "/usr/bin:/bin",
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": key[0],
            "AWS_SECRET_ACCESS_KEY": key[1],
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    apigateway = server.client("apigatewayv2", aws_access_key_id=key[0], aws_secret_access_key=key[1])
    apis = apigateway.get_apis()["Items"]
    assert len(apis) == 1, "deploying twice must find the first API again"
    endpoint: str = apis[0]["ApiEndpoint"]
    assert endpoint in run.stdout
    return _path_form(server, endpoint)


def _log_group(server: Server) -> str:
    functions = server.client("lambda").list_functions()["Functions"]
    assert len(functions) == 1
    return f"/aws/lambda/{functions[0]['FunctionName']}"


def test_the_quickstart_survives_kill_and_restart(own_server: Server) -> None:
    """The promise of the README: notes are kept through `kill -9`, and the function's log is in CloudWatch Logs."""
    own_server.start()
    url = _deploy(own_server)
    note = _call(f"{url}/notes", body={"text": "kept"})
    pids = descendants(own_server.pid)
    own_server.kill()
    wait_until(lambda: all(gone(pid) for pid in pids))  # user code ends with the server, however that ends
    own_server.start()
    url = _deploy(own_server)
    listed = _call(f"{url}/notes")
    assert any(found["id"] == note["id"] and found["text"] == "kept" for found in listed["notes"])
    logs = own_server.client("logs")

    def messages() -> list[str]:
        events = logs.filter_log_events(logGroupName=_log_group(own_server))["events"]
        return [event["message"] for event in events]

    wait_until(lambda: any(message.startswith("REPORT RequestId") for message in messages()))
    assert any(message.startswith("START RequestId") for message in messages())


def test_the_quickstart_outlives_the_credentials_of_its_environments(own_server: Server) -> None:
    """The tour's last step moves the clock by a day; a warm environment's session has expired then."""
    own_server.start()
    url = _deploy(own_server)
    note = _call(f"{url}/notes", body={"text": "before"})
    _call(f"{own_server.url}/_pileus/clock", body={"advance_s": 86_400})
    assert note["id"] in {found["id"] for found in _call(f"{url}/notes")["notes"]}


def test_the_quickstart_in_strict_mode(tmp_path: Path) -> None:
    """Every signature is verified then, the function's own included."""
    server = Server(tmp_path / "data", "--auth", "strict").start()
    try:
        url = _deploy(server, (server.ready["root_access_key_id"], server.ready["root_secret_access_key"]))
        note = _call(f"{url}/notes", body={"text": "strictly"})
        assert _call(f"{url}/notes/{note['id']}")["text"] == "strictly"
    finally:
        server.stop()
