"""Which bytes hold the records that begin in a scan range?

A record belongs to the range in which its first byte lies, so that ranges side by side take each record once.

Source: S3 API Reference, "SelectObjectContent", ScanRange.
"""

from collections.abc import Iterable, Iterator


def records_between(
    pieces: Iterable[bytes], delimiter: bytes, *, offset: int, first: int, last: int | None
) -> Iterator[bytes]:
    """pieces: the object from byte `offset` on, which is `first`, or for a later one just a delimiter before it."""
    source = iter(pieces)
    buffer = b""
    if first:
        while (found := buffer.find(delimiter)) < 0:
            piece = next(source, None)
            if piece is None:
                return
            offset += max(len(buffer) - len(delimiter) + 1, 0)
            buffer = buffer[-len(delimiter) + 1 :] + piece if len(delimiter) > 1 else piece
        offset += found + len(delimiter)
        buffer = buffer[found + len(delimiter) :]
    if last is None:
        yield buffer
        yield from source
        return
    if offset > last:
        return
    while True:
        # The last record that begins in the range ends with the first delimiter whose end lies behind `last`.
        found = buffer.find(delimiter, max(last + 1 - len(delimiter) - offset, 0))
        if found >= 0:
            yield buffer[: found + len(delimiter)]
            return
        kept = min(len(delimiter) - 1, len(buffer))
        yield buffer[: len(buffer) - kept]
        offset += len(buffer) - kept
        piece = next(source, None)
        if piece is None:
            yield buffer[len(buffer) - kept :]
            return
        buffer = buffer[len(buffer) - kept :] + piece
