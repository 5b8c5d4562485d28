"""The AWS SDK for JavaScript, version 3, signs URLs and forms. Needs: see `tests/support/javascript.py`."""

from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Server
from tests.support import javascript

TOUR: Final = Path(__file__).parent / "javascript_s3_browsers"

pytestmark = javascript.TOURS


@pytest.fixture(scope="module")
def modules(request: pytest.FixtureRequest) -> Path:
    """A folder with `node_modules` that has the SDK in it."""
    return javascript.modules_of(TOUR, request)


def test_a_tour(aws: Server, modules: Path, tmp_path: Path) -> None:
    """All of `tour.mjs` passes: its own assertions say what of S3 it found otherwise."""
    javascript.take_tour(TOUR, modules, tmp_path, url=aws.url, account_id="777766665557", tests=3)
