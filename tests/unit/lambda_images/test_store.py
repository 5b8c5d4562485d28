"""Images are found, checked, unpacked whole, and kept for as long as a function has them."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.lambda_.images import providing
from pileus.services.lambda_.images.kept import ImageSources
from pileus.services.lambda_.images.refusals import (
    ImageMissing,
    ImageTooLarge,
    LayerRefused,
    MediaTypeUnsupported,
    SourceFailed,
)
from pileus.services.lambda_.images.store import Images
from tests.support.images import (
    Blobs,
    digest_of,
    entry,
    folder,
    layer,
    symlink,
    write_archive,
    write_files,
    write_image,
)
from tests.unit.lambda_images.conftest import HOST, Store

FILE = layer(entry("app/hello", "hello"))
SETTINGS = {"Entrypoint": ["/app/run"], "Cmd": ["a", "b"], "Env": ["A=b=c", "PATH=/app"], "WorkingDir": "/app"}


async def test_an_image_in_a_layout(store: Store) -> None:
    """Its files, what it says of itself, and its digest; by tag and by digest."""
    digest = write_image(store.folder / "team/app", "1", [FILE, layer(entry("app/more", "2"))], settings=SETTINGS)
    found = await store.add("team/app:1")
    assert found.digest == digest
    assert (found.root / "app/hello").read_text() == "hello"
    assert (found.root / "app/more").read_text() == "2"
    settings = found.settings
    assert (settings.entrypoint, settings.cmd, settings.working_dir) == (["/app/run"], ["a", "b"], "/app")
    assert settings.env == ["A=b=c", "PATH=/app"]
    assert await store.add(f"team/app@sha256:{digest}") == found
    assert store.kept == {digest}
    assert (store.data_dir / "images").stat().st_mode & 0o077 == 0


async def test_the_files_are_fit_to_be_a_root(store: Store) -> None:
    """What is mounted over is there and leads nowhere; the functions' user has a name, in a file of its own."""
    write_image(
        store.folder / "app",
        "1",
        [
            layer(
                folder("etc"),
                entry("etc/passwd", "root:x:0:0::/root:/bin/sh"),
                symlink("etc/resolv.conf", "../run/resolv.conf"),
                symlink("tmp", "/etc"),
                entry("dev", "no folder"),
                symlink("proc", "/app"),
            )
        ],
    )
    root = (await store.add("app:1")).root
    for name in ("tmp", "dev", "proc", "etc"):
        assert (root / name).is_dir()
        assert not (root / name).is_symlink()
    for name in ("hosts", "resolv.conf"):
        assert (root / "etc" / name).read_text() == ""
        assert not (root / "etc" / name).is_symlink()
    users = (root / "etc/passwd").read_text().splitlines()
    assert users == ["root:x:0:0::/root:/bin/sh", "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin"]


async def test_a_passwd_that_leads_elsewhere(store: Store, tmp_path: Path) -> None:
    """Nothing of the machine is read or written by preparing an image."""
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    write_image(store.folder / "link", "1", [layer(symlink("etc/passwd", str(victim)))])
    assert (await store.add("link:1")).root.joinpath("etc/passwd").is_symlink()
    write_image(store.folder / "etc", "1", [layer(symlink("etc", str(tmp_path)))])
    assert (await store.add("etc:1")).root.joinpath("etc").is_dir()
    assert victim.read_text() == "untouched"
    assert {path.name for path in tmp_path.iterdir()} == {"victim", "data", "layouts"}


async def test_an_index_of_several_machines(store: Store) -> None:
    """The one for the function's processor is taken; what proves how it was built is none."""
    blobs = Blobs()
    platforms = [("arm64", "arm"), ("amd64", "intel"), ("unknown", "proof")]
    manifests = [
        {
            **blobs.add_image([layer(entry("which", name))], architecture=machine),
            "platform": {"architecture": machine, "os": "unknown" if machine == "unknown" else "linux"},
        }
        for machine, name in platforms
    ]
    index = blobs.add_index(manifests)
    write_files(store.folder / "app", blobs.files({"1": index}))
    for architecture, name in (("x86_64", "intel"), ("arm64", "arm")):
        found = await store.add("app:1", architecture=architecture)
        assert (found.root / "which").read_text() == name
    assert found.digest == manifests[0]["digest"].removeprefix("sha256:")
    write_files(store.folder / "odd", blobs.files({"1": blobs.add_index(manifests[2:])}))
    with pytest.raises(MediaTypeUnsupported):
        await store.add("odd:1")


