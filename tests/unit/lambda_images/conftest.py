"""Images and where they come from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pileus.services.lambda_.images.addresses import read_registry
from pileus.services.lambda_.images.kept import ImageSources, Unpacked
from pileus.services.lambda_.images.store import Images

HOST = "111122223333.dkr.ecr.us-east-1.amazonaws.com"


class Store:
    """Images below a folder for data, from a folder of layouts."""

    def __init__(self, place: Path, *, registry: str = "") -> None:
        self.data_dir = place / "data"
        self.folder = place / "layouts"
        self.folder.mkdir(exist_ok=True, parents=True)
        registries = [read_registry(registry)] if registry else []
        self.images = Images(data_dir=self.data_dir, sources=ImageSources(folder=self.folder, registries=registries))

    async def add(self, reference: str, **options: Any) -> Unpacked:
        """reference: `app:1` or `app@sha256:...`."""
        uri = f"{HOST}/{reference}"
        found, _ = await self.images.add(uri, **{"region": "us-east-1", "architecture": "x86_64", **options})
        return found

    @property
    def kept(self) -> set[str]:
        """What is in the directory, temporary things too."""
        place = self.data_dir / "images"
        return {path.name for path in place.iterdir()} if place.exists() else set()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def new_store(tmp_path: Path) -> Callable[..., Store]:
    """Makes others of the same folder, as after a restart."""
    return lambda **options: Store(tmp_path, **options)
