"""Invoke, InvokeAsync, and what happens to events without a request."""

from pileus.kernel.context import RequestContext
from pileus.kernel.outbox import Delivery
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.errors import InvalidRequestContentException
from pileus.services.lambda_.limits import INVOKE_ASYNC_BYTES_MAX
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.shapes import (
    InvocationRequest,
    InvocationResponse,
    InvokeAsyncRequest,
    InvokeAsyncResponse,
)


class InvocationOperations(LambdaBase):
    async def invoke(self, context: RequestContext, request: InvocationRequest) -> InvocationResponse:
        return await self._invoker.for_api(context, request)

    async def invoke_async(self, context: RequestContext, request: InvokeAsyncRequest) -> InvokeAsyncResponse:
        """Invoke with `Event`, as it was called before 2015: a quarter of the size, and its own permission."""
        await self._invoker.event_for_api(context, request.function_name, _args(request.invoke_args) or b"{}")
        return InvokeAsyncResponse(status=202)

    async def deliver(self, delivery: Delivery) -> None:
        """The outbox's handler of the topic `lambda.invoke`."""
        await self._async_invocations.deliver(delivery)

    async def deliver_message(self, delivery: Delivery) -> None:
        """The outbox's handler of the topic `lambda.destination`."""
        await self._destinations.deliver(delivery)

    async def take_snapshot(self, delivery: Delivery) -> None:
        """The outbox's handler of the topic `lambda.snapshot`."""
        if self._snapshotting is not None:
            await self._snapshotting.deliver(delivery)

    async def take_snapshots_again(self) -> None:
        """After a start, where `snapshotting.NOTES` has any."""
        if self._snapshotting is not None:
            await self._snapshotting.take_again()

    async def referenced_blobs(self) -> set[str]:
        """The digests of all archives that functions, versions and layers have."""
        return await records.referenced_archives(self._store)

    async def sweep_code(self) -> int:
        """Remove unpacked code and images that no function has any more; to be called now and then."""
        await self._images.sweep(await records.referenced_images(self._store))
        return await self._packages.sweep(await self.referenced_blobs())


def _args(body: object) -> bytes:
    """Or InvalidRequestContentException, in our words: the model has no error for what is too long."""
    assert isinstance(body, bytes | None), "it was read before its signature was checked"
    if body is not None and len(body) > INVOKE_ASYNC_BYTES_MAX:
        raise InvalidRequestContentException(
            f"Request must be smaller than {INVOKE_ASYNC_BYTES_MAX} bytes for the InvokeAsync operation"
        )
    return body or b""
