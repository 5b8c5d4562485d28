"""A Python function finds what it finds on AWS, and its failures read as they do there."""

import asyncio
import json
from typing import Any

import pytest

from tests.unit.lambda_environments.conftest import Bench


async def test_an_event_goes_in_and_the_result_comes_out(bench: Bench) -> None:
    """The whole point: JSON in, JSON out, the same environment again."""
    spec = bench.function("""
        calls = 0
        def handler(event, context):
            global calls
            calls += 1
            return {"event": event, "calls": calls}
    """)
    event = {"text": "grüße 🌍", "number": 1.5, "none": None, "list": [1, {"a": True}]}
    assert await bench.answer(spec, event) == {"event": event, "calls": 1}
    assert await bench.answer(spec, "again") == {"event": "again", "calls": 2}


async def test_the_context_says_what_aws_says(bench: Bench) -> None:
    """Every attribute of the manual is there, of the same type."""
    spec = bench.function("""
        def handler(event, context):
            left = context.get_remaining_time_in_millis()
            client = context.client_context
            return {
                "name": context.function_name, "version": context.function_version,
                "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
                "request": context.aws_request_id, "group": context.log_group_name,
                "stream": context.log_stream_name, "identity": context.identity.cognito_identity_id,
                "left": 9_000 < left <= 10_000, "custom": client.custom, "title": client.client.app_title,
            }
    """)
    described = json.dumps({"custom": {"a": "b"}, "client": {"app_title": "app"}})
    result = await bench.invoke(spec, client_context=described)
    assert json.loads(result.payload) == {
        "name": "fn",
        "version": "$LATEST",
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:fn:live",
        "memory": "128",
        "request": "00000000-0000-4000-8000-000000000001",
        "group": "/aws/lambda/fn",
        "stream": result.log_stream,
        "identity": None,
        "left": True,
        "custom": {"a": "b"},
        "title": "app",
    }


