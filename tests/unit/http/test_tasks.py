"""`start_eagerly`: a coroutine runs exactly once, whether or not it waits."""

import asyncio
from contextvars import ContextVar

import pytest

from pileus.kernel.tasks import start_eagerly

_variable: ContextVar[str] = ContextVar("_variable", default="unset")


async def test_what_never_waits_needs_no_task() -> None:
    """The point of it all: the value is there at once, and nobody made a task."""

    async def value() -> int:
        return 7

    before = asyncio.all_tasks()
    assert start_eagerly(value()) == 7
    assert asyncio.all_tasks() == before


async def test_what_raises_at_once_raises_at_once() -> None:
    """The caller's `except` is the only one there is."""

    async def fail() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        start_eagerly(fail())


async def test_what_waits_goes_on_from_where_it_waited() -> None:
    """The first future is handed on, the second is an ordinary one, and nothing runs twice."""
    first: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    second: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    steps: list[str] = []

    async def work() -> str:
        steps.append("begun")
        steps.append(await first)
        await asyncio.sleep(0)
        steps.append(await second)
        return "done"

    task = start_eagerly(work())
    assert isinstance(task, asyncio.Task)
    assert steps == ["begun"]
    first.set_result("first")
    second.set_result("second")
    assert await task == "done"
    assert steps == ["begun", "first", "second"]


@pytest.mark.parametrize("yields", [1, 3])
async def test_a_bare_yield_is_a_turn_of_the_loop(yields: int) -> None:
    """`sleep(0)` yields None, not a future."""

    async def work() -> int:
        for _ in range(yields):
            await asyncio.sleep(0)
        return yields

    task = start_eagerly(work())
    assert isinstance(task, asyncio.Task)
    assert await task == yields


async def test_an_error_of_the_first_future_is_thrown_into_the_coroutine() -> None:
    """It may catch it and go on."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await future
        except LookupError:
            await asyncio.sleep(0)
            return "caught"
        return "missed"

    task = start_eagerly(work())
    assert isinstance(task, asyncio.Task)
    future.set_exception(LookupError())
    assert await task == "caught"


@pytest.mark.parametrize("settled", [False, True])
async def test_cancelling_reaches_the_coroutine(settled: bool) -> None:
    """Before the task's own first step as well as after: its `finally` runs, and the task is cancelled."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    cleaned: list[bool] = []

    async def work() -> None:
        try:
            await future
        finally:
            cleaned.append(True)

    task = start_eagerly(work())
    assert isinstance(task, asyncio.Task)
    if settled:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == [True]


async def test_context_variables_neither_leak_nor_get_lost() -> None:
    """What a handler sets is its own, and a token of its first step still counts in the second."""

    async def work() -> tuple[str, str]:
        token = _variable.set("mine")
        await asyncio.sleep(0)
        seen = _variable.get()
        _variable.reset(token)
        return seen, _variable.get()

    task = start_eagerly(work())
    assert isinstance(task, asyncio.Task)
    assert _variable.get() == "unset"
    assert await task == ("mine", "unset")


async def test_a_timeout_works_after_the_first_wait() -> None:
    """The rule that handlers follow: no current task in the first step, an ordinary one afterwards."""
    current: list[object] = []

    async def work() -> str:
        current.append(asyncio.current_task())
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"
        return "never"

    started: asyncio.Future[asyncio.Task[str] | str] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(lambda: started.set_result(start_eagerly(work())))
    task = await started
    assert isinstance(task, asyncio.Task)
    assert current == [None]
    assert await task == "timed out"
