"""How does a coroutine run without the price of a task, when it never waits?

Most handlers read memory, commit, and return: they are `async` only because they might wait. `start_eagerly` takes the
first step at once, in the caller's frame. Nearly always that step is the last, and no task was made. When the coroutine
does suspend, a task is made which picks up the very future that the first step yielded, so nothing runs twice.

What a coroutine must know about its first step: there is no current task, hence no `asyncio.timeout` and no
`TaskGroup` before the first real suspension. It runs in a copy of the caller's context, the same one that the task
goes on in, so a context variable that it sets neither leaks nor is lost.
"""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import Context, copy_context
from types import coroutine
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
    return _carry_on(coro, yielded, context)


def _carry_on(coro: Coroutine[Any, Any, T], yielded: object, context: Context) -> asyncio.Task[T]:
    async def rest() -> T:
        return await _resume(coro, yielded)

    return asyncio.get_running_loop().create_task(rest(), context=context)


@coroutine
def _resume(coro: Coroutine[Any, Any, T], yielded: object) -> Generator[object, object, T]:
    """Hand the task the future that the first step yielded (it still says that somebody awaits it), then the others.

    A coroutine that was stepped by hand cannot be awaited ("already being awaited"), hence send and throw.
    """
    while True:
        try:
            sent = yield yielded
        except GeneratorExit:
            coro.close()
            raise
        except BaseException as error:  # noqa: BLE001 - a cancellation, too, belongs to the coroutine
            try:
                yielded = coro.throw(error)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]  # what T is only `coro` knows
        else:
            try:
                yielded = coro.send(sent)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]  # as above
