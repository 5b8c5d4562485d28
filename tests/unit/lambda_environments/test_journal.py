"""What the platform tells of itself: events of a JSON log, by level, and lines of a text log."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pileus.services.lambda_.environments.runtime_versions import runtime_version
from tests.unit.lambda_environments.conftest import Bench


def _events(bench: Bench, kind: str = "") -> list[dict[str, Any]]:
    events = [msgspec.json.decode(line) for line in bench.logs.all if line.startswith('{"time"')]
    return [event for event in events if event.get("type", "").startswith(kind)]


@pytest.mark.parametrize(
    ("level", "kinds"),
    [
        ("WARN", []),
        ("INFO", ["platform.initStart", "platform.start", "platform.report"]),
        (
            "DEBUG",
            [
                *("platform.initStart", "platform.initRuntimeDone", "platform.initReport"),
                *("platform.start", "platform.runtimeDone", "platform.report"),
            ],
        ),
    ],
)
async def test_system_log_levels(bench: Bench, level: str, kinds: list[str]) -> None:
    """Each event has a level, by AWS's table; a report has the figures of the REPORT line."""
    spec = bench.function(
        "def handler(event, context): return 1", log_format="JSON", system_log_level=level, log_level="INFO"
    )
    assert await bench.answer(spec) == 1
    assert [event["type"] for event in _events(bench, "platform.")] == kinds
    for event in _events(bench, "platform.report"):
        assert event["time"].endswith("Z")
        assert event["record"]["status"] == "success"
        assert event["record"]["requestId"] == "00000000-0000-4000-8000-000000000001"
        metrics = event["record"]["metrics"]
        assert set(metrics) == {
            *("durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"),
        }
        assert metrics["memorySizeMB"] == 128
        assert metrics["billedDurationMs"] >= metrics["durationMs"] + metrics["initDurationMs"] - 0.01


_VERSION_ARN = "arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}"


async def test_initialisation_is_told_of(bench: Bench) -> None:
    """Contributor Insights reads runtime and version from INIT_START; only the log has it, once per environment."""
    spec = bench.function("print('early')\ndef handler(event, context): return 1")
    tails = [(await bench.invoke(spec)).log.decode() for _ in range(2)]
    started, early, *_ = bench.logs.all
    assert re.fullmatch(
        rf"INIT_START Runtime Version: python:3\.\d+\.v\d+\tRuntime Version ARN: {_VERSION_ARN}\n", started
    )
    assert early == "early\n"
    assert not [line for line in bench.logs.all[1:] if "INIT_START" in line]
    assert not [tail for tail in tails if "INIT_START" in tail]
    assert tails[0].startswith("early\nSTART RequestId: ")


async def test_initialisation_is_told_of_in_json(bench: Bench) -> None:
    """With the members that AWS documents for `platform.initStart`."""
    spec = bench.function("def handler(event, context): return 1", log_format="JSON", system_log_level="INFO")
    result = await bench.invoke(spec)
    (event,) = _events(bench, "platform.initStart")
    assert b"initStart" not in result.log
    record = event["record"]
    assert re.fullmatch(_VERSION_ARN, record.pop("runtimeVersionArn"))
    assert re.fullmatch(r"python:3\.\d+\.v\d+", record.pop("runtimeVersion"))
    assert record.pop("instanceId") == result.log_stream
    assert record == {
        "initializationType": "on-demand",
        "phase": "init",
        "functionName": "fn",
        "functionVersion": "$LATEST",
        "instanceMaxMemory": 128 * 1024 * 1024,
    }


@pytest.mark.parametrize(
    ("runtime", "version"),
    [
        ("python3.12", "python:3.12.v1"),
        ("nodejs20.x", "nodejs:20.v1"),
        ("java21", "java:21.v1"),
        ("java8.al2", "java:8.al2.v1"),
        ("provided.al2023", "provided:al2023.v1"),
        ("provided", "provided.v1"),
    ],
)
def test_runtime_versions(runtime: str, version: str) -> None:
    """Worded as AWS words them."""
    assert runtime_version(runtime) == version


