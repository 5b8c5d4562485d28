"""How does a program in JavaScript take a tour through a server with AWS's own SDK?

Needs `node` (20 or later), `npm` on the PATH, and npm's registry: what a tour's `package.json` names is installed once,
into pytest's cache. PILEUS_JAVASCRIPT_SDK may name a folder with `node_modules` instead; then nothing is downloaded.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

_INSTALLED: Final = os.environ.get("PILEUS_JAVASCRIPT_SDK", "")
_NODE_MIN: Final = 20
_WITHIN_S: Final = 120


def _node_version() -> int:
    """The major version of node; 0 when there is none."""
    if shutil.which("node") is None:
        return 0
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=_WITHIN_S)
    return int(said.stdout.strip().removeprefix("v").split(".")[0])


TOURS: Final = [
    pytest.mark.slow,
    pytest.mark.skipif(_node_version() < _NODE_MIN, reason=f"node {_NODE_MIN} or later is not installed"),
]
"""The marks of a module of tours."""


def modules_of(tour: Path, request: pytest.FixtureRequest) -> Path:
    """A folder whose `node_modules` has what the tour needs; skips where it cannot be had."""
    if _INSTALLED:
        return Path(_INSTALLED)
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    cache: pytest.Cache | None = getattr(request.config, "cache", None)  # absent where its plugin is switched off
    if cache is None:
        pytest.skip("the SDK is kept in pytest's cache, which is switched off")
    folder = cache.mkdir(tour.name)
    if not (folder / "complete").exists():
        shutil.copy(tour / "package.json", folder)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_WITHIN_S)
        except subprocess.TimeoutExpired:
            pytest.skip(f"the SDK is not installed within {_WITHIN_S} seconds")
        if done.returncode != 0:
            pytest.skip(f"the SDK cannot be installed: {done.stderr.strip()[-300:]}")
        (folder / "complete").touch()
    return folder


def take_tour(tour: Path, modules: Path, place: Path, *, url: str, account_id: str, tests: int) -> None:
    """All of `tour.mjs` passes: its own assertions say what it found otherwise. place: an empty folder."""
    shutil.copytree(tour, place / "tour")
    (place / "tour" / "node_modules").symlink_to(modules / "node_modules", target_is_directory=True)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": account_id,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        ["node", "--test", "tour.mjs"],
        cwd=place / "tour",
        env=environment,
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"# pass {tests}" in done.stdout.replace("\u2139", "#"), done.stdout
