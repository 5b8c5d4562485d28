"""Is a run shown as it was?"""

import os
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from bench import cases
from bench.generator import NoAnswer
from bench.load import Load
from bench.measurements import Floor, Measurement, Report, hardware, meets, of_samples, result_name, versions
from bench.table import amount, floor_text, table
from pileus.services.lambda_.runtimes import toolchains


def _measured(value: float, **options: object) -> Measurement:
    return msgspec.structs.replace(Measurement(case="c", target="pileus", unit="/s", value=value), **options)


@pytest.mark.parametrize(
    ("measured", "floor", "best", "verdict"),
    [
        (_measured(100.0), Floor(value=100), None, True),
        (_measured(99.0), Floor(value=100), None, False),
        (_measured(40.0, unit="ms"), Floor(value=40), None, True),  # lower is better
        (_measured(41.0, unit="ms"), Floor(value=40), None, False),
        (_measured(100.0, p50_ms=3.0), Floor(p50_ms=2), None, False),
        (_measured(100.0, p99_ms=3.0), Floor(p99_ms=2), None, False),
        (_measured(100.0, p99_ms=3.0), Floor(p99_ms=3), None, True),
        (_measured(100.0), Floor(value=1, times_best=20), _measured(5.0, target="moto"), True),
        (_measured(100.0), Floor(value=1, times_best=21), _measured(5.0, target="moto"), False),
        (_measured(0.0, failed="why"), Floor(value=1), None, None),
        (_measured(1.0), Floor(), None, None),
    ],
)
def test_meets(measured: Measurement, floor: Floor, best: Measurement | None, verdict: bool | None) -> None:
    """Rates from below, times and memory from above, the rival by its factor."""
    assert meets(measured, floor, best=best) is verdict


def test_amounts() -> None:
    """No more digits than a measurement carries."""
    assert [amount(15_432.1, "/s"), amount(1.234, "ms"), amount(23.45, "ms"), amount(123.4, "MB")] == [
        "15,432/s", "1.23 ms", "23.4 ms", "123 MB"
    ]  # fmt: skip
    assert floor_text(Floor(value=15_000, times_best=20), "/s") == "15,000/s, 20 x"
    assert floor_text(Floor(p50_ms=2), "/s") == "p50 2.00 ms"
    assert floor_text(Floor(p99_ms=5), "ms") == "p99 5.00 ms"


def test_table() -> None:
    """One line a case, the ratio to the best other server, the verdict; a failure is said, never shown as a number."""
    shown = table(
        [
            _measured(1000.0, case="get", p50_ms=0.5, p99_ms=1.0),
            _measured(50.0, case="get", target="other"),
            _measured(100.0, case="get", target="moto"),
            of_samples("start", "pileus", [0.3, 0.1, 0.2], unit="s"),
            _measured(0.0, case="put", failed="400 why"),
        ],
        {"get": Floor(value=2000), "start": Floor(value=0.5)},
    )
    get, start, put = shown.splitlines()[2:5]
    assert get.split() == [
        "get",
        "1,000/s",
        "moto",
        "100/s",
        "10.0",
        "x",
        "2,000/s",
        "0.50",
        "ms",
        "1.00",
        "ms",
        "BELOW",
    ]
    assert start.split() == ["start", "0.20", "s", "0.50", "s", "ok"]
    assert put.split() == ["put", "failed"]
    assert shown.splitlines()[-1] == "put (pileus) is no result: 400 why"


def test_what_is_skipped() -> None:
    """It is neither a failure nor a number below its floor, and the reason is there to read."""
    skipped = _measured(0.0, case="node", skipped="there is none")
    assert meets(skipped, Floor(value=1), best=None) is None
    shown = table([skipped], {}).splitlines()
    assert shown[2].split() == ["node", "skipped"]
    assert shown[-1] == "node is skipped: there is none"


def test_a_case_that_lacks_something_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Node.js has no number for it, and no failure."""
    monkeypatch.setattr(toolchains, "installed", lambda language: ())
    (case,) = [case for case in cases.LOAD_CASES if case.name == "invoke-node"]
    nowhere: Any = None
    options = cases.Options(seconds=1, repeats=1, generator="asyncio", durability="process")
    measured = cases.run_load(case, nowhere, "pileus", options)
    assert measured.skipped
    assert not measured.failed


def test_a_server_that_is_slow_to_begin_is_measured_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the short run before the one that counts may end without an answer, which says nothing."""
    answered = [0, 300]

    def drive(*_: object, seconds: float, **__: object) -> Load:
        if not (requests := answered.pop(0)):
            raise NoAnswer("no request was answered")
        return Load(requests=requests, seconds=seconds, p50_ms=1, p99_ms=2)

    monkeypatch.setattr(cases, "drive", drive)
    case = cases.LoadCase(name="any", needs="nothing", requests=lambda server, seconds: [b""])
    options = cases.Options(seconds=1, repeats=1, generator="asyncio", durability="process")
    running = Mock(host="127.0.0.1", port=1)
    running.process.pid = os.getpid()
    measured = cases.run_load(case, running, "pileus", options)
    assert not measured.failed
    assert measured.value == 300


def test_report_round_trip() -> None:
    """What is kept can be read again, with hardware and versions."""
    report = Report(
        at="2024-02-29T12:00:00+00:00",
        commit="0123",
        changed=False,
        hardware=hardware(),
        versions=versions(),
        generator="asyncio",
        durability="process",
        seconds=1.0,
        measurements=[_measured(1.0)],
    )
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
    assert report.hardware.cores > 0
    assert report.hardware.memory_bytes > 0
    assert result_name(datetime(2024, 2, 29, tzinfo=UTC), "0123") == "2024-02-29-0123.json"
