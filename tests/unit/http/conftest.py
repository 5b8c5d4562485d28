"""A server per test, on uvloop as in production and on asyncio's loop; nothing may reach the loop's error handler."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import uvloop

from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Gate, Handler, Lost
from pileus.kernel.http.server import HttpServer

from .harness import Client, echo, ms


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


class Serve:
    """Starts servers and connects clients; all of them end with the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.server: HttpServer
        self.port = 0

    async def start(
        self,
        handler: Handler = echo,
        *,
        gate: Gate | None = None,
        lost: Lost | None = None,
        limits: Limits | None = None,
    ) -> HttpServer:
        self.server = HttpServer(handler, gate=gate, lost=lost, limits=limits or Limits())
        self.port = await self.server.start("127.0.0.1", 0)
        self._stack.push_async_callback(self.server.drain, ms(0))
        return self.server

    async def connect(self, *, limit_bytes: int = 64 * 1024 * 1024) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=limit_bytes))
        self._stack.push_async_callback(client.close)
        return client


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    escaped: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
    async with AsyncExitStack() as stack:
        yield Serve(stack)
    assert escaped == []
