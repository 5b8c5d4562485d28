"""What is an image made of?

A manifest names a configuration and layers by their digests; an index names manifests of several platforms. OCI's
formats and Docker's differ in their media types only. All of it is somebody else's JSON: nothing is believed but what
has the digest by which it was asked for.

Source: OCI Image Format Specification 1.1; Docker Image Manifest Version 2, Schema 2.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

DOCUMENT_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of a manifest, an index or a configuration. Source: OCI Distribution Specification, "Pushing Manifests"."""
LAYERS_MAX: Final = 127
"""As many as Docker makes."""
_NESTED_MAX: Final = 3
_INDEXES: Final = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
_MANIFESTS: Final = frozenset(
    {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
)
ACCEPTED: Final = (*sorted(_MANIFESTS), *sorted(_INDEXES))
"""Media types to ask a registry for."""
_CONFIGURATIONS: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_LAYERS: Final = frozenset(
    {
        *(f"application/vnd.oci.image.layer.v1.tar{packed}" for packed in ("", "+gzip", "+zstd")),
        *(f"application/vnd.docker.image.rootfs.diff.tar{packed}" for packed in ("", ".gzip", ".zstd")),
    }
)
_MACHINES: Final = {"x86_64": "amd64", "arm64": "arm64"}
"""Lambda's names of processors, and those of images."""


T = TypeVar("T")


class Unsupported(Exception):
    """A document is no image that can be run; says why."""


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    architecture: str = ""
    os: str = ""


class Descriptor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A reference to a blob."""

    digest: str
    size: int = 0
    media_type: str = ""
    platform: Platform | None = None
    annotations: dict[str, str] | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    config: Descriptor
    layers: list[Descriptor]
    media_type: str = ""


class Index(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    manifests: list[Descriptor]
    media_type: str = ""


class _Kind(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Enough of a document to see what it is."""

    media_type: str = ""
    manifests: msgspec.Raw = msgspec.Raw()
    layers: msgspec.Raw = msgspec.Raw()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an image says of how it is run. Its user counts as little as on Lambda."""

    env: list[str] | None = msgspec.field(name="Env", default=None)
    entrypoint: list[str] | None = msgspec.field(name="Entrypoint", default=None)
    cmd: list[str] | None = msgspec.field(name="Cmd", default=None)
    working_dir: str | None = msgspec.field(name="WorkingDir", default=None)


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    architecture: str = ""
    os: str = ""
    config: Settings | None = None


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An image of one platform. digest: of its manifest."""

    digest: str
    layers: tuple[Descriptor, ...]
    settings: Settings


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def read_image(document: bytes, *, architecture: str, fetch: Callable[[Descriptor], bytes]) -> Image:
    """The image that a manifest or index leads to. architecture: as Lambda names it.

    fetch: the content of a further document, which has the descriptor's digest. Unsupported.
    """
    digest = digest_of(document)
    for _ in range(_NESTED_MAX):
        if not _is_index(document):
            break
        chosen = _chosen(_decoded(document, Index), _MACHINES[architecture])
        document, digest = fetch(chosen), chosen.digest
    manifest = _decoded(document, Manifest)
    media_type = manifest.media_type or _OCI_MANIFEST
    if media_type not in _MANIFESTS:
        raise Unsupported(f"{media_type} is no manifest")
    if manifest.config.media_type not in _CONFIGURATIONS:
        raise Unsupported(f"{manifest.config.media_type} is no configuration")
    _check_layers(manifest.layers)
    configuration = _decoded(fetch(manifest.config), Configuration)
    if configuration.os not in ("", "linux"):
        raise Unsupported(f"it is for {configuration.os}")
    return Image(digest=digest, layers=tuple(manifest.layers), settings=configuration.config or Settings())


_OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"


def _is_index(document: bytes) -> bool:
    kind = _decoded(document, _Kind)
    return kind.media_type in _INDEXES or (not kind.media_type and bool(kind.manifests) and not kind.layers)


def _chosen(index: Index, machine: str) -> Descriptor:
    """The manifest for this machine; where nothing says what it is for, the only one."""
    if not index.manifests:
        raise Unsupported("the index is empty")
    told = [found for found in index.manifests if found.platform is not None]
    for found in told:
        if found.platform == Platform(architecture=machine, os="linux"):
            return found
    if told or len(index.manifests) != 1:
        raise Unsupported(f"the index has nothing for linux/{machine}")
    return index.manifests[0]


def _check_layers(layers: Sequence[Descriptor]) -> None:
    if len(layers) > LAYERS_MAX:
        raise Unsupported(f"it has more than {LAYERS_MAX} layers")
    for layer in layers:
        if layer.media_type not in _LAYERS:
            raise Unsupported(f"{layer.media_type} is no layer")
        if not is_digest(layer.digest):
            raise Unsupported("a layer has no digest")


def is_digest(text: str) -> bool:
    """Whether it is a SHA-256 digest, as a file may be named."""
    kind, _, value = text.partition(":")
    return kind == "sha256" and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _decoded(document: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise Unsupported(f"it is no {kind.__name__.lower().strip('_')}: {wrong}") from None
