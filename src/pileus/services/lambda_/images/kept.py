"""What is kept of an image, and where do images come from?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from pileus.services.lambda_.images.addresses import Registry
from pileus.services.lambda_.images.manifests import Settings

TEMPORARY: Final = ".temporary-"
ROOT: Final = "rootfs"
FILE: Final = "image.json"


class ImageSources(msgspec.Struct, frozen=True, kw_only=True):
    """Where images come from. folder: of layouts and archives. registries: asked for what is not there."""

    folder: Path | None = None
    registries: Sequence[Registry] = ()


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """An image that can be run. digest: of its manifest, in hex."""

    digest: str
    root: Path
    settings: Settings


def known(place: Path, digest: str) -> Unpacked | None:
    """What is kept below `place` under a digest in hex."""
    try:
        settings = msgspec.json.decode((place / digest / FILE).read_bytes(), type=Settings)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Unpacked(digest=digest, root=(place / digest / ROOT).resolve(), settings=settings)
