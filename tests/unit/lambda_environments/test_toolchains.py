"""Which of several installed interpreters runs a runtime."""

from pathlib import Path

import pytest

from pileus.services.lambda_.runtimes import toolchains
from pileus.services.lambda_.runtimes.toolchains import Toolchain, Wanted


def _present(*majors: int) -> list[Toolchain]:
    return [Toolchain(program=Path(f"/x/{major}/bin/y"), major=major, version=f"{major}.0.1") for major in majors]


@pytest.mark.parametrize(
    ("present", "major", "taken"),
    [
        ((18, 20, 22), 20, 20),  # itself
        ((18, 22, 24), 20, 22),  # the next newer one
        ((16, 18), 20, 18),  # the newest there is
        ((), 20, None),
    ],
)
def test_the_nearest_is_taken(present: tuple[int, ...], major: int, taken: int | None) -> None:
    """Old code runs on newer interpreters rather than the other way round."""
    found = toolchains.nearest(_present(*present), major)
    assert (found.major if found else None) == taken


@pytest.mark.parametrize(
    ("runtime", "language", "major"),
    [
        ("nodejs20.x", "node", 20),
        ("java8.al2", "java", 8),
        ("java21", "java", 21),
        ("python3.13", "python", 13),
        ("provided.al2023", "custom", 0),
        ("ruby3.3", "ruby", 33),
        ("dotnet8", "", 0),
    ],
)
def test_what_a_name_asks_for(runtime: str, language: str, major: int) -> None:
    """The names of AWS's runtimes."""
    assert toolchains.wanted(runtime) == Wanted(language=language, major=major)
    assert toolchains.supports("dotnet8") is False


def test_where_a_version_is_read(tmp_path: Path) -> None:
    """Programs answer in their own ways; those that answer nothing of the kind are left out."""
    programs = []
    for name, answer in (
        ("node", "v22.3.0"),
        ("java", 'openjdk version "21.0.2" 2024-01-16'),
        ("old", 'java version "1.8.0_392"'),
        ("ruby", "ruby 3.1.7p261 (2025-03-26 revision 0a3704f218) [x86_64-linux]"),
        ("other", "hello"),
    ):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{answer}' >&2\n")
        program.chmod(0o755)
        programs.append(program)
    found = list(toolchains._examined(programs, ["--version"]))
    assert [(each.major, each.version) for each in found] == [
        (22, "22.3.0"),
        (21, "21.0.2"),
        (8, "8.0_392"),
        (31, "3.1.7p261"),
    ]
