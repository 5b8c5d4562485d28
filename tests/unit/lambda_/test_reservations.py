"""As many invocations as are reserved run at once, and not one more."""

import asyncio
from typing import Any

import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.lambda_ import shapes
from pileus.services.lambda_.environments.types import FunctionSpec, Invocation, InvocationResult
from pileus.services.lambda_.shapes import InvocationRequest
from tests.unit.lambda_.conftest import Lambda, context, result


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[InvocationResult]] = []

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        waiting: asyncio.Future[InvocationResult] = asyncio.get_running_loop().create_future()
        self.waiting.append(waiting)
        return await waiting


@pytest.fixture
def slow(functions: Lambda, monkeypatch: pytest.MonkeyPatch) -> Slow:
    found = Slow()
    monkeypatch.setattr(functions.environments, "invoke", found.invoke)
    return found


async def reserve(functions: Lambda, number: int) -> None:
    request = shapes.PutFunctionConcurrencyRequest(function_name="f", reserved_concurrent_executions=number)
    await functions.api.put_function_concurrency(context(), request)


def invoke(functions: Lambda, name: str = "f", qualifier: str | None = None) -> "asyncio.Task[Any]":
    request = InvocationRequest(function_name=name, qualifier=qualifier)
    return asyncio.create_task(functions.api.invoke(context(), request))


async def throttled(task: "asyncio.Task[Any]") -> Any:
    with pytest.raises(ServiceError) as caught:
        await task
    assert (caught.value.error_code, caught.value.message) == ("TooManyRequestsException", "Rate Exceeded.")
    return caught.value.members["Reason"]


async def until(slow: Slow, number: int) -> None:
    for _ in range(1_000):
        if len(slow.waiting) == number:
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"{len(slow.waiting)} invocations are running")


async def test_reserved_concurrency_is_a_limit(functions: Lambda, slow: Slow) -> None:
    """Shared by all versions, and free again as soon as one has ended, however it ended."""
    await functions.create(publish=True)
    await functions.create("g")
    await reserve(functions, 2)
    first, second = invoke(functions), invoke(functions, qualifier="1")
    await until(slow, 2)
    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert await throttled(invoke(functions)) == reason
    assert await throttled(invoke(functions, qualifier="1")) == reason
    other = invoke(functions, "g")
    await until(slow, 3)
    slow.waiting[0].set_result(result())
    await first
    third = invoke(functions)
    await until(slow, 4)
    assert await throttled(invoke(functions)) == reason
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert await throttled(invoke(functions)) == reason, "the function runs on, though its caller has gone"
    slow.waiting[1].set_result(result())
    await asyncio.sleep(0)
    fourth = invoke(functions)
    await until(slow, 5)
    for waiting in slow.waiting[2:]:
        waiting.set_result(result())
    await asyncio.gather(other, third, fourth)


async def test_nothing_reserved_and_all_of_it(functions: Lambda, slow: Slow) -> None:
    """Zero switches a function off; without a reservation nobody counts."""
    await functions.create()
    await reserve(functions, 0)
    assert await throttled(invoke(functions)) == "ReservedFunctionConcurrentInvocationLimitExceeded"
    await functions.api.delete_function_concurrency(
        context(), shapes.DeleteFunctionConcurrencyRequest(function_name="f")
    )
    tasks = [invoke(functions) for _ in range(5)]
    await until(slow, 5)
    await reserve(functions, 1)
    for waiting in slow.waiting:
        waiting.set_result(result())
    await asyncio.gather(*tasks)
    task = invoke(functions)
    await until(slow, 6)
    slow.waiting[5].set_result(result())
    await task
