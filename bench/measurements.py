"""What is a number of ours worth? With its unit, its floor, its rival and its circumstances, or nothing."""

import os
import platform
import subprocess
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Final, Literal

import msgspec

from bench.load import Load

Unit = Literal["/s", "ms", "s", "MB"]

_VERSIONS_OF: Final = ("pileus", "moto", "boto3", "uvloop", "httptools", "msgspec", "apsw")


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """What the issues ask for; shown beside the number, never asserted. times_best: of the best other server."""

    value: float | None = None
    times_best: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One number of one target. `/s` is better when higher, the other units when lower.

    cpu_us: processor time of the server's own process for each request; it says more than the rate where other work
    shares the machine. failed: why there is no number; then `value` is 0. skipped:
    what this machine lacks for one.
    """

    case: str
    target: str
    unit: Unit
    value: float = 0.0
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_us: float | None = None
    samples: int = 0
    connections: int = 0
    note: str = ""
    failed: str = ""
    skipped: str = ""


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    cpu: str
    cores: int
    memory_bytes: int
    kernel: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run, as kept in `bench/results/`."""

    at: str
    commit: str
    changed: bool
    hardware: Hardware
    versions: dict[str, str]
    generator: str
    durability: str
    seconds: float
    measurements: list[Measurement]


def of_load(case: str, target: str, load: Load, *, connections: int) -> Measurement:
    return Measurement(
        case=case,
        target=target,
        unit="/s",
        value=load.requests_per_s,
        p50_ms=load.p50_ms,
        p99_ms=load.p99_ms,
        samples=load.requests,
        connections=connections,
    )


def of_samples(case: str, target: str, samples: list[float], *, unit: Unit, note: str = "") -> Measurement:
    """The median of several; what they are is their unit's business."""
    assert samples
    return Measurement(case=case, target=target, unit=unit, value=median(samples), samples=len(samples), note=note)


def meets(measured: Measurement, floor: Floor, *, best: Measurement | None) -> bool | None:
    """Whether a number of Pileus reaches its floor; None when that cannot be said."""
    if measured.failed or measured.skipped:
        return None
    verdicts: list[bool] = []
    if floor.value is not None:
        verdicts.append(measured.value >= floor.value if measured.unit == "/s" else measured.value <= floor.value)
    if floor.p50_ms is not None and measured.p50_ms is not None:
        verdicts.append(measured.p50_ms <= floor.p50_ms)
    if floor.p99_ms is not None and measured.p99_ms is not None:
        verdicts.append(measured.p99_ms <= floor.p99_ms)
    if floor.times_best is not None and best is not None and not best.failed:
        verdicts.append(measured.value >= floor.times_best * best.value)
    return all(verdicts) if verdicts else None


def hardware() -> Hardware:
    return Hardware(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=platform.release(),
    )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _VERSIONS_OF:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> tuple[str, bool]:
    """The short id of the checked-out commit, and whether files differ from it; `unknown` outside a checkout."""
    try:
        found = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        changes = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown", True
    return found.stdout.strip(), bool(changes.stdout.strip())


def result_name(at: datetime, commit_id: str) -> str:
    """`2026-01-31-0123456789ab.json`."""
    return f"{at:%Y-%m-%d}-{commit_id}.json"
