"""How is a function invoked with a batch? As with an event that was accepted: nobody is asked who may."""

from pileus.kernel.clock import Clock
from pileus.services.lambda_.environments.types import InvocationResult
from pileus.services.lambda_.invoking import Invoker
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.store import AsyncInvocation


class MappingInvoke:
    """A `BatchInvoke`."""

    def __init__(self, invoker: Invoker, clock: Clock) -> None:
        self._invoker = invoker
        self._clock = clock

    async def __call__(
        self, *, function: FunctionName, payload: bytes, request_id: str, trace_id: str = ""
    ) -> tuple[str, InvocationResult]:
        """FunctionNotFound, TooManyRequestsException and whatever else keeps it from running."""
        return await self._invoker.again(
            AsyncInvocation(
                request_id=request_id,
                function=function,
                payload=payload,
                accepted_at=self._clock.now(),
                trace_id=trace_id,
            )
        )
