"""`python -m bench [--small] [--only CASE,...] [--seconds N]`: measure Pileus beside others, in the same run."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from bench import cases, objects, queues, topics
from bench.generator import generator_name
from bench.measurements import Measurement, Report, commit, hardware, result_name, versions
from bench.peers import PEERS
from bench.processes import NotStarted, Server, ended, start_pileus
from bench.table import OURS, table

_RESULTS: Final = Path(__file__).with_name("results")


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    only = [name for name in chosen.only.split(",") if name] or list(cases.CASES)
    if unknown := sorted(set(only) - set(cases.CASES)):
        sys.stderr.write(f"no case is called {', '.join(unknown)}; there are: {', '.join(cases.CASES)}\n")
        return 2
    options = cases.Options(
        seconds=chosen.seconds or (1.0 if chosen.small else 5.0),
        repeats=2 if chosen.small else 20,
        generator=generator_name(chosen.generator),
        durability=chosen.durability,
        small=chosen.small,
    )
    at = datetime.now(UTC)
    commit_id, changed = commit()
    measurements: list[Measurement] = []
    try:
        for measured in run(only, options, peers=not chosen.no_peers):
            sys.stderr.write(f"  measured {measured.case} of {measured.target}\n")
            measurements.append(measured)
    except NotStarted as error:
        sys.stderr.write(f"no result: {error}\n")
        return 1
    report = Report(
        at=at.isoformat(timespec="seconds"),
        commit=commit_id,
        changed=changed,
        hardware=hardware(),
        versions=versions(),
        generator=options.generator,
        durability=options.durability,
        seconds=options.seconds,
        measurements=measurements,
    )
    sys.stdout.write(_heading(report) + "\n\n" + table(measurements, cases.FLOORS) + "\n")
    output = chosen.output or (None if chosen.small else _RESULTS / result_name(at, commit_id))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
        sys.stdout.write(f"\nwritten to {output}\n")
    return 1 if any(measured.failed and measured.target in OURS for measured in measurements) else 0


def run(only: Sequence[str], options: cases.Options, *, peers: bool) -> Iterator[Measurement]:
    """Measure the cases asked for, one by one."""
    if "bare" in only:
        yield cases.run_bare(options)
    if set(only) <= {"bare"}:
        return
    loads = [case for case in cases.LOAD_CASES if case.name in only]
    tables = any(case.needs == "table" for case in loads)
    of_queues = [case for case in queues.CASES if case in only]
    in_queues = bool(of_queues) or any(case.needs == "queue" for case in loads)
    of_objects = any(case.needs == "objects" for case in loads)
    functions = bool({*cases.COLD_CASES} & {*only}) or any(case.needs == "function" for case in loads)
    with ExitStack() as stack:
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pileus-bench-"))) / "data"
        role_arn = ""
        with ended(start_pileus(data_dir, durability=options.durability)) as server:
            credentials = server.credentials
            if tables:
                cases.prepare_table(server)
            if in_queues:
                queues.prepare(cases.client(server, "sqs"))
                topics.prepare(cases.client(server, "sns"), cases.client(server, "sqs"))
            if of_objects:
                objects.prepare(cases.client(server, "s3"), small=options.small)
            if functions:
                role_arn = cases.prepare_role(server)
                cases.prepare_function(server, role_arn)
        if "start" in only:
            yield cases.run_start(data_dir, credentials, options)
        pileus = stack.enter_context(
            ended(start_pileus(data_dir, durability=options.durability, credentials=credentials))
        )
        if "memory" in only:
            yield cases.run_memory(pileus)
        others: dict[str, Server] = {}
        for peer in PEERS if peers else ():
            beside = any(peer.name in case.beside for case in loads) or (of_queues and peer.name in cases.QUEUES_BESIDE)
            if peer.installed() and beside:
                others[peer.name] = stack.enter_context(ended(peer.start()))
                if any(peer.name in case.beside for case in loads if case.needs == "table"):
                    cases.prepare_table(others[peer.name])
                if of_objects and peer.name in cases.OBJECTS_BESIDE:
                    objects.prepare(cases.client(others[peer.name], "s3"), small=options.small)
                if in_queues and peer.name in cases.QUEUES_BESIDE:
                    queues.prepare(cases.client(others[peer.name], "sqs"))
                    topics.prepare(cases.client(others[peer.name], "sns"), cases.client(others[peer.name], "sqs"))
        if loads and not options.small:
            time.sleep(cases.QUIET_AFTER_S)  # the servers have just started, and still tidy up on the same cores
        for case in loads:
            yield cases.run_load(case, pileus, "pileus", options)
            for name in case.beside:
                if name in others:
                    yield cases.run_load(case, others[name], name, options)
        for name in of_queues:
            yield cases.run_queue(name, pileus, "pileus", options)
            for other in cases.QUEUES_BESIDE:
                if other in others:
                    yield cases.run_queue(name, others[other], other, options)
        for name in cases.COLD_CASES:
            if name in only:
                yield cases.run_cold_start(name, pileus, role_arn, options)


def _heading(report: Report) -> str:
    return (
        f"Pileus {report.commit}{' with changes' if report.changed else ''}, "
        f"{report.hardware.cores} cores of {report.hardware.cpu}, Python {report.versions['python']}\n"
        f"load by {report.generator}, {report.seconds:g} s a case, 16 connections (invoke-1: 1); "
        f"signatures verified, durability {report.durability}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="about a second a case; nothing is kept")
    parser.add_argument("--only", default="", help=f"some of {','.join(cases.CASES)}")
    parser.add_argument("--seconds", type=float, help="of load for each case and target (5)")
    parser.add_argument("--generator", choices=("auto", "wrk", "asyncio"), default="auto")
    parser.add_argument("--durability", choices=("process", "full"), default="process")
    parser.add_argument("--no-peers", action="store_true", help="measure Pileus alone")
    parser.add_argument("--output", type=Path, help="where to write the JSON (bench/results/DATE-COMMIT.json)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
