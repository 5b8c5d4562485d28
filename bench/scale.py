"""`python -m bench.scale [--items N ...]`: what do GetItem and PutItem cost in a small and in a huge table?

For each N, on a data directory of its own: a table is filled with N items, the server starts again, and items drawn at
random are read, then put (every other one is new). One connection gives the latency, 16 the processor time of a
request. Memory is the process's own (RssAnon: what SQLite maps of its files is the kernel's to take back), after the
filling and after the load. 10 million items take up to twenty minutes and 4 GB of disk.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import boto3
import msgspec
from botocore.config import Config

from bench import signing
from bench.filling import NotFilled, fill, item
from bench.generator import NoResult, drive, generator_name
from bench.load import Load
from bench.measurements import commit, hardware
from bench.processes import NotStarted, Server, cpu_s, ended, start_pileus
from bench.signing import Signer

SIZES: Final = (10_000, 10_000_000)
TABLE: Final = "scale"
REGION: Final = "us-east-1"
CONNECTIONS: Final = 16
DRAWN_A_SECOND: Final = 20_000
"""Requests prepared; more than that begin again."""
QUIET_AFTER_S: Final = 3.0
CPU_US_MIN: Final = 1.0
"""The kernel counts in hundredths of a second: a very short run may seem to cost nothing."""
TIMES_MAX: Final = 2.0
"""What the issue asks for: the cost in the largest table, in multiples of that in the smallest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """seconds: of load, for each operation and size."""

    seconds: float
    generator: str
    durability: str


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Of one operation. cpu_us: processor time of the server for each request, the checkpoints' included."""

    cpu_us: float
    rate_per_s: float
    p50_ms: float
    p99_ms: float


class Filling(msgspec.Struct, frozen=True, kw_only=True):
    """cpu_us: for each item. memory_mb: afterwards."""

    seconds: float
    cpu_us: float
    memory_mb: float


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """What one size of table showed. loaded_mb: memory after a start and all the load."""

    items: int
    filling: Filling
    disk_mb: float
    loaded_mb: float
    get: Cost
    put: Cost


class Report(msgspec.Struct, frozen=True, kw_only=True):
    at: str
    commit: str
    changed: bool
    cpu: str
    cores: int
    generator: str
    seconds: float
    scales: list[Scale]


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    sizes = chosen.items or SIZES
    scales: list[Scale] = []
    for count in sizes:
        folder = Path(tempfile.mkdtemp(prefix="pileus-scale-", dir=chosen.folder))
        try:
            options = Options(
                seconds=chosen.seconds, generator=generator_name(chosen.generator), durability=chosen.durability
            )
            scales.append(measure(folder / "data", count, options))
        except (NotStarted, NotFilled, NoResult) as error:
            sys.stderr.write(f"no result with {count:,} items: {error}\n")
            return 1
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    at, (commit_id, changed), machine = datetime.now(UTC), commit(), hardware()
    report = Report(
        at=at.isoformat(timespec="seconds"),
        commit=commit_id,
        changed=changed,
        cpu=machine.cpu,
        cores=machine.cores,
        generator=generator_name(chosen.generator),
        seconds=chosen.seconds,
        scales=scales,
    )
    sys.stdout.write(table(scales) + "\n")
    if chosen.output is not None:
        chosen.output.parent.mkdir(parents=True, exist_ok=True)
        chosen.output.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return 0


def measure(data_dir: Path, count: int, options: Options) -> Scale:
    """Fill a table with `count` items, and load it."""
    with ended(start_pileus(data_dir, durability=options.durability)) as server:
        credentials = server.credentials
        filling = _fill(server, count)
    disk_mb = sum(path.stat().st_size for path in data_dir.rglob("*") if path.is_file()) / 1e6
    with ended(start_pileus(data_dir, durability=options.durability, credentials=credentials)) as server:
        time.sleep(QUIET_AFTER_S)
        get = _cost(server, _gets, count, options)
        put = _cost(server, _puts, count, options)
        loaded_mb = anonymous_mb(server.process.pid)
    return Scale(items=count, filling=filling, disk_mb=disk_mb, loaded_mb=loaded_mb, get=get, put=put)


