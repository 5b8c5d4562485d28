"""How is an image found in a folder of this machine?

Below the folder each repository is an OCI image layout at its name (`skopeo copy ... oci:DIR/team/app:1`, `docker
buildx build --output type=oci,tar=false,dest=DIR/team/app`), or an archive beside it: `team/app.tar`, or, for one tag,
`team/app/1.tar`, as `docker save`, `podman save` and buildx write them.

Source: OCI Image Layout Specification 1.0; of archives without an index: Docker's `manifest.json`, "Docker Image
Specification v1.2". Such an archive has no manifest with a digest: one is written for it, always the same.
"""

import functools
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final, Protocol, TypeVar

import msgspec

from pileus.services.lambda_.images.manifests import DOCUMENT_BYTES_MAX, Index, digest_of, is_digest
from pileus.services.lambda_.images.references import ImageName
from pileus.services.lambda_.images.repositories import NotThere, Readable, Repository, Unreadable

_NAMES: Final = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
"""Annotations that hold a tag, or a whole reference."""
_INDEX: Final = "index.json"
_DOCKER: Final = "manifest.json"
T = TypeVar("T")


class Files(Protocol):
    """A folder, or what is in an archive as in one."""

    def open(self, name: str) -> AbstractContextManager[Readable]:
        """NotThere."""
        ...


class _Saved(msgspec.Struct, frozen=True, kw_only=True):
    """One image of a `manifest.json`."""

    config: str = msgspec.field(name="Config")
    layers: list[str] = msgspec.field(name="Layers")
    repo_tags: list[str] | None = msgspec.field(name="RepoTags", default=None)


def local_repository(folder: Path, name: ImageName) -> Iterator[Repository]:
    """What there is for an image's repository below `folder`, the likeliest first."""
    place = folder / name.repository
    if (place / _INDEX).is_file():
        yield Layout(_Folder(place), name.repository)
    archives = [place.with_name(f"{place.name}.tar")]
    if name.tag:
        archives.append(place / f"{name.tag}.tar")
    elif place.is_dir():
        archives += sorted(place.glob("*.tar"))
    for archive in archives:
        if archive.is_file():
            yield _of_archive(_Archive(archive), name.repository)


def _of_archive(files: Files, repository: str) -> Repository:
    try:
        with files.open(_INDEX):
            return Layout(files, repository)
    except NotThere:
        return SavedImages(files, repository)


class Layout:
    """An OCI image layout."""

    def __init__(self, files: Files, repository: str) -> None:
        self._files = files
        self._repository = repository

    def document(self, reference: str) -> bytes:
        digest = reference if is_digest(reference) else self._tagged(reference)
        with self.blob(digest) as opened:
            content = opened.read(DOCUMENT_BYTES_MAX)
        if digest_of(content) != digest:
            raise Unreadable(f"{digest} has another digest than that, or is too long")
        return content

    def blob(self, digest: str) -> AbstractContextManager[Readable]:
        if not is_digest(digest):
            raise NotThere
        return self._files.open(f"blobs/{digest.replace(':', '/')}")

    def _tagged(self, tag: str) -> str:
        found = _decoded(self._files, _INDEX, Index).manifests
        names = [[value for key, value in (each.annotations or {}).items() if key in _NAMES] for each in found]
        for descriptor, told in zip(found, names, strict=True):
            if any(_means(name, self._repository, tag) for name in told):
                return descriptor.digest
        if tag == "latest" and len(found) == 1 and not names[0]:
            return found[0].digest
        raise NotThere


class SavedImages:
    """What `docker save` wrote before it wrote layouts."""

    def __init__(self, files: Files, repository: str) -> None:
        self._files = files
        self._repository = repository

    def document(self, reference: str) -> bytes:
        for image, manifest in self._images:
            tags = image.repo_tags or ()
            if digest_of(manifest) == reference or any(_means(tag, self._repository, reference) for tag in tags):
                return manifest
        raise NotThere

    def blob(self, digest: str) -> AbstractContextManager[Readable]:
        name = self._places.get(digest)
        if name is None:
            raise NotThere
        return self._files.open(name)

    @functools.cached_property
    def _images(self) -> Sequence[tuple[_Saved, bytes]]:
        return [(image, self._manifest(image)) for image in _decoded(self._files, _DOCKER, list[_Saved])]

    @functools.cached_property
    def _places(self) -> Mapping[str, str]:
        """Where each blob is, by its digest."""
        places: dict[str, str] = {}
        for image, manifest in self._images:
            told = msgspec.json.decode(manifest)
            places[told["config"]["digest"]] = image.config
            places |= {layer["digest"]: name for layer, name in zip(told["layers"], image.layers, strict=True)}
        return places

    def _manifest(self, image: _Saved) -> bytes:
        """One that has these layers, by the digests which the configuration tells of them."""
        configuration = _read(self._files, image.config)
        try:
            digests = msgspec.json.decode(configuration, type=_WithLayers).rootfs.diff_ids
        except msgspec.DecodeError as wrong:
            raise Unreadable(f"{image.config} is no configuration: {wrong}") from None
        if len(digests) != len(image.layers):
            raise Unreadable(f"{image.config} tells of other layers than {_DOCKER}")
        layer_type = "application/vnd.oci.image.layer.v1.tar"
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": digest_of(configuration),
                "size": len(configuration),
            },
            "layers": [{"mediaType": layer_type, "digest": digest, "size": 0} for digest in digests],
        }
        return msgspec.json.encode(manifest)


class _Layers(msgspec.Struct, frozen=True):
    diff_ids: list[str]


class _WithLayers(msgspec.Struct, frozen=True):
    rootfs: _Layers


class _Folder:
    def __init__(self, place: Path) -> None:
        self._place = place

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        try:
            file = (self._place / name).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotThere from None
        except OSError as failure:
            raise Unreadable(str(failure)) from None
        with file:
            yield file


class _Archive:
    def __init__(self, place: Path) -> None:
        self._place = place

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        with ExitStack() as held:
            try:
                archive = held.enter_context(tarfile.open(self._place, "r:"))
                file = held.enter_context(_member(archive, name))
            except (OSError, tarfile.TarError) as failure:
                raise Unreadable(f"{self._place.name}: {failure}") from None
            yield file


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        file = archive.extractfile(name)
    except KeyError:
        raise NotThere from None
    if file is None:
        raise NotThere
    return file


def _read(files: Files, name: str) -> bytes:
    with files.open(name) as opened:
        content = opened.read(DOCUMENT_BYTES_MAX + 1)
    if len(content) > DOCUMENT_BYTES_MAX:
        raise Unreadable(f"{name} is larger than {DOCUMENT_BYTES_MAX} bytes")
    return content


def _decoded(files: Files, name: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(_read(files, name), type=kind)
    except msgspec.DecodeError as wrong:
        raise Unreadable(f"{name}: {wrong}") from None


def _means(told: str, repository: str, tag: str) -> bool:
    """Whether a name in a layout or archive, `1` or `registry.example/team/app:1`, is this repository's tag."""
    name, colon, named_tag = told.rpartition(":")
    if not colon:
        return told == tag
    return named_tag == tag and f"/{name}".endswith(f"/{repository}")
