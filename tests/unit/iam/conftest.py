"""IAM for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.unit.iam.driver import Iam


@pytest_asyncio.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Iam]:
    iam = Iam(tmp_path)
    yield iam
    await iam.store.close()
