"""SQS without a server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.sqs_messages.queues import Queues


@pytest.fixture
async def queues(tmp_path: Path) -> AsyncIterator[Queues]:
    opened = Queues(tmp_path)
    yield opened
    await opened.close()
