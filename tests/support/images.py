"""Container images for tests, written as tools write them: layers, layouts, archives."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

OCI: Final = "application/vnd.oci.image."
ARCHITECTURE: Final = {"x86_64": "amd64", "arm64": "arm64"}


def entry(name: str, content: bytes | str = b"", *, mode: int = 0o644, **members: Any) -> tuple[tarfile.TarInfo, bytes]:
    """Of a layer; members as of TarInfo, `type` and `linkname` among them."""
    data = content.encode() if isinstance(content, str) else content
    made = tarfile.TarInfo(name)
    made.size, made.mode = len(data), mode
    for key, value in members.items():
        setattr(made, key, value)
    return made, data


def folder(name: str, *, mode: int = 0o755) -> tuple[tarfile.TarInfo, bytes]:
    return entry(name, mode=mode, type=tarfile.DIRTYPE)


def symlink(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return entry(name, mode=0o777, type=tarfile.SYMTYPE, linkname=target)


def hard_link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return entry(name, type=tarfile.LNKTYPE, linkname=target)


def layer(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """An uncompressed layer."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for made, data in entries:
            archive.addfile(made, io.BytesIO(data))
    return packed.getvalue()


def layer_of(tree: Path) -> bytes:
    """A layer with everything below a folder, links as they are, owned by root."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(tree, arcname=".", filter=_of_root)
    return packed.getvalue()


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Blobs:
    """The blobs of a layout, by digest."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def add(self, content: bytes, media_type: str, **members: Any) -> dict[str, Any]:
        """Its descriptor."""
        digest = digest_of(content)
        self.contents[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content), **members}

    def add_image(
        self,
        layers: Sequence[bytes],
        *,
        settings: Mapping[str, Any] | None = None,
        architecture: str = "amd64",
        packed: bool = True,
    ) -> dict[str, Any]:
        """An image of these uncompressed layers; the descriptor of its manifest. settings: `Env`, `Cmd` and so on."""
        configuration = {
            "architecture": architecture,
            "os": "linux",
            "config": dict(settings or {}),
            "rootfs": {"type": "layers", "diff_ids": [digest_of(each) for each in layers]},
        }
        kind = f"{OCI}layer.v1.tar{'+gzip' if packed else ''}"
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}manifest.v1+json",
            "config": self.add(json.dumps(configuration).encode(), f"{OCI}config.v1+json"),
            "layers": [self.add(gzip.compress(each, 1, mtime=0) if packed else each, kind) for each in layers],
        }
        return self.add(json.dumps(manifest).encode(), f"{OCI}manifest.v1+json")

    def add_index(self, manifests: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        index = {"schemaVersion": 2, "mediaType": f"{OCI}index.v1+json", "manifests": list(manifests)}
        return self.add(json.dumps(index).encode(), f"{OCI}index.v1+json")

    def files(self, tags: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
        """A layout in which these names lead to these descriptors."""
        named = [
            {**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}} if tag else dict(descriptor)
            for tag, descriptor in tags.items()
        ]
        return {
            "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
            "index.json": json.dumps({"schemaVersion": 2, "manifests": named}).encode(),
            **{f"blobs/{digest.replace(':', '/')}": content for digest, content in self.contents.items()},
        }


def write_files(place: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)


def write_archive(place: Path, files: Mapping[str, bytes]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(place, "w") as archive:
        for name, content in files.items():
            made = tarfile.TarInfo(name)
            made.size = len(content)
            archive.addfile(made, io.BytesIO(content))


def write_image(
    place: Path, tag: str, layers: Sequence[bytes], *, settings: Mapping[str, Any] | None = None, **options: Any
) -> str:
    """A layout that holds one image; the digest of its manifest in hex."""
    blobs = Blobs()
    descriptor = blobs.add_image(layers, settings=settings, **options)
    write_files(place, blobs.files({tag: descriptor}))
    digest: str = descriptor["digest"]
    return digest.removeprefix("sha256:")
