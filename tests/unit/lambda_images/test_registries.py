"""Images come from a registry as from a layout; it cannot make us talk to whom it likes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pileus.services.lambda_.images.addresses import BadRegistry, Registry, read_registry
from pileus.services.lambda_.images.refusals import ImageMissing, LayerRefused, SourceFailed
from tests.support.image_registry import TOKEN, ImageRegistry
from tests.support.images import Blobs, entry, layer, write_image
from tests.unit.lambda_images.conftest import HOST, Store

NewStore = Callable[..., Store]


@pytest.fixture
def blobs() -> Blobs:
    return Blobs()


@pytest.fixture
def image(blobs: Blobs) -> dict[str, Any]:
    return blobs.add_image([layer(entry("a", "1")), layer(entry("b", "2"))])


@pytest.fixture
def registry(blobs: Blobs, image: dict[str, Any]) -> Iterator[ImageRegistry]:
    made = ImageRegistry(blobs.contents, {"team/app:1": image})
    yield made
    made.close()


@pytest.mark.parametrize("reference", ["team/app:1", "team/app@"])
async def test_pulling(new_store: NewStore, registry: ImageRegistry, image: dict[str, Any], reference: str) -> None:
    """By tag or digest, with its layers."""
    store = new_store(registry=registry.url)
    found = await store.add(reference + image["digest"] if reference.endswith("@") else reference)
    assert (found.root / "a").read_text() + (found.root / "b").read_text() == "12"
    assert f"sha256:{found.digest}" == image["digest"]
    assert registry.requests[0] == (f"/v2/team/app/manifests/{image['digest'] if '@' in reference else 1}", "")
    with pytest.raises(ImageMissing):
        await store.add("team/app:2")


async def test_the_folder_comes_first(new_store: NewStore, registry: ImageRegistry) -> None:
    """What lies there is not asked for; what does not is, and a registry only for the host that it stands for."""
    store = new_store(registry=f"{HOST}={registry.url}")
    write_image(store.folder / "team/app", "2", [layer(entry("local"))])
    assert (await store.add("team/app:2")).root.joinpath("local").exists()
    assert not registry.requests
    assert (await store.add("team/app:1")).root.joinpath("a").exists()
    other = new_store(registry=f"999999999999.dkr.ecr.us-east-1.amazonaws.com={registry.url}")
    with pytest.raises(ImageMissing):
        await other.add("team/app:1")


@pytest.mark.parametrize(("auth", "user"), [("bearer", ""), ("bearer", "user:secret@"), ("basic", "user:secret@")])
async def test_credentials(new_store: NewStore, registry: ImageRegistry, auth: str, user: str) -> None:
    """A token is fetched once for an image, by the address's user if it has one."""
    registry.auth = auth
    store = new_store(registry=registry.url.replace("//", f"//{user}"))
    assert (await store.add("team/app:1")).root.joinpath("a").exists()
    assert sum(path == "/token" for path, _ in registry.requests) == (1 if auth == "bearer" else 0)


@pytest.mark.parametrize("user", ["", "user:wrong@"])
async def test_refused(new_store: NewStore, registry: ImageRegistry, user: str) -> None:
    """Without a user where one is wanted, or with a wrong one."""
    registry.auth = "basic"
    store = new_store(registry=registry.url.replace("//", f"//{user}"))
    with pytest.raises(SourceFailed, match=r"credentials|401"):
        await store.add("team/app:1")


async def test_redirects(new_store: NewStore, registry: ImageRegistry) -> None:
    """Blobs may lie elsewhere, where nobody is told our token."""
    registry.auth = "bearer"
    registry.redirect = f"{registry.url}/elsewhere/"
    assert (await new_store(registry=registry.url).add("team/app:1")).root.joinpath("a").exists()
    elsewhere = [told for path, told in registry.requests if path.startswith("/elsewhere/")]
    assert elsewhere == [""] * 3
    assert f"Bearer {TOKEN}" in {told for _, told in registry.requests}


@pytest.mark.parametrize("target", ["http://192.0.2.1/", "file:///etc/passwd?", "ftp://127.0.0.1/", "http://[bad/"])
async def test_where_a_registry_cannot_send_us(new_store: NewStore, registry: ImageRegistry, target: str) -> None:
    """Plain HTTP to others, or anything else than HTTP; nor for a token."""
    registry.redirect = target
    with pytest.raises(SourceFailed):
        await new_store(registry=registry.url).add("team/app:1")
    registry.redirect, registry.auth, registry.realm = "", "bearer", target
    with pytest.raises(SourceFailed, match="credentials"):
        await new_store(registry=registry.url).add("team/app:1")


async def test_bytes_that_are_others(new_store: NewStore, registry: ImageRegistry, blobs: Blobs) -> None:
    """A registry is believed no more than anybody else."""
    store = new_store(registry=registry.url)
    for digest in [digest for digest, content in blobs.contents.items() if content.startswith(b"\x1f\x8b")]:
        blobs.contents[digest] += bytes(3)
    with pytest.raises(LayerRefused, match="another digest"):
        await store.add("team/app:1")
    assert store.kept == set()


async def test_nobody_answers(new_store: NewStore, registry: ImageRegistry) -> None:
    """Which is said, with why."""
    registry.close()
    with pytest.raises(SourceFailed, match="does not answer"):
        await new_store(registry=registry.url).add("team/app:1")


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        ("http://127.0.0.1:5000", Registry(base="http://127.0.0.1:5000")),
        ("http://localhost:5000/", Registry(base="http://localhost:5000")),
        ("http://[::1]:5000", Registry(base="http://[::1]:5000")),
        ("https://registry.example/prefix/", Registry(base="https://registry.example/prefix")),
        ("h.example=https://r.example", Registry(base="https://r.example", host="h.example")),
        ("https://u:p%40=@r.example", Registry(base="https://r.example", user="u", password="p@=")),
    ],
)
def test_addresses(text: str, registry: Registry) -> None:
    """With a host that it stands for, a user, a path."""
    assert read_registry(text) == registry


@pytest.mark.parametrize(
    "text",
    [
        "",
        "registry.example",
        "http://registry.example",
        "ftp://127.0.0.1",
        "https://",
        "https://a:b",
        "h=",
        "https://[bad",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """Plain HTTP to another machine would hand images to whoever sits between."""
    with pytest.raises(BadRegistry):
        read_registry(text)
