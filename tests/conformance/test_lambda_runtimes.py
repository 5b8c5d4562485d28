"""Runtimes and streamed answers, through the API."""

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Server
from tests.support.functions import make_role

needs_ruby = pytest.mark.skipif(shutil.which("ruby") is None, reason="Ruby is not installed here")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed here")

_STREAMING = """
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  stream.setContentType("text/plain");
  for (const piece of event.pieces ?? []) {
    stream.write(piece);
    await new Promise((done) => setTimeout(done, 5));
  }
  if (event.fail) throw new RangeError("midstream");
  if (event.big) { const { pipeline } = require("stream/promises"); const { Readable } = require("stream");
    await pipeline(Readable.from(Array.from({ length: event.big }, () => Buffer.alloc(65536, "x"))), stream);
    return;
  }
  stream.end(event.last);
});
"""

_CUSTOM = """#!/usr/bin/env python3
import base64, http.client, json, os
host = os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    connection = http.client.HTTPConnection(host)
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = connection.getresponse()
    event, request_id = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    connection.putrequest("POST", f"/2018-06-01/runtime/invocation/{request_id}/response")
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Content-Type", "text/event-stream")
    connection.putheader("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
    connection.endheaders()
    for piece in event["pieces"]:
        connection.send(b"%x\\r\\n%s\\r\\n" % (len(piece), piece.encode()))
    if event.get("fail"):
        body = base64.b64encode(b'{"errorType":"Mine","errorMessage":"broken"}').decode()
        connection.send(b"0\\r\\nLambda-Runtime-Function-Error-Type: Mine\\r\\n"
                        b"Lambda-Runtime-Function-Error-Body: " + body.encode() + b"\\r\\n\\r\\n")
    else:
        connection.send(b"0\\r\\n\\r\\n")
    assert connection.getresponse().status == 202
    connection.close()
"""


def package(files: Mapping[str, str | bytes]) -> bytes:
    """An archive of executable files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            opened.writestr(entry, content)
    return packed.getvalue()


def create(aws: Server, runtime: str, handler: str, package: bytes, **options: Any) -> str:
    """A function of that package; its name."""
    name = f"fn-{uuid4().hex[:12]}"
    aws.client("lambda").create_function(
        FunctionName=name,
        Runtime=runtime,
        Handler=handler,
        Role=make_role(aws),
        Code={"ZipFile": package},
        **{"Timeout": 20, **options},
    )
    return name


def streamed(aws: Server, name: str, event: object, **options: Any) -> tuple[list[bytes], dict[str, Any]]:
    """The chunks of an answer, and its end."""
    answer = aws.client("lambda").invoke_with_response_stream(
        FunctionName=name, Payload=json.dumps(event).encode(), **options
    )
    assert answer["StatusCode"] == 200
    events = list(answer["EventStream"])
    chunks = [event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event]
    (complete,) = [event["InvokeComplete"] for event in events if "InvokeComplete" in event]
    return chunks, complete


@needs_node
def test_a_streamed_answer(aws: Server) -> None:
    """The pieces come as they are written; an error on the way ends them; Invoke gets them all at once."""
    name = create(aws, "nodejs20.x", "index.handler", package({"index.js": _STREAMING}))
    chunks, complete = streamed(aws, name, {"pieces": ["one", "two"], "last": "three"}, LogType="Tail")
    assert b"".join(chunks) == b"onetwothree"
    assert len(chunks) >= 2
    assert set(complete) == {"LogResult"}
    chunks, complete = streamed(aws, name, {"pieces": ["one"], "fail": True})
    assert chunks == [b"one"]
    assert complete["ErrorCode"] == "RangeError"
    assert json.loads(complete["ErrorDetails"])["errorMessage"] == "midstream"
    chunks, complete = streamed(aws, name, {"big": 320})
    assert (sum(map(len, chunks)), complete) == (320 * 65536, {})
    whole = aws.client("lambda").invoke(FunctionName=name, Payload=b'{"pieces": ["a", "b"], "last": "c"}')
    assert (whole["Payload"].read(), "FunctionError" in whole) == (b"abc", False)


def test_a_custom_runtime_streams(aws: Server) -> None:
    """Chunked bodies, and trailers for errors, as the Runtime API asks for."""
    name = create(aws, "provided.al2023", "x", package({"bootstrap": _CUSTOM}))
    chunks, complete = streamed(aws, name, {"pieces": ["one", "two"]})
    assert (b"".join(chunks), complete) == (b"onetwo", {})
    chunks, complete = streamed(aws, name, {"pieces": ["one"], "fail": True})
    assert (b"".join(chunks), complete["ErrorCode"]) == (b"one", "Mine")
    assert json.loads(complete["ErrorDetails"]) == {"errorType": "Mine", "errorMessage": "broken"}


def test_a_function_that_does_not_stream(aws: Server) -> None:
    """Its answer is one chunk, its error the end of the stream; what prevents an invocation is an ordinary error."""
    client = aws.client("lambda")
    source = "def handler(event, context):\n    if event == 'fail': raise KeyError('x')\n    return event\n"
    name = create(aws, "python3.11", "index.handler", package({"index.py": source}))
    assert streamed(aws, name, {"a": 1}) == ([b'{"a": 1}'], {})
    chunks, complete = streamed(aws, name, "fail")
    assert (chunks, complete["ErrorCode"]) == ([], "KeyError")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke_with_response_stream(FunctionName="absent")
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke_with_response_stream(FunctionName=name, Payload=b"{")


def folder(place: Path) -> dict[str, str | bytes]:
    """All files below a directory, for `package`."""
    return {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}


def test_a_dry_run_and_a_client_that_leaves(aws: Server) -> None:
    """Nothing runs for the one; for the other the function runs to its end."""
    client = aws.client("lambda")
    source = """