async def test_the_environment_is_lambdas_and_nothing_else(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pileus's own environment may hold secrets; reserved variables cannot be replaced."""
    monkeypatch.setenv("PILEUS_SECRET", "leak")
    spec = bench.function(
        "import os\ndef handler(event, context): return dict(os.environ)",
        environment={"MINE": "1", "AWS_REGION": "mars-1", "AWS_ENDPOINT_URL": "http://elsewhere"},
    )
    result = await bench.invoke(spec, trace_id="Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    found = json.loads(result.payload)
    for ours in ("PATH", "LD_LIBRARY_PATH", "AWS_LAMBDA_LOG_STREAM_NAME"):
        assert found.pop(ours)
    assert found == {
        "MINE": "1",
        "AWS_ENDPOINT_URL": "http://elsewhere",
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "PYTHONPATH": "/var/runtime",
        "_HANDLER": "app.handler",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_FUNCTION_NAME": "fn",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/fn",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "ASIA-fn",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token of arn:aws:iam::000000000000:role/runner",
        "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
    }


async def test_the_sdk_is_there_and_pileus_is_not(bench: Bench) -> None:
    """boto3 comes with the runtime; our own code is no part of a function's world."""
    spec = bench.function("""
        import importlib.util, sys
        import boto3
        def handler(event, context):
            return [boto3.client("sqs").meta.endpoint_url, importlib.util.find_spec("pileus") is None]
    """)
    assert await bench.answer(spec) == ["http://127.0.0.1:4566", True]


async def test_a_package_brings_its_own_sdk(bench: Bench) -> None:
    """The package comes first on the path, as on AWS, whatever is loaded already."""
    bench.function("mine = True", file="boto3/__init__.py")
    spec = bench.function("import boto3\ndef handler(event, context): return boto3.mine")
    assert await bench.answer(spec) is True


@pytest.mark.parametrize("name", ["secrets", "csv", "gzip", "asyncio", "email"])
async def test_a_package_comes_before_the_standard_library(bench: Bench, name: str) -> None:
    """Whatever the runtime happens to have loaded already: as a handler module, and imported by one."""
    source = "def handler(event, context): return __name__ + ' of mine'"
    spec = bench.function(source, name="direct", file=f"{name}.py", handler=f"{name}.handler")
    assert await bench.answer(spec) == f"{name} of mine"
    bench.function("mine = True", name="indirect", file=f"{name}/__init__.py")
    spec = bench.function(f"import {name}\ndef handler(event, context): return {name}.mine", name="indirect")
    assert await bench.answer(spec) is True


async def test_a_directory_of_files_hides_no_module(bench: Bench) -> None:
    """`csv/` with tables in it is no package, and what the runtime itself stands on stays what it is."""
    bench.function("a,b", file="csv/table.txt")
    bench.function("raise ImportError('not yours')", file="json.py")
    spec = bench.function("""
        import csv, json
        def handler(event, context):
            return json.dumps(list(csv.reader(["1,2"])))
    """)
    assert await bench.answer(spec) == '[["1", "2"]]'


async def test_environments_draw_different_numbers(bench: Bench) -> None:
    """They are forked from one process, whose generators must not be what all of them begin with."""
    spec = bench.function("""
        import os, random, secrets, ssl, tempfile, time, uuid
        def handler(event, context):
            time.sleep(0.2)
            name = tempfile.mktemp()
            return [random.random(), secrets.token_hex(8), ssl.RAND_bytes(8).hex(), name, str(uuid.uuid4()),
                    str(uuid.uuid1()), os.urandom(8).hex()]
    """)
    first, second, third = await asyncio.gather(*(bench.answer(spec) for _ in range(3)))
    for numbers in zip(first, second, third, strict=True):
        assert len(set(numbers)) == 3, numbers


async def test_a_handler_may_lie_in_a_directory(bench: Bench) -> None:
    """`directory/module.function`, with imports beside the root."""
    bench.function("value = 7", file="shared.py")
    spec = bench.function(
        "import shared\ndef handler(event, context): return shared.value", file="pkg/mod.py", handler="pkg/mod.handler"
    )
    assert await bench.answer(spec) == 7


async def test_a_raised_error_reads_as_on_aws(bench: Bench) -> None:
    """Recorded answer of AWS: `test_lambda_handler_error`; the log: `test_invocation_with_logs`'s neighbours."""
    spec = bench.function("""
        class CustomException(Exception):
            pass

        def handler(event, context):
            raise CustomException("some error occurred")
    """)
    result = await bench.invoke(spec)
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload, object_pairs_hook=list) == [
        ("errorMessage", "some error occurred"),
        ("errorType", "CustomException"),
        ("requestId", "00000000-0000-4000-8000-000000000001"),
        (
            "stackTrace",
            ['  File "/var/task/app.py", line 6, in handler\n    raise CustomException("some error occurred")\n'],
        ),
    ]
    assert bench.logs.all[2] == (
        "[ERROR] CustomException: some error occurred\nTraceback (most recent call last):\n"
        '\u00a0\u00a0File "/var/task/app.py", line 6, in handler\n'
        '\u00a0\u00a0\u00a0\u00a0raise CustomException("some error occurred")'
    )
    assert await bench.failure(spec), "the environment goes on after an error"
    assert len(bench.logs.events) == 1


MALFORMED = "Bad handler 'app': not enough values to unpack (expected 2, got 1)"
MISSING = "Handler 'handler' missing on module 'app'"
SYNTAX = "Syntax error in module 'app': invalid syntax (app.py, line 1)"
CONFLICT = "Cannot use built-in module sys as a handler module"


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        ("x = 1", "app", "Runtime.MalformedHandlerName", MALFORMED),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound", MISSING),
        ("x = 1", "y.h", "Runtime.ImportModuleError", "Unable to import module 'y': No module named 'y'"),
        ("import y", "app.h", "Runtime.ImportModuleError", "Unable to import module 'app': No module named 'y'"),
        ("x = ", "app.h", "Runtime.UserCodeSyntaxError", SYNTAX),
        ("x = 1", "sys.exit", "Runtime.BuiltInModuleConflict", CONFLICT),
        ("1 / 0", "app.handler", "ZeroDivisionError", "division by zero"),
    ],
)
async def test_what_cannot_be_loaded(bench: Bench, source: str, handler: str, kind: str, message: str) -> None:
    """The invoker learns why, in AWS's words, and the next invocation initialises anew."""
    spec = bench.function(source, handler=handler)
    document = await bench.failure(spec)
    assert (document["errorType"], document["errorMessage"], document["requestId"]) == (kind, message, "")
    assert bench.logs.all[1].startswith(f"[ERROR] {kind}: {message}\nTraceback (most recent call last):")
    assert (await bench.failure(spec))["errorType"] == kind
    assert len(bench.logs.events) == 2


async def test_the_trace_of_a_module_that_fails_begins_with_its_import(bench: Bench) -> None:
    """Nothing of Pileus is in it. Recording lambda, test_lambda_runtime_error."""
    document = await bench.failure(bench.function("raise ValueError('at once')\n"))
    trace = document["stackTrace"]
    assert "importlib/__init__.py" in trace[0]
    assert trace[-1] == "  File \"/var/task/app.py\", line 1, in <module>\n    raise ValueError('at once')\n"
    assert not [frame for frame in trace if "lambda_/runtimes" in frame]


@pytest.mark.parametrize(("result", "kind"), [("{1, 2}", "set"), ("object()", "object"), ("{'a': 1j}", "complex")])
async def test_what_is_no_json_cannot_be_returned(bench: Bench, result: str, kind: str) -> None:
    """AWS's wording, without a trace."""
    document = await bench.failure(bench.function(f"def handler(event, context): return {result}"))
    assert document["errorType"] == "Runtime.MarshalError"
    assert document["errorMessage"] == f"Unable to marshal response: Object of type {kind} is not JSON serializable"
    assert document["stackTrace"] == []