@pytest.mark.parametrize("place", ["app.tar", "app/1.tar"])
async def test_an_archive_of_a_layout(store: Store, place: str) -> None:
    """As buildx and newer `docker save` write it, with the names that they write."""
    blobs = Blobs()
    image = blobs.add_image([FILE])
    write_archive(store.folder / place, blobs.files({"registry.example:5000/app:1": image}))
    assert (await store.add("app:1")).digest == image["digest"].removeprefix("sha256:")
    with pytest.raises(ImageMissing):
        await store.add("app:2")


async def test_an_archive_of_docker(store: Store) -> None:
    """As older `docker save` and `podman save` write it: the digest is ours, the same each time."""
    configuration = json.dumps(
        {"os": "linux", "config": {"Cmd": ["x"]}, "rootfs": {"type": "layers", "diff_ids": [digest_of(FILE)]}}
    ).encode()
    saved = [{"Config": "c.json", "RepoTags": ["app:1", f"{HOST}/team/app:2"], "Layers": ["l/layer.tar"]}]
    files = {"manifest.json": json.dumps(saved).encode(), "c.json": configuration, "l/layer.tar": FILE}
    write_archive(store.folder / "app.tar", files)
    found = await store.add("app:1")
    assert (found.root / "app/hello").read_text() == "hello"
    assert found.settings.cmd == ["x"]
    assert await store.add(f"app@sha256:{found.digest}") == found
    assert await store.add("app:2") == found
    files["l/layer.tar"] = layer(entry("evil"))
    write_archive(
        store.folder / "other.tar", {**files, "manifest.json": json.dumps(saved).encode().replace(b"app", b"other")}
    )
    shutil.rmtree(store.data_dir)
    with pytest.raises(LayerRefused, match="another digest"):
        await store.add("other:1")


@pytest.mark.parametrize("reference", ["app:2", "none:1", f"app@sha256:{'0' * 64}"])
async def test_images_that_are_not_there(store: Store, reference: str) -> None:
    """Another tag, repository or digest."""
    write_image(store.folder / "app", "1", [FILE])
    with pytest.raises(ImageMissing, match=r"does not exist\. Provide a valid source image"):
        await store.add(reference)
    assert store.kept == set()


async def test_the_only_image_of_a_layout_without_names(store: Store) -> None:
    """Is the latest one."""
    blobs = Blobs()
    image = blobs.add_image([FILE])
    write_files(store.folder / "app", blobs.files({"": image}))
    assert (await store.add("app:latest")).digest == image["digest"].removeprefix("sha256:")
    with pytest.raises(ImageMissing):
        await store.add("app:1")


def _damaged(blobs: Blobs, what: str) -> dict[str, Any]:
    """An image one part of which is not what its digest says."""
    image = blobs.add_image([FILE], settings={"Cmd": ["x"]})
    manifest = json.loads(blobs.contents[image["digest"]])
    digest = {"manifest": image, "config": manifest["config"], "layer": manifest["layers"][0]}[what]["digest"]
    changed = {"manifest": b" ", "config": b" ", "layer": b"\0" * 10}[what]
    blobs.contents[digest] += changed
    return image


@pytest.mark.parametrize(
    ("what", "error"), [("manifest", SourceFailed), ("config", SourceFailed), ("layer", LayerRefused)]
)
async def test_wrong_digests(store: Store, what: str, error: type[Exception]) -> None:
    """Whatever a digest was asked for must have it, to the last byte; nothing of it is left."""
    blobs = Blobs()
    image = _damaged(blobs, what)
    write_files(store.folder / "app", blobs.files({"1": image}))
    with pytest.raises(error, match="digest"):
        await store.add("app:1")
    assert store.kept == set()


async def test_a_missing_layer(store: Store) -> None:
    """An image of which a part is missing is none."""
    blobs = Blobs()
    image = blobs.add_image([FILE])
    del blobs.contents[json.loads(blobs.contents[image["digest"]])["layers"][0]["digest"]]
    write_files(store.folder / "app", blobs.files({"1": image}))
    with pytest.raises(ImageMissing):
        await store.add("app:1")


@pytest.mark.parametrize("hostile", [layer(entry("../../evil", "x")), layer(symlink("a", "/"), entry(".."))])
async def test_a_hostile_layer(store: Store, hostile: bytes, tmp_path: Path) -> None:
    """Said with the layer that it was, as AWS does; nothing is left of what came before it."""
    write_image(store.folder / "app", "1", [FILE, hostile])
    with pytest.raises(LayerRefused, match="UnsupportedImageLayerDetected - Layer Digest sha256:"):
        await store.add("app:1")
    assert store.kept == set()
    assert {path.name for path in tmp_path.iterdir()} == {"data", "layouts"}