import time
def handler(event, context):
    time.sleep(0.3)
    print("ran to its end")
"""
    name = create(aws, "python3.11", "index.handler", package({"index.py": source}))
    assert client.invoke_with_response_stream(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    answer = client.invoke_with_response_stream(FunctionName=name)
    answer["EventStream"].close()
    logs = aws.client("logs")
    deadline = time.monotonic() + 20
    while True:
        assert time.monotonic() < deadline
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"] if _has_logs(logs, name) else []
        if any(event["message"] == "ran to its end\n" for event in found):
            break
        time.sleep(0.05)
    assert sum(event["message"].startswith("START") for event in found) == 1


def _has_logs(logs: Any, name: str) -> bool:
    return bool(logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"])


@pytest.fixture(scope="session")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AWS's own runtime client for Python, installed from PyPI."""
    place = tmp_path_factory.mktemp("ric") / "packages"
    wanted = ["--quiet", "--only-binary", ":all:", "--target", str(place), "awslambdaric"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *wanted], capture_output=True, text=True, timeout=120
    )
    if done.returncode != 0:
        pytest.skip(f"awslambdaric cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return place


def test_awslambdaric_unmodified(aws: Server, python_client: Path) -> None:
    """AWS's Python runtime client is a custom runtime like any other: events, context, errors, an init error."""
    source = """
import json, os
def handler(event, context):
    if event == "fail":
        raise LookupError("on purpose")
    return [event, context.aws_request_id, context.invoked_function_arn, context.client_context.custom["a"],
            context.get_remaining_time_in_millis() > 1000, bool(os.environ["_X_AMZN_TRACE_ID"])]
"""
    start = '#!/bin/sh\nexport PYTHONPATH="$LAMBDA_TASK_ROOT"\nexec python3 -m awslambdaric "$_HANDLER"\n'
    files = {**folder(python_client), "index.py": source, "bootstrap": start}
    name = create(aws, "provided.al2023", "index.handler", package(files), MemorySize=256)
    client = aws.client("lambda")
    told = base64.b64encode(b'{"custom": {"a": "b"}}').decode()
    for number in range(3):
        answer = client.invoke(FunctionName=name, Payload=str(number).encode(), ClientContext=told)
        event, request_id, arn, custom, time_left, traced = json.loads(answer["Payload"].read())
        assert (event, custom, time_left, traced) == (number, "b", True, True)
        assert request_id == answer["ResponseMetadata"]["RequestId"]
        assert arn.endswith(f":function:{name}")
    failed = client.invoke(FunctionName=name, Payload=b'"fail"')
    assert failed["FunctionError"] == "Unhandled"
    document = json.loads(failed["Payload"].read())
    assert (document["errorType"], document["errorMessage"]) == ("LookupError", "on purpose")
    broken = create(aws, "provided.al2023", "absent.handler", package(files), MemorySize=256)
    document = json.loads(client.invoke(FunctionName=broken, Payload=b"1")["Payload"].read())
    assert document["errorType"] == "Runtime.ImportModuleError"


@pytest.fixture(scope="session")
def node_client() -> Path:
    """AWS's own runtime client for Node.js, where somebody has compiled it: that takes minutes and a C++ compiler."""
    named = os.environ.get("PILEUS_TEST_NODE_CLIENT", "")
    if not (Path(named) / "aws-lambda-ric").is_dir():
        pytest.skip("PILEUS_TEST_NODE_CLIENT names no node_modules that holds a compiled aws-lambda-ric")
    return Path(named)


@needs_node
def test_aws_lambda_ric_unmodified(aws: Server, node_client: Path) -> None:
    """AWS's Node.js runtime client: events, errors, and streamed answers."""
    client = node_client / "aws-lambda-ric"
    files: dict[str, str | bytes] = {
        f"node_modules/aws-lambda-ric/{place}": (client / place).read_bytes()
        for place in ("package.json", "bin/index.mjs", "dist/index.mjs", "dist/rapid-client.node")
        if (client / place).exists()
    }
    built = client / "build" / "Release" / "rapid-client.node"
    if built.exists():
        files["node_modules/aws-lambda-ric/dist/rapid-client.node"] = built.read_bytes()
    files["bootstrap"] = '#!/bin/sh\nexec node node_modules/aws-lambda-ric/bin/index.mjs "$_HANDLER"\n'
    files["index.js"] = """
exports.handler = async (event, context) => {
  if (event === "fail") throw new RangeError("on purpose");
  return [event, context.awsRequestId, context.functionName];
};
"""
    name = create(aws, "provided.al2023", "index.handler", package(files), MemorySize=512)
    functions = aws.client("lambda")
    for number in range(3):
        answer = functions.invoke(FunctionName=name, Payload=str(number).encode())
        assert json.loads(answer["Payload"].read()) == [number, answer["ResponseMetadata"]["RequestId"], name]
    document = json.loads(functions.invoke(FunctionName=name, Payload=b'"fail"')["Payload"].read())
    assert (document["errorType"], document["errorMessage"]) == ("RangeError", "on purpose")
    files["index.js"] = _STREAMING
    streaming = create(aws, "provided.al2023", "index.handler", package(files), MemorySize=512)
    chunks, complete = streamed(aws, streaming, {"pieces": ["one", "two"], "last": "three"})
    assert (b"".join(chunks), complete) == (b"onetwothree", {})
    chunks, complete = streamed(aws, streaming, {"pieces": ["one"], "fail": True})
    assert (b"".join(chunks), complete["ErrorCode"]) == (b"one", "RangeError")


_WRAPPER = """#!/bin/bash
export WRAPPER_VAR=test_value
exec "$@"
"""


@pytest.mark.parametrize(
    "runtime",
    ["python3.11", pytest.param("nodejs20.x", marks=needs_node), pytest.param("ruby3.3", marks=needs_ruby)],
)
def test_a_wrapper_script_starts_the_runtime(aws: Server, runtime: str) -> None:
    """AWS_LAMBDA_EXEC_WRAPPER. Recording lambda_common, test_runtime_wrapper_invoke."""
    files: dict[str, str | bytes] = {
        "index.py": "import os\ndef handler(event, context): return [event, os.environ.get('WRAPPER_VAR')]\n",
        "index.js": "exports.handler = async (event) => [event, process.env.WRAPPER_VAR];",
        "index.rb": "def handler(event:, context:) = [event, ENV['WRAPPER_VAR']]\n",
        "environment_wrapper": _WRAPPER,
    }
    variables = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/environment_wrapper"}}
    name = create(aws, runtime, "index.handler", package(files), Environment=variables, MemorySize=256)
    for number in range(2):
        answer = aws.client("lambda").invoke(FunctionName=name, Payload=str(number).encode())
        assert json.loads(answer["Payload"].read()) == [number, "test_value"]
