"""How do Pileus and a contained process split a stream of bytes into frames?

Four bytes of length (big-endian, counting what follows), one byte of kind, the body. Standard library only.
"""

import socket
import struct
from typing import Final

HEADER: Final = struct.Struct("!IB")
LENGTH_BYTES: Final = 4

CONFIGURE: Final = 0x43
"""Pileus to the blank process: JSON of `Order`, which tells it what to become."""
REFUSED: Final = 0x58
"""From the process: it could not become what it was told; the body says why."""


def frame(kind: int, body: bytes) -> bytes:
    """One frame, ready to send."""
    return HEADER.pack(len(body) + 1, kind) + body


def receive(channel: socket.socket) -> tuple[int, bytes] | None:
    """Block until a whole frame has arrived; None when the other side has closed."""
    received = channel.recv(65536)
    if not received:
        return None
    while len(received) < LENGTH_BYTES:
        more = channel.recv(65536)
        if not more:
            return None
        received += more
    size_bytes = int.from_bytes(received[:LENGTH_BYTES], "big") + LENGTH_BYTES
    if len(received) < size_bytes:
        whole = bytearray(received)
        while len(whole) < size_bytes:
            more = channel.recv(min(size_bytes - len(whole), 1 << 20))
            if not more:
                return None
            whole += more
        received = bytes(whole)
    # One frame is under way at a time: Pileus sends the next event only after the answer to the last.
    return received[LENGTH_BYTES], received[LENGTH_BYTES + 1 : size_bytes]
