"""How is a run shown to people? As a table of text, one case a line."""

from collections.abc import Mapping, Sequence

from bench.measurements import Floor, Measurement, Unit, meets

_HEADER = ("case", "measured", "best other", "ratio", "floor", "p50", "p99", "cpu", "")
OURS = frozenset({"pileus", "bare"})
"""Targets whose failures are ours; another server may fail at what it was not made for."""


def table(measurements: Sequence[Measurement], floors: Mapping[str, Floor]) -> str:
    """The measurements of one run, by case, in order of first appearance."""
    cases = list(dict.fromkeys(measured.case for measured in measurements))
    rows: list[tuple[str, ...]] = [_HEADER]
    for case in cases:
        by_target = {measured.target: measured for measured in measurements if measured.case == case}
        others = [measured for measured in by_target.values() if measured.target not in OURS]
        for target in by_target:
            if target in OURS:
                rows.append(_row(by_target[target], _best(others), floors.get(case)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = [
        "  ".join(
            cell.ljust(width) if column in {0, len(_HEADER) - 1} else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    failures = [f"{one.case} ({one.target}) is no result: {one.failed}" for one in measurements if one.failed]
    skips = [f"{one.case} is skipped: {one.skipped}" for one in measurements if one.skipped]
    return "\n".join([*lines, *failures, *skips])


def amount(value: float, unit: Unit) -> str:
    """`15,000/s`, `1.23 ms`: three digits or so, since more are noise."""
    if unit == "/s":
        return f"{value:,.0f}/s"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _best(others: Sequence[Measurement]) -> Measurement | None:
    """The quickest of the other servers, or why there is none."""
    worked = [one for one in others if not one.failed]
    return max(worked, key=lambda one: one.value) if worked else next(iter(others), None)


def _row(measured: Measurement, best: Measurement | None, floor: Floor | None) -> tuple[str, ...]:
    ratio = ""
    if best is not None and best.value and not measured.failed:
        ratio = f"{measured.value / best.value:.1f} x"
    verdict = None if floor is None else meets(measured, floor, best=best)
    return (
        measured.case,
        "failed" if measured.failed else "skipped" if measured.skipped else amount(measured.value, measured.unit),
        "" if best is None else f"{best.target} {'failed' if best.failed else amount(best.value, best.unit)}",
        ratio,
        "" if floor is None else floor_text(floor, measured.unit),
        "" if measured.p50_ms is None else amount(measured.p50_ms, "ms"),
        "" if measured.p99_ms is None else amount(measured.p99_ms, "ms"),
        "" if measured.cpu_us is None else f"{measured.cpu_us:.0f} us",
        " ".join(word for word in ("" if verdict is None else "ok" if verdict else "BELOW", measured.note) if word),
    )


def floor_text(floor: Floor, unit: Unit) -> str:
    parts: list[str] = []
    if floor.value is not None:
        parts.append(amount(floor.value, unit))
    if floor.times_best is not None:
        parts.append(f"{floor.times_best:.0f} x")
    if floor.p50_ms is not None:
        parts.append(f"p50 {amount(floor.p50_ms, 'ms')}")
    if floor.p99_ms is not None:
        parts.append(f"p99 {amount(floor.p99_ms, 'ms')}")
    return ", ".join(parts)
