"""To which trace does an invocation belong that brings none?"""

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids


def new_trace(clock: Clock, ids: Ids) -> str:
    """A trace that begins here and is not sampled, as Lambda makes one when tracing is `PassThrough`.

    Source: X-Ray Developer Guide, "Tracing header"; Lambda Developer Guide, `_X_AMZN_TRACE_ID`.
    """
    drawn = ids.bytes(20).hex()
    return f"Root=1-{int(clock.timestamp()):08x}-{drawn[:24]};Parent={drawn[24:]};Sampled=0"
