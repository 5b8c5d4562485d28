"""How is a run shown to people? As a table of text, one case a line."""

from collections.abc import Mapping, Sequence

from bench.measurements import Floor, Measurement, Unit, meets

_HEADER = ("case", "measured", "moto", "ratio", "floor", "p50", "p99", "cpu", "")


def table(measurements: Sequence[Measurement], floors: Mapping[str, Floor]) -> str:
    """The measurements of one run, by case, in order of first appearance."""
    cases = list(dict.fromkeys(measured.case for measured in measurements))
    rows: list[tuple[str, ...]] = [_HEADER]
    for case in cases:
        by_target = {measured.target: measured for measured in measurements if measured.case == case}
        for target in by_target:
            if target != "moto":
                rows.append(_row(by_target[target], by_target.get("moto"), floors.get(case)))
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
    return "\n".join([*lines, *failures])


def amount(value: float, unit: Unit) -> str:
    """`15,000/s`, `1.23 ms`: three digits or so, since more are noise."""
    if unit == "/s":
        return f"{value:,.0f}/s"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _row(measured: Measurement, moto: Measurement | None, floor: Floor | None) -> tuple[str, ...]:
    ratio = ""
    if moto is not None and moto.value and not measured.failed:
        ratio = f"{measured.value / moto.value:.1f} x"
    verdict = None if floor is None else meets(measured, floor, moto=moto)
    return (
        measured.case,
        "failed" if measured.failed else amount(measured.value, measured.unit),
        "" if moto is None else "failed" if moto.failed else amount(moto.value, moto.unit),
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
    if floor.times_moto is not None:
        parts.append(f"{floor.times_moto:.0f} x")
    if floor.p50_ms is not None:
        parts.append(f"p50 {amount(floor.p50_ms, 'ms')}")
    return ", ".join(parts)
