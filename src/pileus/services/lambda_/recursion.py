"""Does a function invoke itself, by whatever way, again and again? Then its next invocation is stopped.

Source: Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops".
"""

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.services.lambda_.errors import RecursiveInvocationException
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.settings import RecursionRecord
from pileus.services.lambda_.settings_store import get_setting
from pileus.services.lambda_.traces import RECURSION_MAX, came_by, continued, new_trace, recurs


class Recursion:
    """Looks at the traces of invocations."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, metrics: EventMetrics) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._metrics = metrics

    def trace(self, header: str, function: FunctionName) -> str:
        """Of an invocation: that of its cause, gone on, if there is one."""
        if not header:
            return new_trace(self._clock, self._ids)
        return continued(header, function.arn, self._clock, self._ids)

    async def found(self, function: FunctionName, trace_id: str) -> bool:
        """Whether an invocation is to be stopped, since the chain that it belongs to came by its function too often."""
        if not recurs(trace_id, function.arn):
            return False
        setting = await get_setting(self._store.snapshot(), function.qualified_by(None), RecursionRecord)
        if setting is not None and setting.recursive_loop == "Allow":
            return False
        self._metrics.recursed(function)
        return True

    def first(self, function: FunctionName, trace_id: str) -> bool:
        """Whether an invocation that is stopped is the first one of its chain: what one leads to (its destination may
        be a topic that the function is subscribed to) is stopped, too, and would lead to the next, without end."""
        return came_by(trace_id, function.arn) <= RECURSION_MAX + 1

    async def check(self, function: FunctionName, trace_id: str) -> None:
        """Or RecursiveInvocationException."""
        if await self.found(function, trace_id):
            raise RecursiveInvocationException
