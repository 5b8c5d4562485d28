"""Write `docs/coverage.md`: which operations of AWS work here, and which are missing.

    python tools/generate_coverage.py            # rewrite it
    python tools/generate_coverage.py --check    # fail when it is out of date

An operation works when its service's api has a method for it; what it still lacks is said in the optional constant
`PARTIAL: Mapping[str, str]` (operation to note) of that `api.py`.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from pileus.kernel.wire.model import load_model
from pileus.kernel.wire.registered import snake_case

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "coverage.md"
_HEAD: Final = """# What works

Written by `tools/generate_coverage.py`; never edited. Every other operation answers `NotImplemented` (501) at once,
with its name, and so does every service that is not listed.
"""


class Coverage(NamedTuple):
    """One service. working: operation to what it lacks, which may be nothing."""

    service: str
    title: str
    working: Mapping[str, str]
    missing: Sequence[str]


def packages() -> dict[str, str]:
    """The package of each service that has shapes, by the name in the first line of `shapes.py`."""
    found: dict[str, str] = {}
    services = ROOT / "src" / "pileus" / "services"
    for shapes in sorted(services.glob("**/shapes.py")):
        first, _, _ = shapes.read_text().partition(",")
        found[first.removeprefix('"""Shapes of ')] = ".".join(shapes.parent.relative_to(services).parts)
    return found


def coverage(service: str, package: str) -> Coverage:
    operations = sorted(load_model(service).operations)
    module_name = f"pileus.services.{package}.api"
    working: dict[str, str] = {}
    if find_spec(module_name) is not None:
        module = import_module(module_name)
        apis = [
            value
            for name, value in vars(module).items()
            if name.endswith("Api") and isinstance(value, type) and value.__module__ == module_name
        ]
        assert len(apis) == 1, f"{module_name} has one class named ...Api"
        partial: Mapping[str, str] = getattr(module, "PARTIAL", {})
        assert partial.keys() <= set(operations), f"{module_name}.PARTIAL names operations that AWS does not have"
        working = {name: partial.get(name, "") for name in operations if hasattr(apis[0], snake_case(name))}
        assert partial.keys() <= working.keys(), f"{module_name}.PARTIAL names operations that are missing"
    missing = [name for name in operations if name not in working]
    return Coverage(service, load_model(service).metadata.service_id or service, working, missing)


def page(services: Sequence[Coverage]) -> str:
    lines = [_HEAD, "| service | works | of |", "|---|---|---|"]
    for one in services:
        total = len(one.working) + len(one.missing)
        lines.append(f"| [{one.title}](#{one.service}) | {len(one.working)} | {total} |")
    for one in services:
        lines += ["", f"## {one.service}", ""]
        if one.working:
            lines += ["| operation | works, but |", "|---|---|"]
            lines += [f"| {name} | {note.replace('|', chr(92) + '|')} |" for name, note in one.working.items()]
        if one.missing:
            lines += ["", f"Missing: {', '.join(one.missing)}."]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the page is out of date")
    options = parser.parse_args()
    text = page([coverage(service, package) for service, package in packages().items()])
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    if options.check:
        print(f"out of date: {PAGE.relative_to(ROOT)}\nrun: make generate")
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text)
    print(f"wrote: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
