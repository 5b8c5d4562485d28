"""A service's first request imports it, and nobody else waits for that."""

import asyncio
import sys
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Encoded, Service
from pileus.kernel.wire.dispatcher import Dispatcher
from pileus.services.dynamodb.shapes import GetItemInput
from tests.wire.harness import Believing

_LONG: Final = """
import time
from pathlib import Path

with Path(__file__).with_suffix(".log").open("a") as log:
    log.write("imported\\n")
time.sleep(0.2)
if Path(__file__).with_suffix(".broken").exists():
    raise RuntimeError("a broken module")
"""


class Api:
    async def get_item(self, context: RequestContext, request: GetItemInput) -> Encoded:
        return Encoded(b"{}")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module whose import takes long."""
    path = tmp_path / f"long_{uuid4().hex}.py"
    path.write_text(_LONG)
    monkeypatch.syspath_prepend(str(tmp_path))
    return path


def dispatcher_of(module: Path) -> Dispatcher:
    service = Service(name="dynamodb", api=Api, shapes="pileus.services.dynamodb.shapes", modules=(module.stem,))
    return Dispatcher([service], authenticator=Believing(), clock=MovableClock(), ids=SeededIds())


async def ask(dispatcher: Dispatcher) -> Response:
    headers = {"x-amz-target": "DynamoDB_20120810.GetItem", "host": "dynamodb.eu-west-1.localhost"}
    body = b'{"TableName":"abc","Key":{"pk":{"S":"1"}}}'
    return await dispatcher(Request(method="POST", target="/", headers=headers, body=body))


async def test_others_are_served_meanwhile(module: Path) -> None:
    """The loop turns while modules are imported; who comes meanwhile waits with the first, and none imports twice."""
    dispatcher, turns = dispatcher_of(module), 0
    asking = [asyncio.create_task(ask(dispatcher)) for _ in range(3)]
    while not all(task.done() for task in asking):
        await asyncio.sleep(0.001)
        turns += 1
    assert [(await task).status for task in asking] == [200, 200, 200]
    assert turns > 20
    assert module.with_suffix(".log").read_text() == "imported\n"


async def test_who_goes_away_takes_nobody_along(module: Path) -> None:
    """A client that hangs up during the import does not cost the others their answer."""
    dispatcher = dispatcher_of(module)
    gone, waits = asyncio.create_task(ask(dispatcher)), asyncio.create_task(ask(dispatcher))
    while not module.with_suffix(".log").exists():
        await asyncio.sleep(0.001)
    gone.cancel()
    assert (await waits).status == 200
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_failure_is_not_kept(module: Path) -> None:
    """A module that cannot be imported answers as our own failure, and the next request tries again."""
    dispatcher = dispatcher_of(module)
    module.with_suffix(".broken").touch()
    assert (await ask(dispatcher)).status == 500
    assert module.stem not in sys.modules
    module.with_suffix(".broken").unlink()
    assert (await ask(dispatcher)).status == 200
