"""A handler learns that its client has gone, and is not confused with anybody else's."""

import asyncio
from collections.abc import Callable

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.http.presence import presence

from .conftest import Serve
from .harness import eventually, get


class Waiting:
    """Answers when it is told to; asks who is there before it waits, and after."""

    def __init__(self) -> None:
        self.here: dict[str, Callable[[], bool]] = {}
        self.afterwards: dict[str, bool] = {}
        self.told = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        self.here[request.path] = presence()
        await self.told.wait()
        self.afterwards[request.path] = presence()()
        return Response(200, body=b"done")


async def test_who_hangs_up_is_gone(serve: Serve) -> None:
    """Two clients wait; one goes, the other gets its answer. What asks later, in the same handler, hears the same."""
    waiting = Waiting()
    await serve.start(waiting)
    gone, stays = await serve.connect(), await serve.connect()
    await gone.send(get("/gone"))
    await stays.send(get("/stays"))
    await eventually(lambda: len(waiting.here) == 2)
    assert waiting.here["/gone"]()
    assert waiting.here["/stays"]()
    gone.writer.close()
    await eventually(lambda: not waiting.here["/gone"]())
    assert waiting.here["/stays"]()
    waiting.told.set()
    assert (await stays.answer()).body == b"done"
    await eventually(lambda: waiting.afterwards == {"/gone": False, "/stays": True})


def test_outside_of_the_front_door_everybody_is_there() -> None:
    """A handler that a test calls, or another service, has no client who could go."""
    assert presence()()