async def test_an_invocation_is_told_of_in_json(bench: Bench) -> None:
    """With the members that logs of AWS have; a trace only where somebody traces."""
    spec = bench.function("def handler(event, context): return 'ab'", log_format="JSON", system_log_level="DEBUG")
    await bench.answer(spec)
    (started,) = _events(bench, "platform.start")
    assert started["record"] == {
        "requestId": "00000000-0000-4000-8000-000000000001",
        "functionArn": spec.function_arn,
        "version": "$LATEST",
    }
    (done,) = _events(bench, "platform.runtimeDone")
    record = done["record"]
    assert list(record) == ["requestId", "status", "spans", "metrics"]
    assert record["metrics"]["producedBytes"] == len('"ab"')
    latency, answering = record["spans"]
    assert (latency["name"], answering["name"]) == ("responseLatency", "responseDuration")
    assert latency["durationMs"] == record["metrics"]["durationMs"]
    assert latency["start"] <= answering["start"]


@pytest.mark.parametrize(("log_group", "stream"), [("/aws/lambda/fn", r"[$LATEST]"), ("/shared", r"fn[$LATEST]")])
async def test_streams_of_shared_groups_name_the_function(bench: Bench, log_group: str, stream: str) -> None:
    """Where several functions write into one group, each finds its own."""
    spec = bench.function("def handler(event, context): return 1", log_group=log_group)
    assert re.fullmatch(rf"\d{{4}}/\d\d/\d\d/{re.escape(stream)}[0-9a-f]{{32}}", (await bench.invoke(spec)).log_stream)


async def test_failures_in_a_json_log(bench: Bench) -> None:
    """Errors, crashes and timeouts are told by status and type; no line of such a log is anything but JSON."""
    spec = bench.function(
        """
        import os, time
        def handler(event, context):
            if event == "raise": raise KeyError("x")
            if event == "exit": os._exit(2)
            time.sleep(9)
        """,
        log_format="JSON",
        timeout=timedelta(seconds=1),
    )
    for event in ("raise", "exit", "sleep"):
        await bench.failure(spec, event)
    told = [event["record"] for event in _events(bench, "platform.report")]
    assert [(record["status"], record.get("errorType")) for record in told] == [
        ("error", "Function.Unhandled"),
        ("failure", "Runtime.ExitError"),
        ("timeout", None),
    ]
    decoded = [msgspec.json.decode(line) for line in bench.logs.all]
    (raised,) = [event for event in decoded if event.get("log_level") == "ERROR"]
    assert (raised["errorType"], raised["requestId"]) == ("KeyError", "00000000-0000-4000-8000-000000000001")


async def test_a_json_log_of_python(bench: Bench) -> None:
    """Records are objects with what `extra` and exceptions bring; levels below the wanted one are silent."""
    spec = bench.function(
        """
        import logging
        def handler(event, context):
            log = logging.getLogger("shop")
            log.debug("unheard")
            log.info("sold %d", 3, extra={"order": "o1"})
            log.warning({"a": 1})
            try:
                1 / 0
            except ZeroDivisionError:
                log.exception("odd")
            print("printed")
        """,
        log_format="JSON",
        log_level="INFO",
        system_log_level="WARN",
    )
    await bench.answer(spec)
    *records, printed = bench.logs.all
    sold, warned, odd = [msgspec.json.decode(line) for line in records]
    assert (sold["message"], sold["level"], sold["logger"], sold["order"]) == ("sold 3", "INFO", "shop", "o1")
    assert sold["requestId"] == "00000000-0000-4000-8000-000000000001"
    assert warned["message"] == {"a": 1}
    assert (odd["errorType"], odd["errorMessage"], odd["level"]) == ("ZeroDivisionError", "division by zero", "ERROR")
    assert "stackTrace" in odd
    assert printed == "printed\n"