async def test_an_image_that_is_too_large(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In all layers together, uncompressed."""
    monkeypatch.setattr(providing, "IMAGE_BYTES_MAX", 300_000)
    write_image(store.folder / "fits", "1", [layer(entry("a", bytes(100_000))), layer(entry("b", bytes(100_000)))])
    await store.add("fits:1")
    write_image(store.folder / "app", "1", [layer(entry(str(n), bytes(90_000))) for n in range(4)])
    with pytest.raises(ImageTooLarge):
        await store.add("app:1")


@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        b"[]",
        b"no json",
        b'{"mediaType": "application/vnd.oci.image.manifest.v1+json"}',
        b'{"manifests": []}',
        b'{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}',
        b'{"schemaVersion": 1, "fsLayers": []}',
    ],
)
async def test_documents_that_are_no_image(store: Store, document: bytes) -> None:
    """AWS says that their media type is not supported."""
    blobs = Blobs()
    write_files(store.folder / "app", blobs.files({"1": blobs.add(document, "x")}))
    with pytest.raises(MediaTypeUnsupported, match="is not supported"):
        await store.add("app:1")


@pytest.mark.parametrize("part", ["config", "layer", "os"])
async def test_artifacts_that_are_no_image(store: Store, part: str) -> None:
    """Charts, proofs and images of other systems lie in repositories, too."""
    blobs = Blobs()
    image = json.loads(blobs.contents[blobs.add_image([FILE])["digest"]])
    if part == "config":
        image["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json"
    elif part == "layer":
        image["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    else:
        image["config"] = blobs.add(b'{"os": "windows"}', image["config"]["mediaType"])
    written = blobs.add(json.dumps(image).encode(), image["mediaType"])
    write_files(store.folder / "app", blobs.files({"1": written}))
    with pytest.raises(MediaTypeUnsupported):
        await store.add("app:1")


async def test_an_index_within_itself_ends(store: Store) -> None:
    """Nobody can make one by digest; many within one another are given up."""
    blobs = Blobs()
    inner = blobs.add_image([FILE])
    for _ in range(5):
        inner = blobs.add_index([inner])
    write_files(store.folder / "app", blobs.files({"1": inner}))
    with pytest.raises(MediaTypeUnsupported):
        await store.add("app:1")


async def test_what_is_kept_survives_its_source(store: Store, new_store: Callable[..., Store]) -> None:
    """A function does not need the layout again, nor a restarted Pileus; where both are gone it is told so."""
    digest = write_image(store.folder / "app", "1", [FILE], settings=SETTINGS)
    found, uri = await store.images.add(f"{HOST}/app:1", region="us-east-1", architecture="x86_64")
    assert uri == f"{HOST}/app@sha256:{digest}"
    kept = store.folder / "app"
    kept.rename(store.folder / "away")
    again = new_store().images
    assert await again.get(uri, digest, region="us-east-1", architecture="x86_64") == found
    shutil.rmtree(store.data_dir / "images" / digest)
    with pytest.raises(ImageMissing):
        await again.get(uri, digest, region="us-east-1", architecture="x86_64")
    (store.folder / "away").rename(kept)
    assert await again.get(uri, digest, region="us-east-1", architecture="x86_64") == found


async def test_sweeping(store: Store) -> None:
    """What nobody has at two looks in a row goes, unless somebody asked for it in between."""
    one = write_image(store.folder / "app", "1", [layer(entry("a", "1"))])
    two = write_image(store.folder / "other", "1", [layer(entry("a", "2"))])
    assert await store.images.sweep(set()) == 0
    await store.add("app:1")
    await store.add("other:1")
    assert await store.images.sweep({one}) == 0
    await store.add("other:1")
    assert await store.images.sweep({one}) == 0
    assert store.kept == {one, two}
    assert await store.images.sweep({one}) == 1
    assert store.kept == {one}


async def test_what_a_crash_left_is_removed(store: Store, new_store: Callable[..., Store]) -> None:
    """An image that was not finished has no name."""
    write_image(store.folder / "app", "1", [FILE])
    left = store.data_dir / "images" / ".temporary-x" / "rootfs"
    left.mkdir(parents=True)
    (left / "half").write_text("of a file")
    digest = (await new_store().add("app:1")).digest
    assert store.kept == {digest}


async def test_two_at_once(store: Store) -> None:
    """They wait for one another, and for nobody else."""
    write_image(store.folder / "app", "1", [FILE])
    first, second = await asyncio.gather(store.add("app:1"), store.add("app:1"))
    assert first == second


async def test_without_any_source(tmp_path: Path) -> None:
    """Nobody has said where images are: that is not the caller's mistake."""
    images = Images(data_dir=tmp_path, sources=ImageSources())
    with pytest.raises(NotImplementedByPileus, match="--images"):
        await images.add(f"{HOST}/app:1", region="us-east-1", architecture="x86_64")
