"""What is in a receipt handle?

Where the message was when it was received, and a seal that only this queue can have made: its key is the queue's
serial, which never leaves the server. So a handle of another queue, or of one that was deleted, opens nothing.
AWS's handles begin with `AQEB`, and so do ours, for programs that look.
"""

from base64 import b64decode, b64encode
from binascii import Error
from hashlib import blake2b
from struct import Struct
from typing import Final, NamedTuple

from pileus.services.sqs.errors import ReceiptHandleIsInvalid

_MARK: Final = b"\x01\x01\x01"
_FIXED: Final = Struct(">IQQI")
_SEAL_BYTES: Final = 12
_FIXED_BYTES: Final = len(_MARK) + _FIXED.size


class Handle(NamedTuple):
    """lease: standard queues. times: how often the message had been received then. group: FIFO queues."""

    generation: int
    lease: int
    seq: int
    times: int
    group: str = ""


def sealed(handle: Handle, serial: bytes) -> str:
    generation, lease, seq, times, group = handle
    content = _MARK + _FIXED.pack(generation, lease, seq, times) + group.encode()
    return b64encode(content + blake2b(content, key=serial, digest_size=_SEAL_BYTES).digest()).decode()


def opened(text: str, serial: bytes) -> Handle:
    """Or ReceiptHandleIsInvalid."""
    try:
        sealed_content = b64decode(text, validate=True)
    except (Error, ValueError):
        raise ReceiptHandleIsInvalid(f'The input receipt handle "{text}" is not a valid receipt handle.') from None
    content, seal = sealed_content[:-_SEAL_BYTES], sealed_content[-_SEAL_BYTES:]
    if len(content) < _FIXED_BYTES or blake2b(content, key=serial, digest_size=_SEAL_BYTES).digest() != seal:
        raise ReceiptHandleIsInvalid(f'The input receipt handle "{text}" is not a valid receipt handle.')
    generation, lease, seq, times = _FIXED.unpack_from(content, len(_MARK))
    return Handle(generation, lease, seq, times, content[_FIXED_BYTES:].decode())
