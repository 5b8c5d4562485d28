"""How is a function invoked by somebody who takes its answer in pieces?

The invocation runs in a task of its own: its caller may go away, the function does not notice. Whoever invokes waits
until the answer begins, so that what prevents an invocation is raised rather than streamed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from pileus.services.lambda_.environments.streams import ResponseStream
from pileus.services.lambda_.environments.types import FunctionSpec, Invocation, InvocationResult

HTTP_PRELUDE_CONTENT_TYPE: Final = "application/vnd.awslambda.http-integration-response"
"""The answer begins with JSON of its status code, headers and cookies, then eight NUL, then the body."""

Run = Callable[[FunctionSpec, Invocation], Awaitable[InvocationResult]]


class StreamedInvocation:
    """An invocation under way. Iterate over it, then `await result()`; or `abandon` it.

    content_type: what the function said; '' when it did not stream: its answer is then one piece.
    """

    def __init__(self, stream: ResponseStream, task: "asyncio.Task[InvocationResult]", spec: FunctionSpec) -> None:
        self._stream = stream
        self._task = task
        self.spec = spec
        self.content_type = ""

    def __aiter__(self) -> ResponseStream:
        return self._stream

    async def result(self) -> InvocationResult:
        """What became of it."""
        return await asyncio.shield(self._task)

    def abandon(self) -> None:
        """Nobody takes the rest; the function runs to its end."""
        self._stream.abandon()

    async def begin(self) -> None:
        """Wait for the beginning of the answer; raises what prevented the invocation."""
        self.content_type = await self._stream.begun
        if self._task.done():
            self._task.result()


class StreamedInvocations:
    """Keeps the tasks of those that are under way."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._tasks: set[asyncio.Task[InvocationResult]] = set()

    async def begin(self, spec: FunctionSpec, invocation: Invocation) -> StreamedInvocation:
        """Invoke; returns when the answer begins. Raises as an ordinary invocation does."""
        stream = ResponseStream()
        task = asyncio.get_running_loop().create_task(self._follow(stream, spec, invocation))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        begun = StreamedInvocation(stream, task, spec)
        await begun.begin()
        return begun

    async def _follow(self, stream: ResponseStream, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        try:
            result = await self._run(spec, msgspec.structs.replace(invocation, stream=stream))
            if result.function_error is None:
                stream.write(result.payload)
            return result
        finally:
            stream.end()

    def _done(self, task: "asyncio.Task[InvocationResult]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited may have gone
