"""What does the front door allow a client, before it closes the door?"""

from datetime import timedelta

import msgspec

from pileus.kernel.http.messages import BODY_HELD_BYTES_MAX


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one connection, and of all together where it says so.

    Durations are of the machine's clock, and exact to `sweep_interval`.
    """

    header_bytes_max: int = 64 * 1024
    """Target, names and values together; beyond it 431. AWS's services allow less."""

    target_bytes_max: int = 32 * 1024
    """Path and query as sent; beyond it 414."""

    body_in_memory_bytes_max: int = BODY_HELD_BYTES_MAX
    """A longer body becomes a stream."""

    bodies_bytes_max: int = 256 * 1024 * 1024
    """Of all connections: streams that their handlers read as a whole; see `budget`."""

    bodies_waiting_max: int = 256
    """Of all connections: streams that wait for room among those."""

    bodies_timeout: timedelta = timedelta(seconds=10)
    """How long they wait; then 503."""

    body_buffer_bytes: int = 256 * 1024
    """How much of a stream may lie unread before the socket is read no further."""

    unread_bytes_max: int = 256 * 1024
    """A handler that answered without reading its body: so much more is read and dropped to keep the connection."""

    pipelined_max: int = 16
    """Requests of one connection that are accepted and not yet answered."""

    header_timeout: timedelta = timedelta(seconds=30)
    """From the first byte of a request to the end of its headers; then 408."""

    body_timeout: timedelta = timedelta(seconds=30)
    """In each such span a body brings `body_progress_bytes`, or its end; else 408."""

    body_progress_bytes: int = 1024

    idle_timeout: timedelta = timedelta(seconds=120)
    """Between two requests; then a silent close."""

    write_timeout: timedelta = timedelta(seconds=60)
    """A client that takes nothing of its answer for so long is cut off."""

    linger: timedelta = timedelta(seconds=5)
    """After a last answer, how long we hear out a client that is still sending, lest a reset swallow the answer."""

    sweep_interval: timedelta = timedelta(seconds=1)
    """How often all connections are looked over: one timer, none per request."""
