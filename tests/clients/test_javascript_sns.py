"""The AWS SDK for JavaScript, version 3, takes a tour through SNS, and AWS's own `sns-validator` reads what is sent.

Needs `node` (20 or later) and `npm` on the PATH, and npm's registry: both are installed once, into pytest's cache.
PILEUS_JAVASCRIPT_SDK may name a folder with `node_modules` instead; then nothing is downloaded.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.clients.test_javascript_dynamodb import INSTALLED, WITHIN_S
from tests.clients.test_javascript_dynamodb import pytestmark as pytestmark
from tests.conftest import Server

TOUR: Final = Path(__file__).parent / "javascript_sns"
ACCOUNT: Final = "777766665544"
LINKS: Final = "https://sns.{region}.amazonaws.com"
"""The validator takes certificates from there only."""


@pytest.fixture(scope="module")
def modules(request: pytest.FixtureRequest) -> Path:
    """A folder with `node_modules` that has the SDK in it."""
    if INSTALLED:
        return Path(INSTALLED)
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    cache = request.config.cache
    if cache is None:
        pytest.skip("the SDK is kept in pytest's cache, which is switched off")
    folder = cache.mkdir("javascript-sdk-sns")
    if not (folder / "complete").exists():
        shutil.copy(TOUR / "package.json", folder)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=WITHIN_S)
        if done.returncode != 0:
            pytest.skip(f"the SDK cannot be installed: {done.stderr.strip()[-300:]}")
        (folder / "complete").touch()
    return folder


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[Server]:
    """A server whose links are AWS's."""
    server = Server(tmp_path / "data", "--sns-url", LINKS).start()
    yield server
    server.stop()


def test_a_tour(linked: Server, modules: Path, tmp_path: Path) -> None:
    """All of `tour.mjs` passes: its own assertions say what of SNS it found otherwise."""
    shutil.copytree(TOUR, tmp_path / "tour")
    (tmp_path / "tour" / "node_modules").symlink_to(modules / "node_modules")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": linked.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
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
    assert "# pass 7" in done.stdout.replace("\u2139", "#"), done.stdout
