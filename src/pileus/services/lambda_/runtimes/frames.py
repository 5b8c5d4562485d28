"""What do Pileus and a bundled runtime say to each other on a cell's channel?

Frames of `kernel.sandbox.wire`; both sides import this module, so it uses the standard library only.
"""

import struct
from typing import Final

READY: Final = 0x59
"""Runtime: initialised; no body."""
TEMPLATE: Final = 0x5A
"""Runtime, instead of READY: initialised, and waits to be forked (`kernel.sandbox.restoring`); no body."""
INIT_ERROR: Final = 0x4E
"""Runtime: could not initialise, and ends; the body is the error document."""
RESTORE: Final = 0x56
"""Pileus, before the first event of an environment that was initialised ahead (SnapStart): it is put to use. Runtime:
calls the hooks, then says READY once more, or INIT_ERROR; no body."""
EVENT: Final = 0x49
"""Pileus: one invocation; `META_SIZE`, metadata, payload. The metadata are the request id, the deadline (milliseconds
since 1970), the invoked ARN, the trace header and the client context, separated by NUL; only the last may hold one."""
ANSWER: Final = 0x52
ERROR: Final = 0x45
"""Runtime: what the handler returned, or the error document; `PEAK_SIZE` (peak memory, KiB), payload."""
LAST: Final = 0x46
"""Runtime: as ERROR, and it ends."""
LINE: Final = 0x4C
"""Runtime: one log event, however many lines it has."""
TEXT: Final = 0x50
"""Runtime: a piece of standard output or error; a log event ends with each newline."""
STREAM: Final = 0x53
"""Runtime: the answer comes in pieces; the body is its content type. ANSWER without a payload, or ERROR, ends it."""
CHUNK: Final = 0x48
"""Runtime: a piece of the answer."""

META_SIZE: Final = struct.Struct("!I")
PEAK_SIZE: Final = struct.Struct("!I")

RESPONSE_BYTES_MAX: Final = 6_291_556
"""Source: recorded answer of AWS; "Lambda quotas", invocation payload: 6 MB, and 100 bytes of envelope."""
RESPONSE_TOO_LARGE: Final = (
    b'{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).",'
    b'"errorType":"Function.ResponseSizeTooLarge"}'
)
"""Source: recorded answer of AWS, `test_lambda_too_large_response`."""
