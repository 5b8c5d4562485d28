"""Which operations have bodies that are more than their members?

Few do: those with streams of events, S3's, and what clients compress or send with a checksum. What reads and writes
such bodies is imported with the first of them.
"""

from pileus.kernel.wire.codec import Codec
from pileus.kernel.wire.model import Member, Ref
from pileus.kernel.wire.subject import Subject


def stream_member(subject: Subject, ref: Ref | None) -> Member | None:
    """The member of an input or output that is a stream of events."""
    members = subject.model.members(ref.shape) if ref is not None else ()
    return next((member for member in members if member.shape.eventstream), None)


def with_wrapping(subject: Subject, codec: Codec, protocol: str, *, body_bytes_max: int) -> Codec:
    """A codec that wraps and unwraps bodies; the same one for most operations."""
    operation = subject.operation
    if stream_member(subject, operation.output) is not None:
        from pileus.kernel.wire.event_codec import with_events

        codec = with_events(subject, codec, protocol)
    summed = operation.http_checksum_required or (subject.dialect.s3 and operation.http.method in {"PUT", "POST"})
    if summed or operation.compression is not None or stream_member(subject, operation.input) is not None:
        from pileus.kernel.wire.receiving import with_receiver

        codec = with_receiver(subject, codec, protocol, body_bytes_max=body_bytes_max)
    return codec
