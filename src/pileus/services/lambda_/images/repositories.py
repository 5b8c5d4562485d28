"""Where do the parts of an image come from?

A `Repository` gives documents by tag or digest, and blobs by digest, to whoever then checks them. Everything here
blocks, and is called from a thread.
"""

import hashlib
from contextlib import AbstractContextManager
from typing import Protocol

from pileus.services.lambda_.images.manifests import DOCUMENT_BYTES_MAX, Descriptor, digest_of


class NotThere(Exception):
    """The repository has no such image, or not all of it."""


class Unreadable(Exception):
    """It has, perhaps, but cannot be read; says why."""


class Readable(Protocol):
    """Bytes, read once."""

    def read(self, size: int = -1, /) -> bytes: ...


class Repository(Protocol):
    """One repository of images."""

    def document(self, reference: str) -> bytes:
        """What a tag or digest names; NotThere, Unreadable."""
        ...

    def blob(self, digest: str) -> AbstractContextManager[Readable]:
        """The bytes of a blob, which may be others than its digest says; NotThere, Unreadable."""
        ...


def checked_document(repository: Repository, descriptor: Descriptor) -> bytes:
    """A small blob, which has its digest; NotThere, Unreadable."""
    with repository.blob(descriptor.digest) as opened:
        content = opened.read(DOCUMENT_BYTES_MAX + 1)
    if len(content) > DOCUMENT_BYTES_MAX:
        raise Unreadable(f"{descriptor.digest} is larger than {DOCUMENT_BYTES_MAX} bytes")
    if digest_of(content) != descriptor.digest:
        raise Unreadable(f"{descriptor.digest} has another digest than that")
    return content


class Digested:
    """Reads on, and knows the digest of what was read. bytes_max: more is Unreadable."""

    def __init__(self, opened: Readable, *, bytes_max: int) -> None:
        self._opened = opened
        self._left_bytes = bytes_max
        self._hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        data = self._opened.read(size)
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise Unreadable("it is larger than images may be")
        self._hash.update(data)
        return data

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"
