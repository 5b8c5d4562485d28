"""How does a coroutine run without the price of a task, when it never waits?

Most handlers read memory, commit, and return: they are `async` only because they might wait. `start_eagerly` takes the
first step at once, in the caller's frame. Nearly always that step is the last, and no task was made. When the coroutine
does suspend, a task is made which picks up the very future that the first step yielded, so nothing runs twice.

What a coroutine must know about its first step: there is no current task, hence no `asyncio.timeout` and no
`TaskGroup` before the first real suspension. It runs in a copy of the caller's context, the same one that the task
goes on in, so a context variable that it sets neither leaks nor is lost.
"""

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


def start_eagerly(coro: Coroutine[Any, Any, T]) -> T | asyncio.Task[T]:
    """Step `coro`: its value if it finished, the task that carries on if it waits; raises what it raised.

    Called from a callback of the running loop. The caller keeps the task alive. `T` is no task itself.
    """
    context = copy_context()
    try:
        yielded = context.run(coro.send, None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    return asyncio.get_running_loop().create_task(_Rest(coro, yielded), context=context)


class _Rest(Coroutine[Any, Any, T]):
    """What remains of a coroutine after its first step, for a task to drive.

    The task's first step gets the future which the coroutine's first step yielded (it still says that somebody awaits
    it). A coroutine that was stepped by hand cannot be awaited ("already being awaited"), and one that wraps it would
    swallow a cancellation which comes before the task's first step; hence send and throw themselves.
    """

    __slots__ = ("_coro", "_fresh", "_yielded")

    def __init__(self, coro: Coroutine[Any, Any, T], yielded: object) -> None:
        self._coro = coro
        self._yielded = yielded
        self._fresh = True

    def send(self, value: Any, /) -> Any:
        if self._fresh:
            self._fresh = False
            yielded, self._yielded = self._yielded, None
            return yielded
        return self._coro.send(value)

    def throw(
        self,
        kind: type[BaseException] | BaseException,
        value: BaseException | object = None,
        traceback: TracebackType | None = None,
        /,
    ) -> Any:
        if self._fresh:
            self._fresh = False
            yielded, self._yielded = self._yielded, None
            if isinstance(yielded, asyncio.Future):
                yielded.cancel()  # As a task does with what it awaits.
        error = kind if isinstance(kind, BaseException) else value if isinstance(value, BaseException) else kind()
        return self._coro.throw(error.with_traceback(traceback) if traceback is not None else error)

    def close(self) -> None:
        self._coro.close()

    def __await__(self) -> Any:
        raise TypeError("only a task drives the rest of a coroutine")
