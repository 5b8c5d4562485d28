"""Packages as PyPI and npm have them, for tests that need one; who cannot install them skips."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

INSTALLED_WITHIN_S: Final = 180


def python_packages(place: Path, *names: str) -> Path:
    """A new folder that holds them, and what they need, as `pip install --target` lays them out."""
    options = ["--quiet", "--only-binary", ":all:", "--no-compile", "--target", str(place)]
    return _installed(place, [sys.executable, "-m", "pip", "install", *options, *names])


def node_packages(place: Path, *names: str) -> Path:
    """A new folder with `node_modules` that has them."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed here")
    return _installed(place, [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", ".", *names])


def _installed(place: Path, command: list[str]) -> Path:
    place.mkdir(parents=True)
    try:
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, timeout=INSTALLED_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        pytest.skip(f"the packages cannot be installed here: {failure}")
    if done.returncode != 0:
        pytest.skip(f"the packages cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return place
