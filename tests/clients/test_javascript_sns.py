"""The AWS SDK for JavaScript, version 3, takes a tour through SNS, and AWS's own `sns-validator` reads what is sent.

What it needs: `tests/support/javascript.py`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Server
from tests.support import javascript

TOUR: Final = Path(__file__).parent / "javascript_sns"
LINKS: Final = "https://sns.{region}.amazonaws.com"
"""The validator takes certificates from there only."""

pytestmark = javascript.TOURS


@pytest.fixture(scope="module")
def modules(request: pytest.FixtureRequest) -> Path:
    """A folder with `node_modules` that has the SDK in it."""
    return javascript.modules_of(TOUR, request)


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[Server]:
    """A server whose links are AWS's."""
    server = Server(tmp_path / "data", "--sns-url", LINKS).start()
    yield server
    server.stop()


def test_a_tour(linked: Server, modules: Path, tmp_path: Path) -> None:
    """All of `tour.mjs` passes: its own assertions say what of SNS it found otherwise."""
    javascript.take_tour(TOUR, modules, tmp_path, url=linked.url, account_id="777766665544", tests=7)
