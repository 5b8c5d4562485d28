"""What does a form of `multipart/form-data` hold?

The fields before the part called `file` are read, and bounded; the file flows; what follows it is nobody's. Only the
part's name makes it the file.

Sources: RFC 7578, RFC 2046; S3 API Reference, "POST Object".
"""

import re
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from pileus.services.s3.posting.errors import FieldsTooLong, NoFile, NotWellFormed

FIELDS_BYTES_MAX: Final = 20 * 1024
"""All that comes before the file. Source: S3 API Reference, "POST Object", MaxPostPreDataLengthExceeded."""
_BOUNDARY: Final = re.compile(r";\s*boundary=(?:\"([^\"]{1,70})\"|([^;,\s\"]{1,70}))", re.IGNORECASE)
_PARAMETER: Final = re.compile(r";\s*(name|filename)=(?:\"((?:[^\"\\]|\\.)*)\"|([^;\s]*))", re.IGNORECASE)
_HEAD_END: Final = b"\r\n\r\n"


class Field(msgspec.Struct, frozen=True):
    """A part of a form. name: as it was sent."""

    name: str
    value: str


class Head(msgspec.Struct, frozen=True):
    """What a part says of itself. filename: None without one."""

    name: str
    filename: str | None


def boundary_of(content_type: str) -> bytes:
    """What stands between the parts; NotWellFormed."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise NotWellFormed
    return (found[1] or found[2]).encode("latin-1", errors="replace")


class FormReader:
    """Reads a form once, as it arrives. Every method raises `ServiceError` and what the source raises."""

    def __init__(self, source: AsyncIterator[bytes], boundary: bytes) -> None:
        self._source = source
        self._delimiter = b"\r\n--" + boundary
        # The first delimiter has no line before it.
        self._buffer = bytearray(b"\r\n")
        self._taken_bytes = 0
        self.received_bytes = 0

    async def fields(self) -> tuple[list[Field], Head]:
        """All before the file, and the file's head; NoFile."""
        await self._until(self._delimiter)
        fields: list[Field] = []
        while not await self._ended():
            head = _head_of(await self._until(_HEAD_END))
            if head is not None and head.name.lower() == "file":
                return fields, head
            value = await self._until(self._delimiter)
            if head is not None:
                fields.append(Field(head.name, value.decode(errors="replace")))
        raise NoFile

    async def file(self) -> AsyncIterator[bytes]:
        """The bytes of the file, in pieces; the rest of the form is read and forgotten."""
        delimiter, buffer = self._delimiter, self._buffer
        kept = len(delimiter) - 1
        while (at := buffer.find(delimiter)) < 0:
            if len(buffer) > kept:
                piece = bytes(buffer[: len(buffer) - kept])
                del buffer[: len(piece)]
                yield piece
            await self._more()
        if at:
            yield bytes(buffer[:at])
        buffer.clear()
        async for _ in self._source:
            pass

    def file_bytes_at_most(self, declared_bytes: int | None) -> int | None:
        """How long the file is, if nothing follows it, once `fields` has been read; None: nobody said."""
        if declared_bytes is None:
            return None
        read = self.received_bytes - len(self._buffer)
        return max(declared_bytes - read - len(self._delimiter) - len("--\r\n"), 0)

    async def _ended(self) -> bool:
        """Whether the delimiter that was just read is the last; the rest of its line is taken."""
        line = await self._until(b"\r\n", after=b"--")
        return line.startswith(b"--")

    async def _until(self, mark: bytes, *, after: bytes = b"") -> bytes:
        """What stands before a mark, which is taken too. after: at which beginning the mark need not come any more."""
        searched = 0
        while (at := self._buffer.find(mark, searched)) < 0:
            if after and self._buffer.startswith(after):
                return bytes(self._buffer)
            searched = max(len(self._buffer) - len(mark) + 1, 0)
            if self._taken_bytes + len(self._buffer) > FIELDS_BYTES_MAX + len(mark):
                raise FieldsTooLong(FIELDS_BYTES_MAX)
            await self._more()
        text = bytes(self._buffer[:at])
        del self._buffer[: at + len(mark)]
        self._taken_bytes += at + len(mark)
        if self._taken_bytes > FIELDS_BYTES_MAX:
            raise FieldsTooLong(FIELDS_BYTES_MAX)
        return text

    async def _more(self) -> None:
        piece = await anext(self._source, None)
        if piece is None:
            raise NotWellFormed
        self.received_bytes += len(piece)
        self._buffer += piece


def _head_of(head: bytes) -> Head | None:
    """What the headers of a part say; None of one that is no part of a form."""
    for line in head.split(b"\r\n"):
        name, _, value = line.decode(errors="replace").partition(":")
        kind, semicolon, parameters = value.strip().partition(";")
        if name.strip().lower() != "content-disposition" or kind.strip().lower() != "form-data":
            continue
        given: dict[str, str] = {}
        for found in _PARAMETER.finditer(semicolon + parameters):
            text = found[2] if found[2] is not None else found[3]
            given.setdefault(found[1].lower(), text.replace('\\"', '"'))
        return Head(given["name"], given.get("filename")) if "name" in given else None
    return None
