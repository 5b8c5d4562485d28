"""How do blobs lie in an object store far away?

Under the names that they have on a disk (`ab/cdef...`), in S3 and what speaks like it, Google Cloud Storage or Azure;
all of them through `obstore`, which signs, retries and uploads in parts. A blob is there when its upload is completed,
so there is no name to give it afterwards. A clone is the store's own copy.

An upload that was begun in parts and never completed costs room that no listing shows: let the bucket's lifecycle
rules abort such uploads after a day.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from pileus.kernel.blobs.engine import Listed
from pileus.kernel.blobs.objects import BlobStore
from pileus.kernel.blobs.segments import ID_CHARACTERS, BlobMissing
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids

if TYPE_CHECKING:
    from obstore import BytesStream, WritableFile
    from obstore.store import ObjectStore

PART_BYTES: Final = 8 * 1024 * 1024
"""Of an upload in parts, and what a writer holds of one; S3 takes 5 MiB or more and up to 10,000 of them."""

_CHUNK_BYTES: Final = 256 * 1024
_THREADS: Final = 48
"""Each waits for an answer from afar."""

_WITHOUT_NETWORK: Final = ("file:", "memory:")
_RETRIES_MAX: Final = 5
_PATIENCE: Final = timedelta(seconds=15)
"""After that a request is told; `obstore` would try for three minutes, which no SDK waits."""
_log: Final = logging.getLogger(__name__)

_HEX: Final = frozenset("0123456789abcdef")


class NoObjectStoreSupport(Exception):
    """`obstore` is not installed."""


class StoreUnreachable(ServiceError):
    """The object store does not answer, or not as it should; SDKs try again.

    Source: S3 API Reference, "Error responses".
    """

    code = "ServiceUnavailable"
    status = 503


def remote_blobs(url: str, *, ids: Ids, options: Mapping[str, str] | None = None) -> BlobStore:
    """A store below `url`: `s3://bucket/prefix`, `gs://`, `az://`, `file:///`, `memory:///`.

    options: credentials, endpoint, region, by the names that `obstore` gives them; otherwise from the environment. An
    `endpoint` may be of plain HTTP. Raises `NoObjectStoreSupport`, ValueError (what is wrong with them).
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise NoObjectStoreSupport('an object store needs `pip install "pileus[object-store]"`') from None
    connect: Callable[..., ObjectStore] = from_url  # its overloads know each store's options by name
    given: dict[str, Any] = dict(options or {})
    if not url.startswith(_WITHOUT_NETWORK):
        given["retry_config"] = {"max_retries": _RETRIES_MAX, "retry_timeout": _PATIENCE}
    if given.get("endpoint", "").startswith("http://"):
        given["client_options"] = {"allow_http": True}
    try:
        store = connect(url, **given)
    except BaseError as error:
        raise ValueError(str(error)) from None
    return BlobStore(RemoteObjects(store), ids=ids, threads=_THREADS)


def remote_blobs_at(text: str, *, ids: Ids) -> BlobStore:
    """The same, of a URL that has its options in its query: `s3://bucket/prefix?region=eu-west-1&endpoint=...`."""
    url, _, query = text.partition("?")
    return remote_blobs(url, ids=ids, options=dict(parse_qsl(query, strict_parsing=True)) if query else None)


class RemoteObjects:
    """Blobs in an object store. An `Engine`."""

    near = False

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    def path(self, blob: str) -> None:
        """There are no files to send."""
        return

    def create(self, blob: str) -> "RemoteSink":
        return RemoteSink(self._store, _name(blob))

    def open(self, blob: str, *, offset: int, size_bytes: int | None) -> "RemoteSource":
        import obstore

        try:
            with _reached():
                if size_bytes is None:
                    got = obstore.get(self._store, _name(blob))
                else:
                    got = obstore.get(self._store, _name(blob), options={"range": (offset, offset + size_bytes)})
        except FileNotFoundError:
            raise BlobMissing(blob) from None
        return RemoteSource(got.stream(min_chunk_size=_CHUNK_BYTES))

    def copy(self, blob: str, new: str) -> None:
        import obstore

        try:
            with _reached():
                obstore.copy(self._store, _name(blob), _name(new))
        except FileNotFoundError:
            raise BlobMissing(blob) from None

    def remove(self, blobs: Iterable[str]) -> None:
        import obstore

        try:
            obstore.delete(self._store, [_name(blob) for blob in blobs])
        except FileNotFoundError:
            for blob in blobs:
                self._remove_one(blob)

    def _remove_one(self, blob: str) -> None:
        import obstore

        try:
            obstore.delete(self._store, _name(blob))
        except FileNotFoundError:
            return

    def listed(self, *, after: str, count: int) -> Sequence[Listed]:
        """Whole prefixes, since not every store lists in order: at least `count` unless there are no more."""
        found: list[Listed] = []
        for number in range(int(after[:2] or "00", 16), 256):
            found += sorted(each for each in self._below(f"{number:02x}") if each.blob > after)
            if len(found) >= count:
                break
        return found

    def _below(self, folder: str) -> list[Listed]:
        import obstore

        found = []
        for batch in obstore.list(self._store, folder, chunk_size=1000):
            for each in batch:
                blob = each["path"].replace("/", "")
                if len(blob) == ID_CHARACTERS and _HEX.issuperset(blob):
                    found.append(Listed(blob, each["path"], each["last_modified"].timestamp()))
        return found

    def left_behind(self) -> Sequence[Listed]:
        """None that a listing shows."""
        return ()

    def remove_left(self, left: Listed) -> None:
        raise AssertionError(left)


class RemoteSink:
    """An upload: of one request when it is small, in parts when it grows."""

    def __init__(self, store: "ObjectStore", name: str) -> None:
        import obstore

        self._writer: WritableFile | None = obstore.open_writer(store, name, buffer_size=PART_BYTES, max_concurrency=1)

    def write(self, parts: Sequence[bytes | memoryview]) -> None:
        assert self._writer is not None
        with _reached():
            for part in parts:
                self._writer.write(bytes(part))  # it keeps what it is given; of bytes this is no copy

    def close(self) -> None:
        assert self._writer is not None
        with _reached():
            self._writer.close()
        self._writer = None

    def discard(self) -> None:
        """What was uploaded in parts is the bucket's to forget."""
        self._writer = None


class RemoteSource:
    """A range that streams in."""

    def __init__(self, stream: "BytesStream") -> None:
        self._stream: BytesStream | None = stream
        self._rest = b""

    def read(self, size_bytes: int) -> bytes:
        parts, gathered_bytes = [self._rest], len(self._rest)
        while gathered_bytes < size_bytes and self._stream is not None:
            try:
                with _reached():
                    part = bytes(next(self._stream))
            except StopIteration:
                self._stream = None
                break
            parts.append(part)
            gathered_bytes += len(part)
        data = b"".join(parts)
        self._rest = data[size_bytes:]
        return data[:size_bytes]

    def close(self) -> None:
        self._stream = None


@contextmanager
def _reached() -> Iterator[None]:
    """What becomes of a failure of the store itself. That a blob is absent is none."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        _log.error("the object store failed: %s", str(error).partition("\n")[0])
        raise StoreUnreachable("Service is unable to handle request.") from error


def _name(blob: str) -> str:
    assert len(blob) == ID_CHARACTERS, blob
    assert _HEX.issuperset(blob), blob
    return f"{blob[:2]}/{blob[2:]}"