@pytest.mark.parametrize(
    ("runtime", "result", "payload"),
    [
        ("python3.11", "'grüße'", b'"gr\\u00fc\\u00dfe"'),
        ("python3.12", "'grüße'", '"grüße"'.encode()),  # the runtime stopped escaping
        ("python3.11", "__import__('decimal').Decimal('1.5')", b"1.5"),
        ("python3.11", "b'raw'", b"raw"),
        ("python3.11", "None", b"null"),
    ],
)
async def test_results_are_written_as_the_runtime_writes_them(
    bench: Bench, runtime: str, result: str, payload: bytes
) -> None:
    """Byte for byte, since invokers compare payloads."""
    spec = bench.function(f"def handler(event, context): return {result}", runtime=runtime)
    assert (await bench.invoke(spec)).payload == payload


async def test_an_event_that_is_no_json(bench: Bench) -> None:
    """The API checks payloads; should one slip through, the environment survives it."""
    spec = bench.function("def handler(event, context): return event")
    result = await bench.invoke(spec, payload=b"{")
    assert json.loads(result.payload)["errorType"] == "Runtime.UnmarshalError"
    assert await bench.answer(spec, 1) == 1


async def test_the_log_has_aws_lines(bench: Bench) -> None:
    """print, logging, multi-line records and subprocesses, between START, END and REPORT."""
    spec = bench.function("""
        import logging, os, subprocess, sys
        logging.getLogger().setLevel(logging.INFO)
        def handler(event, context):
            print("one\\ntwo")
            logging.getLogger(__name__).info("many\\nlines %s", 1)
            print("err", file=sys.stderr)
            sys.stdout.buffer.write(b"bytes\\n")
            context.log("no newline")
            subprocess.run(["/bin/echo", "child"])
    """)
    result = await bench.invoke(spec)
    log = bench.logs.all[1:]
    request_id = "00000000-0000-4000-8000-000000000001"
    assert log[0] == f"START RequestId: {request_id} Version: $LATEST\n"
    assert log[1:3] == ["one\n", "two\n"]
    level, moment, logged_for, message = log[3].split("\t")
    assert (level, logged_for, message) == ("[INFO]", request_id, "many\nlines 1\n")
    assert moment.endswith("Z")
    assert sorted(log[4:8]) == ["bytes\n", "child\n", "err\n", "no newline"]
    assert log[8] == f"END RequestId: {request_id}\n"
    report = dict(field.split(": ", 1) for field in log[9].rstrip("\n").split("\t") if field)
    assert list(report) == [
        "REPORT RequestId", "Duration", "Billed Duration", "Memory Size", "Max Memory Used", "Init Duration",
    ]  # fmt: skip
    assert report["Memory Size"] == "128 MB"
    assert log[9].endswith(" ms\t\n")
    ran_ms, init_ms = (float(report[name].removesuffix(" ms")) for name in ("Duration", "Init Duration"))
    billed_ms = int(report["Billed Duration"].removesuffix(" ms"))
    assert -0.02 <= billed_ms - (ran_ms + init_ms) < 1.02, "initialisation is billed too"
    assert result.log == "".join(log).encode()
    assert (await bench.invoke(spec)).init_duration is None
    assert "Init Duration" not in bench.logs.all[-1]


async def test_a_forked_child_may_print(bench: Bench) -> None:
    """It shares the descriptors, not the channel, whose frames would be torn."""
    spec = bench.function("""
        import os
        def handler(event, context):
            if (pid := os.fork()) == 0:
                print("from the child")
                os._exit(0)
            return os.waitpid(pid, 0)[1]
    """)
    assert await bench.answer(spec) == 0
    assert "from the child\n" in bench.logs.all


async def test_the_tail_is_four_kib(bench: Bench) -> None:
    """`LogType: Tail` shows the last 4 KiB, with END and REPORT."""
    spec = bench.function("def handler(event, context):\n    for n in range(1000): print('line', n)")
    result = await bench.invoke(spec)
    assert len(result.log) == 4096
    assert b"line 999\nEND RequestId" in result.log


async def test_payloads_of_six_megabytes_pass(bench: Bench) -> None:
    """The largest that AWS takes, which no socket holds at once; one byte more than it returns is refused."""
    spec = bench.function("""
        def handler(event, context):
            return event if isinstance(event, str) else "x" * event
    """, memory_mb=256)  # fmt: skip
    text = "y" * (6 * 1024 * 1024 - 2)
    assert await bench.answer(spec, text) == text
    assert len(await bench.answer(spec, 6_291_554)) == 6_291_554
    too_large: dict[str, Any] = await bench.failure(spec, 6_291_555)
    assert too_large == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
