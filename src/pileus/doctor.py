"""What does this host offer, and what will be missing?"""

import importlib.metadata
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, get_args

import msgspec

if TYPE_CHECKING:
    from pileus.services.lambda_.runtimes.toolchains import Toolchain

Standing = Literal["ok", "limited", "missing"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the doctor looked at. `consequence`: what it means for the user, where that is not plain."""

    area: str
    name: str
    standing: Standing
    detail: str
    consequence: str = ""


_UNBUILT: Final = (("dotnet", ("dotnet", "--version"), ".NET functions"),)
_LIBRARIES: Final = ("apsw", "boto3", "botocore", "cryptography", "httptools", "msgspec", "uvloop")


def examine() -> list[Finding]:
    """Everything the doctor looks at, in the order it is shown."""
    isolation = _isolation()
    return [*_host(), *isolation, *_runtimes(), images_finding(isolation), *_engines()]


def _host() -> Sequence[Finding]:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    return (
        Finding(area="host", name="python", standing="ok", detail=f"{platform.python_version()} ({sys.executable})"),
        Finding(area="host", name="system", standing="ok", detail=f"{platform.system()} {platform.release()}"),
        Finding(area="host", name="libraries", standing="ok", detail=versions),
    )


def _runtimes() -> Sequence[Finding]:
    from pileus.services.lambda_.runtimes import toolchains

    found = [
        Finding(
            area="runtimes",
            name="python",
            standing="ok",
            detail=f"{platform.python_version()}, for every python3.x runtime",
            consequence=_stand_ins("python", [toolchains.python()]),
        ),
        Finding(area="runtimes", name="provided.al2023", standing="ok", detail="any executable called bootstrap"),
    ]
    for name, language, functions in (
        ("nodejs", "node", "Node.js"),
        ("java", "java", "Java"),
        ("ruby", "ruby", "Ruby"),
    ):
        present = toolchains.installed(language)
        found.append(
            Finding(
                area="runtimes",
                name=name,
                standing="ok" if present else "missing",
                detail=", ".join(f"{each.version} ({each.program})" for each in present) or "not found",
                consequence=_stand_ins(language, present) if present else f"{functions} functions are refused",
            )
        )
    found += [_unbuilt(*runtime) for runtime in _UNBUILT]
    return found


def _stand_ins(language: str, present: "Sequence[Toolchain]") -> str:
    """Which of AWS's runtimes run on another version than they name."""
    from pileus.services.lambda_.checking import RUNTIMES_RETIRED
    from pileus.services.lambda_.runtimes import toolchains
    from pileus.services.lambda_.shapes import Runtime

    offered = [name for name in get_args(Runtime) if name not in RUNTIMES_RETIRED]
    wanted = {name: toolchains.wanted(name) for name in offered}
    majors = {each.major for each in present}
    others = [name for name in offered if wanted[name].language == language and wanted[name].major not in majors]
    told = ", ".join(sorted(others, key=lambda name: (wanted[name].major, name)))
    return (
        f"{told}: on the nearest version, with a warning in their log (--strict-runtimes refuses them)" if told else ""
    )


def images_finding(isolation: Sequence[Finding]) -> Finding:
    """Container images run in namespaces only."""
    from pileus.services.lambda_.images.compression import zstandard_module

    contained = any(found.name == "namespaces" and found.standing == "ok" for found in isolation)
    if not contained:
        return Finding(
            area="runtimes",
            name="container images",
            standing="missing",
            detail="no namespaces",
            consequence="functions with PackageType Image are refused",
        )
    zstandard = zstandard_module()
    return Finding(
        area="runtimes",
        name="container images",
        standing="ok" if zstandard else "limited",
        detail="layers in gzip and Zstandard" if zstandard else "layers in gzip",
        consequence="" if zstandard else "layers in Zstandard are refused: pip install pileus[images]",
    )


def _unbuilt(name: str, command: Sequence[str], functions: str) -> Finding:
    path = shutil.which(command[0])
    return Finding(
        area="runtimes",
        name=name,
        standing="limited" if path else "missing",
        detail=f"{_first_line(command)} ({path}), not used yet" if path else "not found",
        consequence=f"{functions} are refused in this version",
    )


def _engines() -> Sequence[Finding]:
    import apsw

    return (Finding(area="engines", name="sqlite", standing="ok", detail=apsw.sqlite_lib_version()),)


def _first_line(command: Sequence[str]) -> str:
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "does not answer"
    lines = (run.stdout or run.stderr).splitlines()
    return lines[0].strip() if lines else "no version"


def _isolation() -> Sequence[Finding]:
    from pileus.kernel.sandbox.capabilities import probe

    return [
        Finding(
            area="isolation",
            name=found.name,
            standing=found.standing,
            detail=found.detail,
            consequence=found.consequence,
        )
        for found in probe()
    ]
