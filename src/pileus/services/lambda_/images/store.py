"""Where are the images that functions run from?

Unpacked, in `<data_dir>/images/<digest of the manifest in hex>`: `rootfs` holds the files of all layers, one over the
other, `image.json` what the image says of how it is run. Nothing else of an image is kept, so this is no cache like
that of packages: it is written under a temporary name, synced, and renamed, before a function is told to exist. Where
it is missing nevertheless, the image is looked for again where it came from.

One image is unpacked at a time, in a thread: it takes the disk's and a processor's whole attention.
"""

import asyncio
import shutil
from collections.abc import Set as AbstractSet
from pathlib import Path

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.lambda_.images.kept import TEMPORARY, ImageSources, Unpacked, known
from pileus.services.lambda_.images.references import ImageName, image_name


class Images:
    """The images of all functions."""

    def __init__(self, *, data_dir: Path, sources: ImageSources) -> None:
        self._root = data_dir / "images"
        self._sources = sources
        self._lock = asyncio.Lock()
        self._tidy = False
        self._unreferenced: set[str] = set()

    async def add(self, uri: str, *, region: str, architecture: str) -> tuple[Unpacked, str]:
        """The image that a URI means now, and the URI that means it for ever.

        Raises ImageRefused, and NotImplementedByPileus where nobody has said where images are.
        """
        name = image_name(uri, region=region)
        self._check_sources()
        async with self._lock:
            found = await asyncio.to_thread(self._provide, name, architecture)
            self._unreferenced.discard(found.digest)
        return found, name.resolved(f"sha256:{found.digest}")

    async def get(self, resolved_uri: str, digest: str, *, region: str, architecture: str) -> Unpacked:
        """One that a function has; unpacked again if it is missing. Raises as `add` does."""
        found = await asyncio.to_thread(known, self._root, digest)
        if found is not None:
            return found
        found, _ = await self.add(resolved_uri, region=region, architecture=architecture)
        return found

    async def sweep(self, referenced: AbstractSet[str]) -> int:
        """Remove images that no function had at this and the previous call; gives their number. As for packages."""
        if not self._root.is_dir():
            return 0
        async with self._lock:
            present = {path.name for path in self._root.iterdir() if not path.name.startswith(".")}
            unreferenced = present - referenced
            doomed = unreferenced & self._unreferenced
            self._unreferenced = unreferenced - doomed
            for name in doomed:
                (self._root / name).rename(self._root / f"{TEMPORARY}{name}")
            for name in doomed:
                await asyncio.to_thread(shutil.rmtree, self._root / f"{TEMPORARY}{name}", ignore_errors=True)
        return len(doomed)

    def _check_sources(self) -> None:
        if self._sources.folder is None and not self._sources.registries:
            raise NotImplementedByPileus(
                "Code.ImageUri needs a server that knows where images are: pileus up --images DIR or "
                "--image-registry URL"
            )

    def _provide(self, name: ImageName, architecture: str) -> Unpacked:
        from pileus.services.lambda_.images.providing import provide

        if not self._tidy:
            for left in self._root.glob(f"{TEMPORARY}*"):
                shutil.rmtree(left)
            self._tidy = True
        return provide(name, architecture, sources=self._sources, place=self._root)