def _fill(server: Server, count: int) -> Filling:
    _create_table(server)
    _say(f"filling {count:,} items")
    before_s = cpu_s(server.process.pid)
    took_s = fill(server, TABLE, count, sign=lambda: _signer(server), told=lambda n: _say(f"  {n:,}"))
    cpu_us = (cpu_s(server.process.pid) - before_s) * 1e6 / count
    time.sleep(QUIET_AFTER_S)
    return Filling(seconds=took_s, cpu_us=cpu_us, memory_mb=anonymous_mb(server.process.pid))


def _cost(server: Server, prepare: Callable[[Signer, int, int], list[bytes]], count: int, options: Options) -> Cost:
    """Latency over one connection, processor time over many, after a little of both."""

    def load(connections: int, seconds: float) -> tuple[float, Load]:
        requests = prepare(_signer(server), count, int(DRAWN_A_SECOND * seconds))
        before_s = cpu_s(server.process.pid)
        done = drive(
            options.generator,
            requests,
            host=server.host,
            port=server.port,
            connections=connections,
            seconds=seconds,
        )
        return (cpu_s(server.process.pid) - before_s) * 1e6 / done.requests, done

    load(CONNECTIONS, min(1.0, options.seconds))
    _, alone = load(1, options.seconds)
    cpu_us, crowd = load(CONNECTIONS, options.seconds)
    return Cost(cpu_us=cpu_us, rate_per_s=crowd.requests_per_s, p50_ms=alone.p50_ms, p99_ms=alone.p99_ms)


def _gets(signer: Signer, count: int, requests: int) -> list[bytes]:
    """Of items that are there, each as likely as the others."""
    return [
        signing.dynamodb(signer, "GetItem", {"TableName": TABLE, "Key": {"id": item(random.randrange(count))["id"]}})
        for _ in range(requests)
    ]


def _puts(signer: Signer, count: int, requests: int) -> list[bytes]:
    """Of an item that is there, and of one that is not, in turn."""
    new = random.randrange(count, 9_000_000_000)
    numbers = (random.randrange(count) if n % 2 else new + n for n in range(requests))
    return [signing.dynamodb(signer, "PutItem", {"TableName": TABLE, "Item": item(n)}) for n in numbers]


def _create_table(server: Server) -> None:
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id=server.credentials.access_key_id,
        aws_secret_access_key=server.credentials.secret_access_key,
        config=Config(retries={"max_attempts": 0}),
    )
    dynamodb.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1})


def _signer(server: Server) -> Signer:
    host = f"{server.host}:{server.port}"
    return Signer(server.credentials, region=REGION, service="dynamodb", host=host, at=datetime.now(UTC))


def anonymous_mb(pid: int) -> float:
    """Memory that is the process's own, and resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("RssAnon:"))


def table(scales: Sequence[Scale]) -> str:
    """For people: a line for each size, and how the last compares with the first."""
    head = ("items", "fill", "disk", "memory", "GetItem", "p50", "p99", "PutItem", "p50", "p99")
    rows: list[tuple[str, ...]] = [head]
    for one in scales:
        costs = [
            cell
            for cost in (one.get, one.put)
            for cell in (f"{cost.cpu_us:.1f} us", f"{cost.p50_ms:.2f} ms", f"{cost.p99_ms:.2f} ms")
        ]
        rows.append(
            (
                f"{one.items:,}",
                f"{one.filling.seconds:,.0f} s",
                f"{one.disk_mb:,.0f} MB",
                f"{one.filling.memory_mb:.0f}/{one.loaded_mb:.0f} MB",
                *costs,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    if len(scales) > 1:
        first, last = scales[0], scales[-1]
        gets = last.get.cpu_us / max(first.get.cpu_us, CPU_US_MIN)
        puts = last.put.cpu_us / max(first.put.cpu_us, CPU_US_MIN)
        verdict = "ok" if max(gets, puts) <= TIMES_MAX else f"MORE than {TIMES_MAX:.0f} times"
        lines.append(f"GetItem costs {gets:.2f} times, PutItem {puts:.2f} times the smallest table's: {verdict}")
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--items", type=int, action="append", help=f"size of a table; may repeat {SIZES}")
    parser.add_argument("--seconds", type=float, default=5.0, help="of load for each operation and size")
    parser.add_argument("--generator", choices=("auto", "wrk", "asyncio"), default="auto")
    parser.add_argument("--durability", choices=("process", "full"), default="process")
    parser.add_argument("--folder", type=Path, help="where the data lies meanwhile")
    parser.add_argument("--output", type=Path, help="where to write the JSON")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
