"""The AWS SDK for JavaScript, version 3, takes a tour through DynamoDB with its document client.

Needs `node` (20 or later) and `npm` on the PATH, and npm's registry: the SDK is installed once, into pytest's cache.
PILEUS_JAVASCRIPT_SDK may name a folder with `node_modules` instead; then nothing is downloaded.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Server

TOUR: Final = Path(__file__).parent / "javascript_dynamodb"
INSTALLED: Final = os.environ.get("PILEUS_JAVASCRIPT_SDK", "")
NODE_MIN: Final = 20
WITHIN_S: Final = 120


def _node_version() -> int:
    """The major version of node; 0 when there is none."""
    if shutil.which("node") is None:
        return 0
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=WITHIN_S)
    return int(said.stdout.strip().removeprefix("v").split(".")[0])


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(_node_version() < NODE_MIN, reason=f"node {NODE_MIN} or later is not installed"),
]


@pytest.fixture(scope="module")
def modules(request: pytest.FixtureRequest) -> Path:
    """A folder with `node_modules` that has the SDK in it."""
    if INSTALLED:
        return Path(INSTALLED)
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    cache: pytest.Cache | None = getattr(request.config, "cache", None)  # absent where its plugin is switched off
    if cache is None:
        pytest.skip("the SDK is kept in pytest's cache, which is switched off")
    folder = cache.mkdir("javascript-sdk")
    if not (folder / "complete").exists():
        shutil.copy(TOUR / "package.json", folder)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            pytest.skip(f"the SDK is not installed within {WITHIN_S} seconds")
        if done.returncode != 0:
            pytest.skip(f"the SDK cannot be installed: {done.stderr.strip()[-300:]}")
        (folder / "complete").touch()
    return folder


def test_a_tour(aws: Server, modules: Path, tmp_path: Path) -> None:
    """All of `tour.mjs` passes: its own assertions say what of DynamoDB it found otherwise."""
    shutil.copytree(TOUR, tmp_path / "tour")
    (tmp_path / "tour" / "node_modules").symlink_to(modules / "node_modules", target_is_directory=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **kept,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "777777777777",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    done = subprocess.run(
        ["node", "--test", "tour.mjs"],
        cwd=tmp_path / "tour",
        env=environment,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 10" in done.stdout.replace("\u2139", "#"), done.stdout
