"""How does an image that a URI names become files that a function can run from?

`store` says where they go. Everything here blocks, and runs in a thread; nothing of it is imported before the first
image is wanted.
"""

import contextlib
import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.directory import make_private_directory, sync_directory
from pileus.services.lambda_.images.compression import CannotDecompress, Damaged, decompressed
from pileus.services.lambda_.images.fitting import fit
from pileus.services.lambda_.images.kept import FILE, ROOT, TEMPORARY, ImageSources, Unpacked, known
from pileus.services.lambda_.images.layouts import local_repository
from pileus.services.lambda_.images.manifests import Descriptor, Image, Unsupported, read_image
from pileus.services.lambda_.images.references import ImageName
from pileus.services.lambda_.images.refusals import (
    ImageMissing,
    ImageTooLarge,
    LayerRefused,
    MediaTypeUnsupported,
    SourceFailed,
)
from pileus.services.lambda_.images.registries import RegistryRepository
from pileus.services.lambda_.images.repositories import (
    Digested,
    NotThere,
    Repository,
    Unreadable,
    checked_document,
)
from pileus.services.lambda_.images.unpacking import Budget, Hostile, TooMuch, unpack
from pileus.services.lambda_.limits import IMAGE_BYTES_MAX, IMAGE_FILES_MAX

_READ_BYTES: Final = 256 * 1024


def provide(name: ImageName, architecture: str, *, sources: ImageSources, place: Path) -> Unpacked:
    """The image, unpacked below `place` if it is not there yet. ImageRefused, NotImplementedByPileus."""
    try:
        for repository in _repositories(sources, name):
            with contextlib.suppress(NotThere):
                return _provide_from(repository, repository.document(name.reference), name, architecture, place)
    except Unreadable as why:
        raise SourceFailed(name.uri, str(why)) from None
    except CannotDecompress as why:
        raise NotImplementedByPileus(str(why)) from None
    raise ImageMissing(name.uri)


def _repositories(sources: ImageSources, name: ImageName) -> Iterator[Repository]:
    if sources.folder is not None:
        yield from local_repository(sources.folder, name)
    for registry in sources.registries:
        if registry.host in ("", name.host):
            yield RegistryRepository(registry, name.repository)


def _provide_from(repository: Repository, document: bytes, name: ImageName, architecture: str, place: Path) -> Unpacked:
    def fetch(descriptor: Descriptor) -> bytes:
        return checked_document(repository, descriptor)

    try:
        image = read_image(document, architecture=architecture, fetch=fetch)
    except Unsupported as why:
        raise MediaTypeUnsupported(name.uri) from why
    digest = image.digest.removeprefix("sha256:")
    found = known(place, digest)
    if found is not None:
        return found
    make_private_directory(place)
    temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=place)).resolve()
    try:
        _unpack(image, repository, temporary)
        _sync(temporary)
        try:
            temporary.rename(place / digest)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # one whose request was given up was quicker
                raise
        sync_directory(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    found = known(place, digest)
    assert found is not None
    return found


def _unpack(image: Image, repository: Repository, place: Path) -> None:
    root = place / ROOT
    root.mkdir()
    budget = Budget(bytes_max=IMAGE_BYTES_MAX, files_max=IMAGE_FILES_MAX)
    for layer in image.layers:
        with repository.blob(layer.digest) as opened:
            digested = Digested(opened, bytes_max=IMAGE_BYTES_MAX)
            try:
                unpack(decompressed(digested), str(root), budget)
            except (Hostile, Damaged) as why:
                raise LayerRefused(layer.digest, str(why)) from None
            except TooMuch:
                raise ImageTooLarge(IMAGE_BYTES_MAX) from None
            while digested.read(_READ_BYTES):
                pass
        if digested.digest != layer.digest:
            raise LayerRefused(layer.digest, "its bytes have another digest")
    fit(str(root))
    (place / FILE).write_bytes(msgspec.json.encode(image.settings))


def _sync(place: Path) -> None:
    """Have everything on the disk, in one go rather than file by file."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) == -1:
            raise OSError(ctypes.get_errno(), "syncfs")
    finally:
        os.close(descriptor)
