"""To which trace does an invocation belong, and how often did that come by its function?

A caller that runs in a function sends the trace of its invocation along (`X-Amzn-Trace-Id`, which the AWS SDKs do of
themselves). The trace goes on, and counts each function that it comes by in its `Lineage`: by that a function is known
that invokes itself again and again.

Sources: X-Ray Developer Guide, "Tracing header"; Lambda Developer Guide, `_X_AMZN_TRACE_ID`, and "Use Lambda recursive
loop detection to prevent infinite loops".
"""

from typing import Final
from urllib.parse import unquote
from zlib import crc32

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids

RECURSION_MAX: Final = 16
"""How often a chain of requests may come by a function. Source: as above, "approximately 16 times"."""
_FUNCTIONS_MAX: Final = 32
"""That one trace counts; of a longer chain the first ones are forgotten."""
_HEADER_MAX: Final = 1_024
"""Characters that are looked at: somebody else may have written them."""


def new_trace(clock: Clock, ids: Ids) -> str:
    """A trace that begins here and is not sampled, as Lambda makes one when tracing is `PassThrough`."""
    drawn = ids.bytes(20).hex()
    return f"Root=1-{int(clock.timestamp()):08x}-{drawn[:24]};Parent={drawn[24:]};Sampled=0"


def continued(header: str, function_arn: str, clock: Clock, ids: Ids) -> str:
    """The trace that a caller sent, gone on to a function. header: may be anything, percent-encoded or not."""
    parts = _parts(header)
    if not parts.get("Root"):
        return new_trace(clock, ids)
    lineage = _lineage(parts)
    key = _key(function_arn)
    lineage[key] = lineage.pop(key, 0) + 1
    counts = "|".join(f"{name}:{count}" for name, count in list(lineage.items())[-_FUNCTIONS_MAX:])
    sampled = "1" if parts.get("Sampled") == "1" else "0"
    return f"Root={parts['Root']};Parent={ids.bytes(8).hex()};Sampled={sampled};Lineage={counts}"


def recurs(trace: str, function_arn: str) -> bool:
    """Whether a trace has come by a function too often."""
    return came_by(trace, function_arn) > RECURSION_MAX


def came_by(trace: str, function_arn: str) -> int:
    """How often a trace has come by a function."""
    return _lineage(_parts(trace)).get(_key(function_arn), 0) if "Lineage=" in trace else 0


def _parts(header: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in unquote(header[:_HEADER_MAX]).split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if value.isascii() and value.isprintable()}


def _lineage(parts: dict[str, str]) -> dict[str, int]:
    pairs = (entry.rpartition(":") for entry in parts.get("Lineage", "").split("|"))
    return {name: int(count) for name, _, count in pairs if name and count.isdecimal() and len(count) <= 4}


def _key(function_arn: str) -> str:
    return f"{crc32(function_arn.encode()):08x}"
